//! Counts, while the shop goes on.

use serde_json::{Value, json};

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{dispatch, held, order, receive, refused, shelf, told};

on_all_stores!(
    what_moves_during_a_count_is_taken_into_account,
    what_is_missing_releases_the_newest_promise,
    what_is_found_costs_what_the_newest_lot_costs,
    a_count_is_applied_once,
    a_dry_run_changes_nothing,
    a_cancelled_count_changes_nothing,
    what_nobody_counted_is_not_touched_unless_it_is_said,
    a_bad_file_is_named_cell_by_cell,
    a_number_entered_again_replaces_the_first,
    a_file_is_entered_once,
    hostile_words_are_refused,
    what_is_on_no_sheet_can_be_found,
    two_counts_never_cover_the_same_shelf,
    lots_that_are_told_apart_are_counted_apart,
    serials_are_not_corrected_by_number,
    a_difference_that_cannot_go_any_more_stops_all,
    a_sheet_follows_the_walk_and_tells_no_number,
    products_are_counted_by_class,
    ten_thousand_lines_are_counted,
);

/// Two bins; eight mugs in one of them, of two lots, and five cups.
fn stocked(shop: &Shop) {
    shop.json(&["location", "add", "A-2", "A-10"]);
    receive(
        shop,
        "MUG,L1,2026-01-02,3,3.00,A-2\nMUG,L2,2026-01-03,5,10.00,A-2\nCUP,L1,2026-01-02,5,5.00,A-10\n",
    );
}

fn start(shop: &Shop, more: &[&str]) -> String {
    shop.json(&[&["count", "start"], more].concat())["id"].to_string()
}

fn enter(shop: &Shop, id: &str, bin: &str, what: &str) -> Value {
    shop.json(&["count", "enter", id, "--bin", bin, "--sku", what])
}

/// The line of a SKU in the review of a count.
fn line(shop: &Shop, id: &str, sku: &str) -> Value {
    let review = shop.json(&["count", "review", id]);
    let lines = review["lines"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["sku"] == sku)
        .unwrap()
        .clone()
}

fn on_hand(shop: &Shop, sku: &str) -> i64 {
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

async fn what_nobody_counted_is_not_touched_unless_it_is_said(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=7");
    let words = ["1 of 2 lines", "CUP at A-10", "--only-counted"];
    refused(&shop, &["count", "apply", &id], 1, &words);
    assert_eq!(on_hand(&shop, "MUG"), 8);
    shop.json(&["count", "apply", &id, "--only-counted"]);
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (7, 5));
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=7");
    shop.json(&["count", "apply", &id, "--uncounted-as-zero"]);
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "CUP")), (7, 0));
    assert_eq!(line(&shop, &id, "CUP")["difference"], -5);
    shop.must_be_sound();
}

async fn a_bad_file_is_named_cell_by_cell(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    let before = told(&shop);
    let text = "location,sku,counted,lot,counted_at\n\
        A-2,MUG,8,,\n\
        A-3,MUG,-1,,yesterday\n\
        A-2,PLATE,1.5,,\n\
        A-2,MUG,4,,\n\
        A-10,CUP,5,L1,\n\
        A-10,CUP,,,\n\
        A-10,CUP,5,,2020-01-01\n\
        A-10,CUP,5,,2999-01-01 08:00\n";
    shop.write("seen.csv", text);
    let words = [
        "line 3, column counted: -1 is not between 0",
        "line 3, column counted_at: \"yesterday\" is not a time",
        "line 4, column counted: \"1.5\" is not a whole number",
        "line 5, column sku: MUG at A-2 is there twice",
        "line 6, column lot: lots of CUP are not told apart",
        "line 7, column counted: a number is missing",
        "line 8, column counted_at: 2019-12-31T23:00:00Z is before the count began",
        "line 9, column counted_at: 2999-01-01T07:00:00Z has not come yet",
        "nothing was applied",
    ];
    refused(&shop, &["count", "enter", &id, "seen.csv"], 1, &words);
    shop.write("more.csv", "location,sku,counted\nX,MUG,1\nA-2,PLATE,1\n");
    let words = [
        "line 2, column location: there is no location \"X\"",
        "no product \"PLATE\"",
    ];
    refused(&shop, &["count", "enter", &id, "more.csv"], 1, &words);
    assert_eq!(told(&shop), before);
    assert_eq!(line(&shop, &id, "MUG")["counted"], Value::Null);
}

