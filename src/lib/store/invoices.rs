//! What suppliers bill: invoices, their lines, and which units of which receipt they are for.
//!
//! The writers here are called under the allocation lock, which makes the next id knowable;
//! without it the primary key refuses the second writer.

mod charges;
mod goods;

use serde::Serialize;
use serde_json::{Value, json};

pub use charges::*;
pub use goods::*;

use super::dialect::{Tx, Type, json_list, vals};
use super::{Stamp, StoreError};

/// An invoice as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// The supplier's id.
    #[serde(skip)]
    pub supplier_id: i64,
    /// The supplier's code.
    pub supplier: String,
    /// The supplier's number for it.
    pub number: String,
    /// Its date.
    pub invoiced_on: String,
    /// Its currency.
    pub currency: String,
    /// What one unit of that is in the tenant's currency; none for the tenant's own.
    pub rate: Option<String>,
    /// Where the rate comes from.
    pub rate_source: Option<String>,
    /// What it bills in all.
    pub total_minor: i64,
    /// `open`, `differs` or `matched`.
    pub state: String,
}

impl Row {
    /// How people write it: `SUPPLIER:NUMBER`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.supplier, self.number)
    }
}

/// A line of an invoice as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct LineRow {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// Its invoice's id.
    #[serde(skip)]
    pub invoice_id: i64,
    /// Its place on the invoice, from 1.
    pub line: i64,
    /// `goods`, `freight`, `duty` or `other`.
    pub kind: String,
    /// The product's id.
    #[serde(skip)]
    pub product_id: Option<i64>,
    /// Its SKU.
    pub sku: Option<String>,
    /// Units billed.
    pub quantity: Option<i64>,
    /// What the line bills.
    pub total_minor: i64,
    /// By what a charge is spread: `value`, `quantity` or `weight`; empty for goods.
    pub spread: String,
    /// The purchase orders, receipts and lots it names, with `|` between them.
    pub applies_to: String,
    /// Units found in receipts; of a charge, whether it is spread.
    pub matched: i64,
}

impl LineRow {
    /// Units of goods that are found in no receipt yet; of a charge, whether it is yet to
    /// be spread.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.quantity.unwrap_or(1) - self.matched
    }
}

/// An invoice to be stored.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    /// The supplier's id.
    pub supplier_id: i64,
    /// The supplier's number for it.
    pub number: String,
    /// Its date.
    pub invoiced_on: String,
    /// Its currency.
    pub currency: String,
    /// What one unit of that is in the tenant's currency.
    pub rate: Option<String>,
    /// Where the rate comes from.
    pub rate_source: Option<String>,
    /// What it bills in all.
    pub total_minor: i64,
    /// Its lines.
    pub lines: Vec<NewLine>,
}

/// A line to be stored.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// `goods`, `freight`, `duty` or `other`.
    pub kind: String,
    /// The product of goods.
    pub product_id: Option<i64>,
    /// Units of goods.
    pub quantity: Option<i64>,
    /// What the line bills.
    pub total_minor: i64,
    /// By what a charge is spread; empty for goods.
    pub spread: String,
    /// What it names, with `|` between.
    pub applies_to: String,
}

const ROW: &str = "i.id, i.supplier_id, s.code AS supplier, i.number, i.invoiced_on, i.currency, \
    i.rate, i.rate_source, i.total_minor, i.state";
const TABLES: &str = "supplier_invoices i JOIN suppliers s ON s.id = i.supplier_id";

/// The suppliers there are: (code, id, currency).
///
/// # Errors
/// The store's.
pub async fn suppliers(tx: &mut Tx) -> Result<Vec<(String, i64, String)>, StoreError> {
    tx.all(
        "SELECT code, id, currency FROM suppliers ORDER BY code",
        vals![],
    )
    .await
}

/// The invoice of a supplier with that number.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, supplier: &str, number: &str) -> Result<Option<Row>, StoreError> {
    let sql = format!("SELECT {ROW} FROM {TABLES} WHERE s.code = ? AND i.number = ?");
    tx.opt(&sql, vals![supplier, number]).await
}

/// Those of the invoices, given as (supplier, number), that are there.
///
/// # Errors
/// The store's.
pub async fn there(tx: &mut Tx, wanted: &[(i64, &str)]) -> Result<Vec<Row>, StoreError> {
    let from = tx.json_rows(&[("supplier", Type::Int), ("number", Type::Text)]);
    let sql = format!(
        "SELECT {ROW} FROM {from} JOIN supplier_invoices i \
           ON i.supplier_id = j.supplier AND i.number = j.number \
         JOIN suppliers s ON s.id = i.supplier_id"
    );
    let json = serde_json::to_string(wanted).unwrap_or_default();
    tx.all(&sql, vals![json]).await
}

