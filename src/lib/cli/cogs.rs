//! `opsctl cogs explain ORDER`: what an order cost, line by line. Changes nothing.

use super::{Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::cogs::{self, Explained, Line, amount};

/// Arguments of `opsctl cogs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Explain what an order cost: which units of which lot left, and at which cost
    Explain {
        /// The order, such as woo:1042
        order: String,
    },
}

impl Report for Explained {
    fn render(&self, page: &mut Page) {
        page.line(format!("Cost of goods of {}", self.order));
        for s in &self.shipments {
            let how = if s.source == "shop" {
                "by the shop's word".to_owned()
            } else {
                format!("with {} {}", s.carrier, s.tracking)
            };
            page.line(format!(
                "Shipment {}: {} units on {} {how}",
                s.id, s.units, s.shipped_on
            ));
        }
        if !self.lines.is_empty() {
            page.table(
                &[
                    "booked",
                    "what",
                    "sku",
                    "lot",
                    "received",
                    "qty#",
                    "unit cost#",
                    "of which#",
                    "cost#",
                    "lot after#",
                    "sku after#",
                ],
                self.lines.iter().flat_map(rows),
            );
        }
        for (currency, minor) in &self.cost {
            page.line(format!("Cost of goods: {}", amount(*minor, currency)));
        }
        if self.units_without_cost > 0 {
            page.line(format!(
                "{} units left at no cost known; their cost is booked when it comes.",
                self.units_without_cost
            ));
        }
        let (sold, currency) = &self.sold_for;
        page.line(format!("Sold for: {} without tax", amount(*sold, currency)));
        if self.refunded_minor != 0 {
            page.line(format!(
                "Refunded: {}",
                amount(self.refunded_minor, currency)
            ));
        }
        if let Some(margin) = self.margin_minor {
            page.line(format!("Margin: {}", amount(margin, currency)));
        }
        if self.left > 0 {
            page.line(format!("{} units are still wanted.", self.left));
        }
    }
}

/// A line, and below it what its cost consists of, where that is more than one thing.
fn rows(line: &Line) -> Vec<Vec<String>> {
    let sku = if line.ordered_sku.is_empty() || line.ordered_sku == line.sku {
        line.sku.clone()
    } else {
        format!("{} (in {})", line.sku, line.ordered_sku)
    };
    let after = |total: Option<(i64, i64)>| {
        total.map_or_else(String::new, |(units, cost)| {
            format!("{units} = {}", amount(cost, &line.currency))
        })
    };
    let quantity = if line.quantity == 0 {
        String::new()
    } else {
        line.quantity.to_string()
    };
    let what = match (line.kind.as_str(), &line.parts[..]) {
        ("late_cost", parts) => {
            let parts: Vec<String> = parts.iter().map(part).collect();
            format!("later: {}", parts.join("; "))
        }
        ("return", _) => "came back".to_owned(),
        _ => "left".to_owned(),
    };
    let mut rows = vec![vec![
        line.booked_on.clone(),
        what,
        sku,
        line.lot.clone(),
        line.received_on.clone(),
        quantity,
        line.unit_cost.clone(),
        String::new(),
        amount(line.cost_minor, &line.currency),
        after(line.lot_after),
        after(line.sku_after),
    ]];
    if line.parts.len() > 1 {
        for of_which in &line.parts {
            let mut row = vec![String::new(); 11];
            row[1] = format!("  {}", part(of_which));
            row[7] = amount(of_which.cost_minor, &line.currency);
            rows.push(row);
        }
    }
    rows
}

/// What a part of a cost was paid for, on which paper, at which rate.
fn part(part: &cogs::Part) -> String {
    let mut words = part.component.clone();
    if !part.document.is_empty() {
        words.push_str(&format!(" {}", part.document));
    }
    if let Some(rate) = &part.rate {
        words.push_str(&format!(", {rate}"));
    }
    words
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let Command::Explain { order } = &args.command;
    out.report(&cogs::explain(ctx, order).await?)?;
    Ok(Exit::Done)
}
