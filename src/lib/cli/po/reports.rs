//! What `opsctl po` has to say, as a person reads it.

use crate::cli::{Page, Report};
use crate::domain::cost::unit_cost;
use crate::domain::money::Currency;
use crate::workflows::propose;
use crate::workflows::purchasing::{Closed, Listed, Made, MadeOrder, Shown};

impl Report for Made {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        if self.dry_run {
            page.line("Dry run: this is what would be ordered.");
        }
        orders(page, &self.orders);
    }
}

fn orders(page: &mut Page, orders: &[MadeOrder]) {
    page.table(
        &["order", "supplier", "lines#", "units#", "cost#", "expected"],
        orders.iter().map(|o| {
            vec![
                o.number.clone(),
                o.supplier.clone(),
                o.lines.to_string(),
                o.units.to_string(),
                format!("{} {}", o.cost, o.currency),
                o.expected_on.clone(),
            ]
        }),
    );
    let without: u64 = orders.iter().map(|o| o.lines_without_cost).sum();
    if without > 0 {
        page.line(format!("{without} lines have no cost."));
    }
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "order",
                "supplier",
                "ordered",
                "units#",
                "received#",
                "open#",
                "expected",
                "state",
            ],
            self.rows.iter().map(|entry| {
                let (sum, order) = (&entry.summary, &entry.summary.order);
                vec![
                    order.number.clone(),
                    order.supplier.clone(),
                    order.ordered_on.clone(),
                    sum.units.to_string(),
                    sum.received.to_string(),
                    sum.open.to_string(),
                    order.expected_on.clone(),
                    state(order.closed_why.as_deref(), entry.late),
                ]
            }),
        );
        page.line(format!("{} purchase orders", self.rows.len()));
    }
}

fn state(closed_why: Option<&str>, late: bool) -> String {
    match closed_why {
        Some(why) => format!("closed: {why}"),
        None if late => "LATE".to_owned(),
        None => "open".to_owned(),
    }
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        let o = &self.order;
        page.line(format!("{}  {} {}", o.number, o.supplier, o.supplier_name));
        page.line(format!(
            "ordered {}, expected {}, {}",
            o.ordered_on,
            o.expected_on,
            state(o.closed_why.as_deref(), self.late)
        ));
        if !o.note.is_empty() {
            page.line(&o.note);
        }
        let currency = o.currency.parse::<Currency>().ok();
        let money = |minor: Option<i64>| {
            let text = minor
                .zip(currency)
                .map(|(minor, c)| format!("{} {c}", c.decimal(minor)));
            text.unwrap_or_else(|| "unknown".to_owned())
        };
        page.table(
            &[
                "line#",
                "sku",
                "ordered#",
                "received#",
                "invoiced#",
                "open#",
                "cost#",
                "a unit#",
            ],
            self.lines.iter().map(|shown| {
                let line = &shown.line;
                let unit = line.cost_minor.zip(currency);
                vec![
                    line.line.to_string(),
                    line.sku.clone(),
                    line.quantity.to_string(),
                    line.received.to_string(),
                    line.invoiced.to_string(),
                    shown.open.to_string(),
                    money(line.cost_minor),
                    unit.map(|(minor, c)| unit_cost(minor, line.quantity, c))
                        .unwrap_or_default(),
                ]
            }),
        );
        let receipts = self.lines.iter().flat_map(|shown| {
            shown.receipts.iter().map(move |row| {
                vec![
                    row.received_on.clone(),
                    row.receipt.to_string(),
                    shown.line.line.to_string(),
                    row.sku.clone(),
                    row.lot.clone(),
                    row.quantity.to_string(),
                    row.invoiced.to_string(),
                ]
            })
        });
        let mut receipts: Vec<Vec<String>> = receipts.collect();
        receipts.sort();
        if !receipts.is_empty() {
            page.table(
                &[
                    "came in",
                    "receipt#",
                    "line#",
                    "sku",
                    "lot",
                    "units#",
                    "invoiced#",
                ],
                receipts,
            );
        }
    }
}

impl Report for Closed {
    fn render(&self, page: &mut Page) {
        if let Some(at) = self.closed_before {
            page.line(format!(
                "{} was closed on {at} already: {}. Nothing was changed.",
                self.number, self.reason
            ));
            return;
        }
        let tense = if self.dry_run { "would be" } else { "is" };
        page.line(format!(
            "{} {tense} closed; {} units are no longer expected.",
            self.number, self.given_up
        ));
    }
}

impl Report for propose::Report {
    fn render(&self, page: &mut Page) {
        if self.rows.is_empty() {
            page.line("Nothing needs to be bought.");
        } else {
            page.table(
                &[
                    "supplier",
                    "sku",
                    "available#",
                    "on order#",
                    "a day#",
                    "point#",
                    "pack#",
                    "buy#",
                    "cost#",
                ],
                self.rows.iter().map(|row| {
                    let cost = row.cost.as_ref().zip(row.currency.as_ref());
                    vec![
                        row.supplier.clone(),
                        row.sku.clone(),
                        row.available.to_string(),
                        row.on_order.to_string(),
                        row.per_day.clone(),
                        row.point.to_string(),
                        row.pack.to_string(),
                        row.quantity.to_string(),
                        cost.map_or_else(
                            || "unknown".to_owned(),
                            |(amount, currency)| format!("{amount} {currency}"),
                        ),
                    ]
                }),
            );
        }
        if !self.without_supplier.is_empty() {
            page.line(format!(
                "Low, but without a supplier, or with several and none preferred: {}",
                self.without_supplier.join(", ")
            ));
        }
        if !self.orders.is_empty() {
            page.line(if self.dry_run {
                "Dry run: this is what would be ordered."
            } else {
                "Ordered:"
            });
            orders(page, &self.orders);
        }
    }
}