async fn a_number_entered_again_replaces_the_first(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "A-2", "MUG=1");
    let again = enter(&shop, &id, "A-2", "MUG=8");
    assert_eq!(
        (&again["replaced"], &again["not_counted"]),
        (&1.into(), &1.into())
    );
    assert_eq!(line(&shop, &id, "MUG")["difference"], 0);
    let at = ["--at", "2026-03-01"];
    let early = [
        &["count", "enter", &id, "--bin", "A-2", "--sku", "MUG=1"],
        &at[..],
    ]
    .concat();
    refused(&shop, &early, 1, &["is before the count began"]);
    let referred = [
        "count", "enter", &id, "--bin", "A-2", "--sku", "MUG=7", "--ref", "r1",
    ];
    assert_eq!(shop.json(&referred)["replaced"], 1);
    enter(&shop, &id, "A-2", "MUG=6");
    assert!(shop.json(&referred)["applied_before"].is_object());
    assert_eq!(line(&shop, &id, "MUG")["counted"], 6);
}

async fn a_file_is_entered_once(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    shop.write(
        "seen.csv",
        "Location;SKU;Counted;Reason\nA-10;CUP;4;one broken\nA-2;MUG;8;\n",
    );
    assert_eq!(
        shop.json(&["count", "enter", &id, "seen.csv"])["not_counted"],
        0
    );
    let before = told(&shop);
    assert!(shop.json(&["count", "enter", &id, "seen.csv"])["applied_before"].is_object());
    assert_eq!(told(&shop), before);
    assert_eq!(line(&shop, &id, "CUP")["reason"], "one broken");
    shop.json(&["count", "apply", &id]);
    let id = start(&shop, &["--all"]);
    assert_eq!(shop.json(&["count", "enter", &id, "seen.csv"])["lines"], 2);
    assert_eq!(line(&shop, &id, "CUP")["difference"], 0);
    shop.must_be_sound();
}

