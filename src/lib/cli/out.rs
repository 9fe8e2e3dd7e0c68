//! The only place that writes to stdout: a report as a table, or as one JSON document.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};
use serde::Serialize;
use serde_json::Value;

use super::Globals;
use crate::progress::Show;
use crate::store::applied_refs::Applied;

/// What a command has to say at its end: the same facts for a person and for a program.
pub trait Report: Serialize {
    /// Writes the facts for a person.
    fn render(&self, page: &mut Page);
}

/// A report as a person reads it: paragraphs and tables, in order.
#[derive(Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// A line of text.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// Says that what was asked for had been done before.
    pub fn already_applied(&mut self, before: &Applied) {
        self.line(format!(
            "Already applied on {} by {}: {}. Nothing was changed.",
            before.at, before.actor, before.summary
        ));
    }

    /// A table under the given headings. Headings that end in `#` hold numbers and are
    /// set flush right; the sign itself is not shown.
    pub fn table(&mut self, headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_style(TableComponent::HeaderLines, '─')
            .set_style(TableComponent::MiddleHeaderIntersections, '─')
            .set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(headings.iter().map(|h| h.trim_end_matches('#')));
        for row in rows {
            table.add_row(row.into_iter().zip(headings).map(|(text, heading)| {
                let cell = Cell::new(printable(&text));
                if heading.ends_with('#') {
                    cell.set_alignment(CellAlignment::Right)
                } else {
                    cell
                }
            }));
        }
        self.line(table.trim_fmt());
    }

    /// The text so far.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Text from outside with its control characters made visible, so that a product title
/// cannot steer the reader's terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Where a command's results go.
pub struct Out {
    json: bool,
    quiet: bool,
}

impl Out {
    /// As the global options ask.
    #[must_use]
    pub fn new(globals: &Globals) -> Self {
        Self {
            json: globals.json,
            quiet: globals.quiet,
        }
    }

    /// Whether reports are printed as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress may be shown.
    #[must_use]
    pub fn show(&self) -> Show {
        if self.quiet { Show::Never } else { Show::Auto }
    }

    /// Prints a report: a page, or one JSON document that starts with `"schema": 1`.
    ///
    /// # Errors
    /// stdout is closed or full.
    pub fn report<R: Report>(&mut self, report: &R) -> anyhow::Result<()> {
        if self.json {
            let mut document = serde_json::Map::new();
            document.insert("schema".to_owned(), Value::from(1));
            match serde_json::to_value(report)? {
                Value::Object(fields) => document.extend(fields),
                other => {
                    document.insert("rows".to_owned(), other);
                }
            }
            return self.text(&format!("{}\n", serde_json::to_string_pretty(&document)?));
        }
        let mut page = Page::default();
        report.render(&mut page);
        self.text(&page.into_text())
    }

    /// Prints one JSON object on a line of its own, for commands that stream.
    ///
    /// # Errors
    /// stdout is closed or full.
    pub fn json_line<T: Serialize>(&mut self, row: &T) -> anyhow::Result<()> {
        self.text(&format!("{}\n", serde_json::to_string(row)?))
    }

    /// Writes text to stdout as it is.
    ///
    /// # Errors
    /// stdout is closed or full.
    pub fn text(&mut self, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// stdout behind one lock and a buffer, for commands that write a row for each row they
    /// read. The caller flushes it at the end.
    pub fn stream(&mut self) -> impl Write + use<> {
        io::BufWriter::new(io::stdout().lock())
    }

    /// Tells a person something beside the report, on stderr; silent with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{}", printable(text));
        }
    }
}
