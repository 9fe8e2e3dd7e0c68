//! `opsctl scan CODE`: which product a code or a SKU is, from the index that sync writes.
//!
//! Changes nothing, and asks neither the database nor the shop, so that the floor goes on
//! when both are down. Found, unknown and stale are different answers: an old index still
//! names the product it last knew, but cannot say that a code is unknown.

use std::path::Path;

use chrono::Datelike;
use serde::Serialize;

use super::{Out, Page, Report};
use crate::domain::gs1::{Gs1Error, Parts};
use crate::domain::gtin::{self, GtinError};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::store::scan_index::{Entry, Hit, Matched, ScanIndex, ScanIndexError};
use crate::workflows::scan::look_up;

/// Arguments of `opsctl scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code as scanned or typed, a SKU, a GS1 element string, or a GS1 Digital Link
    #[arg(value_name = "CODE")]
    code: String,
}

/// What the index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// The code leads to at least one product.
    Found,
    /// No product has the code.
    Unknown,
    /// The index is too old to be relied on.
    Stale,
}

#[derive(Debug, Serialize)]
struct Scanned {
    state: State,
    code: String,
    built_at: UtcMs,
    age_seconds: i64,
    matches: Vec<Match>,
    /// What the code says beside the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    gs1: Option<Parts>,
    /// Why the code cannot be what it looks like.
    code_error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Match {
    matched: Matched,
    #[serde(flatten)]
    entry: Entry,
}

/// Looks the code up: exit 0 with a product, 1 where no product has the code, 75 where the
/// index is missing, damaged, or too old to say so.
///
/// # Errors
/// The index is missing or damaged, or stdout is closed or full.
pub fn run(
    args: &Args,
    index_path: &Path,
    stale_after_minutes: u32,
    now: UtcMs,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let scanned = scan(&args.code, index_path, stale_after_minutes, now)?;
    out.report(&scanned)?;
    Ok(scanned.exit())
}

fn scan(
    code: &str,
    index_path: &Path,
    stale_after_minutes: u32,
    now: UtcMs,
) -> anyhow::Result<Scanned> {
    let index = ScanIndex::open(index_path).map_err(|error| unusable(&error))?;
    let this_year = now.to_utc().year();
    let found = look_up(&index, code, this_year).map_err(|error| unusable(&error))?;
    let hits = found.hits;
    let age_ms = now.0.saturating_sub(index.built_at().0);
    // An index from the future is the work of a clock that was wrong: no more to be
    // relied on than an old one.
    let too_old = age_ms.unsigned_abs() > u64::from(stale_after_minutes) * 60_000;
    let state = match (too_old, hits.is_empty()) {
        (true, _) => State::Stale,
        (false, true) => State::Unknown,
        (false, false) => State::Found,
    };
    Ok(Scanned {
        state,
        code: code.trim().to_owned(),
        built_at: index.built_at(),
        age_seconds: age_ms / 1000,
        code_error: match found.doubt {
            Some(doubt) => Some(doubtful(&doubt)),
            None => hits.is_empty().then(|| misread(code)).flatten(),
        },
        gs1: found.gs1,
        matches: hits
            .into_iter()
            .map(|Hit { matched, entry }| Match { matched, entry })
            .collect(),
    })
}

/// Whoever scans can do nothing about the file but have it written again.
fn unusable(error: &ScanIndexError) -> Fault {
    let hint = match error {
        ScanIndexError::Io { .. } => "check the file's owner and permissions",
        _ => "run `opsctl sync` to rebuild it",
    };
    Fault::try_again(error.to_string()).hint(hint)
}

/// What is wrong with a GS1 code, and what to do where its product is known.
fn doubtful(doubt: &Gs1Error) -> String {
    match doubt {
        Gs1Error::SeparatorLost { .. } => {
            format!("{doubt}; read the lot and the serial from the label")
        }
        _ => doubt.to_string(),
    }
}

/// What is wrong with a code of digits. A SKU is no misread code.
fn misread(code: &str) -> Option<String> {
    match gtin::parse(code) {
        Err(
            error @ (GtinError::WrongLength(_)
            | GtinError::AllZeros
            | GtinError::CheckDigit { .. }
            | GtinError::CheckDigitOfEight { .. }),
        ) => Some(error.to_string()),
        _ => None,
    }
}

impl Scanned {
    fn exit(&self) -> Exit {
        match (self.state, self.matches.is_empty()) {
            (_, false) => Exit::Done,
            (State::Stale, true) => Exit::TryAgain,
            (_, true) => Exit::Failed,
        }
    }
}

impl Report for Scanned {
    fn render(&self, page: &mut Page) {
        let code = super::out::printable(&self.code.chars().take(80).collect::<String>());
        let age = age(self.age_seconds);
        page.line(match (self.state, self.matches.len()) {
            (State::Unknown, _) => format!("unknown: no product has {code} (as of {age})"),
            (State::Stale, 0) => format!(
                "stale: cannot say what {code} is; the index is of {}, {age}",
                self.built_at
            ),
            (State::Stale, _) => format!("stale: {code} as last known {age}"),
            (State::Found, 1) => format!("found: {code} (as of {age})"),
            (State::Found, several) => {
                format!("found: {several} products have {code} (as of {age})")
            }
        });
        match &self.code_error {
            Some(error) if self.matches.is_empty() => {
                page.line(format!("It is no barcode number either: {error}."));
            }
            Some(error) => page.line(format!("Beside the product nothing is sure: {error}.")),
            None => {}
        }
        if let Some(parts) = &self.gs1 {
            page.line(format!("The code says: {}.", said(parts)));
        }
        if !self.matches.is_empty() {
            page.table(
                &[
                    "SKU",
                    "Title",
                    "By",
                    "Units#",
                    "On hand#",
                    "Sellable#",
                    "Tracking",
                    "Location",
                ],
                self.matches.iter().map(Match::row),
            );
        }
    }
}

impl Match {
    fn row(&self) -> Vec<String> {
        let (by, units) = match self.matched {
            Matched::Gtin(pack) => (format!("GTIN {}", pack.gtin), pack.units_per_scan),
            Matched::Sku => ("SKU".to_owned(), 1),
            Matched::SkuIgnoringCase => ("SKU, other capitals".to_owned(), 1),
        };
        vec![
            self.entry.sku.clone(),
            self.entry.title.clone(),
            by,
            units.to_string(),
            self.entry.on_hand.to_string(),
            self.entry.sellable.to_string(),
            self.entry.tracking.clone(),
            self.entry.location.clone().unwrap_or_default(),
        ]
    }
}

/// The parts of a GS1 code, as a person reads them.
fn said(parts: &Parts) -> String {
    let mut words = vec![format!("GTIN {}", parts.gtin)];
    let named = [
        ("lot", &parts.lot),
        ("serial", &parts.serial),
        ("use by", &parts.expires_on),
    ];
    words.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))),
    );
    words.extend(parts.count.map(|count| format!("{count} inside")));
    words.join(", ")
}

