//! Random histories of goods: nothing of what was paid is lost, and an independent
//! bookkeeper agrees on what left.

use std::collections::BTreeMap;
use std::process::Command;

use opsctl::context::Context;
use opsctl::domain::cost::{Component, Cost};
use opsctl::workflows::value::{self, By};
use opsctl::workflows::{orders, receive, reserve, ship, stock, take_back};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;

use crate::harness::{Kind, Shop, on_all_stores};

on_all_stores!(what_was_paid_is_in_the_house_or_has_left);

/// How many products each history has.
const SKUS: usize = 4;

/// How many things happen in it.
const STEPS: usize = 120;

/// What a history has paid, by product and lot.
type Paid = BTreeMap<(String, String), i64>;

/// The lot that units were of before they came back, by product and lot.
type WasOf = BTreeMap<(String, String), String>;

fn seed(what: &str) -> u64 {
    let replay = std::env::var("OPSCTL_HISTORY_SEED").ok();
    let seed = replay.and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::rng().random());
    println!("{what}: replay with OPSCTL_HISTORY_SEED={seed}");
    seed
}

async fn receive_some(shop: &Shop, random: &mut StdRng, step: usize, paid: &mut Paid) {
    let ctx = shop.context(&format!("in{step}")).await;
    let mut text = String::from("sku,lot,received_on,qty,total_cost,location\n");
    for sku in 0..SKUS {
        if random.random_ratio(2, 3) {
            let (day, units) = (random.random_range(1..28), random.random_range(1..30));
            let cost: i64 = random.random_range(0..50_000);
            let place = if random.random_ratio(1, 4) {
                "shelf"
            } else {
                "main"
            };
            text.push_str(&format!(
                "S{sku},L{step},2026-01-{day:02},{units},{}.{:02},{place}\n",
                cost / 100,
                cost % 100
            ));
            paid.insert((format!("S{sku}"), format!("L{step}")), cost);
        }
    }
    let options = receive::Options {
        new_products: true,
        ..receive::Options::default()
    };
    let file = shop.write(&format!("in{step}.csv"), &text);
    receive::run(&ctx, &file, &options).await.unwrap();
}

async fn charge_late(shop: &Shop, random: &mut StdRng, step: usize, paid: &mut Paid) {
    let ctx = shop.context(&format!("late{step}")).await;
    // Also on lots of which nothing is left.
    let all: Vec<(String, String)> = paid.keys().cloned().collect();
    let (sku, name) = &all[random.random_range(0..all.len())];
    let amount: i64 = random.random_range(-200..5_000);
    let mut tx = ctx.store.allocate().await.unwrap();
    let product = opsctl::store::products::by_sku(&mut tx, sku)
        .await
        .unwrap()
        .unwrap();
    let lot = opsctl::store::cogs::lot(&mut tx, product.id, name)
        .await
        .unwrap()
        .unwrap();
    let cost = Cost::own(
        Component::Freight,
        amount,
        "EUR".parse().unwrap(),
        "2026-02-01",
    );
    let stamp = ctx.stamp();
    opsctl::store::costs::add(&mut tx, &stamp, &[(lot, cost)], "test")
        .await
        .unwrap();
    ctx.store.commit(tx).await.unwrap();
    *paid.entry((sku.clone(), name.clone())).or_default() += amount;
}

async fn order_some(shop: &Shop, random: &mut StdRng, step: usize) -> String {
    let ctx = shop.context(&format!("order{step}")).await;
    let mut text = String::from("order,placed_at,sku,qty\n");
    for sku in 0..SKUS {
        let units = random.random_range(1..12);
        text.push_str(&format!("{step},2026-02-01,S{sku},{units}\n"));
    }
    let file = shop.write(&format!("order{step}.csv"), &text);
    orders::import(&ctx, &file, None, false).await.unwrap();
    reserve::run(&ctx, false).await.unwrap();
    step.to_string()
}

