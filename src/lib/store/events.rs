//! What happened, append-only: one row a fact, for the live log and for explanations.

use serde::Serialize;
use serde_json::Value;

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// The version of the payloads written now.
const VERSION: i64 = 1;

/// A fact to be written.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened, such as `order.reserved`.
    pub kind: &'static str,
    /// To what: `order:woo:1042`, `sku:AB-1`, `job:sync`.
    pub subject: String,
    /// The particulars.
    pub payload: Value,
}

impl Event {
    /// A fact about a subject.
    pub fn new(kind: &'static str, subject: impl Into<String>, payload: Value) -> Self {
        Self {
            kind,
            subject: subject.into(),
            payload,
        }
    }
}

/// A fact as stored.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its number. Numbers may become visible out of order.
    pub id: i64,
    /// When.
    pub at: UtcMs,
    /// In which run.
    pub run: String,
    /// By whom.
    pub actor: String,
    /// What happened.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// The particulars.
    pub payload: Value,
}

/// Writes facts, all or none.
///
/// # Errors
/// The store's.
pub async fn append(tx: &mut Tx, stamp: &Stamp, events: &[Event]) -> Result<(), StoreError> {
    for alike in events.chunk_by(|a, b| a.kind == b.kind) {
        let rows: Vec<(&str, String)> = alike
            .iter()
            .map(|event| (event.subject.as_str(), event.payload.to_string()))
            .collect();
        let same = [
            ("at", stamp.at.into()),
            ("run", (&stamp.run).into()),
            ("actor", (&stamp.actor).into()),
            ("kind", alike[0].kind.into()),
            ("version", VERSION.into()),
        ];
        let columns = [("subject", Type::Text), ("payload", Type::Text)];
        tx.insert_alike("events", &same, &columns, &rows).await?;
    }
    Ok(())
}

/// Facts with numbers above `after`, oldest first; of one subject, where one is given.
///
/// # Errors
/// The store's.
pub async fn after(
    tx: &mut Tx,
    after: i64,
    subject: Option<&str>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<(i64, i64, String, String, String, String, String)> = tx
        .all(
            "SELECT id, at, run, actor, kind, subject, payload FROM events \
             WHERE id > ? AND (? IS NULL OR subject = ?) ORDER BY id LIMIT ?",
            vals![after, subject, subject, limit],
        )
        .await?;
    Ok(rows.into_iter().map(to_row).collect())
}

/// The newest facts, oldest first; of one subject, where one is given.
///
/// # Errors
/// The store's.
pub async fn newest(
    tx: &mut Tx,
    subject: Option<&str>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<(i64, i64, String, String, String, String, String)> = tx
        .all(
            "SELECT id, at, run, actor, kind, subject, payload FROM events \
             WHERE (? IS NULL OR subject = ?) ORDER BY id DESC LIMIT ?",
            vals![subject, subject, limit],
        )
        .await?;
    Ok(rows.into_iter().rev().map(to_row).collect())
}

fn to_row(row: (i64, i64, String, String, String, String, String)) -> Row {
    let (id, at, run, actor, kind, subject, payload) = row;
    Row {
        id,
        at: UtcMs(at),
        run,
        actor,
        kind,
        subject,
        payload: serde_json::from_str(&payload).unwrap_or(Value::String(payload)),
    }
}
