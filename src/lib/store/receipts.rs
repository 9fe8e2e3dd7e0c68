//! Receipts: goods that came in together from a supplier, each line a lot.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::domain::cost::Rate;
use crate::domain::money::Currency;

/// A receipt to be noted.
#[derive(Debug, Clone)]
pub struct NewReceipt<'a> {
    /// Who delivered.
    pub supplier: i64,
    /// The reference under which it came in, once.
    pub reference: &'a str,
    /// The business day.
    pub received_on: &'a str,
    /// The currency of its lines' costs.
    pub currency: Currency,
    /// How that becomes the tenant's, where it is another.
    pub rate: Option<&'a Rate>,
}

/// A line of it.
#[derive(Debug, Clone, Copy)]
pub struct NewLine {
    /// The purchase order's line that it fills.
    pub po_line: Option<i64>,
    /// The lot it became.
    pub lot: i64,
    /// The product.
    pub product: i64,
    /// Units.
    pub quantity: i64,
    /// What they are expected to cost, in the receipt's currency.
    pub cost_minor: Option<i64>,
}

/// A line as stored, with its receipt and its lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct LineRow {
    /// The line's id.
    #[serde(skip)]
    pub id: i64,
    /// The receipt's number.
    pub receipt: i64,
    /// The receipt's reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The business day it came in.
    pub received_on: String,
    /// The purchase order's line.
    #[serde(skip)]
    pub po_line_id: Option<i64>,
    /// The purchase order's number.
    pub po: Option<String>,
    /// The supplier's code.
    pub supplier: String,
    /// The SKU.
    pub sku: String,
    /// The lot's id.
    #[serde(skip)]
    pub lot_id: i64,
    /// The lot.
    pub lot: String,
    /// Units.
    pub quantity: i64,
    /// What they are expected to cost, in minor units.
    pub cost_minor: Option<i64>,
    /// In which currency.
    pub currency: String,
    /// Units of those that have been billed.
    pub invoiced: i64,
}

const LINES: &str = "SELECT l.id, r.id AS receipt, r.ref AS reference, r.received_on, \
    l.po_line_id, o.number AS po, s.code AS supplier, p.sku, l.lot_id, t.code AS lot, \
    l.quantity, l.cost_minor, r.currency, l.invoiced \
    FROM receipt_lines l JOIN receipts r ON r.id = l.receipt_id \
    JOIN suppliers s ON s.id = r.supplier_id JOIN products p ON p.id = l.product_id \
    JOIN lots t ON t.id = l.lot_id \
    LEFT JOIN purchase_order_lines pl ON pl.id = l.po_line_id \
    LEFT JOIN purchase_orders o ON o.id = pl.po_id";

/// Notes a receipt and its lines, of which nothing is billed yet; gives its number.
///
/// # Errors
/// The reference is there already ([`StoreError::is_duplicate`]), or the store's.
pub async fn insert(
    tx: &mut Tx,
    stamp: &Stamp,
    receipt: &NewReceipt<'_>,
    lines: &[NewLine],
) -> Result<i64, StoreError> {
    let id = tx
        .insert(
            "INSERT INTO receipts (supplier_id, ref, received_on, currency, rate, rate_source, \
             at, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            vals![
                receipt.supplier,
                receipt.reference,
                receipt.received_on,
                receipt.currency.as_str(),
                receipt.rate.map(|r| r.rate.to_string()),
                receipt.rate.map(|r| &r.source),
                stamp.at,
                &stamp.actor,
                &stamp.run
            ],
        )
        .await?;
    let rows: Vec<Value> = lines
        .iter()
        .map(|l| json!([id, l.po_line, l.lot, l.product, l.quantity, l.cost_minor, 0]))
        .collect();
    let columns = [
        ("receipt_id", Type::Int),
        ("po_line_id", Type::Int),
        ("lot_id", Type::Int),
        ("product_id", Type::Int),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
        ("invoiced", Type::Int),
    ];
    tx.insert_many("receipt_lines", &columns, &rows).await?;
    Ok(id)
}

/// What came in for a purchase order, oldest first.
///
/// # Errors
/// The store's.
pub async fn of_po(tx: &mut Tx, po: i64) -> Result<Vec<LineRow>, StoreError> {
    let sql = format!("{LINES} WHERE pl.po_id = ? ORDER BY r.id, l.id");
    tx.all(&sql, vals![po]).await
}

/// What came in as a lot, or as the one it was part of before; where it came with a receipt.
///
/// # Errors
/// The store's.
pub async fn of_lot(tx: &mut Tx, lot: i64) -> Result<Option<LineRow>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE family (id) AS (SELECT id FROM lots WHERE id = ? UNION ALL \
           SELECT c.parent_lot FROM lots c JOIN family f ON f.id = c.id \
           WHERE c.parent_lot IS NOT NULL) \
         {LINES} WHERE l.lot_id IN (SELECT id FROM family)"
    );
    tx.opt(&sql, vals![lot]).await
}

/// How many receipts a purchase order has had.
///
/// # Errors
/// The store's.
pub async fn count_of_po(tx: &mut Tx, po: i64) -> Result<i64, StoreError> {
    tx.int(
        "SELECT COUNT(DISTINCT l.receipt_id) FROM purchase_order_lines pl \
         JOIN receipt_lines l ON l.po_line_id = pl.id WHERE pl.po_id = ?",
        vals![po],
    )
    .await
}
