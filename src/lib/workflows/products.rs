//! The catalogue by hand: products, their codes, and what kits consist of, from lists that
//! say how it shall be. The same list again changes nothing.

mod import;
mod kits;
mod wish;

use serde::Serialize;

pub use import::{Change, Imported, import};
pub use kits::{KitsSet, set_kits};

use crate::context::Context;
use crate::fault::Fault;
use crate::store::gtins::{self, CodeRow};
use crate::store::kits::{self as store_kits, Part};
use crate::store::products::{self, Row};

/// A page of the catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// How many products were asked for in all.
    pub total: i64,
    /// The SKU after which the next page begins; none on the last.
    pub next_after: Option<String>,
    /// The products, by SKU.
    pub rows: Vec<Row>,
}

/// Which part of the catalogue is listed.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Only products with this text in their SKU or title.
    pub search: Option<&'a str>,
    /// Only products after this SKU.
    pub after: Option<&'a str>,
    /// How many, at most.
    pub limit: i64,
}

/// A product with all that is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The product.
    #[serde(flatten)]
    pub product: Row,
    /// The codes on its packs.
    pub codes: Vec<CodeRow>,
    /// What it consists of, if it is a kit.
    pub components: Vec<Part>,
    /// The kits that it is part of.
    pub part_of: Vec<Part>,
}

/// Lists products by SKU, a page at a time.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, wanted: Wanted<'_>) -> anyhow::Result<Listed> {
    let mut tx = ctx.store.read().await?;
    // One more than asked for tells whether there is another page.
    let one_more = wanted.limit.saturating_add(1);
    let (mut rows, total) = products::page(&mut tx, wanted.search, wanted.after, one_more).await?;
    let limit = usize::try_from(wanted.limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Listed {
        total,
        next_after: rows.last().filter(|_| more).map(|row| row.sku.clone()),
        rows,
    })
}

/// Shows a product with its codes and what it consists of.
///
/// # Errors
/// The SKU is unknown, or the store's.
pub async fn show(ctx: &Context, sku: &str) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let product = products::by_sku(&mut tx, sku).await?.ok_or_else(|| {
        Fault::failed(format!("there is no product {sku:?}"))
            .hint("`opsctl products list --search TEXT` looks in SKUs and titles")
    })?;
    Ok(Shown {
        codes: gtins::codes_of(&mut tx, product.id).await?,
        components: store_kits::components(&mut tx, product.id).await?,
        part_of: store_kits::kits_with(&mut tx, product.id).await?,
        product,
    })
}
