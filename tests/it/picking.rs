//! Rounds of packers: who gets which order, what counts, and where the goods are by the books.

mod changes;
mod kits;
mod queue;
mod release;
pub mod round;
mod short;
mod swaps;

use std::collections::BTreeSet;

use opsctl::workflows::pick::{self, Answer, EventKind, Outcome, ScanEvent, Sheet, StartWish};
use uuid::Uuid;

use crate::harness::{Kind, NOW, Shop, on_all_stores};
use crate::shelves::{held, order, receive, refused, shelf};

on_all_stores!(
    a_round_takes_the_goods_to_the_bench,
    two_packers_at_once_get_an_order_once,
    an_expired_round_is_taken_over_and_its_replay_is_told_so,
    each_scan_counts_once,
    what_is_short_is_reserved_elsewhere_or_waits,
    a_hand_at_a_round_is_found_out,
);

fn scan(kind: EventKind, line: i64, units: i64) -> ScanEvent {
    ScanEvent {
        id: Uuid::new_v4().to_string(),
        seq: 1,
        kind,
        line,
        units,
        code: "00012345678905".to_owned(),
        at: NOW.0,
        reason: Some("empty".to_owned()),
    }
}

pub fn wish(orders: &[&str]) -> StartWish {
    StartWish {
        orders: orders.iter().map(ToString::to_string).collect(),
        ..StartWish::default()
    }
}

async fn sent(shop: &Shop, sheet: &Sheet, event: &ScanEvent) -> Answer {
    let ctx = shop.context("scan").await;
    let claim = sheet.claim.as_deref().unwrap();
    let mut answers = pick::store(&ctx, claim, std::slice::from_ref(event))
        .await
        .unwrap();
    answers.pop().unwrap()
}

fn bins(shop: &Shop) {
    shop.json(&["location", "add", "A-1", "A-2", "A-10"]);
}

async fn a_round_takes_the_goods_to_the_bench(shop: Shop) {
    bins(&shop);
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,A-10\nCUP,L1,2026-01-02,24,4.00,A-2\n",
    );
    order(
        &shop,
        "1,2026-02-26,MUG,2\n1,2026-02-26,CUP,12\n2,2026-02-20,MUG,1\n",
    );
    let queue = shop.json(&["pick", "queue"]);
    let names: Vec<&str> = queue["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["order"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["manual:2", "manual:1"]);
    // Thursday, and a working day.
    assert_eq!(queue["rows"][1]["promised_on"], "2026-02-27");

    let dry = shop.json(&["pick", "start", "manual:1", "--dry-run"]);
    assert_eq!(dry["wave"], 0);
    assert_eq!(
        shop.json(&["pick", "list"])["rows"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let ctx = shop.context("start").await;
    let sheet = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap();
    let places: Vec<&str> = sheet.lines.iter().map(|line| line.bin.as_str()).collect();
    assert_eq!(places, ["A-2", "A-10"]);
    let again = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap_err();
    assert!(format!("{again:#}").contains("is being picked by cli:test in round"));
    refused(
        &shop,
        &["pick", "start", "--next", "21"],
        2,
        &["21 orders are too many", "up to 20"],
    );

    let (cup, mug) = (sheet.lines[0].line, sheet.lines[1].line);
    let over = sent(&shop, &sheet, &scan(EventKind::Pick, cup, 13)).await;
    assert_eq!(over.outcome, Outcome::Refused);
    assert!(
        over.why
            .unwrap()
            .contains("12 of CUP are still to be picked")
    );
    let case = sent(&shop, &sheet, &scan(EventKind::Pick, cup, 12)).await;
    assert_eq!(case.line.unwrap().picked, 12);
    assert_eq!(
        shelf(&shop, "CUP"),
        ["L1 at A-2: 12 (0)", "L1 at packing: 12 (12)"]
    );
    shop.must_be_sound();
    let undo = sent(&shop, &sheet, &scan(EventKind::Undo, cup, 2)).await;
    assert_eq!(undo.line.unwrap().picked, 10);
    assert_eq!(
        shelf(&shop, "CUP"),
        ["L1 at A-2: 14 (2)", "L1 at packing: 10 (10)"]
    );
    assert!(
        pick::finish(&ctx, sheet.claim.as_deref().unwrap())
            .await
            .is_err()
    );
    sent(&shop, &sheet, &scan(EventKind::Pick, cup, 2)).await;
    sent(&shop, &sheet, &scan(EventKind::Pick, mug, 1)).await;
    assert_eq!(shelf(&shop, "MUG"), ["L1 at A-10: 5 (3)"]);
    sent(&shop, &sheet, &scan(EventKind::Pick, mug, 1)).await;
    let done = pick::finish(&ctx, sheet.claim.as_deref().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (done.state.as_str(), done.tasks[0].state.as_str()),
        ("picked", "picked")
    );
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at A-10: 3 (1)", "L1 at packing: 2 (2)"]
    );
    let late = sent(&shop, &sheet, &scan(EventKind::Undo, mug, 1)).await;
    assert!(late.why.unwrap().contains("is finished"));
    shop.must_be_sound();
}

async fn two_packers_at_once_get_an_order_once(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-26,MUG,2\n");
    let mut tasks = Vec::new();
    for packer in 0..8 {
        let mut ctx = shop.context(&format!("r{packer}")).await;
        ctx.actor = format!("user:{packer}");
        if packer % 2 == 0 {
            ctx.store = ctx.store.with_locking(opsctl::store::Locking::Off);
        }
        tasks.push(tokio::spawn(async move {
            pick::start(&ctx, &wish(&["manual:1"])).await
        }));
    }
    let mut got = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => got += 1,
            Err(error) => {
                let words = format!("{error:#}");
                assert!(
                    words.contains("is being picked by user:")
                        || words.contains("changed at the same"),
                    "{words}"
                );
            }
        }
    }
    assert_eq!(got, 1);
    shop.must_be_sound();
}

