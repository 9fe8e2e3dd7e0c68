//! The office's pages over a shop of 50,000 SKUs and 100,000 orders of three lines, through
//! the server that a browser speaks to.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::STORES;
use crate::harness::Kind;
use crate::made_up::{self, SKUS, insert};
use crate::raw::Raw;
use crate::site::{Site, Visitor, encoded};
use crate::table::{Aim, Table, Unit};

const ORDERS: i64 = 100_000;
const LINES: i64 = 3;
/// Of the newest orders, so many are not shipped.
const OPEN: i64 = 5_000;
/// Requests of each page.
const REQUESTS: usize = 20;

const FIRST: [&str; 8] = [
    "Anna", "Bram", "Carla", "Daan", "Eva", "Floris", "Greta", "Hugo",
];
const LAST: [&str; 8] = [
    "de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "Bos",
];

pub async fn measure(table: &mut Table) {
    eprintln!("pages: {SKUS} SKUs, {ORDERS} orders of {LINES} lines, p95 of {REQUESTS}");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

async fn one_store(table: &mut Table, kind: Kind) {
    let (shop, mut raw) = made_up::shop(kind, 0).await;
    fill(&mut raw).await;
    let site = Site::open(&shop).await;
    let kim = site.as_role(&shop, "manager").await;
    for (what, paths) in pages() {
        let took = p95(&kim, &paths).await;
        let ms = took.as_secs_f64() * 1_000.0;
        table.note(what, Some(kind), ms, Unit::Ms, Aim::Below(100.0));
    }
    site.shut_down().await;
}

/// Each page, with requests that differ.
#[allow(clippy::too_many_lines, reason = "a row a page")]
fn pages() -> Vec<(&'static str, Vec<String>)> {
    let mut rng = StdRng::seed_from_u64(7);
    let mut each = |make: &mut dyn FnMut(&mut StdRng, usize) -> String| -> Vec<String> {
        (0..REQUESTS).map(|i| make(&mut rng, i)).collect()
    };
    let behind = |rng: &mut StdRng| {
        let order = rng.random_range(1..ORDERS);
        format!("behind={}-{order}", placed(order))
    };
    vec![
        ("pages: home", each(&mut |_, _| "/".to_owned())),
        (
            "  orders, anywhere in the list",
            each(&mut |rng, _| format!("/orders?{}", behind(rng))),
        ),
        (
            "  orders, a number",
            each(&mut |rng, _| format!("/orders?q={}", rng.random_range(10_000..ORDERS))),
        ),
        (
            "  orders, a customer's name",
            each(&mut |_, i| format!("/orders?q={}+{}", FIRST[i % 8], encoded(LAST[i / 3 % 8]))),
        ),
        (
            "  orders, words that are nowhere",
            each(&mut |_, i| format!("/orders?q=nowhere{i}&status=completed")),
        ),
        (
            "  orders, a SKU",
            each(&mut |rng, _| format!("/orders?q=SKU-{:06}", rng.random_range(1..=SKUS))),
        ),
        (
            "  orders, what nearly all SKUs begin with",
            each(&mut |_, i| format!("/orders?q=SKU-0{}", i % 5)),
        ),
        (
            "  orders, status, meaning and hold",
            each(&mut |rng, i| match i % 3 {
                0 => format!("/orders?status=completed&{}", behind(rng)),
                1 => "/orders?rule=ship".to_owned(),
                _ => "/orders?hold=any&status=processing".to_owned(),
            }),
        ),
        (
            "  an order",
            each(&mut |rng, _| format!("/orders/woo:{}", ORDERS - rng.random_range(0..OPEN))),
        ),
        (
            "  stock, anywhere in the list",
            each(&mut |rng, _| format!("/stock?behind=SKU-{:06}", rng.random_range(1..=SKUS))),
        ),
        (
            "  stock, what a SKU begins with",
            each(&mut |rng, _| format!("/stock?q=SKU-{:04}", rng.random_range(1..=499))),
        ),
        (
            "  stock, part of a title",
            each(&mut |rng, _| format!("/stock?q=duct+{}", rng.random_range(1..=SKUS))),
        ),
        (
            "  stock, words that are nowhere",
            each(&mut |_, i| format!("/stock?q=nowhere{i}")),
        ),
        (
            "  stock, running low",
            each(&mut |_, _| "/stock?low=1".to_owned()),
        ),
        (
            "  a product",
            each(&mut |rng, _| format!("/stock/SKU-{:06}", rng.random_range(1..=SKUS))),
        ),
        (
            "  backorders",
            each(&mut |_, i| format!("/backorders?skip={}", i * 10)),
        ),
        (
            "  the station, with its queue",
            each(&mut |_, _| "/api/v1/station".to_owned()),
        ),
        ("  holds", each(&mut |_, _| "/holds".to_owned())),
        (
            "  discrepancies",
            each(&mut |_, _| "/discrepancies".to_owned()),
        ),
        (
            "  jobs",
            each(&mut |_, i| {
                if i % 2 == 0 {
                    "/jobs"
                } else {
                    "/jobs?job=sync"
                }
                .to_owned()
            }),
        ),
        (
            "  events",
            each(&mut |_, i| match i % 3 {
                0 => "/events".to_owned(),
                1 => "/events?kind=nothing".to_owned(),
                _ => format!("/events?subject=order:woo:{}", ORDERS - i as i64),
            }),
        ),
    ]
}

async fn p95(kim: &Visitor, paths: &[String]) -> Duration {
    let mut times = Vec::new();
    for path in paths {
        let started = Instant::now();
        kim.page(path).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times[times.len() * 95 / 100 - 1]
}

/// When an order was placed: one every five minutes.
fn placed(order: i64) -> i64 {
    1_740_000_000_000 + order * 300_000
}

/// Orders of years, of which the newest are open and mostly reserved; holds, runs and events.
async fn fill(raw: &mut Raw) {
    raw.either("SET foreign_key_checks = 0", "PRAGMA foreign_keys = OFF")
        .await;
    raw.either("START TRANSACTION", "BEGIN").await;
    orders(raw).await;
    rest(raw).await;
    raw.script("COMMIT").await;
    raw.either("SET foreign_key_checks = 1", "PRAGMA foreign_keys = ON")
        .await;
    raw.either(
        "ANALYZE TABLE products, lots, balances, orders, order_lines, order_demands, \
         reservations, order_holds, job_runs, events",
        "ANALYZE",
    )
    .await;
    raw.settle().await;
}

async fn orders(raw: &mut Raw) {
    let mut rng = StdRng::seed_from_u64(100_000);
    let (mut orders, mut lines, mut demands) = (Vec::new(), Vec::new(), Vec::new());
    let mut reservations = Vec::new();
    let mut line = 0;
    for order in 1..=ORDERS {
        let open = order > ORDERS - OPEN;
        let (status, rule) = if open {
            ("processing", "ship")
        } else {
            ("completed", "shipped")
        };
        let customer = format!(
            "{} {}",
            FIRST[rng.random_range(0..8)],
            LAST[rng.random_range(0..8)]
        );
        let email = format!("customer{order}@example.com");
        let placed = placed(order);
        let search = format!("{order} {customer} {email}").to_lowercase();
        orders.push(format!(
            "({order}, 1, '{order}', '{order}', '{status}', '{rule}', 'EUR', {placed}, {placed}, \
             '{customer}', '{email}', '{{}}', '', '', '', 495, 210, 9900, '{order}', {placed}, \
             '{search}')"
        ));
        for _ in 0..LINES {
            line += 1;
            let product = rng.random_range(1..=SKUS);
            let (mut reserved, mut shipped) = (0, 1);
            if open {
                // One line in ten waits for goods.
                (reserved, shipped) = (i64::from(line % 10 != 0), 0);
            }
            lines.push(format!(
                "({line}, {order}, '{line}', {product}, 'SKU-{product:06}', 'Product', 1, 0, 0, 0)"
            ));
            demands.push(format!(
                "({line}, {line}, {product}, 1, 1, {reserved}, {shipped})"
            ));
            if reserved > 0 {
                // The balances of a product are those of its two lots, numbered as they are.
                reservations.push(format!("({line}, {product}, 1, {placed}, 'made up')"));
            }
        }
    }
    insert(
        raw,
        "orders (id, account_id, external_id, number, status, rule, currency, placed_at, \
         modified_at, customer, email, ship_to, note, terms, po_number, shipping_minor, \
         tax_minor, total_minor, fingerprint, taken_in_at, search)",
        orders,
    )
    .await;
    insert(
        raw,
        "order_lines (id, order_id, external_id, product_id, sku, title, quantity, refunded, \
         total_minor, tax_minor)",
        lines,
    )
    .await;
    insert(
        raw,
        "order_demands (id, line_id, product_id, per_kit, quantity, reserved, shipped)",
        demands,
    )
    .await;
    insert(
        raw,
        "reservations (demand_id, balance_id, quantity, at, run)",
        reservations,
    )
    .await;
}

async fn rest(raw: &mut Raw) {
    let held = (1..=300).map(|i| {
        let order = ORDERS - i * 10;
        format!("({order}, 'manual', 'made up', {})", placed(order))
    });
    insert(raw, "order_holds (order_id, kind, reason, since)", held).await;
    let found = (1..=200).map(|i| {
        format!(
            "('short_pick', {i}, 1, {}, 5, 3, 'made up', {}, 'user:1', 'made up')",
            ORDERS - i,
            placed(ORDERS)
        )
    });
    insert(
        raw,
        "discrepancies (kind, product_id, location_id, order_id, expected, found, reason, at, \
         actor, run)",
        found,
    )
    .await;
    let runs = (1..=50_000_i64).map(|i| {
        let at = placed(ORDERS - 50_000 + i);
        let job = ["sync", "reserve", "export"][(i % 3) as usize];
        let outcome = if i % 7 == 0 { "partial" } else { "done" };
        format!(
            "('run-{i}', '{job}', 'cron:{job}', {at}, {}, '{outcome}', \
             '{{\"taken_in\": 3, \"changed\": 12, \"failed\": 0}}')",
            at + 1_500
        )
    });
    insert(
        raw,
        "job_runs (run, job, actor, started_at, finished_at, outcome, report)",
        runs,
    )
    .await;
    let told = (1..=300_000_i64).map(|i| {
        let order = (i - 1) / 3 + 1;
        format!(
            "({i}, {}, 'made up', 'cron:sync', 'order.reserved', 1, 'order:woo:{order}', \
             '{{\"units\": 3}}')",
            placed(order)
        )
    });
    insert(
        raw,
        "events (id, at, run, actor, kind, version, subject, payload)",
        told,
    )
    .await;
    raw.script(
        "UPDATE products SET reorder_point = 5, low_since = 1772355600000 WHERE id % 40 = 0",
    )
    .await;
    raw.script(
        "UPDATE balances SET on_hand = on_hand + 100, reserved = (SELECT COUNT(*) \
         FROM reservations r WHERE r.balance_id = balances.id)",
    )
    .await;
}
