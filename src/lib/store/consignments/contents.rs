//! What lies in the pieces of a sending.

use std::collections::HashMap;

use super::Row;
use crate::store::dialect::{Tx, vals};
use crate::store::{StoreError, cogs};

/// A product in a package, or in a sending whose pieces nobody has told apart.
#[derive(Debug, Clone)]
pub struct Content {
    /// The package, where it lies packed.
    pub package_id: Option<i64>,
    /// The SKU.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// Units.
    pub quantity: i64,
    /// Its lot, where lots are told apart.
    pub lot: Option<String>,
    /// The serials of its units.
    pub serials: Vec<String>,
}

/// What lies in a sending: by package where it was packed, else as it left.
///
/// # Errors
/// The store's.
pub async fn contents(tx: &mut Tx, row: &Row) -> Result<Vec<Content>, StoreError> {
    type Item = (i64, i64, String, String, i64, Option<String>);
    let items: Vec<Item> = tx
        .all(
            "SELECT i.id, i.package_id, p.sku, p.title, i.quantity, x.code \
             FROM parcels a JOIN package_items i ON i.package_id = a.package_id \
             JOIN pick_lines l ON l.id = i.line_id JOIN products p ON p.id = l.product_id \
             LEFT JOIN lots x ON x.id = i.lot_id \
             WHERE a.consignment_id = ? ORDER BY a.number, i.id",
            vals![row.id],
        )
        .await?;
    if items.is_empty() {
        return of_shipment(tx, row.shipment_id).await;
    }
    let bound: Vec<(i64, String)> = tx
        .all(
            "SELECT b.item_id, s.serial FROM parcels a \
             JOIN package_items i ON i.package_id = a.package_id \
             JOIN package_serials b ON b.item_id = i.id JOIN serials s ON s.id = b.serial_id \
             WHERE a.consignment_id = ? ORDER BY b.id",
            vals![row.id],
        )
        .await?;
    let mut serials: HashMap<i64, Vec<String>> = HashMap::new();
    for (item, serial) in bound {
        serials.entry(item).or_default().push(serial);
    }
    let content = |(item, package, sku, title, quantity, lot): Item| Content {
        package_id: Some(package),
        sku,
        title,
        quantity,
        lot,
        serials: serials.remove(&item).unwrap_or_default(),
    };
    Ok(items.into_iter().map(content).collect())
}

async fn of_shipment(tx: &mut Tx, shipment: Option<i64>) -> Result<Vec<Content>, StoreError> {
    let Some(shipment) = shipment else {
        return Ok(Vec::new());
    };
    let items: Vec<(String, String, String, i64)> = tx
        .all(
            "SELECT p.sku, p.title, p.tracking, CAST(SUM(i.quantity) AS SIGNED) \
             FROM shipment_items i JOIN order_demands d ON d.id = i.demand_id \
             JOIN products p ON p.id = d.product_id \
             WHERE i.shipment_id = ? GROUP BY p.sku, p.title, p.tracking ORDER BY p.sku",
            vals![shipment],
        )
        .await?;
    let left = cogs::of_shipment(tx, shipment).await?;
    let lots = |sku: &str| {
        let mut lots: Vec<&str> = left
            .iter()
            .filter(|entry| entry.sku == sku)
            .map(|entry| entry.lot.as_str())
            .collect();
        lots.dedup();
        lots.join(", ")
    };
    let content = |(sku, title, tracking, quantity): (String, String, String, i64)| Content {
        package_id: None,
        lot: Some(lots(&sku)).filter(|_| tracking != "none"),
        sku,
        title,
        quantity,
        serials: Vec::new(),
    };
    Ok(items.into_iter().map(content).collect())
}
