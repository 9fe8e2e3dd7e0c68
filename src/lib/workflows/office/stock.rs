//! What there is of each product, and how it came to be.

use std::collections::HashMap;

use serde::Serialize;

use super::{PAGE, chosen, words};
use crate::context::Context;
use crate::domain::gtin;
use crate::domain::stock::Position;
use crate::store::gtins;
use crate::store::office::backorders::{self, Expected, Waiting};
use crate::store::office::stock::{self as stock_pages, Move};
use crate::workflows::stock;

/// How stock is looked for.
#[derive(Debug, Clone, Default)]
pub struct StockSearch {
    /// What a SKU begins with, words of a title, or a whole GTIN.
    pub text: Option<String>,
    /// Only what has come down to its reorder point.
    pub low: bool,
    /// The SKU behind which the page begins.
    pub behind: Option<String>,
}

/// A product in a list, with what may be offered of it.
#[derive(Debug, Clone, Serialize)]
pub struct StockRow {
    /// The product with its stock.
    #[serde(flatten)]
    pub row: stock_pages::Row,
    /// Units that may be offered.
    pub sellable: i64,
}

/// A page of products, by SKU.
#[derive(Debug, Clone, Serialize)]
pub struct StockPage {
    /// The products.
    pub rows: Vec<StockRow>,
    /// The SKU behind which the next page begins, if there is one.
    pub next: Option<String>,
    /// How many were found; not counted on later pages.
    pub found: Option<crate::store::office::UpTo>,
}

/// A page of products, by SKU.
///
/// # Errors
/// The store's.
pub async fn stock(ctx: &Context, search: &StockSearch) -> anyhow::Result<StockPage> {
    let mut wanted = stock_pages::Wanted {
        low: search.low,
        ..stock_pages::Wanted::default()
    };
    if let Some(text) = chosen(search.text.as_deref()) {
        wanted.words = words(&text);
        let readings = gtin::readings(&text).unwrap_or_default();
        wanted.gtin = readings.first().map(ToString::to_string);
        // SKUs are told apart by their capitals: as typed, and all capitals or all small.
        wanted.skus = vec![text.clone(), text.to_uppercase(), text.to_lowercase()];
        wanted.skus.sort_unstable();
        wanted.skus.dedup();
    }
    let behind = chosen(search.behind.as_deref());
    let mut tx = ctx.store.read().await?;
    let page = stock_pages::page(&mut tx, &wanted, behind.as_deref(), PAGE).await?;
    Ok(StockPage {
        rows: page.rows.into_iter().map(|row| offered(ctx, row)).collect(),
        next: page.next,
        found: page.found,
    })
}

fn offered(ctx: &Context, row: stock_pages::Row) -> StockRow {
    let position = Position {
        on_hand: row.on_sale,
        reserved: row.reserved,
        open_demand: row.open_demand,
        buffer: row.buffer.unwrap_or(i64::from(ctx.tenant.stock.buffer)),
    };
    StockRow {
        sellable: if row.stocked { position.sellable() } else { 0 },
        row,
    }
}

/// All that is known of a product's stock.
#[derive(Debug, Serialize)]
pub struct ProductPage {
    /// The product with its stock.
    #[serde(flatten)]
    pub product: StockRow,
    /// How its units are told apart: `none`, `lot`, `serial`.
    pub tracking: String,
    /// Its barcodes, with the units that a scan of each counts.
    pub codes: Vec<(String, i64)>,
    /// Its lots, where they lie, oldest first; those used up left out.
    pub lots: Vec<crate::store::stock::BalanceRow>,
    /// To whom units are promised, oldest order first.
    pub promised: Vec<stock_pages::Promise>,
    /// Which orders lack units, oldest first.
    pub waiting: Vec<Waiting>,
    /// What purchase orders still bring.
    pub expected: Vec<Expected>,
    /// Its newest moves.
    pub moves: Vec<Move>,
    /// Where the next page of moves begins, if there is one.
    pub next: Option<i64>,
}

/// All that is known of a product's stock; its moves from before `before` on.
///
/// # Errors
/// The SKU is unknown, or the store's.
pub async fn product(ctx: &Context, sku: &str, before: Option<i64>) -> anyhow::Result<ProductPage> {
    let mut tx = ctx.store.read().await?;
    let product = stock::the_product(&mut tx, sku).await?;
    let ids = [product.id];
    let rows = stock_pages::rows(&mut tx, &ids).await?;
    let row = rows.into_iter().next().ok_or_else(|| stock::unknown(sku))?;
    let codes = gtins::codes_of(&mut tx, product.id).await?.into_iter();
    let mut lots = crate::store::stock::balances(&mut tx, product.id).await?;
    lots.retain(|lot| lot.on_hand > 0);
    let before = before.unwrap_or(i64::MAX);
    let mut moves = stock_pages::moves(&mut tx, product.id, before, PAGE + 1).await?;
    let more = moves.len() as i64 > PAGE;
    moves.truncate(PAGE as usize);
    Ok(ProductPage {
        product: offered(ctx, row),
        tracking: product.tracking,
        codes: codes
            .map(|code| (code.gtin14, code.units_per_scan))
            .collect(),
        lots,
        promised: stock_pages::promised(&mut tx, product.id, PAGE).await?,
        waiting: of(backorders::waiting(&mut tx, &ids).await?, product.id),
        expected: of(backorders::expected(&mut tx, &ids).await?, product.id),
        next: moves.last().map(|last| last.id).filter(|_| more),
        moves,
    })
}

fn of<T>(mut by_product: HashMap<i64, Vec<T>>, product: i64) -> Vec<T> {
    by_product.remove(&product).unwrap_or_default()
}
