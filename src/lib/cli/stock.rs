//! `opsctl stock show | list | adjust`: what lies where, and corrections. An adjustment
//! with a `--ref` is applied once.

use clap::ValueEnum;
use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::{Exit, Fault};
use crate::workflows::stock::{self, Adjustment};

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
    /// Add or remove units
    Adjust {
        /// The SKU
        sku: String,
        /// Units to add, or to remove with a minus
        #[arg(long, allow_negative_numbers = true, value_name = "N")]
        by: i64,
        /// Why
        #[arg(long, value_enum)]
        reason: Reason,
        /// A reference that is applied only once
        #[arg(long = "ref", value_name = "REF")]
        reference: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
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
            page.line(format!(
                "Already applied on {} by {}: {}. Nothing was changed.",
                before.at, before.actor, before.summary
            ));
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
        Command::Adjust {
            sku,
            by,
            reason,
            reference,
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
                dry_run: dry.dry_run,
            };
            out.report(&stock::adjust(ctx, &adjustment).await?)?;
        }
    }
    Ok(Exit::Done)
}
