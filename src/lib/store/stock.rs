//! Stock as a ledger: lots, what they cost, where they lie, and each move.
//!
//! The writers here are called under the allocation lock, which makes the next id of a
//! lot knowable; without it the primary key refuses the second writer.

mod relocations;

use serde::Serialize;
use serde_json::{Value, json};

use super::costs::{self, Outgoing, Voucher};
use super::dialect::{Tx, Type, json_list, vals};
use super::{Stamp, StoreError};
use crate::domain::cost::Cost;

pub use relocations::{Relocation, arrive, send_off};

/// A lot to be put on stock.
#[derive(Debug, Clone)]
pub struct NewLot {
    /// Its product.
    pub product: i64,
    /// Its name, unique within the product.
    pub code: String,
    /// The day it came in, in the tenant's zone: `YYYY-MM-DD`.
    pub received_on: String,
    /// Units.
    pub quantity: i64,
    /// Where it is put.
    pub location: i64,
    /// What the whole lot cost, where that is known.
    pub cost: Option<Cost>,
    /// Who delivered it.
    pub supplier: Option<String>,
    /// The invoice it came with.
    pub invoice: Option<String>,
    /// The lot it was part of before (a return, a count gain).
    pub parent: Option<i64>,
}

/// A lot at a location.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct BalanceRow {
    /// The balance's id.
    pub id: i64,
    /// The lot's id.
    pub lot_id: i64,
    /// The lot's name.
    pub lot: String,
    /// The day it came in.
    pub received_on: String,
    /// Where it lies.
    pub location: String,
    /// The location's id.
    pub location_id: i64,
    /// Whether it is sold from there.
    pub sellable: bool,
    /// Units there.
    pub on_hand: i64,
    /// Units of those that are promised.
    pub reserved: i64,
    /// Units the lot came in with.
    pub quantity: i64,
    /// What the whole lot cost in minor units, where that is known.
    pub cost_minor: Option<i64>,
    /// The currency of that.
    pub currency: Option<String>,
}

/// One row of the stock list.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct SkuRow {
    /// The product's id.
    #[serde(skip)]
    pub product_id: i64,
    /// The SKU.
    pub sku: String,
    /// The title.
    pub title: String,
    /// Units in the house, wherever they lie.
    pub on_hand: i64,
    /// Units where they may be sold.
    pub on_sale: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units wanted and not promised.
    pub open_demand: i64,
    /// The product's own buffer.
    pub buffer: Option<i64>,
    /// Whether stock is kept of it.
    pub stocked: bool,
    /// Whether it ever had a lot.
    pub has_lots: bool,
}

/// Units of a balance that leave the house.
#[derive(Debug, Clone, Copy)]
pub struct Removal {
    /// The balance.
    pub balance: i64,
    /// Its lot.
    pub lot: i64,
    /// Its location.
    pub location: i64,
    /// Units taken out.
    pub units: i64,
    /// The demand they serve.
    pub demand: Option<i64>,
}

/// The id of a location by its code.
///
/// # Errors
/// The store's.
pub async fn location(tx: &mut Tx, code: &str) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> = tx
        .opt("SELECT id FROM locations WHERE code = ?", vals![code])
        .await?;
    Ok(row.map(|(id,)| id))
}

/// The codes of all locations.
///
/// # Errors
/// The store's.
pub async fn location_codes(tx: &mut Tx) -> Result<Vec<(String, i64)>, StoreError> {
    tx.all("SELECT code, id FROM locations ORDER BY code", vals![])
        .await
}

/// The locations of a kind: (code, id), by code.
///
/// # Errors
/// The store's.
pub async fn locations_of_kind(tx: &mut Tx, kind: &str) -> Result<Vec<(String, i64)>, StoreError> {
    tx.all(
        "SELECT code, id FROM locations WHERE kind = ? ORDER BY code",
        vals![kind],
    )
    .await
}

/// Units that wait for inspection where they may not be sold: (product, units).
///
/// # Errors
/// The store's.
pub async fn awaiting_inspection(tx: &mut Tx) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT b.product_id, CAST(SUM(b.on_hand) AS SIGNED) FROM balances b \
         JOIN locations o ON o.id = b.location_id \
         WHERE o.kind = 'quarantine' AND o.sellable = 0 AND b.on_hand > 0 \
         GROUP BY b.product_id",
        vals![],
    )
    .await
}

