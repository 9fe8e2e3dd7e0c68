//! Order lines and their meta data: plain JSON objects, read and changed in place.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::shapes;

/// Beyond this an amount is taken for nonsense, so that sums stay far from overflow.
const MOST: Decimal = Decimal::from_parts(2_808_348_672, 232_830_643, 0, false, 0);

/// Reads a decimal string or number; 0 where it is none, or larger than any price.
pub fn decimal(value: &Value) -> Decimal {
    let parsed: Option<Decimal> = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    };
    parsed
        .filter(|amount| amount.abs() <= MOST)
        .unwrap_or_default()
}

/// An amount as the API writes it: two decimals.
pub fn money(amount: Decimal) -> String {
    let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    format!("{rounded:.2}")
}

/// What `values` sum up to in one of their fields.
pub fn sum(values: &[Value], key: &str) -> Decimal {
    values.iter().map(|value| decimal(&value[key])).sum()
}

/// The line's id.
pub fn id(line: &Value) -> Option<u64> {
    line["id"].as_u64()
}

/// Ordered units.
pub fn quantity(line: &Value) -> i64 {
    shapes::whole(&line["quantity"]).unwrap_or_default()
}

/// A meta value as a whole number.
pub fn meta_int(line: &Value, key: &str) -> Option<i64> {
    let metas = line["meta_data"].as_array()?;
    let meta = metas.iter().find(|meta| meta["key"] == key)?;
    shapes::whole(&meta["value"])
}

/// Sets a line's meta value, as text, the way the shop keeps its own.
pub fn set_meta(line: &mut Value, key: &str, value: i64, next_id: &mut u64) {
    let text = value.to_string();
    let Some(metas) = line["meta_data"].as_array_mut() else {
        return;
    };
    if let Some(meta) = metas.iter_mut().find(|meta| meta["key"] == key) {
        meta["value"] = Value::from(text.clone());
        meta["display_value"] = Value::from(text);
        return;
    }
    *next_id += 1;
    metas.push(json!({
        "id": *next_id, "key": key, "value": text, "display_key": key, "display_value": text
    }));
}

/// Takes a meta value away.
pub fn drop_meta(line: &mut Value, key: &str) {
    if let Some(metas) = line["meta_data"].as_array_mut() {
        metas.retain(|meta| meta["key"] != key);
    }
}

/// Merges meta data from a request: by id, else by key, else as a new one. A `null` value
/// takes it away. With `display`, each carries what a person is shown, as order lines do.
pub fn merge_meta(metas: &mut Vec<Value>, changes: &[Value], display: bool, next_id: &mut u64) {
    for change in changes {
        let (wanted_id, key) = (shapes::whole(&change["id"]), &change["key"]);
        let at = metas.iter().position(|meta| match wanted_id {
            Some(wanted) => meta["id"] == wanted,
            None => meta["key"] == *key,
        });
        if change["value"].is_null() {
            if let Some(at) = at {
                metas.remove(at);
            }
            continue;
        }
        let at = at.unwrap_or_else(|| {
            *next_id += 1;
            metas.push(json!({ "id": *next_id, "key": key, "value": null }));
            metas.len() - 1
        });
        metas[at]["value"] = change["value"].clone();
        if display {
            metas[at]["display_key"] = metas[at]["key"].clone();
            metas[at]["display_value"] = change["value"].clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_decimals() {
        for (value, text) in [
            (json!("1.005"), "1.01"),
            (json!(3), "3.00"),
            (json!("-2.5"), "-2.50"),
            (json!("abc"), "0.00"),
            (json!(null), "0.00"),
            (json!("1000000000000000000"), "1000000000000000000.00"),
            (json!("1000000000000000001"), "0.00"),
        ] {
            assert_eq!(money(decimal(&value)), text, "{value}");
        }
    }

    #[test]
    fn meta_is_replaced_added_and_taken_away() {
        let mut next = 10;
        let mut metas = vec![json!({"id": 1, "key": "a", "value": "x"})];
        let changes = json!([
            {"key": "a", "value": "y"}, {"key": "b", "value": 2}, {"id": 11, "value": 3}
        ]);
        merge_meta(&mut metas, changes.as_array().unwrap(), false, &mut next);
        assert_eq!(
            metas,
            vec![
                json!({"id": 1, "key": "a", "value": "y"}),
                json!({"id": 11, "key": "b", "value": 3}),
            ]
        );
        merge_meta(
            &mut metas,
            &[json!({"key": "a", "value": null})],
            false,
            &mut next,
        );
        assert_eq!(metas.len(), 1);
    }
}