async fn hostile_words_are_refused(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--all"]);
    let try_it = |what: &str, code: i32, parts: &[&str]| {
        refused(
            &shop,
            &["count", "enter", &id, "--bin", "A-2", "--sku", what],
            code,
            parts,
        );
    };
    try_it("MUG", 2, &["no `=` in it"]);
    try_it("MUG=", 2, &["a number is missing"]);
    try_it("MUG=-1", 2, &["-1 is not between"]);
    try_it("MUG=99999999999999999999", 2, &["not a whole number"]);
    try_it("MUG=1000000001", 2, &["is not between"]);
    try_it("' OR 1=1", 1, &["no product \"' OR 1\""]);
    let nowhere = ["count", "enter", &id, "--bin", "A-2'; --", "--sku", "MUG=1"];
    refused(&shop, &nowhere, 1, &["no location"]);
    refused(&shop, &["count", "enter", &id], 2, &["required"]);
    refused(&shop, &["count", "start"], 2, &["required"]);
    refused(
        &shop,
        &["count", "start", "--all", "--class", "A"],
        2,
        &["cannot be used with"],
    );
    refused(
        &shop,
        &["count", "start", "--all", "--limit", "3"],
        2,
        &["--class"],
    );
    refused(
        &shop,
        &["count", "start", "--bin", "nowhere"],
        1,
        &["no location \"nowhere\""],
    );
    refused(
        &shop,
        &["count", "start", "--sku", "nothing"],
        1,
        &["no product \"nothing\""],
    );
    shop.write("kits.csv", "kit,component,qty\nSET,MUG,2\n");
    shop.write("products.csv", "sku,title\nSET,Set\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.json(&["products", "kits", "kits.csv"]);
    try_it("SET=1", 1, &["SET is a kit; count its components"]);
    refused(
        &shop,
        &["count", "start", "--sku", "SET"],
        1,
        &["SET is a kit"],
    );
}

async fn what_is_on_no_sheet_can_be_found(shop: Shop) {
    stocked(&shop);
    let id = start(&shop, &["--bin", "A-2"]);
    enter(&shop, &id, "A-2", "MUG=8");
    assert_eq!(enter(&shop, &id, "A-2", "CUP=2")["found"], 1);
    receive(&shop, "CUP,L2,2026-01-04,1,2.00,A-10\n");
    enter(&shop, &id, "A-10", "CUP=5");
    let review = shop.json(&["count", "review", &id]);
    let seen = |line: &Value| {
        json!([
            line["location"],
            line["snapshot"],
            line["expected"],
            line["difference"]
        ])
    };
    let lines = review["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["sku"] == "CUP");
    let lines: Vec<Value> = lines.map(seen).collect();
    assert_eq!(lines, [json!(["A-2", 0, 0, 2]), json!(["A-10", 5, 6, -1])]);
    shop.json(&["count", "apply", &id]);
    assert_eq!(on_hand(&shop, "CUP"), 7);
    shop.must_be_sound();
    shop.json(&["location", "add", "B-1"]);
    let empty = start(&shop, &["--bin", "B-1"]);
    assert_eq!(enter(&shop, &empty, "B-1", "MUG=1")["found"], 1);
    shop.json(&["count", "apply", &empty]);
    assert_eq!(on_hand(&shop, "MUG"), 9);
    shop.must_be_sound();
}

async fn two_counts_never_cover_the_same_shelf(shop: Shop) {
    stocked(&shop);
    shop.json(&["location", "add", "Z"]);
    shop.json(&["location", "add", "A-2", "--under", "Z"]);
    let id = start(&shop, &["--bin", "Z"]);
    let covers = format!("count {id} is open and covers MUG at A-2");
    for more in [
        &["--all"][..],
        &["--sku", "MUG"],
        &["--bin", "A-2", "A-10"],
        &["--class", "c"],
    ] {
        let args = [&["count", "start"], more].concat();
        refused(&shop, &args, 1, &[&covers, "count cancel"]);
    }
    let other = start(&shop, &["--bin", "A-10"]);
    let stray = ["count", "enter", &other, "--bin", "A-2", "--sku", "MUG=1"];
    refused(&shop, &stray, 1, &[&covers]);
    shop.json(&["count", "cancel", &id]);
    start(&shop, &["--sku", "MUG"]);
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
    let words = ["CAM at main (lot L1)", "serial by serial"];
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

async fn a_sheet_follows_the_walk_and_tells_no_number(shop: Shop) {
    stocked(&shop);
    shop.json(&["location", "add", "A-3"]);
    shop.json(&["location", "home", "MUG", "A-3"]);
    let id = start(&shop, &["--all"]);
    let sheet = shop.json(&["count", "sheet", &id]);
    let rows = sheet["rows"].as_array().unwrap();
    let rows: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row["location"], row["sku"]))
        .collect();
    assert_eq!(
        rows,
        ["\"A-2\" \"MUG\"", "\"A-3\" \"MUG\"", "\"A-10\" \"CUP\""]
    );
    let page = shop.run(&["count", "sheet", &id]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    let row = page.lines().find(|line| line.contains("A-2")).unwrap();
    assert!(row.contains("______") && !row.contains('8'), "{page}");
    let keys: Vec<&String> = sheet["rows"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["location", "sku", "title", "lot", "counted"]);
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
