//! Labels that are given back, bought anew, or asked for twice: nothing is bought unasked, and
//! nothing is left that nobody can settle.

use std::process::Stdio;
use std::sync::atomic::Ordering;

use opsctl::sandbox::ups::Stage;
use opsctl::workflows::consign::{self, Wish};
use opsctl::workflows::track::{self, Which};
use serde_json::json;

use super::dock::{Dock, IN_ALBANY, IN_UTRECHT, numbers, words};
use super::under_fire::later;
use crate::harness::{Shop, on_all_stores};
use crate::print_room::{Printer, admin, queue, shared, stations, until};
use crate::shelves::{receive, refused};

on_all_stores!(
    a_return_is_bought_once_however_often_it_is_asked_for,
    new_labels_that_were_refused_are_bought_later,
    one_void_piece_gets_a_label_of_its_own,
    the_first_of_two_shipments_gets_new_labels,
    what_came_short_is_given_back_as_a_whole,
    a_word_that_nothing_was_bought_waits_for_the_carrier,
    a_carrier_that_never_answers_is_decided_on,
    a_void_that_is_refused_leaves_a_way_on,
    what_cron_takes_over_is_printed_at_its_station,
    a_printer_that_is_away_is_told_where_the_parcel_is_shipped,
    a_void_label_does_not_come_out_any_more,
    more_than_the_labels_were_bought_for_does_not_leave,
    a_number_that_is_refused_holds_no_other_up,
    a_run_that_is_told_to_stop_says_how_it_stands,
    a_dry_run_neither_buys_nor_prints,
    labels_are_printed_by_order_or_consignment,
    a_number_that_the_carrier_does_not_know_is_not_adopted,
);

async fn a_return_is_bought_once_however_often_it_is_asked_for(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.shop.json(&["ship", "manual:1"]);
    let back = ["ship", "return", "manual:1", "--package", "1kg:20x20x10cm"];
    dock.lose_the_answer();
    refused(&dock.shop, &back, 75, &["is unknown"]);
    refused(&dock.shop, &back, 75, &["is unknown"]);
    assert_eq!(dock.ups().counts().bought, 2, "one out, one back");
    dock.sandbox.faults().clear();
    consign::settle(&later(&dock).await).await.unwrap();
    let again = dock.shop.json(&back);
    assert_eq!(again["before"], true, "{again}");
    let plan = dock.shop.json(&[&back[..], &["--dry-run"]].concat());
    assert_eq!(plan["dry_run"], true);
    assert_eq!(dock.ups().counts().bought, 2);
    let another = [&back[..], &["--another"]].concat();
    assert_eq!(dock.shop.json(&another)["before"], false);
    assert_eq!(dock.ups().counts().bought, 3);
    dock.shop.must_be_sound();
}

async fn new_labels_that_were_refused_are_bought_later(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 2, IN_UTRECHT).await;
    let first = dock.shop.json(&["ship", "manual:1"]);
    let id = first["consignment"]["id"].to_string();
    dock.shop.json(&["ship", "void", &id]);
    dock.spoil("429,path=shipments,times=9");
    let refusal = dock.shop.run(&["ship", "manual:1"]);
    assert!(!refusal.status.success());
    assert_eq!(dock.state(), "not_bought");
    dock.sandbox.faults().clear();
    let again = dock.shop.json(&["ship", "manual:1"]);
    assert_eq!(again["before"], false, "{again}");
    let shipment = &first["consignment"]["shipment_id"];
    assert_eq!(&again["consignment"]["shipment_id"], shipment);
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (4, 48));
    // A hold stops what has left by the books as well.
    dock.shop
        .json(&["ship", "void", &dock.newest()["id"].to_string()]);
    dock.shop
        .json(&["hold", "set", "manual:1", "--reason", "odd"]);
    refused(&dock.shop, &["ship", "manual:1"], 1, &["is on hold"]);
    assert_eq!(dock.ups().counts().bought, 4);
    dock.shop.must_be_sound();
}

