//! The goods that invoices are about: what of receipts is billed, and what is not.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::dialect::{Tx, Type, json_list, vals};
use super::super::{Stamp, StoreError};
use super::next_id;

/// A line of a receipt that is not billed whole.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct ReceivedRow {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// Its receipt's reference.
    pub receipt: String,
    /// The day the goods came in.
    pub received_on: String,
    /// Who delivered them.
    pub supplier: String,
    /// The purchase order they were bought by.
    pub po: Option<String>,
    /// Units of the order's line.
    pub ordered: Option<i64>,
    /// The order's line.
    #[serde(skip)]
    pub po_line_id: Option<i64>,
    /// Units billed of all that came in for the order's line.
    #[serde(skip)]
    pub order_invoiced: i64,
    /// The product.
    #[serde(skip)]
    pub product_id: i64,
    /// Its SKU.
    pub sku: String,
    /// The lot.
    #[serde(skip)]
    pub lot_id: i64,
    /// Its name.
    pub lot: String,
    /// Units received.
    pub received: i64,
    /// Units of those that are billed.
    pub invoiced: i64,
    /// What all of them are expected to cost, in the receipt's currency.
    pub cost_minor: Option<i64>,
    /// The receipt's currency.
    pub currency: String,
    /// What one unit of that was in the tenant's currency.
    pub rate: Option<String>,
    /// Whether the lot has a cost for the goods themselves.
    #[serde(skip)]
    pub bought: bool,
}

/// Units of an invoice's line found in a receipt's.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct MatchRow {
    /// The invoice's line.
    pub line: i64,
    /// The SKU.
    pub sku: String,
    /// The lot.
    pub lot: String,
    /// The lot's id.
    #[serde(skip)]
    pub lot_id: i64,
    /// The receipt.
    pub receipt: String,
    /// The purchase order.
    pub po: Option<String>,
    /// Units ordered by its line.
    pub ordered: Option<i64>,
    /// Units received.
    pub received: i64,
    /// Units billed of those.
    pub units: i64,
    /// What they are billed at.
    pub billed_minor: i64,
    /// What they were expected to cost.
    pub expected_minor: Option<i64>,
}

/// A match to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewMatch {
    /// The invoice's line.
    pub line_id: i64,
    /// The receipt's line.
    pub receipt_line_id: i64,
    /// Units.
    pub units: i64,
    /// What they are billed at.
    pub billed_minor: i64,
    /// What they were expected to cost.
    pub expected_minor: Option<i64>,
}

/// Goods received together, of one invoice.
#[derive(Debug, Clone)]
pub struct NewReceipt<'a> {
    /// The supplier.
    pub supplier_id: i64,
    /// Its reference.
    pub reference: &'a str,
    /// The day the goods came in.
    pub received_on: &'a str,
    /// The invoice's currency.
    pub currency: &'a str,
    /// Its rate.
    pub rate: Option<&'a str>,
    /// Where that comes from.
    pub rate_source: Option<&'a str>,
}

/// A lot of a receipt that is billed whole.
#[derive(Debug, Clone, Copy)]
pub struct NewReceiptLine {
    /// The lot.
    pub lot_id: i64,
    /// Its product.
    pub product_id: i64,
    /// Units.
    pub quantity: i64,
    /// What they cost, in the receipt's currency.
    pub cost_minor: i64,
}

const RECEIVED: &str = "rl.id, r.ref AS receipt, r.received_on, s.code AS supplier, \
    po.number AS po, pl.quantity AS ordered, rl.po_line_id, \
    COALESCE((SELECT CAST(SUM(x.invoiced) AS SIGNED) FROM receipt_lines x \
      WHERE x.po_line_id = rl.po_line_id), 0) AS order_invoiced, rl.product_id, p.sku, rl.lot_id, l.code AS lot, \
    rl.quantity AS received, rl.invoiced, rl.cost_minor, r.currency, r.rate, \
    CASE WHEN EXISTS (SELECT 1 FROM lot_costs c WHERE c.lot_id = rl.lot_id \
      AND c.component = 'purchase') THEN 1 ELSE 0 END AS bought";
const ON_RECEIPTS: &str = "JOIN receipts r ON r.id = rl.receipt_id \
    JOIN suppliers s ON s.id = r.supplier_id JOIN products p ON p.id = rl.product_id \
    JOIN lots l ON l.id = rl.lot_id \
    LEFT JOIN purchase_order_lines pl ON pl.id = rl.po_line_id \
    LEFT JOIN purchase_orders po ON po.id = pl.po_id";

/// What of some products a supplier delivered and has not billed, oldest first.
///
/// # Errors
/// The store's.
pub async fn unbilled_of(
    tx: &mut Tx,
    supplier: i64,
    products: &[i64],
) -> Result<Vec<ReceivedRow>, StoreError> {
    let from = tx.wanted();
    let sql = format!(
        "SELECT {RECEIVED} FROM {from} JOIN receipt_lines rl ON rl.product_id = w.id {ON_RECEIPTS} \
         WHERE r.supplier_id = ? AND rl.invoiced < rl.quantity \
         ORDER BY r.received_on, r.id, rl.id"
    );
    tx.all(&sql, vals![json_list(products), supplier]).await
}

/// All that was delivered and is not billed, oldest first; by one supplier, where one is
/// given.
///
/// # Errors
/// The store's.
pub async fn unbilled(tx: &mut Tx, supplier: Option<i64>) -> Result<Vec<ReceivedRow>, StoreError> {
    let sql = format!(
        "SELECT {RECEIVED} FROM receipt_lines rl {ON_RECEIPTS} \
         WHERE rl.invoiced < rl.quantity AND (? IS NULL OR r.supplier_id = ?) \
         ORDER BY r.received_on, r.id, rl.id"
    );
    tx.all(&sql, vals![supplier, supplier]).await
}

