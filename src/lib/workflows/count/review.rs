//! What a count has found, and what applying it would do: decided here, written elsewhere.

use serde::Serialize;

use super::super::withdrawal::{Going, Promises};
use super::shelves::Shelves;
use super::{sort_for_the_walk, the_count};
use crate::context::Context;
use crate::domain::count::{Line, Lookup, Misplaced, Tally, misplaced, tally};
use crate::domain::fifo::Held;
use crate::domain::money::Currency;
use crate::domain::time::UtcMs;
use crate::store::costs;
use crate::store::counts::{self, Head, LineRow};
use crate::store::found_lots::Names;
use crate::store::locations::{House, SELLABLE};
use crate::store::stock::{self, NewLot, Place};
use crate::store::{Stamp, Tx};

/// What becomes of lines that nobody has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncounted {
    /// They stay as they are.
    Leave,
    /// Nothing lies there.
    AsZero,
}

/// What a count has found.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// The count.
    pub id: i64,
    /// What is counted.
    pub scope: String,
    /// `open`, `applied` or `cancelled`.
    pub state: String,
    /// Lines that nobody has counted yet.
    pub not_counted: usize,
    /// Units found that are missing nowhere else in the count.
    pub surplus: i64,
    /// Units missing that were found nowhere else in the count.
    pub shortage: i64,
    /// Units missing at one place and found at another: they are moved, not lost and gained.
    pub misplaced: i64,
    /// Units whose promise would have to be given back.
    pub released: i64,
    /// What the differences cost in all, as a decimal amount; of those whose cost is known.
    pub value: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Each line, in the order in which one walks past it.
    pub lines: Vec<ReviewLine>,
}

/// A line of a count with what was expected.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewLine {
    /// The place.
    pub location: String,
    /// The SKU.
    pub sku: String,
    /// The lot, where lots are told apart; else empty.
    pub lot: String,
    /// Units when the count began.
    pub snapshot: i64,
    /// Units that came or went from then until it was counted.
    pub moved: i64,
    /// Units that must have been there.
    pub expected: i64,
    /// Units seen.
    pub counted: Option<i64>,
    /// When.
    pub counted_at: Option<UtcMs>,
    /// By whom.
    pub counted_by: Option<String>,
    /// Units more than expected; negative for fewer.
    pub difference: Option<i64>,
    /// Units of the difference that are only misplaced.
    pub misplaced: i64,
    /// What the rest of the difference costs, where that is known.
    pub value: Option<String>,
    /// Units whose promise would have to be given back.
    pub released: i64,
    /// What the person said who counted it.
    pub reason: Option<String>,
    /// Why the difference cannot be applied.
    pub problem: Option<String>,
}

/// What a count has found.
///
/// # Errors
/// There is no such count, or the store's.
pub async fn review(ctx: &Context, id: i64) -> anyhow::Result<Review> {
    let mut tx = ctx.store.read().await?;
    let head = the_count(&mut tx, id).await?;
    let house = House::load(&mut tx).await?;
    let plan = Plan::make(&mut tx, &ctx.stamp(), &house, &head, Uncounted::Leave).await?;
    Ok(plan.review(head, &house, ctx.tenant.tenant.currency))
}

/// A line with what is to be done about it.
pub(super) struct Planned {
    pub(super) row: LineRow,
    pub(super) tally: Tally,
    /// Nobody looked; it is taken that nothing lies there.
    pub(super) assumed: bool,
    /// Units of the difference that go to another line, or come from one.
    pub(super) misplaced: i64,
    value: Option<i64>,
    pub(super) released: i64,
    pub(super) problem: Option<String>,
}

/// All that applying a count does.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) lines: Vec<Planned>,
    /// Lots for what was found.
    pub(super) gains: Vec<NewLot>,
    /// Units that go, by balance.
    pub(super) losses: Vec<(i64, i64)>,
    /// Promises that give way to that, newest first at each place.
    pub(super) promised: Vec<Held>,
    /// Units that lie elsewhere than the ledger says.
    pub(super) goings: Vec<Going>,
    /// The same by line.
    elsewhere: Vec<Misplaced>,
    pub(super) promises: Promises,
    /// Where the products with differences lie.
    pub(super) places: Vec<Place>,
}

