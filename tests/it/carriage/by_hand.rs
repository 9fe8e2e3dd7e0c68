//! A carrier that nobody asks over the wire: its numbers are typed, one for each box, and all
//! else goes as with any other.

use opsctl::workflows::consign::{self, Wish};
use opsctl::workflows::track::{self, Which};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::dock::{Dock, IN_ALBANY, IN_UTRECHT, numbers};
use super::under_fire::{dies, later};
use crate::harness::{Shop, on_all_stores};
use crate::shelves::refused;

on_all_stores!(
    numbers_are_typed_and_the_boxes_leave,
    numbers_that_do_not_fit_are_refused,
    nobody_asks_where_they_are,
    a_run_that_dies_loses_no_number,
);

async fn dock(shop: Shop) -> Dock {
    Dock::open_with(shop, "NL", "[carriers.postnl]\nkind = \"manual\"\n").await
}

/// What is said to ship an order with it.
fn by_hand<'a>(order: &'a str, tracking: &'a str) -> [&'a str; 6] {
    ["ship", order, "--carrier", "postnl", "--tracking", tracking]
}

async fn numbers_are_typed_and_the_boxes_leave(shop: Shop) {
    let dock = dock(shop).await;
    // What needs papers for UPS may leave by hand: the person has filled them in.
    dock.packed("1", 2, IN_ALBANY).await;
    let wish = by_hand("manual:1", "3SABC1,3SABC2");
    let report = dock.shop.json(&wish);
    let sent = &report["consignment"];
    assert_eq!(sent["state"], "shipped", "{report}");
    assert_eq!(sent["charge_minor"], serde_json::Value::Null);
    assert_eq!(numbers(sent), ["3SABC1", "3SABC2"]);
    let papers = sent["documents"].as_array().unwrap();
    let kinds: Vec<_> = papers.iter().map(|paper| &paper["kind"]).collect();
    assert_eq!(kinds, ["packing_slip"], "it has no labels of ours");
    assert_eq!(dock.on_hand(), 48);
    let again = dock.shop.json(&wish);
    assert_eq!(again["before"], true, "{again}");
    assert_eq!(dock.on_hand(), 48);
    assert_eq!(dock.ups().counts().bought, 0);
    dock.shop.must_be_sound();

    // Void, it is shipped anew under the right numbers.
    let id = sent["id"].to_string();
    dock.shop.json(&["ship", "void", &id]);
    dock.shop.json(&by_hand("manual:1", "3SABC3,3SABC4"));
    assert_eq!(numbers(&dock.newest()), ["3SABC3", "3SABC4"]);
    assert_eq!(dock.on_hand(), 48);
    dock.shop.must_be_sound();
}

async fn numbers_that_do_not_fit_are_refused(shop: Shop) {
    let dock = dock(shop).await;
    dock.packed("1", 2, IN_UTRECHT).await;
    dock.packed("2", 1, IN_UTRECHT).await;
    let shop = &dock.shop;
    let one = by_hand("manual:1", "3SABC1");
    refused(shop, &one[..4], 2, &["tracking numbers: 0, packages: 2"]);
    refused(shop, &one, 2, &["tracking numbers: 1, packages: 2"]);
    let same = by_hand("manual:1", "3SABC1,3SABC1");
    refused(shop, &same, 2, &["3SABC1 was given twice"]);
    let rate = ["ship", "manual:1", "--carrier", "postnl", "--rate"];
    refused(shop, &rate, 1, &["nobody can be asked what it costs"]);
    let back = ["ship", "return", "manual:1", "--carrier", "postnl"];
    let back = [&back[..], &["--package", "1kg"]].concat();
    refused(shop, &back, 2, &["postnl is served by hand"]);
    let ups = ["ship", "manual:1", "--tracking", "1Z1,1Z2"];
    refused(shop, &ups, 2, &["ups gives the tracking numbers itself"]);
    assert_eq!(dock.on_hand(), 50, "nothing has left");
    shop.json(&by_hand("manual:2", "3SABC1"));
    let taken = by_hand("manual:1", "3SABC1,3SABC2");
    refused(shop, &taken, 1, &["3SABC1 is that of consignment"]);
    shop.json(&by_hand("manual:1", "3SABC2,3SABC3"));
    shop.must_be_sound();
}

async fn nobody_asks_where_they_are(shop: Shop) {
    let dock = dock(shop).await;
    dock.packed("1", 1, IN_UTRECHT).await;
    let wish = Wish {
        order: "manual:1".to_owned(),
        carrier: Some("postnl".to_owned()),
        numbers: vec!["3SABC1".to_owned()],
        ..Wish::default()
    };
    consign::ship(&dock.after(0).await, &wish).await.unwrap();
    let later = dock.after(200 * 60).await;
    let report = track::track(&later, &Which::Open, false).await.unwrap();
    assert_eq!(report.asked, 0);
    assert!(report.failed.is_empty() && report.stalled.is_empty());
    let one = Which::Numbers(vec!["3SABC1".to_owned()]);
    let report = track::track(&later, &one, false).await.unwrap();
    assert!(report.failed[0].1.contains("nobody can be asked"));
}

async fn a_run_that_dies_loses_no_number(shop: Shop) {
    let dock = dock(shop).await;
    let mut random = StdRng::seed_from_u64(20_261_128);
    let mut killed = 0;
    for round in 1..=10 {
        let order = format!("manual:{round}");
        dock.packed(&round.to_string(), 1, IN_UTRECHT).await;
        let number = format!("3S{round}");
        let wish = by_hand(&order, &number);
        killed += u64::from(dies(&dock, &wish, 120, &mut random));
        consign::settle(&later(&dock).await).await.unwrap();
        dock.shop.json(&wish);
        let newest = dock.newest();
        assert_eq!(newest["state"], "shipped", "{newest}");
        assert_eq!(numbers(&newest), [number]);
        dock.shop.must_be_sound();
    }
    assert_eq!(dock.on_hand(), 40);
    assert!(killed > 0, "nothing was ever killed");
}
