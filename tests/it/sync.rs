//! A shop and the store agree, also when the shop misbehaves.

use opsctl::context::Context;
use opsctl::sandbox::faults::{Fault, Rule};
use opsctl::store::{kits, products};
use opsctl::workflows::{orders, receive, stock, sync};

use crate::harness::{Shop, on_all_stores};
use crate::trading::{agreed, beside, trading};

on_all_stores!(
    a_sync_with_nothing_new_writes_nothing_and_reads_each_cursor_once,
    quantities_go_out_in_batches,
    a_cancelled_order_gives_its_units_back,
    a_completed_order_takes_its_units_out,
    a_shop_that_stumbles_loses_nothing,
    an_order_placed_and_completed_between_two_syncs_leaves_stock,
    an_order_completed_before_the_first_look_stays_past_when_it_is_edited,
    edits_and_refunds_change_what_is_wanted,
    a_rehearsal_tells_what_a_run_then_does,
    a_full_sync_finds_what_no_date_tells,
    a_kit_is_offered_as_often_as_its_components_make_it,
    a_sku_that_is_renamed_in_the_shop_keeps_its_stock,
    what_the_shop_has_no_more_is_written_no_more,
    a_sku_that_goes_to_another_item_at_once_takes_no_stock_along,
    what_left_short_is_not_taken_from_what_came_in_since,
    another_shop_is_not_taken_for_the_same_channel,
    a_transaction_named_later_is_no_second_payment,
);

/// Syncs, and gives the report of the one channel.
async fn sync(ctx: &Context) -> sync::ChannelReport {
    let report = sync::run(ctx, sync::Options::default()).await.unwrap();
    report.channels.into_iter().next().unwrap()
}

async fn a_sync_with_nothing_new_writes_nothing_and_reads_each_cursor_once(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync(&ctx).await;
    agreed(&sandbox, &ctx, &skus).await;
    // The pushes moved the shop's dates: once past the overlap there is nothing to read.
    sandbox.clock().advance(600);
    sync(&ctx).await;
    sandbox.clock().advance(600);
    sync(&ctx).await;
    sandbox.woo().forget_calls();
    let report = sync(&ctx).await;
    assert_eq!(report.items_changed + report.orders_changed, 0);
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
    let report = sync(&ctx).await;
    let counts = sandbox.woo().counts();
    assert!(report.pushed > 50);
    let simple = counts.of("POST products/batch");
    let variations = counts.of("POST products/{id}/variations/batch");
    assert_eq!(counts.writes, simple + variations);
    assert_eq!(counts.writes, report.push_requests);
    assert!(
        simple <= 2,
        "{simple} batches for at most 150 simple products"
    );
    assert!(report.exposure_seconds.is_some());
    agreed(&sandbox, &ctx, &skus).await;
}

