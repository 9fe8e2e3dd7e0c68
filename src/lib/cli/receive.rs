//! `opsctl receive`: goods come in, by a list, against a purchase order or with an invoice.
//! Writes lots, costs and moves, all or none; the same delivery again is reported and not
//! applied.

mod invoice;

use std::collections::HashMap;
use std::path::PathBuf;

use super::{DryRun, Out, Page, RateArgs, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::workflows::receive_po::{Goods, Target};
use crate::workflows::{receive, receive_po, scan};

/// Arguments of `opsctl receive`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV with sku, lot, received_on, qty; optional: unit_cost or total_cost, currency,
    /// location, supplier, invoice, serials. With --po: sku, qty; optional: lot, serials,
    /// location
    #[arg(required_unless_present_any = ["po", "invoice"])]
    file: Option<PathBuf>,
    /// Apply under this reference instead of the file's content hash
    #[arg(long = "ref", value_name = "REF", value_parser = super::key)]
    reference: Option<String>,
    /// Make products that are not known yet
    #[arg(long, conflicts_with = "po")]
    new_products: bool,
    /// Instead of a file: receive the goods of an invoice taken in before, SUPPLIER:NUMBER
    #[arg(long, value_name = "INVOICE",
        conflicts_with_all = ["file", "po", "reference", "new_products", "rates", "rate_source"])]
    invoice: Option<String>,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    rates: RateArgs,
    #[command(flatten)]
    dry: DryRun,
}

/// What has come of a purchase order.
#[derive(Debug, clap::Args)]
struct Against {
    /// Receive against this purchase order, at the costs agreed in it
    #[arg(long, value_name = "NUMBER", help_heading = "Against a purchase order")]
    po: Option<String>,
    /// All that is still expected has come
    #[arg(long, requires = "po", conflicts_with_all = ["file", "lines"],
        help_heading = "Against a purchase order")]
    all: bool,
    /// So many units of a SKU have come; may be repeated
    #[arg(long = "line", value_name = "SKU=QTY", requires = "po", conflicts_with = "file",
        value_parser = line, help_heading = "Against a purchase order")]
    lines: Vec<(String, i64)>,
    /// The serials of a SKU's units; may be repeated
    #[arg(long = "serial", value_name = "SKU=S1,S2", requires = "po", conflicts_with = "file",
        value_parser = serial, help_heading = "Against a purchase order")]
    serials: Vec<(String, Vec<String>)>,
    /// The lots' name; the order's number and the receipt's running number by default
    #[arg(long, value_name = "CODE", requires = "po", value_parser = super::key,
        help_heading = "Against a purchase order")]
    lot: Option<String>,
    /// The day it came in; today by default
    #[arg(long, value_name = "DATE", value_parser = super::day,
        help_heading = "Against a purchase order or an invoice")]
    on: Option<String>,
    /// Where it is put; where each product is at home by default
    #[arg(
        long,
        value_name = "LOCATION",
        help_heading = "Against a purchase order or an invoice"
    )]
    to: Option<String>,
    /// Put it where goods wait for inspection
    #[arg(
        long,
        requires = "po",
        conflicts_with = "to",
        help_heading = "Against a purchase order"
    )]
    quarantine: bool,
    /// Take more than was ordered, and what is no longer expected
    #[arg(long, requires = "po", help_heading = "Against a purchase order")]
    accept_over: bool,
}

/// Reads `SKU=QTY`. A SKU may have an `=` in it.
fn line(text: &str) -> Result<(String, i64), String> {
    let (sku, quantity) = text.rsplit_once('=').ok_or("write SKU=QTY")?;
    Ok((super::key(sku)?, super::units(quantity)?))
}

/// Reads `SKU=S1,S2`.
fn serial(text: &str) -> Result<(String, Vec<String>), String> {
    let (sku, serials) = text.split_once('=').ok_or("write SKU=SERIAL,SERIAL")?;
    Ok((super::key(sku)?, super::serials(serials)?))
}

impl Report for receive::Report {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
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

impl Report for receive_po::Report {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        if self.lots.is_empty() {
            page.line(format!(
                "Nothing of {} is open. Nothing was changed.",
                self.po
            ));
            return;
        }
        page.table(
            &["sku", "lot", "location", "units#", "cost#", "serials"],
            self.lots.iter().map(|lot| {
                vec![
                    lot.sku.clone(),
                    lot.lot.clone(),
                    lot.location.clone(),
                    lot.units.to_string(),
                    lot.cost.clone().unwrap_or_else(|| "unknown".to_owned()),
                    lot.serials.join(" "),
                ]
            }),
        );
        let verb = if self.dry_run {
            "Would receive"
        } else {
            "Received"
        };
        page.line(format!(
            "{verb} {} units in {} lots. Cost: {} {}",
            self.units,
            self.lots.len(),
            self.cost,
            self.currency
        ));
        if self.lots_without_cost > 0 {
            page.line(format!("{} lots have no cost.", self.lots_without_cost));
        }
        page.line(if self.closed {
            format!("{} is complete, and closed.", self.po)
        } else {
            format!("{}: {} units are still expected.", self.po, self.open)
        });
    }
}

impl Against {
    fn goods(&self, file: Option<&PathBuf>) -> Result<Goods, Fault> {
        let mut serials: HashMap<String, Vec<String>> = HashMap::new();
        for (sku, more) in &self.serials {
            serials
                .entry(sku.clone())
                .or_default()
                .extend_from_slice(more);
        }
        match file {
            Some(file) => Ok(Goods::File(file.clone())),
            None if self.all => Ok(Goods::All(serials)),
            None if !self.lines.is_empty() => Ok(Goods::Lines(self.lines.clone(), serials)),
            None => Err(Fault::usage("nothing is said of what has come")
                .hint("name a file, or say --all, or --line SKU=QTY")),
        }
    }

    fn target(&self) -> Option<Target> {
        if self.quarantine {
            Some(Target::Quarantine)
        } else {
            self.to.clone().map(Target::Location)
        }
    }
}

async fn receive_po(
    args: &Args,
    number: &str,
    ctx: &Context,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let against = &args.against;
    let options = receive_po::Options {
        number: number.to_owned(),
        goods: against.goods(args.file.as_ref())?,
        reference: args.reference.clone(),
        lot: against.lot.clone(),
        received_on: against.on.clone(),
        to: against.target(),
        accept_over: against.accept_over,
        rates: args.rates.read()?,
        dry_run: args.dry.dry_run,
    };
    let report = receive_po::run(ctx, &options).await?;
    if report.receipt.is_some() {
        scan::refresh(ctx).await?;
    }
    out.report(&report)?;
    Ok(Exit::Done)
}

/// Runs the command.
///
/// # Errors
/// A bad file, an order that is not there or is not of these goods, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    if let Some(number) = &args.against.po {
        return receive_po(args, number, ctx, out).await;
    }
    if let Some(number) = &args.invoice {
        return invoice::run(args, number, ctx, out).await;
    }
    if args.against.to.is_some() || args.against.on.is_some() {
        let text = "--to and --on go with --po or --invoice";
        return Err(Fault::usage(text)
            .hint("a list says it row by row: columns location and received_on")
            .into());
    }
    let Some(file) = &args.file else {
        return Err(Fault::usage("name a file, or a purchase order with --po").into());
    };
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
