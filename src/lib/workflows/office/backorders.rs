//! What orders lack, and when it is expected.

use serde::Serialize;

use super::{NAMED, PAGE};
use crate::context::Context;
use crate::store::office::backorders::{self, Expected, Lacking, Waiting};

/// A product that orders lack.
#[derive(Debug, Serialize)]
pub struct Backorder {
    /// The product and the units.
    #[serde(flatten)]
    pub lacking: Lacking,
    /// Since when, in UTC milliseconds: the oldest order's date.
    pub since: Option<i64>,
    /// The oldest of the orders.
    pub orders: Vec<Waiting>,
    /// How many more there are.
    pub more_orders: usize,
    /// What is on its way.
    pub expected: Vec<Expected>,
    /// Whether what is on its way is enough.
    pub covered: bool,
}

/// A page of what orders lack, what was asked for first on top.
#[derive(Debug, Serialize)]
pub struct Backorders {
    /// The products.
    pub rows: Vec<Backorder>,
    /// How many products the next page skips, if there is one.
    pub next: Option<i64>,
}

/// A page of what orders lack.
///
/// # Errors
/// The store's.
pub async fn backorders(ctx: &Context, skip: i64) -> anyhow::Result<Backorders> {
    let mut tx = ctx.store.read().await?;
    let mut lacking = backorders::lacking(&mut tx, skip, PAGE + 1).await?;
    let more = lacking.len() as i64 > PAGE;
    lacking.truncate(PAGE as usize);
    let ids: Vec<i64> = lacking.iter().map(|row| row.id).collect();
    let mut waiting = backorders::waiting(&mut tx, &ids).await?;
    let mut expected = backorders::expected(&mut tx, &ids).await?;
    let rows = lacking.into_iter().map(|lacking| {
        let mut orders = waiting.remove(&lacking.id).unwrap_or_default();
        let expected = expected.remove(&lacking.id).unwrap_or_default();
        let more_orders = orders.len().saturating_sub(NAMED);
        orders.truncate(NAMED);
        let coming: i64 = expected.iter().map(|row| row.units).sum();
        Backorder {
            since: orders.iter().map(|order| order.placed_at).min(),
            covered: coming >= lacking.units,
            orders,
            more_orders,
            expected,
            lacking,
        }
    });
    Ok(Backorders {
        rows: rows.collect(),
        next: more.then_some(skip + PAGE),
    })
}
