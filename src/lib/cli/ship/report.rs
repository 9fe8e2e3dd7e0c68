//! What shipping with carriers tells people.

use serde::Serialize;

use super::manual;
use crate::cli::{Page, Report};
use crate::domain::carriage::Tariff;
use crate::domain::time::UtcMs;
use crate::workflows::cogs::amount;
use crate::workflows::consign::{self, Rates, Settled, Shown, ShownPiece, Voiding};

/// Sendings as listed.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) consignments: Vec<Shown>,
}

impl Report for Rates {
    fn render(&self, page: &mut Page) {
        if let Some(id) = self.under_way {
            page.line(format!(
                "{} has consignment {id} under way: `opsctl ship {}` goes on with it.",
                self.order, self.order
            ));
            return;
        }
        page.table(
            &[
                "service",
                "",
                "cost#",
                "tariff",
                "days#",
                "billed by",
                "remarks",
            ],
            self.rates.iter().map(|rate| {
                let tariff = match rate.charge.tariff {
                    Tariff::Published => "published",
                    Tariff::Negotiated => "negotiated",
                };
                vec![
                    rate.service.clone(),
                    rate.name.clone(),
                    amount(rate.charge.amount_minor, rate.charge.currency.as_str()),
                    tariff.to_owned(),
                    rate.days.map_or(String::new(), |days| days.to_string()),
                    rate.billing_weight.clone(),
                    rate.remarks.join("; "),
                ]
            }),
        );
        page.line(format!(
            "`opsctl ship {}` would take {} with {}.",
            self.order, self.usual, self.carrier
        ));
    }
}

impl Report for consign::Report {
    fn render(&self, page: &mut Page) {
        if let (true, Some(shown)) = (self.dry_run, &self.consignment) {
            page.line(format!(
                "Dry run: nothing would be bought for {}.",
                self.order
            ));
            shown.render(page);
            return;
        }
        if self.dry_run {
            let count = self.pieces.len();
            page.line(format!(
                "Dry run: {} would be asked for {count} label{} for {}{}.",
                self.carrier,
                if count == 1 { "" } else { "s" },
                self.order,
                match self.service.as_str() {
                    "" => String::new(),
                    service => format!(", service {service}"),
                }
            ));
            page.table(
                &["piece#", "grams#", "mm"],
                self.pieces.iter().enumerate().map(|(at, piece)| {
                    let size = piece.size_mm.map(|[l, w, h]| format!("{l} x {w} x {h}"));
                    vec![
                        (at + 1).to_string(),
                        piece.weight_g.to_string(),
                        size.unwrap_or_default(),
                    ]
                }),
            );
            return;
        }
        if self.before {
            page.line(format!("{}: nothing was bought now.", self.order));
            let inbound = |shown: &Shown| shown.row.direction == "inbound";
            if self.consignment.as_ref().is_some_and(inbound) {
                page.line("`--another` buys labels for one more return.");
            }
        }
        if let Some(shown) = &self.consignment {
            shown.render(page);
        }
        if let Some(shipped) = &self.shipped {
            manual::one(shipped, page);
        }
        if let Some(printed) = &self.papers.printed {
            let done = printed.jobs.iter().filter(|job| job.state == "printed");
            let count = done.count();
            page.line(format!(
                "Printed at {}: {count} document{}.",
                printed.station,
                if count == 1 { "" } else { "s" }
            ));
        }
        for wrong in &self.papers.wrong {
            page.line(format!("Not printed: {wrong}"));
        }
        if !self.papers.wrong.is_empty() {
            page.line(format!(
                "When that is mended: `opsctl label print {}`; what failed at CUPS: `opsctl label \
                 reprint job:N`.",
                self.order
            ));
        }
        for order in &self.shop_waits {
            page.line(format!("The shop will be told by the next sync: {order}"));
        }
        for order in &self.needs_decision {
            page.line(format!("Needs a decision (`opsctl outbox list`): {order}"));
        }
    }
}

