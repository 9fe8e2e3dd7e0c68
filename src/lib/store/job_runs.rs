//! Each run of a job: who started it, when, how it ended, and what it reported.

use serde::Serialize;
use serde_json::Value;

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// A run as stored.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The run's id.
    pub run: String,
    /// The verb.
    pub job: String,
    /// Who started it.
    pub actor: String,
    /// When it started.
    pub started_at: UtcMs,
    /// When it ended; none while it runs, or where it was cut short.
    pub finished_at: Option<UtcMs>,
    /// `done`, `partial`, `failed`, `cut-short`; none while it runs.
    pub outcome: Option<String>,
    /// Its report, or its error.
    pub report: Option<Value>,
}

/// Notes that a run has started. The caller holds the job's lock, so an earlier run that
/// never ended was cut short, and is noted as such.
///
/// # Errors
/// The store's.
pub async fn start(tx: &mut Tx, job: &str, stamp: &Stamp) -> Result<(), StoreError> {
    tx.run(
        "UPDATE job_runs SET outcome = 'cut-short', finished_at = ? \
         WHERE job = ? AND finished_at IS NULL",
        vals![stamp.at, job],
    )
    .await?;
    tx.insert(
        "INSERT INTO job_runs (run, job, actor, started_at) VALUES (?, ?, ?, ?)",
        vals![&stamp.run, job, &stamp.actor, stamp.at],
    )
    .await?;
    Ok(())
}

/// Notes how a run ended.
///
/// # Errors
/// The store's.
pub async fn finish(
    tx: &mut Tx,
    run: &str,
    at: UtcMs,
    outcome: &str,
    report: &Value,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE job_runs SET finished_at = ?, outcome = ?, report = ? WHERE run = ?",
        vals![at, outcome, report.to_string(), run],
    )
    .await?;
    Ok(())
}

/// The newest runs, newest first; of one job, where one is given.
///
/// # Errors
/// The store's.
pub async fn newest(tx: &mut Tx, job: Option<&str>, limit: i64) -> Result<Vec<Row>, StoreError> {
    type Raw = (
        String,
        String,
        String,
        i64,
        Option<i64>,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Raw> = tx
        .all(
            "SELECT run, job, actor, started_at, finished_at, outcome, report FROM job_runs \
             WHERE (? IS NULL OR job = ?) ORDER BY id DESC LIMIT ?",
            vals![job, job, limit],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(
            |(run, job, actor, started_at, finished_at, outcome, report)| Row {
                run,
                job,
                actor,
                started_at: UtcMs(started_at),
                finished_at: finished_at.map(UtcMs),
                outcome,
                report: report.and_then(|text| serde_json::from_str(&text).ok()),
            },
        )
        .collect())
}
