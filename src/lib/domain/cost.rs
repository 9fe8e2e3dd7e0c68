//! What a lot cost, unit by unit, and how a charge is spread over many lots. Exact to the
//! minor unit: whatever way a lot leaves, it has cost what was paid for it.
//!
//! Units of a lot have places, 0 to its quantity, and leave in that order. What the first
//! `k` of them cost is one rounding of the whole; what some units cost is the difference of
//! two. So the parts always sum up to the whole, also where the whole grows later: the
//! share of the units that had left is the difference of two roundings at the same place.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::money::{Currency, MoneyError};

/// What the first `units` of a lot of `quantity` cost, where the whole cost `total`; half a
/// minor unit goes away from zero. A lot of nothing costs nothing.
#[must_use]
pub fn upto(total: i64, quantity: i64, units: i64) -> i64 {
    if quantity == 0 {
        return 0;
    }
    let doubled = i128::from(total) * i128::from(units) * 2;
    let quantity = i128::from(quantity);
    let away = if doubled < 0 { -quantity } else { quantity };
    ((doubled + away) / (2 * quantity)) as i64
}

/// What `units` of a lot cost that leave after `before` others.
#[must_use]
pub fn between(total: i64, quantity: i64, before: i64, units: i64) -> i64 {
    upto(total, quantity, before + units) - upto(total, quantity, before)
}

/// Spreads an amount by weights, to the minor unit: each gets its share rounded towards
/// zero, and what is left goes to the largest remainders, the first of equals first.
/// `None` where the weights sum up to nothing, or one is negative.
#[must_use]
pub fn spread(total: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if sum <= 0 || weights.iter().any(|w| *w < 0) {
        return None;
    }
    let sign = total.signum();
    let whole = i128::from(total.unsigned_abs());
    let mut shares: Vec<i64> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let exact = whole * i128::from(*weight);
        shares.push((exact / sum) as i64);
        remainders.push((exact % sum, at));
    }
    let given: i128 = shares.iter().map(|s| i128::from(*s)).sum();
    remainders.sort_unstable_by_key(|(remainder, at)| (-remainder, *at));
    for (_, at) in remainders.into_iter().take((whole - given) as usize) {
        shares[at] += 1;
    }
    Some(shares.into_iter().map(|share| share * sign).collect())
}

/// What a part of a lot's cost was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The goods themselves.
    Purchase,
    /// Getting them here.
    Freight,
    /// Customs duty.
    Duty,
    /// Any other charge.
    Other,
    /// A correction: a gain, a credit, a price that turned out another.
    Adjustment,
    /// What they cost when they had left before and came back.
    Return,
}

impl Component {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Freight => "freight",
            Self::Duty => "duty",
            Self::Other => "other",
            Self::Adjustment => "adjustment",
            Self::Return => "return",
        }
    }
}

/// A part of a lot's cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// What it was paid for.
    pub component: Component,
    /// Minor units of the tenant's currency; negative for a credit.
    pub amount_minor: i64,
    /// The tenant's currency.
    pub currency: Currency,
    /// What was paid, in minor units of the currency it was paid in.
    pub paid_minor: i64,
    /// That currency.
    pub paid_currency: Currency,
    /// How the one becomes the other; none where they are the same.
    pub rate: Option<Rate>,
    /// The paper it stands on, such as an invoice's number; or empty.
    pub document: String,
    /// The business day it belongs to, `YYYY-MM-DD`.
    pub booked_on: String,
}

impl Cost {
    /// A cost in the tenant's own currency.
    #[must_use]
    pub fn own(component: Component, minor: i64, currency: Currency, booked_on: &str) -> Self {
        Self {
            component,
            amount_minor: minor,
            currency,
            paid_minor: minor,
            paid_currency: currency,
            rate: None,
            document: String::new(),
            booked_on: booked_on.to_owned(),
        }
    }
}

/// A rate of exchange, and who says so: one unit of a foreign currency in the tenant's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Units of the tenant's currency for one unit of the foreign one.
    pub rate: Decimal,
    /// Where it comes from, such as `ECB 2026-11-24`.
    pub source: String,
}

/// An amount of one currency in another, at a rate between their major units; half a minor
/// unit goes away from zero.
///
/// # Errors
/// Beyond 64-bit minor units.
pub fn convert(minor: i64, from: Currency, to: Currency, rate: Decimal) -> Result<i64, MoneyError> {
    let too_large = || MoneyError::TooLarge(format!("{minor} minor units of {from} at {rate}"));
    Decimal::new(minor, from.exponent())
        .checked_mul(rate)
        .and_then(|amount| amount.checked_mul(Decimal::from(10_i64.pow(to.exponent()))))
        .ok_or_else(too_large)?
        .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
        .to_i64()
        .ok_or_else(too_large)
}

