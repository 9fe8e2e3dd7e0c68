//! Labels are bought: whole orders and parts, what is refused, and what two do at once.

use std::process::Stdio;

use opsctl::workflows::consign::{self, Wish};
use serde_json::Value;

use super::dock::{Dock, IN_ALBANY, IN_UTRECHT, numbers};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::refused;

on_all_stores!(
    three_boxes_are_one_call_and_three_labels,
    an_order_that_does_not_lie_packed_says_what_it_weighs,
    serials_that_do_not_lie_packed_are_named,
    services_are_compared_and_nothing_is_bought,
    what_the_carrier_refuses_is_not_bought,
    an_address_that_may_be_several_is_asked_about,
    what_needs_customs_papers_is_refused_before_anybody_is_asked,
    two_at_once_buy_once,
    void_labels_are_bought_anew_for_what_has_left,
    one_piece_is_voided,
    goods_come_back_with_a_label,
    a_held_order_keeps_its_labels_and_leaves_later,
    another_currency_is_kept_as_it_came,
);

async fn three_boxes_are_one_call_and_three_labels(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 3, IN_UTRECHT).await;
    let plan = dock.shop.json(&["ship", "manual:1", "--dry-run"]);
    assert_eq!(plan["pieces"].as_array().unwrap().len(), 3);
    assert_eq!(plan["pieces"][0]["weight_g"], 500);
    assert_eq!(dock.ups().counts().of("POST /api/shipments/v2409/ship"), 0);
    let report = dock.shop.json(&["ship", "manual:1"]);
    let consignment = &report["consignment"];
    assert_eq!(consignment["state"], "shipped");
    assert_eq!(report["shipped"]["units"], 3);
    let reference = consignment["reference"].as_str().unwrap();
    assert_eq!(numbers(consignment), dock.ups().numbers_of(reference));
    assert_eq!(dock.ups().counts().of("POST /api/shipments/v2409/ship"), 1);
    assert_eq!(dock.ups().counts().bought, 3);
    let documents = consignment["documents"].as_array().unwrap();
    let kinds: Vec<&str> = documents
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["label", "label", "label", "packing_slip"]);
    assert_eq!(dock.on_hand(), 47);
    assert_eq!(
        dock.shop.json(&["pack", "show", "manual:1"])["state"],
        "shipped"
    );
    // Once more, and nothing is bought.
    let again = dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(again["before"], true);
    assert_eq!(numbers(&again["consignment"]), numbers(consignment));
    assert_eq!(dock.ups().counts().bought, 3);
    let asked = dock
        .shop
        .json(&["ship", "show", &consignment["id"].to_string()]);
    assert_eq!(asked["charge_currency"], "EUR");
    dock.shop.must_be_sound();
}

async fn an_order_that_does_not_lie_packed_says_what_it_weighs(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.order("1", 2, IN_UTRECHT);
    refused(
        &dock.shop,
        &["ship", "1"],
        2,
        &["does not lie packed", "--package"],
    );
    let bad = ["ship", "1", "--package", "2stone"];
    refused(&dock.shop, &bad, 2, &["no unit of weight"]);
    let pieces = [
        "ship",
        "1",
        "--package",
        "1.2kg:30x20x15cm",
        "--package",
        "800g",
        "--service",
        "Express",
    ];
    let report = dock.shop.json(&pieces);
    assert_eq!(report["service"], "65");
    assert_eq!(report["consignment"]["parcels"][1]["weight_g"], 800);
    let slip = slip(&dock.shop, &report);
    assert!(slip.contains("whichever package it is in"), "{slip}");
    assert_eq!(dock.ups().counts().bought, 2);
    assert_eq!(dock.on_hand(), 48);
    dock.shop.must_be_sound();
}

/// The text of the packing slip that a report names.
pub fn slip(shop: &Shop, report: &Value) -> String {
    let document = report["papers"]["slip"].to_string();
    let file = shop.path("slip.pdf").display().to_string();
    shop.json(&["label", "preview", &document, "--out", &file]);
    crate::slips::text(&std::fs::read(&file).unwrap())
}

