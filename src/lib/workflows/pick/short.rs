//! Fewer lie there than should: what was not found is nobody's until somebody has looked,
//! promises on it are given back and reserved anew at once, and a count is asked for.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::start::Walk;
use super::{MISSING, PACKING, Short, in_hand, place_of};
use crate::config::ReservePolicy;
use crate::context::Context;
use crate::domain::fifo::Held;
use crate::domain::withdrawal::{self, Lying};
use crate::domain::words::plural;
use crate::store::discrepancies::{self, New};
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::picks::{self, Line, NewLine, Wave};
use crate::store::stock::{self, Place};
use crate::store::{Stamp, Tx, counts, reservations};
use crate::workflows::count::{self, Wanted};
use crate::workflows::reserve;
use crate::workflows::withdrawal::{Going, relocate};

/// So many other orders are named.
const NAMED: usize = 20;

/// A line of which not all was found.
pub(super) struct FallShort<'a> {
    pub ctx: &'a Context,
    pub stamp: &'a Stamp,
    pub wave: &'a Wave,
    /// As it was before.
    pub line: &'a Line,
    /// Units picked in all.
    pub picked: i64,
    /// Units not found in all.
    pub short: i64,
    /// What the packer said.
    pub reason: &'a str,
}

impl FallShort<'_> {
    pub(super) async fn run(&self, tx: &mut Tx) -> anyhow::Result<Short> {
        let house = House::load(tx).await?;
        let (missing, losers) = self.set_aside(tx, &house).await?;
        let (count, count_was_open) = self.count(tx).await?;
        let tasks = picks::tasks(tx, &[self.wave.id]).await?;
        let task = tasks.iter().find(|task| task.id == self.line.task_id);
        let discrepancy = New {
            kind: "short_pick",
            product: self.line.product_id,
            location: Some(self.line.location_id),
            lot: self.line.lot_id,
            order: task.map(|task| task.order_id),
            line: Some(self.line.id),
            expected: self.picked + missing,
            found: self.picked,
            reason: self.reason,
            count,
        };
        let discrepancy = discrepancies::insert(tx, self.stamp, &discrepancy).await?;
        reserve::within(self.ctx, tx, false).await?;
        let order = task.map_or(0, |task| task.order_id);
        let bench = place_of(&house, PACKING)?.id;
        in_hand::keep(tx, self.stamp, self.line.task_id, bench).await?;
        let (mut new_lines, reserved_anew) = self.lines_anew(tx, bench, order).await?;
        let whole_order = self.ctx.tenant.reserve.policy == ReservePolicy::WholeOrder;
        let spare = in_hand::cut(tx, self.stamp, self.line, (order, bench), whole_order).await?;
        new_lines.extend(spare.changed());
        let wanted = picks::open_units(tx, self.line.demand_id).await?;
        let mut short = Short {
            discrepancy,
            missing,
            reserved_anew,
            new_lines,
            backordered: wanted,
            others: losers,
            count,
            count_was_open,
            words: String::new(),
        };
        short.words = self.words(&short) + &spare.words();
        let subject = task.map_or_else(
            || format!("wave:{}", self.wave.id),
            |task| format!("order:{}", task.order_ref),
        );
        let payload = json!({
            "wave": self.wave.id, "line": self.line.id, "sku": self.line.sku,
            "bin": self.line.bin, "found": self.picked, "short": self.short,
            "reason": self.reason, "discrepancy": discrepancy, "missing": missing,
            "reserved_anew": reserved_anew, "backordered": wanted, "others": short.others,
            "count": count, "not_taken": spare.not_taken, "spare": spare.picked,
        });
        let fact = Event::new("pick.short", subject, payload);
        events::append(tx, self.stamp, &[fact]).await?;
        Ok(short)
    }

    /// What should still lie there, and nobody has in hand, goes to where missing units are.
    /// Gives how many, and the other orders that lose a promise by it.
    async fn set_aside(&self, tx: &mut Tx, house: &House) -> anyhow::Result<(i64, Vec<String>)> {
        let line = self.line;
        let places = stock::places(tx, &[line.product_id]).await?;
        let here: Vec<&Place> = places
            .iter()
            .filter(|place| place.location_id == line.location_id)
            .filter(|place| line.lot_id.is_none_or(|lot| lot == place.lot_id))
            .collect();
        let ids: Vec<i64> = here.iter().map(|place| place.id).collect();
        let mut held: Vec<Held> = reservations::on_balances(tx, &ids)
            .await?
            .into_iter()
            .rev()
            .map(|(_, demand, balance, units)| Held {
                demand,
                balance,
                units,
            })
            .collect();
        held.sort_by_key(|held| held.demand != line.demand_id);
        let own: i64 = of(&held, line.demand_id);
        let at_the_bench = house.code(line.location_id) == PACKING;
        let in_totes =
            picks::in_totes(tx, line.product_id, line.location_id, line.lot_id, line.id).await?;
        let mut units: i64 = here.iter().map(|place| place.on_hand).sum();
        if at_the_bench {
            // What else lies there was brought for other orders.
            units = units.min(own).min(self.short - line.short);
        }
        for (demand, in_hand) in in_totes {
            units -= in_hand;
            keep(&mut held, demand, in_hand);
        }
        let lying: Vec<Lying> = here
            .iter()
            .map(|place| Lying {
                balance: place.id,
                free: if at_the_bench {
                    0
                } else {
                    place.on_hand - place.reserved
                },
            })
            .collect();
        let there: i64 = lying.iter().map(|lying| lying.free).sum::<i64>()
            + held.iter().map(|held| held.units).sum::<i64>();
        let units = units.min(there);
        if units <= 0 {
            return Ok((0, Vec::new()));
        }
        let what = withdrawal::withdraw(&lying, &held, units)
            .map_err(|short| crate::store::StoreError::Conflict(short.to_string()))?;
        let losers: Vec<i64> = what
            .promised
            .iter()
            .map(|held| held.demand)
            .filter(|demand| *demand != line.demand_id)
            .collect();
        let mut losers = picks::orders_of(tx, &losers).await?;
        losers.truncate(NAMED);
        let going = Going {
            what,
            to: place_of(house, MISSING)?.id,
            keeps_promises: false,
        };
        let cause = format!("short:{}", line.id);
        relocate(tx, self.stamp, &places, &[going], "not found", &cause).await?;
        Ok((units, losers))
    }

    /// The count of the product: one that is open, or one that begins now.
    async fn count(&self, tx: &mut Tx) -> anyhow::Result<(Option<i64>, bool)> {
        let product = self.line.product_id;
        let open = counts::open_elsewhere(tx, None, &[product]).await?;
        if let Some((count, ..)) = open.first() {
            return Ok((Some(*count), true));
        }
        let wanted = Wanted::Skus(vec![self.line.sku.clone()]);
        let started = count::start_within(tx, self.stamp, &wanted, false).await?;
        Ok((started.id, false))
    }

    /// Lines for what the demand is promised now and no line covers.
    async fn lines_anew(
        &self,
        tx: &mut Tx,
        bench: i64,
        order: i64,
    ) -> anyhow::Result<(Vec<i64>, i64)> {
        let line = self.line;
        let promises = picks::promises(tx, order, Some(line.demand_id)).await?;
        let before = picks::lines_of(tx, line.task_id, line.demand_id).await?;
        let expected: i64 = before.iter().map(|line| line.quantity - line.short).sum();
        let units: i64 = promises.iter().map(|promise| promise.quantity).sum();
        let mut left = units - expected;
        let mut places: BTreeMap<(i64, Option<i64>), i64> = BTreeMap::new();
        for promise in &promises {
            let lot = promise.tells_lots_apart().then_some(promise.lot_id);
            *places.entry((promise.location_id, lot)).or_default() += promise.quantity;
        }
        let mut covered: HashMap<(i64, Option<i64>), i64> = HashMap::new();
        for line in &before {
            let still = line.quantity - line.short - line.moved;
            *covered.entry((line.location_id, line.lot_id)).or_default() += still;
            *covered.entry((bench, line.lot_id)).or_default() += line.moved;
        }
        let walk = Walk::load(tx).await?;
        let mut new = Vec::new();
        for ((location, lot), units) in places {
            let open = units - covered.get(&(location, lot)).copied().unwrap_or(0);
            let units = open.min(left);
            if units <= 0 {
                continue;
            }
            left -= units;
            new.push(NewLine {
                task: line.task_id,
                position: walk.position(location),
                demand: line.demand_id,
                product: line.product_id,
                location,
                lot,
                quantity: units,
            });
        }
        picks::insert_lines(tx, &new).await?;
        let after = picks::lines_of(tx, line.task_id, line.demand_id).await?;
        let was_there = |id: i64| before.iter().any(|line| line.id == id);
        let added = after
            .iter()
            .map(|line| line.id)
            .filter(|id| !was_there(*id));
        Ok((added.collect(), new.iter().map(|line| line.quantity).sum()))
    }

    fn words(&self, short: &Short) -> String {
        let line = self.line;
        let mut words = format!(
            "{} of {} {} found at {}.",
            self.picked, line.quantity, line.sku, line.bin
        );
        if short.reserved_anew > 0 {
            let units = short.reserved_anew;
            let verb = plural(units, "lies", "lie");
            words.push_str(&format!(
                " {units} more {verb} elsewhere: see the new lines."
            ));
        }
        if short.backordered > 0 {
            words.push_str(&format!(" The order waits for {}.", short.backordered));
        }
        if let Some(count) = short.count {
            words.push_str(&if short.count_was_open {
                format!(" Count {count} is open for it.")
            } else {
                format!(" Count {count} was started.")
            });
        }
        words
    }
}

fn of(held: &[Held], demand: i64) -> i64 {
    let of = held.iter().filter(|held| held.demand == demand);
    of.map(|held| held.units).sum()
}

/// Takes so many units of a demand out of what may give way: they are in somebody's hands.
fn keep(held: &mut Vec<Held>, demand: i64, units: i64) {
    let mut left = units;
    for held in held.iter_mut().filter(|held| held.demand == demand) {
        let part = left.min(held.units);
        held.units -= part;
        left -= part;
    }
    held.retain(|held| held.units > 0);
}
