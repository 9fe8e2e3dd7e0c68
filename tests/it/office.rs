//! The office's pages: each shows what is there, finds what is looked for, and changes only
//! what a form asks for, once.

use std::collections::BTreeSet;

use opsctl::domain::time::UtcMs;
use serde_json::Value;

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{receive, refused};
use crate::site::{Site, Visitor, encoded, local};

on_all_stores!(
    each_page_shows_the_small_shop,
    an_empty_shop_says_what_to_do_next,
    searches_find_and_hostile_ones_do_no_harm,
    pages_of_a_long_list_show_each_row_once,
    a_hold_is_set_and_released_once_however_often_it_is_sent,
    a_discrepancy_is_settled_once,
    holds_from_the_command_line_change_nothing_twice,
    a_packer_sees_none_of_it,
);

/// Every page there is, in a shop where they all are.
const PAGES: &[&str] = &[
    "/",
    "/orders",
    "/orders/manual:A-1",
    "/stock",
    "/stock/MUG",
    "/backorders",
    "/holds",
    "/discrepancies",
    "/jobs",
    "/events",
];

/// Mugs on two shelves, an order that has its mugs and one that lacks some of them.
fn furnish(shop: &Shop) {
    shop.write(
        "products.csv",
        "sku,title,reorder_point\nMUG,Blue mug,20\nTRAY,Oak tray,\n",
    );
    shop.json(&["products", "import", "products.csv"]);
    shop.json(&["location", "add", "A-1"]);
    receive(
        shop,
        "MUG,L1,2026-01-02,5,50.00,A-1\nMUG,L2,2026-02-02,4,48.00,main\nTRAY,T1,2026-01-05,3,30.00,main\n",
    );
    shop.write(
        "orders.csv",
        "order,placed_at,sku,qty,unit_price,customer,email,ship_to_line1\n\
         A-1,2026-02-20T10:00:00Z,MUG,6,9.50,Anna Ågren,anna@example.com,Main Street 1\n\
         A-2,2026-02-21T11:30:00Z,MUG,5,9.50,Bob <script>alert(1)</script>,bob@example.com,\n\
         A-2,2026-02-21T11:30:00Z,TRAY,1,20.00,,,\n",
    );
    shop.json(&["orders", "import", "orders.csv"]);
    shop.json(&["reserve"]);
}

async fn manager(shop: &Shop) -> (Site, Visitor) {
    let site = Site::open(shop).await;
    let kim = site.as_role(shop, "manager").await;
    (site, kim)
}

fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
}

fn lacks(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(!page.contains(part), "{part} is in:\n{page}");
    }
}

/// The rows of a page's tables, as the text of their cells.
fn rows(page: &str) -> Vec<Vec<String>> {
    let tag = regex::Regex::new("<[^>]*>").unwrap();
    let text = |cell: &str| {
        let cell = cell.split("</td>").next().unwrap();
        tag.replace_all(cell, "").trim().to_owned()
    };
    page.split("<tr")
        .skip(1)
        .map(|row| {
            row.split("<td")
                .skip(1)
                .map(|cell| text(&format!("<td{cell}")))
                .collect()
        })
        .filter(|cells: &Vec<String>| !cells.is_empty())
        .collect()
}

