//! Products: what is sold and stocked.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, json_list, vals};
use super::{Stamp, StoreError};

/// A product as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// Its SKU.
    pub sku: String,
    /// The title a person reads.
    pub title: String,
    /// The brand.
    pub brand: Option<String>,
    /// Weight in grams.
    pub weight_g: Option<i64>,
    /// Length in millimetres.
    pub length_mm: Option<i64>,
    /// Width in millimetres.
    pub width_mm: Option<i64>,
    /// Height in millimetres.
    pub height_mm: Option<i64>,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// ISO 3166-1 alpha-2 of the country of origin.
    pub origin_country: Option<String>,
    /// Harmonized System code.
    pub hs_code: Option<String>,
    /// Units never offered; none: the tenant's default.
    pub buffer: Option<i64>,
    /// From how few units on it is bought again.
    pub reorder_point: Option<i64>,
    /// The location it is put to when nobody says otherwise.
    #[serde(skip)]
    pub home_location: Option<i64>,
    /// That location's code.
    pub home_bin: Option<String>,
    /// Whether stock is kept of it.
    pub stocked: bool,
}

/// How a product is taken in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Intake {
    /// Its id.
    pub id: i64,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// The location it is put to when nobody says otherwise.
    pub home_location: Option<i64>,
}

/// What a product is or becomes. A `None` leaves what is stored as it is.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Its SKU, which says which product is meant.
    pub sku: String,
    /// The title.
    pub title: Option<String>,
    /// The brand.
    pub brand: Option<String>,
    /// Weight in grams.
    pub weight_g: Option<i64>,
    /// Length, width and height in millimetres.
    pub dimensions_mm: Option<[i64; 3]>,
    /// `none`, `lot` or `serial`.
    pub tracking: Option<String>,
    /// Country of origin.
    pub origin_country: Option<String>,
    /// Harmonized System code.
    pub hs_code: Option<String>,
    /// Units never offered.
    pub buffer: Option<i64>,
}

impl Row {
    /// A product that is not stored yet, under the id 0.
    fn new(facts: &Facts, stocked: bool) -> Self {
        let [length_mm, width_mm, height_mm] =
            facts.dimensions_mm.map_or([None; 3], |d| d.map(Some));
        Self {
            id: 0,
            sku: facts.sku.clone(),
            title: facts.title.clone().unwrap_or_else(|| facts.sku.clone()),
            brand: facts.brand.clone(),
            weight_g: facts.weight_g,
            length_mm,
            width_mm,
            height_mm,
            tracking: facts.tracking.clone().unwrap_or_else(|| "none".to_owned()),
            origin_country: facts.origin_country.clone(),
            hs_code: facts.hs_code.clone(),
            buffer: facts.buffer,
            reorder_point: None,
            home_location: None,
            home_bin: None,
            stocked,
        }
    }
}

pub(super) const COLUMNS: &str = "id, sku, title, brand, weight_g, length_mm, width_mm, height_mm, \
                       tracking, origin_country, hs_code, buffer, reorder_point, home_location, \
                       (SELECT o.code FROM locations o WHERE o.id = home_location) AS home_bin, \
                       stocked";

/// The product with that SKU.
///
/// # Errors
/// The store's.
pub async fn by_sku(tx: &mut Tx, sku: &str) -> Result<Option<Row>, StoreError> {
    tx.opt(
        &format!("SELECT {COLUMNS} FROM products WHERE sku = ?"),
        vals![sku],
    )
    .await
}

/// The source of codes and kits that a person has given.
pub const MANUAL: &str = "manual";

/// What may be said anew of a product: every column but its id and its dates.
const FACTS: [(&str, Type); 15] = [
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
    ("reorder_point", Type::Int),
    ("home_location", Type::Int),
    ("search", Type::Text),
    ("stocked", Type::Int),
];

