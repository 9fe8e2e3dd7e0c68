//! The command line: arguments in, one workflow call, a report out. A file a command.

mod completions;
mod cron;
mod failure;
mod gtin;
mod out;
mod scan;
mod start;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use out::{Out, Page, Report};

use crate::domain::time::UtcMs;
use crate::fault::Exit;

/// Runs the operations of a shop: orders in, stock reserved, parcels out.
#[derive(Debug, Parser)]
#[command(
    name = "opsctl",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Globals {
    /// The tenant to work for: a file NAME.toml in the tenants folder
    #[arg(long, global = true, env = "OPSCTL_TENANT", value_name = "NAME")]
    pub tenant: Option<String>,
    /// The folder of tenant files
    #[arg(
        long,
        global = true,
        env = "OPSCTL_TENANTS_DIR",
        value_name = "DIR",
        default_value = "tenants"
    )]
    pub tenants_dir: PathBuf,
    /// Print the report as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but the report and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Log more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How log lines look on stderr
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "OPSCTL_LOG_FORMAT"
    )]
    pub log_format: LogFormat,
    /// Append each exchange with an outside service to FILE, as JSON lines without secrets
    #[arg(long, global = true, value_name = "FILE")]
    pub record_http: Option<PathBuf>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Shows what a run would do, and changes nothing.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct DryRun {
    /// Print the plan that a real run would carry out, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check barcode numbers and bring them to one form
    Gtin(gtin::Args),
    /// Check the crontab files, and show what runs next
    Cron(cron::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// Parses the command line, runs the command, and tells how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    start::logging(&cli.globals);
    let mut out = Out::new(&cli.globals);
    let result = match cli.command {
        Command::Gtin(args) => gtin::run(&args, &mut out),
        Command::Cron(args) => {
            let now = UtcMs(chrono::Utc::now().timestamp_millis());
            cron::run(&args, chrono_tz::UTC, now, &mut out)
        }
        Command::Completions(args) => completions::run(&args, &mut out),
    };
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => failure::render(&error),
    }
}

/// A runtime for the commands that wait for something.
fn block_on<F: Future<Output = anyhow::Result<Exit>>>(work: F) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}