async fn ship_some(ctx: &Context, order: &str, step: usize) {
    let wish = ship::Wish {
        orders: vec![(order.to_owned(), Some(format!("T{step}")))],
        carrier: "UPS".to_owned(),
        partial: true,
        ..ship::Wish::default()
    };
    // What is not there at all, or has left, is refused; the history goes on.
    let _ = ship::run(ctx, &wish).await;
}

async fn correct(ctx: &Context, random: &mut StdRng, paid: &mut Paid) {
    let sku = format!("S{}", random.random_range(0..SKUS));
    let by: i64 = [-3, -1, 2][random.random_range(0..3)];
    let wish = stock::Adjustment {
        sku: sku.clone(),
        by,
        reason: if by > 0 { "found" } else { "lost" },
        reference: None,
        serials: Vec::new(),
        dry_run: false,
    };
    let Ok(done) = stock::adjust(ctx, &wish).await else {
        return;
    };
    if by > 0 {
        let lots = stock::show(ctx, &sku).await.unwrap().lots;
        let new = lots.iter().find(|lot| lot.lot == done.lots[0].0).unwrap();
        paid.insert((sku, new.lot.clone()), new.cost_minor.unwrap_or(0));
    }
}

async fn give_back(ctx: &Context, random: &mut StdRng, order: &str, was_of: &mut WasOf) {
    let wish = take_back::Wish {
        order: order.to_owned(),
        lines: vec![(format!("S{}", random.random_range(0..SKUS)), 1)],
        serials: Vec::new(),
        to: "returns".to_owned(),
        reference: None,
        dry_run: false,
    };
    if let Ok(report) = take_back::run(ctx, &wish).await {
        for lot in report.lots {
            was_of.insert((lot.sku, lot.lot), lot.was_of);
        }
    }
}

/// Whatever happens to goods: what left and what is there cost what was paid, lot by lot.
async fn what_was_paid_is_in_the_house_or_has_left(shop: Shop) {
    let mut random = StdRng::seed_from_u64(seed("what was paid"));
    shop.json(&["location", "add", "shelf"]);
    let mut paid = Paid::new();
    let (mut placed, mut was_of): (Vec<String>, WasOf) = (Vec::new(), WasOf::new());
    receive_some(&shop, &mut random, 0, &mut paid).await;
    receive_some(&shop, &mut random, 1, &mut paid).await;
    let known = "sku,title\nS0,A\nS1,B\nS2,C\nS3,D\n";
    shop.write("known.csv", known);
    shop.json(&["products", "import", "known.csv"]);
    for step in 2..STEPS {
        let ctx = shop.context(&format!("step{step}")).await;
        let some = |random: &mut StdRng| random.random_range(0..placed.len().max(1));
        match random.random_range(0..12) {
            0 => receive_some(&shop, &mut random, step, &mut paid).await,
            1 | 2 => charge_late(&shop, &mut random, step, &mut paid).await,
            3 | 4 => {
                let order = order_some(&shop, &mut random, step).await;
                placed.push(order);
            }
            5 | 6 => {
                if let Some(order) = placed.get(some(&mut random)).cloned() {
                    ship_some(&ctx, &order, step).await;
                }
            }
            7 => correct(&ctx, &mut random, &mut paid).await,
            8 => {
                if let Some(order) = placed.get(some(&mut random)).cloned() {
                    give_back(&ctx, &mut random, &order, &mut was_of).await;
                }
            }
            9 => cancel_one(&shop, &mut random, &placed).await,
            10 => count_one(&shop, &mut random, &mut paid),
            _ => move_some(&shop, &mut random),
        }
        ctx.store.close().await;
    }
    shop.must_be_sound();
    let mut accounted = out_by_lot(&shop);
    let ctx = shop.context("end").await;
    for row in value::run(&ctx, None, By::Lot).await.unwrap().rows {
        *accounted.entry((row.sku, row.lot)).or_default() += row.cost_minor;
    }
    // What came back was paid for with the lot that it had left with.
    let mut by_root = Paid::new();
    for ((sku, mut lot), minor) in accounted {
        while let Some(parent) = was_of.get(&(sku.clone(), lot.clone())) {
            lot.clone_from(parent);
        }
        *by_root.entry((sku, lot)).or_default() += minor;
    }
    for (lot, minor) in paid {
        let found = by_root.get(&lot).copied().unwrap_or(0);
        assert_eq!(found, minor, "what lot {lot:?} cost");
    }
}

