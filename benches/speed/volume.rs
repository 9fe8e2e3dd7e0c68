//! Ten times the lines, and the proof of the data over a million moves.

use std::time::Duration;

use crate::STORES;
use crate::harness::Kind;
use crate::made_up;
use crate::process::{peak_memory_mb, time};
use crate::reserve::{RESERVE, run};
use crate::table::{Aim, Table, Unit, median};

const LINES: i64 = 200_000;
const ROUNDS: usize = 3;

pub async fn measure(table: &mut Table) {
    eprintln!("volume: {LINES} lines, then a million moves, median of {ROUNDS}");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

async fn one_store(table: &mut Table, kind: Kind) {
    let (shop, mut raw) = made_up::shop(kind, LINES).await;
    run(&shop).await;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        made_up::unreserve(&mut raw).await;
        times.push(run(&shop).await);
    }
    let took = median(&mut times).as_secs_f64();
    let store = Some(kind);
    table.note(
        "reserve, 200,000 lines",
        store,
        took,
        Unit::Seconds,
        Aim::None,
    );
    if let Some(tenth) = table.value(RESERVE, kind) {
        let what = "  200,000 lines / 20,000 lines";
        table.note(what, store, took / tenth, Unit::Times, Aim::Below(11.0));
    }
    made_up::unreserve(&mut raw).await;
    let peak = peak_memory_mb(shop.command(&["--quiet", "reserve"]));
    let what = "  peak memory of `opsctl reserve`, 200,000 lines";
    table.note(what, store, peak, Unit::Mb, Aim::None);

    made_up::years_of_moves(&mut raw).await;
    let what = "check, stock moves";
    let moves = raw.int("SELECT COUNT(*) FROM stock_moves").await;
    table.note(what, store, moves as f64, Unit::Count, Aim::None);
    let reservations = raw.int("SELECT COUNT(*) FROM reservations").await;
    let what = "  reservations";
    table.note(what, store, reservations as f64, Unit::Count, Aim::None);
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        let (took, exit) = time(shop.command(&["check"]));
        assert_eq!(exit, Some(0));
        times.push(took);
    }
    let took = median(&mut times).as_secs_f64();
    table.note(
        "  `opsctl check`",
        store,
        took,
        Unit::Seconds,
        Aim::Below(10.0),
    );
    for (day, what) in [
        (
            "2026-01-15",
            "  `opsctl stock value --as-of`, most moves since",
        ),
        ("2026-05-15", "  the same, half the moves since"),
        ("2026-09-30", "  the same, no moves since"),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..ROUNDS {
            let (took, exit) = time(shop.command(&["stock", "value", "--as-of", day]));
            assert_eq!(exit, Some(0));
            times.push(took);
        }
        let took = median(&mut times).as_secs_f64();
        table.note(what, store, took, Unit::Seconds, Aim::Below(2.0));
    }
}
