//! The codes of products, each with where it came from.

use serde::Serialize;
use serde_json::{Value, json};

use super::StoreError;
use super::dialect::{Tx, Type, json_list, vals};

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

/// The codes of some products: (product, GTIN-14, units per scan).
///
/// # Errors
/// The store's.
pub async fn of_products(
    tx: &mut Tx,
    products: &[i64],
) -> Result<Vec<(i64, String, i64)>, StoreError> {
    let wanted = tx.wanted();
    tx.all(
        &format!(
            "SELECT g.product_id, g.gtin14, g.units_per_scan FROM {wanted} \
             JOIN gtins g ON g.product_id = w.id ORDER BY g.product_id, g.units_per_scan, g.gtin14"
        ),
        vals![json_list(products)],
    )
    .await
}
