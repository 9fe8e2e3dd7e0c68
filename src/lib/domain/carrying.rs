//! Units that a person has in hand and takes elsewhere in the house for one demand: which
//! lots they are by the books, and what becomes of the promises, so that the ledger says
//! what is true of the goods and nobody loses a promise by it.

use super::fifo::Held;

/// A lot where the units are taken. The caller gives them oldest lot first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The balance.
    pub balance: i64,
    /// Units there.
    pub on_hand: i64,
    /// Units of those that are promised.
    pub reserved: i64,
}

/// What becomes of promises as units go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Nobody is promised them.
    Free,
    /// The promise of this demand goes along.
    Follows(i64),
    /// They were free: the demand gives up as many at this balance and is promised these.
    Repointed(i64),
    /// They were promised to another demand, which gets what the demand was promised at
    /// another balance: (other demand, balance).
    Swapped(i64, i64),
}

/// Units that go, and the promise on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From which balance.
    pub balance: i64,
    /// Units.
    pub units: i64,
    /// What becomes of the promise.
    pub promise: Promise,
}

/// Chooses the units: the demand's own first, then free ones, then those promised to others,
/// newest promise first. `held` names the promises on the spots, oldest first; `elsewhere`
/// what the demand is promised at other balances. Fewer go where fewer are there.
#[must_use]
pub fn carry(
    spots: &[Spot],
    held: &[Held],
    elsewhere: &[(i64, i64)],
    demand: i64,
    units: i64,
) -> Vec<Part> {
    let mut left = units;
    let mut parts = Vec::new();
    let mut elsewhere = elsewhere.to_vec();
    for own in held.iter().filter(|held| held.demand == demand) {
        take(&mut parts, &mut left, own.balance, own.units, |units| {
            vec![(units, Promise::Follows(demand))]
        });
    }
    for spot in spots {
        let free = spot.on_hand - spot.reserved;
        take(&mut parts, &mut left, spot.balance, free, |units| {
            share(&mut elsewhere, units, Promise::Repointed, Promise::Free)
        });
    }
    for other in held.iter().rev().filter(|held| held.demand != demand) {
        take(&mut parts, &mut left, other.balance, other.units, |units| {
            let swapped = |balance| Promise::Swapped(other.demand, balance);
            share(
                &mut elsewhere,
                units,
                swapped,
                Promise::Follows(other.demand),
            )
        });
    }
    parts
}

fn take(
    parts: &mut Vec<Part>,
    left: &mut i64,
    balance: i64,
    there: i64,
    promises: impl FnOnce(i64) -> Vec<(i64, Promise)>,
) {
    let units = there.min(*left);
    if units <= 0 {
        return;
    }
    *left -= units;
    let part = |(units, promise)| Part {
        balance,
        units,
        promise,
    };
    parts.extend(promises(units).into_iter().map(part));
}

/// Units by what the demand gives up for them elsewhere, and the rest.
fn share(
    elsewhere: &mut [(i64, i64)],
    units: i64,
    given_up: impl Fn(i64) -> Promise,
    rest: Promise,
) -> Vec<(i64, Promise)> {
    let mut left = units;
    let mut shares = Vec::new();
    for (balance, there) in elsewhere {
        let part = left.min(*there);
        if part > 0 {
            left -= part;
            *there -= part;
            shares.push((part, given_up(*balance)));
        }
    }
    if left > 0 {
        shares.push((left, rest));
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn held(demand: i64, balance: i64, units: i64) -> Held {
        Held {
            demand,
            balance,
            units,
        }
    }

    fn spot(balance: i64, on_hand: i64, reserved: i64) -> Spot {
        Spot {
            balance,
            on_hand,
            reserved,
        }
    }

    #[test]
    fn the_own_promise_goes_along() {
        let parts = carry(&[spot(1, 5, 3)], &[held(9, 1, 2), held(7, 1, 1)], &[], 9, 2);
        let follows = Part {
            balance: 1,
            units: 2,
            promise: Promise::Follows(9),
        };
        assert_eq!(parts, [follows]);
    }

    #[test]
    fn what_was_promised_elsewhere_is_given_up_for_free_units_and_then_swapped() {
        let parts = carry(&[spot(1, 3, 2)], &[held(7, 1, 2)], &[(5, 3)], 9, 3);
        let promises: Vec<(i64, Promise)> = parts.iter().map(|p| (p.units, p.promise)).collect();
        assert_eq!(
            promises,
            [(1, Promise::Repointed(5)), (2, Promise::Swapped(7, 5))]
        );
    }

    #[test]
    fn without_a_promise_of_its_own_the_goods_keep_those_they_have() {
        let parts = carry(&[spot(1, 3, 2)], &[held(7, 1, 2)], &[], 9, 4);
        let promises: Vec<(i64, Promise)> = parts.iter().map(|p| (p.units, p.promise)).collect();
        assert_eq!(promises, [(1, Promise::Free), (2, Promise::Follows(7))]);
    }

    proptest! {
        #[test]
        fn no_demand_loses_or_gains_and_no_unit_goes_twice(
            free in prop::collection::vec(0_i64..4, 1..4),
            promises in prop::collection::vec((0_i64..4, 0_i64..4, 1_i64..4), 0..10),
            elsewhere in prop::collection::vec(1_i64..4, 0..3),
            units in 0_i64..30,
        ) {
            let count = free.len() as i64;
            let held: Vec<Held> =
                promises.iter().filter(|p| p.1 < count).map(|p| held(p.0, p.1, p.2)).collect();
            let spots: Vec<Spot> = (0..).zip(&free).map(|(balance, free)| {
                let of = held.iter().filter(|h| h.balance == balance).map(|h| h.units);
                let reserved: i64 = of.sum();
                spot(balance, free + reserved, reserved)
            }).collect();
            let elsewhere: Vec<(i64, i64)> = (100..).zip(elsewhere).collect();
            let there: i64 = spots.iter().map(|s| s.on_hand).sum();
            let parts = carry(&spots, &held, &elsewhere, 0, units);
            prop_assert_eq!(parts.iter().map(|p| p.units).sum::<i64>(), units.min(there));
            let mut given: BTreeMap<i64, i64> = BTreeMap::new();
            for spot in &spots {
                let of = parts.iter().filter(|p| p.balance == spot.balance);
                prop_assert!(of.map(|p| p.units).sum::<i64>() <= spot.on_hand);
                let promised = parts.iter().filter(|p| p.balance == spot.balance
                    && matches!(p.promise, Promise::Follows(_) | Promise::Swapped(..)));
                prop_assert!(promised.map(|p| p.units).sum::<i64>() <= spot.reserved);
            }
            for part in &parts {
                if let Promise::Repointed(b) | Promise::Swapped(_, b) = part.promise {
                    *given.entry(b).or_default() += part.units;
                }
            }
            for (balance, units) in given {
                let had = elsewhere.iter().find(|(b, _)| *b == balance).map(|(_, n)| *n);
                prop_assert!(Some(units) <= had);
            }
        }
    }
}
