//! Orders are kept from leaving, and let go again. A hold stops picking and shipping; what
//! is reserved stays reserved. Of each kind an order has one hold at most, so that a repeat
//! changes nothing.
//!
//! Taking orders in sets and lifts holds for open payments under the allocation lock; so
//! does this, and the two never set one twice.

use serde::Serialize;
use serde_json::json;

use super::{orders, rows, until_no_conflict};
use crate::context::Context;
use crate::domain::order::HoldKind;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::holds::{self, Row};
use crate::store::{self, Tx};

/// A hold as asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The order: `woo:1042`.
    pub order: String,
    /// Its kind.
    pub kind: HoldKind,
    /// Why, for whoever wonders.
    pub reason: String,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What setting a hold did.
#[derive(Debug, Clone, Serialize)]
pub struct Set {
    /// `woo:1042`.
    pub order: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// The hold's kind.
    pub kind: &'static str,
    /// Why.
    pub reason: String,
    /// The hold of that kind that stood already; then nothing was written.
    pub before: Option<Row>,
    /// Whether the order has left already, so that nothing is left to hold.
    pub has_left: bool,
}

/// What releasing holds did.
#[derive(Debug, Clone, Serialize)]
pub struct Released {
    /// `woo:1042`.
    pub order: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// The holds released; none where none stood.
    pub holds: Vec<Row>,
    /// What keeps the order still: holds of other kinds.
    pub left: Vec<Row>,
    /// The shop's status, where that alone keeps the order from leaving.
    pub waits_for: Option<String>,
}

/// Sets a hold. Where one of that kind stands, it stays as it is.
///
/// # Errors
/// There is no such order, the reason is empty or has control characters, or the store's.
pub async fn set(ctx: &Context, wish: &Wish) -> anyhow::Result<Set> {
    let reason = rows::key(wish.reason.trim())
        .map_err(|why| Fault::usage(format!("the reason {why}")).hint("say why in a few words"))?;
    until_no_conflict!(set_once(ctx, wish, &reason))
}

async fn set_once(ctx: &Context, wish: &Wish, reason: &str) -> anyhow::Result<Set> {
    let mut tx = begin(ctx, wish.dry_run).await?;
    let found = store::orders::find(&mut tx, &wish.order).await?;
    let order = orders::exactly_one(found, &wish.order)?;
    let kind = wish.kind.as_str();
    let stands = |hold: &Row| hold.kind == kind && hold.released_at.is_none();
    let before = holds::of_order(&mut tx, order.id).await?;
    let report = Set {
        order: order.order_ref.clone(),
        dry_run: wish.dry_run,
        kind,
        reason: reason.to_owned(),
        before: before.into_iter().find(stands),
        has_left: order.rule == "shipped",
    };
    if report.before.is_some() || wish.dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    holds::set(&mut tx, order.id, kind, Some(reason), stamp.at).await?;
    let subject = format!("order:{}", order.order_ref);
    let facts = json!({ "kind": kind, "reason": reason });
    let fact = Event::new("order.held", subject, facts);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// Releases the holds of an order, or the one of a kind.
///
/// # Errors
/// There is no such order, or the store's.
pub async fn release(
    ctx: &Context,
    order: &str,
    kind: Option<HoldKind>,
    dry_run: bool,
) -> anyhow::Result<Released> {
    until_no_conflict!(release_once(ctx, order, kind, dry_run))
}

async fn release_once(
    ctx: &Context,
    reference: &str,
    kind: Option<HoldKind>,
    dry_run: bool,
) -> anyhow::Result<Released> {
    let mut tx = begin(ctx, dry_run).await?;
    let found = store::orders::find(&mut tx, reference).await?;
    let order = orders::exactly_one(found, reference)?;
    let all = holds::of_order(&mut tx, order.id).await?.into_iter();
    let standing = all.filter(|hold| hold.released_at.is_none());
    let (go, left): (Vec<Row>, Vec<Row>) =
        standing.partition(|hold| kind.is_none_or(|kind| kind.as_str() == hold.kind));
    let report = Released {
        order: order.order_ref.clone(),
        dry_run,
        waits_for: (left.is_empty() && order.rule == "reserve").then_some(order.status),
        holds: go,
        left,
    };
    if report.holds.is_empty() || dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    let subject = format!("order:{}", order.order_ref);
    let mut facts = Vec::new();
    for hold in &report.holds {
        holds::set(&mut tx, order.id, &hold.kind, None, stamp.at).await?;
        let payload = json!({ "kind": hold.kind, "reason": hold.reason });
        facts.push(Event::new("order.hold_released", &subject, payload));
    }
    events::append(&mut tx, &stamp, &facts).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

async fn begin(ctx: &Context, dry_run: bool) -> anyhow::Result<Tx> {
    Ok(if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    })
}

/// The holds that stand with numbers below `before`, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, before: i64, limit: i64) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(holds::standing(&mut tx, before, limit).await?)
}