impl Plan {
    /// Decides over a count. One that is over is only told.
    pub(super) async fn make(
        tx: &mut Tx,
        stamp: &Stamp,
        house: &House,
        head: &Head,
        uncounted: Uncounted,
    ) -> anyhow::Result<Self> {
        let mut rows = counts::lines(tx, head.id).await?;
        sort_for_the_walk(house, &mut rows);
        let assume = |row: &LineRow| row.counted.is_none() && uncounted == Uncounted::AsZero;
        let assumed: Vec<bool> = rows.iter().map(assume).collect();
        for (row, _) in rows
            .iter_mut()
            .zip(&assumed)
            .filter(|(_, assumed)| **assumed)
        {
            row.counted = Some(0);
            // All that has moved so far, by whatever clock.
            row.counted_at = Some(i64::MAX);
            row.counted_by = Some(stamp.actor.clone());
        }
        let lines: Vec<Line> = rows.iter().map(LineRow::line).collect();
        let tallies = tally(&lines, &counts::moves_since(tx, head.last_move).await?);
        let elsewhere = misplaced(&lines, &tallies).into_iter();
        let elsewhere = elsewhere.filter(|of| rows[of.from].tracking != "serial");
        let elsewhere: Vec<Misplaced> = elsewhere.collect();
        let all = rows.into_iter().zip(tallies).zip(assumed);
        let planned = all.map(|((row, tally), assumed)| Planned {
            row,
            tally,
            assumed,
            misplaced: 0,
            value: None,
            released: 0,
            problem: None,
        });
        let mut plan = Self {
            lines: planned.collect(),
            elsewhere,
            ..Self::default()
        };
        for of in &plan.elsewhere {
            plan.lines[of.from].misplaced += of.units;
            plan.lines[of.to].misplaced += of.units;
        }
        if head.state == "open" {
            let lookup = Lookup::new(&lines);
            plan.decide(tx, house, head.id, &stamp.day(), &lookup)
                .await?;
        }
        Ok(plan)
    }

    /// Decides line by line: what is only misplaced goes where it lies; of the rest, what was
    /// found comes in, and what is missing goes.
    async fn decide(
        &mut self,
        tx: &mut Tx,
        house: &House,
        count: i64,
        day: &str,
        lookup: &Lookup<'_>,
    ) -> anyhow::Result<()> {
        let differs = |line: &&Planned| line.tally.difference.is_some_and(|units| units != 0);
        let differing = self.lines.iter().filter(differs);
        let mut products: Vec<i64> = differing.map(|line| line.row.product_id).collect();
        products.sort_unstable();
        products.dedup();
        let places = stock::places(tx, &products).await?;
        self.promises = Promises::load(tx, &places).await?;
        let lots: Vec<i64> = places.iter().map(|place| place.lot_id).collect();
        let mut shelves = Shelves::new(
            &places,
            &Names::load(tx).await?,
            lookup,
            costs::of_lots(tx, &lots).await?,
        );
        for at in 0..self.lines.len() {
            let line = &mut self.lines[at];
            let Some(units) = line.tally.difference.filter(|units| *units != 0) else {
                continue;
            };
            if line.row.tracking == "serial" {
                line.problem = Some(serial_by_serial(&line.row.sku, units));
            } else if units < 0 {
                self.withdraw(&mut shelves, house, at, -units);
            } else if units > line.misplaced {
                let code = format!("count-{count}-{}", line.row.id);
                let lot = shelves.gain(&line.row, units - line.misplaced, code, day);
                line.value = lot.cost.as_ref().map(|cost| cost.amount_minor);
                self.gains.push(lot);
            } else {
                line.value = Some(0);
            }
        }
        self.places = places;
        Ok(())
    }

