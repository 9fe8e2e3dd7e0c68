//! The published shape of what a client may send. A field that is not in it is refused by
//! name, where the real shop would ignore it: a client's mistake must surface.

use serde_json::Value;

use super::record::Object;
use super::reply::Refusal;

/// What a field holds. `null` passes everywhere, as it does in WordPress.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    Text,
    /// A whole number, or one in text.
    Whole,
    /// A switch.
    Flag,
    /// Anything at all.
    Any,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object with these fields and no others.
    Fields(&'static [Field]),
    /// A list of such.
    List(&'static Shape),
}

/// A field's name and what it holds.
pub type Field = (&'static str, Shape);

use Shape::{Any, Fields, Flag, List, Text, Whole, Word};

const META: Shape = List(&Fields(&[("id", Whole), ("key", Text), ("value", Any)]));
const TERMS: Shape = List(&Fields(&[("id", Whole), ("name", Text), ("slug", Text)]));
const TAXES: Shape = List(&Fields(&[
    ("id", Whole),
    ("total", Text),
    ("subtotal", Text),
]));
const DIMENSIONS: Shape = Fields(&[("length", Text), ("width", Text), ("height", Text)]);
const IMAGE: Shape = Fields(&[("id", Whole), ("src", Text), ("name", Text), ("alt", Text)]);
const DOWNLOADS: Shape = List(&Fields(&[("id", Text), ("name", Text), ("file", Text)]));
const TAX_STATUS: Shape = Word(&["taxable", "shipping", "none"]);
const BACKORDERS: Shape = Word(&["no", "notify", "yes"]);
const STOCK_STATUS: Shape = Word(&["instock", "outofstock", "onbackorder"]);
const STATUS: Shape = Word(&["draft", "pending", "private", "publish", "future"]);

/// A product, to create or change.
pub const PRODUCT: &[Field] = &[
    ("id", Whole),
    ("name", Text),
    ("slug", Text),
    ("type", Word(&["simple", "grouped", "external", "variable"])),
    ("status", STATUS),
    ("featured", Flag),
    (
        "catalog_visibility",
        Word(&["visible", "catalog", "search", "hidden"]),
    ),
    ("description", Text),
    ("short_description", Text),
    ("sku", Text),
    ("global_unique_id", Text),
    ("regular_price", Text),
    ("sale_price", Text),
    ("date_on_sale_from", Text),
    ("date_on_sale_from_gmt", Text),
    ("date_on_sale_to", Text),
    ("date_on_sale_to_gmt", Text),
    ("virtual", Flag),
    ("downloadable", Flag),
    ("downloads", DOWNLOADS),
    ("download_limit", Whole),
    ("download_expiry", Whole),
    ("external_url", Text),
    ("button_text", Text),
    ("tax_status", TAX_STATUS),
    ("tax_class", Text),
    ("manage_stock", Flag),
    ("stock_quantity", Whole),
    ("inventory_delta", Whole),
    ("stock_status", STOCK_STATUS),
    ("backorders", BACKORDERS),
    ("low_stock_amount", Whole),
    ("sold_individually", Flag),
    ("weight", Text),
    ("dimensions", DIMENSIONS),
    ("shipping_class", Text),
    ("reviews_allowed", Flag),
    ("upsell_ids", List(&Whole)),
    ("cross_sell_ids", List(&Whole)),
    ("parent_id", Whole),
    ("purchase_note", Text),
    ("categories", TERMS),
    ("brands", TERMS),
    ("tags", TERMS),
    ("images", List(&IMAGE)),
    (
        "attributes",
        List(&Fields(&[
            ("id", Whole),
            ("name", Text),
            ("position", Whole),
            ("visible", Flag),
            ("variation", Flag),
            ("options", List(&Text)),
        ])),
    ),
    (
        "default_attributes",
        List(&Fields(&[("id", Whole), ("name", Text), ("option", Text)])),
    ),
    ("grouped_products", List(&Whole)),
    ("menu_order", Whole),
    ("meta_data", META),
];

/// A variation, to create or change.
pub const VARIATION: &[Field] = &[
    ("id", Whole),
    ("description", Text),
    ("status", STATUS),
    ("sku", Text),
    ("global_unique_id", Text),
    ("regular_price", Text),
    ("sale_price", Text),
    ("date_on_sale_from", Text),
    ("date_on_sale_from_gmt", Text),
    ("date_on_sale_to", Text),
    ("date_on_sale_to_gmt", Text),
    ("virtual", Flag),
    ("downloadable", Flag),
    ("downloads", DOWNLOADS),
    ("download_limit", Whole),
    ("download_expiry", Whole),
    ("tax_status", TAX_STATUS),
    ("tax_class", Text),
    ("manage_stock", Any),
    ("stock_quantity", Whole),
    ("inventory_delta", Whole),
    ("stock_status", STOCK_STATUS),
    ("backorders", BACKORDERS),
    ("low_stock_amount", Whole),
    ("weight", Text),
    ("dimensions", DIMENSIONS),
    ("shipping_class", Text),
    ("image", IMAGE),
    (
        "attributes",
        List(&Fields(&[("id", Whole), ("name", Text), ("option", Text)])),
    ),
    ("menu_order", Whole),
    ("meta_data", META),
];

const ADDRESS: Shape = Fields(&[
    ("first_name", Text),
    ("last_name", Text),
    ("company", Text),
    ("address_1", Text),
    ("address_2", Text),
    ("city", Text),
    ("state", Text),
    ("postcode", Text),
    ("country", Text),
    ("email", Text),
    ("phone", Text),
]);

/// An order, to create or change.
pub const ORDER: &[Field] = &[
    ("id", Whole),
    ("parent_id", Whole),
    ("status", Text),
    ("currency", Text),
    ("customer_id", Whole),
    ("customer_note", Text),
    ("billing", ADDRESS),
    ("shipping", ADDRESS),
    ("payment_method", Text),
    ("payment_method_title", Text),
    ("transaction_id", Text),
    ("meta_data", META),
    (
        "line_items",
        List(&Fields(&[
            ("id", Whole),
            ("name", Text),
            ("product_id", Whole),
            ("variation_id", Whole),
            ("quantity", Whole),
            ("tax_class", Text),
            ("subtotal", Text),
            ("subtotal_tax", Text),
            ("total", Text),
            ("total_tax", Text),
            ("taxes", TAXES),
            ("meta_data", META),
            ("sku", Text),
        ])),
    ),
    (
        "shipping_lines",
        List(&Fields(&[
            ("id", Whole),
            ("method_title", Text),
            ("method_id", Text),
            ("total", Text),
            ("meta_data", META),
        ])),
    ),
    (
        "fee_lines",
        List(&Fields(&[
            ("id", Whole),
            ("name", Text),
            ("tax_class", Text),
            ("tax_status", Word(&["taxable", "none"])),
            ("total", Text),
            ("meta_data", META),
        ])),
    ),
    ("set_paid", Flag),
];

/// A refund of an order.
pub const REFUND: &[Field] = &[
    ("amount", Text),
    ("reason", Text),
    ("refunded_by", Whole),
    ("meta_data", META),
    (
        "line_items",
        List(&Fields(&[
            ("id", Whole),
            ("quantity", Whole),
            ("refund_total", Any),
            (
                "refund_tax",
                List(&Fields(&[("id", Whole), ("refund_total", Any)])),
            ),
        ])),
    ),
    ("api_refund", Flag),
    ("api_restock", Flag),
];

/// A note on an order.
pub const NOTE: &[Field] = &[("note", Text), ("customer_note", Flag)];

/// What a batch does.
pub const BATCH: &[Field] = &[
    ("create", List(&Any)),
    ("update", List(&Any)),
    ("delete", List(&Whole)),
];

/// Holds a body to its shape.
///
/// # Errors
/// A field that is not in it (the sandbox's own refusal), or of another type (the shop's).
pub fn check(body: &Object, shape: &[Field]) -> Result<(), Refusal> {
    check_fields(body, shape, "")
}

fn check_fields(body: &Object, shape: &[Field], at: &str) -> Result<(), Refusal> {
    for (key, value) in body {
        let path = format!("{at}{key}");
        let Some((_, kind)) = shape.iter().find(|(name, _)| name == key) else {
            return Err(Refusal::sandbox(format!(
                "The published API has no field {path} here."
            )));
        };
        check_value(value, *kind, &path)?;
    }
    Ok(())
}

fn check_value(value: &Value, shape: Shape, at: &str) -> Result<(), Refusal> {
    let wrong = |kind: &str| {
        let top = at.split(['.', '[']).next().unwrap_or(at);
        Err(Refusal::parameter(
            top,
            &format!("{at} is not of type {kind}."),
        ))
    };
    match (shape, value) {
        (_, Value::Null) | (Any, _) | (Text, Value::String(_)) | (Flag, Value::Bool(_)) => Ok(()),
        (Text, _) => wrong("string"),
        (Whole, value) if whole(value).is_some() => Ok(()),
        (Whole, _) => wrong("integer"),
        (Flag, value) if matches!(value.as_str(), Some("true" | "false" | "0" | "1")) => Ok(()),
        (Flag, value) if matches!(value.as_i64(), Some(0 | 1)) => Ok(()),
        (Flag, _) => wrong("boolean"),
        (Word(words), Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
        (Word(words), _) => Err(Refusal::parameter(
            at,
            &format!("{at} is not one of {}.", words.join(", ")),
        )),
        (Fields(fields), Value::Object(object)) => check_fields(object, fields, &format!("{at}.")),
        (Fields(_), _) => wrong("object"),
        (List(item), Value::Array(list)) => list
            .iter()
            .enumerate()
            .try_for_each(|(i, value)| check_value(value, *item, &format!("{at}[{i}]"))),
        (List(_), _) => wrong("array"),
    }
}

/// The largest whole number that survives being a float.
const MOST: u64 = 9_007_199_254_740_991;

/// A whole number as WordPress takes one: `5`, `5.0` and `"5"`.
pub fn whole(value: &Value) -> Option<i64> {
    let number: Option<i64> = match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.unsigned_abs() <= MOST)
}

/// A switch as WordPress takes one.
pub fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::String(text) => matches!(text.as_str(), "true" | "1"),
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(body: &Value, shape: &[Field]) -> Option<(&'static str, String)> {
        check(body.as_object().unwrap(), shape)
            .err()
            .map(|r| (r.code, r.message))
    }

    #[test]
    fn what_the_api_has_passes() {
        let product = json!({
            "sku": "A", "manage_stock": "true", "stock_quantity": "5", "weight": null,
            "dimensions": {"length": "1"}, "meta_data": [{"key": "k", "value": {"any": 1}}]
        });
        assert_eq!(code(&product, PRODUCT), None);
        let order = json!({"line_items": [{"product_id": 1, "quantity": 2.0}], "set_paid": true});
        assert_eq!(code(&order, ORDER), None);
    }

    #[test]
    fn what_it_has_not_is_named() {
        let cases = [
            (json!({"quantity": 1}), PRODUCT, "quantity"),
            (
                json!({"dimensions": {"depth": "1"}}),
                PRODUCT,
                "dimensions.depth",
            ),
            (
                json!({"line_items": [{"qty": 1}]}),
                ORDER,
                "line_items[0].qty",
            ),
        ];
        for (body, shape, named) in cases {
            let (code, message) = code(&body, shape).unwrap();
            assert_eq!(code, "sandbox_not_in_the_published_api");
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn another_type_is_an_invalid_parameter() {
        for body in [
            json!({"stock_quantity": 1.5}),
            json!({"stock_quantity": "1.5"}),
            json!({"stock_quantity": 1e30}),
            json!({"regular_price": 12}),
            json!({"manage_stock": "maybe"}),
            json!({"status": "gone"}),
            json!({"meta_data": {}}),
        ] {
            assert_eq!(
                code(&body, PRODUCT).unwrap().0,
                "rest_invalid_param",
                "{body}"
            );
        }
    }
}