async fn each_page_shows_the_small_shop(shop: Shop) {
    furnish(&shop);
    shop.sql(
        "INSERT INTO suppliers (id, code, name, currency, lead_days, email, created_at) \
         VALUES (1, 'ACME', 'Acme', 'EUR', 7, '', 1); \
         INSERT INTO purchase_orders (id, number, supplier_id, currency, ordered_on, \
           expected_on, note, created_at, actor, run) \
         VALUES (1, 'PO-1', 1, 'EUR', '2026-02-01', '2026-03-09', '', 1, 'test', 'test'); \
         INSERT INTO purchase_order_lines (po_id, line, product_id, quantity, received, \
           expected_on) SELECT 1, 1, id, 10, 4, '2026-03-09' FROM products WHERE sku = 'MUG'",
    )
    .await;
    let (site, kim) = manager(&shop).await;

    let page = kim.page("/orders").await;
    let placed = local(UtcMs::parse("2026-02-20T10:00:00Z").unwrap());
    has(
        &page,
        &[
            "manual:A-1",
            "Anna Ågren",
            &placed,
            "title=\"2026-02-20T10:00:00Z\"",
        ],
    );
    has(&page, &["Bob &lt;script&gt;alert(1)&lt;&#x2f;script&gt;"]);
    lacks(&page, &["<script>alert"]);
    let listed = rows(&page);
    assert_eq!(listed[0][0], "manual:A-2");
    assert_eq!(listed[1][5..7], ["6", "6"]);
    assert_eq!(listed[0][5..7], ["6", "4"]);

    let page = kim.page("/orders/manual:A-1").await;
    has(
        &page,
        &[
            "Main Street 1",
            "anna@example.com",
            "57.00 EUR",
            "order.reserved",
        ],
    );
    let listed = rows(&page);
    for promise in [["MUG", "L1", "A-1", "5"], ["MUG", "L2", "main", "1"]] {
        assert!(
            listed
                .iter()
                .any(|row| row.len() > 3 && row[..4] == promise),
            "{listed:?}"
        );
    }
    has(&kim.page("/orders/A-1").await, &["manual:A-1"]);

    let page = kim.page("/stock").await;
    let listed = rows(&page);
    assert_eq!(
        listed[0][..7],
        ["MUG", "Blue mug", "9", "9", "2", "0", "20"]
    );
    assert_eq!(listed[1][..6], ["TRAY", "Oak tray", "3", "1", "0", "2"]);

    let page = kim.page("/stock/MUG").await;
    let listed = rows(&page);
    for row in [
        ["A-1", "L1", "2026-01-02", "5", "5", "0"].as_slice(),
        &["manual:A-1", "Anna Ågren", &placed, "L1", "A-1", "5"],
        &["PO-1", "ACME", "2026-03-09", "6"],
    ] {
        assert!(
            listed
                .iter()
                .any(|r| r.len() >= row.len() && r[..row.len()] == *row),
            "{listed:?}"
        );
    }

    let page = kim.page("/backorders").await;
    let listed = rows(&page);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0][..3], ["MUG", "Blue mug", "2"]);
    has(&listed[0][4], &["manual:A-2 (2)"]);
    has(&listed[0][5], &["6 of PO-1 from ACME, 2026-03-09"]);

    shop.sql(
        "INSERT INTO job_runs (run, job, actor, started_at, finished_at, outcome, report) VALUES \
         ('r1', 'sync', 'cron:sync', 1772355600000, 1772355601500, 'done', '{\"taken_in\": 7}'), \
         ('r2', 'sync', 'cron:sync', 1772355660000, 1772355661000, 'failed', '{\"error\": \"no route\"}'), \
         ('r3', 'export', 'cli:kim', 1772355700000, NULL, NULL, NULL)",
    )
    .await;
    let page = kim.page("/jobs").await;
    has(
        &page,
        &[
            "1.5 s",
            "no route",
            "running",
            "last success",
            "has never succeeded",
        ],
    );
    assert_eq!(rows(&kim.page("/jobs?job=sync").await).len(), 2);

    let page = kim.page("/events?kind=order.").await;
    let listed = rows(&page);
    assert!(listed.iter().all(|row| row[1].starts_with("order.")) && !listed.is_empty());
    let page = kim.page("/events?subject=order%3Amanual%3AA-2").await;
    assert!(rows(&page).iter().all(|row| row[2] == "order:manual:A-2"));

    let page = kim.page("/").await;
    let count = |name: &str, units: &str| format!("<span class=\"count\">{units}</span>{name}");
    has(
        &page,
        &[
            &count("Orders to pick", "2"),
            &count("Products on backorder", "1"),
            &count("Holds", "0"),
        ],
    );
    let (status, page) = kim.get("/orders/9999").await;
    assert_eq!(status, 409);
    has(&page, &["there is no order 9999"]);
    let (status, _) = kim.get("/stock/NOTHING").await;
    assert_eq!(status, 409);
    site.shut_down().await;
}

