//! What a packer has in hand when something else of the order falls short. A kit goes whole
//! or not at all: what no kit needs any more is not picked further, and what lies at the
//! bench already is for nobody. What the order keeps is promised where it lies.

use std::collections::{BTreeMap, BTreeSet};

use super::carry::{Carry, PICKED};
use crate::store::picks::{self, Line};
use crate::store::{Stamp, StoreError, Tx, orders};

/// Lets what is picked for a task be promised at the bench, where it lies, whichever units
/// reserving anew has chosen.
pub(super) async fn keep(
    tx: &mut Tx,
    stamp: &Stamp,
    task: i64,
    bench: i64,
) -> Result<(), StoreError> {
    let mut here: BTreeMap<(i64, Option<i64>), Carry<'_>> = BTreeMap::new();
    for line in picks::lines_of_task(tx, task).await? {
        let units = if line.location_id == bench {
            line.picked
        } else {
            line.moved
        };
        here.entry((line.demand_id, line.lot_id))
            .or_insert(Carry {
                line: line.id,
                demand: line.demand_id,
                product: line.product_id,
                lot: line.lot_id,
                from: bench,
                to: bench,
                units: 0,
                reason: PICKED,
            })
            .units += units;
    }
    for carry in here.values().filter(|carry| carry.units > 0) {
        carry.stay(tx, stamp).await?;
    }
    Ok(())
}

/// What of a task is no longer for its order.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// Lines of which less is taken than the sheet said.
    pub lines: Vec<i64>,
    /// Units of those that are not taken: (SKU, units).
    pub not_taken: BTreeMap<String, i64>,
    /// Units that are picked already: (SKU, units).
    pub picked: BTreeMap<String, i64>,
}

/// Cuts the lines of a task down to what its order is promised, of the demands that are
/// served together with a line that fell short: those of its kit, or of the whole order.
pub(super) async fn cut(
    tx: &mut Tx,
    stamp: &Stamp,
    short: &Line,
    (order, bench): (i64, i64),
    whole_order: bool,
) -> Result<Spare, StoreError> {
    let demands = orders::demands(tx, order).await?;
    let of_kit = demands.iter().find(|d| d.id == short.demand_id);
    let kit = of_kit.map(|d| d.line_id);
    let together = demands
        .iter()
        .filter(|d| whole_order || Some(d.line_id) == kit);
    let lines = picks::lines_of_task(tx, short.task_id).await?;
    let mut spare = Spare::default();
    for demand in together {
        let of_demand: Vec<&Line> = lines.iter().filter(|l| l.demand_id == demand.id).collect();
        let on_sheet: i64 = of_demand.iter().map(|l| l.quantity - l.short).sum();
        let mut beyond = on_sheet - demand.reserved;
        for line in of_demand.iter().rev() {
            let part = beyond.min(line.quantity - line.picked - line.short);
            if part <= 0 {
                continue;
            }
            beyond -= part;
            spare.lines.push(line.id);
            *spare.not_taken.entry(line.sku.clone()).or_default() += part;
            not_taken(tx, stamp, line, part, bench).await?;
        }
        let picked: i64 = of_demand.iter().map(|line| line.picked).sum();
        let beyond = beyond.min(picked);
        if let Some(line) = of_demand.first().filter(|_| beyond > 0) {
            *spare.picked.entry(line.sku.clone()).or_default() += beyond;
        }
    }
    Ok(spare)
}

/// Takes units off a line. One that is complete by it lies at the bench.
async fn not_taken(
    tx: &mut Tx,
    stamp: &Stamp,
    line: &Line,
    units: i64,
    bench: i64,
) -> Result<(), StoreError> {
    let short = line.short + units;
    let mut moved = line.moved;
    if line.picked + short == line.quantity && moved < line.picked {
        let goes = Carry {
            line: line.id,
            demand: line.demand_id,
            product: line.product_id,
            lot: line.lot_id,
            from: line.location_id,
            to: bench,
            units: line.picked - moved,
            reason: PICKED,
        };
        moved = if line.location_id == bench {
            line.picked
        } else {
            moved + goes.run(tx, stamp).await?
        };
    }
    picks::set_line(tx, line, (line.picked, short, moved)).await
}

impl Spare {
    /// In words for the packer, each sentence after a space.
    pub(super) fn words(&self) -> String {
        let listed = |units: &BTreeMap<String, i64>| {
            let of = |(sku, units): (&String, &i64)| format!("{units} of {sku}");
            units.iter().map(of).collect::<Vec<_>>().join(", ")
        };
        let mut words = String::new();
        if !self.not_taken.is_empty() {
            words.push_str(&format!(
                " Without it the order does not get {}: leave that on the shelf.",
                listed(&self.not_taken)
            ));
        }
        if !self.picked.is_empty() {
            words.push_str(&format!(
                " What is picked of it is not for this order now: lay {} on the packing bench.",
                listed(&self.picked)
            ));
        }
        words
    }

    /// The lines that have changed, each once.
    pub(super) fn changed(&self) -> BTreeSet<i64> {
        self.lines.iter().copied().collect()
    }
}
