//! Scans at the packing bench, each with the answer it got.

use super::once_more;
use crate::store::dialect::{Tx, vals};
use crate::store::{Stamp, StoreError};

/// A scan to be stored.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// Its id.
    pub id: &'a str,
    /// The task.
    pub task: i64,
    /// The line, where it is one.
    pub line: Option<i64>,
    /// `pack`, `unpack`, `swap` or `undo`.
    pub kind: &'a str,
    /// Units.
    pub units: i64,
    /// What the scanner read.
    pub code: &'a str,
    /// When, in UTC milliseconds.
    pub at: i64,
    /// The answer it got, as JSON.
    pub answer: &'a str,
}

/// The answer that a scan of a task got before: (task, kind, answer).
///
/// # Errors
/// The store's.
pub async fn answered(
    tx: &mut Tx,
    id: &str,
) -> Result<Option<(Option<i64>, String, String)>, StoreError> {
    tx.opt(
        "SELECT task_id, kind, answer FROM pick_scans WHERE id = ?",
        vals![id],
    )
    .await
}

/// Stores a scan with its answer.
///
/// # Errors
/// A conflict, where it has been stored meanwhile; or the store's.
pub async fn store_scan(tx: &mut Tx, stamp: &Stamp, scan: &Scan<'_>) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO pick_scans (id, task_id, line_id, kind, units, code, scanned_at, stored_at, \
         answer, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            scan.id,
            scan.task,
            scan.line,
            scan.kind,
            scan.units,
            scan.code,
            scan.at,
            stamp.at,
            scan.answer,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
    .map_err(once_more)?;
    Ok(())
}
