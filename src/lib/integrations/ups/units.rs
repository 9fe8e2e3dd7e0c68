//! Weights and measures as UPS takes them: one system a shipment, always rounded up, for a
//! parcel that weighs more than declared costs a correction.

/// A system of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Pounds and inches.
    Imperial,
    /// Kilograms and centimetres.
    Metric,
}

/// The heaviest and the longest that fits into UPS' fields: `999.9` and `999`.
const MOST_TENTHS: i64 = 9_999;
const MOST_LENGTH: i64 = 999;

/// Beyond it, grams and millimetres are a mistake, and sums could overflow.
const ABSURD: i64 = 10_000_000;

impl System {
    /// The one that UPS wants of what leaves a country.
    pub fn of(country: &str) -> Self {
        match country.trim().to_ascii_uppercase().as_str() {
            "US" | "PR" | "CA" => Self::Imperial,
            _ => Self::Metric,
        }
    }

    /// Code and description of the unit of weights.
    pub fn weight_unit(self) -> (&'static str, &'static str) {
        match self {
            Self::Imperial => ("LBS", "Pounds"),
            Self::Metric => ("KGS", "Kilograms"),
        }
    }

    /// Code and description of the unit of lengths.
    pub fn length_unit(self) -> (&'static str, &'static str) {
        match self {
            Self::Imperial => ("IN", "Inches"),
            Self::Metric => ("CM", "Centimetres"),
        }
    }

    /// A weight, rounded up to a tenth.
    ///
    /// # Errors
    /// It is nothing, or more than UPS' field holds.
    pub fn weight(self, grams: i64) -> Result<String, String> {
        if grams <= 0 {
            return Err("has no weight".to_owned());
        }
        let grams = grams.min(ABSURD);
        let tenths = match self {
            // A pound is 453.59237 g.
            Self::Imperial => {
                (grams * 1_000_000).div_euclid(45_359_237)
                    + i64::from((grams * 1_000_000) % 45_359_237 != 0)
            }
            Self::Metric => (grams + 99) / 100,
        };
        if tenths > MOST_TENTHS {
            return Err(format!("is too heavy: {grams} g"));
        }
        Ok(format!("{}.{}", tenths / 10, tenths % 10))
    }

    /// A length, rounded up to a whole inch or centimetre.
    ///
    /// # Errors
    /// It is nothing, or more than UPS' field holds.
    pub fn length(self, mm: i64) -> Result<String, String> {
        if mm <= 0 {
            return Err("has a side of no length".to_owned());
        }
        let mm = mm.min(ABSURD);
        let length = match self {
            // An inch is 25.4 mm.
            Self::Imperial => (mm * 10 + 253) / 254,
            Self::Metric => (mm + 9) / 10,
        };
        if length > MOST_LENGTH {
            return Err(format!("is too long: {mm} mm"));
        }
        Ok(length.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_lengths_round_up() {
        use System::{Imperial, Metric};
        assert_eq!(Imperial.weight(1).unwrap(), "0.1");
        assert_eq!(Imperial.weight(453).unwrap(), "1.0");
        assert_eq!(Imperial.weight(454).unwrap(), "1.1");
        assert_eq!(Metric.weight(1_200).unwrap(), "1.2");
        assert_eq!(Metric.weight(1_201).unwrap(), "1.3");
        assert_eq!(Imperial.length(254).unwrap(), "10");
        assert_eq!(Imperial.length(255).unwrap(), "11");
        assert_eq!(Metric.length(301).unwrap(), "31");
        assert_eq!(Metric.length(9_990).unwrap(), "999");
        for (weight, length) in [(0, 0), (-5, -5), (i64::MAX, i64::MAX)] {
            assert!(Imperial.weight(weight).is_err());
            assert!(Metric.weight(weight).is_err());
            assert!(Imperial.length(length).is_err());
            assert!(Metric.length(length).is_err());
        }
        assert_eq!(System::of("pr"), Imperial);
        assert_eq!(System::of("NL"), Metric);
    }

    proptest::proptest! {
        #[test]
        fn what_is_declared_is_never_less_and_at_most_a_tenth_more(grams in 1_i64..450_000) {
            let pounds: f64 = System::Imperial.weight(grams).unwrap().parse().unwrap();
            let over = pounds * 453.592_37 - grams as f64;
            proptest::prop_assert!((-1e-6..45.36).contains(&over), "{over}");
        }
    }
}