/// The names of the lots of some products: (product, code).
///
/// # Errors
/// The store's.
pub async fn lot_codes_of(tx: &mut Tx, products: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    let from = tx.wanted();
    tx.all(
        &format!("SELECT l.product_id, l.code FROM {from} JOIN lots l ON l.product_id = w.id"),
        vals![json_list(products)],
    )
    .await
}

/// The names of the lots there are: (product, code).
///
/// # Errors
/// The store's.
pub async fn lot_codes(tx: &mut Tx) -> Result<Vec<(i64, String)>, StoreError> {
    tx.all("SELECT product_id, code FROM lots", vals![]).await
}

/// Puts new lots on stock: the lot, its cost, its balance and the move that brought it;
/// gives the id of the first, from which the others count on.
///
/// # Errors
/// A lot of that name is there already, or the store's.
pub async fn put_lots(
    tx: &mut Tx,
    stamp: &Stamp,
    lots: &[NewLot],
    reason: &str,
    cause: &str,
) -> Result<i64, StoreError> {
    let first = tx
        .int("SELECT COALESCE(MAX(id), 0) + 1 FROM lots", vals![])
        .await?;
    let id = |i: usize| first + i as i64;
    let of = |row: &dyn Fn(usize, &NewLot) -> Value| -> Vec<Value> {
        lots.iter()
            .enumerate()
            .map(|(i, lot)| row(i, lot))
            .collect()
    };
    let rows = of(&|i, l| {
        json!([
            id(i),
            l.product,
            l.code,
            l.received_on,
            l.quantity,
            l.supplier,
            l.invoice,
            l.parent,
            stamp.at.0,
            stamp.run
        ])
    });
    let columns = [
        ("id", Type::Int),
        ("product_id", Type::Int),
        ("code", Type::Text),
        ("received_on", Type::Text),
        ("quantity", Type::Int),
        ("supplier", Type::Text),
        ("invoice", Type::Text),
        ("parent_lot", Type::Int),
        ("created_at", Type::Int),
        ("run", Type::Text),
    ];
    tx.insert_many("lots", &columns, &rows).await?;

    let paid: Vec<(i64, Cost)> = lots
        .iter()
        .enumerate()
        .filter_map(|(i, l)| Some((id(i), l.cost.clone()?)))
        .collect();
    costs::insert(tx, stamp, &paid).await?;

    let rows = of(&|i, l| json!([id(i), l.location, l.product, l.quantity, 0]));
    let columns = [
        ("lot_id", Type::Int),
        ("location_id", Type::Int),
        ("product_id", Type::Int),
        ("on_hand", Type::Int),
        ("reserved", Type::Int),
    ];
    tx.insert_many("balances", &columns, &rows).await?;

    let rows = of(&|i, l| {
        json!([
            stamp.at.0,
            id(i),
            null_location(),
            l.location,
            l.quantity,
            reason,
            cause,
            stamp.actor,
            stamp.run
        ])
    });
    insert_moves(tx, &rows).await?;
    Ok(first)
}

/// Takes units out of the house: they are costed, balances shrink, and each removal is a
/// move. The units must not be promised any more.
///
/// # Errors
/// A conflict, where a balance has changed meanwhile; or the store's.
pub async fn take_out(
    tx: &mut Tx,
    stamp: &Stamp,
    removals: &[Removal],
    reason: &str,
    voucher: Voucher<'_>,
) -> Result<(), StoreError> {
    if removals.is_empty() {
        return Ok(());
    }
    let outgoing: Vec<Outgoing> = removals
        .iter()
        .map(|r| Outgoing {
            lot: r.lot,
            units: r.units,
            demand: r.demand,
        })
        .collect();
    costs::cost_out(tx, stamp, &outgoing, voucher).await?;
    let changes: Vec<(i64, i64)> = removals.iter().map(|r| (r.balance, -r.units)).collect();
    tx.add_many(
        "balances",
        "on_hand",
        "on_hand + j.n >= reserved",
        &summed(changes),
    )
    .await?;
    let rows: Vec<Value> = removals
        .iter()
        .map(|r| {
            json!([
                stamp.at.0,
                r.lot,
                r.location,
                null_location(),
                r.units,
                reason,
                voucher.cause,
                stamp.actor,
                stamp.run
            ])
        })
        .collect();
    insert_moves(tx, &rows).await
}

