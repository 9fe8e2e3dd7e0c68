//! UPS' answers as they come. Lists may come as one object, as many, as "" or not at all;
//! numbers and indicators as text. What is beyond doubt is read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::advice::advice;
use crate::domain::carriage::{Charge, Tariff};
use crate::domain::money::{Currency, parse_decimal};
use crate::integrations::http::Response;

/// One, many, "" or absent, as a list.
pub fn many<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let elements = match Value::deserialize(deserializer)? {
        Value::Array(elements) => elements,
        one => vec![one],
    };
    elements
        .into_iter()
        .filter(|element| !is_nothing(element))
        .map(|element| serde_json::from_value(element).map_err(D::Error::custom))
        .collect()
}

/// An object, or nothing: "", null.
pub fn maybe<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    if is_nothing(&value) {
        return Ok(None);
    }
    serde_json::from_value(value)
        .map(Some)
        .map_err(D::Error::custom)
}

/// Text, trimmed; a number stands for its digits, anything else for nothing. The test system
/// puts an escaped line end before some values.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.replace("&#xD;", "").trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// An error or a warning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Told {
    /// UPS' code.
    #[serde(default, alias = "Code", deserialize_with = "text")]
    pub code: String,
    /// In UPS' words.
    #[serde(default, alias = "Description", deserialize_with = "text")]
    message: String,
}

impl Told {
    /// The first error of an answer, in the form of today or of old; of any status.
    pub fn of(response: &Response) -> Option<Self> {
        let value: Value = response.json().ok()?;
        let first = |value: &Value| match value {
            Value::Array(errors) => errors.first().cloned(),
            one if is_nothing(one) => None,
            one => Some(one.clone()),
        };
        let error = value
            .pointer("/response/errors")
            .or_else(|| value.pointer("/Response/Errors"))
            .and_then(first)
            .or_else(|| {
                let details = value.pointer("/Fault/detail/Errors/ErrorDetail")?;
                first(details)?.get("PrimaryErrorCode").cloned()
            })?;
        serde_json::from_value(error).ok()
    }

    /// Message and code, fit for an error.
    pub fn words(&self, response: &Response) -> String {
        response.clean(&format!("{} ({})", self.message, self.code))
    }

    /// The message, with what the code asks of people.
    pub fn message_for_people(&self, response: &Response) -> String {
        let message = response.clean(&self.message);
        match advice(&self.code) {
            Some(advice) => format!("{advice}: {message}"),
            None => message,
        }
    }

    /// As a remark.
    pub fn remark(&self) -> String {
        format!("{} ({})", self.message, self.code)
    }
}

/// What stands at the head of most answers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Head {
    #[serde(default, deserialize_with = "many")]
    pub alert: Vec<Told>,
}

/// An amount.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Amount {
    #[serde(default, deserialize_with = "text")]
    currency_code: String,
    #[serde(default, deserialize_with = "text")]
    monetary_value: String,
}

impl Amount {
    /// In minor units of its currency.
    ///
    /// # Errors
    /// It is no amount, or finer than the currency is.
    pub fn charge(&self, tariff: Tariff) -> Result<Charge, String> {
        let currency: Currency = self.currency_code.parse().map_err(as_text)?;
        let amount_minor = currency.minor(&self.monetary_value).map_err(as_text)?;
        Ok(Charge {
            amount_minor,
            currency,
            tariff,
        })
    }
}

fn as_text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The account's own prices.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Negotiated {
    #[serde(default, deserialize_with = "maybe")]
    pub total_charge: Option<Amount>,
}

/// A code.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Coded {
    #[serde(default, deserialize_with = "text")]
    pub code: String,
    #[serde(default, deserialize_with = "text")]
    pub description: String,
}

/// A weight.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Weight {
    #[serde(default, deserialize_with = "maybe")]
    unit_of_measurement: Option<Coded>,
    #[serde(default, deserialize_with = "text")]
    weight: String,
}

