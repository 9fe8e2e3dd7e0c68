//! Receiving and correcting: each list once, each unit accounted for.

use opsctl::workflows::{receive, stock};

use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    a_list_is_received_once,
    a_dry_receive_changes_nothing,
    a_found_unit_is_a_lot_of_its_own_at_its_parents_cost,
    more_than_is_there_cannot_go,
    a_hundred_thousand_rows_are_received,
    a_hand_at_the_tables_is_found_out,
);

fn new_products() -> receive::Options {
    receive::Options {
        new_products: true,
        ..receive::Options::default()
    }
}

async fn a_list_is_received_once(shop: Shop) {
    let ctx = shop.context("r1").await;
    let text = "\u{feff}sku;lot;received_on;qty;unit_cost\r\nA;L1;2026-01-02;3;0.333333\r\n";
    let file = shop.write("lots.csv", text);
    let first = receive::run(&ctx, &file, &new_products()).await.unwrap();
    assert_eq!((first.lots, first.units, first.new_products), (1, 3, 1));
    assert_eq!(first.cost[0].1, "1.00");
    let second = receive::run(&ctx, &file, &new_products()).await.unwrap();
    assert!(second.applied_before.is_some());
    assert_eq!(stock::show(&ctx, "A").await.unwrap().totals.on_hand, 3);
    shop.must_be_sound();
}

async fn a_dry_receive_changes_nothing(shop: Shop) {
    let ctx = shop.context("r1").await;
    let file = shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-02,3\n");
    let options = receive::Options {
        dry_run: true,
        ..new_products()
    };
    let report = receive::run(&ctx, &file, &options).await.unwrap();
    assert_eq!(report.units, 3);
    assert!(stock::list(&ctx).await.unwrap().is_empty());
}

async fn a_found_unit_is_a_lot_of_its_own_at_its_parents_cost(shop: Shop) {
    let ctx = shop.context("r1").await;
    let file = shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,total_cost\nA,L1,2026-01-02,3,10.00\n",
    );
    receive::run(&ctx, &file, &new_products()).await.unwrap();
    let adjustment = stock::Adjustment {
        sku: "A".to_owned(),
        by: 2,
        reason: "found",
        reference: None,
        serials: Vec::new(),
        dry_run: false,
    };
    stock::adjust(&ctx, &adjustment).await.unwrap();
    let shown = stock::show(&ctx, "A").await.unwrap();
    assert_eq!((shown.totals.on_hand, shown.sellable), (5, 5));
    assert_eq!(shown.lots[1].cost_minor, Some(667));
    shop.must_be_sound();
}

async fn more_than_is_there_cannot_go(shop: Shop) {
    let ctx = shop.context("r1").await;
    let file = shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-02,3\n");
    receive::run(&ctx, &file, &new_products()).await.unwrap();
    let refused = shop.run(&["stock", "adjust", "A", "--by", "-4", "--reason", "lost"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(
        words.contains("A has 3 units on hand, 4 cannot go"),
        "{words}"
    );
    assert_eq!(stock::show(&ctx, "A").await.unwrap().totals.on_hand, 3);
}

async fn a_hundred_thousand_rows_are_received(shop: Shop) {
    let ctx = shop.context("r1").await;
    let mut text = String::from("sku,lot,received_on,qty,unit_cost\n");
    for i in 0..100_000 {
        text.push_str(&format!("S{:05},L{i},2026-01-02,2,1.25\n", i % 50_000));
    }
    let file = shop.write("lots.csv", &text);
    let report = receive::run(&ctx, &file, &new_products()).await.unwrap();
    assert_eq!(
        (report.lots, report.units, report.new_products),
        (100_000, 200_000, 50_000)
    );
    assert_eq!(report.cost[0].1, "250000.00");
    shop.must_be_sound();
}

/// Each rule over moves and costs names what breaks it.
async fn a_hand_at_the_tables_is_found_out(shop: Shop) {
    let rows = "sku,lot,received_on,qty,total_cost\nA,L1,2026-01-02,3,10.00\n";
    shop.write("lots.csv", rows);
    shop.json(&["receive", "lots.csv", "--new-products"]);
    shop.json(&["stock", "adjust", "A", "--by", "-1", "--reason", "lost"]);
    shop.must_be_sound();
    for (breaks, mends, told) in [
        (
            "UPDATE balances SET on_hand = on_hand + 1",
            "UPDATE balances SET on_hand = on_hand - 1",
            "3 on hand, moves sum up to 2",
        ),
        (
            "UPDATE lots SET quantity = quantity + 1",
            "UPDATE lots SET quantity = quantity - 1",
            "4 received, moves in 3",
        ),
        (
            "UPDATE cogs_entries SET quantity = 2",
            "UPDATE cogs_entries SET quantity = 1",
            "1 units have left, 2 are costed",
        ),
        (
            "UPDATE cogs_entries SET cost_minor = 334",
            "UPDATE cogs_entries SET cost_minor = 333",
            "334 minor units have left with 1 of 3 units that cost 1000",
        ),
    ] {
        shop.sql(breaks).await;
        let output = shop.run(&["check"]);
        assert_eq!(output.status.code(), Some(1), "{breaks}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(told), "{told:?} is not in:\n{text}");
        shop.sql(mends).await;
        shop.must_be_sound();
    }
}
