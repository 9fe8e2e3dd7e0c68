//! What was scanned, once by the id it got where it was scanned.

use crate::store::dialect::{Tx, vals};
use crate::store::{Stamp, StoreError};

/// A scan as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ScanRow {
    /// The round it was for.
    pub wave_id: Option<i64>,
    /// What it was answered with, as JSON.
    pub answer: String,
}

/// A scan to be stored.
#[derive(Debug, Clone)]
pub struct NewScan<'a> {
    /// Its id.
    pub id: &'a str,
    /// The round.
    pub wave: i64,
    /// The task and the line, where they are of the round.
    pub line: Option<(i64, i64)>,
    /// `pick`, `undo` or `short`.
    pub kind: &'a str,
    /// Units.
    pub units: i64,
    /// What the scanner read, fit for the store.
    pub code: &'a str,
    /// When it was scanned, by the station's clock.
    pub scanned_at: i64,
    /// What it is answered with, as JSON.
    pub answer: &'a str,
}

/// The scan with that id.
///
/// # Errors
/// The store's.
pub async fn scan(tx: &mut Tx, id: &str) -> Result<Option<ScanRow>, StoreError> {
    tx.opt(
        "SELECT wave_id, answer FROM pick_scans WHERE id = ?",
        vals![id],
    )
    .await
}

/// Stores a scan with its answer.
///
/// # Errors
/// It is there already ([`StoreError::is_duplicate`]), or the store's.
pub async fn insert_scan(tx: &mut Tx, stamp: &Stamp, scan: &NewScan<'_>) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO pick_scans (id, wave_id, task_id, line_id, kind, units, code, scanned_at, \
         stored_at, answer, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            scan.id,
            scan.wave,
            scan.line.map(|(task, _)| task),
            scan.line.map(|(_, line)| line),
            scan.kind,
            scan.units,
            scan.code,
            scan.scanned_at,
            stamp.at,
            scan.answer,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await?;
    Ok(())
}
