//! Suppliers, what is ordered of them, and what should be.

use serde_json::Value;

use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    a_supplier_is_what_was_said_of_it_last,
    what_a_supplier_sells_is_set_by_a_list,
    an_order_takes_the_next_number_and_the_newest_price,
    a_list_of_orders_is_taken_in_once_and_whole,
    a_bad_list_of_orders_is_refused_whole,
    an_order_is_closed_once,
    what_runs_out_is_proposed_in_packs_and_ordered_once,
    a_reorder_point_and_a_home_are_facts_of_a_product,
);

/// Products A, B and C, the supplier ACME in euros and ZHEN in dollars.
pub fn a_buying_shop(shop: &Shop) {
    shop.write("products.csv", "sku,title\nA,Apple\nB,Bolt\nC,Cable\n");
    shop.json(&["products", "import", "products.csv"]);
    let acme = [
        "supplier",
        "add",
        "ACME",
        "--name",
        "Acme Ltd",
        "--lead-days",
        "7",
    ];
    shop.json(&acme);
    let zhen = [
        "supplier",
        "add",
        "ZHEN",
        "--name",
        "Zhen",
        "--currency",
        "USD",
    ];
    shop.json(&zhen);
}

/// Runs the binary, which must fail with this code and say this.
pub fn refused(shop: &Shop, args: &[&str], code: i32, words: &[&str]) {
    let output = shop.run(args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is not in:\n{told}");
    }
}

/// The number of events of a kind.
pub fn events(shop: &Shop, kind: &str) -> usize {
    let output = shop.run(&["--json", "events", "--limit", "1000"]);
    let told = String::from_utf8(output.stdout).unwrap();
    let kinds = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    kinds.filter(|event| event["kind"] == kind).count()
}

