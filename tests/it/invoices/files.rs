//! Invoices come in from CSV and JSON, all of a file or nothing.

use super::stage::{books, bought, fails, number, says};
use crate::harness::{Kind, Shop, on_all_stores};

on_all_stores!(
    the_same_invoices_again_change_nothing,
    json_says_the_same_as_csv,
);

async fn the_same_invoices_again_change_nothing(shop: Shop) {
    bought(&shop).await;
    let row = "supplier,invoice,invoiced_on,sku,qty,unit_cost\nACME,I-1,2026-02-10,A,10,10\n";
    shop.write("one.csv", row);
    let dry = shop.json(&["invoice", "import", "one.csv", "--dry-run"]);
    assert_eq!(dry["invoices"][0]["invoice"], "ACME:I-1");
    assert_eq!(
        number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await,
        0
    );
    shop.json(&["invoice", "import", "one.csv"]);
    let after = books(&shop).await;
    let again = shop.json(&["invoice", "import", "one.csv"]);
    assert!(again["applied_before"].is_object(), "{again}");
    let named = shop.json(&[
        "invoice",
        "import",
        "one.csv",
        "--ref",
        "by-hand",
        "--dry-run",
    ]);
    assert_eq!(named["unchanged"][0], "ACME:I-1");
    shop.write("two.csv", &row.replace(",10,10", ",10,11"));
    let words = fails(&shop, 1, &["invoice", "import", "two.csv"]);
    says(
        &words,
        &["line 2, column invoice: ACME:I-1 is there already, with other lines"],
    );
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
    assert_eq!(
        number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await,
        0
    );
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
    shop.write(
        "bad.json",
        r#"{"supplier": "ACME", "nummer": 3, "lines": [{}]}"#,
    );
    says(
        &fails(&shop, 1, &["invoice", "import", "bad.json"]),
        &["nummer: unknown field"],
    );
    shop.write("bad.json", "{");
    says(
        &fails(&shop, 1, &["invoice", "import", "bad.json"]),
        &["broken JSON"],
    );
    assert_eq!(
        number(&shop, "SELECT COUNT(*) FROM supplier_invoices").await,
        0
    );
}
