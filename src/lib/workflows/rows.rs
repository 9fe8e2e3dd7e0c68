//! CSV files from people: columns by name, and every bad cell named by line and column. A
//! JSON file with the same names is read the same way, its bad cells named by their paths.

mod json;

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use crate::domain::money::Currency;
use crate::fault::Fault;

/// At most this many bad cells are told of one file.
const TOLD: usize = 20;

/// A file as text, and the reference under which it is applied once.
pub struct Source {
    /// The text, without a byte order mark.
    pub text: String,
    /// `file:` and the SHA-256 of the content.
    pub reference: String,
}

/// Reads a file whole.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> anyhow::Result<Source> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let digest = Sha256::digest(&bytes);
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let text = String::from_utf8(bytes).map_err(|error| {
        Fault::failed(format!(
            "{} is not UTF-8 text (byte {})",
            path.display(),
            error.utf8_error().valid_up_to() + 1
        ))
        .hint("export the file again as CSV UTF-8")
    })?;
    Ok(Source {
        text: text.trim_start_matches('\u{feff}').to_owned(),
        reference: format!("file:{hex}"),
    })
}

/// Where a row stands in its file.
enum Place {
    /// On this line of a CSV file.
    Line(u64),
    /// At these paths of a JSON file: that of the fields it shares with other rows, which
    /// these are, and that of its own.
    Paths(String, &'static [&'static str], String),
}

impl Place {
    /// How a person finds a cell.
    fn of(&self, column: &str) -> String {
        match self {
            Self::Line(line) => format!("line {line}, column {column}"),
            Self::Paths(head, shared, _) if shared.contains(&column) => format!("{head}{column}"),
            Self::Paths(_, _, own) => format!("{own}{column}"),
        }
    }
}

/// A table of text cells under known headings.
pub struct Rows {
    columns: HashMap<&'static str, usize>,
    records: Vec<(Place, csv::StringRecord)>,
    problems: Vec<String>,
    bad: usize,
}

