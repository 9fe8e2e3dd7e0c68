//! Why a scan is not taken, in the packer's words.

use super::load::Lying;
use crate::domain::pack;
use crate::domain::words::plural;
use crate::store::packages::Line;

/// Why a scan is not taken.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) hint: Option<String>,
    pub(super) needs: Option<&'static str>,
    pub(super) manager_may_swap: bool,
}

impl Refusal {
    pub(super) fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            hint: Some(hint.into()),
            needs: None,
            manager_may_swap: false,
        }
    }
}

/// Scanned text as it can be shown: short, its control characters made visible.
pub(super) fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let short: String = text.chars().take(60).map(visible).collect();
    if text.chars().count() > 60 {
        return format!("{short}...");
    }
    short
}

/// The lots that lines were picked from, in words.
pub(super) fn lot_names(lines: &[&Line]) -> String {
    let mut lots: Vec<&str> = lines.iter().filter_map(|l| l.lot.as_deref()).collect();
    lots.sort_unstable();
    lots.dedup();
    lots.join(" and ")
}

/// Where units were put, checked against the lines that have room.
pub(super) fn share(
    lying: &Lying,
    lines: &[&Line],
    units: i64,
    lot: Option<i64>,
) -> Result<Vec<(i64, i64)>, Refusal> {
    pack::share(&lying.open(lines), units, lot).map_err(|pack::TooMany { left }| {
        let sku = lines.first().map_or("", |line| line.sku.as_str());
        let picked: i64 = lines.iter().map(|l| l.picked - l.packed).sum();
        let name = &lying.task.order_ref;
        if picked >= units && lot.is_none() {
            let why = match left {
                0 => format!("{name} wants no more of {sku} now"),
                left => format!("{name} wants only {left} more of {sku} now"),
            };
            return Refusal::new(why, "put the rest back, and finish in part");
        }
        let why = match left {
            0 => format!("all of {sku} is packed already"),
            left => {
                let are = plural(left, "is", "are");
                format!("too many: {left} of {sku} {are} left to be packed, not {units}")
            }
        };
        Refusal::new(why, "put what is too much back where it came from")
    })
}
