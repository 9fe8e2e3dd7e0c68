//! The file that answers scans, made anew from the store. Scans themselves never ask the
//! store, so that the floor goes on while it is down.

use std::collections::HashMap;

use crate::context::Context;
use crate::domain::gtin;
use crate::store::locations::{self, House};
use crate::store::scan_index::{self, Entry, Pack};
use crate::store::{gtins, products, stock};

/// Writes the scan index from what the store knows now, in one step.
///
/// # Errors
/// The store's, or the file cannot be written; the old one is then still there.
pub async fn refresh(ctx: &Context) -> anyhow::Result<usize> {
    let mut tx = ctx.store.read().await?;
    let built_at = ctx.clock.now();
    let mut packs: HashMap<i64, Vec<Pack>> = HashMap::new();
    for (product, code, units_per_scan) in gtins::gtins(&mut tx).await? {
        if let Ok(code) = gtin::parse(&code) {
            packs.entry(product).or_default().push(Pack {
                gtin: code.gtin14,
                units_per_scan,
            });
        }
    }
    let stock: HashMap<i64, stock::SkuRow> = stock::by_sku(&mut tx)
        .await?
        .into_iter()
        .map(|row| (row.product_id, row))
        .collect();
    let house = House::load(&mut tx).await?;
    let homes: HashMap<i64, i64> = locations::homes(&mut tx).await?.into_iter().collect();
    let buffer = ctx.tenant.stock.buffer;
    let entries: Vec<Entry> = products::all(&mut tx)
        .await?
        .into_iter()
        .map(|product| {
            let row = stock.get(&product.id);
            Entry {
                gtins: packs.remove(&product.id).unwrap_or_default(),
                on_hand: row.map_or(0, |row| row.on_hand),
                sellable: row.map_or(0, |row| super::stock::sellable(row, buffer)),
                sku: product.sku,
                title: product.title,
                tracking: product.tracking,
                location: homes.get(&product.id).map(|id| house.code(*id).to_owned()),
            }
        })
        .collect();
    let count = entries.len();
    scan_index::write(&ctx.scan_index(), built_at, entries)?;
    Ok(count)
}