async fn an_empty_shop_says_what_to_do_next(shop: Shop) {
    let (site, kim) = manager(&shop).await;
    for (path, words) in [
        ("/orders", "opsctl sync"),
        ("/orders?q=x", "Show all orders"),
        ("/stock", "opsctl receive"),
        ("/stock?q=x", "Show all products"),
        ("/stock?low=1", "No product has come down"),
        ("/backorders", "No order lacks anything"),
        ("/holds", "give its number and the reason"),
        ("/discrepancies", "No discrepancy is open"),
        ("/jobs", "opsctl cron"),
        ("/events", "appears here by itself"),
        ("/", "No sync has succeeded yet"),
    ] {
        has(&kim.page(path).await, &[words]);
    }
    site.shut_down().await;
}

/// The first cells of a page's rows.
async fn found(kim: &Visitor, path: &str) -> Vec<String> {
    let page = kim.page(path).await;
    rows(&page).into_iter().map(|row| row[0].clone()).collect()
}

async fn searches_find_and_hostile_ones_do_no_harm(shop: Shop) {
    furnish(&shop);
    shop.sql(
        "INSERT INTO gtins (gtin14, product_id, units_per_scan, source) \
              SELECT '04006381333931', id, 1, 'cli' FROM products WHERE sku = 'TRAY'",
    )
    .await;
    let (site, kim) = manager(&shop).await;
    for (q, orders) in [
        ("a-1", ["manual:A-1"].as_slice()),
        ("manual:A-1", &["manual:A-1"]),
        ("ANNA", &["manual:A-1"]),
        ("ågren anna", &["manual:A-1"]),
        ("bob@example", &["manual:A-2"]),
        ("TRA", &["manual:A-2"]),
        ("MUG", &["manual:A-2", "manual:A-1"]),
        ("example.com", &["manual:A-2", "manual:A-1"]),
        ("nobody", &[]),
        ("%", &[]),
        ("A_1", &[]),
    ] {
        let path = format!("/orders?q={}", encoded(q));
        assert_eq!(found(&kim, &path).await, orders, "{q}");
    }
    for (query, orders) in [
        ("status=processing", 2),
        ("status=completed", 0),
        ("rule=ship&q=anna", 1),
        ("rule=closed&q=anna", 0),
        ("hold=any", 0),
        ("hold=fraud&q=anna&status=processing", 0),
    ] {
        let found = found(&kim, &format!("/orders?{query}")).await;
        assert_eq!(found.len(), orders, "{query}");
    }
    for (q, skus) in [
        ("mu", ["MUG"].as_slice()),
        ("oak", &["TRAY"]),
        ("tray oak", &["TRAY"]),
        ("4006381333931", &["TRAY"]),
        ("a", &["TRAY"]),
        ("%", &[]),
        ("_", &[]),
    ] {
        let path = format!("/stock?q={}", encoded(q));
        assert_eq!(found(&kim, &path).await, skus, "{q}");
    }
    let hostile = [
        "x".repeat(10_000),
        "' OR 1=1 --".to_owned(),
        "\"; DROP TABLE orders; --".to_owned(),
        "<script>alert(1)</script>".to_owned(),
        "\0\u{1}\u{1b}[31m".to_owned(),
        "%%%___\\\\".to_owned(),
        "\u{10ffff}\u{feff}\u{202e}".to_owned(),
        "${7*7}{{7*7}}".to_owned(),
    ];
    for text in &hostile {
        let text = encoded(text);
        for path in [
            format!("/orders?q={text}&status={text}&rule={text}&hold={text}&behind={text}"),
            format!("/stock?q={text}&behind={text}"),
            format!("/jobs?job={text}"),
            format!("/events?kind={text}&subject={text}"),
            format!("/holds?done={text}&order={text}"),
        ] {
            let page = kim.page(&path).await;
            lacks(&page, &["<script>alert"]);
        }
        for path in [format!("/orders/{text}"), format!("/stock/{text}")] {
            let (status, page) = kim.get(&path).await;
            assert!([404, 409].contains(&status), "{status} {path}");
            lacks(&page, &["<script>alert"]);
        }
    }
    let (status, _) = kim.get("/backorders?skip=-1").await;
    assert_eq!(status, 400);
    assert_eq!(found(&kim, "/orders").await.len(), 2);
    shop.must_be_sound();
    site.shut_down().await;
}

