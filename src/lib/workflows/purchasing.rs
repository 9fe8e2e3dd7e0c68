//! Purchase orders: made by hand or from a list, looked at, closed.

mod draft;
mod import;

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;

pub(super) use draft::{Draft, DraftLine, expected, make};
pub use draft::{LineWish, Wish, create};
pub use import::import;

use super::suppliers::the_supplier;
use super::until_no_conflict;
use crate::context::Context;
use crate::domain::purchase::Ordered;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::purchasing::{self, Line, Row, Summary};
use crate::store::receipts::{self, LineRow};
use crate::store::{Stamp, Tx, applied_refs};

/// Why an order is closed of which all has come.
pub(super) const COMPLETE: &str = "complete";

/// What was ordered.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// The purchase orders.
    pub orders: Vec<MadeOrder>,
}

/// A purchase order that was made.
#[derive(Debug, Clone, Serialize)]
pub struct MadeOrder {
    /// Its number.
    pub number: String,
    /// The supplier's code.
    pub supplier: String,
    /// The day its goods are expected.
    pub expected_on: String,
    /// How many lines it has.
    pub lines: u64,
    /// Units ordered.
    pub units: i64,
    /// What its lines with a cost sum up to, as a decimal amount.
    pub cost: String,
    /// The currency of that.
    pub currency: String,
    /// Lines of which nobody knows the cost.
    pub lines_without_cost: u64,
}

/// Purchase orders in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// The orders, newest first.
    pub rows: Vec<Entry>,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The order.
    #[serde(flatten)]
    pub summary: Summary,
    /// Whether its goods should have come by now.
    pub late: bool,
}

/// A purchase order with everything known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The order.
    #[serde(flatten)]
    pub order: Row,
    /// Whether its goods should have come by now.
    pub late: bool,
    /// Its lines.
    pub lines: Vec<ShownLine>,
}

/// A line, and what came in for it.
#[derive(Debug, Clone, Serialize)]
pub struct ShownLine {
    /// The line.
    #[serde(flatten)]
    pub line: Line,
    /// Units still expected.
    pub open: i64,
    /// What came in for it, oldest first.
    pub receipts: Vec<LineRow>,
}

/// What closing an order did.
#[derive(Debug, Clone, Serialize)]
pub struct Closed {
    /// The order's number.
    pub number: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When it had been closed before; then nothing was written.
    pub closed_before: Option<UtcMs>,
    /// Why it is closed.
    pub reason: String,
    /// Units that are no longer expected.
    pub given_up: i64,
}

/// The purchase orders that are not closed, or all.
///
/// # Errors
/// The supplier is unknown, or the store's.
pub async fn list(
    ctx: &Context,
    supplier: Option<&str>,
    closed_too: bool,
) -> anyhow::Result<Listed> {
    let mut tx = ctx.store.read().await?;
    let supplier = match supplier {
        Some(code) => Some(the_supplier(&mut tx, code).await?.id),
        None => None,
    };
    let today = ctx.stamp().day();
    let under = ctx.tenant.purchasing.under_percent;
    let rows = purchasing::list(&mut tx, supplier, closed_too, under).await?;
    Ok(Listed {
        rows: rows
            .into_iter()
            .map(|summary| Entry {
                late: summary.open > 0 && summary.order.expected_on < today,
                summary,
            })
            .collect(),
    })
}

/// Everything known of a purchase order.
///
/// # Errors
/// There is no such order, or the store's.
pub async fn show(ctx: &Context, number: &str) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let order = the_order(&mut tx, number).await?;
    let mut came: HashMap<Option<i64>, Vec<LineRow>> = HashMap::new();
    for row in receipts::of_po(&mut tx, order.id).await? {
        came.entry(row.po_line_id).or_default().push(row);
    }
    let lines: Vec<ShownLine> = purchasing::lines(&mut tx, order.id)
        .await?
        .into_iter()
        .map(|line| ShownLine {
            open: open(ctx, &order, &line),
            receipts: came.remove(&Some(line.id)).unwrap_or_default(),
            line,
        })
        .collect();
    let today = ctx.stamp().day();
    Ok(Shown {
        late: order.expected_on < today && lines.iter().any(|line| line.open > 0),
        order,
        lines,
    })
}

/// Closes a purchase order: what has not come is no longer expected. A second time is
/// reported and changes nothing.
///
/// # Errors
/// There is no such order, or the store's.
pub async fn close(
    ctx: &Context,
    number: &str,
    reason: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Closed> {
    until_no_conflict!(close_once(ctx, number, reason, dry_run))
}

async fn close_once(
    ctx: &Context,
    number: &str,
    reason: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Closed> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let order = the_order(&mut tx, number).await?;
    let reason = reason.unwrap_or("by hand").to_owned();
    let given_up = purchasing::lines(&mut tx, order.id)
        .await?
        .iter()
        .map(|line| open(ctx, &order, line))
        .sum();
    let report = Closed {
        number: order.number.clone(),
        dry_run,
        closed_before: order.closed_at.map(UtcMs),
        reason: order.closed_why.clone().unwrap_or(reason),
        given_up,
    };
    if !dry_run && report.closed_before.is_none() {
        let stamp = ctx.stamp();
        close_within(&mut tx, &stamp, &order, &report.reason, given_up).await?;
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// Closes a purchase order in the caller's transaction.
pub(super) async fn close_within(
    tx: &mut Tx,
    stamp: &Stamp,
    order: &Row,
    reason: &str,
    given_up: i64,
) -> anyhow::Result<()> {
    if purchasing::close(tx, stamp, order.id, reason).await? {
        let fact = Event::new(
            "po.closed",
            subject(&order.number),
            json!({ "reason": reason, "given_up": given_up }),
        );
        events::append(tx, stamp, &[fact]).await?;
    }
    Ok(())
}

/// The subject of a purchase order's events.
pub(super) fn subject(number: &str) -> String {
    format!("po:{number}")
}

/// Units of a line that are still expected.
pub(super) fn open(ctx: &Context, order: &Row, line: &Line) -> i64 {
    if order.closed_at.is_some() {
        return 0;
    }
    let tolerance = ctx.tenant.purchasing.tolerance();
    tolerance.open(Ordered {
        quantity: line.quantity,
        received: line.received,
    })
}

/// The purchase order that a person means.
///
/// # Errors
/// There is no such order, or the store's.
pub(super) async fn the_order(tx: &mut Tx, number: &str) -> anyhow::Result<Row> {
    Ok(purchasing::by_number(tx, number).await?.ok_or_else(|| {
        Fault::failed(format!("there is no purchase order {number:?}"))
            .hint("`opsctl po list --all` shows those there are")
    })?)
}
