//! Products and variations: lists, codes, stock, batches, and what is refused.

use super::*;

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
