//! `opsctl hold set | release | list`: orders are kept from leaving, and let go again. A
//! repeat changes nothing.

use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::order::HoldKind;
use crate::domain::time::UtcMs;
use crate::fault::Exit;
use crate::store::holds::Row;
use crate::workflows::holds::{self, Released, Set, Wish};

/// Arguments of `opsctl hold`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Keep an order from being picked and shipped; what is reserved stays reserved
    Set {
        /// The order: woo:1042, or 1042 where only one channel has it
        order: String,
        /// payment, address, fraud or manual
        #[arg(long, default_value = "manual")]
        kind: HoldKind,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Let an order go again
    Release {
        /// The order: woo:1042, or 1042 where only one channel has it
        order: String,
        /// Only the hold of this kind; all of them without it
        #[arg(long)]
        kind: Option<HoldKind>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the holds that stand, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
}

impl Report for Set {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.before {
            page.line(format!(
                "{} has been on hold ({}) since {}: {}. Nothing was changed.",
                self.order,
                before.kind,
                UtcMs(before.since),
                before.reason
            ));
            return;
        }
        let verb = if self.dry_run { "Would put" } else { "Put" };
        page.line(format!(
            "{verb} {} on hold ({}): {}.",
            self.order, self.kind, self.reason
        ));
        if self.has_left {
            page.line("It has left already: the hold stops nothing that is gone.");
        }
    }
}

impl Report for Released {
    fn render(&self, page: &mut Page) {
        if self.holds.is_empty() {
            page.line(format!(
                "{} is not on hold{}. Nothing was changed.",
                self.order,
                if self.left.is_empty() {
                    ""
                } else {
                    " of that kind"
                }
            ));
        }
        let verb = if self.dry_run {
            "Would release"
        } else {
            "Released"
        };
        for hold in &self.holds {
            page.line(format!(
                "{verb} the hold ({}) of {}: {}.",
                hold.kind, self.order, hold.reason
            ));
        }
        for hold in &self.left {
            page.line(format!("Still on hold ({}): {}.", hold.kind, hold.reason));
        }
        if let Some(status) = &self.waits_for {
            page.line(format!(
                "The shop's status is still {status}, which reserves and waits: the order leaves \
                 once the shop says otherwise."
            ));
        }
    }
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Row>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        if self.rows.is_empty() {
            page.line("No order is on hold.");
            return;
        }
        page.table(
            &["order", "kind", "since", "customer", "reason"],
            self.rows.iter().map(|hold| {
                vec![
                    hold.order_ref.clone(),
                    hold.kind.clone(),
                    UtcMs(hold.since).to_string(),
                    hold.customer.clone(),
                    hold.reason.clone(),
                ]
            }),
        );
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Set {
            order,
            kind,
            reason,
            dry,
        } => {
            let wish = Wish {
                order: order.clone(),
                kind: *kind,
                reason: reason.clone(),
                dry_run: dry.dry_run,
            };
            out.report(&holds::set(ctx, &wish).await?)?;
        }
        Command::Release { order, kind, dry } => {
            out.report(&holds::release(ctx, order, *kind, dry.dry_run).await?)?;
        }
        Command::List { limit } => {
            let rows = holds::list(ctx, i64::MAX, *limit).await?;
            out.report(&Listed { rows })?;
        }
    }
    Ok(Exit::Done)
}
