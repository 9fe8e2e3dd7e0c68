//! Units that can be told apart, on the bench: each is what it says it is, and lies once.

use opsctl::workflows::pack::{self as packing, PackScan};
use serde_json::Value;

use super::bench::{pack, picked, refusal, refused, told};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::order;

on_all_stores!(
    each_unit_is_packed_with_its_serial,
    a_unit_of_another_lot_is_swapped_with_a_free_one,
    a_unit_of_another_lot_is_swapped_with_a_promised_one,
    eight_scans_of_one_serial_bind_it_once,
    hostile_serials_are_refused,
    serials_that_the_shop_says_have_left_are_gone,
);

/// Cameras with serials S1 and S2 of lot L1, S3 and S4 of L2; and lenses, one with S9.
fn cameras(shop: &Shop) {
    shop.write("p.csv", "sku,tracking\nCAM,serial\nLENS,serial\n");
    shop.json(&["products", "import", "p.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,total_cost,serials\nCAM,L1,2026-01-01,2,2.00,S1 S2\n\
         CAM,L2,2026-01-02,2,6.00,S3 S4\nLENS,L1,2026-01-01,1,1.00,S9\n",
    );
    shop.json(&["receive", "lots.csv"]);
}

fn scan(shop: &Shop, order: &str, serial: &str) -> Value {
    pack(shop, &format!("item {order} 1 CAM --serial {serial}"))
}

/// On hand and reserved by lot and place: `L1 main 1 0`.
fn lies(shop: &Shop) -> Vec<String> {
    let shown = shop.json(&["stock", "show", "CAM"]);
    let row = |lot: &Value| {
        let text = |key: &str| lot[key].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {}",
            text("lot"),
            text("location"),
            lot["on_hand"],
            lot["reserved"]
        )
    };
    let lots = shown["lots"].as_array().unwrap().iter();
    lots.filter(|lot| lot["on_hand"] != 0).map(row).collect()
}

async fn each_unit_is_packed_with_its_serial(shop: Shop) {
    cameras(&shop);
    order(&shop, "1,2026-02-01,CAM,2\n2,2026-02-02,CAM,1\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let asks = refusal(&shop, &["item", "manual:1", "1", "CAM"]);
    assert_eq!(asks["needs"], "serial");
    let args = [
        "item", "manual:1", "1", "CAM", "--units", "2", "--serial", "S1",
    ];
    assert!(
        refusal(&shop, &args)["why"]
            .as_str()
            .unwrap()
            .contains("its own serial")
    );
    let word = "item manual:1 1 CAM --serial";
    refused(
        &shop,
        &format!("{word} S9"),
        &["serial S9 is one of LENS, not of CAM"],
    );
    refused(&shop, &format!("{word} S7"), &["serial S7 is not known"]);
    scan(&shop, "manual:1", "S1");
    refused(
        &shop,
        &format!("{word} S1"),
        &["S1 is packed already, in package 1"],
    );
    pack(&shop, "undo manual:1 1 CAM --serial S1");
    refused(
        &shop,
        "undo manual:1 1 CAM --serial S1",
        &["S1 of CAM is not in package 1"],
    );
    scan(&shop, "manual:1", "S1");
    let bench = scan(&shop, "manual:1", "S2")["bench"].clone();
    assert_eq!(bench["packages"][0]["items"][0]["serials"][1], "S2");
    pack(&shop, "finish manual:1");
    shop.must_be_sound();
    let leaves = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
    ];
    let wrong = [&leaves[..], &["--serial", "S1,S3"]].concat();
    crate::shelves::refused(
        &shop,
        &wrong,
        1,
        &["the serials named are not what lies packed"],
    );
    let shipped = shop.json(&leaves);
    assert_eq!(shipped["shipments"][0]["entries"][0]["lot"], "L1");
    assert_eq!(shipped["shipments"][0]["entries"][0]["quantity"], 2);
    shop.must_be_sound();
    picked(&shop, "manual:2").await;
    pack(&shop, "box manual:2");
    refused(
        &shop,
        "item manual:2 1 CAM --serial S1",
        &["serial S1 of CAM has left the house"],
    );
    shop.must_be_sound();
}

