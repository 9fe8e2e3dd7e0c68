//! What a client needs to know of its shop beforehand.

use reqwest::Url;
use rust_decimal::Decimal;
use secrecy::SecretString;

/// What a client needs to know of its shop.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The shop's address, without `/wp-json`.
    pub base_url: String,
    /// The REST API consumer key.
    pub consumer_key: SecretString,
    /// The REST API consumer secret.
    pub consumer_secret: SecretString,
    /// What the shop's weights count in.
    pub weight_unit: WeightUnit,
    /// What the shop's dimensions count in.
    pub dimension_unit: DimensionUnit,
}

/// What a shop's weights count in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the units' own abbreviations")]
pub enum WeightUnit {
    #[default]
    Kg,
    G,
    Lbs,
    Oz,
}

/// What a shop's dimensions count in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the units' own abbreviations")]
pub enum DimensionUnit {
    M,
    #[default]
    Cm,
    Mm,
    In,
    Yd,
}

impl Settings {
    /// The address that everything is below, without a slash at its end.
    pub(super) fn base(&self) -> Result<String, String> {
        let text = self.base_url.as_str();
        let url = Url::parse(text.trim()).map_err(|error| format!("{text:?}: {error}"))?;
        let is_plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
            return Err(
                "its address must look like https://shop.example, without a query".to_owned(),
            );
        }
        let base = url.as_str().trim_end_matches('/');
        Ok(base.trim_end_matches("/wp-json").to_owned())
    }
}

impl WeightUnit {
    pub(super) fn grams(self) -> Decimal {
        match self {
            Self::Kg => Decimal::ONE_THOUSAND,
            Self::G => Decimal::ONE,
            Self::Lbs => Decimal::new(45_359_237, 5),
            Self::Oz => Decimal::new(28_349_523_125, 9),
        }
    }
}

impl DimensionUnit {
    pub(super) fn millimetres(self) -> Decimal {
        match self {
            Self::M => Decimal::ONE_THOUSAND,
            Self::Cm => Decimal::TEN,
            Self::Mm => Decimal::ONE,
            Self::In => Decimal::new(254, 1),
            Self::Yd => Decimal::new(9144, 1),
        }
    }
}
