//! `opsctl track [--all-open | NUMBER ...]`: asks carriers where parcels are and notes what
//! happened, once. Safe to repeat; a carrier that is down leaves the rest for the next run.

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::track::{self, Silent, Which};

/// Arguments of `opsctl track`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The carriers' numbers of parcels
    #[arg(value_name = "NUMBER", required_unless_present = "all_open")]
    numbers: Vec<String>,
    /// All parcels that are on their way and were not asked for in the last half hour
    #[arg(long, conflicts_with = "numbers")]
    all_open: bool,
    #[command(flatten)]
    dry: DryRun,
}

impl Report for track::Report {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is what a run would note.");
        }
        if !self.moved.is_empty() {
            page.table(
                &["order", "", "tracking", "was", "is"],
                self.moved.iter().map(|moved| {
                    vec![
                        moved.order.clone(),
                        moved.direction.clone(),
                        moved.tracking.clone(),
                        moved.from.as_deref().unwrap_or_default().replace('_', " "),
                        moved.to.replace('_', " "),
                    ]
                }),
            );
        }
        for silent in &self.stalled {
            page.line(format!(
                "Nothing new is heard of {} ({}).",
                silent.tracking, silent.order
            ));
        }
        for (number, why) in &self.failed {
            page.line(format!("Failed: {number}: {why}"));
        }
        let moved = self.moved.len();
        page.line(format!(
            "{} parcels asked for, {moved} moved on.",
            self.asked
        ));
        if self.left > 0 {
            page.line(format!("{} are left for the next run.", self.left));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let which = if args.all_open {
        Which::Open
    } else {
        Which::Numbers(args.numbers.clone())
    };
    let work = async {
        let report = track::track(ctx, &which, args.dry.dry_run).await?;
        let ended = if report.failed.is_empty() {
            Ended::Done
        } else {
            Ended::Partly
        };
        Ok((report, ended))
    };
    let report = if args.all_open && !args.dry.dry_run {
        jobs::run(ctx, "track", work).await?.0
    } else {
        work.await?.0
    };
    out.report(&report)?;
    if !report.stalled.is_empty() {
        return Err(silent(&report.stalled).into());
    }
    if let (Some((number, why)), 0) = (report.failed.first(), report.asked) {
        let text = format!("nothing could be asked for: {number}: {why}");
        let exit = report.exit.unwrap_or(Exit::TryAgain);
        return Err(Fault {
            exit,
            ..Fault::failed(text)
        }
        .into());
    }
    Ok(if report.failed.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// What nothing is heard of, on stderr: cron mails that, once a parcel.
fn silent(stalled: &[Silent]) -> Fault {
    let told = |one: &Silent| format!("\n  {} ({})", one.tracking, one.order);
    let lines: String = stalled.iter().map(told).collect();
    Fault::failed(format!("nothing new is heard of these parcels:{lines}"))
        .hint("ask the carrier; `opsctl track NUMBER` looks again")
}