/// Those of the products that were ever ordered from a supplier.
///
/// # Errors
/// The store's.
pub async fn ever_ordered(
    tx: &mut Tx,
    supplier: i64,
    products: &[i64],
) -> Result<Vec<i64>, StoreError> {
    let from = tx.wanted();
    let sql = format!(
        "SELECT DISTINCT pl.product_id FROM {from} \
         JOIN purchase_order_lines pl ON pl.product_id = w.id \
         JOIN purchase_orders po ON po.id = pl.po_id WHERE po.supplier_id = ?"
    );
    let rows: Vec<(i64,)> = tx.all(&sql, vals![json_list(products), supplier]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What of an invoice was found in receipts, in order.
///
/// # Errors
/// The store's.
pub async fn matches(tx: &mut Tx, invoice: i64) -> Result<Vec<MatchRow>, StoreError> {
    let sql = format!(
        "SELECT il.line, p.sku, l.code AS lot, l.id AS lot_id, r.ref AS receipt, \
           po.number AS po, pl.quantity AS ordered, rl.quantity AS received, \
           m.quantity AS units, m.billed_minor, m.expected_minor \
         FROM supplier_invoice_lines il JOIN invoice_matches m ON m.invoice_line_id = il.id \
         JOIN receipt_lines rl ON rl.id = m.receipt_line_id {ON_RECEIPTS} \
         WHERE il.invoice_id = ? ORDER BY il.line, rl.id"
    );
    tx.all(&sql, vals![invoice]).await
}

/// Stores matches, and what of the receipts is billed with them.
///
/// # Errors
/// A conflict, where units of a receipt were billed meanwhile; or the store's.
pub async fn insert_matches(
    tx: &mut Tx,
    stamp: &Stamp,
    matches: &[NewMatch],
) -> Result<(), StoreError> {
    let mut invoiced: BTreeMap<i64, i64> = BTreeMap::new();
    for m in matches {
        *invoiced.entry(m.receipt_line_id).or_default() += m.units;
    }
    let invoiced: Vec<(i64, i64)> = invoiced.into_iter().collect();
    let guard = "invoiced + j.n <= quantity";
    tx.add_many("receipt_lines", "invoiced", guard, &invoiced)
        .await?;
    note_matches(tx, stamp, matches).await
}

async fn note_matches(tx: &mut Tx, stamp: &Stamp, matches: &[NewMatch]) -> Result<(), StoreError> {
    let rows: Vec<Value> = matches
        .iter()
        .map(|m| {
            json!([
                m.line_id,
                m.receipt_line_id,
                m.units,
                m.billed_minor,
                m.expected_minor
            ])
        })
        .collect();
    let same = [("at", stamp.at.into()), ("run", (&stamp.run).into())];
    let columns = [
        ("invoice_line_id", Type::Int),
        ("receipt_line_id", Type::Int),
        ("quantity", Type::Int),
        ("billed_minor", Type::Int),
        ("expected_minor", Type::Int),
    ];
    tx.insert_alike("invoice_matches", &same, &columns, &rows)
        .await
}

/// Stores a receipt of goods that came with their invoice: each invoice line, by its id,
/// with the lot that it became, billed whole.
///
/// # Errors
/// The reference is taken, or the store's.
pub async fn insert_billed_receipt(
    tx: &mut Tx,
    stamp: &Stamp,
    receipt: &NewReceipt<'_>,
    lines: &[(i64, NewReceiptLine)],
) -> Result<(), StoreError> {
    let id = tx
        .insert(
            "INSERT INTO receipts (supplier_id, ref, received_on, currency, rate, rate_source, \
               at, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            vals![
                receipt.supplier_id,
                receipt.reference,
                receipt.received_on,
                receipt.currency,
                receipt.rate,
                receipt.rate_source,
                stamp.at,
                &stamp.actor,
                &stamp.run
            ],
        )
        .await?;
    let first = next_id(tx, "receipt_lines").await?;
    let rows: Vec<Value> = (first..)
        .zip(lines)
        .map(|(line, (_, l))| {
            json!([
                line,
                l.lot_id,
                l.product_id,
                l.quantity,
                l.cost_minor,
                l.quantity
            ])
        })
        .collect();
    let columns = [
        ("id", Type::Int),
        ("lot_id", Type::Int),
        ("product_id", Type::Int),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
        ("invoiced", Type::Int),
    ];
    tx.insert_alike(
        "receipt_lines",
        &[("receipt_id", id.into())],
        &columns,
        &rows,
    )
    .await?;
    let matches: Vec<NewMatch> = (first..)
        .zip(lines)
        .map(|(receipt_line_id, (line_id, l))| NewMatch {
            line_id: *line_id,
            receipt_line_id,
            units: l.quantity,
            billed_minor: l.cost_minor,
            expected_minor: Some(l.cost_minor),
        })
        .collect();
    note_matches(tx, stamp, &matches).await
}

/// Whether a receipt has that reference.
///
/// # Errors
/// The store's.
pub async fn is_receipt(tx: &mut Tx, reference: &str) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM receipts WHERE ref = ?";
    Ok(tx.int(sql, vals![reference]).await? > 0)
}

/// Where products are put when nobody says otherwise: (product, location).
///
/// # Errors
/// The store's.
pub async fn homes(tx: &mut Tx, products: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
    let from = tx.ids();
    let sql = format!(
        "SELECT p.id, COALESCE(p.home_location, 1) FROM {from} JOIN products p ON p.id = j.id"
    );
    tx.all(&sql, vals![json_list(products)]).await
}
