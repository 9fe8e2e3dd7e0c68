//! What keeps orders from being shipped.

use serde::Serialize;

use super::StoreError;
use super::dialect::{Tx, vals};
use crate::domain::time::UtcMs;

/// Sets or lifts the hold of a kind; gives whether anything changed.
///
/// # Errors
/// The store's.
pub async fn set(
    tx: &mut Tx,
    order: i64,
    kind: &str,
    reason: Option<&str>,
    now: UtcMs,
) -> Result<bool, StoreError> {
    let there: Option<(i64,)> = tx
        .opt(
            "SELECT id FROM order_holds WHERE order_id = ? AND kind = ? AND released_at IS NULL",
            vals![order, kind],
        )
        .await?;
    match (there, reason) {
        (None, Some(reason)) => {
            tx.run(
                "INSERT INTO order_holds (order_id, kind, reason, since) VALUES (?, ?, ?, ?)",
                vals![order, kind, reason, now],
            )
            .await?;
            Ok(true)
        }
        (Some((id,)), None) => {
            tx.run(
                "UPDATE order_holds SET released_at = ? WHERE id = ?",
                vals![now, id],
            )
            .await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A hold as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// Who bought.
    pub customer: String,
    /// The shop's status of the order.
    pub status: String,
    /// `payment`, `address`, `fraud`, `manual`.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Since when, in UTC milliseconds.
    pub since: i64,
    /// When it was released, in UTC milliseconds.
    pub released_at: Option<i64>,
}

const ROW: &str = "SELECT h.id, CONCAT(a.name, ':', o.number) AS order_ref, o.customer, o.status, \
    h.kind, h.reason, h.since, h.released_at \
    FROM order_holds h JOIN orders o ON o.id = h.order_id \
    JOIN channel_accounts a ON a.id = o.account_id";

/// The holds of an order, those that stand first, then the newest.
///
/// # Errors
/// The store's.
pub async fn of_order(tx: &mut Tx, order: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!(
            "{ROW} WHERE h.order_id = ? \
             ORDER BY CASE WHEN h.released_at IS NULL THEN 0 ELSE 1 END, h.id DESC"
        ),
        vals![order],
    )
    .await
}

/// The holds that stand with numbers below `before`, newest first.
///
/// # Errors
/// The store's.
pub async fn standing(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!("{ROW} WHERE h.released_at IS NULL AND h.id < ? ORDER BY h.id DESC LIMIT ?"),
        vals![before, limit],
    )
    .await
}
