//! The shop as its API shows it, over HTTPS with Basic, without a socket.

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

#[test]
fn a_status_moves_the_stock_once() {
    // Statuses in turn, and what a stock of 10 is after each with 3 ordered.
    let stories: &[&[(&str, i64)]] = &[
        &[
            ("pending", 10),
            ("processing", 7),
            ("completed", 7),
            ("processing", 7),
        ],
        &[
            ("pending", 10),
            ("on-hold", 7),
            ("processing", 7),
            ("cancelled", 10),
        ],
        &[("processing", 7), ("pending", 10), ("on-hold", 7)],
        &[
            ("on-hold", 7),
            ("failed", 7),
            ("processing", 7),
            ("cancelled", 10),
        ],
        &[("pending", 10), ("failed", 10), ("processing", 7)],
        &[("completed", 7), ("refunded", 7)],
        &[
            ("cancelled", 10),
            ("completed", 7),
            ("cancelled", 10),
            ("pending", 10),
        ],
    ];
    for story in stories {
        let bench = Bench::new();
        let order = bench.shop.sell(&[("CUP", 3)], story[0].0).unwrap();
        for (status, left) in *story {
            bench.shop.set_order_status(order, status).unwrap();
            assert_eq!(bench.stock("CUP"), Some(*left), "{story:?} at {status}");
            let taken = (*left == 7).then(|| "3".to_owned());
            assert_eq!(bench.reduced(order, 0), taken, "{story:?} at {status}");
        }
    }
}

#[test]
fn whoever_keeps_the_stock_loses_it() {
    let bench = Bench::new();
    let lines = [("SHIRT-S", 2), ("SCARF-R", 1), ("SCARF-G", 2), ("LAMP", 1)];
    let order = bench.shop.sell(&lines, "processing").unwrap();
    assert_eq!(bench.stock("SHIRT-S"), Some(3));
    assert_eq!(bench.stock("SHIRT-M"), Some(7));
    for sku in ["SCARF", "SCARF-R", "SCARF-G"] {
        assert_eq!(bench.stock(sku), Some(1), "{sku}");
    }
    assert_eq!(bench.stock("LAMP"), None);
    let reduced: Vec<_> = (0..4).map(|line| bench.reduced(order, line)).collect();
    assert_eq!(
        reduced,
        [Some("2"), Some("1"), Some("2"), None].map(|t| t.map(str::to_owned))
    );
    bench.shop.set_order_status(order, "cancelled").unwrap();
    assert_eq!(
        (bench.stock("SHIRT-S"), bench.stock("SCARF-G")),
        (Some(5), Some(4))
    );
}

#[test]
fn orders_can_oversell_and_the_stock_status_tells() {
    let bench = Bench::new();
    bench.shop.sell(&[("CUP", 12)], "processing").unwrap();
    assert_eq!(bench.stock("CUP"), Some(-2));
    assert_eq!(bench.get("products/1")["stock_status"], "outofstock");
    bench.put("products/1", &json!({"backorders": "yes"}));
    let cup = bench.get("products/1");
    assert_eq!(
        (&cup["stock_status"], &cup["backordered"]),
        (&json!("onbackorder"), &json!(true))
    );
}

