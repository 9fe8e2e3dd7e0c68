//! Scans are stored: each counts once, by the id it got where it was scanned, and is
//! answered the same each time it is sent, also where it was refused.

use serde_json::json;

use super::carry::{Carry, PICKED, PUT_BACK};
use super::said::{fit, words};
use super::short::FallShort;
use super::{
    Answer, EventKind, LineState, Outcome, PACKING, ScanEvent, claim_ends, first_come, place_of,
};
use crate::context::Context;
use crate::domain::pick::Standing;
use crate::domain::time::UtcMs;
use crate::store::discrepancies::{self, New};
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::picks::{self, Line, NewScan, Task, Wave};
use crate::store::{Stamp, Tx};
use crate::workflows::who::called;
use crate::workflows::{low_stock, until_no_conflict};

/// Stores scans in the order given, each in a transaction of its own. Whoever knows the
/// claim may. A scan that was stored before is answered as it was then.
///
/// # Errors
/// The store's; what was answered before stays stored, and the same may be sent again.
pub async fn store(
    ctx: &Context,
    claim: &str,
    events: &[ScanEvent],
) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        answers.push(until_no_conflict!(one(ctx, claim, event, true))?);
    }
    if answers
        .iter()
        .any(|answer| answer.short.is_some() && !answer.repeated)
    {
        low_stock::refresh(ctx).await?;
    }
    Ok(answers)
}

/// What storing a scan would be answered with; nothing is written.
///
/// # Errors
/// The store's.
pub async fn try_out(ctx: &Context, claim: &str, event: &ScanEvent) -> anyhow::Result<Answer> {
    until_no_conflict!(one(ctx, claim, event, false))
}

async fn one(
    ctx: &Context,
    claim: &str,
    event: &ScanEvent,
    for_real: bool,
) -> anyhow::Result<Answer> {
    let event = match fit(event) {
        Ok(event) => event,
        Err(why) => return Ok(refused(&event.id.chars().take(36).collect::<String>(), why)),
    };
    if event.kind != EventKind::Short {
        let mut tx = ctx.store.begin().await?;
        if let Some(answer) = attempt(ctx, &mut tx, claim, &event, false).await? {
            return keep(ctx, tx, answer, for_real).await;
        }
    }
    let mut tx = ctx.store.allocate().await?;
    let answer = attempt(ctx, &mut tx, claim, &event, true).await?;
    let answer = answer.ok_or_else(|| anyhow::anyhow!("a scan was neither stored nor refused"))?;
    keep(ctx, tx, answer, for_real).await
}

/// An answer, and whether what was written for it stands.
type Given = (Answer, bool);

async fn keep(
    ctx: &Context,
    tx: Tx,
    (answer, stands): Given,
    for_real: bool,
) -> anyhow::Result<Answer> {
    if stands && for_real {
        ctx.store.commit(tx).await?;
    }
    Ok(answer)
}

fn refused(id: &str, why: impl Into<String>) -> Answer {
    Answer {
        id: id.to_owned(),
        outcome: Outcome::Refused,
        why: Some(why.into()),
        line: None,
        short: None,
        repeated: false,
    }
}