async fn an_expired_round_is_taken_over_and_its_replay_is_told_so(shop: Shop) {
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,main\nCUP,L1,2026-01-02,5,5.00,main\n",
    );
    order(&shop, "1,2026-02-26,MUG,2\n1,2026-02-26,CUP,2\n");
    let ctx = shop.context("first").await;
    let first = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap();
    let mug = first
        .lines
        .iter()
        .find(|line| line.sku == "MUG")
        .unwrap()
        .line;
    let cup = first
        .lines
        .iter()
        .find(|line| line.sku == "CUP")
        .unwrap()
        .line;
    sent(&shop, &first, &scan(EventKind::Pick, mug, 2)).await;
    let mut later = shop.context("second").await;
    "user:8".clone_into(&mut later.actor);
    assert!(pick::start(&later, &wish(&["manual:1"])).await.is_err());
    later.clock = opsctl::context::Clock::Fixed(NOW.plus_ms(31 * 60_000));
    let second = pick::start(&later, &wish(&["manual:1"])).await.unwrap();
    let places: Vec<(&str, &str)> = second
        .lines
        .iter()
        .map(|l| (l.sku.as_str(), l.bin.as_str()))
        .collect();
    assert_eq!(places, [("MUG", "packing"), ("CUP", "main")]);
    let replay = scan(EventKind::Pick, cup, 1);
    let told = sent(&shop, &first, &replay).await;
    let why = told.why.clone().unwrap();
    assert!(
        why.contains("has expired") && why.contains("user:8"),
        "{why}"
    );
    let again = sent(&shop, &first, &replay).await;
    assert_eq!((again.why, again.repeated), (told.why, true));
    shop.must_be_sound();
}

async fn each_scan_counts_once(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,5.00,main\n");
    order(&shop, "1,2026-02-26,MUG,6\n2,2026-02-26,MUG,1\n");
    let ctx = shop.context("start").await;
    let sheet = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap();
    let other = pick::start(&ctx, &wish(&["manual:2"])).await.unwrap();
    let events: Vec<ScanEvent> = (0..6)
        .map(|_| scan(EventKind::Pick, sheet.lines[0].line, 1))
        .collect();
    let mut tasks = Vec::new();
    for replay in 0..3 {
        let ctx = shop.context(&format!("replay{replay}")).await;
        let (claim, events) = (sheet.claim.clone().unwrap(), events.clone());
        tasks.push(tokio::spawn(async move {
            pick::store(&ctx, &claim, &events).await
        }));
    }
    for task in tasks {
        let answers = task.await.unwrap().unwrap();
        assert!(
            answers
                .iter()
                .all(|answer| answer.outcome == Outcome::Stored)
        );
        let picked: BTreeSet<i64> = answers.iter().map(|a| a.line.unwrap().picked).collect();
        assert_eq!(picked.len(), 6);
    }
    let shown = pick::sheet(&ctx, sheet.wave).await.unwrap();
    assert_eq!(shown.lines[0].picked, 6);
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at main: 3 (1)", "L1 at packing: 6 (6)"]
    );

    let stolen = sent(&shop, &other, &events[0]).await;
    assert_eq!((stolen.outcome, stolen.line), (Outcome::Refused, None));
    let mut hostile = scan(EventKind::Pick, other.lines[0].line, 1);
    hostile.code = "x".repeat(10_000);
    let answer = sent(&shop, &other, &hostile).await;
    assert!(answer.why.unwrap().contains("a code has up to 400"));
    "^XA'; DROP TABLE pick_scans; --".clone_into(&mut hostile.id);
    "<script>\0\u{1b}[2J".clone_into(&mut hostile.code);
    assert_eq!(
        sent(&shop, &other, &hostile).await.outcome,
        Outcome::Refused
    );
    hostile.id = Uuid::new_v4().to_string();
    assert_eq!(sent(&shop, &other, &hostile).await.outcome, Outcome::Stored);
    shop.must_be_sound();
}

