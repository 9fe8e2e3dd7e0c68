//! Suppliers and what they sell, from commands and lists that say how it shall be: the same
//! once more changes nothing.

mod items;
mod wish;

use serde::Serialize;
use serde_json::{Map, Value};

pub use items::{ItemChange, ItemsSet, set_items};
pub use wish::{Wish, add, import};

use crate::context::Context;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::purchasing::{self, Summary};
use crate::store::suppliers::{self, Item, Price, Row};

/// What a command or a list did to suppliers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Set {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Suppliers made.
    pub new: u64,
    /// Suppliers changed.
    pub changed: u64,
    /// Suppliers that were as it is said.
    pub unchanged: u64,
    /// What is done to each.
    pub changes: Vec<Change>,
}

/// What is done to a supplier.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Its code.
    pub code: String,
    /// Whether it is made.
    pub new: bool,
    /// Each fact that changes: before and after.
    pub facts: Map<String, Value>,
}

/// A supplier with all that is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The supplier.
    #[serde(flatten)]
    pub supplier: Row,
    /// What it sells.
    pub items: Vec<Sold>,
    /// What is on order with it.
    pub orders: Vec<Summary>,
}

/// A product that a supplier sells, and its newest price.
#[derive(Debug, Clone, Serialize)]
pub struct Sold {
    /// The product.
    #[serde(flatten)]
    pub item: Item,
    /// What one unit cost last, and in which currency.
    pub unit_cost: Option<String>,
    /// That currency.
    pub currency: Option<String>,
    /// When that was noted.
    pub noted_on: Option<String>,
    /// By what: `list`, `order`, `receipt` or `invoice`.
    pub source: Option<String>,
}

impl Sold {
    fn new(item: Item, price: Option<&Price>) -> Self {
        Self {
            item,
            unit_cost: price.map(unit_cost),
            currency: price.map(|p| p.currency.clone()),
            noted_on: price.map(|p| p.noted_on.clone()),
            source: price.map(|p| p.source.clone()),
        }
    }
}

/// What one unit costs at a price, for people.
pub(super) fn unit_cost(price: &Price) -> String {
    price.currency.parse().map_or_else(
        |_| String::new(),
        |currency| crate::domain::cost::unit_cost(price.cost_minor, price.quantity, currency),
    )
}

/// All suppliers, by code.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(suppliers::all(&mut tx).await?)
}

/// Shows a supplier with what it sells and what is on order with it.
///
/// # Errors
/// The code is unknown, or the store's.
pub async fn show(ctx: &Context, code: &str) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let supplier = the_supplier(&mut tx, code).await?;
    let prices = suppliers::newest_prices(&mut tx, Some(supplier.id)).await?;
    let items = suppliers::items(&mut tx, Some(supplier.id)).await?;
    let under = ctx.tenant.purchasing.under_percent;
    Ok(Shown {
        items: items
            .into_iter()
            .map(|item| {
                let price = prices.get(&(item.supplier_id, item.product_id));
                Sold::new(item, price)
            })
            .collect(),
        orders: purchasing::list(&mut tx, Some(supplier.id), false, under).await?,
        supplier,
    })
}

/// The supplier that a person means.
///
/// # Errors
/// The code is unknown, or the store's.
pub(super) async fn the_supplier(tx: &mut Tx, code: &str) -> anyhow::Result<Row> {
    Ok(suppliers::by_code(tx, code).await?.ok_or_else(|| {
        Fault::failed(format!("there is no supplier {code:?}"))
            .hint("`opsctl supplier list` shows those there are, `opsctl supplier add` makes one")
    })?)
}
