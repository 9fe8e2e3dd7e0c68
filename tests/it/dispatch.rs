//! Orders leave: the oldest layers are costed, promises move, the shop is told once.

use opsctl::sandbox::Sandbox;
use opsctl::sandbox::faults::{Fault, Rule};
use serde_json::Value;

use crate::harness::{Shop, on_all_stores};
use crate::trading::{agreed, trading};

on_all_stores!(
    the_oldest_lot_leaves_and_whoever_is_robbed_keeps_a_promise,
    a_late_cost_raises_what_is_there_and_adjusts_what_has_left,
    an_order_leaves_in_parts_and_each_part_once,
    what_is_missing_keeps_an_order_back_unless_it_may_leave_in_part,
    serials_say_which_lot_leaves,
    what_comes_back_is_a_lot_of_its_own,
    kits_cost_what_their_components_cost,
    the_shop_is_told_once_and_a_shop_that_is_down_later,
    an_order_cancelled_meanwhile_is_left_to_a_person,
    the_stock_is_worth_what_was_paid_for_it,
    a_late_cost_changes_no_day_that_is_past,
    what_came_back_gets_its_part_of_a_late_cost,
    units_with_serials_never_move_without_them,
    two_lots_of_one_line_leave_in_one_parcel,
    what_was_added_in_the_shop_meanwhile_has_not_left,
    an_order_of_which_the_rest_is_refunded_is_told,
);

fn receive(shop: &Shop, rows: &str) {
    let name = format!("lots{}.csv", uuid::Uuid::new_v4().simple());
    let heading = "sku,lot,received_on,qty,total_cost\n";
    shop.write(&name, &format!("{heading}{rows}"));
    shop.json(&["receive", &name, "--new-products"]);
}

fn order(shop: &Shop, rows: &str) {
    let name = format!("orders{}.csv", uuid::Uuid::new_v4().simple());
    let heading = "order,placed_at,sku,qty,unit_price\n";
    shop.write(&name, &format!("{heading}{rows}"));
    shop.json(&["orders", "import", &name]);
}

/// Ships by hand with this carrier and number, and more arguments.
fn ship(shop: &Shop, order: &str, tracking: &str, more: &[&str]) -> Value {
    let args = [
        &[
            "ship",
            "--manual",
            order,
            "--carrier",
            "UPS",
            "--tracking",
            tracking,
        ],
        more,
    ];
    shop.json(&args.concat())
}

