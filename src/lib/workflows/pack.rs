//! Picked goods go into packages. What is put where is said by scans, each of which counts
//! once by the id it got where it was made; a unit that can be told apart is bound by its
//! serial to the lot it came in with. An order lies on one bench at a time.

mod bench;

pub use bench::{
    Bench, BenchLine, Measures, PackAnswer, PackScan, Package, PackageItem, PackageWish, Placed,
    Waiting, Waitings,
};

// Signatures, while they are being built:
//   start(ctx, order: &str, take_over: bool, dry_run: bool) -> anyhow::Result<Bench>
//   bench(ctx, task: i64) -> anyhow::Result<Bench>
//   of_order(ctx, order: &str) -> anyhow::Result<Bench>           // its open task, or its latest
//   list(ctx) -> anyhow::Result<Waitings>
//   open_package(ctx, task: i64, wish: &PackageWish) -> anyhow::Result<Bench>
//   pack(ctx, task: i64, scan: &PackScan) -> anyhow::Result<PackAnswer>
//   unpack(ctx, task: i64, scan: &PackScan) -> anyhow::Result<PackAnswer>
//   measure(ctx, task: i64, number: i64, measures: &Measures) -> anyhow::Result<Bench>
//   swap(ctx, task: i64, scan: &PackScan /* id, package, serial; sku where said */) -> anyhow::Result<PackAnswer>
//   finish(ctx, task: i64, partial: bool, dry_run: bool) -> anyhow::Result<Bench>
//   reopen(ctx, task: i64, dry_run: bool) -> anyhow::Result<Bench>
//   release(ctx, task: i64, why: &str, dry_run: bool) -> anyhow::Result<Bench>
//   ship(ctx, task: i64, carrier: &str, tracking: &str, dry_run: bool) -> anyhow::Result<ship::Report>
