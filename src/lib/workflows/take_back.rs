//! Goods come back from a customer: they are lots of their own, at what they cost when they
//! left, and lie where nothing is sold from until somebody has looked at them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::until_no_conflict;
use crate::context::Context;
use crate::domain::cost::{Component, Cost, between, upto};
use crate::fault::Fault;
use crate::store::cogs::{self, Entry};
use crate::store::costs::{self, Outgoing};
use crate::store::events::{self, Event};
use crate::store::stock::NewLot;
use crate::store::{Tx, applied_refs, orders, products, serials, stock};

/// What comes back.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The order it left with.
    pub order: String,
    /// SKU, as ordered or as it left, and units.
    pub lines: Vec<(String, i64)>,
    /// The serials among it.
    pub serials: Vec<String>,
    /// Where it is put.
    pub to: String,
    /// The reference under which it is applied once.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What coming back did.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `woo:1042`.
    pub order: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom the reference had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// The new lots.
    pub lots: Vec<Back>,
}

/// A lot that came back.
#[derive(Debug, Clone, Serialize)]
pub struct Back {
    /// The SKU.
    pub sku: String,
    /// The new lot.
    pub lot: String,
    /// The lot it was of.
    pub was_of: String,
    /// Units.
    pub units: i64,
    /// What they cost, in minor units.
    pub cost_minor: i64,
    /// In which currency; empty where no cost is known.
    pub currency: String,
}

/// Takes goods back.
///
/// # Errors
/// They never left with that order, or have come back; a serial is not of them; or the
/// store's. Nothing is done then.
pub async fn run(ctx: &Context, wish: &Wish) -> anyhow::Result<Report> {
    until_no_conflict!(once(ctx, wish))
}

async fn once(ctx: &Context, wish: &Wish) -> anyhow::Result<Report> {
    let mut tx = ctx.store.allocate().await?;
    let order = super::orders::exactly_one(orders::find(&mut tx, &wish.order).await?, &wish.order)?;
    let reference = wish
        .reference
        .clone()
        .unwrap_or_else(|| format!("return:{}", ctx.run));
    let mut report = Report {
        order: order.order_ref.clone(),
        dry_run: wish.dry_run,
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        lots: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let location = stock::location(&mut tx, &wish.to).await?.ok_or_else(|| {
        Fault::failed(format!("there is no location {:?}", wish.to)).hint("`opsctl location list`")
    })?;
    let entries = cogs::of_order(&mut tx, order.id).await?;
    let mut left: Vec<serials::Row> = Vec::new();
    for serial in &wish.serials {
        left.push(one_serial(&mut tx, serial, &report.order).await?);
    }
    let mut wanted: BTreeMap<&str, i64> = BTreeMap::new();
    for (sku, pieces) in &wish.lines {
        *wanted.entry(sku).or_default() += pieces;
    }
    for (sku, pieces) in wanted {
        let mut open = pieces;
        for mut line in coming_back(&entries, sku) {
            let take = open.min(line.pieces());
            open -= take;
            for piece in line.take(take, &left) {
                let back = put(ctx, &mut tx, &piece, location, &reference, &mut left).await?;
                report.lots.push(back);
            }
        }
        if open > 0 {
            let text = format!(
                "{open} of {pieces} {sku} never left with {}, or have come back",
                report.order
            );
            return Err(Fault::failed(text)
                .hint(format!("`opsctl cogs explain {}`", report.order))
                .into());
        }
    }
    if let Some(serial) = left.first() {
        let text = format!("serial {} is not among what comes back", serial.serial);
        return Err(Fault::failed(text).into());
    }
    let stamp = ctx.stamp();
    let units: i64 = report.lots.iter().map(|lot| lot.units).sum();
    let summary = format!("{units} units of {} came back", report.order);
    applied_refs::note(&mut tx, &stamp, &reference, "return", &summary).await?;
    let fact = Event::new(
        "order.returned",
        format!("order:{}", report.order),
        json!({ "lots": report.lots }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// A serial that left with this order and has not come back.
async fn one_serial(tx: &mut Tx, serial: &str, order: &str) -> anyhow::Result<serials::Row> {
    for row in serials::find(tx, serial, None).await? {
        let subject = serials::subject(&row.sku, &row.serial);
        let told = events::newest(tx, Some(&subject), 100).await?;
        let left = told
            .iter()
            .rev()
            .find(|event| event.kind == "serial.dispatched");
        let with_it = left.is_some_and(|event| event.payload["order"] == order);
        if with_it && !row.in_house {
            return Ok(row);
        }
    }
    Err(
        Fault::failed(format!("serial {serial} did not leave with {order}"))
            .hint(format!("`opsctl serial {serial}` tells its life"))
            .into(),
    )
}

/// What of a line has left and not come back: of a kit, each component.
struct LeftLine<'a> {
    demands: Vec<LeftDemand<'a>>,
}

struct LeftDemand<'a> {
    /// Units in one piece.
    per_piece: i64,
    /// Entries, the newest first, with the units of each that have come back.
    entries: Vec<(&'a Entry, i64)>,
}

impl<'a> LeftLine<'a> {
    /// Whole pieces that can still come back.
    fn pieces(&self) -> i64 {
        let of_demand = |d: &LeftDemand<'_>| {
            let units = d.entries.iter().map(|(entry, back)| entry.quantity - back);
            units.sum::<i64>() / d.per_piece
        };
        self.demands.iter().map(of_demand).min().unwrap_or(0)
    }

    /// The units that so many pieces consist of; of what is told apart by serial, those of
    /// the lots that the serials left with.
    fn take(&mut self, pieces: i64, serials: &[serials::Row]) -> Vec<Piece<'a>> {
        let mut taken: Vec<Piece<'a>> = Vec::new();
        for demand in &mut self.demands {
            let mut open = pieces * demand.per_piece;
            for (entry, returned) in &mut demand.entries {
                let of_sku = |s: &&serials::Row| s.sku == entry.sku;
                let room = if serials.iter().any(|s| of_sku(&s)) {
                    let of_lot = |s: &&serials::Row| s.lot_id == entry.lot_id;
                    let mine = taken
                        .iter()
                        .filter(|piece| piece.entry.lot_id == entry.lot_id);
                    serials.iter().filter(of_sku).filter(of_lot).count() as i64
                        - mine.map(|piece| piece.units).sum::<i64>()
                } else {
                    open
                };
                let units = open.min(entry.quantity - *returned).min(room);
                if units > 0 {
                    taken.push(Piece {
                        entry,
                        returned: *returned,
                        units,
                    });
                    open -= units;
                    *returned += units;
                }
            }
        }
        taken
    }
}

/// The lines that a SKU left with, as ordered; or, where it was ordered only as part of
/// kits, the demands that it served. A return names its lot and demand, and counts on the
/// newest of their entries.
fn coming_back<'a>(entries: &'a [Entry], sku: &str) -> Vec<LeftLine<'a>> {
    let as_ordered = entries
        .iter()
        .any(|e| e.ordered_sku.as_deref() == Some(sku));
    let mut lines: BTreeMap<Option<i64>, BTreeMap<Option<i64>, Vec<&Entry>>> = BTreeMap::new();
    for entry in entries {
        let matches = if as_ordered {
            entry.ordered_sku.as_deref() == Some(sku)
        } else {
            entry.sku == sku
        };
        if matches {
            let demands = lines.entry(entry.line_id).or_default();
            demands.entry(entry.demand_id).or_default().push(entry);
        }
    }
    let demand = |entries: Vec<&'a Entry>| {
        let mut back: BTreeMap<i64, i64> = BTreeMap::new();
        for entry in entries.iter().filter(|e| e.kind == "return") {
            *back.entry(entry.lot_id).or_default() -= entry.quantity;
        }
        let per_kit = entries.first().and_then(|e| e.per_kit).unwrap_or(1);
        let left = entries.into_iter().rev().filter(|e| e.kind == "dispatch");
        LeftDemand {
            per_piece: if as_ordered { per_kit } else { 1 },
            entries: left
                .map(|entry| {
                    let back = back.entry(entry.lot_id).or_default();
                    let returned = entry.quantity.min(*back);
                    *back -= returned;
                    (entry, returned)
                })
                .collect(),
        }
    };
    let line = |demands: BTreeMap<Option<i64>, Vec<&'a Entry>>| LeftLine {
        demands: demands.into_values().map(demand).collect(),
    };
    lines.into_values().map(line).collect()
}

