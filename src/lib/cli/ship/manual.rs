//! `opsctl ship --manual ORDER ...`: orders leave the house without a carrier's API. Moves
//! stock, cost layers and demand, all orders or none, and tells the shop afterwards. The
//! same order with the same carrier and number again is reported and not applied. An order
//! that lies packed leaves as it is packed.

use super::Args;
use crate::cli::{Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::store::cogs::Entry;
use crate::workflows::cogs::amount;
use crate::workflows::ship::{self, Shipped, Wish, WishedLine};

impl Report for ship::Report {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        for shipped in &self.shipments {
            one(shipped, page);
        }
        for order in &self.shop_waits {
            page.line(format!("The shop will be told by the next sync: {order}"));
        }
        for order in &self.needs_decision {
            page.line(format!("Needs a decision (`opsctl outbox list`): {order}"));
        }
    }
}

pub(super) fn one(shipped: &Shipped, page: &mut Page) {
    if let Some(before) = &shipped.applied_before {
        page.line(format!(
            "{}: already shipped on {} by {}: {}. Nothing was changed.",
            shipped.order, before.at, before.actor, before.summary
        ));
        if shipped.left > 0 {
            page.line(format!(
                "{} units are still wanted; to ship more under the same number, give a --ref.",
                shipped.left
            ));
        }
        return;
    }
    let left = match shipped.left {
        0 => "whole".to_owned(),
        left => format!("{left} units still wanted"),
    };
    page.line(format!(
        "{}: {} units with {} {}, {left}",
        shipped.order, shipped.units, shipped.carrier, shipped.tracking
    ));
    page.table(
        &["sku", "lot", "received", "qty#", "cost#"],
        shipped.entries.iter().map(|entry: &Entry| {
            vec![
                entry.sku.clone(),
                entry.lot.clone(),
                entry.received_on.clone(),
                entry.quantity.to_string(),
                amount(entry.cost_minor, &entry.currency),
            ]
        }),
    );
}

/// Reads `AB-1=2` or `AB-1=2@LOT`.
fn line(text: &str) -> Result<WishedLine, Fault> {
    let bad = || {
        Fault::usage(format!(
            "--line {text} is not of the form SKU=QTY or SKU=QTY@LOT"
        ))
        .hint("for example --line AB-1=2")
    };
    let (sku, rest) = text.rsplit_once('=').ok_or_else(bad)?;
    let (pieces, lot) = match rest.split_once('@') {
        Some((pieces, lot)) => (pieces, Some(lot.to_owned())),
        None => (rest, None),
    };
    let pieces = pieces.parse().ok().filter(|pieces| *pieces > 0);
    Ok(WishedLine {
        sku: sku.to_owned(),
        pieces: pieces.ok_or_else(bad)?,
        lot,
    })
}

/// A name that is printed on papers and kept in a column.
pub(in crate::cli) fn name(what: &str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        Fault::usage(format!(
            "{what} has 1 to 80 characters and no control characters"
        ))
    })
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub(super) async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let tracking = |text: &str| name("a tracking number", text);
    let mut orders = Vec::new();
    for order in &args.orders {
        orders.push(match order.split_once('=') {
            Some((order, number)) => (order.to_owned(), Some(tracking(number)?)),
            None => (order.clone(), None),
        });
    }
    let number = match args.tracking.as_slice() {
        [] => None,
        [number] => Some(tracking(number)?),
        _ => {
            return Err(Fault::usage("--manual takes one tracking number for all orders")
                .hint(
                    "write ORDER=TRACKING; a carrier of [carriers] with kind = \"manual\" takes \
                     one for each piece",
                )
                .into());
        }
    };
    let wish = Wish {
        orders,
        carrier: name(
            "a carrier's name",
            args.carrier.as_deref().unwrap_or_default(),
        )?,
        tracking: number,
        lines: args
            .lines
            .iter()
            .map(|text| line(text))
            .collect::<Result<_, _>>()?,
        serials: args.serials.clone(),
        partial: args.partial,
        reference: args.reference.clone(),
        dry_run: args.dry.dry_run,
    };
    let report = ship::run(ctx, &wish).await?;
    out.report(&report)?;
    Ok(if report.needs_decision.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}
