//! Purchase orders: what was asked of a supplier, and how much of it has come.
//!
//! A line is complete when so many per cent of it have come as the tenant is content with;
//! what is open is what is still expected of lines that are not, in orders not closed.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};

/// A purchase order as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// Its number.
    pub number: String,
    /// The supplier's id.
    #[serde(skip)]
    pub supplier_id: i64,
    /// The supplier's code.
    pub supplier: String,
    /// The supplier's name.
    pub supplier_name: String,
    /// The currency of its costs.
    pub currency: String,
    /// The day it was ordered.
    pub ordered_on: String,
    /// The day its goods are expected.
    pub expected_on: String,
    /// A note.
    pub note: String,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// Why it was closed.
    pub closed_why: Option<String>,
}

/// A purchase order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Summary {
    /// The order.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub order: Row,
    /// Units ordered.
    pub units: i64,
    /// Units that have come.
    pub received: i64,
    /// Units still expected.
    pub open: i64,
}

/// A line as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Line {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// Its number in the order, from 1.
    pub line: i64,
    /// The product.
    #[serde(skip)]
    pub product_id: i64,
    /// Its SKU.
    pub sku: String,
    /// Units ordered.
    pub quantity: i64,
    /// What all of them cost, in minor units of the order's currency.
    pub cost_minor: Option<i64>,
    /// Units that have come.
    pub received: i64,
    /// Units of those that have been billed.
    pub invoiced: i64,
    /// The day they are expected.
    pub expected_on: String,
}

/// A purchase order to be made.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Its number.
    pub number: String,
    /// The supplier.
    pub supplier: i64,
    /// The currency of its costs.
    pub currency: String,
    /// The day it was ordered.
    pub ordered_on: String,
    /// The day its goods are expected.
    pub expected_on: String,
    /// A note; or empty.
    pub note: String,
    /// Its lines, in order.
    pub lines: Vec<NewLine>,
}

/// A line of it.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// The product.
    pub product: i64,
    /// Units.
    pub quantity: i64,
    /// What all of them cost, in minor units of the order's currency.
    pub cost_minor: Option<i64>,
}

const ORDER: &str = "o.id, o.number, o.supplier_id, s.code AS supplier, \
    s.name AS supplier_name, o.currency, o.ordered_on, o.expected_on, o.note, o.closed_at, \
    o.closed_why";

/// What is still expected of a line; bound to it: the per cent that may be missing.
const OPEN: &str = "CASE WHEN o.closed_at IS NULL AND l.received < l.quantity \
    AND l.received * 100 < l.quantity * (100 - ?) THEN l.quantity - l.received ELSE 0 END";

/// The numbers given so far that begin like this.
///
/// # Errors
/// The store's.
pub async fn numbers(tx: &mut Tx, prefix: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = tx
        .all(
            "SELECT number FROM purchase_orders WHERE number LIKE ?",
            vals![format!("{prefix}%")],
        )
        .await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}

/// The purchase order with that number.
///
/// # Errors
/// The store's.
pub async fn by_number(tx: &mut Tx, number: &str) -> Result<Option<Row>, StoreError> {
    let sql = format!(
        "SELECT {ORDER} FROM purchase_orders o JOIN suppliers s ON s.id = o.supplier_id \
         WHERE o.number = ?"
    );
    tx.opt(&sql, vals![number]).await
}