/// Units of an entry that come back.
struct Piece<'a> {
    entry: &'a Entry,
    /// Units of the entry that had come back before.
    returned: i64,
    units: i64,
}

async fn put(
    ctx: &Context,
    tx: &mut Tx,
    piece: &Piece<'_>,
    location: i64,
    reference: &str,
    left: &mut Vec<serials::Row>,
) -> anyhow::Result<Back> {
    let stamp = ctx.stamp();
    let entry = piece.entry;
    let standing = costs::of_lots(tx, &[entry.lot_id]).await?;
    let standing = standing
        .first()
        .ok_or_else(|| Fault::failed(format!("lot {} is gone", entry.lot)))?;
    // What the entry's units cost by now, also what was added after they had left.
    let first = entry.first_unit.unwrap_or(0);
    let whole = between(
        standing.cost_minor,
        standing.quantity,
        first,
        entry.quantity,
    );
    let share = |units| upto(whole, entry.quantity, units);
    let cost = share(piece.returned + piece.units) - share(piece.returned);
    let day = stamp.day();
    let currency = standing.currency.parse().ok();
    let code = format!("return-{}-{}", ctx.run, entry.id);
    let lot = NewLot {
        product: standing.product_id,
        code: code.clone(),
        received_on: day.clone(),
        quantity: piece.units,
        location,
        cost: currency.map(|currency| Cost::own(Component::Return, cost, currency, &day)),
        supplier: None,
        invoice: None,
        parent: Some(entry.lot_id),
    };
    let new = stock::put_lots(tx, &stamp, &[lot], "returned", reference).await?;
    let back = Outgoing {
        lot: entry.lot_id,
        units: piece.units,
        demand: entry.demand_id,
    };
    costs::take_back(tx, &stamp, back, cost, reference).await?;
    let mine: Vec<usize> = (0..left.len())
        .filter(|i| left[*i].lot_id == entry.lot_id)
        .take(piece.units as usize)
        .collect();
    let is_told_apart = products::tracking(tx, standing.product_id).await? == "serial";
    if is_told_apart && (mine.len() as i64) < piece.units {
        let text = format!(
            "{} units of {} that left with lot {} come back with {} serials of it",
            piece.units,
            entry.sku,
            entry.lot,
            mine.len()
        );
        return Err(Fault::failed(text)
            .hint("name each unit with --serial")
            .into());
    }
    for at in mine.into_iter().rev() {
        let serial = left.remove(at);
        let fact = (
            "serial.returned",
            json!({ "lot": code, "cause": reference }),
        );
        serials::set_in_house(tx, &stamp, &serial, new, true, fact).await?;
    }
    Ok(Back {
        sku: entry.sku.clone(),
        lot: code,
        was_of: entry.lot.clone(),
        units: piece.units,
        cost_minor: cost,
        currency: standing.currency.clone(),
    })
}
