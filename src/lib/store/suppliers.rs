//! Suppliers: what each sells, in what packs, and what it has asked for it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, json_list, vals};
use super::{Stamp, StoreError};
use crate::domain::cost::upto;

/// A supplier as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// How people call it for short.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The currency it asks for.
    pub currency: String,
    /// Days from an order to its goods.
    pub lead_days: i64,
    /// Where orders are sent; or empty.
    pub email: String,
}

/// A product that a supplier sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Item {
    /// The supplier.
    #[serde(skip)]
    pub supplier_id: i64,
    /// The product.
    #[serde(skip)]
    pub product_id: i64,
    /// The product's SKU.
    pub sku: String,
    /// The supplier's own number for it; or empty.
    pub supplier_sku: String,
    /// It is sold in packs of so many units.
    pub pack: i64,
    /// Fewer units than this are not sold.
    pub minimum: i64,
    /// Whether this supplier is asked first.
    pub preferred: bool,
}

/// What so many units cost at a supplier.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Price {
    /// The supplier.
    pub supplier_id: i64,
    /// The product.
    pub product_id: i64,
    /// The business day it was noted on.
    pub noted_on: String,
    /// Units.
    pub quantity: i64,
    /// What they cost together, in minor units.
    pub cost_minor: i64,
    /// In which currency.
    pub currency: String,
    /// `list`, `order`, `receipt` or `invoice`.
    pub source: String,
    /// The paper it stands on; or empty.
    pub document: String,
}

impl Price {
    /// What a quantity costs at this price.
    #[must_use]
    pub fn of(&self, quantity: i64) -> i64 {
        upto(self.cost_minor, self.quantity, quantity)
    }

    /// Whether another price asks the same for a unit.
    #[must_use]
    pub fn same_unit(&self, other: &Self) -> bool {
        let by = |a: &Self, b: &Self| i128::from(a.cost_minor) * i128::from(b.quantity);
        self.currency == other.currency && by(self, other) == by(other, self)
    }
}

const COLUMNS: &str = "id, code, name, currency, lead_days, email";

/// All suppliers, by code.
///
/// # Errors
/// The store's.
pub async fn all(tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppliers ORDER BY code");
    tx.all(&sql, vals![]).await
}

/// The supplier with that code.
///
/// # Errors
/// The store's.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppliers WHERE code = ?");
    tx.opt(&sql, vals![code]).await
}

/// Makes new suppliers; their ids are the store's to give.
///
/// # Errors
/// A code is taken, or the store's.
pub async fn insert(tx: &mut Tx, stamp: &Stamp, suppliers: &[Row]) -> Result<(), StoreError> {
    let rows: Vec<Value> = suppliers
        .iter()
        .map(|s| json!([s.code, s.name, s.currency, s.lead_days, s.email, stamp.at.0]))
        .collect();
    let columns = [
        ("code", Type::Text),
        ("name", Type::Text),
        ("currency", Type::Text),
        ("lead_days", Type::Int),
        ("email", Type::Text),
        ("created_at", Type::Int),
    ];
    tx.insert_many("suppliers", &columns, &rows).await
}

/// Changes suppliers, found by their ids, to all that is said here.
///
/// # Errors
/// A conflict, where one is gone; or the store's.
pub async fn update(tx: &mut Tx, suppliers: &[Row]) -> Result<(), StoreError> {
    let rows: Vec<Value> = suppliers
        .iter()
        .map(|s| json!([s.id, s.name, s.currency, s.lead_days, s.email]))
        .collect();
    let columns = [
        ("name", Type::Text),
        ("currency", Type::Text),
        ("lead_days", Type::Int),
        ("email", Type::Text),
    ];
    tx.update_many("suppliers", &[("id", Type::Int)], &columns, &rows)
        .await
}

/// What suppliers sell, by SKU; of one supplier, where one is given.
///
/// # Errors
/// The store's.
pub async fn items(tx: &mut Tx, supplier: Option<i64>) -> Result<Vec<Item>, StoreError> {
    tx.all(
        "SELECT i.supplier_id, i.product_id, p.sku, i.supplier_sku, i.pack, i.minimum, \
           i.preferred \
         FROM supplier_items i JOIN products p ON p.id = i.product_id \
         WHERE (? IS NULL OR i.supplier_id = ?) ORDER BY p.sku, i.supplier_id",
        vals![supplier, supplier],
    )
    .await
}

/// Notes what a supplier sells beside what is known already.
///
/// # Errors
/// It is known already, or the store's.
pub async fn insert_items(tx: &mut Tx, items: &[Item]) -> Result<(), StoreError> {
    let rows: Vec<Value> = items
        .iter()
        .map(|i| {
            json!([
                i.supplier_id,
                i.product_id,
                i.supplier_sku,
                i.pack,
                i.minimum,
                i64::from(i.preferred)
            ])
        })
        .collect();
    let columns = [ITEM_KEY, ITEM_FACTS.as_slice()].concat();
    tx.insert_many("supplier_items", &columns, &rows).await
}

