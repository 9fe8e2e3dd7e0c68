//! `opsctl ship ORDER`: an order leaves with a carrier. Buys labels, once: the attempt is noted
//! before the carrier is called, and run again it goes on where it stopped. `--manual` ships
//! by a person's word. Moves stock, cost layers and demand, and tells the shop.

mod consigned;
mod manual;
mod report;

use super::{DryRun, Out};
use crate::context::Context;
use crate::fault::{Exit, Fault};

pub(super) use manual::name;

/// Arguments of `opsctl ship`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<consigned::Command>,
    /// The order, such as woo:1042; with --manual several, each as ORDER=TRACKING where it has
    /// its own number
    #[arg(required = true, value_name = "ORDER[=TRACKING]")]
    orders: Vec<String>,
    /// Who carries it: a name of [carriers], or with --manual any
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// The service: the carrier's code, such as 03, or the shop's name of it
    #[arg(long, value_name = "SERVICE", conflicts_with = "manual")]
    service: Option<String>,
    /// A piece of an order that does not lie packed, such as 2.5kg:30x20x15cm; may be repeated
    #[arg(
        long = "package",
        value_name = "WEIGHT:LxWxH",
        conflicts_with = "manual"
    )]
    packages: Vec<String>,
    /// Only say what the carrier's services would cost
    #[arg(long, conflicts_with = "manual")]
    rate: bool,
    /// Take the address as it is, also where the carrier does not know it
    #[arg(long, conflicts_with = "manual")]
    address_as_is: bool,
    /// Print labels and papers at this station
    #[arg(long, value_name = "NAME", env = "OPSCTL_STATION")]
    station: Option<String>,
    /// Ship by a person's word, without asking a carrier
    #[arg(long, requires = "carrier")]
    manual: bool,
    /// The carrier's number for the parcel; of a carrier that is served by hand, those of all
    /// pieces, in their order
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    tracking: Vec<String>,
    /// Only these pieces of one order, such as AB-1=2, or AB-1=2@LOT from one lot
    #[arg(long = "line", value_name = "SKU=QTY[@LOT]", requires = "manual")]
    lines: Vec<String>,
    /// The serials that leave, one for each unit of what has serials
    #[arg(long = "serial", value_name = "SERIAL", value_delimiter = ',')]
    serials: Vec<String>,
    /// Ship what is there, where not all is
    #[arg(long)]
    partial: bool,
    /// Apply under this reference instead of order, carrier and number
    #[arg(long = "ref", value_name = "REF", value_parser = super::key, requires = "manual")]
    reference: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Some(command) => consigned::run(command, ctx, out).await,
        None if args.manual => manual::run(args, ctx, out).await,
        None => match args.orders.as_slice() {
            [order] => consigned::ship(args, order, ctx, out).await,
            _ => Err(Fault::usage("a carrier is asked for one order at a time")
                .hint("ship them one by one, or say --manual")
                .into()),
        },
    }
}
