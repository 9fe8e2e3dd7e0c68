//! The shop changes an order while it is picked or packed: who has it in hand is told, and no
//! more leaves than is wanted.

use super::round::{Round, pick};
use crate::harness::{Shop, on_all_stores};
use crate::packing::bench::{pack, refused};
use crate::shelves::lies;
use crate::trading::trading;

on_all_stores!(
    less_is_wanted_after_picking,
    less_is_wanted_after_packing,
    an_order_is_cancelled_while_it_is_picked,
);

/// Units of a product by place.
fn at(shop: &Shop, sku: &str, place: &str) -> (i64, i64) {
    let rows = lies(shop, sku).into_iter().filter(|row| row.1 == place);
    rows.fold((0, 0), |sum, row| (sum.0 + row.2, sum.1 + row.3))
}

async fn less_is_wanted_after_picking(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let sku = skus[0].as_str();
    let id = sandbox.woo().sell(&[(sku, 5)], "processing").unwrap();
    shop.json(&["sync"]);
    let name = format!("woo:{id}");
    let round = Round::start(&shop, &name);
    let place = &format!("{sku} at main");
    round.take(place, 5);
    shop.sql("UPDATE pick_waves SET started_at = 5").await;
    sandbox.woo().edit_line(id, 0, 3).unwrap();
    shop.json(&["sync"]);
    let warnings = pick(&shop, "list")["rows"][0]["warnings"].clone();
    assert_eq!(
        warnings[0],
        format!("{name}: changed since: look at it again")
    );
    assert_eq!(at(&shop, sku, "packing"), (5, 3));
    shop.must_be_sound();
    round.finish();
    let bench = pack(&shop, &format!("start {name}"));
    assert_eq!(bench["left"], 3);
    assert_eq!(
        bench["too_much"],
        format!("not all of it is wanted now: leave 2 of {sku} on the bench")
    );
    let text = shop.run(&["pack", "show", &name]).stdout;
    assert!(
        String::from_utf8(text)
            .unwrap()
            .contains("Look again: not all of it")
    );
    pack(&shop, &format!("box {name}"));
    refused(
        &shop,
        &format!("item {name} 1 {sku} --units 4"),
        &["wants only 3 more of"],
    );
    pack(&shop, &format!("item {name} 1 {sku} --units 3"));
    refused(
        &shop,
        &format!("item {name} 1 {sku}"),
        &["wants no more of"],
    );
    pack(&shop, &format!("finish {name}"));
    sandbox.woo().refund(id, &[(0, 1)], true).unwrap();
    shop.json(&["sync"]);
    let bench = pack(&shop, &format!("show {name}"));
    let words = bench["too_much"].as_str().unwrap();
    assert!(
        words.contains(&format!("take 1 of {sku} out again")),
        "{words}"
    );
    let ship = format!("ship {name} --carrier UPS --tracking 1Z");
    refused(
        &shop,
        &ship,
        &[&format!("{name} wants 2 of {sku}, and 3 are packed")],
    );
    pack(&shop, &format!("reopen {name}"));
    refused(
        &shop,
        &format!("finish {name}"),
        &["may not go with", "pack undo"],
    );
    pack(&shop, &format!("undo {name} 1 {sku}"));
    pack(&shop, &format!("finish {name}"));
    assert_eq!(pack(&shop, &ship)["shipments"][0]["units"], 2);
    // The rest is nobody's, and lies at the bench.
    assert_eq!(at(&shop, sku, "packing"), (3, 0));
    let back = [
        "stock", "move", sku, "3", "--from", "packing", "--to", "main",
    ];
    assert_eq!(shop.json(&back)["promised"], 0);
    shop.must_be_sound();
}

async fn less_is_wanted_after_packing(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let (first, second) = (skus[0].as_str(), skus[1].as_str());
    let id = sandbox
        .woo()
        .sell(&[(first, 1), (second, 2)], "processing")
        .unwrap();
    shop.json(&["sync"]);
    let name = format!("woo:{id}");
    let round = Round::start(&shop, &name);
    round.take(&format!("{first} at main"), 1);
    round.take(&format!("{second} at main"), 2);
    round.finish();
    pack(&shop, &format!("box {name}"));
    pack(&shop, &format!("item {name} 1 {first}"));
    pack(&shop, &format!("item {name} 1 {second} --units 2"));
    pack(&shop, &format!("finish {name}"));
    sandbox.woo().edit_line(id, 0, 0).unwrap();
    shop.json(&["sync"]);
    let ship = format!("ship {name} --carrier UPS --tracking 1Z");
    refused(
        &shop,
        &ship,
        &[&format!("{name} wants 0 of {first}, and 1 is packed")],
    );
    shop.must_be_sound();
    pack(&shop, &format!("reopen {name}"));
    pack(&shop, &format!("undo {name} 1 {first}"));
    let bench = pack(&shop, &format!("finish {name}"));
    assert_eq!((&bench["packed"], &bench["left"]), (&2.into(), &0.into()));
    let shipped = pack(&shop, &ship);
    assert_eq!(
        (
            &shipped["shipments"][0]["units"],
            &shipped["shipments"][0]["left"]
        ),
        (&2.into(), &0.into())
    );
    assert_eq!(at(&shop, first, "packing"), (1, 0));
    shop.must_be_sound();
}

async fn an_order_is_cancelled_while_it_is_picked(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let sku = skus[0].as_str();
    let id = sandbox.woo().sell(&[(sku, 2)], "processing").unwrap();
    shop.json(&["sync"]);
    let name = format!("woo:{id}");
    let round = Round::start(&shop, &name);
    round.take(&format!("{sku} at main"), 2);
    sandbox.woo().set_order_status(id, "cancelled").unwrap();
    shop.json(&["sync"]);
    let warned = format!("{name}: cancelled: put its goods back");
    assert_eq!(pick(&shop, "list")["rows"][0]["warnings"][0], warned);
    // It comes to the bench all the same, where somebody puts its goods back.
    assert_eq!(round.finish()["tasks"][0]["state"], "picked");
    let listed = pack(&shop, "list");
    assert_eq!(
        listed["orders"][0]["may_not_leave"],
        "its status is cancelled"
    );
    let bench = pack(&shop, &format!("show {name}"));
    assert_eq!(bench["left"], 0);
    assert!(bench["too_much"].as_str().unwrap().contains("leave 2 of"));
    let released = pick(&shop, &format!("release {}", round.wave));
    assert_eq!(
        (&released["orders"][0], &released["at_packing"]),
        (&name.as_str().into(), &2.into())
    );
    assert_eq!(at(&shop, sku, "packing"), (2, 0));
    shop.must_be_sound();
}