#[test]
fn edited_lines_take_the_stock_along() {
    let bench = Bench::new();
    let order = bench
        .shop
        .sell(&[("CUP", 3), ("SHIRT-S", 1)], "processing")
        .unwrap();
    bench.shop.edit_line(order, 0, 5).unwrap();
    assert_eq!(
        (bench.stock("CUP"), bench.reduced(order, 0)),
        (Some(5), Some("5".to_owned()))
    );
    // 5 x 12.10 and 24.20, tax included.
    assert_eq!(bench.get(&format!("orders/{order}"))["total"], "84.70");
    bench.shop.edit_line(order, 0, 1).unwrap();
    assert_eq!(bench.stock("CUP"), Some(9));
    bench.shop.edit_line(order, 0, 0).unwrap();
    assert_eq!(bench.stock("CUP"), Some(10));
    assert_eq!(
        bench.get(&format!("orders/{order}"))["line_items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // A new line of an order that holds stock takes its own.
    let more = json!({"line_items": [{"product_id": 1, "quantity": 2}]});
    bench.put(&format!("orders/{order}"), &more);
    assert_eq!(bench.stock("CUP"), Some(8));
    // In a status that holds none, nothing moves.
    bench.shop.set_order_status(order, "pending").unwrap();
    bench.shop.edit_line(order, 1, 9).unwrap();
    assert_eq!(bench.stock("CUP"), Some(10));
}

#[test]
fn refunded_units_come_back_unless_told_otherwise() {
    for (restock, left, reduced) in [(true, 8, "2"), (false, 7, "3")] {
        let bench = Bench::new();
        let order = bench.shop.sell(&[("CUP", 3)], "completed").unwrap();
        let refund = bench.shop.refund(order, &[(0, 1)], restock).unwrap();
        assert_eq!(bench.stock("CUP"), Some(left));
        assert_eq!(bench.reduced(order, 0).as_deref(), Some(reduced));
        let shown = bench.get(&format!("orders/{order}"));
        assert_eq!(shown["status"], "completed");
        assert_eq!(
            shown["refunds"],
            json!([{"id": refund, "reason": "", "total": "-12.10"}])
        );
        let line = &shown["line_items"][0];
        let restocked = lines::meta_int(line, "_restock_refunded_items");
        assert_eq!(restocked, restock.then_some(1));
        let refunds = bench.get(&format!("orders/{order}/refunds"));
        let back = &refunds[0]["line_items"][0];
        assert_eq!(
            (&refunds[0]["amount"], &back["quantity"]),
            (&json!("12.10"), &json!(-1))
        );
        let of = lines::meta_int(back, "_refunded_item_id");
        assert_eq!(of, line["id"].as_i64());
        // What was put back is not taken again when the quantity is edited.
        bench.shop.edit_line(order, 0, 4).unwrap();
        assert_eq!(bench.stock("CUP"), Some(left - 1));
    }
}

#[test]
fn a_refund_of_everything_ends_the_order() {
    let bench = Bench::new();
    let order = bench.shop.sell(&[("CUP", 2)], "processing").unwrap();
    bench.shop.refund(order, &[(0, 2)], true).unwrap();
    let shown = bench.get(&format!("orders/{order}"));
    assert_eq!(
        (&shown["status"], bench.stock("CUP")),
        (&json!("refunded"), Some(10))
    );
    assert_eq!(shown["refunds"].as_array().unwrap().len(), 1);
    // By status alone: the money goes back, the units stay out.
    let order = bench.shop.sell(&[("CUP", 2)], "processing").unwrap();
    bench.shop.set_order_status(order, "refunded").unwrap();
    let refunds = bench.get(&format!("orders/{order}/refunds"));
    assert_eq!(
        (&refunds[0]["amount"], &refunds[0]["line_items"]),
        (&json!("24.20"), &json!([]))
    );
    assert_eq!(bench.stock("CUP"), Some(8));
    // More than there is cannot go back; the error's data is a bare number.
    let more = json!({"amount": "0.01", "api_refund": false});
    let refusal = bench.refused("POST", &format!("orders/{order}/refunds"), &more, 500);
    assert_eq!(refusal["data"], 500);
}

#[test]
fn what_moves_an_orders_date_and_what_does_not() {
    let bench = Bench::new();
    let order = bench.shop.sell(&[("CUP", 2)], "processing").unwrap();
    let target = format!("orders/{order}");
    let moves = |act: &dyn Fn()| {
        let before = bench.modified(&target);
        bench.clock.advance(1);
        act();
        before != bench.modified(&target)
    };
    assert!(moves(&|| {
        bench.put(&target, &json!({}));
    }));
    assert!(!moves(&|| {
        bench.make(&format!("{target}/notes"), &json!({"note": "Hi"}));
    }));
    assert!(moves(&|| {
        bench.shop.refund(order, &[(0, 1)], true).unwrap();
    }));
    let refund = bench.ids(&format!("{target}/refunds"))[0];
    assert!(!moves(&|| {
        let deletion = format!("{target}/refunds/{refund}?force=true");
        bench.value("DELETE", &deletion, None, 200);
    }));
    assert_eq!(bench.get(&target)["refunds"], json!([]));
    assert_eq!(bench.stock("CUP"), Some(9));
}

#[test]
fn a_sale_moves_the_date_of_the_product_and_of_a_variations_parent() {
    let bench = Bench::new();
    bench.clock.advance(60);
    bench.shop.sell(&[("SHIRT-S", 1)], "processing").unwrap();
    let since = "modified_after=2026-11-18T11:06:40Z";
    assert_eq!(bench.ids(&format!("products?{since}")), [3]);
    // Strictly after, so its own second finds nothing.
    let at = bench.modified("products/3");
    assert!(
        bench
            .ids(&format!("products?modified_after={at}&dates_are_gmt=true"))
            .is_empty()
    );
    assert_eq!(bench.ids(&format!("products/3/variations?{since}")), [4]);
    assert_eq!(bench.ids(&format!("orders?{since}")).len(), 1);
    // GMT taken for local time lies an hour in the past: it finds more, never less.
    assert_eq!(
        bench
            .ids("products?modified_after=2026-11-18T11:06:40&per_page=100")
            .len(),
        4
    );
}

#[test]
fn lists_of_products_hold_no_variations_unless_a_sku_asks() {
    let bench = Bench::new();
    assert_eq!(bench.ids("products?orderby=id&order=asc"), [1, 2, 3, 6]);
    assert_eq!(
        bench.ids("products?sku=shirt-s,CUP&orderby=id&order=asc"),
        [1, 4]
    );
    let found = bench.get("products?sku=SHIRT-S");
    assert_eq!(
        (&found[0]["type"], &found[0]["parent_id"]),
        (&json!("variation"), &json!(3))
    );
    assert!(found[0].get("related_ids").is_some() && found[0].get("image").is_none());
    let reply = bench.ask("GET", "products?per_page=3&page=2", None);
    assert!(reply.headers.contains(&("x-wp-total", "4".to_owned())));
    assert!(reply.headers.contains(&("x-wp-totalpages", "2".to_owned())));
    assert!(bench.ids("products?page=9").is_empty());
    assert_eq!(bench.ids("products?type=variable&search=scarf"), [6]);
    assert_eq!(
        bench.get("products/1?_fields=id,stock_quantity,dimensions.length"),
        json!({"id": 1, "dimensions": {"length": ""}, "stock_quantity": 10})
    );
}

#[test]
fn stock_is_written_as_the_shop_takes_it() {
    let bench = Bench::new();
    let cases = [
        // Item, what is sent, the quantity after.
        ("products/1", json!({"stock_quantity": 3}), json!(3)),
        ("products/1", json!({"stock_quantity": "4"}), json!(4)),
        ("products/1", json!({"inventory_delta": -1}), json!(3)),
        (
            "products/1",
            json!({"meta_data": [{"key": "_stock", "value": "8"}]}),
            json!(8),
        ),
        ("products/1", json!({"stock_quantity": null}), json!(0)),
        ("products/1", json!({"manage_stock": false}), json!(null)),
        ("products/1", json!({"stock_quantity": 6}), json!(null)),
        (
            "products/1",
            json!({"manage_stock": true, "stock_quantity": 6}),
            json!(6),
        ),
        ("products/2", json!({"stock_quantity": 6}), json!(null)),
        (
            "products/3/variations/4",
            json!({"stock_quantity": 6}),
            json!(6),
        ),
        (
            "products/6/variations/7",
            json!({"stock_quantity": 6}),
            json!(4),
        ),
        (
            "products/6/variations/7",
            json!({"manage_stock": true, "stock_quantity": 6}),
            json!(4),
        ),
        ("products/6", json!({"stock_quantity": 6}), json!(6)),
    ];
    for (target, body, expected) in cases {
        assert_eq!(
            bench.put(target, &body)["stock_quantity"],
            expected,
            "{target} {body}"
        );
    }
    assert_eq!(
        bench.get("products/6/variations/7")["manage_stock"],
        "parent"
    );
    assert_eq!(bench.stock("SCARF-R"), Some(6));
    let refusal = bench.refused("PUT", "products/1", &json!({"stock_quantity": 1.5}), 400);
    assert_eq!(refusal["code"], "rest_invalid_param");
}

#[test]
fn a_price_that_is_no_number_is_cleared() {
    let bench = Bench::new();
    assert_eq!(bench.get("products/1")["price"], "12.10");
    let cup = bench.put("products/1", &json!({"regular_price": "abc"}));
    assert_eq!(
        (&cup["price"], &cup["regular_price"]),
        (&json!(""), &json!(""))
    );
    let cup = bench.put(
        "products/1",
        &json!({"regular_price": "10", "sale_price": "8.50"}),
    );
    assert_eq!(
        (&cup["price"], &cup["on_sale"]),
        (&json!("8.50"), &json!(true))
    );
}

#[test]
fn a_code_belongs_to_one_item() {
    let bench = Bench::new();
    let taken = bench.refused(
        "POST",
        "products",
        &json!({"name": "X", "sku": "shirt-s"}),
        400,
    );
    assert_eq!(taken["code"], "product_invalid_sku");
    assert_eq!(taken["data"]["resource_id"], 4);
    bench.put("products/1", &json!({"global_unique_id": "4006381333931"}));
    let twice = json!({"global_unique_id": "4006381333931"});
    let taken = bench.refused("PUT", "products/2", &twice, 400);
    assert_eq!(
        (&taken["data"]["resource_id"], &taken["data"]["status"]),
        (&json!(1), &json!(400))
    );
    assert_eq!(bench.put("products/1", &twice)["id"], 1);
    // Nothing stays of the product that could not be made.
    assert_eq!(bench.ids("products").len(), 4);
    // The trash frees the code.
    bench.shop.trash_product(1).unwrap();
    bench.make("products", &json!({"name": "Cup", "sku": "CUP"}));
}

#[test]
fn a_batch_fails_item_by_item() {
    let bench = Bench::new();
    let done = bench.value(
        "POST",
        "products/batch",
        Some(&json!({
            "create": [{"name": "Mug", "sku": "MUG"}, {"name": "Cup", "sku": "CUP"}],
            "update": [
                {"id": 1, "stock_quantity": 2}, {"id": 99, "stock_quantity": 2},
                {"id": 1, "stock_quantity": 2.5}, {"id": 4, "stock_quantity": 1}
            ],
            "delete": [2, 98]
        })),
        200,
    );
    assert_eq!(done["create"][0]["sku"], "MUG");
    assert_eq!(done["create"][1]["error"]["data"]["resource_id"], 1);
    assert_eq!(done["update"][0]["stock_quantity"], 2);
    assert_eq!(done["update"][1]["id"], 99);
    assert_eq!(
        done["update"][1]["error"]["code"],
        "woocommerce_rest_product_invalid_id"
    );
    assert_eq!(done["update"][2]["error"]["code"], "rest_invalid_param");
    assert_eq!(
        done["update"][3]["error"]["code"],
        "woocommerce_rest_invalid_product_id"
    );
    assert_eq!(done["delete"][0]["id"], 2);
    assert!(done["delete"][1]["error"].is_object());
    assert_eq!(
        bench.value("GET", "products/2", None, 404)["data"]["status"],
        404
    );
    let variations =
        json!({"update": [{"id": 4, "stock_quantity": 9}, {"id": 7, "stock_quantity": 1}]});
    let done = bench.value(
        "POST",
        "products/3/variations/batch",
        Some(&variations),
        200,
    );
    assert_eq!(bench.stock("SHIRT-S"), Some(9));
    assert!(done["update"][1]["error"].is_object());
}

#[test]
fn a_batch_takes_a_hundred() {
    let bench = Bench::new();
    let items = |count: usize| vec![json!({"id": 1, "stock_quantity": 1}); count];
    bench.value(
        "POST",
        "products/batch",
        Some(&json!({"update": items(100)})),
        200,
    );
    let more = json!({"update": items(100), "delete": [2]});
    let refusal = bench.refused("POST", "products/batch", &more, 413);
    assert_eq!(refusal["code"], "woocommerce_rest_request_entity_too_large");
    assert!(bench.shop.product(2).is_some());
}

#[test]
fn statuses_and_the_trash() {
    let bench = Bench::new();
    let a = bench.shop.sell(&[("CUP", 1)], "processing").unwrap();
    let b = bench.shop.sell(&[("CUP", 1)], "on-hold").unwrap();
    let c = bench.shop.sell(&[("CUP", 1)], "completed").unwrap();
    bench.clock.advance(5);
    bench.shop.trash_order(c).unwrap();
    assert_eq!(bench.stock("CUP"), Some(7));
    let listed = |query: &str| bench.ids(&format!("orders?orderby=id&order=asc{query}"));
    assert_eq!(listed(""), [a, b]);
    assert_eq!(listed("&status=any"), [a, b]);
    assert_eq!(listed("&status=processing,on-hold"), [a, b]);
    assert_eq!(listed("&status[]=on-hold&status[]=failed"), [b]);
    assert_eq!(listed("&status=trash"), [c]);
    assert_eq!(listed("&include=2,3&status=any"), [] as [u64; 0]);
    assert_eq!(listed(&format!("&include={b},{a}")), [a, b]);
    assert_eq!(bench.get(&format!("orders/{c}"))["status"], "trash");
    assert_eq!(bench.modified(&format!("orders/{c}")), dates::gmt(NOW + 5));
    bench.refused("DELETE", &format!("orders/{c}"), &json!({}), 410);
    bench.value("DELETE", &format!("orders/{c}?force=true"), None, 200);
    bench.value("GET", &format!("orders/{c}"), None, 404);
    bench.refused("GET", "orders?status=lost", &json!({}), 400);
    bench.shop.trash_product(3).unwrap();
    assert_eq!(bench.ids("products?status=trash"), [3]);
    assert!(bench.ids("products/3/variations").is_empty());
    assert_eq!(bench.stock("SHIRT-S"), None);
}

#[test]
fn an_unknown_product_makes_an_empty_line() {
    let bench = Bench::new();
    let body = json!({"status": "processing", "line_items": [{"product_id": 9999, "quantity": 2}]});
    let order = bench.make("orders", &body);
    let line = &bench.get(&format!("orders/{order}"))["line_items"][0];
    assert_eq!(
        (&line["product_id"], &line["quantity"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(
        (&line["sku"], &line["total"]),
        (&json!(null), &json!("0.00"))
    );
    let refusal = bench.refused(
        "POST",
        "orders",
        &json!({"line_items": [{"quantity": 1}]}),
        400,
    );
    assert_eq!(
        refusal["code"],
        "woocommerce_rest_required_product_reference"
    );
}

#[test]
fn amounts_add_up() {
    let bench = Bench::new();
    let order = bench.make(
        "orders",
        &json!({
            "set_paid": true,
            "line_items": [
                {"product_id": 1, "quantity": 3},
                {"product_id": 3, "variation_id": 4, "quantity": 1, "subtotal": "20.00", "total": "18.00"}
            ],
            "shipping_lines": [{"method_id": "flat_rate", "method_title": "Parcel", "total": "5.00"}],
            "fee_lines": [{"name": "Gift wrap", "total": "2.00"}]
        }),
    );
    let order = bench.get(&format!("orders/{order}"));
    let line = &order["line_items"][0];
    assert_eq!(
        (&line["total"], &line["total_tax"]),
        (&json!("30.00"), &json!("6.30"))
    );
    assert_eq!(line["price"], json!(10.0));
    assert_eq!(order["line_items"][1]["name"], "Shirt - ");
    assert_eq!(order["discount_total"], "2.00");
    assert_eq!(order["total_tax"], "11.55");
    assert_eq!(order["total"], "66.55");
    assert_eq!(
        (&order["status"], order["date_paid"].is_string()),
        (&json!("processing"), true)
    );
}

#[test]
fn notes_come_newest_first() {
    let bench = Bench::new();
    let order = bench.shop.sell(&[("CUP", 1)], "pending").unwrap();
    let target = format!("orders/{order}/notes");
    let first = bench.make(&target, &json!({"note": "Packed"}));
    let second = bench.make(&target, &json!({"note": "Sent", "customer_note": true}));
    assert_eq!(bench.ids(&target), [second, first]);
    assert_eq!(bench.ids(&format!("{target}?type=customer")), [second]);
    assert_eq!(bench.get(&format!("{target}/{first}"))["note"], "Packed");
    bench.refused("POST", &target, &json!({}), 400);
    bench.shop.set_order_status(order, "completed").unwrap();
    assert_eq!(bench.get(&target)[0]["author"], "system");
}

#[test]
fn what_is_not_there_is_not_there() {
    let bench = Bench::new();
    let cases = [
        (
            "GET",
            "products/99",
            404,
            "woocommerce_rest_product_invalid_id",
        ),
        (
            "PUT",
            "products/99",
            400,
            "woocommerce_rest_product_invalid_id",
        ),
        (
            "GET",
            "orders/99",
            404,
            "woocommerce_rest_shop_order_invalid_id",
        ),
        (
            "PUT",
            "orders/99",
            400,
            "woocommerce_rest_shop_order_invalid_id",
        ),
        (
            "GET",
            "products/3/variations/7",
            404,
            "woocommerce_rest_product_variation_invalid_id",
        ),
        (
            "PUT",
            "products/3/variations/7",
            400,
            "woocommerce_rest_product_variation_invalid_id",
        ),
        ("POST", "products/1x", 404, "rest_no_route"),
        ("GET", "products/abc", 404, "rest_no_route"),
        ("GET", "customers", 404, "rest_no_route"),
        ("PUT", "products", 404, "rest_no_route"),
        ("GET", "products?per_page=101", 400, "rest_invalid_param"),
        (
            "GET",
            "products?colour=red",
            400,
            "sandbox_not_in_the_published_api",
        ),
    ];
    for (method, target, status, code) in cases {
        assert_eq!(
            bench.refused(method, target, &json!({}), status)["code"],
            code,
            "{target}"
        );
    }
    let unknown = bench.refused("PUT", "products/1", &json!({"stock": 5}), 400);
    assert_eq!(unknown["code"], "sandbox_not_in_the_published_api");
    assert!(unknown["message"].as_str().unwrap().contains("stock"));
}

#[test]
fn settings_and_the_index() {
    let bench = Bench::new();
    assert_eq!(
        bench.get("settings/products/woocommerce_weight_unit")["value"],
        "kg"
    );
    bench.value("GET", "settings/products/other", None, 404);
    let mut state = State::new(Guard::new(String::new(), String::new()), NOW);
    let request = |path| Request {
        method: "GET",
        url: "",
        path,
        query: &[],
        authorization: None,
        content_type: None,
        https: false,
        body: b"",
    };
    assert_eq!(answer(&mut state, request("/wp-json/"), NOW).status, 200);
    assert_eq!(
        answer(&mut state, request("/wp-json/wc/v3/products"), NOW).status,
        401
    );
    assert_eq!(answer(&mut state, request("/shop"), NOW).status, 404);
}
