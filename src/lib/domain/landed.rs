//! What a charge adds to the lots it was paid for: a freight bill, customs duty, any other.
//! Spread to the minor unit, both in the currency it was paid in and in the tenant's.

use super::cost::spread;

/// By what a charge is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// By what the goods are expected to cost.
    Value,
    /// By the number of units.
    Quantity,
    /// By what the units weigh.
    Weight,
}

impl Basis {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Quantity => "quantity",
            Self::Weight => "weight",
        }
    }

    /// The basis of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Value, Self::Quantity, Self::Weight]
            .into_iter()
            .find(|basis| basis.as_str() == word)
    }
}

/// A lot that a charge was paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The lot's id.
    pub lot: i64,
    /// Its name.
    pub code: String,
    /// Its product.
    pub sku: String,
    /// Units it came in with.
    pub units: i64,
    /// What the goods are expected to cost, in minor units of the tenant's currency.
    pub value: Option<i64>,
    /// What one unit weighs, in grams.
    pub weight_g: Option<i64>,
}

/// A charge as it was paid, and as it is in the tenant's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Minor units of the currency it was paid in.
    pub paid: i64,
    /// Minor units of the tenant's currency.
    pub own: i64,
}

/// Why a charge cannot be spread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSpread {
    /// A product's weight is not known.
    #[error("{0} has no weight")]
    NoWeight(String),
    /// What a lot costs is not known.
    #[error("lot {1} of {0} has no cost yet")]
    NoValue(String, String),
    /// All lots together count for nothing.
    #[error("the lots have no {} to go by", .0.as_str())]
    Nothing(Basis),
}

/// Each lot's share of a charge: of what was paid by the largest remainders, and of the
/// amount in the tenant's currency by those shares, again by the largest remainders. Both
/// sum up to the whole.
///
/// # Errors
/// A lot has nothing to go by, or all together have not.
pub fn shares(amount: Amount, basis: Basis, parts: &[Part]) -> Result<Vec<Amount>, NoSpread> {
    let weights = parts
        .iter()
        .map(|part| weight(part, basis))
        .collect::<Result<Vec<i64>, NoSpread>>()?;
    let nothing = || NoSpread::Nothing(basis);
    let paid = spread(amount.paid, &weights).ok_or_else(nothing)?;
    let sizes: Vec<i64> = paid.iter().map(|share| share.abs()).collect();
    // Where nothing was paid, what it is in the tenant's currency goes by the same weights.
    let own = spread(amount.own, &sizes)
        .or_else(|| spread(amount.own, &weights))
        .ok_or_else(nothing)?;
    Ok(paid
        .into_iter()
        .zip(own)
        .map(|(paid, own)| Amount { paid, own })
        .collect())
}

fn weight(part: &Part, basis: Basis) -> Result<i64, NoSpread> {
    match basis {
        Basis::Quantity => Ok(part.units),
        Basis::Value => part
            .value
            .ok_or_else(|| NoSpread::NoValue(part.sku.clone(), part.code.clone())),
        Basis::Weight => part
            .weight_g
            .filter(|grams| *grams > 0)
            .map(|grams| grams.saturating_mul(part.units))
            .ok_or_else(|| NoSpread::NoWeight(part.sku.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(units: i64, value: Option<i64>, weight_g: Option<i64>) -> Part {
        Part {
            lot: 1,
            code: "L1".to_owned(),
            sku: "A".to_owned(),
            units,
            value,
            weight_g,
        }
    }

    fn whole(paid: i64, own: i64) -> Amount {
        Amount { paid, own }
    }

    #[test]
    fn each_basis_has_its_own_weights() {
        let parts = [part(1, Some(300), Some(50)), part(3, Some(100), Some(50))];
        let paid = |basis| -> Vec<i64> {
            let shares = shares(whole(100, 100), basis, &parts).unwrap();
            shares.iter().map(|s| s.paid).collect()
        };
        assert_eq!(paid(Basis::Value), [75, 25]);
        assert_eq!(paid(Basis::Quantity), [25, 75]);
        assert_eq!(paid(Basis::Weight), [25, 75]);
    }

    #[test]
    fn what_has_nothing_to_go_by_is_named() {
        let parts = [part(1, None, None)];
        let refused = |basis, parts: &[Part]| shares(whole(1, 1), basis, parts).unwrap_err();
        assert_eq!(
            refused(Basis::Weight, &parts).to_string(),
            "A has no weight"
        );
        assert_eq!(
            refused(Basis::Value, &parts).to_string(),
            "lot L1 of A has no cost yet"
        );
        let free = [part(1, Some(0), Some(0))];
        assert_eq!(
            refused(Basis::Value, &free),
            NoSpread::Nothing(Basis::Value)
        );
        assert_eq!(
            refused(Basis::Weight, &free),
            NoSpread::NoWeight("A".to_owned())
        );
    }

    proptest! {
        /// Nothing of a bill is lost in either currency, and no share turns its sign.
        #[test]
        fn the_shares_sum_up_to_the_bill_in_both_currencies(
            paid in -5_000_000_i64..5_000_000,
            permille in 1_i64..3000,
            lots in prop::collection::vec((1_i64..500, 0_i64..100_000, 1_i64..5000), 1..40),
        ) {
            let parts: Vec<Part> = lots
                .iter()
                .map(|(units, value, grams)| part(*units, Some(*value), Some(*grams)))
                .collect();
            let own = paid * permille / 1000;
            for basis in [Basis::Value, Basis::Quantity, Basis::Weight] {
                match shares(whole(paid, own), basis, &parts) {
                    Err(_) => prop_assert!(
                        basis == Basis::Value && parts.iter().all(|p| p.value == Some(0))
                    ),
                    Ok(shares) => {
                        prop_assert_eq!(shares.iter().map(|s| s.paid).sum::<i64>(), paid);
                        prop_assert_eq!(shares.iter().map(|s| s.own).sum::<i64>(), own);
                        prop_assert!(shares.iter().all(|s| s.paid * paid >= 0 && s.own * own >= 0));
                    }
                }
            }
        }
    }
}
