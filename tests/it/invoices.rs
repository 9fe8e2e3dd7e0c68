//! What suppliers bill, held against what was ordered and received, each once.

mod charges;
mod files;
mod receive;
mod rest;
mod stage;

use opsctl::workflows::invoice;
use serde_json::Value;
use stage::{books, bought, costs, differs, fails, import, number, says};

use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    an_invoice_that_agrees_is_matched_once,
    a_price_that_differs_is_refused_and_then_accepted,
    a_price_within_the_tolerance_is_booked,
    more_billed_than_received_waits_for_the_goods,
    a_receipt_is_billed_in_two_parts,
    two_matches_at_once_book_once,
    what_a_line_names_is_billed_first,
    what_was_never_ordered_is_told,
    goods_received_without_a_cost_get_what_is_billed,
    a_foreign_receipt_is_billed_in_its_own_currency,
    what_came_in_and_is_not_billed_is_listed,
);

async fn an_invoice_that_agrees_is_matched_once(shop: Shop) {
    bought(&shop).await;
    let taken = import(&shop, &["I-1,,A,10,100.00,,", "I-1,,B,5,100.00,PO-1,"]);
    assert_eq!(taken["invoices"][0]["total"], "200.00");
    let before = books(&shop).await;
    let dry = shop.json(&["invoice", "match", "ACME:I-1", "--dry-run"]);
    assert_eq!(
        (&dry["state"], &dry["dry_run"]),
        (&"matched".into(), &true.into())
    );
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");

    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(done["differences"], serde_json::json!([]));
    let first = &done["matches"][0];
    assert_eq!(
        (
            &first["ordered"],
            &first["received"],
            &first["units"],
            &first["po"]
        ),
        (&10.into(), &10.into(), &10.into(), &"PO-1".into())
    );
    assert_eq!(done["added_minor"], 0);
    assert_eq!(
        number(&shop, "SELECT SUM(invoiced) FROM receipt_lines").await,
        15
    );
    let noted = "SELECT SUM(cost_minor) FROM supplier_costs WHERE source = 'invoice'";
    assert_eq!(number(&shop, noted).await, 20000);
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'invoice.matched' \
                AND subject = 'invoice:ACME:I-1'";
    assert_eq!(number(&shop, told).await, 1);

    let after = books(&shop).await;
    let again = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(again["matched_before"], true);
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    let words = fails(&shop, 1, &["invoice", "match", "ACME:I-9"]);
    says(&words, &["there is no invoice \"ACME:I-9\""]);
    shop.must_be_sound();
}