/// Stores an event, or its refusal; nothing and no answer where stock would move and the
/// transaction is not under the allocation lock.
async fn attempt(
    ctx: &Context,
    tx: &mut Tx,
    claim: &str,
    event: &ScanEvent,
    locked: bool,
) -> anyhow::Result<Option<Given>> {
    let stamp = ctx.stamp();
    let wave = picks::by_claim(tx, claim).await?;
    if let Some(row) = picks::scan(tx, &event.id).await? {
        let mine = wave.is_some_and(|wave| row.wave_id == Some(wave.id));
        if !mine {
            let why = "this scan's id was used for something else: scan it again";
            return Ok(Some((refused(&event.id, why), false)));
        }
        let first: Answer = serde_json::from_str(&row.answer)?;
        let repeated = Answer {
            repeated: true,
            ..first
        };
        return Ok(Some((repeated, false)));
    }
    let Some(wave) = wave else {
        let why = "this round is not known here: start a round from the queue";
        return Ok(Some((refused(&event.id, why), false)));
    };
    let line = picks::line(tx, wave.id, event.line).await?;
    let scan = Scan {
        ctx,
        stamp: &stamp,
        wave: &wave,
        event,
    };
    let answer = match scan.decide(tx, line.as_ref()).await? {
        Err(why) => Answer {
            line: line.as_ref().map(state),
            ..refused(&event.id, why)
        },
        Ok((line, next)) => {
            let moves = next.is_complete() || next.picked < line.moved;
            if !locked && (moves || event.kind == EventKind::Short) {
                return Ok(None);
            }
            match scan.carry_out(tx, line, next).await? {
                Ok(answer) => answer,
                // What it had written goes with the transaction.
                Err(why) => {
                    return Ok(Some((refused(&event.id, why), false)));
                }
            }
        }
    };
    scan.note(tx, line.as_ref(), &answer).await?;
    Ok(Some((answer, true)))
}

fn state(line: &Line) -> LineState {
    LineState {
        line: line.id,
        picked: line.picked,
        short: line.short,
    }
}

/// A scan for a round.
struct Scan<'a> {
    ctx: &'a Context,
    stamp: &'a Stamp,
    wave: &'a Wave,
    event: &'a ScanEvent,
}

