//! What suppliers bill: held against orders and receipts, spread over lots, each once.

use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

use crate::harness::{Kind, Shop, on_all_stores};

on_all_stores!(
    an_invoice_that_agrees_is_matched_once,
    a_price_that_differs_is_refused_and_then_accepted,
    a_price_within_the_tolerance_is_booked,
    more_billed_than_received_waits_for_the_goods,
    a_receipt_is_billed_in_two_parts,
    what_was_never_ordered_is_told,
    goods_received_without_a_cost_get_what_is_billed,
    a_foreign_receipt_is_billed_in_its_own_currency,
    late_freight_falls_also_on_what_has_left,
    foreign_freight_is_spread_at_its_rate,
    freight_by_weight_needs_every_weight,
    a_charge_that_is_for_nothing_is_told,
    a_charge_falls_on_the_goods_of_its_own_invoice,
    goods_come_in_with_their_invoice,
    the_rest_of_an_invoice_comes_in_later,
    the_same_invoices_again_change_nothing,
    json_says_the_same_as_csv,
    what_came_in_and_is_not_billed_is_listed,
);

/// Two products received for the order PO-1 of ACME: 10 of A at 10.00 and 5 of B at 20.00.
async fn bought(shop: &Shop) {
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,unit_cost\nA,L1,2026-02-01,10,10.00\nB,L1,2026-02-01,5,20.00\n",
    );
    shop.json(&["receive", "lots.csv", "--new-products"]);
    supplier(shop).await;
    shop.sql(
        "INSERT INTO purchase_orders (id, number, supplier_id, currency, ordered_on, \
           expected_on, note, created_at, actor, run) \
         VALUES (1, 'PO-1', 1, 'EUR', '2026-01-20', '2026-02-01', '', 1, 'cli:test', 'r')",
    )
    .await;
    shop.sql(
        "INSERT INTO purchase_order_lines (id, po_id, line, product_id, quantity, cost_minor, \
           received, expected_on) \
         SELECT id, 1, id, id, CASE WHEN sku = 'A' THEN 10 ELSE 5 END, 10000, \
           CASE WHEN sku = 'A' THEN 10 ELSE 5 END, '2026-02-01' FROM products",
    )
    .await;
    shop.sql(
        "INSERT INTO receipts (id, supplier_id, ref, received_on, currency, at, actor, run) \
         VALUES (1, 1, 'R-1', '2026-02-01', 'EUR', 1, 'cli:test', 'r')",
    )
    .await;
    shop.sql(
        "INSERT INTO receipt_lines (id, receipt_id, po_line_id, lot_id, product_id, quantity, \
           cost_minor, invoiced) \
         SELECT l.id, 1, l.product_id, l.id, l.product_id, l.quantity, 10000, 0 FROM lots l",
    )
    .await;
}

async fn supplier(shop: &Shop) {
    shop.sql(
        "INSERT INTO suppliers (id, code, name, currency, lead_days, email, created_at) \
         VALUES (1, 'ACME', 'Acme', 'EUR', 7, '', 1)",
    )
    .await;
}

/// Takes an invoice of ACME in, 2026-02-10: rows of number,kind,sku,qty,total,applies_to.
fn import(shop: &Shop, rows: &[&str]) -> Value {
    let mut text =
        String::from("supplier,invoiced_on,invoice,kind,sku,qty,total,applies_to,spread\n");
    for row in rows {
        text.push_str(&format!("ACME,2026-02-10,{row}\n"));
    }
    shop.write("invoices.csv", &text);
    shop.json(&["invoice", "import", "invoices.csv"])
}