async fn one_void_piece_gets_a_label_of_its_own(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 3, IN_ALBANY).await;
    let first = dock.shop.json(&["ship", "manual:1"])["consignment"].clone();
    dock.shop
        .json(&["ship", "void", &first["id"].to_string(), "--piece", "2"]);
    let again = dock.shop.json(&["ship", "manual:1"])["consignment"].clone();
    assert_eq!(numbers(&again).len(), 1, "{again}");
    assert_eq!(again["shipment_id"], first["shipment_id"]);
    assert_eq!(dock.shop.json(&["ship", "manual:1"])["before"], true);
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (4, 47));
    dock.shop.must_be_sound();
}

async fn the_first_of_two_shipments_gets_new_labels(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.order("1", 60, IN_UTRECHT);
    let part = ["ship", "manual:1", "--package", "200kg", "--partial"];
    let report = dock.shop.json(&part);
    let first = report["consignment"].clone();
    let slip = super::buying::slip(&dock.shop, &report);
    assert!(slip.contains("Still to come: 10 MUG"), "{slip}");
    dock.shop.json(&["ship", "void", &first["id"].to_string()]);
    receive(&dock.shop, "MUG,L2,2026-02-02,10,10.00,main\n");
    dock.shop.json(&["reserve"]);
    let rest = dock.shop.json(&["ship", "manual:1", "--package", "4kg"]);
    assert_eq!(rest["shipped"]["units"], 10, "{rest}");
    // The weight was typed wrong: that is why the first label was voided.
    let two = ["ship", "manual:1", "--package", "9kg", "--package", "9kg"];
    refused(&dock.shop, &two, 2, &["1 packages want new labels, not 2"]);
    let right = ["ship", "manual:1", "--package", "20kg"];
    let plan = dock.shop.json(&[&right[..], &["--dry-run"]].concat());
    assert_eq!(plan["pieces"][0]["weight_g"], 20_000);
    let anew = dock.shop.json(&right)["consignment"].clone();
    assert_eq!(anew["shipment_id"], first["shipment_id"]);
    assert_eq!(anew["parcels"][0]["weight_g"], 20_000);
    assert_eq!(dock.shop.json(&["ship", "manual:1"])["before"], true);
    assert_eq!(dock.on_hand(), 0);
    dock.shop.must_be_sound();
}

async fn what_came_short_is_given_back_as_a_whole(shop: Shop) {
    let dock = Dock::open(shop, "US").await;
    dock.packed("1", 3, IN_ALBANY).await;
    dock.spoil("drop-package,path=shipments");
    words(dock.ship(0, "manual:1").await);
    let id = dock.newest()["id"].to_string();
    let not = ["ship", "resolve", &id, "--not-bought"];
    refused(&dock.shop, &not, 1, &["were bought", "ship void"]);
    let void = dock.shop.json(&["ship", "void", &id]);
    assert_eq!(void["stands"], json!([]), "{void}");
    assert_eq!(dock.state(), "voided");
    assert_eq!(dock.ups().counts().voided, 3);
    assert_eq!(dock.shop.json(&["outbox", "list"])["rows"], json!([]));
    dock.shop.json(&["ship", "manual:1"]);
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (6, 47));
    dock.shop.must_be_sound();
}

