//! Counts of goods that lie elsewhere than the ledger says, and of lots that counts found.

use serde_json::{Value, json};

use crate::counts::{enter, line, on_hand, start};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::{held, lies, order, receive, refused, shelf};

on_all_stores!(
    misplaced_units_are_moved_and_nothing_is_gained,
    only_the_rest_is_lost_or_found,
    promises_go_along_with_misplaced_units,
    a_thousand_misplaced_products_are_moved,
    what_was_found_of_a_lot_is_counted_as_that_lot,
    what_moves_of_a_found_lot_is_expected_of_the_lot_it_is_of,
);

/// Ten mugs at 1.00 in `main`, ten at 10.00 in `X-1`.
fn two_places(shop: &Shop) {
    shop.json(&["location", "add", "X-1"]);
    receive(
        shop,
        "MUG,L1,2026-01-02,10,10.00,main\nMUG,L2,2026-01-03,10,100.00,X-1\n",
    );
}

fn value(shop: &Shop) -> Value {
    shop.json(&["stock", "value"])["cost"].clone()
}

async fn misplaced_units_are_moved_and_nothing_is_gained(shop: Shop) {
    two_places(&shop);
    let before = value(&shop);
    let id = start(&shop, &["--sku", "MUG"]);
    enter(&shop, &id, "main", "MUG=5");
    enter(&shop, &id, "X-1", "MUG=15");
    let review = shop.json(&["count", "review", &id]);
    let sums = |of: &Value| {
        json!([
            of["surplus"],
            of["shortage"],
            of["misplaced"],
            of["released"],
            of["value"]
        ])
    };
    assert_eq!(sums(&review), json!([0, 0, 5, 0, "0.00"]));
    let dry = shop.json(&["count", "apply", &id, "--dry-run"]);
    assert_eq!(sums(&dry), sums(&review));
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at main: 10 (0)", "L2 at X-1: 10 (0)"]
    );
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(sums(&applied), sums(&review));
    let lies = ["L1 at X-1: 5 (0)", "L1 at main: 5 (0)", "L2 at X-1: 10 (0)"];
    let mut there = shelf(&shop, "MUG");
    there.sort();
    assert_eq!(there, lies);
    assert_eq!(value(&shop), before);
    let again = shop.json(&["count", "apply", &id]);
    assert!(again["applied_before"].is_object());
    assert_eq!(again["misplaced"], 5, "also told later");
    let moves = shop.run(&["export", "stock_moves", "--format", "jsonl"]);
    let moves = String::from_utf8(moves.stdout).unwrap();
    let counted = |row: &&str| row.contains("\"counted\"");
    assert_eq!(moves.lines().filter(counted).count(), 1, "{moves}");
    shop.must_be_sound();
}

async fn only_the_rest_is_lost_or_found(shop: Shop) {
    shop.write("products.csv", "sku,title,tracking\nTEA,Tea,lot\n");
    shop.json(&["products", "import", "products.csv"]);
    two_places(&shop);
    receive(
        &shop,
        "TEA,A,2026-01-02,4,4.00,main\nTEA,B,2026-01-02,4,8.00,X-1\n",
    );
    let id = start(&shop, &["--all"]);
    enter(&shop, &id, "main", "MUG=3");
    enter(&shop, &id, "X-1", "MUG=15");
    // Of a lot that is found elsewhere, and of another one of that product.
    for (bin, tea, lot) in [
        ("main", "TEA=1", "A"),
        ("X-1", "TEA=5", "A"),
        ("X-1", "TEA=2", "B"),
    ] {
        shop.json(&[
            "count", "enter", &id, "--bin", bin, "--sku", tea, "--lot", lot,
        ]);
    }
    let applied = shop.json(&["count", "apply", &id]);
    let sums = json!([
        applied["surplus"],
        applied["shortage"],
        applied["misplaced"],
        applied["value"]
    ]);
    // 2 mugs at 1.00 and 2 of B at 2.00 are gone, 2 of A at 1.00 found.
    assert_eq!(sums, json!([2, 4, 8, "-4.00"]));
    assert_eq!((on_hand(&shop, "MUG"), on_hand(&shop, "TEA")), (18, 8));
    let mut tea = shelf(&shop, "TEA");
    tea.sort();
    assert_eq!(
        tea[..3],
        ["A at X-1: 3 (0)", "A at main: 1 (0)", "B at X-1: 2 (0)"]
    );
    assert!(
        tea[3].starts_with("count-") && tea[3].ends_with("at X-1: 2 (0)"),
        "{tea:?}"
    );
    shop.must_be_sound();
}

