//! `opsctl outbox list | retry | drop`: what is still to be done outside, and what a person
//! decides about it.

use serde::Serialize;

use super::{Out, Page, Report};
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::fault::Exit;
use crate::store::outbox::{self, Row};
use crate::workflows::tell_shop::{self, Decision};

/// Arguments of `opsctl outbox`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List what is not done yet
    List {
        /// Also what is done, the newest 200
        #[arg(long)]
        all: bool,
    },
    /// Try one again with the next sync
    Retry {
        /// Its number
        id: i64,
    },
    /// Never do one
    Drop {
        /// Its number
        id: i64,
    },
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Row>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &["id#", "what", "state", "tries#", "planned", "answer"],
            self.rows.iter().map(|row| {
                vec![
                    row.id.to_string(),
                    row.intent.clone(),
                    row.state.clone(),
                    row.attempts.to_string(),
                    UtcMs(row.created_at).to_string(),
                    row.answer.clone(),
                ]
            }),
        );
    }
}

#[derive(Serialize)]
struct Decided {
    id: i64,
    intent: String,
    was: String,
    decision: &'static str,
}

impl Report for Decided {
    fn render(&self, page: &mut Page) {
        page.line(format!(
            "{}: {} (was {})",
            self.intent, self.decision, self.was
        ));
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let (id, decision, word) = match &args.command {
        Command::List { all } => {
            let mut tx = ctx.store.read().await?;
            let rows = outbox::list(&mut tx, *all).await?;
            out.report(&Listed { rows })?;
            return Ok(Exit::Done);
        }
        Command::Retry { id } => (*id, Decision::Retry, "will be tried again"),
        Command::Drop { id } => (*id, Decision::Drop, "dropped"),
    };
    let row = tell_shop::decide(ctx, id, decision).await?;
    out.report(&Decided {
        id,
        intent: row.intent,
        was: row.state,
        decision: word,
    })?;
    Ok(Exit::Done)
}
