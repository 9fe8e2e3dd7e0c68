//! How counts are shown to people.

use serde::Serialize;

use super::super::{Page, Report};
use crate::store::counts::Listed;
use crate::workflows::count::{Applied, Cancelled, Entered, Review, ReviewLine, Sheet, Started};

#[derive(Serialize)]
pub struct List {
    pub rows: Vec<Listed>,
}

impl Report for List {
    fn render(&self, page: &mut Page) {
        page.table(
            &["count#", "of", "state", "began", "by", "lines#", "counted#"],
            self.rows.iter().map(|row| {
                vec![
                    row.id.to_string(),
                    row.scope.clone(),
                    row.state.clone(),
                    row.started_at.to_string(),
                    row.actor.clone(),
                    row.lines.to_string(),
                    row.counted.to_string(),
                ]
            }),
        );
        page.line(format!("{} counts", self.rows.len()));
    }
}

impl Report for Started {
    fn render(&self, page: &mut Page) {
        let began = match self.id {
            Some(id) => format!("Count {id} began"),
            None => "Dry run: a count would begin".to_owned(),
        };
        page.line(format!(
            "{began}: {}; {} products at {} locations, {} lines.",
            self.scope, self.products, self.locations, self.lines
        ));
        if let Some(id) = self.id {
            page.line(format!(
                "`opsctl count sheet {id}` prints the list to walk with."
            ));
        }
    }
}

impl Report for Sheet {
    fn render(&self, page: &mut Page) {
        page.line(format!(
            "Count {}: {}, began {}",
            self.id, self.scope, self.started_at
        ));
        page.table(
            &["location", "sku", "title", "lot", "counted#"],
            self.rows.iter().map(|row| {
                let counted = row.counted.map(|units| units.to_string());
                vec![
                    row.location.clone(),
                    row.sku.clone(),
                    row.title.clone(),
                    row.lot.clone(),
                    counted.unwrap_or_else(|| "______".to_owned()),
                ]
            }),
        );
    }
}

impl Report for Entered {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        let would = if self.dry_run { "Dry run: " } else { "" };
        page.line(format!(
            "{would}{} lines of count {} entered, {} of them anew; {} were not on the sheet.",
            self.lines, self.id, self.replaced, self.found
        ));
        page.line(format!(
            "{} lines are still to be counted.",
            self.not_counted
        ));
    }
}

impl Report for Review {
    fn render(&self, page: &mut Page) {
        page.line(format!("Count {}: {}, {}", self.id, self.scope, self.state));
        table(page, self.state == "open", self.lines.iter());
        totals(page, self);
    }
}

impl Report for Applied {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        page.line(if self.dry_run {
            "Dry run: this is what a run would do.".to_owned()
        } else {
            format!("Count {} is applied.", self.review.id)
        });
        let lines = self.review.lines.iter();
        table(
            page,
            true,
            lines.filter(|line| line.difference.is_some_and(|units| units != 0)),
        );
        totals(page, &self.review);
    }
}

impl Report for Cancelled {
    fn render(&self, page: &mut Page) {
        page.line(match (self.before, self.dry_run) {
            (true, _) => format!(
                "Count {} was cancelled before. Nothing was changed.",
                self.id
            ),
            (false, true) => format!("Dry run: count {} would be cancelled.", self.id),
            (false, false) => format!("Count {} is cancelled; stock stays as it is.", self.id),
        });
    }
}

/// The lines; of a count that is over, nobody asks any more what its differences cost.
fn table<'a>(page: &mut Page, priced: bool, lines: impl Iterator<Item = &'a ReviewLine>) {
    let number = |units: Option<i64>| units.map_or_else(String::new, |units| units.to_string());
    let signed = |units: Option<i64>| units.map_or_else(String::new, |units| format!("{units:+}"));
    page.table(
        &[
            "location",
            "sku",
            "lot",
            "at start#",
            "moved#",
            "expected#",
            "counted#",
            "difference#",
            "misplaced#",
            "value#",
            "promised#",
            "note",
        ],
        lines.map(|line| {
            let value = line.value.clone();
            let value = value.unwrap_or_else(|| match line.difference {
                Some(1.. | ..=-1) if priced => "unknown".to_owned(),
                _ => String::new(),
            });
            let some = |units: i64| number(Some(units).filter(|units| *units > 0));
            let notes = [line.problem.as_deref(), line.reason.as_deref()];
            vec![
                line.location.clone(),
                line.sku.clone(),
                line.lot.clone(),
                line.snapshot.to_string(),
                signed(Some(line.moved).filter(|units| *units != 0)),
                line.expected.to_string(),
                number(line.counted),
                signed(line.difference),
                some(line.misplaced),
                value,
                some(line.released),
                notes.into_iter().flatten().collect::<Vec<_>>().join("; "),
            ]
        }),
    );
}

fn totals(page: &mut Page, review: &Review) {
    page.line(format!(
        "{} units found, {} missing; worth {} {}.",
        review.surplus, review.shortage, review.value, review.currency
    ));
    if review.misplaced > 0 {
        page.line(format!(
            "{} units lie at another place of the count than expected: moved, neither lost nor \
             found.",
            review.misplaced
        ));
    }
    if review.released > 0 {
        page.line(format!(
            "{} units of that are promised; the newest promises are given back.",
            review.released
        ));
    }
    if review.not_counted > 0 {
        page.line(format!("{} lines are not counted.", review.not_counted));
    }
}
