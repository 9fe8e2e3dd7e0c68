//! How the house stands at a glance, and how its jobs go.

use serde::Serialize;

use super::{UpTo, count, words_in};
use crate::store::StoreError;
use crate::store::dialect::{Tx, vals};

/// What waits for somebody.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// Orders that may ship, have units reserved and nobody works on.
    pub to_pick: UpTo,
    /// Orders that are being picked.
    pub picking: UpTo,
    /// Orders that are picked and not yet gone.
    pub to_pack: UpTo,
    /// Products that orders lack.
    pub backorders: UpTo,
    /// Holds that stand.
    pub holds: UpTo,
    /// What was not as the books have it, and is not settled.
    pub discrepancies: UpTo,
    /// Products that have come down to their reorder point.
    pub low: UpTo,
    /// What waits for a decision about something outside.
    pub decisions: UpTo,
}

/// What waits for somebody.
///
/// # Errors
/// The store's.
pub async fn overview(tx: &mut Tx) -> Result<Overview, StoreError> {
    let to_pick = "FROM orders o WHERE o.rule = 'ship' AND o.gone_at IS NULL \
        AND EXISTS (SELECT 1 FROM order_lines l JOIN order_demands d ON d.line_id = l.id \
          WHERE l.order_id = o.id AND d.reserved > 0) \
        AND NOT EXISTS (SELECT 1 FROM pick_tasks t WHERE t.holds = o.id) \
        AND NOT EXISTS (SELECT 1 FROM order_holds h WHERE h.order_id = o.id \
          AND h.released_at IS NULL)";
    let backorders = "FROM (SELECT DISTINCT product_id FROM order_demands WHERE open > 0) d \
        JOIN products p ON p.id = d.product_id WHERE p.stocked = 1";
    Ok(Overview {
        to_pick: count(tx, to_pick, vals![]).await?,
        picking: count(tx, "FROM pick_tasks WHERE state = 'picking'", vals![]).await?,
        to_pack: count(
            tx,
            "FROM pick_tasks WHERE state IN ('picked', 'packed')",
            vals![],
        )
        .await?,
        backorders: count(tx, backorders, vals![]).await?,
        holds: count(tx, "FROM order_holds WHERE released_at IS NULL", vals![]).await?,
        discrepancies: count(tx, "FROM discrepancies WHERE settled_at IS NULL", vals![]).await?,
        low: count(tx, "FROM products WHERE low_since IS NOT NULL", vals![]).await?,
        decisions: count(tx, "FROM outbox WHERE state = 'needs_decision'", vals![]).await?,
    })
}

/// A run as shown.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The run's id.
    pub run: String,
    /// The verb.
    pub job: String,
    /// Who started it.
    pub actor: String,
    /// When it started, in UTC milliseconds.
    pub started_at: i64,
    /// When it ended, in UTC milliseconds; none while it runs, or where it was cut short.
    pub finished_at: Option<i64>,
    /// `done`, `partial`, `failed`, `cut-short`; none while it runs.
    pub outcome: Option<String>,
    /// Its report or its error, as JSON.
    pub report: Option<String>,
}

const RUN: &str = "SELECT id, run, job, actor, started_at, finished_at, outcome, report \
    FROM job_runs";

/// Runs with numbers below `before`, newest first; of one job, where one is given.
///
/// # Errors
/// The store's.
pub async fn runs(
    tx: &mut Tx,
    job: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<Run>, StoreError> {
    match job {
        Some(job) => {
            let sql = format!("{RUN} WHERE job = ? AND id < ? ORDER BY id DESC LIMIT ?");
            tx.all(&sql, vals![job, before, limit]).await
        }
        None => {
            let sql = format!("{RUN} WHERE id < ? ORDER BY id DESC LIMIT ?");
            tx.all(&sql, vals![before, limit]).await
        }
    }
}

/// The jobs that ever ran.
///
/// # Errors
/// The store's.
pub async fn jobs(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    words_in(tx, "job_runs", "job").await
}

/// The newest run of a job that did all it should.
///
/// # Errors
/// The store's.
pub async fn last_success(tx: &mut Tx, job: &str) -> Result<Option<Run>, StoreError> {
    let sql = format!("{RUN} WHERE job = ? AND outcome = 'done' ORDER BY id DESC LIMIT 1");
    tx.opt(&sql, vals![job]).await
}
