//! How long a person waits: for the help, and for what a scanned code is.

use std::time::{Duration, Instant};

use opsctl::context::{Clock, Context};
use opsctl::domain::gtin;
use opsctl::store::scan_index::{self, Entry, Pack, ScanIndex};

use crate::harness::{Kind, Shop};
use crate::process::time;
use crate::table::{Aim, Table, Unit, median};

const CODES: i64 = 50_000;
const SPAWNS: i64 = 200;

pub async fn measure(table: &mut Table) {
    eprintln!("start: {CODES} codes, median of {SPAWNS} processes");
    let shop = Shop::new(Kind::Sqlite).await;
    let index = shop.path("var/shop").join(Context::SCAN_INDEX);
    scan_index::write(&index, Clock::System.now(), (0..CODES).map(entry)).unwrap();
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let mut processes = |what: &str, exit: i32, aim: f64, args: &dyn Fn(i64) -> Vec<String>| {
        let mut times: Vec<Duration> = (0..SPAWNS)
            .map(|i| {
                let args = args(i);
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let (took, code) = time(shop.command(&args));
                assert_eq!(code, Some(exit), "{args:?}");
                took
            })
            .collect();
        let took = ms(median(&mut times));
        table.note(what, None, took, Unit::Ms, Aim::Below(aim));
    };
    let scan = |code: String| vec!["scan".to_owned(), code];
    processes("`opsctl --help`, process", 0, 20.0, &|_| {
        vec!["--help".to_owned()]
    });
    processes("`opsctl scan`, a barcode, process", 0, 5.0, &|i| {
        scan(code(spread(i)))
    });
    processes("`opsctl scan`, a SKU, process", 0, 5.0, &|i| {
        scan(sku(spread(i)))
    });
    processes("`opsctl scan`, unknown, process", 1, 5.0, &|i| {
        scan(code(CODES + i))
    });
    calls(table, &index);
}

/// The lookup alone, on an open index and with the opening.
fn calls(table: &mut Table, index: &std::path::Path) {
    let us = |d: Duration| d.as_secs_f64() * 1e6;
    let timed = |work: &dyn Fn(&str)| {
        let mut times: Vec<Duration> = (0..10_000)
            .map(|i| {
                let code = code(spread(i));
                let started = Instant::now();
                work(&code);
                started.elapsed()
            })
            .collect();
        us(median(&mut times))
    };
    let open = ScanIndex::open(index).unwrap();
    let took = timed(&|code| assert_eq!(open.lookup(code).unwrap().len(), 1));
    let what = "  lookup in an open index, call";
    table.note(what, None, took, Unit::Us, Aim::Below(50.0));
    let took = timed(&|code| {
        let index = ScanIndex::open(index).unwrap();
        assert_eq!(index.lookup(code).unwrap().len(), 1);
    });
    let what = "  opening and lookup, call";
    table.note(what, None, took, Unit::Us, Aim::Below(50.0));
}

/// Numbers all over the index, each another.
fn spread(i: i64) -> i64 {
    i * 7_919 % CODES
}

fn sku(number: i64) -> String {
    format!("SKU-{number:06}")
}

/// A GTIN-13 with its check digit.
fn code(number: i64) -> String {
    let body = format!("20{number:010}");
    let sum: u32 = body
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn entry(number: i64) -> Entry {
    Entry {
        sku: sku(number),
        title: format!("Product {number} of a shop with many"),
        gtins: vec![Pack {
            gtin: gtin::parse(&code(number)).unwrap().gtin14,
            units_per_scan: 1,
        }],
        tracking: "none".to_owned(),
        on_hand: number,
        sellable: number,
        location: None,
    }
}
