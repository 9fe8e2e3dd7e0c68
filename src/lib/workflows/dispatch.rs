//! Goods leave the house for an order: the oldest layers are costed, the promises that this
//! displaces are moved, demand is served, all in the caller's transaction.
//!
//! Goods are taken where the order's own reservations lie. Of products that nobody can tell
//! apart, the oldest lot leaves whichever was reserved; of products whose lots or serials
//! are told apart, what was taken.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;

use crate::domain::fifo::{Change, Held};
use crate::domain::layers::{self, Layer, Leaving, Take};
use crate::domain::taking::{self, Spot};
use crate::domain::time::UtcMs;
use crate::domain::words::plural;
use crate::fault::Fault;
use crate::store::costs::{Exit, Voucher};
use crate::store::orders::DemandRow;
use crate::store::shipments::{self, NewShipment};
use crate::store::stock::{Place, Relocation, Removal};
use crate::store::{Stamp, StoreError, Tx, orders, products, reservations, stock};

/// What of an order leaves, and how.
#[derive(Debug, Clone)]
pub struct Parcel<'a> {
    /// The order.
    pub order: i64,
    /// What leaves.
    pub items: Vec<Item>,
    /// `manual`, or `shop` where only the shop says so.
    pub source: &'a str,
    /// Who carries it.
    pub carrier: &'a str,
    /// The carrier's number.
    pub tracking: &'a str,
    /// When it left.
    pub shipped_at: UtcMs,
}

/// Units that serve a demand.
#[derive(Debug, Clone)]
pub struct Item {
    /// The demand.
    pub demand: DemandRow,
    /// Units, at least 1.
    pub units: i64,
    /// The lots that some of them are of, where a person has said: (lot, units).
    pub lots: Vec<(i64, i64)>,
    /// The location they are taken from first, where they are known to lie there.
    pub from: Option<i64>,
}

/// What can leave for a demand right now: what is reserved for it, and what is free.
///
/// # Errors
/// The store's.
pub async fn available(tx: &mut Tx, demand: &DemandRow) -> Result<i64, StoreError> {
    if !products::is_stocked(tx, demand.product_id).await? {
        return Ok(demand.quantity - demand.shipped);
    }
    let places = stock::places(tx, &[demand.product_id]).await?;
    let free: i64 = places
        .iter()
        .filter(|place| place.sellable)
        .map(|place| place.on_hand - place.reserved)
        .sum();
    Ok(demand.reserved + free)
}

/// Lets a parcel leave; gives the shipment's number.
///
/// # Errors
/// A conflict, where the goods are not there any more; or the store's.
pub async fn run(tx: &mut Tx, stamp: &Stamp, parcel: &Parcel<'_>) -> anyhow::Result<i64> {
    let shipped_on = parcel.shipped_at.day_in(stamp.zone);
    let shipment = NewShipment {
        order: parcel.order,
        source: parcel.source,
        carrier: parcel.carrier,
        tracking: parcel.tracking,
        shipped_at: parcel.shipped_at,
        shipped_on: &shipped_on,
    };
    let items: Vec<(i64, i64)> = parcel
        .items
        .iter()
        .map(|i| (i.demand.id, i.units))
        .collect();
    let id = shipments::insert(tx, stamp, &shipment, &items).await?;
    let cause = format!("shipment:{id}");
    let mut by_product: BTreeMap<i64, Vec<&Item>> = BTreeMap::new();
    for item in &parcel.items {
        by_product
            .entry(item.demand.product_id)
            .or_default()
            .push(item);
    }
    // Stock moves when the goods do, which by the shop's word may have been before today.
    let physical = Stamp {
        at: parcel.shipped_at,
        ..stamp.clone()
    };
    for (product, items) in by_product {
        if products::is_stocked(tx, product).await? {
            let leave = Leave {
                stamp: &physical,
                product,
                tells_lots_apart: products::tracking(tx, product).await? != "none",
                voucher: Voucher {
                    exit: Exit::Dispatch(id),
                    booked_on: &shipped_on,
                    cause: &cause,
                },
            };
            leave
                .run(tx, &items)
                .await
                .context("taking the goods out of stock")?;
        }
        for item in items {
            orders::add_shipped(tx, item.demand.id, item.units).await?;
        }
    }
    Ok(id)
}

