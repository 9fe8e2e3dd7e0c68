//! `opsctl po new | import | list | show | close | propose`: what is ordered of suppliers. An
//! order with a `--ref`, and a list, is made once; a proposal that is written is on order, so
//! that a second one finds nothing to buy.

mod reports;

use std::path::PathBuf;

use super::{DryRun, Out};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::Exit;
use crate::workflows::propose;
use crate::workflows::purchasing::{self, LineWish, Wish};

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
    let (sku, rest) = text
        .rsplit_once('=')
        .ok_or("write SKU=QTY or SKU=QTY@UNITCOST")?;
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
