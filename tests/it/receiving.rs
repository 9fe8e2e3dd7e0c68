//! Goods that come in against a purchase order.

use serde_json::{Value, json};

use crate::harness::{Shop, on_all_stores};
use crate::purchasing::{a_buying_shop, events, refused};

on_all_stores!(
    partial_deliveries_fill_the_first_line_and_cost_what_was_agreed,
    all_that_is_open_is_received_once,
    a_file_is_received_once_and_a_bad_one_not_at_all,
    too_much_is_refused_unless_it_is_accepted,
    a_tolerance_lets_a_little_more_in_and_a_little_less_be_enough,
    goods_in_quarantine_are_not_offered,
    a_foreign_order_needs_its_rate,
    each_tracked_unit_has_its_serial,
    a_price_is_noted_as_fine_as_it_was_agreed,
    a_product_runs_low_once_and_recovers_once,
);

fn order(shop: &Shop, lines: &[&str]) {
    let mut args = vec!["po", "new", "--supplier", "ACME"];
    for line in lines {
        args.extend(["--line", line]);
    }
    shop.json(&args);
}

fn stock(shop: &Shop, sku: &str) -> Value {
    shop.json(&["stock", "show", sku])
}

async fn partial_deliveries_fill_the_first_line_and_cost_what_was_agreed(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, &["A=3@0.333333", "A=2@1"]);
    let receive = |units: &str| {
        let line = format!("A={units}");
        let args = [
            "receive",
            "--po",
            "PO-000001",
            "--line",
            &line,
            "--on",
            "2026-03-01",
        ];
        shop.json(&args)
    };
    let first = receive("1");
    assert_eq!(first["lots"][0]["lot"], "PO-000001-1");
    assert_eq!(
        (&first["cost"], &first["open"]),
        (&"0.33".into(), &4.into())
    );
    let second = receive("3");
    assert_eq!(second["lots"][0]["lot"], "PO-000001-2");
    assert_eq!(second["lots"][1]["lot"], "PO-000001-2/2");
    assert_eq!(second["lots"][0]["cost"], "0.67");
    assert_eq!(second["lots"][1]["cost"], "1.00");
    assert_eq!(receive("1")["closed"], true);
    let shown = shop.json(&["po", "show", "PO-000001"]);
    assert_eq!(shown["closed_why"], "complete");
    assert_eq!(
        (&shown["lines"][0]["received"], &shown["lines"][1]["open"]),
        (&3.into(), &0.into())
    );
    let lots = &shown["lines"][0]["receipts"];
    assert_eq!(
        (&lots[1]["lot"], &lots[1]["quantity"]),
        (&"PO-000001-2".into(), &2.into())
    );
    assert_eq!(lots[1]["received_on"], "2026-03-01");
    assert_eq!(stock(&shop, "A")["on_hand"], 5);
    assert_eq!(
        (events(&shop, "po.received"), events(&shop, "po.closed")),
        (3, 1)
    );
    shop.must_be_sound();
}

async fn all_that_is_open_is_received_once(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, &["A=3", "B=4@2"]);
    let all = ["receive", "--po", "PO-000001", "--all"];
    let planned = shop.json(&[&all[..], &["--dry-run"]].concat());
    assert_eq!(
        (&planned["units"], &planned["closed"]),
        (&7.into(), &true.into())
    );
    assert_eq!(stock(&shop, "A")["on_hand"], 0);
    let done = shop.json(&all);
    assert_eq!(
        (&done["units"], &done["lots_without_cost"]),
        (&7.into(), &1.into())
    );
    let again = shop.json(&all);
    assert_eq!(
        (&again["units"], &again["receipt"]),
        (&0.into(), &Value::Null)
    );
    let said = shop.run(&all);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Nothing of PO-000001 is open"));
    assert_eq!(stock(&shop, "B")["on_hand"], 4);
    refused(
        &shop,
        &["receive", "--po", "PO-000001"],
        2,
        &["nothing is said"],
    );
    refused(
        &shop,
        &["receive", "--po", "PO-9", "--all"],
        1,
        &["no purchase order"],
    );
    refused(&shop, &["receive"], 2, &["FILE"]);
    shop.must_be_sound();
}

