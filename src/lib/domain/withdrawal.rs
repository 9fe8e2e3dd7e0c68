//! Which units go when some are to leave where they lie: what is free, oldest lot first;
//! and only then what is promised, newest promise first.

use super::fifo::Held;
use super::layers::NotThere;

/// Units that lie somewhere. The caller gives them oldest lot first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lying {
    /// The balance.
    pub balance: i64,
    /// Units of it that nobody is promised.
    pub free: i64,
}

/// What goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withdrawal {
    /// Units by balance, oldest lot first.
    pub parts: Vec<(i64, i64)>,
    /// Promises on them, newest first.
    pub promised: Vec<Held>,
}

impl Withdrawal {
    /// Units of it that were promised.
    #[must_use]
    pub fn promised_units(&self) -> i64 {
        self.promised.iter().map(|held| held.units).sum()
    }

    /// Takes so many units out of it, or all it has: free ones first, oldest lot first, then
    /// those of the newest promises.
    #[must_use]
    pub fn take(&mut self, units: i64) -> Self {
        let mut left = units;
        let mut taken = Self::default();
        for (balance, there) in &mut self.parts {
            let of = self.promised.iter().filter(|held| held.balance == *balance);
            let free = *there - of.map(|held| held.units).sum::<i64>();
            let part = left.min(free);
            left -= part;
            *there -= part;
            taken.parts.push((*balance, part));
        }
        for promise in &mut self.promised {
            let part = left.min(promise.units);
            let here = |(balance, _): &(i64, i64)| *balance == promise.balance;
            let Some(at) = self.parts.iter().position(here).filter(|_| part > 0) else {
                continue;
            };
            left -= part;
            promise.units -= part;
            self.parts[at].1 -= part;
            taken.parts[at].1 += part;
            taken.promised.push(Held {
                units: part,
                ..*promise
            });
        }
        for of in [&mut *self, &mut taken] {
            of.parts.retain(|(_, units)| *units > 0);
            of.promised.retain(|held| held.units > 0);
        }
        taken
    }
}

/// Chooses the units that go. `held` names the promises, newest first; those on other
/// balances do not matter.
///
/// # Errors
/// Fewer units lie there.
pub fn withdraw(lying: &[Lying], held: &[Held], units: i64) -> Result<Withdrawal, NotThere> {
    let mut left = units;
    let mut parts: Vec<(i64, i64)> = Vec::with_capacity(lying.len());
    for place in lying {
        let part = left.min(place.free);
        left -= part;
        parts.push((place.balance, part));
    }
    let mut promised = Vec::new();
    for promise in held {
        let part = left.min(promise.units);
        let place = parts.iter_mut().find(|(b, _)| *b == promise.balance);
        if let Some(place) = place.filter(|_| part > 0) {
            left -= part;
            place.1 += part;
            promised.push(Held {
                units: part,
                ..*promise
            });
        }
    }
    if left > 0 {
        return Err(NotThere { missing: left });
    }
    parts.retain(|(_, units)| *units > 0);
    Ok(Withdrawal { parts, promised })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LYING: [Lying; 2] = [
        Lying {
            balance: 1,
            free: 1,
        },
        Lying {
            balance: 2,
            free: 2,
        },
    ];

    fn held(demand: i64, balance: i64, units: i64) -> Held {
        Held {
            demand,
            balance,
            units,
        }
    }

    #[test]
    fn free_units_go_first_and_the_oldest_of_them() {
        let gone = withdraw(&LYING, &[held(9, 1, 4)], 2).unwrap();
        assert_eq!(gone.parts, [(1, 1), (2, 1)]);
        assert_eq!(gone.promised, []);
    }

    #[test]
    fn then_the_newest_promise_gives_way() {
        let promises = [held(9, 1, 2), held(7, 5, 8), held(8, 2, 1), held(6, 1, 3)];
        let gone = withdraw(&LYING, &promises, 7).unwrap();
        assert_eq!(gone.parts, [(1, 4), (2, 3)]);
        assert_eq!(gone.promised, [held(9, 1, 2), held(8, 2, 1), held(6, 1, 1)]);
        assert_eq!(gone.promised_units(), 4);
        let refused = withdraw(&LYING, &promises, 10);
        assert_eq!(refused, Err(NotThere { missing: 1 }));
    }

    proptest! {
        #[test]
        fn as_many_go_as_are_asked_for_and_no_free_unit_stays_while_a_promise_is_broken(
            free in prop::collection::vec(0_i64..5, 1..6),
            promises in prop::collection::vec((0_i64..6, 1_i64..5), 0..12),
            units in 0_i64..40,
        ) {
            let lying: Vec<Lying> =
                (0..).zip(&free).map(|(balance, free)| Lying { balance, free: *free }).collect();
            let held: Vec<Held> =
                (0..).zip(&promises).map(|(demand, (b, n))| held(demand, *b, *n)).collect();
            let there: i64 = free.iter().sum::<i64>()
                + held.iter().filter(|h| (h.balance as usize) < free.len()).map(|h| h.units)
                    .sum::<i64>();
            match withdraw(&lying, &held, units) {
                Err(missing) => prop_assert_eq!(missing.missing, units - there),
                Ok(gone) => {
                    prop_assert!(units <= there);
                    prop_assert_eq!(gone.parts.iter().map(|(_, n)| n).sum::<i64>(), units);
                    let broken = gone.promised_units();
                    prop_assert_eq!(broken, (units - free.iter().sum::<i64>()).max(0));
                    let (mut rest, part) = (gone.clone(), units / 3);
                    let taken = rest.take(part);
                    let parts = taken.parts.iter().chain(&rest.parts);
                    prop_assert_eq!(parts.map(|(_, n)| n).sum::<i64>(), units);
                    prop_assert_eq!(taken.parts.iter().map(|(_, n)| n).sum::<i64>(), part);
                    prop_assert_eq!(taken.promised_units(), (part - (units - broken)).max(0));
                    prop_assert_eq!(taken.promised_units() + rest.promised_units(), broken);
                }
            }
        }
    }
}