async fn pages_of_a_long_list_show_each_row_once(shop: Shop) {
    shop.sql("INSERT INTO channel_accounts (id, name, kind, url) VALUES (7, 'woo', 'csv', '')")
        .await;
    // Two orders at each moment, so that pages end between those of one.
    let orders: Vec<String> = (1..=130)
        .map(|i| {
            let placed = 1_772_000_000_000_i64 + i / 2 * 60_000;
            format!(
                "({i}, 7, '{i}', '{i}', 'processing', 'ship', 'EUR', {placed}, 0, 'Customer {i}', \
                 '', '{{}}', '', '', '', 0, 0, 0, '', 0, 'customer {i}')"
            )
        })
        .collect();
    shop.sql(&format!(
        "INSERT INTO orders (id, account_id, external_id, number, status, rule, currency, \
         placed_at, modified_at, customer, email, ship_to, note, terms, po_number, \
         shipping_minor, tax_minor, total_minor, fingerprint, taken_in_at, search) VALUES {}",
        orders.join(", ")
    ))
    .await;
    let products: Vec<String> = (1..=120)
        .map(|i| format!("({i}, 'P-{i:03}', 'Thing {i}', 'thing {i}', 'none', 1, 0, 0)"))
        .collect();
    shop.sql(&format!(
        "INSERT INTO products (id, sku, title, search, tracking, stocked, created_at, updated_at) \
         VALUES {}",
        products.join(", ")
    ))
    .await;
    let (site, kim) = manager(&shop).await;
    has(&kim.page("/orders").await, &["130 orders"]);
    has(&kim.page("/stock?q=thing").await, &["120 products"]);
    for (start, count) in [
        ("/orders", 130),
        ("/orders?q=customer&status=processing", 130),
        ("/stock", 120),
        ("/stock?q=P-0", 99),
    ] {
        let (mut path, mut pages, mut seen) = (start.to_owned(), 0, Vec::new());
        loop {
            let page = kim.page(&path).await;
            seen.extend(rows(&page).into_iter().map(|row| row[0].clone()));
            pages += 1;
            let next = page.split("<a class=\"button\" href=\"").skip(1);
            let next = next.filter(|link| link.split('>').next().unwrap().contains("next"));
            match next.last() {
                Some(link) => path = unescaped(link.split('"').next().unwrap()),
                None => break,
            }
        }
        let different: BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), different.len()), (count, count), "{start}");
        assert_eq!(pages, count.div_ceil(50), "{start}");
    }
    site.shut_down().await;
}

fn unescaped(link: &str) -> String {
    link.replace("&amp;", "&").replace("&#x2f;", "/")
}

/// Events of a kind.
fn told(shop: &Shop, kind: &str) -> usize {
    let told = shop.run(&["events", "--json", "--limit", "1000"]);
    let told = String::from_utf8(told.stdout).unwrap();
    told.matches(&format!("\"{kind}\"")).count()
}

