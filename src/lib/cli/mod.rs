//! The command line: arguments in, one workflow call, a report out. A file a command.

mod check;
mod cogs;
mod completions;
mod config;
mod count;
mod cron;
mod db;
mod demo;
mod doctor;
mod events;
mod export;
mod failure;
mod gtin;
mod hold;
mod init;
mod invoice;
mod jobs;
mod label;
mod landed;
mod location;
mod orders;
mod out;
mod outbox;
mod pack;
mod pick;
mod po;
mod products;
mod receive;
mod reserve;
mod sandbox;
mod scan;
mod serial;
mod serve;
mod ship;
mod start;
mod stock;
mod supplier;
mod sync;
mod track;
mod user;
mod value;
mod vault;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use out::{Out, Page, Report};

use crate::context::{Clock, Context};
use crate::fault::{Exit, Fault};
use crate::workflows::rates::Rates;
use crate::workflows::rows::{day, key, units};
use crate::workflows::serials::split as serials;

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

/// What foreign currencies are worth.
#[derive(Debug, Clone, clap::Args)]
pub struct RateArgs {
    /// What one unit of a foreign currency costs in the tenant's, such as USD=0.92; may be
    /// repeated
    #[arg(long = "rate", value_name = "CUR=RATE")]
    rates: Vec<String>,
    /// Where the rates come from, such as "ECB 2026-11-24"; kept with each cost
    #[arg(long, value_name = "SOURCE")]
    rate_source: Option<String>,
}

impl RateArgs {
    /// Reads them.
    ///
    /// # Errors
    /// A rate is not of the form, or has no source.
    pub fn read(&self) -> Result<Rates, Fault> {
        Rates::read(&self.rates, self.rate_source.as_deref())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take orders in from the channels, reserve, and write quantities back
    Sync(sync::Args),
    /// Show the main job on a made-up shop, with nothing else installed
    Demo(demo::Args),
    /// Make a new tenant: its file, its vault, its database
    Init(init::Args),
    /// Check and show what the tenant files say
    Config(config::Args),
    /// Keep the tenant's secrets
    Vault(vault::Args),
    /// Reserve stock for open orders, oldest order and oldest lot first
    Reserve(reserve::Args),
    /// Keep the catalogue by hand: products, codes, kits
    Products(products::Args),
    /// Take goods in from a list, or against a purchase order
    Receive(receive::Args),
    /// Keep the suppliers, what they sell and for how much
    Supplier(supplier::Args),
    /// Order goods of suppliers, and propose what to order
    Po(po::Args),
    /// Tell the life of a unit by its serial
    Serial(serial::Args),
    /// Take supplier invoices in, and hold them against orders and receipts
    Invoice(invoice::Args),
    /// Add freight, duty and other charges to the goods they were paid for
    Landed(landed::Args),
    /// Take what is reserved from the shelves to the packing bench
    Pick(pick::Args),
    /// Put picked orders into packages
    Pack(pack::Args),
    /// Let orders leave the house
    Ship(ship::Args),
    /// Ask where parcels are, and note what happened
    Track(track::Args),
    /// Print labels and papers, print them again, and make the house's own labels
    Label(label::Args),
    /// Serve the pick station and the office's pages
    Serve(serve::Args),
    /// Say who may use the pages, and as what
    User(user::Args),
    /// Explain what orders cost
    Cogs(cogs::Args),
    /// Show what is still to be done outside, and decide about it
    Outbox(outbox::Args),
    /// Show, move and correct stock
    Stock(stock::Args),
    /// Count what lies on the shelves, while the shop goes on
    Count(count::Args),
    /// Keep the places in the house: zones, bins, and where products belong
    Location(location::Args),
    /// Take orders in by hand, list and show them
    Orders(orders::Args),
    /// Keep orders from leaving, and let them go again
    Hold(hold::Args),
    /// Go through all that a run needs: file, secrets, database, scan index, channels, carriers,
    /// printers
    Doctor(doctor::Args),
    /// Prove that the stored data is sound
    Check(check::Args),
    /// Show the runs of jobs
    Jobs(jobs::Args),
    /// Show what happened
    Events(events::Args),
    /// Write a table as CSV or JSON lines
    Export(export::Args),
    /// Make and upgrade the database
    Db(db::Args),
    /// Say what a scanned code is, from the file on disk, also with the database down
    Scan(scan::Args),
    /// Check barcode numbers and bring them to one form
    Gtin(gtin::Args),
    /// Check the crontab files, and show what runs next
    Cron(cron::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Serve stand-ins of the outside services, to try opsctl out and to test it
    Sandbox(sandbox::Args),
}

/// Parses the command line, runs the command, and tells how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    start::logging(&cli.globals);
    let mut out = Out::new(&cli.globals);
    let result = dispatch(cli.command, &cli.globals, &mut out);
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => failure::render(&error),
    }
}

