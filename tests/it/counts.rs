//! Counts, while the shop goes on.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{dispatch, held, order, receive, refused, shelf, told};

on_all_stores!(
    what_moves_during_a_count_is_taken_into_account,
    what_is_missing_releases_the_newest_promise,
    what_is_found_costs_what_the_newest_lot_costs,
    a_count_is_applied_once,
    eight_processes_apply_a_count_once,
    a_dry_run_changes_nothing,
    a_cancelled_count_changes_nothing,
    lots_that_are_told_apart_are_counted_apart,
    serials_are_not_corrected_by_number,
    a_difference_that_cannot_go_any_more_stops_all,
    products_are_counted_by_class,
    ten_thousand_lines_are_counted,
);

/// Two bins; eight mugs in one of them, of two lots, and five cups.
pub fn stocked(shop: &Shop) {
    shop.json(&["location", "add", "A-2", "A-10"]);
    receive(
        shop,
        "MUG,L1,2026-01-02,3,3.00,A-2\nMUG,L2,2026-01-03,5,10.00,A-2\nCUP,L1,2026-01-02,5,5.00,A-10\n",
    );
}

pub fn start(shop: &Shop, more: &[&str]) -> String {
    shop.json(&[&["count", "start"], more].concat())["id"].to_string()
}

pub fn enter(shop: &Shop, id: &str, bin: &str, what: &str) -> Value {
    shop.json(&["count", "enter", id, "--bin", bin, "--sku", what])
}

/// The line of a SKU in the review of a count.
pub fn line(shop: &Shop, id: &str, sku: &str) -> Value {
    let review = shop.json(&["count", "review", id]);
    let lines = review["lines"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["sku"] == sku)
        .unwrap()
        .clone()
}

pub fn on_hand(shop: &Shop, sku: &str) -> i64 {
    shop.json(&["stock", "show", sku])["on_hand"]
        .as_i64()
        .unwrap()
}

async fn what_moves_during_a_count_is_taken_into_account(shop: Shop) {
    stocked(&shop);
    order(&shop, "1,2026-02-01,MUG,2\n2,2026-02-02,MUG,1\n");
    let id = start(&shop, &["--bin", "A-2"]);
    dispatch(&shop, "1").await;
    receive(
        &shop,
        "MUG,L3,2026-01-04,4,12.00,A-2\nMUG,L4,2026-01-04,9,12.00,A-10\n",
    );
    // 8 less 2 sold, 4 more: 10. One is missing.
    enter(&shop, &id, "A-2", "MUG=9");
    dispatch(&shop, "2").await;
    receive(&shop, "MUG,L5,2026-01-05,1,3.00,A-2\n");
    let found = line(&shop, &id, "MUG");
    let expected = json!([8, 2, 10, 9, -1, "-2.00"]);
    let told = json!([
        found["snapshot"],
        found["moved"],
        found["expected"],
        found["counted"],
        found["difference"],
        found["value"],
    ]);
    assert_eq!(told, expected, "{found}");
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(
        (&applied["surplus"], &applied["shortage"]),
        (&0.into(), &1.into())
    );
    // 10 less 1 missing, less 1 sold, 1 more.
    let lies = shelf(&shop, "MUG");
    let lies: Vec<&str> = lies
        .iter()
        .map(String::as_str)
        .filter(|l| l.contains("A-2"))
        .collect();
    assert_eq!(
        lies,
        ["L2 at A-2: 4 (0)", "L3 at A-2: 4 (0)", "L5 at A-2: 1 (0)"]
    );
    shop.must_be_sound();
}

