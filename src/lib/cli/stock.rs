//! `opsctl stock show | list | adjust | move | open`: what lies where, corrections, and the
//! opening stock of a running shop. An adjustment or move with a `--ref` is applied once, an
//! opening once for each channel.

mod relocate;

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::{DryRun, Out, Page, RateArgs, Report};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::stock::{self, Adjustment};
use crate::workflows::{low_stock, open, scan, take_back, value};

/// Arguments of `opsctl stock`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show a product's lots
    Show {
        /// The SKU
        sku: String,
    },
    /// List the stock of all products
    List,
    /// Take a running shop's stock over, once: its quantities plus what its unshipped orders
    /// have already taken off, both of one moment
    Open {
        /// The channel, by its name or its kind
        #[arg(long, value_name = "CHANNEL")]
        from: String,
        /// CSV with sku, unit_cost; optional: currency
        #[arg(long, value_name = "FILE")]
        costs: Option<PathBuf>,
        #[command(flatten)]
        rates: RateArgs,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Tell what the stock is worth at what it cost
    Value {
        /// At the end of this day, YYYY-MM-DD, instead of now
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// A row for each of these
        #[arg(long, value_enum, default_value = "sku")]
        by: By,
    },
    /// Take goods back that left with an order: lots of their own, at what they cost
    Return {
        /// The order, such as woo:1042
        order: String,
        /// What came back, such as AB-1=2
        #[arg(required = true, value_name = "SKU=QTY")]
        lines: Vec<String>,
        /// The serials that came back
        #[arg(long = "serial", value_name = "SERIAL", value_delimiter = ',')]
        serials: Vec<String>,
        /// Where it is put
        #[arg(long, value_name = "LOCATION", default_value = "returns")]
        to: String,
        /// Apply once under this reference
        #[arg(long = "ref", value_name = "REF", value_parser = super::key)]
        reference: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Add or remove units
    Adjust {
        /// The SKU
        sku: String,
        /// Units to add, or to remove with a minus
        #[arg(long, allow_negative_numbers = true, value_name = "N",
            value_parser = clap::value_parser!(i64).range(-1_000_000_000..=1_000_000_000))]
        by: i64,
        /// Why
        #[arg(long, value_enum)]
        reason: Reason,
        /// A reference that is applied only once
        #[arg(long = "ref", value_name = "REF", value_parser = super::key)]
        reference: Option<String>,
        /// The serials of the units, one for each, where the product has them
        #[arg(long = "serial", value_name = "SERIAL", value_delimiter = ',')]
        serials: Vec<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Move units from one place in the house to another
    Move(relocate::Args),
}

/// Why stock is corrected.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reason {
    Count,
    Damaged,
    Lost,
    Found,
    Theft,
    Sample,
    Correction,
}

impl Reason {
    fn code(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Found => "found",
            Self::Theft => "theft",
            Self::Sample => "sample",
            Self::Correction => "correction",
        }
    }
}

/// By what the stock's value is told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// A row for each SKU.
    Sku,
    /// A row for each lot.
    Lot,
    /// A row for each location.
    Location,
}

/// Reads `AB-1=2`.
fn sku_and_units(text: &str) -> Result<(String, i64), Fault> {
    let read = text.rsplit_once('=').and_then(|(sku, units)| {
        let units: i64 = units.parse().ok().filter(|units| *units > 0)?;
        Some((sku.to_owned(), units))
    });
    read.ok_or_else(|| {
        Fault::usage(format!("{text:?} is not of the form SKU=QTY")).hint("for example AB-1=2")
    })
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<ListedRow>,
}

#[derive(Serialize)]
struct ListedRow {
    #[serde(flatten)]
    stock: crate::store::stock::SkuRow,
    sellable: i64,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "sku",
                "title",
                "on hand#",
                "reserved#",
                "backordered#",
                "sellable#",
            ],
            self.rows.iter().map(|row| {
                vec![
                    row.stock.sku.clone(),
                    row.stock.title.clone(),
                    row.stock.on_hand.to_string(),
                    row.stock.reserved.to_string(),
                    row.stock.open_demand.to_string(),
                    row.sellable.to_string(),
                ]
            }),
        );
        page.line(format!("{} products", self.rows.len()));
    }
}

impl Report for stock::Shown {
    fn render(&self, page: &mut Page) {
        page.line(format!("{}  {}", self.totals.sku, self.totals.title));
        page.line(format!(
            "{} on hand, {} reserved, {} backordered, {} sellable",
            self.totals.on_hand, self.totals.reserved, self.totals.open_demand, self.sellable
        ));
        page.table(
            &[
                "lot",
                "received",
                "location",
                "on hand#",
                "reserved#",
                "lot cost#",
            ],
            self.lots.iter().map(|lot| {
                let cost = lot
                    .cost_minor
                    .zip(lot.currency.as_deref())
                    .map(|(minor, code)| {
                        code.parse::<Currency>()
                            .map_or_else(|_| String::new(), |c| format!("{} {c}", c.decimal(minor)))
                    });
                vec![
                    lot.lot.clone(),
                    lot.received_on.clone(),
                    lot.location.clone(),
                    lot.on_hand.to_string(),
                    lot.reserved.to_string(),
                    cost.unwrap_or_else(|| "unknown".to_owned()),
                ]
            }),
        );
    }
}

