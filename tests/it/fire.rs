//! The kill harness: real processes die (-9) at random moments; the data stays sound, and
//! the next run finishes the job.
//!
//! `OPSCTL_FIRE_ROUNDS` sets how many rounds a store gets, `OPSCTL_FIRE_SEED` replays one.

use std::process::Stdio;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::harness::{Kind, Shop};
use crate::trade::Trade;
use crate::trading::beside;

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One round's work: files that are new to the shop, and the commands on them.
fn works(shop: &Shop, round: u64, random: &mut StdRng) -> Vec<Vec<String>> {
    let mut lots = String::from("sku,lot,received_on,qty,unit_cost\n");
    let mut orders = String::from("order,placed_at,sku,qty\n");
    for i in 0..random.random_range(50..1500) {
        lots.push_str(&format!(
            "S{},R{round}L{i},2026-01-02,{},1.10\n",
            i % 200,
            1 + i % 5
        ));
    }
    for i in 0..random.random_range(20..300) {
        orders.push_str(&format!("{round}-{},2026-02-01,S{},2\n", i / 3, i % 200));
    }
    shop.write(&format!("lots{round}.csv"), &lots);
    shop.write(&format!("orders{round}.csv"), &orders);
    let mut products = String::from("sku,title,weight_g\n");
    for i in 0..random.random_range(10..200) {
        products.push_str(&format!("S{i},Thing {round},{}\n", 100 + round));
    }
    shop.write(&format!("products{round}.csv"), &products);
    // A count is begun and entered in peace; applying it is what is put under fire.
    let count = shop.json(&["count", "start", "--sku", "S3"])["id"].to_string();
    let seen = format!("S3={}", random.random_range(0..6));
    shop.json(&["count", "enter", &count, "--bin", "main", "--sku", &seen]);
    let number = format!("F{round}");
    let line = "S5=3@1.20";
    shop.json(&[
        "po",
        "new",
        "--supplier",
        "ACME",
        "--line",
        line,
        "--number",
        &number,
    ]);
    shop.write(
        &format!("bill{round}.csv"),
        &format!(
            "supplier,invoice,invoiced_on,kind,sku,qty,total,applies_to\n\
             ACME,{number},2026-02-02,goods,S5,3,3.90,{number}\n\
             ACME,{number},2026-02-02,freight,,,1.00,{number}\n"
        ),
    );
    let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect();
    vec![
        words(&format!("receive lots{round}.csv --new-products")),
        words(&format!("orders import orders{round}.csv")),
        words(&format!("products import products{round}.csv")),
        words("reserve"),
        words(&format!(
            "stock adjust S1 --by -1 --reason lost --ref a{round}"
        )),
        words("reserve"),
        words(&format!(
            "stock move S2 2 --from main --to B-1 --ref m{round}"
        )),
        words(&format!("count apply {count} --only-counted")),
        words("reserve"),
        words(&format!("receive --po {number} --all")),
        words(&format!("invoice import bill{round}.csv")),
        words(&format!(
            "ship --manual {round}-0 --carrier UPS --tracking T{round} --partial"
        )),
        words(&format!("invoice match ACME:{number} --accept")),
    ]
}

/// An order is received, reserved and picked in peace; packing it is put under fire.
async fn packs(shop: &Shop, round: u64) -> Vec<Vec<String>> {
    let lot = format!("BOXED,R{round},2026-01-02,2,1.00,main\n");
    crate::shelves::receive(shop, &lot);
    let order = format!("P{round}");
    crate::shelves::order(shop, &format!("{order},2026-02-01,BOXED,2\n"));
    crate::packing::picked(shop, &format!("manual:{order}")).await;
    let id = || uuid::Uuid::new_v4();
    let words = |text: String| text.split(' ').map(ToOwned::to_owned).collect();
    vec![
        words(format!("pack start manual:{order}")),
        words(format!("pack box manual:{order} --id {}", id())),
        words(format!("pack item manual:{order} 1 BOXED --id {}", id())),
        words(format!("pack item manual:{order} 1 BOXED --id {}", id())),
        words(format!("pack finish manual:{order}")),
        words(format!(
            "pack ship manual:{order} --carrier UPS --tracking P{round}"
        )),
    ]
}