fn refused(shop: &Shop, args: &[&str], words: &str) {
    let output = shop.run(args);
    assert_ne!(output.status.code(), Some(0), "{args:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(words), "{words:?} is not in:\n{text}");
}

/// (lot, units, cost) of each entry of the first shipment.
fn left(report: &Value) -> Vec<(String, i64, i64)> {
    entries(&report["shipments"][0]["entries"])
}

fn entries(list: &Value) -> Vec<(String, i64, i64)> {
    let number = |v: &Value| v.as_i64().unwrap();
    let one = |e: &Value| {
        let lot = e["lot"].as_str().unwrap().to_owned();
        (lot, number(&e["quantity"]), number(&e["cost_minor"]))
    };
    list.as_array().unwrap().iter().map(one).collect()
}

fn lot(name: &str, units: i64, cost: i64) -> (String, i64, i64) {
    (name.to_owned(), units, cost)
}

async fn the_oldest_lot_leaves_and_whoever_is_robbed_keeps_a_promise(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,3,10.00\nA,L2,2026-01-02,5,30.00\n");
    order(&shop, "1,2026-02-01,A,2,9.99\n2,2026-02-02,A,3,9.99\n");
    shop.json(&["reserve"]);
    // Order 2 holds one unit of L1 and two of L2, and leaves first.
    let dry = ship(&shop, "manual:2", "1Z2", &["--dry-run"]);
    assert_eq!(left(&dry), [lot("L1", 3, 1000)]);
    assert_eq!(shop.json(&["stock", "show", "A"])["on_hand"], 8);
    let shipped = ship(&shop, "manual:2", "1Z2", &[]);
    assert_eq!(left(&shipped), [lot("L1", 3, 1000)]);
    let lots = shop.json(&["stock", "show", "A"]);
    assert_eq!(
        (&lots["on_hand"], &lots["reserved"]),
        (&5.into(), &2.into())
    );
    shop.must_be_sound();
    assert_eq!(shop.json(&["reserve"])["units_reserved"], 0);
    let again = ship(&shop, "manual:2", "1Z2", &[]);
    assert!(again["shipments"][0]["applied_before"].is_object());
    refused(
        &shop,
        &[
            "ship",
            "--manual",
            "2",
            "--carrier",
            "UPS",
            "--tracking",
            "1Z3",
        ],
        "manual:2 has left",
    );
    let last = ship(&shop, "1", "1Z1", &[]);
    assert_eq!(left(&last), [lot("L2", 2, 1200)]);
    let told = shop.json(&["cogs", "explain", "2"]);
    assert_eq!(told["cost"][0][1], 1000);
    assert_eq!(told["margin_minor"], 2997 - 1000);
    let listed = shop.run(&["export", "cogs_entries"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        text.contains(",A,A,L1,2026-01-01,3,3.333333,10.00,EUR,"),
        "{text}"
    );
    shop.must_be_sound();
}

/// Books a cost on a lot, as a late bill does.
async fn late(shop: &Shop, lot: i64, minor: i64) {
    use opsctl::domain::cost::{Component, Cost};
    let ctx = shop.context("late").await;
    let mut tx = ctx.store.allocate().await.unwrap();
    let eur = "EUR".parse().unwrap();
    let cost = Cost::own(Component::Freight, minor, eur, "2026-03-01");
    let stamp = ctx.stamp();
    opsctl::store::costs::add(&mut tx, &stamp, &[(lot, cost)], "invoice:F-1")
        .await
        .unwrap();
    ctx.store.commit(tx).await.unwrap();
}

async fn a_late_cost_raises_what_is_there_and_adjusts_what_has_left(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,7,10.00\n");
    order(&shop, "1,2026-02-01,A,3,9.99\n2,2026-02-02,A,4,9.99\n");
    assert_eq!(left(&ship(&shop, "1", "1Z1", &[])), [lot("L1", 3, 429)]);
    late(&shop, 1, 100).await;
    shop.must_be_sound();
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["lines"][1]["kind"], "late_cost");
    assert_eq!(told["lines"][1]["cost_minor"], 471 - 429);
    assert_eq!(told["cost"][0][1], 471);
    let value = shop.json(&["stock", "value"]);
    assert_eq!(value["cost"][0][1], 1100 - 471);
    assert_eq!(
        left(&ship(&shop, "2", "1Z2", &[])),
        [lot("L1", 4, 1100 - 471)]
    );
    assert_eq!(shop.json(&["stock", "value"])["units"], 0);
    shop.must_be_sound();
}

async fn an_order_leaves_in_parts_and_each_part_once(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,9,9.00\nB,L1,2026-01-01,9,9.00\n");
    order(
        &shop,
        "1,2026-02-01,A,3,1\n1,2026-02-01,B,2,1\n2,2026-02-01,A,1,1\n3,2026-02-01,B,1,1\n",
    );
    shop.json(&["reserve"]);
    let part = ship(&shop, "1", "1Z1", &["--line", "A=2"]);
    assert_eq!(
        (
            &part["shipments"][0]["units"],
            &part["shipments"][0]["left"]
        ),
        (&2.into(), &3.into())
    );
    let again = ship(&shop, "1", "1Z1", &["--line", "A=2"]);
    assert!(again["shipments"][0]["applied_before"].is_object());
    refused(
        &shop,
        &[
            "ship",
            "--manual",
            "1",
            "--carrier",
            "UPS",
            "--tracking",
            "1Z2",
            "--line",
            "A=2",
        ],
        "manual:1 does not want 1 more of A",
    );
    let rest = ship(&shop, "1", "1Z2", &[]);
    assert_eq!(rest["shipments"][0]["left"], 0);
    // Two orders in one parcel, and one of the two unknown: then none of them.
    let args = [
        "ship",
        "--manual",
        "2",
        "9",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z3",
    ];
    refused(&shop, &args, "there is no order 9");
    let two = shop.json(&[
        "ship",
        "--manual",
        "2",
        "3=1Z5",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z4",
    ]);
    assert_eq!(two["shipments"][0]["tracking"], "1Z4");
    assert_eq!(two["shipments"][1]["tracking"], "1Z5");
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["shipments"].as_array().unwrap().len(), 2);
    assert_eq!(told["cost"][0][1], 500);
    shop.must_be_sound();
}