async fn what_is_short_is_reserved_elsewhere_or_waits(shop: Shop) {
    bins(&shop);
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,A-1\nMUG,L2,2026-01-03,2,2.00,A-2\n",
    );
    order(&shop, "1,2026-02-26,MUG,4\n2,2026-02-27,MUG,1\n");
    let ctx = shop.context("start").await;
    let sheet = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap();
    let short = scan(EventKind::Short, sheet.lines[0].line, 1);
    let answer = sent(&shop, &sheet, &short).await;
    let led = answer.short.unwrap();
    assert_eq!((led.missing, led.reserved_anew, led.backordered), (4, 2, 1));
    assert_eq!(led.others, ["manual:2"]);
    assert!(led.count.is_some() && !led.count_was_open);
    assert_eq!(
        shelf(&shop, "MUG"),
        [
            "L1 at missing: 4 (0)",
            "L1 at packing: 1 (1)",
            "L2 at A-2: 2 (2)"
        ]
    );
    let shown = pick::sheet(&ctx, sheet.wave).await.unwrap();
    assert_eq!(shown.lines.len(), 2);
    assert_eq!(
        (shown.lines[1].bin.as_str(), shown.lines[1].quantity),
        ("A-2", 2)
    );
    shop.must_be_sound();
    let id = led.discrepancy.to_string();
    let settle = [
        "pick",
        "settle",
        &id,
        "--found",
        "3",
        "--reason",
        "lay behind",
    ];
    assert_eq!(shop.json(&settle)["written_off"], 1);
    assert!(shop.json(&settle)["before"].is_string());
    assert_eq!(
        shelf(&shop, "MUG"),
        [
            "L1 at A-1: 3 (2)",
            "L1 at packing: 1 (1)",
            "L2 at A-2: 2 (2)"
        ]
    );
    assert_eq!(held(&shop).len(), 4);
    if shop.kind == Kind::Sqlite {
        let listed = shop.json(&["pick", "discrepancies", "--all"]);
        assert_eq!(listed["rows"].as_array().unwrap().len(), 1);
    }
    shop.must_be_sound();
}

/// Each rule over rounds names what breaks it.
async fn a_hand_at_a_round_is_found_out(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-26,MUG,2\n");
    let ctx = shop.context("start").await;
    let sheet = pick::start(&ctx, &wish(&["manual:1"])).await.unwrap();
    let (line, task) = (sheet.lines[0].line, sheet.tasks[0].task);
    sent(&shop, &sheet, &scan(EventKind::Pick, line, 2)).await;
    sent(&shop, &sheet, &scan(EventKind::Undo, line, 1)).await;
    shop.must_be_sound();
    for (breaks, mends, told) in [
        (
            "UPDATE pick_lines SET moved = 0",
            "UPDATE pick_lines SET moved = 1",
            format!("line {line} of task {task}: 0 at the packing bench, moves sum up to 1"),
        ),
        (
            "UPDATE stock_moves SET cause = 'hand' WHERE reason = 'put back'",
            "UPDATE stock_moves SET cause = (SELECT CONCAT('pick:', MAX(id)) FROM pick_lines) \
             WHERE cause = 'hand'",
            format!("line {line} of task {task}: 1 at the packing bench, moves sum up to 2"),
        ),
        (
            "UPDATE pick_tasks SET state = 'picked'",
            "UPDATE pick_tasks SET state = 'picking'",
            format!("round {}, walked by cli:test", sheet.wave),
        ),
        (
            "UPDATE pick_waves SET state = 'expired'",
            "UPDATE pick_waves SET state = 'picking'",
            format!("task {task} of order 1: round {} is expired", sheet.wave),
        ),
    ] {
        shop.sql(breaks).await;
        let output = shop.run(&["check"]);
        assert_eq!(output.status.code(), Some(1), "{breaks}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&told), "{told:?} is not in:\n{text}");
        shop.sql(mends).await;
        shop.must_be_sound();
    }
}
