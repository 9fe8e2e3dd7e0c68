//! What lies packed leaves the house: by a person's word, or because the shop says that the
//! order has left.

use std::collections::BTreeMap;

use serde_json::json;

use super::load::{Lying, with_whom};
use super::serials::PACKING;
use crate::context::Context;
use crate::domain::words::plural;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::orders::DemandRow;
use crate::store::packages::{self, Bound};
use crate::store::{Stamp, StoreError, Tx, applied_refs, serials, stock};
use crate::workflows::dispatch::Item;
use crate::workflows::who::called;
use crate::workflows::{pick, ship};

/// Lets a packed order leave, with what lies in its packages. The same carrier and number
/// again is reported and not applied.
///
/// # Errors
/// It is not packed, it has left otherwise, or as [`ship::run`].
pub async fn ship(
    ctx: &Context,
    task: i64,
    carrier: &str,
    tracking: &str,
    dry_run: bool,
) -> anyhow::Result<ship::Report> {
    let mut tx = ctx.store.read().await?;
    let lying = Lying::load(&mut tx, task).await?;
    let name = lying.task.order_ref.clone();
    let reference = ship::reference(&name, carrier, tracking);
    let before = applied_refs::find(&mut tx, &reference).await?;
    drop(tx);
    match lying.task.state.as_str() {
        "packed" => {}
        "shipped" if before.is_some() => {}
        "shipped" => {
            let shipment = lying.task.shipment_id;
            let with = shipment.map_or(String::new(), |id| format!(" with shipment {id}"));
            return Err(Fault::failed(format!("{name} has left{with}"))
                .hint(format!("`opsctl orders show {name}`"))
                .into());
        }
        _ => {
            return Err(Fault::failed(format!("{name} is not packed yet"))
                .hint(format!("finish it: `opsctl pack finish {name}`"))
                .into());
        }
    }
    let wish = ship::Wish {
        orders: vec![(name, Some(tracking.to_owned()))],
        carrier: carrier.to_owned(),
        dry_run,
        ..ship::Wish::default()
    };
    ship::run(ctx, &wish).await
}

/// An order that somebody holds, with what is packed of it.
#[derive(Debug)]
pub(in crate::workflows) struct Packed {
    lying: Lying,
    /// Where picked goods lie.
    bench: Option<i64>,
}

impl Packed {
    /// What lies packed of an order; nothing where nobody picks or packs it. A round that
    /// has expired before anything was picked for the order is ended, as one that begins
    /// would end it.
    ///
    /// # Errors
    /// It is being picked or packed, or the store's.
    pub(in crate::workflows) async fn of_order(
        tx: &mut Tx,
        stamp: &Stamp,
        order: i64,
    ) -> anyhow::Result<Option<Self>> {
        let Some(held) = Self::held(tx, order).await? else {
            return Ok(None);
        };
        let task = &held.lying.task;
        let name = &task.order_ref;
        let fault = match task.state.as_str() {
            "packed" => return Ok(Some(held)),
            "picking" if task.picks_until <= stamp.at.0 => {
                let in_hand: i64 = held.lying.lines.iter().map(|line| line.picked).sum();
                if in_hand == 0 {
                    pick::take_over(tx, stamp, &[order]).await?;
                    return Ok(None);
                }
                let picker = called(tx, &task.picker).await?;
                let wave = task.wave_id;
                let text = format!(
                    "round {wave} of {picker} has expired, and {in_hand} picked {} of {name} {} \
                     in its tote or on the bench",
                    plural(in_hand, "unit", "units"),
                    plural(in_hand, "lies", "lie"),
                );
                Fault::failed(text).hint(format!(
                    "go on with it (`opsctl pick start {name}`); or `opsctl pick release {wave}` \
                     books them on the bench, from where they can leave"
                ))
            }
            "picking" => {
                let picker = called(tx, &task.picker).await?;
                Fault::failed(format!("{name} is being picked by {picker}")).hint(
                    "let it be picked and packed, or give its round back: `opsctl pick release`",
                )
            }
            _ => Fault::failed(with_whom(tx, stamp, task).await?).hint(format!(
                "`opsctl pack finish {name}` when it is packed, or `opsctl pack release {name}`"
            )),
        };
        Err(fault.into())
    }

