//! The shop hears of parcels: its status, a note and the numbers, each once, also where its
//! answer is lost or it is down.

use opsctl::sandbox::ups::Stage;
use opsctl::workflows::tell;
use serde_json::{Value, json};

use super::dock::Dock;
use crate::harness::{Shop, on_all_stores};
use crate::shelves::refused;
use crate::trading::keeps_its_own_stock;

on_all_stores!(
    the_shop_has_a_note_and_the_numbers_once,
    a_shop_that_is_down_hears_of_it_later,
    what_was_cancelled_since_the_last_sync_is_not_bought,
);

/// An order in the shop for one unit, read and reserved. Gives its id there.
fn an_order(dock: &Dock) -> u64 {
    let skus = dock.sandbox.woo().managed_skus();
    let sku = skus
        .iter()
        .find(|sku| keeps_its_own_stock(&dock.sandbox, sku))
        .unwrap();
    dock.shop.json(&["sync"]);
    let lot = format!("sku,lot,received_on,qty,unit_cost\n{sku},S1,2026-01-02,900,1.00\n");
    dock.shop.write("more.csv", &lot);
    dock.shop.json(&["receive", "more.csv"]);
    let id = dock.sandbox.woo().sell(&[(sku, 1)], "processing").unwrap();
    dock.shop.json(&["sync"]);
    id
}

fn ship(dock: &Dock, order: u64) -> Value {
    let order = format!("woo:{order}");
    dock.shop
        .json(&["ship", &order, "--package", "0.5kg:20x10x10cm"])
}

fn notes(dock: &Dock, order: u64, words: &str) -> usize {
    let notes = dock.sandbox.woo().notes(order);
    notes.iter().filter(|note| note.contains(words)).count()
}

async fn the_shop_has_a_note_and_the_numbers_once(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    let order = an_order(&dock);
    // The note is taken, and the answer to it is lost.
    dock.spoil("cut-after,method=POST,path=notes");
    let report = ship(&dock, order);
    let number = report["consignment"]["parcels"][0]["tracking"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut ctx = dock.after(0).await;
    ctx.clock =
        opsctl::context::Clock::Fixed(opsctl::context::Clock::System.now().plus_ms(3_600_000));
    tell::all(&ctx).await.unwrap();
    tell::all(&ctx).await.unwrap();
    assert_eq!(notes(&dock, order, &number), 1);
    let there = dock.sandbox.woo().order(order).unwrap();
    assert_eq!(there["status"], "completed");
    let metas = there["meta_data"].as_array().unwrap();
    let ours = metas
        .iter()
        .find(|meta| meta["key"] == "_opsctl_tracking")
        .unwrap();
    let value: serde_json::Value = serde_json::from_str(ours["value"].as_str().unwrap()).unwrap();
    assert_eq!(
        value,
        serde_json::json!([{ "carrier": "ups", "number": number }])
    );
    dock.ups().advance(None, Stage::Delivered);
    dock.shop.json(&["track", &number]);
    dock.shop.json(&["track", &number]);
    assert_eq!(notes(&dock, order, "Delivered by ups"), 1);
    dock.shop.must_be_sound();
}

async fn a_shop_that_is_down_hears_of_it_later(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    let order = an_order(&dock);
    dock.spoil("cut-before,path=wp-json,times=1000");
    let report = ship(&dock, order);
    assert_eq!(report["consignment"]["state"], "shipped");
    assert_eq!(
        report["shop_waits"].as_array().unwrap().len(),
        2,
        "{report}"
    );
    dock.sandbox.faults().clear();
    let mut ctx = dock.after(0).await;
    ctx.clock =
        opsctl::context::Clock::Fixed(opsctl::context::Clock::System.now().plus_ms(3_600_000));
    tell::all(&ctx).await.unwrap();
    assert_eq!(notes(&dock, order, "Shipped with ups"), 1);
    assert_eq!(
        dock.sandbox.woo().order(order).unwrap()["status"],
        "completed"
    );
}

async fn what_was_cancelled_since_the_last_sync_is_not_bought(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    let order = an_order(&dock);
    let name = format!("woo:{order}");
    let ship = ["ship", &name, "--package", "0.5kg:20x10x10cm"];
    let woo = dock.sandbox.woo();
    woo.set_order_status(order, "cancelled").unwrap();
    let told = ["in the shop its status is cancelled", "opsctl sync"];
    refused(&dock.shop, &ship, 1, &told);
    assert_eq!(dock.ups().counts().bought, 0);
    assert_eq!(dock.shop.json(&["ship", "list"])["consignments"], json!([]));
    // A shop that does not say holds nothing up.
    woo.set_order_status(order, "processing").unwrap();
    dock.spoil("cut-before,path=orders,times=99");
    let sent = dock.shop.json(&ship);
    assert_eq!(sent["consignment"]["state"], "shipped");
    assert_eq!(dock.ups().counts().bought, 1);
}
