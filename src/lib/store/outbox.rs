//! What is to be done outside, noted in the transaction that decides it, before it is done.
//! An intent is there once; what became of it is noted as well.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or was done already.
    Done(String),
    /// It is not known to be done; it is looked at again from then on.
    Again(String, UtcMs),
    /// A person has to decide.
    NeedsDecision(String),
    /// It is not to be done any more.
    Dropped(String),
}

/// An intent as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// What is to be done, such as `woocommerce.order_status`.
    pub kind: String,
    /// What makes it unique.
    pub intent: String,
    /// The particulars, as JSON.
    pub request: String,
    /// `planned`, `calling`, `unknown`, `done`, `failed`, `needs_decision`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is looked at next.
    pub next_at: i64,
    /// What came of it, in words.
    pub answer: String,
    /// When it was planned.
    pub created_at: i64,
}

const ROW: &str = "SELECT id, kind, intent, request, state, attempts, next_at, answer, \
    created_at FROM outbox";

/// A state in which an intent is still to be done, where its time has come.
const DUE: &str = "state IN ('planned', 'unknown', 'calling') AND next_at <= ?";

/// Plans something; the same intent a second time changes nothing.
///
/// # Errors
/// The store's.
pub async fn plan(
    tx: &mut Tx,
    stamp: &Stamp,
    kind: &str,
    intent: &str,
    request: &Value,
) -> Result<(), StoreError> {
    let request = request.to_string();
    let digest = Sha256::digest(request.as_bytes());
    let hash: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    tx.run(
        "INSERT INTO outbox (kind, intent, request, request_hash, state, attempts, next_at, \
           answer, created_at, updated_at, actor, run) \
         SELECT ?, ?, ?, ?, 'planned', 0, ?, '', ?, ?, ?, ? FROM instance \
         WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.intent = ?)",
        vals![
            kind,
            intent,
            request,
            hash,
            stamp.at,
            stamp.at,
            stamp.at,
            &stamp.actor,
            &stamp.run,
            intent
        ],
    )
    .await?;
    Ok(())
}

/// What of a kind is to be done now, oldest first; one that was begun and never ended
/// counts once its time is over.
///
/// # Errors
/// The store's.
pub async fn due(tx: &mut Tx, kind: &str, now: UtcMs) -> Result<Vec<Row>, StoreError> {
    let sql = format!("{ROW} WHERE kind = ? AND {DUE} ORDER BY id");
    tx.all(&sql, vals![kind, now]).await
}

/// The intent that is called so.
///
/// # Errors
/// The store's.
pub async fn by_intent(tx: &mut Tx, intent: &str) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE intent = ?"), vals![intent])
        .await
}

/// Takes an intent on, so that no other run does it meanwhile; gives whether it is ours.
///
/// # Errors
/// The store's.
pub async fn claim(tx: &mut Tx, row: &Row, now: UtcMs, until: UtcMs) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE outbox SET state = 'calling', attempts = attempts + 1, next_at = ?, \
         updated_at = ? WHERE id = ? AND attempts = ? AND {DUE}"
    );
    let changed = tx
        .run(&sql, vals![until, now, row.id, row.attempts, now])
        .await?;
    Ok(changed == 1)
}

/// Notes what became of an intent that this run has claimed; gives whether it still was its.
///
/// # Errors
/// The store's.
pub async fn settle(
    tx: &mut Tx,
    row: &Row,
    now: UtcMs,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    set(tx, row.id, ("calling", row.attempts + 1), now, outcome).await
}

/// Notes what a person has decided about an intent, as that person has seen it.
///
/// # Errors
/// A conflict, where it has changed since; or the store's.
pub async fn decide(
    tx: &mut Tx,
    row: &Row,
    now: UtcMs,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    if set(tx, row.id, (&row.state, row.attempts), now, outcome).await? {
        return Ok(());
    }
    let text = format!("intent {} has changed meanwhile", row.id);
    Err(StoreError::Conflict(text))
}

async fn set(
    tx: &mut Tx,
    id: i64,
    (was, attempts): (&str, i64),
    now: UtcMs,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let (state, answer, next_at) = match outcome {
        Outcome::Done(answer) => ("done", answer, now),
        Outcome::Again(answer, at) => ("unknown", answer, *at),
        Outcome::NeedsDecision(answer) => ("needs_decision", answer, now),
        Outcome::Dropped(answer) => ("failed", answer, now),
    };
    let changed = tx
        .run(
            "UPDATE outbox SET state = ?, answer = ?, next_at = ?, updated_at = ? \
             WHERE id = ? AND state = ? AND attempts = ?",
            vals![state, answer, next_at, now, id, was, attempts],
        )
        .await?;
    Ok(changed == 1)
}

/// What is not done yet, oldest first; with all that ever was, newest first.
///
/// # Errors
/// The store's.
pub async fn list(tx: &mut Tx, all: bool) -> Result<Vec<Row>, StoreError> {
    let sql = if all {
        format!("{ROW} ORDER BY id DESC LIMIT 200")
    } else {
        format!("{ROW} WHERE state NOT IN ('done', 'failed') ORDER BY id")
    };
    tx.all(&sql, vals![]).await
}

/// One intent.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE id = ?"), vals![id]).await
}