    /// The task that holds an order, in whatever state.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::workflows) async fn held(
        tx: &mut Tx,
        order: i64,
    ) -> anyhow::Result<Option<Self>> {
        let Some(task) = packages::open_task(tx, order).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            lying: Lying::load(tx, task.id).await?,
            bench: stock::location(tx, PACKING).await?,
        }))
    }

    /// What leaves: the packed units of each demand, with their lots, from the bench.
    ///
    /// # Errors
    /// A demand does not want so many any more.
    pub(in crate::workflows) fn items(&self, demands: &[DemandRow]) -> Result<Vec<Item>, Fault> {
        let mut sums: BTreeMap<i64, (i64, BTreeMap<i64, i64>)> = BTreeMap::new();
        for item in &self.lying.items {
            let (units, lots) = sums.entry(item.demand_id).or_default();
            *units += item.quantity;
            if let Some(lot) = item.lot_id {
                *lots.entry(lot).or_default() += item.quantity;
            }
        }
        let name = &self.lying.task.order_ref;
        let mut items = Vec::new();
        for (demand, (units, lots)) in sums {
            let of = demands.iter().find(|d| d.id == demand);
            let wanted = of.map_or(0, |d| d.quantity - d.shipped);
            let Some(demand) = of.filter(|_| units <= wanted) else {
                let of_demand = |l: &&packages::Line| l.demand_id == demand;
                let line = self.lying.lines.iter().find(of_demand);
                let sku = line.map_or("", |line| line.sku.as_str());
                let are = plural(units, "is", "are");
                let text = format!("{name} wants {wanted} of {sku}, and {units} {are} packed");
                return Err(Fault::failed(text).hint(format!(
                    "`opsctl pack reopen {name}`, and take out what is too much"
                )));
            };
            items.push(Item {
                demand: *demand,
                units,
                lots: lots.into_iter().collect(),
                from: self.bench,
            });
        }
        Ok(items)
    }

    /// Whether lines and serials that a person names are what lies packed: pieces by SKU as
    /// ordered, each with the lot named.
    pub(in crate::workflows) fn agrees(
        &self,
        items: &[Item],
        lines: &[crate::store::orders::LineRow],
        wish: &ship::Wish,
    ) -> Result<(), Fault> {
        let name = &self.lying.task.order_ref;
        let hint = format!(
            "`opsctl pack show {name}` tells what lies packed; `opsctl pack reopen {name}` to change it"
        );
        let differs = |what: &str| {
            Err(Fault::failed(format!("{what} not what lies packed for {name}")).hint(&hint))
        };
        if !wish.lines.is_empty() {
            let mut by_line: BTreeMap<i64, i64> = BTreeMap::new();
            for item in items {
                let pieces = item.units.div_euclid(item.demand.per_kit);
                let most = by_line.entry(item.demand.line_id).or_default();
                *most = pieces.max(*most);
            }
            let mut packed: BTreeMap<&str, i64> = BTreeMap::new();
            for line in lines {
                if let Some(pieces) = by_line.get(&line.id) {
                    *packed.entry(line.sku.as_str()).or_default() += pieces;
                }
            }
            let mut wished: BTreeMap<&str, i64> = BTreeMap::new();
            for line in &wish.lines {
                *wished.entry(line.sku.as_str()).or_default() += line.pieces;
                let known = self.lying.items.iter().filter_map(|i| i.lot.as_ref());
                let lot = line.lot.as_ref();
                if lot.is_some_and(|lot| !known.into_iter().any(|packed| packed == lot)) {
                    return differs("the lots named are");
                }
            }
            if packed != wished {
                return differs("the lines named are");
            }
        }
        if !wish.serials.is_empty() {
            let mut packed: Vec<&String> = self.lying.bound.iter().map(|b| &b.serial).collect();
            let mut wished: Vec<&String> = wish.serials.iter().collect();
            packed.sort_unstable();
            wished.sort_unstable();
            if packed != wished {
                return differs("the serials named are");
            }
        }
        Ok(())
    }

    /// The serials that lie packed.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::workflows) async fn serials(
        &self,
        tx: &mut Tx,
    ) -> Result<Vec<serials::Row>, StoreError> {
        rows(tx, self.lying.bound.iter()).await
    }

    /// Its packages have left with a shipment: nobody holds the order any more, and what was
    /// picked and not packed is for another round.
    ///
    /// # Errors
    /// A conflict, where the task has moved on; or the store's.
    pub(in crate::workflows) async fn has_left(
        &self,
        tx: &mut Tx,
        stamp: &Stamp,
        shipment: i64,
    ) -> Result<(), StoreError> {
        let task = &self.lying.task;
        let states = (task.state.as_str(), "shipped");
        if !packages::set_state(tx, stamp, task.id, states, Some(shipment)).await? {
            return Err(StoreError::Conflict("the task has moved on".to_owned()));
        }
        packages::set_left(tx, task.id, Some(shipment)).await?;
        packages::give_rest_back(tx, stamp, task).await?;
        packages::end_wave(tx, stamp, task.wave_id).await
    }

    /// What an order takes along that has left by the shop's word: from the bench, and of
    /// each demand the lots that lie packed, as far as they are there.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::workflows) async fn taken_along(
        &self,
        tx: &mut Tx,
        demand: DemandRow,
        units: i64,
    ) -> Result<Item, StoreError> {
        let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
        let mut left = units;
        let places = stock::places(tx, &[demand.product_id]).await?;
        for item in self.lying.items.iter().filter(|i| i.demand_id == demand.id) {
            let Some(lot) = item.lot_id else { continue };
            let there = places.iter().filter(|p| p.lot_id == lot && p.sellable);
            let there: i64 = there.map(|p| p.on_hand).sum();
            let of_lot = lots.entry(lot).or_default();
            let part = item.quantity.min(left).min(there - *of_lot).max(0);
            *of_lot += part;
            left -= part;
        }
        Ok(Item {
            demand,
            units,
            lots: lots.into_iter().filter(|(_, units)| *units > 0).collect(),
            from: self.bench,
        })
    }

    /// The serials among what has left by the shop's word.
    fn gone<'s>(&'s self, items: &[Item]) -> Vec<&'s Bound> {
        let mut gone = Vec::new();
        for item in items {
            for (lot, units) in &item.lots {
                let of_lot = |b: &&Bound| b.demand_id == item.demand.id && b.lot_id == *lot;
                let bound = self.lying.bound.iter().filter(of_lot);
                gone.extend(bound.take(usize::try_from(*units).unwrap_or(0)));
            }
        }
        gone
    }
}

