//! What `opsctl label` prints.

use serde::Serialize;

use crate::cli::{Page, Report};
use crate::domain::time::UtcMs;
use crate::fault::Exit;
use crate::store::print_jobs::Row;
use crate::workflows::label::{Kept, Printed};
use crate::workflows::printing;

/// Jobs that were looked at.
#[derive(Serialize)]
pub struct Jobs {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The jobs, as they are now.
    pub jobs: Vec<Row>,
}

/// Jobs as listed.
#[derive(Serialize)]
pub struct Listed {
    /// The jobs.
    pub rows: Vec<Row>,
}

/// A document that was written to a file.
#[derive(Serialize)]
pub struct Looked {
    /// Its number.
    pub document: i64,
    /// What people call it.
    pub title: String,
    /// The media type of the file.
    pub media_type: String,
    /// Its length.
    pub bytes: usize,
    /// The file.
    pub file: String,
}

/// How printing ended.
pub fn exit(printed: &Printed) -> Exit {
    match printing::exit(&printed.jobs) {
        Exit::Failed => Exit::Failed,
        _ if !printed.for_reprint.is_empty() => Exit::Failed,
        exit => exit,
    }
}

fn table(page: &mut Page, rows: &[Row]) {
    page.table(
        &[
            "job#",
            "document#",
            "what",
            "printer",
            "state",
            "since",
            "known",
        ],
        rows.iter().map(|row| {
            vec![
                row.id.to_string(),
                row.document_id.to_string(),
                row.title.clone(),
                format!("{} ({})", row.printer, row.station),
                row.state.clone(),
                UtcMs(row.updated_at).to_string(),
                row.said.clone(),
            ]
        }),
    );
}

/// Says what a person has to do about jobs that are not printed.
fn advise(page: &mut Page, rows: &[Row]) {
    if rows.iter().any(|row| row.state == "failed") {
        page.line(
            "What failed is kept: see to the printer, then `opsctl label reprint job:NUMBER`.",
        );
    }
    if rows.iter().any(Row::is_open) {
        page.line("What is open is looked at again by `opsctl label jobs`.");
    }
}

impl Report for Printed {
    fn render(&self, page: &mut Page) {
        if let Some(order) = &self.order {
            page.line(format!("Papers of {order}, at {}:", self.station));
        }
        if self.dry_run {
            for wanted in &self.planned {
                page.line(format!(
                    "Would print {} (document {}) on {} at {}.",
                    wanted.title, wanted.document, wanted.printer, self.station
                ));
            }
        }
        if !self.jobs.is_empty() {
            table(page, &self.jobs);
            advise(page, &self.jobs);
        }
        match self.before {
            0 => {}
            1 => page.line("1 document was printed before."),
            n => page.line(format!("{n} documents were printed before.")),
        }
        for job in &self.for_reprint {
            page.line(format!(
                "Job {job} went wrong at CUPS or was taken back: `opsctl label reprint job:{job}` \
                 prints it again."
            ));
        }
    }
}

impl Report for Kept {
    fn render(&self, page: &mut Page) {
        let times = match self.copies {
            1 => String::new(),
            n => format!(", {n} times"),
        };
        match (&self.printer, &self.job) {
            (_, Some(job)) => {
                table(page, std::slice::from_ref(job));
                advise(page, std::slice::from_ref(job));
            }
            (Some(printer), None) => page.line(format!(
                "Would print {}{times} on {printer}; a scanner reads {}.",
                self.title,
                self.reads.replace('\u{1d}', "<GS>")
            )),
            (None, None) => page.line(format!(
                "Made {}{times}; a scanner reads {}.",
                self.title,
                self.reads.replace('\u{1d}', "<GS>")
            )),
        }
    }
}

impl Report for Jobs {
    fn render(&self, page: &mut Page) {
        if self.jobs.is_empty() {
            page.line("Nothing waits to be printed.");
            return;
        }
        table(page, &self.jobs);
        advise(page, &self.jobs);
    }
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        if self.rows.is_empty() {
            page.line("There are no print jobs.");
            return;
        }
        table(page, &self.rows);
    }
}

impl Report for Looked {
    fn render(&self, page: &mut Page) {
        page.line(format!(
            "Wrote {} to {} ({} bytes of {}).",
            self.title, self.file, self.bytes, self.media_type
        ));
    }
}