/// What one unit costs, for people: the cost of so many divided by their number, to the
/// currency's decimals and four more at most.
#[must_use]
pub fn unit_cost(minor: i64, quantity: i64, currency: Currency) -> String {
    let Some(unit) = Decimal::new(minor, currency.exponent()).checked_div(Decimal::from(quantity))
    else {
        return String::new();
    };
    let fine = unit
        .round_dp_with_strategy(
            currency.exponent() + 4,
            RoundingStrategy::MidpointAwayFromZero,
        )
        .normalize();
    let mut shown = fine;
    if fine.scale() < currency.exponent() {
        shown.rescale(currency.exponent());
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_parts_of_a_lot_sum_up_to_it() {
        assert_eq!(
            (0..3).map(|at| between(100, 3, at, 1)).collect::<Vec<_>>(),
            [33, 34, 33]
        );
        assert_eq!(upto(5, 10, 1), 1);
        assert_eq!(upto(-5, 10, 1), -1);
        assert_eq!(upto(-100, 3, 1), -33);
        assert_eq!(upto(i64::MAX, 1_000_000_000, 1_000_000_000), i64::MAX);
    }

    #[test]
    fn a_charge_goes_to_the_largest_remainders() {
        assert_eq!(spread(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(spread(-100, &[1, 1, 1]), Some(vec![-34, -33, -33]));
        assert_eq!(spread(10, &[0, 3, 1]), Some(vec![0, 8, 2]));
        assert_eq!(spread(10, &[0, 0]), None);
        assert_eq!(spread(10, &[5, -1]), None);
        assert_eq!(spread(0, &[5]), Some(vec![0]));
    }

    #[test]
    fn a_rate_is_between_major_units() {
        let [eur, jpy, usd] = ["EUR", "JPY", "USD"].map(|c| c.parse().unwrap());
        assert_eq!(convert(1000, usd, eur, "0.925".parse().unwrap()), Ok(925));
        assert_eq!(convert(1000, jpy, eur, "0.0061".parse().unwrap()), Ok(610));
        assert_eq!(convert(-1, usd, eur, "0.5".parse().unwrap()), Ok(-1));
        assert_eq!(unit_cost(1000, 3, eur), "3.333333");
        assert_eq!(unit_cost(1000, 4, eur), "2.50");
        assert_eq!(unit_cost(1000, 0, eur), "");
    }

    proptest! {
        /// However a lot leaves, and whatever is added to its cost on the way, what has left
        /// and what is there cost what was paid, and no step is off by a unit or more.
        #[test]
        fn nothing_of_a_cost_is_lost(
            quantity in 1_i64..1000,
            first in 0_i64..10_000_000,
            steps in prop::collection::vec((0_i64..60, -5000_i64..50_000), 1..40),
        ) {
            let (mut total, mut before, mut booked) = (first, 0, 0);
            for (units, late) in steps {
                booked += upto(total + late, quantity, before) - upto(total, quantity, before);
                total += late;
                let units = units.min(quantity - before);
                booked += between(total, quantity, before, units);
                before += units;
                prop_assert_eq!(booked, upto(total, quantity, before));
                let off = i128::from(booked) * 2 * i128::from(quantity)
                    - i128::from(total) * 2 * i128::from(before);
                prop_assert!(off.abs() <= i128::from(quantity), "within half a minor unit");
            }
            booked += between(total, quantity, before, quantity - before);
            prop_assert_eq!(booked, total);
        }

        #[test]
        fn nothing_of_a_charge_is_lost(
            total in -1_000_000_i64..1_000_000,
            weights in prop::collection::vec(0_i64..10_000, 1..50),
        ) {
            match spread(total, &weights) {
                None => prop_assert!(weights.iter().all(|w| *w == 0)),
                Some(shares) => {
                    prop_assert_eq!(shares.iter().sum::<i64>(), total);
                    let sum: i64 = weights.iter().sum();
                    for (share, weight) in shares.iter().zip(&weights) {
                        let exact = i128::from(total) * i128::from(*weight);
                        let off = i128::from(*share) * i128::from(sum) - exact;
                        prop_assert!(off.abs() < i128::from(sum), "less than one minor unit off");
                    }
                }
            }
        }
    }
}