async fn what_is_missing_releases_the_newest_promise(shop: Shop) {
    stocked(&shop);
    order(&shop, "1,2026-02-01,MUG,4\n");
    order(&shop, "2,2026-02-02,MUG,3\n");
    let id = start(&shop, &["--bin", "A-2"]);
    enter(&shop, &id, "A-2", "MUG=5");
    let found = line(&shop, &id, "MUG");
    assert_eq!(
        (&found["difference"], &found["released"]),
        (&(-3).into(), &2.into())
    );
    assert_eq!(shop.json(&["count", "apply", &id])["released"], 2);
    let expected = [
        "manual:1 1 of L2 at A-2",
        "manual:1 3 of L1 at A-2",
        "manual:2 1 of L2 at A-2",
    ];
    assert_eq!(held(&shop), expected);
    shop.must_be_sound();
    assert_eq!(shop.json(&["reserve"])["units_backordered"], 2);
    receive(&shop, "MUG,L3,2026-01-04,9,12.00,A-10\n");
    assert_eq!(shop.json(&["reserve"])["units_reserved"], 2);
    shop.must_be_sound();
}

async fn what_is_found_costs_what_the_newest_lot_costs(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--sku", "MUG"]);
    enter(&shop, &id, "A-2", "MUG=11");
    assert_eq!(line(&shop, &id, "MUG")["value"], "6.00");
    shop.json(&["count", "apply", &id]);
    let lots = shop.json(&["stock", "show", "MUG"]);
    let gain = &lots["lots"][2];
    assert!(
        gain["lot"].as_str().unwrap().starts_with("count-"),
        "{gain}"
    );
    assert_eq!(
        (&gain["on_hand"], &gain["cost_minor"], &gain["location"]),
        (&3.into(), &600.into(), &"A-2".into())
    );
    shop.must_be_sound();
}

async fn a_count_is_applied_once(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    shop.json(&[
        "count",
        "enter",
        &id,
        "--bin",
        "A-2",
        "--sku",
        "MUG=7",
        "--reason",
        "one broken",
    ]);
    enter(&shop, &id, "A-10", "CUP=6");
    let first = shop.json(&["count", "apply", &id]);
    assert_eq!(
        (&first["state"], &first["value"]),
        (&"applied".into(), &"0.00".into())
    );
    let before = told(&shop);
    let again = shop.json(&["count", "apply", &id]);
    assert_eq!(again["applied_before"]["actor"], "cli:test");
    let words = shop.run(&["count", "apply", &id]);
    assert!(String::from_utf8_lossy(&words.stdout).contains("Already applied"));
    assert_eq!(told(&shop), before);
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (7, 6));
    let over = ["count", "enter", &id, "--bin", "A-2", "--sku", "MUG=1"];
    refused(&shop, &over, 1, &["is applied"]);
    refused(&shop, &["count", "cancel", &id], 1, &["is applied"]);
    let event = shop.run(&["events", "--subject", &format!("count:{id}")]);
    let event = String::from_utf8_lossy(&event.stdout).into_owned();
    assert!(
        event.contains("count.applied") && event.contains("one broken"),
        "{event}"
    );
    let review = line(&shop, &id, "MUG");
    assert_eq!(
        (&review["expected"], &review["difference"]),
        (&8.into(), &(-1).into())
    );
    shop.must_be_sound();
}

async fn a_dry_run_changes_nothing(shop: Shop) {
    stocked(&shop);
    let started = shop.json(&["count", "start", "--all", "--dry-run"]);
    assert_eq!(
        (&started["id"], &started["lines"]),
        (&Value::Null, &2.into())
    );
    assert_eq!(shop.json(&["count", "list"])["rows"], json!([]));
    let id = start(&shop, &["--all"]);
    let before = told(&shop);
    let dry = [
        "count",
        "enter",
        &id,
        "--bin",
        "A-2",
        "--sku",
        "MUG=7",
        "--dry-run",
    ];
    assert_eq!(shop.json(&dry)["not_counted"], 1);
    assert_eq!(line(&shop, &id, "MUG")["counted"], Value::Null);
    enter(&shop, &id, "A-2", "MUG=7");
    enter(&shop, &id, "A-10", "CUP=9");
    let plan = shop.json(&["count", "apply", &id, "--dry-run"]);
    assert_eq!(
        (&plan["state"], &plan["shortage"]),
        (&"open".into(), &1.into())
    );
    shop.json(&["count", "cancel", &id, "--dry-run"]);
    assert_eq!(told(&shop), before + 2, "two entries");
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (8, 5));
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(applied["lines"], plan["lines"]);
    shop.must_be_sound();
}

