use proptest::prelude::*;

use super::*;

const YEAR: i32 = 2026;
const PEN: &str = "04006381333931";

fn parts(code: &str) -> Parts {
    match read(code, YEAR) {
        Ok(Reading::Parts(parts)) => parts,
        other => panic!("{code:?}: {other:?}"),
    }
}

fn error(code: &str) -> Gs1Error {
    read(code, YEAR).unwrap_err()
}

fn pen() -> Parts {
    Parts {
        gtin: PEN.parse().unwrap(),
        lot: None,
        serial: None,
        expires_on: None,
        count: None,
    }
}

fn pen_of(lot: &str, serial: &str, expires_on: &str) -> Parts {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Parts {
        lot: some(lot),
        serial: some(serial),
        expires_on: some(expires_on),
        ..pen()
    }
}

#[test]
fn one_label_reads_the_same_however_it_comes_in() {
    let whole = pen_of("A7", "S-9", "2027-12-31");
    for code in [
        "(01)04006381333931(10)A7(17)271231(21)S-9",
        "0104006381333931\
         10A7\u{1d}17271231\
         21S-9",
        "]C1010400638133393110A7\u{1d}1727123121S-9",
        "]d2010400638133393110A7|1727123121S-9|",
        "]Q3\u{1d}010400638133393117271231\
         21S-9\u{1d}10A7",
        "]e0010400638133393110A7\u{1d}21S-9\u{1d}17271231",
        "https://id.example.com/01/04006381333931/10/A7/21/S-9?17=271231",
        "HTTP://shop.example/some/where/01/4006381333931/22/x/10/A%37/21/S%2D9/?a=b&17=271231#top",
    ] {
        assert_eq!(parts(code), whole, "{code:?}");
    }
}

#[test]
fn a_plain_code_loses_its_symbology_prefix_and_nothing_else() {
    for (code, plain) in [
        ("]E04006381333931", "4006381333931"),
        ("]E496385074", "96385074"),
        ("]C0PEN-7", "PEN-7"),
        ("]I110012345678902", "10012345678902"),
        ("4006381333931", "4006381333931"),
        ("PEN(7)", "PEN(7)"),
        ("(red) pen", "(red) pen"),
        ("0104", "0104"),
        ("0104006381333932", "0104006381333932"),
        ("]", "]"),
        ("]Ä0x", "]Ä0x"),
        ("", ""),
    ] {
        assert_eq!(read(code, YEAR), Ok(Reading::Plain(plain)), "{code:?}");
    }
}

#[test]
fn a_product_alone_is_enough() {
    assert_eq!(parts("0104006381333931"), pen());
    assert_eq!(parts("(01)04006381333931"), pen());
    assert_eq!(parts("]d20104006381333931"), pen());
}

#[test]
fn day_00_is_the_last_of_its_month() {
    let until = |digits: &str| parts(&format!("(01){PEN}(17){digits}")).expires_on.unwrap();
    assert_eq!(until("280200"), "2028-02-29");
    assert_eq!(until("270200"), "2027-02-28");
    assert_eq!(until("261200"), "2026-12-31");
    assert_eq!(until("261130"), "2026-11-30");
}

#[test]
fn the_century_is_the_one_that_is_near() {
    let year = |yy: i32, now: i32| {
        date(&format!("{yy:02}0101"), now)
            .unwrap()
            .format("%Y")
            .to_string()
    };
    assert_eq!(year(26, 2026), "2026");
    assert_eq!(year(76, 2026), "2076");
    assert_eq!(year(77, 2026), "1977");
    assert_eq!(year(0, 2099), "2100");
    assert_eq!(year(99, 2001), "1999");
}

#[test]
fn contents_come_with_their_count() {
    let inside = parts("(00)106141412345678908(02)04006381333931(37)24");
    assert_eq!(inside.count, Some(24));
    assert_eq!(parts("020400638133393137\u{32}\u{34}").count, Some(24));
    assert_eq!(error("(02)04006381333931"), Gs1Error::NoCount);
    assert_eq!(
        error("(02)04006381333931(37)0"),
        Gs1Error::Value("37".into())
    );
    assert_eq!(error("(01)04006381333931(37)2"), Gs1Error::ItemAndContents);
    assert_eq!(
        error("(01)04006381333931(02)04006381333931(37)2"),
        Gs1Error::ItemAndContents
    );
}