async fn rows<'b>(
    tx: &mut Tx,
    bound: impl Iterator<Item = &'b Bound>,
) -> Result<Vec<serials::Row>, StoreError> {
    let mut found = Vec::new();
    for one in bound {
        found.extend(serials::find(tx, &one.serial, Some(one.product_id)).await?);
    }
    Ok(found)
}

/// The shop says that an order has left which somebody holds: what is packed has left with
/// it, its serials too, and nobody holds it any more. Where nothing is packed, what was
/// picked is told as given back.
///
/// # Errors
/// The store's.
pub(in crate::workflows) async fn left_by_the_shop(
    tx: &mut Tx,
    stamp: &Stamp,
    packed: &Packed,
    items: &[Item],
    shipment: Option<i64>,
) -> Result<(), StoreError> {
    let task = &packed.lying.task;
    let subject = format!("order:{}", task.order_ref);
    let Some(shipment) = shipment.filter(|_| !packed.lying.items.is_empty()) else {
        packages::empty(tx, task.id).await?;
        let states = (task.state.as_str(), "released");
        packages::set_state(tx, stamp, task.id, states, None).await?;
        packages::end_wave(tx, stamp, task.wave_id).await?;
        let facts = json!({ "why": "the shop says that it has left", "was": task.state });
        return events::append(tx, stamp, &[Event::new("pack.released", subject, facts)]).await;
    };
    for row in rows(tx, packed.gone(items).into_iter()).await? {
        if row.in_house {
            let facts = json!({ "order": task.order_ref, "shipment": shipment });
            let fact = ("serial.dispatched", facts);
            serials::set_in_house(tx, stamp, &row, row.lot_id, false, fact).await?;
        }
    }
    packed.has_left(tx, stamp, shipment).await?;
    let facts = json!({ "shipment": shipment, "by": "shop", "was": task.state });
    events::append(tx, stamp, &[Event::new("pack.shipped", subject, facts)]).await
}
