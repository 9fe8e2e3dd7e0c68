//! `reserve` over 20,000 open lines, beside the bare writing of the same rows and beside a
//! transaction for each order, in turn on the same state.

use std::time::{Duration, Instant};

use opsctl::workflows::reserve;

use crate::STORES;
use crate::harness::{Kind, Shop};
use crate::made_up::{self, LOTS, SKUS};
use crate::process::peak_memory_mb;
use crate::raw::Raw;
use crate::table::{Aim, Table, Unit, median};
use crate::writers::{self, Rows};

const LINES: i64 = 20_000;
const ROUNDS: usize = 5;

/// The row that other parts compare with.
pub const RESERVE: &str = "reserve, 20,000 lines";

pub async fn measure(table: &mut Table) {
    eprintln!("reserve: {SKUS} SKUs, {LOTS} lots, {LINES} lines, median of {ROUNDS}");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

async fn one_store(table: &mut Table, kind: Kind) {
    let (shop, mut raw) = made_up::shop(kind, LINES).await;
    // The first run warms the caches and says which rows the floor has to write.
    run(&shop).await;
    let rows = Rows::read(&mut raw).await;
    let promised = promised(&mut raw).await;
    made_up::unreserve(&mut raw).await;

    let (mut real, mut floor, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    // Each on a connection of its own, which nothing has warmed.
    for _ in 0..ROUNDS {
        real.push(run(&shop).await);
        made_up::unreserve(&mut raw).await;

        let mut fresh = Raw::open(&shop).await;
        let started = Instant::now();
        writers::floor(&mut fresh, &rows).await;
        floor.push(started.elapsed());
        same(promised, &mut raw).await;
        made_up::unreserve(&mut raw).await;

        let mut fresh = Raw::open(&shop).await;
        let started = Instant::now();
        writers::naive(&mut fresh).await;
        naive.push(started.elapsed());
        same(promised, &mut raw).await;
        made_up::unreserve(&mut raw).await;
    }
    let (real, floor, naive) = (median(&mut real), median(&mut floor), median(&mut naive));
    let kind = Some(kind);
    let seconds = |d: Duration| d.as_secs_f64();
    table.note(RESERVE, kind, seconds(real), Unit::Seconds, Aim::None);
    let what = "  reservations written";
    table.note(what, kind, promised.0 as f64, Unit::Count, Aim::None);
    let what = "  the same rows by bulk SQL alone (floor)";
    table.note(what, kind, seconds(floor), Unit::Seconds, Aim::None);
    let what = "  a transaction for each order (naive)";
    table.note(what, kind, seconds(naive), Unit::Seconds, Aim::None);
    let ratio = real.as_secs_f64() / floor.as_secs_f64();
    table.note(
        "  reserve / floor",
        kind,
        ratio,
        Unit::Times,
        Aim::Below(1.5),
    );
    let ratio = naive.as_secs_f64() / real.as_secs_f64();
    let aim = match shop.kind {
        Kind::Sqlite => Aim::None,
        _ => Aim::Above(25.0),
    };
    let what = match shop.kind {
        Kind::Sqlite => "  naive / reserve, embedded store",
        _ => "  naive / reserve, MariaDB",
    };
    table.note(what, kind, ratio, Unit::Times, aim);

    let peak = peak_memory_mb(shop.command(&["--quiet", "reserve"]));
    let what = "  peak memory of `opsctl reserve`";
    table.note(what, kind, peak, Unit::Mb, Aim::Below(150.0));
    same(promised, &mut raw).await;
    shop.must_be_sound();
}

/// The real workflow as another process would run it.
pub async fn run(shop: &Shop) -> Duration {
    let ctx = shop.context("bench").await;
    let started = Instant::now();
    reserve::run(&ctx, false).await.unwrap();
    let took = started.elapsed();
    ctx.store.close().await;
    took
}

/// How many reservations there are, of how many units.
async fn promised(raw: &mut Raw) -> (i64, i64) {
    raw.pairs(
        "SELECT COUNT(*), CAST(COALESCE(SUM(quantity), 0) AS SIGNED) FROM reservations",
        &[],
    )
    .await[0]
}

/// All three ways must end in the same reservations.
async fn same(wanted: (i64, i64), raw: &mut Raw) {
    assert_eq!(promised(raw).await, wanted);
}
