//! What a shop sends, as seen on a WooCommerce 10.0.2, and as nobody hopes to see it.

mod items;
mod orders;

use items::product;
use orders::{order_json, refund_json};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::money::Currency;

const UNITS: Units = Units {
    grams: Decimal::ONE_THOUSAND,
    millimetres: Decimal::TEN,
};

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

/// A document with one field, by its JSON pointer, set to something else.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    *document.pointer_mut(pointer).unwrap() = value;
    document
}

#[test]
fn a_broken_element_never_spoils_the_page() {
    let page = format!(
        r#"[{}, {}, {}, {{"id": 12, "manage_stock": true, "stock_quantity": 1e999}}, 7, {}]"#,
        product(),
        with(product(), "/id", json!(null)),
        with(product(), "/sku", json!({"oh": "no"})),
        with(product(), "/date_modified_gmt", json!("yesterday\u{1b}[2J")),
    );
    let elements: Vec<Box<RawValue>> = serde_json::from_str(&page).unwrap();
    let mut listing = Listing::default();
    listing.extend(&elements, |element| item(element, UNITS), str::to_owned);
    assert_eq!(listing.items.len(), 1);
    let rejected: Vec<(Option<&str>, &str)> = listing
        .rejected
        .iter()
        .map(|one| (one.external_id.as_deref(), one.reason.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            (None, "id: null is not an id"),
            (Some("157"), "sku: an object is not text"),
            (Some("12"), "stock_quantity: number out of range"),
            (None, "invalid type: integer `7`, expected struct Item"),
            (
                Some("157"),
                r#"date_modified_gmt: "yesterday\u{1b}[2J" is not a time"#
            ),
        ]
    );
}

/// Any JSON, nested a little.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.e&;#x-]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A real document in which up to four values, anywhere, are something else.
fn damaged(document: Value) -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any_json()), 0..4);
    changes.prop_map(move |changes| {
        let mut document = document.clone();
        for (at, value) in changes {
            let pointers = pointers(&document, "");
            let pointer = at.get(&pointers).clone();
            *document.pointer_mut(&pointer).unwrap() = value;
        }
        document
    })
}

fn pointers(value: &Value, here: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        _ => Vec::new(),
    };
    let mut all = vec![here.to_owned()];
    for (key, item) in below {
        all.extend(pointers(item, &format!("{here}/{key}")));
    }
    all
}

proptest! {
    #[test]
    fn nothing_a_shop_sends_makes_us_panic(
        any in any_json(),
        product in damaged(product()),
        order_json in damaged(order_json()),
        refund_json in damaged(refund_json()),
    ) {
        for value in [any, product, order_json, refund_json] {
            let raw = raw(&value);
            let _ = (item(&raw, UNITS), variation(&raw, "1", "Parent", UNITS));
            let _ = (order(&raw), refund(&raw, eur()), pushed(&raw), id_only(&raw));
            let mut listing = Listing::default();
            listing.extend(&[raw], quantity, str::to_owned);
            prop_assert_eq!(listing.items.len() + listing.rejected.len(), 1);
        }
    }

    #[test]
    fn a_read_order_keeps_within_bounds(order_json in damaged(order_json())) {
        if let Ok(order) = order(&raw(&order_json)) {
            prop_assert!(!order.external_id.is_empty() && !order.number.is_empty());
            for line in &order.lines {
                prop_assert!((0..=1_000_000_000).contains(&line.quantity));
                prop_assert!(line.total_minor.abs() <= 1_000_000_000_000_000);
            }
        }
    }
}
