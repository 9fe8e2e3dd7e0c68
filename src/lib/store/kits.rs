//! What kits consist of: by a person's word, or by the shop's for a variation that draws on
//! its parent's stock.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::StoreError;
use super::dialect::{Tx, Type, vals};
use super::products::json_ids;

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

/// Says anew what these kits consist of: as [`super::kits::set_kit`], for many at once.
///
/// # Errors
/// The store's.
pub async fn set_kits(
    tx: &mut Tx,
    kits: &[(i64, Vec<(i64, i64)>)],
    source: &str,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = kits.iter().map(|(kit, _)| *kit).collect();
    tx.delete_many("kit_components", "kit_id", &ids).await?;
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
