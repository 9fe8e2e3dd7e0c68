//! `opsctl db migrate | status`: the tables of the tenant's database. A migration may be
//! run again, and many at once.

use serde::Serialize;

use super::{DryRun, Globals, Out, Page, Report, start};
use crate::context::Clock;
use crate::fault::Exit;
use crate::store::connect::Missing;
use crate::store::migrate::Step;

/// Arguments of `opsctl db`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Bring the tables to the form this opsctl works with
    Migrate(DryRun),
    /// Show which steps the database has
    Status,
}

#[derive(Serialize)]
struct Status {
    database: String,
    steps: Vec<Step>,
    taken: Vec<Step>,
}

impl Report for Status {
    fn render(&self, page: &mut Page) {
        page.line(&self.database);
        page.table(
            &["step#", "name", "state"],
            self.steps.iter().map(|step| {
                let now = self.taken.iter().any(|t| t.version == step.version);
                let state = match (now, step.applied) {
                    (true, _) => "taken now",
                    (_, true) => "there",
                    _ => "missing",
                };
                vec![
                    step.version.to_string(),
                    step.name.clone(),
                    state.to_owned(),
                ]
            }),
        );
    }
}

/// Runs the command.
///
/// # Errors
/// The database is out of reach, another tenant's, or from a newer opsctl.
pub async fn run(args: &Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let tenant = start::tenant(globals)?;
    let (missing, migrate) = match &args.command {
        Command::Migrate(dry) if !dry.dry_run => (Missing::Create, true),
        _ => (Missing::Refuse, false),
    };
    let store = start::store(&tenant, &start::secrets(&tenant), missing).await?;
    let taken = if migrate {
        store
            .migrate(&tenant.tenant.name, Clock::System.now())
            .await?
    } else {
        Vec::new()
    };
    let status = Status {
        database: store.version().await?,
        steps: store.migration_steps().await?,
        taken,
    };
    out.report(&status)?;
    let complete = status.steps.iter().all(|step| step.applied);
    store.close().await;
    let asked = matches!(args.command, Command::Status);
    Ok(if complete || !asked {
        Exit::Done
    } else {
        Exit::Failed
    })
}
