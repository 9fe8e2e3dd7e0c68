//! Labels and slips come out where the order is shipped, each once; a printer that is not
//! there holds no parcel up.

use super::dock::{Dock, IN_UTRECHT, numbers};
use crate::harness::{Shop, on_all_stores};
use crate::print_room::{Printer, admin, queue, shared, stations};

on_all_stores!(
    labels_and_slip_come_out_with_the_shipping,
    a_stopped_printer_holds_no_parcel_up,
);

async fn labels_and_slip_come_out_with_the_shipping(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let queue = queue(&cups, printer.address);
    let dock = Dock::open_with(shop, "NL", &stations(&cups, &[("bench", &queue)])).await;
    dock.packed("1", 3, IN_UTRECHT).await;
    let report = dock.shop.json(&["ship", "manual:1", "--station", "bench"]);
    assert_eq!(report["papers"]["wrong"], serde_json::json!([]), "{report}");
    let got = printer.must_get(4);
    let shipments = dock.ups().shipments();
    for (label, package) in got.iter().zip(&shipments[0].packages) {
        assert_eq!(label, package.label.as_bytes());
    }
    assert!(got[3].starts_with(b"%PDF"), "the slip");
    // Once more: shipped already, printed already.
    let again = dock.shop.json(&["ship", "manual:1", "--station", "bench"]);
    assert_eq!(again["papers"]["printed"]["before"], 4, "{again}");
    printer.must_get(4);
}

async fn a_stopped_printer_holds_no_parcel_up(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let queue = queue(&cups, printer.address);
    let dock = Dock::open_with(shop, "NL", &stations(&cups, &[("bench", &queue)])).await;
    dock.packed("1", 2, IN_UTRECHT).await;
    admin(&cups, "cupsdisable", &[&queue]);
    let output = dock
        .shop
        .run(&["ship", "manual:1", "--station", "bench", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["consignment"]["state"], "shipped");
    assert_eq!(numbers(&report["consignment"]).len(), 2);
    let wrong = report["papers"]["wrong"].to_string();
    assert!(wrong.contains("stopped"), "{wrong}");
    assert_eq!(dock.on_hand(), 48);
    admin(&cups, "cupsenable", &[&queue]);
    let id = report["consignment"]["reference"].as_str().unwrap();
    dock.shop
        .json(&["label", "print", id, "--station", "bench"]);
    printer.must_get(3);
    assert_eq!(dock.ups().counts().bought, 2);
}
