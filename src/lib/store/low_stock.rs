//! Reorder points, and which products have come down to theirs.

use std::collections::HashMap;

use super::StoreError;
use super::dialect::{Tx, vals};
use crate::domain::time::UtcMs;

/// A product that has come down to its reorder point, or is above it again.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Turned {
    /// Its id.
    pub id: i64,
    /// Its SKU.
    pub sku: String,
    /// Its reorder point; none where it has none any more.
    pub reorder_point: Option<i64>,
    /// Units that may be sold and are nobody's.
    pub available: i64,
    /// Whether there are few of it now.
    pub is_low: bool,
}

/// The products whose `low_since` is not what their stock says, by SKU.
///
/// # Errors
/// The store's.
pub async fn turned(tx: &mut Tx) -> Result<Vec<Turned>, StoreError> {
    tx.all(
        "SELECT id, sku, reorder_point, available, \
           CASE WHEN available <= reorder_point THEN 1 ELSE 0 END AS is_low \
         FROM (SELECT p.id, p.sku, p.reorder_point, p.low_since, \
             COALESCE((SELECT CAST(SUM( \
                 CASE WHEN o.sellable = 1 THEN b.on_hand ELSE 0 END - b.reserved) AS SIGNED) \
               FROM balances b JOIN locations o ON o.id = b.location_id \
               WHERE b.product_id = p.id), 0) - COALESCE(d.units, 0) AS available \
           FROM products p LEFT JOIN (SELECT product_id, CAST(SUM(open) AS SIGNED) AS units \
             FROM order_demands WHERE open > 0 GROUP BY product_id) d ON d.product_id = p.id \
           WHERE p.reorder_point IS NOT NULL OR p.low_since IS NOT NULL) t \
         WHERE CASE WHEN available <= reorder_point THEN 1 ELSE 0 END \
           <> CASE WHEN low_since IS NULL THEN 0 ELSE 1 END ORDER BY sku",
        vals![],
    )
    .await
}

/// From how few units on products are bought again, where a person has said so.
///
/// # Errors
/// The store's.
pub async fn reorder_points(tx: &mut Tx) -> Result<HashMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, i64)> = tx
        .all(
            "SELECT id, reorder_point FROM products WHERE reorder_point IS NOT NULL",
            vals![],
        )
        .await?;
    Ok(rows.into_iter().collect())
}

/// Notes since when there have been few of these products; `None`: there are enough.
///
/// # Errors
/// The store's.
pub async fn set_since(tx: &mut Tx, ids: &[i64], since: Option<UtcMs>) -> Result<(), StoreError> {
    tx.set_many("products", "low_since", since, ids).await
}
