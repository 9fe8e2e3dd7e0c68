//! Which round holds which order, and until when.

use super::only_one;
use crate::domain::time::UtcMs;
use crate::store::dialect::{Tx, json_list, vals};
use crate::store::{Stamp, StoreError};

/// Who holds an order.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Holder {
    /// The order's id.
    pub order_id: i64,
    /// The task that holds it.
    pub task_id: i64,
    /// That task's state.
    pub task_state: String,
    /// The round.
    pub wave_id: i64,
    /// The round's state.
    pub wave_state: String,
    /// Who walks or walked it.
    pub packer: String,
    /// When it may be taken over, in UTC milliseconds.
    pub expires_at: i64,
}

impl Holder {
    /// Whether the round is walked no more, as far as one can tell, and others may take over.
    #[must_use]
    pub fn has_expired(&self, now: UtcMs) -> bool {
        self.wave_state == "picking" && self.expires_at <= now.0
    }
}

/// Who holds these orders.
///
/// # Errors
/// The store's.
pub async fn holders(tx: &mut Tx, orders: &[i64]) -> Result<Vec<Holder>, StoreError> {
    let wanted = tx.ids();
    tx.all(
        &format!(
            "SELECT t.order_id, t.id AS task_id, t.state AS task_state, w.id AS wave_id, \
               w.state AS wave_state, w.packer, w.expires_at \
             FROM {wanted} JOIN pick_tasks t ON t.holds = j.id \
             JOIN pick_waves w ON w.id = t.wave_id ORDER BY t.id"
        ),
        vals![json_list(orders)],
    )
    .await
}

/// Notes a round that begins; gives its number.
///
/// # Errors
/// The claim is taken, or the store's.
pub async fn begin(
    tx: &mut Tx,
    stamp: &Stamp,
    claim: &str,
    expires_at: UtcMs,
) -> Result<i64, StoreError> {
    tx.insert(
        "INSERT INTO pick_waves (claim, packer, state, started_at, expires_at, run) \
         VALUES (?, ?, 'picking', ?, ?, ?)",
        vals![claim, &stamp.actor, stamp.at, expires_at, &stamp.run],
    )
    .await
}

/// Lets a round hold an order; gives the task.
///
/// # Errors
/// Somebody holds it ([`StoreError::is_duplicate`]), or the store's.
pub async fn hold(tx: &mut Tx, wave: i64, order: i64, tote: i64) -> Result<i64, StoreError> {
    tx.insert(
        "INSERT INTO pick_tasks (wave_id, order_id, holds, tote, state) \
         VALUES (?, ?, ?, ?, 'picking')",
        vals![wave, order, order, tote],
    )
    .await
}

/// Ends a round that is in one of two states.
///
/// # Errors
/// A conflict, where its state has changed meanwhile; or the store's.
pub async fn end(
    tx: &mut Tx,
    stamp: &Stamp,
    wave: i64,
    was: &str,
    state: &str,
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_waves SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
            vals![state, stamp.at, wave, was],
        )
        .await?;
    only_one(changed, || format!("round {wave} is not {was} any more"))
}

/// Puts the end of a claim off.
///
/// # Errors
/// A conflict, where the round is not walked any more; or the store's.
pub async fn extend(tx: &mut Tx, wave: i64, until: UtcMs) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_waves SET expires_at = CASE WHEN expires_at < ? THEN ? ELSE expires_at END \
             WHERE id = ? AND state = 'picking'",
            vals![until, until, wave],
        )
        .await?;
    only_one(changed, || format!("round {wave} has ended"))
}

/// Sets a task's state; one that is given back holds its order no more.
///
/// # Errors
/// A conflict, where its state has changed meanwhile; or the store's.
pub async fn set_task(tx: &mut Tx, task: i64, was: &str, state: &str) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_tasks SET state = ?, \
               holds = CASE WHEN ? = 'released' THEN NULL ELSE holds END \
             WHERE id = ? AND state = ?",
            vals![state, state, task, was],
        )
        .await?;
    only_one(changed, || format!("task {task} is not {was} any more"))
}