async fn a_cancelled_count_changes_nothing(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=1");
    assert_eq!(shop.json(&["count", "cancel", &id])["before"], false);
    let before = told(&shop);
    assert_eq!(shop.json(&["count", "cancel", &id])["before"], true);
    refused(
        &shop,
        &["count", "apply", &id, "--only-counted"],
        1,
        &["is cancelled"],
    );
    assert_eq!((told(&shop), on_hand(&shop, "MUG")), (before, 8));
    let list = shop.json(&["count", "list"]);
    assert_eq!(
        (&list["rows"][0]["state"], &list["rows"][0]["counted"]),
        (&"cancelled".into(), &1.into())
    );
    refused(
        &shop,
        &["count", "review", "99"],
        1,
        &["there is no count 99"],
    );
    start(&shop, &["--all"]);
}

async fn lots_that_are_told_apart_are_counted_apart(shop: Shop) {
    shop.write("products.csv", "sku,title,tracking\nTEA,Tea,lot\n");
    shop.json(&["products", "import", "products.csv"]);
    receive(
        &shop,
        "TEA,L1,2026-01-02,3,3.00,main\nTEA,L2,2026-01-03,5,10.00,main\n",
    );
    order(&shop, "1,2026-02-01,TEA,8\n");
    let id = start(&shop, &["--all"]);
    let unnamed = ["count", "enter", &id, "--bin", "main", "--sku", "TEA=8"];
    refused(
        &shop,
        &unnamed,
        1,
        &["lots of TEA are told apart; name the lot"],
    );
    let unknown = [&unnamed[..], &["--lot", "L9"]].concat();
    refused(&shop, &unknown, 1, &["TEA has no lot \"L9\""]);
    for (lot, seen) in [("L1", "TEA=4"), ("L2", "TEA=3")] {
        shop.json(&[
            "count", "enter", &id, "--bin", "main", "--sku", seen, "--lot", lot,
        ]);
    }
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(
        (&applied["value"], &applied["released"]),
        (&"-3.00".into(), &2.into())
    );
    let lies = shelf(&shop, "TEA");
    assert_eq!(lies[..2], ["L1 at main: 3 (3)", "L2 at main: 3 (3)"]);
    assert!(
        lies[2].starts_with("count-") && lies[2].ends_with(" at main: 1 (0)"),
        "{lies:?}"
    );
    shop.must_be_sound();
}

async fn serials_are_not_corrected_by_number(shop: Shop) {
    shop.write("products.csv", "sku,title,tracking\nCAM,Camera,lot\n");
    shop.json(&["products", "import", "products.csv"]);
    receive(
        &shop,
        "CAM,L1,2026-01-02,2,300.00,main\nMUG,L1,2026-01-02,2,2.00,main\n",
    );
    // As if it had come in with its serials.
    shop.sql("UPDATE products SET tracking = 'serial' WHERE sku = 'CAM'")
        .await;
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "main", "MUG=1");
    shop.json(&[
        "count", "enter", &id, "--bin", "main", "--sku", "CAM=1", "--lot", "L1",
    ]);
    let words = [
        "CAM at main (lot L1)",
        "`opsctl stock adjust CAM --by -1 --serial S1 --reason lost`",
    ];
    refused(&shop, &["count", "apply", &id], 1, &words);
    assert_eq!(on_hand(&shop, "MUG"), 2);
    shop.json(&[
        "count", "enter", &id, "--bin", "main", "--sku", "CAM=2", "--lot", "L1",
    ]);
    shop.json(&["count", "apply", &id]);
    assert_eq!(on_hand(&shop, "MUG"), 1);
}

