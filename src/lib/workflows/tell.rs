//! The shops hear what they are to be told: statuses, and notes about parcels.

use std::time::Duration;

use super::tell_note;
use super::tell_shop::{self, Told};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;

/// Tells a channel's shop all that it is to be told by now.
///
/// # Errors
/// The store's, or a secret cannot be resolved. A shop that is down is not an error: what
/// it was to be told waits.
pub async fn run(ctx: &Context, name: &str, shop: &WooCommerce) -> anyhow::Result<Told> {
    let mut told = tell_shop::run(ctx, name, shop).await?;
    tell_note::run(ctx, name, shop, &mut told).await?;
    Ok(told)
}

/// Tells all shops of the tenant.
///
/// # Errors
/// As [`run`].
pub async fn all(ctx: &Context) -> anyhow::Result<Told> {
    let mut sum = Told::default();
    for (name, Channel::WooCommerce(shop)) in &ctx.tenant.channels {
        let told = run(ctx, name, shop).await?;
        sum.told.extend(told.told);
        sum.waiting.extend(told.waiting);
        sum.needs_decision.extend(told.needs_decision);
    }
    Ok(sum)
}

/// How long somebody who ships is kept waiting for the shops.
const PATIENCE: Duration = Duration::from_secs(15);

/// Tells all shops of the tenant while somebody waits: a shop that does not answer is told by
/// the next sync, which asks what became of what was under way.
///
/// # Errors
/// As [`run`].
pub async fn soon(ctx: &Context) -> anyhow::Result<Told> {
    match tokio::time::timeout(PATIENCE, all(ctx)).await {
        Ok(told) => told,
        Err(_) => Ok(Told {
            waiting: vec!["the shop has not answered yet".to_owned()],
            ..Told::default()
        }),
    }
}
