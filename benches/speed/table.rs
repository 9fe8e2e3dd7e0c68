//! The one table at the end: a figure a row, for each store, beside its aim.

use std::fmt;
use std::time::Duration;

use crate::harness::Kind;

/// What a figure is held against.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// Told for comparison.
    None,
    /// At most this.
    Below(f64),
    /// At least this.
    Above(f64),
    /// Exactly this, store by store.
    Same,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Ms,
    Us,
    Mb,
    Count,
    Times,
}

struct Row {
    what: String,
    unit: Unit,
    /// By SQLite and MariaDB; the first alone where no store is involved.
    values: [Option<f64>; 2],
    computed: [Option<f64>; 2],
    aim: Aim,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Notes a figure; the same words a second time are the same row.
    pub fn note(&mut self, what: &str, kind: Option<Kind>, value: f64, unit: Unit, aim: Aim) {
        let column = column(kind);
        let row = self.row(what, unit, aim);
        row.values[column] = Some(value);
        let shown = show(value, unit);
        let store = kind.map_or(String::new(), |kind| format!("{kind:?} "));
        eprintln!("  {store}{what}: {shown}");
    }

    /// Notes a count beside what it should be.
    pub fn compare(&mut self, what: &str, kind: Kind, counted: u64, computed: u64) {
        self.note(what, Some(kind), counted as f64, Unit::Count, Aim::Same);
        self.row(what, Unit::Count, Aim::Same).computed[column(Some(kind))] = Some(computed as f64);
    }

    /// A figure noted before.
    pub fn value(&self, what: &str, kind: Kind) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.what == what)?;
        row.values[column(Some(kind))]
    }

    fn row(&mut self, what: &str, unit: Unit, aim: Aim) -> &mut Row {
        let at = self.rows.iter().position(|row| row.what == what);
        let at = at.unwrap_or_else(|| {
            self.rows.push(Row {
                what: what.to_owned(),
                unit,
                values: [None; 2],
                computed: [None; 2],
                aim,
            });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

impl Row {
    fn aim(&self) -> String {
        match self.aim {
            Aim::None => String::new(),
            Aim::Below(limit) => format!("at most {}", show(limit, self.unit)),
            Aim::Above(limit) => format!("at least {}", show(limit, self.unit)),
            Aim::Same => {
                let mut list: Vec<String> = self
                    .computed
                    .iter()
                    .flatten()
                    .map(ToString::to_string)
                    .collect();
                list.dedup();
                format!("computed {}", list.join(", "))
            }
        }
    }

    fn met(&self) -> &'static str {
        let met = |(value, computed): (&Option<f64>, &Option<f64>)| match (value, self.aim) {
            (None, _) | (_, Aim::None) => true,
            (Some(value), Aim::Below(limit)) => *value <= limit,
            (Some(value), Aim::Above(limit)) => *value >= limit,
            (value, Aim::Same) => value == computed,
        };
        match self.aim {
            Aim::None => "",
            _ if self.values.iter().zip(&self.computed).all(met) => "yes",
            _ => "NO",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["", "SQLite", "MariaDB", "aim", "met"]);
        for row in &self.rows {
            let shown = |value: Option<f64>| value.map_or(String::new(), |v| show(v, row.unit));
            table.add_row([
                row.what.clone(),
                shown(row.values[0]),
                shown(row.values[1]),
                row.aim(),
                row.met().to_owned(),
            ]);
        }
        for column in [1, 2] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
        write!(f, "{}", table.trim_fmt())
    }
}

fn column(kind: Option<Kind>) -> usize {
    match kind {
        None | Some(Kind::Sqlite) => 0,
        Some(_) => 1,
    }
}

fn show(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => format!("{value:.3} s"),
        Unit::Ms => format!("{value:.2} ms"),
        Unit::Us => format!("{value:.1} us"),
        Unit::Mb => format!("{value:.0} MB"),
        Unit::Count => format!("{value}"),
        Unit::Times => format!("{value:.2}x"),
    }
}

/// The middle one of some measurements.
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