async fn a_hold_is_set_and_released_once_however_often_it_is_sent(shop: Shop) {
    furnish(&shop);
    let (site, kim) = manager(&shop).await;
    let once = uuid::Uuid::new_v4().to_string();
    let form = [
        ("once", once.as_str()),
        ("kind", "fraud"),
        ("reason", "odd <b>address</b>"),
    ];
    let path = "/orders/manual:A-1/hold";
    let sent = futures_util::future::join_all((0..6).map(|_| kim.send(path, &form))).await;
    for response in sent {
        assert_eq!(response.status(), 303);
        let to = response.headers()["location"].to_str().unwrap().to_owned();
        has(
            &kim.page(&to).await,
            &[
                "On hold: fraud",
                "odd &lt;b&gt;address",
                "The order is on hold",
            ],
        );
    }
    assert_eq!(told(&shop, "order.held"), 1);
    assert_eq!(found(&kim, "/holds").await, ["manual:A-1"]);
    assert_eq!(found(&kim, "/orders?hold=fraud").await, ["manual:A-1"]);
    refused(
        &shop,
        &[
            "ship",
            "--manual",
            "--carrier",
            "UPS",
            "--tracking",
            "1Z",
            "A-1",
        ],
        1,
        &["on hold: fraud"],
    );

    let other = uuid::Uuid::new_v4().to_string();
    let release = [("once", other.as_str()), ("kind", "fraud")];
    for _ in 0..2 {
        let response = kim.send("/orders/manual:A-1/release", &release).await;
        assert_eq!(response.status(), 303);
    }
    assert_eq!(told(&shop, "order.hold_released"), 1);
    // The old form comes in once more, late: it has been carried out, and is not again.
    assert_eq!(kim.send(path, &form).await.status(), 303);
    assert!(found(&kim, "/holds").await.is_empty());

    let fresh = uuid::Uuid::new_v4().to_string();
    let by_number = [
        ("once", fresh.as_str()),
        ("order", " A-2 "),
        ("kind", "manual"),
        ("reason", "call first"),
    ];
    let response = kim.send("/holds", &by_number).await;
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    has(
        &kim.page(&to).await,
        &["is on hold", "call first", "manual:A-2"],
    );

    for (fields, words) in [
        (
            [("order", "A-9"), ("kind", "manual"), ("reason", "x")],
            "there is no order A-9",
        ),
        (
            [("order", "A-1"), ("kind", "manual"), ("reason", " ")],
            "the reason is empty",
        ),
        (
            [("order", "A-1"), ("kind", "other"), ("reason", "x")],
            "is no kind of hold",
        ),
        (
            [("order", "A-1"), ("kind", "manual"), ("reason", "a\0b")],
            "control characters",
        ),
    ] {
        let once = uuid::Uuid::new_v4().to_string();
        let form = [&[("once", once.as_str())], &fields[..]].concat();
        let response = kim.send("/holds", &form).await;
        assert!([400, 409].contains(&response.status().as_u16()));
        has(
            &response.text().await.unwrap(),
            &[words, "This was not done"],
        );
    }
    let nonsense = [
        ("once", "x"),
        ("order", "A-1"),
        ("kind", "manual"),
        ("reason", "x"),
    ];
    assert_eq!(kim.send("/holds", &nonsense).await.status(), 400);
    assert_eq!(told(&shop, "order.held"), 2);
    shop.must_be_sound();
    site.shut_down().await;
}

async fn a_discrepancy_is_settled_once(shop: Shop) {
    furnish(&shop);
    shop.json(&[
        "stock", "move", "TRAY", "2", "--from", "main", "--to", "missing",
    ]);
    shop.sql(
        "INSERT INTO discrepancies (kind, product_id, location_id, expected, found, reason, at, \
         actor, run) SELECT 'short_pick', p.id, o.id, 2, 0, '<i>empty</i> bin', 1772355600000, \
         'user:1', 'r' FROM products p JOIN locations o ON o.code = 'main' WHERE p.sku = 'TRAY'",
    )
    .await;
    let (site, kim) = manager(&shop).await;
    let page = kim.page("/discrepancies").await;
    has(&page, &["2 missing", "TRAY", "at main", "&lt;i&gt;empty"]);
    let id = page.split("/discrepancies/").nth(1).unwrap();
    let path = format!("/discrepancies/{}/settle", id.split('/').next().unwrap());
    for (found, reason, words) in [
        ("x", "seen", "how many units"),
        ("-1", "seen", "how many units"),
        ("3", "seen", "3"),
        ("1", "", "how it came about"),
    ] {
        let once = uuid::Uuid::new_v4().to_string();
        let form = [
            ("once", once.as_str()),
            ("found", found),
            ("reason", reason),
        ];
        let response = kim.send(&path, &form).await;
        assert!([400, 409].contains(&response.status().as_u16()));
        has(
            &response.text().await.unwrap(),
            &[words, "This was not done"],
        );
    }
    let once = uuid::Uuid::new_v4().to_string();
    let form = [
        ("once", once.as_str()),
        ("found", "1"),
        ("reason", "behind the shelf"),
    ];
    let sent = futures_util::future::join_all((0..4).map(|_| kim.send(&path, &form))).await;
    assert!(sent.iter().all(|response| response.status() == 303));
    has(
        &kim.page("/discrepancies").await,
        &["No discrepancy is open"],
    );
    has(
        &kim.page("/discrepancies?all=1").await,
        &["behind the shelf", "1 found, 1 written off"],
    );
    assert_eq!(shop.json(&["stock", "show", "TRAY"])["on_hand"], 2);
    shop.must_be_sound();
    site.shut_down().await;
}

