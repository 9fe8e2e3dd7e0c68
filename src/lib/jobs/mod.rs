//! Jobs: one run at a time, each run on record, and the schedule of the crontab files.

pub mod schedule;

use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::fault::Fault;
use crate::store::{Store, job_runs};

/// How a job ended that did not fail as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of it is done.
    Done,
    /// Some of it failed and is left to the next run.
    Partly,
}

/// Runs a job unless another run of it is under way; notes start, end and report.
///
/// # Errors
/// Another run holds the job (exit 75, with who and since when), or the job's own.
pub async fn run<R, W>(ctx: &Context, job: &'static str, work: W) -> anyhow::Result<(R, Ended)>
where
    R: Serialize,
    W: Future<Output = anyhow::Result<(R, Ended)>>,
{
    let lock = lock_of(job);
    let Some(_lock) = ctx.store.try_job_lock(lock).await? else {
        return Err(held(&ctx.store, lock).await.into());
    };
    let mut tx = ctx.store.begin().await?;
    job_runs::start(&mut tx, job, &ctx.stamp()).await?;
    ctx.store.commit(tx).await?;
    let result = work.await;
    let (outcome, report) = match &result {
        Ok((report, Ended::Done)) => ("done", serde_json::to_value(report)?),
        Ok((report, Ended::Partly)) => ("partial", serde_json::to_value(report)?),
        Err(error) => ("failed", json!({ "error": format!("{error:#}") })),
    };
    let mut tx = ctx.store.begin().await?;
    job_runs::finish(&mut tx, &ctx.run, ctx.clock.now(), outcome, &report).await?;
    ctx.store.commit(tx).await?;
    result
}

/// Says who holds a lock and since when, as far as the record tells. A job may run under
/// the lock of another.
async fn held(store: &Store, lock: &str) -> Fault {
    let mut text = format!("another `opsctl {lock}` is running");
    if let Ok(mut tx) = store.read().await
        && let Ok(runs) = job_runs::newest(&mut tx, None, 50).await
        && let Some(run) = runs
            .iter()
            .find(|run| run.finished_at.is_none() && lock_of(&run.job) == lock)
    {
        let job = run.job.replace('-', " ");
        text = format!(
            "another `opsctl {job}` is running (by {} since {})",
            run.actor, run.started_at
        );
    }
    Fault::try_again(text).hint("run the command again when it has ended")
}

/// The lock that a job runs under.
fn lock_of(job: &str) -> &str {
    match job {
        "stock-open" => "sync",
        job => job,
    }
}
