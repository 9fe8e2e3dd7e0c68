//! `opsctl receive --invoice SUPPLIER:NUMBER`: goods that come with an invoice taken in
//! before. What of it is received is not received again.

use super::Args;
use crate::cli::invoice::differences;
use crate::cli::landed::spread_table;
use crate::cli::{Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::{receive_invoice, scan};

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

/// Runs it.
///
/// # Errors
/// The workflow's.
pub(super) async fn run(
    args: &Args,
    invoice: &str,
    ctx: &Context,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let options = receive_invoice::Options {
        invoice: invoice.to_owned(),
        to: args.against.to.clone(),
        on: args.against.on.clone(),
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
