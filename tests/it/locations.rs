//! Places in the house, and units that change them.

use std::process::Stdio;

use opsctl::store::Locking;
use opsctl::workflows::relocate::{self, Wish};

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{held, order, receive, refused, shelf, told};

on_all_stores!(
    places_are_listed_as_one_walks_past_them,
    a_place_said_again_changes_nothing_and_said_otherwise_changes,
    a_kind_changes_only_where_nothing_lies,
    a_place_never_lies_in_itself,
    hostile_codes_are_refused,
    a_product_has_a_home,
    units_move_once_and_free_ones_first,
    more_than_lies_there_cannot_move,
    what_was_in_quarantine_can_be_sold,
    promises_go_along_to_where_goods_are_sold_from,
    promises_are_given_back_where_goods_are_not_sold_from,
    eight_processes_move_one_unit_once,
    eight_move_one_unit_once_without_locks,
    what_is_found_lies_where_goods_are_sold_from,
);

fn add(shop: &Shop, words: &str) -> serde_json::Value {
    let args: Vec<&str> = ["location", "add"]
        .into_iter()
        .chain(words.split(' '))
        .collect();
    shop.json(&args)
}

fn tree(shop: &Shop, more: &[&str]) -> Vec<String> {
    let listed = shop.json(&[&["location", "list"], more].concat());
    let rows = listed["rows"].as_array().unwrap();
    let line = |row: &serde_json::Value| {
        let word = |name: &str| row[name].as_str().unwrap().to_owned();
        let indent = "  ".repeat(row["depth"].as_u64().unwrap() as usize);
        format!(
            "{indent}{} {} {}",
            word("code"),
            word("level"),
            word("kind")
        )
    };
    rows.iter().map(line).collect()
}

async fn places_are_listed_as_one_walks_past_them(shop: Shop) {
    add(&shop, "Z-2 Z-10 Z-1");
    add(&shop, "A-10 A-2 a-3 --under Z-2");
    add(&shop, "Q-1 --under quarantine");
    let expected = [
        "main warehouse sellable",
        "  damaged bin damaged",
        "  missing bin missing",
        "  packing bin sellable",
        "  quarantine zone quarantine",
        "    Q-1 bin quarantine",
        "  returns bin returns",
        "  Z-1 bin sellable",
        "  Z-2 zone sellable",
        "    A-2 bin sellable",
        "    a-3 bin sellable",
        "    A-10 bin sellable",
        "  Z-10 bin sellable",
    ];
    assert_eq!(tree(&shop, &[]), expected);
    assert_eq!(tree(&shop, &["--under", "Z-2"])[1], "  A-2 bin sellable");
    refused(
        &shop,
        &["location", "list", "--under", "X"],
        1,
        &["no location \"X\""],
    );
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,A-2\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    let listed = shop.json(&["location", "list", "--under", "A-2"]);
    assert_eq!(listed["rows"][0]["on_hand"], 3);
    assert_eq!(listed["rows"][0]["reserved"], 2);
    shop.must_be_sound();
}

async fn a_place_said_again_changes_nothing_and_said_otherwise_changes(shop: Shop) {
    let dry = add(&shop, "A-1 --title Shelf --dry-run");
    assert_eq!(
        (&dry["new"][0], &dry["dry_run"]),
        (&"A-1".into(), &true.into())
    );
    assert_eq!(tree(&shop, &[]).len(), 6);
    add(&shop, "Z A-1 --title Shelf");
    let before = told(&shop);
    for words in ["A-1", "A-1 Z --title Shelf --under main --kind sellable"] {
        let again = add(&shop, words);
        assert_eq!(
            (&again["new"], &again["changed"]),
            (&again["changed"], &again["new"])
        );
        assert_eq!(again["unchanged"][0], "A-1");
    }
    assert_eq!(told(&shop), before);
    assert_eq!(add(&shop, "A-1 --under Z --dry-run")["changed"][0], "A-1");
    assert_eq!(told(&shop), before);
    assert_eq!(add(&shop, "A-1 --under Z")["changed"][0], "A-1");
    assert_eq!(tree(&shop, &["--under", "Z"])[1], "  A-1 bin sellable");
    assert_eq!(add(&shop, "A-1 --title Low")["changed"][0], "A-1");
    assert_eq!(tree(&shop, &["--under", "Z"])[1], "  A-1 bin sellable");
}

