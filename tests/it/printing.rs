//! Labels and papers go to CUPS once, and what became of them is told: against a real cupsd,
//! and a printer that is played.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use opsctl::context::Clock;
use opsctl::domain::time::UtcMs;
use opsctl::workflows::printing;

use crate::harness::{Kind, NOW, Shop, on_all_stores};
use crate::print_room::{Cups, Printer, Wire, admin, queue, sending, shared, with_printer};

const ZPL: &str = "application/zpl";
const LABEL: &[u8] = b"^XA^FO20,20^A0N,30,30^FDlabel^FS^XZ";

on_all_stores!(
    labels_and_papers_come_out_once_byte_for_byte,
    what_the_queue_does_not_take_is_told_at_once_and_kept,
    a_lost_answer_is_settled_by_asking,
    eight_processes_print_a_job_once,
    a_run_that_died_is_settled_by_the_next,
);

/// The state of each job, oldest first.
fn states(shop: &Shop) -> Vec<String> {
    let rows = shop.json(&["label", "list"]);
    let rows = rows["rows"].as_array().unwrap();
    let state = |row: &serde_json::Value| row["state"].as_str().unwrap().to_owned();
    rows.iter().rev().map(state).collect()
}

/// What is known of the newest job.
fn known(shop: &Shop) -> String {
    let rows = shop.json(&["label", "list"]);
    rows["rows"][0]["said"].as_str().unwrap().to_owned()
}

/// Runs a command that must end so; gives what it printed.
fn ends(shop: &Shop, code: i32, args: &[&str]) -> String {
    let output = shop.run(args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}{error}");
    text + &error
}

fn all_bytes() -> Vec<u8> {
    let mut bytes = LABEL.to_vec();
    bytes.extend((0..=255_u8).cycle().take(70_000));
    bytes
}

async fn labels_and_papers_come_out_once_byte_for_byte(shop: Shop) {
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    let ctx = with_printer(&shop, &shared(), &queue).await;
    let bytes = all_bytes();
    let made: [(&str, &str, &[u8]); 3] = [
        ("label", ZPL, &bytes),
        ("label", ZPL, LABEL),
        (
            "packing_slip",
            "application/pdf",
            b"%PDF-1.4\n\xff\xfe\n%%EOF",
        ),
    ];
    sending(&shop, &ctx, "S-1", &made).await;
    let plan = shop.json(&["label", "print", "S-1", "--dry-run"]);
    assert_eq!(plan["planned"].as_array().unwrap().len(), 3);
    assert!(states(&shop).is_empty());

    ends(&shop, 0, &["label", "print", "S-1"]);
    assert_eq!(states(&shop), ["printed"; 3]);
    let got = printer.must_get(3);
    for (_, _, bytes) in made {
        assert!(got.iter().any(|label| label == bytes));
    }
    let again = ends(&shop, 0, &["label", "print", "S-1"]);
    assert!(
        again.contains("3 documents were printed before."),
        "{again}"
    );
    ends(&shop, 0, &["label", "jobs"]);
    printer.must_get(3);

    // A reprint is a job of its own.
    let jobs = shop.json(&["label", "list"]);
    let second = jobs["rows"][1]["id"].as_i64().unwrap();
    ends(&shop, 0, &["label", "reprint", &format!("job:{second}")]);
    assert_eq!(printer.must_get(4)[3], LABEL);
    assert_eq!(states(&shop), ["printed"; 4]);
    let told = ends(&shop, 0, &["--json", "events"]);
    assert_eq!(told.matches("print.sent").count(), 4, "{told}");
    shop.must_be_sound();
}

