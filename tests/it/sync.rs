//! A shop and the store agree, also when the shop misbehaves.

use opsctl::context::Context;
use opsctl::sandbox::faults::{Fault, Rule};
use opsctl::sandbox::{Content, Options, Sandbox};
use opsctl::workflows::{orders, receive, stock, sync};

use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    a_sync_with_nothing_new_writes_nothing_and_reads_each_cursor_once,
    quantities_go_out_in_batches,
    a_cancelled_order_gives_its_units_back,
    a_completed_order_takes_its_units_out,
    a_shop_that_stumbles_loses_nothing,
);

/// A sandbox shop of 150 SKUs, with lots of every SKU whose stock it manages.
async fn trading(shop: &Shop) -> (Sandbox, Context, Vec<String>) {
    let plan = opsctl::sandbox::Plan { skus: 150, seed: 7 };
    let sandbox = Sandbox::start(Options {
        content: Content::Generated(plan),
        ..Options::default()
    })
    .await
    .unwrap();
    let (key, secret) = sandbox.woo().credentials();
    std::fs::create_dir_all(shop.path("secrets")).unwrap();
    let key = shop.write("secrets/key", &key);
    let secret = shop.write("secrets/secret", &secret);
    let channel = format!(
        "[channels.woo]\nkind = \"woocommerce\"\nurl = \"{}\"\nconsumer_key = \"file://{}\"\n\
         consumer_secret = \"file://{}\"\nrequests_per_second = 1000\n",
        sandbox.shop_url(),
        key.display(),
        secret.display()
    );
    let ctx = shop.context_with("s1", &channel).await;
    let whole = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert!(whole.is_whole(), "{:?}", whole.channels[0].failures);
    let skus: Vec<String> = sandbox
        .woo()
        .managed_skus()
        .into_iter()
        .filter(|sku| keeps_its_own_stock(&sandbox, sku))
        .collect();
    assert!(skus.len() > 50);
    let mut lots = String::from("sku,lot,received_on,qty,unit_cost\n");
    for sku in &skus {
        lots.push_str(&format!("{sku},L1,2026-01-02,1000,1.00\n"));
    }
    let options = receive::Options::default();
    receive::run(&ctx, &shop.write("lots.csv", &lots), &options)
        .await
        .unwrap();
    (sandbox, ctx, skus)
}

/// Whether a SKU's quantity is its own and not its parent's.
fn keeps_its_own_stock(sandbox: &Sandbox, sku: &str) -> bool {
    let shop = sandbox.woo();
    let item = shop.id_of(sku).and_then(|id| shop.product(id)).unwrap();
    item["manage_stock"] == true
}

/// Every quantity the shop states is what may be offered.
async fn agreed(sandbox: &Sandbox, ctx: &Context, skus: &[String]) {
    for (row, sellable) in stock::list(ctx).await.unwrap() {
        if skus.contains(&row.sku) {
            assert_eq!(
                sandbox.woo().quantity(&row.sku),
                Some(sellable),
                "{}",
                row.sku
            );
        }
    }
}

async fn a_sync_with_nothing_new_writes_nothing_and_reads_each_cursor_once(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    agreed(&sandbox, &ctx, &skus).await;
    // The pushes moved the shop's dates: once past the overlap there is nothing to read.
    sandbox.clock().advance(600);
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    sandbox.clock().advance(600);
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    sandbox.woo().forget_calls();
    let report = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert_eq!(
        report.channels[0].items_changed + report.channels[0].orders_changed,
        0
    );
    let counts = sandbox.woo().counts();
    assert_eq!(
        (counts.reads, counts.writes),
        (2, 0),
        "{:?}",
        counts.by_call
    );
    shop.must_be_sound();
}

async fn quantities_go_out_in_batches(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sandbox.woo().forget_calls();
    let report = sync::run(&ctx, sync::Options::default()).await.unwrap();
    let counts = sandbox.woo().counts();
    assert!(report.channels[0].pushed > 50);
    let simple = counts.of("POST products/batch");
    let variations = counts.of("POST products/{id}/variations/batch");
    assert_eq!(counts.writes, simple + variations);
    assert_eq!(counts.writes, report.channels[0].push_requests);
    assert!(
        simple <= 2,
        "{simple} batches for at most 150 simple products"
    );
    assert!(report.channels[0].exposure_seconds.is_some());
    agreed(&sandbox, &ctx, &skus).await;
}

async fn a_cancelled_order_gives_its_units_back(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    let id = sandbox
        .woo()
        .sell(&[(skus[0].as_str(), 3)], "processing")
        .unwrap();
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    let order = orders::the_one(&ctx, &format!("woo:{id}")).await.unwrap();
    assert_eq!((order.wanted, order.reserved), (3, 3));
    sandbox.woo().set_order_status(id, "cancelled").unwrap();
    let report = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert_eq!(report.channels[0].units_released, 3);
    let order = orders::the_one(&ctx, &format!("woo:{id}")).await.unwrap();
    assert_eq!((order.wanted, order.reserved), (0, 0));
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn a_completed_order_takes_its_units_out(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let before = stock::show(&ctx, &skus[0]).await.unwrap().totals.on_hand;
    let id = sandbox
        .woo()
        .sell(&[(skus[0].as_str(), 3)], "processing")
        .unwrap();
    sync::run(&ctx, sync::Options::default()).await.unwrap();
    sandbox.woo().set_order_status(id, "completed").unwrap();
    let report = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert_eq!(report.channels[0].units_shipped, 3);
    assert_eq!(
        stock::show(&ctx, &skus[0]).await.unwrap().totals.on_hand,
        before - 3
    );
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn a_shop_that_stumbles_loses_nothing(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sandbox
        .faults()
        .inject(Rule::new(Fault::CutAfter).on("POST", "batch").times(1));
    let stumbled = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert!(!stumbled.is_whole());
    let mended = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert!(mended.is_whole(), "{:?}", mended.channels[0].failures);
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}
