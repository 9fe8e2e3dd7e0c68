//! Freight, duty and other charges, spread over the lots they were paid for.

use super::stage::{books, bought, costs, differs, fails, import, number, says};
use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    late_freight_falls_also_on_what_has_left,
    another_amount_on_the_same_paper_is_another_charge,
    foreign_freight_is_spread_at_its_rate,
    freight_by_weight_needs_every_weight,
    a_charge_that_is_for_nothing_is_told,
    a_charge_falls_on_the_goods_of_its_own_invoice,
);

async fn late_freight_falls_also_on_what_has_left(shop: Shop) {
    bought(&shop).await;
    shop.json(&["stock", "adjust", "A", "--by", "-5", "--reason", "lost"]);
    let add = [
        "landed",
        "add",
        "--document",
        "F-9",
        "--kind",
        "freight",
        "--amount",
        "33.33",
        "--applies-to",
        "lot:A:L1",
    ];
    let before = books(&shop).await;
    shop.json(&[&add[..], &["--dry-run"]].concat());
    assert_eq!(books(&shop).await, before, "a dry run changes nothing");
    let report = shop.json(&add);
    let share = &report["charge"]["lots"][0];
    assert_eq!(share["amount_minor"], 3333);
    assert_eq!(
        share["out_minor"].as_i64().unwrap() + share["on_hand_minor"].as_i64().unwrap(),
        3333
    );
    let late = "SELECT SUM(cost_minor) FROM cogs_entries WHERE kind = 'late_cost'";
    let late = number(&shop, late).await;
    assert_eq!(late, 1667);
    // Five of ten at 10.00 are left, with their share of the freight.
    let on_hand = number(
        &shop,
        "SELECT lot_cost FROM cogs_entries WHERE kind = 'late_cost'",
    )
    .await;
    assert_eq!(on_hand, 5000 + 3333 - late);
    let after = books(&shop).await;
    let again = shop.json(&add);
    assert!(again["applied_before"].is_object(), "{again}");
    assert_eq!(books(&shop).await, after, "a rerun changes nothing");

    let words = fails(
        &shop,
        1,
        &[
            "landed",
            "add",
            "--document",
            "F-10",
            "--kind",
            "freight",
            "--amount",
            "1.00",
            "--applies-to",
            "PO-9",
        ],
    );
    says(&words, &["\"PO-9\" is no purchase order", "lot:SKU:LOT"]);
    says(
        &fails(
            &shop,
            2,
            &[
                "landed",
                "add",
                "--document",
                "F-10",
                "--kind",
                "freight",
                "--amount",
                "1.005",
                "--applies-to",
                "PO-1",
            ],
        ),
        &["more decimals"],
    );
    assert_eq!(books(&shop).await, after);
    shop.must_be_sound();
}

async fn another_amount_on_the_same_paper_is_another_charge(shop: Shop) {
    bought(&shop).await;
    let add = ["landed", "add", "--document", "F1", "--kind", "freight"];
    let with = |more: &[&str]| shop.json(&[&add[..], more].concat());
    with(&["--amount", "50", "--applies-to", "PO-1"]);
    with(&["--amount", "77", "--applies-to", "PO-1"]);
    with(&["--amount", "77", "--applies-to", "lot:A:L1"]);
    assert_eq!(costs(&shop, "freight").await, 20400);
    let again = with(&["--amount", "77.00", "--applies-to", "PO-1"]);
    assert!(again["applied_before"].is_object(), "{again}");
    let named = ["--applies-to", "PO-1", "--ref", "mine", "--amount"];
    with(&[&named[..], &["3"]].concat());
    let again = with(&[&named[..], &["3"]].concat());
    assert!(again["applied_before"].is_object(), "{again}");
    let words = fails(&shop, 1, &[&add[..], &named[..], &["4"]].concat());
    says(
        &words,
        &["\"mine\" is the reference of something else: freight 3.00 EUR of F1"],
    );
    assert_eq!(costs(&shop, "freight").await, 20700);
    shop.must_be_sound();
}

