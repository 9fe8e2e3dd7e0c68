//! What left the house at which cost, read back.

use serde::Serialize;

use super::StoreError;
use super::dialect::{Tx, vals};

/// An entry as shown.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// The business day.
    pub booked_on: String,
    /// `dispatch`, `write_off`, `late_cost`, `return`.
    pub kind: String,
    /// The shipment it left with.
    pub shipment_id: Option<i64>,
    /// The demand it served.
    pub demand_id: Option<i64>,
    /// The line of the order.
    #[serde(skip)]
    pub line_id: Option<i64>,
    /// Units in one ordered piece.
    #[serde(skip)]
    pub per_kit: Option<i64>,
    /// The SKU as ordered: that of the kit, where it left as part of one.
    pub ordered_sku: Option<String>,
    /// The SKU.
    pub sku: String,
    /// The lot's id.
    pub lot_id: i64,
    /// The lot.
    pub lot: String,
    /// The day the lot came in.
    pub received_on: String,
    /// Units the lot came in with.
    pub lot_quantity: i64,
    /// The place of the first unit in its lot.
    pub first_unit: Option<i64>,
    /// Units.
    pub quantity: i64,
    /// What they cost, in minor units.
    pub cost_minor: i64,
    /// In which currency; empty where no cost is known.
    pub currency: String,
    /// Units of the lot in the house afterwards.
    pub lot_units: i64,
    /// What those cost.
    pub lot_cost: i64,
    /// Units of the SKU in the house afterwards.
    pub sku_units: Option<i64>,
    /// What those cost.
    pub sku_cost: Option<i64>,
}

/// A part of a lot's cost as shown.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Component {
    /// Its number: those of a lot count up as they came.
    pub id: i64,
    /// The lot's id.
    pub lot_id: i64,
    /// What it was paid for.
    pub component: String,
    /// Minor units of the tenant's currency.
    pub amount_minor: i64,
    /// That currency.
    pub currency: String,
    /// What was paid, in minor units of the currency paid in.
    pub source_minor: i64,
    /// That currency.
    pub source_currency: String,
    /// How the one becomes the other.
    pub rate: Option<String>,
    /// Who says so.
    pub rate_source: Option<String>,
    /// The paper it stands on.
    pub document: String,
    /// The business day.
    pub booked_on: String,
    /// When it was noted.
    pub at: i64,
}

const ENTRY: &str = "SELECT e.id, e.booked_on, e.kind, e.shipment_id, e.demand_id, \
    ol.id AS line_id, d.per_kit, ol.sku AS ordered_sku, p.sku, e.lot_id, l.code AS lot, l.received_on, \
    l.quantity AS lot_quantity, e.first_unit, e.quantity, e.cost_minor, e.currency, \
    e.lot_units, e.lot_cost, e.sku_units, e.sku_cost \
    FROM cogs_entries e JOIN lots l ON l.id = e.lot_id JOIN products p ON p.id = e.product_id \
    LEFT JOIN order_demands d ON d.id = e.demand_id \
    LEFT JOIN order_lines ol ON ol.id = d.line_id";

/// The entries of a shipment.
///
/// # Errors
/// The store's.
pub async fn of_shipment(tx: &mut Tx, shipment: i64) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("{ENTRY} WHERE e.shipment_id = ? ORDER BY e.id");
    tx.all(&sql, vals![shipment]).await
}

/// The entries of an order, returns included.
///
/// # Errors
/// The store's.
pub async fn of_order(tx: &mut Tx, order: i64) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("{ENTRY} WHERE ol.order_id = ? ORDER BY ol.id, e.id");
    tx.all(&sql, vals![order]).await
}

/// What the lots of an order's entries cost, component by component.
///
/// # Errors
/// The store's.
pub async fn components(tx: &mut Tx, order: i64) -> Result<Vec<Component>, StoreError> {
    tx.all(
        "SELECT c.id, c.lot_id, c.component, c.amount_minor, c.currency, c.source_minor, \
           c.source_currency, c.rate, c.rate_source, c.document, c.booked_on, c.at \
         FROM lot_costs c WHERE c.lot_id IN (SELECT e.lot_id FROM cogs_entries e \
           JOIN order_demands d ON d.id = e.demand_id \
           JOIN order_lines ol ON ol.id = d.line_id WHERE ol.order_id = ?) \
         ORDER BY c.lot_id, c.id",
        vals![order],
    )
    .await
}

/// The late costs that were booked on a lot after some entry of it, with the entry's number:
/// (late entry, lot, lot cost).
///
/// # Errors
/// The store's.
pub async fn late(tx: &mut Tx, order: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    tx.all(
        "SELECT e.id, e.lot_id, e.lot_cost_id FROM cogs_entries e \
         WHERE e.kind = 'late_cost' AND e.lot_id IN (SELECT x.lot_id FROM cogs_entries x \
           JOIN order_demands d ON d.id = x.demand_id \
           JOIN order_lines ol ON ol.id = d.line_id WHERE ol.order_id = ?) ORDER BY e.id",
        vals![order],
    )
    .await
}

/// A product's lot by its name.
///
/// # Errors
/// The store's.
pub async fn lot(tx: &mut Tx, product: i64, code: &str) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> = tx
        .opt(
            "SELECT id FROM lots WHERE product_id = ? AND code = ?",
            vals![product, code],
        )
        .await?;
    Ok(row.map(|(id,)| id))
}
