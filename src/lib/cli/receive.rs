//! `opsctl receive FILE.csv`: goods come in. Writes lots, costs and moves, all or none; the
//! same file again is reported and not applied.

use std::path::PathBuf;

use super::{DryRun, Out, Page, RateArgs, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::{receive, scan};

/// Arguments of `opsctl receive`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV with sku, lot, received_on, qty; optional: unit_cost or total_cost, currency,
    /// location, supplier, invoice
    file: PathBuf,
    /// Apply under this reference instead of the file's content hash
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Make products that are not known yet
    #[arg(long)]
    new_products: bool,
    #[command(flatten)]
    rates: RateArgs,
    #[command(flatten)]
    dry: DryRun,
}

impl Report for receive::Report {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.line(format!(
                "Already applied on {} by {}: {}. Nothing was changed.",
                before.at, before.actor, before.summary
            ));
            return;
        }
        let verb = if self.dry_run {
            "Would receive"
        } else {
            "Received"
        };
        page.line(format!(
            "{verb} {} units in {} lots.",
            self.units, self.lots
        ));
        for (currency, amount) in &self.cost {
            page.line(format!("Cost: {amount} {currency}"));
        }
        if self.lots_without_cost > 0 {
            page.line(format!("{} lots have no cost.", self.lots_without_cost));
        }
        if self.new_products > 0 {
            page.line(format!("{} new products.", self.new_products));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A bad file, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let options = receive::Options {
        reference: args.reference.clone(),
        new_products: args.new_products,
        rates: args.rates.read()?,
        dry_run: args.dry.dry_run,
    };
    let report = receive::run(ctx, &args.file, &options).await?;
    if !report.dry_run && report.applied_before.is_none() {
        scan::refresh(ctx).await?;
    }
    out.report(&report)?;
    Ok(Exit::Done)
}