async fn a_kind_changes_only_where_nothing_lies(shop: Shop) {
    add(&shop, "A-1");
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,A-1\n");
    let damaged = ["location", "add", "A-1", "--kind", "damaged"];
    refused(&shop, &damaged, 1, &["3 units lie at A-1", "stock move"]);
    shop.json(&["stock", "move", "MUG", "3", "--from", "A-1", "--to", "main"]);
    assert_eq!(shop.json(&damaged)["changed"][0], "A-1");
    shop.json(&["stock", "move", "MUG", "3", "--from", "main", "--to", "A-1"]);
    assert_eq!(shop.json(&["stock", "show", "MUG"])["sellable"], 0);
}

async fn a_place_never_lies_in_itself(shop: Shop) {
    add(&shop, "Z");
    add(&shop, "A-1 --under Z");
    for (code, under) in [("Z", "A-1"), ("Z", "Z"), ("main", "A-1")] {
        let args = ["location", "add", code, "--under", under];
        refused(
            &shop,
            &args,
            1,
            &["cannot lie in", "does not lie in itself"],
        );
    }
    refused(
        &shop,
        &["location", "add", "B", "--under", "B"],
        1,
        &["no location \"B\""],
    );
    assert_eq!(tree(&shop, &[]).len(), 8);
}

async fn hostile_codes_are_refused(shop: Shop) {
    let long = "x".repeat(61);
    for code in ["", " A", "A ", "A\nB", "A\u{1b}[31m", long.as_str()] {
        refused(&shop, &["location", "add", code], 2, &["location"]);
    }
    refused(
        &shop,
        &["location", "add", "A-1", "--title", &"x".repeat(191)],
        2,
        &["longer"],
    );
    assert_eq!(tree(&shop, &[]).len(), 6);
    let odd = [
        "a'b\"; DROP TABLE lots; --",
        "Ä-2",
        "Ä-10",
        "架-1",
        "%",
        "_",
        "100%",
    ];
    shop.json(&[&["location", "add"], &odd[..]].concat());
    assert_eq!(
        shop.json(&[&["location", "add"], &odd[..]].concat())["unchanged"][6],
        "架-1"
    );
    let codes = tree(&shop, &[]);
    let place = |code: &str| codes.iter().position(|row| row.contains(code)).unwrap();
    assert!(place("Ä-2") < place("Ä-10"));
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,架-1\n");
    shop.json(&["stock", "move", "MUG", "1", "--from", "架-1", "--to", "%"]);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at %: 1 (0)", "L1 at 架-1: 2 (0)"]);
    shop.must_be_sound();
}

async fn a_product_has_a_home(shop: Shop) {
    add(&shop, "A-1");
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,main\n");
    let home = |more: &[&str]| shop.json(&[&["location", "home", "MUG"], more].concat());
    let before = told(&shop);
    assert_eq!(home(&[])["home"], serde_json::Value::Null);
    assert_eq!(home(&["A-1", "--dry-run"])["changed"], true);
    assert_eq!(told(&shop), before);
    assert_eq!(home(&["A-1"])["changed"], true);
    assert_eq!(
        (&home(&["A-1"])["changed"], &home(&[])["home"]),
        (&false.into(), &"A-1".into())
    );
    assert_eq!(told(&shop), before + 1);
    let scanned = shop.run(&["scan", "MUG"]);
    assert!(String::from_utf8_lossy(&scanned.stdout).contains("A-1"));
    assert_eq!(home(&["--none"])["was"], "A-1");
    assert_eq!(home(&[])["home"], serde_json::Value::Null);
    refused(
        &shop,
        &["location", "home", "MUG", "X"],
        1,
        &["no location \"X\""],
    );
    refused(
        &shop,
        &["location", "home", "CUP", "A-1"],
        1,
        &["no product \"CUP\""],
    );
    assert_eq!(shelf(&shop, "MUG"), ["L1 at main: 3 (0)"]);
}

