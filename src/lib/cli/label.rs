//! `opsctl label`: labels and papers are printed once, printed again, looked at, and the
//! house's own are made. Prints through CUPS.
//!
//! `print` and `jobs` can be run again: what was printed is not printed a second time.
//! `reprint` and the labels of the house print each time.

mod report;

use std::path::PathBuf;

use super::{DryRun, Out};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::store::print_jobs::Row;
use crate::workflows::label::{self, Form, MakeWish, Subject, Wish};
use crate::workflows::printing;
use report::{Jobs, Listed, Looked};

/// Arguments of `opsctl label`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, clap::Args)]
struct Where {
    /// The station, by its name in the tenant file; needed where there are several
    #[arg(long, env = "OPSCTL_STATION", value_name = "NAME")]
    station: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Making {
    /// How many
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=500))]
    copies: u32,
    /// Write the label to FILE as ZPL, and keep and print nothing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    dry: DryRun,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print all labels and papers of a shipment that were not printed yet
    Print {
        /// A consignment, by its number in `opsctl ship list` or by our reference; or an order
        #[arg(value_name = "CONSIGNMENT|ORDER")]
        sending: String,
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Print again; what still waits in a queue is taken back first
    Reprint {
        /// document:12, job:7, or as with print: a consignment or an order
        #[arg(value_name = "WHAT")]
        what: String,
        #[command(flatten)]
        place: Where,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Write a document to a file: a label as a picture, all others as they were issued
    Preview {
        /// The document's number
        document: i64,
        /// Where to; with .png as a picture, else as it was issued
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List print jobs, newest first
    List {
        /// Only those that are not at their end
        #[arg(long)]
        open: bool,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Print what waits, and see what became of what was handed over
    Jobs {
        #[command(flatten)]
        dry: DryRun,
    },
    /// Make and print a product's label
    Product {
        /// The SKU
        sku: String,
        #[command(flatten)]
        making: Making,
    },
    /// Make and print a place's label
    Bin {
        /// The place's code
        code: String,
        #[command(flatten)]
        making: Making,
    },
    /// Make and print a lot's label
    Lot {
        /// The SKU
        sku: String,
        /// The lot
        lot: String,
        #[command(flatten)]
        making: Making,
    },
    /// Make and print a unit's label
    Serial {
        /// The SKU
        sku: String,
        /// The serial
        serial: String,
        #[command(flatten)]
        making: Making,
    },
    /// Make and print a tote's label
    Tote {
        /// The tote's number, from 1 to 9999
        number: i64,
        #[command(flatten)]
        making: Making,
    },
}

fn wish(what: &str, place: &Where, dry: DryRun) -> Wish {
    Wish {
        what: what.to_owned(),
        station: place.station.clone(),
        patience: printing::PATIENCE,
        dry_run: dry.dry_run,
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's, or a file cannot be written.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let (subject, making) = match &args.command {
        Command::Print {
            sending,
            place,
            dry,
        } => {
            let printed = label::print(ctx, &wish(sending, place, *dry)).await?;
            out.report(&printed)?;
            return Ok(report::exit(&printed));
        }
        Command::Reprint { what, place, dry } => {
            let printed = label::reprint(ctx, &wish(what, place, *dry)).await?;
            out.report(&printed)?;
            return Ok(report::exit(&printed));
        }
        Command::Preview {
            document,
            out: file,
        } => return look(ctx, out, *document, file.clone()).await,
        Command::List { open, limit } => {
            let rows = label::list(ctx, *open, *limit).await?;
            out.report(&Listed { rows })?;
            return Ok(Exit::Done);
        }
        Command::Jobs { dry } => {
            let rows = if dry.dry_run {
                label::list(ctx, true, i64::MAX).await?
            } else {
                printing::run_due(ctx, printing::PATIENCE).await?
            };
            let jobs = Jobs {
                dry_run: dry.dry_run,
                jobs: rows,
            };
            out.report(&jobs)?;
            if dry.dry_run {
                return Ok(Exit::Done);
            }
            let failed = jobs.jobs.iter().filter(|job| job.state == "failed");
            let failed: Vec<String> = failed.map(told).collect();
            if !failed.is_empty() {
                return Err(not_printed(&failed).into());
            }
            return Ok(printing::exit(&jobs.jobs));
        }
        Command::Product { sku, making } => (Subject::Product(sku.clone()), making),
        Command::Bin { code, making } => (Subject::Bin(code.clone()), making),
        Command::Lot { sku, lot, making } => (Subject::Lot(sku.clone(), lot.clone()), making),
        Command::Serial {
            sku,
            serial,
            making,
        } => (Subject::Serial(sku.clone(), serial.clone()), making),
        Command::Tote { number, making } => (Subject::Tote(*number), making),
    };
    make(ctx, out, subject, making).await
}

fn told(job: &Row) -> String {
    format!("\n  {} at {}: {}", job.title, job.station, job.said)
}

/// What did not come out, on stderr: cron mails that, once a job.
fn not_printed(failed: &[String]) -> Fault {
    Fault::failed(format!("some jobs did not come out:{}", failed.concat()))
        .hint("`opsctl label list` shows them; `opsctl label reprint job:N` prints one again")
}

async fn make(
    ctx: &Context,
    out: &mut Out,
    subject: Subject,
    making: &Making,
) -> anyhow::Result<Exit> {
    let wish = MakeWish {
        subject,
        copies: making.copies,
        station: making.place.station.clone(),
        only_make: making.out.is_some(),
        patience: printing::PATIENCE,
        dry_run: making.dry.dry_run,
    };
    let kept = label::make(ctx, &wish).await?;
    if let Some(file) = making.out.as_ref().filter(|_| !wish.dry_run) {
        write(file, kept.zpl.as_bytes())?;
        out.note(&format!("Wrote {}", file.display()));
    }
    out.report(&kept)?;
    Ok(kept
        .job
        .as_ref()
        .map_or(Exit::Done, |job| printing::exit(std::slice::from_ref(job))))
}

async fn look(
    ctx: &Context,
    out: &mut Out,
    document: i64,
    file: Option<PathBuf>,
) -> anyhow::Result<Exit> {
    let wants = |extension: &str| {
        let given = file.as_ref().and_then(|file| file.extension());
        given.is_some_and(|given| given.eq_ignore_ascii_case(extension))
    };
    let as_issued = label::preview(ctx, document, Form::AsIssued).await?;
    let is_label = as_issued.extension == "zpl";
    let found = if wants("png") || (file.is_none() && is_label) {
        label::preview(ctx, document, Form::Picture).await?
    } else {
        as_issued
    };
    let file = file.unwrap_or_else(|| format!("document-{document}.{}", found.extension).into());
    write(&file, &found.bytes)?;
    out.report(&Looked {
        document,
        title: found.title,
        media_type: found.media_type,
        bytes: found.bytes.len(),
        file: file.display().to_string(),
    })?;
    Ok(Exit::Done)
}

fn write(file: &PathBuf, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(file, bytes).map_err(|error| {
        Fault::failed(format!("{} cannot be written: {error}", file.display())).into()
    })
}
