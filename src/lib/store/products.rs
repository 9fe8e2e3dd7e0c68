//! Products, their codes, and what kits consist of.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};

/// A product as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
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

const COLUMNS: &str = "id, sku, title, brand, weight_g, length_mm, width_mm, height_mm, \
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
    let rows: Vec<Value> = products
        .iter()
        .map(|p| {
            let [length, width, height] = p.dimensions_mm.map_or([None; 3], |d| d.map(Some));
            json!([
                p.sku,
                p.title.as_ref().unwrap_or(&p.sku),
                p.brand,
                p.weight_g,
                length,
                width,
                height,
                p.tracking.as_deref().unwrap_or("none"),
                p.origin_country,
                p.hs_code,
                p.buffer,
                i64::from(stocked),
                stamp.at.0,
                stamp.at.0
            ])
        })
        .collect();
    let columns = [
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
        ("created_at", Type::Int),
        ("updated_at", Type::Int),
    ];
    tx.insert_many("products", &columns, &rows).await
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

/// Gives new products their codes, many at once: (product, GTIN-14), one unit a scan.
///
/// # Errors
/// The store's.
pub async fn insert_gtins(
    tx: &mut Tx,
    codes: &[(i64, String)],
    source: &str,
) -> Result<(), StoreError> {
    let rows: Vec<Value> = codes
        .iter()
        .map(|(product, gtin14)| json!([gtin14, product, 1, source]))
        .collect();
    let columns = [
        ("gtin14", Type::Text),
        ("product_id", Type::Int),
        ("units_per_scan", Type::Int),
        ("source", Type::Text),
    ];
    tx.insert_many("gtins", &columns, &rows).await
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

/// Gives a product a code with the units one scan of it counts.
///
/// # Errors
/// The store's.
pub async fn set_gtin(
    tx: &mut Tx,
    product: i64,
    gtin14: &str,
    units_per_scan: i64,
    source: &str,
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE gtins SET units_per_scan = ?, source = ? WHERE gtin14 = ? AND product_id = ?",
            vals![units_per_scan, source, gtin14, product],
        )
        .await?;
    let there: Option<(i64,)> = tx
        .opt(
            "SELECT product_id FROM gtins WHERE gtin14 = ? AND product_id = ?",
            vals![gtin14, product],
        )
        .await?;
    if changed == 0 && there.is_none() {
        tx.run(
            "INSERT INTO gtins (gtin14, product_id, units_per_scan, source) VALUES (?, ?, ?, ?)",
            vals![gtin14, product, units_per_scan, source],
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