async fn number(shop: &Shop, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT CAST(COALESCE(({sql}), 0) AS SIGNED)"));
    if shop.kind == Kind::Sqlite {
        let mut connection = SqliteConnection::connect(&shop.url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    } else {
        let mut connection = MySqlConnection::connect(&shop.url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }
}

async fn costs(shop: &Shop, component: &str) -> i64 {
    let of = format!("SELECT SUM(amount_minor) FROM lot_costs WHERE component = '{component}'");
    number(shop, &of).await
}

/// Everything that bookings change, as one number each.
async fn books(shop: &Shop) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "SELECT COUNT(*) FROM lot_costs",
        "SELECT SUM(amount_minor) FROM lot_costs",
        "SELECT COUNT(*) FROM cogs_entries",
        "SELECT COUNT(*) FROM invoice_matches",
        "SELECT SUM(invoiced) FROM receipt_lines",
        "SELECT SUM(matched) FROM supplier_invoice_lines",
        "SELECT COUNT(*) FROM supplier_invoices WHERE state = 'matched'",
        "SELECT COUNT(*) FROM supplier_costs",
        "SELECT COUNT(*) FROM lots",
        "SELECT COUNT(*) FROM stock_moves",
        "SELECT COUNT(*) FROM applied_refs",
        "SELECT COUNT(*) FROM events",
    ] {
        all.push(number(shop, sql).await);
    }
    all
}

/// Runs a command that must fail with this code, and gives what it said on both streams.
fn fails(shop: &Shop, code: i32, args: &[&str]) -> String {
    let output = shop.run(args);
    let words = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", words.concat());
    words.concat()
}

/// Runs a match that must end with differences, and gives the report.
fn differs(shop: &Shop, args: &[&str]) -> Value {
    let output = shop.run(&[&["--json"], args].concat());
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["state"], "differs");
    report
}

fn says(words: &str, parts: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in:\n{words}");
    }
}

async fn an_invoice_that_agrees_is_matched_once(shop: Shop) {
    bought(&shop).await;
    let taken = import(&shop, &["I-1,,A,10,100.00,,", "I-1,,B,5,100.00,PO-1,"]);
    assert_eq!(taken["invoices"][0]["total"], "200.00");
    let before = books(&shop).await;
    let dry = shop.json(&["invoice", "match", "ACME:I-1", "--dry-run"]);
    assert_eq!((&dry["state"], &dry["dry_run"]), (&"matched".into(), &true.into()));
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");

    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(done["differences"], serde_json::json!([]));
    let first = &done["matches"][0];
    assert_eq!(
        (&first["ordered"], &first["received"], &first["units"], &first["po"]),
        (&10.into(), &10.into(), &10.into(), &"PO-1".into())
    );
    assert_eq!(done["added_minor"], 0);
    assert_eq!(number(&shop, "SELECT SUM(invoiced) FROM receipt_lines").await, 15);
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
    says(&words, &["billed at 110.00 EUR, expected 100.00", "nothing was booked", "--accept"]);
    assert_eq!(books(&shop).await, before, "told once");
    assert_eq!(number(&shop, "SELECT SUM(invoiced) FROM receipt_lines").await, 0);
    let listed = shop.json(&["invoice", "list", "--open"]);
    assert_eq!(listed["rows"][0]["state"], "differs");

    let accept = ["invoice", "match", "ACME:I-1", "--accept", "--reason", "agreed by phone"];
    let done = shop.json(&accept);
    assert_eq!((&done["state"], &done["added_minor"]), (&"matched".into(), &1000.into()));
    assert_eq!(costs(&shop, "adjustment").await, 1000);
    let late = "SELECT SUM(cost_minor) FROM cogs_entries WHERE kind = 'late_cost'";
    assert_eq!(number(&shop, late).await, 400, "the share of the four that are gone");
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["matches"][0]["expected_minor"], 10000);
    assert_eq!(shown["booked"][0]["out_minor"], 400);
    assert_eq!(shop.json(&["invoice", "list", "--open"])["rows"], serde_json::json!([]));
    shop.must_be_sound();
}

async fn a_price_within_the_tolerance_is_booked(shop: Shop) {
    bought(&shop).await;
    let file = shop.tenant_file("[purchasing]\nprice_tolerance_percent = 5\n");
    shop.write("tenants/shop.toml", &file);
    import(&shop, &["I-1,,A,10,105.00,,", "I-2,,B,5,105.01,,"]);
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!((&done["added_minor"], &done["differences"]), (&500.into(), &serde_json::json!([])));
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
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["lines"][0]["matched"], 10);
    shop.must_be_sound();
}