/// The invoices, newest first; only those that are not matched, where so asked.
///
/// # Errors
/// The store's.
pub async fn list(tx: &mut Tx, only_open: bool) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT {ROW} FROM {TABLES} WHERE ? = 0 OR i.state <> 'matched' \
         ORDER BY i.invoiced_on DESC, i.id DESC"
    );
    tx.all(&sql, vals![only_open]).await
}

/// The lines of some invoices, in order.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, invoices: &[i64]) -> Result<Vec<LineRow>, StoreError> {
    let from = tx.ids();
    let sql = format!(
        "SELECT l.id, l.invoice_id, l.line, l.kind, l.product_id, p.sku, l.quantity, \
           l.total_minor, l.spread, l.applies_to, l.matched \
         FROM {from} JOIN supplier_invoice_lines l ON l.invoice_id = j.id \
         LEFT JOIN products p ON p.id = l.product_id ORDER BY l.invoice_id, l.line"
    );
    tx.all(&sql, vals![json_list(invoices)]).await
}

/// Stores new invoices, open.
///
/// # Errors
/// One is there already, or the store's.
pub async fn insert_many(
    tx: &mut Tx,
    stamp: &Stamp,
    invoices: &[NewInvoice],
) -> Result<(), StoreError> {
    let first = next_id(tx, "supplier_invoices").await?;
    let (mut heads, mut lines) = (Vec::<Value>::new(), Vec::<Value>::new());
    for (id, i) in (first..).zip(invoices) {
        heads.push(json!([
            id,
            i.supplier_id,
            i.number,
            i.invoiced_on,
            i.currency,
            i.rate,
            i.rate_source,
            i.total_minor
        ]));
        for (line, l) in (1_i64..).zip(&i.lines) {
            lines.push(json!([
                id,
                line,
                l.kind,
                l.product_id,
                l.quantity,
                l.total_minor,
                l.spread,
                l.applies_to
            ]));
        }
    }
    let same = [
        ("state", "open".into()),
        ("at", stamp.at.into()),
        ("actor", (&stamp.actor).into()),
        ("run", (&stamp.run).into()),
    ];
    let columns = [
        ("id", Type::Int),
        ("supplier_id", Type::Int),
        ("number", Type::Text),
        ("invoiced_on", Type::Text),
        ("currency", Type::Text),
        ("rate", Type::Text),
        ("rate_source", Type::Text),
        ("total_minor", Type::Int),
    ];
    tx.insert_alike("supplier_invoices", &same, &columns, &heads)
        .await?;
    let columns = [
        ("invoice_id", Type::Int),
        ("line", Type::Int),
        ("kind", Type::Text),
        ("product_id", Type::Int),
        ("quantity", Type::Int),
        ("total_minor", Type::Int),
        ("spread", Type::Text),
        ("applies_to", Type::Text),
    ];
    let same = [("matched", 0_i64.into())];
    tx.insert_alike("supplier_invoice_lines", &same, &columns, &lines)
        .await
}

/// Sets an invoice's state, where it is still what it was.
///
/// # Errors
/// A conflict, where it is not; or the store's.
pub async fn set_state(tx: &mut Tx, id: i64, was: &str, becomes: &str) -> Result<(), StoreError> {
    let sql = "UPDATE supplier_invoices SET state = ? WHERE id = ? AND state = ?";
    if tx.run(sql, vals![becomes, id, was]).await? == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("invoice {id} has changed")))
}

/// Raises what of lines is found in receipts, or notes that charges are spread: (line,
/// units).
///
/// # Errors
/// A conflict, where somebody else was first; or the store's.
pub async fn raise_matched(tx: &mut Tx, lines: &[(i64, i64)]) -> Result<(), StoreError> {
    let guard = "matched + j.n <= COALESCE(quantity, 1)";
    tx.add_many("supplier_invoice_lines", "matched", guard, lines)
        .await
}

/// Notes what lines of goods cost at their supplier, each as the whole line bills it.
///
/// # Errors
/// The store's.
pub async fn note_costs(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    lines: &[&LineRow],
) -> Result<(), StoreError> {
    let rows: Vec<Value> = lines
        .iter()
        .map(|l| json!([l.product_id, l.quantity, l.total_minor]))
        .collect();
    let same = [
        ("supplier_id", invoice.supplier_id.into()),
        ("noted_on", (&invoice.invoiced_on).into()),
        ("currency", (&invoice.currency).into()),
        ("source", "invoice".into()),
        ("document", invoice.name().into()),
        ("at", stamp.at.into()),
        ("run", (&stamp.run).into()),
    ];
    let columns = [
        ("product_id", Type::Int),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
    ];
    tx.insert_alike("supplier_costs", &same, &columns, &rows)
        .await
}

/// The next id of a table that is written under the allocation lock only.
async fn next_id(tx: &mut Tx, table: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {table}");
    tx.int(&sql, vals![]).await
}
