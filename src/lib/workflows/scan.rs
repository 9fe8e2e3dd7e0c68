//! The file that answers scans, made anew from the store, and what a code means by it.
//! Scans themselves never ask the store, so that the floor goes on while it is down.

use std::collections::HashMap;

use crate::context::Context;
use crate::domain::gs1::{self, Gs1Error, Reading};
use crate::domain::gtin;
use crate::store::locations::{self, House};
use crate::store::scan_index::{self, Entry, Hit, Pack, ScanIndex, ScanIndexError};
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

/// What a code leads to.
#[derive(Debug)]
pub struct LookedUp {
    /// The products.
    pub hits: Vec<Hit>,
    /// What the code says beside the product, where it is a GS1 element string or a
    /// Digital Link.
    pub gs1: Option<gs1::Parts>,
    /// Why it could not be read as one, or not wholly: then the products are right, and lot
    /// and serial have to be asked for.
    pub doubt: Option<Gs1Error>,
}

/// Looks a code up: as it stands, without its symbology prefix, and by the number in a GS1
/// element string or Digital Link, in this order. `this_year` places two-digit years.
///
/// # Errors
/// The index is damaged or cannot be read.
pub fn look_up(index: &ScanIndex, code: &str, this_year: i32) -> Result<LookedUp, ScanIndexError> {
    let found = |hits, gs1, doubt| LookedUp { hits, gs1, doubt };
    let hits = index.lookup(code)?;
    if !hits.is_empty() {
        return Ok(found(hits, None, None));
    }
    match gs1::read(code, this_year) {
        Ok(Reading::Plain(plain)) if plain.len() < code.len() => {
            Ok(found(index.lookup(plain)?, None, None))
        }
        Ok(Reading::Plain(_)) => Ok(found(hits, None, None)),
        Ok(Reading::Parts(parts)) => {
            let hits = index.lookup(&parts.gtin.to_string())?;
            Ok(found(hits, Some(parts), None))
        }
        Err(doubt) => {
            let hits = match &doubt {
                Gs1Error::SeparatorLost { gtin, .. } => index.lookup(&gtin.to_string())?,
                _ => hits,
            };
            Ok(found(hits, None, Some(doubt)))
        }
    }
}
