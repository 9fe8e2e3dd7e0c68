//! `sync` of a shop of 50,000 SKUs, by the real binary against the sandbox, which counts.

use std::collections::BTreeMap;
use std::time::Instant;

use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use serde_json::Value;

use crate::STORES;
use crate::harness::{Kind, Shop};
use crate::raw::Raw;
use crate::table::{Aim, Table, Unit};

const SKUS: usize = 50_000;
/// Products whose stock changes, and families of which every variation does.
const CHANGED_PRODUCTS: usize = 1_000;
const CHANGED_FAMILIES: usize = 50;
/// Quantities that one write to a shop may hold.
const BATCH: u64 = 100;
/// The shop is read again this far before the cursor; the sandbox's clock goes beyond it.
const PAST_THE_OVERLAP_S: i64 = 600;

pub async fn measure(table: &mut Table) {
    eprintln!("sync: a shop of {SKUS} SKUs");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

/// What the shop sells and keeps the stock of itself: products, and variations by parent.
struct Managed {
    products: Vec<String>,
    families: BTreeMap<u64, Vec<String>>,
}

async fn one_store(table: &mut Table, kind: Kind) {
    let shop = Shop::new(kind).await;
    let sandbox = Sandbox::start(Options {
        content: Content::Generated(Plan {
            skus: SKUS,
            ..Plan::default()
        }),
        ..Options::default()
    })
    .await
    .unwrap();
    connect(&shop, &sandbox);
    let store = Some(kind);

    let (seconds, _) = sync(&shop);
    let what = "sync, 50,000 SKUs, all new";
    table.note(what, store, seconds, Unit::Seconds, Aim::None);
    let counts = sandbox.woo().counts();
    table.note(
        "  reads",
        store,
        counts.reads as f64,
        Unit::Count,
        Aim::None,
    );
    table.compare("  writes to the shop", kind, counts.writes, 0);

    let managed = managed(&sandbox);
    let lots = opening_stock(&sandbox, &managed);
    let started = Instant::now();
    shop.json(&[
        "receive",
        shop.write("opening.csv", &lots).to_str().unwrap(),
    ]);
    let seconds = started.elapsed().as_secs_f64();
    let what = "receive, a lot of each SKU";
    table.note(what, store, seconds, Unit::Seconds, Aim::None);
    // What orders hold makes a few quantities differ: written now, and read once more.
    for _ in 0..3 {
        sync(&shop);
        sandbox.clock().advance(PAST_THE_OVERLAP_S);
    }

    sandbox.woo().forget_calls();
    let (seconds, report) = sync(&shop);
    let what = "sync, nothing changed";
    table.note(what, store, seconds, Unit::Seconds, Aim::None);
    let counts = sandbox.woo().counts();
    let mut raw = Raw::open(&shop).await;
    let cursors = raw.int("SELECT COUNT(*) FROM sync_cursors").await;
    table.compare("  reads, one a cursor", kind, counts.reads, cursors as u64);
    table.compare("  writes, nothing changed", kind, counts.writes, 0);
    assert_eq!(report["pushed"], 0);

    let (lots, computed, quantities) = changes(&managed);
    shop.json(&["receive", shop.write("more.csv", &lots).to_str().unwrap()]);
    sandbox.woo().forget_calls();
    let (seconds, report) = sync(&shop);
    let what = "sync, 1,000 products and the variations of 50 changed";
    table.note(what, store, seconds, Unit::Seconds, Aim::None);
    let counts = sandbox.woo().counts();
    table.note(
        "  reads, changed",
        store,
        counts.reads as f64,
        Unit::Count,
        Aim::None,
    );
    let pushed = report["pushed"].as_u64().unwrap();
    table.compare("  quantities written", kind, pushed, quantities);
    let what = "  writes, ceil(products / 100) + ceil(variations / 100) a parent";
    table.compare(what, kind, counts.writes, computed);
    assert_eq!(report["push_requests"].as_u64(), Some(counts.writes));
    sandbox.stop().await.unwrap();
    shop.must_be_sound();
}

/// Gives the tenant the sandbox's shop as its channel, without a limit on the pace.
fn connect(shop: &Shop, sandbox: &Sandbox) {
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
    shop.write("tenants/shop.toml", &shop.tenant_file(&channel));
}

/// Runs the binary; gives the seconds it took and its report on the channel.
fn sync(shop: &Shop) -> (f64, Value) {
    let started = Instant::now();
    let mut report = shop.json(&["sync"]);
    let seconds = started.elapsed().as_secs_f64();
    let channel = report["channels"][0].take();
    assert_eq!(channel["failures"], Value::Array(Vec::new()));
    (seconds, channel)
}

fn managed(sandbox: &Sandbox) -> Managed {
    let woo = sandbox.woo();
    let mut managed = Managed {
        products: Vec::new(),
        families: BTreeMap::new(),
    };
    for sku in woo.managed_skus() {
        let item = woo.id_of(&sku).and_then(|id| woo.product(id)).unwrap();
        if item["manage_stock"] != true {
            continue;
        }
        match item["parent_id"].as_u64() {
            Some(parent) if parent > 0 => managed.families.entry(parent).or_default().push(sku),
            _ => managed.products.push(sku),
        }
    }
    managed
}

const HEAD: &str = "sku,lot,received_on,qty\n";

/// As many units of each SKU as the shop states, so that little is to be written.
fn opening_stock(sandbox: &Sandbox, managed: &Managed) -> String {
    let mut lots = HEAD.to_owned();
    let all = managed
        .products
        .iter()
        .chain(managed.families.values().flatten());
    for sku in all {
        if let Some(units) = sandbox.woo().quantity(sku).filter(|units| *units > 0) {
            lots.push_str(&format!("{sku},OPEN,2026-01-02,{units}\n"));
        }
    }
    lots
}

/// Another lot of some, with the writes and the quantities that this comes to.
fn changes(managed: &Managed) -> (String, u64, u64) {
    let products = &managed.products[..CHANGED_PRODUCTS];
    let families: Vec<&Vec<String>> = managed.families.values().take(CHANGED_FAMILIES).collect();
    let mut lots = HEAD.to_owned();
    for sku in products.iter().chain(families.iter().copied().flatten()) {
        // More than any order of the made-up shop can be waiting for.
        lots.push_str(&format!("{sku},MORE,2026-02-02,1000\n"));
    }
    let batches = |skus: &[String]| (skus.len() as u64).div_ceil(BATCH);
    let writes = batches(products) + families.iter().map(|f| batches(f)).sum::<u64>();
    let quantities = products.len() + families.iter().map(|f| f.len()).sum::<usize>();
    (lots, writes, quantities as u64)
}