/// What people look a product up by beside its SKU: its title in small letters, made here
/// because SQLite has those of A to Z only.
fn searched_by(title: &str) -> String {
    const LONGEST: usize = 300;
    title.to_lowercase().chars().take(LONGEST).collect()
}

/// All products, by SKU.
///
/// # Errors
/// The store's.
pub async fn all(tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!("SELECT {COLUMNS} FROM products ORDER BY sku"),
        vals![],
    )
    .await
}

/// Whether stock is kept of a product.
///
/// # Errors
/// The store's.
pub async fn is_stocked(tx: &mut Tx, id: i64) -> Result<bool, StoreError> {
    let stocked = tx
        .int("SELECT stocked FROM products WHERE id = ?", vals![id])
        .await?;
    Ok(stocked == 1)
}

/// How its units are told apart: `none`, `lot` or `serial`.
///
/// # Errors
/// The store's.
pub async fn tracking(tx: &mut Tx, id: i64) -> Result<String, StoreError> {
    let row: (String,) = tx
        .one("SELECT tracking FROM products WHERE id = ?", vals![id])
        .await?;
    Ok(row.0)
}

/// How those products are told apart unit by unit or lot by lot that are: `lot` or `serial`.
///
/// # Errors
/// The store's.
pub async fn tracked(tx: &mut Tx) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = tx
        .all(
            "SELECT id, tracking FROM products WHERE tracking <> 'none'",
            vals![],
        )
        .await?;
    Ok(rows.into_iter().collect())
}

/// How some products are taken in.
///
/// # Errors
/// The store's.
pub async fn intake(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Intake>, StoreError> {
    let from = tx.ids();
    let sql = format!(
        "SELECT p.id, p.tracking, p.home_location FROM {from} JOIN products p ON p.id = j.id"
    );
    let rows: Vec<Intake> = tx.all(&sql, vals![json_list(ids)]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Takes a SKU from a product that is about to get another, so that it is free meanwhile.
///
/// # Errors
/// The store's.
pub async fn free_sku(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    let between = format!("renaming {id}");
    tx.run(
        "UPDATE products SET sku = ? WHERE id = ?",
        vals![between, id],
    )
    .await?;
    Ok(())
}

/// The id of each SKU.
///
/// # Errors
/// The store's.
pub async fn ids_by_sku(tx: &mut Tx) -> Result<HashMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = tx.all("SELECT sku, id FROM products", vals![]).await?;
    Ok(rows.into_iter().collect())
}

/// The ids of those of the SKUs that are there.
///
/// # Errors
/// The store's.
pub async fn ids_of(tx: &mut Tx, skus: &[&str]) -> Result<HashMap<String, i64>, StoreError> {
    if skus.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.json_rows(&[("sku", Type::Text)]);
    let json: Vec<[&str; 1]> = skus.iter().map(|sku| [*sku]).collect();
    let found: Vec<(String, i64)> = tx
        .all(
            &format!("SELECT p.sku, p.id FROM {rows} JOIN products p ON p.sku = j.sku"),
            vals![serde_json::to_string(&json).unwrap_or_default()],
        )
        .await?;
    Ok(found.into_iter().collect())
}

/// The product with that id.
///
/// # Errors
/// The store's.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(
        &format!("SELECT {COLUMNS} FROM products WHERE id = ?"),
        vals![id],
    )
    .await
}

/// Makes new products, many at once; stock is kept of them or not.
///
/// # Errors
/// A SKU is taken, or the store's.
pub async fn insert_many(
    tx: &mut Tx,
    stamp: &Stamp,
    products: &[Facts],
    stocked: bool,
) -> Result<(), StoreError> {
    let rows: Vec<Row> = products.iter().map(|p| Row::new(p, stocked)).collect();
    insert_rows(tx, stamp, &rows).await
}