fn cost(shown: &Shown) -> String {
    match (shown.row.charge_minor, &shown.row.charge_currency) {
        (Some(minor), Some(currency)) => amount(minor, currency),
        _ => "not known".to_owned(),
    }
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        let row = &self.row;
        page.line(format!(
            "Consignment {}: {} {} with {}{}, {}; cost {}; reference {}",
            row.id,
            row.direction,
            row.order_ref,
            row.carrier,
            match row.service.as_str() {
                "" => String::new(),
                code if code != self.service_name =>
                    format!(", service {code} ({})", self.service_name),
                service => format!(", service {service}"),
            },
            row.state.replace('_', " "),
            cost(self),
            row.reference
        ));
        if !row.said.is_empty() {
            page.line(format!("  {}", row.said));
        }
        page.table(
            &["piece#", "tracking", "grams#", "stage", "expected"],
            self.parcels.iter().map(|piece| {
                let parcel = &piece.parcel;
                let stage = parcel.stage.as_deref().unwrap_or_default();
                vec![
                    format!("{} of {}", parcel.number, self.parcels.len()),
                    parcel.tracking.clone().unwrap_or_default(),
                    parcel.weight_g.to_string(),
                    stage.replace('_', " "),
                    parcel.expected_on.clone().unwrap_or_default(),
                ]
            }),
        );
        let happened = |piece: &ShownPiece| !piece.happenings.is_empty();
        if self.parcels.iter().any(happened) {
            let rows = self.parcels.iter().flat_map(|piece| {
                piece.happenings.iter().map(|(at, words, place, _)| {
                    vec![
                        piece.parcel.number.to_string(),
                        UtcMs(*at).to_string(),
                        words.clone(),
                        place.clone(),
                    ]
                })
            });
            page.table(&["piece#", "when", "what", "where"], rows);
        }
        if !self.documents.is_empty() {
            page.table(
                &["document#", "kind", "title", "type"],
                self.documents.iter().map(|document| {
                    vec![
                        document.id.to_string(),
                        document.kind.replace('_', " "),
                        document.title.clone(),
                        document.media_type.clone(),
                    ]
                }),
            );
        }
    }
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        if self.consignments.is_empty() {
            page.line("There is no consignment to show.");
            return;
        }
        page.table(
            &[
                "id#", "order", "", "carrier", "state", "pieces#", "tracking", "cost#", "said",
            ],
            self.consignments.iter().map(|shown| {
                let row = &shown.row;
                let first = shown.parcels.iter().find_map(|p| p.parcel.tracking.clone());
                vec![
                    row.id.to_string(),
                    row.order_ref.clone(),
                    row.direction.clone(),
                    row.carrier.clone(),
                    row.state.replace('_', " "),
                    shown.parcels.len().to_string(),
                    first.unwrap_or_default(),
                    cost(shown),
                    row.said.clone(),
                ]
            }),
        );
    }
}

impl Report for Voiding {
    fn render(&self, page: &mut Page) {
        let id = self.consignment;
        if self.dry_run {
            let numbers = self.voided.join(", ");
            page.line(format!(
                "Dry run: {numbers} of consignment {id} would be voided."
            ));
            return;
        }
        if !self.voided.is_empty() {
            page.line(format!("Void: {}", self.voided.join(", ")));
        }
        if !self.stands.is_empty() {
            page.line(format!("Not void: {}", self.stands.join(", ")));
        }
        if let Some(why) = &self.why {
            page.line(format!("The carrier does not void it: {why}"));
        }
        for label in &self.may_print {
            page.line(format!("May still come out of the printer: {label}"));
        }
        if self.left && self.stands.is_empty() {
            page.line(format!(
                "The goods of {} have left by the books. `opsctl ship {}` buys new labels for \
                 them; where they stay, `opsctl stock return {} SKU=QTY` takes them back.",
                self.order, self.order, self.order
            ));
        }
    }
}

impl Report for Settled {
    fn render(&self, page: &mut Page) {
        let two = |(id, order): &(i64, String)| format!("consignment {id} of {order}");
        for one in &self.adopted {
            page.line(format!(
                "Found at the carrier, and taken over: {}",
                two(one)
            ));
        }
        for one in &self.left {
            page.line(format!("Has left: {}", two(one)));
        }
        for one in &self.voided {
            page.line(format!("Void: {}", two(one)));
        }
        let told = [
            ("Asked again later", &self.waiting),
            (
                "Needs a decision (`opsctl ship resolve`)",
                &self.needs_decision,
            ),
            ("Failed", &self.failed),
            ("Not printed", &self.not_printed),
        ];
        for (what, all) in told {
            for (id, order, why) in all {
                page.line(format!("{what}: consignment {id} of {order}: {why}"));
            }
        }
        match self.open {
            0 => page.line("Nothing is open."),
            1 => page.line("1 consignment is open: `opsctl ship list --open`."),
            open => page.line(format!(
                "{open} consignments are open: `opsctl ship list --open`."
            )),
        }
    }
}
