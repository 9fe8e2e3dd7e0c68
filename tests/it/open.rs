//! A running shop is taken over: what lies on the shelf, at one moment.

use std::collections::HashMap;

use opsctl::config::{Channel, WooCommerce};
use opsctl::context::Context;
use opsctl::sandbox::Sandbox;
use opsctl::workflows::{open, reserve, stock, sync};

use crate::harness::{Shop, on_all_stores};
use crate::trading::{agreed, beside, keeps_its_own_stock};

on_all_stores!(
    the_opening_is_the_shops_quantity_plus_what_its_orders_took_off,
    a_shop_that_goes_on_selling_is_taken_over_at_one_moment,
    a_shop_is_taken_over_once_and_a_rehearsal_takes_nothing,
    costs_come_by_file,
);

fn woo(ctx: &Context) -> &WooCommerce {
    let Channel::WooCommerce(shop) = &ctx.tenant.channels["woo"];
    shop
}

async fn take_over(ctx: &Context, options: &open::Options) -> open::Report {
    open::run(ctx, "woo", woo(ctx), options).await.unwrap()
}

/// What lies on the shop's shelves by its own account: quantities, and what orders that
/// have not been sent have taken off; by the SKU whose stock it is.
fn shelf(sandbox: &Sandbox) -> HashMap<String, i64> {
    let woo = sandbox.woo();
    let mut units: HashMap<String, i64> = HashMap::new();
    let holder = |id: u64| {
        let item = woo.product(id).unwrap();
        if item["manage_stock"] == "parent" {
            woo.product(item["parent_id"].as_u64().unwrap()).unwrap()
        } else {
            item
        }
    };
    let name = |item: &serde_json::Value| match item["sku"].as_str() {
        Some("") | None => format!("woo-{}", item["id"]),
        Some(sku) => sku.to_owned(),
    };
    for sku in woo.managed_skus() {
        let item = holder(woo.id_of(&sku).unwrap());
        units.insert(name(&item), item["stock_quantity"].as_i64().unwrap());
    }
    for id in woo.order_ids() {
        let order = woo.order(id).unwrap();
        if !["processing", "on-hold"].contains(&order["status"].as_str().unwrap()) {
            continue;
        }
        for line in order["line_items"].as_array().unwrap() {
            let reduced = line["meta_data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|meta| meta["key"] == "_reduced_stock")
                .map(|meta| {
                    meta["value"]
                        .to_string()
                        .trim_matches('"')
                        .parse::<i64>()
                        .unwrap()
                });
            let id = match line["variation_id"].as_u64() {
                Some(0) | None => line["product_id"].as_u64().unwrap(),
                Some(id) => id,
            };
            if let Some(reduced) = reduced {
                *units.entry(name(&holder(id))).or_default() += reduced;
            }
        }
    }
    units
}

async fn the_opening_is_the_shops_quantity_plus_what_its_orders_took_off(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 300).await;
    let expected = shelf(&sandbox);
    let report = take_over(&ctx, &open::Options::default()).await;
    assert_eq!(report.skipped, []);
    for row in &report.rows {
        assert_eq!(row.opening, row.in_shop + row.taken_off);
        if let Some(units) = expected.get(&row.sku) {
            assert_eq!(row.opening, *units, "{}", row.sku);
        }
    }
    let known = |sku: &&String| report.rows.iter().any(|row| row.sku == **sku);
    assert_eq!(expected.keys().filter(known).count(), expected.len());
    assert!(report.rows.iter().map(|row| row.taken_off).sum::<i64>() > 10);
    for (row, _) in stock::list(&ctx).await.unwrap() {
        assert_eq!(
            row.on_hand,
            expected.get(&row.sku).copied().unwrap_or(row.on_hand)
        );
    }
    // Reserved, it is what the shop already says: nothing is to be written.
    reserve::run(&ctx, false).await.unwrap();
    let synced = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert_eq!(synced.channels[0].pushed, 0);
    let oversold: i64 = report.rows.iter().map(|row| -row.in_shop.min(0)).sum();
    assert_eq!(synced.channels[0].units_backordered, oversold);
    shop.must_be_sound();
}

