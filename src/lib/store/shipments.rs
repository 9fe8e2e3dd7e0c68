//! Goods of an order that left together.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// A shipment to be noted.
#[derive(Debug, Clone)]
pub struct NewShipment<'a> {
    /// Its order.
    pub order: i64,
    /// `manual`, or `shop` where only the shop says that it left.
    pub source: &'a str,
    /// Who carries it; empty where nobody has said.
    pub carrier: &'a str,
    /// The carrier's number for it; empty where nobody has said.
    pub tracking: &'a str,
    /// When it left.
    pub shipped_at: UtcMs,
    /// The business day of that.
    pub shipped_on: &'a str,
}

/// A shipment as shown.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// `manual` or `shop`.
    pub source: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking: String,
    /// The business day it left on.
    pub shipped_on: String,
    /// Units in it.
    pub units: i64,
}

/// Notes a shipment and what is in it: (demand, units). Gives its number.
///
/// # Errors
/// The store's.
pub async fn insert(
    tx: &mut Tx,
    stamp: &Stamp,
    shipment: &NewShipment<'_>,
    items: &[(i64, i64)],
) -> Result<i64, StoreError> {
    let id = tx
        .insert(
            "INSERT INTO shipments (order_id, source, carrier, tracking, shipped_at, shipped_on, \
             actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            vals![
                shipment.order,
                shipment.source,
                shipment.carrier,
                shipment.tracking,
                shipment.shipped_at,
                shipment.shipped_on,
                &stamp.actor,
                &stamp.run
            ],
        )
        .await?;
    let rows: Vec<Value> = items
        .iter()
        .map(|(d, units)| json!([id, d, units]))
        .collect();
    let columns = [
        ("shipment_id", Type::Int),
        ("demand_id", Type::Int),
        ("quantity", Type::Int),
    ];
    tx.insert_many("shipment_items", &columns, &rows).await?;
    Ok(id)
}

/// Gives a shipment another number: its label was bought anew.
///
/// # Errors
/// The store's.
pub async fn set_tracking(tx: &mut Tx, shipment: i64, tracking: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE shipments SET tracking = ? WHERE id = ?",
        vals![tracking, shipment],
    )
    .await?;
    Ok(())
}

/// The shipments of an order, oldest first.
///
/// # Errors
/// The store's.
pub async fn of_order(tx: &mut Tx, order: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        "SELECT s.id, CONCAT(a.name, ':', o.number) AS order_ref, s.source, s.carrier, \
           s.tracking, s.shipped_on, \
           COALESCE((SELECT CAST(SUM(i.quantity) AS SIGNED) FROM shipment_items i \
             WHERE i.shipment_id = s.id), 0) AS units \
         FROM shipments s JOIN orders o ON o.id = s.order_id \
         JOIN channel_accounts a ON a.id = o.account_id WHERE s.order_id = ? ORDER BY s.id",
        vals![order],
    )
    .await
}

/// Orders of a channel that left by hand, of which nothing more is wanted, and of which the
/// shop neither says that they have left nor is to be told: (the shop's id, number, newest
/// shipment).
///
/// # Errors
/// The store's.
pub async fn left_untold(
    tx: &mut Tx,
    channel: &str,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    tx.all(
        "SELECT o.external_id, o.number, MAX(s.id) FROM shipments s \
         JOIN orders o ON o.id = s.order_id JOIN channel_accounts a ON a.id = o.account_id \
         WHERE s.source = 'manual' AND o.rule = 'ship' AND a.name = ? \
           AND NOT EXISTS (SELECT 1 FROM order_lines l JOIN order_demands d ON d.line_id = l.id \
             WHERE l.order_id = o.id AND d.quantity > d.shipped) \
           AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.state <> 'failed' \
             AND x.intent LIKE CONCAT('status:', a.name, ':', o.external_id, ':%')) \
         GROUP BY o.id, o.external_id, o.number ORDER BY o.id",
        vals![channel],
    )
    .await
}
