//! Goods bought from a supplier, and what bookings change.

use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

use crate::harness::{Kind, Shop};

/// Two products received for the order PO-1 of ACME: 10 of A at 10.00 and 5 of B at 20.00.
pub async fn bought(shop: &Shop) {
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

pub async fn supplier(shop: &Shop) {
    shop.sql(
        "INSERT INTO suppliers (id, code, name, currency, lead_days, email, created_at) \
         VALUES (1, 'ACME', 'Acme', 'EUR', 7, '', 1)",
    )
    .await;
}

/// Takes an invoice of ACME in, 2026-02-10: rows of number,kind,sku,qty,total,applies_to.
pub fn import(shop: &Shop, rows: &[&str]) -> Value {
    let mut text =
        String::from("supplier,invoiced_on,invoice,kind,sku,qty,total,applies_to,spread\n");
    for row in rows {
        text.push_str(&format!("ACME,2026-02-10,{row}\n"));
    }
    shop.write("invoices.csv", &text);
    shop.json(&["invoice", "import", "invoices.csv"])
}

pub async fn number(shop: &Shop, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT CAST(COALESCE(({sql}), 0) AS SIGNED)"));
    if shop.kind == Kind::Sqlite {
        let mut connection = SqliteConnection::connect(&shop.url).await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    } else {
        let mut connection = MySqlConnection::connect(&shop.url).await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }
}

pub async fn costs(shop: &Shop, component: &str) -> i64 {
    let of = format!("SELECT SUM(amount_minor) FROM lot_costs WHERE component = '{component}'");
    number(shop, &of).await
}

/// Everything that bookings change, as one number each.
pub async fn books(shop: &Shop) -> Vec<i64> {
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
pub fn fails(shop: &Shop, code: i32, args: &[&str]) -> String {
    let output = shop.run(args);
    let words = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        words.concat()
    );
    words.concat()
}

/// Runs a match that must end with differences, and gives the report.
pub fn differs(shop: &Shop, args: &[&str]) -> Value {
    let output = shop.run(&[&["--json"], args].concat());
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["state"], "differs");
    report
}

pub fn says(words: &str, parts: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in:\n{words}");
    }
}