#[allow(clippy::too_many_lines, reason = "an arm a command")]
fn dispatch(command: Command, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(args) => block_on(demo::run(&args, globals, out)),
        Command::Init(args) => block_on(init::run(&args, globals, out)),
        Command::Config(args) => config::run(&args, globals, out),
        Command::Vault(args) => vault::run(args, globals, out),
        Command::Completions(args) => completions::run(&args, out),
        Command::Cron(args) => {
            let zone = match &globals.tenant {
                Some(_) => start::tenant(globals)?.tenant.timezone,
                None => chrono_tz::UTC,
            };
            cron::run(&args, zone, Clock::System.now(), out)
        }
        Command::Gtin(args) => gtin::run(&args, out),
        Command::Scan(args) => {
            let tenant = start::tenant(globals)?;
            let index = start::files(&tenant).join(Context::SCAN_INDEX);
            let minutes = tenant.scan.stale_after_minutes;
            scan::run(&args, &index, minutes, Clock::System.now(), out)
        }
        Command::Sandbox(args) => block_on(sandbox::run(args, out)),
        Command::Doctor(args) => block_on(doctor::run(&args, globals, out)),
        Command::Db(args) => block_on(db::run(&args, globals, out)),
        Command::Reserve(args) => with_context(globals, out, async |ctx, out| {
            reserve::run(&args, ctx, out).await
        }),
        Command::Sync(args) => with_context(globals, out, async |ctx, out| {
            sync::run(&args, ctx, out).await
        }),
        Command::Products(args) => with_context(globals, out, async |ctx, out| {
            products::run(&args, ctx, out).await
        }),
        Command::Receive(args) => with_context(globals, out, async |ctx, out| {
            receive::run(&args, ctx, out).await
        }),
        Command::Supplier(args) => with_context(globals, out, async |ctx, out| {
            supplier::run(&args, ctx, out).await
        }),
        Command::Po(args) => with_context(globals, out, async |ctx, out| {
            po::run(&args, ctx, out).await
        }),
        Command::Serial(args) => with_context(globals, out, async |ctx, out| {
            serial::run(&args, ctx, out).await
        }),
        Command::Invoice(args) => with_context(globals, out, async |ctx, out| {
            invoice::run(&args, ctx, out).await
        }),
        Command::Landed(args) => with_context(globals, out, async |ctx, out| {
            landed::run(&args, ctx, out).await
        }),
        Command::Stock(args) => with_context(globals, out, async |ctx, out| {
            stock::run(&args, ctx, out).await
        }),
        Command::Pack(args) => with_context(globals, out, async |ctx, out| {
            pack::run(&args, ctx, out).await
        }),
        Command::Pick(args) => with_context(globals, out, async |ctx, out| {
            pick::run(&args, ctx, out).await
        }),
        Command::Ship(args) => with_context(globals, out, async |ctx, out| {
            ship::run(&args, ctx, out).await
        }),
        Command::Track(args) => with_context(globals, out, async |ctx, out| {
            track::run(&args, ctx, out).await
        }),
        Command::Serve(args) => with_context(globals, out, async |ctx, out| {
            serve::run(&args, ctx, out).await
        }),
        Command::User(args) => with_context(globals, out, async |ctx, out| {
            user::run(&args, ctx, out).await
        }),
        Command::Cogs(args) => with_context(globals, out, async |ctx, out| {
            cogs::run(&args, ctx, out).await
        }),
        Command::Outbox(args) => with_context(globals, out, async |ctx, out| {
            outbox::run(&args, ctx, out).await
        }),
        Command::Count(args) => with_context(globals, out, async |ctx, out| {
            count::run(&args, ctx, out).await
        }),
        Command::Location(args) => with_context(globals, out, async |ctx, out| {
            location::run(&args, ctx, out).await
        }),
        Command::Orders(args) => with_context(globals, out, async |ctx, out| {
            orders::run(&args, ctx, out).await
        }),
        Command::Hold(args) => with_context(globals, out, async |ctx, out| {
            hold::run(&args, ctx, out).await
        }),
        Command::Label(args) => with_context(globals, out, async |ctx, out| {
            label::run(&args, ctx, out).await
        }),
        Command::Check(args) => with_context(globals, out, async |ctx, out| {
            check::run(&args, ctx, out).await
        }),
        Command::Jobs(args) => with_context(globals, out, async |ctx, out| {
            jobs::run(&args, ctx, out).await
        }),
        Command::Events(args) => with_context(globals, out, async |ctx, out| {
            events::run(&args, ctx, out).await
        }),
        Command::Export(args) => with_context(globals, out, async |ctx, out| {
            export::run(&args, ctx, out).await
        }),
    }
}

/// Runs a command that works on a tenant's store.
fn with_context(
    globals: &Globals,
    out: &mut Out,
    work: impl AsyncFnOnce(&Context, &mut Out) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    block_on(async {
        let ctx = start::context(globals, out).await?;
        let result = work(&ctx, out).await;
        ctx.store.close().await;
        result
    })
}

/// A runtime for the commands that wait for something.
fn block_on<F: Future<Output = anyhow::Result<Exit>>>(work: F) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}