async fn promises_go_along_with_misplaced_units(shop: Shop) {
    two_places(&shop);
    shop.json(&["location", "add", "Q-1", "--kind", "quarantine"]);
    order(
        &shop,
        "1,2026-02-01,MUG,6\n2,2026-02-02,MUG,3\n3,2026-02-03,MUG,9\n",
    );
    let id = start(&shop, &["--sku", "MUG"]);
    // One is lost, two lie where nothing is sold from, five in the other bin.
    enter(&shop, &id, "main", "MUG=2");
    enter(&shop, &id, "X-1", "MUG=15");
    enter(&shop, &id, "Q-1", "MUG=2");
    let before = held(&shop);
    assert_eq!(line(&shop, &id, "MUG")["misplaced"], 7, "{before:?}");
    let applied = shop.json(&["count", "apply", &id]);
    // The newest promises give way: those of order 3 and then of order 2.
    let sums = json!([
        applied["shortage"],
        applied["misplaced"],
        applied["released"]
    ]);
    assert_eq!(sums, json!([1, 7, 3]));
    let units = |number: &str| -> i64 {
        let mine = held(&shop).into_iter();
        let mine = mine.filter(|row| row.starts_with(&format!("manual:{number} ")));
        mine.map(|row| row.split(' ').nth(1).unwrap().parse::<i64>().unwrap())
            .sum()
    };
    assert_eq!(
        (units("1"), units("2") + units("3")),
        (6, 9),
        "{:?}",
        held(&shop)
    );
    let lies = shelf(&shop, "MUG");
    assert!(lies.contains(&"L1 at Q-1: 2 (0)".to_owned()), "{lies:?}");
    assert!(lies.contains(&"L1 at main: 2 (2)".to_owned()), "{lies:?}");
    assert!(lies.contains(&"L1 at X-1: 5 (5)".to_owned()), "{lies:?}");
    shop.must_be_sound();
    assert_eq!(shop.json(&["reserve"])["units_reserved"], 2);
    shop.must_be_sound();
}

async fn a_thousand_misplaced_products_are_moved(shop: Shop) {
    shop.json(&["location", "add", "X-1"]);
    let numbers = 0..1000;
    let lots: String = numbers
        .clone()
        .map(|i| format!("S{i},L,2026-01-02,3,3.00,main\n"))
        .collect();
    receive(&shop, &lots);
    let seen: String = numbers
        .map(|i| format!("main,S{i},1\nX-1,S{i},2\n"))
        .collect();
    shop.write("seen.csv", &format!("location,sku,counted\n{seen}"));
    let id = start(&shop, &["--all"]);
    shop.json(&["count", "enter", &id, "seen.csv"]);
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(applied["misplaced"], 2000);
    shop.must_be_sound();
}

/// Eight of a lot in the ledger, and a count that finds ten.
fn found(shop: &Shop) {
    shop.write("products.csv", "sku,title,tracking\nTEA,Tea,lot\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.json(&["location", "add", "X-1"]);
    receive(shop, "TEA,L1,2026-01-02,8,8.00,main\n");
    let id = start(shop, &["--all"]);
    enter_lot(shop, &id, "main", "TEA=10");
    shop.json(&["count", "apply", &id]);
    assert_eq!(on_hand(shop, "TEA"), 10);
}

fn enter_lot(shop: &Shop, id: &str, bin: &str, what: &str) {
    shop.json(&[
        "count", "enter", id, "--bin", bin, "--sku", what, "--lot", "L1",
    ]);
}

async fn what_was_found_of_a_lot_is_counted_as_that_lot(shop: Shop) {
    found(&shop);
    let id = start(&shop, &["--all"]);
    let sheet = shop.json(&["count", "sheet", &id]);
    let rows = sheet["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["lot"]), (1, &"L1".into()));
    let invented = lies(&shop, "TEA").remove(1).0;
    let words = [
        "count", "enter", &id, "--bin", "main", "--sku", "TEA=2", "--lot", &invented,
    ];
    refused(&shop, &words, 1, &["of lot L1: count both as that"]);
    enter_lot(&shop, &id, "main", "TEA=10");
    let applied = shop.json(&["count", "apply", &id]);
    assert_eq!(applied["lines"][0]["difference"], 0);
    assert_eq!(on_hand(&shop, "TEA"), 10);
    // A gain is found of the gain, and then all but one is missing: of all of them.
    for (seen, there) in [("TEA=11", 11), ("TEA=1", 1)] {
        let id = start(&shop, &["--sku", "TEA"]);
        enter_lot(&shop, &id, "main", seen);
        shop.json(&["count", "apply", &id]);
        assert_eq!(on_hand(&shop, "TEA"), there);
    }
    let id = start(&shop, &["--all"]);
    let expected = line(&shop, &id, "TEA");
    assert_eq!(
        (&expected["lot"], &expected["expected"]),
        (&"L1".into(), &1.into())
    );
    shop.must_be_sound();
}

async fn what_moves_of_a_found_lot_is_expected_of_the_lot_it_is_of(shop: Shop) {
    found(&shop);
    let id = start(&shop, &["--bin", "main"]);
    let invented = lies(&shop, "TEA").remove(1).0;
    shop.json(&[
        "stock", "move", "TEA", "2", "--from", "main", "--to", "X-1", "--lot", &invented,
    ]);
    enter_lot(&shop, &id, "main", "TEA=8");
    // Seen where the count did not expect to go: both lines speak for the found lot.
    enter_lot(&shop, &id, "X-1", "TEA=2");
    let review = shop.json(&["count", "review", &id]);
    let lines = review["lines"].as_array().unwrap();
    let told = |line: &Value| json!([line["snapshot"], line["moved"], line["difference"]]);
    let told: Vec<Value> = lines.iter().map(told).collect();
    assert_eq!(told.len(), 2);
    assert!(
        told.contains(&json!([10, -2, 0])) && told.contains(&json!([0, 2, 0])),
        "{told:?}"
    );
    // Two more lie there: of the lot in the other place, by now.
    enter_lot(&shop, &id, "main", "TEA=6");
    enter_lot(&shop, &id, "X-1", "TEA=4");
    assert_eq!(shop.json(&["count", "apply", &id])["misplaced"], 2);
    assert_eq!(on_hand(&shop, "TEA"), 10);
    shop.must_be_sound();
}
