//! The shop as its API shows it, over HTTPS with Basic, without a socket.

mod items;
mod orders;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::sandbox::clock::Clock;

const NOW: i64 = 1_795_000_000; // 2026-11-18T11:06:40Z

/// A shop with a cup (10 in stock), a lamp nobody counts (id 2), a shirt whose two variations
/// have 5 and 7, and a scarf that keeps the stock (4) of its two variations.
struct Bench {
    shop: Shop,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::fixed(NOW);
        let guard = Guard::new("ck".to_owned(), "cs".to_owned());
        let shop = Shop::new(State::new(guard, NOW), clock.clone());
        let bench = Self { shop, clock };
        let managed = |sku: &str, quantity: i64| {
            json!({"name": sku, "sku": sku, "regular_price": "12.10", "manage_stock": true,
                   "stock_quantity": quantity})
        };
        let variation = |sku: &str, quantity: i64| {
            json!({"sku": sku, "regular_price": "24.20", "manage_stock": true,
                   "stock_quantity": quantity})
        };
        bench.make("products", &managed("CUP", 10));
        bench.make(
            "products",
            &json!({"name": "Lamp", "sku": "LAMP", "regular_price": "5"}),
        );
        bench.make(
            "products",
            &json!({"name": "Shirt", "type": "variable", "sku": "SHIRT"}),
        );
        bench.make("products/3/variations", &variation("SHIRT-S", 5));
        bench.make("products/3/variations", &variation("SHIRT-M", 7));
        let scarf = json!({"name": "Scarf", "type": "variable", "sku": "SCARF",
                           "manage_stock": true, "stock_quantity": 4});
        bench.make("products", &scarf);
        bench.make(
            "products/6/variations",
            &json!({"sku": "SCARF-R", "regular_price": "9"}),
        );
        bench.make(
            "products/6/variations",
            &json!({"sku": "SCARF-G", "regular_price": "9"}),
        );
        bench
    }

    fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let body = body.map(Value::to_string).unwrap_or_default();
        self.shop.answer(Request {
            method,
            url: "https://shop.test/",
            path: &format!("{API}{path}"),
            query: &query,
            authorization: Some(&format!("Basic {}", STANDARD.encode("ck:cs"))),
            content_type: Some("application/json"),
            https: true,
            body: body.as_bytes(),
        })
    }

    fn value(&self, method: &str, target: &str, body: Option<&Value>, status: u16) -> Value {
        let reply = self.ask(method, target, body);
        let value: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(reply.status, status, "{method} {target}: {value}");
        value
    }

    fn get(&self, target: &str) -> Value {
        self.value("GET", target, None, 200)
    }

    fn put(&self, target: &str, body: &Value) -> Value {
        self.value("PUT", target, Some(body), 200)
    }

    fn make(&self, target: &str, body: &Value) -> u64 {
        self.value("POST", target, Some(body), 201)["id"]
            .as_u64()
            .unwrap()
    }

    fn refused(&self, method: &str, target: &str, body: &Value, status: u16) -> Value {
        self.value(method, target, Some(body), status)
    }

    fn ids(&self, target: &str) -> Vec<u64> {
        let page = self.get(target);
        let ids = page
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_u64().unwrap());
        ids.collect()
    }

    fn stock(&self, sku: &str) -> Option<i64> {
        self.shop.quantity(sku)
    }

    /// The `_reduced_stock` of an order's line, as written.
    fn reduced(&self, order: u64, line: usize) -> Option<String> {
        let order = self.shop.order(order).unwrap();
        let metas = order["line_items"][line]["meta_data"]
            .as_array()
            .unwrap()
            .clone();
        let meta = metas
            .into_iter()
            .find(|meta| meta["key"] == "_reduced_stock")?;
        Some(meta["value"].as_str().unwrap().to_owned())
    }

    fn modified(&self, target: &str) -> String {
        self.get(target)["date_modified_gmt"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