async fn a_word_that_nothing_was_bought_waits_for_the_carrier(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.lose_the_answer();
    words(dock.ship(0, "manual:1").await);
    let id = dock.newest()["id"].to_string();
    let not = ["ship", "resolve", &id, "--not-bought"];
    refused(&dock.shop, &not, 75, &["still being asked for"]);
    dock.sandbox.faults().clear();
    // The carrier's books are late: it knows nothing until after the last time to ask.
    for minute in [2, 16] {
        dock.spoil("html,path=labels,times=9");
        consign::settle(&dock.after(minute).await).await.unwrap();
        dock.sandbox.faults().clear();
    }
    if dock.state() == "needs_decision" {
        let number = dock.ups().shipments()[0].packages[0].number.clone();
        refused(&dock.shop, &not, 1, &["has labels", &number]);
        let spaced = format!(" {} {}", &number[..6].to_lowercase(), &number[6..]);
        dock.shop
            .json(&["ship", "resolve", &id, "--adopt", &spaced]);
        assert_eq!(numbers(&dock.newest()), [number]);
    } else {
        panic!("{}", dock.newest());
    }
    assert_eq!((dock.ups().counts().bought, dock.on_hand()), (1, 49));
    dock.shop.must_be_sound();
}

async fn a_carrier_that_never_answers_is_decided_on(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("cut-before,path=shipments");
    dock.spoil("cut-before,path=labels,times=99");
    words(dock.ship(0, "manual:1").await);
    let told = consign::settle(&dock.after(3).await).await.unwrap();
    assert_eq!(told.failed.len() + told.waiting.len(), 1);
    // Away it is asked on, for it may come back.
    let still = consign::settle(&dock.after(20).await).await.unwrap();
    assert!(still.needs_decision.is_empty(), "{still:?}");
    assert_eq!(dock.state(), "unknown");
    dock.sandbox.faults().clear();
    let found = consign::settle(&dock.after(40).await).await.unwrap();
    assert_eq!(found.needs_decision.len(), 1, "it knows nothing: {found:?}");
    dock.shop.must_be_sound();
}

async fn a_void_that_is_refused_leaves_a_way_on(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.shop.json(&["ship", "manual:1"]);
    dock.ups().advance(None, Stage::OnTheWay);
    let id = dock.newest()["id"].to_string();
    let void = dock.shop.run(&["ship", "void", &id]);
    assert_eq!(void.status.code(), Some(1));
    assert_eq!(dock.state(), "shipped");
    dock.shop.must_be_sound();
}

async fn what_cron_takes_over_is_printed_at_its_station(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let bench = stations(&cups, &[("bench", &queue(&cups, printer.address))]);
    let dock = Dock::open_with(shop, "NL", &bench).await;
    for (order, station) in [("1", Some("bench")), ("2", None)] {
        dock.packed(order, 1, IN_UTRECHT).await;
        dock.lose_the_answer();
        let wish = Wish {
            order: format!("manual:{order}"),
            station: station.map(str::to_owned),
            ..Wish::default()
        };
        words(consign::ship(&dock.after(0).await, &wish).await);
        dock.sandbox.faults().clear();
    }
    let settled = consign::settle(&dock.after(20).await).await.unwrap();
    assert_eq!(settled.left.len(), 2, "{settled:?}");
    printer.must_get(2);
    let by_hand = &settled.not_printed;
    assert_eq!((by_hand.len(), by_hand[0].1.as_str()), (1, "manual:2"));
    assert!(by_hand[0].2.contains("opsctl label print"), "{by_hand:?}");
    dock.shop.must_be_sound();
}

async fn a_printer_that_is_away_is_told_where_the_parcel_is_shipped(shop: Shop) {
    let bench = stations("http://127.0.0.1:1", &[("bench", "zebra")]);
    let dock = Dock::open_with(shop, "NL", &bench).await;
    dock.packed("1", 1, IN_UTRECHT).await;
    let output = dock.shop.run(&["ship", "manual:1", "--station", "bench"]);
    let words = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words.matches("Not printed").count(), 2, "label and slip");
    assert!(words.contains("opsctl label print manual:1"), "{words}");
    assert_eq!(dock.state(), "shipped");
    // A station that is none is said before money is spent.
    dock.packed("2", 1, IN_UTRECHT).await;
    let nowhere = ["ship", "manual:2", "--station", "roof"];
    refused(&dock.shop, &nowhere, 2, &["no station"]);
    assert_eq!(dock.ups().counts().bought, 1);
}