async fn serials_that_do_not_lie_packed_are_named(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    let shop = &dock.shop;
    shop.write("p.csv", "sku,tracking\nCAM,serial\n");
    shop.json(&["products", "import", "p.csv"]);
    let lots = "sku,lot,received_on,qty,total_cost,serials\nCAM,C1,2026-01-01,2,2.00,S1 S2\n";
    shop.write("lots.csv", lots);
    shop.json(&["receive", "lots.csv"]);
    let order = "order,placed_at,sku,qty,ship_to_name,ship_to_line1,ship_to_city,\
         ship_to_postcode,ship_to_country\n";
    let bo = "Bo Visser,Oudegracht 12,Utrecht,3511 AP,NL";
    shop.write("o.csv", &format!("{order}1,2026-02-01,CAM,1,{bo}\n"));
    shop.json(&["orders", "import", "o.csv"]);
    shop.json(&["reserve"]);
    let ship = ["ship", "manual:1", "--package", "1kg:20x20x10cm"];
    refused(shop, &ship, 1, &["give --serial for each unit"]);
    assert_eq!(dock.ups().counts().bought, 0);
    let sent = shop.json(&[&ship[..], &["--serial", "S2"]].concat());
    assert_eq!(sent["shipped"]["units"], 1, "{sent}");
    let life = shop.run(&["serial", "S2"]);
    let life = String::from_utf8(life.stdout).unwrap();
    assert!(life.contains("has left"), "{life}");
    let text = slip(shop, &sent);
    assert!(text.contains("S2"), "{text}");
    assert!(text.contains("UPS, Standard"), "{text}");
    shop.must_be_sound();
}

async fn services_are_compared_and_nothing_is_bought(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 1, IN_ALBANY).await;
    let rates = dock.shop.json(&["ship", "manual:1", "--rate"]);
    let rates = rates["rates"].as_array().unwrap();
    assert!(rates.len() > 2, "{rates:?}");
    let cost = |at: usize| rates[at]["charge"]["amount_minor"].as_i64().unwrap();
    assert!(
        (1..rates.len()).all(|at| cost(at - 1) <= cost(at)),
        "{rates:?}"
    );
    assert_eq!(dock.ups().counts().bought, 0);
    assert_eq!(dock.on_hand(), 50);
    assert_eq!(
        dock.shop.json(&["ship", "list"])["consignments"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

async fn what_the_carrier_refuses_is_not_bought(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    let odd = ["ship", "manual:1", "--service", "99"];
    refused(&dock.shop, &odd, 1, &["refuses", "nothing was bought"]);
    assert_eq!(dock.state(), "not_bought");
    assert_eq!(dock.on_hand(), 50);
    assert_eq!(
        dock.shop.json(&["pack", "show", "manual:1"])["state"],
        "packed"
    );
    // What is wrong with us is told as such, and the order is free to be shipped again.
    dock.spoil("429:600,path=shipments");
    refused(
        &dock.shop,
        &["ship", "manual:1"],
        75,
        &["cannot be asked", "try again"],
    );
    assert_eq!(dock.state(), "not_bought");
    dock.sandbox.faults().clear();
    assert_eq!(
        dock.shop.json(&["ship", "manual:1"])["consignment"]["state"],
        "shipped"
    );
    assert_eq!(dock.ups().counts().bought, 1);
    dock.shop.must_be_sound();
}

async fn an_address_that_may_be_several_is_asked_about(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 1, "Bob Lane,2 State,Albany,NY,12207,US")
        .await;
    let asked = ["ship", "manual:1"];
    refused(
        &dock.shop,
        &asked,
        1,
        &["may be several", "--address-as-is"],
    );
    assert_eq!(dock.ups().counts().bought, 0);
    let report = dock.shop.json(&["ship", "manual:1", "--address-as-is"]);
    assert_eq!(report["consignment"]["state"], "shipped");
}

async fn what_needs_customs_papers_is_refused_before_anybody_is_asked(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_ALBANY).await;
    refused(
        &dock.shop,
        &["ship", "manual:1", "--address-as-is"],
        1,
        &["customs"],
    );
    assert_eq!(dock.ups().counts().of("POST /api/shipments/v2409/ship"), 0);
    let list = dock.shop.json(&["ship", "list"]);
    assert_eq!(
        list["consignments"],
        serde_json::json!([]),
        "nothing was begun"
    );
    assert_eq!(dock.on_hand(), 50);
}

