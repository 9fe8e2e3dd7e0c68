//! The catalogue as people keep it: many products, codes and kits written at once, and
//! looked up by what a person remembers of them.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::products::{COLUMNS, Row, json_ids};
use super::{Stamp, StoreError};

/// The source of codes and kits that a person has given.
pub const MANUAL: &str = "manual";

/// What may be said anew of a product: every column but its id and its dates.
const FACTS: [(&str, Type); 12] = [
    ("sku", Type::Text),
    ("title", Type::Text),
    ("brand", Type::Text),
    ("weight_g", Type::Int),
    ("length_mm", Type::Int),
    ("width_mm", Type::Int),
    ("height_mm", Type::Int),
    ("tracking", Type::Text),
    ("origin_country", Type::Text),
    ("hs_code", Type::Text),
    ("buffer", Type::Int),
    ("stocked", Type::Int),
];

/// A code of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct CodeRow {
    /// The product's id.
    #[serde(skip)]
    pub product_id: i64,
    /// The code.
    pub gtin14: String,
    /// Units that one scan of it counts.
    pub units_per_scan: i64,
    /// Where it came from: `manual`, or a channel's name.
    pub source: String,
}

/// A component of a kit.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KitRow {
    /// The kit's id.
    pub kit_id: i64,
    /// The component's id.
    pub component_id: i64,
    /// Units of it in one kit.
    pub quantity: i64,
    /// Who says so: `manual`, or `shop` for a variation that draws on its parent's stock.
    pub source: String,
}

/// One end of a kit, as a person reads it.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Part {
    /// The SKU of the component, or of the kit.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// Units of the component in one kit.
    pub quantity: i64,
    /// Who says so.
    pub source: String,
}

/// Makes new products; their ids are the store's to give.
///
/// # Errors
/// A SKU is taken, or the store's.
pub async fn insert(tx: &mut Tx, stamp: &Stamp, products: &[Row]) -> Result<(), StoreError> {
    let at = stamp.at.0;
    let rows: Vec<Value> = products
        .iter()
        .map(|p| with(facts(p), &[json!(at), json!(at)]))
        .collect();
    let mut columns = FACTS.to_vec();
    columns.extend([("created_at", Type::Int), ("updated_at", Type::Int)]);
    tx.insert_many("products", &columns, &rows).await
}

/// Changes products, found by their ids, to all that is said here.
///
/// # Errors
/// A conflict, where one is gone; or the store's.
pub async fn update(tx: &mut Tx, stamp: &Stamp, products: &[Row]) -> Result<(), StoreError> {
    let rows: Vec<Value> = products
        .iter()
        .map(|p| {
            let mut row = vec![json!(p.id)];
            row.extend(facts(p));
            with(row, &[json!(stamp.at.0)])
        })
        .collect();
    let mut columns = FACTS.to_vec();
    columns.push(("updated_at", Type::Int));
    tx.update_many("products", &[("id", Type::Int)], &columns, &rows)
        .await
}

fn facts(p: &Row) -> Vec<Value> {
    vec![
        json!(p.sku),
        json!(p.title),
        json!(p.brand),
        json!(p.weight_g),
        json!(p.length_mm),
        json!(p.width_mm),
        json!(p.height_mm),
        json!(p.tracking),
        json!(p.origin_country),
        json!(p.hs_code),
        json!(p.buffer),
        json!(i64::from(p.stocked)),
    ]
}

fn with(mut row: Vec<Value>, more: &[Value]) -> Value {
    row.extend_from_slice(more);
    Value::Array(row)
}

/// All codes, with where they came from.
///
/// # Errors
/// The store's.
pub async fn codes(tx: &mut Tx) -> Result<Vec<CodeRow>, StoreError> {
    tx.all(
        "SELECT product_id, gtin14, units_per_scan, source FROM gtins \
         ORDER BY product_id, gtin14",
        vals![],
    )
    .await
}

/// The codes of one product.
///
/// # Errors
/// The store's.
pub async fn codes_of(tx: &mut Tx, product: i64) -> Result<Vec<CodeRow>, StoreError> {
    tx.all(
        "SELECT product_id, gtin14, units_per_scan, source FROM gtins \
         WHERE product_id = ? ORDER BY gtin14",
        vals![product],
    )
    .await
}

/// Gives products codes that they do not have yet.
///
/// # Errors
/// A product has the code already, or the store's.
pub async fn insert_codes(tx: &mut Tx, codes: &[CodeRow]) -> Result<(), StoreError> {
    let columns = [
        ("gtin14", Type::Text),
        ("product_id", Type::Int),
        ("units_per_scan", Type::Int),
        ("source", Type::Text),
    ];
    tx.insert_many("gtins", &columns, &code_rows(codes)).await
}

