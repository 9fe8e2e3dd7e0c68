use tempfile::TempDir;

use super::*;
use crate::store::scan_index::{self, Entry, Pack};

const BUILT_AT: UtcMs = UtcMs(1_772_355_600_000);

fn entry(sku: &str, gtin: &str, units_per_scan: i64, tracking: &str) -> Entry {
    Entry {
        sku: sku.to_owned(),
        title: format!("A {sku}"),
        gtins: vec![Pack {
            gtin: gtin.parse().unwrap(),
            units_per_scan,
        }],
        tracking: tracking.to_owned(),
        on_hand: 9,
        sellable: 4,
        location: Some("A-01".to_owned()),
    }
}

fn write(dir: &TempDir, entries: Vec<Entry>) {
    scan_index::write(&dir.path().join("scan.idx"), BUILT_AT, entries).unwrap();
}

fn cache(dir: &TempDir, minutes_later: i64) -> ScanCache {
    ScanCache {
        path: dir.path().join("scan.idx"),
        stale_ms: 60 * 60_000,
        clock: Clock::Fixed(BUILT_AT.plus_ms(minutes_later * 60_000)),
        held: Mutex::default(),
    }
}

fn shop() -> TempDir {
    let dir = TempDir::new().unwrap();
    write(
        &dir,
        vec![
            entry("PEN", "4006381333931", 1, "none"),
            entry("MUG", "10012345678902", 12, "lot"),
            entry("MUG-SET", "10012345678902", 6, "none"),
            entry("CAM", "4012345678901", 1, "serial"),
        ],
    );
    dir
}

#[test]
fn a_code_is_answered_with_its_product_and_units() {
    let dir = shop();
    let cache = cache(&dir, 1);
    let pen = cache.resolve("4006381333931");
    assert_eq!((pen.kind, pen.stale, pen.why), (Kind::Item, false, None));
    assert_eq!((pen.items[0].sku.as_str(), pen.items[0].units), ("PEN", 1));
    let label = cache.resolve("(01)04012345678901(21)S-9");
    assert_eq!(label.items[0].sku, "CAM");
    assert_eq!(label.gs1.unwrap().serial.as_deref(), Some("S-9"));
    let inside = cache.resolve("(02)04006381333931(37)24");
    assert_eq!(inside.items[0].units, 24);
    let lost = cache.resolve("010400638133393110A717271231");
    assert_eq!((lost.kind, lost.ask, lost.gs1), (Kind::Item, true, None));
    let two = cache.resolve("10012345678902");
    assert_eq!((two.kind, two.items.len()), (Kind::Several, 2));
    assert!(two.why.unwrap().ends_with("MUG, MUG-SET"));
}

#[test]
fn labels_are_told_apart_and_a_badge_is_not_sent_back() {
    let dir = shop();
    let cache = cache(&dir, 0);
    assert_eq!(cache.resolve("opstote7").tote, Some(7));
    assert_eq!(cache.resolve("OPSBINA01").bin.as_deref(), Some("A01"));
    assert_eq!(cache.resolve("OPSDODONE").command, Some(Command::Done));
    assert_eq!(cache.resolve("OPSDONOTHING").kind, Kind::Unknown);
    let badge = cache.resolve("OPSUSER7Q2WSECRET");
    assert_eq!(badge.kind, Kind::Badge);
    let told = serde_json::to_string(&badge).unwrap();
    assert!(!told.contains("SECRET"), "{told}");
}

#[test]
fn an_old_file_still_names_what_it_knows_and_is_not_sure_of_the_rest() {
    let dir = shop();
    let late = cache(&dir, 61);
    assert!(late.resolve("PEN").stale);
    let unknown = late.resolve("614141000036");
    assert_eq!((unknown.kind, unknown.stale), (Kind::Unknown, true));
    assert!(unknown.why.unwrap().contains("may be a new product"));
    let soon = cache(&dir, 1).resolve("4006381333932");
    assert_eq!(
        soon.why.unwrap(),
        "the scanner misread it: check digit is 2, expected 1"
    );
}

#[test]
fn a_replaced_file_is_taken_up_and_a_broken_one_is_not() {
    let dir = shop();
    let cache = cache(&dir, 0);
    assert_eq!(cache.resolve("NEW").kind, Kind::Unknown);
    let look_again = || cache.held.lock().unwrap().looked_at = None;
    write(&dir, vec![entry("NEW", "4006381333931", 1, "none")]);
    assert_eq!(cache.resolve("NEW").kind, Kind::Unknown, "within a second");
    look_again();
    assert_eq!(cache.resolve("NEW").kind, Kind::Item);
    // Put in place as a whole, as every writer of it does.
    std::fs::write(dir.path().join("broken"), "no index").unwrap();
    std::fs::rename(dir.path().join("broken"), dir.path().join("scan.idx")).unwrap();
    look_again();
    assert_eq!(cache.resolve("NEW").kind, Kind::Item);
    std::fs::remove_file(dir.path().join("scan.idx")).unwrap();
    look_again();
    assert_eq!(cache.resolve("NEW").kind, Kind::Item);
}

#[test]
fn without_a_file_the_answer_says_what_to_do() {
    let dir = TempDir::new().unwrap();
    let answer = cache(&dir, 0).resolve("PEN");
    assert_eq!((answer.kind, answer.stale), (Kind::Unknown, true));
    assert!(answer.why.unwrap().contains("opsctl sync"));
}

#[test]
fn hostile_codes_are_unknown_in_clean_words() {
    let dir = shop();
    let cache = cache(&dir, 0);
    for code in [
        "^XA^FO50,50^FDhello^FS^XZ",
        "<script>alert(1)</script>",
        "PEN\0",
        "\u{1b}[2J",
        "\u{202e}NEP",
        "'; DROP TABLE orders; --",
        "",
        "\u{1d}",
        "]",
        &"9".repeat(10_000),
        &"é".repeat(500),
    ] {
        let answer = cache.resolve(code);
        assert_eq!(answer.kind, Kind::Unknown, "{code:?}");
        let why = answer.why.unwrap();
        assert!(!why.is_empty() && why.is_ascii(), "{why:?}");
        assert!(!why.contains(['<', '^', '\u{1b}']), "{why:?}");
    }
}
