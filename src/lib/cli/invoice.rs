//! `opsctl invoice import | match | list | show | unbilled`: what suppliers bill, held
//! against what was ordered and received. An import is applied once, each unit and each
//! charge of an invoice is booked once; what differs beyond the tolerance is told, and booked
//! only with `--accept`. What has not come waits for a later match, or is given up with
//! `--close`.

use std::path::PathBuf;

use serde::Serialize;

use super::landed::spread_table;
use super::{DryRun, Out, Page, RateArgs, Report};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::Exit;
use crate::store::invoices::{MatchRow, Row};
use crate::workflows::invoice::{self, Difference};

/// Arguments of `opsctl invoice`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Take supplier invoices in from a CSV or JSON file
    Import {
        /// CSV with supplier, invoice, invoiced_on; for goods sku, qty and unit_cost or total;
        /// for charges kind (freight, duty or other) and total; optional: currency, spread
        /// (value, quantity or weight), applies_to. Or JSON with the same names: an invoice
        /// with its lines, or an array of such
        file: PathBuf,
        /// Apply under this reference instead of the file's content hash
        #[arg(long = "ref", value_name = "REF")]
        reference: Option<String>,
        #[command(flatten)]
        rates: RateArgs,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Hold an invoice against orders and receipts, and book it
    Match {
        /// SUPPLIER:NUMBER
        invoice: String,
        /// Book what is there also where it differs; what has not come waits for a later match
        #[arg(long)]
        accept: bool,
        /// With --accept: close the invoice for good, though not all of it has come
        #[arg(long, requires_all = ["accept", "reason"])]
        close: bool,
        /// Why that is right; kept with the booking
        #[arg(long, requires = "accept", value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List invoices, newest first
    List {
        /// Only those that are not matched
        #[arg(long)]
        open: bool,
    },
    /// Show an invoice with its lines, matches and charges
    Show {
        /// SUPPLIER:NUMBER
        invoice: String,
    },
    /// List what came in and is not billed
    Unbilled {
        /// Only from this supplier
        #[arg(long, value_name = "CODE")]
        supplier: Option<String>,
    },
}

impl Report for invoice::Imported {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        let verb = if self.dry_run {
            "Would take in"
        } else {
            "Took in"
        };
        page.line(format!("{verb} {} invoices.", self.invoices.len()));
        for taken in &self.invoices {
            page.line(format!(
                "  {} of {}: {} {} in {} lines",
                taken.invoice, taken.invoiced_on, taken.total, taken.currency, taken.lines
            ));
        }
        for name in &self.unchanged {
            page.line(format!("  {name} is there already"));
        }
    }
}

impl Report for invoice::Matched {
    fn render(&self, page: &mut Page) {
        if self.matched_before {
            page.line(format!(
                "{} is matched already. Nothing was changed.",
                self.invoice
            ));
            return;
        }
        matches_table(page, &self.matches, self.currency);
        differences(page, &self.differences);
        if self.state == "differs" && !self.booked {
            page.line(format!("{} differs; nothing was booked.", self.invoice));
            page.line(format!(
                "Receive what is missing, ask the supplier, or book it as it is: \
                 opsctl invoice match {} --accept --reason TEXT",
                self.invoice
            ));
            return;
        }
        for charge in &self.charges {
            spread_table(page, charge);
        }
        for left in &self.not_done {
            page.line(format!(
                "Not done: line {}: {} for {} {}",
                left.line,
                match (&left.sku, left.units) {
                    (Some(sku), Some(units)) => format!("{units} units of {sku}"),
                    _ => left.kind.clone(),
                },
                self.currency.decimal(left.billed_minor),
                self.currency
            ));
        }
        let verb = if self.dry_run { "would be" } else { "is" };
        page.line(match (self.state, self.not_done.is_empty()) {
            ("matched", true) => format!("{} {verb} matched.", self.invoice),
            ("matched", false) => format!("{} {verb} closed without these.", self.invoice),
            _ => format!(
                "What is there of {} {verb} booked; match it again when the rest has come.",
                self.invoice
            ),
        });
    }
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Row>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &["invoice", "date", "total#", "state"],
            self.rows.iter().map(|row| {
                vec![
                    row.name(),
                    row.invoiced_on.clone(),
                    money(row.total_minor, &row.currency),
                    row.state.clone(),
                ]
            }),
        );
    }
}

