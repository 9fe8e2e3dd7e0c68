//! What orders lack, since when, and what is on its way.

use std::collections::HashMap;

use serde::Serialize;

use crate::store::StoreError;
use crate::store::dialect::{Tx, json_list, vals};

/// A product that orders lack.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Lacking {
    /// The product's id.
    #[serde(skip)]
    pub id: i64,
    /// The SKU.
    pub sku: String,
    /// The title.
    pub title: String,
    /// Units lacking.
    pub units: i64,
}

/// The products that orders lack, the one that was asked for first on top, from `skip` on:
/// by when its oldest order was placed, which need not be the one that came in first.
///
/// # Errors
/// The store's.
pub async fn lacking(tx: &mut Tx, skip: i64, limit: i64) -> Result<Vec<Lacking>, StoreError> {
    tx.all(
        "SELECT p.id, p.sku, p.title, d.units FROM \
           (SELECT d.product_id, CAST(SUM(d.open) AS SIGNED) AS units, \
              MIN(o.placed_at) AS since \
            FROM order_demands d JOIN order_lines l ON l.id = d.line_id \
            JOIN orders o ON o.id = l.order_id WHERE d.open > 0 GROUP BY d.product_id) d \
         JOIN products p ON p.id = d.product_id WHERE p.stocked = 1 \
         ORDER BY d.since, p.id LIMIT ? OFFSET ?",
        vals![limit, skip],
    )
    .await
}

/// An order that lacks units of a product.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Waiting {
    /// The product.
    #[serde(skip)]
    pub product_id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// When it was placed, in UTC milliseconds.
    pub placed_at: i64,
    /// Units it lacks.
    pub units: i64,
}

/// The orders that lack units of some products, oldest first.
///
/// # Errors
/// The store's.
pub async fn waiting(
    tx: &mut Tx,
    products: &[i64],
) -> Result<HashMap<i64, Vec<Waiting>>, StoreError> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = tx.wanted();
    let rows: Vec<Waiting> = tx
        .all(
            &format!(
                "SELECT d.product_id, CONCAT(a.name, ':', o.number) AS order_ref, o.placed_at, \
                   CAST(SUM(d.open) AS SIGNED) AS units \
                 FROM order_demands d JOIN {wanted} ON w.id = d.product_id \
                 JOIN order_lines l ON l.id = d.line_id JOIN orders o ON o.id = l.order_id \
                 JOIN channel_accounts a ON a.id = o.account_id WHERE d.open > 0 \
                 GROUP BY d.product_id, o.id, a.name, o.number, o.placed_at \
                 ORDER BY o.placed_at, o.id"
            ),
            vals![json_list(products)],
        )
        .await?;
    let mut by_product: HashMap<i64, Vec<Waiting>> = HashMap::new();
    for row in rows {
        by_product.entry(row.product_id).or_default().push(row);
    }
    Ok(by_product)
}

/// Units of a product that a purchase order still brings.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Expected {
    /// The product.
    #[serde(skip)]
    pub product_id: i64,
    /// The purchase order.
    pub number: String,
    /// The supplier's code.
    pub supplier: String,
    /// The day it is expected: `YYYY-MM-DD`.
    pub expected_on: String,
    /// Units still to come.
    pub units: i64,
}

/// What open purchase orders still bring of some products, the soonest first.
///
/// # Errors
/// The store's.
pub async fn expected(
    tx: &mut Tx,
    products: &[i64],
) -> Result<HashMap<i64, Vec<Expected>>, StoreError> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = tx.wanted();
    let rows: Vec<Expected> = tx
        .all(
            &format!(
                "SELECT l.product_id, o.number, s.code AS supplier, l.expected_on, \
                   l.quantity - l.received AS units \
                 FROM {wanted} JOIN purchase_order_lines l ON l.product_id = w.id \
                 JOIN purchase_orders o ON o.id = l.po_id \
                 JOIN suppliers s ON s.id = o.supplier_id \
                 WHERE o.closed_at IS NULL AND l.received < l.quantity \
                 ORDER BY l.expected_on, l.id"
            ),
            vals![json_list(products)],
        )
        .await?;
    let mut by_product: HashMap<i64, Vec<Expected>> = HashMap::new();
    for row in rows {
        by_product.entry(row.product_id).or_default().push(row);
    }
    Ok(by_product)
}