/// Makes purchase orders of which nothing has come yet.
///
/// # Errors
/// A number is taken ([`StoreError::is_duplicate`]), or the store's.
pub async fn insert(tx: &mut Tx, stamp: &Stamp, orders: &[NewOrder]) -> Result<(), StoreError> {
    let mut rows: Vec<Value> = Vec::new();
    for order in orders {
        let id = tx
            .insert(
                "INSERT INTO purchase_orders (number, supplier_id, currency, ordered_on, \
                 expected_on, note, created_at, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                vals![
                    &order.number,
                    order.supplier,
                    &order.currency,
                    &order.ordered_on,
                    &order.expected_on,
                    &order.note,
                    stamp.at,
                    &stamp.actor,
                    &stamp.run
                ],
            )
            .await?;
        for (at, line) in order.lines.iter().enumerate() {
            rows.push(json!([
                id,
                at + 1,
                line.product,
                line.quantity,
                line.cost_minor,
                0,
                order.expected_on
            ]));
        }
    }
    let columns = [
        ("po_id", Type::Int),
        ("line", Type::Int),
        ("product_id", Type::Int),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
        ("received", Type::Int),
        ("expected_on", Type::Text),
    ];
    tx.insert_many("purchase_order_lines", &columns, &rows)
        .await
}

/// The lines of a purchase order, in order.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, po: i64) -> Result<Vec<Line>, StoreError> {
    tx.all(
        "SELECT l.id, l.line, l.product_id, p.sku, l.quantity, l.cost_minor, l.received, \
           COALESCE((SELECT CAST(SUM(r.invoiced) AS SIGNED) FROM receipt_lines r \
             WHERE r.po_line_id = l.id), 0) AS invoiced, l.expected_on \
         FROM purchase_order_lines l JOIN products p ON p.id = l.product_id \
         WHERE l.po_id = ? ORDER BY l.line",
        vals![po],
    )
    .await
}

/// Purchase orders, newest first: those not closed, or all; of one supplier, where one is
/// given.
///
/// # Errors
/// The store's.
pub async fn list(
    tx: &mut Tx,
    supplier: Option<i64>,
    closed_too: bool,
    under_percent: u32,
) -> Result<Vec<Summary>, StoreError> {
    let sql = format!(
        "SELECT {ORDER}, t.units, t.received, t.open FROM \
           (SELECT l.po_id, CAST(SUM(l.quantity) AS SIGNED) AS units, \
              CAST(SUM(l.received) AS SIGNED) AS received, CAST(SUM({OPEN}) AS SIGNED) AS open \
            FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.po_id \
            WHERE (? = 1 OR o.closed_at IS NULL) AND (? IS NULL OR o.supplier_id = ?) \
            GROUP BY l.po_id) t \
         JOIN purchase_orders o ON o.id = t.po_id JOIN suppliers s ON s.id = o.supplier_id \
         ORDER BY o.id DESC"
    );
    let values = vals![i64::from(under_percent), closed_too, supplier, supplier];
    tx.all(&sql, values).await
}

/// Units still expected of each product: (product, units).
///
/// # Errors
/// The store's.
pub async fn on_order(tx: &mut Tx, under_percent: u32) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = format!(
        "SELECT l.product_id, CAST(SUM({OPEN}) AS SIGNED) FROM purchase_orders o \
         JOIN purchase_order_lines l ON l.po_id = o.id \
         WHERE o.closed_at IS NULL GROUP BY l.product_id"
    );
    tx.all(&sql, vals![i64::from(under_percent)]).await
}

/// Notes how much of each line has come: (line, what had come before, what has come now).
///
/// # Errors
/// A conflict, where more has come meanwhile; or the store's.
pub async fn set_received(tx: &mut Tx, lines: &[(i64, i64, i64)]) -> Result<(), StoreError> {
    tx.replace_many("purchase_order_lines", "received", lines)
        .await
}

/// Closes a purchase order: nothing more is expected of it. Tells whether it was open.
///
/// # Errors
/// The store's.
pub async fn close(tx: &mut Tx, stamp: &Stamp, po: i64, why: &str) -> Result<bool, StoreError> {
    let changed = tx
        .run(
            "UPDATE purchase_orders SET closed_at = ?, closed_why = ? \
             WHERE id = ? AND closed_at IS NULL",
            vals![stamp.at, why, po],
        )
        .await?;
    Ok(changed == 1)
}