async fn a_unit_of_another_lot_is_swapped_with_a_free_one(shop: Shop) {
    cameras(&shop);
    order(&shop, "1,2026-02-01,CAM,1\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let args = ["item", "manual:1", "1", "CAM", "--serial", "S3"];
    let other = refusal(&shop, &args);
    assert_eq!(other["manager_may_swap"], true);
    let why = other["why"].as_str().unwrap();
    assert_eq!(
        why,
        "serial S3 came in with lot L2; CAM was picked from lot L1"
    );
    let id = "7f2c1c9e-4c57-4a0b-9a53-0d0e6d8b8f01";
    let words = format!("swap manual:1 S3 --id {id}");
    let swapped = pack(&shop, &words);
    assert_eq!(swapped["bench"]["packages"][0]["items"][0]["lot"], "L2");
    assert_eq!(pack(&shop, &words)["repeated"], true);
    assert_eq!(
        lies(&shop),
        ["L1 main 2 0", "L2 main 1 0", "L2 packing 1 1"]
    );
    assert_eq!(told(&shop, "serial.swapped"), 1);
    shop.must_be_sound();
    // Taken out and scanned again, it is what is promised now.
    pack(&shop, "undo manual:1 1 CAM --serial S3");
    scan(&shop, "manual:1", "S3");
    pack(&shop, "finish manual:1");
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["entries"][0]["lot"], "L2");
    assert_eq!(shipped["shipments"][0]["entries"][0]["cost_minor"], 300);
    shop.must_be_sound();
}