async fn holds_from_the_command_line_change_nothing_twice(shop: Shop) {
    furnish(&shop);
    let set = ["hold", "set", "A-1", "--reason", "call first"];
    let planned = shop.json(&[&set[..], &["--dry-run"]].concat());
    assert_eq!(planned["dry_run"], true);
    assert_eq!(told(&shop, "order.held"), 0);
    assert_eq!(shop.json(&set)["before"], Value::Null);
    assert_eq!(shop.json(&set)["before"]["reason"], "call first");
    shop.json(&[
        "hold",
        "set",
        "manual:A-1",
        "--kind",
        "address",
        "--reason",
        "no street",
    ]);
    assert_eq!(told(&shop, "order.held"), 2);
    assert_eq!(
        shop.json(&["hold", "list"])["rows"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    refused(
        &shop,
        &["hold", "set", "A-9", "--reason", "x"],
        1,
        &["there is no order A-9"],
    );
    refused(
        &shop,
        &["hold", "set", "A-1", "--kind", "x", "--reason", "x"],
        2,
        &["kind"],
    );
    refused(
        &shop,
        &["hold", "set", "A-1", "--reason", ""],
        2,
        &["is empty"],
    );

    let release = ["hold", "release", "A-1", "--kind", "manual"];
    let released = shop.json(&[&release[..], &["--dry-run"]].concat());
    assert_eq!(released["holds"].as_array().unwrap().len(), 1);
    assert_eq!(told(&shop, "order.hold_released"), 0);
    let released = shop.json(&release);
    assert_eq!(released["left"][0]["kind"], "address");
    assert!(shop.json(&release)["holds"].as_array().unwrap().is_empty());
    shop.json(&["hold", "release", "A-1"]);
    assert_eq!(told(&shop, "order.hold_released"), 2);
    shop.json(&[
        "ship",
        "--manual",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
        "A-1",
    ]);
    shop.must_be_sound();
}

async fn a_packer_sees_none_of_it(shop: Shop) {
    furnish(&shop);
    let site = Site::open(&shop).await;
    let packer = site.as_role(&shop, "packer").await;
    let reads = PAGES.iter().skip(1).chain(&["/events/stream"]);
    for path in reads.copied() {
        let (status, page) = packer.get(path).await;
        assert_eq!(status, 403, "{path}");
        lacks(&page, &["Anna", "Blue mug"]);
        let (status, _) = packer.nobody().get(path).await;
        assert_eq!(status, 303, "{path}");
    }
    lacks(&packer.page("/").await, &["The house now"]);
    let once = uuid::Uuid::new_v4().to_string();
    let form = [
        ("once", once.as_str()),
        ("kind", "manual"),
        ("reason", "x"),
        ("order", "A-1"),
    ];
    for path in [
        "/holds",
        "/orders/manual:A-1/hold",
        "/orders/manual:A-1/release",
    ] {
        assert_eq!(packer.send(path, &form).await.status(), 403, "{path}");
    }
    assert_eq!(told(&shop, "order.held"), 0);
    let admin = site.as_role(&shop, "admin").await;
    for path in PAGES {
        admin.page(path).await;
    }
    site.shut_down().await;
}
