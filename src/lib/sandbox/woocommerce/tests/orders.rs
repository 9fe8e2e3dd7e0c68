//! Orders: what their statuses, edits and refunds do to the stock, and to their dates.

use super::*;

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