async fn a_cancelled_order_gives_its_units_back(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync(&ctx).await;
    let id = sandbox
        .woo()
        .sell(&[(skus[0].as_str(), 3)], "processing")
        .unwrap();
    sync(&ctx).await;
    let order = orders::the_one(&ctx, &format!("woo:{id}")).await.unwrap();
    assert_eq!((order.wanted, order.reserved), (3, 3));
    sandbox.woo().set_order_status(id, "cancelled").unwrap();
    let report = sync(&ctx).await;
    assert_eq!(report.units_released, 3);
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
    sync(&ctx).await;
    sandbox.woo().set_order_status(id, "completed").unwrap();
    let report = sync(&ctx).await;
    assert_eq!(report.units_shipped, 3);
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
    let stumbled = sync(&ctx).await;
    assert_eq!(stumbled.failures.len(), 1);
    let mended = sync(&ctx).await;
    assert_eq!(mended.failures, Vec::<String>::new());
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn on_hand(ctx: &Context, sku: &str) -> i64 {
    stock::show(ctx, sku).await.unwrap().totals.on_hand
}

async fn an_order_placed_and_completed_between_two_syncs_leaves_stock(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let id = sandbox
        .woo()
        .sell(&[(skus[0].as_str(), 3)], "processing")
        .unwrap();
    sandbox.clock().advance(60);
    sandbox.woo().set_order_status(id, "completed").unwrap();
    let report = sync(&ctx).await;
    assert_eq!(report.units_shipped, 3);
    assert_eq!(on_hand(&ctx, &skus[0]).await, 997);
    sync(&ctx).await;
    assert_eq!(on_hand(&ctx, &skus[0]).await, 997);
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn an_order_completed_before_the_first_look_stays_past_when_it_is_edited(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 150).await;
    let sku = sandbox.woo().managed_skus()[0].clone();
    let id = sandbox
        .woo()
        .sell(&[(sku.as_str(), 2)], "completed")
        .unwrap();
    sandbox.clock().advance(5);
    sync(&ctx).await;
    let lots = format!("sku,lot,received_on,qty\n{sku},L1,2026-01-02,10\n");
    let file = shop.write("lots.csv", &lots);
    receive::run(&ctx, &file, &receive::Options::default())
        .await
        .unwrap();
    sandbox.clock().advance(600);
    sandbox.woo().refund(id, &[(0, 1)], false).unwrap();
    let report = sync(&ctx).await;
    assert_eq!((report.orders_changed, report.units_shipped), (1, 0));
    assert_eq!(on_hand(&ctx, &sku).await, 10);
    shop.must_be_sound();
}

async fn edits_and_refunds_change_what_is_wanted(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let woo = sandbox.woo();
    let lines = [(skus[0].as_str(), 5), (skus[1].as_str(), 2)];
    let id = woo.sell(&lines, "on-hold").unwrap();
    sync(&ctx).await;
    let reference = format!("woo:{id}");
    let look = async || {
        let order = orders::the_one(&ctx, &reference).await.unwrap();
        (order.wanted, order.reserved, order.holds)
    };
    assert_eq!(look().await, (7, 7, Some("payment".to_owned())));
    woo.set_order_status(id, "processing").unwrap();
    woo.edit_line(id, 0, 4).unwrap();
    sync(&ctx).await;
    assert_eq!(look().await, (6, 6, None));
    woo.refund(id, &[(0, 1)], true).unwrap();
    sync(&ctx).await;
    assert_eq!(look().await, (5, 5, None));
    woo.refund(id, &[(1, 2)], false).unwrap();
    sync(&ctx).await;
    assert_eq!(look().await, (3, 3, None));
    let shown = orders::show(&ctx, &reference).await.unwrap();
    assert_eq!(shown.refunds.len(), 2);
    // A unit that was refunded and not put back is still ours to offer: it was reserved, and
    // nothing here says that it is gone.
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn a_rehearsal_tells_what_a_run_then_does(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync(&ctx).await;
    sandbox
        .woo()
        .sell(&[(skus[3].as_str(), 3)], "processing")
        .unwrap();
    sandbox.woo().set_stock(&skus[5], 7).unwrap();
    sandbox.woo().forget_calls();
    let options = sync::Options {
        dry_run: true,
        ..sync::Options::default()
    };
    let plan = sync::run(&ctx, options).await.unwrap().channels.remove(0);
    assert_eq!(sandbox.woo().counts().writes, 0);
    assert_eq!((plan.orders_changed, plan.units_reserved), (1, 3));
    let reserved: Vec<(&str, i64)> = plan
        .reservations
        .iter()
        .map(|s| (s.sku.as_str(), s.qty))
        .collect();
    assert_eq!(reserved, [(skus[3].as_str(), 3)]);
    let writes: Vec<(&str, i64, i64)> = plan
        .writes
        .iter()
        .map(|w| (w.sku.as_str(), w.from, w.to))
        .collect();
    assert_eq!(
        writes,
        [(skus[5].as_str(), 7, on_hand(&ctx, &skus[5]).await)]
    );
    let done = sync(&ctx).await;
    assert_eq!(
        (done.orders_changed, done.units_reserved, done.pushed),
        (plan.orders_changed, plan.units_reserved, 1)
    );
    assert_eq!(sandbox.woo().quantity(&skus[5]), Some(writes[0].2));
    shop.must_be_sound();
}

async fn a_full_sync_finds_what_no_date_tells(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let woo = sandbox.woo();
    let sell = |n: usize| woo.sell(&[(skus[n].as_str(), 2)], "processing").unwrap();
    let (trashed, deleted) = (sell(0), sell(1));
    sync(&ctx).await;
    woo.trash_order(trashed).unwrap();
    woo.delete_order(deleted).unwrap();
    let parentless =
        |sku: &&String| woo.product(woo.id_of(sku).unwrap()).unwrap()["parent_id"] == 0;
    let simple: Vec<&String> = skus.iter().filter(parentless).collect();
    let [first, second] = [simple[5], simple[6]];
    woo.trash_product(woo.id_of(first).unwrap()).unwrap();
    woo.delete_product(woo.id_of(second).unwrap()).unwrap();
    // Changed under the shop's feet: its date says nothing of it.
    sandbox.clock().advance(-100_000);
    woo.set_stock(simple[7], 123).unwrap();
    sandbox.clock().advance(100_000 + 600);
    assert_eq!(sync(&ctx).await.units_released, 0);

    let options = sync::Options {
        full: true,
        ..sync::Options::default()
    };
    let report = sync::run(&ctx, options).await.unwrap().channels.remove(0);
    assert_eq!(report.failures, Vec::<String>::new());
    let found = report.found.unwrap();
    assert_eq!(report.units_released, 4);
    let mut gone = found.listings_gone;
    gone.sort();
    let mut expected = vec![first.clone(), second.clone()];
    expected.sort();
    assert_eq!(gone, expected);
    let mut orders_gone = found.orders_gone;
    orders_gone.sort();
    assert_eq!(orders_gone, [trashed.to_string(), deleted.to_string()]);
    let drifted: Vec<(&str, i64)> = found
        .drift
        .iter()
        .map(|d| (d.item.as_str(), d.found))
        .collect();
    assert!(drifted.contains(&(simple[7].as_str(), 123)), "{drifted:?}");
    assert_eq!(woo.quantity(simple[7]), Some(1000));
    let again = sync::run(&ctx, options).await.unwrap().channels.remove(0);
    let found = again.found.unwrap();
    assert!(found.listings_gone.is_empty() && found.drift.is_empty());
    assert!(found.orders_gone.is_empty() && found.orders_missed.is_empty());
    shop.must_be_sound();
}

async fn a_kit_is_offered_as_often_as_its_components_make_it(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 150).await;
    sync(&ctx).await;
    let skus = sandbox.woo().managed_skus();
    let [kit, part, other] = [&skus[0], &skus[1], &skus[2]];
    let lots =
        format!("sku,lot,received_on,qty\n{part},L1,2026-01-02,100\n{other},L1,2026-01-02,500\n");
    let file = shop.write("lots.csv", &lots);
    receive::run(&ctx, &file, &receive::Options::default())
        .await
        .unwrap();
    let mut tx = ctx.store.begin().await.unwrap();
    let ids = products::ids_by_sku(&mut tx).await.unwrap();
    let components = [(ids[part], 3), (ids[other], 1)];
    kits::set_kit(&mut tx, ids[kit], &components, "manual")
        .await
        .unwrap();
    ctx.store.commit(tx).await.unwrap();
    sync(&ctx).await;
    let free = stock::show(&ctx, part).await.unwrap().sellable;
    assert_eq!(sandbox.woo().quantity(kit), Some(free / 3));
    let id = sandbox
        .woo()
        .sell(&[(kit.as_str(), 2)], "processing")
        .unwrap();
    sync(&ctx).await;
    let order = orders::the_one(&ctx, &format!("woo:{id}")).await.unwrap();
    assert_eq!((order.wanted, order.reserved), (8, 8));
    assert_eq!(sandbox.woo().quantity(part), Some(free - 6));
    assert_eq!(sandbox.woo().quantity(kit), Some((free - 6) / 3));
    shop.must_be_sound();
}

async fn a_sku_that_is_renamed_in_the_shop_keeps_its_stock(shop: Shop) {
    let (sandbox, ctx, mut skus) = trading(&shop).await;
    let id = sandbox
        .woo()
        .sell(&[(skus[2].as_str(), 3)], "processing")
        .unwrap();
    sync(&ctx).await;
    sandbox.woo().rename(&skus[2], "NEW-NAME").unwrap();
    sync(&ctx).await;
    assert!(stock::show(&ctx, &skus[2]).await.is_err());
    "NEW-NAME".clone_into(&mut skus[2]);
    let shown = stock::show(&ctx, "NEW-NAME").await.unwrap();
    assert_eq!(
        (shown.totals.on_hand, shown.totals.reserved >= 3),
        (1000, true)
    );
    // An order of before, changed afterwards, still takes from the same stock.
    sandbox.woo().set_order_status(id, "completed").unwrap();
    assert_eq!(sync(&ctx).await.units_shipped, 3);
    assert_eq!(on_hand(&ctx, "NEW-NAME").await, 997);
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn what_the_shop_has_no_more_is_written_no_more(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    sync(&ctx).await;
    let woo = sandbox.woo();
    let parentless =
        |sku: &&String| woo.product(woo.id_of(sku).unwrap()).unwrap()["parent_id"] == 0;
    let sku = skus.iter().find(parentless).unwrap();
    woo.delete_product(woo.id_of(sku).unwrap()).unwrap();
    let found = stock::Adjustment {
        sku: sku.clone(),
        by: 1,
        reason: "found",
        reference: None,
        serials: Vec::new(),
        dry_run: false,
    };
    stock::adjust(&ctx, &found).await.unwrap();
    assert_eq!(sync(&ctx).await.failures, Vec::<String>::new());
    woo.forget_calls();
    sync(&ctx).await;
    assert_eq!(woo.counts().of("POST products/batch"), 0);
    let seen = shop.run(&["events", "--json"]);
    assert!(
        String::from_utf8(seen.stdout)
            .unwrap()
            .contains("listing.gone")
    );
}

async fn a_sku_that_goes_to_another_item_at_once_takes_no_stock_along(shop: Shop) {
    let (sandbox, ctx, mut skus) = trading(&shop).await;
    sync(&ctx).await;
    let woo = sandbox.woo();
    let [first, second] = [skus[2].clone(), skus[3].clone()];
    let lots = |n: i64| format!("sku,lot,received_on,qty\n{second},L2,2026-01-03,{n}\n");
    let file = shop.write("more.csv", &lots(7));
    receive::run(&ctx, &file, &receive::Options::default())
        .await
        .unwrap();
    // A goes out of use, and B becomes A, between two syncs.
    woo.rename(&first, "OLD").unwrap();
    woo.rename(&second, &first).unwrap();
    sync(&ctx).await;
    assert_eq!(on_hand(&ctx, "OLD").await, 1000);
    assert_eq!(on_hand(&ctx, &first).await, 1007);
    assert!(stock::show(&ctx, &second).await.is_err());
    // And they change places.
    woo.rename("OLD", "BETWEEN").unwrap();
    woo.rename(&first, "OLD").unwrap();
    woo.rename("BETWEEN", &first).unwrap();
    sync(&ctx).await;
    assert_eq!(on_hand(&ctx, "OLD").await, 1007);
    assert_eq!(on_hand(&ctx, &first).await, 1000);
    "OLD".clone_into(&mut skus[3]);
    agreed(&sandbox, &ctx, &skus).await;
    shop.must_be_sound();
}

async fn what_left_short_is_not_taken_from_what_came_in_since(shop: Shop) {
    let (sandbox, ctx) = beside(&shop, 150).await;
    sync(&ctx).await;
    let sku = sandbox.woo().managed_skus()[0].clone();
    sandbox.clock().advance(600);
    let id = sandbox
        .woo()
        .sell(&[(sku.as_str(), 7)], "processing")
        .unwrap();
    sync(&ctx).await;
    sandbox.woo().set_order_status(id, "completed").unwrap();
    assert_eq!(sync(&ctx).await.units_short, 7);
    let file = shop.write(
        "lots.csv",
        &format!("sku,lot,received_on,qty\n{sku},L1,2026-01-02,20\n"),
    );
    receive::run(&ctx, &file, &receive::Options::default())
        .await
        .unwrap();
    sandbox.clock().advance(600);
    sandbox.woo().refund(id, &[(0, 1)], false).unwrap();
    let report = sync(&ctx).await;
    assert_eq!((report.orders_changed, report.units_shipped), (1, 0));
    assert_eq!(on_hand(&ctx, &sku).await, 20);
    shop.must_be_sound();
}

async fn another_shop_is_not_taken_for_the_same_channel(shop: Shop) {
    let (_first, ctx) = beside(&shop, 150).await;
    sync(&ctx).await;
    let (second, other) = beside(&shop, 200).await;
    let refused = sync::run(&other, sync::Options::default())
        .await
        .unwrap_err();
    let words = format!("{refused:#}");
    assert!(words.contains("has been the shop at"), "{words}");
    assert_eq!(second.woo().counts().reads, 0);
    let options = sync::Options {
        moved: true,
        ..sync::Options::default()
    };
    sync::run(&other, options).await.unwrap();
    sync(&other).await;
}

async fn a_transaction_named_later_is_no_second_payment(shop: Shop) {
    let (sandbox, ctx, skus) = trading(&shop).await;
    let id = sandbox
        .woo()
        .sell(&[(skus[0].as_str(), 1)], "processing")
        .unwrap();
    sync(&ctx).await;
    sandbox.clock().advance(600);
    let name = "transaction_id".to_owned();
    let value = "pi_123".into();
    let rule = Rule::new(Fault::Field { name, value }).on("GET", "orders?");
    sandbox.faults().inject(rule);
    sandbox.woo().edit_line(id, 0, 1).unwrap();
    sync(&ctx).await;
    let shown = orders::show(&ctx, &format!("woo:{id}")).await.unwrap();
    assert_eq!(shown.payments.len(), 1, "{:?}", shown.payments);
}
