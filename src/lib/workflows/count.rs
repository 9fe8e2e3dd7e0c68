//! Counting the shelves: a count begins with what lies where by the ledger, people enter
//! what they see, and the differences are applied. The shop goes on meanwhile: what moves
//! between the beginning and a look at a shelf is expected there, and a difference is
//! applied to what lies there then.

mod apply;
mod enter;
mod entry;
mod review;
mod shelves;
mod start;

use serde::Serialize;
use serde_json::json;

pub use apply::{Applied, apply};
pub use enter::{Entered, from_file, from_words};
pub use entry::{Entry, said, seen, time};
pub use review::{Review, ReviewLine, Uncounted, review};
pub(in crate::workflows) use start::start_within;
pub use start::{Started, Wanted, start};

use super::until_no_conflict;
use crate::context::Context;
use crate::domain::bins::natural;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::counts::{self, Head, LineRow, Listed};
use crate::store::events::{self, Event};
use crate::store::locations::House;

/// The list that a person walks with: no line tells what is expected.
#[derive(Debug, Clone, Serialize)]
pub struct Sheet {
    /// The count.
    pub id: i64,
    /// What is counted.
    pub scope: String,
    /// When it began.
    pub started_at: UtcMs,
    /// What to look at, in the order in which one walks past it.
    pub rows: Vec<SheetRow>,
}

/// A product at a place.
#[derive(Debug, Clone, Serialize)]
pub struct SheetRow {
    /// The place.
    pub location: String,
    /// The SKU.
    pub sku: String,
    /// The title.
    pub title: String,
    /// The lot, where lots are told apart; else empty.
    pub lot: String,
    /// Units that have been entered.
    pub counted: Option<i64>,
}

/// How a count was given up.
#[derive(Debug, Clone, Serialize)]
pub struct Cancelled {
    /// The count.
    pub id: i64,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Whether it had been cancelled before.
    pub before: bool,
}

/// The subject of a count's events.
fn subject(id: i64) -> String {
    format!("count:{id}")
}

async fn the_count(tx: &mut Tx, id: i64) -> anyhow::Result<Head> {
    let head = counts::head(tx, id).await?;
    let head = head.ok_or_else(|| {
        Fault::failed(format!("there is no count {id}"))
            .hint("`opsctl count list` shows those there are")
    })?;
    Ok(head)
}

/// A count that is still open.
async fn the_open_count(tx: &mut Tx, id: i64) -> anyhow::Result<Head> {
    let head = the_count(tx, id).await?;
    if head.state != "open" {
        let text = format!(
            "count {id} is {}, nothing can be done to it any more",
            head.state
        );
        let hint = "`opsctl count start` begins another one";
        return Err(Fault::failed(text).hint(hint).into());
    }
    Ok(head)
}

/// Lines in the order in which one walks past them.
fn sort_for_the_walk(house: &House, lines: &mut [LineRow]) {
    let steps = house.walk(None).into_iter();
    let places: std::collections::HashMap<i64, usize> =
        steps.enumerate().map(|(at, step)| (step.id, at)).collect();
    lines.sort_by_cached_key(|line| {
        let at = places.get(&line.location_id).copied();
        (at, natural(&line.sku), natural(&line.lot))
    });
}

/// All counts, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Vec<Listed>> {
    let mut tx = ctx.store.read().await?;
    Ok(counts::list(&mut tx).await?)
}

/// The list to walk with.
///
/// # Errors
/// There is no such count, or the store's.
pub async fn sheet(ctx: &Context, id: i64) -> anyhow::Result<Sheet> {
    let mut tx = ctx.store.read().await?;
    let head = the_count(&mut tx, id).await?;
    let house = House::load(&mut tx).await?;
    let mut lines = counts::lines(&mut tx, id).await?;
    sort_for_the_walk(&house, &mut lines);
    let rows = lines.into_iter().map(|line| SheetRow {
        location: house.code(line.location_id).to_owned(),
        sku: line.sku,
        title: line.title,
        lot: line.lot,
        counted: line.counted,
    });
    Ok(Sheet {
        id,
        scope: head.scope,
        started_at: UtcMs(head.started_at),
        rows: rows.collect(),
    })
}

/// Gives an open count up: stock stays as it is.
///
/// # Errors
/// There is no such count, it has been applied, or the store's.
pub async fn cancel(ctx: &Context, id: i64, dry_run: bool) -> anyhow::Result<Cancelled> {
    until_no_conflict!(cancel_once(ctx, id, dry_run))
}

async fn cancel_once(ctx: &Context, id: i64, dry_run: bool) -> anyhow::Result<Cancelled> {
    let mut tx = ctx.store.allocate().await?;
    let before = the_count(&mut tx, id).await?.state == "cancelled";
    let cancelled = Cancelled {
        id,
        dry_run,
        before,
    };
    if before {
        return Ok(cancelled);
    }
    let head = the_open_count(&mut tx, id).await?;
    counts::end(&mut tx, id, "cancelled", None).await?;
    let fact = Event::new(
        "count.cancelled",
        subject(id),
        json!({ "scope": head.scope }),
    );
    events::append(&mut tx, &ctx.stamp(), &[fact]).await?;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(cancelled)
}
