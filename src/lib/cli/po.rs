//! `opsctl po new | import | list | show | close | propose`: what is ordered of suppliers. An
//! order with a `--ref`, and a list, is made once; a proposal that is written is on order, so
//! that a second one finds nothing to buy.

use std::path::PathBuf;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::cost::unit_cost;
use crate::domain::money::Currency;
use crate::fault::Exit;
use crate::workflows::propose;
use crate::workflows::purchasing::{self, Closed, LineWish, Listed, Made, Shown, Wish};

/// Arguments of `opsctl po`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Order goods of a supplier
    New(New),
    /// Take purchase orders in from a CSV file, all or none
    Import {
        /// CSV with po, supplier, sku, qty; optional: unit_cost, currency, ordered_on,
        /// expected_on, note
        file: PathBuf,
        /// Apply under this reference instead of the file's content hash
        #[arg(long = "ref", value_name = "REF", value_parser = super::key)]
        reference: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List purchase orders, newest first
    List {
        /// Those that are not closed; this goes without saying
        #[arg(long, conflicts_with = "all")]
        open: bool,
        /// The closed ones, too
        #[arg(long)]
        all: bool,
        /// Only those of this supplier
        #[arg(long, value_name = "CODE")]
        supplier: Option<String>,
    },
    /// Show a purchase order, and what came in for it
    Show {
        /// Its number
        number: String,
    },
    /// Close a purchase order: what has not come is no longer expected
    Close {
        /// Its number
        number: String,
        /// Why
        #[arg(long, value_name = "TEXT", value_parser = super::key)]
        reason: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Propose what to buy: what runs out before more could come
    Propose {
        /// Only of this supplier
        #[arg(long, value_name = "CODE")]
        supplier: Option<String>,
        /// Days that the goods shall last beyond the time they take to come
        #[arg(long, value_name = "N", default_value_t = 30,
            value_parser = clap::value_parser!(i64).range(0..=3650))]
        cover_days: i64,
        /// Make a purchase order of it for each supplier
        #[arg(long)]
        write: bool,
        #[command(flatten)]
        dry: DryRun,
    },
}

#[derive(Debug, clap::Args)]
struct New {
    /// The supplier
    #[arg(long, value_name = "CODE")]
    supplier: String,
    /// Units of a SKU, and what one costs where that is not the supplier's newest price; may
    /// be repeated
    #[arg(long = "line", value_name = "SKU=QTY[@UNITCOST]", required = true, value_parser = line)]
    lines: Vec<LineWish>,
    /// Its number, instead of the next one
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// The day it was ordered; today by default
    #[arg(long, value_name = "DATE", value_parser = super::day)]
    ordered_on: Option<String>,
    /// The day its goods are expected; after the supplier's lead days by default
    #[arg(long, value_name = "DATE", value_parser = super::day)]
    expected: Option<String>,
    /// The currency of its costs; the supplier's by default
    #[arg(long, value_name = "CUR")]
    currency: Option<Currency>,
    /// A note
    #[arg(long, value_name = "TEXT", value_parser = super::key)]
    note: Option<String>,
    /// A reference under which it is made only once
    #[arg(long = "ref", value_name = "REF", value_parser = super::key)]
    reference: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

/// Reads `SKU=QTY@UNITCOST`. A SKU may have an `=` in it.
fn line(text: &str) -> Result<LineWish, String> {
    let (sku, rest) = text.rsplit_once('=').ok_or("write SKU=QTY or SKU=QTY@UNITCOST")?;
    let (quantity, unit_cost) = match rest.split_once('@') {
        Some((quantity, cost)) => {
            let cost = cost.parse().map_err(|error| format!("{cost:?}: {error}"))?;
            (quantity, Some(cost))
        }
        None => (rest, None),
    };
    Ok(LineWish {
        sku: super::key(sku)?,
        quantity: super::units(quantity)?,
        unit_cost,
    })
}

impl Report for Made {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.line(format!(
                "Already applied on {} by {}: {}. Nothing was changed.",
                before.at, before.actor, before.summary
            ));
            return;
        }
        if self.dry_run {
            page.line("Dry run: this is what would be ordered.");
        }
        orders(page, &self.orders);
    }
}

fn orders(page: &mut Page, orders: &[purchasing::MadeOrder]) {
    page.table(
        &["order", "supplier", "lines#", "units#", "cost#", "expected"],
        orders.iter().map(|o| {
            vec![
                o.number.clone(),
                o.supplier.clone(),
                o.lines.to_string(),
                o.units.to_string(),
                format!("{} {}", o.cost, o.currency),
                o.expected_on.clone(),
            ]
        }),
    );
    let without: u64 = orders.iter().map(|o| o.lines_without_cost).sum();
    if without > 0 {
        page.line(format!("{without} lines have no cost."));
    }
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "order",
                "supplier",
                "ordered",
                "units#",
                "received#",
                "open#",
                "expected",
                "state",
            ],
            self.rows.iter().map(|entry| {
                let (sum, order) = (&entry.summary, &entry.summary.order);
                vec![
                    order.number.clone(),
                    order.supplier.clone(),
                    order.ordered_on.clone(),
                    sum.units.to_string(),
                    sum.received.to_string(),
                    sum.open.to_string(),
                    order.expected_on.clone(),
                    state(order.closed_why.as_deref(), entry.late),
                ]
            }),
        );
        page.line(format!("{} purchase orders", self.rows.len()));
    }
}