async fn a_file_is_received_once_and_a_bad_one_not_at_all(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, &["A=10@1", "B=10@1"]);
    shop.write("bad.csv", "sku,qty,location\nC,1,\nA,0,\nB,1,nowhere\n");
    let words = [
        "line 2, column sku: C has not been ordered with PO-000001",
        "line 3, column qty",
        "line 4, column location",
    ];
    refused(
        &shop,
        &["receive", "--po", "PO-000001", "bad.csv"],
        1,
        &words,
    );
    shop.write(
        "came.csv",
        "sku,qty,lot,location\nA,4,L1,\nA,1,L2,quarantine\nB,2,,\n",
    );
    let came = ["receive", "--po", "PO-000001", "came.csv"];
    assert_eq!(shop.json(&came)["units"], 7);
    assert!(shop.json(&came)["applied_before"].is_object());
    let lots = stock(&shop, "A");
    assert_eq!(
        (&lots["lots"][1]["lot"], &lots["lots"][1]["location"]),
        (&"L2".into(), &"quarantine".into())
    );
    shop.write("more.csv", "sku,qty,lot\nA,1,L1\n");
    let more = ["receive", "--po", "PO-000001", "more.csv"];
    refused(
        &shop,
        &more,
        1,
        &["line 2, column lot: lot \"L1\" of this product is there already"],
    );
    let named = [
        "receive",
        "--po",
        "PO-000001",
        "--line",
        "B=1",
        "--ref",
        "note 7",
    ];
    assert_eq!(shop.json(&named)["reference"], "note 7");
    assert!(shop.json(&named)["applied_before"].is_object());
    assert_eq!(stock(&shop, "B")["on_hand"], 3);
    shop.must_be_sound();
}

async fn too_much_is_refused_unless_it_is_accepted(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, &["A=10@0.15"]);
    let over = ["receive", "--po", "PO-000001", "--line", "A=11"];
    refused(
        &shop,
        &over,
        1,
        &["11 units of A are 1 too many", "--accept-over"],
    );
    assert_eq!(stock(&shop, "A")["on_hand"], 0);
    let done = shop.json(&[&over[..], &["--accept-over"]].concat());
    assert_eq!(
        (&done["cost"], &done["closed"]),
        (&"1.65".into(), &true.into())
    );
    assert_eq!(
        shop.json(&["po", "show", "PO-000001"])["lines"][0]["received"],
        11
    );
    shop.must_be_sound();
}

async fn a_tolerance_lets_a_little_more_in_and_a_little_less_be_enough(shop: Shop) {
    let more = "[purchasing]\nover_percent = 10\nunder_percent = 5\n";
    shop.write("tenants/shop.toml", &shop.tenant_file(more));
    a_buying_shop(&shop);
    order(&shop, &["A=100@1"]);
    let receive = |number: &str, units: &str| {
        let line = format!("A={units}");
        shop.json(&["receive", "--po", number, "--line", &line])
    };
    assert_eq!(receive("PO-000001", "94")["closed"], false);
    assert_eq!(receive("PO-000001", "1")["closed"], true);
    // It was closed because it was complete: what comes later is still within the tolerance.
    assert_eq!(receive("PO-000001", "15")["units"], 15);
    refused(
        &shop,
        &["receive", "--po", "PO-000001", "--line", "A=1"],
        1,
        &["1 too many"],
    );
    shop.write(
        "tenants/shop.toml",
        &shop.tenant_file("[purchasing]\nover_percent = 101\n"),
    );
    refused(&shop, &["po", "list"], 2, &["101 is not between 0 and 100"]);
}