async fn a_unit_of_another_lot_is_swapped_with_a_promised_one(shop: Shop) {
    cameras(&shop);
    order(&shop, "1,2026-02-01,CAM,2\n2,2026-02-02,CAM,2\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    scan(&shop, "manual:1", "S1");
    pack(&shop, "swap manual:1 S3");
    assert_eq!(
        lies(&shop),
        [
            "L1 main 1 1",
            "L1 packing 1 1",
            "L2 main 1 1",
            "L2 packing 1 1"
        ]
    );
    shop.must_be_sound();
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    shop.must_be_sound();
    // Both orders are served: the second gets what was left of each lot.
    picked(&shop, "manual:2").await;
    pack(&shop, "box manual:2");
    scan(&shop, "manual:2", "S2");
    scan(&shop, "manual:2", "S4");
    pack(&shop, "finish manual:2");
    pack(&shop, "ship manual:2 --carrier UPS --tracking 2Z");
    assert!(lies(&shop).is_empty());
    shop.must_be_sound();
}

async fn eight_scans_of_one_serial_bind_it_once(shop: Shop) {
    cameras(&shop);
    order(&shop, "1,2026-02-01,CAM,1\n2,2026-02-02,CAM,1\n");
    let tasks = [
        picked(&shop, "manual:1").await,
        picked(&shop, "manual:2").await,
    ];
    pack(&shop, "box manual:1");
    pack(&shop, "box manual:2");
    let mut running = Vec::new();
    for n in 0..8 {
        let ctx = shop.context(&format!("scan {n}")).await;
        let mut ctx = ctx.clone();
        ctx.clock = opsctl::context::Clock::System;
        running.push(tokio::spawn(async move {
            let scan = PackScan {
                id: uuid::Uuid::new_v4().to_string(),
                package: 1,
                sku: "CAM".to_owned(),
                units: 1,
                serial: Some("S1".to_owned()),
                code: "S1".to_owned(),
                ..PackScan::default()
            };
            loop {
                match packing::pack(&ctx, tasks[n % 2], &scan).await {
                    Ok(answer) => return answer.outcome,
                    // What the store could not do now, it does when asked again.
                    Err(error) => assert!(format!("{error:#}").contains("the same"), "{error:#}"),
                }
            }
        }));
    }
    let mut stored = 0;
    for one in running {
        stored += usize::from(one.await.unwrap() == "stored");
    }
    assert_eq!(stored, 1);
    assert_eq!(told(&shop, "serial.packed"), 1);
    shop.must_be_sound();
}

async fn hostile_serials_are_refused(shop: Shop) {
    cameras(&shop);
    order(&shop, "1,2026-02-01,CAM,1\n");
    let task = picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let mut ctx = shop.context("hostile").await;
    ctx.clock = opsctl::context::Clock::System;
    let long = "9".repeat(10_240);
    let hostile = [
        (long.as_str(), "is longer than 190 characters"),
        ("S1\u{0}", "has control characters"),
        ("S1\u{1b}[2J", "has control characters"),
        ("<script>alert(1)</script>", "is not known"),
        ("^XA^FDx^XZ", "is not known"),
        ("S1' OR '1'='1", "is not known"),
        (" S1", "is not known"),
    ];
    for (serial, words) in hostile {
        for sku in ["CAM", ""] {
            let scan = PackScan {
                id: uuid::Uuid::new_v4().to_string(),
                sku: sku.to_owned(),
                units: 1,
                serial: Some(serial.to_owned()),
                code: serial.to_owned(),
                ..PackScan::default()
            };
            let answer = packing::pack(&ctx, task, &scan).await.unwrap();
            let why = answer.why.unwrap();
            assert_eq!(answer.outcome, "refused");
            assert!(why.contains(words) && why.len() < 400, "{why}");
            assert!(!why.chars().any(char::is_control), "{why:?}");
        }
    }
    // A serial alone says what it is one of, and its code is kept as it can be shown.
    let scan = PackScan {
        id: uuid::Uuid::new_v4().to_string(),
        units: 1,
        serial: Some("S1".to_owned()),
        code: format!("\u{1d}\u{0}{long}"),
        ..PackScan::default()
    };
    let answer = packing::pack(&ctx, task, &scan).await.unwrap();
    assert_eq!((answer.outcome.as_str(), answer.bench.left), ("stored", 0));
    shop.must_be_sound();
}

async fn serials_that_the_shop_says_have_left_are_gone(shop: Shop) {
    let (sandbox, _, skus) = crate::trading::trading(&shop).await;
    let sku = skus[0].clone();
    shop.json(&["stock", "adjust", &sku, "--by", "-1000", "--reason", "lost"]);
    shop.write("p.csv", &format!("sku,tracking\n{sku},serial\n"));
    shop.json(&["products", "import", "p.csv"]);
    let columns = "sku,lot,received_on,qty,total_cost,serials";
    shop.write(
        "s.csv",
        &format!("{columns}\n{sku},X1,2026-01-03,2,2.00,T1 T2\n"),
    );
    shop.json(&["receive", "s.csv"]);
    let id = sandbox
        .woo()
        .sell(&[(sku.as_str(), 1)], "processing")
        .unwrap();
    shop.json(&["sync"]);
    let name = format!("woo:{id}");
    picked(&shop, &name).await;
    pack(&shop, &format!("box {name}"));
    pack(&shop, &format!("item {name} 1 {sku} --serial T2"));
    sandbox.woo().set_order_status(id, "completed").unwrap();
    shop.json(&["sync"]);
    assert_eq!(pack(&shop, &format!("show {name}"))["state"], "shipped");
    let life = |serial: &str| shop.json(&["serial", serial]).to_string();
    assert!(life("T2").contains("\"in_house\":false"));
    assert!(life("T1").contains("\"in_house\":true"));
    assert_eq!(told(&shop, "serial.dispatched"), 1);
    shop.must_be_sound();
}
