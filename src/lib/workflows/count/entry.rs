//! One thing that a person saw on a shelf, as it is written on a list or a command line.

use super::super::orders;
use super::super::rows::{self, Rows};
use crate::context::Context;
use crate::domain::time::UtcMs;

pub(super) const REQUIRED: &[&str] = &["location", "sku", "counted"];
pub(super) const OPTIONAL: &[&str] = &["lot", "counted_at", "reason"];

/// Something a person saw.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The code of the place.
    pub location: String,
    /// The SKU.
    pub sku: String,
    /// The lot, where lots are told apart.
    pub lot: Option<String>,
    /// Units there.
    pub counted: i64,
    /// When; by default now.
    pub counted_at: Option<UtcMs>,
    /// What the person says of it.
    pub reason: Option<String>,
}

/// Reads an entry from a row; what is wrong is noted there.
pub(super) fn read(ctx: &Context, rows: &mut Rows, row: usize) -> Option<Entry> {
    let location = rows.read(row, "location", rows::key);
    let sku = rows.read(row, "sku", rows::key);
    let counted = rows.read(row, "counted", seen);
    let lot = rows.cell(row, "lot").map(ToOwned::to_owned);
    let counted_at = match rows.cell(row, "counted_at") {
        None => None,
        Some(_) => Some(rows.read(row, "counted_at", |text| time(ctx, text))?),
    };
    let reason = match rows.cell(row, "reason") {
        None => None,
        Some(_) => Some(rows.read(row, "reason", said)?),
    };
    Some(Entry {
        location: location?,
        sku: sku?,
        lot,
        counted: counted?,
        counted_at,
        reason,
    })
}

/// A number of units that a person saw: 0 or more.
///
/// # Errors
/// Anything else.
pub fn seen(text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(units) if (0..=1_000_000_000).contains(&units) => Ok(units),
        Ok(units) => Err(format!("{units} is not between 0 and 1000000000")),
        Err(_) if text.is_empty() => Err("a number is missing".to_owned()),
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}

/// What a person says: a line of text.
///
/// # Errors
/// Too long for one.
pub fn said(text: &str) -> Result<String, String> {
    rows::name(text)
}

/// A point in time: RFC 3339, or a local time in the tenant's zone.
///
/// # Errors
/// Not in a form that is known.
pub fn time(ctx: &Context, text: &str) -> Result<UtcMs, String> {
    orders::when(ctx, text)
}
