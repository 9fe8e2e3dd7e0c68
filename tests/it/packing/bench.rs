//! A shop with picked goods on its bench, and what a packer does there, in few words.

use std::sync::atomic::{AtomicI64, Ordering};

use opsctl::domain::fifo::Change;
use opsctl::store::stock::{self, Relocation};
use opsctl::store::{orders as stored, products, reservations};
use opsctl::workflows::orders;
use serde_json::Value;

use crate::harness::Shop;

/// Far apart, so that rounds which begin meanwhile have numbers in between.
const APART: i64 = 1_000_000;
static NEXT: AtomicI64 = AtomicI64::new(APART);

/// Picks all that is reserved for an order, as a finished round leaves it: its units on the
/// bench with their promises, a line for each lot and place. Gives the task.
pub async fn picked(shop: &Shop, order: &str) -> i64 {
    let ctx = shop.context("picking").await;
    let order = orders::the_one(&ctx, order).await.unwrap().id;
    let id = NEXT.fetch_add(APART, Ordering::Relaxed);
    let stamp = ctx.stamp();
    let mut tx = ctx.store.allocate().await.unwrap();
    let bench = stock::location(&mut tx, "packing").await.unwrap().unwrap();
    let mut rows = format!(
        "INSERT INTO pick_waves (id, claim, packer, state, started_at, expires_at, ended_at, run) \
         VALUES ({id}, 'claim-{id}', 'cli:picker', 'picked', 1, 2, 2, 'test'); \
         INSERT INTO pick_tasks (id, wave_id, order_id, holds, tote, state) \
         VALUES ({id}, {id}, {order}, {order}, 1, 'picked');"
    );
    let mut position = 0;
    for demand in stored::demands(&mut tx, order).await.unwrap() {
        let product = demand.product_id;
        let tracking = products::tracking(&mut tx, product).await.unwrap();
        let held = reservations::of_demands(&mut tx, &[demand.id])
            .await
            .unwrap();
        for (reservation, _, balance, units) in held {
            let places = stock::places(&mut tx, &[product]).await.unwrap();
            let place = places.iter().find(|p| p.id == balance).unwrap().clone();
            let lot = place.lot_id;
            position += 1;
            let line = id * 1000 + position;
            if place.location_id != bench {
                let goes = [Relocation {
                    lot,
                    product,
                    from: place.location_id,
                    to: bench,
                    units,
                }];
                stock::arrive(&mut tx, &goes).await.unwrap();
                let places = stock::places(&mut tx, &[product]).await.unwrap();
                let there = |p: &&stock::Place| p.lot_id == lot && p.location_id == bench;
                let there = places.iter().find(there).unwrap().id;
                let change = |balance, units| Change {
                    demand: demand.id,
                    balance,
                    units,
                };
                let mut known: std::collections::HashMap<_, _> =
                    [((demand.id, balance), (reservation, units))].into();
                let all = reservations::of_demands(&mut tx, &[demand.id])
                    .await
                    .unwrap();
                known.extend(all.iter().map(|(id, d, b, q)| ((*d, *b), (*id, *q))));
                let changes = [change(balance, -units), change(there, units)];
                reservations::apply(&mut tx, &stamp, &changes, &known)
                    .await
                    .unwrap();
                let cause = format!("pick:{line}");
                stock::send_off(&mut tx, &stamp, &goes, "picked", &cause)
                    .await
                    .unwrap();
            }
            let (demand, from) = (demand.id, place.location_id);
            let lot = if tracking == "none" {
                "NULL".to_owned()
            } else {
                lot.to_string()
            };
            rows.push_str(&format!(
                "INSERT INTO pick_lines (id, task_id, position, demand_id, product_id, \
                 location_id, lot_id, quantity, picked, short, moved, packed) VALUES ({line}, {id}, \
                 {position}, {demand}, {product}, {from}, {lot}, {units}, {units}, 0, {units}, 0); \
                 INSERT INTO pick_scans (id, wave_id, task_id, line_id, kind, units, code, \
                 scanned_at, stored_at, answer, actor, run) VALUES ('pick-{line}', {id}, {id}, \
                 {line}, 'pick', {units}, '', 1, 1, '{{}}', 'cli:picker', 'test');"
            ));
        }
    }
    ctx.store.commit(tx).await.unwrap();
    shop.sql(&rows).await;
    id
}

/// Runs `opsctl pack` with these words, which must succeed, and gives its report.
pub fn pack(shop: &Shop, words: &str) -> Value {
    let words: Vec<&str> = words.split(' ').collect();
    shop.json(&[&["pack"], &words[..]].concat())
}

/// Runs `opsctl pack`, which must refuse with these words.
pub fn refused(shop: &Shop, words: &str, parts: &[&str]) {
    let words: Vec<&str> = words.split(' ').collect();
    crate::shelves::refused(shop, &[&["pack"], &words[..]].concat(), 1, parts);
}

/// Runs a packing scan whose answer must be a refusal, and gives it.
pub fn refusal(shop: &Shop, args: &[&str]) -> Value {
    let output = shop.run(&[&["--json", "pack"], args].concat());
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["outcome"], "refused", "{answer}");
    answer
}

/// How many facts of a kind were told.
pub fn told(shop: &Shop, kind: &str) -> usize {
    let told = shop.run(&["events", "--json", "--limit", "1000"]);
    let told = String::from_utf8(told.stdout).unwrap();
    told.matches(&format!("\"{kind}\"")).count()
}
