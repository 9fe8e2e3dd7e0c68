//! Parcels are followed to the door, and the shop hears of them once.

use opsctl::sandbox::ups::Stage;
use opsctl::workflows::track::{self, Which};

use super::dock::{Dock, IN_UTRECHT, numbers};
use crate::harness::{Shop, on_all_stores};
use crate::packing::told;
use crate::shelves::refused;
use crate::site::Site;

on_all_stores!(
    parcels_are_followed_to_the_door,
    a_parcel_that_nothing_is_heard_of_is_told_once,
    the_carrier_is_down_and_the_rest_waits,
    all_of_it_is_shown_and_exported,
);

async fn parcels_are_followed_to_the_door(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    let both = numbers(&dock.newest());
    let mut minute = 0;
    for (stage, word) in [
        (Stage::OnTheWay, "in_transit"),
        (Stage::OutForDelivery, "out_for_delivery"),
        (Stage::Delivered, "delivered"),
    ] {
        dock.ups().advance(None, stage);
        minute += 60;
        let ctx = dock.after(minute).await;
        let tried = track::track(&ctx, &Which::Open, true).await.unwrap();
        assert_eq!(tried.moved.len(), 2);
        let report = track::track(&ctx, &Which::Open, false).await.unwrap();
        assert_eq!(report.moved.len(), 2, "{report:?}");
        assert!(
            report.moved.iter().all(|moved| moved.to == word),
            "{report:?}"
        );
        let again = track::track(&ctx, &Which::Open, false).await.unwrap();
        assert_eq!(again.asked, 0, "asked a minute ago");
    }
    let id = dock.newest()["id"].to_string();
    let shown = dock.shop.json(&["ship", "show", &id]);
    let happened = shown["parcels"][0]["happenings"].as_array().unwrap();
    assert!(happened.len() >= 4, "{happened:?}");
    dock.shop.json(&["track", &both[0]]);
    let after = dock.shop.json(&["ship", "show", &id]);
    assert_eq!(
        after["parcels"][0]["happenings"],
        shown["parcels"][0]["happenings"]
    );
    let ctx = dock.after(1_000).await;
    let done = track::track(&ctx, &Which::Open, false).await.unwrap();
    assert_eq!(done.asked, 0, "what has arrived is not asked for");
    refused(&dock.shop, &["track", "1Z999"], 1, &["no parcel of ours"]);
    dock.shop.must_be_sound();
}

async fn a_parcel_that_nothing_is_heard_of_is_told_once(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    let hours = |hours: i64| dock.after(hours * 60);
    let report = track::track(&hours(71).await, &Which::Open, false)
        .await
        .unwrap();
    assert!(report.stalled.is_empty());
    let report = track::track(&hours(200).await, &Which::Open, false)
        .await
        .unwrap();
    assert_eq!(report.stalled.len(), 1);
    let report = track::track(&hours(201).await, &Which::Open, false)
        .await
        .unwrap();
    assert!(report.stalled.is_empty());
    assert_eq!(told(&dock.shop, "alert.parcel_stalled"), 1);
}

async fn the_carrier_is_down_and_the_rest_waits(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 5, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    dock.spoil("html,path=track,times=100");
    let report = track::track(&dock.after(60).await, &Which::Open, false)
        .await
        .unwrap();
    assert_eq!((report.asked, report.failed.len(), report.left), (0, 3, 2));
    dock.sandbox.faults().clear();
    let report = track::track(&dock.after(60).await, &Which::Open, false)
        .await
        .unwrap();
    assert_eq!(report.asked, 5);
}

async fn all_of_it_is_shown_and_exported(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    dock.ups().advance(None, Stage::Delivered);
    let both = numbers(&dock.newest());
    dock.shop.json(&["track", &both[0]]);
    let rows = |table: &str| -> Vec<serde_json::Value> {
        let output = dock.shop.run(&["export", table, "--format", "jsonl"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let read = |line| serde_json::from_str(line).unwrap();
        text.lines().map(read).collect()
    };
    let sent = &rows("consignments")[0];
    assert_eq!(sent["order"], "manual:1");
    assert_eq!(sent["charge_currency"], "EUR");
    let pieces = rows("parcels");
    let exported: Vec<_> = pieces.iter().map(|piece| &piece["tracking"]).collect();
    assert_eq!(exported, [&both[0], &both[1]]);
    assert_eq!(pieces[0]["stage"], "delivered");
    let happened = rows("tracking_events");
    assert!(happened.iter().all(|one| one["parcel"] == pieces[0]["id"]));
    assert!(!happened.is_empty());
    let documents = rows("documents");
    let kinds: Vec<_> = documents.iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["label", "label", "packing_slip"]);
    assert!(rows("print_jobs").is_empty());

    let site = Site::open(&dock.shop).await;
    let kim = site.as_role(&dock.shop, "manager").await;
    let (_, page) = kim.get("/orders/manual:1").await;
    let slip = format!("/labels/{}.pdf", documents[2]["id"]);
    for part in [&both[0], &both[1], "delivered", "label made", &slip] {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
}
