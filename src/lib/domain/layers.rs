//! Which cost layers leave when goods leave, decided without a database.
//!
//! Goods that nobody can tell apart leave at the cost of the oldest lot on hand, whichever
//! box they were taken from. So that both the layers and the places stay right, a lot that
//! lies elsewhere changes places, on paper, with one that lies where the goods were taken.
//! Whom that robs of a promised unit is promised another, at the same place where possible.

use std::collections::BTreeMap;

use super::fifo::{Change, Held};

/// Units of a lot at a location. The caller gives them oldest lot first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// The balance.
    pub balance: i64,
    /// Its lot.
    pub lot: i64,
    /// Where it lies.
    pub location: i64,
    /// Units there.
    pub on_hand: i64,
}

/// Units of a lot at a location that leave, or change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// The lot.
    pub lot: i64,
    /// Where it lies.
    pub location: i64,
    /// Units.
    pub units: i64,
}

/// Two lots that change places, unit for unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// The older lot, which goes to where the goods are taken.
    pub older: i64,
    /// Where the older lot lies.
    pub from: i64,
    /// The younger lot, which goes to where the older one lies.
    pub younger: i64,
    /// Where the goods are taken.
    pub to: i64,
    /// Units.
    pub units: i64,
}

/// What leaves, and what changes places before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaving {
    /// Lots that change places.
    pub swaps: Vec<Swap>,
    /// What leaves then, oldest lot first.
    pub takes: Vec<Take>,
}

/// Fewer units are there than are to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missing} units are not there")]
pub struct NotThere {
    /// Units that are missing.
    pub missing: i64,
}

/// The layers that leave when so many units are taken at each location: oldest lot first
/// over all of them.
///
/// # Errors
/// A location has fewer units than are taken there.
pub fn oldest_first(layers: &[Layer], taken_at: &[(i64, i64)]) -> Result<Leaving, NotThere> {
    let mut at: BTreeMap<i64, i64> = BTreeMap::new();
    for (location, units) in taken_at {
        *at.entry(*location).or_default() += units;
    }
    for (location, units) in &at {
        let there = layers.iter().filter(|l| l.location == *location);
        let missing = units - there.map(|l| l.on_hand).sum::<i64>();
        if missing > 0 {
            return Err(NotThere { missing });
        }
    }
    let mut left: Vec<i64> = layers.iter().map(|l| l.on_hand).collect();
    let mut leaving = Leaving::default();
    // What of each lot leaves, whatever it lies at; directly where goods are taken there.
    let mut wanted: i64 = at.values().sum();
    let mut elsewhere: Vec<(usize, i64)> = Vec::new();
    let mut start = 0;
    for lot in layers.chunk_by(|a, b| a.lot == b.lot) {
        let places = start..start + lot.len();
        start = places.end;
        for index in places.clone() {
            let need = at.get(&layers[index].location).copied().unwrap_or(0);
            let units = wanted.min(left[index]).min(need);
            if units > 0 {
                wanted -= units;
                left[index] -= units;
                at.insert(layers[index].location, need - units);
                leaving.takes.push(Take {
                    lot: layers[index].lot,
                    location: layers[index].location,
                    units,
                });
            }
        }
        for index in places {
            let units = wanted.min(left[index]);
            if units > 0 {
                wanted -= units;
                left[index] -= units;
                elsewhere.push((index, units));
            }
        }
    }
    for (index, mut units) in elsewhere {
        let older = layers[index];
        while units > 0 {
            // The youngest lot where goods are still to be taken: it stays longest anyhow.
            let place = (0..layers.len())
                .rev()
                .find(|i| left[*i] > 0 && at.get(&layers[*i].location).copied().unwrap_or(0) > 0);
            let Some(place) = place else {
                return Err(NotThere { missing: units });
            };
            let younger = layers[place];
            let need = at.get(&younger.location).copied().unwrap_or(0);
            let part = units.min(left[place]).min(need);
            units -= part;
            left[place] -= part;
            at.insert(younger.location, need - part);
            leaving.swaps.push(Swap {
                older: older.lot,
                from: older.location,
                younger: younger.lot,
                to: younger.location,
                units: part,
            });
            leaving.takes.push(Take {
                lot: older.lot,
                location: younger.location,
                units: part,
            });
        }
    }
    let age = |lot: i64| layers.iter().position(|l| l.lot == lot);
    leaving.takes.sort_by_key(|take| age(take.lot));
    Ok(leaving)
}

