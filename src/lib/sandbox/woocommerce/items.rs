//! Writing a product or a variation: which fields a request may set, and what follows from
//! them. Everything is verified before anything is changed.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::lines;
use super::record::{Object, Record};
use super::reply::Refusal;
use super::shapes::{Field, PRODUCT, Shape, VARIATION, flag, whole};
use super::state::State;
use super::stock;

/// Fields with rules of their own; all others are taken over as they come.
const RULED: [&str; 13] = [
    "id",
    "parent_id",
    "sku",
    "global_unique_id",
    "regular_price",
    "sale_price",
    "manage_stock",
    "stock_quantity",
    "inventory_delta",
    "stock_status",
    "backorders",
    "dimensions",
    "meta_data",
];

/// Applies a request's body to an item, new or old.
///
/// # Errors
/// A SKU or GTIN that another item has: 400, with its id as `resource_id`.
pub fn write(state: &mut State, id: u64, body: &Object) -> Result<(), Refusal> {
    verify_codes(state, id, body)?;
    let now = state.now;
    let mut meta_id = state.ids.meta;
    let has_parent = state.catalogue.get(id).is_some_and(|i| i.parent.is_some());
    let shape = if has_parent { VARIATION } else { PRODUCT };
    state.catalogue.edit(id, |record| {
        for (key, value) in body {
            if !RULED.contains(&key.as_str()) && !value.is_null() {
                record.set(key, coerced(value, key, shape));
            }
        }
        for key in ["sku", "global_unique_id"] {
            if let Some(code) = body.get(key).and_then(Value::as_str) {
                record.set(key, code.trim());
            }
        }
        write_dimensions(record, body);
        write_prices(record, body);
        write_stock(record, body);
        write_meta(record, body, &mut meta_id);
    });
    state.ids.meta = meta_id;
    stock::share_with_children(&mut state.catalogue, id);
    state.catalogue.touch(id, now);
    Ok(())
}

fn verify_codes(state: &State, id: u64, body: &Object) -> Result<(), Refusal> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let taken = |owner: Option<u64>| owner.filter(|owner| *owner != id);
    let sku = text("sku").trim();
    if let Some(owner) = taken(state.catalogue.by_sku(sku)) {
        return Err(
            Refusal::new(400, "product_invalid_sku", "Invalid or duplicated SKU.")
                .with("resource_id", owner)
                .with("unique_sku", format!("{sku}-1")),
        );
    }
    if let Some(owner) = taken(state.catalogue.by_gtin(text("global_unique_id").trim())) {
        return Err(Refusal::new(
            400,
            "product_invalid_global_unique_id",
            "Invalid or duplicated GTIN, UPC, EAN or ISBN.",
        )
        .with("resource_id", owner));
    }
    Ok(())
}

/// A value in the type that the shop answers with.
fn coerced(value: &Value, key: &str, shape: &[Field]) -> Value {
    match shape.iter().find(|(name, _)| *name == key) {
        Some((_, Shape::Whole)) => whole(value).map_or(Value::Null, Value::from),
        Some((_, Shape::Flag)) => Value::from(flag(value)),
        _ => value.clone(),
    }
}

fn write_dimensions(record: &mut Record, body: &Object) {
    if let Some(given) = body.get("dimensions").and_then(Value::as_object) {
        let mut dimensions = record.get("dimensions").clone();
        for (key, value) in given {
            dimensions[key.as_str()] = value.clone();
        }
        record.set("dimensions", dimensions);
    }
}

/// A price that is no number is taken for none, without a word.
fn write_prices(record: &mut Record, body: &Object) {
    let mut changed = false;
    for key in ["regular_price", "sale_price"] {
        if let Some(price) = body.get(key).and_then(Value::as_str) {
            let is_number = price.trim().parse::<Decimal>().is_ok();
            record.set(key, if is_number { price.trim() } else { "" });
            changed = true;
        }
    }
    if changed {
        let regular = record.text("regular_price").to_owned();
        let sale = record.text("sale_price").to_owned();
        let on_sale = match (regular.parse::<Decimal>(), sale.parse::<Decimal>()) {
            (Ok(regular), Ok(sale)) => sale < regular,
            _ => false,
        };
        let price = if on_sale { sale } else { regular };
        record.set("purchasable", !price.is_empty());
        record.set("on_sale", on_sale);
        record.set("price", price);
    }
}

/// Managed stock takes a quantity; unmanaged stock ignores it; and a variation whose product
/// keeps the stock ignores whatever it is told about it.
fn write_stock(record: &mut Record, body: &Object) {
    if record.get("manage_stock").is_string() {
        return;
    }
    if let Some(managed) = body.get("manage_stock").filter(|value| !value.is_null()) {
        record.set("manage_stock", flag(managed));
    }
    if let Some(backorders) = body.get("backorders").and_then(Value::as_str) {
        record.set("backorders", backorders);
    }
    if record.flag("manage_stock") {
        let delta = body.get("inventory_delta").and_then(whole);
        let had = record.int("stock_quantity").unwrap_or_default();
        match (body.get("stock_quantity"), delta) {
            (Some(given), _) => record.set("stock_quantity", whole(given).unwrap_or_default()),
            (None, Some(delta)) => record.set("stock_quantity", had.saturating_add(delta)),
            (None, None) => {}
        }
    } else if let Some(status) = body.get("stock_status").and_then(Value::as_str) {
        record.set("stock_status", status);
    }
    stock::settle(record);
}

/// Meta data, two keys of which are the real fields in disguise.
fn write_meta(record: &mut Record, body: &Object, meta_id: &mut u64) {
    let Some(given) = body.get("meta_data").and_then(Value::as_array) else {
        return;
    };
    let (disguised, plain): (Vec<Value>, Vec<Value>) = given
        .iter()
        .cloned()
        .partition(|meta| meta["key"] == "_sku" || meta["key"] == "_stock");
    record.edit_list("meta_data", |metas| {
        lines::merge_meta(metas, &plain, false, meta_id);
    });
    for meta in disguised {
        let value = &meta["value"];
        if meta["key"] == "_sku" {
            record.set("sku", value.as_str().unwrap_or_default());
        } else if record.get("manage_stock") == &Value::Bool(true) {
            record.set("stock_quantity", whole(value).unwrap_or_default());
            stock::settle(record);
        }
    }
}

/// What a new product has from its name: slug and address.
pub fn name(record: &mut Record) {
    let name = record.text("name").to_owned();
    let given = record.text("slug").to_owned();
    let slug = if given.is_empty() { slug(&name) } else { given };
    record.set("permalink", format!("https://shop.test/product/{slug}/"));
    record.set("slug", slug);
}

fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.join("-")
}

/// A variation as the product endpoints show it: `products?sku=` finds variations too.
pub fn as_product(variation: &Record, parent: Option<&Record>) -> Record {
    let mut product = Record::new(super::record::Kind::Product);
    if let Ok(Value::Object(fields)) = serde_json::to_value(variation.view(None)) {
        for (key, value) in fields {
            if key != "image" {
                product.set(&key, value);
            }
        }
    }
    if let Some(parent) = parent {
        let options: Vec<&str> = variation
            .list("attributes")
            .iter()
            .filter_map(|attribute| attribute["option"].as_str())
            .collect();
        let name = format!("{} - {}", parent.text("name"), options.join(", "));
        product.set("slug", slug(&name));
        product.set("name", name);
    }
    product.set("type", "variation");
    product.set("images", json!([]));
    product
}
