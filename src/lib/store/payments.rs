//! Money in and money back: the payments and refunds of orders, each with its date.

use super::StoreError;
use super::dialect::{Tx, vals};
use crate::domain::order::{Payment, Refund};
use crate::domain::time::UtcMs;

/// Keeps the payments of an order. A payment the shop no longer tells of is kept too.
///
/// # Errors
/// The store's.
pub async fn put(tx: &mut Tx, order: i64, payments: &[Payment]) -> Result<(), StoreError> {
    for payment in payments {
        let there: Option<(i64,)> = tx
            .opt(
                // A shop may name the gateway's transaction only later.
                "SELECT id FROM payments WHERE order_id = ? \
                 AND (external_id = ? OR (amount_minor = ? AND paid_at = ?)) ORDER BY id",
                vals![
                    order,
                    &payment.external_id,
                    payment.amount_minor,
                    payment.paid_at
                ],
            )
            .await?;
        match there {
            Some((id,)) => {
                tx.run(
                    "UPDATE payments SET external_id = ?, method = ?, amount_minor = ?, \
                     paid_at = ? WHERE id = ?",
                    vals![
                        &payment.external_id,
                        &payment.method,
                        payment.amount_minor,
                        payment.paid_at,
                        id
                    ],
                )
                .await?;
            }
            None => {
                tx.run(
                    "INSERT INTO payments (order_id, external_id, method, amount_minor, paid_at) \
                     VALUES (?, ?, ?, ?, ?)",
                    vals![
                        order,
                        &payment.external_id,
                        &payment.method,
                        payment.amount_minor,
                        payment.paid_at
                    ],
                )
                .await?;
            }
        }
    }
    Ok(())
}

/// Keeps the refunds of an order; those the shop no longer has are marked as gone.
///
/// # Errors
/// The store's.
pub async fn put_refunds(
    tx: &mut Tx,
    order: i64,
    refunds: &[Refund],
    now: UtcMs,
) -> Result<(), StoreError> {
    let there: Vec<(i64, String)> = tx
        .all(
            "SELECT id, external_id FROM order_refunds WHERE order_id = ?",
            vals![order],
        )
        .await?;
    for (id, external_id) in &there {
        let gone = !refunds.iter().any(|r| r.external_id == *external_id);
        let sql = if gone {
            "UPDATE order_refunds SET gone_at = ? WHERE id = ? AND gone_at IS NULL"
        } else {
            "UPDATE order_refunds SET gone_at = NULL WHERE ? > 0 AND id = ? AND gone_at IS NOT NULL"
        };
        tx.run(sql, vals![now, *id]).await?;
    }
    for refund in refunds {
        if there.iter().any(|(_, id)| *id == refund.external_id) {
            continue;
        }
        let id = tx
            .insert(
                "INSERT INTO order_refunds (order_id, external_id, amount_minor, reason, \
                 refunded_at) VALUES (?, ?, ?, ?, ?)",
                vals![
                    order,
                    &refund.external_id,
                    refund.amount_minor,
                    &refund.reason,
                    refund.refunded_at
                ],
            )
            .await?;
        for line in &refund.lines {
            tx.run(
                "INSERT INTO order_refund_lines (refund_id, line_external_id, quantity, \
                 amount_minor) VALUES (?, ?, ?, ?)",
                vals![id, &line.line_external_id, line.quantity, line.amount_minor],
            )
            .await?;
        }
    }
    Ok(())
}

/// The payments of an order: (method, minor units, when).
///
/// # Errors
/// The store's.
pub async fn of_order(tx: &mut Tx, order: i64) -> Result<Vec<(String, i64, i64)>, StoreError> {
    tx.all(
        "SELECT method, amount_minor, paid_at FROM payments WHERE order_id = ? ORDER BY paid_at",
        vals![order],
    )
    .await
}

/// The refunds of an order that stand: (reason, minor units, when).
///
/// # Errors
/// The store's.
pub async fn refunds(tx: &mut Tx, order: i64) -> Result<Vec<(String, i64, i64)>, StoreError> {
    tx.all(
        "SELECT reason, amount_minor, refunded_at FROM order_refunds \
         WHERE order_id = ? AND gone_at IS NULL ORDER BY refunded_at",
        vals![order],
    )
    .await
}