/// Units of one product on their way out.
struct Leave<'a> {
    stamp: &'a Stamp,
    product: i64,
    tells_lots_apart: bool,
    voucher: Voucher<'a>,
}

impl Leave<'_> {
    async fn run(&self, tx: &mut Tx, items: &[&Item]) -> anyhow::Result<()> {
        let taken = self.take(tx, items).await?;
        let places = stock::places(tx, &[self.product]).await?;
        let sellable = layers_of(&places);
        let leaving = if self.tells_lots_apart {
            as_taken(&taken, &places)
        } else {
            let taken_at: Vec<(i64, i64)> = taken
                .iter()
                .filter_map(|(balance, units)| {
                    let place = places.iter().find(|p| p.id == *balance)?;
                    Some((place.location_id, *units))
                })
                .collect();
            layers::oldest_first(&sellable, &taken_at).map_err(conflict)?
        };
        let relocations = self.relocations(&leaving);
        stock::arrive(tx, &relocations).await?;
        self.make_room(tx, &leaving, &relocations).await?;
        stock::send_off(tx, self.stamp, &relocations, "swapped", self.voucher.cause).await?;
        let places = stock::places(tx, &[self.product]).await?;
        let removals = removals(&leaving.takes, &places, items)?;
        Ok(stock::take_out(tx, self.stamp, &removals, "shipped", self.voucher).await?)
    }

    /// Where the units are taken: (balance, units). The promises that this uses up are
    /// released.
    async fn take(&self, tx: &mut Tx, items: &[&Item]) -> anyhow::Result<Vec<(i64, i64)>> {
        let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
        // Lots that a person names first: the others can take what is left.
        let mut items = items.to_vec();
        items.sort_by_key(|item| item.lots.is_empty());
        for item in items {
            let demand = item.demand.id;
            let held = reservations::of_demands(tx, &[demand]).await?;
            let mine: HashMap<i64, i64> = held.iter().map(|(_, _, b, q)| (*b, *q)).collect();
            let places = stock::places(tx, &[self.product]).await?;
            let mut places: Vec<&Place> = places.iter().collect();
            places.sort_by_key(|place| item.from.is_some_and(|at| at != place.location_id));
            let spots: Vec<Spot> = places
                .iter()
                .map(|place| {
                    let mine = mine.get(&place.id).copied().unwrap_or(0);
                    Spot {
                        balance: place.id,
                        lot: place.lot_id,
                        sellable: place.sellable,
                        units: place.on_hand - taken.get(&place.id).copied().unwrap_or(0),
                        mine,
                        others: place.reserved - mine,
                    }
                })
                .collect();
            let of_item = match taking::take(&spots, item.units, &item.lots) {
                Ok(taken) => taken,
                Err(short) => return Err(self.not_there(tx, short).await),
            };
            let released: Vec<Change> = of_item
                .used
                .iter()
                .map(|(balance, units)| Change {
                    demand,
                    balance: *balance,
                    units: -units,
                })
                .collect();
            reservations::apply(tx, self.stamp, &released, &stored(&held)).await?;
            for (balance, units) in of_item.from {
                *taken.entry(balance).or_default() += units;
            }
        }
        Ok(taken.into_iter().collect())
    }

    async fn not_there(&self, tx: &mut Tx, short: layers::NotThere) -> anyhow::Error {
        let skus = reservations::skus(tx, &[self.product]).await;
        let sku = skus.ok().and_then(|skus| skus.get(&self.product).cloned());
        let sku = sku.unwrap_or_default();
        let missing = short.missing;
        let text = format!(
            "{missing} {} of {sku} {} not there to be taken",
            plural(missing, "unit", "units"),
            plural(missing, "is", "are")
        );
        Fault::failed(text)
            .hint(format!(
                "`opsctl stock show {sku}` shows what lies where, by lot"
            ))
            .into()
    }

    fn relocations(&self, leaving: &Leaving) -> Vec<Relocation> {
        let goes = |lot, from, to, units| Relocation {
            lot,
            product: self.product,
            from,
            to,
            units,
        };
        leaving
            .swaps
            .iter()
            .flat_map(|s| {
                [
                    goes(s.older, s.from, s.to, s.units),
                    goes(s.younger, s.to, s.from, s.units),
                ]
            })
            .collect()
    }

    /// Moves the promises on what is about to leave.
    async fn make_room(
        &self,
        tx: &mut Tx,
        leaving: &Leaving,
        relocations: &[Relocation],
    ) -> anyhow::Result<()> {
        let places = stock::places(tx, &[self.product]).await?;
        let mut after = layers_of(&places);
        for layer in &mut after {
            let here = |lot: i64, location: i64| lot == layer.lot && location == layer.location;
            let goes = relocations
                .iter()
                .filter(|r| here(r.lot, r.from))
                .map(|r| r.units);
            let taken = leaving
                .takes
                .iter()
                .filter(|t| here(t.lot, t.location))
                .map(|t| t.units);
            let gone: i64 = goes.chain(taken).sum();
            layer.on_hand -= gone;
        }
        let rows = reservations::of_product_newest_first(tx, self.product).await?;
        let held: Vec<Held> = rows
            .iter()
            .rev()
            .map(|(_, demand, balance, units)| Held {
                demand: *demand,
                balance: *balance,
                units: *units,
            })
            .collect();
        let changes = layers::displaced(&after, &held).map_err(conflict)?;
        reservations::apply(tx, self.stamp, &merged(changes), &stored(&rows)).await?;
        Ok(())
    }
}

