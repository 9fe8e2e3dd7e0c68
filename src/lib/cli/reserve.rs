//! `opsctl reserve`: promises stock to open orders. Writes reservations and events; a
//! rerun changes nothing.

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::{orders, reserve};

/// Arguments of `opsctl reserve`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    dry: DryRun,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say which lot serves which line of an order, and why not another
    Explain {
        /// The order: woo:1042, or 1042 where only one channel has it
        order: String,
    },
}

impl Report for reserve::Report {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        if !self.plan.is_empty() {
            page.table(
                &["order", "sku", "lot", "units#"],
                self.plan.iter().map(|s| {
                    vec![
                        s.order.clone(),
                        s.sku.clone(),
                        s.lot.clone(),
                        s.qty.to_string(),
                    ]
                }),
            );
        }
        page.line(format!(
            "{} lines got {} units; {} lines lack {} units; {} units released; {} ms",
            self.lines_reserved,
            self.units_reserved,
            self.lines_backordered,
            self.units_backordered,
            self.released,
            self.duration_ms
        ));
        if !self.backorders.is_empty() {
            page.table(
                &["order", "sku", "lacking#"],
                self.backorders
                    .iter()
                    .map(|b| vec![b.order.clone(), b.sku.clone(), b.qty.to_string()]),
            );
        }
    }
}

impl Report for reserve::Explanation {
    fn render(&self, page: &mut Page) {
        page.line(format!("Order {}", self.order));
        if self.demands.is_empty() {
            page.line("It wants nothing of stock.");
        }
        for demand in &self.demands {
            page.line(format!(
                "\n{}: {} wanted, {} reserved",
                demand.sku, demand.wanted, demand.reserved
            ));
            if demand.lots.is_empty() {
                page.line("There is no lot of it.");
                continue;
            }
            page.table(
                &[
                    "lot", "received", "location", "on hand#", "serves#", "others#", "why",
                ],
                demand.lots.iter().map(|l| {
                    vec![
                        l.lot.clone(),
                        l.received_on.clone(),
                        l.location.clone(),
                        l.on_hand.to_string(),
                        l.serves.to_string(),
                        l.others.to_string(),
                        l.why.clone(),
                    ]
                }),
            );
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Another run is under way, the module is switched off, or the workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    if let Some(Command::Explain { order }) = &args.command {
        let order = orders::the_one(ctx, order).await?;
        out.report(&reserve::explain(ctx, &order).await?)?;
        return Ok(Exit::Done);
    }
    if !ctx.tenant.modules.reserve {
        return Err(Fault::usage("reserving is switched off for this tenant")
            .hint("set `reserve = true` under [modules] in the tenant file")
            .into());
    }
    let report = if args.dry.dry_run {
        reserve::run(ctx, true).await?
    } else {
        let work = async { Ok((reserve::run(ctx, false).await?, Ended::Done)) };
        jobs::run(ctx, "reserve", work).await?.0
    };
    out.report(&report)?;
    Ok(Exit::Done)
}