async fn a_price_that_differs_is_refused_and_then_accepted(shop: Shop) {
    bought(&shop).await;
    shop.json(&["stock", "adjust", "A", "--by", "-4", "--reason", "lost"]);
    import(&shop, &["I-1,,A,10,110.00,,"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-1"]);
    assert_eq!(report["differences"][0]["kind"], "price");
    let before = books(&shop).await;
    let words = fails(&shop, 1, &["invoice", "match", "ACME:I-1"]);
    says(
        &words,
        &[
            "billed at 110.00 EUR, expected 100.00",
            "nothing was booked",
            "--accept",
        ],
    );
    assert_eq!(books(&shop).await, before, "told once");
    assert_eq!(
        number(&shop, "SELECT SUM(invoiced) FROM receipt_lines").await,
        0
    );
    let listed = shop.json(&["invoice", "list", "--open"]);
    assert_eq!(listed["rows"][0]["state"], "differs");

    let accept = [
        "invoice",
        "match",
        "ACME:I-1",
        "--accept",
        "--reason",
        "agreed by phone",
    ];
    let done = shop.json(&accept);
    assert_eq!(
        (&done["state"], &done["added_minor"]),
        (&"matched".into(), &1000.into())
    );
    assert_eq!(costs(&shop, "adjustment").await, 1000);
    let late = "SELECT SUM(cost_minor) FROM cogs_entries WHERE kind = 'late_cost'";
    assert_eq!(
        number(&shop, late).await,
        400,
        "the share of the four that are gone"
    );
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["matches"][0]["expected_minor"], 10000);
    assert_eq!(shown["booked"][0]["out_minor"], 400);
    assert_eq!(
        shop.json(&["invoice", "list", "--open"])["rows"],
        serde_json::json!([])
    );
    shop.must_be_sound();
}

async fn a_price_within_the_tolerance_is_booked(shop: Shop) {
    bought(&shop).await;
    let file = shop.tenant_file("[purchasing]\nprice_tolerance_percent = 5\n");
    shop.write("tenants/shop.toml", &file);
    import(&shop, &["I-1,,A,10,105.00,,", "I-2,,B,5,105.01,,"]);
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(
        (&done["added_minor"], &done["differences"]),
        (&500.into(), &serde_json::json!([]))
    );
    differs(&shop, &["invoice", "match", "ACME:I-2"]);
    assert_eq!(costs(&shop, "adjustment").await, 500);
    shop.must_be_sound();
}

async fn more_billed_than_received_waits_for_the_goods(shop: Shop) {
    bought(&shop).await;
    import(&shop, &["I-1,,A,12,120.00,,"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-1"]);
    assert_eq!(report["differences"][0]["kind"], "not_received");
    says(
        &fails(&shop, 1, &["invoice", "match", "ACME:I-1"]),
        &["line 1: A 2 of 12 units billed are not received"],
    );
    let done = shop.json(&["invoice", "match", "ACME:I-1", "--accept"]);
    assert_eq!(done["matches"][0]["units"], 10);
    assert_eq!(done["matches"][0]["billed_minor"], 10000);
    assert_eq!(done["state"], "differs", "two units wait");
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["lines"][0]["matched"], 10);
    let after = books(&shop).await;
    let again = shop.json(&["invoice", "match", "ACME:I-1", "--accept"]);
    assert_eq!(again["booked"], false);
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    shop.must_be_sound();
}

async fn a_receipt_is_billed_in_two_parts(shop: Shop) {
    bought(&shop).await;
    import(
        &shop,
        &["I-1,,A,3,30.00,,", "I-2,,A,7,70.00,,", "I-3,,A,1,10.00,,"],
    );
    shop.json(&["invoice", "match", "ACME:I-1"]);
    let open = shop.json(&["invoice", "unbilled"]);
    assert_eq!(
        (
            &open["rows"][0]["units"],
            &open["rows"][0]["expected_minor"]
        ),
        (&7.into(), &7000.into())
    );
    shop.json(&["invoice", "match", "ACME:I-2"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-3"]);
    assert_eq!(
        report["differences"][0]["kind"], "not_received",
        "no unit is billed twice"
    );
    assert_eq!(
        number(&shop, "SELECT SUM(quantity) FROM invoice_matches").await,
        10
    );
    shop.must_be_sound();
}

async fn two_matches_at_once_book_once(shop: Shop) {
    bought(&shop).await;
    import(&shop, &["I-1,,A,10,110.00,,", "I-1,freight,,,6.00,,"]);
    let options = invoice::Options {
        accept: true,
        ..invoice::Options::default()
    };
    let (one, two) = (shop.context("r1").await, shop.context("r2").await);
    let (one, two) = tokio::join!(
        invoice::match_one(&one, "ACME:I-1", &options),
        invoice::match_one(&two, "ACME:I-1", &options),
    );
    assert!(one.unwrap().matched_before != two.unwrap().matched_before);
    assert_eq!(
        (
            costs(&shop, "adjustment").await,
            costs(&shop, "freight").await
        ),
        (1000, 600)
    );
    shop.must_be_sound();
}

async fn what_a_line_names_is_billed_first(shop: Shop) {
    bought(&shop).await;
    shop.write(
        "more.csv",
        "sku,lot,received_on,qty,unit_cost\nA,L2,2026-02-05,10,10.00\n",
    );
    shop.json(&["receive", "more.csv"]);
    shop.sql(
        "INSERT INTO receipts (id, supplier_id, ref, received_on, currency, at, actor, run) \
         VALUES (2, 1, 'R-2', '2026-02-05', 'EUR', 1, 'cli:test', 'r')",
    )
    .await;
    shop.sql(
        "INSERT INTO receipt_lines (receipt_id, lot_id, product_id, quantity, cost_minor, \
           invoiced) SELECT 2, id, product_id, quantity, 10000, 0 FROM lots WHERE code = 'L2'",
    )
    .await;
    import(&shop, &["I-1,,A,4,40.00,R-2,", "I-2,,A,12,120.00,,"]);
    let first = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(first["matches"][0]["receipt"], "R-2");
    let second = shop.json(&["invoice", "match", "ACME:I-2"]);
    let units: Vec<&Value> = (0..2).map(|at| &second["matches"][at]["units"]).collect();
    assert_eq!(
        units,
        [10, 2],
        "the oldest first, then what is left of the other"
    );
    shop.must_be_sound();
}

async fn what_was_never_ordered_is_told(shop: Shop) {
    bought(&shop).await;
    shop.write("more.csv", "sku,lot,received_on,qty\nC,L1,2026-02-01,1\n");
    shop.json(&["receive", "more.csv", "--new-products"]);
    import(&shop, &["I-1,,C,1,10.00,,"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-1"]);
    let kinds: Vec<&Value> = (0..2)
        .map(|at| &report["differences"][at]["kind"])
        .collect();
    assert_eq!(kinds, ["never_ordered", "not_received"]);
    shop.must_be_sound();
}

async fn goods_received_without_a_cost_get_what_is_billed(shop: Shop) {
    bought(&shop).await;
    shop.sql("DELETE FROM lot_costs").await;
    shop.sql("UPDATE receipt_lines SET cost_minor = NULL").await;
    import(&shop, &["I-1,,A,4,36.00,,", "I-2,,A,6,54.00,,"]);
    shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(costs(&shop, "purchase").await, 3600);
    shop.json(&["invoice", "match", "ACME:I-2"]);
    assert_eq!(costs(&shop, "purchase").await, 9000);
    assert_eq!(
        shop.json(&["stock", "show", "A"])["lots"][0]["cost_minor"],
        9000
    );
    shop.must_be_sound();
}

async fn a_foreign_receipt_is_billed_in_its_own_currency(shop: Shop) {
    bought(&shop).await;
    // 10 of A for 120.00 USD at 0.90; the lot has 108.00 EUR.
    shop.sql("UPDATE receipts SET currency = 'USD', rate = '0.9', rate_source = 'bank'")
        .await;
    shop.sql("UPDATE receipt_lines SET cost_minor = 12000")
        .await;
    shop.sql("UPDATE lot_costs SET amount_minor = 10800").await;
    let text = "supplier,invoice,invoiced_on,currency,sku,qty,total\n\
                ACME,U-1,2026-02-10,USD,A,10,130.00\nACME,E-1,2026-02-11,EUR,B,5,108.00\n";
    shop.write("usd.csv", text);
    let words = fails(&shop, 1, &["invoice", "import", "usd.csv"]);
    says(
        &words,
        &["line 2, column currency: no rate for USD", "1 bad cells"],
    );
    let rate = ["--rate", "USD=0.95", "--rate-source", "ECB 2026-02-10"];
    shop.json(&[&["invoice", "import", "usd.csv"], &rate[..]].concat());
    differs(&shop, &["invoice", "match", "ACME:U-1"]);
    // The ten dollars more, at the invoice's rate.
    let done = shop.json(&["invoice", "match", "ACME:U-1", "--accept"]);
    assert_eq!(done["added_minor"], 950);
    let source = "SELECT source_minor FROM lot_costs WHERE component = 'adjustment'";
    assert_eq!(number(&shop, source).await, 1000);
    // Goods of a dollar receipt billed in euros: 120.00 USD at 0.90 are 108.00 EUR.
    let done = shop.json(&["invoice", "match", "ACME:E-1"]);
    assert_eq!(done["added_minor"], 0);
    shop.must_be_sound();
}

async fn what_came_in_and_is_not_billed_is_listed(shop: Shop) {
    bought(&shop).await;
    let open = shop.json(&["invoice", "unbilled", "--supplier", "ACME"]);
    assert_eq!(open["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(open["totals"], serde_json::json!([["EUR", "200.00"]]));
    assert_eq!(open["rows"][0]["po"], "PO-1");
    import(&shop, &["I-1,,A,10,100.00,,"]);
    shop.json(&["invoice", "match", "ACME:I-1"]);
    let open = shop.json(&["invoice", "unbilled"]);
    assert_eq!(open["totals"], serde_json::json!([["EUR", "100.00"]]));
    assert_eq!(open["rows"][0]["sku"], "B");
    says(
        &fails(&shop, 1, &["invoice", "unbilled", "--supplier", "NOBODY"]),
        &["there is no supplier \"NOBODY\"", "ACME"],
    );
}