async fn goods_in_quarantine_are_not_offered(shop: Shop) {
    a_buying_shop(&shop);
    order(&shop, &["A=10@1", "B=1@1", "C=1@1"]);
    shop.write("products.csv", "sku,home_bin\nC,damaged\n");
    shop.json(&["products", "import", "products.csv"]);
    let receive = ["receive", "--po", "PO-000001", "--line"];
    shop.json(&[&receive[..], &["A=6", "--quarantine"]].concat());
    shop.json(&[&receive[..], &["A=4"]].concat());
    let shown = stock(&shop, "A");
    assert_eq!(
        (&shown["on_hand"], &shown["sellable"]),
        (&10.into(), &4.into())
    );
    let home = shop.json(&[&receive[..], &["C=1"]].concat());
    assert_eq!(home["lots"][0]["location"], "damaged");
    shop.sql(
        "INSERT INTO locations (code, title, kind, sellable) VALUES ('cage', 'Cage', 'quarantine', 0)",
    )
    .await;
    let which = [&receive[..], &["B=1", "--quarantine"]].concat();
    refused(
        &shop,
        &which,
        2,
        &["2 locations for quarantine", "--to: cage, quarantine"],
    );
    let to = [&receive[..], &["B=1", "--to", "cage"]].concat();
    assert_eq!(shop.json(&to)["lots"][0]["location"], "cage");
    let nowhere = [
        "receive",
        "--po",
        "PO-000001",
        "--line",
        "B=1",
        "--to",
        "nowhere",
    ];
    refused(&shop, &nowhere, 1, &["there is no location \"nowhere\""]);
    shop.must_be_sound();
}

async fn a_foreign_order_needs_its_rate(shop: Shop) {
    a_buying_shop(&shop);
    let new = ["po", "new", "--supplier", "ZHEN", "--line", "A=3@1.10"];
    shop.json(&new);
    let all = ["receive", "--po", "PO-000001", "--all"];
    refused(&shop, &all, 2, &["no rate for USD: give --rate USD=RATE"]);
    let rate = ["--rate", "USD=0.9", "--rate-source", "ECB 2026-03-01"];
    let done = shop.json(&[&all[..], &rate].concat());
    assert_eq!(
        (&done["cost"], &done["currency"]),
        (&"2.97".into(), &"EUR".into())
    );
    assert_eq!(done["lots"][0]["cost"], "3.30");
    let shown = shop.json(&["po", "show", "PO-000001"]);
    let line = &shown["lines"][0]["receipts"][0];
    assert_eq!(
        (&line["cost_minor"], &line["currency"]),
        (&330.into(), &"USD".into())
    );
    assert_eq!(stock(&shop, "A")["lots"][0]["cost_minor"], 297);
    shop.must_be_sound();
}

