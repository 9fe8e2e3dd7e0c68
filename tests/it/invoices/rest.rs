//! What an invoice bills before it has come, or beyond what was ordered: it waits, is told,
//! and is booked once when it is there.

use serde_json::Value;

use super::stage::{books, costs, differs, fails, import, number, says};
use crate::harness::{Shop, on_all_stores};
use crate::purchasing::a_buying_shop;

on_all_stores!(
    the_rest_of_an_accepted_invoice_is_booked_when_it_comes,
    freight_for_goods_on_their_way_is_spread_when_they_are_there,
    an_invoice_is_closed_by_hand_with_what_is_not_done,
    a_line_is_held_against_the_order_that_it_names,
    more_billed_than_ordered_is_told,
);

fn order(shop: &Shop, line: &str) {
    shop.json(&["po", "new", "--supplier", "ACME", "--line", line]);
}

fn receive(shop: &Shop, po: &str, line: &str) -> Value {
    let args = ["receive", "--po", po, "--line", line, "--accept-over"];
    shop.json(&args)
}

fn accept(shop: &Shop, invoice: &str) -> Value {
    let reason = ["--accept", "--reason", "agreed"];
    shop.json(&[&["invoice", "match", invoice], &reason[..]].concat())
}

async fn the_rest_of_an_accepted_invoice_is_booked_when_it_comes(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=10@1.00");
    receive(&shop, "PO-000001", "A=4");
    import(&shop, &["I-1,,A,10,20.00,,"]);
    differs(&shop, &["invoice", "match", "ACME:I-1"]);
    let first = accept(&shop, "ACME:I-1");
    assert_eq!(
        (&first["state"], &first["booked"], &first["added_minor"]),
        (&"differs".into(), &true.into(), &400.into())
    );
    let left = &first["not_done"][0];
    assert_eq!(
        (&left["units"], &left["billed_minor"]),
        (&6.into(), &1200.into())
    );
    receive(&shop, "PO-000001", "A=6");
    let open = shop.json(&["invoice", "unbilled"]);
    assert_eq!(open["rows"][0]["units"], 6);
    let rest = accept(&shop, "ACME:I-1");
    assert_eq!(
        (&rest["state"], &rest["added_minor"]),
        (&"matched".into(), &600.into())
    );
    assert_eq!(rest["not_done"], serde_json::json!([]));
    let none = shop.json(&["invoice", "unbilled"]);
    assert_eq!(none["rows"], serde_json::json!([]));
    assert_eq!(costs(&shop, "adjustment").await, 1000);
    let noted = "SELECT COUNT(*) FROM supplier_costs WHERE source = 'invoice'";
    assert_eq!(number(&shop, noted).await, 1);
    let after = books(&shop).await;
    assert_eq!(accept(&shop, "ACME:I-1")["matched_before"], true);
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    shop.must_be_sound();
}

async fn freight_for_goods_on_their_way_is_spread_when_they_are_there(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=10@1.00");
    import(&shop, &["F-1,freight,,,7.00,PO-000001,"]);
    let accepted = accept(&shop, "ACME:F-1");
    assert_eq!(
        (&accepted["state"], &accepted["booked"]),
        (&"differs".into(), &false.into())
    );
    receive(&shop, "PO-000001", "A=10");
    let done = shop.json(&["invoice", "match", "ACME:F-1"]);
    assert_eq!(done["state"], "matched");
    assert_eq!(costs(&shop, "freight").await, 700);
    shop.must_be_sound();
}

async fn an_invoice_is_closed_by_hand_with_what_is_not_done(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=10@1.00");
    receive(&shop, "PO-000001", "A=4");
    import(&shop, &["I-1,,A,10,10.00,,", "I-1,freight,,,7.00,PO-9,"]);
    let close = ["invoice", "match", "ACME:I-1", "--close"];
    fails(&shop, 2, &close);
    fails(&shop, 2, &[&close[..], &["--accept"]].concat());
    let close = [&close[..], &["--accept", "--reason", "credited"]].concat();
    let before = books(&shop).await;
    let dry = shop.json(&[&close[..], &["--dry-run"]].concat());
    assert_eq!(dry["state"], "matched");
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");
    let closed = shop.json(&close);
    assert_eq!(closed["state"], "matched");
    assert_eq!(closed["not_done"][0]["units"], 6);
    assert_eq!(closed["not_done"][1]["billed_minor"], 700);
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'invoice.closed' \
                AND payload LIKE '%credited%' AND payload LIKE '%not_done%\"units\":6%'";
    assert_eq!(number(&shop, told).await, 1);
    let matched = "SELECT COUNT(*) FROM events WHERE kind = 'invoice.matched'";
    assert_eq!(number(&shop, matched).await, 0);
    assert_eq!(
        number(&shop, "SELECT SUM(quantity) FROM invoice_matches").await,
        4
    );
    let after = books(&shop).await;
    assert_eq!(shop.json(&close)["matched_before"], true);
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    shop.must_be_sound();
}

async fn a_line_is_held_against_the_order_that_it_names(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=5@1.00");
    order(&shop, "A=5@1.00");
    receive(&shop, "PO-000001", "A=5");
    import(&shop, &["I-1,,A,5,5.00,PO-000002,"]);
    let words = fails(&shop, 1, &["invoice", "match", "ACME:I-1"]);
    says(
        &words,
        &["A 5 of 5 units billed are not received with PO-000002"],
    );
    accept(&shop, "ACME:I-1");
    assert_eq!(
        number(&shop, "SELECT COUNT(*) FROM invoice_matches").await,
        0
    );
    receive(&shop, "PO-000002", "A=5");
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(
        (&done["state"], &done["matches"][0]["po"]),
        (&"matched".into(), &"PO-000002".into())
    );
    shop.must_be_sound();
}

async fn more_billed_than_ordered_is_told(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=10@1.00");
    receive(&shop, "PO-000001", "A=15");
    import(&shop, &["I-1,,A,8,8.00,,", "I-2,,A,7,7.00,,"]);
    shop.json(&["invoice", "match", "ACME:I-1"]);
    let told = differs(&shop, &["invoice", "match", "ACME:I-2"]);
    assert_eq!(told["differences"][0]["kind"], "more_than_ordered");
    let words = fails(&shop, 1, &["invoice", "match", "ACME:I-2"]);
    says(
        &words,
        &["A 5 of 7 units billed are more than the 10 ordered with PO-000001"],
    );
    assert_eq!(accept(&shop, "ACME:I-2")["state"], "matched");
    shop.must_be_sound();
}
