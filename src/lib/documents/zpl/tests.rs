use super::*;

const PEN: &str = "04006381333931";

/// What a title or a code may hold if somebody means harm, or means well with other letters.
const HOSTILE: &[&str] = &[
    "^XZ",
    "~JR",
    "^FDx^FS^XZ^XA^FO1,1^FDowned^FS",
    "_5EXZ_7E",
    "a\u{0}b\rc\nd\u{1b}",
    "Stift 😀 箱 ü",
    "{{ copies }}{% for x in y %}",
    "\\&\\(1)",
];

fn gtin(digits: &str) -> Option<Gtin14> {
    digits.parse().ok()
}

fn product(sku: &str, title: &str, gtin: Option<Gtin14>) -> Label {
    Label::Product {
        sku: sku.to_owned(),
        title: title.to_owned(),
        gtin,
    }
}

fn lot(lot: &str, gtin: Option<Gtin14>) -> Label {
    Label::Lot {
        sku: "PEN".to_owned(),
        title: "Pen".to_owned(),
        gtin,
        lot: lot.to_owned(),
    }
}

#[test]
fn nothing_is_put_out_but_behind_fh() {
    for (name, text) in [PRODUCT, LOT, SERIAL, BIN, TOTE] {
        for (at, _) in text.match_indices("^FD") {
            assert!(text[..at].ends_with("^FH_"), "{name} at {at}");
        }
        assert!(
            text.starts_with("^XA\n^CI28\n") && text.ends_with("^XZ\n"),
            "{name}"
        );
        // In a command only numbers of our own are put out.
        for (at, _) in text.match_indices("{{") {
            let before = &text[..at];
            let is_data = before.ends_with("^FD");
            let is_number = ["^PQ", "^BXN,", "^FO", "^FO20,", "^FO30,", "}},"]
                .iter()
                .any(|end| before.trim_end().ends_with(end));
            assert!(is_data || is_number, "{name} at {at}");
        }
    }
}

#[test]
fn a_product_bears_its_number_or_its_sku() {
    for (number, kind, reads) in [
        (PEN, "^BEN", "4006381333931"),
        ("036000291452", "^BUN", "036000291452"),
        ("00000096385074", "^B8N", "96385074"),
        ("10614141000415", "^BXN,5,", "\u{1d}0110614141000415"),
    ] {
        let made = make(&product("PEN", "Pen", gtin(number)), 1).unwrap();
        assert!(made.zpl.contains(kind), "{}", made.zpl);
        assert_eq!(made.reads, reads);
    }
    let made = make(&product("PEN-1", "Pen", None), 3).unwrap();
    assert!(made.zpl.contains("^PQ3\n"));
    assert!(
        made.zpl.contains("^BCN,90,N,N,N^FH_^FDPEN-1^FS"),
        "{}",
        made.zpl
    );
    let made = make(&product("a>b", "Pen", None), 1).unwrap();
    assert!(
        made.zpl.contains("^BXN,5,200,,,,_^FH_^FDa_3Eb^FS"),
        "{}",
        made.zpl
    );
    let long = "A_LONG_SKU_OF_THE_SUPPLIER";
    let made = make(&product(long, "Pen", None), 1).unwrap();
    assert!(made.zpl.contains("A_5F_5FLONG"), "{}", made.zpl);
    assert_eq!(made.reads, long);
    for sku in ["Stift-ü", "箱", " ", ""] {
        assert!(make(&product(sku, "Pen", None), 1).is_err(), "{sku:?}");
    }
}

#[test]
fn lots_and_serials_stand_behind_their_product_where_gs1_has_room() {
    let made = make(&lot("A_7", gtin(PEN)), 1).unwrap();
    assert!(
        made.zpl
            .contains("^BXN,5,200,,,,_^FH_^FD_5F1010400638133393110A_5F_5F7^FS"),
        "{}",
        made.zpl
    );
    assert_eq!(made.reads, "\u{1d}010400638133393110A_7");
    // No number, too long, or letters that GS1 does not have: the lot alone.
    assert_eq!(make(&lot("A7", None), 1).unwrap().reads, "A7");
    assert_eq!(make(&lot("A 7", gtin(PEN)), 1).unwrap().reads, "A 7");
    let long = "L".repeat(21);
    assert_eq!(make(&lot(&long, gtin(PEN)), 1).unwrap().reads, long);
}

#[test]
fn the_house_codes_are_those_of_the_station() {
    let bin = |code: &str| Label::Bin {
        code: code.to_owned(),
        title: "Shelf by the door".to_owned(),
    };
    assert_eq!(make(&bin("a-01-2"), 1).unwrap().reads, "OPSBINA012");
    assert!(make(&bin("--"), 1).is_err());
    let made = make(&Label::Tote { number: 7 }, 1).unwrap();
    assert_eq!(made.reads, "OPSTOTE7");
    assert!(made.zpl.contains("^PW812\n^LL1218\n"));
}

#[test]
fn hostile_text_stays_text() {
    for text in HOSTILE
        .iter()
        .map(|t| (*t).to_owned())
        .chain(["x^".repeat(250)])
    {
        let made = make(&product("PEN", &text, gtin(PEN)), 1).unwrap();
        let plain = make(&product("PEN", "x", gtin(PEN)), 1).unwrap();
        let commands = |zpl: &str| zpl.matches(['^', '~']).count();
        // Of the same make but for the second line of the title: ^FO, ^A0, ^FH, ^FD, ^FS.
        let more = commands(&made.zpl) - commands(&plain.zpl);
        assert!(more == 0 || more == 5, "{text:?}: {}", made.zpl);
        assert_eq!(made.zpl.matches("^XZ").count(), 1);
        assert!(
            made.zpl
                .bytes()
                .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
        );
    }
}

#[test]
fn a_bundle_is_known_by_its_content() {
    let of = |label: &Label| make(label, 1).unwrap();
    let one = of(&product("PEN", "Pen", None));
    assert_eq!(one.template, "label/product-1");
    assert_eq!(one.bundle.len(), 64);
    assert_eq!(one.bundle, of(&product("INK", "Ink", None)).bundle);
    assert_ne!(one.bundle, of(&lot("A7", None)).bundle);
}

#[cfg(feature = "preview")]
#[test]
fn every_label_is_one_label() {
    let labels = HOSTILE.iter().map(|text| product("PEN", text, gtin(PEN)));
    let labels = labels.chain([
        product("PEN-1", "Pen", None),
        product(&"S".repeat(190), &"word ".repeat(100), None),
        lot("A7", gtin(PEN)),
        Label::Tote { number: 9999 },
        Label::Bin {
            code: "A-01-2".to_owned(),
            title: String::new(),
        },
    ]);
    for label in labels {
        let made = make(&label, 1).unwrap();
        let zpl = made.zpl.as_bytes();
        let found = labelize::parse_labels(labelize::Language::Zpl, zpl, 8).unwrap();
        assert_eq!(found.len(), 1, "{}", made.zpl);
        let png = preview::png(zpl).unwrap();
        let word = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        let size = if made.kind == "tote_label" {
            (812, 1218)
        } else {
            (457, 254)
        };
        assert_eq!((word(16), word(20)), size, "{}", made.kind);
    }
    assert!(preview::png(b"junk").is_err());
    assert!(preview::png(b"").is_err());
}
