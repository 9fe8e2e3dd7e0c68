//! What the index finds, and that a damaged file never answers wrongly.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const BUILT_AT: UtcMs = UtcMs(1_764_000_000_000);

fn entry(sku: &str, gtins: &[(&str, i64)]) -> Entry {
    Entry {
        sku: sku.to_owned(),
        title: format!("The {sku}"),
        gtins: gtins
            .iter()
            .map(|(gtin, units_per_scan)| Pack {
                gtin: gtin.parse().unwrap(),
                units_per_scan: *units_per_scan,
            })
            .collect(),
        tracking: "none".to_owned(),
        on_hand: 7,
        sellable: 5,
        location: Some("A-01".to_owned()),
    }
}

fn index(entries: Vec<Entry>) -> (TempDir, ScanIndex) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("scan.idx");
    write(&path, BUILT_AT, entries).unwrap();
    let index = ScanIndex::open(&path).unwrap();
    (dir, index)
}

/// What is found, as (SKU, how) in order.
fn found(index: &ScanIndex, code: &str) -> Vec<(String, String)> {
    index
        .lookup(code)
        .unwrap()
        .into_iter()
        .map(|hit| {
            let how = match hit.matched {
                Matched::Gtin(pack) => format!("gtin x{}", pack.units_per_scan),
                Matched::Sku => "sku".to_owned(),
                Matched::SkuIgnoringCase => "sku, any case".to_owned(),
            };
            (hit.entry.sku, how)
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(sku, how)| ((*sku).to_owned(), (*how).to_owned()))
        .collect()
}

#[test]
fn a_product_is_found_by_every_form_of_its_codes_and_by_its_sku() {
    let mug = entry("MUG-1", &[("012345678905", 1), ("10012345678902", 12)]);
    let (_dir, index) = index(vec![mug.clone(), entry("Pen", &[])]);
    for code in [
        "012345678905",
        "0012345678905",
        "00012345678905",
        " 0-12345-67890-5 ",
    ] {
        assert_eq!(
            found(&index, code),
            pairs(&[("MUG-1", "gtin x1")]),
            "{code}"
        );
    }
    assert_eq!(
        found(&index, "10012345678902"),
        pairs(&[("MUG-1", "gtin x12")])
    );
    assert_eq!(found(&index, "MUG-1"), pairs(&[("MUG-1", "sku")]));
    assert_eq!(found(&index, "mug-1"), pairs(&[("MUG-1", "sku, any case")]));
    assert_eq!(found(&index, "4006381333931"), []);
    assert_eq!(found(&index, "MUG-2"), []);
    assert_eq!(found(&index, ""), []);
    assert_eq!(index.lookup("MUG-1").unwrap()[0].entry, mug);
    assert_eq!((index.built_at(), index.len()), (BUILT_AT, 2));
}

#[test]
fn all_products_that_share_a_code_are_returned() {
    let (_dir, index) = index(vec![
        entry("A", &[("4006381333931", 1)]),
        entry("B", &[("4006381333931", 6)]),
        entry("4006381333931", &[]),
        entry("b", &[]),
    ]);
    assert_eq!(
        found(&index, "4006381333931"),
        pairs(&[("A", "gtin x1"), ("B", "gtin x6"), ("4006381333931", "sku")])
    );
    assert_eq!(found(&index, "B"), pairs(&[("B", "sku")]));
    assert_eq!(found(&index, "a"), pairs(&[("A", "sku, any case")]));
}

#[test]
fn skus_that_differ_in_capitals_alone_are_all_shown_for_a_third_spelling() {
    let (_dir, index) = index(vec![entry("ab-1", &[]), entry("AB-1", &[])]);
    assert_eq!(found(&index, "ab-1"), pairs(&[("ab-1", "sku")]));
    assert_eq!(
        found(&index, "Ab-1"),
        pairs(&[("ab-1", "sku, any case"), ("AB-1", "sku, any case")])
    );
}

#[test]
fn a_sku_that_is_its_own_code_is_one_answer() {
    let (_dir, index) = index(vec![entry("4006381333931", &[("4006381333931", 1)])]);
    assert_eq!(
        found(&index, "4006381333931"),
        pairs(&[("4006381333931", "gtin x1")])
    );
}

#[test]
fn eight_digits_with_two_readings_find_the_products_of_both() {
    let (_dir, index) = index(vec![
        entry("SHORT", &[("00000001234565", 1)]),
        entry("LONG", &[("012345000065", 1)]),
    ]);
    assert_eq!(
        found(&index, "01234565"),
        pairs(&[("SHORT", "gtin x1"), ("LONG", "gtin x1")])
    );
}

#[test]
fn a_new_index_replaces_the_old_one_and_leaves_nothing_beside_it() {
    let (dir, old) = index(vec![entry("OLD", &[])]);
    let path = dir.path().join("scan.idx");
    write(&path, BUILT_AT.plus_ms(1), vec![entry("NEW", &[])]).unwrap();
    let new = ScanIndex::open(&path).unwrap();
    assert_eq!(found(&new, "NEW"), pairs(&[("NEW", "sku")]));
    assert_eq!(found(&new, "OLD"), []);
    assert_eq!(found(&old, "OLD"), pairs(&[("OLD", "sku")]));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn an_index_of_nothing_finds_nothing() {
    let (_dir, index) = index(vec![]);
    assert!(index.is_empty());
    assert_eq!(found(&index, "MUG-1"), []);
}

#[test]
fn a_missing_a_foreign_and_another_versions_file_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("scan.idx");
    let missing = ScanIndex::open(&path).unwrap_err();
    assert!(matches!(missing, ScanIndexError::Missing(_)), "{missing}");
    fs::write(&path, "SQLite format 3\0".repeat(100)).unwrap();
    let foreign = ScanIndex::open(&path).unwrap_err();
    assert!(foreign.to_string().ends_with("it is not a scan index"));
    fs::write(&path, "").unwrap();
    let empty = ScanIndex::open(&path).unwrap_err();
    assert!(empty.to_string().ends_with("it is cut off"));
    write(&path, BUILT_AT, vec![]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let sum = crc(&[&bytes[..48]]);
    bytes[48..52].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let later = ScanIndex::open(&path).unwrap_err();
    assert!(matches!(
        later,
        ScanIndexError::OtherVersion { found: 2, .. }
    ));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let (dir, _index) = index(vec![entry("A", &[("4006381333931", 1)])]);
    let path = dir.path().join("scan.idx");
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        let error = ScanIndex::open(&path).unwrap_err();
        assert!(matches!(error, ScanIndexError::Damaged { .. }), "{len}");
    }
}

#[test]
fn one_altered_byte_anywhere_gives_the_same_answer_or_an_error() {
    let entries = vec![
        entry("A", &[("4006381333931", 1), ("10012345678902", 12)]),
        entry("B", &[("4006381333931", 1)]),
        entry("C", &[]),
    ];
    let (dir, index) = index(entries);
    let codes = ["4006381333931", "10012345678902", "A", "b", "C", "D"];
    let truth: Vec<_> = codes.map(|code| index.lookup(code).unwrap()).into();
    let path = dir.path().join("scan.idx");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x11;
        fs::write(&path, altered).unwrap();
        let Ok(index) = ScanIndex::open(&path) else {
            continue;
        };
        let mut noticed = false;
        for (code, truth) in codes.iter().zip(&truth) {
            match index.lookup(code) {
                Ok(hits) => assert_eq!(&hits, truth, "{code}, byte {at}"),
                Err(ScanIndexError::Damaged { .. }) => noticed = true,
                Err(error) => panic!("{code}, byte {at}: {error}"),
            }
        }
        assert!(noticed, "byte {at} is read by no lookup");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_product_is_found_by_all_its_names_and_by_no_other(
        products in proptest::collection::vec(
            ("[A-Za-z0-9äß-]{1,8}", proptest::collection::vec(1_u64..40, 0..4)), 0..60,
        ),
        strangers in proptest::collection::vec("\\PC{0,20}", 0..20),
    ) {
        // Few different codes, so that products share them.
        let gtins: Vec<Gtin14> = (0..)
            .filter_map(|number| Gtin14::try_from(40_063_813_330_000 + number).ok())
            .take(40)
            .collect();
        let entries: Vec<Entry> = products
            .iter()
            .map(|(sku, codes)| Entry {
                gtins: codes
                    .iter()
                    .map(|code| Pack { gtin: gtins[*code as usize], units_per_scan: 1 })
                    .collect(),
                ..entry(sku, &[])
            })
            .collect();
        let (_dir, index) = index(entries.clone());
        prop_assert_eq!(index.len(), entries.len() as u64);
        for gtin in gtins {
            let hits = index.lookup(&gtin.to_string()).unwrap();
            let found: BTreeSet<String> = hits.into_iter().map(|hit| hit.entry.sku).collect();
            let expected: BTreeSet<String> = entries
                .iter()
                .filter(|entry| entry.gtins.iter().any(|pack| pack.gtin == gtin))
                .map(|entry| entry.sku.clone())
                .collect();
            prop_assert_eq!(found, expected);
        }
        for entry in &entries {
            let hits = index.lookup(&entry.sku).unwrap();
            prop_assert!(hits.iter().any(|hit| &hit.entry == entry));
            prop_assert!(hits.iter().all(|hit| hit.entry.sku == entry.sku));
        }
        for stranger in strangers {
            let stranger = stranger.trim();
            for hit in index.lookup(stranger).unwrap() {
                prop_assert_eq!(hit.entry.sku.to_lowercase(), stranger.to_lowercase());
            }
        }
    }
}
