//! `opsctl stock move`: units change places. With a `--ref` it is done once.

use super::super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::workflows::relocate::{self, Moved, Wish};
use crate::workflows::scan;

/// Arguments of `opsctl stock move`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The SKU
    sku: String,
    /// Units
    #[arg(value_name = "QTY", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    units: i64,
    /// Where they lie
    #[arg(long, value_name = "CODE")]
    from: String,
    /// Where they go
    #[arg(long, value_name = "CODE")]
    to: String,
    /// Only units of this lot
    #[arg(long)]
    lot: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A reference that is applied only once
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

impl Report for Moved {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        let verb = if self.dry_run { "Would move" } else { "Moved" };
        page.line(format!(
            "{verb} {} units of {} from {} to {}.",
            self.units, self.sku, self.from, self.to
        ));
        for (lot, units) in &self.lots {
            page.line(format!("  lot {lot}: {units}"));
        }
        if self.promised > 0 {
            page.line(format!(
                "{} of them are promised; the promises go along.",
                self.promised
            ));
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
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<()> {
    let wish = Wish {
        sku: args.sku.clone(),
        units: args.units,
        from: args.from.clone(),
        to: args.to.clone(),
        lot: args.lot.clone(),
        reason: args.reason.clone(),
        reference: args.reference.clone(),
        dry_run: args.dry.dry_run,
    };
    let moved = relocate::run(ctx, &wish).await?;
    if !moved.dry_run && moved.applied_before.is_none() {
        scan::refresh(ctx).await?;
    }
    out.report(&moved)
}
