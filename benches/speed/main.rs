//! What the speed figures of this project come from: one run, both stores, one table.
//!
//! Started by `benches/run.sh`, which starts MariaDB. Each part makes its own data, so that
//! any of them can be run alone. The aims are those of a shop of 50,000 SKUs.

#![allow(
    clippy::expect_used,
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a measurement that cannot be made ends the run"
)]

#[path = "../../tests/it/harness.rs"]
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "made for the tests"
)]
mod harness;

#[path = "../../tests/it/site.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod site;

#[path = "../../tests/it/print_room.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod print_room;

mod made_up;
mod pages;
mod print;
mod process;
mod raw;
mod reserve;
mod slips;
mod start;
mod station;
mod sync;
mod table;
mod volume;
mod writers;

use harness::Kind;
use table::Table;

const STORES: [Kind; 2] = [Kind::Sqlite, Kind::Maria];

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|a| a == "--bench") {
        println!("a measurement, not a test: benches/run.sh makes it");
        return;
    }
    let named: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| *name == part);
    let mut table = Table::default();
    if wanted("reserve") {
        reserve::measure(&mut table).await;
    }
    if wanted("volume") {
        volume::measure(&mut table).await;
    }
    if wanted("start") {
        start::measure(&mut table).await;
    }
    if wanted("sync") {
        sync::measure(&mut table).await;
    }
    if wanted("station") {
        station::measure(&mut table).await;
    }
    if wanted("pages") {
        pages::measure(&mut table).await;
    }
    if wanted("print") {
        print::measure(&mut table).await;
    }
    if wanted("slips") {
        slips::measure(&mut table);
    }
    println!("{}", raw::settings().await);
    println!("{table}");
}