fn conflict(missing: layers::NotThere) -> StoreError {
    StoreError::Conflict(missing.to_string())
}

/// Reservations as [`reservations::apply`] wants them.
fn stored(rows: &[(i64, i64, i64, i64)]) -> HashMap<(i64, i64), (i64, i64)> {
    rows.iter()
        .map(|(id, d, b, q)| ((*d, *b), (*id, *q)))
        .collect()
}

/// Changes of one reservation as one.
fn merged(changes: Vec<Change>) -> Vec<Change> {
    let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for change in changes {
        *sums.entry((change.demand, change.balance)).or_default() += change.units;
    }
    sums.into_iter()
        .filter(|(_, units)| *units != 0)
        .map(|((demand, balance), units)| Change {
            demand,
            balance,
            units,
        })
        .collect()
}

/// What may be sold, oldest lot first.
fn layers_of(places: &[Place]) -> Vec<Layer> {
    places
        .iter()
        .filter(|place| place.sellable)
        .map(|place| Layer {
            balance: place.id,
            lot: place.lot_id,
            location: place.location_id,
            on_hand: place.on_hand,
        })
        .collect()
}

fn as_taken(taken: &[(i64, i64)], places: &[Place]) -> Leaving {
    let mut leaving = Leaving::default();
    for place in places {
        let of = taken.iter().filter(|(balance, _)| *balance == place.id);
        let units: i64 = of.map(|(_, units)| units).sum();
        if units > 0 {
            leaving.takes.push(Take {
                lot: place.lot_id,
                location: place.location_id,
                units,
            });
        }
    }
    leaving
}

/// Shares what leaves among the demands: each gets the lots a person named for it, and the
/// oldest that are left.
fn removals(takes: &[Take], places: &[Place], items: &[&Item]) -> Result<Vec<Removal>, StoreError> {
    let mut left: Vec<i64> = takes.iter().map(|take| take.units).collect();
    let mut removals = Vec::new();
    let mut serve = |demand: i64, lot: Option<i64>, units: i64| -> Result<(), StoreError> {
        let mut wanted = units;
        for (at, take) in takes.iter().enumerate() {
            let part = wanted.min(left[at]);
            if part == 0 || lot.is_some_and(|lot| lot != take.lot) {
                continue;
            }
            let balance = places
                .iter()
                .find(|p| p.lot_id == take.lot && p.location_id == take.location)
                .ok_or_else(|| StoreError::Conflict("a balance is gone".to_owned()))?;
            wanted -= part;
            left[at] -= part;
            removals.push(Removal {
                balance: balance.id,
                lot: take.lot,
                location: take.location,
                units: part,
                demand: Some(demand),
            });
        }
        if wanted > 0 {
            return Err(conflict(layers::NotThere { missing: wanted }));
        }
        Ok(())
    };
    for item in items {
        for (lot, units) in &item.lots {
            serve(item.demand.id, Some(*lot), *units)?;
        }
    }
    for item in items {
        let named: i64 = item.lots.iter().map(|(_, units)| units).sum();
        serve(item.demand.id, None, item.units - named)?;
    }
    Ok(removals)
}