/// Changes items, found by supplier and product, to all that is said here.
///
/// # Errors
/// A conflict, where one is gone; or the store's.
pub async fn update_items(tx: &mut Tx, items: &[Item]) -> Result<(), StoreError> {
    let rows: Vec<Value> = items
        .iter()
        .map(|i| {
            json!([
                i.supplier_id,
                i.product_id,
                i.supplier_sku,
                i.pack,
                i.minimum,
                i64::from(i.preferred)
            ])
        })
        .collect();
    tx.update_many("supplier_items", ITEM_KEY, &ITEM_FACTS, &rows)
        .await
}

const ITEM_KEY: &[(&str, Type)] = &[("supplier_id", Type::Int), ("product_id", Type::Int)];
const ITEM_FACTS: [(&str, Type); 4] = [
    ("supplier_sku", Type::Text),
    ("pack", Type::Int),
    ("minimum", Type::Int),
    ("preferred", Type::Int),
];

/// The newest price of each product at each supplier, the last noted of a day's: by
/// (supplier, product). Of one supplier, where one is given.
///
/// # Errors
/// The store's.
pub async fn newest_prices(
    tx: &mut Tx,
    supplier: Option<i64>,
) -> Result<HashMap<(i64, i64), Price>, StoreError> {
    let rows: Vec<Price> = tx
        .all(
            "SELECT c.supplier_id, c.product_id, c.noted_on, c.quantity, c.cost_minor, \
               c.currency, c.source, c.document \
             FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.product_id, s.supplier_id \
                 ORDER BY s.noted_on DESC, s.id DESC) AS age FROM supplier_costs s \
               WHERE (? IS NULL OR s.supplier_id = ?)) c WHERE c.age = 1",
            vals![supplier, supplier],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.supplier_id, row.product_id), row))
        .collect())
}

/// The newest price of each of some products at one supplier, by product.
///
/// # Errors
/// The store's.
pub async fn newest_prices_of(
    tx: &mut Tx,
    supplier: i64,
    products: &[i64],
) -> Result<HashMap<i64, Price>, StoreError> {
    let from = tx.wanted();
    let rows: Vec<Price> = tx
        .all(
            &format!(
                "SELECT c.supplier_id, c.product_id, c.noted_on, c.quantity, c.cost_minor, \
                   c.currency, c.source, c.document \
                 FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.product_id \
                     ORDER BY s.noted_on DESC, s.id DESC) AS age FROM {from} \
                   JOIN supplier_costs s ON s.product_id = w.id AND s.supplier_id = ?) c \
                 WHERE c.age = 1"
            ),
            vals![json_list(products), supplier],
        )
        .await?;
    Ok(rows.into_iter().map(|row| (row.product_id, row)).collect())
}

/// Those of some products of which a price was agreed after a purchase order was made, with
/// its supplier: what is paid for the order is an older one.
///
/// # Errors
/// The store's.
pub async fn agreed_since(tx: &mut Tx, po: i64, products: &[i64]) -> Result<Vec<i64>, StoreError> {
    let from = tx.wanted();
    let sql = format!(
        "SELECT DISTINCT c.product_id FROM {from} \
         JOIN supplier_costs c ON c.product_id = w.id \
         JOIN purchase_orders o ON o.id = ? AND o.supplier_id = c.supplier_id \
         WHERE c.noted_on > o.ordered_on OR (c.noted_on = o.ordered_on \
           AND c.at > o.created_at AND c.source <> 'receipt')"
    );
    let rows: Vec<(i64,)> = tx.all(&sql, vals![json_list(products), po]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Notes prices; of those of one day the last noted is the newest.
///
/// # Errors
/// The store's.
pub async fn note_prices(tx: &mut Tx, stamp: &Stamp, prices: &[Price]) -> Result<(), StoreError> {
    let rows: Vec<Value> = prices
        .iter()
        .map(|p| {
            json!([
                p.supplier_id,
                p.product_id,
                p.noted_on,
                p.quantity,
                p.cost_minor,
                p.currency,
                p.source,
                p.document,
                stamp.at.0,
                stamp.run
            ])
        })
        .collect();
    let columns = [
        ("supplier_id", Type::Int),
        ("product_id", Type::Int),
        ("noted_on", Type::Text),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
        ("currency", Type::Text),
        ("source", Type::Text),
        ("document", Type::Text),
        ("at", Type::Int),
        ("run", Type::Text),
    ];
    tx.insert_many("supplier_costs", &columns, &rows).await
}
