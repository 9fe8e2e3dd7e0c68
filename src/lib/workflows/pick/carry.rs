//! The ledger follows what packers have in hand.

use std::collections::{BTreeMap, HashMap};

use crate::domain::carrying::{self, Part, Promise, Spot};
use crate::domain::fifo::{Change, Held};
use crate::store::stock::{self, Place, Relocation};
use crate::store::{Stamp, StoreError, Tx, reservations};

/// Why units go to the packing bench.
pub(super) const PICKED: &str = "picked";
/// Why they go back.
pub(super) const PUT_BACK: &str = "put back";

/// Units that a packer takes from one place to another for a demand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carry<'a> {
    /// The line of the round.
    pub line: i64,
    /// The demand.
    pub demand: i64,
    /// The product.
    pub product: i64,
    /// The lot, where lots are told apart.
    pub lot: Option<i64>,
    /// From where.
    pub from: i64,
    /// Where to.
    pub to: i64,
    /// Units.
    pub units: i64,
    /// Why.
    pub reason: &'a str,
}

/// The cause of a line's moves.
pub(super) fn cause(line: i64) -> String {
    format!("pick:{line}")
}

impl Carry<'_> {
    /// Moves the units, or as many of them as the books have there; gives how many.
    pub(super) async fn run(&self, tx: &mut Tx, stamp: &Stamp) -> Result<i64, StoreError> {
        let places = stock::places(tx, &[self.product]).await?;
        let parts = self.parts(tx, &places).await?;
        let relocations: Vec<Relocation> = parts
            .iter()
            .filter_map(|part| {
                let place = places.iter().find(|place| place.id == part.balance)?;
                Some(Relocation {
                    lot: place.lot_id,
                    product: self.product,
                    from: self.from,
                    to: self.to,
                    units: part.units,
                })
            })
            .collect();
        let relocations = merged(relocations);
        stock::arrive(tx, &relocations).await?;
        self.move_promises(tx, stamp, &parts).await?;
        stock::send_off(tx, stamp, &relocations, self.reason, &cause(self.line)).await?;
        Ok(parts.iter().map(|part| part.units).sum())
    }

    /// Lets the demand be promised the units where they are, in place of what it is promised
    /// elsewhere: a packer has these in hand.
    pub(super) async fn stay(&self, tx: &mut Tx, stamp: &Stamp) -> Result<(), StoreError> {
        let places = stock::places(tx, &[self.product]).await?;
        let parts = self.parts(tx, &places).await?;
        self.move_promises(tx, stamp, &parts).await
    }

    /// Units that the books have there.
    pub(super) async fn there(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let places = stock::places(tx, &[self.product]).await?;
        Ok(places
            .iter()
            .filter(|place| self.is_here(place))
            .map(|place| place.on_hand)
            .sum())
    }

    fn is_here(&self, place: &Place) -> bool {
        place.location_id == self.from && self.lot.is_none_or(|lot| lot == place.lot_id)
    }

    async fn parts(&self, tx: &mut Tx, places: &[Place]) -> Result<Vec<Part>, StoreError> {
        let here: Vec<&Place> = places.iter().filter(|place| self.is_here(place)).collect();
        let ids: Vec<i64> = here.iter().map(|place| place.id).collect();
        let held: Vec<Held> = reservations::on_balances(tx, &ids)
            .await?
            .into_iter()
            .map(|(_, demand, balance, units)| Held {
                demand,
                balance,
                units,
            })
            .collect();
        let at = |balance: i64| places.iter().find(|place| place.id == balance);
        let elsewhere: Vec<(i64, i64)> = reservations::of_demands(tx, &[self.demand])
            .await?
            .into_iter()
            .map(|(_, _, balance, units)| (balance, units))
            .filter(|(balance, _)| {
                let lies_elsewhere = |place: &Place| place.location_id != self.to;
                !ids.contains(balance) && at(*balance).is_some_and(lies_elsewhere)
            })
            .collect();
        let spots: Vec<Spot> = here
            .iter()
            .map(|place| Spot {
                balance: place.id,
                on_hand: place.on_hand,
                reserved: place.reserved,
            })
            .collect();
        Ok(carrying::carry(
            &spots,
            &held,
            &elsewhere,
            self.demand,
            self.units,
        ))
    }

    async fn move_promises(
        &self,
        tx: &mut Tx,
        stamp: &Stamp,
        parts: &[Part],
    ) -> Result<(), StoreError> {
        let places = stock::places(tx, &[self.product]).await?;
        let lots: HashMap<i64, i64> = places.iter().map(|p| (p.id, p.lot_id)).collect();
        let arrived = |from: i64| {
            let lot = lots.get(&from);
            let there = |p: &&Place| p.location_id == self.to && Some(&p.lot_id) == lot;
            let place = places.iter().find(there).map(|place| place.id);
            place.ok_or_else(|| StoreError::Conflict("a lot is gone".to_owned()))
        };
        let mut changes: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        let mut add = |demand: i64, balance: i64, units: i64| {
            *changes.entry((demand, balance)).or_default() += units;
        };
        for part in parts {
            let to = arrived(part.balance)?;
            match part.promise {
                Promise::Free => {}
                Promise::Follows(demand) => {
                    add(demand, part.balance, -part.units);
                    add(demand, to, part.units);
                }
                Promise::Repointed(from) => {
                    add(self.demand, from, -part.units);
                    add(self.demand, to, part.units);
                }
                Promise::Swapped(other, from) => {
                    add(other, part.balance, -part.units);
                    add(other, from, part.units);
                    add(self.demand, from, -part.units);
                    add(self.demand, to, part.units);
                }
            }
        }
        let changes: Vec<Change> = changes
            .into_iter()
            .filter(|(_, units)| *units != 0)
            .map(|((demand, balance), units)| Change {
                demand,
                balance,
                units,
            })
            .collect();
        let mut demands: Vec<i64> = changes.iter().map(|change| change.demand).collect();
        demands.sort_unstable();
        demands.dedup();
        let stored = reservations::of_demands(tx, &demands).await?;
        let stored = stored
            .into_iter()
            .map(|(id, demand, balance, units)| ((demand, balance), (id, units)))
            .collect();
        reservations::apply(tx, stamp, &changes, &stored).await
    }
}

/// Units of a lot between the same places as one relocation.
fn merged(relocations: Vec<Relocation>) -> Vec<Relocation> {
    let mut by_lot: BTreeMap<i64, Relocation> = BTreeMap::new();
    for relocation in relocations {
        by_lot
            .entry(relocation.lot)
            .and_modify(|sum| sum.units += relocation.units)
            .or_insert(relocation);
    }
    by_lot.into_values().collect()
}
