//! Products that run low or recover are told by whatever changed their stock.

use crate::counts::{enter, start};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::receive;

on_all_stores!(counts_moves_and_invoices_tell_what_runs_low);

/// How often products ran low, and how often they recovered.
fn turns(shop: &Shop) -> (usize, usize) {
    let told = shop.run(&["events", "--json", "--limit", "1000"]);
    let told = String::from_utf8(told.stdout).unwrap();
    let times = |kind: &str| told.matches(&format!("\"{kind}\"")).count();
    (times("stock.low"), times("stock.recovered"))
}

async fn counts_moves_and_invoices_tell_what_runs_low(shop: Shop) {
    shop.write("products.csv", "sku,reorder_point\nMUG,5\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.json(&["location", "add", "Q-1", "--kind", "quarantine"]);
    receive(&shop, "MUG,L1,2026-01-02,8,8.00,main\n");
    assert_eq!(turns(&shop), (0, 0));

    let id = start(&shop, &["--sku", "MUG"]);
    enter(&shop, &id, "main", "MUG=4");
    shop.json(&["count", "apply", &id, "--dry-run"]);
    assert_eq!(turns(&shop), (0, 0));
    shop.json(&["count", "apply", &id]);
    shop.json(&["count", "apply", &id]);
    assert_eq!(turns(&shop), (1, 0));

    shop.sql(
        "INSERT INTO suppliers (id, code, name, currency, lead_days, email, created_at) \
         VALUES (1, 'ACME', 'Acme', 'EUR', 7, '', 1)",
    )
    .await;
    shop.write(
        "invoices.csv",
        "supplier,invoiced_on,invoice,kind,sku,qty,total,applies_to,spread\n\
         ACME,2026-02-10,I-1,,MUG,3,3.00,,\n",
    );
    shop.json(&["invoice", "import", "invoices.csv"]);
    shop.json(&["receive", "--invoice", "ACME:I-1", "--dry-run"]);
    assert_eq!(turns(&shop), (1, 0));
    shop.json(&["receive", "--invoice", "ACME:I-1"]);
    assert_eq!(turns(&shop), (1, 1));

    let go = ["stock", "move", "MUG", "2", "--from", "main", "--to", "Q-1"];
    shop.json(&[&go[..], &["--dry-run"]].concat());
    assert_eq!(turns(&shop), (1, 1));
    shop.json(&go);
    assert_eq!(turns(&shop), (2, 1));
    shop.must_be_sound();
}
