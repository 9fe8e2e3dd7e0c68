//! What lies where and what it cost, now or at the end of a day.

use super::StoreError;
use super::dialect::{Tx, vals};
use crate::domain::time::UtcMs;

/// A lot with its cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Its id.
    pub id: i64,
    /// Its product.
    pub product: i64,
    /// Its name.
    pub code: String,
    /// The day it came in.
    pub received_on: String,
    /// Units it came in with.
    pub quantity: i64,
    /// What it cost by then, in minor units.
    pub cost_minor: i64,
    /// In which currency; none where nothing was known.
    pub currency: Option<String>,
}

/// The lots that had come in by the end of a day, or all, each with what it had cost by then.
///
/// # Errors
/// The store's.
pub async fn lots(tx: &mut Tx, day: Option<&str>) -> Result<Vec<Lot>, StoreError> {
    type Row = (i64, i64, String, String, i64, i64, Option<String>);
    let rows: Vec<Row> = tx
        .many(
            "l.id, l.product_id, l.code, l.received_on, l.quantity, COALESCE(c.cost, 0), \
             c.currency",
            "lots l LEFT JOIN (SELECT lot_id, CAST(SUM(amount_minor) AS SIGNED) AS cost, \
               MAX(currency) AS currency FROM lot_costs \
               WHERE (? IS NULL OR booked_on <= ?) GROUP BY lot_id) c ON c.lot_id = l.id \
             WHERE (? IS NULL OR l.received_on <= ?)",
            vals![day, day, day, day],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(
            |(id, product, code, received_on, quantity, cost_minor, currency)| Lot {
                id,
                product,
                code,
                received_on,
                quantity,
                cost_minor,
                currency,
            },
        )
        .collect())
}

/// Units by lot and location: (lot, location, units), those with none left out.
///
/// # Errors
/// The store's.
pub async fn units(tx: &mut Tx) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    tx.many(
        "lot_id, location_id, on_hand",
        "balances WHERE on_hand <> 0",
        vals![],
    )
    .await
}

/// What has moved within the house or left it since a point in time: (lot, from where,
/// where to, units).
///
/// # Errors
/// The store's.
pub async fn moved_since(
    tx: &mut Tx,
    since: UtcMs,
) -> Result<Vec<(i64, i64, Option<i64>, i64)>, StoreError> {
    tx.many(
        "lot_id, from_location, to_location, units",
        "(SELECT lot_id, from_location, to_location, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM stock_moves WHERE at >= ? AND from_location IS NOT NULL \
           GROUP BY lot_id, from_location, to_location) s",
        vals![since],
    )
    .await
}

/// The SKU of each product: (id, SKU).
///
/// # Errors
/// The store's.
pub async fn skus(tx: &mut Tx) -> Result<Vec<(i64, String)>, StoreError> {
    tx.many("id, sku", "products", vals![]).await
}