async fn what_is_missing_keeps_an_order_back_unless_it_may_leave_in_part(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,2,2.00\nB,L1,2026-01-01,5,5.00\n");
    order(&shop, "1,2026-02-01,A,3,1\n1,2026-02-01,B,1,1\n");
    shop.json(&["reserve"]);
    let args = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z1",
    ];
    refused(&shop, &args, "manual:1 lacks 1 of A");
    assert_eq!(shop.json(&["stock", "show", "B"])["on_hand"], 5);
    let part = ship(&shop, "1", "1Z1", &["--partial"]);
    assert_eq!(
        (
            &part["shipments"][0]["units"],
            &part["shipments"][0]["left"]
        ),
        (&3.into(), &1.into())
    );
    receive(&shop, "A,L2,2026-01-03,1,4.00\n");
    assert_eq!(left(&ship(&shop, "1", "1Z2", &[])), [lot("L2", 1, 400)]);
    shop.must_be_sound();
}

async fn serials_say_which_lot_leaves(shop: Shop) {
    shop.write("p.csv", "sku,tracking\nA,serial\n");
    shop.json(&["products", "import", "p.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,total_cost,serials\nA,L1,2026-01-01,2,2.00,S1 S2\n\
         A,L2,2026-01-02,2,6.00,S3 S4\n",
    );
    shop.json(&["receive", "lots.csv"]);
    order(&shop, "1,2026-02-01,A,2,1\n2,2026-02-01,A,1,1\n");
    shop.json(&["reserve"]);
    let args = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z1",
    ];
    refused(&shop, &args, "2 units of A leave with 0 serials");
    let wrong = [&args[..], &["--serial", "S3,S9"]].concat();
    refused(&shop, &wrong, "2 units of A leave with 1 serials");
    let twice = [&args[..], &["--serial", "S3,S3"]].concat();
    refused(&shop, &twice, "serial S3 is given twice");
    let shipped = ship(&shop, "1", "1Z1", &["--serial", "S3,S4"]);
    assert_eq!(left(&shipped), [lot("L2", 2, 600)]);
    shop.must_be_sound();
    let gone = [
        "ship",
        "--manual",
        "2",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z2",
        "--serial",
        "S3",
    ];
    refused(&shop, &gone, "serial S3 of A is not in the house");
    let shipped = ship(&shop, "2", "1Z2", &["--serial", "S2"]);
    assert_eq!(left(&shipped), [lot("L1", 1, 100)]);
    let back = shop.json(&[
        "stock", "return", "1", "A=1", "--serial", "S4", "--ref", "r1",
    ]);
    assert_eq!(back["lots"][0]["was_of"], "L2");
    shop.must_be_sound();
}

async fn what_comes_back_is_a_lot_of_its_own(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,3,10.00\n");
    order(&shop, "1,2026-02-01,A,3,9\n2,2026-02-01,A,1,9\n");
    ship(&shop, "1", "1Z1", &[]);
    let dry = shop.json(&["stock", "return", "1", "A=1", "--dry-run"]);
    assert_eq!(dry["lots"][0]["cost_minor"], 333);
    assert_eq!(shop.json(&["stock", "value"])["units"], 0);
    let back = shop.json(&["stock", "return", "1", "A=2", "--ref", "r1"]);
    assert_eq!(back["lots"][0]["cost_minor"], 667);
    let again = shop.json(&["stock", "return", "1", "A=2", "--ref", "r1"]);
    assert!(again["applied_before"].is_object());
    refused(
        &shop,
        &["stock", "return", "1", "A=2"],
        "1 of 2 A never left with manual:1",
    );
    assert_eq!(shop.json(&["stock", "value"])["cost"][0][1], 667);
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["cost"][0][1], 333);
    // It lies where nothing is sold from.
    assert_eq!(shop.json(&["stock", "show", "A"])["sellable"], 0);
    shop.must_be_sound();
}