fn state(closed_why: Option<&str>, late: bool) -> String {
    match closed_why {
        Some(why) => format!("closed: {why}"),
        None if late => "LATE".to_owned(),
        None => "open".to_owned(),
    }
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        let o = &self.order;
        page.line(format!("{}  {} {}", o.number, o.supplier, o.supplier_name));
        page.line(format!(
            "ordered {}, expected {}, {}",
            o.ordered_on,
            o.expected_on,
            state(o.closed_why.as_deref(), self.late)
        ));
        if !o.note.is_empty() {
            page.line(&o.note);
        }
        let currency = o.currency.parse::<Currency>().ok();
        let money = |minor: Option<i64>| {
            let text = minor.zip(currency).map(|(minor, c)| format!("{} {c}", c.decimal(minor)));
            text.unwrap_or_else(|| "unknown".to_owned())
        };
        page.table(
            &[
                "line#",
                "sku",
                "ordered#",
                "received#",
                "invoiced#",
                "open#",
                "cost#",
                "a unit#",
            ],
            self.lines.iter().map(|shown| {
                let line = &shown.line;
                let unit = line.cost_minor.zip(currency);
                vec![
                    line.line.to_string(),
                    line.sku.clone(),
                    line.quantity.to_string(),
                    line.received.to_string(),
                    line.invoiced.to_string(),
                    shown.open.to_string(),
                    money(line.cost_minor),
                    unit.map(|(minor, c)| unit_cost(minor, line.quantity, c)).unwrap_or_default(),
                ]
            }),
        );
        let receipts = self.lines.iter().flat_map(|shown| {
            shown.receipts.iter().map(move |row| {
                vec![
                    row.received_on.clone(),
                    row.receipt.to_string(),
                    shown.line.line.to_string(),
                    row.sku.clone(),
                    row.lot.clone(),
                    row.quantity.to_string(),
                    row.invoiced.to_string(),
                ]
            })
        });
        let mut receipts: Vec<Vec<String>> = receipts.collect();
        receipts.sort();
        if !receipts.is_empty() {
            page.table(
                &["came in", "receipt#", "line#", "sku", "lot", "units#", "invoiced#"],
                receipts,
            );
        }
    }
}

impl Report for Closed {
    fn render(&self, page: &mut Page) {
        if let Some(at) = self.closed_before {
            page.line(format!(
                "{} was closed on {at} already: {}. Nothing was changed.",
                self.number, self.reason
            ));
            return;
        }
        let tense = if self.dry_run { "would be" } else { "is" };
        page.line(format!(
            "{} {tense} closed; {} units are no longer expected.",
            self.number, self.given_up
        ));
    }
}

impl Report for propose::Report {
    fn render(&self, page: &mut Page) {
        if self.rows.is_empty() {
            page.line("Nothing needs to be bought.");
        } else {
            page.table(
                &[
                    "supplier",
                    "sku",
                    "available#",
                    "on order#",
                    "a day#",
                    "point#",
                    "pack#",
                    "buy#",
                    "cost#",
                ],
                self.rows.iter().map(|row| {
                    let cost = row.cost.as_ref().zip(row.currency.as_ref());
                    vec![
                        row.supplier.clone(),
                        row.sku.clone(),
                        row.available.to_string(),
                        row.on_order.to_string(),
                        row.per_day.clone(),
                        row.point.to_string(),
                        row.pack.to_string(),
                        row.quantity.to_string(),
                        cost.map_or_else(
                            || "unknown".to_owned(),
                            |(amount, currency)| format!("{amount} {currency}"),
                        ),
                    ]
                }),
            );
        }
        if !self.without_supplier.is_empty() {
            page.line(format!(
                "Low, but without a supplier, or with several and none preferred: {}",
                self.without_supplier.join(", ")
            ));
        }
        if !self.orders.is_empty() {
            page.line(if self.dry_run {
                "Dry run: this is what would be ordered."
            } else {
                "Ordered:"
            });
            orders(page, &self.orders);
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::New(new) => {
            let wish = Wish {
                supplier: new.supplier.clone(),
                lines: new.lines.clone(),
                number: new.number.clone(),
                ordered_on: new.ordered_on.clone(),
                expected_on: new.expected.clone(),
                currency: new.currency,
                note: new.note.clone().unwrap_or_default(),
                reference: new.reference.clone(),
                dry_run: new.dry.dry_run,
            };
            out.report(&purchasing::create(ctx, &wish).await?)?;
        }
        Command::Import {
            file,
            reference,
            dry,
        } => {
            let made = purchasing::import(ctx, file, reference.as_deref(), dry.dry_run).await?;
            out.report(&made)?;
        }
        Command::List { all, supplier, .. } => {
            out.report(&purchasing::list(ctx, supplier.as_deref(), *all).await?)?;
        }
        Command::Show { number } => out.report(&purchasing::show(ctx, number).await?)?,
        Command::Close {
            number,
            reason,
            dry,
        } => {
            let closed = purchasing::close(ctx, number, reason.as_deref(), dry.dry_run).await?;
            out.report(&closed)?;
        }
        Command::Propose {
            supplier,
            cover_days,
            write,
            dry,
        } => {
            let options = propose::Options {
                supplier: supplier.clone(),
                cover_days: *cover_days,
                write: *write,
                dry_run: dry.dry_run,
            };
            out.report(&propose::run(ctx, &options).await?)?;
        }
    }
    Ok(Exit::Done)
}
