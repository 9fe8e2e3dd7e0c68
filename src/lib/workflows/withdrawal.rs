//! The promises on units that are about to go: which give way, and giving them back.

use std::collections::HashMap;

use crate::domain::fifo::{Change, Held};
use crate::domain::layers::NotThere;
use crate::domain::withdrawal::{self, Lying, Withdrawal};
use crate::store::stock::Place;
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