async fn kits_cost_what_their_components_cost(shop: Shop) {
    receive(
        &shop,
        "A,L1,2026-01-01,4,4.00\nB,L1,2026-01-01,2,6.00\nKIT,OLD,2026-01-01,1,1.00\n",
    );
    shop.json(&["stock", "adjust", "KIT", "--by", "-1", "--reason", "lost"]);
    shop.write("kits.csv", "kit,component,qty\nKIT,A,2\nKIT,B,1\n");
    shop.json(&["products", "kits", "kits.csv"]);
    order(&shop, "1,2026-02-01,KIT,2,20\n");
    shop.json(&["reserve"]);
    let part = ship(&shop, "1", "1Z1", &["--line", "KIT=1"]);
    let mut lots = left(&part);
    lots.sort();
    assert_eq!(lots, [lot("L1", 1, 300), lot("L1", 2, 200)]);
    ship(&shop, "1", "1Z2", &[]);
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["cost"][0][1], 1000);
    assert_eq!(told["lines"][0]["ordered_sku"], "KIT");
    let back = shop.json(&["stock", "return", "1", "KIT=1", "--ref", "r1"]);
    assert_eq!(back["lots"].as_array().unwrap().len(), 2);
    assert_eq!(shop.json(&["stock", "value"])["cost"][0][1], 500);
    shop.must_be_sound();
}

/// A processing order of the sandbox shop, synced and reserved; its id in the shop.
fn sold(shop: &Shop, sandbox: &Sandbox, sku: &str) -> u64 {
    let id = sandbox.woo().sell(&[(sku, 2)], "processing").unwrap();
    shop.json(&["sync"]);
    id
}

fn status(sandbox: &Sandbox, id: u64) -> String {
    let order = sandbox.woo().order(id).unwrap();
    order["status"].as_str().unwrap().to_owned()
}