async fn a_void_label_does_not_come_out_any_more(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let name = queue(&cups, printer.address);
    let dock = Dock::open_with(shop, "NL", &stations(&cups, &[("bench", &name)])).await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.packed("2", 1, IN_UTRECHT).await;
    // One lies in a queue that is stopped behind the server's back, one was never taken.
    printer.jammed.store(true, Ordering::SeqCst);
    dock.shop.run(&["ship", "manual:1", "--station", "bench"]);
    admin(&cups, "cupsdisable", &[&name]);
    dock.shop.run(&["ship", "manual:2", "--station", "bench"]);
    let list = dock.shop.json(&["ship", "list"]);
    for sent in list["consignments"].as_array().unwrap() {
        dock.shop.json(&["ship", "void", &sent["id"].to_string()]);
    }
    printer.jammed.store(false, Ordering::SeqCst);
    admin(&cups, "cupsenable", &[&name]);
    dock.shop.run(&["label", "jobs"]);
    until("no job is open", || {
        dock.shop.run(&["label", "jobs"]);
        dock.shop.json(&["label", "list", "--open"])["rows"] == json!([])
    });
    let rows = dock.shop.json(&["label", "list"]);
    let labels = rows["rows"].as_array().unwrap().iter();
    let labels: Vec<_> = labels.filter(|row| row["kind"] == "label").collect();
    let of_two = labels.iter().find(|row| row["state"] == "dropped");
    assert!(of_two.is_some(), "{labels:?}");
    let document = format!("document:{}", labels[0]["document_id"]);
    let again = ["label", "reprint", &document, "--station", "bench"];
    refused(&dock.shop, &again, 1, &["is void"]);
    let printed = |label: &[u8]| printer.got().iter().filter(|got| *got == label).count();
    for shipment in dock.ups().shipments() {
        let times = printed(shipment.packages[0].label.as_bytes());
        assert!(times <= 1, "{times}");
    }
}

async fn more_than_the_labels_were_bought_for_does_not_leave(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.order("1", 60, IN_UTRECHT);
    dock.lose_the_answer();
    let part = ["ship", "manual:1", "--package", "20kg", "--partial"];
    refused(&dock.shop, &part, 75, &["is unknown"]);
    dock.sandbox.faults().clear();
    receive(&dock.shop, "MUG,L2,2026-02-02,10,10.00,main\n");
    dock.shop.json(&["reserve"]);
    let settled = consign::settle(&later(&dock).await).await.unwrap();
    let (_, _, why) = &settled.failed[0];
    assert!(why.contains("50 MUG, and 60 MUG would leave"), "{why}");
    assert!(why.contains("ship void"), "{why}");
    assert_eq!((dock.state().as_str(), dock.on_hand()), ("bought", 60));
    dock.shop
        .json(&["ship", "void", &dock.newest()["id"].to_string()]);
    let whole = dock.shop.json(&["ship", "manual:1", "--package", "24kg"]);
    assert_eq!(whole["shipped"]["units"], 60);
    dock.shop.must_be_sound();
}

async fn a_number_that_is_refused_holds_no_other_up(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 5, IN_UTRECHT).await;
    dock.ship(0, "manual:1").await.unwrap();
    for number in &numbers(&dock.newest())[..4] {
        let bad = format!("BAD{}", &number[14..17]);
        let set = format!("UPDATE parcels SET tracking = '{bad}' WHERE tracking = '{number}'");
        dock.shop.sql(&set).await;
    }
    dock.ups().advance(None, Stage::OnTheWay);
    let report = track::track(&dock.after(60).await, &Which::Open, false)
        .await
        .unwrap();
    assert_eq!(
        (report.failed.len(), report.moved.len()),
        (4, 1),
        "{report:?}"
    );
    let again = track::track(&dock.after(61).await, &Which::Open, false)
        .await
        .unwrap();
    assert_eq!(again.asked + again.failed.len(), 0, "asked a minute ago");
}

