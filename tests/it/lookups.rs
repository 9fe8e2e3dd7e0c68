//! What the office looks up: in any capitals, and by when it was asked for.

use opsctl::workflows::office::{self, OrderSearch, StockSearch};

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{order, receive};

on_all_stores!(
    names_and_titles_are_found_in_any_capitals,
    what_was_asked_for_first_is_lacking_first,
);

async fn names_and_titles_are_found_in_any_capitals(shop: Shop) {
    shop.write("p.csv", "sku,title\nA-1,ÄPFEL und Öl z Łodzi\nB-1,Birnen\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(&shop, "A-1,L1,2026-01-02,5,5.00,main\n");
    shop.write(
        "orders.csv",
        "order,placed_at,sku,qty,customer\n1,2026-02-01,A-1,1,JÖRG ÅGREN\n2,2026-02-01,A-1,1,Kim\n",
    );
    shop.json(&["orders", "import", "orders.csv"]);
    let ctx = shop.context("office").await;
    for text in ["ÄPFEL", "äpfel", "Äpfel", "öl äPFEL", "łodzi"] {
        let search = StockSearch {
            text: Some(text.to_owned()),
            ..StockSearch::default()
        };
        let page = office::stock(&ctx, &search).await.unwrap();
        let found: Vec<&str> = page.rows.iter().map(|row| row.row.sku.as_str()).collect();
        assert_eq!(found, ["A-1"], "{text}");
    }
    for text in ["jörg", "JÖRG", "ågren Jörg"] {
        let search = OrderSearch {
            text: Some(text.to_owned()),
            ..OrderSearch::default()
        };
        let page = office::orders(&ctx, &search).await.unwrap();
        let found: Vec<&str> = page.rows.iter().map(|row| row.order_ref.as_str()).collect();
        assert_eq!(found, ["manual:1"], "{text}");
    }
    for text in ["ÄPFEL", "äpfel", "a-1"] {
        let listed = shop.json(&["products", "list", "--search", text]);
        assert_eq!(listed["rows"].as_array().unwrap().len(), 1, "{text}");
    }
    // A title that is said anew is found as it is now.
    shop.write("p.csv", "sku,title\nA-1,BIRNEN\n");
    shop.json(&["products", "import", "p.csv"]);
    let search = |text: &str| shop.json(&["products", "list", "--search", text])["rows"].clone();
    assert_eq!(search("äpfel"), serde_json::json!([]));
    assert_eq!(search("birnen").as_array().unwrap().len(), 2);
}

async fn what_was_asked_for_first_is_lacking_first(shop: Shop) {
    shop.write("p.csv", "sku,title\nCUP,Cup\nMUG,Mug\nHAT,Hat\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "CUP,L1,2026-01-02,1,1.00,main\nMUG,L1,2026-01-02,1,1.00,main\nHAT,L1,2026-01-02,1,1.00,main\n",
    );
    order(&shop, "1,2026-02-10,CUP,3\n2,2026-02-12,HAT,2\n");
    // Placed before both, and taken in after them.
    order(&shop, "3,2026-02-11,MUG,2\n4,2026-02-01,HAT,1\n");
    let ctx = shop.context("office").await;
    let page = office::backorders(&ctx, 0).await.unwrap();
    let rows: Vec<&str> = page
        .rows
        .iter()
        .map(|row| row.lacking.sku.as_str())
        .collect();
    assert_eq!(rows, ["HAT", "CUP", "MUG"]);
    let since: Vec<Option<i64>> = page.rows.iter().map(|row| row.since).collect();
    assert!(since.is_sorted(), "{since:?}");
}
