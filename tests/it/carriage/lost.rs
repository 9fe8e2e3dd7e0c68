//! The answer is lost: whether labels were bought is asked, decided, and never tried out.

use opsctl::workflows::consign::{self, Resolution};

use super::dock::{Dock, IN_ALBANY, IN_UTRECHT, numbers, words};
use crate::harness::{Shop, on_all_stores};
use crate::print_room::stations;
use crate::shelves::refused;

on_all_stores!(
    what_was_bought_is_found_at_once_and_taken_over,
    what_was_never_bought_is_asked_for_three_times_and_then_decided,
    the_carrier_is_down_when_it_is_asked,
    fewer_labels_than_pieces_need_a_decision,
    labels_that_could_not_be_had_are_fetched_later,
    an_error_inside_a_success_is_no_answer,
    a_number_that_another_parcel_has_is_not_taken,
    a_decision_that_does_not_fit_changes_nothing,
);

const SHIP: &str = "POST /api/shipments/v2409/ship";

async fn what_was_bought_is_found_at_once_and_taken_over(shop: Shop) {
    for (country, to) in [("NL", IN_UTRECHT), ("US", IN_ALBANY)] {
        let own = Shop::new(shop.kind).await;
        let dock = Dock::open(own, country).await;
        dock.packed("1", 3, to).await;
        dock.spoil("cut-after,path=shipments");
        let report = dock.ship(0, "manual:1").await.unwrap();
        let shown = report.consignment.unwrap();
        assert_eq!(shown.row.state, "shipped");
        assert_eq!(
            shown.row.charge_minor, None,
            "nobody has said what it costs"
        );
        assert_eq!(shown.documents.len(), 4, "labels and slip");
        assert_eq!(dock.ups().counts().of(SHIP), 1);
        assert_eq!(dock.ups().counts().bought, 3);
        let bought: Vec<String> = dock.ups().shipments()[0]
            .packages
            .iter()
            .map(|p| p.number.clone())
            .collect();
        assert_eq!(numbers(&dock.newest()), bought);
        assert_eq!(dock.on_hand(), 47);
        dock.shop.must_be_sound();
    }
}

async fn what_was_never_bought_is_asked_for_three_times_and_then_decided(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 1, IN_ALBANY).await;
    dock.spoil("cut-before,path=shipments");
    let said = words(dock.ship(0, "manual:1").await);
    assert!(said.contains("is unknown"), "{said}");
    assert_eq!(dock.state(), "unknown");
    // Nobody buys meanwhile, and nobody asks before the time.
    let said = words(dock.ship(1, "manual:1").await);
    assert!(said.contains("is unknown"), "{said}");
    let recovery = "POST /api/labels/v1/recovery";
    assert_eq!(dock.ups().counts().of(recovery), 1);
    for (minute, asked) in [(2, 2), (10, 2)] {
        consign::settle(&dock.after(minute).await).await.unwrap();
        assert_eq!(
            (dock.state().as_str(), dock.ups().counts().of(recovery)),
            ("unknown", asked)
        );
    }
    let settled = consign::settle(&dock.after(15).await).await.unwrap();
    assert_eq!(settled.needs_decision.len(), 1);
    assert_eq!(dock.ups().counts().of(recovery), 3);
    assert_eq!(dock.state(), "needs_decision");
    let said = words(dock.ship(60, "manual:1").await);
    assert!(said.contains("need a decision"), "{said}");
    refused(
        &dock.shop,
        &["outbox", "retry", "1"],
        1,
        &["not for the outbox"],
    );
    assert_eq!(dock.ups().counts().of(SHIP), 1);
    let id = dock.newest()["id"].to_string();
    dock.shop.json(&["ship", "resolve", &id, "--not-bought"]);
    assert_eq!(dock.state(), "not_bought");
    let report = dock.ship(61, "manual:1").await.unwrap();
    assert_eq!(report.consignment.unwrap().row.state, "shipped");
    assert_eq!(dock.ups().counts().bought, 1);
    dock.shop.must_be_sound();
}

async fn the_carrier_is_down_when_it_is_asked(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    dock.lose_the_answer();
    let said = words(dock.ship(0, "manual:1").await);
    assert!(said.contains("cannot be asked"), "{said}");
    assert_eq!(dock.state(), "unknown");
    dock.sandbox.faults().clear();
    let settled = consign::settle(&dock.after(5).await).await.unwrap();
    assert_eq!(settled.adopted.len(), 1);
    assert_eq!(settled.left.len(), 1);
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (2, 48));
    let nothing = consign::settle(&dock.after(6).await).await.unwrap();
    assert!(nothing.adopted.is_empty() && nothing.left.is_empty());
    dock.shop.must_be_sound();
}