async fn foreign_freight_is_spread_at_its_rate(shop: Shop) {
    bought(&shop).await;
    let report = shop.json(&[
        "landed",
        "add",
        "--document",
        "F-1",
        "--kind",
        "duty",
        "--amount",
        "100.01",
        "--currency",
        "USD",
        "--rate",
        "USD=0.925",
        "--rate-source",
        "ECB 2026-02-10",
        "--applies-to",
        "PO-1",
        "--spread",
        "quantity",
        "--on",
        "2026-02-12",
    ]);
    let charge = &report["charge"];
    assert_eq!(
        (&charge["paid_minor"], &charge["amount_minor"]),
        (&10001.into(), &9251.into())
    );
    let sum = |field: &str| -> i64 {
        let lots = charge["lots"].as_array().unwrap();
        lots.iter().map(|lot| lot[field].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("paid_minor"), sum("amount_minor")), (10001, 9251));
    assert_eq!(charge["lots"][0]["paid_minor"], 6667);
    let kept = "SELECT COUNT(*) FROM lot_costs WHERE component = 'duty' AND rate = '0.925' \
                AND rate_source = 'ECB 2026-02-10' AND booked_on = '2026-02-12' \
                AND document = 'F-1' AND source_currency = 'USD'";
    assert_eq!(number(&shop, kept).await, 2);
    let words = fails(
        &shop,
        2,
        &[
            "landed",
            "add",
            "--document",
            "F-2",
            "--kind",
            "duty",
            "--amount",
            "1.00",
            "--currency",
            "USD",
            "--applies-to",
            "PO-1",
        ],
    );
    says(&words, &["no rate for USD"]);
    shop.must_be_sound();
}

async fn freight_by_weight_needs_every_weight(shop: Shop) {
    bought(&shop).await;
    shop.write("weights.csv", "sku,weight_g\nA,100\n");
    shop.json(&["products", "import", "weights.csv"]);
    import(&shop, &["F-1,freight,,,30.00,PO-1,weight"]);
    let before = books(&shop).await;
    let words = fails(&shop, 1, &["invoice", "match", "ACME:F-1"]);
    says(&words, &["the charge cannot be spread: B has no weight"]);
    assert_eq!(books(&shop).await, before, "nothing half done");
    shop.write("weights.csv", "sku,weight_g\nA,100\nB,400\n");
    shop.json(&["products", "import", "weights.csv"]);
    let done = shop.json(&["invoice", "match", "ACME:F-1"]);
    let lots = &done["charges"][0]["lots"];
    assert_eq!(
        (&lots[0]["amount_minor"], &lots[1]["amount_minor"]),
        (&1000.into(), &2000.into())
    );
    shop.must_be_sound();
}

async fn a_charge_that_is_for_nothing_is_told(shop: Shop) {
    bought(&shop).await;
    import(
        &shop,
        &["F-1,freight,,,30.00,PO-9|R-1,", "F-2,other,,,5.00,,"],
    );
    let report = differs(&shop, &["invoice", "match", "ACME:F-1"]);
    assert_eq!(report["differences"][0]["kind"], "applies_to_nothing");
    says(
        &fails(&shop, 1, &["invoice", "match", "ACME:F-1"]),
        &["freight names \"PO-9\""],
    );
    assert_eq!(costs(&shop, "freight").await, 0);
    shop.json(&["invoice", "match", "ACME:F-1", "--accept"]);
    assert_eq!(costs(&shop, "freight").await, 3000, "over what is there");
    differs(&shop, &["invoice", "match", "ACME:F-2"]);
    let accepted = shop.json(&["invoice", "match", "ACME:F-2", "--accept"]);
    assert_eq!(accepted["state"], "differs", "nothing is booked: it waits");
    assert_eq!(accepted["not_done"][0]["billed_minor"], 500);
    assert_eq!(costs(&shop, "other").await, 0);
    shop.must_be_sound();
}

async fn a_charge_falls_on_the_goods_of_its_own_invoice(shop: Shop) {
    bought(&shop).await;
    import(
        &shop,
        &[
            "I-1,,A,10,100.00,,",
            "I-1,freight,,,12.00,,",
            "I-1,other,,,-2.00,,quantity",
        ],
    );
    let done = shop.json(&["invoice", "match", "ACME:I-1"]);
    assert_eq!(done["charges"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        shop.json(&["stock", "show", "A"])["lots"][0]["cost_minor"],
        11000
    );
    assert_eq!(
        shop.json(&["stock", "show", "B"])["lots"][0]["cost_minor"],
        10000
    );
    let shown = shop.json(&["invoice", "show", "ACME:I-1"]);
    assert_eq!(shown["booked"][0]["component"], "freight");
    shop.must_be_sound();
}
