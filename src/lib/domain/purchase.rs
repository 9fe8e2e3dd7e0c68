//! What of a purchase order a delivery fills, and when an order is complete.

use std::fmt;
use std::str::FromStr;

use super::money::parse_decimal;
use rust_decimal::Decimal;

/// How far a delivery may be off what was ordered, in per cent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// So much more is taken without a word.
    pub over: u32,
    /// So much less is complete.
    pub under: u32,
}

/// A line of a purchase order, as a delivery sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// Units ordered.
    pub quantity: i64,
    /// Units that have come.
    pub received: i64,
}

impl Tolerance {
    /// Whether enough of a line has come.
    #[must_use]
    pub fn is_complete(self, line: Ordered) -> bool {
        let least = i128::from(line.quantity) * i128::from(100_u32.saturating_sub(self.under));
        line.received >= line.quantity || i128::from(line.received) * 100 >= least
    }

    /// Units of a line that are still expected.
    #[must_use]
    pub fn open(self, line: Ordered) -> i64 {
        if self.is_complete(line) {
            0
        } else {
            line.quantity - line.received
        }
    }

    /// Units beyond what may come of some lines, after `units` more of them have come.
    #[must_use]
    pub fn excess(self, lines: &[Ordered], units: i64) -> i64 {
        let sum = |part: fn(&Ordered) -> i64| lines.iter().map(part).sum::<i64>();
        let ordered = i128::from(sum(|l| l.quantity));
        let most = ordered * i128::from(100 + self.over) / 100;
        let come = i128::from(sum(|l| l.received)) + i128::from(units);
        (come - most).max(0) as i64
    }
}

/// Shares units that have come among the lines they were ordered with, the first line
/// first: (place of the line, units). What none of them lacks goes to the last.
#[must_use]
pub fn fill(lines: &[Ordered], units: i64) -> Vec<(usize, i64)> {
    let mut left = units;
    let mut shares: Vec<(usize, i64)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let last = at + 1 == lines.len();
        let part = if last {
            left
        } else {
            (line.quantity - line.received).clamp(0, left)
        };
        if part > 0 {
            left -= part;
            shares.push((at, part));
        }
    }
    shares
}

/// What one unit costs: a plain decimal of at most 6 decimals, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitCost(pub Decimal);

impl UnitCost {
    /// The smallest power of ten of units that costs whole minor units.
    #[must_use]
    pub fn whole_units(self, exponent: u32) -> i64 {
        10_i64.pow(self.0.normalize().scale().saturating_sub(exponent))
    }
}

/// Why a text is no unit cost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitCostError {
    /// Not a decimal number.
    #[error("{0}")]
    NotDecimal(String),
    /// Below zero.
    #[error("a cost is not negative")]
    Negative,
    /// Finer than purchase prices are.
    #[error("more than 6 decimals")]
    TooFine,
}

impl FromStr for UnitCost {
    type Err = UnitCostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unit =
            parse_decimal(text).map_err(|error| UnitCostError::NotDecimal(error.to_string()))?;
        if unit.is_sign_negative() && !unit.is_zero() {
            return Err(UnitCostError::Negative);
        }
        if unit.normalize().scale() > 6 {
            return Err(UnitCostError::TooFine);
        }
        Ok(Self(unit))
    }
}

impl fmt::Display for UnitCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(quantity: i64, received: i64) -> Ordered {
        Ordered { quantity, received }
    }

    #[test]
    fn a_delivery_fills_the_first_line_first() {
        let lines = [line(10, 4), line(5, 5), line(3, 0)];
        assert_eq!(fill(&lines, 4), [(0, 4)]);
        assert_eq!(fill(&lines, 8), [(0, 6), (2, 2)]);
        assert_eq!(fill(&lines, 20), [(0, 6), (2, 14)]);
        assert_eq!(fill(&[line(1, 1)], 2), [(0, 2)]);
    }

    #[test]
    fn a_tolerance_is_counted_from_what_was_ordered() {
        let strict = Tolerance::default();
        assert!(!strict.is_complete(line(100, 99)));
        assert_eq!(strict.excess(&[line(100, 99)], 2), 1);
        let loose = Tolerance { over: 5, under: 10 };
        assert!(loose.is_complete(line(100, 90)));
        assert!(!loose.is_complete(line(100, 89)));
        assert_eq!(loose.open(line(100, 90)), 0);
        assert_eq!(loose.open(line(100, 89)), 11);
        assert_eq!(loose.excess(&[line(60, 60), line(40, 0)], 45), 0);
        assert_eq!(loose.excess(&[line(60, 60), line(40, 0)], 46), 1);
        assert_eq!(loose.excess(&[line(10, 10)], 1), 1);
    }

    #[test]
    fn a_unit_cost_has_six_decimals_at_most() {
        let cost = |text: &str| text.parse::<UnitCost>();
        assert_eq!(cost("0.333333").map(|c| c.whole_units(2)), Ok(10_000));
        assert_eq!(cost("12.5000").map(|c| c.whole_units(2)), Ok(1));
        assert_eq!(cost("1.5").map(|c| c.whole_units(0)), Ok(10));
        assert_eq!(cost("0.0000001"), Err(UnitCostError::TooFine));
        assert_eq!(cost("-1"), Err(UnitCostError::Negative));
        assert!(cost("x").is_err());
    }

    proptest! {
        #[test]
        fn every_unit_that_comes_goes_to_a_line(
            lines in prop::collection::vec((1_i64..100, 0_i64..120), 1..6),
            units in 1_i64..500,
        ) {
            let lines: Vec<Ordered> = lines.into_iter().map(|(q, r)| line(q, r)).collect();
            let shares = fill(&lines, units);
            prop_assert_eq!(shares.iter().map(|(_, n)| n).sum::<i64>(), units);
            for (at, part) in shares {
                let lacks = lines[at].quantity - lines[at].received;
                prop_assert!(part > 0 && (part <= lacks || at + 1 == lines.len()));
            }
        }
    }
}