async fn units_move_once_and_free_ones_first(shop: Shop) {
    add(&shop, "A-1");
    receive(
        &shop,
        "MUG,L1,2026-01-02,3,3.00,main\nMUG,L2,2026-01-03,4,5.00,main\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n");
    let go = [
        "stock", "move", "MUG", "2", "--from", "main", "--to", "A-1", "--ref", "m1",
    ];
    let before = told(&shop);
    let dry = shop.json(&[&go[..], &["--dry-run"]].concat());
    assert_eq!(dry["lots"], serde_json::json!([["L1", 1], ["L2", 1]]));
    assert_eq!(told(&shop), before);
    let moved = shop.json(&go);
    assert_eq!(
        (&moved["lots"], &moved["promised"]),
        (&dry["lots"], &0.into())
    );
    assert_eq!(told(&shop), before + 3, "a move of each lot, and an event");
    assert!(shop.json(&go)["applied_before"].is_object());
    assert_eq!(told(&shop), before + 3);
    let expected = [
        "L1 at A-1: 1 (0)",
        "L1 at main: 2 (2)",
        "L2 at A-1: 1 (0)",
        "L2 at main: 3 (0)",
    ];
    assert_eq!(shelf(&shop, "MUG"), expected);
    let of_lot = [
        "stock", "move", "MUG", "1", "--from", "A-1", "--to", "main", "--lot", "L2",
    ];
    shop.json(&of_lot);
    assert_eq!(shelf(&shop, "MUG")[2], "L2 at main: 4 (0)");
    shop.must_be_sound();
}

async fn more_than_lies_there_cannot_move(shop: Shop) {
    add(&shop, "A-1");
    receive(
        &shop,
        "MUG,L1,2026-01-02,3,3.00,main\nMUG,L2,2026-01-03,4,5.00,A-1\n",
    );
    let before = told(&shop);
    let go = |words: &str, code: i32, parts: &[&str]| {
        let args: Vec<&str> = ["stock", "move"]
            .into_iter()
            .chain(words.split(' '))
            .collect();
        refused(&shop, &args, code, parts);
    };
    go(
        "MUG 5 --from main --to A-1",
        1,
        &[
            "MUG has 3 units at main, 5 cannot go",
            "on hand: 3 at main (lot L1), 4 at A-1 (lot L2)",
        ],
    );
    go(
        "MUG 1 --from main --to A-1 --lot L2",
        1,
        &["0 units of lot L2 at main"],
    );
    go("MUG 1 --from main --to X", 1, &["no location \"X\""]);
    go("CUP 1 --from main --to A-1", 1, &["no product \"CUP\""]);
    go("MUG 1 --from main --to main", 2, &["the same location"]);
    go("MUG 0 --from main --to A-1", 2, &["0"]);
    go("MUG -1 --from main --to A-1", 2, &["-1"]);
    let reference = "x".repeat(191);
    go(
        &format!("MUG 1 --from main --to A-1 --ref {reference}"),
        2,
        &["--ref is longer"],
    );
    assert_eq!(told(&shop), before);
    shop.must_be_sound();
}

async fn what_was_in_quarantine_can_be_sold(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,quarantine\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    let shown = shop.json(&["stock", "show", "MUG"]);
    assert_eq!(
        (&shown["reserved"], &shown["sellable"]),
        (&0.into(), &0.into())
    );
    shop.json(&[
        "stock",
        "move",
        "MUG",
        "3",
        "--from",
        "quarantine",
        "--to",
        "main",
    ]);
    assert_eq!(shop.json(&["reserve"])["units_reserved"], 2);
    let shown = shop.json(&["stock", "show", "MUG"]);
    assert_eq!(
        (&shown["reserved"], &shown["sellable"]),
        (&2.into(), &1.into())
    );
    shop.must_be_sound();
}

/// Two orders hold all five units, the second two of them.
fn all_promised(shop: &Shop) {
    add(shop, "A-1");
    receive(
        shop,
        "MUG,L1,2026-01-02,3,3.00,main\nMUG,L2,2026-01-03,2,5.00,main\n",
    );
    order(shop, "1,2026-02-01,MUG,3\n");
    order(shop, "2,2026-02-02,MUG,2\n");
}