async fn what_the_queue_does_not_take_is_told_at_once_and_kept(shop: Shop) {
    let printer = Printer::start();
    let cups = shared();
    let queue = queue(&cups, printer.address);
    let ctx = with_printer(&shop, &cups, "nosuchqueue").await;
    sending(&shop, &ctx, "S-1", &[("label", ZPL, LABEL)]).await;
    let started = Instant::now();
    let told = ends(&shop, 1, &["label", "print", "S-1"]);
    assert!(
        told.contains("the queue nosuchqueue is not there"),
        "{told}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));

    let ctx = with_printer(&shop, &cups, &queue).await;
    admin(&cups, "cupsdisable", &["-r", "out of labels", &queue]);
    sending(&shop, &ctx, "S-2", &[("label", ZPL, LABEL)]).await;
    let told = ends(&shop, 1, &["label", "print", "S-2"]);
    let known_now = known(&shop);
    assert!(
        known_now.contains("is stopped: out of labels"),
        "{known_now}"
    );
    assert!(told.contains("What failed is kept"), "{told}");

    admin(&cups, "cupsenable", &[&queue]);
    admin(&cups, "cupsreject", &["-r", "being cleaned", &queue]);
    ends(&shop, 1, &["label", "print", "S-2"]);
    assert!(
        known(&shop).contains("takes no jobs: being cleaned"),
        "{}",
        known(&shop)
    );
    assert!(printer.got().is_empty());

    // Once all is well the same command prints what failed before CUPS had it.
    admin(&cups, "cupsaccept", &[&queue]);
    ends(&shop, 0, &["label", "print", "S-2"]);
    ends(&shop, 0, &["label", "reprint", "S-1"]);
    printer.must_get(2);
    let told = ends(&shop, 0, &["--json", "events"]);
    assert_eq!(told.matches("print.failed").count(), 3, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printer_that_is_gone_is_told_and_its_label_taken_back_for_a_reprint() {
    let shop = Shop::new(Kind::Sqlite).await;
    let cups = shared();
    // Nobody listens there any more; another takes the place later.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let queue = queue(&cups, address);
    let ctx = with_printer(&shop, &cups, &queue).await;
    sending(&shop, &ctx, "S-1", &[("label", ZPL, LABEL)]).await;
    let started = Instant::now();
    let told = ends(&shop, 75, &["label", "print", "S-1"]);
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(states(&shop), ["sent"], "{told}");
    // The queue stops by itself once the printer has not answered.
    let ask = || {
        shop.run(&["label", "jobs"]);
        known(&shop).contains("is stopped")
    };
    crate::print_room::until("the queue is stopped", ask);

    // What lies in the queue is taken back first, or it would come out beside the new one.
    ends(&shop, 1, &["label", "reprint", "S-1"]);
    assert_eq!(states(&shop), ["dropped", "failed"]);
    let printer = Printer::at(address);
    admin(&cups, "cupsenable", &[&queue]);
    ends(&shop, 0, &["label", "print", "S-1"]);
    printer.must_get(1);
    assert_eq!(states(&shop), ["dropped", "printed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_a_queue_is_taken_back_before_a_reprint() {
    let shop = Shop::new(Kind::Sqlite).await;
    let cups = shared();
    let printer = Printer::start();
    let queue = queue(&cups, printer.address);
    let ctx = with_printer(&shop, &cups, &queue).await;
    sending(&shop, &ctx, "S-1", &[("label", ZPL, LABEL)]).await;
    printer.jammed.store(true, Ordering::SeqCst);
    ends(&shop, 75, &["label", "print", "S-1"]);
    assert_eq!(states(&shop), ["sent"]);
    // A second run does not hand it over again.
    ends(&shop, 75, &["label", "print", "S-1"]);
    assert_eq!(states(&shop), ["sent"]);
    ends(&shop, 75, &["label", "reprint", "document:1"]);
    assert_eq!(states(&shop)[0], "dropped");
    printer.jammed.store(false, Ordering::SeqCst);
    crate::print_room::until("the reprint is printed", || {
        shop.run(&["label", "jobs"]);
        states(&shop).last().unwrap() == "printed"
    });
}

async fn a_lost_answer_is_settled_by_asking(shop: Shop) {
    let printer = Printer::start();
    let cups = shared();
    let queue = queue(&cups, printer.address);
    let wire = Wire::to(&cups);
    let ctx = with_printer(&shop, &wire.url, &queue).await;
    sending(
        &shop,
        &ctx,
        "S-1",
        &[("label", ZPL, LABEL), ("label", ZPL, LABEL)],
    )
    .await;
    wire.lose_next.store(true, Ordering::SeqCst);
    ends(&shop, 0, &["label", "print", "S-1"]);
    assert!(!wire.lose_next.load(Ordering::SeqCst));
    assert_eq!(states(&shop), ["printed"; 2]);
    printer.must_get(2);
    ends(&shop, 0, &["label", "print", "S-1"]);
    printer.must_get(2);
}

async fn eight_processes_print_a_job_once(shop: Shop) {
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    let ctx = with_printer(&shop, &shared(), &queue).await;
    sending(
        &shop,
        &ctx,
        "S-1",
        &[("label", ZPL, LABEL), ("label", ZPL, LABEL)],
    )
    .await;
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = shop.command(&["label", "print", "S-1"]);
            command.stdout(std::process::Stdio::null());
            command.stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 75)), "{code:?}");
    }
    ends(&shop, 0, &["label", "print", "S-1"]);
    assert_eq!(states(&shop), ["printed"; 2]);
    printer.must_get(2);
}

/// Stopped before the server was asked, and after it took the label.
async fn a_run_that_died_is_settled_by_the_next(shop: Shop) {
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    let mut ctx = with_printer(&shop, &shared(), &queue).await;
    let ids = sending(
        &shop,
        &ctx,
        "S-1",
        &[("label", ZPL, LABEL), ("label", ZPL, LABEL)],
    )
    .await;
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await.unwrap();
    let mut jobs = Vec::new();
    for id in &ids {
        let reference = printing::first(*id);
        let place = ("bench", queue.as_str());
        let job = printing::plan(&mut tx, &stamp, *id, place, &reference).await;
        jobs.push(job.unwrap());
        // The same once more is the same job.
        let same = printing::plan(&mut tx, &stamp, *id, place, &reference).await;
        assert_eq!(same.unwrap(), *jobs.last().unwrap());
    }
    ctx.store.commit(tx).await.unwrap();
    let state = |rows: &[opsctl::store::print_jobs::Row]| -> Vec<String> {
        rows.iter().map(|row| row.state.clone()).collect()
    };
    let patience = Duration::from_secs(10);
    let rows = printing::run(&ctx, &jobs[..1], patience).await.unwrap();
    assert_eq!(state(&rows), ["printed"]);
    printer.must_get(1);
    // Both look as if their run had died while it handed them over; only the first was taken.
    let until = NOW.0 + 60_000;
    shop.sql(&format!(
        "UPDATE print_jobs SET state = 'sending', job = NULL, next_at = {until}, \
         updated_at = {}",
        NOW.0
    ))
    .await;
    let rows = printing::run(&ctx, &jobs, patience).await.unwrap();
    assert_eq!(state(&rows), ["sending", "sending"]);
    ctx.clock = Clock::Fixed(UtcMs(until));
    let rows = printing::run(&ctx, &jobs, patience).await.unwrap();
    assert_eq!(state(&rows), ["printed", "unknown"]);
    ctx.clock = Clock::Fixed(UtcMs(until + 29_999));
    let rows = printing::run_due(&ctx, patience).await.unwrap();
    assert!(rows.is_empty(), "{rows:?}");
    printer.must_get(1);
    ctx.clock = Clock::Fixed(UtcMs(until + 30_000));
    let rows = printing::run_due(&ctx, patience).await.unwrap();
    assert_eq!(state(&rows), ["printed"]);
    printer.must_get(2);

    // Long after, nobody can say: a person decides, and it is not printed by itself.
    shop.sql("UPDATE print_jobs SET state = 'unknown', job = NULL, run = 'another'")
        .await;
    ctx.clock = Clock::Fixed(UtcMs(until + 2 * 3_600_000));
    let rows = printing::run_due(&ctx, patience).await.unwrap();
    assert_eq!(state(&rows), ["unknown", "unknown"]);
    assert!(
        rows[0].said.contains("reprint it if not"),
        "{}",
        rows[0].said
    );
    printer.must_get(2);
    ends(&shop, 0, &["label", "reprint", "S-1"]);
    printer.must_get(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_print_server_that_is_killed_is_waited_for_and_asked() {
    let shop = Shop::new(Kind::Sqlite).await;
    let mut cups = Cups::start();
    let printer = Printer::start();
    let queue = queue(&cups.url(), printer.address);
    let ctx = with_printer(&shop, &cups.url(), &queue).await;
    sending(&shop, &ctx, "S-1", &[("label", ZPL, LABEL)]).await;
    cups.kill();
    let told = ends(&shop, 75, &["label", "print", "S-1"]);
    assert_eq!(states(&shop), ["planned"], "{told}");
    assert!(
        known(&shop).contains("CUPS cannot be reached"),
        "{}",
        known(&shop)
    );
    cups.start_again();
    ends(&shop, 0, &["label", "jobs"]);
    assert_eq!(states(&shop), ["printed"]);
    printer.must_get(1);

    // Killed while it prints: it may forget the job, which then is not handed over by itself.
    printer.jammed.store(true, Ordering::SeqCst);
    sending(&shop, &ctx, "S-2", &[("label", ZPL, LABEL)]).await;
    ends(&shop, 75, &["label", "print", "S-2"]);
    crate::print_room::until("the printer is asked", || {
        printer.begun.load(Ordering::SeqCst) == 2
    });
    cups.kill();
    ends(&shop, 75, &["label", "jobs"]);
    cups.start_again();
    printer.jammed.store(false, Ordering::SeqCst);
    let code = shop.run(&["label", "jobs"]).status.code();
    let state = states(&shop).pop().unwrap();
    match state.as_str() {
        "printed" => assert_eq!(code, Some(0)),
        "sent" | "unknown" => assert_eq!(code, Some(75)),
        other => panic!("{other}: {}", known(&shop)),
    }
    assert_eq!(states(&shop).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_labels_are_a_hundred_jobs_over_one_connection() {
    let shop = Shop::new(Kind::Sqlite).await;
    let printer = Printer::start();
    let cups = shared();
    let queue = queue(&cups, printer.address);
    let wire = Wire::to(&cups);
    let mut ctx = with_printer(&shop, &wire.url, &queue).await;
    ctx.clock = Clock::System;
    let labels: Vec<Vec<u8>> = (0..100)
        .map(|i| format!("^XA^FO20,20^FDlabel {i}^FS^XZ").into_bytes())
        .collect();
    let made: Vec<(&str, &str, &[u8])> = labels.iter().map(|b| ("label", ZPL, &b[..])).collect();
    sending(&shop, &ctx, "S-1", &made).await;
    let started = Instant::now();
    ends(&shop, 0, &["label", "print", "S-1"]);
    println!("100 labels: {:?}", started.elapsed());
    assert_eq!(wire.connections.load(Ordering::SeqCst), 1);
    let got = printer.must_get(100);
    for label in &labels {
        assert_eq!(got.iter().filter(|other| *other == label).count(), 1);
    }
}
