//! What happened, append-only: one row a fact, for the live log and for explanations.

use serde::Serialize;
use serde_json::Value;

use super::dialect::{Tx, Type, json_list, vals};
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

/// The newest numbers, up to so many, oldest first, with the number before all that may be
/// among them: what is missing in between may come yet.
///
/// # Errors
/// The store's.
pub async fn numbers(tx: &mut Tx, limit: i64) -> Result<(i64, Vec<i64>), StoreError> {
    let (last,): (i64,) = tx
        .one("SELECT COALESCE(MAX(id), 0) FROM events", vals![])
        .await?;
    let before = (last - limit).max(0);
    Ok((before, numbers_after(tx, before, limit).await?))
}

/// The numbers above one, up to so many, oldest first.
///
/// # Errors
/// The store's.
pub async fn numbers_after(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = tx
        .all(
            "SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?",
            vals![after, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The facts with these numbers, by number.
///
/// # Errors
/// The store's.
pub async fn by_numbers(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Row>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = tx.wanted();
    let rows: Vec<(i64, i64, String, String, String, String, String)> = tx
        .all(
            &format!(
                "SELECT e.id, e.at, e.run, e.actor, e.kind, e.subject, e.payload \
                 FROM {wanted} JOIN events e ON e.id = w.id ORDER BY e.id"
            ),
            vals![json_list(numbers)],
        )
        .await?;
    Ok(rows.into_iter().map(to_row).collect())
}

/// The newest facts whose kind begins so, newest first; of one subject, where one is given,
/// else among the newest `among` facts.
///
/// # Errors
/// The store's.
pub async fn of_kind(
    tx: &mut Tx,
    kind: &str,
    subject: Option<&str>,
    among: i64,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    const COLUMNS: &str = "SELECT id, at, run, actor, kind, subject, payload FROM events";
    let below = format!("{kind}\u{10ffff}");
    let rows: Vec<(i64, i64, String, String, String, String, String)> = match subject {
        Some(subject) => {
            let sql = format!(
                "{COLUMNS} WHERE subject = ? AND kind >= ? AND kind < ? ORDER BY id DESC LIMIT ?"
            );
            tx.all(&sql, vals![subject, kind, below, limit]).await?
        }
        None => {
            let sql = format!(
                "{COLUMNS} WHERE id > ? AND kind >= ? AND kind < ? ORDER BY id DESC LIMIT ?"
            );
            let (last,): (i64,) = tx
                .one("SELECT COALESCE(MAX(id), 0) FROM events", vals![])
                .await?;
            tx.all(&sql, vals![last - among, kind, below, limit])
                .await?
        }
    };
    Ok(rows.into_iter().map(to_row).collect())
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
