//! What people enter into counts, and what of it is refused.

use serde_json::{Value, json};

use crate::counts::{enter, line, on_hand, start, stocked};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::{receive, refused, told};

on_all_stores!(
    what_nobody_counted_is_not_touched_unless_it_is_said,
    a_bad_file_is_named_cell_by_cell,
    a_number_entered_again_replaces_the_first,
    a_file_is_entered_once,
    hostile_words_are_refused,
    what_is_on_no_sheet_can_be_found,
    two_counts_never_cover_the_same_shelf,
    a_sheet_follows_the_walk_and_tells_no_number,
);

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
