//! What a scanned code is, answered from the file that `opsctl sync` writes, held open in
//! this process: no question to the database, so that the floor goes on while it is away.
//!
//! The file is replaced as a whole; whether it was is looked at once a second at most. A
//! new one that cannot be read leaves the old one in use.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Datelike;
use serde::Serialize;

use crate::context::{Clock, Context};
use crate::domain::gs1::{Gs1Error, Parts};
use crate::domain::gtin::{self, GtinError};
use crate::domain::station_code::{Command, StationCode};
use crate::domain::time::UtcMs;
use crate::store::scan_index::{Hit, Matched, ScanIndex};
use crate::workflows::scan::{self, LookedUp};

/// How often the file is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
/// Bytes of a code, at most; no symbol in use holds more.
pub const LONGEST: usize = 1024;

/// The scan index, held open.
#[derive(Debug)]
pub struct ScanCache {
    path: PathBuf,
    stale_ms: u64,
    clock: Clock,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    index: Option<Arc<ScanIndex>>,
    of: Option<FileState>,
    looked_at: Option<Instant>,
}

/// By what a replaced file is known.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    inode: u64,
    changed: (i64, i64),
    len: u64,
}

/// What a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One product.
    Item,
    /// Several products have the code: a person has to say which.
    Several,
    /// A tote's label.
    Tote,
    /// A bin's label.
    Bin,
    /// Somebody's badge.
    Badge,
    /// Something to do.
    Command,
    /// Nothing that is known.
    Unknown,
}

/// A product that a code leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The SKU.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// Units that one scan means: more than 1 for a case.
    pub units: i64,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// Where it is kept, if it has a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// Units in the house when the file was written.
    pub on_hand: i64,
}

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// What the code is.
    pub kind: Kind,
    /// The products it leads to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// What the code says beside the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gs1: Option<Parts>,
    /// Whether lot and serial have to be asked for, because the code's parts run together.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ask: bool,
    /// The tote's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tote: Option<i64>,
    /// The bin's code, in capitals and digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// The command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    /// Why nothing is known of it, or not everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the file is too old, or missing, to be relied on.
    pub stale: bool,
    /// When the file was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_at: Option<UtcMs>,
}

impl Resolved {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            items: Vec::new(),
            gs1: None,
            ask: false,
            tote: None,
            bin: None,
            command: None,
            why: None,
            stale: false,
            built_at: None,
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..Self::of(Kind::Unknown)
        }
    }
}

impl ScanCache {
    /// The cache of a tenant. Nothing is opened before the first scan.
    pub fn new(ctx: &Context) -> Self {
        Self {
            path: ctx.scan_index(),
            stale_ms: u64::from(ctx.tenant.scan.stale_after_minutes) * 60_000,
            clock: ctx.clock,
            held: Mutex::default(),
        }
    }

    /// What a code is. Never fails: whatever was scanned is answered in words.
    pub fn resolve(&self, code: &str) -> Resolved {
        let code = code.trim_matches([' ', '\t', '\r', '\n']);
        if code.is_empty() {
            return Resolved::unknown("nothing was scanned");
        }
        if code.len() > LONGEST {
            return Resolved::unknown("this is longer than any code");
        }
        if code.chars().any(|c| c.is_control() && c != '\u{1d}') {
            return Resolved::unknown(
                "the scanner sent control characters that stand in none of our codes",
            );
        }
        if let Some(label) = StationCode::read(code) {
            return match label {
                Ok(label) => of_label(label),
                Err(error) => Resolved::unknown(error.to_string()),
            };
        }
        let Some(index) = self.index() else {
            let mut answer = Resolved::unknown(
                "the list of products is not there yet: a manager runs `opsctl sync`",
            );
            answer.stale = true;
            return answer;
        };
        self.of_product(&index, code)
    }