#[test]
fn elements_of_no_interest_are_passed_over_by_their_length() {
    let code = format!("01{PEN}3103001234422528\u{1d}2001410400638133390010A7");
    assert_eq!(parts(&code), pen_of("A7", "", ""));
    assert_eq!(
        parts(&format!("01{PEN}240ZX\u{1d}91ab\u{1d}10A7")),
        pen_of("A7", "", "")
    );
}

#[test]
fn where_the_separator_was_lost_the_packer_is_asked() {
    let lost = |ai| Gs1Error::SeparatorLost {
        gtin: PEN.parse().unwrap(),
        ai,
    };
    assert_eq!(error(&format!("01{PEN}10A717271231")), lost("10"));
    assert_eq!(error(&format!("]C101{PEN}10A721S9")), lost("10"));
    assert_eq!(error(&format!("01{PEN}21S910A7")), lost("21"));
    assert_eq!(error(&format!("01{PEN}10{}", "X".repeat(21))), lost("10"));
    // The same letters, where the separator is known to come through, or brackets stand.
    assert_eq!(
        parts(&format!("01{PEN}240Z\u{1d}10A717271231")),
        pen_of("A717271231", "", "")
    );
    assert_eq!(
        parts(&format!("(01){PEN}(10)A721S9")),
        pen_of("A721S9", "", "")
    );
    // No date, and nothing else that could follow.
    assert_eq!(
        parts(&format!("01{PEN}10A717271331")),
        pen_of("A717271331", "", "")
    );
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    assert_eq!(error("(00)106141412345678908"), Gs1Error::ShippingUnit);
    assert_eq!(error("00106141412345678908"), Gs1Error::ShippingUnit);
    assert_eq!(error("(10)A7"), Gs1Error::NoProduct);
    assert!(matches!(error("(01)04006381333932"), Gs1Error::Gtin(_)));
    assert_eq!(error("]C10104"), Gs1Error::Value("01".into()));
    assert_eq!(error("]C1PEN"), Gs1Error::UnknownElement("PEN".into()));
    assert_eq!(
        error("(01)04006381333931(10)A(10)B"),
        Gs1Error::Twice("10".into())
    );
    assert!(matches!(
        error("(01)04006381333931(17)271331"),
        Gs1Error::Date { .. }
    ));
    assert_eq!(
        error("(01)04006381333931(10)A\0B"),
        Gs1Error::Value("10".into())
    );
    assert_eq!(error("https://shop.example/pens/7"), Gs1Error::OtherAddress);
    assert_eq!(
        error("https://a.example/00/106141412345678908"),
        Gs1Error::ShippingUnit
    );
    assert_eq!(
        error("https://a.example/01/04006381333931/10/A%zz"),
        Gs1Error::Address
    );
    assert_eq!(
        error("https://a.example/01/04006381333931/10"),
        Gs1Error::Address
    );
    assert_eq!(error(&"9".repeat(10_000)), Gs1Error::TooLong(10_000));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}|[]()|C1d2Q3e0\u{1d}0-9A-Z/%:]{0,60}") {
        let _ = read(&text, YEAR);
    }

    #[test]
    fn what_is_written_with_separators_reads_back(
        lot in "[A-Za-z0-9./-]{1,20}", serial in "[A-Za-z0-9./-]{1,20}",
        month in 1_u32..=12, day in 1_u32..=28, stand_in in any::<bool>(),
    ) {
        let separator = if stand_in { '|' } else { '\u{1d}' };
        let code = format!("01{PEN}10{lot}{separator}17{:02}{month:02}{day:02}21{serial}{separator}", 27);
        let read_back = parts(&code);
        prop_assert_eq!(&read_back, &pen_of(&lot, &serial, &format!("2027-{month:02}-{day:02}")));
        let printed = format!("(01){PEN}(10){lot}(17)27{month:02}{day:02}(21){serial}");
        prop_assert_eq!(&parts(&printed), &read_back);
        let link = format!(
            "https://x.example/01/{PEN}/10/{}/21/{}?17=27{month:02}{day:02}",
            lot.replace('/', "%2F"), serial.replace('/', "%2f"),
        );
        prop_assert_eq!(&parts(&link), &read_back);
    }

    #[test]
    fn a_lost_separator_is_never_guessed(lot in "[A-Z]{1,6}", serial in "[A-Z]{1,6}") {
        let code = format!("01{PEN}10{lot}21{serial}");
        let refused = matches!(read(&code, YEAR), Err(Gs1Error::SeparatorLost { .. }));
        prop_assert!(refused);
    }
}