async fn a_receipt_is_billed_in_two_parts(shop: Shop) {
    bought(&shop).await;
    import(&shop, &["I-1,,A,3,30.00,,", "I-2,,A,7,70.00,,", "I-3,,A,1,10.00,,"]);
    shop.json(&["invoice", "match", "ACME:I-1"]);
    let open = shop.json(&["invoice", "unbilled"]);
    assert_eq!((&open["rows"][0]["units"], &open["rows"][0]["expected_minor"]),
        (&7.into(), &7000.into()));
    shop.json(&["invoice", "match", "ACME:I-2"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-3"]);
    assert_eq!(report["differences"][0]["kind"], "not_received", "no unit is billed twice");
    assert_eq!(number(&shop, "SELECT SUM(quantity) FROM invoice_matches").await, 10);
    shop.must_be_sound();
}

async fn what_was_never_ordered_is_told(shop: Shop) {
    bought(&shop).await;
    shop.write("more.csv", "sku,lot,received_on,qty\nC,L1,2026-02-01,1\n");
    shop.json(&["receive", "more.csv", "--new-products"]);
    import(&shop, &["I-1,,C,1,10.00,,"]);
    let report = differs(&shop, &["invoice", "match", "ACME:I-1"]);
    let kinds: Vec<&Value> = (0..2).map(|at| &report["differences"][at]["kind"]).collect();
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
    assert_eq!(shop.json(&["stock", "show", "A"])["lots"][0]["cost_minor"], 9000);
    shop.must_be_sound();
}

async fn a_foreign_receipt_is_billed_in_its_own_currency(shop: Shop) {
    bought(&shop).await;
    // 10 of A for 120.00 USD at 0.90; the lot has 108.00 EUR.
    shop.sql("UPDATE receipts SET currency = 'USD', rate = '0.9', rate_source = 'bank'").await;
    shop.sql("UPDATE receipt_lines SET cost_minor = 12000").await;
    shop.sql("UPDATE lot_costs SET amount_minor = 10800").await;
    let text = "supplier,invoice,invoiced_on,currency,sku,qty,total\n\
                ACME,U-1,2026-02-10,USD,A,10,130.00\nACME,U-1,2026-02-10,USD,B,5,120.00\n\
                ACME,E-1,2026-02-11,EUR,B,5,108.00\n";
    shop.write("usd.csv", text);
    let words = fails(&shop, 1, &["invoice", "import", "usd.csv"]);
    says(&words, &["line 2, column currency: no rate for USD", "2 bad cells"]);
    let rate = ["--rate", "USD=0.95", "--rate-source", "ECB 2026-02-10"];
    shop.json(&[&["invoice", "import", "usd.csv"], &rate[..]].concat());
    differs(&shop, &["invoice", "match", "ACME:U-1"]);
    // The ten dollars more, at the invoice's rate.
    let done = shop.json(&["invoice", "match", "ACME:U-1", "--accept"]);
    assert_eq!(done["added_minor"], 950);
    let source = "SELECT source_minor FROM lot_costs WHERE component = 'adjustment'";
    assert_eq!(number(&shop, source).await, 1000);
    // The same goods billed in euros: 120.00 USD at 0.90 are 108.00 EUR.
    shop.sql("UPDATE receipt_lines SET invoiced = 0 WHERE quantity = 5").await;
    let done = shop.json(&["invoice", "match", "ACME:E-1"]);
    assert_eq!(done["added_minor"], 0);
    shop.must_be_sound();
}

async fn late_freight_falls_also_on_what_has_left(shop: Shop) {
    bought(&shop).await;
    shop.json(&["stock", "adjust", "A", "--by", "-5", "--reason", "lost"]);
    let add = [
        "landed", "add", "--document", "F-9", "--kind", "freight", "--amount", "33.33",
        "--applies-to", "lot:A:L1",
    ];
    let before = books(&shop).await;
    shop.json(&[&add[..], &["--dry-run"]].concat());
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");
    let report = shop.json(&add);
    let share = &report["charge"]["lots"][0];
    assert_eq!(share["amount_minor"], 3333);
    assert_eq!(share["out_minor"].as_i64().unwrap() + share["on_hand_minor"].as_i64().unwrap(), 3333);
    let late = "SELECT SUM(cost_minor) FROM cogs_entries WHERE kind = 'late_cost'";
    let late = number(&shop, late).await;
    assert_eq!(late, 1667);
    // Five of ten at 10.00 are left, with their share of the freight.
    let on_hand = number(&shop, "SELECT lot_cost FROM cogs_entries WHERE kind = 'late_cost'").await;
    assert_eq!(on_hand, 5000 + 3333 - late);
    let after = books(&shop).await;
    let again = shop.json(&add);
    assert!(again["applied_before"].is_object(), "{again}");
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");

    let words = fails(&shop, 1, &[
        "landed", "add", "--document", "F-10", "--kind", "freight", "--amount", "1.00",
        "--applies-to", "PO-9",
    ]);
    says(&words, &["\"PO-9\" is no purchase order", "lot:SKU:LOT"]);
    says(
        &fails(&shop, 2, &[
            "landed", "add", "--document", "F-10", "--kind", "freight", "--amount", "1.005",
            "--applies-to", "PO-1",
        ]),
        &["more decimals"],
    );
    assert_eq!(books(&shop).await, after);
    shop.must_be_sound();
}

async fn foreign_freight_is_spread_at_its_rate(shop: Shop) {
    bought(&shop).await;
    let report = shop.json(&[
        "landed", "add", "--document", "F-1", "--kind", "duty", "--amount", "100.01",
        "--currency", "USD", "--rate", "USD=0.925", "--rate-source", "ECB 2026-02-10",
        "--applies-to", "PO-1", "--spread", "quantity", "--on", "2026-02-12",
    ]);
    let charge = &report["charge"];
    assert_eq!((&charge["paid_minor"], &charge["amount_minor"]), (&10001.into(), &9251.into()));
    let sum = |field: &str| -> i64 {
        let lots = charge["lots"].as_array().unwrap();
        lots.iter().map(|lot| lot[field].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("paid_minor"), sum("amount_minor")), (10001, 9251));
    assert_eq!(charge["lots"][0]["paid_minor"], 6667);
    let kept = "SELECT COUNT(*) FROM lot_costs WHERE component = 'duty' AND rate = '0.925' \
                AND rate_source = 'ECB 2026-02-10' AND booked_on = '2026-02-12' \
                AND document = 'F-1' AND source_currency = 'USD'";
    assert_eq!(number(&shop, kept).await, 2);
    let words = fails(&shop, 2, &[
        "landed", "add", "--document", "F-2", "--kind", "duty", "--amount", "1.00",
        "--currency", "USD", "--applies-to", "PO-1",
    ]);
    says(&words, &["no rate for USD"]);
    shop.must_be_sound();
}

async fn freight_by_weight_needs_every_weight(shop: Shop) {
    bought(&shop).await;
    shop.write("weights.csv", "sku,weight_g\nA,100\n");
    shop.json(&["products", "import", "weights.csv"]);
    import(&shop, &["F-1,freight,,,30.00,PO-1,weight"]);
    let before = books(&shop).await;
    let words = fails(&shop, 1, &["invoice", "match", "ACME:F-1"]);
    says(&words, &["the charge cannot be spread: B has no weight"]);
    assert_eq!(books(&shop).await, before, "nothing half done");
    shop.write("weights.csv", "sku,weight_g\nA,100\nB,400\n");
    shop.json(&["products", "import", "weights.csv"]);
    let done = shop.json(&["invoice", "match", "ACME:F-1"]);
    let lots = &done["charges"][0]["lots"];
    assert_eq!((&lots[0]["amount_minor"], &lots[1]["amount_minor"]), (&1000.into(), &2000.into()));
    shop.must_be_sound();
}

async fn a_charge_that_is_for_nothing_is_told(shop: Shop) {
    bought(&shop).await;
    import(&shop, &["F-1,freight,,,30.00,PO-9|R-1,", "F-2,other,,,5.00,,"]);
    let report = differs(&shop, &["invoice", "match", "ACME:F-1"]);
    assert_eq!(report["differences"][0]["kind"], "applies_to_nothing");
    says(&fails(&shop, 1, &["invoice", "match", "ACME:F-1"]), &["freight names \"PO-9\""]);
    assert_eq!(costs(&shop, "freight").await, 0);
    shop.json(&["invoice", "match", "ACME:F-1", "--accept"]);
    assert_eq!(costs(&shop, "freight").await, 3000, "over what is there");
    differs(&shop, &["invoice", "match", "ACME:F-2"]);
    shop.json(&["invoice", "match", "ACME:F-2", "--accept"]);
    assert_eq!(costs(&shop, "other").await, 0);
    shop.must_be_sound();
}

async fn a_charge_falls_on_the_goods_of_its_own_invoice(shop: Shop) {
    bought(&shop).await;
    import(
        &shop,
        &["I-1,,A,10,100.00,,", "I-1,freight,,,12.00,,", "I-1,other,,,-2.00,,quantity"],
    );
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(done["charges"].as_array().map(Vec::len), Some(2));
    assert_eq!(shop.json(&["stock", "show", "A"])["lots"][0]["cost_minor"], 11000);
    assert_eq!(shop.json(&["stock", "show", "B"])["lots"][0]["cost_minor"], 10000);
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["booked"][0]["component"], "freight");
    shop.must_be_sound();
}

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
    assert_eq!((&a["on_hand"], &a["lots"][0]["cost_minor"]), (&3.into(), &1200.into()));
    assert_eq!(a["lots"][0]["received_on"], "2026-02-20");
    assert_eq!(costs(&shop, "purchase").await, 2000);
    assert_eq!(costs(&shop, "freight").await, 400);
    assert_eq!(shop.json(&["invoice", "list"])["rows"][0]["state"], "matched");
    assert_eq!(shop.json(&["invoice", "unbilled"])["rows"], serde_json::json!([]));
    assert_eq!(number(&shop, "SELECT SUM(quantity) FROM invoice_matches").await, 6);

    let after = books(&shop).await;
    let again = shop.json(&receive);
    assert_eq!(again["lots"], serde_json::json!([]));
    assert_eq!(shop.json(&["invoice", "match", "ACME:I-7"])["matched_before"], true);
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");
    says(&fails(&shop, 1, &["receive", "--invoice", "ACME:I-8"]), &["there is no invoice"]);
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
    assert_eq!(shop.json(&["stock", "show", "A"])["on_hand"], 12);
    assert_eq!(number(&shop, "SELECT COUNT(*) FROM supplier_costs").await, 1);
    shop.must_be_sound();
}

