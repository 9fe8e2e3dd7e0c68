//! What is read as a code, what is refused, and what the check digit promises.

use proptest::prelude::*;

use super::*;

fn read(input: &str) -> (Kind, String, Result<String, NoUpcA>) {
    let code = parse(input).unwrap();
    (code.kind, code.gtin14.to_string(), code.gtin14.upc_a())
}

fn message(input: &str) -> String {
    parse(input).unwrap_err().to_string()
}

#[test]
fn each_form_is_read_and_brought_to_gtin14() {
    for (input, kind, gtin14, upc_a) in [
        (
            "012345678905",
            Kind::UpcA,
            "00012345678905",
            Ok("012345678905"),
        ),
        (
            "0012345678905",
            Kind::UpcA,
            "00012345678905",
            Ok("012345678905"),
        ),
        (
            "00012345678905",
            Kind::UpcA,
            "00012345678905",
            Ok("012345678905"),
        ),
        (
            "614141000036",
            Kind::UpcA,
            "00614141000036",
            Ok("614141000036"),
        ),
        (
            "4006381333931",
            Kind::Ean13,
            "04006381333931",
            Err(NoUpcA::Ean13(4)),
        ),
        (
            "04006381333931",
            Kind::Ean13,
            "04006381333931",
            Err(NoUpcA::Ean13(4)),
        ),
        (
            "9780306406157",
            Kind::Isbn13,
            "09780306406157",
            Err(NoUpcA::Isbn13),
        ),
        (
            "9791090636071",
            Kind::Isbn13,
            "09791090636071",
            Err(NoUpcA::Isbn13),
        ),
        (
            "9790060115615",
            Kind::Ean13,
            "09790060115615",
            Err(NoUpcA::Ean13(9)),
        ),
        (
            "10614141000415",
            Kind::Gtin14,
            "10614141000415",
            Err(NoUpcA::Case(1)),
        ),
        ("96385074", Kind::Ean8, "00000096385074", Err(NoUpcA::Ean8)),
        (
            "00000096385074",
            Kind::Ean8,
            "00000096385074",
            Err(NoUpcA::Ean8),
        ),
        ("04252614", Kind::UpcE, "00042100005264", Ok("042100005264")),
    ] {
        let expected = (kind, gtin14.to_owned(), upc_a.map(str::to_owned));
        assert_eq!(read(input), expected, "{input}");
    }
}

#[test]
fn each_rule_of_upc_e_puts_the_zeros_back_where_they_were() {
    for (upc_e, upc_a) in [
        ("01201303", "012000000133"),
        ("00123406", "001000002346"),
        ("04252614", "042100005264"),
        ("06397126", "063200009716"),
        ("01233435", "012300000345"),
        ("01234543", "012340000053"),
        ("01234558", "012345000058"),
        ("09876547", "098760000057"),
        ("11234562", "112345000062"),
    ] {
        let code = parse_as(upc_e, EightDigits::UpcE).unwrap();
        assert_eq!(code.gtin14.upc_a().as_deref(), Ok(upc_a), "{upc_e}");
        assert_eq!(code.kind, Kind::UpcE, "{upc_e}");
    }
}

#[test]
fn eight_digits_that_hold_both_ways_are_never_guessed() {
    // Where the zeros were put in before a last digit of 5 to 9, the weights stay as they
    // are in an EAN-8, and both check digits agree.
    let error = parse("01234565").unwrap_err();
    assert_eq!(
        error.to_string(),
        "ambiguous: 00000001234565 as EAN-8, 00012345000065 as UPC-E"
    );
    let as_ean8 = parse_as("01234565", EightDigits::Ean8).unwrap();
    assert_eq!(as_ean8.gtin14.to_string(), "00000001234565");
    assert_eq!(as_ean8.kind, Kind::Ean8);
    let as_upc_e = parse_as("01234565", EightDigits::UpcE).unwrap();
    assert_eq!(as_upc_e.gtin14.to_string(), "00012345000065");
    assert_eq!(as_upc_e.kind, Kind::UpcE);
    assert_eq!(
        readings("01234565").unwrap(),
        [as_ean8.gtin14, as_upc_e.gtin14]
    );
}

