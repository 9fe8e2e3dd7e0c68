//! Picked goods go into packages and leave: each unit once, each serial where it is, and
//! nothing of an order that may not leave.

mod bench;
mod serials;

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{order, receive};
use crate::trading::trading;
use bench::{pack, refused};
pub use bench::{picked, told};

on_all_stores!(
    an_order_goes_into_one_box_and_leaves,
    an_order_is_split_over_three_boxes,
    the_rest_of_an_order_leaves_later,
    a_case_fills_several_lines_and_nothing_is_packed_twice,
    a_box_that_weighs_otherwise_is_looked_at_again,
    two_packers_never_have_one_order,
    lots_are_told_apart_where_it_matters,
    a_packed_order_is_opened_again_before_it_leaves,
    a_cancelled_order_is_unpacked_and_put_back,
    the_shop_says_meanwhile_that_an_order_has_left,
    a_dry_run_packs_nothing,
    rounds_and_packages_are_exported,
);

const ID: &str = "7f2c1c9e-4c57-4a0b-9a53-0d0e6d8b8f0";

async fn an_order_goes_into_one_box_and_leaves(shop: Shop) {
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,main\nCUP,L1,2026-01-02,5,5.00,main\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,CUP,1\n");
    refused(&shop, "start manual:1", &["nothing is picked for manual:1"]);
    picked(&shop, "manual:1").await;
    let leaves = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
    ];
    crate::shelves::refused(
        &shop,
        &leaves,
        1,
        &["manual:1 is picked and waits for packing"],
    );
    assert_eq!(pack(&shop, "list")["orders"][0]["picked"], 3);
    assert_eq!(pack(&shop, "start manual:1")["left"], 3);
    refused(&shop, "item manual:1 1 MUG", &["manual:1 has no package 1"]);
    pack(&shop, "box manual:1 --size 300x200x100");
    pack(&shop, "item manual:1 1 MUG --units 2");
    refused(
        &shop,
        "item manual:1 1 MUG",
        &["all of MUG is packed already"],
    );
    refused(&shop, "item manual:1 1 HAT", &["HAT is not in manual:1"]);
    refused(
        &shop,
        "item manual:1 1 CUP --units 2",
        &["too many: 1 of CUP"],
    );
    refused(&shop, "finish manual:1", &["not all packed: 1 of CUP"]);
    refused(
        &shop,
        "ship manual:1 --carrier UPS --tracking 1Z",
        &["not packed yet"],
    );
    pack(&shop, "item manual:1 1 CUP");
    let bench = pack(&shop, "finish manual:1");
    assert_eq!(bench["state"], "packed");
    assert_eq!(bench["packages"][0]["length_mm"], 300);
    assert_eq!(bench["packages"][0]["closed"], true);
    shop.must_be_sound();
    let wrong = [&leaves[..], &["--line", "MUG=1"]].concat();
    crate::shelves::refused(&shop, &wrong, 1, &["not what lies packed", "pack reopen"]);
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["units"], 3);
    assert_eq!(shipped["shipments"][0]["left"], 0);
    let again = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert!(again["shipments"][0]["applied_before"].is_object());
    refused(
        &shop,
        "ship manual:1 --carrier UPS --tracking 2Z",
        &["has left with shipment 1"],
    );
    let bench = pack(&shop, "show manual:1");
    assert_eq!(
        (&bench["state"], &bench["shipment"]),
        (&"shipped".into(), &1.into())
    );
    assert_eq!(shop.json(&["stock", "show", "MUG"])["on_hand"], 3);
    let kinds = ["pack.started", "pack.package", "pack.finished"];
    assert_eq!(kinds.map(|kind| told(&shop, kind)), [1, 1, 1]);
    shop.must_be_sound();
}

