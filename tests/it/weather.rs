//! Bad weather: whatever the shop or the network does to a run, nothing is lost and nothing
//! doubled, the reader is told, and the next run mends it.

use std::time::Duration;

use opsctl::sandbox::faults::{Fault, Rule};
use serde_json::json;

use crate::harness::{Kind, Shop, on_all_stores};
use crate::trade::{Told, Trade};

on_all_stores!(
    a_batch_without_a_clear_answer_is_read_before_it_is_written_again,
    a_bad_product_stops_no_other_and_is_read_again_until_it_is_mended,
    a_bad_order_stops_no_other_and_is_read_again_until_it_is_mended,
    an_item_that_comes_twice_is_taken_in_once,
    a_value_longer_than_any_column_stops_no_other,
);

async fn trade() -> Trade {
    Trade::open(Shop::new(Kind::Sqlite).await).await
}

/// The run is not bothered by it.
async fn passes(rule: &str) -> Told {
    let trade = trade().await;
    trade.spoil(rule);
    let told = trade.sync(0);
    trade.agrees().await;
    trade.mends().await;
    told
}

/// The run fails with this code and these words; the next one mends it.
async fn fails(rule: &str, code: i32, words: &[&str]) -> Told {
    let trade = trade().await;
    trade.spoil(rule);
    let told = trade.sync(code);
    told.says(words);
    trade.mends().await;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_asks_for_a_second_gets_it() {
    let told = passes("429:1,method=GET,path=orders").await;
    assert!(told.took >= Duration::from_secs(1), "{:?}", told.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_refused_for_now_is_written_within_the_run() {
    passes("429:1,method=POST,path=batch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_asks_for_longer_than_that_is_left_alone() {
    let words = [
        "woo refuses more requests for now (429)",
        "hint: try again in 120 s",
    ];
    let told = fails("429:120,times=1000", 75, &words).await;
    assert!(told.took < Duration::from_secs(5), "{:?}", told.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patience_ends() {
    let words = [
        "woo refuses more requests for now (429)",
        "hint: try again in 1 s",
    ];
    fails("429:1,times=1000", 75, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_refuses_writes_alone_fails_in_part() {
    let words = ["failed, the next run tries again: quantities", "(429)"];
    fails("429:120,method=POST,path=batch,times=1000", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_goes_on_failing_is_left_for_later() {
    let words = [
        "the shop woo answered 500: There has been a critical error",
        "hint: ",
    ];
    fails("500,method=GET,path=orders,times=1000", 75, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_failed_once_is_asked_again() {
    passes("500,method=GET,path=products").await;
    passes("500-bare,method=GET,path=variations").await;
    passes("503,method=GET,path=orders").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_was_cut_is_asked_again() {
    for cut in ["cut-before", "cut-after", "cut-mid-body"] {
        passes(&format!("{cut},method=GET,path=products")).await;
        passes(&format!("{cut},method=GET,path=orders,skip=1")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_for_people_is_told_from_an_answer() {
    let words = ["woo answered 200 with", "maintenance", "hint:"];
    fails("html,method=GET,path=products", 1, &words).await;
    fails("html,method=GET,path=orders", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_ends_too_soon_is_not_believed() {
    let words = ["woo answered 200 with", "hint:"];
    fails("truncated-json,method=GET,path=products", 1, &words).await;
    fails("truncated-json,method=GET,path=orders", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quantity_beyond_reason_is_reported() {
    let words = ["failed, the next run tries again: items 1: stock_quantity:"];
    fails(
        "field:stock_quantity=1e30,method=GET,path=products?",
        1,
        &words,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_quantity_is_reported() {
    let words = ["failed, the next run tries again: items 1: stock_quantity:"];
    fails(
        "field:stock_quantity=null,method=GET,path=products?",
        1,
        &words,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quantity_beyond_reason_read_before_writing_is_not_written_over() {
    let words = ["failed, the next run tries again: item "];
    fails(
        "field:stock_quantity=1e30,method=GET,path=include=",
        1,
        &words,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_that_came_as_nothing_is_not_lost() {
    let words = ["failed, the next run tries again: items"];
    fails("null-item,method=GET,path=products?", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_whose_id_is_unreadable_is_not_lost() {
    let words = ["failed, the next run tries again: items"];
    fails("field:id=none,method=GET,path=products?", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variation_that_came_as_nothing_is_not_lost() {
    let words = ["failed, the next run tries again: items"];
    fails("null-item,method=GET,path=/variations?", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_came_as_nothing_is_not_lost() {
    let words = ["failed, the next run tries again: orders"];
    fails("null-item,method=GET,path=orders?", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_id_is_unreadable_is_not_lost() {
    let words = ["failed, the next run tries again: orders"];
    fails("field:id=none,method=GET,path=orders?", 1, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_that_are_too_small_hide_no_page() {
    let trade = Trade::of_size(Shop::new(Kind::Sqlite).await, 160).await;
    trade.spoil("wrong-totals:1,method=GET,path=products?,times=1000");
    trade.sync(0);
    trade.agrees().await;
    trade.mends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_that_are_too_large_are_not_read_to_their_end() {
    let trade = trade().await;
    trade.spoil("wrong-totals:300,method=GET,times=100000");
    trade.sync(0);
    trade.agrees().await;
    let counts = trade.sandbox.woo().counts();
    assert!(counts.reads < 40, "{:?}", counts.by_call);
    trade.mends().await;
}

/// The batch was done, in part, or not at all: only the shop knows. The next run asks it,
/// and writes what is missing.
async fn a_batch_without_a_clear_answer_is_read_before_it_is_written_again(shop: Shop) {
    let trade = Trade::open(shop).await;
    let faults = [
        "500",
        "cut-before",
        "cut-after",
        "cut-mid-body",
        "truncated-json",
        "html",
    ];
    for fault in faults {
        trade.find_one_more(&trade.skus[0]);
        trade.sandbox.woo().forget_calls();
        trade.spoil(&format!("{fault},method=POST,path=products/batch"));
        let told = trade.sync(1);
        told.says(&["failed, the next run tries again: quantities from item"]);
        let written = trade.sandbox.woo().counts().of("POST products/batch");
        assert_eq!(written, 1, "{fault}: not written twice in one run");
        trade.sandbox.faults().clear();
        trade.sandbox.woo().forget_calls();
        trade.sync(0);
        let log = trade.sandbox.woo().log();
        let at = |test: &dyn Fn(&str, &str) -> bool| {
            log.iter()
                .position(|call| test(&call.method, &format!("{}?{}", call.path, call.query)))
        };
        let read = at(&|method, target| method == "GET" && target.contains("include="));
        let write = at(&|method, target| method == "POST" && target.contains("batch"));
        assert!(
            write.is_none() || read < write,
            "{fault}: {read:?} {write:?}"
        );
        trade.agrees().await;
    }
    trade.mends().await;
}

async fn a_bad_product_stops_no_other_and_is_read_again_until_it_is_mended(shop: Shop) {
    let trade = Trade::open(shop).await;
    trade.spoil("field:stock_quantity=1e30,method=GET,path=products?");
    trade.spoil("field:stock_quantity=1e30,method=GET,path=products/1?,times=1000");
    for _ in 0..2 {
        trade.sync(1).says(&["items 1: ", "stock_quantity: "]);
        assert_eq!(trade.count("sync_retries").await, 1);
    }
    let woo = trade.sandbox.woo();
    assert_eq!(trade.count("orders").await, woo.order_ids().len() as i64);
    let listed = trade.shop.json(&["stock", "list"]);
    for row in listed["rows"].as_array().unwrap() {
        let sku = row["sku"].as_str().unwrap();
        if sku != "SB-000001" && trade.skus.iter().any(|own| own == sku) {
            assert_eq!(woo.quantity(sku), row["sellable"].as_i64(), "{sku}");
        }
    }
    trade.mends().await;
}

async fn a_bad_order_stops_no_other_and_is_read_again_until_it_is_mended(shop: Shop) {
    let trade = Trade::open(shop).await;
    let woo = trade.sandbox.woo();
    let first = woo.order_ids()[0];
    trade.spoil("field:total=plenty,method=GET,path=orders?");
    trade.spoil(&format!(
        "field:total=plenty,method=GET,path=orders/{first}?,times=1000"
    ));
    for _ in 0..2 {
        trade
            .sync(1)
            .says(&[&format!("orders {first}: "), "total: "]);
        assert_eq!(trade.count("sync_retries").await, 1);
        assert_eq!(
            trade.count("orders").await,
            woo.order_ids().len() as i64 - 1
        );
    }
    trade.mends().await;
}

async fn an_item_that_comes_twice_is_taken_in_once(shop: Shop) {
    let trade = Trade::open(shop).await;
    trade.spoil("duplicate-item,method=GET,path=products?");
    trade.spoil("duplicate-item,method=GET,path=/variations?");
    trade.spoil("duplicate-item,method=GET,path=orders?");
    trade.sync(0);
    trade.agrees().await;
    let sku = trade.skus[0].as_str();
    trade.sandbox.woo().sell(&[(sku, 2)], "processing").unwrap();
    trade.spoil("duplicate-item,method=GET,path=orders?,times=2");
    trade.sync(0);
    trade.agrees().await;
    trade.mends().await;
}

/// A run may take such an item in or report it; it does not end there.
async fn a_value_longer_than_any_column_stops_no_other(shop: Shop) {
    let trade = Trade::open(shop).await;
    trade.sync(0);
    // Past the overlap, so that only what is sold now is read.
    trade.sandbox.clock().advance(600);
    let woo = trade.sandbox.woo();
    let long = "x".repeat(300);
    for (path, field, value) in [
        ("products?", "name", json!("x".repeat(10_240))),
        ("products?", "sku", json!(long)),
        ("products?", "brands", json!([{"name": long}])),
        ("orders?", "number", json!(long)),
        ("orders?", "payment_method", json!(long)),
    ] {
        let name = field.to_owned();
        let rule = Rule::new(Fault::Field { name, value });
        trade.sandbox.faults().inject(rule.on("GET", path));
        // The first product is the one spoiled; what is sold is another.
        woo.set_stock(&trade.skus[0], 3).unwrap();
        let sku = trade.skus[1].as_str();
        let orders = [1, 2].map(|units| woo.sell(&[(sku, units)], "processing").unwrap());
        let output = trade.shop.run(&["sync"]);
        let told = Told::by(&output, Duration::ZERO);
        assert!(
            !told.text.contains("error: "),
            "long {field}: {}",
            told.text
        );
        trade
            .shop
            .json(&["orders", "show", &format!("woo:{}", orders[1])]);
        trade.mends().await;
        trade.sandbox.clock().advance(600);
    }
}