#[test]
fn eight_digits_that_hold_one_way_are_taken_that_way() {
    assert_eq!(read("04252614").0, Kind::UpcE);
    assert_eq!(read("01201303").0, Kind::UpcE);
    assert_eq!(read("01201307").0, Kind::Ean8);
    assert_eq!(read("10102039").0, Kind::Ean8);
    assert_eq!(
        message("04252617"),
        "check digit is 7, expected 0 as EAN-8 or 4 as UPC-E"
    );
    assert_eq!(message("96385075"), "check digit is 5, expected 4");
}

#[test]
fn a_upc_e_below_the_first_upc_a_is_only_an_ean8() {
    // 0-003450-? stands for 0-00000-00345-?, which as 12 digits would begin with 0000.
    let unassigned = format!("{:08}", 34_500 + check_digit(345));
    assert_eq!(
        parse_as(&unassigned, EightDigits::UpcE),
        Err(GtinError::UpcEUnassigned)
    );
    assert!(matches!(
        parse(&unassigned),
        Err(GtinError::CheckDigit { .. })
    ));
    let ean8 = format!("{:08}", 34_500 + check_digit(3450));
    assert_eq!(parse(&ean8).unwrap().kind, Kind::Ean8);
    assert_eq!(
        parse_as("96385074", EightDigits::UpcE),
        Err(GtinError::NotUpcE)
    );
}

#[test]
fn spaces_and_hyphens_of_every_kind_do_not_matter() {
    for input in [
        " 978-0-306-40615-7 ",
        "978 0306 406157",
        "978\u{2011}0\u{2013}306\u{2014}40615\u{2212}7",
        "978\u{a0}0306\u{202f}406157",
        "--9780306406157--",
    ] {
        assert_eq!(read(input).1, "09780306406157", "{input:?}");
    }
}

#[test]
fn each_refusal_says_exactly_what_is_wrong() {
    for (input, expected) in [
        ("", "no digits"),
        (" - ", "no digits"),
        ("0", "1 digit; a code has 8, 12, 13 or 14"),
        ("123456789012345", "15 digits; a code has 8, 12, 13 or 14"),
        (
            "1234567",
            "7 digits; a code has 8, 12, 13 or 14 (a UPC-E needs its first and its check digit)",
        ),
        (
            "0306406152",
            "10 digits; a code has 8, 12, 13 or 14 (for a book, its ISBN-13)",
        ),
        (
            "12345678905",
            "11 digits; a code has 8, 12, 13 or 14 (a spreadsheet may have dropped a leading 0)",
        ),
        ("030640615X", "character 10 is 'X', not a digit"),
        ("4006381333930", "check digit is 0, expected 1"),
        ("00000000000000", "all digits are 0"),
        ("00000000", "all digits are 0"),
        ("\u{0}4006381333931", "character 1 is U+0000, not a digit"),
        ("400\u{1b}[31m", "character 4 is U+001B, not a digit"),
        ("４006381333931", "character 1 is U+FF14, not a digit"),
        (
            "4006381333931\u{202e}",
            "character 14 is U+202E, not a digit",
        ),
    ] {
        assert_eq!(message(input), expected, "{input:?}");
    }
    assert_eq!(
        message(&"9".repeat(10_240)),
        "10240 characters; a code has at most 14 digits"
    );
}

#[test]
fn a_gtin_is_stored_as_fourteen_digits_and_read_back() {
    let gtin: Gtin14 = "4006381333931".parse().unwrap();
    let json = serde_json::to_string(&gtin).unwrap();
    assert_eq!(json, "\"04006381333931\"");
    assert_eq!(serde_json::from_str::<Gtin14>(&json).unwrap(), gtin);
    assert!(serde_json::from_str::<Gtin14>("\"4006381333930\"").is_err());
    assert_eq!(Gtin14::try_from(gtin.as_u64()), Ok(gtin));
    assert_eq!(Gtin14::try_from(u64::MAX), Err(GtinError::WrongLength(20)));
}

/// A code of 12, 13 or 14 digits with a right check digit.
fn long_code() -> impl Strategy<Value = String> {
    (1_u64..EAN13_END, 12_usize..=14).prop_map(|(body, length)| {
        let body = 1 + body % 10_u64.pow(length as u32 - 1).saturating_sub(1);
        format!("{:0length$}", body * 10 + check_digit(body))
    })
}

