//! Products, their codes, and what kits consist of.

use std::collections::HashMap;

use serde::Serialize;

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError, catalogue};

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
    /// Whether stock is kept of it.
    pub stocked: bool,
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
            stocked,
        }
    }
}

pub(super) const COLUMNS: &str = "id, sku, title, brand, weight_g, length_mm, width_mm, height_mm, \
                       tracking, origin_country, hs_code, buffer, stocked";

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
    catalogue::insert(tx, stamp, &rows).await
}

/// Changes a product to the facts given.
///
/// # Errors
/// The store's.
pub async fn update(tx: &mut Tx, stamp: &Stamp, id: i64, facts: &Facts) -> Result<(), StoreError> {
    let [length, width, height] = facts.dimensions_mm.map_or([None; 3], |d| d.map(Some));
    tx.run(
        "UPDATE products SET sku = ?, title = COALESCE(?, title), brand = COALESCE(?, brand), \
         weight_g = COALESCE(?, weight_g), length_mm = COALESCE(?, length_mm), \
         width_mm = COALESCE(?, width_mm), height_mm = COALESCE(?, height_mm), \
         tracking = COALESCE(?, tracking), origin_country = COALESCE(?, origin_country), \
         hs_code = COALESCE(?, hs_code), buffer = COALESCE(?, buffer), updated_at = ? \
         WHERE id = ?",
        vals![
            &facts.sku,
            facts.title.as_ref(),
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
    let rows = tx.json_rows(&[("id", Type::Int)]);
    tx.run(
        &format!(
            "UPDATE products SET stocked = 1 WHERE stocked = 0 \
             AND id IN (SELECT j.id FROM {rows})"
        ),
        vals![json_ids(ids)],
    )
    .await?;
    Ok(())
}

/// Makes this the one code of a product that the source knows; none takes it away. Codes
/// from elsewhere stay.
///
/// # Errors
/// The store's.
pub async fn set_gtin_of_source(
    tx: &mut Tx,
    product: i64,
    gtin14: Option<&str>,
    source: &str,
) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM gtins WHERE product_id = ? AND source = ?",
        vals![product, source],
    )
    .await?;
    if let Some(gtin14) = gtin14 {
        tx.run(
            "INSERT INTO gtins (gtin14, product_id, units_per_scan, source) \
             SELECT ?, p.id, 1, ? FROM products p WHERE p.id = ? AND NOT EXISTS \
               (SELECT 1 FROM gtins g WHERE g.gtin14 = ? AND g.product_id = p.id)",
            vals![gtin14, source, product, gtin14],
        )
        .await?;
    }
    Ok(())
}

/// All codes: (product, GTIN-14, units per scan).
///
/// # Errors
/// The store's.
pub async fn gtins(tx: &mut Tx) -> Result<Vec<(i64, String, i64)>, StoreError> {
    tx.all(
        "SELECT product_id, gtin14, units_per_scan FROM gtins ORDER BY product_id, gtin14",
        vals![],
    )
    .await
}

/// What each kit consists of now: kit -> (component, quantity).
///
/// # Errors
/// The store's.
pub async fn kits(tx: &mut Tx) -> Result<HashMap<i64, Vec<(i64, i64)>>, StoreError> {
    let rows: Vec<(i64, i64, i64)> = tx
        .all(
            "SELECT kit_id, component_id, quantity FROM kit_components \
             ORDER BY kit_id, component_id",
            vals![],
        )
        .await?;
    let mut kits: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for (kit, component, quantity) in rows {
        kits.entry(kit).or_default().push((component, quantity));
    }
    Ok(kits)
}

/// What the given kits consist of, and the kits among their components.
///
/// # Errors
/// The store's.
pub async fn kits_of(
    tx: &mut Tx,
    products: &[i64],
) -> Result<HashMap<i64, Vec<(i64, i64)>>, StoreError> {
    let mut kits: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    let mut asked = products.to_vec();
    while !asked.is_empty() {
        let rows = tx.json_rows(&[("id", Type::Int)]);
        let found: Vec<(i64, i64, i64)> = tx
            .all(
                &format!(
                    "SELECT k.kit_id, k.component_id, k.quantity FROM {rows} \
                     JOIN kit_components k ON k.kit_id = j.id ORDER BY k.kit_id, k.component_id"
                ),
                vals![json_ids(&asked)],
            )
            .await?;
        asked.clear();
        for (kit, component, quantity) in found {
            kits.entry(kit).or_default().push((component, quantity));
            asked.push(component);
        }
        asked.retain(|component| !kits.contains_key(component));
        asked.sort_unstable();
        asked.dedup();
    }
    Ok(kits)
}

/// The products whose stock is their parent's, by the shop's word: product -> parent.
///
/// # Errors
/// The store's.
pub async fn parents(tx: &mut Tx) -> Result<HashMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, i64)> = tx
        .all(
            "SELECT kit_id, component_id FROM kit_components WHERE source = 'shop'",
            vals![],
        )
        .await?;
    Ok(rows.into_iter().collect())
}

/// A product draws on its parent's stock no longer.
///
/// # Errors
/// The store's.
pub async fn leave_parent(tx: &mut Tx, product: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM kit_components WHERE kit_id = ? AND source = 'shop'",
        vals![product],
    )
    .await?;
    Ok(())
}

/// Says anew what a kit consists of; with nothing, it is no kit any more. Orders taken in
/// keep the composition of their day.
///
/// # Errors
/// The store's.
pub async fn set_kit(
    tx: &mut Tx,
    kit: i64,
    components: &[(i64, i64)],
    source: &str,
) -> Result<(), StoreError> {
    tx.run("DELETE FROM kit_components WHERE kit_id = ?", vals![kit])
        .await?;
    for (component, quantity) in components {
        tx.run(
            "INSERT INTO kit_components (kit_id, component_id, quantity, source) \
             VALUES (?, ?, ?, ?)",
            vals![kit, *component, *quantity, source],
        )
        .await?;
    }
    Ok(())
}

/// Ids as the JSON parameter of a bulk statement.
pub(super) fn json_ids(ids: &[i64]) -> String {
    let rows: Vec<[i64; 1]> = ids.iter().map(|id| [*id]).collect();
    serde_json::to_string(&rows).unwrap_or_default()
}