/// Promises beyond what is still there move to what is free: at the same location where
/// possible, else to the oldest lot; newest promise first.
///
/// `layers` is what is there afterwards, oldest lot first; `held` names every promise on
/// them, oldest first.
///
/// # Errors
/// More is promised than is there.
pub fn displaced(layers: &[Layer], held: &[Held]) -> Result<Vec<Change>, NotThere> {
    let mut free: Vec<i64> = layers.iter().map(|l| l.on_hand).collect();
    let place = |balance: i64| layers.iter().position(|l| l.balance == balance);
    for promise in held {
        if let Some(at) = place(promise.balance) {
            free[at] -= promise.units;
        }
    }
    let mut changes = Vec::new();
    for promise in held.iter().rev() {
        let Some(at) = place(promise.balance) else {
            continue;
        };
        let mut units = promise.units.min(-free[at]).max(0);
        while units > 0 {
            let near = |i: &usize| layers[*i].location == layers[at].location;
            let open = |i: &usize| free[*i] > 0;
            let to = (0..layers.len())
                .find(|i| open(i) && near(i))
                .or_else(|| (0..layers.len()).find(open))
                .ok_or(NotThere { missing: units })?;
            let part = units.min(free[to]);
            units -= part;
            free[at] += part;
            free[to] -= part;
            changes.push(Change {
                demand: promise.demand,
                balance: layers[at].balance,
                units: -part,
            });
            changes.push(Change {
                demand: promise.demand,
                balance: layers[to].balance,
                units: part,
            });
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layer(balance: i64, lot: i64, location: i64, on_hand: i64) -> Layer {
        Layer {
            balance,
            lot,
            location,
            on_hand,
        }
    }

    fn take(lot: i64, location: i64, units: i64) -> Take {
        Take {
            lot,
            location,
            units,
        }
    }

    #[test]
    fn the_oldest_lot_leaves_whatever_was_promised() {
        let layers = [layer(1, 1, 9, 3), layer(2, 2, 9, 5)];
        let leaving = oldest_first(&layers, &[(9, 4)]).unwrap();
        assert_eq!(leaving.takes, [take(1, 9, 3), take(2, 9, 1)]);
        assert_eq!(leaving.swaps, []);
    }

    #[test]
    fn a_lot_that_lies_elsewhere_changes_places() {
        let layers = [layer(1, 1, 7, 3), layer(2, 2, 9, 5)];
        let leaving = oldest_first(&layers, &[(9, 4)]).unwrap();
        let swap = Swap {
            older: 1,
            from: 7,
            younger: 2,
            to: 9,
            units: 3,
        };
        assert_eq!(leaving.swaps, [swap]);
        assert_eq!(leaving.takes, [take(1, 9, 3), take(2, 9, 1)]);
    }

    #[test]
    fn more_than_lies_there_cannot_be_taken() {
        let layers = [layer(1, 1, 7, 3), layer(2, 2, 9, 5)];
        let refused = oldest_first(&layers, &[(9, 6)]);
        assert_eq!(refused, Err(NotThere { missing: 1 }));
    }

    #[test]
    fn whoever_is_robbed_is_promised_another_at_the_same_place() {
        let layers = [layer(1, 1, 7, 0), layer(3, 2, 9, 9), layer(2, 2, 7, 3)];
        let held = [Held {
            demand: 5,
            balance: 1,
            units: 2,
        }];
        let change = |balance, units| Change {
            demand: 5,
            balance,
            units,
        };
        assert_eq!(
            displaced(&layers, &held),
            Ok(vec![change(1, -2), change(2, 2)])
        );
        assert!(displaced(&layers[..1], &held).is_err());
    }

    proptest! {
        /// Each lot loses what it would lose by age alone, each place what was taken there.
        #[test]
        fn lots_go_by_age_and_places_by_what_was_taken(
            stock in prop::collection::vec((1_i64..5, 1_i64..4, 0_i64..6), 1..12),
            takes in prop::collection::vec(0_i64..5, 3),
        ) {
            let mut by_key: BTreeMap<(i64, i64), i64> = BTreeMap::new();
            for (lot, location, units) in stock {
                *by_key.entry((lot, location)).or_default() += units;
            }
            let layers: Vec<Layer> = by_key
                .iter()
                .enumerate()
                .map(|(i, ((lot, location), units))| layer(i as i64, *lot, *location, *units))
                .collect();
            let at_place = |place: i64| -> i64 {
                layers.iter().filter(|l| l.location == place).map(|l| l.on_hand).sum()
            };
            let taken: Vec<(i64, i64)> = takes
                .iter()
                .enumerate()
                .map(|(i, units)| (i as i64 + 1, (*units).min(at_place(i as i64 + 1))))
                .collect();
            let leaving = oldest_first(&layers, &taken).unwrap();
            let mut after = by_key.clone();
            for swap in &leaving.swaps {
                for (lot, from, to) in [
                    (swap.older, swap.from, swap.to),
                    (swap.younger, swap.to, swap.from),
                ] {
                    *after.entry((lot, from)).or_default() -= swap.units;
                    *after.entry((lot, to)).or_default() += swap.units;
                }
            }
            for take in &leaving.takes {
                *after.entry((take.lot, take.location)).or_default() -= take.units;
            }
            prop_assert!(after.values().all(|units| *units >= 0), "{after:?}");
            let mut left: i64 = taken.iter().map(|(_, units)| units).sum();
            for lot in 1..5 {
                let of = |map: &BTreeMap<(i64, i64), i64>| -> i64 {
                    map.iter().filter(|((l, _), _)| *l == lot).map(|(_, u)| u).sum()
                };
                let goes = left.min(of(&by_key));
                left -= goes;
                prop_assert_eq!(of(&by_key) - of(&after), goes);
            }
            for (place, units) in &taken {
                let now: i64 =
                    after.iter().filter(|((_, l), _)| l == place).map(|(_, u)| u).sum();
                prop_assert_eq!(at_place(*place) - now, *units);
            }
        }
    }
}