async fn a_run_that_is_told_to_stop_says_how_it_stands(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("slow:60000,path=shipments");
    let mut command = dock.shop.command(&["ship", "manual:1"]);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null());
    let child = child.spawn().unwrap();
    until("it buys", || {
        dock.shop.json(&["ship", "list", "--open"])["consignments"] != json!([])
    });
    let mut stop = std::process::Command::new("kill");
    let stop = stop.args(["-INT", &child.id().to_string()]).status();
    assert!(stop.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{words}");
    assert!(words.contains("they may have been sold"), "{words}");
    assert_eq!(dock.state(), "unknown");
    // The next run asks at once, and does not wait until the first would have ended.
    refused(&dock.shop, &["ship", "manual:1"], 75, &["is unknown"]);
    assert_eq!(dock.ups().counts().of("POST /api/labels/v1/recovery"), 1);
    dock.shop.must_be_sound();
}

async fn a_dry_run_neither_buys_nor_prints(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let bench = stations(&cups, &[("bench", &queue(&cups, printer.address))]);
    let dock = Dock::open_with(shop, "NL", &bench).await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.packed("2", 1, IN_ALBANY).await;
    let plan = ["ship", "manual:1", "--station", "bench", "--dry-run"];
    assert_eq!(dock.shop.json(&plan)["dry_run"], true);
    // What the carrier would not take is told before anything is asked of it or noted.
    let abroad = ["ship", "manual:2", "--dry-run"];
    refused(&dock.shop, &abroad, 1, &["customs papers", "--manual"]);
    refused(&dock.shop, &abroad[..2], 1, &["customs papers"]);
    assert_eq!(dock.shop.json(&["ship", "list"])["consignments"], json!([]));
    dock.shop.json(&["ship", "manual:1"]);
    let after = dock.shop.json(&plan);
    assert_eq!(after["dry_run"], true, "{after}");
    assert_eq!(after["papers"]["printed"], json!(null));
    assert_eq!(dock.shop.json(&["label", "list"])["rows"], json!([]));
    assert!(printer.got().is_empty());
}

async fn labels_are_printed_by_order_or_consignment(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let bench = stations(&cups, &[("bench", &queue(&cups, printer.address))]);
    let dock = Dock::open_with(shop, "NL", &bench).await;
    for order in ["1", "2"] {
        dock.packed(order, 1, IN_UTRECHT).await;
        dock.ship(0, &format!("manual:{order}")).await.unwrap();
    }
    let id = dock.newest()["id"].to_string();
    let by_number = dock.shop.json(&["label", "print", &id]);
    assert_eq!(by_number["order"], "manual:2", "{by_number}");
    let by_order = dock.shop.json(&["label", "print", "manual:1"]);
    assert_eq!(by_order["order"], "manual:1");
    printer.must_get(4);
    let again = dock.shop.json(&["label", "print", "manual:1"]);
    assert_eq!(again["before"], 2);
}

async fn a_number_that_the_carrier_does_not_know_is_not_adopted(shop: Shop) {
    let dock = Dock::open(shop, "NL").await;
    dock.packed("1", 1, IN_UTRECHT).await;
    dock.spoil("cut-before,path=shipments");
    words(dock.ship(0, "manual:1").await);
    let id = dock.newest()["id"].to_string();
    let adopt = ["ship", "resolve", &id, "--adopt", "1ZBOGUS123"];
    let told = ["does not know 1ZBOGUS123", "--as-is"];
    refused(&dock.shop, &adopt, 1, &told);
    assert_eq!(dock.state(), "unknown");
    refused(&dock.shop, &adopt[..3], 2, &["--adopt", "--not-bought"]);
    assert_eq!(dock.on_hand(), 50);
    dock.shop.must_be_sound();
}
