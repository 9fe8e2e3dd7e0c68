//! Products and variations: what the API tells of them, and what we make of it.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{field, read};
use crate::domain::catalogue::{ItemKind, ShopItem, ShopQuantity, ShopStock};
use crate::domain::time::UtcMs;

/// Where shops kept a barcode number before WooCommerce 9.2 had `global_unique_id`: the
/// meta keys of the usual plugins, the first one filled wins.
const GTIN_META: [&str; 5] = [
    "_ean",
    "_alg_ean",
    "_wpm_gtin_code",
    "hwp_product_gtin",
    "_ts_gtin",
];

/// What a shop's weights and measures count in.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Grams in one unit of weight.
    pub grams: Decimal,
    /// Millimetres in one unit of length.
    pub millimetres: Decimal,
}

/// One item's part in the answer to a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The shop's id.
    pub external_id: String,
    /// The quantity that the shop now states, or why not.
    pub outcome: Result<i64, String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(deserialize_with = "field::id")]
    id: String,
    manage_stock: Value,
    #[serde(default)]
    stock_quantity: Value,
    #[serde(default, deserialize_with = "field::optional_id")]
    parent_id: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "field::text")]
    kind: String,
    #[serde(default, deserialize_with = "field::text")]
    status: String,
    #[serde(default, deserialize_with = "field::text")]
    sku: String,
    #[serde(default, deserialize_with = "field::text")]
    name: String,
    #[serde(default, deserialize_with = "field::text")]
    global_unique_id: String,
    #[serde(default)]
    weight: Value,
    #[serde(default)]
    dimensions: Value,
    #[serde(default)]
    brands: Value,
    #[serde(default)]
    meta_data: Value,
    #[serde(default, deserialize_with = "field::time")]
    date_modified_gmt: Option<UtcMs>,
    #[serde(default, deserialize_with = "field::time")]
    date_created_gmt: Option<UtcMs>,
}

/// A product.
pub fn item(element: &RawValue, units: Units) -> Result<ShopItem, String> {
    let item: Item = read(element)?;
    let kind = kind(&item.kind);
    let parent = item.parent_id.clone();
    let parent = parent.filter(|_| kind == ItemKind::Variation);
    let title = field::plain(&item.name);
    item.convert(kind, parent, title, units)
}

/// A variation; titled as WooCommerce titles it in orders, `Parent - Navy, L`.
pub fn variation(
    element: &RawValue,
    parent_id: &str,
    parent_title: &str,
    units: Units,
) -> Result<ShopItem, String> {
    let item: Item = read(element)?;
    let title = [parent_title.to_owned(), field::plain(&item.name)];
    let title: Vec<String> = title.into_iter().filter(|part| !part.is_empty()).collect();
    let parent = Some(parent_id.to_owned());
    item.convert(ItemKind::Variation, parent, title.join(" - "), units)
}

impl Item {
    fn convert(
        self,
        kind: ItemKind,
        parent_external_id: Option<String>,
        title: String,
        units: Units,
    ) -> Result<ShopItem, String> {
        let stock = stock(&self.manage_stock, &self.stock_quantity)?;
        let modified_at = self.date_modified_gmt.or(self.date_created_gmt);
        let side = |name| field::measure(&self.dimensions[name], units.millimetres);
        let dimensions_mm = match (side("length"), side("width"), side("height")) {
            (Some(length), Some(width), Some(height)) => Some([length, width, height]),
            _ => None,
        };
        Ok(ShopItem {
            external_id: self.id,
            parent_external_id,
            kind,
            sku: field::some(&self.sku),
            title,
            brand: self.brands[0]["name"]
                .as_str()
                .and_then(|name| field::some(&field::plain(name))),
            weight_g: field::measure(&self.weight, units.grams),
            dimensions_mm,
            gtin: field::some(&self.global_unique_id).or_else(|| gtin_in(&self.meta_data)),
            stock,
            status: self.status,
            modified_at: modified_at.ok_or("date_modified_gmt: there is none")?,
        })
    }
}

/// A product's or variation's quantity.
pub fn quantity(element: &RawValue) -> Result<ShopQuantity, String> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(deserialize_with = "field::id")]
        id: String,
        manage_stock: Value,
        #[serde(default)]
        stock_quantity: Value,
    }
    let wire: Wire = read(element)?;
    Ok(ShopQuantity {
        external_id: wire.id,
        stock: stock(&wire.manage_stock, &wire.stock_quantity)?,
    })
}

/// One item of the answer to a batch: an error of its own, or the item as it is now.
pub fn pushed(element: &RawValue) -> Result<Pushed, String> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(deserialize_with = "field::id")]
        id: String,
        #[serde(default)]
        error: Value,
    }
    let wire: Wire = read(element)?;
    let outcome = if wire.error.is_null() {
        match quantity(element)?.stock {
            ShopStock::Managed(units) => Ok(units),
            _ => Err("the shop keeps no stock of its own for it".to_owned()),
        }
    } else {
        let told = |name| wire.error[name].as_str().unwrap_or("no reason given");
        Err(super::short(&format!(
            "{} ({})",
            told("message"),
            told("code")
        )))
    };
    Ok(Pushed {
        external_id: wire.id,
        outcome,
    })
}

/// How stock is kept. A quantity counts only where the item manages its own.
fn stock(manage: &Value, quantity: &Value) -> Result<ShopStock, String> {
    match manage {
        Value::Bool(false) => Ok(ShopStock::Unmanaged),
        Value::String(word) if word == "parent" => Ok(ShopStock::ByParent),
        Value::Bool(true) => field::units_of(quantity)
            .map(ShopStock::Managed)
            .map_err(|reason| format!("stock_quantity: {reason}")),
        _ => Err("manage_stock: neither true, false nor \"parent\"".to_owned()),
    }
}

fn kind(word: &str) -> ItemKind {
    match word {
        "simple" => ItemKind::Simple,
        "variable" => ItemKind::Variable,
        "variation" => ItemKind::Variation,
        other => ItemKind::Other(other.to_owned()),
    }
}

fn gtin_in(meta_data: &Value) -> Option<String> {
    let meta = meta_data.as_array()?;
    GTIN_META.iter().find_map(|key| {
        let found = meta.iter().find(|entry| entry["key"] == **key)?;
        match &found["value"] {
            Value::String(text) => field::some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    })
}
