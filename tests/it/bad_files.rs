//! Broken files: each bad cell named by line and column, and nothing applied.

use crate::harness::{Kind, Shop};

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