impl Rows {
    /// Splits a text into rows. The separator is whichever of comma, semicolon and tab
    /// the first line has most of.
    ///
    /// # Errors
    /// A required column is missing, a column is unknown or there twice, a line is broken.
    pub fn parse(
        text: &str,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> anyhow::Result<Self> {
        let first = text.lines().next().unwrap_or_default();
        let separator = *[b',', b';', b'\t']
            .iter()
            .max_by_key(|s| (first.bytes().filter(|b| b == *s).count(), **s == b','))
            .unwrap_or(&b',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let headings = reader.headers().context("line 1")?.clone();
        let mut columns = HashMap::new();
        for (at, heading) in headings.iter().enumerate() {
            let name = heading.to_ascii_lowercase().replace([' ', '-'], "_");
            let known = required.iter().chain(optional).find(|c| **c == name);
            let Some(column) = known else {
                let all: Vec<&str> = required.iter().chain(optional).copied().collect();
                return Err(Fault::failed(format!("line 1: unknown column {heading:?}"))
                    .hint(format!("the columns are {}", all.join(", ")))
                    .into());
            };
            if columns.insert(*column, at).is_some() {
                return Err(
                    Fault::failed(format!("line 1: column {column} is there twice")).into(),
                );
            }
        }
        let missing: Vec<&str> = required
            .iter()
            .filter(|c| !columns.contains_key(*c))
            .copied()
            .collect();
        if !missing.is_empty() {
            return Err(
                Fault::failed(format!("line 1: no column {}", missing.join(", ")))
                    .hint(format!("the first line must name {}", required.join(", ")))
                    .into(),
            );
        }
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| Fault::failed(format!("broken CSV: {error}")))?;
            if record.iter().any(|cell| !cell.is_empty()) {
                let line = record.position().map_or(0, csv::Position::line);
                records.push((Place::Line(line), record));
            }
        }
        Ok(Self {
            columns,
            records,
            problems: Vec::new(),
            bad: 0,
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The cell of a row, if it is there and not empty.
    pub fn cell(&self, row: usize, column: &str) -> Option<&str> {
        let at = *self.columns.get(column)?;
        self.records[row].1.get(at).filter(|text| !text.is_empty())
    }

    /// Whether so many cells are bad that further ones are only counted.
    pub fn is_full(&self) -> bool {
        self.problems.len() >= TOLD
    }

    /// Notes that a cell is bad; one that several rows share is noted once.
    pub fn problem(&mut self, row: usize, column: &str, what: impl AsRef<str>) {
        let text = format!("{}: {}", self.records[row].0.of(column), what.as_ref());
        if self.problems.contains(&text) {
            return;
        }
        self.bad += 1;
        if self.problems.len() < TOLD {
            self.problems.push(text);
        }
    }

    /// Reads a cell by a rule; a bad one is noted and gives `None`.
    pub fn read<T>(
        &mut self,
        row: usize,
        column: &str,
        rule: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.cell(row, column).unwrap_or("").to_owned();
        match rule(&text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problem(row, column, what);
                None
            }
        }
    }

    /// Reads a cell by a rule; an empty one gives `None`, a bad one is noted too.
    pub fn optional<T>(
        &mut self,
        row: usize,
        column: &str,
        rule: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.cell(row, column)?;
        self.read(row, column, rule)
    }

    /// All is well, or an error that names each bad cell; nothing is applied then.
    ///
    /// # Errors
    /// As said.
    pub fn finish(self, file: &Path) -> anyhow::Result<()> {
        if self.bad == 0 {
            return Ok(());
        }
        let mut text = format!(
            "{}: {} bad cells, nothing was applied",
            file.display(),
            self.bad
        );
        for problem in &self.problems {
            text.push_str("\n  ");
            text.push_str(problem);
        }
        if self.bad > self.problems.len() {
            text.push_str(&format!("\n  and {} more", self.bad - self.problems.len()));
        }
        Err(Fault::failed(text)
            .hint("correct the file and run the command again")
            .into())
    }
}

/// A whole number of units, at least 1.
///
/// # Errors
/// Anything else.
pub fn units(text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(units) if (1..=1_000_000_000).contains(&units) => Ok(units),
        Ok(units) if units > 0 => Err(format!("{units} is too large a quantity")),
        Ok(units) => Err(format!("{units} is not a quantity of at least 1")),
        Err(_) if text.is_empty() => Err("a quantity is missing".to_owned()),
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}

/// A text that must be there and fit a key.
///
/// # Errors
/// Empty, longer than 190 characters, or with control characters.
pub fn key(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.chars().count() > 190 {
        Err("is longer than 190 characters".to_owned())
    } else if text.chars().any(char::is_control) {
        Err("has control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A name in a column of its own: any text that fits.
///
/// # Errors
/// Longer than 190 characters, or with a NUL.
pub fn name(text: &str) -> Result<String, String> {
    if text.chars().count() > 190 {
        Err("is longer than 190 characters".to_owned())
    } else if text.contains('\0') {
        Err("has control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A currency's code.
///
/// # Errors
/// Anything else.
pub fn currency(text: &str) -> Result<Currency, String> {
    text.parse::<Currency>().map_err(|error| error.to_string())
}

/// A calendar day that is not after today.
///
/// # Errors
/// Anything else.
pub fn past_day(text: &str, today: &str) -> Result<String, String> {
    let day = day(text)?;
    if day.as_str() > today {
        return Err(format!("{day} is in the future: today is {today}"));
    }
    Ok(day)
}

/// A calendar day, `YYYY-MM-DD`.
///
/// # Errors
/// Anything else.
pub fn day(text: &str) -> Result<String, String> {
    chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(|day| day.format("%Y-%m-%d").to_string())
        .map_err(|_| format!("{text:?} is not a day as YYYY-MM-DD"))
}