async fn the_same_invoices_again_change_nothing(shop: Shop) {
    bought(&shop).await;
    let row = "supplier,invoice,invoiced_on,sku,qty,unit_cost\nACME,I-1,2026-02-10,A,10,10\n";
    shop.write("one.csv", row);
    let dry = shop.json(&["invoice", "import", "one.csv", "--dry-run"]);
    assert_eq!(dry["invoices"][0]["invoice"], "ACME:I-1");
    assert_eq!(number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await, 0);
    shop.json(&["invoice", "import", "one.csv"]);
    let after = books(&shop).await;
    let again = shop.json(&["invoice", "import", "one.csv"]);
    assert!(again["applied_before"].is_object(), "{again}");
    let named = shop.json(&["invoice", "import", "one.csv", "--ref", "by-hand", "--dry-run"]);
    assert_eq!(named["unchanged"][0], "ACME:I-1");
    shop.write("two.csv", &row.replace(",10,10", ",10,11"));
    let words = fails(&shop, 1, &["invoice", "import", "two.csv"]);
    says(&words, &["line 2, column invoice: ACME:I-1 is there already, with other lines"]);
    assert_eq!(books(&shop).await, after);
    shop.must_be_sound();
}

async fn json_says_the_same_as_csv(shop: Shop) {
    bought(&shop).await;
    let text = r#"{"supplier": "ACME", "invoice": "I-1", "invoiced_on": "2026-02-10", "lines": [
        {"sku": "A", "qty": 10, "unit_cost": 10.00},
        {"kind": "freight", "total": "5.00", "spread": "quantity", "applies_to": "PO-1"}]}"#;
    shop.write("one.json", text);
    let taken = shop.json(&["invoice", "import", "one.json"]);
    assert_eq!(taken["invoices"][0]["total"], "105.00");
    let csv = "supplier,invoice,invoiced_on,kind,sku,qty,total,spread,applies_to\n\
               ACME,I-1,2026-02-10,goods,A,10,100.00,,\n\
               ACME,I-1,2026-02-10,freight,,,5.00,quantity,PO-1\n";
    shop.write("one.csv", csv);
    let same = shop.json(&["invoice", "import", "one.csv"]);
    assert_eq!(same["unchanged"][0], "ACME:I-1");
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(done["charges"][0]["lots"][0]["amount_minor"], 333);
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

