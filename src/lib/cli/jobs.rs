//! `opsctl jobs`: the newest runs, how they ended and what they reported. Changes nothing.

use serde::Serialize;

use super::{Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::store::job_runs::{self, Row};

/// Arguments of `opsctl jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this job, such as sync
    job: Option<String>,
    /// How many runs
    #[arg(long, default_value_t = 20)]
    limit: i64,
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Row>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &["job", "started", "took", "outcome", "actor", "run"],
            self.rows.iter().map(|run| {
                let took = run
                    .finished_at
                    .map(|end| format!("{} ms", end.0 - run.started_at.0));
                vec![
                    run.job.clone(),
                    run.started_at.to_string(),
                    took.unwrap_or_default(),
                    run.outcome.clone().unwrap_or_else(|| "running".to_owned()),
                    run.actor.clone(),
                    run.run.clone(),
                ]
            }),
        );
    }
}

/// Runs the command.
///
/// # Errors
/// The store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let mut tx = ctx.store.read().await?;
    let rows = job_runs::newest(&mut tx, args.job.as_deref(), args.limit).await?;
    out.report(&Listed { rows })?;
    Ok(Exit::Done)
}
