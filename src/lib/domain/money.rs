//! Money in integer minor units, with the exponent that ISO 4217 gives the currency.
//!
//! No floats anywhere: decimal strings come in, decimal strings go out.

use std::fmt;
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// What is wrong with a currency or an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("{0:?} is not a currency code of three capital letters")]
    Currency(String),
    /// Not a decimal number.
    #[error("{0:?} is not a decimal amount")]
    NotDecimal(String),
    /// More decimals than the currency has minor units for.
    #[error("{0} has more decimals than {1} has")]
    TooFine(String, Currency),
    /// Larger than 64-bit minor units hold.
    #[error("{0} is too large an amount")]
    TooLarge(String),
}

impl Currency {
    /// How many decimals the currency has (ISO 4217: JPY 0, EUR 2, KWD 3).
    #[must_use]
    pub fn exponent(self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    /// The code itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Reads a decimal string as minor units, refusing more decimals than the currency has.
    ///
    /// # Errors
    /// Not a number, too many decimals that are not zero, or beyond 64 bits.
    pub fn minor(self, text: &str) -> Result<i64, MoneyError> {
        let decimal = parse_decimal(text)?;
        let scaled = self.scaled(decimal, text)?;
        if !scaled.fract().is_zero() {
            return Err(MoneyError::TooFine(text.to_owned(), self));
        }
        scaled
            .to_i64()
            .ok_or_else(|| MoneyError::TooLarge(text.to_owned()))
    }

    /// What a quantity costs at a decimal unit price, as minor units, half away from zero.
    ///
    /// # Errors
    /// Beyond 64-bit minor units.
    pub fn extend(self, unit: Decimal, quantity: i64) -> Result<i64, MoneyError> {
        let text = || format!("{quantity} x {unit}");
        let total = unit
            .checked_mul(Decimal::from(quantity))
            .ok_or_else(|| MoneyError::TooLarge(text()))?;
        self.scaled(total, &text())?
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
            .to_i64()
            .ok_or_else(|| MoneyError::TooLarge(text()))
    }

    /// Minor units as a decimal string, without the code: `12.30`.
    #[must_use]
    pub fn decimal(self, minor: i64) -> String {
        Decimal::new(minor, self.exponent()).to_string()
    }

    fn scaled(self, decimal: Decimal, text: &str) -> Result<Decimal, MoneyError> {
        decimal
            .checked_mul(Decimal::from(10_i64.pow(self.exponent())))
            .ok_or_else(|| MoneyError::TooLarge(text.to_owned()))
    }
}

/// Reads a plain decimal number: digits, an optional sign and point, no exponent.
///
/// # Errors
/// Anything else.
pub fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    Decimal::from_str_exact(text.trim()).map_err(|_| MoneyError::NotDecimal(text.to_owned()))
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_follow_the_currency() {
        assert_eq!(currency("EUR").minor("12.30"), Ok(1230));
        assert_eq!(currency("EUR").minor("12.3000"), Ok(1230));
        assert_eq!(currency("JPY").minor("12"), Ok(12));
        assert_eq!(currency("KWD").minor("-0.001"), Ok(-1));
        assert!(currency("EUR").minor("0.001").is_err());
        assert!(currency("EUR").minor("1e3").is_err());
        assert!(currency("EUR").minor("99999999999999999999").is_err());
        assert_eq!(currency("EUR").decimal(-5), "-0.05");
    }

    #[test]
    fn a_unit_price_of_six_places_rounds_once_on_the_whole() {
        let unit = parse_decimal("0.333333").unwrap();
        assert_eq!(currency("EUR").extend(unit, 3), Ok(100));
        assert_eq!(currency("EUR").extend(unit, 1), Ok(33));
    }

    #[test]
    fn a_currency_is_three_capitals() {
        for bad in ["", "eur", "EURO", "E1R"] {
            assert!(bad.parse::<Currency>().is_err());
        }
    }
}