/// A round is walked under fire: it begins once, each scan counts once, and the goods lie
/// where they were carried. Gives how many processes were killed.
fn picks_under_fire(shop: &Shop, round: u64, random: &mut StdRng) -> u64 {
    let sku = format!("T{round}");
    let lots = format!("{sku},A,2026-01-02,2,1.00,main\n{sku},B,2026-01-03,2,1.00,B-1\n");
    crate::shelves::receive(shop, &lots);
    crate::shelves::order(shop, &format!("Q{round},2026-02-01,{sku},3\n"));
    let mut killed = 0;
    let mut twice = |work: &str| {
        let args: Vec<&str> = work.split(' ').collect();
        killed += u64::from(kill_at_random(shop, &args, 60, random));
        shop.must_be_sound();
        let first = shop.json(&args);
        (first, shop.json(&args))
    };
    let id = || uuid::Uuid::new_v4();
    let name = format!("manual:Q{round}");
    let (sheet, again) = twice(&format!("pick start {name} --claim {}", id()));
    assert_eq!(sheet, again);
    let rounds = shop.json(&["pick", "list"]);
    let rounds = rounds["rows"].as_array().unwrap().iter();
    assert_eq!(rounds.filter(|row| row["orders"][0] == *name).count(), 1);
    let wave = &sheet["wave"];
    let line = |bin: &str| {
        let lines = sheet["lines"].as_array().unwrap();
        lines.iter().find(|line| line["bin"] == bin).unwrap()["line"].clone()
    };
    let (main, shelf) = (line("main"), line("B-1"));
    for (work, picked, short) in [
        (format!("scan {wave} --line {main} --units 2"), 2, 0),
        (format!("scan {wave} --line {main} --units 1 --undo"), 1, 0),
        (format!("scan {wave} --line {main} --units 1"), 2, 0),
        (
            format!("short {wave} {shelf} --found 0 --reason empty"),
            0,
            1,
        ),
    ] {
        let (_, again) = twice(&format!("pick {work} --id {}", id()));
        assert_eq!(again["repeated"], true, "round {round}, {work}");
        assert_eq!(again["line"]["picked"], picked, "round {round}, {work}");
        assert_eq!(again["line"]["short"], short, "round {round}, {work}");
    }
    let (_, again) = twice(&format!("pick finish {wave}"));
    assert_eq!(again["state"], "picked", "round {round}");
    let lies = crate::shelves::shelf(shop, &sku);
    assert_eq!(lies, ["A at packing: 2 (2)", "B at missing: 2 (0)"]);
    let told = shop.json(&["pick", "discrepancies", "--all"]);
    let told = told["rows"].as_array().unwrap().iter();
    assert_eq!(told.filter(|row| row["sku"] == *sku).count(), 1);
    killed
}