async fn each_tracked_unit_has_its_serial(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,tracking\nA,serial\nB,lot\n");
    shop.json(&["products", "import", "products.csv"]);
    order(&shop, &["A=2@5", "A=2@7", "B=2@1"]);
    let receive = ["receive", "--po", "PO-000001"];
    let with = |more: &[&str]| -> Vec<String> {
        receive
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let says = |more: &[&str], words: &[&str]| {
        let args = with(more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        refused(&shop, &args, 1, words);
    };
    says(
        &["--line", "A=3", "--serial", "A=S1,S2"],
        &["need 3 serials, not 2"],
    );
    says(&["--line", "B=1"], &["tracked by lot"]);
    let twice = [
        "--line", "A=1", "--serial", "A=S1", "--line", "A=1", "--serial", "A=S1",
    ];
    says(&twice, &["serial"]);
    let three = with(&["--line", "A=3", "--serial", "A=S1,S2,S3"]);
    let done = shop.json(&three.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(done["lots"][0]["serials"], json!(["S1", "S2"]));
    assert_eq!(done["lots"][1]["serials"], json!(["S3"]));
    says(
        &["--line", "A=1", "--serial", "A=S3"],
        &["has had serial S3 before"],
    );
    shop.write("came.csv", "sku,qty,lot,serials\nA,1,,S2\nB,1,,\n");
    says(
        &["came.csv"],
        &[
            "line 2, column serials: this product has had serial S2",
            "line 3, column lot",
        ],
    );
    shop.write("came.csv", "sku,qty,lot,serials\nA,1,,S4\nB,1,B7,\n");
    let file = with(&["came.csv"]);
    shop.json(&file.iter().map(String::as_str).collect::<Vec<_>>());

    let life = shop.json(&["serial", "S3"]);
    let unit = &life["units"][0];
    assert_eq!(
        (&unit["sku"], &unit["in_house"]),
        (&"A".into(), &true.into())
    );
    assert_eq!(
        (&unit["receipt"]["po"], &unit["receipt"]["supplier"]),
        (&"PO-000001".into(), &"ACME".into())
    );
    assert_eq!(unit["events"][0]["kind"], "serial.received");
    refused(
        &shop,
        &["serial", "S9"],
        1,
        &["no unit has the serial \"S9\""],
    );
    refused(
        &shop,
        &["serial", "S3", "--sku", "B"],
        1,
        &["no unit of B has the serial"],
    );

    // The plain list has the same rules.
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,serials\nA,L9,2026-01-02,1,\nC,L9,2026-01-02,1,S5\n",
    );
    let words = [
        "line 2, column serials: 1 units",
        "line 3, column serials: this product is not",
    ];
    refused(&shop, &["receive", "lots.csv"], 1, &words);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,serials\nA,L9,2026-01-02,2,S5|S6\n",
    );
    shop.json(&["receive", "lots.csv"]);
    assert_eq!(shop.json(&["serial", "S6"])["units"][0]["lot"], "L9");
    shop.must_be_sound();
}

async fn a_price_is_noted_as_fine_as_it_was_agreed(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("items.csv", "sku,unit_cost\nA,0.012345\nB,3\n");
    shop.json(&["supplier", "items", "items.csv", "--supplier", "ACME"]);
    order(&shop, &["A=10", "B=2@2.5"]);
    let one = [
        "receive",
        "--po",
        "PO-000001",
        "--line",
        "A=1",
        "--line",
        "B=1",
        "--on",
        "2026-03-01",
    ];
    shop.json(&one);
    let shown = shop.json(&["supplier", "show", "ACME"]);
    let (a, b) = (&shown["items"][0], &shown["items"][1]);
    assert_eq!(
        (&a["unit_cost"], &a["source"]),
        (&"0.012345".into(), &"receipt".into())
    );
    assert_eq!(
        (&b["unit_cost"], &b["noted_on"]),
        (&"2.50".into(), &shown["orders"][0]["ordered_on"])
    );
    assert_eq!(shown["orders"][0]["open"], 10);
}

async fn a_product_runs_low_once_and_recovers_once(shop: Shop) {
    a_buying_shop(&shop);
    shop.write("products.csv", "sku,reorder_point\nA,5\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write("lots.csv", "sku,lot,received_on,qty\nA,L1,2026-01-02,8\n");
    shop.json(&["receive", "lots.csv"]);
    assert_eq!(events(&shop, "stock.low"), 0);
    shop.write("orders.csv", "order,placed_at,sku,qty\n1,2026-02-01,A,3\n");
    shop.json(&["orders", "import", "orders.csv"]);
    shop.json(&["reserve", "--dry-run"]);
    assert_eq!(events(&shop, "stock.low"), 0);
    shop.json(&["reserve"]);
    shop.json(&["reserve"]);
    assert_eq!(events(&shop, "stock.low"), 1);
    order(&shop, &["A=4@1"]);
    shop.json(&[
        "receive",
        "--po",
        "PO-000001",
        "--line",
        "A=1",
        "--quarantine",
    ]);
    assert_eq!(events(&shop, "stock.recovered"), 0);
    shop.json(&["receive", "--po", "PO-000001", "--line", "A=1"]);
    assert_eq!(events(&shop, "stock.recovered"), 1);
    shop.json(&["reserve"]);
    assert_eq!(
        (events(&shop, "stock.low"), events(&shop, "stock.recovered")),
        (1, 1)
    );
    shop.must_be_sound();
}
