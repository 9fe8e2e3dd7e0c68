//! What lies on the bench is read, and held for whoever packs it.

use std::collections::HashMap;

use anyhow::Context as _;

use super::bench::{Bench, BenchLine, Package, PackageItem};
use crate::context::Context;
use crate::domain::order::Address;
use crate::domain::pack::{self, Open, Want};
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::packages::{self, Bound, Item, Line, PackageRow, Task};
use crate::store::{Stamp, StoreError, Tx, consignments};
use crate::workflows::who::called;

/// A task with all that was picked and packed for it.
#[derive(Debug)]
pub(super) struct Lying {
    pub(super) task: Task,
    pub(super) lines: Vec<Line>,
    pub(super) packages: Vec<PackageRow>,
    pub(super) items: Vec<Item>,
    pub(super) bound: Vec<Bound>,
    /// What the order wants, with what is picked of it.
    pub(super) wants: Vec<Want>,
    /// Units of each demand that may be packed.
    pub(super) may_go: HashMap<i64, i64>,
}

/// Whether an order has to be allowed to leave for what is done on its bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    Must,
    Any,
}

/// Holds a task for this packer, and reads it.
///
/// # Errors
/// Somebody else has it, it is not on the bench, or its order may not leave.
pub(super) async fn hold(
    ctx: &Context,
    tx: &mut Tx,
    task: i64,
    take_over: bool,
    leaving: Leaving,
) -> anyhow::Result<Lying> {
    let stamp = ctx.stamp();
    let until = stamp.at.0 + i64::from(ctx.tenant.pick.claim_minutes) * 60_000;
    let held = packages::hold(tx, &stamp, task, until, take_over).await?;
    let lying = Lying::load(tx, task).await?;
    if !held {
        return Err(lying.why_not_held(tx, &stamp).await?.into());
    }
    if leaving == Leaving::Must {
        lying.must_leave()?;
    }
    Ok(lying)
}

/// Whether no carrier is asked for what lies packed: its labels say what is in which box.
///
/// # Errors
/// One is, or the store's.
pub(super) async fn not_being_sent(tx: &mut Tx, task: &Task) -> anyhow::Result<()> {
    let Some(row) = consignments::under_way(tx, task.order_id).await? else {
        return Ok(());
    };
    let (id, name) = (row.id, &task.order_ref);
    let state = row.state.replace('_', " ");
    Err(Fault::failed(format!("{name} has labels: consignment {id} is {state}"))
        .hint(format!(
            "`opsctl ship show {id}` tells more; it is opened again once `opsctl ship void {id}` \
             has taken them back"
        ))
        .into())
}

impl Lying {
    pub(super) async fn load(tx: &mut Tx, id: i64) -> anyhow::Result<Self> {
        let task = packages::task(tx, id).await?;
        let task = task.ok_or_else(|| {
            Fault::failed(format!("there is no task {id}"))
                .hint("`opsctl pack list` shows what waits for packing")
        })?;
        Self::of(tx, task).await.context("reading the bench")
    }

    async fn of(tx: &mut Tx, task: Task) -> Result<Self, StoreError> {
        let wants = packages::wants(tx, task.id).await?;
        Ok(Self {
            may_go: pack::may_go(&wants),
            wants,
            lines: packages::lines(tx, task.id).await?,
            packages: packages::packages(tx, task.id).await?,
            items: packages::items(tx, task.id).await?,
            bound: packages::bound(tx, task.id).await?,
            task,
        })
    }

    async fn why_not_held(&self, tx: &mut Tx, stamp: &Stamp) -> Result<Fault, StoreError> {
        let task = &self.task;
        let name = &task.order_ref;
        Ok(match task.state.as_str() {
            "picking" => {
                let picker = called(tx, &task.picker).await?;
                Fault::failed(format!("{name} is still being picked by {picker}"))
                    .hint("it can be packed when its round is finished")
            }
            "picked" => Fault::failed(with_whom(tx, stamp, task).await?)
                .hint("wait, or let a manager take it over (`opsctl pack start --take-over`)"),
            "packed" => Fault::failed(format!("{name} is packed already"))
                .hint(format!("`opsctl pack reopen {name}` opens it again")),
            "shipped" => Fault::failed(format!("{name} has left the bench with its shipment"))
                .hint(format!("`opsctl orders show {name}`")),
            _ => Fault::failed(format!("{name} was given back to the queue"))
                .hint("it has to be picked again"),
        })
    }

    /// Why the order may not leave now.
    pub(super) fn may_not_leave(&self) -> Option<String> {
        may_not_leave(&self.task)
    }

    pub(super) fn must_leave(&self) -> Result<(), Fault> {
        let name = &self.task.order_ref;
        match self.may_not_leave() {
            None => Ok(()),
            Some(why) => Err(
                Fault::failed(format!("{name} may not leave: {why}")).hint(format!(
                    "put the goods back: `opsctl pack release {name}` unpacks it, and \
                 `opsctl stock move` puts them away from the bench"
                )),
            ),
        }
    }

    /// The lines as a scan of their product sees them.
    pub(super) fn open(&self, lines: &[&Line]) -> Vec<Open> {
        let see = |line: &&Line| Open {
            line: line.id,
            demand: line.demand_id,
            lot: line.lot_id,
            left: line.picked - line.packed,
            wanted: self.may_go(line.demand_id) - self.packed(line.demand_id),
        };
        lines.iter().map(see).collect()
    }