async fn fewer_labels_than_pieces_need_a_decision(shop: Shop) {
    let own = stations("http://127.0.0.1:1", &[("bench", "zebra")]);
    let dock = Dock::open_with(shop, "US", &own).await;
    dock.packed("1", 3, IN_ALBANY).await;
    dock.spoil("drop-package,path=shipments");
    let said = words(dock.ship(0, "manual:1").await);
    assert!(
        said.contains("3 labels were asked for, and 2 came"),
        "{said}"
    );
    assert_eq!(dock.state(), "needs_decision");
    let id = dock.newest()["id"].to_string();
    let shown = dock.shop.json(&["ship", "show", &id]);
    assert_eq!(
        shown["documents"].as_array().unwrap().len(),
        2,
        "what came is kept"
    );
    assert_eq!(dock.on_hand(), 50);
    let bought: Vec<String> = dock.ups().shipments()[0]
        .packages
        .iter()
        .map(|p| p.number.clone())
        .collect();
    let two = bought[..2].join(",");
    refused(
        &dock.shop,
        &["ship", "resolve", &id, "--adopt", &two],
        1,
        &["3 labels were asked for"],
    );
    let all = bought.join(",");
    let plan = dock
        .shop
        .json(&["ship", "resolve", &id, "--adopt", &all, "--dry-run"]);
    assert_eq!(plan["dry_run"], true);
    assert_eq!(dock.state(), "needs_decision");
    let report = dock.shop.json(&["ship", "resolve", &id, "--adopt", &all]);
    assert_eq!(report["consignment"]["state"], "shipped");
    assert_eq!(numbers(&report["consignment"]), bought);
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (3, 47));
    dock.shop.must_be_sound();
    let reference = report["consignment"]["reference"].as_str().unwrap();
    let print = [
        "label",
        "print",
        reference,
        "--station",
        "bench",
        "--dry-run",
    ];
    let printed = dock.shop.json(&print);
    let printed = printed["planned"].as_array().unwrap().iter();
    let kinds: Vec<_> = printed.map(|document| &document["kind"]).collect();
    assert_eq!(
        kinds,
        ["label", "label", "label", "packing_slip"],
        "each once"
    );
}

async fn labels_that_could_not_be_had_are_fetched_later(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 2, IN_ALBANY).await;
    dock.spoil("drop-package,path=shipments");
    words(dock.ship(0, "manual:1").await);
    let id = dock.newest()["id"].to_string();
    let shipments = dock.ups().shipments();
    let packages = shipments[0].packages.iter();
    let all: Vec<&str> = packages.map(|package| package.number.as_str()).collect();
    dock.spoil("500,path=recovery,times=99");
    let adopt = ["ship", "resolve", &id, "--adopt", &all.join(",")];
    refused(&dock.shop, &adopt, 75, &["cannot be asked"]);
    let output = dock.shop.run(&[&adopt[..], &["--as-is"]].concat());
    let words = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("labels cannot be had"), "{words}");
    assert_eq!(dock.state(), "shipped");
    dock.sandbox.faults().clear();
    let again = dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(again["papers"]["wrong"], serde_json::json!([]));
    let there = again["consignment"]["documents"].as_array().unwrap();
    let of_a_piece = there
        .iter()
        .filter(|one| one["kind"] == "label" && !one["parcel_id"].is_null());
    assert_eq!(of_a_piece.count(), 2, "{there:?}");
    dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(dock.newest()["id"].to_string(), id);
    dock.shop.must_be_sound();
}

async fn an_error_inside_a_success_is_no_answer(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("error-in-200,path=shipments");
    let said = words(dock.ship(0, "manual:1").await);
    assert!(said.contains("is unknown"), "{said}");
    assert_eq!(dock.state(), "unknown");
    assert_eq!(dock.ups().counts().of(SHIP), 1);
}

async fn a_number_that_another_parcel_has_is_not_taken(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.packed("2", 1, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    let taken = numbers(&dock.newest())[0].clone();
    dock.spoil(&format!("field:TrackingNumber=\"{taken}\",path=shipments"));
    let said = words(dock.ship(0, "manual:2").await);
    assert!(said.contains("is that of consignment"), "{said}");
    assert_eq!(dock.state(), "needs_decision");
    dock.shop.must_be_sound();
}

async fn a_decision_that_does_not_fit_changes_nothing(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    let ctx = dock.after(1).await;
    let id = dock.newest()["id"].as_i64().unwrap();
    let error = consign::resolve(&ctx, id, &Resolution::NotBought, false)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("needs no decision: it is shipped"),
        "{error}"
    );
    refused(
        &dock.shop,
        &["ship", "resolve", "999", "--not-bought"],
        1,
        &["no consignment 999"],
    );
    refused(&dock.shop, &["ship", "resolve", "1"], 2, &["--adopt"]);
}
