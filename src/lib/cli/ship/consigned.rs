//! Shipping with a carrier, and what becomes of it: `opsctl ship ORDER`, `void`, `resolve`,
//! `settle`, `return`, `list`, `show`.

use super::report::Listed;
use super::{Args, manual};
use crate::cli::serve::told_to_stop;
use crate::cli::{DryRun, Out};
use crate::context::Context;
use crate::domain::carriage::Piece;
use crate::domain::measure::{self, System};
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::consign::{self, Resolution, Return, Settled, Wish};

/// What can be done with sendings.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List what carriers were asked for, newest first
    List {
        /// Only what is not settled
        #[arg(long)]
        open: bool,
        /// So many at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one with its pieces, its papers, and where they are
    Show {
        /// Its number
        consignment: i64,
    },
    /// Void labels that were bought
    Void {
        /// Its number
        consignment: i64,
        /// Only these pieces, counted from 1
        #[arg(long = "piece", value_name = "N", value_delimiter = ',')]
        pieces: Vec<i64>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Say what the carrier could not: whether labels were bought
    #[command(group = clap::ArgGroup::new("word").required(true).args(["adopt", "not_bought"]))]
    Resolve {
        /// Its number
        consignment: i64,
        /// They were: the numbers of all pieces, in their order
        #[arg(long, value_name = "TRACKING", value_delimiter = ',')]
        adopt: Vec<String>,
        /// They were not
        #[arg(long)]
        not_bought: bool,
        /// Take the numbers as they are, also where the carrier does not know them
        #[arg(long, conflicts_with = "not_bought")]
        as_is: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Ask carriers what became of lost answers, and go on where something stopped
    Settle,
    /// Buy labels with which goods come back from the customer
    Return {
        /// The order they left with
        order: String,
        /// A piece, such as 2.5kg:30x20x15cm; may be repeated
        #[arg(long = "package", value_name = "WEIGHT:LxWxH", required = true)]
        packages: Vec<String>,
        /// The carrier
        #[arg(long, value_name = "NAME")]
        carrier: Option<String>,
        /// The service: the carrier's code, or the shop's name of it
        #[arg(long)]
        service: Option<String>,
        /// Buy labels also where some were bought for a return of this order
        #[arg(long)]
        another: bool,
        /// Print the labels at this station
        #[arg(long, value_name = "NAME", env = "OPSCTL_STATION")]
        station: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
}

/// Runs a subcommand.
pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match command {
        Command::List { open, limit } => {
            let consignments = consign::list(ctx, *open, i64::from(*limit)).await?;
            out.report(&Listed { consignments })?;
        }
        Command::Show { consignment } => out.report(&consign::one(ctx, *consignment).await?)?,
        Command::Void {
            consignment,
            pieces,
            dry,
        } => {
            let report = consign::void(ctx, *consignment, pieces, dry.dry_run).await?;
            out.report(&report)?;
            let whole = pieces.is_empty() && report.stands.is_empty();
            if report.why.is_some() || !(whole || report.voided.len() == pieces.len()) {
                return Ok(Exit::Failed);
            }
        }
        Command::Resolve {
            consignment,
            adopt,
            not_bought,
            as_is,
            dry,
        } => {
            let resolution = if *not_bought {
                Resolution::NotBought
            } else {
                let number = |text: &String| manual::name("a tracking number", text);
                Resolution::Adopt {
                    numbers: adopt.iter().map(number).collect::<Result<_, _>>()?,
                    as_is: *as_is,
                }
            };
            let report = consign::resolve(ctx, *consignment, &resolution, dry.dry_run).await?;
            out.report(&report)?;
            return Ok(exit(&report));
        }
        Command::Settle => {
            let work = async {
                let settled = consign::settle(ctx).await?;
                let whole = settled.failed.is_empty()
                    && settled.needs_decision.is_empty()
                    && settled.not_printed.is_empty();
                Ok((settled, if whole { Ended::Done } else { Ended::Partly }))
            };
            let (settled, ended) = jobs::run(ctx, "ship-settle", work).await?;
            out.report(&settled)?;
            if ended == Ended::Partly {
                return Err(partly(&settled).into());
            }
        }
        Command::Return {
            order,
            packages,
            carrier,
            service,
            another,
            station,
            dry,
        } => {
            let wish = Return {
                order: order.clone(),
                carrier: carrier.clone(),
                service: service.clone(),
                another: *another,
                station: station.clone(),
                pieces: pieces(ctx, packages)?,
                dry_run: dry.dry_run,
            };
            let report = unless_stopped(ctx, order, consign::ask_back(ctx, &wish)).await?;
            out.report(&report)?;
            return Ok(exit(&report));
        }
    }
    Ok(Exit::Done)
}

/// What a person has to look at, on stderr: cron mails that.
fn partly(settled: &Settled) -> Fault {
    let all = settled.needs_decision.iter().chain(&settled.failed);
    let all = all.chain(&settled.not_printed);
    let lines = all.map(|(id, order, why)| format!("\n  consignment {id} of {order}: {why}"));
    Fault::failed(format!(
        "some shipments are not settled:{}",
        lines.collect::<String>()
    ))
    .hint("`opsctl ship show N` tells more, `opsctl ship resolve N` decides")
}

/// Ships one order, or tells what that would cost.
pub(super) async fn ship(
    args: &Args,
    order: &str,
    ctx: &Context,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let number = |text: &String| manual::name("a tracking number", text);
    let wish = Wish {
        order: order.to_owned(),
        carrier: args.carrier.clone(),
        service: args.service.clone(),
        pieces: pieces(ctx, &args.packages)?,
        numbers: args.tracking.iter().map(number).collect::<Result<_, _>>()?,
        serials: args.serials.clone(),
        partial: args.partial,
        address_as_is: args.address_as_is,
        station: args.station.clone(),
        dry_run: args.dry.dry_run,
    };
    if args.rate {
        out.report(&consign::rates(ctx, &wish).await?)?;
        return Ok(Exit::Done);
    }
    let report = unless_stopped(ctx, order, consign::ship(ctx, &wish)).await?;
    out.report(&report)?;
    Ok(exit(&report))
}

/// Does what is to be done for an order, or says how it stands where the run is told to stop.
async fn unless_stopped<R>(
    ctx: &Context,
    order: &str,
    work: impl Future<Output = anyhow::Result<R>>,
) -> anyhow::Result<R> {
    let stop = told_to_stop()?;
    tokio::select! {
        done = work => done,
        () = stop => {
            let text = if consign::interrupted(ctx, order).await? {
                format!("stopped while labels for {order} were bought: they may have been sold")
            } else {
                format!("stopped; what was begun for {order} stands")
            };
            Err(Fault::try_again(text)
                .hint("run it again: it first asks what was done, and does only what is missing")
                .into())
        }
    }
}

/// What did not come out of the printer is a failure, though the parcel goes.
fn exit(report: &consign::Report) -> Exit {
    if report.papers.wrong.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// Reads pieces, in the units of the sender's country where none are said.
fn pieces(ctx: &Context, texts: &[String]) -> Result<Vec<Piece>, Fault> {
    let sender = ctx.tenant.shipping.sender.as_ref();
    let system = System::of(sender.map_or("", |sender| sender.country.as_str()));
    let read = |text: &String| {
        let bad = |why| Fault::usage(why).hint("--package WEIGHT:LxWxH, such as 2.5kg:30x20x15cm");
        measure::piece(text, system).map_err(bad)
    };
    texts.iter().map(read).collect()
}
