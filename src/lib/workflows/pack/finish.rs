//! Packing ends: all is packed, or it is opened again, or the order goes back to the queue.

use serde_json::json;

use super::bench::Bench;
use super::load::{self, Leaving, Lying};
use crate::context::Context;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::packages;
use crate::store::{StoreError, Tx};
use crate::workflows::until_no_conflict;

/// Says that an order is packed: open packages are closed, empty ones go away. With
/// `partial` also where not all that was picked lies in packages: the rest goes back to the
/// queue when the packages ship. What is packed already stays so.
///
/// # Errors
/// Something is not packed, nothing is, the order is not this packer's to pack or may not
/// leave, or the store's.
pub async fn finish(
    ctx: &Context,
    task: i64,
    partial: bool,
    dry_run: bool,
) -> anyhow::Result<Bench> {
    until_no_conflict!(finish_once(ctx, task, partial, dry_run))
}

async fn finish_once(
    ctx: &Context,
    task: i64,
    partial: bool,
    dry_run: bool,
) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.begin().await?;
    let lying = match load::hold(ctx, &mut tx, task, false, Leaving::Must).await {
        Ok(lying) => lying,
        Err(error) => {
            let lying = Lying::load(&mut tx, task).await?;
            return match lying.task.state.as_str() {
                "packed" => Ok(lying.bench(ctx)),
                _ => Err(error),
            };
        }
    };
    let name = &lying.task.order_ref;
    if lying.items.is_empty() {
        return Err(Fault::failed(format!("nothing of {name} is packed"))
            .hint("scan its items into a package")
            .into());
    }
    let words = |units: Vec<(&str, i64)>| -> Vec<String> {
        let of = |(sku, units)| format!("{units} of {sku}");
        units.into_iter().map(of).collect()
    };
    let rest = words(lying.still_to_pack());
    if !rest.is_empty() && !partial {
        let text = format!("{name} is not all packed: {} left", rest.join(", "));
        return Err(Fault::failed(text)
            .hint("pack them, or finish it in part (`--partial`): the rest is picked again")
            .into());
    }
    let beyond = words(lying.packed_beyond());
    if !beyond.is_empty() {
        let text = format!(
            "{} may not go with {name}: it is not wanted now, or makes no whole kit",
            beyond.join(", ")
        );
        return Err(Fault::failed(text)
            .hint(format!("take it out again: `opsctl pack undo {name}`"))
            .into());
    }
    let stamp = ctx.stamp();
    let mut boxes = 0;
    for package in &lying.packages {
        if lying.is_empty(package.id) {
            packages::drop_package(&mut tx, package.id).await?;
            continue;
        }
        boxes += 1;
        if package.closed_at.is_none() {
            let mut package = package.clone();
            package.closed_at = Some(stamp.at.0);
            packages::put_package(&mut tx, &package).await?;
        }
    }
    moves(&mut tx, ctx, &lying, ("picked", "packed")).await?;
    let facts = json!({ "packages": boxes, "left": lying.left() });
    let fact = Event::new("pack.finished", format!("order:{name}"), facts);
    events::append(&mut tx, &stamp, &[fact]).await?;
    super::done(ctx, tx, task, dry_run).await
}

async fn moves(
    tx: &mut Tx,
    ctx: &Context,
    lying: &Lying,
    states: (&str, &str),
) -> Result<(), StoreError> {
    if packages::set_state(tx, &ctx.stamp(), lying.task.id, states, None).await? {
        Ok(())
    } else {
        Err(StoreError::Conflict("the task has moved on".to_owned()))
    }
}

/// Puts a packed order back on the bench, its packages open again. On the bench it stays so.
///
/// # Errors
/// It has left, or the store's.
pub async fn reopen(ctx: &Context, task: i64, dry_run: bool) -> anyhow::Result<Bench> {
    until_no_conflict!(reopen_once(ctx, task, dry_run))
}

async fn reopen_once(ctx: &Context, task: i64, dry_run: bool) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let opened = packages::set_state(&mut tx, &stamp, task, ("packed", "picked"), None).await?;
    let lying = load::hold(ctx, &mut tx, task, opened, Leaving::Any).await?;
    if opened {
        load::not_being_sent(&mut tx, &lying.task).await?;
        for package in &lying.packages {
            let mut package = package.clone();
            package.closed_at = None;
            packages::put_package(&mut tx, &package).await?;
        }
        let subject = format!("order:{}", lying.task.order_ref);
        let fact = Event::new("pack.reopened", subject, json!({}));
        events::append(&mut tx, &stamp, &[fact]).await?;
    }
    super::done(ctx, tx, task, dry_run).await
}

/// Unpacks an order and gives it back: its goods stay at the bench, promised or free, to be
/// picked from there again or put away. What was given back before stays so.
///
/// # Errors
/// Somebody else packs it, it is not on the bench, or the store's.
pub async fn release(ctx: &Context, task: i64, why: &str, dry_run: bool) -> anyhow::Result<Bench> {
    crate::workflows::rows::key(why).map_err(|what| {
        Fault::usage(format!("the reason {what}")).hint("say in a few words why")
    })?;
    until_no_conflict!(release_once(ctx, task, why, dry_run))
}

async fn release_once(ctx: &Context, task: i64, why: &str, dry_run: bool) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let packed = packages::set_state(&mut tx, &stamp, task, ("packed", "picked"), None).await?;
    let lying = match load::hold(ctx, &mut tx, task, packed, Leaving::Any).await {
        Ok(lying) => lying,
        Err(error) => {
            let lying = Lying::load(&mut tx, task).await?;
            return match lying.task.state.as_str() {
                "released" => Ok(lying.bench(ctx)),
                _ => Err(error),
            };
        }
    };
    load::not_being_sent(&mut tx, &lying.task).await?;
    packages::empty(&mut tx, task).await?;
    moves(&mut tx, ctx, &lying, ("picked", "released")).await?;
    let units: i64 = lying.lines.iter().map(|line| line.picked).sum();
    let fact = Event::new(
        "pack.released",
        format!("order:{}", lying.task.order_ref),
        json!({ "why": why, "units": units }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    super::done(ctx, tx, task, dry_run).await
}
