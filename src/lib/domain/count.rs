//! What a count finds: what must lie at a place by the ledger, and what a person saw there.
//!
//! A shop does not stand still while it is counted. A line's number is held against what
//! lay there when the count began and what moved until the moment it was counted; the
//! difference is then applied to whatever lies there later.

use std::collections::{HashMap, VecDeque};

use super::time::UtcMs;

/// A product at a place. `lot` is named where the product's lots are told apart; a line
/// without one stands for all of the product there that has no line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The place.
    pub location: i64,
    /// The product.
    pub product: i64,
    /// The lot, or empty.
    pub lot: String,
    /// Units when the count began.
    pub snapshot: i64,
    /// Units seen, and when; none while nobody has looked.
    pub counted: Option<(i64, UtcMs)>,
}

/// A move since the count began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When.
    pub at: UtcMs,
    /// The product.
    pub product: i64,
    /// Its lot.
    pub lot: String,
    /// Where it left.
    pub from: Option<i64>,
    /// Where it went.
    pub to: Option<i64>,
    /// Units.
    pub units: i64,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units that came (or, negative, went) since the count began, until it was counted.
    pub moved: i64,
    /// Units that must have lain there at that moment.
    pub expected: i64,
    /// Units more than that; negative for fewer. None while nobody has looked.
    pub difference: Option<i64>,
}

/// Which line speaks for a lot at a place.
#[derive(Debug)]
pub struct Lookup<'a> {
    by_place: HashMap<(i64, i64), HashMap<&'a str, usize>>,
}

impl<'a> Lookup<'a> {
    /// Over these lines.
    #[must_use]
    pub fn new(lines: &'a [Line]) -> Self {
        let mut by_place: HashMap<_, HashMap<_, _>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            let place = by_place.entry((line.location, line.product)).or_default();
            place.insert(line.lot.as_str(), at);
        }
        Self { by_place }
    }

    /// The line that speaks for a lot at a place, if one does.
    #[must_use]
    pub fn line(&self, location: i64, product: i64, lot: &str) -> Option<usize> {
        let place = self.by_place.get(&(location, product))?;
        place.get(lot).or_else(|| place.get("")).copied()
    }
}

/// Holds what was seen against what must have been there.
#[must_use]
pub fn tally(lines: &[Line], moves: &[Move]) -> Vec<Tally> {
    let lookup = Lookup::new(lines);
    let mut tallies = vec![Tally::default(); lines.len()];
    for went in moves {
        for (location, units) in [(went.from, -went.units), (went.to, went.units)] {
            let Some(at) = location.and_then(|l| lookup.line(l, went.product, &went.lot)) else {
                continue;
            };
            if lines[at].counted.is_none_or(|(_, when)| went.at <= when) {
                tallies[at].moved += units;
            }
        }
    }
    for (line, tally) in lines.iter().zip(&mut tallies) {
        tally.expected = line.snapshot + tally.moved;
        tally.difference = line.counted.map(|(units, _)| units - tally.expected);
    }
    tallies
}

/// Units that are missing on one line and too many on another of the same product and lot:
/// they lie elsewhere than the ledger says, and nothing is lost or gained by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misplaced {
    /// The line where they are missing.
    pub from: usize,
    /// The line where they lie.
    pub to: usize,
    /// Units.
    pub units: i64,
}