    /// Decides over units that do not lie where the line says: some are lost, the others are
    /// misplaced. Free units go where promises cannot follow.
    fn withdraw(&mut self, shelves: &mut Shelves<'_>, house: &House, at: usize, units: i64) {
        let line = &mut self.lines[at];
        let mut goes = match self.promises.withdraw(shelves.of(at), units) {
            Ok(goes) => goes,
            Err(missing) => {
                let there = units - missing.missing;
                line.problem = Some(format!(
                    "{there} units lie there now, {units} are to go: count it again"
                ));
                return;
            }
        };
        let lost = goes.take(units - line.misplaced);
        let mut released = lost.promised_units();
        line.value = shelves.loss(&lost.parts).map(|cost| -cost);
        self.losses.extend(lost.parts);
        self.promised.extend(lost.promised);
        let first = self.elsewhere.partition_point(|of| of.from < at);
        let mine = self.elsewhere[first..].iter();
        let mut going: Vec<(bool, i64, i64)> = mine
            .take_while(|of| of.from == at)
            .map(|of| {
                let to = self.lines[of.to].row.location_id;
                let sells = house.get(to).is_some_and(|place| place.kind == SELLABLE);
                (sells, to, of.units)
            })
            .collect();
        going.sort_by_key(|(sells, ..)| *sells);
        for (keeps_promises, to, units) in going {
            let what = goes.take(units);
            if !keeps_promises {
                released += what.promised_units();
            }
            self.goings.push(Going {
                what,
                to,
                keeps_promises,
            });
        }
        self.lines[at].released = released;
    }

    /// The plan as people read it.
    pub(super) fn review(self, head: Head, house: &House, currency: Currency) -> Review {
        let differences = || self.lines.iter().filter_map(|line| line.tally.difference);
        let misplaced: i64 = self.elsewhere.iter().map(|of| of.units).sum();
        let surplus: i64 = differences().filter(|units| *units > 0).sum();
        let shortage = -differences().filter(|units| *units < 0).sum::<i64>();
        Review {
            id: head.id,
            scope: head.scope,
            state: head.state,
            not_counted: self
                .lines
                .iter()
                .filter(|l| l.row.counted.is_none())
                .count(),
            surplus: surplus - misplaced,
            shortage: shortage - misplaced,
            misplaced,
            released: self.lines.iter().map(|line| line.released).sum(),
            value: currency.decimal(self.lines.iter().filter_map(|line| line.value).sum()),
            currency,
            lines: self
                .lines
                .into_iter()
                .map(|line| line.review(house, currency))
                .collect(),
        }
    }
}

impl Planned {
    fn review(self, house: &House, currency: Currency) -> ReviewLine {
        ReviewLine {
            location: house.code(self.row.location_id).to_owned(),
            sku: self.row.sku,
            lot: self.row.lot,
            snapshot: self.row.snapshot,
            moved: self.tally.moved,
            expected: self.tally.expected,
            counted: self.row.counted,
            counted_at: self.row.counted_at.filter(|_| !self.assumed).map(UtcMs),
            counted_by: self.row.counted_by,
            difference: self.tally.difference,
            misplaced: self.misplaced,
            value: self.value.map(|minor| currency.decimal(minor)),
            released: self.released,
            reason: self.row.reason,
            problem: self.problem,
        }
    }
}

/// What corrects units that no number can correct.
fn serial_by_serial(sku: &str, units: i64) -> String {
    let (serial, reason) = if units > 0 {
        ("NEW", "found")
    } else {
        ("S", "lost")
    };
    let more = if units.abs() > 1 {
        format!(",{serial}2{}", if units.abs() > 2 { ",..." } else { "" })
    } else {
        String::new()
    };
    format!(
        "its units are told apart; correct serial by serial: `opsctl stock adjust {sku} \
         --by {units} --serial {serial}1{more} --reason {reason}`, then count it again"
    )
}
