//! `opsctl receive FILE.csv | --invoice SUPPLIER:NUMBER`: goods come in. Writes lots, costs
//! and moves, all or none; the same file again is reported and not applied, and what of an
//! invoice is received is not received again.

use std::path::PathBuf;

use super::invoice::differences;
use super::landed::spread_table;
use super::{DryRun, Out, Page, RateArgs, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::workflows::{receive, receive_invoice, scan};

/// Arguments of `opsctl receive`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV with sku, lot, received_on, qty; optional: unit_cost or total_cost, currency,
    /// location, supplier, invoice
    #[arg(required_unless_present = "invoice")]
    file: Option<PathBuf>,
    /// Instead of a file: receive the goods of an invoice taken in before, SUPPLIER:NUMBER
    #[arg(long, value_name = "INVOICE",
        conflicts_with_all = ["file", "reference", "new_products", "rates", "rate_source"])]
    invoice: Option<String>,
    /// Where the goods of an invoice are put, instead of each product's home
    #[arg(long, requires = "invoice", value_name = "LOCATION")]
    to: Option<String>,
    /// The day the goods of an invoice came in, YYYY-MM-DD; today where nothing is said
    #[arg(long, requires = "invoice", value_name = "DATE")]
    on: Option<String>,
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

impl Report for receive_invoice::Report {
    fn render(&self, page: &mut Page) {
        if self.lots.is_empty() {
            page.line(format!(
                "All goods of {} are received already. Nothing was changed.",
                self.invoice
            ));
            return;
        }
        let verb = if self.dry_run {
            "Would receive"
        } else {
            "Received"
        };
        let units: i64 = self.lots.iter().map(|lot| lot.units).sum();
        page.line(format!(
            "{verb} {units} units in {} lots as {}.",
            self.lots.len(),
            self.receipt
        ));
        page.table(
            &["lot", "sku", "units#", "cost#"],
            self.lots.iter().map(|lot| {
                vec![
                    lot.lot.clone(),
                    lot.sku.clone(),
                    lot.units.to_string(),
                    format!(
                        "{} {}",
                        self.currency.decimal(lot.cost_minor),
                        self.currency
                    ),
                ]
            }),
        );
        for charge in &self.charges {
            spread_table(page, charge);
        }
        if self.unbilled > 0 {
            page.line(format!(
                "This supplier had delivered {} units of these products that are not billed: \
                 see `opsctl invoice unbilled`.",
                self.unbilled
            ));
        }
        differences(page, &self.differences);
        if !self.differences.is_empty() {
            page.line(format!(
                "The goods are received. To close the invoice without these charges: \
                 opsctl invoice match {} --accept",
                self.invoice
            ));
        }
    }
}

async fn by_invoice(
    args: &Args,
    invoice: &str,
    ctx: &Context,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let options = receive_invoice::Options {
        invoice: invoice.to_owned(),
        to: args.to.clone(),
        on: args.on.clone(),
        dry_run: args.dry.dry_run,
    };
    let report = receive_invoice::run(ctx, &options).await?;
    if !report.dry_run && !report.lots.is_empty() {
        scan::refresh(ctx).await?;
    }
    out.report(&report)?;
    Ok(if report.differences.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Runs the command.
///
/// # Errors
/// A bad file, no such invoice, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    if let Some(invoice) = &args.invoice {
        return by_invoice(args, invoice, ctx, out).await;
    }
    let file = args
        .file
        .as_ref()
        .ok_or_else(|| Fault::usage("a file is missing"))?;
    let options = receive::Options {
        reference: args.reference.clone(),
        new_products: args.new_products,
        rates: args.rates.read()?,
        dry_run: args.dry.dry_run,
    };
    let report = receive::run(ctx, file, &options).await?;
    if !report.dry_run && report.applied_before.is_none() {
        scan::refresh(ctx).await?;
    }
    out.report(&report)?;
    Ok(Exit::Done)
}
