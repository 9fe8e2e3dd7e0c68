//! What comes with an order is data, whatever it looks like; and what cannot be drawn is told.

use std::time::{Duration, Instant};

use opsctl::documents::packing_slip::SlipLine;
use opsctl::documents::pdf::{DocumentError, Logo, WeasyPrint, render_with};
use opsctl::fault::Fault;

use super::*;

const HOSTILE: [&str; 8] = [
    "#import \"/etc/passwd\": *",
    "#read(\"slip.typ\")",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    "$x^2$ *bold* _it_ `raw`",
    "<img src=\"file:///etc/passwd\">",
    "= Heading <label> @ref // gone /* too */",
    "\\u{41} &amp; &lt;b&gt; 'quoted' \"twice\"",
];

#[test]
fn markup_in_texts_is_printed_as_it_came() {
    let mut slip = slip();
    slip.ship_to = texts(&HOSTILE);
    slip.note = HOSTILE.join("\n");
    slip.packages[0].lines = HOSTILE
        .iter()
        .map(|text| SlipLine {
            title: (*text).to_owned(),
            serials: texts(&[text]),
            ..line(1)
        })
        .collect();
    for version in ALL {
        let read = without_spaces(&reading(&made(&slip, version)));
        for text in HOSTILE {
            let times = read.matches(&without_spaces(text)).count();
            assert_eq!(times, 4, "{version}: {text:?} in {read}");
        }
    }
}

#[test]
fn no_text_leaves_the_paper() {
    let letters = 10_000;
    let mut slip = slip();
    slip.packages[0].lines = ["Ж", "Щ ", "茶"]
        .map(|text| SlipLine {
            title: text.repeat(letters),
            sku: "Ю".repeat(300),
            ..line(1)
        })
        .to_vec();
    slip.ship_to[0] = "Ф".repeat(300);
    slip.packages[0].tracking = "T".repeat(60);
    for version in ALL {
        let rendered = made(&slip, version);
        let read = pages(&rendered).concat();
        let count = |c: char| read.chars().filter(|x| *x == c).count();
        assert_eq!(['Ж', 'Щ', '茶'].map(count), [letters; 3], "{version}");
        assert_eq!(['Ю', 'Ф'].map(count), [900, 300], "{version}");
        must_lie_within(&rendered, version);
    }
}

/// Each word lies on its page, with some white around.
fn must_lie_within(rendered: &Rendered, version: &str) {
    let (_folder, path) = kept(&rendered.pdf);
    let boxes = said(Command::new("pdftotext").arg("-bbox").arg(&path).arg("-"));
    let value = |line: &str, name: &str| -> f64 {
        let from = line.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        line[from..].split('"').next().unwrap().parse().unwrap()
    };
    let (mut width, mut height) = (0.0, 0.0);
    for line in boxes.lines().map(str::trim) {
        if line.starts_with("<page ") {
            (width, height) = (value(line, "width"), value(line, "height"));
        } else if line.starts_with("<word ") {
            let fits = value(line, "xMin") >= 10.0
                && value(line, "xMax") <= width - 10.0
                && value(line, "yMin") >= 5.0
                && value(line, "yMax") <= height - 5.0;
            assert!(fits, "{version}: {line}");
        }
    }
}

#[test]
fn control_characters_and_turned_directions_do_no_harm() {
    for version in ALL {
        let mut slip = slip();
        slip.ship_to[0] = "Ada\u{0}\u{7} \u{202E}Nakamura\r\nBcc: x\u{1B}[31m".to_owned();
        let text = reading(&made(&slip, version));
        assert!(text.contains("Nakamura Bcc: x"), "{version}: {text}");
    }
}

#[test]
fn a_character_that_no_font_has_is_named_with_its_place() {
    for version in ALL {
        let mut slip = slip();
        slip.packages[0].lines.push(SlipLine {
            title: "Kettle \u{E123}".to_owned(),
            ..line(2)
        });
        let name = TemplateName::parse(version).unwrap();
        let error = render(&slip, name.paper(), Some(&name), None).unwrap_err();
        let fault = Fault::from(error);
        assert_eq!(
            fault.message,
            "no font here has '\\u{e123}' (U+E123): it stands in packages 1 lines 2 title, \
             \"Kettle \\u{e123}\"",
            "{version}"
        );
        assert!(fault.hint.unwrap().contains("apt install fonts-noto-core"));
    }
}

#[test]
fn a_logo_that_cannot_be_drawn_stops_the_slip() {
    let broken = [
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><g>".to_vec(),
        b"\x89PNG\r\n\x1a\nnothing more".to_vec(),
    ];
    for version in ALL {
        let name = TemplateName::parse(version).unwrap();
        for bytes in &broken {
            let logo = Logo::new(bytes.clone()).unwrap();
            let error = render(&slip(), name.paper(), Some(&name), Some(&logo)).unwrap_err();
            let told = error.to_string();
            assert!(
                told.contains("cannot be drawn") || told.contains("failed"),
                "{version}: {told}"
            );
        }
    }
}

#[test]
fn a_version_is_not_drawn_on_another_paper() {
    let name = TemplateName::parse("4x6-1").unwrap();
    let error = render(
        &slip(),
        opsctl::domain::slip::Paper::Letter,
        Some(&name),
        None,
    )
    .unwrap_err();
    assert!(matches!(error, DocumentError::OtherPaper(_)), "{error}");
}

/// A slip by a program in WeasyPrint's place.
fn with_program(program: &str, patience: Duration) -> Fault {
    let weasyprint = WeasyPrint {
        program: program.into(),
        patience,
    };
    let name = TemplateName::parse(HTML).unwrap();
    render_with(&weasyprint, &slip(), name.paper(), Some(&name), None)
        .unwrap_err()
        .into()
}

fn stand_in(script: &str) -> (TempDir, String) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("weasyprint");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn without_weasyprint_the_hint_says_how_to_get_it() {
    let fault = with_program("/nowhere/weasyprint", Duration::from_secs(5));
    assert!(
        fault
            .message
            .starts_with("/nowhere/weasyprint does not start: "),
        "{fault}"
    );
    assert!(fault.hint.unwrap().contains("apt install weasyprint"));
}

#[test]
fn what_weasyprint_complains_of_is_told() {
    let patience = Duration::from_secs(30);
    let (_folder, program) = stand_in("echo 'no such thing' >&2; exit 3");
    assert!(
        with_program(&program, patience)
            .message
            .ends_with("failed: no such thing")
    );
    let (_folder, program) = stand_in("echo 'WARNING: a line was left out' >&2; echo > slip.pdf");
    assert!(
        with_program(&program, patience)
            .message
            .ends_with("a line was left out")
    );
    let (_folder, program) = stand_in("echo 'no page' > slip.pdf");
    assert!(
        with_program(&program, patience)
            .message
            .ends_with("without a page")
    );
    let (_folder, program) = stand_in("true");
    assert!(with_program(&program, patience).message.contains("failed"));
}

#[test]
fn a_weasyprint_that_does_not_end_is_ended() {
    let (_folder, program) = stand_in("exec sleep 600");
    let started = Instant::now();
    let fault = with_program(&program, Duration::from_secs(1));
    assert!(fault.message.ends_with("did not end within 1 s"), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(60));
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}