impl Scan<'_> {
    /// The line and how it stands after the scan, or why the scan does not count.
    async fn decide<'l>(
        &self,
        tx: &mut Tx,
        line: Option<&'l Line>,
    ) -> anyhow::Result<Result<(&'l Line, Standing), String>> {
        let Some(line) = line else {
            let why = format!(
                "line {} is not on the sheet of round {}",
                self.event.line, self.wave.id
            );
            return Ok(Err(why));
        };
        if self.wave.state != "picking" {
            return Ok(Err(self.has_ended(tx, line).await?));
        }
        let now = Standing {
            quantity: line.quantity,
            picked: line.picked,
            short: line.short,
        };
        let units = self.event.units;
        let next = match self.event.kind {
            EventKind::Pick => now.take(units),
            EventKind::Undo => now.put_back(units),
            EventKind::Short => now.fall_short(units),
        };
        Ok(next
            .map(|next| (line, next))
            .map_err(|not| words(not, line, units)))
    }

    /// Says who has the order now that the round has ended.
    async fn has_ended(&self, tx: &mut Tx, line: &Line) -> anyhow::Result<String> {
        let round = self.wave.id;
        let tasks = picks::tasks(tx, &[round]).await?;
        let Some(task) = tasks.into_iter().find(|task| task.id == line.task_id) else {
            return Ok(format!("round {round} has ended"));
        };
        let Task {
            order_id,
            order_ref: name,
            ..
        } = task;
        if self.wave.state == "picked" {
            return Ok(format!(
                "round {round} is finished: nothing more is picked for {name}"
            ));
        }
        let ended = if self.wave.state == "expired" {
            "has expired"
        } else {
            "was given back"
        };
        let now = match picks::holders(tx, &[order_id]).await?.pop() {
            Some(holder) => {
                let packer = called(tx, &holder.packer).await?;
                format!("{name} is with {packer} now (round {})", holder.wave_id)
            }
            None => format!("{name} is with nobody now: start a round for it again"),
        };
        Ok(format!("round {round} {ended}: {now}"))
    }

    /// Brings line and stock to where they are after the scan; or says why that cannot be.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        line: &Line,
        next: Standing,
    ) -> anyhow::Result<Result<Answer, String>> {
        picks::extend(tx, self.wave.id, claim_ends(self.ctx, self.stamp.at)).await?;
        let target = if next.is_complete() {
            next.picked
        } else {
            line.moved.min(next.picked)
        };
        let Some(moved) = self.follow(tx, line, target).await? else {
            let why = format!(
                "fewer of {} lie at the packing bench by the books than are put back",
                line.sku
            );
            return Ok(Err(why));
        };
        picks::set_line(tx, line, (next.picked, next.short, moved)).await?;
        if moved < target {
            self.found_more(tx, line, moved, next.picked).await?;
        }
        let mut answer = Answer {
            id: self.event.id.clone(),
            outcome: Outcome::Stored,
            why: None,
            line: Some(LineState {
                line: line.id,
                picked: next.picked,
                short: next.short,
            }),
            short: None,
            repeated: false,
        };
        if self.event.kind == EventKind::Short {
            let fall = FallShort {
                ctx: self.ctx,
                stamp: self.stamp,
                wave: self.wave,
                line,
                picked: next.picked,
                short: next.short,
                reason: self.event.reason.as_deref().unwrap_or_default(),
            };
            answer.short = Some(fall.run(tx).await?);
        }
        Ok(Ok(answer))
    }

    /// Moves units until so many of the line are at the packing bench; gives how many are.
    /// Fewer come where the books have fewer; none go back, and there is no answer, where
    /// the books have fewer at the bench.
    async fn follow(&self, tx: &mut Tx, line: &Line, target: i64) -> anyhow::Result<Option<i64>> {
        if target == line.moved {
            return Ok(Some(target));
        }
        let house = House::load(tx).await?;
        let bench = place_of(&house, PACKING)?.id;
        if line.location_id == bench {
            return Ok(Some(target));
        }
        let mut carry = Carry {
            line: line.id,
            demand: line.demand_id,
            product: line.product_id,
            lot: line.lot_id,
            from: line.location_id,
            to: bench,
            units: target - line.moved,
            reason: PICKED,
        };
        if target > line.moved {
            return Ok(Some(line.moved + carry.run(tx, self.stamp).await?));
        }
        (carry.from, carry.to) = (bench, line.location_id);
        carry.units = line.moved - target;
        carry.reason = PUT_BACK;
        if carry.there(tx).await? < carry.units {
            return Ok(None);
        }
        carry.run(tx, self.stamp).await?;
        Ok(Some(target))
    }

    /// More were picked than the books had there.
    async fn found_more(
        &self,
        tx: &mut Tx,
        line: &Line,
        moved: i64,
        picked: i64,
    ) -> anyhow::Result<()> {
        let order = self.order_of(tx, line).await?;
        let new = New {
            kind: "found_more",
            product: line.product_id,
            location: Some(line.location_id),
            lot: line.lot_id,
            order: order.as_ref().map(|task| task.order_id),
            line: Some(line.id),
            expected: moved,
            found: picked,
            reason: "more were picked than the books have there",
            count: None,
        };
        let id = discrepancies::insert(tx, self.stamp, &new).await?;
        let payload = json!({
            "wave": self.wave.id, "line": line.id, "sku": line.sku, "bin": line.bin,
            "books": moved, "picked": picked, "discrepancy": id,
        });
        let subject = order.map_or_else(
            || format!("wave:{}", self.wave.id),
            |task| format!("order:{}", task.order_ref),
        );
        let fact = Event::new("pick.found_more", subject, payload);
        Ok(events::append(tx, self.stamp, &[fact]).await?)
    }

    async fn order_of(&self, tx: &mut Tx, line: &Line) -> anyhow::Result<Option<Task>> {
        let tasks = picks::tasks(tx, &[self.wave.id]).await?;
        Ok(tasks.into_iter().find(|task| task.id == line.task_id))
    }

    async fn note(&self, tx: &mut Tx, line: Option<&Line>, answer: &Answer) -> anyhow::Result<()> {
        let answer = serde_json::to_string(answer)?;
        let scan = NewScan {
            id: &self.event.id,
            wave: self.wave.id,
            line: line.map(|line| (line.task_id, line.id)),
            kind: self.event.kind.as_str(),
            units: self.event.units,
            code: &self.event.code,
            scanned_at: UtcMs(self.event.at).0,
            answer: &answer,
        };
        Ok(picks::insert_scan(tx, self.stamp, &scan)
            .await
            .map_err(first_come)?)
    }
}
