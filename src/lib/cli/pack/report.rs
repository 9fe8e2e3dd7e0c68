//! How the packing bench looks on a terminal.

use crate::cli::{Page, Report};
use crate::domain::time::UtcMs;
use crate::workflows::pack::{Bench, PackAnswer, Package, Waitings};

fn theirs(packer: Option<&String>, until: Option<i64>) -> String {
    match (packer, until) {
        (Some(packer), Some(until)) => format!("{packer} until {}", UtcMs(until)),
        (Some(packer), None) => packer.clone(),
        (None, _) => String::new(),
    }
}

impl Report for Waitings {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "order", "customer", "service", "promised", "state", "tote#", "packer", "picked#",
                "packed#", "boxes#", "",
            ],
            self.orders.iter().map(|row| {
                vec![
                    row.order.clone(),
                    row.customer.clone(),
                    row.service.clone(),
                    row.promised_on.clone().unwrap_or_default(),
                    row.state.clone(),
                    row.tote.to_string(),
                    theirs(row.packer.as_ref(), row.pack_until),
                    row.picked.to_string(),
                    row.packed.to_string(),
                    row.packages.to_string(),
                    row.may_not_leave.clone().unwrap_or_default(),
                ]
            }),
        );
        page.line(match self.orders.len() {
            1 => "1 order on the bench".to_owned(),
            count => format!("{count} orders on the bench"),
        });
    }
}

impl Report for Bench {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is how the bench would be.");
        }
        let with = match self.state.as_str() {
            "picked" => theirs(self.packer.as_ref(), self.pack_until),
            _ => String::new(),
        };
        let with = if with.is_empty() {
            with
        } else {
            format!(", with {with}")
        };
        page.line(format!(
            "{} ({}), tote {}: {}{with}",
            self.order, self.customer, self.tote, self.state
        ));
        if !self.ship_to.is_empty() {
            page.line(format!("To {}", self.ship_to.join(", ")));
        }
        if !self.note.is_empty() {
            page.line(format!("Note: {}", self.note));
        }
        if let Some(why) = &self.may_not_leave {
            page.line(format!("May not leave: {why}. Put the goods back."));
        }
        if let Some(words) = &self.too_much {
            page.line(format!("Look again: {words}."));
        }
        page.table(
            &["sku", "title", "lot", "picked#", "packed#"],
            self.lines.iter().map(|line| {
                vec![
                    line.sku.clone(),
                    line.title.clone(),
                    line.lot.clone().unwrap_or_default(),
                    line.picked.to_string(),
                    line.packed.to_string(),
                ]
            }),
        );
        for package in &self.packages {
            one(package, page);
        }
        page.line(match self.left {
            0 => "Nothing is left to be packed.".to_owned(),
            1 => "1 unit is left to be packed.".to_owned(),
            left => format!("{left} units are left to be packed."),
        });
    }
}

fn one(package: &Package, page: &mut Page) {
    let size = match (package.length_mm, package.width_mm, package.height_mm) {
        (Some(l), Some(w), Some(h)) => format!(", {l} x {w} x {h} mm"),
        _ => String::new(),
    };
    let preset = if package.preset.is_empty() {
        String::new()
    } else {
        format!(", {}", package.preset)
    };
    let weight = package
        .weight_g
        .map_or(", not weighed".to_owned(), |g| format!(", {g} g"));
    let expected = package
        .expected_g
        .map_or(String::new(), |g| format!(" (should be {g} g)"));
    let closed = if package.closed { ", closed" } else { ", open" };
    page.line(format!(
        "Package {}{preset}{size}{weight}{expected}{closed}",
        package.number
    ));
    if let Some(warning) = &package.warning {
        page.line(format!("Look again: {warning}"));
    }
    if !package.unweighed.is_empty() {
        page.line(format!(
            "Nobody has said what these weigh: {}",
            package.unweighed.join(", ")
        ));
    }
    page.table(
        &["sku", "title", "lot", "units#", "serials"],
        package.items.iter().map(|item| {
            vec![
                item.sku.clone(),
                item.title.clone(),
                item.lot.clone().unwrap_or_default(),
                item.units.to_string(),
                item.serials.join(" "),
            ]
        }),
    );
}

impl Report for PackAnswer {
    fn render(&self, page: &mut Page) {
        if self.repeated {
            page.line("This scan had been stored before; nothing was changed.");
        }
        for placed in &self.placed {
            let line = self.bench.lines.iter().find(|l| l.line == placed.line);
            let sku = line.map_or("", |line| line.sku.as_str());
            page.line(if placed.units > 0 {
                format!("{} of {sku} into package {}", placed.units, placed.package)
            } else {
                format!(
                    "{} of {sku} out of package {}",
                    -placed.units, placed.package
                )
            });
        }
        self.bench.render(page);
    }
}