/// Which units of the differences are only misplaced, in the order of the lines.
#[must_use]
pub fn misplaced(lines: &[Line], tallies: &[Tally]) -> Vec<Misplaced> {
    let differences = || {
        let both = lines.iter().zip(tallies).enumerate();
        both.filter_map(|(at, (line, tally))| {
            Some((at, (line.product, line.lot.as_str()), tally.difference?))
        })
    };
    let mut surplus: HashMap<_, VecDeque<(usize, i64)>> = HashMap::new();
    for (at, of, units) in differences().filter(|(_, _, units)| *units > 0) {
        surplus.entry(of).or_default().push_back((at, units));
    }
    let mut found = Vec::new();
    for (from, of, units) in differences().filter(|(_, _, units)| *units < 0) {
        let mut missing = -units;
        let Some(elsewhere) = surplus.get_mut(&of) else {
            continue;
        };
        while let Some((to, there)) = elsewhere.front_mut().filter(|_| missing > 0) {
            let units = missing.min(*there);
            missing -= units;
            *there -= units;
            let to = *to;
            found.push(Misplaced { from, to, units });
            if elsewhere.front().is_some_and(|(_, there)| *there == 0) {
                elsewhere.pop_front();
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(location: i64, lot: &str, snapshot: i64, counted: Option<(i64, i64)>) -> Line {
        Line {
            location,
            product: 1,
            lot: lot.to_owned(),
            snapshot,
            counted: counted.map(|(units, at)| (units, UtcMs(at))),
        }
    }

    fn went(at: i64, lot: &str, from: Option<i64>, to: Option<i64>, units: i64) -> Move {
        Move {
            at: UtcMs(at),
            product: 1,
            lot: lot.to_owned(),
            from,
            to,
            units,
        }
    }

    #[test]
    fn what_moved_before_it_was_counted_is_expected_and_later_moves_are_not() {
        let lines = [line(7, "", 10, Some((9, 100))), line(8, "", 0, None)];
        let moves = [
            went(50, "L1", Some(7), None, 3),
            went(100, "L2", None, Some(7), 5),
            went(101, "L2", Some(7), Some(8), 2),
            went(102, "L2", Some(9), None, 2),
        ];
        let tallies = tally(&lines, &moves);
        let sold_and_received = Tally {
            moved: 2,
            expected: 12,
            difference: Some(-3),
        };
        let not_counted = Tally {
            moved: 2,
            expected: 2,
            difference: None,
        };
        assert_eq!(tallies, [sold_and_received, not_counted]);
    }

    #[test]
    fn a_lot_with_a_line_of_its_own_is_not_the_rest() {
        let lines = [line(7, "L1", 4, Some((4, 9))), line(7, "", 0, Some((0, 9)))];
        let moves = [
            went(5, "L1", None, Some(7), 1),
            went(6, "L2", None, Some(7), 2),
        ];
        let found: Vec<_> = tally(&lines, &moves).iter().map(|t| t.difference).collect();
        assert_eq!(found, [Some(-1), Some(-2)]);
    }

    #[test]
    fn what_is_missing_here_and_too_much_there_is_misplaced() {
        let differences = [
            (1, "", -5),
            (1, "", 3),
            (2, "A", 9),
            (1, "", 4),
            (1, "", -1),
        ];
        let differences = differences.iter().chain(&[(2, "B", -9)]);
        let (lines, tallies): (Vec<Line>, Vec<Tally>) = differences
            .map(|(product, lot, units)| {
                let line = Line {
                    product: *product,
                    ..line(7, lot, 0, None)
                };
                let difference = Some(*units);
                let tally = Tally {
                    difference,
                    ..Tally::default()
                };
                (line, tally)
            })
            .unzip();
        let found = misplaced(&lines, &tallies);
        let found: Vec<_> = found.iter().map(|m| (m.from, m.to, m.units)).collect();
        assert_eq!(found, [(0, 1, 3), (0, 3, 2), (4, 3, 1)]);
    }

    proptest! {
        #[test]
        fn of_one_product_only_the_difference_of_all_places_stays(
            differences in prop::collection::vec(-9_i64..10, 0..12),
        ) {
            let of = |units: &i64| Tally { difference: Some(*units), ..Tally::default() };
            let tallies: Vec<Tally> = differences.iter().map(of).collect();
            let lines = vec![line(7, "", 0, None); differences.len()];
            let mut left = differences.clone();
            for of in misplaced(&lines, &tallies) {
                prop_assert!(of.units > 0);
                left[of.from] += of.units;
                left[of.to] -= of.units;
            }
            let net: i64 = differences.iter().sum();
            for (left, was) in left.iter().zip(&differences) {
                prop_assert!(left * was >= 0 && left.abs() <= was.abs());
                prop_assert!(left * net >= 0);
            }
            prop_assert_eq!(left.iter().sum::<i64>(), net);
        }

        /// Whoever counts right finds no difference, whenever he looks.
        #[test]
        fn a_right_count_finds_nothing(
            start in 0_i64..50,
            steps in prop::collection::vec((-5_i64..6, 1_i64..4), 0..30),
            looks_at in 0_usize..31,
        ) {
            let mut moves = Vec::new();
            let (mut there, mut clock, mut seen) = (start, 0, None);
            for (at, (units, later)) in steps.iter().enumerate() {
                if at == looks_at {
                    seen = Some((there, clock));
                }
                clock += later;
                let units = (*units).max(-there);
                there += units;
                match units {
                    0 => {}
                    1.. => moves.push(went(clock, "L", None, Some(7), units)),
                    _ => moves.push(went(clock, "L", Some(7), None, -units)),
                }
            }
            let counted = seen.unwrap_or((there, clock));
            let tallies = tally(&[line(7, "", start, Some(counted))], &moves);
            prop_assert_eq!(tallies[0].difference, Some(0));
        }
    }
}