async fn a_supplier_is_what_was_said_of_it_last(shop: Shop) {
    a_buying_shop(&shop);
    let acme = [
        "supplier",
        "add",
        "ACME",
        "--name",
        "Acme Ltd",
        "--lead-days",
        "7",
    ];
    assert_eq!(shop.json(&acme)["unchanged"], 1);
    let renamed = ["supplier", "add", "ACME", "--name", "Acme BV"];
    let planned = shop.json(&[&renamed[..], &["--dry-run"]].concat());
    assert_eq!(planned["changed"], 1);
    assert_eq!(shop.json(&["supplier", "show", "ACME"])["name"], "Acme Ltd");
    let told = shop.json(&renamed);
    assert_eq!(told["changes"][0]["facts"]["name"][1], "Acme BV");
    let shown = shop.json(&["supplier", "show", "ACME"]);
    assert_eq!(
        (&shown["lead_days"], &shown["currency"]),
        (&7.into(), &"EUR".into())
    );

    shop.write(
        "s.csv",
        "code,name,currency,lead_days,email\nNEW,New,GBP,3,a@b.example\n",
    );
    assert_eq!(shop.json(&["supplier", "import", "s.csv"])["new"], 1);
    assert_eq!(shop.json(&["supplier", "import", "s.csv"])["unchanged"], 1);
    shop.write(
        "bad.csv",
        "code,name,currency,lead_days,email\nX,,eur,-1,nobody\n",
    );
    let words = [
        "column name",
        "column currency",
        "column lead_days",
        "column email",
    ];
    refused(&shop, &["supplier", "import", "bad.csv"], 1, &words);
    assert_eq!(
        shop.json(&["supplier", "list"])["rows"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(events(&shop, "supplier.added"), 3);
}

async fn what_a_supplier_sells_is_set_by_a_list(shop: Shop) {
    a_buying_shop(&shop);
    shop.write(
        "items.csv",
        "sku,supplier_sku,pack,minimum,preferred,unit_cost\nA,4711,12,24,yes,0.012345\nB,,,,,2.50\n",
    );
    let set = ["supplier", "items", "items.csv", "--supplier", "ACME"];
    assert_eq!(shop.json(&[&set[..], &["--dry-run"]].concat())["new"], 2);
    let first = shop.json(&set);
    assert_eq!(
        (&first["new"], &first["new_prices"]),
        (&2.into(), &2.into())
    );
    let again = shop.json(&set);
    assert_eq!(
        (&again["unchanged"], &again["new_prices"]),
        (&2.into(), &0.into())
    );
    let shown = shop.json(&["supplier", "show", "ACME"]);
    assert_eq!(shown["items"][0]["unit_cost"], "0.012345");
    assert_eq!(shown["items"][0]["pack"], 12);
    assert_eq!(shown["items"][1]["source"], "list");

    shop.write("items.csv", "sku,preferred,unit_cost\nA,yes,0.01\n");
    let other = shop.json(&["supplier", "items", "items.csv", "--supplier", "ZHEN"]);
    assert_eq!(other["no_longer_preferred"][0], "A");
    shop.write(
        "bad.csv",
        "sku,pack,unit_cost\nA,0,1\nX,1,0.1234567\nB,1,-1\n",
    );
    let bad = ["supplier", "items", "bad.csv", "--supplier", "ACME"];
    let words = [
        "line 2, column pack",
        "line 3, column unit_cost",
        "line 4, column unit_cost",
    ];
    refused(&shop, &bad, 1, &words);
    refused(
        &shop,
        &["supplier", "show", "NONE"],
        1,
        &["there is no supplier \"NONE\""],
    );
}

async fn an_order_takes_the_next_number_and_the_newest_price(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("items.csv", "sku,unit_cost\nA,0.012345\n");
    shop.json(&["supplier", "items", "items.csv", "--supplier", "ACME"]);
    let new = [
        "po",
        "new",
        "--supplier",
        "ACME",
        "--line",
        "A=1000",
        "--line",
        "B=3@0.333333",
        "--line",
        "C=1",
        "--ordered-on",
        "2026-02-01",
    ];
    assert_eq!(
        shop.json(&[&new[..], &["--dry-run"]].concat())["orders"][0]["number"],
        "PO-000001"
    );
    assert_eq!(
        shop.json(&["po", "list"])["rows"].as_array().unwrap().len(),
        0
    );
    let made = shop.json(&new);
    let order = &made["orders"][0];
    assert_eq!(
        (&order["number"], &order["cost"]),
        (&"PO-000001".into(), &"13.35".into())
    );
    assert_eq!(
        (&order["expected_on"], &order["lines_without_cost"]),
        (&"2026-02-08".into(), &1.into())
    );
    let named = [
        "po",
        "new",
        "--supplier",
        "ZHEN",
        "--line",
        "A=1@2",
        "--number",
        "PO-000007",
    ];
    shop.json(&named);
    refused(
        &shop,
        &named,
        1,
        &["there is a purchase order PO-000007 already"],
    );
    let once = [
        "po",
        "new",
        "--supplier",
        "ACME",
        "--line",
        "A=1",
        "--ref",
        "once",
    ];
    assert_eq!(shop.json(&once)["orders"][0]["number"], "PO-000008");
    assert!(shop.json(&once)["applied_before"].is_object());

    let shown = shop.json(&["po", "show", "PO-000001"]);
    assert_eq!(
        (&shown["lines"][0]["cost_minor"], &shown["late"]),
        (&1235.into(), &true.into())
    );
    assert_eq!(shown["lines"][2]["cost_minor"], Value::Null);
    let listed = shop.json(&["po", "list", "--supplier", "ACME"]);
    assert_eq!(listed["rows"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&listed["rows"][1]["open"], &listed["rows"][1]["late"]),
        (&1004.into(), &true.into())
    );
    let unknown = ["po", "new", "--supplier", "ACME", "--line", "NOPE=1"];
    refused(&shop, &unknown, 1, &["there is no product \"NOPE\""]);
    refused(
        &shop,
        &["po", "new", "--supplier", "ACME", "--line", "A=x"],
        2,
        &["not a whole number"],
    );
}

async fn a_list_of_orders_is_taken_in_once_and_whole(shop: Shop) {
    a_buying_shop(&shop);
    shop.write(
        "pos.csv",
        "po,supplier,sku,qty,unit_cost,ordered_on,note\n\
         X-1,ACME,A,10,1.5,2026-02-01,urgent\nX-1,ACME,B,5,,,\nX-2,ZHEN,A,1,3,2026-02-01,\n",
    );
    assert_eq!(
        shop.json(&["po", "import", "pos.csv", "--dry-run"])["orders"][0]["units"],
        15
    );
    let made = shop.json(&["po", "import", "pos.csv"]);
    assert_eq!(
        (&made["orders"][0]["cost"], &made["orders"][1]["currency"]),
        (&"15.00".into(), &"USD".into())
    );
    assert!(shop.json(&["po", "import", "pos.csv"])["applied_before"].is_object());
    assert_eq!(
        shop.json(&["po", "show", "X-1"])["expected_on"],
        "2026-02-08"
    );
    assert_eq!(
        shop.json(&["po", "list"])["rows"].as_array().unwrap().len(),
        2
    );
}

async fn a_bad_list_of_orders_is_refused_whole(shop: Shop) {
    a_buying_shop(&shop);
    shop.json(&[
        "po",
        "new",
        "--supplier",
        "ACME",
        "--line",
        "A=1",
        "--number",
        "X-1",
    ]);
    shop.write(
        "pos.csv",
        "po,supplier,sku,qty,currency\nX-1,ACME,A,10,\nX-2,NONE,A,1,\nX-3,ACME,Q,0,\n\
         X-4,ACME,A,1,EUR\nX-4,ZHEN,A,1,USD\n",
    );
    let words = [
        "line 2, column po: there is a purchase order X-1 already",
        "line 3, column supplier",
        "line 4, column sku",
        "line 4, column qty",
        "line 6, column supplier: an earlier row",
        "line 6, column currency: an earlier row",
    ];
    refused(&shop, &["po", "import", "pos.csv"], 1, &words);
    assert_eq!(
        shop.json(&["po", "list", "--all"])["rows"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn an_order_is_closed_once(shop: Shop) {
    a_buying_shop(&shop);
    shop.json(&["po", "new", "--supplier", "ACME", "--line", "A=10"]);
    let close = ["po", "close", "PO-000001", "--reason", "sold out there"];
    assert_eq!(
        shop.json(&[&close[..], &["--dry-run"]].concat())["given_up"],
        10
    );
    assert_eq!(shop.json(&close)["given_up"], 10);
    let again = shop.json(&["po", "close", "PO-000001"]);
    assert_eq!(again["reason"], "sold out there");
    assert!(again["closed_before"].is_string());
    assert_eq!(
        shop.json(&["po", "list"])["rows"].as_array().unwrap().len(),
        0
    );
    assert_eq!(shop.json(&["po", "list", "--all"])["rows"][0]["open"], 0);
    assert_eq!(events(&shop, "po.closed"), 1);
    let late = ["receive", "--po", "PO-000001", "--line", "A=1"];
    refused(
        &shop,
        &late,
        1,
        &["is closed: sold out there", "--accept-over"],
    );
    assert_eq!(
        shop.json(&[&late[..], &["--accept-over"]].concat())["units"],
        1
    );
    refused(
        &shop,
        &["po", "close", "PO-9"],
        1,
        &["there is no purchase order"],
    );
}

async fn what_runs_out_is_proposed_in_packs_and_ordered_once(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,reorder_point\nA,5\nB,\nC,3\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write(
        "items.csv",
        "sku,pack,minimum,unit_cost\nA,12,20,1.25\nB,1,0,2\n",
    );
    shop.json(&["supplier", "items", "items.csv", "--supplier", "ACME"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty\nA,L1,2026-01-02,4\nB,L1,2026-01-02,50\n",
    );
    shop.json(&["receive", "lots.csv"]);
    // 10 units of B have gone to customers today: 10 a day, 70 within the lead time.
    shop.sql(
        "INSERT INTO cogs_entries (at, booked_on, kind, lot_id, product_id, first_unit, quantity, \
           cost_minor, currency, lot_units, lot_cost, cause, actor, run) \
         SELECT 0, '2999-01-01', 'dispatch', l.id, l.product_id, 0, 10, 0, '', 0, 0, '', '', '' \
         FROM lots l JOIN products p ON p.id = l.product_id WHERE p.sku = 'B'",
    )
    .await;
    let propose = ["po", "propose", "--cover-days", "3"];
    let told = shop.json(&propose);
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["sku"], &rows[0]["quantity"]),
        (&"A".into(), &24.into())
    );
    assert_eq!(
        (&rows[0]["cost"], &rows[0]["point"]),
        (&"30.00".into(), &5.into())
    );
    assert_eq!(
        (&rows[1]["per_day"], &rows[1]["point"]),
        (&"10".into(), &70.into())
    );
    assert_eq!(rows[1]["quantity"], 50);
    assert_eq!(told["without_supplier"][0], "C");

    let write = [&propose[..], &["--write"]].concat();
    let dry = shop.json(&[&write[..], &["--dry-run"]].concat());
    assert_eq!(dry["orders"][0]["units"], 74);
    assert_eq!(
        shop.json(&["po", "list"])["rows"].as_array().unwrap().len(),
        0
    );
    assert_eq!(shop.json(&write)["orders"][0]["units"], 74);
    let again = shop.json(&write);
    assert!(again["rows"].as_array().unwrap().is_empty());
    assert!(again["orders"].as_array().unwrap().is_empty());
    assert_eq!(shop.json(&["po", "list"])["rows"][0]["open"], 74);
    refused(
        &shop,
        &["po", "propose", "--supplier", "NONE"],
        1,
        &["no supplier"],
    );
}

async fn a_reorder_point_and_a_home_are_facts_of_a_product(shop: Shop) {
    a_buying_shop(&shop);
    shop.write(
        "products.csv",
        "sku,reorder_point,home_bin\nA,5,quarantine\nB,0,\n",
    );
    let told = shop.json(&["products", "import", "products.csv", "--dry-run"]);
    assert_eq!(told["plan"][0]["facts"]["home_bin"][1], "quarantine");
    assert_eq!(
        shop.json(&["products", "import", "products.csv"])["changed"],
        2
    );
    assert_eq!(
        shop.json(&["products", "import", "products.csv"])["unchanged"],
        2
    );
    let shown = shop.json(&["products", "show", "A"]);
    assert_eq!(
        (&shown["reorder_point"], &shown["home_bin"]),
        (&5.into(), &"quarantine".into())
    );
    shop.write("bad.csv", "sku,reorder_point,home_bin\nA,-1,nowhere\n");
    let words = [
        "column reorder_point: -1",
        "column home_bin: there is no location",
    ];
    refused(&shop, &["products", "import", "bad.csv"], 1, &words);
}
