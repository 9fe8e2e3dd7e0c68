//! Reserving: who gets what, said the same by the plan, the run and the explanation.

use opsctl::workflows::{orders, receive, reserve, stock};

use crate::harness::{Shop, on_all_stores};

const LOTS: &str = "sku,lot,received_on,qty,unit_cost\n\
    A,L2,2026-01-03,3,1.50\nA,L1,2026-01-02,2,1.333333\nB,L1,2026-01-02,1,\n";
const ORDERS: &str = "order,placed_at,sku,qty,unit_price\n\
    1002,2026-02-02,A,3,9.99\n1001,2026-02-01,A,3,9.99\n1001,2026-02-01,B,2,1.00\n";

async fn stocked(shop: &Shop) {
    let ctx = shop.context("setup").await;
    let options = receive::Options {
        new_products: true,
        ..receive::Options::default()
    };
    receive::run(&ctx, &shop.write("lots.csv", LOTS), &options)
        .await
        .unwrap();
    orders::import(&ctx, &shop.write("orders.csv", ORDERS), None, false)
        .await
        .unwrap();
}

on_all_stores!(
    the_oldest_order_gets_the_oldest_lot,
    a_dry_run_prints_what_a_run_does_and_changes_nothing,
    a_second_run_changes_nothing,
    whole_orders_take_everything_or_nothing,
    a_removed_unit_releases_the_newest_promise,
    a_kept_buffer_is_not_promised,
);

async fn the_oldest_order_gets_the_oldest_lot(shop: Shop) {
    stocked(&shop).await;
    let ctx = shop.context("r1").await;
    let report = reserve::run(&ctx, false).await.unwrap();
    assert_eq!((report.lines_reserved, report.units_reserved), (3, 6));
    assert_eq!((report.lines_backordered, report.units_backordered), (2, 2));
    let order = orders::the_one(&ctx, "1001").await.unwrap();
    let told = reserve::explain(&ctx, &order).await.unwrap();
    let serves: Vec<(String, i64)> = told.demands[0]
        .lots
        .iter()
        .map(|l| (l.lot.clone(), l.serves))
        .collect();
    assert_eq!(serves, [("L1".to_owned(), 2), ("L2".to_owned(), 1)]);
    shop.must_be_sound();
}

async fn a_dry_run_prints_what_a_run_does_and_changes_nothing(shop: Shop) {
    stocked(&shop).await;
    let ctx = shop.context("r1").await;
    let planned = reserve::run(&ctx, true).await.unwrap();
    assert_eq!(stock::show(&ctx, "A").await.unwrap().totals.reserved, 0);
    let done = reserve::run(&ctx, false).await.unwrap();
    assert_eq!(planned.backorders, done.backorders);
    let mut stored: Vec<(String, String, String, i64)> = Vec::new();
    let export = shop.run(&["export", "reservations", "--format", "jsonl"]);
    for line in String::from_utf8(export.stdout).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        stored.push((
            text("order"),
            text("sku"),
            text("lot"),
            row["quantity"].as_i64().unwrap(),
        ));
    }
    let mut plan: Vec<(String, String, String, i64)> = planned
        .plan
        .into_iter()
        .map(|s| (s.order, s.sku, s.lot, s.qty))
        .collect();
    stored.sort();
    plan.sort();
    assert_eq!(plan, stored);
}

async fn a_second_run_changes_nothing(shop: Shop) {
    stocked(&shop).await;
    let ctx = shop.context("r1").await;
    let first = reserve::run(&ctx, false).await.unwrap();
    let second = reserve::run(&ctx, false).await.unwrap();
    assert_eq!(
        (
            second.lines_reserved,
            second.units_reserved,
            second.released
        ),
        (0, 0, 0)
    );
    assert_eq!(second.backorders, first.backorders);
}

async fn whole_orders_take_everything_or_nothing(shop: Shop) {
    stocked(&shop).await;
    let partial = shop.context("r1").await;
    reserve::run(&partial, false).await.unwrap();
    let whole = shop
        .context_with("r2", "[reserve]\npolicy = \"whole-order\"\n")
        .await;
    let report = reserve::run(&whole, false).await.unwrap();
    // 1001 lacks a B, so it gives its As back, and 1002 is served whole.
    assert_eq!(
        (
            report.lines_reserved,
            report.units_reserved,
            report.released
        ),
        (1, 1, 4)
    );
    let order = orders::the_one(&whole, "1002").await.unwrap();
    assert_eq!((order.wanted, order.reserved), (3, 3));
    let again = reserve::run(&whole, false).await.unwrap();
    assert_eq!((again.lines_reserved, again.released), (0, 0));
    shop.must_be_sound();
}

async fn a_removed_unit_releases_the_newest_promise(shop: Shop) {
    stocked(&shop).await;
    let ctx = shop.context("r1").await;
    reserve::run(&ctx, false).await.unwrap();
    let adjustment = stock::Adjustment {
        sku: "A".to_owned(),
        by: -2,
        reason: "damaged",
        reference: Some("broken pallet".to_owned()),
        serials: Vec::new(),
        dry_run: false,
    };
    let adjusted = stock::adjust(&ctx, &adjustment).await.unwrap();
    assert_eq!((adjusted.on_hand, adjusted.released), (3, 2));
    let older = orders::the_one(&ctx, "1001").await.unwrap();
    let younger = orders::the_one(&ctx, "1002").await.unwrap();
    assert_eq!((older.reserved, younger.reserved), (4, 0));
    let again = stock::adjust(&ctx, &adjustment).await.unwrap();
    assert!(again.applied_before.is_some());
    assert_eq!(stock::show(&ctx, "A").await.unwrap().totals.on_hand, 3);
    shop.must_be_sound();
}

async fn a_kept_buffer_is_not_promised(shop: Shop) {
    stocked(&shop).await;
    let ctx = shop
        .context_with("r1", "[stock]\nbuffer = 1\n[reserve]\nkeep_buffer = true\n")
        .await;
    let report = reserve::run(&ctx, false).await.unwrap();
    assert_eq!(report.units_reserved, 4);
    assert_eq!(stock::show(&ctx, "A").await.unwrap().totals.reserved, 4);
}
