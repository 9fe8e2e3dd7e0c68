//! A round is given back, or has expired: its orders are free again. What was picked lies at
//! the packing bench with its promise, and stands first on the next sheet.

use serde_json::json;

use super::carry::{Carry, PICKED};
use super::{PACKING, ReleaseWish, Released, place_of, the_wave};
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::picks::{self, Line, Task, Wave};
use crate::store::{Stamp, Tx};
use crate::workflows::until_no_conflict;
use crate::workflows::who::called;

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Released,
    Expired,
}

impl Ended {
    fn state(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Released => "pick.released",
            Self::Expired => "pick.expired",
        }
    }
}

/// Gives the orders of a round back to the queue: those that are being picked, and those
/// that wait for packing and of which nothing is packed yet.
///
/// # Errors
/// There is no such round, somebody else is walking it, or the store's.
pub async fn release(ctx: &Context, wish: &ReleaseWish) -> anyhow::Result<Released> {
    until_no_conflict!(once(ctx, wish))
}

async fn once(ctx: &Context, wish: &ReleaseWish) -> anyhow::Result<Released> {
    let mut tx = ctx.store.allocate().await?;
    let stamp = ctx.stamp();
    let wave = the_wave(&mut tx, wish.wave).await?;
    let tasks = picks::tasks(&mut tx, &[wave.id]).await?;
    let mut released = Released {
        wave: wave.id,
        dry_run: wish.dry_run,
        before: !tasks.iter().any(is_open),
        orders: Vec::new(),
        kept: Vec::new(),
        at_packing: 0,
    };
    if released.before {
        return Ok(released);
    }
    let walked = wave.state == "picking" && wave.expires_at > stamp.at.0;
    if walked && wave.packer != ctx.actor && !wish.force {
        let packer = called(&mut tx, &wave.packer).await?;
        let until = stamp.clock(UtcMs(wave.expires_at));
        let text = format!("round {} is walked by {packer}, until {until}", wave.id);
        return Err(Fault::failed(text)
            .hint("a manager may take it away: `opsctl pick release --force`")
            .into());
    }
    let goes = |task: &&Task| may_go(task, &stamp);
    released.orders = tasks.iter().filter(goes).map(name).collect();
    let stays = |task: &&Task| is_open(task) && !may_go(task, &stamp);
    released.kept = tasks.iter().filter(stays).map(name).collect();
    if wave.state == "picking" {
        end(&mut tx, &stamp, &wave, Ended::Released, &wish.why).await?;
    } else {
        for task in tasks.iter().filter(goes) {
            picks::set_task(&mut tx, task.id, &task.state, "released").await?;
            tell(&mut tx, &stamp, &wave, task, Ended::Released, &wish.why).await?;
        }
        if released.kept.is_empty() && wave.state == "picked" {
            picks::end(&mut tx, &stamp, wave.id, "picked", "released").await?;
        }
    }
    let lines = picks::lines(&mut tx, &[wave.id]).await?;
    let of_gone = |line: &&Line| tasks.iter().any(|t| t.id == line.task_id && goes(&t));
    released.at_packing = lines.iter().filter(of_gone).map(|line| line.moved).sum();
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(released)
}

fn name(task: &Task) -> String {
    task.order_ref.clone()
}

fn is_open(task: &Task) -> bool {
    matches!(task.state.as_str(), "picking" | "picked" | "packed")
}

/// Whether nothing of a task is packed, nor anybody at it.
fn may_go(task: &Task, stamp: &Stamp) -> bool {
    let at_the_bench = task.pack_until.is_some_and(|until| until > stamp.at.0);
    task.state == "picking" || task.state == "picked" && task.packages == 0 && !at_the_bench
}

/// Ends the rounds that hold these orders and have expired.
pub(in crate::workflows) async fn take_over(
    tx: &mut Tx,
    stamp: &Stamp,
    orders: &[i64],
) -> anyhow::Result<()> {
    let mut waves: Vec<i64> = picks::holders(tx, orders)
        .await?
        .iter()
        .filter(|holder| holder.has_expired(stamp.at))
        .map(|holder| holder.wave_id)
        .collect();
    waves.sort_unstable();
    waves.dedup();
    for id in waves {
        if let Some(wave) = picks::wave(tx, id).await? {
            let why = format!("taken over by {}", stamp.actor);
            end(tx, stamp, &wave, Ended::Expired, &why).await?;
        }
    }
    Ok(())
}

/// Ends a round that is walked: what lies in its totes is at the packing bench, and its
/// orders are nobody's.
async fn end(
    tx: &mut Tx,
    stamp: &Stamp,
    wave: &Wave,
    ended: Ended,
    why: &str,
) -> anyhow::Result<()> {
    empty_totes(tx, stamp, wave).await?;
    for task in picks::tasks(tx, &[wave.id]).await? {
        if task.state == "picking" {
            picks::set_task(tx, task.id, "picking", "released").await?;
            tell(tx, stamp, wave, &task, ended, why).await?;
        }
    }
    Ok(picks::end(tx, stamp, wave.id, "picking", ended.state()).await?)
}

async fn tell(
    tx: &mut Tx,
    stamp: &Stamp,
    wave: &Wave,
    task: &Task,
    ended: Ended,
    why: &str,
) -> anyhow::Result<()> {
    let payload = json!({ "wave": wave.id, "packer": wave.packer, "why": why });
    let subject = format!("order:{}", task.order_ref);
    let fact = Event::new(ended.event(), subject, payload);
    Ok(events::append(tx, stamp, &[fact]).await?)
}

async fn empty_totes(tx: &mut Tx, stamp: &Stamp, wave: &Wave) -> anyhow::Result<()> {
    let house = House::load(tx).await?;
    let bench = place_of(&house, PACKING)?.id;
    for line in picks::lines(tx, &[wave.id]).await? {
        if line.picked == line.moved {
            continue;
        }
        let units = line.picked - line.moved;
        let carried = if line.location_id == bench {
            units
        } else {
            Carry {
                line: line.id,
                demand: line.demand_id,
                product: line.product_id,
                lot: line.lot_id,
                from: line.location_id,
                to: bench,
                units,
                reason: PICKED,
            }
            .run(tx, stamp)
            .await?
        };
        let moved = line.moved + carried;
        picks::set_line(tx, &line, (line.picked, line.short, moved)).await?;
    }
    Ok(())
}
