//! Documents are brought to paper: each job is noted before it is handed over, handed over
//! once, and followed to its end.
//!
//! A job is claimed before it goes to the print server, under a name that no other job ever
//! has. An answer that was lost is settled by asking for that name; a job that the server does
//! not know soon after was not taken, and goes again; one that it does not know any more waits
//! for a person. `printed` means handed to the printer: what became of it there nobody tells.

mod follow;
mod hand_over;

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::context::Context;
use crate::fault::Exit;
use crate::integrations::cups::{self, Queue};
use crate::store::events::{self, Event};
use crate::store::print_jobs::{self, New, Row, To};
use crate::store::{Stamp, StoreError, Tx};
use crate::workflows::until_no_conflict;

/// How long a run waits for the next job to end, while a person stands beside it.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The reference of a document's first job.
#[must_use]
pub fn first(document: i64) -> String {
    format!("document:{document}")
}

/// Plans the printing of a document, within the caller's transaction; the same reference a
/// second time changes nothing. Gives the job's number.
///
/// # Errors
/// The store's.
pub async fn plan(
    tx: &mut Tx,
    stamp: &Stamp,
    document: i64,
    (station, printer): (&str, &str),
    reference: &str,
) -> Result<i64, StoreError> {
    let new = New {
        document,
        station,
        printer,
        reference,
    };
    print_jobs::plan(tx, stamp, &new).await
}

/// Prints planned jobs and follows them, until each has ended or nothing has moved for as long
/// as the patience lasts. Gives them as they are then. A print server that is away is no
/// error: the jobs wait.
///
/// # Errors
/// The store's, or the print server's address is none.
pub async fn run(ctx: &Context, jobs: &[i64], patience: Duration) -> anyhow::Result<Vec<Row>> {
    let mut round = Round::new(ctx)?;
    for job in jobs {
        round.take_on(*job).await?;
    }
    round.follow(jobs, patience).await?;
    let mut tx = ctx.store.read().await?;
    let mut rows = Vec::new();
    for job in jobs {
        rows.extend(print_jobs::find(&mut tx, *job).await?);
    }
    Ok(rows)
}

/// Settles, prints and follows all jobs whose time has come.
///
/// # Errors
/// As [`run`].
pub async fn run_due(ctx: &Context, patience: Duration) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    let due = print_jobs::due(&mut tx, ctx.clock.now()).await?;
    drop(tx);
    let jobs: Vec<i64> = due.iter().map(|row| row.id).collect();
    run(ctx, &jobs, patience).await
}

/// How a command ends that leaves jobs like this: with a failure where one has failed, else
/// to be tried again where one is not at its end.
#[must_use]
pub fn exit(rows: &[Row]) -> Exit {
    if rows.iter().any(|row| row.state == "failed") {
        Exit::Failed
    } else if rows.iter().any(Row::is_open) {
        Exit::TryAgain
    } else {
        Exit::Done
    }
}

/// One run over some jobs.
struct Round<'a> {
    ctx: &'a Context,
    cups: cups::Client,
    /// What each queue said when it was looked at.
    looked: HashMap<String, Look>,
}

/// What a queue said, or why it did not.
#[derive(Clone)]
enum Look {
    Said(Queue),
    Away(String),
}

impl<'a> Round<'a> {
    fn new(ctx: &'a Context) -> anyhow::Result<Self> {
        Ok(Self {
            ctx,
            cups: ctx.services.cups(&ctx.tenant)?,
            looked: HashMap::new(),
        })
    }

    /// What a queue says, asked once in a run.
    async fn look(&mut self, queue: &str) -> Look {
        if let Some(look) = self.looked.get(queue) {
            return look.clone();
        }
        let look = match self.cups.queue(queue).await {
            Ok(said) => Look::Said(said),
            Err(error) => Look::Away(error.to_string()),
        };
        self.looked.insert(queue.to_owned(), look.clone());
        look
    }

    /// Brings a job to another state, with the fact that this is, if it is one; gives the job
    /// as it is now, or nothing where somebody else has changed it.
    async fn shift(&self, row: &Row, to: &To<'_>) -> anyhow::Result<Option<Row>> {
        until_no_conflict!(shift(self.ctx, row, to))
    }
}

async fn shift(ctx: &Context, row: &Row, to: &To<'_>) -> anyhow::Result<Option<Row>> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    if !print_jobs::shift(&mut tx, row, stamp.at, to).await? {
        return Ok(None);
    }
    let kind = match to.state {
        "sent" if row.state != "sent" => Some("print.sent"),
        "failed" => Some("print.failed"),
        _ => None,
    };
    if let Some(kind) = kind {
        let payload = json!({
            "document": row.document_id, "title": row.title, "station": row.station,
            "printer": row.printer, "job": to.job.or(row.job), "said": to.said,
        });
        let fact = Event::new(kind, format!("print:{}", row.id), payload);
        events::append(&mut tx, &stamp, &[fact]).await?;
    }
    let now = print_jobs::find(&mut tx, row.id).await?;
    ctx.store.commit(tx).await?;
    Ok(now)
}

/// Words for a queue that does not print.
fn in_words(queue: &str, what: &str, why: &str) -> String {
    if why.is_empty() {
        format!("the queue {queue} {what}")
    } else {
        format!("the queue {queue} {what}: {}", why.trim_end_matches('.'))
    }
}
