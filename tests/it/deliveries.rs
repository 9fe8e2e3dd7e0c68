//! What comes in and must not mislead: waiting goods, old prices, units without serials, and
//! lists with impossible cells.

use serde_json::json;

use crate::harness::{Shop, on_all_stores};
use crate::purchasing::{a_buying_shop, refused};

on_all_stores!(
    what_waits_for_inspection_is_not_bought_again,
    a_newer_price_outlives_the_goods_of_an_older_order,
    tracked_units_do_not_come_in_without_their_serials,
    a_list_with_impossible_cells_is_refused,
    a_list_without_a_location_goes_home,
);

fn order(shop: &Shop, line: &str) -> serde_json::Value {
    shop.json(&["po", "new", "--supplier", "ACME", "--line", line])
}

async fn what_waits_for_inspection_is_not_bought_again(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,reorder_point\nA,5\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write("items.csv", "sku,unit_cost\nA,1\n");
    shop.json(&["supplier", "items", "items.csv", "--supplier", "ACME"]);
    order(&shop, "A=20@1");
    shop.json(&["receive", "--po", "PO-000001", "--all", "--quarantine"]);
    let told = shop.json(&["po", "propose", "--write"]);
    assert_eq!((&told["rows"], &told["orders"]), (&json!([]), &json!([])));
}

async fn a_newer_price_outlives_the_goods_of_an_older_order(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, "A=10@1.00");
    shop.write("items.csv", "sku,unit_cost\nA,1.50\n");
    shop.json(&["supplier", "items", "items.csv", "--supplier", "ACME"]);
    shop.json(&["receive", "--po", "PO-000001", "--line", "A=4"]);
    assert_eq!(order(&shop, "A=10")["orders"][0]["cost"], "15.00");
    // An order of earlier days is not newer for its goods coming in now.
    let earlier = ["po", "new", "--supplier", "ACME", "--line", "A=1@0.90"];
    shop.json(&[&earlier[..], &["--ordered-on", "2026-01-05"]].concat());
    shop.json(&["receive", "--po", "PO-000003", "--all"]);
    assert_eq!(order(&shop, "A=10")["orders"][0]["cost"], "15.00");
    shop.must_be_sound();
}

async fn tracked_units_do_not_come_in_without_their_serials(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,tracking\nA,serial\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write(
        "bill.csv",
        "supplier,invoice,invoiced_on,sku,qty,total\nACME,I-1,2026-02-10,A,2,4.00\n",
    );
    shop.json(&["invoice", "import", "bill.csv"]);
    let words = ["each unit of A has a serial", "receive --po"];
    refused(&shop, &["receive", "--invoice", "ACME:I-1"], 1, &words);
    assert_eq!(shop.json(&["stock", "show", "A"])["on_hand"], 0);
    shop.must_be_sound();
}

async fn a_list_with_impossible_cells_is_refused(shop: Shop) {
    a_buying_shop(&shop);
    let head = "sku,lot,received_on,qty,total_cost\n";
    let large = "50000000000000000.00";
    let text = format!("{head}A,L1,2026-01-02,1,{large}\nA,L2,2026-01-02,1,{large}\n");
    shop.write("lots.csv", &text);
    let words = ["cost too large an amount", "too many digits"];
    refused(&shop, &["receive", "lots.csv"], 1, &words);
    shop.write("lots.csv", &format!("{head}A,L1,2999-01-02,1,1\n"));
    let words = ["line 2, column received_on: 2999-01-02 is in the future"];
    refused(&shop, &["receive", "lots.csv"], 1, &words);
    order(&shop, "A=1@1");
    let late = [
        "receive",
        "--po",
        "PO-000001",
        "--all",
        "--on",
        "2999-01-02",
    ];
    refused(&shop, &late, 2, &["--on: 2999-01-02 is in the future"]);
    assert_eq!(shop.json(&["stock", "show", "A"])["on_hand"], 0);
}

async fn a_list_without_a_location_goes_home(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,home_bin\nA,damaged\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty\nA,L1,2026-01-02,3\nB,L1,2026-01-02,2\n",
    );
    shop.json(&["receive", "lots.csv"]);
    assert_eq!(shop.json(&["stock", "show", "A"])["sellable"], 0);
    assert_eq!(shop.json(&["stock", "show", "B"])["sellable"], 2);
    shop.must_be_sound();
}
