//! `opsctl count start | sheet | enter | review | apply | list | cancel`: the shelves are
//! counted while the shop goes on. A file is entered once, a count applied once.

mod report;

use std::path::PathBuf;

use clap::ValueEnum;

use super::{DryRun, Out};
use crate::context::Context;
use crate::domain::abc::Class;
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::workflows::count::{self, Entry, Uncounted, Wanted};
use crate::workflows::scan;

/// Arguments of `opsctl count`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Begin a count: note what lies where by the ledger now
    Start(StartArgs),
    /// Print the list to walk with
    Sheet {
        /// The count
        id: i64,
    },
    /// Enter what was seen: absolute numbers, from a file or one by one
    Enter(EnterArgs),
    /// Show what a count has found, and what applying it would do
    Review {
        /// The count
        id: i64,
    },
    /// Apply the differences to stock
    Apply {
        /// The count
        id: i64,
        /// Nothing lies where nobody has counted
        #[arg(long, conflicts_with = "only_counted")]
        uncounted_as_zero: bool,
        /// What nobody has counted stays as it is
        #[arg(long)]
        only_counted: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the counts, newest first
    List,
    /// Give an open count up: stock stays as it is
    Cancel {
        /// The count
        id: i64,
        #[command(flatten)]
        dry: DryRun,
    },
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    #[command(flatten)]
    what: What,
    /// Only so many products of the class, those that were counted longest ago
    #[arg(long, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: Option<u32>,
    #[command(flatten)]
    dry: DryRun,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// All that lies at these places, and at those in them
    #[arg(long, value_name = "CODE", num_args = 1..)]
    bin: Vec<String>,
    /// These products, wherever they lie
    #[arg(long, value_name = "SKU", num_args = 1..)]
    sku: Vec<String>,
    /// The products of a class, by the value dispatched in a year: A makes the first 80 %, B
    /// the next 15 %
    #[arg(long, value_enum, ignore_case = true)]
    class: Option<ClassArg>,
    /// Everything
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "UPPER")]
enum ClassArg {
    A,
    B,
    C,
}

#[derive(Debug, clap::Args)]
struct EnterArgs {
    /// The count
    id: i64,
    /// CSV with location, sku, counted; optional: lot, counted_at, reason
    #[arg(required_unless_present = "sku", conflicts_with_all = ["sku", "bin", "lot", "at", "reason"])]
    file: Option<PathBuf>,
    /// Where they lie
    #[arg(long, value_name = "CODE", requires = "sku")]
    bin: Option<String>,
    /// A product and how many units of it lie there, such as MUG=12
    #[arg(long, value_name = "SKU=QTY", num_args = 1.., requires = "bin")]
    sku: Vec<String>,
    /// The lot, where lots are told apart
    #[arg(long, requires = "sku")]
    lot: Option<String>,
    /// When they were counted, such as 2026-11-24T08:30:00Z; by default now
    #[arg(long, value_name = "TIME", requires = "sku")]
    at: Option<String>,
    /// What there is to say of it
    #[arg(long, value_name = "TEXT", requires = "sku")]
    reason: Option<String>,
    /// A reference that is entered only once; for a file by default its content
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

impl StartArgs {
    fn wanted(&self) -> Result<Wanted, Fault> {
        // clap waives what an option requires where that excludes another one given.
        if self.limit.is_some() && self.what.class.is_none() {
            return Err(Fault::usage("--limit goes with --class"));
        }
        let class = |class| match class {
            ClassArg::A => Class::A,
            ClassArg::B => Class::B,
            ClassArg::C => Class::C,
        };
        Ok(match &self.what {
            What {
                class: Some(of), ..
            } => Wanted::Class(class(*of), self.limit.map(|limit| limit as usize)),
            What { all: true, .. } => Wanted::All,
            What { bin, .. } if !bin.is_empty() => Wanted::Bins(bin.clone()),
            What { sku, .. } => Wanted::Skus(sku.clone()),
        })
    }
}

impl EnterArgs {
    /// The entries given in words.
    fn entries(&self, ctx: &Context) -> Result<Vec<Entry>, Fault> {
        let wrong = |option: &str, why: String| Fault::usage(format!("{option}: {why}"));
        let at = self.at.as_deref().map(|text| count::time(ctx, text));
        let at: Option<UtcMs> = at.transpose().map_err(|why| wrong("--at", why))?;
        if let Some(reason) = &self.reason {
            count::said(reason).map_err(|why| wrong("--reason", why))?;
        }
        let entries = self.sku.iter().map(|text| {
            let (sku, units) = text.rsplit_once('=').ok_or_else(|| {
                Fault::usage(format!("--sku {text}: no `=` in it"))
                    .hint("write --sku MUG=12 for 12 units of MUG")
            })?;
            let counted = count::seen(units);
            Ok(Entry {
                location: self.bin.clone().unwrap_or_default(),
                sku: sku.to_owned(),
                lot: self.lot.clone(),
                counted: counted.map_err(|why| wrong(&format!("--sku {text}"), why))?,
                counted_at: at,
                reason: self.reason.clone(),
            })
        });
        entries.collect()
    }
}

async fn enter(args: &EnterArgs, ctx: &Context, out: &mut Out) -> anyhow::Result<()> {
    let (reference, dry_run) = (args.reference.as_deref(), args.dry.dry_run);
    let entered = match &args.file {
        Some(file) => count::from_file(ctx, args.id, file, reference, dry_run).await?,
        None => count::from_words(ctx, args.id, &args.entries(ctx)?, reference, dry_run).await?,
    };
    out.report(&entered)
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Start(args) => {
            out.report(&count::start(ctx, &args.wanted()?, args.dry.dry_run).await?)?;
        }
        Command::Sheet { id } => out.report(&count::sheet(ctx, *id).await?)?,
        Command::Enter(args) => enter(args, ctx, out).await?,
        Command::Review { id } => out.report(&count::review(ctx, *id).await?)?,
        Command::Apply {
            id,
            uncounted_as_zero,
            only_counted,
            dry,
        } => {
            let uncounted = match (uncounted_as_zero, only_counted) {
                (true, _) => Some(Uncounted::AsZero),
                (_, true) => Some(Uncounted::Leave),
                _ => None,
            };
            let applied = count::apply(ctx, *id, uncounted, dry.dry_run).await?;
            if !applied.dry_run && applied.applied_before.is_none() {
                scan::refresh(ctx).await?;
            }
            out.report(&applied)?;
        }
        Command::List => {
            let rows = count::list(ctx).await?;
            out.report(&report::List { rows })?;
        }
        Command::Cancel { id, dry } => {
            out.report(&count::cancel(ctx, *id, dry.dry_run).await?)?;
        }
    }
    Ok(Exit::Done)
}