impl Report for invoice::Shown {
    fn render(&self, page: &mut Page) {
        let head = &self.invoice;
        page.line(format!(
            "{} of {}: {}  {}",
            head.name(),
            head.invoiced_on,
            money(head.total_minor, &head.currency),
            head.state
        ));
        if let (Some(rate), Some(source)) = (&head.rate, &head.rate_source) {
            page.line(format!(
                "1 {} = {rate} {} ({source})",
                head.currency, self.own_currency
            ));
        }
        page.table(
            &[
                "line#",
                "kind",
                "sku",
                "billed#",
                "matched#",
                "total#",
                "spread",
                "applies to",
            ],
            self.lines.iter().map(|l| {
                vec![
                    l.line.to_string(),
                    l.kind.clone(),
                    l.sku.clone().unwrap_or_default(),
                    l.quantity.map(|q| q.to_string()).unwrap_or_default(),
                    l.matched.to_string(),
                    money(l.total_minor, &head.currency),
                    l.spread.clone(),
                    l.applies_to.replace('|', ", "),
                ]
            }),
        );
        if let Ok(currency) = head.currency.parse() {
            matches_table(page, &self.matches, currency);
        }
        differences(page, &self.differences);
        if !self.booked.is_empty() {
            page.line("Booked:");
            page.table(
                &[
                    "for", "lot", "sku", "units#", "paid#", "share#", "on hand#", "out#",
                ],
                self.booked.iter().map(|b| {
                    let own = |minor| self.own_currency.decimal(minor);
                    vec![
                        b.component.clone(),
                        b.lot.clone(),
                        b.sku.clone(),
                        b.units.to_string(),
                        money(b.source_minor, &b.source_currency),
                        own(b.amount_minor),
                        own(b.amount_minor - b.out_minor),
                        own(b.out_minor),
                    ]
                }),
            );
        }
    }
}

impl Report for invoice::Unbilled {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "receipt",
                "date",
                "supplier",
                "order",
                "sku",
                "units#",
                "expected#",
            ],
            self.rows.iter().map(|row| {
                vec![
                    row.goods.receipt.clone(),
                    row.goods.received_on.clone(),
                    row.goods.supplier.clone(),
                    row.goods.po.clone().unwrap_or_default(),
                    row.goods.sku.clone(),
                    row.units.to_string(),
                    row.expected_minor.map_or_else(
                        || "unknown".to_owned(),
                        |minor| money(minor, &row.goods.currency),
                    ),
                ]
            }),
        );
        for (currency, total) in &self.totals {
            page.line(format!("Received and not billed: {total} {currency}"));
        }
        if self.without_cost > 0 {
            page.line(format!(
                "{} lines have no expected cost.",
                self.without_cost
            ));
        }
    }
}

fn matches_table(page: &mut Page, matches: &[MatchRow], currency: Currency) {
    if matches.is_empty() {
        return;
    }
    page.line("Found in receipts:");
    page.table(
        &[
            "line#",
            "sku",
            "lot",
            "receipt",
            "order",
            "ordered#",
            "received#",
            "billed#",
            "expected#",
            "at#",
        ],
        matches.iter().map(|m| {
            vec![
                m.line.to_string(),
                m.sku.clone(),
                m.lot.clone(),
                m.receipt.clone(),
                m.po.clone().unwrap_or_default(),
                m.ordered.map(|units| units.to_string()).unwrap_or_default(),
                m.received.to_string(),
                m.units.to_string(),
                m.expected_minor
                    .map(|minor| currency.decimal(minor))
                    .unwrap_or_default(),
                currency.decimal(m.billed_minor),
            ]
        }),
    );
}

pub(super) fn differences(page: &mut Page, differences: &[Difference]) {
    for d in differences {
        let sku = d
            .sku
            .as_deref()
            .map(|sku| format!("{sku} "))
            .unwrap_or_default();
        page.line(format!("Differs: line {}: {sku}{}", d.line, d.text));
    }
}

fn money(minor: i64, code: &str) -> String {
    code.parse::<Currency>().map_or_else(
        |_| minor.to_string(),
        |currency| format!("{} {currency}", currency.decimal(minor)),
    )
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Import {
            file,
            reference,
            rates,
            dry,
        } => {
            let options = invoice::ImportOptions {
                reference: reference.clone(),
                rates: rates.read()?,
                dry_run: dry.dry_run,
            };
            out.report(&invoice::import(ctx, file, &options).await?)?;
        }
        Command::Match {
            invoice,
            accept,
            close,
            reason,
            dry,
        } => {
            let options = invoice::Options {
                accept: *accept,
                close: *close,
                reason: reason.clone(),
                dry_run: dry.dry_run,
            };
            let report = invoice::match_one(ctx, invoice, &options).await?;
            out.report(&report)?;
            if report.state == "differs" && !*accept {
                return Ok(Exit::Failed);
            }
        }
        Command::List { open } => {
            let rows = invoice::list(ctx, *open).await?;
            out.report(&Listed { rows })?;
        }
        Command::Show { invoice } => out.report(&invoice::show(ctx, invoice).await?)?,
        Command::Unbilled { supplier } => {
            out.report(&invoice::unbilled(ctx, supplier.as_deref()).await?)?;
        }
    }
    Ok(Exit::Done)
}
