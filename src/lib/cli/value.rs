//! The reports of `opsctl stock value` and `opsctl stock return`.

use super::{Page, Report};
use crate::workflows::cogs::amount;
use crate::workflows::take_back;
use crate::workflows::value::{By, Valued};

impl Report for Valued {
    fn render(&self, page: &mut Page) {
        let first: &[&str] = match self.by {
            By::Sku => &["sku"],
            By::Lot => &["sku", "lot", "received"],
            By::Location => &["location"],
        };
        let headings = [first, &["units#", "cost#"]].concat();
        page.table(
            &headings,
            self.rows.iter().map(|row| {
                let mut cells = match self.by {
                    By::Sku => vec![row.sku.clone()],
                    By::Lot => vec![row.sku.clone(), row.lot.clone(), row.received_on.clone()],
                    By::Location => vec![row.location.clone()],
                };
                cells.push(row.units.to_string());
                cells.push(amount(row.cost_minor, &row.currency));
                cells
            }),
        );
        let when = match &self.as_of {
            Some(day) => format!(" at the end of {day}"),
            None => String::new(),
        };
        page.line(format!("{} units{when}", self.units));
        for (currency, minor) in &self.cost {
            page.line(format!("Cost: {}", amount(*minor, currency)));
        }
        if self.units_without_cost > 0 {
            page.line(format!("{} units have no cost.", self.units_without_cost));
        }
    }
}

impl Report for take_back::Report {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        page.line(format!("Back from {}:", self.order));
        page.table(
            &["sku", "new lot", "was of", "units#", "cost#"],
            self.lots.iter().map(|lot| {
                vec![
                    lot.sku.clone(),
                    lot.lot.clone(),
                    lot.was_of.clone(),
                    lot.units.to_string(),
                    amount(lot.cost_minor, &lot.currency),
                ]
            }),
        );
    }
}
