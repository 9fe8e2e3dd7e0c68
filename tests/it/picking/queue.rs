//! What the queue shows, in which order, and how much of it one round takes.

use super::round::{Round, pick, queue, refused};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::{order, receive};
use crate::trading::trading;

on_all_stores!(
    what_has_to_be_reserved_is_the_tenants_to_say,
    a_promised_day_comes_first_and_then_the_service,
    a_round_takes_twenty_orders_and_no_more,
    the_shops_shipping_method_is_the_service,
);

fn with(shop: &Shop, more: &str) {
    shop.write("tenants/shop.toml", &shop.tenant_file(more));
}

async fn what_has_to_be_reserved_is_the_tenants_to_say(shop: Shop) {
    receive(
        &shop,
        "MUG,L1,2026-01-02,3,3.00,main\nCUP,L1,2026-01-02,1,1.00,main\n\
         HAT,L1,2026-01-02,1,1.00,main\n",
    );
    // One whole line of two; one unit of three; all of it; nothing.
    order(
        &shop,
        "1,2026-02-02,MUG,2\n1,2026-02-02,CUP,2\n2,2026-02-03,HAT,3\n3,2026-02-04,MUG,1\n\
         4,2026-02-05,MUG,1\n",
    );
    assert_eq!(queue(&shop), ["manual:3"]);
    assert_eq!(pick(&shop, "queue")["not_ready"], 2);
    refused(
        &shop,
        "start manual:1",
        &["3 of the 4 units that manual:1 wants are reserved, and [pick] ready asks for all of it"],
    );
    for (ready, shown) in [
        ("whole", &["manual:3"][..]),
        ("line", &["manual:1", "manual:3"]),
        ("any", &["manual:1", "manual:2", "manual:3"]),
    ] {
        with(&shop, &format!("\n[pick]\nready = \"{ready}\"\n"));
        assert_eq!(queue(&shop), shown, "{ready}");
        assert_eq!(pick(&shop, "queue")["not_ready"], 3 - shown.len());
    }
    refused(
        &shop,
        "start manual:4",
        &["nothing is reserved for manual:4"],
    );
    with(&shop, "\n[pick]\nready = \"line\"\n");
    refused(
        &shop,
        "start manual:2",
        &[
            "1 of the 3 units that manual:2 wants is reserved",
            "at least one whole line of it",
        ],
    );
    let round = Round::start(&shop, "manual:1");
    assert_eq!(
        round.lines(),
        ["CUP at main: 0 of 1", "MUG at main: 0 of 2"]
    );
    shop.must_be_sound();
}

async fn a_promised_day_comes_first_and_then_the_service(shop: Shop) {
    with(
        &shop,
        "\n[pick]\npromise_days = 3\n[pick.services.Express]\nrank = 1\npromise_days = 1\n\
         [pick.services.\"Pickup in store\"]\nrank = 5\n",
    );
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    // A Monday; the last one the Sunday before.
    shop.write(
        "orders.csv",
        "order,placed_at,sku,qty,service,promised_on\n1,2026-02-23,MUG,1,,\n\
         2,2026-02-23,MUG,1,EXPRESS,\n3,2026-02-23,MUG,1,pickup in store,\n\
         4,2026-02-23,MUG,1,Pigeon,2026-02-23\n5,2026-02-22,MUG,1,,\n",
    );
    shop.json(&["orders", "import", "orders.csv"]);
    shop.json(&["reserve"]);
    let rows = pick(&shop, "queue");
    let rows: Vec<(&str, &str)> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["order"].as_str().unwrap(),
                row["promised_on"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("manual:4", "2026-02-23"),
            ("manual:2", "2026-02-24"),
            ("manual:5", "2026-02-25"),
            ("manual:3", "2026-02-26"),
            ("manual:1", "2026-02-26"),
        ]
    );
    let next = pick(&shop, "start --next 2");
    let orders: Vec<&str> = next["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["order"].as_str().unwrap())
        .collect();
    assert_eq!(orders, ["manual:4", "manual:2"]);

    let shown = shop.json(&["orders", "show", "manual:4"]);
    assert_eq!(
        (&shown["service"], &shown["promised_on"]),
        (&"Pigeon".into(), &"2026-02-23".into())
    );
    let text = |order: &str| {
        let output = shop.run(&["orders", "show", order]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(text("manual:4").contains("Pigeon  promised for 2026-02-23"));
    assert!(text("manual:2").contains("EXPRESS"));
    let shown = shop.json(&["orders", "show", "manual:1"]);
    assert_eq!(
        (&shown["service"], &shown["promised_on"]),
        (&"".into(), &serde_json::Value::Null)
    );
    shop.must_be_sound();
}

async fn a_round_takes_twenty_orders_and_no_more(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,30,30.00,main\n");
    let rows: String = (1..=21)
        .map(|n| format!("{n},2026-02-{n:02},MUG,1\n"))
        .collect();
    order(&shop, &rows);
    let named = |count: i64| {
        let names = (1..=count).map(|n| format!("manual:{n}"));
        names.collect::<Vec<_>>().join(" ")
    };
    for words in [
        named(21),
        format!("{} --next 1", named(20)),
        "--next 21".to_owned(),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        crate::shelves::refused(
            &shop,
            &[&["pick", "start"], &words[..]].concat(),
            2,
            &[
                "21 orders are too many for one round",
                "a round takes up to 20",
            ],
        );
    }
    let sheet = pick(&shop, &format!("start {}", named(20)));
    let totes: Vec<i64> = sheet["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["tote"].as_i64().unwrap())
        .collect();
    assert_eq!(totes, (1..=20).collect::<Vec<_>>());
    assert_eq!(queue(&shop), ["manual:21"]);
    pick(&shop, &format!("release {}", sheet["wave"]));
    let sheet = pick(&shop, "start --next 20");
    assert_eq!(sheet["tasks"].as_array().unwrap().len(), 20);
    assert_eq!(queue(&shop), ["manual:21"]);
    shop.must_be_sound();
}

async fn the_shops_shipping_method_is_the_service(shop: Shop) {
    let (sandbox, _, skus) = trading(&shop).await;
    let listed = shop.json(&["orders", "list", "--status", "processing", "--limit", "1"]);
    let parcel = listed["rows"][0]["order_ref"].as_str().unwrap().to_owned();
    let sold = sandbox.woo().sell(&[(skus[0].as_str(), 1)], "processing");
    shop.json(&["sync"]);
    assert_eq!(shop.json(&["orders", "show", &parcel])["service"], "Parcel");
    let text = shop.run(&["orders", "show", &parcel]).stdout;
    assert!(String::from_utf8(text).unwrap().contains("Parcel"));
    let sold = format!("woo:{}", sold.unwrap());
    assert_eq!(shop.json(&["orders", "show", &sold])["service"], "");
}
