//! `opsctl location add | list | home`: the warehouse, zones and bins, and where products
//! belong. Said again, nothing changes.

use clap::ValueEnum;
use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::locations::{self, Wish};
use crate::workflows::scan;

/// Arguments of `opsctl location`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make places, or change those there are; what is not said stays as it is
    Add {
        /// Their codes, such as A-01 A-02
        #[arg(required = true, value_name = "CODE")]
        codes: Vec<String>,
        /// What they lie in; a new place by default in main
        #[arg(long, value_name = "PARENT")]
        under: Option<String>,
        /// What lies there; by default as in what they lie in
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// What people call them; by default the code
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the places in the order in which one walks past them
    List {
        /// Only this place and what lies in it
        #[arg(long, value_name = "CODE")]
        under: Option<String>,
    },
    /// Show or say in which bin a product belongs; nothing is moved
    Home {
        /// The SKU
        sku: String,
        /// The bin; without one it is shown
        #[arg(value_name = "BIN")]
        bin: Option<String>,
        /// It belongs nowhere any more
        #[arg(long, conflicts_with = "bin")]
        none: bool,
        #[command(flatten)]
        dry: DryRun,
    },
}

/// What lies at a place.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Goods that are sold from there
    Sellable,
    /// Goods that are not yet inspected
    Quarantine,
    /// Goods that came back
    Returns,
    /// Damaged goods
    Damaged,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::Sellable => "sellable",
            Self::Quarantine => "quarantine",
            Self::Returns => "returns",
            Self::Damaged => "damaged",
        }
    }
}

impl Report for locations::Set {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        let lists = [
            ("New", &self.new),
            ("Changed", &self.changed),
            ("As it was, nothing changes", &self.unchanged),
        ];
        for (what, codes) in lists {
            if !codes.is_empty() {
                page.line(format!("{what}: {}", codes.join(", ")));
            }
        }
    }
}

#[derive(Serialize)]
struct List {
    rows: Vec<locations::Listed>,
}

impl Report for List {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "location",
                "title",
                "level",
                "kind",
                "on hand#",
                "reserved#",
            ],
            self.rows.iter().map(|row| {
                vec![
                    format!("{}{}", "  ".repeat(row.depth), row.code),
                    row.title.clone(),
                    row.level.to_owned(),
                    row.kind.clone(),
                    row.on_hand.to_string(),
                    row.reserved.to_string(),
                ]
            }),
        );
        page.line(format!("{} locations", self.rows.len()));
    }
}

impl Report for locations::Home {
    fn render(&self, page: &mut Page) {
        let home = self.home.as_deref().unwrap_or("no bin");
        let would = if self.dry_run {
            " would belong"
        } else {
            " belongs"
        };
        let was = match &self.was {
            Some(was) => format!("; before, in {was}"),
            None => String::new(),
        };
        page.line(format!("{}{would} in {home}{was}.", self.sku));
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add {
            codes,
            under,
            kind,
            title,
            dry,
        } => {
            let wish = Wish {
                codes: codes.clone(),
                under: under.clone(),
                kind: kind.map(Kind::code),
                title: title.clone(),
                dry_run: dry.dry_run,
            };
            out.report(&locations::set(ctx, &wish).await?)?;
        }
        Command::List { under } => {
            let rows = locations::list(ctx, under.as_deref()).await?;
            out.report(&List { rows })?;
        }
        Command::Home {
            sku,
            bin: None,
            none: false,
            ..
        } => out.report(&locations::home(ctx, sku).await?)?,
        Command::Home { sku, bin, dry, .. } => {
            let home = locations::set_home(ctx, sku, bin.as_deref(), dry.dry_run).await?;
            if home.changed && !dry.dry_run {
                scan::refresh(ctx).await?;
            }
            out.report(&home)?;
        }
    }
    Ok(Exit::Done)
}