/// Changes by id, each id once.
fn summed(mut changes: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    changes.sort_unstable();
    changes.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            first.1 += later.1;
        }
        same
    });
    changes
}

fn null_location() -> Value {
    Value::Null
}

async fn insert_moves(tx: &mut Tx, rows: &[Value]) -> Result<(), StoreError> {
    let columns = [
        ("at", Type::Int),
        ("lot_id", Type::Int),
        ("from_location", Type::Int),
        ("to_location", Type::Int),
        ("quantity", Type::Int),
        ("reason", Type::Text),
        ("cause", Type::Text),
        ("actor", Type::Text),
        ("run", Type::Text),
    ];
    tx.insert_many("stock_moves", &columns, rows).await
}

/// Where the units of a product lie, oldest lot first, also those used up.
///
/// # Errors
/// The store's.
pub async fn balances(tx: &mut Tx, product: i64) -> Result<Vec<BalanceRow>, StoreError> {
    tx.all(
        "SELECT b.id, b.lot_id, l.code AS lot, l.received_on, o.code AS location, \
           b.location_id, o.sellable, b.on_hand, b.reserved, l.quantity, \
           (SELECT CAST(SUM(c.amount_minor) AS SIGNED) FROM lot_costs c WHERE c.lot_id = l.id) \
             AS cost_minor, \
           (SELECT MAX(c.currency) FROM lot_costs c WHERE c.lot_id = l.id) AS currency \
         FROM balances b JOIN lots l ON l.id = b.lot_id \
         JOIN locations o ON o.id = b.location_id \
         WHERE b.product_id = ? ORDER BY l.received_on, l.id, o.code",
        vals![product],
    )
    .await
}

/// Where the units of some products lie, oldest lot first, also those used up.
///
/// # Errors
/// The store's.
pub async fn places(tx: &mut Tx, products: &[i64]) -> Result<Vec<Place>, StoreError> {
    let wanted = tx.wanted();
    tx.all(
        &format!(
            "SELECT b.id, b.product_id, b.lot_id, l.code AS lot, b.location_id, \
               o.code AS location, o.sellable, b.on_hand, b.reserved \
             FROM {wanted} JOIN balances b ON b.product_id = w.id \
             JOIN lots l ON l.id = b.lot_id JOIN locations o ON o.id = b.location_id \
             ORDER BY b.product_id, l.received_on, l.id, b.location_id"
        ),
        vals![json_list(products)],
    )
    .await
}

/// A lot at a location, without what it cost.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Place {
    /// The balance's id.
    pub id: i64,
    /// The product.
    pub product_id: i64,
    /// The lot.
    pub lot_id: i64,
    /// The lot's name.
    pub lot: String,
    /// The location.
    pub location_id: i64,
    /// Its code.
    pub location: String,
    /// Whether it is sold from there.
    pub sellable: bool,
    /// Units there.
    pub on_hand: i64,
    /// Units of those that are promised.
    pub reserved: i64,
}

/// The stock of all products that are stocked or have had stock, by SKU.
///
/// # Errors
/// The store's.
pub async fn by_sku(tx: &mut Tx) -> Result<Vec<SkuRow>, StoreError> {
    tx.all(
        "SELECT p.id AS product_id, p.sku, p.title, COALESCE(h.on_hand, 0) AS on_hand, \
           COALESCE(h.on_sale, 0) AS on_sale, COALESCE(h.reserved, 0) AS reserved, \
           COALESCE(d.open_demand, 0) AS open_demand, p.buffer, p.stocked, \
           CASE WHEN h.product_id IS NULL THEN 0 ELSE 1 END AS has_lots \
         FROM products p \
         LEFT JOIN (SELECT b.product_id, CAST(SUM(b.on_hand) AS SIGNED) AS on_hand, \
             CAST(SUM(CASE WHEN o.sellable = 1 THEN b.on_hand ELSE 0 END) AS SIGNED) AS on_sale, \
             CAST(SUM(b.reserved) AS SIGNED) AS reserved \
           FROM balances b JOIN locations o ON o.id = b.location_id GROUP BY b.product_id) h \
           ON h.product_id = p.id \
         LEFT JOIN (SELECT product_id, CAST(SUM(open) AS SIGNED) AS open_demand \
           FROM order_demands WHERE open > 0 GROUP BY product_id) d ON d.product_id = p.id \
         ORDER BY p.sku",
        vals![],
    )
    .await
}
