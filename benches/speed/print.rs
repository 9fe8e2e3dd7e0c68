//! A hundred labels through a real cupsd to a printer that is played here: each a job of its
//! own, noted, handed over and followed to its end.

use std::time::{Duration, Instant};

use opsctl::context::{Clock, Context};
use opsctl::store::documents::{self, New};
use opsctl::store::print_jobs::Row;
use opsctl::workflows::printing;

use crate::STORES;
use crate::harness::{Kind, Shop};
use crate::print_room::{Printer, queue, shared, stations};
use crate::table::{Aim, Table, Unit};

const LABELS: usize = 100;

pub async fn measure(table: &mut Table) {
    eprintln!("print: {LABELS} labels of 2 kB");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

async fn one_store(table: &mut Table, kind: Kind) {
    let shop = Shop::new(kind).await;
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    let more = stations(&shared(), &[("bench", &queue)]);
    let mut ctx = shop.context_with("print", &more).await;
    ctx.clock = Clock::System;
    let jobs = planned(&ctx, &queue).await;
    let none = Duration::ZERO;
    let started = Instant::now();
    let rows = printing::run(&ctx, &jobs, none).await.unwrap();
    let handed_over = started.elapsed();
    assert!(rows.iter().all(|row| row.job.is_some()));
    let rows: Vec<Row> = printing::run(&ctx, &jobs, Duration::from_secs(30))
        .await
        .unwrap();
    let ended = started.elapsed();
    assert!(rows.iter().all(|row| row.state == "printed"));
    assert_eq!(printer.must_get(LABELS).len(), LABELS);
    let what = "print, 100 labels handed to CUPS";
    table.note(
        what,
        Some(kind),
        handed_over.as_secs_f64(),
        Unit::Seconds,
        Aim::Below(10.0),
    );
    let what = "  and all of them handed to the printer";
    table.note(
        what,
        Some(kind),
        ended.as_secs_f64(),
        Unit::Seconds,
        Aim::None,
    );
}

async fn planned(ctx: &Context, queue: &str) -> Vec<i64> {
    let bytes = format!("^XA^FO20,20^FD{}^FS^XZ", "x".repeat(2000));
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await.unwrap();
    let mut jobs = Vec::new();
    for _ in 0..LABELS {
        let new = New {
            kind: "label",
            title: "label",
            media_type: "application/zpl",
            consignment: None,
            parcel: None,
            template: "",
            bundle: "",
            bytes: bytes.as_bytes(),
        };
        let document = documents::insert(&mut tx, &stamp, &new).await.unwrap();
        let reference = printing::first(document);
        let place = ("bench", queue);
        let job = printing::plan(&mut tx, &stamp, document, place, &reference).await;
        jobs.push(job.unwrap());
    }
    ctx.store.commit(tx).await.unwrap();
    jobs
}
