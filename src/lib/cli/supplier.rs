//! `opsctl supplier add | import | items | list | show`: of whom goods are bought. What a
//! command or a list says is how it shall be; the same once more changes nothing.

use std::path::PathBuf;

use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::Exit;
use crate::store::suppliers::Row;
use crate::workflows::suppliers::{self, Change, ItemsSet, Set, Shown, Wish};

/// At most this many rows of a plan are shown to a person; `--json` has all.
const SHOWN: usize = 50;

/// Arguments of `opsctl supplier`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a supplier, or change the facts given of one that is there
    Add {
        /// How people call it for short
        #[arg(value_parser = super::key)]
        code: String,
        /// Its name
        #[arg(long, value_parser = super::key)]
        name: String,
        /// The currency it asks for; the tenant's by default
        #[arg(long, value_name = "CUR")]
        currency: Option<Currency>,
        /// Days from an order to its goods; 0 by default
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=3650))]
        lead_days: Option<i64>,
        /// Where orders are sent
        #[arg(long, value_name = "ADDRESS", value_parser = super::key)]
        email: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Make suppliers, and bring those there are to what a CSV file says
    Import {
        /// CSV with code, name; optional: currency, lead_days, email. An empty cell leaves
        /// what is stored
        file: PathBuf,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Say what a supplier sells, in what packs and for how much
    Items {
        /// CSV with sku; optional: supplier_sku, pack, minimum, preferred (yes or no),
        /// unit_cost. An empty cell leaves what is stored; products that it does not name
        /// stay as they are
        file: PathBuf,
        /// The supplier
        #[arg(long, value_name = "CODE")]
        supplier: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the suppliers
    List,
    /// Show a supplier: what it sells, the newest prices, what is on order
    Show {
        /// The supplier
        code: String,
    },
}

impl Report for Set {
    fn render(&self, page: &mut Page) {
        let rows = self.changes.iter().take(SHOWN).map(|change| {
            let what = if change.new { "new" } else { "changed" };
            vec![change.code.clone(), what.to_owned(), particulars(change)]
        });
        if !self.changes.is_empty() {
            page.table(&["supplier", "state", "what"], rows);
        }
        more(page, self.changes.len());
        let would = if self.dry_run { "Dry run: " } else { "" };
        page.line(format!(
            "{would}{} suppliers new, {} changed, {} unchanged.",
            self.new, self.changed, self.unchanged
        ));
    }
}

/// `name Acme -> Acme Ltd, lead_days 5 -> 7`.
fn particulars(change: &Change) -> String {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let facts = change.facts.iter().map(|(name, pair)| {
        if change.new {
            format!("{name} {}", text(&pair[1]))
        } else {
            format!("{name} {} -> {}", text(&pair[0]), text(&pair[1]))
        }
    });
    facts.collect::<Vec<_>>().join(", ")
}

fn more(page: &mut Page, rows: usize) {
    if rows > SHOWN {
        page.line(format!("and {} more", rows - SHOWN));
    }
}

impl Report for ItemsSet {
    fn render(&self, page: &mut Page) {
        let rows = self.changes.iter().take(SHOWN).map(|change| {
            let item = &change.item;
            vec![
                item.sku.clone(),
                if change.new { "new" } else { "changed" }.to_owned(),
                item.supplier_sku.clone(),
                item.pack.to_string(),
                item.minimum.to_string(),
                yes(item.preferred),
                change.unit_cost.clone().unwrap_or_default(),
            ]
        });
        if !self.changes.is_empty() {
            page.table(
                &[
                    "sku",
                    "state",
                    "its number",
                    "pack#",
                    "minimum#",
                    "preferred",
                    "new price#",
                ],
                rows,
            );
        }
        more(page, self.changes.len());
        if !self.no_longer_preferred.is_empty() {
            page.line(format!(
                "Another supplier is no longer preferred for: {}",
                self.no_longer_preferred.join(", ")
            ));
        }
        let would = if self.dry_run { "Dry run: " } else { "" };
        page.line(format!(
            "{would}{}: {} products new, {} changed, {} unchanged; {} prices new.",
            self.supplier, self.new, self.changed, self.unchanged, self.new_prices
        ));
    }
}

fn yes(it_is: bool) -> String {
    if it_is { "yes" } else { "" }.to_owned()
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Row>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &["supplier", "name", "currency", "lead days#", "email"],
            self.rows.iter().map(|s| {
                vec![
                    s.code.clone(),
                    s.name.clone(),
                    s.currency.clone(),
                    s.lead_days.to_string(),
                    s.email.clone(),
                ]
            }),
        );
        page.line(format!("{} suppliers", self.rows.len()));
    }
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        let s = &self.supplier;
        page.line(format!("{}  {}", s.code, s.name));
        page.line(format!(
            "{}, {} days until goods come{}",
            s.currency,
            s.lead_days,
            if s.email.is_empty() {
                String::new()
            } else {
                format!(", {}", s.email)
            }
        ));
        let cell = |text: &Option<String>| text.clone().unwrap_or_default();
        page.table(
            &[
                "sku",
                "its number",
                "pack#",
                "minimum#",
                "preferred",
                "price#",
                "",
                "noted",
                "by",
            ],
            self.items.iter().map(|sold| {
                vec![
                    sold.item.sku.clone(),
                    sold.item.supplier_sku.clone(),
                    sold.item.pack.to_string(),
                    sold.item.minimum.to_string(),
                    yes(sold.item.preferred),
                    cell(&sold.unit_cost),
                    cell(&sold.currency),
                    cell(&sold.noted_on),
                    cell(&sold.source),
                ]
            }),
        );
        if !self.orders.is_empty() {
            page.table(
                &["open order", "ordered", "expected", "units#", "open#"],
                self.orders.iter().map(|o| {
                    vec![
                        o.order.number.clone(),
                        o.order.ordered_on.clone(),
                        o.order.expected_on.clone(),
                        o.units.to_string(),
                        o.open.to_string(),
                    ]
                }),
            );
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A bad file, an unknown supplier, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add {
            code,
            name,
            currency,
            lead_days,
            email,
            dry,
        } => {
            let wish = Wish {
                code: code.clone(),
                name: name.clone(),
                currency: *currency,
                lead_days: *lead_days,
                email: email.clone(),
            };
            out.report(&suppliers::add(ctx, &wish, dry.dry_run).await?)?;
        }
        Command::Import { file, dry } => {
            out.report(&suppliers::import(ctx, file, dry.dry_run).await?)?;
        }
        Command::Items {
            file,
            supplier,
            dry,
        } => {
            out.report(&suppliers::set_items(ctx, supplier, file, dry.dry_run).await?)?;
        }
        Command::List => out.report(&Listed {
            rows: suppliers::list(ctx).await?,
        })?,
        Command::Show { code } => out.report(&suppliers::show(ctx, code).await?)?,
    }
    Ok(Exit::Done)
}
