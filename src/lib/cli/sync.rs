//! `opsctl sync`: orders and catalogue in, stock reserved, quantities out. Writes to the
//! shop only what differs; a rerun with nothing new writes nothing.

use super::{Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::sync;

/// Arguments of `opsctl sync`.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Report for sync::Report {
    fn render(&self, page: &mut Page) {
        if self.channels.is_empty() {
            page.line("The tenant has no channels.");
        }
        for c in &self.channels {
            page.line(format!(
                "{}: {} listings and {} orders changed; {} units reserved, {} lacking; \
                 {} quantities written in {} requests",
                c.channel,
                c.items_changed,
                c.orders_changed,
                c.units_reserved,
                c.units_backordered,
                c.pushed,
                c.push_requests
            ));
            for (status, orders) in &c.unknown_statuses {
                page.line(format!(
                    "  status {status:?} of {orders} orders is not mapped: add it under \
                     [channels.{}.statuses]",
                    c.channel
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

/// Runs the command.
///
/// # Errors
/// Another run is under way, the module is switched off, or the workflow's.
pub async fn run(_: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    if !ctx.tenant.modules.sync {
        return Err(Fault::usage("syncing is switched off for this tenant")
            .hint("set `sync = true` under [modules] in the tenant file")
            .into());
    }
    let work = async {
        let report = sync::run(ctx).await?;
        let ended = if report.is_whole() {
            Ended::Done
        } else {
            Ended::Partly
        };
        Ok((report, ended))
    };
    let (report, ended) = jobs::run(ctx, "sync", work).await?;
    out.report(&report)?;
    Ok(if ended == Ended::Done {
        Exit::Done
    } else {
        Exit::Failed
    })
}