async fn a_shop_that_goes_on_selling_is_taken_over_at_one_moment(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 300).await;
    let expected = shelf(&sandbox);
    let woo = sandbox.woo();
    let skus = woo.managed_skus();
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let till = {
        let (woo, skus, done) = (woo.clone(), skus.clone(), done.clone());
        tokio::spawn(async move {
            let mut sold = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) && sold < 60 {
                let sku = &skus[sold * 7 % skus.len()];
                woo.sell(&[(sku.as_str(), 1)], "processing").unwrap();
                sold += 1;
                // The pace of the customers; nothing is waited for.
                tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            }
            sold
        })
    };
    let report = take_over(&ctx, &open::Options::default()).await;
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(till.await.unwrap() > 3);
    for row in &report.rows {
        if let Some(units) = expected.get(&row.sku) {
            assert_eq!(row.opening, *units, "{}", row.sku);
        }
    }
    let synced = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert!(synced.is_whole());
    // What had nothing on the shelf is never written to the shop.
    let has_lots = |sku: &String| {
        keeps_its_own_stock(&sandbox, sku) && expected.get(sku).is_some_and(|units| *units > 0)
    };
    let own: Vec<String> = skus.into_iter().filter(has_lots).collect();
    agreed(&sandbox, &ctx, &own).await;
    shop.must_be_sound();
}

async fn a_shop_is_taken_over_once_and_a_rehearsal_takes_nothing(shop: Shop) {
    let (_sandbox, ctx) = beside(&shop, 100).await;
    let dry = open::Options {
        dry_run: true,
        ..open::Options::default()
    };
    let plan = take_over(&ctx, &dry).await;
    assert!(stock::list(&ctx).await.unwrap().is_empty());
    let done = take_over(&ctx, &open::Options::default()).await;
    assert_eq!((plan.units, plan.rows), (done.units, done.rows));
    let again = take_over(&ctx, &open::Options::default()).await;
    assert!(again.applied_before.is_some());
    assert_eq!(again.lots, 0);
    shop.must_be_sound();
}

async fn costs_come_by_file(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 100).await;
    let own = |sku: &String| {
        keeps_its_own_stock(&sandbox, sku) && sandbox.woo().quantity(sku).unwrap() > 0
    };
    let skus: Vec<String> = sandbox
        .woo()
        .managed_skus()
        .into_iter()
        .filter(own)
        .collect();
    let text = format!(
        "sku,unit_cost\n{},2.505\n{},NaN\nNOWHERE,1\n",
        skus[0], skus[1]
    );
    let file = shop.write("costs.csv", &text);
    let options = open::Options {
        costs: Some(file.clone()),
        ..open::Options::default()
    };
    let refused = open::run(&ctx, "woo", woo(&ctx), &options)
        .await
        .unwrap_err();
    let words = format!("{refused:#}");
    assert!(words.contains("line 3, column unit_cost"), "{words}");
    assert!(words.contains("line 4, column sku: unknown SKU"), "{words}");
    assert!(
        !stock::list(&ctx)
            .await
            .unwrap()
            .iter()
            .any(|(row, _)| row.on_hand > 0)
    );
    shop.write("costs.csv", &format!("sku,unit_cost\n{},2.505\n", skus[0]));
    let report = take_over(&ctx, &options).await;
    let lots = stock::show(&ctx, &skus[0]).await.unwrap().lots;
    assert_eq!(lots.len(), 1);
    let exact = (2505 * lots[0].quantity + 5) / 10;
    assert_eq!(lots[0].cost_minor, Some(exact));
    assert_eq!(report.lots_without_cost, report.lots - 1);
    shop.must_be_sound();
}
