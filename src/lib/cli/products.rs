//! `opsctl products import | kits | list | show`: the catalogue by hand. A list says how it
//! shall be: all or nothing, and the same list again changes nothing.

use std::path::PathBuf;

use serde_json::Value;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::{products, scan};

/// At most this many rows of a plan are shown to a person; `--json` has all.
const SHOWN: usize = 50;

/// Arguments of `opsctl products`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make products, and bring those there are to what a CSV file says
    Import {
        /// CSV with sku; optional: title, brand, weight_g, length_mm, width_mm, height_mm,
        /// tracking (none, lot or serial), origin_country, hs_code, buffer, reorder_point,
        /// home_bin, gtin, units_per_scan. An empty cell leaves what is stored; further rows
        /// of a SKU give it further codes
        file: PathBuf,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Say anew what each kit in a CSV file consists of
    Kits {
        /// CSV with kit, component, qty; kits that it does not name stay as they are
        file: PathBuf,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List products by SKU
    List {
        /// Only those with this text in their SKU or title
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those after this SKU
        #[arg(long, value_name = "SKU")]
        after: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50,
            value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        limit: i64,
    },
    /// Show all that is known of a product: facts, codes, what a kit consists of
    Show {
        /// The SKU
        sku: String,
    },
}

impl Report for products::Imported {
    fn render(&self, page: &mut Page) {
        if !self.plan.is_empty() {
            let rows = self.plan.iter().take(SHOWN).map(|change| {
                let what = if change.new { "new" } else { "changed" };
                vec![change.sku.clone(), what.to_owned(), particulars(change)]
            });
            page.table(&["sku", "state", "what"], rows);
            let more = self.plan.len().saturating_sub(SHOWN);
            if more > 0 {
                page.line(format!("and {more} more"));
            }
        }
        let would = if self.dry_run { "Dry run: " } else { "" };
        page.line(format!(
            "{would}{} products new, {} changed, {} unchanged; {} codes new, {} changed.",
            self.new, self.changed, self.unchanged, self.new_codes, self.changed_codes
        ));
        if !self.shared_codes.is_empty() {
            let codes: Vec<&str> = self.shared_codes.iter().map(String::as_str).collect();
            page.line(format!(
                "On more than one product, a scan shows them all: {}",
                codes.join(", ")
            ));
        }
    }
}

/// `weight_g 200 -> 250, code 05901234123457 of 12 units`.
fn particulars(change: &products::Change) -> String {
    let text = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let facts = change.facts.iter().map(|(name, pair)| {
        let (then, now) = (text(&pair[0]), text(&pair[1]));
        if change.new {
            format!("{name} {now}")
        } else {
            format!("{name} {then} -> {now}")
        }
    });
    let codes = change
        .codes
        .iter()
        .map(|(code, units)| format!("code {code} of {units} units"));
    facts.chain(codes).collect::<Vec<_>>().join(", ")
}

impl Report for products::KitsSet {
    fn render(&self, page: &mut Page) {
        for (kit, parts) in self.kits.iter().take(SHOWN) {
            let parts: Vec<String> = parts
                .iter()
                .map(|(sku, n)| format!("{n} x {sku}"))
                .collect();
            page.line(format!("{kit}: {}", parts.join(", ")));
        }
        let more = self.kits.len().saturating_sub(SHOWN);
        if more > 0 {
            page.line(format!("and {more} more"));
        }
        let would = if self.dry_run { "Dry run: " } else { "" };
        page.line(format!(
            "{would}{} kits new, {} changed, {} unchanged.",
            self.new, self.changed, self.unchanged
        ));
    }
}

impl Report for products::Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "sku",
                "title",
                "brand",
                "tracking",
                "weight g#",
                "origin",
                "hs code",
            ],
            self.rows.iter().map(|p| {
                vec![
                    p.sku.clone(),
                    p.title.clone(),
                    p.brand.clone().unwrap_or_default(),
                    p.tracking.clone(),
                    number(p.weight_g),
                    p.origin_country.clone().unwrap_or_default(),
                    p.hs_code.clone().unwrap_or_default(),
                ]
            }),
        );
        page.line(format!("{} of {} products", self.rows.len(), self.total));
        if let Some(after) = &self.next_after {
            page.line(format!("The next page: --after {after}"));
        }
    }
}

impl Report for products::Shown {
    fn render(&self, page: &mut Page) {
        let p = &self.product;
        page.line(format!("{}  {}", p.sku, p.title));
        let size = [p.length_mm, p.width_mm, p.height_mm];
        let size = if size.iter().any(Option::is_some) {
            let size = size.map(|mm| mm.map_or_else(|| "?".to_owned(), |mm| mm.to_string()));
            format!("{} mm", size.join(" x "))
        } else {
            String::new()
        };
        let grams = p.weight_g.map(|g| format!("{g} g")).unwrap_or_default();
        let stock = if p.stocked { "kept" } else { "not kept" };
        let facts = [
            ("brand", p.brand.clone().unwrap_or_default()),
            ("weight", grams),
            ("length x width x height", size),
            ("tracking", p.tracking.clone()),
            (
                "country of origin",
                p.origin_country.clone().unwrap_or_default(),
            ),
            ("HS code", p.hs_code.clone().unwrap_or_default()),
            ("buffer", number(p.buffer)),
            ("bought again from", number(p.reorder_point)),
            ("put to", p.home_bin.clone().unwrap_or_default()),
            ("stock", stock.to_owned()),
        ];
        page.table(
            &["fact", "value"],
            facts.into_iter().map(|(name, value)| {
                let value = if value.is_empty() {
                    "-".to_owned()
                } else {
                    value
                };
                vec![name.to_owned(), value]
            }),
        );
        if !self.codes.is_empty() {
            let rows = self.codes.iter().map(|c| {
                vec![
                    c.gtin14.clone(),
                    c.units_per_scan.to_string(),
                    c.source.clone(),
                ]
            });
            page.table(&["code", "units a scan#", "from"], rows);
        }
        for (headings, parts) in [
            (["consists of", "title", "units#", "from"], &self.components),
            (["is part of", "title", "units#", "from"], &self.part_of),
        ] {
            if !parts.is_empty() {
                page.table(
                    &headings,
                    parts.iter().map(|part| {
                        vec![
                            part.sku.clone(),
                            part.title.clone(),
                            part.quantity.to_string(),
                            part.source.clone(),
                        ]
                    }),
                );
            }
        }
    }
}

fn number(value: Option<i64>) -> String {
    value.map(|n| n.to_string()).unwrap_or_default()
}

/// Runs the command.
///
/// # Errors
/// A bad file, an unknown SKU, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Import { file, dry } => {
            let report = products::import(ctx, file, dry.dry_run).await?;
            if !report.dry_run {
                scan::refresh(ctx).await?;
            }
            out.report(&report)?;
        }
        Command::Kits { file, dry } => {
            let report = products::set_kits(ctx, file, dry.dry_run).await?;
            if !report.dry_run {
                scan::refresh(ctx).await?;
            }
            out.report(&report)?;
        }
        Command::List {
            search,
            after,
            limit,
        } => {
            let wanted = products::Wanted {
                search: search.as_deref(),
                after: after.as_deref(),
                limit: *limit,
            };
            out.report(&products::list(ctx, wanted).await?)?;
        }
        Command::Show { sku } => out.report(&products::show(ctx, sku).await?)?,
    }
    Ok(Exit::Done)
}