/// The zeros of a UPC-A left out, written from the encoder's rules, not from the reader's.
fn suppress_zeros(upc_a: &str) -> Option<String> {
    let (system, company, item) = (&upc_a[..1], &upc_a[1..6], &upc_a[6..11]);
    let check = &upc_a[11..];
    if !matches!(system, "0" | "1") {
        return None;
    }
    let middle = if matches!(&company[2..], "000" | "100" | "200") && item.starts_with("00") {
        format!("{}{}{}", &company[..2], &item[2..], &company[2..3])
    } else if company.ends_with("00") && item.starts_with("000") {
        format!("{}{}3", &company[..3], &item[3..])
    } else if company.ends_with('0') && item.starts_with("0000") {
        format!("{}{}4", &company[..4], &item[4..])
    } else if item.starts_with("0000") && matches!(&item[4..], "5" | "6" | "7" | "8" | "9") {
        format!("{company}{}", &item[4..])
    } else {
        return None;
    };
    Some(format!("{system}{middle}{check}"))
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(code in long_code()) {
        let once = parse(&code).unwrap();
        let twice = parse(&once.gtin14.to_string()).unwrap();
        prop_assert_eq!(once, twice);
        if let Ok(upc_a) = once.gtin14.upc_a() {
            prop_assert_eq!(parse(&upc_a).unwrap(), once);
        }
    }

    #[test]
    fn a_single_wrong_digit_is_refused(code in long_code(), at in 0_usize..14, by in 1_u8..10) {
        let mut bytes = code.into_bytes();
        let at = at % bytes.len();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        prop_assert!(parse(&String::from_utf8(bytes).unwrap()).is_err());
    }

    #[test]
    fn two_swapped_digits_are_refused_unless_they_differ_by_five(
        code in long_code(),
        at in 0_usize..13,
    ) {
        let mut bytes = code.into_bytes();
        let at = at % (bytes.len() - 1);
        let apart = bytes[at].abs_diff(bytes[at + 1]);
        bytes.swap(at, at + 1);
        let swapped = parse(&String::from_utf8(bytes).unwrap());
        prop_assert_eq!(swapped.is_ok(), apart == 0 || apart == 5);
    }

    #[test]
    fn separators_do_not_matter(
        code in long_code(),
        places in proptest::collection::vec((0_usize..15, 0_usize..6), 0..12),
    ) {
        let mut spread: Vec<char> = code.chars().collect();
        for (at, which) in places {
            let separator = [' ', '-', '\u{2013}', '\u{a0}', '\u{2011}', '\u{ad}'][which];
            spread.insert(at.min(spread.len()), separator);
        }
        let spread: String = spread.into_iter().collect();
        prop_assert_eq!(parse(&spread), parse(&code));
    }

    #[test]
    fn every_upc_e_stands_for_one_upc_a(body in 0_u64..2_000_000) {
        // The check digit is that of the expansion: exactly one of the ten is right.
        let read: Vec<Code> = (0..10)
            .filter_map(|check| {
                parse_as(&format!("{:08}", body * 10 + check), EightDigits::UpcE).ok()
            })
            .collect();
        prop_assert!(read.len() <= 1);
        if let Some(code) = read.first() {
            let upc_a = code.gtin14.upc_a().unwrap();
            prop_assert_eq!(parse(&upc_a).unwrap().gtin14, code.gtin14);
            prop_assert_eq!(&upc_a[..1], &format!("{body:07}")[..1]);
        }
    }

    #[test]
    fn a_suppressed_upc_a_reads_back(
        system in 0_u64..2, company in 1_u64..100_000, item in 0_u64..100_000, zeros in 0_u32..6,
    ) {
        let company = company / 10_u64.pow(zeros.min(3)) * 10_u64.pow(zeros.min(3));
        let item = item % 10_u64.pow(5 - zeros.min(4));
        let body = (system * 100_000 + company) * 100_000 + item;
        let upc_a = format!("{:012}", body * 10 + check_digit(body));
        if let (Some(upc_e), Ok(code)) = (suppress_zeros(&upc_a), parse(&upc_a))
            && code.kind == Kind::UpcA
        {
            let read = parse_as(&upc_e, EightDigits::UpcE).unwrap();
            prop_assert_eq!(read.gtin14, code.gtin14, "{}", upc_e);
        }
    }

    #[test]
    fn any_text_is_answered_shortly(input in "\\PC{0,80}|[\\x00-\\x7f]{0,80}") {
        if let Err(error) = parse(&input) {
            let text = error.to_string();
            prop_assert!(text.chars().count() < 100, "{}", text);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