/// A product is counted, and another number is found than should be there.
fn count_one(shop: &Shop, random: &mut StdRng, paid: &mut Paid) {
    let sku = format!("S{}", random.random_range(0..SKUS));
    let count = shop.json(&["count", "start", "--sku", &sku])["id"].to_string();
    let seen = format!("{sku}={}", random.random_range(0..20));
    shop.json(&["count", "enter", &count, "--bin", "main", "--sku", &seen]);
    shop.json(&["count", "apply", &count, "--only-counted"]);
    let lots = shop.json(&["stock", "show", &sku])["lots"].clone();
    for lot in lots.as_array().unwrap() {
        let name = lot["lot"].as_str().unwrap();
        if name.starts_with(&format!("count-{count}-")) {
            let cost = lot["cost_minor"].as_i64().unwrap_or(0);
            paid.insert((sku.clone(), name.to_owned()), cost);
        }
    }
}

/// Units go to another shelf, or are taken away from sale.
fn move_some(shop: &Shop, random: &mut StdRng) {
    let sku = format!("S{}", random.random_range(0..SKUS));
    let [from, to] =
        [["main", "shelf"], ["shelf", "main"], ["main", "damaged"]][random.random_range(0..3)];
    let units = random.random_range(1..4).to_string();
    // Where so many do not lie there, it is refused, and the history goes on.
    let _ = shop.run(&["stock", "move", &sku, &units, "--from", from, "--to", to]);
}

/// An order is cancelled: nothing of it is wanted any more but what has left.
async fn cancel_one(shop: &Shop, random: &mut StdRng, placed: &[String]) {
    let Some(order) = placed.get(random.random_range(0..placed.len().max(1))) else {
        return;
    };
    let ctx = shop.context("cancel").await;
    let mut tx = ctx.store.allocate().await.unwrap();
    let account = opsctl::store::channels::account(&mut tx, "manual", "manual", "")
        .await
        .unwrap();
    opsctl::workflows::take_in::gone(&mut tx, &ctx.stamp(), &account, order)
        .await
        .unwrap();
    ctx.store.commit(tx).await.unwrap();
    ctx.store.close().await;
}

/// What left by lot, returns taken off.
fn out_by_lot(shop: &Shop) -> Paid {
    let output = shop.run(&["export", "cogs_entries"]);
    let mut rows = csv::Reader::from_reader(output.stdout.as_slice());
    let mut out = Paid::new();
    for row in rows.records().map(Result::unwrap) {
        let lot = (row[6].to_owned(), row[7].to_owned());
        *out.entry(lot).or_default() += cents(&row[11]);
    }
    out
}

fn cents(text: &str) -> i64 {
    let amount: Decimal = text.parse().unwrap_or_default();
    (amount * Decimal::from(100)).try_into().unwrap()
}

