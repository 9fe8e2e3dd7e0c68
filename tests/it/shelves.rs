//! A shop with bins, and what happens on its shelves, in few words.

use opsctl::domain::time::UtcMs;
use opsctl::store::orders as stored;
use opsctl::workflows::dispatch::{self, Item, Parcel};
use opsctl::workflows::orders;
use serde_json::Value;

use crate::harness::Shop;

/// Puts lots on stock: rows of sku,lot,received_on,qty,total_cost,location.
pub fn receive(shop: &Shop, rows: &str) {
    let name = format!("lots-{}.csv", uuid::Uuid::new_v4().simple());
    let columns = "sku,lot,received_on,qty,total_cost,location";
    shop.write(&name, &format!("{columns}\n{rows}"));
    shop.json(&["receive", &name, "--new-products"]);
}

/// Takes orders in and reserves for them: rows of order,placed_at,sku,qty.
pub fn order(shop: &Shop, rows: &str) {
    let name = format!("orders-{}.csv", uuid::Uuid::new_v4().simple());
    shop.write(&name, &format!("order,placed_at,sku,qty\n{rows}"));
    shop.json(&["orders", "import", &name]);
    shop.json(&["reserve"]);
}

/// Lets an order leave whole.
pub async fn dispatch(shop: &Shop, number: &str) {
    let mut ctx = shop.context(&format!("dispatch {number}")).await;
    ctx.clock = opsctl::context::Clock::System;
    let order = orders::the_one(&ctx, number).await.unwrap().id;
    let mut tx = ctx.store.allocate().await.unwrap();
    let demands = stored::demands(&mut tx, order).await.unwrap().into_iter();
    let parcel = Parcel {
        order,
        items: demands
            .map(|demand| Item {
                units: demand.quantity,
                demand,
                lots: Vec::new(),
                from: None,
            })
            .collect(),
        source: "manual",
        carrier: "",
        tracking: "",
        shipped_at: UtcMs(ctx.clock.now().0),
    };
    dispatch::run(&mut tx, &ctx.stamp(), &parcel).await.unwrap();
    ctx.store.commit(tx).await.unwrap();
}

/// Runs the binary, which must refuse with this code and these words.
pub fn refused(shop: &Shop, args: &[&str], code: i32, parts: &[&str]) {
    let output = shop.run(args);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {words}");
    for part in parts {
        assert!(words.contains(part), "{part} is not in:\n{words}");
    }
}

/// Where a product lies: lot, location, on hand, reserved; of what is not used up.
pub fn lies(shop: &Shop, sku: &str) -> Vec<(String, String, i64, i64)> {
    let shown = shop.json(&["stock", "show", sku]);
    let lots = shown["lots"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_i64().unwrap();
    let lot = |l: &Value| {
        (
            text(&l["lot"]),
            text(&l["location"]),
            number(&l["on_hand"]),
            number(&l["reserved"]),
        )
    };
    lots.iter().map(lot).filter(|l| l.2 > 0).collect()
}

/// The same as text: `L1 at A-1: 3 (2)`.
pub fn shelf(shop: &Shop, sku: &str) -> Vec<String> {
    let lot = |(lot, at, on_hand, reserved)| format!("{lot} at {at}: {on_hand} ({reserved})");
    lies(shop, sku).into_iter().map(lot).collect()
}

/// Units that orders hold, by order number.
pub fn held(shop: &Shop) -> Vec<String> {
    let output = shop.run(&["export", "reservations", "--format", "jsonl"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text
        .lines()
        .map(|row| serde_json::from_str::<Value>(row).unwrap());
    let mut held: Vec<String> = rows
        .map(|row| {
            let word = |name: &str| row[name].as_str().unwrap().to_owned();
            format!(
                "{} {} of {} at {}",
                word("order"),
                row["quantity"],
                word("lot"),
                word("location")
            )
        })
        .collect();
    held.sort();
    held
}

/// How many rows of moves and events there are: a rerun adds none.
pub fn told(shop: &Shop) -> usize {
    let lines = |args: &[&str]| {
        String::from_utf8(shop.run(args).stdout)
            .unwrap()
            .lines()
            .count()
    };
    lines(&["export", "stock_moves", "--format", "jsonl"])
        + lines(&["events", "--json", "--limit", "100000"])
}
