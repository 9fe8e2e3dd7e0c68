//! Packing slips, as whoever unpacks reads them: the text of the PDF, the codes on its
//! picture, both engines.

mod hostile;
mod issued;
mod paper;

use std::path::PathBuf;
use std::process::Command;

use opsctl::documents::packing_slip::{Shop, Slip, SlipLine, SlipPackage};
use opsctl::documents::pdf::{Logo, Rendered, render};
use opsctl::domain::slip::TemplateName;
use tempfile::TempDir;

use crate::codes::scanned;

/// The version that WeasyPrint draws.
const HTML: &str = "letter-html-1";
const ALL: [&str; 3] = ["letter-1", "4x6-1", HTML];

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// An order of one package and one line.
fn slip() -> Slip {
    Slip {
        tenant: Shop {
            display_name: "Copper & Oak".to_owned(),
            lines: texts(&["1 Main Street", "Reno, NV 89501", "United States"]),
        },
        return_to: texts(&[
            "Copper & Oak Returns",
            "Dock 4, 77 Mill Road",
            "Sparks, NV 89431",
        ]),
        ship_to: texts(&[
            "Ada Nakamura",
            "12 Harbor Lane",
            "Portland, OR 97201",
            "United States",
        ]),
        order: "woo:1042".to_owned(),
        order_code: "WOO-1042".to_owned(),
        placed_on: "2026-02-27".to_owned(),
        shipped_on: "2026-03-01".to_owned(),
        carrier: "UPS".to_owned(),
        service: "Ground".to_owned(),
        note: String::new(),
        packages: vec![package(1, 1, vec![line(1)])],
        support_email: Some("help@copperoak.example".to_owned()),
        accent: Some("#8a4b1f".to_owned()),
    }
}

fn package(number: usize, of: usize, lines: Vec<SlipLine>) -> SlipPackage {
    SlipPackage {
        number,
        of,
        tracking: format!("1Z999AA10123456{number:03}"),
        weight: "2.4 kg".to_owned(),
        lines,
    }
}

fn line(n: usize) -> SlipLine {
    SlipLine {
        sku: format!("KET-{n:03}"),
        title: format!("Copper kettle no. {n}"),
        quantity: 2,
        ..SlipLine::default()
    }
}

fn made(slip: &Slip, version: &str) -> Rendered {
    made_with(slip, version, None)
}

fn made_with(slip: &Slip, version: &str, logo: Option<&Logo>) -> Rendered {
    let name = TemplateName::parse(version).unwrap();
    render(slip, name.paper(), Some(&name), logo).unwrap_or_else(|e| panic!("{version}: {e}"))
}

fn kept(pdf: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("slip.pdf");
    std::fs::write(&path, pdf).unwrap();
    (folder, path)
}

/// What a program prints. It has to be there: `tests/run.sh` installs it.
fn said(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|e| panic!("{command:?}: {e}; start tests/run.sh"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {errors}; start tests/run.sh"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The text of each page, without the marks where a word may be broken.
fn pages(rendered: &Rendered) -> Vec<String> {
    let (_folder, path) = kept(&rendered.pdf);
    let text = said(Command::new("pdftotext").arg("-layout").arg(&path).arg("-"));
    let text = text.replace('\u{200B}', "");
    let mut pages: Vec<String> = text.split('\u{C}').map(str::to_owned).collect();
    assert_eq!(pages.pop().as_deref(), Some(""));
    assert_eq!(pages.len(), rendered.pages);
    pages
}

/// The text of all pages in the order it is read, its spaces made one.
fn reading(rendered: &Rendered) -> String {
    text(&rendered.pdf)
}

/// The same of any PDF.
pub fn text(pdf: &[u8]) -> String {
    let (_folder, path) = kept(pdf);
    let text = said(Command::new("pdftotext").arg(&path).arg("-"));
    let text = text.replace('\u{200B}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The codes on the pages' pictures, as a label printer's 203 dots an inch show them.
fn codes(rendered: &Rendered) -> Vec<String> {
    let (folder, path) = kept(&rendered.pdf);
    said(
        Command::new("pdftoppm")
            .args(["-r", "203", "-gray"])
            .arg(&path)
            .arg(folder.path().join("page")),
    );
    let files = std::fs::read_dir(folder.path()).unwrap();
    let mut pages: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    pages.retain(|file| file.extension().is_some_and(|ending| ending == "pgm"));
    pages.sort();
    scanned(&pages).concat()
}