    /// The package of this number, open; with 0, the only one that is open.
    pub(super) fn open_package(&self, number: i64) -> Result<&PackageRow, Fault> {
        let mut open = self.packages.iter().filter(|p| p.closed_at.is_none());
        let name = &self.task.order_ref;
        if number != 0 {
            let package = self.package(number)?;
            return match package.closed_at {
                None => Ok(package),
                Some(_) => Err(Fault::failed(format!("package {number} is closed"))
                    .hint("open it again, or take another one")),
            };
        }
        match (open.next(), open.next()) {
            (Some(package), None) => Ok(package),
            (None, _) => Err(Fault::failed("no package is open")
                .hint(format!("open one: `opsctl pack box {name}`"))),
            _ => Err(Fault::failed("several packages are open").hint("say which by its number")),
        }
    }

    pub(super) fn package(&self, number: i64) -> Result<&PackageRow, Fault> {
        let found = self.packages.iter().find(|p| p.number == number);
        found.ok_or_else(|| {
            let name = &self.task.order_ref;
            Fault::failed(format!("{name} has no package {number}"))
                .hint(format!("`opsctl pack show {name}` lists its packages"))
        })
    }

    pub(super) fn is_empty(&self, package: i64) -> bool {
        self.items.iter().all(|item| item.package_id != package)
    }

    /// The bench as people see it.
    pub(super) fn bench(&self, ctx: &Context) -> Bench {
        let task = &self.task;
        let on_it = matches!(task.state.as_str(), "picking" | "picked" | "packed");
        Bench {
            dry_run: false,
            task: task.id,
            order: task.order_ref.clone(),
            order_id: task.order_id,
            customer: task.customer.clone(),
            ship_to: address(&task.ship_to),
            service: task.service.clone(),
            note: task.note.clone(),
            state: task.state.clone(),
            tote: task.tote,
            packer: task.packer.clone(),
            pack_until: task.pack_until,
            may_not_leave: self.may_not_leave().filter(|_| on_it),
            too_much: self.too_much().filter(|_| on_it),
            lines: self.lines.iter().map(line).collect(),
            packages: self.packages.iter().map(|p| self.seen(ctx, p)).collect(),
            left: self.left(),
            packed: self.lines.iter().map(|l| l.packed).sum(),
            shipment: task.shipment_id,
        }
    }

    fn seen(&self, ctx: &Context, package: &PackageRow) -> Package {
        let items: Vec<&Item> = self
            .items
            .iter()
            .filter(|item| item.package_id == package.id)
            .collect();
        let of_line = |id: i64| self.lines.iter().find(|line| line.id == id);
        let lines = || items.iter().filter_map(|i| Some((*i, of_line(i.line_id)?)));
        let settings = &ctx.tenant.pack;
        let preset = settings.boxes.get(&package.preset);
        let contents: Vec<(i64, Option<i64>)> =
            lines().map(|(i, l)| (i.quantity, l.weight_g)).collect();
        let mut unweighed: Vec<String> = lines()
            .filter(|(_, line)| line.weight_g.is_none())
            .map(|(_, line)| line.sku.clone())
            .collect();
        unweighed.sort_unstable();
        unweighed.dedup();
        let expected_g = pack::expected_g(preset.map_or(0, |p| i64::from(p.empty_g)), &contents);
        let tolerance = settings.weight_tolerance_percent;
        let warning = match (package.weight_g, expected_g) {
            (Some(weight), Some(expected))
                if pack::weighs_otherwise(weight, expected, tolerance) =>
            {
                Some(format!(
                    "package {} weighs {weight} g, its contents and box should weigh {expected} g: \
                     look again what is in it",
                    package.number
                ))
            }
            _ => None,
        };
        let serials = |item: &Item| {
            let mine = self.bound.iter().filter(|b| b.item_id == item.id);
            mine.map(|b| b.serial.clone()).collect()
        };
        Package {
            number: package.number,
            preset: package.preset.clone(),
            length_mm: package.length_mm,
            width_mm: package.width_mm,
            height_mm: package.height_mm,
            weight_g: package.weight_g,
            expected_g,
            unweighed,
            warning,
            closed: package.closed_at.is_some(),
            items: lines()
                .map(|(item, line)| PackageItem {
                    line: line.id,
                    sku: line.sku.clone(),
                    title: line.title.clone(),
                    lot: item.lot.clone(),
                    units: item.quantity,
                    serials: serials(item),
                })
                .collect(),
        }
    }
}

/// Says with whom a picked order is on the bench, and until when; or that it waits.
pub(super) async fn with_whom(
    tx: &mut Tx,
    stamp: &Stamp,
    task: &Task,
) -> Result<String, StoreError> {
    let name = &task.order_ref;
    let Some(packer) = &task.packer else {
        return Ok(format!("{name} is picked and waits for packing"));
    };
    let packer = called(tx, packer).await?;
    let until = task.pack_until.map_or(String::new(), |at| {
        format!(" until {}", stamp.clock(UtcMs(at)))
    });
    Ok(format!("{name} is being packed by {packer}{until}"))
}

/// Why a task's order may not leave now.
pub(super) fn may_not_leave(task: &Task) -> Option<String> {
    pack::may_not_leave(&task.rule, &task.status, task.order_holds.as_deref())
}

fn line(line: &Line) -> BenchLine {
    BenchLine {
        line: line.id,
        sku: line.sku.clone(),
        title: line.title.clone(),
        tracking: line.tracking.clone(),
        lot: line.lot.clone(),
        picked: line.picked,
        packed: line.packed,
    }
}

/// An address as its lines.
fn address(json: &str) -> Vec<String> {
    let to = serde_json::from_str::<Option<Address>>(json).ok().flatten();
    to.map_or_else(Vec::new, |to| to.lines())
}