    fn of_product(&self, index: &ScanIndex, code: &str) -> Resolved {
        let now = self.clock.now();
        let found = match scan::look_up(index, code, now.to_utc().year()) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "a scan cannot be answered");
                let mut answer = Resolved::unknown(
                    "the list of products is damaged: a manager runs `opsctl sync`",
                );
                answer.stale = true;
                return answer;
            }
        };
        let age_ms = now.0.saturating_sub(index.built_at().0);
        let stale = age_ms.unsigned_abs() > self.stale_ms;
        Resolved {
            stale,
            built_at: Some(index.built_at()),
            ..answer(code, found, stale, age_ms)
        }
    }

    /// The index as it is now: opened anew when the file was replaced.
    fn index(&self) -> Option<Arc<ScanIndex>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: Instant| at.elapsed() < LOOKED_AT_EVERY;
        if held.looked_at.is_some_and(fresh) {
            return held.index.clone();
        }
        held.looked_at = Some(Instant::now());
        let state = std::fs::metadata(&self.path).ok().map(|file| FileState {
            inode: file.ino(),
            changed: (file.mtime(), file.mtime_nsec()),
            len: file.len(),
        });
        if state.is_some() && state != held.of {
            match ScanIndex::open(&self.path) {
                Ok(index) => {
                    held.index = Some(Arc::new(index));
                    held.of = state;
                }
                Err(error) => tracing::error!(%error, "the scan index is not taken up"),
            }
        }
        held.index.clone()
    }
}

fn of_label(label: StationCode) -> Resolved {
    match label {
        StationCode::Bin(code) => Resolved {
            bin: Some(code),
            ..Resolved::of(Kind::Bin)
        },
        StationCode::Tote(number) => Resolved {
            tote: Some(number),
            ..Resolved::of(Kind::Tote)
        },
        // The secret on it is not sent back.
        StationCode::User(_) => Resolved::of(Kind::Badge),
        StationCode::Do(command) => Resolved {
            command: Some(command),
            ..Resolved::of(Kind::Command)
        },
    }
}

fn answer(code: &str, found: LookedUp, stale: bool, age_ms: i64) -> Resolved {
    let LookedUp { hits, gs1, doubt } = found;
    let ask = matches!(doubt, Some(Gs1Error::SeparatorLost { .. }));
    let count = gs1.as_ref().and_then(|parts| parts.count).unwrap_or(1);
    let items: Vec<Item> = hits.into_iter().map(|hit| item(hit, count)).collect();
    let why = match (items.as_slice(), doubt) {
        (_, Some(doubt)) => Some(doubt.to_string()),
        ([], None) if stale => Some(format!(
            "not in the list of products, which is {} old: it may be a new product",
            age(age_ms)
        )),
        ([], None) => Some(misread(code)),
        ([_], None) => None,
        (several, None) => {
            let skus: Vec<&str> = several.iter().map(|item| item.sku.as_str()).collect();
            Some(format!(
                "several products have this code: {}",
                skus.join(", ")
            ))
        }
    };
    let kind = match items.len() {
        0 => Kind::Unknown,
        1 => Kind::Item,
        _ => Kind::Several,
    };
    Resolved {
        items,
        gs1,
        ask,
        why,
        ..Resolved::of(kind)
    }
}

fn item(hit: Hit, count: i64) -> Item {
    let units = match hit.matched {
        Matched::Gtin(pack) => pack.units_per_scan,
        Matched::Sku | Matched::SkuIgnoringCase => 1,
    };
    Item {
        sku: hit.entry.sku,
        title: hit.entry.title,
        units: units.saturating_mul(count),
        tracking: hit.entry.tracking,
        bin: hit.entry.location,
        on_hand: hit.entry.on_hand,
    }
}

/// Why no product has a code: it was misread, or it is simply none of ours.
fn misread(code: &str) -> String {
    match gtin::parse(code) {
        Err(error @ (GtinError::CheckDigit { .. } | GtinError::CheckDigitOfEight { .. })) => {
            format!("the scanner misread it: {error}")
        }
        _ => "no product has this code".to_owned(),
    }
}

fn age(ms: i64) -> String {
    match ms.unsigned_abs() / 60_000 {
        minutes @ 0..120 => format!("{minutes} minutes"),
        minutes @ 120..2880 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests;
