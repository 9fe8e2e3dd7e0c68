//! `opsctl pick ...`: the queue, rounds and what was not found. Rounds move stock to the
//! packing bench as lines come together; each scan counts once by its id.

mod report;

use uuid::Uuid;

use super::{DryRun, Out};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::workflows::pick::{
    self, Answer, EventKind, Outcome, ReleaseWish, ScanEvent, SettleWish, StartWish,
};
use crate::workflows::scan;
use report::{Discrepancies, Waves};

/// Arguments of `opsctl pick`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the orders that may be picked, the first to go first
    Queue {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Begin a round for orders that nobody holds
    Start {
        /// The orders, such as woo:1042
        orders: Vec<String>,
        /// Take so many from the head of the queue
        #[arg(long, value_name = "N", default_value_t = 0)]
        next: usize,
        /// A UUID of your own: asked again with it, the same round is given
        #[arg(long, value_name = "UUID")]
        claim: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the rounds that are walked, and those whose orders wait for packing
    List,
    /// Show what is to be taken where
    Show {
        /// The round
        wave: i64,
    },
    /// Count units of a line as picked, or as put back
    Scan {
        /// The round
        wave: i64,
        /// The line
        #[arg(long)]
        line: i64,
        /// Units
        #[arg(long, default_value_t = 1,
            value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        units: i64,
        /// They are put back
        #[arg(long)]
        undo: bool,
        /// The scan's UUID: the same again counts no second time
        #[arg(long, value_name = "UUID")]
        id: Option<String>,
        /// What the scanner read
        #[arg(long, default_value = "")]
        code: String,
    },
    /// Say that no more of a line was found: reserve elsewhere, and ask for a count
    Short {
        /// The round
        wave: i64,
        /// The line
        line: i64,
        /// Units of it found in all, those picked before included
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
        found: i64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The scan's UUID: the same again counts no second time
        #[arg(long, value_name = "UUID")]
        id: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// End a round in which every line is picked or short
    Finish {
        /// The round
        wave: i64,
    },
    /// Give the orders of a round back to the queue
    Release {
        /// The round
        wave: i64,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "given back")]
        reason: String,
        /// Also while somebody else is walking it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List what was not as the books have it
    Discrepancies {
        /// Also those that are settled
        #[arg(long)]
        all: bool,
        /// Only those with smaller numbers: the next page
        #[arg(long, value_name = "ID")]
        below: Option<i64>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Settle a discrepancy: what was found goes back, the rest is written off
    Settle {
        /// The discrepancy
        id: i64,
        /// Of the missing units, those found after all
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
        found: i64,
        /// Why
        #[arg(long, value_name = "TEXT", value_parser = super::key)]
        reason: String,
        /// The serials of the lost units, where the product has them
        #[arg(long = "serial", value_name = "SERIAL", value_delimiter = ',')]
        serials: Vec<String>,
        #[command(flatten)]
        dry: DryRun,
    },
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Queue { limit } => out.report(&pick::queue(ctx, Some(*limit)).await?)?,
        Command::Start {
            orders,
            next,
            claim,
            dry,
        } => {
            let wish = StartWish {
                orders: orders.clone(),
                next: *next,
                claim: claim.clone(),
                dry_run: dry.dry_run,
            };
            out.report(&pick::start(ctx, &wish).await?)?;
        }
        Command::List => out.report(&Waves {
            rows: pick::list(ctx).await?,
        })?,
        Command::Show { wave } => out.report(&pick::sheet(ctx, *wave).await?)?,
        Command::Scan { .. } | Command::Short { .. } => {
            return event(&args.command, ctx, out).await;
        }
        Command::Finish { wave } => {
            let claim = pick::claim_of(ctx, *wave).await?;
            out.report(&pick::finish(ctx, &claim).await?)?;
        }
        Command::Release {
            wave,
            reason,
            force,
            dry,
        } => {
            let wish = ReleaseWish {
                wave: *wave,
                why: reason.clone(),
                force: *force,
                dry_run: dry.dry_run,
            };
            out.report(&pick::release(ctx, &wish).await?)?;
        }
        Command::Discrepancies { all, below, limit } => out.report(&Discrepancies {
            rows: pick::discrepancies(ctx, *all, *below, *limit).await?,
        })?,
        Command::Settle {
            id,
            found,
            reason,
            serials,
            dry,
        } => {
            let wish = SettleWish {
                id: *id,
                found: *found,
                reason: reason.clone(),
                serials: serials.clone(),
                dry_run: dry.dry_run,
            };
            let settled = pick::settle(ctx, &wish).await?;
            if !settled.dry_run && settled.before.is_none() {
                scan::refresh(ctx).await?;
            }
            out.report(&settled)?;
        }
    }
    Ok(Exit::Done)
}

/// Stores one scan, as a station does.
async fn event(command: &Command, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let (wave, event, dry_run) = match command {
        Command::Scan {
            wave,
            line,
            units,
            undo,
            id,
            code,
        } => {
            let kind = if *undo {
                EventKind::Undo
            } else {
                EventKind::Pick
            };
            let event = scanned(ctx, id.as_deref(), kind, *line, *units);
            let event = ScanEvent {
                code: code.clone(),
                ..event
            };
            (*wave, event, false)
        }
        Command::Short {
            wave,
            line,
            found,
            reason,
            id,
            dry,
        } => {
            let event = scanned(ctx, id.as_deref(), EventKind::Short, *line, *found);
            let event = ScanEvent {
                reason: Some(reason.clone()),
                ..event
            };
            (*wave, event, dry.dry_run)
        }
        _ => return Ok(Exit::Done),
    };
    let claim = pick::claim_of(ctx, wave).await?;
    let answer = if dry_run {
        Some(pick::try_out(ctx, &claim, &event).await?)
    } else {
        pick::store(ctx, &claim, &[event]).await?.pop()
    };
    let Some(answer) = answer else {
        return Ok(Exit::Failed);
    };
    if !dry_run && answer.short.is_some() && !answer.repeated {
        scan::refresh(ctx).await?;
    }
    out.report(&answer)?;
    refusal(&answer, wave)?;
    Ok(Exit::Done)
}

fn scanned(ctx: &Context, id: Option<&str>, kind: EventKind, line: i64, units: i64) -> ScanEvent {
    ScanEvent {
        id: id.map_or_else(|| Uuid::new_v4().to_string(), ToOwned::to_owned),
        seq: 0,
        kind,
        line,
        units,
        code: String::new(),
        at: ctx.clock.now().0,
        reason: None,
    }
}

fn refusal(answer: &Answer, wave: i64) -> Result<(), Fault> {
    if answer.outcome == Outcome::Stored {
        return Ok(());
    }
    let why = answer.why.clone().unwrap_or_default();
    Err(Fault::failed(why).hint(format!("`opsctl pick show {wave}` shows what is open")))
}
