//! What keeps orders from being shipped.

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