async fn an_order_is_split_over_three_boxes(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,6\n");
    picked(&shop, "manual:1").await;
    for n in 0..4 {
        pack(&shop, &format!("box manual:1 --id {ID}{n}"));
    }
    assert_eq!(
        pack(&shop, &format!("box manual:1 --id {ID}3"))["packages"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    for (package, units) in [(1, 1), (2, 2), (3, 4)] {
        let words = format!("item manual:1 {package} MUG --units {units}");
        if units == 4 {
            refused(&shop, &words, &["too many: 3 of MUG"]);
        } else {
            pack(&shop, &words);
        }
    }
    pack(&shop, "item manual:1 3 MUG --units 3");
    pack(&shop, "undo manual:1 3 MUG --units 2");
    refused(
        &shop,
        "undo manual:1 3 MUG --units 2",
        &["is not in package 3"],
    );
    pack(&shop, "box manual:1 --number 2 --close");
    refused(&shop, "item manual:1 2 MUG", &["package 2 is closed"]);
    refused(
        &shop,
        "box manual:1 --number 4 --close",
        &["package 4 is empty"],
    );
    pack(&shop, "item manual:1 3 MUG --units 2");
    let bench = pack(&shop, "finish manual:1");
    let units: Vec<i64> = bench["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["items"][0]["units"].as_i64().unwrap())
        .collect();
    assert_eq!(units, [1, 2, 3]);
    shop.must_be_sound();
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    shop.must_be_sound();
}

async fn the_rest_of_an_order_leaves_later(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,3\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    refused(
        &shop,
        "finish manual:1 --partial",
        &["nothing of manual:1 is packed"],
    );
    pack(&shop, "item manual:1 1 MUG --units 2");
    pack(&shop, "finish manual:1 --partial");
    assert_eq!(pack(&shop, "finish manual:1 --partial")["state"], "packed");
    let leaves = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
    ];
    let shipped = shop.json(&leaves);
    assert_eq!(shipped["shipments"][0]["units"], 2);
    assert_eq!(shipped["shipments"][0]["left"], 1);
    let bench = pack(&shop, "show manual:1");
    assert_eq!(
        (&bench["state"], &bench["left"]),
        (&"shipped".into(), &0.into())
    );
    shop.must_be_sound();
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1");
    let last = pack(&shop, "ship manual:1 --carrier UPS --tracking 2Z");
    assert_eq!(last["shipments"][0]["left"], 0);
    assert_eq!(shop.json(&["stock", "show", "MUG"])["on_hand"], 2);
    shop.must_be_sound();
}

async fn a_case_fills_several_lines_and_nothing_is_packed_twice(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,MUG,4\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let scan = format!("item manual:1 1 MUG --units 5 --id {ID}0");
    let first = pack(&shop, &scan);
    assert_eq!(first["placed"].as_array().unwrap().len(), 2);
    let again = pack(&shop, &scan);
    assert_eq!(
        (&again["repeated"], &again["placed"]),
        (&true.into(), &first["placed"])
    );
    assert_eq!(again["bench"]["left"], 1);
    refused(
        &shop,
        &format!("undo manual:1 1 MUG --id {ID}0"),
        &["used for another scan"],
    );
    let bad = ["pack", "item", "manual:1", "1", "MUG", "--id", "x"];
    crate::shelves::refused(&shop, &bad, 2, &["x is no UUID"]);
    shop.must_be_sound();
}

const BOXES: &str =
    "\n[pack.boxes.small]\nlength_mm = 300\nwidth_mm = 200\nheight_mm = 100\nempty_g = 100\n";

async fn a_box_that_weighs_otherwise_is_looked_at_again(shop: Shop) {
    shop.write("tenants/shop.toml", &shop.tenant_file(BOXES));
    shop.write("p.csv", "sku,weight_g\nMUG,200\nCUP,\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,main\nCUP,L1,2026-01-02,5,5.00,main\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,CUP,1\n");
    picked(&shop, "manual:1").await;
    let huge = ["pack", "box", "manual:1", "--preset", "huge"];
    crate::shelves::refused(&shop, &huge, 2, &["there is no box huge", "small"]);
    pack(&shop, "box manual:1 --preset small");
    pack(&shop, "item manual:1 1 MUG --units 2");
    let off = pack(&shop, "box manual:1 --number 1 --weight 900 --close");
    let package = &off["packages"][0];
    assert_eq!(
        (&package["box"], &package["expected_g"]),
        (&"small".into(), &500.into())
    );
    assert!(
        package["warning"]
            .as_str()
            .unwrap()
            .contains("weighs 900 g")
    );
    let right = pack(&shop, "box manual:1 --number 1 --weight 560");
    assert!(right["packages"][0]["warning"].is_null());
    pack(&shop, "box manual:1 --number 1 --open");
    let unknown = pack(&shop, "item manual:1 1 CUP");
    let package = &unknown["bench"]["packages"][0];
    assert!(package["expected_g"].is_null() && package["warning"].is_null());
    assert_eq!(package["unweighed"][0], "CUP");
    pack(&shop, "finish manual:1");
    assert_eq!(
        pack(&shop, "box manual:1 --number 1 --weight 700")["packages"][0]["weight_g"],
        700
    );
    shop.must_be_sound();
}

async fn two_packers_never_have_one_order(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "start manual:1");
    let other = |args: &[&str]| {
        let mut command = shop.command(args);
        command.env("OPSCTL_ACTOR", "cli:other").output().unwrap()
    };
    let output = other(&["pack", "start", "manual:1"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("manual:1 is being packed by cli:test until"),
        "{text}"
    );
    assert!(!other(&["pack", "box", "manual:1"]).status.success());
    assert!(!other(&["pack", "release", "manual:1"]).status.success());
    assert!(
        other(&["pack", "start", "manual:1", "--take-over"])
            .status
            .success()
    );
    refused(&shop, "box manual:1", &["is being packed by cli:other"]);
    // A packer who has gone home holds nothing.
    shop.sql("UPDATE pick_tasks SET pack_until = 5").await;
    assert_eq!(pack(&shop, "box manual:1")["packer"], "cli:test");
    shop.must_be_sound();
}

async fn lots_are_told_apart_where_it_matters(shop: Shop) {
    shop.write("p.csv", "sku,tracking\nTEA,lot\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "TEA,L1,2026-01-02,2,2.00,main\nTEA,L2,2026-01-03,9,18.00,main\n",
    );
    order(&shop, "1,2026-02-01,TEA,3\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let asks = bench::refusal(&shop, &["item", "manual:1", "1", "TEA"]);
    assert_eq!(asks["needs"], "lot");
    refused(
        &shop,
        "item manual:1 1 TEA --lot L9",
        &["lot L9 of TEA was not picked for this order, but L1 and L2"],
    );
    refused(
        &shop,
        "item manual:1 1 TEA --lot L2 --units 2",
        &["too many: 1 of TEA"],
    );
    pack(&shop, "item manual:1 1 TEA --lot L1 --units 2");
    // Only one lot is left: it goes without saying.
    pack(&shop, "item manual:1 1 TEA");
    pack(&shop, "finish manual:1");
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    let entries = &shipped["shipments"][0]["entries"];
    assert_eq!(
        (&entries[0]["lot"], &entries[0]["quantity"]),
        (&"L1".into(), &2.into())
    );
    assert_eq!(
        (&entries[1]["lot"], &entries[1]["quantity"]),
        (&"L2".into(), &1.into())
    );
    shop.must_be_sound();
}

async fn a_packed_order_is_opened_again_before_it_leaves(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1 --partial");
    refused(
        &shop,
        "item manual:1 1 MUG",
        &["manual:1 is packed already", "pack reopen"],
    );
    let bench = pack(&shop, "reopen manual:1");
    assert_eq!(
        (&bench["state"], &bench["left"]),
        (&"picked".into(), &1.into())
    );
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    refused(
        &shop,
        "reopen manual:1",
        &["has left the bench with its shipment"],
    );
    shop.must_be_sound();
}

async fn a_cancelled_order_is_unpacked_and_put_back(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let sku = &skus[0];
    let id = sandbox
        .woo()
        .sell(&[(sku.as_str(), 2)], "processing")
        .unwrap();
    shop.json(&["sync"]);
    let name = format!("woo:{id}");
    picked(&shop, &name).await;
    pack(&shop, &format!("box {name}"));
    pack(&shop, &format!("item {name} 1 {sku}"));
    sandbox.woo().set_order_status(id, "cancelled").unwrap();
    shop.json(&["sync"]);
    refused(
        &shop,
        &format!("item {name} 1 {sku}"),
        &["may not leave: its status is cancelled", "pack release"],
    );
    refused(
        &shop,
        &format!("finish {name} --partial"),
        &["may not leave"],
    );
    pack(&shop, &format!("undo {name} 1 {sku}"));
    let bench = pack(&shop, &format!("release {name}"));
    assert_eq!(bench["state"], "released");
    assert_eq!(pack(&shop, &format!("release {name}"))["state"], "released");
    assert_eq!(told(&shop, "pack.released"), 1);
    let back = [
        "stock", "move", sku, "2", "--from", "packing", "--to", "main",
    ];
    assert_eq!(shop.json(&back)["promised"], 0);
    shop.must_be_sound();
}

async fn the_shop_says_meanwhile_that_an_order_has_left(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let mut names = Vec::new();
    for sku in &skus[..2] {
        let id = sandbox
            .woo()
            .sell(&[(sku.as_str(), 2)], "processing")
            .unwrap();
        shop.json(&["sync"]);
        picked(&shop, &format!("woo:{id}")).await;
        names.push((id, format!("woo:{id}"), sku));
    }
    let (_, packed, sku) = &names[0];
    pack(&shop, &format!("box {packed}"));
    pack(&shop, &format!("item {packed} 1 {sku} --units 2"));
    pack(&shop, &format!("finish {packed}"));
    for (id, ..) in &names {
        sandbox.woo().set_order_status(*id, "completed").unwrap();
    }
    shop.json(&["sync"]);
    let (first, second) = (
        pack(&shop, &format!("show {packed}")),
        pack(&shop, &format!("show {}", names[1].1)),
    );
    assert_eq!(first["state"], "shipped");
    assert!(first["shipment"].is_i64());
    assert_eq!(second["state"], "released");
    assert_eq!(told(&shop, "pack.shipped"), 1);
    assert_eq!(told(&shop, "pack.released"), 1);
    assert_eq!(pack(&shop, "list")["orders"], serde_json::json!([]));
    shop.must_be_sound();
}

async fn a_dry_run_packs_nothing(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    picked(&shop, "manual:1").await;
    let before = pack(&shop, "show manual:1");
    for words in ["start manual:1", "box manual:1", "release manual:1"] {
        assert_eq!(pack(&shop, &format!("{words} --dry-run"))["dry_run"], true);
        assert_eq!(pack(&shop, "show manual:1"), before, "{words}");
    }
    pack(&shop, "box manual:1");
    let before = pack(&shop, "show manual:1");
    let would = pack(&shop, "item manual:1 1 MUG --units 2 --dry-run");
    assert_eq!(would["bench"]["left"], 0);
    assert_eq!(pack(&shop, "show manual:1")["left"], before["left"]);
    pack(&shop, "item manual:1 1 MUG --units 2");
    assert_eq!(pack(&shop, "finish manual:1 --dry-run")["state"], "packed");
    assert_eq!(pack(&shop, "show manual:1")["state"], "picked");
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z --dry-run");
    assert_eq!(pack(&shop, "reopen manual:1 --dry-run")["state"], "picked");
    assert_eq!(pack(&shop, "show manual:1")["state"], "packed");
    shop.must_be_sound();
}

async fn rounds_and_packages_are_exported(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    let sheet = shop.json(&["pick", "start", "manual:1"]);
    let (wave, line) = (
        sheet["wave"].to_string(),
        sheet["lines"][0]["line"].to_string(),
    );
    shop.json(&["pick", "scan", &wave, "--line", &line]);
    let short = ["--found", "1", "--reason", "only one"];
    shop.json(&[&["pick", "short", &wave, &line], &short[..]].concat());
    shop.json(&["pick", "finish", &wave]);
    pack(&shop, "start manual:1");
    pack(&shop, "box manual:1 --size 300x200x100");
    pack(&shop, "item manual:1 1 MUG");
    let only = |table: &str| -> serde_json::Value {
        let output = shop.run(&["export", table, "--format", "jsonl"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{table}: {text}");
        serde_json::from_str(&text).unwrap()
    };
    let round = only("pick_waves");
    assert_eq!(round["state"], "picked");
    // Whoever knows the claim holds the round.
    assert!(round.get("claim").is_none());
    let task = only("pick_tasks");
    assert_eq!(
        (&task["wave"], &task["order"]),
        (&round["id"], &"manual:1".into())
    );
    let picked = only("pick_lines");
    assert_eq!(picked["task"], task["id"]);
    assert_eq!(
        (&picked["sku"], &picked["location"]),
        (&"MUG".into(), &"main".into())
    );
    assert_eq!(
        (
            &picked["quantity"],
            &picked["picked"],
            &picked["short"],
            &picked["packed"]
        ),
        (&2.into(), &1.into(), &1.into(), &1.into())
    );
    let package = only("packages");
    assert_eq!(
        (&package["task"], &package["length_mm"]),
        (&task["id"], &300.into())
    );
    let item = only("package_items");
    assert_eq!(
        (&item["package"], &item["line"]),
        (&package["id"], &picked["id"])
    );
    assert_eq!(
        (&item["sku"], &item["quantity"]),
        (&"MUG".into(), &1.into())
    );
    let told = only("discrepancies");
    assert_eq!(
        (&told["kind"], &told["reason"]),
        (&"short_pick".into(), &"only one".into())
    );
    assert_eq!(
        (&told["order"], &told["line"]),
        (&"manual:1".into(), &picked["id"])
    );
}
