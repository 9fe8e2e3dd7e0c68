//! Whose an order on the bench is: one packer's, nobody's any more, or the shop's that has seen
//! it leave; and what is told of it.

use super::bench::{pack, picked, refused, told};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::{order, receive};
use crate::trading::trading;

on_all_stores!(
    a_cancelled_order_is_unpacked_and_put_back,
    the_shop_says_meanwhile_that_an_order_has_left,
    a_dry_run_packs_nothing,
    rounds_and_packages_are_exported,
    two_packers_never_have_one_order,
);

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
