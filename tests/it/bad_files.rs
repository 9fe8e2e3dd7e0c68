//! Files as people and their programs write them: what is odd is read all the same, what is
//! broken is named by line and column, and then nothing is applied.

use std::time::Instant;

use crate::harness::{Kind, Shop, on_all_stores};

on_all_stores!(
    a_hundred_thousand_rows_come_in_at_once,
    long_free_text_is_kept_whole,
    a_cell_longer_than_its_column_is_named,
);

async fn refused(text: &[u8]) -> String {
    let shop = Shop::new(Kind::Sqlite).await;
    std::fs::write(shop.path("lots.csv"), text).unwrap();
    let output = shop.run(&["receive", "lots.csv", "--new-products"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let listed = shop.json(&["stock", "list"]);
    assert_eq!(listed["rows"].as_array().map(Vec::len), Some(0));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_missing_column_is_named() {
    let words = refused(b"sku,lot,qty\nA,L1,3\n").await;
    assert!(words.contains("line 1: no column received_on"), "{words}");
}

#[tokio::test]
async fn an_unknown_column_is_named() {
    let words = refused(b"sku,lot,received_on,qty,colour\nA,L1,2026-01-02,3,red\n").await;
    assert!(words.contains("unknown column \"colour\""), "{words}");
}

#[tokio::test]
async fn each_bad_cell_is_named_by_line_and_column() {
    let words = refused(
        b"sku,lot,received_on,qty,unit_cost,total_cost,currency\n\
          A,L1,2026-01-02,-3,,,\n\
          A,L2,02/01/2026,3,,,\n\
          A,L3,2026-01-02,3,1.1234567,,\n\
          A,L4,2026-01-02,3,1,3,\n\
          A,L5,2026-01-02,3,1,,euro\n\
          ,L6,2026-01-02,1e3,,,\n\
          A,L7,2026-01-02,3,,,\n\
          A,L7,2026-01-02,3,,,\n",
    )
    .await;
    for part in [
        "line 2, column qty: -3 is not a quantity of at least 1",
        "line 3, column received_on: \"02/01/2026\" is not a day",
        "line 4, column unit_cost: more than 6 decimals",
        "line 5, column total_cost: give unit_cost or total_cost, not both",
        "line 6, column currency:",
        "line 7, column sku: is empty",
        "line 7, column qty: \"1e3\" is not a whole number",
        "line 9, column lot: lot \"L7\" of this product is there already",
        "8 bad cells, nothing was applied",
    ] {
        assert!(words.contains(part), "{part} is not in:\n{words}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_text_is_refused() {
    let words = refused(b"sku,lot,received_on,qty\n\xff\xfe,L1,2026-01-02,3\n").await;
    assert!(words.contains("is not UTF-8 text (byte 25)"), "{words}");
}

#[tokio::test]
async fn a_row_with_too_few_cells_is_refused() {
    let words = refused(b"sku,lot,received_on,qty\nA,L1\n").await;
    assert!(words.contains("broken CSV"), "{words}");
}

#[tokio::test]
async fn what_a_spreadsheet_makes_of_a_file_is_read() {
    let shop = Shop::new(Kind::Sqlite).await;
    let text = "\u{feff}SKU,Lot,Received on,Qty,Supplier\r\n\
                \"CUP, large\",\"L\"\"1\"\"\",2026-01-02,3,\"Potters,\r\nUnited\"\r\n\
                ,,,,\r\n\
                MUG , L2,2026-01-02, 4,\r\n";
    std::fs::write(shop.path("lots.csv"), text).unwrap();
    let report = shop.json(&["receive", "lots.csv", "--new-products"]);
    assert_eq!(
        (&report["lots"], &report["units"]),
        (&2.into(), &7.into()),
        "{report}"
    );
    let cup = shop.json(&["stock", "show", "CUP, large"]);
    assert_eq!(cup["lots"][0]["lot"], "L\"1\"", "{cup}");
    assert_eq!(shop.json(&["stock", "show", "MUG"])["sellable"], 4);
    shop.must_be_sound();
}

#[tokio::test]
async fn semicolons_and_tabs_separate_as_well() {
    for separator in [";", "\t"] {
        let shop = Shop::new(Kind::Sqlite).await;
        let text = "sku,lot,received_on,qty,unit_cost\nA,L1,2026-01-02,3,1.50\n";
        shop.write("lots.csv", &text.replace(',', separator));
        let report = shop.json(&["receive", "lots.csv", "--new-products"]);
        assert_eq!(
            (&report["units"], &report["cost"][0][1]),
            (&3.into(), &"4.50".into()),
            "{report}"
        );
    }
}

/// 100,000 lots of 5,000 products, and the same file again.
async fn a_hundred_thousand_rows_come_in_at_once(shop: Shop) {
    let mut text = String::from("sku,lot,received_on,qty,unit_cost\n");
    for i in 0..100_000 {
        text.push_str(&format!(
            "S{},L{i},2026-01-02,{},1.10\n",
            i % 5_000,
            1 + i % 3
        ));
    }
    shop.write("lots.csv", &text);
    let started = Instant::now();
    let report = shop.json(&["receive", "lots.csv", "--new-products"]);
    println!("{:?}: 100,000 lots in {:?}", shop.kind, started.elapsed());
    let units: i64 = (0..100_000).map(|i| 1 + i % 3).sum();
    assert_eq!(report["lots"], 100_000);
    assert_eq!(report["units"], units);
    assert_eq!(report["new_products"], 5_000);
    let again = shop.json(&["receive", "lots.csv", "--new-products"]);
    assert!(again["applied_before"].is_object(), "{again}");
    let listed = shop.json(&["stock", "list"]);
    let rows = listed["rows"].as_array().unwrap();
    let on_hand: i64 = rows
        .iter()
        .map(|row| row["on_hand"].as_i64().unwrap())
        .sum();
    assert_eq!((rows.len(), on_hand), (5_000, units));
    shop.must_be_sound();
}

/// An import that must be refused as a whole; gives what was said.
async fn refused_orders(text: &str) -> String {
    let shop = Shop::new(Kind::Sqlite).await;
    shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-02,3\n");
    shop.json(&["receive", "lots.csv", "--new-products"]);
    shop.write("orders.csv", text);
    let output = shop.run(&["orders", "import", "orders.csv"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(output.stdout.is_empty());
    let listed = shop.json(&["orders", "list"]);
    assert_eq!(listed["rows"].as_array().map(Vec::len), Some(0));
    shop.must_be_sound();
    words
}

#[tokio::test]
async fn hostile_values_in_orders_are_each_named() {
    let huge = "x".repeat(10_240);
    let words = refused_orders(&format!(
        "order,placed_at,sku,qty,unit_price\n\
         1,2026-02-01,A,-3,1\n\
         2,2026-02-01,A,1000000000000000000,1\n\
         3,2026-02-01,A,99999999999999999999999,1\n\
         4\u{0},2026-02-01,A,1,1\n\
         5,2026-02-01,A\u{0},1,1\n\
         {huge},2026-02-01,A,1,1\n\
         7,2026-02-01,A,1,1e400\n\
         8,2026-02-30,A,1,1\n\
         9,2026-02-01,B,1,1\n\
         10,2026-02-01,A,1000000000,99999999999\n"
    ))
    .await;
    for part in [
        "line 2, column qty: -3 is not",
        "line 3, column qty:",
        "line 4, column qty:",
        "line 5, column order: has control characters",
        "line 6, column sku: has control characters",
        "line 7, column order: is longer than 190 characters",
        "line 8, column unit_price:",
        "line 9, column placed_at:",
        "line 10, column sku: unknown SKU \"B\"",
        "line 11, column unit_price: the line's total is too large",
        "10 bad cells, nothing was applied",
    ] {
        assert!(words.contains(part), "{part} is not in:\n{words}");
    }
    assert!(!words.contains(&huge), "a cell of 10 KB is not repeated");
    assert!(!words.contains('\u{0}'));
}

#[tokio::test]
async fn a_quantity_beyond_reason_is_called_too_large() {
    let words =
        refused_orders("order,placed_at,sku,qty\n1,2026-02-01,A,1000000000000000000\n").await;
    assert!(
        !words.contains("is not a quantity of at least 1"),
        "10^18 is at least 1:\n{words}"
    );
}

/// Ten thousand characters of what somebody calls a name are kept as they are.
async fn long_free_text_is_kept_whole(shop: Shop) {
    shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-02,3\n");
    shop.json(&["receive", "lots.csv", "--new-products"]);
    let huge = "ß".repeat(10_240);
    shop.write(
        "orders.csv",
        &format!("order,placed_at,sku,qty,customer,terms\n1,2026-02-01,A,1,{huge},{huge}\n"),
    );
    shop.json(&["orders", "import", "orders.csv"]);
    let order = shop.json(&["orders", "show", "manual:1"]);
    assert_eq!(order["customer"], huge);
    shop.must_be_sound();
}

/// What a column of the database cannot hold is a bad cell like any other, on each store.
async fn a_cell_longer_than_its_column_is_named(shop: Shop) {
    let huge = "x".repeat(300);
    shop.write(
        "lots.csv",
        &format!("sku,lot,received_on,qty,supplier,invoice\nA,L1,2026-01-02,3,{huge},{huge}\n"),
    );
    let output = shop.run(&["receive", "lots.csv", "--new-products"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    for column in ["supplier", "invoice"] {
        let part = format!("line 2, column {column}: is longer than 190 characters");
        assert!(words.contains(&part), "{part} is not in:\n{words}");
    }
    shop.must_be_sound();
}

#[tokio::test]
async fn totals_that_overflow_together_are_refused() {
    // Each line is within bounds; their sum is not.
    let mut text = String::from("order,placed_at,sku,qty,unit_price\n");
    for _ in 0..4 {
        text.push_str("1,2026-02-01,A,1000000000,90000000\n");
    }
    let words = refused_orders(&text).await;
    assert!(words.contains("too large"), "{words}");
    assert!(!words.contains("panicked"), "{words}");
}