/// Says anew how many units one scan of codes counts.
///
/// # Errors
/// A conflict, where one is gone; or the store's.
pub async fn update_codes(tx: &mut Tx, codes: &[CodeRow]) -> Result<(), StoreError> {
    let key = [("gtin14", Type::Text), ("product_id", Type::Int)];
    let columns = [("units_per_scan", Type::Int), ("source", Type::Text)];
    tx.update_many("gtins", &key, &columns, &code_rows(codes))
        .await
}

fn code_rows(codes: &[CodeRow]) -> Vec<Value> {
    codes
        .iter()
        .map(|c| json!([c.gtin14, c.product_id, c.units_per_scan, c.source]))
        .collect()
}

/// The products on hand, with how many units of each lie in the house.
///
/// # Errors
/// The store's.
pub async fn on_hand(tx: &mut Tx) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT product_id, CAST(SUM(on_hand) AS SIGNED) FROM balances \
         WHERE on_hand > 0 GROUP BY product_id",
        vals![],
    )
    .await
}

/// What each kit consists of, and who says so, by kit and component.
///
/// # Errors
/// The store's.
pub async fn kit_rows(tx: &mut Tx) -> Result<Vec<KitRow>, StoreError> {
    tx.all(
        "SELECT kit_id, component_id, quantity, source FROM kit_components \
         ORDER BY kit_id, component_id",
        vals![],
    )
    .await
}

/// Says anew what these kits consist of: as [`super::products::set_kit`], for many at once.
///
/// # Errors
/// The store's.
pub async fn set_kits(
    tx: &mut Tx,
    kits: &[(i64, Vec<(i64, i64)>)],
    source: &str,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = kits.iter().map(|(kit, _)| *kit).collect();
    let from = tx.json_rows(&[("id", Type::Int)]);
    tx.run(
        &format!("DELETE FROM kit_components WHERE kit_id IN (SELECT j.id FROM {from})"),
        vals![json_ids(&ids)],
    )
    .await?;
    let rows: Vec<Value> = kits
        .iter()
        .flat_map(|(kit, parts)| {
            parts
                .iter()
                .map(move |(component, quantity)| json!([kit, component, quantity, source]))
        })
        .collect();
    let columns = [
        ("kit_id", Type::Int),
        ("component_id", Type::Int),
        ("quantity", Type::Int),
        ("source", Type::Text),
    ];
    tx.insert_many("kit_components", &columns, &rows).await
}

/// What a kit consists of, by SKU.
///
/// # Errors
/// The store's.
pub async fn components(tx: &mut Tx, kit: i64) -> Result<Vec<Part>, StoreError> {
    tx.all(
        "SELECT p.sku, p.title, k.quantity, k.source FROM kit_components k \
         JOIN products p ON p.id = k.component_id WHERE k.kit_id = ? ORDER BY p.sku",
        vals![kit],
    )
    .await
}

/// The kits that a product is part of, by SKU.
///
/// # Errors
/// The store's.
pub async fn kits_with(tx: &mut Tx, component: i64) -> Result<Vec<Part>, StoreError> {
    tx.all(
        "SELECT p.sku, p.title, k.quantity, k.source FROM kit_components k \
         JOIN products p ON p.id = k.kit_id WHERE k.component_id = ? ORDER BY p.sku",
        vals![component],
    )
    .await
}

/// A page of products by SKU, those after a given one, and how many there are in all;
/// where a text is given, those that have it in their SKU or title. Capitals do not count,
/// on SQLite those from A to Z.
///
/// # Errors
/// The store's.
pub async fn page(
    tx: &mut Tx,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<(Vec<Row>, i64), StoreError> {
    let pattern = search.map(|text| {
        let escaped = text
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        format!("%{escaped}%")
    });
    let found = "(? IS NULL OR LOWER(sku) LIKE LOWER(?) ESCAPE '!' \
                 OR LOWER(title) LIKE LOWER(?) ESCAPE '!')";
    let pattern = pattern.as_deref();
    let total = tx
        .int(
            &format!("SELECT COUNT(*) FROM products WHERE {found}"),
            vals![pattern, pattern, pattern],
        )
        .await?;
    let rows = tx
        .all(
            &format!(
                "SELECT {COLUMNS} FROM products WHERE {found} AND sku > ? ORDER BY sku LIMIT ?"
            ),
            vals![pattern, pattern, pattern, after.unwrap_or(""), limit],
        )
        .await?;
    Ok((rows, total))
}