async fn a_difference_that_cannot_go_any_more_stops_all(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=2");
    enter(&shop, &id, "A-10", "CUP=4");
    shop.json(&["stock", "move", "MUG", "5", "--from", "A-2", "--to", "main"]);
    let before = told(&shop);
    let words = ["MUG at A-2: 3 units lie there now, 6 are to go: count it again"];
    refused(&shop, &["count", "apply", &id], 1, &words);
    assert_eq!((told(&shop), on_hand(&shop, "CUP")), (before, 5));
    assert!(line(&shop, &id, "MUG")["problem"].is_string());
    enter(&shop, &id, "A-2", "MUG=3");
    shop.json(&["count", "apply", &id]);
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (8, 4));
    shop.must_be_sound();
}

async fn products_are_counted_by_class(shop: Shop) {
    receive(
        &shop,
        "A1,L,2026-01-02,9,900.00,main\nA2,L,2026-01-02,9,90.00,main\n\
         B1,L,2026-01-02,9,27.00,main\nC1,L,2026-01-02,9,9.00,main\nC2,L,2026-01-02,9,900.00,main\n",
    );
    // 100 + 40 + 9 + 1: A2 stands where the first 80 % are not yet reached, B1 behind them.
    order(
        &shop,
        "1,2026-02-01,A1,1\n1,2026-02-01,A2,4\n1,2026-02-01,B1,3\n1,2026-02-01,C1,1\n",
    );
    dispatch(&shop, "1").await;
    let counted = |more: &[&str]| {
        let id = start(&shop, more);
        let sheet = shop.json(&["count", "sheet", &id]);
        let rows = sheet["rows"].as_array().unwrap().clone();
        let skus: Vec<String> = rows
            .iter()
            .map(|row| row["sku"].as_str().unwrap().to_owned())
            .collect();
        (id, skus)
    };
    let (a, skus) = counted(&["--class", "A"]);
    assert_eq!(skus, ["A1", "A2"]);
    let (_, skus) = counted(&["--class", "B"]);
    assert_eq!(skus, ["B1"]);
    let (c, skus) = counted(&["--class", "C", "--limit", "1"]);
    assert_eq!(skus, ["C1"]);
    enter(&shop, &c, "main", "C1=8");
    shop.json(&["count", "apply", &c]);
    let (again, skus) = counted(&["--class", "C", "--limit", "1"]);
    assert_eq!(skus, ["C2"], "what was never counted comes first");
    shop.json(&["count", "cancel", &again]);
    shop.json(&["count", "cancel", &a]);
    let (_, skus) = counted(&["--class", "c", "--limit", "5"]);
    assert_eq!(skus, ["C1", "C2"]);
    shop.must_be_sound();
}

async fn ten_thousand_lines_are_counted(shop: Shop) {
    let numbers = 0..10_000;
    let lots: String = numbers
        .clone()
        .map(|i| format!("S{i},L,2026-01-02,3,3.00,main\n"))
        .collect();
    receive(&shop, &lots);
    let seen: String = numbers
        .map(|i| format!("main,S{i},{}\n", 2 + i % 3))
        .collect();
    shop.write("seen.csv", &format!("location,sku,counted\n{seen}"));
    let id = start(&shop, &["--all"]);
    assert_eq!(
        shop.json(&["count", "enter", &id, "seen.csv"])["not_counted"],
        0
    );
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(
        (&applied["surplus"], &applied["shortage"]),
        (&3333.into(), &3334.into())
    );
    assert!(shop.json(&["count", "apply", &id])["applied_before"].is_object());
    shop.must_be_sound();
}

async fn eight_processes_apply_a_count_once(shop: Shop) {
    stocked(&shop);
    order(&shop, "1,2026-02-01,MUG,8\n");
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=7");
    enter(&shop, &id, "A-10", "CUP=6");
    let go = ["count", "apply", &id, "--json"];
    let start = |_| shop.command(&go).stdout(Stdio::piped()).spawn().unwrap();
    let children: Vec<_> = (0..8).map(start).collect();
    let mut applied = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        applied += i32::from(report["applied_before"].is_null());
    }
    assert_eq!(applied, 1);
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (7, 6));
    shop.must_be_sound();
}
