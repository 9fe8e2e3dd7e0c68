//! The queue: what may be picked, the first to go first.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Queue, QueueRow};
use crate::config::Service;
use crate::context::Context;
use crate::domain::pick::{self, Place, Want};
use crate::domain::time::UtcMs;
use crate::store::Tx;
use crate::store::picks::{self, Head, WantRow};

/// Without a service, an order has this rank.
const USUAL_RANK: u32 = 100;

/// The orders that may be picked, the first to go first; at most so many rows.
///
/// # Errors
/// The store's.
pub async fn queue(ctx: &Context, limit: Option<usize>) -> anyhow::Result<Queue> {
    let mut tx = ctx.store.read().await?;
    let mut found = within(ctx, &mut tx, ctx.clock.now(), None).await?;
    found.rows.truncate(limit.unwrap_or(usize::MAX));
    Ok(found)
}

/// The queue within a transaction of the caller's; of one order, where one is given.
pub(super) async fn within(
    ctx: &Context,
    tx: &mut Tx,
    now: UtcMs,
    only: Option<i64>,
) -> anyhow::Result<Queue> {
    let heads = picks::heads(tx, now, only).await?;
    let ids: Vec<i64> = heads.iter().map(|head| head.id).collect();
    let wants = picks::wants(tx, &ids).await?;
    let mut by_order: HashMap<i64, &[WantRow]> = HashMap::with_capacity(heads.len());
    for of_order in wants.chunk_by(|a, b| a.0 == b.0) {
        by_order.insert(of_order[0].0, of_order);
    }
    let services = Services::of(ctx);
    let (mut rows, mut not_ready) = (Vec::with_capacity(heads.len()), 0);
    for head in heads {
        let wants = by_order.get(&head.id).copied().unwrap_or_default();
        let wants: Vec<Want> = wants.iter().map(want).collect();
        if !pick::is_ready(ctx.tenant.pick.ready, &wants) {
            not_ready += 1;
            continue;
        }
        let rank = services.rank(&head.service);
        rows.push((rank, services.row(head, &wants)));
    }
    rows.sort_by(|a, b| place(a).cmp(&place(b)));
    Ok(Queue {
        ready: rows.len(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        not_ready,
    })
}

fn place((rank, row): &(u32, QueueRow)) -> Place<'_> {
    (&row.promised_on, *rank, row.placed_at.0, row.order_id)
}

fn want((_, line, per_kit, wanted, reserved, stocked): &WantRow) -> Want {
    Want {
        line: *line,
        per_kit: *per_kit,
        wanted: *wanted,
        reserved: *reserved,
        stocked: *stocked != 0,
    }
}

/// What the tenant says of services, found without regard to capitals.
struct Services<'a> {
    ctx: &'a Context,
    by_name: HashMap<String, &'a Service>,
}

impl<'a> Services<'a> {
    fn of(ctx: &'a Context) -> Self {
        let services = ctx.tenant.pick.services.iter();
        Self {
            ctx,
            by_name: services
                .map(|(name, service)| (name.trim().to_lowercase(), service))
                .collect(),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Service> {
        self.by_name.get(&name.trim().to_lowercase()).copied()
    }

    fn rank(&self, name: &str) -> u32 {
        self.get(name).map_or(USUAL_RANK, |service| service.rank)
    }

    /// The order's own day, else so many working days after it was placed.
    fn promised_on(&self, head: &Head) -> String {
        if let Some(day) = &head.promised_on {
            return day.clone();
        }
        let days = self.get(&head.service).and_then(|s| s.promise_days);
        let days = days.unwrap_or(self.ctx.tenant.pick.promise_days);
        let placed = self.ctx.business_day(UtcMs(head.placed_at));
        NaiveDate::parse_from_str(&placed, "%Y-%m-%d").map_or(placed, |day| {
            let promised = pick::working_days_after(day, days);
            promised.format("%Y-%m-%d").to_string()
        })
    }

    fn row(&self, head: Head, wants: &[Want]) -> QueueRow {
        let lines = wants.chunk_by(|a, b| a.line == b.line);
        let picked = |line: &&[Want]| line.iter().any(|want| want.reserved > 0);
        QueueRow {
            promised_on: self.promised_on(&head),
            order: head.order_ref,
            order_id: head.id,
            customer: head.customer,
            service: head.service,
            placed_at: UtcMs(head.placed_at),
            lines: lines.filter(picked).count() as i64,
            units: wants.iter().map(|want| want.wanted).sum(),
            reserved: wants.iter().map(|want| want.reserved).sum(),
            bins: head.bins,
            why_not: None,
        }
    }
}
