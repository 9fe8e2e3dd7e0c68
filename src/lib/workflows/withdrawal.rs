//! The promises on units that are about to go: which give way, giving them back, and taking
//! them along where units only go elsewhere in the house.

use std::collections::{BTreeMap, HashMap};

use crate::domain::fifo::{Change, Held};
use crate::domain::layers::NotThere;
use crate::domain::withdrawal::{self, Lying, Withdrawal};
use crate::store::stock::{self, Place, Relocation};
use crate::store::{Stamp, StoreError, Tx, reservations};

/// The promises on some balances.
#[derive(Debug, Default)]
pub struct Promises {
    /// By balance: the reservation's id and what it holds.
    on: HashMap<i64, Vec<(i64, Held)>>,
}

impl Promises {
    /// Reads the promises on these places.
    ///
    /// # Errors
    /// The store's.
    pub async fn load<'a>(
        tx: &mut Tx,
        places: impl IntoIterator<Item = &'a Place>,
    ) -> Result<Self, StoreError> {
        let reserved = places.into_iter().filter(|place| place.reserved > 0);
        let balances: Vec<i64> = reserved.map(|place| place.id).collect();
        let mut promises = Self::default();
        for (id, demand, balance, units) in reservations::on_balances(tx, &balances).await? {
            let held = Held {
                demand,
                balance,
                units,
            };
            promises.on.entry(balance).or_default().push((id, held));
        }
        Ok(promises)
    }

    /// Chooses units that go from these places, given oldest lot first: free ones first,
    /// then those of the newest promises.
    ///
    /// # Errors
    /// Fewer units lie there.
    pub fn withdraw(&self, places: &[&Place], units: i64) -> Result<Withdrawal, NotThere> {
        let lying: Vec<Lying> = places
            .iter()
            .map(|place| Lying {
                balance: place.id,
                free: place.on_hand - place.reserved,
            })
            .collect();
        let mut held: Vec<(i64, Held)> = places
            .iter()
            .filter_map(|place| self.on.get(&place.id))
            .flatten()
            .copied()
            .collect();
        held.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        let held: Vec<Held> = held.into_iter().map(|(_, held)| held).collect();
        withdrawal::withdraw(&lying, &held, units)
    }

    /// Gives promises back, each in whole or in part: their demands are open again.
    ///
    /// # Errors
    /// A conflict, where they had changed meanwhile; or the store's.
    pub async fn release(
        &self,
        tx: &mut Tx,
        stamp: &Stamp,
        promised: &[Held],
    ) -> Result<(), StoreError> {
        let changes: Vec<Change> = promised
            .iter()
            .map(|held| Change {
                demand: held.demand,
                balance: held.balance,
                units: -held.units,
            })
            .collect();
        let all = self.on.values().flatten();
        let stored = all
            .map(|(id, held)| ((held.demand, held.balance), (*id, held.units)))
            .collect();
        reservations::apply(tx, stamp, &changes, &stored).await
    }
}

/// Units that go to another place in the house.
#[derive(Debug)]
pub struct Going {
    /// Which.
    pub what: Withdrawal,
    /// The location they go to.
    pub to: i64,
    /// Whether they are sold from there: then promises go along, else they are given back.
    pub keeps_promises: bool,
}

/// Moves units within the house with the promises on them: those arrive first, then the
/// promises follow or are given back, then the units leave where they lay. `places` are
/// those they were chosen from.
///
/// # Errors
/// A conflict, where any of it had changed meanwhile; or the store's.
pub async fn relocate(
    tx: &mut Tx,
    stamp: &Stamp,
    places: &[Place],
    goings: &[Going],
    reason: &str,
    cause: &str,
) -> Result<(), StoreError> {
    let by_id: HashMap<i64, &Place> = places.iter().map(|place| (place.id, place)).collect();
    let parts = goings
        .iter()
        .flat_map(|going| going.what.parts.iter().map(|part| (part, going.to)));
    let relocations: Vec<Relocation> = parts
        .filter_map(|((balance, units), to)| {
            let place = by_id.get(balance)?;
            Some(Relocation {
                lot: place.lot_id,
                product: place.product_id,
                from: place.location_id,
                to,
                units: *units,
            })
        })
        .collect();
    stock::arrive(tx, &relocations).await?;
    let promised = || goings.iter().flat_map(|going| &going.what.promised);
    if promised().next().is_some() {
        let products = distinct(relocations.iter().map(|r| r.product).collect());
        let places = stock::places(tx, &products).await?;
        let demands: Vec<i64> = promised().map(|held| held.demand).collect();
        let stored = reservations::of_demands(tx, &distinct(demands)).await?;
        let stored = stored
            .into_iter()
            .map(|(id, demand, balance, units)| ((demand, balance), (id, units)));
        let changes = follow(&places, goings)?;
        reservations::apply(tx, stamp, &changes, &stored.collect()).await?;
    }
    stock::send_off(tx, stamp, &relocations, reason, cause).await
}

/// What becomes of the promises: each leaves its balance, and where it goes along it comes
/// to that of the same lot at the new place. One change for each demand and balance.
fn follow(places: &[Place], goings: &[Going]) -> Result<Vec<Change>, StoreError> {
    let lots: HashMap<i64, i64> = places.iter().map(|p| (p.id, p.lot_id)).collect();
    let there: HashMap<(i64, i64), i64> = places
        .iter()
        .map(|p| ((p.lot_id, p.location_id), p.id))
        .collect();
    let mut changes: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for going in goings {
        for held in &going.what.promised {
            *changes.entry((held.demand, held.balance)).or_default() -= held.units;
            if going.keeps_promises {
                let lot = lots.get(&held.balance);
                let balance = lot.and_then(|lot| there.get(&(*lot, going.to)));
                let balance =
                    balance.ok_or_else(|| StoreError::Conflict("a lot is gone".to_owned()))?;
                *changes.entry((held.demand, *balance)).or_default() += held.units;
            }
        }
    }
    let change = |((demand, balance), units)| Change {
        demand,
        balance,
        units,
    };
    let changes = changes.into_iter().filter(|(_, units)| *units != 0);
    Ok(changes.map(change).collect())
}

fn distinct(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