/// So many histories, a product each: goods come in on one day and leave on the next.
/// Beancount books them first in, first out as well, and knows nothing of us.
async fn beancount_agrees(kind: Kind, products: usize) {
    const ROUNDS: usize = 8;
    let mut random = StdRng::seed_from_u64(seed("beancount"));
    let shop = Shop::new(kind).await;
    let ctx = shop.context("histories").await;
    let mut there = vec![0_i64; products];
    let mut ledger = String::from("option \"operating_currency\" \"EUR\"\n");
    for product in 0..products {
        ledger.push_str(&format!(
            "2025-01-01 open Assets:S{product} \"FIFO\"\n2025-01-01 open Expenses:S{product}\n"
        ));
    }
    ledger.push_str("2025-01-01 open Equity:Paid\n");
    for round in 0..ROUNDS {
        let day = format!("2026-01-{:02}", 1 + 2 * round);
        let mut lots = String::from("sku,lot,received_on,qty,total_cost\n");
        for (product, units) in there.iter_mut().enumerate() {
            if round > 0 && random.random_ratio(1, 2) {
                continue;
            }
            let more = random.random_range(1..40);
            let cost: i64 = random.random_range(1..100_000);
            *units += more;
            let cost = format!("{}.{:02}", cost / 100, cost % 100);
            lots.push_str(&format!("S{product},L{round},{day},{more},{cost}\n"));
            ledger.push_str(&format!(
                "{day} * \"in\"\n  Assets:S{product}  {more} UNIT {{{{{cost} EUR}}}}\n  \
                 Equity:Paid  -{cost} EUR\n"
            ));
        }
        let options = receive::Options {
            new_products: round == 0,
            ..receive::Options::default()
        };
        let file = shop.write(&format!("lots{round}.csv"), &lots);
        receive::run(&ctx, &file, &options).await.unwrap();
        let day = format!("2026-01-{:02}", 2 + 2 * round);
        let mut orders_file = String::from("order,placed_at,sku,qty\n");
        for (product, units) in there.iter_mut().enumerate() {
            let goes = random.random_range(0..=*units);
            if goes > 0 {
                *units -= goes;
                orders_file.push_str(&format!("{round},{day},S{product},{goes}\n"));
                ledger.push_str(&format!(
                    "{day} * \"{round}\"\n  Assets:S{product}  -{goes} UNIT {{}}\n  \
                     Expenses:S{product}\n"
                ));
            }
        }
        let file = shop.write(&format!("orders{round}.csv"), &orders_file);
        orders::import(&ctx, &file, None, false).await.unwrap();
        let wish = ship::Wish {
            orders: vec![(round.to_string(), Some(format!("T{round}")))],
            carrier: "UPS".to_owned(),
            ..ship::Wish::default()
        };
        ship::run(&ctx, &wish).await.unwrap();
    }
    shop.must_be_sound();
    let ours = ours(&shop);
    assert!(ours.len() > 5 * products, "{} bookings", ours.len());
    compare(&ours, &theirs(&shop, &ledger));
}

/// By product and lot's day: after each round, units and cost that have left so far.
type Booked = BTreeMap<(String, String, u32), (Decimal, Decimal)>;

fn ours(shop: &Shop) -> Booked {
    let output = shop.run(&["export", "cogs_entries"]);
    let mut rows = csv::Reader::from_reader(output.stdout.as_slice());
    let booked = rows.records().map(|row| {
        let row = row.unwrap();
        let round = row[3].trim_start_matches("manual:").parse().unwrap();
        let key = (row[6].to_owned(), row[8].to_owned(), round);
        (key, (row[9].parse().unwrap(), row[11].parse().unwrap()))
    });
    booked.collect()
}

fn theirs(shop: &Shop, ledger: &str) -> Booked {
    let file = shop.write("histories.beancount", ledger);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fifo.py");
    let output = Command::new("/usr/bin/python3")
        .arg(script)
        .arg(file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let booked = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let sku = words[1].trim_start_matches("Assets:").to_owned();
        let key = (sku, words[2].to_owned(), words[0].parse().unwrap());
        (key, (words[3].parse().unwrap(), words[4].parse().unwrap()))
    });
    booked.collect()
}

fn compare(ours: &Booked, theirs: &Booked) {
    assert!(
        ours.keys().eq(theirs.keys()),
        "the same lots leave at the same time"
    );
    println!("{} bookings compared", ours.len());
    // Beancount keeps 28 digits of a unit cost.
    let half = Decimal::new(5, 3) + Decimal::new(1, 12);
    let mut so_far: BTreeMap<(&str, &str), (Decimal, Decimal)> = BTreeMap::new();
    for ((key, our), their) in ours.iter().zip(theirs.values()) {
        assert_eq!(our.0, their.0, "units of {key:?}");
        let sum = so_far.entry((&key.0, &key.1)).or_default();
        sum.0 += our.1;
        sum.1 += their.1;
        assert!((sum.0 - sum.1).abs() <= half, "{key:?}: {sum:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beancount_agrees_with_sqlite() {
    beancount_agrees(Kind::Sqlite, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beancount_agrees_with_mariadb() {
    beancount_agrees(Kind::Maria, 100).await;
}