/// Changes a product to the facts given.
///
/// # Errors
/// The store's.
pub async fn update(tx: &mut Tx, stamp: &Stamp, id: i64, facts: &Facts) -> Result<(), StoreError> {
    let [length, width, height] = facts.dimensions_mm.map_or([None; 3], |d| d.map(Some));
    tx.run(
        "UPDATE products SET sku = ?, title = COALESCE(?, title), \
         search = COALESCE(?, search), brand = COALESCE(?, brand), \
         weight_g = COALESCE(?, weight_g), length_mm = COALESCE(?, length_mm), \
         width_mm = COALESCE(?, width_mm), height_mm = COALESCE(?, height_mm), \
         tracking = COALESCE(?, tracking), origin_country = COALESCE(?, origin_country), \
         hs_code = COALESCE(?, hs_code), buffer = COALESCE(?, buffer), updated_at = ? \
         WHERE id = ?",
        vals![
            &facts.sku,
            facts.title.as_ref(),
            facts.title.as_deref().map(searched_by),
            facts.brand.as_ref(),
            facts.weight_g,
            length,
            width,
            height,
            facts.tracking.as_ref(),
            facts.origin_country.as_ref(),
            facts.hs_code.as_ref(),
            facts.buffer,
            stamp.at,
            id
        ],
    )
    .await?;
    Ok(())
}

/// Notes that stock is kept of these products from now on.
///
/// # Errors
/// The store's.
pub async fn set_stocked(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    tx.set_many("products", "stocked", true, ids).await
}

/// Ids as the JSON parameter of a bulk statement.
pub(super) fn json_ids(ids: &[i64]) -> String {
    let rows: Vec<[i64; 1]> = ids.iter().map(|id| [*id]).collect();
    serde_json::to_string(&rows).unwrap_or_default()
}

/// Makes new products; their ids are the store's to give.
///
/// # Errors
/// A SKU is taken, or the store's.
pub async fn insert_rows(tx: &mut Tx, stamp: &Stamp, products: &[Row]) -> Result<(), StoreError> {
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
pub async fn update_rows(tx: &mut Tx, stamp: &Stamp, products: &[Row]) -> Result<(), StoreError> {
    let rows: Vec<Value> = products
        .iter()
        .map(|p| {
            let mut row = vec![json!(p.id)];
            row.extend(facts(p));
            row.pop();
            with(row, &[json!(stamp.at.0)])
        })
        .collect();
    // Whether stock is kept is not a person's to say here, and a sync may just have said it.
    let mut columns = FACTS[..FACTS.len() - 1].to_vec();
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
        json!(p.reorder_point),
        json!(p.home_location),
        json!(searched_by(&p.title)),
        json!(i64::from(p.stocked)),
    ]
}

fn with(mut row: Vec<Value>, more: &[Value]) -> Value {
    row.extend_from_slice(more);
    Value::Array(row)
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

/// A page of products by SKU, those after a given one, and how many there are in all;
/// where a text is given, those that have it in their SKU or title. Capitals do not count,
/// in SKUs on SQLite those from A to Z.
///
/// # Errors
/// The store's.
pub async fn page(
    tx: &mut Tx,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<(Vec<Row>, i64), StoreError> {
    let (mut found, mut values) = ("1 = 1".to_owned(), Vec::new());
    if let Some(text) = search {
        let escaped = text
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        values.push(format!("%{escaped}%").into());
        let in_title = tx.contains("search", &text.to_lowercase(), &mut values);
        found = format!("(LOWER(sku) LIKE LOWER(?) ESCAPE '!' OR {in_title})");
    }
    let total = tx
        .int(
            &format!("SELECT COUNT(*) FROM products WHERE {found}"),
            values.clone(),
        )
        .await?;
    values.extend(vals![after.unwrap_or(""), limit]);
    let rows = tx
        .all(
            &format!(
                "SELECT {COLUMNS} FROM products WHERE {found} AND sku > ? ORDER BY sku LIMIT ?"
            ),
            values,
        )
        .await?;
    Ok((rows, total))
}
