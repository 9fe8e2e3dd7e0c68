//! Single fields as PHP and its plugins send them: numbers as text, text as numbers, null
//! for nothing. What is beyond any doubt is read, all else is an error.

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::money::{Currency, parse_decimal};
use crate::domain::time::UtcMs;

/// More units than any shop has: beyond it, a quantity is a mistake.
const MOST_UNITS: i64 = 1_000_000_000;

/// More minor units than any order costs: beyond it, an amount is a mistake.
const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// An id: a positive whole number, or its digits.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    id_of(&value).ok_or_else(|| D::Error::custom(format!("{} is not an id", shown(&value))))
}

/// An id, or nothing: 0, null, empty.
pub fn optional_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match &value {
        Value::Null => Ok(None),
        Value::Number(number) if number.as_i64() == Some(0) => Ok(None),
        Value::String(text) if matches!(text.as_str(), "" | "0") => Ok(None),
        _ => match id_of(&value) {
            Some(id) => Ok(Some(id)),
            None => Err(D::Error::custom(format!("{} is not an id", shown(&value)))),
        },
    }
}

/// The id in a value, if it is one.
pub fn id_of(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (number > 0 && i64::try_from(number).is_ok()).then(|| number.to_string())
}

/// Text; a number stands for its digits, null for nothing.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format!("{} is not text", shown(&other)))),
    }
}

/// A time in UTC, or nothing.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UtcMs>, D::Error> {
    let text = text(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    match UtcMs::parse(&text) {
        Some(at) => Ok(Some(at)),
        None => Err(D::Error::custom(format!("{text:?} is not a time"))),
    }
}

/// A whole number of units.
pub fn units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    units_of(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The whole number of units in a value: a number or its decimal text.
pub fn units_of(value: &Value) -> Result<i64, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        other => return Err(format!("{} is not a quantity", shown(other))),
    };
    let units = match text.parse::<Decimal>() {
        Ok(units) if !units.fract().is_zero() => {
            return Err(format!("{} is not a whole number", shown(value)));
        }
        Ok(units) => i64::try_from(units).ok(),
        Err(_) => None,
    };
    match units {
        Some(units) if units.abs() <= MOST_UNITS => Ok(units),
        _ => Err(format!("{} is not a plausible quantity", shown(value))),
    }
}

/// An amount in minor units. What is finer than the currency is rounded half away from
/// zero, as WooCommerce rounds for its own totals.
pub fn minor(currency: Currency, text: &str, name: &str) -> Result<i64, String> {
    let minor = parse_decimal(text)
        .and_then(|amount| currency.extend(amount, 1))
        .map_err(|error| format!("{name}: {error}"))?;
    if minor.abs() > MOST_MINOR {
        return Err(format!("{name}: {text} is not a plausible amount"));
    }
    Ok(minor)
}

/// A positive measure (text or number) times a factor, rounded half up; `None` for anything
/// else, for a measure is no reason to refuse a product.
pub fn measure(value: &Value, factor: Decimal) -> Option<i64> {
    let measure = match value {
        Value::String(text) => parse_decimal(text).ok()?,
        Value::Number(number) => parse_decimal(&number.to_string()).ok()?,
        _ => return None,
    };
    let scaled = measure.checked_mul(factor)?;
    let rounded = scaled.checked_add(Decimal::new(5, 1))?.floor();
    let whole = i64::try_from(rounded).ok()?;
    (scaled.is_sign_positive() && (1..=MOST_UNITS).contains(&whole)).then_some(whole)
}

/// Text without its HTML entities: the five of XML, the blank, and numbers.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let decoded = rest.find(';').filter(|end| *end <= 10).and_then(|end| {
            let c = entity(&rest[1..end])?;
            Some((c, end + 1))
        });
        let (c, length) = decoded.unwrap_or(('&', 1));
        plain.push(c);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain.trim().to_owned()
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control())
        }
    }
}

/// Trimmed text, or nothing.
pub fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A foreign value within an error.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string().chars().take(60).collect(),
    }
}