async fn promises_go_along_to_where_goods_are_sold_from(shop: Shop) {
    all_promised(&shop);
    let go = |units: &str| {
        shop.json(&[
            "stock", "move", "MUG", units, "--from", "main", "--to", "A-1",
        ])
    };
    let moved = go("3");
    assert_eq!(
        (&moved["promised"], &moved["released"]),
        (&3.into(), &0.into())
    );
    let expected = [
        "manual:1 1 of L1 at A-1",
        "manual:1 2 of L1 at main",
        "manual:2 2 of L2 at A-1",
    ];
    assert_eq!(held(&shop), expected);
    assert_eq!(go("2")["promised"], 2);
    assert_eq!(
        held(&shop),
        ["manual:1 3 of L1 at A-1", "manual:2 2 of L2 at A-1"]
    );
    assert_eq!(shop.json(&["reserve"])["units_reserved"], 0);
    shop.must_be_sound();
}

async fn promises_are_given_back_where_goods_are_not_sold_from(shop: Shop) {
    all_promised(&shop);
    let go = [
        "stock", "move", "MUG", "3", "--from", "main", "--to", "damaged", "--ref", "m",
    ];
    let dry = shop.json(&[&go[..], &["--dry-run"]].concat());
    assert_eq!(dry["released"], 3);
    let moved = shop.json(&go);
    assert_eq!(
        (&moved["promised"], &moved["released"]),
        (&0.into(), &3.into())
    );
    assert_eq!(held(&shop), ["manual:1 2 of L1 at main"]);
    shop.must_be_sound();
    receive(&shop, "MUG,L3,2026-01-04,2,5.00,A-1\n");
    shop.json(&["reserve"]);
    let expected = [
        "manual:1 1 of L3 at A-1",
        "manual:1 2 of L1 at main",
        "manual:2 1 of L3 at A-1",
    ];
    assert_eq!(held(&shop), expected);
    shop.must_be_sound();
}

async fn eight_processes_move_one_unit_once(shop: Shop) {
    add(&shop, "A-1");
    receive(&shop, "MUG,L1,2026-01-02,1,3.00,main\n");
    order(&shop, "1,2026-02-01,MUG,1\n");
    let go = ["stock", "move", "MUG", "1", "--from", "main", "--to", "A-1"];
    let start = |_| {
        let mut command = shop.command(&go);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<_> = (0..8).map(start).collect();
    let mut moved = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => moved += 1,
            Some(1) => assert!(words.contains("MUG has 0 units at main"), "{words}"),
            other => panic!("exit {other:?}: {words}"),
        }
    }
    assert_eq!(moved, 1);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at A-1: 1 (1)"]);
    shop.must_be_sound();
}

async fn eight_move_one_unit_once_without_locks(shop: Shop) {
    add(&shop, "A-1");
    receive(&shop, "MUG,L1,2026-01-02,1,3.00,main\n");
    order(&shop, "1,2026-02-01,MUG,1\n");
    let mut tasks = Vec::new();
    for i in 0..8 {
        let mut ctx = shop.context(&format!("r{i}")).await;
        ctx.store = ctx.store.with_locking(Locking::Off);
        let wish = Wish {
            sku: "MUG".to_owned(),
            units: 1,
            from: "main".to_owned(),
            to: "A-1".to_owned(),
            lot: None,
            reason: None,
            reference: None,
            dry_run: false,
        };
        tasks.push(tokio::spawn(
            async move { relocate::run(&ctx, &wish).await },
        ));
    }
    let mut moved = 0;
    for task in tasks {
        moved += i32::from(task.await.unwrap().is_ok());
    }
    assert_eq!(moved, 1);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at A-1: 1 (1)"]);
    shop.must_be_sound();
}

async fn what_is_found_lies_where_goods_are_sold_from(shop: Shop) {
    add(&shop, "A-1");
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,A-1\n");
    shop.json(&[
        "stock", "move", "MUG", "1", "--from", "A-1", "--to", "damaged",
    ]);
    shop.json(&["stock", "move", "MUG", "4", "--from", "A-1", "--to", "main"]);
    shop.json(&["stock", "adjust", "MUG", "--by", "2", "--reason", "found"]);
    let lies = shelf(&shop, "MUG");
    assert!(lies[2].ends_with(" at main: 2 (0)"), "{lies:?}");
    shop.must_be_sound();
}