#[tokio::test]
async fn each_bad_cell_of_a_csv_is_named() {
    let shop = Shop::new(Kind::Sqlite).await;
    bought(&shop).await;
    shop.write(
        "bad.csv",
        "supplier,invoice,invoiced_on,kind,currency,sku,qty,unit_cost,total,spread\n\
         NOBODY,I-1,2026-02-10,,,A,1,,1.00,\n\
         ACME,,2026-02-10,,,A,1,,1.00,\n\
         ACME,I-2,10/02/2026,,,A,1,,1.00,\n\
         ACME,I-3,2026-02-10,,,Z,1,,1.00,\n\
         ACME,I-3,2026-02-10,,,A,0,,1.00,\n\
         ACME,I-3,2026-02-10,,,A,1,,-1.00,\n\
         ACME,I-3,2026-02-10,,,A,2,1.00,3.00,\n\
         ACME,I-3,2026-02-10,,,A,1,,,\n\
         ACME,I-3,2026-02-10,,,,,,5.00,\n\
         ACME,I-3,2026-02-10,tax,,,,,5.00,\n\
         ACME,I-3,2026-02-10,duty,,A,,,5.00,size\n\
         ACME,I-3,2026-02-11,duty,,,,,5.00,\n\
         ACME,I-3,2026-02-10,duty,euro,,,,5.00,\n\
         ACME,I-3,2026-02-10,,,A,1,,1.00,value\n",
    );
    let words = fails(&shop, 1, &["invoice", "import", "bad.csv"]);
    says(
        &words,
        &[
            "line 2, column supplier: unknown supplier \"NOBODY\"",
            "line 3, column invoice: is empty",
            "line 4, column invoiced_on: \"10/02/2026\" is not a day",
            "line 5, column sku: unknown SKU \"Z\"",
            "line 6, column qty: 0 is not a quantity",
            "line 7, column total: goods are not billed below zero",
            "line 8, column total: the units at their unit_cost come to 2.00",
            "line 9, column total: is empty",
            "line 10, column kind: is empty",
            "line 11, column kind: \"tax\" is not goods, freight, duty or other",
            "line 12, column sku: a line of duty has none",
            "line 12, column spread: \"size\" is not value, quantity or weight",
            "line 13, column invoice: invoiced_on or currency differ",
            "line 14, column currency:",
            "line 15, column spread: only a charge is spread",
            "15 bad cells, nothing was applied",
        ],
    );
    assert_eq!(number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await, 0);
}