async fn two_at_once_buy_once(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    dock.spoil("slow:300,path=shipments");
    let start = || {
        let mut command = dock.shop.command(&["ship", "manual:1"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start(), start(), start()];
    let codes = both.map(|child| child.wait_with_output().unwrap().status.code().unwrap());
    assert!(codes.contains(&0), "{codes:?}");
    assert!(codes.iter().all(|code| [0, 75].contains(code)), "{codes:?}");
    assert_eq!(dock.ups().counts().shipments, 1);
    assert_eq!(dock.on_hand(), 48);
    dock.shop.must_be_sound();
}

async fn void_labels_are_bought_anew_for_what_has_left(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    let first = dock.shop.json(&["ship", "manual:1"]);
    let id = first["consignment"]["id"].to_string();
    let dry = dock.shop.json(&["ship", "void", &id, "--dry-run"]);
    assert_eq!(dry["voided"].as_array().unwrap().len(), 2);
    assert_eq!(dock.ups().counts().voided, 0);
    let voided = dock.shop.json(&["ship", "void", &id]);
    assert_eq!(
        (&voided["left"], voided["voided"].as_array().unwrap().len()),
        (&true.into(), 2)
    );
    assert_eq!(dock.ups().counts().voided, 2);
    refused(&dock.shop, &["ship", "void", &id], 1, &["void already"]);
    // The goods have left by the books once; they only want other labels.
    let again = dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(again["consignment"]["state"], "shipped");
    assert_eq!(
        again["consignment"]["shipment_id"],
        first["consignment"]["shipment_id"]
    );
    assert_eq!(dock.ups().counts().bought, 4);
    assert_eq!(dock.on_hand(), 48);
    let third = dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(third["before"], true);
    assert_eq!(dock.ups().counts().bought, 4);
    dock.shop.must_be_sound();
}

async fn one_piece_is_voided(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 3, IN_ALBANY).await;
    let id = dock.shop.json(&["ship", "manual:1"])["consignment"]["id"].to_string();
    refused(
        &dock.shop,
        &["ship", "void", &id, "--piece", "4"],
        2,
        &["no piece 4"],
    );
    // The answer is lost, and asking again does no harm.
    dock.spoil("cut-after,method=DELETE");
    let voided = dock.shop.json(&["ship", "void", &id, "--piece", "2"]);
    assert_eq!(voided["voided"].as_array().unwrap().len(), 1);
    assert_eq!(voided["stands"].as_array().unwrap().len(), 2);
    assert_eq!(dock.ups().counts().voided, 1);
    let shown = dock.shop.json(&["ship", "show", &id]);
    assert_eq!(shown["state"], "shipped");
    assert_eq!(shown["parcels"][1]["stage"], "voided");
    dock.shop.json(&["ship", "void", &id]);
    assert_eq!(dock.ups().counts().voided, 3);
    assert_eq!(dock.state(), "voided");
}

async fn goods_come_back_with_a_label(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 1, IN_ALBANY).await;
    dock.shop.json(&["ship", "manual:1"]);
    let back = ["ship", "return", "manual:1", "--package", "1lb:12x8x4in"];
    let report = dock.shop.json(&back);
    assert_eq!(report["consignment"]["direction"], "inbound");
    assert_eq!(report["consignment"]["documents"][0]["kind"], "label");
    let shipments = dock.ups().shipments();
    let last = shipments.last().unwrap();
    assert!(last.is_return);
    assert_eq!(
        (last.from.city.as_str(), last.to.city.as_str()),
        ("Albany", "Reno")
    );
    assert_eq!(dock.on_hand(), 49);
    dock.shop.must_be_sound();
}

async fn a_held_order_keeps_its_labels_and_leaves_later(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("slow:2000,path=shipments");
    let child = dock
        .shop
        .command(&["ship", "manual:1"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while dock.ups().counts().bought == 0
        && dock.ups().counts().of("POST /api/shipments/v2409/ship") == 0
    {
        tokio::task::yield_now().await;
        if dock.shop.json(&["ship", "list", "--open"])["consignments"]
            .as_array()
            .unwrap()
            .len()
            == 1
        {
            break;
        }
    }
    dock.shop.json(&[
        "hold",
        "set",
        "manual:1",
        "--kind",
        "fraud",
        "--reason",
        "a second look",
    ]);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("on hold"), "{said}");
    assert_eq!(dock.state(), "bought");
    assert_eq!(dock.on_hand(), 50);
    // What has labels is not opened again, and does not leave another way.
    refused(
        &dock.shop,
        &["pack", "reopen", "manual:1"],
        1,
        &["has labels", "ship void"],
    );
    dock.shop.json(&["hold", "release", "manual:1"]);
    let by_hand = [
        "ship",
        "--manual",
        "manual:1",
        "--carrier",
        "DHL",
        "--tracking",
        "JD1",
    ];
    refused(&dock.shop, &by_hand, 1, &["is sent with ups"]);
    // It leaves, and somebody has to print its papers: no station was named.
    let told = ["print them: `opsctl label print"];
    refused(&dock.shop, &["ship", "settle"], 1, &told);
    assert_eq!(dock.state(), "shipped");
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (1, 49));
    dock.shop.must_be_sound();
}

async fn another_currency_is_kept_as_it_came(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("currency:USD,path=shipments");
    let ctx = dock.after(0).await;
    let wish = Wish {
        order: "manual:1".to_owned(),
        ..Wish::default()
    };
    let report = consign::ship(&ctx, &wish).await.unwrap();
    let row = report.consignment.unwrap().row;
    assert_eq!(row.charge_currency.as_deref(), Some("USD"));
    assert!(
        row.said.contains("charged in USD, the books are in EUR"),
        "{}",
        row.said
    );
    assert_eq!(row.state, "shipped");
}
