//! `opsctl pack ...`: picked orders go into packages and leave. Changes nothing outside but
//! with `ship`, which tells the shop as `opsctl ship` does. Scans count once by their `--id`;
//! all else said again changes nothing.

mod report;

use super::{DryRun, Out};
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::workflows::pack::{self, Bench, Measures, PackAnswer, PackScan, PackageWish};

/// Arguments of `opsctl pack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the orders that wait for packages or lie packed
    List,
    /// Take a picked order on the bench: it is yours until you stop scanning
    Start {
        /// The order, such as woo:1042
        order: String,
        /// Take it from whoever packs it now; for managers
        #[arg(long)]
        take_over: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Show what is picked and packed of an order
    Show {
        /// The order, such as woo:1042
        order: String,
    },
    /// Open a package, or with --number measure, weigh and close one
    Box(BoxArgs),
    /// Put units into a package
    Item(ItemArgs),
    /// Take units out of a package
    Undo(ItemArgs),
    /// Pack a unit of another lot by a manager's word: the lots change places
    Swap {
        /// The order, such as woo:1042
        order: String,
        /// The serial of the unit in hand
        serial: String,
        /// Its SKU, where several products have this serial
        #[arg(long, default_value = "")]
        sku: String,
        /// The package's number; by default the one that is open
        #[arg(long, default_value_t = 0)]
        package: i64,
        /// The scan's own id, by which it counts once; a new one by default
        #[arg(long, value_name = "UUID")]
        id: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Say that an order is packed; open packages are closed
    Finish {
        /// The order, such as woo:1042
        order: String,
        /// Also where not all is packed: the rest is picked again
        #[arg(long)]
        partial: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Put a packed order back on the bench
    Reopen {
        /// The order, such as woo:1042
        order: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Unpack an order and give it back; its goods stay at the bench
    Release {
        /// The order, such as woo:1042
        order: String,
        /// Why
        #[arg(long, default_value = "given back by hand")]
        why: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Let a packed order leave with a carrier
    Ship {
        /// The order, such as woo:1042
        order: String,
        /// Who carries it
        #[arg(long, value_name = "NAME")]
        carrier: String,
        /// The carrier's number
        #[arg(long, value_name = "NUMBER")]
        tracking: String,
        #[command(flatten)]
        dry: DryRun,
    },
}

#[derive(Debug, clap::Args)]
struct BoxArgs {
    /// The order, such as woo:1042
    order: String,
    /// The package to measure; without it a new one is opened
    #[arg(long)]
    number: Option<i64>,
    /// A box of [pack.boxes] in the tenant file
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Outer length, width and height in millimetres
    #[arg(long, value_name = "LxWxH", conflicts_with = "preset")]
    size: Option<String>,
    /// What it weighs, in grams
    #[arg(long, value_name = "G")]
    weight: Option<i64>,
    /// Close it
    #[arg(long, requires = "number")]
    close: bool,
    /// Open it again
    #[arg(long, requires = "number", conflicts_with = "close")]
    open: bool,
    /// The new package's own id, by which it is opened once; a new one by default
    #[arg(long, value_name = "UUID", conflicts_with = "number")]
    id: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

#[derive(Debug, clap::Args)]
struct ItemArgs {
    /// The order, such as woo:1042
    order: String,
    /// The package's number
    package: i64,
    /// The SKU
    sku: String,
    /// Units
    #[arg(long, default_value = "1", value_parser = super::units)]
    units: i64,
    /// The unit's serial
    #[arg(long)]
    serial: Option<String>,
    /// The lot
    #[arg(long)]
    lot: Option<String>,
    /// The scan's own id, by which it counts once; a new one by default
    #[arg(long, value_name = "UUID")]
    id: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

fn id(given: Option<&String>) -> String {
    given.map_or_else(|| uuid::Uuid::new_v4().to_string(), Clone::clone)
}

/// Reads `300x200x150`.
fn size(text: &str) -> Result<[i64; 3], Fault> {
    let parts: Option<Vec<i64>> = text
        .split(['x', 'X'])
        .map(|p| p.trim().parse().ok())
        .collect();
    parts
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(|| {
            Fault::usage("--size is not of the form LxWxH")
                .hint("length, width and height in millimetres, such as 300x200x150")
        })
}

impl ItemArgs {
    fn scan(&self) -> PackScan {
        PackScan {
            id: id(self.id.as_ref()),
            package: self.package,
            sku: self.sku.clone(),
            units: self.units,
            lot: self.lot.clone(),
            serial: self.serial.clone(),
            code: self.serial.as_ref().unwrap_or(&self.sku).clone(),
            at: 0,
            dry_run: self.dry.dry_run,
        }
    }
}

/// The task of an order.
async fn task(ctx: &Context, order: &str) -> anyhow::Result<i64> {
    Ok(pack::of_order(ctx, order).await?.task)
}

async fn boxed(args: &BoxArgs, ctx: &Context) -> anyhow::Result<Bench> {
    let task = task(ctx, &args.order).await?;
    let [length_mm, width_mm, height_mm] = match &args.size {
        Some(text) => size(text)?.map(Some),
        None => [None; 3],
    };
    if let Some(number) = args.number {
        let measures = Measures {
            preset: args.preset.clone(),
            length_mm,
            width_mm,
            height_mm,
            weight_g: args.weight,
            close: (args.close || args.open).then_some(args.close),
            dry_run: args.dry.dry_run,
        };
        return pack::measure(ctx, task, number, &measures).await;
    }
    let wish = PackageWish {
        id: id(args.id.as_ref()),
        preset: args.preset.clone(),
        length_mm,
        width_mm,
        height_mm,
        weight_g: args.weight,
        dry_run: args.dry.dry_run,
    };
    pack::open_package(ctx, task, &wish).await
}

/// Prints an answer; a refused scan is an error with its reason.
fn answered(answer: PackAnswer, out: &mut Out) -> anyhow::Result<Exit> {
    if answer.outcome == "stored" || out.is_json() {
        let exit = if answer.outcome == "stored" {
            Exit::Done
        } else {
            Exit::Failed
        };
        out.report(&answer)?;
        return Ok(exit);
    }
    let mut fault = Fault::failed(answer.why.unwrap_or_default());
    let hint = match answer.needs.as_deref() {
        Some("serial") => Some("give it with --serial".to_owned()),
        Some("lot") => Some("say which with --lot".to_owned()),
        _ if answer.manager_may_swap => Some(format!(
            "take the unit that was picked, or as a manager `opsctl pack swap {} SERIAL`",
            answer.bench.order
        )),
        _ => answer.hint,
    };
    if let Some(hint) = hint {
        fault = fault.hint(hint);
    }
    Err(fault.into())
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let bench = match &args.command {
        Command::List => {
            out.report(&pack::list(ctx).await?)?;
            return Ok(Exit::Done);
        }
        Command::Start {
            order,
            take_over,
            dry,
        } => pack::start(ctx, order, *take_over, dry.dry_run).await?,
        Command::Show { order } => pack::of_order(ctx, order).await?,
        Command::Box(args) => boxed(args, ctx).await?,
        Command::Item(args) => {
            let task = task(ctx, &args.order).await?;
            return answered(pack::pack(ctx, task, &args.scan()).await?, out);
        }
        Command::Undo(args) => {
            let task = task(ctx, &args.order).await?;
            return answered(pack::unpack(ctx, task, &args.scan()).await?, out);
        }
        Command::Swap {
            order,
            serial,
            sku,
            package,
            id: own,
            dry,
        } => {
            let scan = PackScan {
                id: id(own.as_ref()),
                package: *package,
                sku: sku.clone(),
                units: 1,
                serial: Some(serial.clone()),
                code: serial.clone(),
                dry_run: dry.dry_run,
                ..PackScan::default()
            };
            let task = task(ctx, order).await?;
            return answered(pack::swap(ctx, task, &scan).await?, out);
        }
        Command::Finish {
            order,
            partial,
            dry,
        } => pack::finish(ctx, task(ctx, order).await?, *partial, dry.dry_run).await?,
        Command::Reopen { order, dry } => {
            pack::reopen(ctx, task(ctx, order).await?, dry.dry_run).await?
        }
        Command::Release { order, why, dry } => {
            pack::release(ctx, task(ctx, order).await?, why, dry.dry_run).await?
        }
        Command::Ship {
            order,
            carrier,
            tracking,
            dry,
        } => {
            let carrier = super::ship::name("a carrier's name", carrier)?;
            let tracking = super::ship::name("a tracking number", tracking)?;
            let task = task(ctx, order).await?;
            let report = pack::ship(ctx, task, &carrier, &tracking, dry.dry_run).await?;
            out.report(&report)?;
            return Ok(if report.needs_decision.is_empty() {
                Exit::Done
            } else {
                Exit::Failed
            });
        }
    };
    out.report(&bench)?;
    Ok(Exit::Done)
}
