//! Picked goods go into packages. What is put where is said by scans, each of which counts
//! once by the id it got where it was made; a unit that can be told apart is bound by its
//! serial to the lot it came in with. An order lies on one bench at a time.
//!
//! Each writer first updates the row of its task: so the writers of one task come one after
//! the other, and each sees what the one before it did.

mod bench;
mod boxes;
mod finish;
mod leaving;
mod load;
mod refusal;
mod scan;
mod scanned;
mod serials;
mod swap;
mod wanted;

use serde_json::json;

pub use bench::{
    Bench, BenchLine, Measures, PackAnswer, PackScan, Package, PackageItem, PackageWish, Placed,
    Waiting, Waitings,
};
pub use boxes::{measure, open_package};
pub use finish::{finish, release, reopen};
pub use leaving::ship;
pub(super) use leaving::{Packed, left_by_the_shop};
pub use scan::{pack, swap, unpack};

use super::until_no_conflict;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::events::{self, Event};
use crate::store::packages;
use load::{Leaving, Lying};

/// Takes an order on the bench: it is this packer's until nothing has been scanned for so
/// many minutes. With `take_over`, which is a manager's, also from somebody else.
///
/// # Errors
/// Nothing is picked for it, somebody else packs it, it may not leave, or the store's.
pub async fn start(
    ctx: &Context,
    order: &str,
    take_over: bool,
    dry_run: bool,
) -> anyhow::Result<Bench> {
    until_no_conflict!(start_once(ctx, order, take_over, dry_run))
}

async fn start_once(
    ctx: &Context,
    order: &str,
    take_over: bool,
    dry_run: bool,
) -> anyhow::Result<Bench> {
    let task = task_of(ctx, order).await?;
    let mut tx = ctx.store.begin().await?;
    let lying = load::hold(ctx, &mut tx, task.id, take_over, Leaving::Must).await?;
    if task.packer.as_deref() != Some(ctx.actor.as_str()) {
        let fact = Event::new(
            "pack.started",
            format!("order:{}", lying.task.order_ref),
            json!({ "task": task.id, "was": task.packer }),
        );
        events::append(&mut tx, &ctx.stamp(), &[fact]).await?;
    }
    done(ctx, tx, task.id, dry_run).await
}

/// The task that holds an order, or held it last.
async fn task_of(ctx: &Context, order: &str) -> anyhow::Result<packages::Task> {
    let order = super::the_order::the_one(ctx, order).await?;
    let mut tx = ctx.store.read().await?;
    let task = match packages::open_task(&mut tx, order.id).await? {
        Some(task) => Some(task),
        None => packages::newest_task(&mut tx, order.id).await?,
    };
    Ok(task.ok_or_else(|| {
        Fault::failed(format!("nothing is picked for {}", order.order_ref))
            .hint("pick it first: `opsctl pick start`")
    })?)
}

/// The bench of a task.
///
/// # Errors
/// There is none, or the store's.
pub async fn bench(ctx: &Context, task: i64) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.read().await?;
    Ok(Lying::load(&mut tx, task).await?.bench(ctx))
}

/// The bench of an order: of the task that holds it, or held it last.
///
/// # Errors
/// The order is unknown, nothing was ever picked for it, or the store's.
pub async fn of_order(ctx: &Context, order: &str) -> anyhow::Result<Bench> {
    bench(ctx, task_of(ctx, order).await?.id).await
}

/// The orders that wait for packages or lie packed.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Waitings> {
    let mut tx = ctx.store.read().await?;
    let now = ctx.clock.now().0;
    let rows = packages::on_the_bench(&mut tx).await?;
    let waiting = |(task, picked, packed, packages): (packages::Task, i64, i64, i64)| {
        let theirs = task.pack_until.is_some_and(|until| until > now);
        Waiting {
            task: task.id,
            may_not_leave: load::may_not_leave(&task),
            order: task.order_ref,
            customer: task.customer,
            service: task.service,
            promised_on: task.promised_on,
            state: task.state,
            tote: task.tote,
            packer: task.packer.filter(|_| theirs),
            pack_until: task.pack_until.filter(|_| theirs),
            picked,
            packed,
            packages,
        }
    };
    Ok(Waitings {
        orders: rows.into_iter().map(waiting).collect(),
    })
}

/// Shows the bench as it is now, and makes it stand unless it was a dry run.
async fn done(ctx: &Context, mut tx: Tx, task: i64, dry_run: bool) -> anyhow::Result<Bench> {
    let mut bench = Lying::load(&mut tx, task).await?.bench(ctx);
    bench.dry_run = dry_run;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(bench)
}
