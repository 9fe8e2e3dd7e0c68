//! What a packing slip costs: Typst in this process beside WeasyPrint as one of its own, on
//! the same slips, in CPU time, since what else runs on the machine does not count there.

use std::time::Instant;

use opsctl::documents::packing_slip::{Shop, Slip, SlipLine, SlipPackage};
use opsctl::documents::pdf::render;
use opsctl::domain::slip::TemplateName;

use crate::table::{Aim, Table, Unit};

/// Slips that Typst draws: enough of them for a clock that ticks a hundred times a second.
const TYPST: usize = 100;
const WEASYPRINT: usize = 5;
/// Lines of a slip of more than fifty pages.
const LONG: usize = 800;
const TICK_MS: f64 = 10.0;

pub fn measure(table: &mut Table) {
    eprintln!("slips: {TYPST} with Typst, {WEASYPRINT} with WeasyPrint");
    // What is made once a process is no part of a slip.
    draw(&slip(0, 8), "letter-1");
    let before = cpu_ms();
    let started = Instant::now();
    for n in 1..=TYPST {
        draw(&slip(n, 8), "letter-1");
    }
    let took = started.elapsed().as_secs_f64() * 1000.0 / TYPST as f64;
    let typst = (cpu_ms() - before) / TYPST as f64;
    let before = cpu_ms();
    for n in 1..=WEASYPRINT {
        draw(&slip(n, 8), "letter-html-1");
    }
    let weasyprint = (cpu_ms() - before) / WEASYPRINT as f64;
    let mut note = |what: &str, value, unit, aim| table.note(what, None, value, unit, aim);
    note("slip, Typst, CPU", typst, Unit::Ms, Aim::None);
    note("slip, Typst, until it is there", took, Unit::Ms, Aim::None);
    note("slip, WeasyPrint, CPU", weasyprint, Unit::Ms, Aim::None);
    let times = weasyprint / typst;
    note(
        "slip, WeasyPrint's CPU by Typst's",
        times,
        Unit::Times,
        Aim::Above(20.0),
    );

    let long = slip(0, LONG);
    let started = Instant::now();
    let pages = draw(&long, "letter-1");
    let took = started.elapsed().as_secs_f64();
    assert!(pages >= 50, "{pages} pages");
    note(
        "50 pages and more, Typst",
        took,
        Unit::Seconds,
        Aim::Below(1.0),
    );
    note("pages of it", pages as f64, Unit::Count, Aim::Above(50.0));
}

fn draw(slip: &Slip, version: &str) -> usize {
    let name = TemplateName::parse(version).unwrap();
    render(slip, name.paper(), Some(&name), None).unwrap().pages
}

fn slip(n: usize, lines: usize) -> Slip {
    let texts = |list: [String; 4]| list.to_vec();
    Slip {
        tenant: Shop {
            display_name: "Copper & Oak".to_owned(),
            lines: vec!["1 Main Street".to_owned(), "Reno, NV 89501".to_owned()],
        },
        return_to: texts(
            ["Returns", "Dock 4", "77 Mill Road", "Sparks, NV 89431"].map(str::to_owned),
        ),
        ship_to: texts([
            format!("Customer No. {n}"),
            format!("{n} Harbor Lane"),
            "Portland, OR 97201".to_owned(),
            "United States".to_owned(),
        ]),
        order: format!("woo:{}", 1000 + n),
        order_code: format!("WOO-{}", 1000 + n),
        placed_on: "2026-02-27".to_owned(),
        shipped_on: "2026-03-01".to_owned(),
        carrier: "UPS".to_owned(),
        service: "Ground".to_owned(),
        note: "Thank you for your order.".to_owned(),
        packages: vec![SlipPackage {
            number: 1,
            of: 1,
            tracking: format!("1Z999AA1012345{n:04}"),
            weight: "2.4 kg".to_owned(),
            lines: (1..=lines)
                .map(|line| SlipLine {
                    sku: format!("KET-{n}-{line}"),
                    title: format!("Copper kettle, size {line}, with a lid and a long handle"),
                    quantity: 1,
                    of_ordered: Some(2),
                    lot: String::new(),
                    serials: vec![format!("SN-{n:05}-{line:05}")],
                })
                .collect(),
        }],
        support_email: Some("help@copperoak.example".to_owned()),
        accent: Some("#8a4b1f".to_owned()),
    }
}

/// CPU time spent so far, also by processes that were started here and have ended.
///
/// From `/proc/self/stat`: after the name, which ends with a bracket, utime, stime, cutime and
/// cstime are the 12th to 15th of its fields (proc_pid_stat(5)).
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(4);
    ticks.map(|n| n.parse::<f64>().unwrap() * TICK_MS).sum()
}
