//! `opsctl sync`: orders and catalogue in, stock reserved, quantities out. Writes to the
//! shop only what differs; a rerun with nothing new writes nothing.

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::{reserve, sync};

/// Arguments of `opsctl sync`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read everything, and find drift, trash and deletions, which no date tells
    #[arg(long)]
    full: bool,
    /// The same shop has another address now: go on with it
    #[arg(long)]
    moved: bool,
    #[command(flatten)]
    dry: DryRun,
}

/// At most this many of what was found are named to a person; `--json` has all.
const NAMED: usize = 20;

impl Report for sync::Report {
    fn render(&self, page: &mut Page) {
        if self.channels.is_empty() {
            page.line("The tenant has no channels.");
        }
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        for c in &self.channels {
            page.line(format!(
                "{}: {} listings and {} orders changed; {} units reserved, {} lacking; \
                 {} units shipped, {} released; {} quantities written in {} requests",
                c.channel,
                c.items_changed,
                c.orders_changed,
                c.units_reserved,
                c.units_backordered,
                c.units_shipped,
                c.units_released,
                c.pushed,
                c.push_requests
            ));
            if let Some(found) = &c.found {
                render_found(found, page);
            }
            if !c.reservations.is_empty() {
                let row = |s: &reserve::Step| {
                    vec![
                        s.order.clone(),
                        s.sku.clone(),
                        s.lot.clone(),
                        s.qty.to_string(),
                    ]
                };
                let rows = c.reservations.iter().map(row);
                page.table(&["order", "sku", "lot", "units#"], rows);
            }
            if !c.writes.is_empty() {
                page.table(
                    &["sku", "in the shop#", "to be written#"],
                    c.writes
                        .iter()
                        .map(|w| vec![w.sku.clone(), w.from.to_string(), w.to.to_string()]),
                );
            }
            for (status, orders) in &c.unknown_statuses {
                page.line(format!(
                    "  status {status:?} of {orders} orders is not mapped: add it under \
                     [channels.{}.statuses]",
                    c.channel
                ));
            }
            if c.orders_told > 0 {
                page.line(format!("  {} orders told to have left", c.orders_told));
            }
            for order in &c.needs_decision {
                page.line(format!(
                    "  needs a decision (`opsctl outbox list`): {order}"
                ));
            }
            if c.unknown_lines > 0 {
                page.line(format!(
                    "  {} order lines of unknown products",
                    c.unknown_lines
                ));
            }
            if c.units_short > 0 {
                page.line(format!(
                    "  {} units left without stock of them",
                    c.units_short
                ));
            }
            if let Some(seconds) = c.exposure_seconds {
                page.line(format!("  exposure {seconds:.1} s"));
            }
            for failure in &c.failures {
                page.line(format!("  failed, the next run tries again: {failure}"));
            }
        }
    }
}

fn render_found(found: &sync::Found, page: &mut Page) {
    let names = |list: &[String]| {
        let mut text = list
            .iter()
            .take(NAMED)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if list.len() > NAMED {
            text.push_str(&format!(", and {} more", list.len() - NAMED));
        }
        text
    };
    page.line(format!(
        "  found: {} quantities drifted, {} listings gone, {} orders missed, {} orders gone",
        found.drift.len(),
        found.listings_gone.len(),
        found.orders_missed.len(),
        found.orders_gone.len()
    ));
    if !found.drift.is_empty() {
        let row = |d: &sync::Drift| vec![d.item.clone(), d.seen.to_string(), d.found.to_string()];
        let rows = found.drift.iter().take(NAMED).map(row);
        page.table(&["drifted", "was#", "is#"], rows);
    }
    for (what, list) in [
        ("listings gone", &found.listings_gone),
        ("orders missed", &found.orders_missed),
        ("orders gone", &found.orders_gone),
    ] {
        if !list.is_empty() {
            page.line(format!("  {what}: {}", names(list)));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Another run is under way, the module is switched off, or the workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    if !ctx.tenant.modules.sync {
        return Err(Fault::usage("syncing is switched off for this tenant")
            .hint("set `sync = true` under [modules] in the tenant file")
            .into());
    }
    let options = sync::Options {
        full: args.full,
        dry_run: args.dry.dry_run,
        moved: args.moved,
    };
    let work = async {
        let report = sync::run(ctx, options).await?;
        let ended = if report.is_whole() {
            Ended::Done
        } else {
            Ended::Partly
        };
        Ok((report, ended))
    };
    let (report, ended) = if options.dry_run {
        work.await?
    } else {
        jobs::run(ctx, "sync", work).await?
    };
    out.report(&report)?;
    if ended == Ended::Partly {
        return Err(partly(&report).into());
    }
    Ok(Exit::Done)
}

/// What failed, on stderr: cron mails that, and throws the report away.
fn partly(report: &sync::Report) -> Fault {
    let failures = || report.channels.iter().flat_map(|c| &c.failures);
    let mut text = format!("{} things failed in this sync", failures().count());
    for failure in failures().take(NAMED) {
        text.push_str(&format!("\n  {failure}"));
    }
    Fault::failed(text).hint("what is not named here is done; the next sync takes these up again")
}
