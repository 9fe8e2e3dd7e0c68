//! Goods that come in with their invoice, without a purchase order.

use serde_json::Value;

use super::stage::{books, bought, costs, fails, import, number, says, supplier};
use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    goods_come_in_with_their_invoice,
    the_rest_of_an_invoice_comes_in_later,
);

async fn goods_come_in_with_their_invoice(shop: Shop) {
    supplier(&shop).await;
    shop.write("products.csv", "sku\nA\nB\n");
    shop.json(&["products", "import", "products.csv"]);
    import(
        &shop,
        &[
            "I-7,,A,3,10.00,,",
            "I-7,,B,2,5.00,,",
            "I-7,,B,1,5.00,,",
            "I-7,freight,,,4.00,,value",
        ],
    );
    let receive = ["receive", "--invoice", "ACME:I-7", "--on", "2026-02-20"];
    let before = books(&shop).await;
    let dry = shop.json(&[&receive[..], &["--dry-run"]].concat());
    assert_eq!(dry["lots"].as_array().map(Vec::len), Some(3));
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");
    says(
        &fails(&shop, 1, &[&receive[..], &["--to", "attic"]].concat()),
        &["there is no location \"attic\""],
    );

    let report = shop.json(&receive);
    let codes: Vec<&Value> = (0..3).map(|at| &report["lots"][at]["lot"]).collect();
    assert_eq!(codes, ["I-7", "I-7-2", "I-7-3"]);
    let a = shop.json(&["stock", "show", "A"]);
    assert_eq!(
        (&a["on_hand"], &a["lots"][0]["cost_minor"]),
        (&3.into(), &1200.into())
    );
    assert_eq!(a["lots"][0]["received_on"], "2026-02-20");
    assert_eq!(costs(&shop, "purchase").await, 2000);
    assert_eq!(costs(&shop, "freight").await, 400);
    assert_eq!(
        shop.json(&["invoice", "list"])["rows"][0]["state"],
        "matched"
    );
    assert_eq!(
        shop.json(&["invoice", "unbilled"])["rows"],
        serde_json::json!([])
    );
    assert_eq!(
        number(&shop, "SELECT SUM(quantity) FROM invoice_matches").await,
        6
    );

    let after = books(&shop).await;
    let again = shop.json(&receive);
    assert_eq!(again["lots"], serde_json::json!([]));
    assert_eq!(
        shop.json(&["invoice", "match", "ACME:I-7"])["matched_before"],
        true
    );
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    says(
        &fails(&shop, 1, &["receive", "--invoice", "ACME:I-8"]),
        &["there is no invoice"],
    );
    fails(&shop, 2, &["receive"]);
    shop.must_be_sound();
}

async fn the_rest_of_an_invoice_comes_in_later(shop: Shop) {
    bought(&shop).await;
    import(&shop, &["I-1,,A,12,120.00,,", "I-1,freight,,,6.00,,"]);
    shop.json(&["invoice", "match", "ACME:I-1", "--accept"]);
    assert_eq!(costs(&shop, "freight").await, 600);
    let rest = shop.json(&["receive", "--invoice", "ACME:I-1"]);
    assert_eq!(rest["lots"][0]["units"], 2);
    assert_eq!(rest["lots"][0]["cost_minor"], 2000);
    assert_eq!(rest["charges"], serde_json::json!([]), "spread already");
    assert_eq!(rest["unbilled"], 0);
    let listed = shop.json(&["invoice", "list"]);
    assert_eq!(listed["rows"][0]["state"], "matched");
    assert_eq!(shop.json(&["stock", "show", "A"])["on_hand"], 12);
    assert_eq!(
        number(&shop, "SELECT COUNT(*) FROM supplier_costs").await,
        1
    );
    shop.must_be_sound();
}
