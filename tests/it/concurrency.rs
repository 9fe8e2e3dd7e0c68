//! Many at once: with the locks nothing waits long, without them nothing goes wrong.

use opsctl::store::connect::Missing;
use opsctl::store::{Locking, Store};
use opsctl::workflows::{orders, receive, reserve, stock};

use crate::harness::{Kind, NOW, Shop, on_all_stores};

const AT_ONCE: usize = 8;

on_all_stores!(
    eight_processes_reserve_at_once,
    eight_reserve_at_once_without_locks,
    eight_migrate_at_once,
);

/// 300 lines want 900 units of 60 products that have 10 units each.
async fn busy(shop: &Shop) {
    let ctx = shop.context("setup").await;
    let mut lots = String::from("sku,lot,received_on,qty\n");
    let mut list = String::from("order,placed_at,sku,qty\n");
    for i in 0..120 {
        lots.push_str(&format!("S{},L{i},2026-01-{:02},5\n", i % 60, 1 + i % 28));
    }
    for i in 0..300 {
        list.push_str(&format!("{},2026-02-01,S{},3\n", i / 2, i % 60));
    }
    let options = receive::Options {
        new_products: true,
        ..receive::Options::default()
    };
    receive::run(&ctx, &shop.write("lots.csv", &lots), &options)
        .await
        .unwrap();
    orders::import(&ctx, &shop.write("orders.csv", &list), None, false)
        .await
        .unwrap();
}

async fn all_is_reserved_once(shop: &Shop) {
    let ctx = shop.context("look").await;
    let rows = stock::list(&ctx).await.unwrap();
    assert_eq!(rows.len(), 60);
    for (row, _) in rows {
        assert_eq!(
            (row.on_hand, row.reserved, row.open_demand),
            (10, 10, 5),
            "{}",
            row.sku
        );
    }
    shop.must_be_sound();
}

async fn eight_processes_reserve_at_once(shop: Shop) {
    busy(&shop).await;
    let children: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let mut command = shop.command(&["reserve", "--json"]);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut units = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => {
                let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                units += report["units_reserved"].as_i64().unwrap();
            }
            Some(75) => {
                let words = String::from_utf8_lossy(&output.stderr);
                assert!(
                    words.contains("another `opsctl reserve` is running"),
                    "{words}"
                );
            }
            other => panic!(
                "exit {other:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
    assert_eq!(units, 600);
    all_is_reserved_once(&shop).await;
}

async fn eight_reserve_at_once_without_locks(shop: Shop) {
    busy(&shop).await;
    let mut tasks = Vec::new();
    for i in 0..AT_ONCE {
        let mut ctx = shop.context(&format!("r{i}")).await;
        ctx.store = ctx.store.with_locking(Locking::Off);
        tasks.push(tokio::spawn(async move { reserve::run(&ctx, false).await }));
    }
    let mut units = 0;
    for task in tasks {
        // A run that lost every race says so and has written nothing.
        if let Ok(report) = task.await.unwrap() {
            units += report.units_reserved;
        }
    }
    assert_eq!(units, 600);
    all_is_reserved_once(&shop).await;
}

async fn eight_migrate_at_once(shop: Shop) {
    let url = match shop.kind {
        Kind::Sqlite => format!("sqlite://{}", shop.path("fresh.db").display()),
        _ => Shop::new(shop.kind).await.url,
    };
    let mut tasks = Vec::new();
    for _ in 0..AT_ONCE {
        let url = url.clone();
        tasks.push(tokio::spawn(async move {
            let store = Store::open(&url, None, Missing::Create).await?;
            store.migrate("shop", NOW).await?;
            store.verify("shop").await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}