/// Starts a command and kills it within so many milliseconds; gives whether it was still
/// at work.
fn kill_at_random(shop: &Shop, args: &[&str], within_ms: u64, random: &mut StdRng) -> bool {
    let mut child = shop
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moment of death is what is random here; nothing is waited for.
    std::thread::sleep(Duration::from_micros(
        random.random_range(0..within_ms * 1000),
    ));
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// How many rounds, and the seed, which is printed.
pub fn plan(what: &str, kind: Kind) -> (u64, u64) {
    let rounds = from_env("OPSCTL_FIRE_ROUNDS").unwrap_or(20);
    let seed = from_env("OPSCTL_FIRE_SEED").unwrap_or_else(|| rand::rng().random());
    println!("{what}, {kind:?}: {rounds} rounds, replay with OPSCTL_FIRE_SEED={seed}");
    (rounds, seed)
}

async fn under_fire(kind: Kind) {
    let (rounds, seed) = plan("work by hand", kind);
    let mut random = StdRng::seed_from_u64(seed);
    let shop = Shop::new(kind).await;
    // Every SKU is there before the first order, whatever dies first.
    let all: String = (0..200)
        .map(|i| format!("S{i},START,2026-01-01,1\n"))
        .collect();
    shop.write("start.csv", &format!("sku,lot,received_on,qty\n{all}"));
    shop.json(&["receive", "start.csv", "--new-products"]);
    shop.json(&["location", "add", "B-1"]);
    shop.json(&["supplier", "add", "ACME", "--name", "Acme"]);
    let mut killed = 0;
    for round in 0..rounds {
        let mut all = works(&shop, round, &mut random);
        all.extend(packs(&shop, round).await);
        for work in all {
            let args: Vec<&str> = work.iter().map(String::as_str).collect();
            if kill_at_random(&shop, &args, 60, &mut random) {
                killed += 1;
            }
            shop.must_be_sound();
            let finished = shop.run(&args);
            assert!(
                finished.status.success(),
                "seed {seed}, round {round}, {args:?}: {}",
                String::from_utf8_lossy(&finished.stderr)
            );
            let again = shop.json(&args);
            match args[0] {
                "reserve" => assert_eq!(again["units_reserved"], 0, "seed {seed}, round {round}"),
                "products" => assert_eq!(again["changed"], 0, "seed {seed}, round {round}"),
                "receive" if args[1] == "--po" => {
                    assert_eq!(again["units"], 0, "seed {seed}, round {round}");
                }
                "invoice" if args[1] == "match" => {
                    assert_eq!(again["matched_before"], true, "seed {seed}, round {round}");
                }
                "pack" => match args[1] {
                    "item" => assert_eq!(again["repeated"], true, "seed {seed}, round {round}"),
                    "box" => assert_eq!(
                        again["packages"].as_array().unwrap().len(),
                        1,
                        "seed {seed}, round {round}"
                    ),
                    "ship" => assert!(
                        again["shipments"][0]["applied_before"].is_object(),
                        "seed {seed}, round {round}"
                    ),
                    "finish" => {
                        assert_eq!(again["packed"], 2, "seed {seed}, round {round}");
                        assert_eq!(again["state"], "packed", "seed {seed}, round {round}");
                    }
                    _ => assert_eq!(again["left"], 2, "seed {seed}, round {round}"),
                },
                "ship" => assert!(
                    again["shipments"][0]["applied_before"].is_object(),
                    "seed {seed}, round {round}"
                ),
                _ => assert!(
                    again["applied_before"].is_object(),
                    "seed {seed}, round {round}"
                ),
            }
        }
        killed += picks_under_fire(&shop, round, &mut random);
        shop.must_be_sound();
    }
    println!(
        "work by hand, {kind:?}: {rounds} rounds, {killed} processes killed in mid-run, all sound"
    );
    assert!(killed > 0, "nothing was killed in mid-run, seed {seed}");
}

/// What goes on in the shop in a round: sales, and orders that are cancelled or sent.
fn trade_at_random(trade: &Trade, random: &mut StdRng) {
    let woo = trade.sandbox.woo();
    for _ in 0..random.random_range(1..8) {
        let sku = &trade.skus[random.random_range(0..trade.skus.len())];
        let units = random.random_range(1..4);
        woo.sell(&[(sku.as_str(), units)], "processing").unwrap();
    }
    let open = |id: &u64| woo.order(*id).unwrap()["status"] == "processing";
    for id in woo.order_ids().into_iter().filter(open).collect::<Vec<_>>() {
        match random.random_range(0..20) {
            0 => woo.set_order_status(id, "cancelled").unwrap(),
            1 => woo.set_order_status(id, "completed").unwrap(),
            _ => {}
        }
    }
    if random.random_ratio(1, 2) {
        let sku = &trade.skus[random.random_range(0..trade.skus.len())];
        trade.find_one_more(sku);
    }
}

/// The shop goes on selling while one sync after another is killed: whatever of it was done,
/// also in the shop, the next run finishes, and both sides agree.
async fn sync_under_fire(kind: Kind) {
    let (rounds, seed) = plan("sync", kind);
    let mut random = StdRng::seed_from_u64(seed);
    let trade = Trade::of_size(Shop::new(kind).await, 60).await;
    let mut killed = 0;
    for round in 0..rounds {
        trade_at_random(&trade, &mut random);
        let full = ["sync", "--full"];
        let args = if round % 4 == 3 {
            &full[..]
        } else {
            &full[..1]
        };
        if kill_at_random(&trade.shop, args, 500, &mut random) {
            killed += 1;
        }
        trade.shop.must_be_sound();
        let finished = trade.shop.run(args);
        assert!(
            finished.status.success(),
            "seed {seed}, round {round}: {}",
            String::from_utf8_lossy(&finished.stderr)
        );
        trade.agrees().await;
    }
    println!("sync, {kind:?}: {rounds} rounds, {killed} processes killed in mid-run, all sound");
    assert!(killed > 0, "nothing was killed in mid-run, seed {seed}");
}

/// A shop is taken over by a run that is killed, and by the next one, once.
async fn opening_under_fire(kind: Kind) {
    let (rounds, seed) = plan("stock open", kind);
    let mut random = StdRng::seed_from_u64(seed);
    let mut killed = 0;
    for round in 0..rounds.div_ceil(4) {
        let shop = Shop::new(kind).await;
        let (_sandbox, _) = beside(&shop, 60).await;
        let args = ["stock", "open", "--from", "woocommerce"];
        if kill_at_random(&shop, &args, 400, &mut random) {
            killed += 1;
        }
        shop.must_be_sound();
        let first = shop.json(&args);
        let again = shop.json(&args);
        assert!(
            again["applied_before"].is_object(),
            "seed {seed}, round {round}"
        );
        let units: i64 = match first["units"].as_i64() {
            Some(0) | None => 0,
            Some(units) => units,
        };
        let listed = shop.json(&["stock", "list"]);
        let rows = listed["rows"].as_array().unwrap();
        let on_hand: i64 = rows
            .iter()
            .map(|row| row["on_hand"].as_i64().unwrap())
            .sum();
        assert!(
            on_hand > 0 && (units == 0 || units == on_hand),
            "seed {seed}, round {round}"
        );
        shop.must_be_sound();
    }
    println!("stock open, {kind:?}: {killed} processes killed in mid-run, each opened once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_syncs_survive() {
    sync_under_fire(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_syncs_survive() {
    sync_under_fire(Kind::Maria).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openings_survive() {
    opening_under_fire(Kind::Sqlite).await;
    opening_under_fire(Kind::Maria).await;
}

#[tokio::test]
async fn sqlite_survives() {
    under_fire(Kind::Sqlite).await;
}

#[tokio::test]
async fn mariadb_survives() {
    under_fire(Kind::Maria).await;
}
