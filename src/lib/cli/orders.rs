//! `opsctl orders import | list | show`: orders by hand, and what is known of orders. An
//! import is applied once, all or nothing.

use std::path::PathBuf;

use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::domain::time::UtcMs;
use crate::fault::Exit;
use crate::store::orders::Summary;
use crate::workflows::orders;

/// Arguments of `opsctl orders`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Take orders in from a CSV file
    Import {
        /// CSV with order, placed_at, sku, qty; optional: unit_price, currency, customer,
        /// email, ship_to_name, ship_to_line1 ..., shipping, tax, terms, po_number, service, promised_on
        file: PathBuf,
        /// Apply under this reference instead of the file's content hash
        #[arg(long = "ref", value_name = "REF")]
        reference: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the newest orders
    List {
        /// Only orders with this status of the shop
        #[arg(long)]
        status: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Show an order with its lines, payments and refunds
    Show {
        /// The order: woo:1042, or 1042 where only one channel has it
        order: String,
    },
}

impl Report for orders::Imported {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        let verb = if self.dry_run {
            "Would take in"
        } else {
            "Took in"
        };
        page.line(format!(
            "{verb} {} orders with {} lines, {} units.",
            self.orders, self.lines, self.units
        ));
    }
}

#[derive(Serialize)]
struct Listed {
    rows: Vec<Summary>,
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "order",
                "status",
                "placed",
                "customer",
                "total#",
                "wanted#",
                "reserved#",
                "holds",
            ],
            self.rows.iter().map(|o| {
                vec![
                    o.order_ref.clone(),
                    o.status.clone(),
                    UtcMs(o.placed_at).to_string(),
                    o.customer.clone(),
                    money(o.total_minor, &o.currency),
                    o.wanted.to_string(),
                    o.reserved.to_string(),
                    o.holds.clone().unwrap_or_default(),
                ]
            }),
        );
    }
}

impl Report for orders::Detail {
    fn render(&self, page: &mut Page) {
        let o = &self.summary;
        page.line(format!(
            "{}  {} (means: {})  placed {}  {}",
            o.order_ref,
            o.status,
            o.rule,
            UtcMs(o.placed_at),
            o.customer
        ));
        if !o.service.is_empty() || o.promised_on.is_some() {
            let promised = o.promised_on.as_ref();
            page.line(format!(
                "{}{}",
                o.service,
                promised.map_or(String::new(), |day| format!("  promised for {day}"))
            ));
        }
        page.table(
            &[
                "sku",
                "title",
                "qty#",
                "refunded#",
                "total#",
                "wanted#",
                "reserved#",
                "shipped#",
            ],
            self.lines.iter().map(|l| {
                let sku = if l.known {
                    l.sku.clone()
                } else {
                    format!("{} (unknown product)", l.sku)
                };
                vec![
                    sku,
                    l.title.clone(),
                    l.quantity.to_string(),
                    l.refunded.to_string(),
                    money(l.total_minor, &o.currency),
                    l.wanted.to_string(),
                    l.reserved.to_string(),
                    l.shipped.to_string(),
                ]
            }),
        );
        page.line(format!("Total {}", money(o.total_minor, &o.currency)));
        if let Some(holds) = &o.holds {
            page.line(format!("On hold: {holds}"));
        }
        for (method, minor, at) in &self.payments {
            page.line(format!(
                "Paid {} by {method} on {at}",
                money(*minor, &o.currency)
            ));
        }
        for (reason, minor, at) in &self.refunds {
            page.line(format!(
                "Refunded {} on {at}: {reason}",
                money(*minor, &o.currency)
            ));
        }
    }
}

fn money(minor: i64, code: &str) -> String {
    code.parse::<Currency>().map_or_else(
        |_| minor.to_string(),
        |currency| format!("{} {currency}", currency.decimal(minor)),
    )
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Import {
            file,
            reference,
            dry,
        } => {
            let report = orders::import(ctx, file, reference.as_deref(), dry.dry_run).await?;
            out.report(&report)?;
        }
        Command::List { status, limit } => {
            let rows = orders::list(ctx, status.as_deref(), *limit).await?;
            out.report(&Listed { rows })?;
        }
        Command::Show { order } => out.report(&orders::show(ctx, order).await?)?,
    }
    Ok(Exit::Done)
}
