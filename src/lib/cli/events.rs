//! `opsctl events`: what happened, oldest first; `--follow` goes on as it happens. Changes
//! nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Out;
use crate::context::Context;
use crate::fault::Exit;
use crate::store::events::{self, Row};

/// How often a follower looks.
const EVERY: Duration = Duration::from_millis(500);
/// Numbers may become visible out of order: a follower looks back this far.
const LOOK_BACK: i64 = 200;

/// Arguments of `opsctl events`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only of this subject, such as order:woo:1042 or sku:AB-1
    #[arg(long)]
    subject: Option<String>,
    /// How many of the newest
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// Go on with what happens, until interrupted
    #[arg(long, short)]
    follow: bool,
}

/// Runs the command.
///
/// # Errors
/// The store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let subject = args.subject.as_deref();
    let mut tx = ctx.store.read().await?;
    let rows = events::newest(&mut tx, subject, args.limit).await?;
    drop(tx);
    print(out, &rows)?;
    if !args.follow {
        return Ok(Exit::Done);
    }
    let mut last = rows.last().map_or(0, |row| row.id);
    let mut seen: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
    let floor = rows.first().map_or(0, |row| row.id - 1);
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
            _ = tick.tick() => {}
        }
        let mut tx = ctx.store.read().await?;
        let from = (last - LOOK_BACK).max(floor);
        let mut rows = events::after(&mut tx, from, subject, LOOK_BACK * 10).await?;
        drop(tx);
        rows.retain(|row| seen.insert(row.id));
        print(out, &rows)?;
        last = rows.last().map_or(last, |row| row.id.max(last));
        seen = seen.split_off(&(last - LOOK_BACK));
    }
}

fn print(out: &mut Out, rows: &[Row]) -> anyhow::Result<()> {
    for row in rows {
        if out.is_json() {
            out.json_line(row)?;
        } else {
            out.text(&format!(
                "{}  {}  {}  {}  {}\n",
                row.at, row.kind, row.subject, row.payload, row.actor
            ))?;
        }
    }
    Ok(())
}
