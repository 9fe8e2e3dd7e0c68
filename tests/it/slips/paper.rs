//! What stands on the paper.

use opsctl::documents::packing_slip::{SlipLine, SlipPackage};
use opsctl::documents::pdf::Logo;

use super::*;

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40">
<circle cx="20" cy="20" r="18" fill="#8a4b1f"/><rect x="46" y="12" width="70" height="16" fill="#333"/></svg>"##;

#[test]
fn a_slip_says_who_what_and_where() {
    let mut slip = slip();
    slip.note = "Thank you!\nKeep this side up.".to_owned();
    slip.packages[0].lines[0].of_ordered = Some(58);
    slip.packages[0].lines[0].quantity = 37;
    slip.packages[0].lines[0].lot = "L-77".to_owned();
    slip.packages[0].lines[0].serials = texts(&["SN-0001", "SN-0002"]);
    for version in ALL {
        let rendered = made(&slip, version);
        assert_eq!(rendered.pages, 1, "{version}");
        assert_eq!(rendered.template, format!("packing_slip/{version}"));
        let text = reading(&rendered);
        for wanted in [
            "Packing slip",
            "Copper & Oak",
            "woo:1042",
            "Ada Nakamura",
            "12 Harbor Lane",
            "Portland, OR 97201",
            "Copper & Oak Returns",
            "Sparks, NV 89431",
            "2026-02-27",
            "2026-03-01",
            "UPS, Ground",
            "Package 1 of 1",
            "1Z999AA10123456001",
            "2.4 kg",
            "Copper kettle no. 1",
            "KET-001",
            "L-77",
            "SN-0001, SN-0002",
            "Thank you!",
            "Keep this side up.",
            "help@copperoak.example",
            "Page 1 of 1",
            " 37 ",
            " 58 ",
        ] {
            assert!(text.contains(wanted), "{version} lacks {wanted:?}: {text}");
        }
    }
}

#[test]
fn the_order_is_read_back_from_its_bars() {
    for version in ALL {
        assert_eq!(codes(&made(&slip(), version)), ["]C0WOO-1042"], "{version}");
    }
    let mut long = slip();
    long.order_code = "OPSORDWOOCOMMERCE1042000000".to_owned();
    for version in ALL {
        let read = codes(&made(&long, version));
        assert_eq!(read, [format!("]C0{}", long.order_code)], "{version}");
    }
}

#[test]
fn each_package_begins_a_page_and_is_told_apart() {
    let mut slip = slip();
    slip.packages = (1..=3)
        .map(|n| package(n, 3, (1..=if n == 2 { 90 } else { 1 }).map(line).collect()))
        .collect();
    for version in ALL {
        let rendered = made(&slip, version);
        let pages = pages(&rendered);
        let all = rendered.pages;
        assert!(all > 4, "{version}: {all} pages");
        assert_eq!(codes(&rendered).len(), 3, "{version}: bars once a package");
        for (at, page) in pages.iter().enumerate() {
            let number = match at {
                0 => 1,
                at if at == all - 1 => 3,
                _ => 2,
            };
            assert!(
                page.contains(&format!("Package {number} of 3")),
                "{version} {at}: {page}"
            );
            assert!(
                page.contains(&format!("Page {} of {all}", at + 1)),
                "{version} {at}: {page}"
            );
            assert!(
                page.contains("ITEM"),
                "{version} {at}: the head is repeated: {page}"
            );
        }
        assert!(
            pages[1].contains("1Z999AA10123456002")
                && pages[all - 1].contains("1Z999AA10123456003")
        );
    }
}

#[test]
fn two_hundred_lines_and_sixty_serials_are_all_there() {
    let mut slip = slip();
    let serials: Vec<String> = (1..=60).map(|n| format!("SN-{n:05}")).collect();
    slip.packages[0].lines = (1..=200).map(line).collect();
    slip.packages[0].lines[100].serials = serials.clone();
    for version in ALL {
        let text = reading(&made(&slip, version));
        for n in 1..=200 {
            assert!(
                text.contains(&format!("KET-{n:03}")),
                "{version} lacks line {n}"
            );
        }
        for serial in &serials {
            assert_eq!(text.matches(serial).count(), 1, "{version}: {serial}");
        }
    }
}

#[test]
fn other_scripts_are_drawn_with_the_fonts_of_the_machine() {
    let mut slip = slip();
    slip.ship_to = texts(&["張小明 様", "東京都千代田区丸の内1-2-3", "日本"]);
    slip.return_to = texts(&["יעל כהן", "רחוב הרצל 5", "محمد الأحمد", "شارع النيل"]);
    slip.packages[0].lines = vec![SlipLine {
        title: "Zoe\u{301}lie Ångström ťažký Ελληνικά Кириллица Tiếng Việt".to_owned(),
        ..line(1)
    }];
    for version in ALL {
        let text = reading(&made(&slip, version));
        for wanted in [
            "張小明",
            "東京都千代田区丸の内",
            "Ångström ťažký Ελληνικά Кириллица",
        ] {
            assert!(text.contains(wanted), "{version} lacks {wanted:?}: {text}");
        }
        let letters = |word: &str| word.chars().all(|c| text.contains(c));
        assert!(
            letters("יעלכהן")
                && text.chars().any(|c| ('\u{600}'..='\u{6FF}').contains(&c)
                    || ('\u{FE70}'..='\u{FEFF}').contains(&c)),
            "{version}: {text}"
        );
    }
}

#[test]
fn a_logo_takes_the_place_of_the_name() {
    let svg = Logo::new(SVG.as_bytes().to_vec()).unwrap();
    let png = Logo::new(png()).unwrap();
    for version in ALL {
        let plain = made(&slip(), version);
        let mut bundles = vec![plain.bundle.clone()];
        for logo in [&svg, &png] {
            let rendered = made_with(&slip(), version, Some(logo));
            assert_eq!(rendered.pages, 1);
            assert_ne!(rendered.pdf, plain.pdf, "{version}");
            assert_eq!(codes(&rendered), ["]C0WOO-1042"], "{version}");
            bundles.push(rendered.bundle);
        }
        bundles.dedup();
        assert_eq!(bundles.len(), 3, "{version}");
    }
}

#[test]
fn the_same_slip_gives_the_same_bytes() {
    let logo = Logo::new(SVG.as_bytes().to_vec()).unwrap();
    let mut slip = slip();
    slip.ship_to[0] = "張小明".to_owned();
    for version in ALL {
        let (one, two) = (
            made_with(&slip, version, Some(&logo)),
            made_with(&slip, version, Some(&logo)),
        );
        assert!(one.pdf == two.pdf, "{version}: the bytes differ");
        assert_eq!(one.bundle, two.bundle);
    }
}

#[test]
fn a_package_without_lines_says_so_and_a_slip_without_packages_is_refused() {
    let mut slip = slip();
    slip.packages = vec![SlipPackage {
        number: 1,
        of: 1,
        ..SlipPackage::default()
    }];
    slip.support_email = None;
    for version in ALL {
        assert!(
            reading(&made(&slip, version)).contains("Nothing is listed for this package."),
            "{version}"
        );
    }
    slip.packages.clear();
    let name = TemplateName::parse("letter-1").unwrap();
    let error = render(&slip, name.paper(), None, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the packing slip cannot be drawn: it has no package"
    );
}

/// A picture of two by two dots.
fn png() -> Vec<u8> {
    use base64::Engine as _;
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mPu8pZ/x6fC/I5PJVziDQAfnQSW2Ne3BgAAAABJRU5ErkJggg==";
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}