/// How long ago, in the largest unit that tells enough.
fn age(seconds: i64) -> String {
    match seconds {
        ..0 => "a time to come: a clock is or was wrong".to_owned(),
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::store::scan_index::{self, Pack};

    const BUILT_AT: UtcMs = UtcMs(1_764_000_000_000);
    const MINUTE: i64 = 60_000;

    fn shop() -> TempDir {
        let dir = TempDir::new().unwrap();
        let entry = |sku: &str, gtin: &str, units_per_scan| Entry {
            sku: sku.to_owned(),
            title: format!("A {sku}"),
            gtins: vec![Pack {
                gtin: gtin.parse().unwrap(),
                units_per_scan,
            }],
            tracking: "none".to_owned(),
            on_hand: 9,
            sellable: 4,
            location: None,
        };
        let entries = [
            entry("PEN", "4006381333931", 1),
            entry("MUG", "10012345678902", 12),
            entry("MUG-SET", "10012345678902", 6),
        ];
        scan_index::write(&dir.path().join("scan.idx"), BUILT_AT, entries).unwrap();
        dir
    }

    /// The state, the SKUs found, the exit code.
    fn ask(dir: &TempDir, code: &str, minutes_later: i64) -> (State, Vec<String>, u8) {
        let now = BUILT_AT.plus_ms(minutes_later * MINUTE);
        let scanned = scan(code, &dir.path().join("scan.idx"), 15, now).unwrap();
        let skus = scanned.matches.iter().map(|m| m.entry.sku.clone());
        (scanned.state, skus.collect(), scanned.exit().code())
    }

    fn refusal(dir: &TempDir) -> (String, String) {
        let error = scan("PEN", &dir.path().join("scan.idx"), 15, BUILT_AT).unwrap_err();
        let fault = error.downcast_ref::<Fault>().unwrap();
        assert_eq!(fault.exit, Exit::TryAgain);
        (fault.message.clone(), fault.hint.clone().unwrap())
    }

    #[test]
    fn found_unknown_and_stale_are_different_answers() {
        let dir = shop();
        let pen = || vec!["PEN".to_owned()];
        assert_eq!(ask(&dir, "4006381333931", 15), (State::Found, pen(), 0));
        assert_eq!(ask(&dir, "pen", 15), (State::Found, pen(), 0));
        assert_eq!(ask(&dir, "614141000036", 15), (State::Unknown, vec![], 1));
        assert_eq!(ask(&dir, "4006381333931", 16), (State::Stale, pen(), 0));
        assert_eq!(ask(&dir, "614141000036", 16), (State::Stale, vec![], 75));
        assert_eq!(ask(&dir, "614141000036", -16), (State::Stale, vec![], 75));
    }

    #[test]
    fn a_code_that_two_products_share_names_both() {
        let found = ask(&shop(), "1 00 12345 67890 2", 0);
        let both = vec!["MUG".to_owned(), "MUG-SET".to_owned()];
        assert_eq!(found, (State::Found, both, 0));
    }

    #[test]
    fn a_misread_code_says_so_and_a_strange_sku_does_not() {
        let dir = shop();
        let error = |code: &str| {
            scan(code, &dir.path().join("scan.idx"), 15, BUILT_AT)
                .unwrap()
                .code_error
        };
        assert_eq!(
            error("4006381333930").as_deref(),
            Some("check digit is 0, expected 1")
        );
        assert_eq!(error("PEN-2"), None);
        assert_eq!(error("614141000036"), None);
        assert_eq!(error("4006381333931"), None);
    }

    #[test]
    fn a_gs1_label_is_read_to_its_product_and_its_lot() {
        let dir = shop();
        let path = dir.path().join("scan.idx");
        let show = |code: &str| {
            let mut page = Page::default();
            scan(code, &path, 15, BUILT_AT).unwrap().render(&mut page);
            page.into_text()
        };
        let pen = || vec!["PEN".to_owned()];
        let printed = "(01)04006381333931(10)A7(17)271231";
        for code in [
            printed,
            "]C1010400638133393110A7\u{1d}17271231",
            "https://id.example.com/01/04006381333931/10/A7?17=271231",
            "]E04006381333931",
        ] {
            assert_eq!(ask(&dir, code, 0), (State::Found, pen(), 0), "{code}");
        }
        let told = show(printed);
        let words = "The code says: GTIN 04006381333931, lot A7, use by 2027-12-31.";
        assert!(told.contains(words), "{told}");
        let lost = "010400638133393110A717271231";
        assert_eq!(ask(&dir, lost, 0), (State::Found, pen(), 0));
        let told = show(lost);
        assert!(
            told.contains("Beside the product nothing is sure"),
            "{told}"
        );
        let other = ask(&dir, "(01)10614141000033(10)A7", 0);
        assert_eq!(other, (State::Unknown, vec![], 1));
    }

    #[test]
    fn a_missing_or_damaged_index_asks_for_a_sync_and_a_later_try() {
        let dir = shop();
        let path = dir.path().join("scan.idx");
        let sync = "run `opsctl sync` to rebuild it";
        fs::write(&path, "no index").unwrap();
        let (message, hint) = refusal(&dir);
        assert!(
            message.ends_with("scan.idx is damaged: it is cut off"),
            "{message}"
        );
        assert_eq!(hint, sync);
        fs::remove_file(&path).unwrap();
        let (message, hint) = refusal(&dir);
        assert!(
            message.starts_with("there is no scan index at "),
            "{message}"
        );
        assert_eq!(hint, sync);
    }

    #[test]
    fn the_report_reads_well_and_holds_the_same_facts_as_json() {
        let dir = shop();
        let now = BUILT_AT.plus_ms(3 * MINUTE);
        let path = dir.path().join("scan.idx");
        let show = |code: &str| {
            let mut page = Page::default();
            scan(code, &path, 15, now).unwrap().render(&mut page);
            page.into_text()
        };
        insta::assert_snapshot!(show("10012345678902"), @"
        found: 2 products have 10012345678902 (as of 3 min ago)
         SKU       Title       By                    Units   On hand   Sellable   Tracking   Location
        ──────────────────────────────────────────────────────────────────────────────────────────────
         MUG       A MUG       GTIN 10012345678902      12         9          4   none
         MUG-SET   A MUG-SET   GTIN 10012345678902       6         9          4   none
        ");
        insta::assert_snapshot!(show("4006381333930"), @"
        unknown: no product has 4006381333930 (as of 3 min ago)
        It is no barcode number either: check digit is 0, expected 1.
        ");
        let scanned = scan("4006381333931", &path, 15, now).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&scanned).unwrap(), @r#"
        {
          "state": "found",
          "code": "4006381333931",
          "built_at": "2025-11-24T16:00:00Z",
          "age_seconds": 180,
          "matches": [
            {
              "matched": {
                "by": "gtin",
                "gtin": "04006381333931",
                "units_per_scan": 1
              },
              "sku": "PEN",
              "title": "A PEN",
              "gtins": [
                {
                  "gtin": "04006381333931",
                  "units_per_scan": 1
                }
              ],
              "tracking": "none",
              "on_hand": 9,
              "sellable": 4,
              "location": null
            }
          ],
          "code_error": null
        }
        "#);
    }
}