#[tokio::test]
async fn each_bad_place_of_a_json_is_named() {
    let shop = Shop::new(Kind::Sqlite).await;
    bought(&shop).await;
    shop.write(
        "bad.json",
        r#"[{"supplier": "ACME", "invoice": "I-1", "invoiced_on": "2026-02-10", "lines": [
              {"sku": "A", "qty": 1, "total": 1}]},
            {"supplier": "ME", "invoice": "I-2", "invoiced_on": "2026-02-10", "lines": [
              {"sku": "A", "qty": 1, "total": 1},
              {"sku": "B", "qty": 1.5, "total": 1},
              {"sku": "Z", "qty": 1, "total": 1e2}]}]"#,
    );
    let words = fails(&shop, 1, &["invoice", "import", "bad.json"]);
    says(
        &words,
        &[
            "[1].supplier: unknown supplier \"ME\"",
            "[1].lines[1].qty: \"1.5\" is not a whole number",
            "[1].lines[2].sku: unknown SKU \"Z\"",
            "[1].lines[2].total: \"1e2\" is not a decimal amount",
            "4 bad cells",
        ],
    );
    shop.write("bad.json", r#"{"supplier": "ACME", "nummer": 3, "lines": [{}]}"#);
    says(&fails(&shop, 1, &["invoice", "import", "bad.json"]), &["nummer: unknown field"]);
    shop.write("bad.json", "{");
    says(&fails(&shop, 1, &["invoice", "import", "bad.json"]), &["broken JSON"]);
    assert_eq!(number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await, 0);
}