impl Weight {
    /// As `12.0 LBS`.
    pub fn shown(&self) -> String {
        let weight = match parse_decimal(&self.weight) {
            Ok(number) => number.to_string(),
            Err(_) => self.weight.clone(),
        };
        let unit = self.unit_of_measurement.as_ref();
        let unit = unit.map_or("", |unit| unit.code.as_str());
        format!("{weight} {unit}").trim().to_owned()
    }
}

/// A picture: a label or a paper.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Picture {
    #[serde(default, deserialize_with = "text")]
    graphic_image: String,
}

impl Picture {
    /// The ZPL in it.
    ///
    /// # Errors
    /// There is none.
    pub fn zpl(&self) -> Result<Vec<u8>, String> {
        let packed: String = self.graphic_image.split_whitespace().collect();
        let bytes = STANDARD
            .decode(packed)
            .map_err(|error| format!("its picture is not base64: {error}"))?;
        if !bytes.windows(3).any(|window| window == b"^XA") {
            return Err("its picture is not ZPL".to_owned());
        }
        Ok(bytes)
    }
}

/// The total of a price list, the account's own where it is told, else everybody's.
///
/// # Errors
/// It is told, and no amount.
pub fn total(
    negotiated: Option<&Negotiated>,
    published: Option<&Amount>,
) -> Result<Option<Charge>, String> {
    let own = negotiated.and_then(|own| own.total_charge.as_ref());
    match (own, published) {
        (Some(own), _) => own.charge(Tariff::Negotiated).map(Some),
        (None, Some(published)) => published.charge(Tariff::Published).map(Some),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    struct Listed {
        #[serde(default, deserialize_with = "many")]
        list: Vec<Coded>,
        #[serde(default, deserialize_with = "maybe")]
        one: Option<Coded>,
    }

    #[test]
    fn lists_come_as_one_as_many_as_nothing_or_not_at_all() {
        let one = json!({"Code": "1"});
        for (value, expected) in [
            (json!({"list": one, "one": one}), (1, true)),
            (json!({"list": [one, one], "one": ""}), (2, false)),
            (json!({"list": "", "one": null}), (0, false)),
            (json!({"list": null}), (0, false)),
            (json!({"list": ["", one, null]}), (1, false)),
            (json!({}), (0, false)),
        ] {
            let read: Listed = serde_json::from_value(value.clone()).unwrap();
            assert_eq!((read.list.len(), read.one.is_some()), expected, "{value}");
        }
    }

    #[test]
    fn amounts_follow_their_currency() {
        let amount = |code: &str, value: &str| {
            let value = json!({"CurrencyCode": code, "MonetaryValue": value});
            let amount: Amount = serde_json::from_value(value).unwrap();
            amount.charge(Tariff::Published).map(|c| c.amount_minor)
        };
        assert_eq!(amount("USD", "12.34"), Ok(1234));
        assert_eq!(amount("JPY", "1234.00"), Ok(1234));
        assert_eq!(amount("KWD", "&#xD;1.2"), Ok(1200));
        assert!(amount("USD", "1.234").is_err());
        assert!(amount("usd", "1.00").is_err());
        assert!(amount("USD", "").is_err());
    }

    #[test]
    fn a_picture_is_zpl_or_an_error() {
        let picture = |text: &str| Picture {
            graphic_image: text.to_owned(),
        };
        let packed = STANDARD.encode("\n^XA^XZ");
        let broken = format!("{}\n{}", &packed[..4], &packed[4..]);
        assert_eq!(picture(&broken).zpl().unwrap(), b"\n^XA^XZ");
        assert!(picture("R0lGODlh").zpl().is_err());
        assert!(picture("").zpl().is_err());
        assert!(picture("no base64!").zpl().is_err());
    }

    #[test]
    fn a_weight_is_shown_without_leading_zeros() {
        let weight = |value: &str| {
            let value = json!({"UnitOfMeasurement": {"Code": "LBS"}, "Weight": value});
            serde_json::from_value::<Weight>(value).unwrap().shown()
        };
        assert_eq!(weight("000016.0"), "16.0 LBS");
        assert_eq!(weight("heavy"), "heavy LBS");
    }
}
