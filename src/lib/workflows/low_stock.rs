//! Products that run low are told once, and once again when there are enough of them.

use serde::Serialize;
use serde_json::json;

use super::until_no_conflict;
use crate::context::Context;
use crate::store::events::{self, Event};
use crate::store::low_stock::{self, Turned};

/// What has turned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// SKUs that have run low.
    pub low: Vec<String>,
    /// SKUs of which there are enough again.
    pub recovered: Vec<String>,
}

/// Notes which products have come down to their reorder point, and which are above it again.
/// What is on order does not count: it cannot be sold yet.
///
/// # Errors
/// The store's.
pub async fn refresh(ctx: &Context) -> anyhow::Result<Report> {
    let mut tx = ctx.store.read().await?;
    if low_stock::turned(&mut tx).await?.is_empty() {
        return Ok(Report::default());
    }
    drop(tx);
    until_no_conflict!(once(ctx))
}

async fn once(ctx: &Context) -> anyhow::Result<Report> {
    let mut tx = ctx.store.allocate().await?;
    let (low, recovered): (Vec<Turned>, Vec<Turned>) = low_stock::turned(&mut tx)
        .await?
        .into_iter()
        .partition(|product| product.is_low);
    let ids = |of: &[Turned]| -> Vec<i64> { of.iter().map(|product| product.id).collect() };
    let stamp = ctx.stamp();
    low_stock::set_since(&mut tx, &ids(&low), Some(stamp.at)).await?;
    low_stock::set_since(&mut tx, &ids(&recovered), None).await?;
    let facts: Vec<Event> = low
        .iter()
        .chain(&recovered)
        .map(|product| {
            let kind = if product.is_low {
                "stock.low"
            } else {
                "stock.recovered"
            };
            let payload = json!({
                "available": product.available, "reorder_point": product.reorder_point,
            });
            Event::new(kind, format!("sku:{}", product.sku), payload)
        })
        .collect();
    events::append(&mut tx, &stamp, &facts).await?;
    ctx.store.commit(tx).await?;
    let skus = |of: Vec<Turned>| of.into_iter().map(|product| product.sku).collect();
    Ok(Report {
        low: skus(low),
        recovered: skus(recovered),
    })
}
