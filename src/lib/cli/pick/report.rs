//! What `opsctl pick` shows.

use serde::Serialize;

use super::super::{Page, Report};
use crate::domain::time::UtcMs;
use crate::domain::words::plural;
use crate::store::discrepancies::Row;
use crate::workflows::pick::{Answer, Outcome, Queue, Released, Settled, Sheet, WaveRow};

#[derive(Serialize)]
pub(super) struct Waves {
    pub rows: Vec<WaveRow>,
}

#[derive(Serialize)]
pub(super) struct Discrepancies {
    pub rows: Vec<Row>,
}

impl Report for Queue {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "order",
                "promised",
                "service",
                "placed",
                "customer",
                "lines#",
                "units#",
                "reserved#",
                "bins#",
            ],
            self.rows.iter().map(|row| {
                vec![
                    row.order.clone(),
                    row.promised_on.clone(),
                    row.service.clone(),
                    row.placed_at.to_string(),
                    row.customer.clone(),
                    row.lines.to_string(),
                    row.units.to_string(),
                    row.reserved.to_string(),
                    row.bins.to_string(),
                ]
            }),
        );
        page.line(format!(
            "{} {} may be picked; {} more {} too little reserved.",
            self.ready,
            plural(self.ready as i64, "order", "orders"),
            self.not_ready,
            plural(self.not_ready as i64, "has", "have")
        ));
    }
}

impl Report for Sheet {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line("Dry run: this is the sheet of the round that would begin.");
        } else {
            page.line(format!(
                "Round {} ({}), walked by {}, held until {}.",
                self.wave, self.state, self.packer, self.expires_at
            ));
        }
        page.table(
            &["tote#", "order", "customer", "state", "warning"],
            self.tasks.iter().map(|task| {
                vec![
                    task.tote.to_string(),
                    task.order.clone(),
                    task.customer.clone(),
                    task.state.clone(),
                    task.warning.clone().unwrap_or_default(),
                ]
            }),
        );
        page.line("");
        page.table(
            &[
                "line#", "bin", "sku", "lot", "qty#", "picked#", "short#", "tote#", "title",
            ],
            self.lines.iter().map(|line| {
                vec![
                    line.line.to_string(),
                    line.bin.clone(),
                    line.sku.clone(),
                    line.lot.clone().unwrap_or_default(),
                    line.quantity.to_string(),
                    line.picked.to_string(),
                    line.short.to_string(),
                    line.tote.to_string(),
                    line.title.clone(),
                ]
            }),
        );
    }
}

impl Report for Waves {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "round#", "state", "packer", "until", "orders", "units#", "picked#", "short#",
                "warning",
            ],
            self.rows.iter().map(|row| {
                let until = match (row.state.as_str(), row.expired) {
                    ("picking", true) => "expired".to_owned(),
                    ("picking", false) => row.expires_at.to_string(),
                    _ => String::new(),
                };
                vec![
                    row.wave.to_string(),
                    row.state.clone(),
                    row.packer.clone(),
                    until,
                    row.orders.join(", "),
                    row.units.to_string(),
                    row.picked.to_string(),
                    row.short.to_string(),
                    row.warnings.join("; "),
                ]
            }),
        );
    }
}

impl Report for Answer {
    fn render(&self, page: &mut Page) {
        if self.outcome == Outcome::Refused {
            return;
        }
        if self.repeated {
            page.line("This scan was stored before; it counts once.");
        }
        if let Some(line) = self.line {
            page.line(format!(
                "Line {}: {} picked, {} short.",
                line.line, line.picked, line.short
            ));
        }
        if let Some(short) = &self.short {
            page.line(&short.words);
            page.line(format!(
                "Discrepancy {}: {} {} missing.",
                short.discrepancy,
                short.missing,
                plural(short.missing, "unit is", "units are")
            ));
            if !short.others.is_empty() {
                page.line(format!(
                    "These orders lost a promise there: {}.",
                    short.others.join(", ")
                ));
            }
        }
    }
}

impl Report for Released {
    fn render(&self, page: &mut Page) {
        if self.before {
            page.line(format!("Round {} holds no orders any more.", self.wave));
            return;
        }
        let verb = if self.dry_run {
            "Would give back"
        } else {
            "Gave back"
        };
        page.line(format!("{verb} {}.", self.orders.join(", ")));
        if !self.kept.is_empty() {
            page.line(format!(
                "These stay, for something of them is packed: {}.",
                self.kept.join(", ")
            ));
        }
        if self.at_packing > 0 {
            page.line(format!(
                "{} picked {} at the packing bench.",
                self.at_packing,
                plural(self.at_packing, "unit lies", "units lie")
            ));
        }
    }
}

impl Report for Discrepancies {
    fn render(&self, page: &mut Page) {
        page.table(
            &[
                "id#",
                "what",
                "sku",
                "lot",
                "location",
                "order",
                "expected#",
                "found#",
                "reason",
                "when",
                "by",
                "settled",
            ],
            self.rows.iter().map(|row| {
                vec![
                    row.id.to_string(),
                    row.kind.clone(),
                    row.sku.clone(),
                    row.lot.clone().unwrap_or_default(),
                    row.location.clone().unwrap_or_default(),
                    row.order.clone().unwrap_or_default(),
                    row.expected.to_string(),
                    row.found.to_string(),
                    row.reason.clone(),
                    UtcMs(row.at).to_string(),
                    row.actor.clone(),
                    row.settled_how.clone().unwrap_or_default(),
                ]
            }),
        );
    }
}

impl Report for Settled {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.before {
            page.line(format!("Settled before, {before}. Nothing was changed."));
            return;
        }
        let verb = if self.dry_run {
            "Would settle"
        } else {
            "Settled"
        };
        page.line(format!(
            "{verb} discrepancy {}: {} of {} back at {}, {} written off.",
            self.id,
            self.found,
            self.sku,
            self.at.as_deref().unwrap_or("their place"),
            self.written_off
        ));
    }
}
