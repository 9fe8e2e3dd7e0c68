//! `opsctl check`: holds the invariants against the whole database. Changes nothing; exits
//! 1 and names the rows where one is broken.

use serde::Serialize;

use super::{Out, Page, Report};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::store::check::{self, Finding};

/// Arguments of `opsctl check`.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Verdict {
    sound: bool,
    rules: usize,
    findings: Vec<Finding>,
}

impl Report for Verdict {
    fn render(&self, page: &mut Page) {
        for finding in &self.findings {
            page.line(format!("BROKEN: {}", finding.rule));
            for row in &finding.rows {
                page.line(format!("  {row}"));
            }
        }
        if self.sound {
            page.line(format!("Sound: {} rules hold.", self.rules));
        } else {
            page.line(format!(
                "{} of {} rules are broken.",
                self.findings.len(),
                self.rules
            ));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The store's.
pub async fn run(_: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let mut tx = ctx.store.read().await?;
    let (rules, findings) = check::findings(&mut tx).await?;
    let verdict = Verdict {
        sound: findings.is_empty(),
        rules,
        findings,
    };
    out.report(&verdict)?;
    if !verdict.sound {
        let broken = verdict.findings.len();
        return Err(
            Fault::failed(format!("the stored data breaks {broken} of {rules} rules"))
                .hint("the report names the rows; keep a copy of the database before mending them")
                .into(),
        );
    }
    Ok(Exit::Done)
}