async fn the_shop_is_told_once_and_a_shop_that_is_down_later(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let first = sold(&shop, &sandbox, &skus[0]);
    let told = ship(&shop, &format!("woo:{first}"), "1Z1", &[]);
    assert_eq!(told["shop_waits"], serde_json::json!([]));
    assert_eq!(status(&sandbox, first), "completed");
    shop.json(&["sync"]);
    agreed(&sandbox, &ctx, &skus).await;
    assert_eq!(
        shop.json(&["orders", "show", &format!("woo:{first}")])["wanted"],
        0
    );

    // The answer to the writing is lost: it is settled by reading, and nothing is written twice.
    let second = sold(&shop, &sandbox, &skus[1]);
    let cut = Rule::new(Fault::CutAfter).on("PUT", "orders");
    sandbox.faults().inject(cut);
    let waits = ship(&shop, &format!("woo:{second}"), "1Z2", &[]);
    assert_eq!(waits["shop_waits"].as_array().unwrap().len(), 1);
    sandbox.faults().clear();
    shop.sql("UPDATE outbox SET next_at = 0 WHERE state = 'unknown'")
        .await;
    sandbox.woo().forget_calls();
    let synced = shop.json(&["sync"]);
    assert_eq!(synced["channels"][0]["orders_told"], 1);
    assert_eq!(sandbox.woo().counts().of("PUT orders/{id}"), 0);
    assert_eq!(status(&sandbox, second), "completed");
    assert_eq!(
        shop.json(&["outbox", "list"])["rows"],
        serde_json::json!([])
    );
    shop.json(&["sync"]);
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn an_order_cancelled_meanwhile_is_left_to_a_person(shop: Shop) {
    let (sandbox, _ctx, skus) = trading(&shop).await;
    let id = sold(&shop, &sandbox, &skus[0]);
    let name = format!("woo:{id}");
    sandbox.woo().set_order_status(id, "cancelled").unwrap();
    let args = [
        "ship",
        "--manual",
        &name,
        "--carrier",
        "UPS",
        "--tracking",
        "1Z1",
    ];
    let output = shop.run(&args);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Needs a decision"));
    assert_eq!(status(&sandbox, id), "cancelled");
    let listed = shop.json(&["outbox", "list"]);
    assert_eq!(listed["rows"][0]["state"], "needs_decision");
    let number = listed["rows"][0]["id"].to_string();
    shop.json(&["outbox", "drop", &number]);
    refused(&shop, &["outbox", "retry", &number], "is settled");
    shop.json(&["sync"]);
    shop.must_be_sound();
}

async fn the_stock_is_worth_what_was_paid_for_it(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,3,10.00\nB,L1,2026-02-01,2,5.00\n");
    let ctx = shop.context("v").await;
    let now = opsctl::workflows::value::run(&ctx, None, opsctl::workflows::value::By::Sku)
        .await
        .unwrap();
    assert_eq!(now.cost, [("EUR".to_owned(), 1500)]);
    let january = shop.json(&["stock", "value", "--as-of", "2026-01-31", "--by", "lot"]);
    assert_eq!(january["cost"][0][1], 1000);
    assert_eq!(january["rows"].as_array().unwrap().len(), 1);
    let before = shop.json(&["stock", "value", "--as-of", "2025-12-31"]);
    assert_eq!(before["units"], 0);
    shop.json(&["stock", "adjust", "A", "--by", "-1", "--reason", "lost"]);
    assert_eq!(shop.json(&["stock", "value"])["cost"][0][1], 1167);
    let places = shop.json(&["stock", "value", "--by", "location"]);
    assert_eq!(places["rows"][0]["location"], "main");
    // As of yesterday nothing was lost.
    let yesterday = chrono::Utc::now() - chrono::Duration::days(1);
    let day = yesterday.format("%Y-%m-%d").to_string();
    assert_eq!(
        shop.json(&["stock", "value", "--as-of", &day])["cost"][0][1],
        1500
    );
    // Nor had anything moved to another place.
    shop.json(&["location", "add", "B-1"]);
    shop.json(&["stock", "move", "A", "1", "--from", "main", "--to", "B-1"]);
    let places = |args: &[&str]| {
        let told = shop.json(&[&["stock", "value", "--by", "location"], args].concat());
        let rows = told["rows"].as_array().unwrap().clone();
        let place = |row: &serde_json::Value| (row["location"].clone(), row["units"].clone());
        rows.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(
        places(&[]),
        [("B-1".into(), 1.into()), ("main".into(), 3.into())]
    );
    assert_eq!(places(&["--as-of", &day]), [("main".into(), 5.into())]);
    refused(
        &shop,
        &["stock", "value", "--as-of", "31.12.2025"],
        "is not a day",
    );
    shop.must_be_sound();
}

async fn a_late_cost_changes_no_day_that_is_past(shop: Shop) {
    receive(&shop, "A,L1,2026-01-01,10,100.00\n");
    order(&shop, "1,2026-02-01,A,6,20\n");
    ship(&shop, "1", "1Z1", &[]);
    shop.json(&[
        "landed",
        "add",
        "--document",
        "F1",
        "--kind",
        "freight",
        "--amount",
        "50",
        "--applies-to",
        "lot:A:L1",
        "--on",
        "2026-01-05",
    ]);
    let on = |day: &str| shop.json(&["stock", "value", "--as-of", day])["cost"][0][1].clone();
    assert_eq!(on("2026-01-10"), 10000);
    assert_eq!(shop.json(&["stock", "value"])["cost"][0][1], 6000);
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["cost"][0][1], 9000);
    assert_eq!(told["lines"][1]["booked_on"], told["lines"][0]["booked_on"]);
    shop.must_be_sound();
}

async fn what_came_back_gets_its_part_of_a_late_cost(shop: Shop) {
    shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-01,4\n");
    shop.json(&["receive", "lots.csv", "--new-products"]);
    order(&shop, "1,2026-02-01,A,3,20\n");
    ship(&shop, "1", "1Z1", &[]);
    shop.json(&["stock", "return", "1", "A=2", "--to", "main", "--ref", "r1"]);
    // The bill of what nobody knew the cost of: one unit never left, two are back.
    late(&shop, 1, 1000).await;
    shop.must_be_sound();
    assert_eq!(shop.json(&["stock", "value"])["cost"][0][1], 750);
    let told = shop.json(&["cogs", "explain", "1"]);
    assert_eq!(told["cost"][0][1], 250);
    assert_eq!(told["units_without_cost"], 0);
    // One of those is sold again, at the cost it came back with.
    order(&shop, "2,2026-02-02,A,3,20\n");
    ship(&shop, "2", "1Z2", &[]);
    assert_eq!(shop.json(&["cogs", "explain", "2"])["cost"][0][1], 750);
    late(&shop, 1, 400).await;
    assert_eq!(shop.json(&["cogs", "explain", "2"])["cost"][0][1], 1050);
    shop.must_be_sound();
}

async fn units_with_serials_never_move_without_them(shop: Shop) {
    shop.write("p.csv", "sku,tracking\nA,serial\n");
    shop.json(&["products", "import", "p.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,total_cost,serials\nA,L1,2026-01-01,3,3.00,S1 S2 S3\n",
    );
    shop.json(&["receive", "lots.csv"]);
    let adjust = ["stock", "adjust", "A", "--by", "-1", "--reason", "lost"];
    refused(&shop, &adjust, "need 1 serials, not 0");
    shop.json(&[&adjust[..], &["--serial", "S2"]].concat());
    refused(
        &shop,
        &[&adjust[..], &["--serial", "S2"]].concat(),
        "S2 of A is not in the house",
    );
    let found = [
        "stock", "adjust", "A", "--by", "2", "--reason", "found", "--serial", "S2,S9",
    ];
    shop.json(&found);
    order(&shop, "1,2026-02-01,A,1,1\n2,2026-02-01,A,2,1\n");
    ship(&shop, "1", "1Z1", &["--serial", "S9"]);
    ship(&shop, "2", "1Z2", &["--serial", "S1,S2"]);
    let back = ["stock", "return", "1", "A=1"];
    refused(&shop, &back, "come back with 0 serials");
    refused(
        &shop,
        &[&back[..], &["--serial", "S1"]].concat(),
        "S1 did not leave with manual:1",
    );
    shop.json(&["stock", "return", "2", "A=1", "--serial", "S1"]);
    let told = shop.run(&["serial", "S1"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("returned"));
    shop.must_be_sound();
}

async fn two_lots_of_one_line_leave_in_one_parcel(shop: Shop) {
    shop.write("p.csv", "sku,tracking\nA,lot\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "A,L1,2026-01-01,3,3.00\nA,L2,2026-01-02,3,6.00\nA,L3,2026-01-03,3,9.00\n",
    );
    order(&shop, "1,2026-02-01,A,5,1\n");
    shop.json(&["reserve"]);
    let more = ["--line", "A=2@L3", "--line", "A=1@L2", "--line", "A=2"];
    let shipped = ship(&shop, "1", "1Z1", &more);
    let mut lots = left(&shipped);
    lots.sort();
    assert_eq!(
        lots,
        [lot("L1", 2, 200), lot("L2", 1, 200), lot("L3", 2, 600)]
    );
    shop.must_be_sound();
    order(&shop, "2,2026-02-01,A,2,1\n");
    let args = [
        "ship",
        "--manual",
        "2",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z2",
        "--line",
        "A=2@L3",
    ];
    refused(&shop, &args, "1 unit of A is not there to be taken");
    receive(&shop, "B,L1,2026-01-01,3,3.00\n");
    order(&shop, "3,2026-02-01,B,2,1\n");
    let args = [
        "ship",
        "--manual",
        "3",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z3",
        "--line",
        "B=2@L1",
    ];
    refused(&shop, &args, "the oldest leaves");
    shop.must_be_sound();
}

async fn what_was_added_in_the_shop_meanwhile_has_not_left(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let id = sold(&shop, &sandbox, &skus[0]);
    // The last look was some seconds ago.
    shop.sql("UPDATE orders SET modified_at = modified_at - 5000")
        .await;
    sandbox.woo().refund(id, &[(0, 1)], true).unwrap();
    // The shop has changed it since: it is not told before the next look.
    let waits = ship(&shop, &format!("woo:{id}"), "1Z1", &[]);
    assert_eq!(waits["shop_waits"].as_array().unwrap().len(), 1);
    assert_eq!(status(&sandbox, id), "processing");
    let synced = shop.json(&["sync"]);
    assert_eq!(synced["channels"][0]["orders_told"], 1);
    assert_eq!(status(&sandbox, id), "completed");
    shop.json(&["sync"]);
    agreed(&sandbox, &ctx, &skus[1..]).await;
    shop.must_be_sound();
}

async fn an_order_of_which_the_rest_is_refunded_is_told(shop: Shop) {
    let (sandbox, _ctx, skus) = trading(&shop).await;
    let id = sold(&shop, &sandbox, &skus[0]);
    let part = format!("{}=1", skus[0]);
    ship(&shop, &format!("woo:{id}"), "1Z1", &["--line", &part]);
    assert_eq!(status(&sandbox, id), "processing");
    sandbox.woo().refund(id, &[(0, 1)], true).unwrap();
    let synced = shop.json(&["sync"]);
    assert_eq!(synced["channels"][0]["orders_told"], 1);
    assert_eq!(status(&sandbox, id), "completed");
    shop.must_be_sound();
}