impl Report for stock::Adjusted {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        let tense = if self.dry_run { "would be" } else { "is" };
        page.line(format!(
            "{}: changed by {}, {} {tense} on hand",
            self.sku, self.by, self.on_hand
        ));
        for (lot, units) in &self.lots {
            page.line(format!("  lot {lot}: {units:+}"));
        }
        if self.released > 0 {
            page.line(format!(
                "{} units had been promised and are released, newest promise first.",
                self.released
            ));
        }
    }
}

impl Report for open::Report {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.line(format!(
                "Already taken over on {} by {}: {}. Nothing was changed.",
                before.at, before.actor, before.summary
            ));
            return;
        }
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        page.table(
            &["sku", "in the shop#", "taken off#", "opening#"],
            self.rows.iter().map(|row| {
                vec![
                    row.sku.clone(),
                    row.in_shop.to_string(),
                    row.taken_off.to_string(),
                    row.opening.to_string(),
                ]
            }),
        );
        let sum = |term: fn(&open::Row) -> i64| self.rows.iter().map(term).sum::<i64>();
        page.line(format!(
            "{} products: {} units in the shop + {} taken off by unshipped orders = {} units, \
             in {} lots",
            self.rows.len(),
            sum(|row| row.in_shop),
            sum(|row| row.taken_off),
            self.units,
            self.lots
        ));
        if let Some(cut_off) = self.cut_off {
            page.line(format!("As of {cut_off}, by the shop's clock."));
        }
        for (currency, amount) in &self.cost {
            page.line(format!("Cost: {amount} {currency}"));
        }
        if self.lots_without_cost > 0 {
            page.line(format!("{} lots have no cost.", self.lots_without_cost));
        }
        for skipped in &self.skipped {
            page.line(format!("Left as it is: {}: {}", skipped.sku, skipped.why));
        }
        if self.unknown_lines > 0 {
            page.line(format!(
                "{} lines of unshipped orders sell products that are not known.",
                self.unknown_lines
            ));
        }
    }
}

/// The channel that a person means, by its name or, where there is one of it, by its kind.
fn channel<'a>(ctx: &'a Context, wanted: &str) -> Result<(&'a str, &'a WooCommerce), Fault> {
    let channels = &ctx.tenant.channels;
    let of_kind: Vec<_> = channels
        .iter()
        .filter(|(name, Channel::WooCommerce(_))| *name == wanted || wanted == "woocommerce")
        .collect();
    let found = match of_kind[..] {
        [one] => Some(one),
        _ => channels.get_key_value(wanted),
    };
    found
        .map(|(name, Channel::WooCommerce(shop))| (name.as_str(), shop))
        .ok_or_else(|| {
            let names: Vec<&str> = channels.keys().map(String::as_str).collect();
            Fault::usage(format!("{wanted:?} names no one channel of this tenant"))
                .hint(format!("its channels are: {}", names.join(", ")))
        })
}

async fn open_stock(
    ctx: &Context,
    from: &str,
    options: &open::Options,
) -> anyhow::Result<open::Report> {
    let (name, shop) = channel(ctx, from)?;
    let work = async {
        let report = open::run(ctx, name, shop, options).await?;
        Ok((report, Ended::Done))
    };
    if options.dry_run {
        return Ok(work.await?.0);
    }
    let (report, _) = jobs::run(ctx, "stock-open", work).await?;
    scan::refresh(ctx).await?;
    Ok(report)
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Show { sku } => out.report(&stock::show(ctx, sku).await?)?,
        Command::List => {
            let rows = stock::list(ctx).await?;
            out.report(&Listed {
                rows: rows
                    .into_iter()
                    .map(|(stock, sellable)| ListedRow { stock, sellable })
                    .collect(),
            })?;
        }
        Command::Value { as_of, by } => {
            let by = match by {
                By::Sku => value::By::Sku,
                By::Lot => value::By::Lot,
                By::Location => value::By::Location,
            };
            out.report(&value::run(ctx, as_of.as_deref(), by).await?)?;
        }
        Command::Return {
            order,
            lines,
            serials,
            to,
            reference,
            dry,
        } => {
            let wish = take_back::Wish {
                order: order.clone(),
                lines: lines
                    .iter()
                    .map(|l| sku_and_units(l))
                    .collect::<Result<_, _>>()?,
                serials: serials.clone(),
                to: to.clone(),
                reference: reference.clone(),
                dry_run: dry.dry_run,
            };
            let report = take_back::run(ctx, &wish).await?;
            if !report.dry_run && report.applied_before.is_none() {
                low_stock::refresh(ctx).await?;
                scan::refresh(ctx).await?;
            }
            out.report(&report)?;
        }
        Command::Open {
            from,
            costs,
            rates,
            dry,
        } => {
            let options = open::Options {
                costs: costs.clone(),
                rates: rates.read()?,
                dry_run: dry.dry_run,
            };
            out.report(&open_stock(ctx, from, &options).await?)?;
        }
        Command::Adjust {
            sku,
            by,
            reason,
            reference,
            serials,
            dry,
        } => {
            if *by == 0 {
                return Err(Fault::usage("--by 0 changes nothing").into());
            }
            let adjustment = Adjustment {
                sku: sku.clone(),
                by: *by,
                reason: reason.code(),
                reference: reference.clone(),
                serials: serials.clone(),
                dry_run: dry.dry_run,
            };
            let adjusted = stock::adjust(ctx, &adjustment).await?;
            if !adjusted.dry_run && adjusted.applied_before.is_none() {
                low_stock::refresh(ctx).await?;
                scan::refresh(ctx).await?;
            }
            out.report(&adjusted)?;
        }
        Command::Move(args) => relocate::run(args, ctx, out).await?,
    }
    Ok(Exit::Done)
}
