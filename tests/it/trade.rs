//! A sandbox shop and a tenant that sells through it, driven by the real binary alone.

use std::collections::BTreeMap;
use std::process::Output;
use std::time::{Duration, Instant};

use opsctl::sandbox::Sandbox;
use opsctl::sandbox::faults::Rule;
use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

use crate::harness::{Kind, Shop};
use crate::trading::{beside, keeps_its_own_stock};

/// Units of each SKU on hand at the start: more than anybody orders.
const UNITS: i64 = 500;

/// The shop, the tenant, and the SKUs whose stock opsctl keeps for it.
pub struct Trade {
    pub shop: Shop,
    pub sandbox: Sandbox,
    pub skus: Vec<String>,
}

impl Trade {
    /// A shop of 40 SKUs (34 simple products, of which the first keeps its stock, and 6
    /// variations) and 42 orders, of which nothing has been read yet; all its SKUs are in stock.
    pub async fn open(shop: Shop) -> Self {
        Self::of_size(shop, 40).await
    }

    /// The same with another number of SKUs.
    pub async fn of_size(shop: Shop, skus: usize) -> Self {
        let (sandbox, _) = beside(&shop, skus).await;
        let own = |sku: &String| keeps_its_own_stock(&sandbox, sku);
        let skus: Vec<String> = sandbox
            .woo()
            .managed_skus()
            .into_iter()
            .filter(own)
            .collect();
        let rows: String = skus
            .iter()
            .map(|sku| format!("{sku},L1,2026-01-02,{UNITS}\n"))
            .collect();
        shop.write("lots.csv", &format!("sku,lot,received_on,qty\n{rows}"));
        shop.json(&["receive", "lots.csv", "--new-products"]);
        Self {
            shop,
            sandbox,
            skus,
        }
    }

    /// Lets requests go wrong, as `opsctl sandbox --fault` takes it.
    pub fn spoil(&self, rule: &str) {
        self.sandbox.faults().inject(rule.parse::<Rule>().unwrap());
    }

    /// Runs `opsctl sync`, which must end with this code.
    pub fn sync(&self, code: i32) -> Told {
        let started = Instant::now();
        let output = self.shop.run(&["sync"]);
        let told = Told::by(&output, started.elapsed());
        assert_eq!(output.status.code(), Some(code), "{}", told.text);
        told
    }

    /// Fair weather again: the next run mends everything, and the one after it finds nothing
    /// to do.
    pub async fn mends(&self) {
        self.sandbox.faults().clear();
        self.sync(0);
        self.agrees().await;
        self.sandbox.woo().forget_calls();
        self.sync(0);
        let counts = self.sandbox.woo().counts();
        assert_eq!(counts.writes, 0, "{:?}", counts.by_call);
        self.agrees().await;
    }

    /// Nothing is lost and nothing doubled: each order of the shop is there once, what its
    /// open orders want is reserved, and the shop offers what is left. Nothing waits to be
    /// read again, and the data is sound.
    pub async fn agrees(&self) {
        let woo = self.sandbox.woo();
        assert_eq!(
            self.count("orders").await,
            woo.order_ids().len() as i64,
            "orders"
        );
        let wanted = self.wanted();
        let listed = self.shop.json(&["stock", "list"]);
        let rows = listed["rows"].as_array().unwrap();
        for sku in &self.skus {
            let row = rows.iter().find(|row| row["sku"] == sku.as_str()).unwrap();
            let open = wanted.get(sku).copied().unwrap_or(0);
            assert_eq!(row["reserved"], open, "reserved of {sku}");
            assert_eq!(row["open_demand"], 0, "{sku} lacks nothing");
            assert_eq!(
                woo.quantity(sku),
                row["sellable"].as_i64(),
                "the shop offers what may be sold of {sku}"
            );
        }
        assert_eq!(self.count("sync_retries").await, 0, "items to read again");
        self.shop.must_be_sound();
    }

    /// Units that the shop's open orders want, by SKU.
    fn wanted(&self) -> BTreeMap<String, i64> {
        let woo = self.sandbox.woo();
        let mut wanted = BTreeMap::new();
        let open = |order: &Value| order["status"] == "processing" || order["status"] == "on-hold";
        for order in woo.order_ids().into_iter().filter_map(|id| woo.order(id)) {
            let lines = order["line_items"].as_array().unwrap().clone();
            for line in lines.into_iter().filter(|_| open(&order)) {
                let sku = line["sku"].as_str().unwrap_or_default().to_owned();
                *wanted.entry(sku).or_default() += line["quantity"].as_i64().unwrap();
            }
        }
        wanted
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        if self.shop.kind == Kind::Sqlite {
            let mut connection = SqliteConnection::connect(&self.shop.url).await.unwrap();
            let count = sqlx::query_scalar(sql).fetch_one(&mut connection);
            count.await.unwrap()
        } else {
            let mut connection = MySqlConnection::connect(&self.shop.url).await.unwrap();
            let count = sqlx::query_scalar(sql).fetch_one(&mut connection);
            count.await.unwrap()
        }
    }

    /// One more unit of a SKU, so that there is something to write to the shop.
    pub fn find_one_more(&self, sku: &str) {
        let args = ["stock", "adjust", sku, "--by", "1", "--reason", "found"];
        self.shop.json(&args);
    }
}

/// What a run said, on stdout and stderr.
pub struct Told {
    pub text: String,
    pub took: Duration,
}

impl Told {
    pub fn by(output: &Output, took: Duration) -> Self {
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Self {
            text: text.concat(),
            took,
        }
    }

    /// It said all of this.
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(
                self.text.contains(word),
                "{word:?} is not in:\n{}",
                self.text
            );
        }
        self
    }
}
