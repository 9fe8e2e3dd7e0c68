//! Picked goods go into packages and leave: each unit once, each serial where it is, and
//! nothing of an order that may not leave.

pub mod bench;
mod serials;
mod whose;

use crate::harness::{Shop, on_all_stores};
use crate::shelves::{order, receive};
use bench::{pack, refused};
pub use bench::{picked, told};

on_all_stores!(
    an_order_goes_into_one_box_and_leaves,
    an_order_is_split_over_three_boxes,
    the_rest_of_an_order_leaves_later,
    a_case_fills_several_lines_and_nothing_is_packed_twice,
    a_box_that_weighs_otherwise_is_looked_at_again,
    lots_are_told_apart_where_it_matters,
    a_packed_order_is_opened_again_before_it_leaves,
);

const ID: &str = "7f2c1c9e-4c57-4a0b-9a53-0d0e6d8b8f0";

async fn an_order_goes_into_one_box_and_leaves(shop: Shop) {
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,main\nCUP,L1,2026-01-02,5,5.00,main\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,CUP,1\n");
    refused(&shop, "start manual:1", &["nothing is picked for manual:1"]);
    picked(&shop, "manual:1").await;
    let leaves = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
    ];
    crate::shelves::refused(
        &shop,
        &leaves,
        1,
        &["manual:1 is picked and waits for packing"],
    );
    assert_eq!(pack(&shop, "list")["orders"][0]["picked"], 3);
    assert_eq!(pack(&shop, "start manual:1")["left"], 3);
    refused(&shop, "item manual:1 1 MUG", &["manual:1 has no package 1"]);
    pack(&shop, "box manual:1 --size 300x200x100");
    pack(&shop, "item manual:1 1 MUG --units 2");
    refused(
        &shop,
        "item manual:1 1 MUG",
        &["all of MUG is packed already"],
    );
    refused(&shop, "item manual:1 1 HAT", &["HAT is not in manual:1"]);
    refused(
        &shop,
        "item manual:1 1 CUP --units 2",
        &["too many: 1 of CUP"],
    );
    refused(&shop, "finish manual:1", &["not all packed: 1 of CUP"]);
    refused(
        &shop,
        "ship manual:1 --carrier UPS --tracking 1Z",
        &["not packed yet"],
    );
    pack(&shop, "item manual:1 1 CUP");
    let bench = pack(&shop, "finish manual:1");
    assert_eq!(bench["state"], "packed");
    assert_eq!(bench["packages"][0]["length_mm"], 300);
    assert_eq!(bench["packages"][0]["closed"], true);
    shop.must_be_sound();
    let wrong = [&leaves[..], &["--line", "MUG=1"]].concat();
    crate::shelves::refused(&shop, &wrong, 1, &["not what lies packed", "pack reopen"]);
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["units"], 3);
    assert_eq!(shipped["shipments"][0]["left"], 0);
    let again = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert!(again["shipments"][0]["applied_before"].is_object());
    refused(
        &shop,
        "ship manual:1 --carrier UPS --tracking 2Z",
        &["has left with shipment 1"],
    );
    let bench = pack(&shop, "show manual:1");
    assert_eq!(
        (&bench["state"], &bench["shipment"]),
        (&"shipped".into(), &1.into())
    );
    assert_eq!(shop.json(&["stock", "show", "MUG"])["on_hand"], 3);
    let kinds = ["pack.started", "pack.package", "pack.finished"];
    assert_eq!(kinds.map(|kind| told(&shop, kind)), [1, 1, 1]);
    shop.must_be_sound();
}

async fn an_order_is_split_over_three_boxes(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,6\n");
    picked(&shop, "manual:1").await;
    for n in 0..4 {
        pack(&shop, &format!("box manual:1 --id {ID}{n}"));
    }
    assert_eq!(
        pack(&shop, &format!("box manual:1 --id {ID}3"))["packages"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    for (package, units) in [(1, 1), (2, 2), (3, 4)] {
        let words = format!("item manual:1 {package} MUG --units {units}");
        if units == 4 {
            refused(&shop, &words, &["too many: 3 of MUG"]);
        } else {
            pack(&shop, &words);
        }
    }
    pack(&shop, "item manual:1 3 MUG --units 3");
    pack(&shop, "undo manual:1 3 MUG --units 2");
    refused(
        &shop,
        "undo manual:1 3 MUG --units 2",
        &["is not in package 3"],
    );
    pack(&shop, "box manual:1 --number 2 --close");
    refused(&shop, "item manual:1 2 MUG", &["package 2 is closed"]);
    refused(
        &shop,
        "box manual:1 --number 4 --close",
        &["package 4 is empty"],
    );
    pack(&shop, "item manual:1 3 MUG --units 2");
    let bench = pack(&shop, "finish manual:1");
    let units: Vec<i64> = bench["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["items"][0]["units"].as_i64().unwrap())
        .collect();
    assert_eq!(units, [1, 2, 3]);
    shop.must_be_sound();
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    shop.must_be_sound();
}

async fn the_rest_of_an_order_leaves_later(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,3\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    refused(
        &shop,
        "finish manual:1 --partial",
        &["nothing of manual:1 is packed"],
    );
    pack(&shop, "item manual:1 1 MUG --units 2");
    pack(&shop, "finish manual:1 --partial");
    assert_eq!(pack(&shop, "finish manual:1 --partial")["state"], "packed");
    let leaves = [
        "ship",
        "--manual",
        "1",
        "--carrier",
        "UPS",
        "--tracking",
        "1Z",
    ];
    let shipped = shop.json(&leaves);
    assert_eq!(shipped["shipments"][0]["units"], 2);
    assert_eq!(shipped["shipments"][0]["left"], 1);
    let bench = pack(&shop, "show manual:1");
    assert_eq!(
        (&bench["state"], &bench["left"]),
        (&"shipped".into(), &0.into())
    );
    shop.must_be_sound();
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1");
    let last = pack(&shop, "ship manual:1 --carrier UPS --tracking 2Z");
    assert_eq!(last["shipments"][0]["left"], 0);
    assert_eq!(shop.json(&["stock", "show", "MUG"])["on_hand"], 2);
    shop.must_be_sound();
}

async fn a_case_fills_several_lines_and_nothing_is_packed_twice(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,MUG,4\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let scan = format!("item manual:1 1 MUG --units 5 --id {ID}0");
    let first = pack(&shop, &scan);
    assert_eq!(first["placed"].as_array().unwrap().len(), 2);
    let again = pack(&shop, &scan);
    assert_eq!(
        (&again["repeated"], &again["placed"]),
        (&true.into(), &first["placed"])
    );
    assert_eq!(again["bench"]["left"], 1);
    refused(
        &shop,
        &format!("undo manual:1 1 MUG --id {ID}0"),
        &["used for another scan"],
    );
    let bad = ["pack", "item", "manual:1", "1", "MUG", "--id", "x"];
    crate::shelves::refused(&shop, &bad, 2, &["x is no UUID"]);
    shop.must_be_sound();
}

const BOXES: &str =
    "\n[pack.boxes.small]\nlength_mm = 300\nwidth_mm = 200\nheight_mm = 100\nempty_g = 100\n";

async fn a_box_that_weighs_otherwise_is_looked_at_again(shop: Shop) {
    shop.write("tenants/shop.toml", &shop.tenant_file(BOXES));
    shop.write("p.csv", "sku,weight_g\nMUG,200\nCUP,\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,main\nCUP,L1,2026-01-02,5,5.00,main\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n1,2026-02-01,CUP,1\n");
    picked(&shop, "manual:1").await;
    let huge = ["pack", "box", "manual:1", "--preset", "huge"];
    crate::shelves::refused(&shop, &huge, 2, &["there is no box huge", "small"]);
    pack(&shop, "box manual:1 --preset small");
    pack(&shop, "item manual:1 1 MUG --units 2");
    let off = pack(&shop, "box manual:1 --number 1 --weight 900 --close");
    let package = &off["packages"][0];
    assert_eq!(
        (&package["box"], &package["expected_g"]),
        (&"small".into(), &500.into())
    );
    assert!(
        package["warning"]
            .as_str()
            .unwrap()
            .contains("weighs 900 g")
    );
    let right = pack(&shop, "box manual:1 --number 1 --weight 560");
    assert!(right["packages"][0]["warning"].is_null());
    pack(&shop, "box manual:1 --number 1 --open");
    let unknown = pack(&shop, "item manual:1 1 CUP");
    let package = &unknown["bench"]["packages"][0];
    assert!(package["expected_g"].is_null() && package["warning"].is_null());
    assert_eq!(package["unweighed"][0], "CUP");
    pack(&shop, "finish manual:1");
    assert_eq!(
        pack(&shop, "box manual:1 --number 1 --weight 700")["packages"][0]["weight_g"],
        700
    );
    shop.must_be_sound();
}

async fn lots_are_told_apart_where_it_matters(shop: Shop) {
    shop.write("p.csv", "sku,tracking\nTEA,lot\n");
    shop.json(&["products", "import", "p.csv"]);
    receive(
        &shop,
        "TEA,L1,2026-01-02,2,2.00,main\nTEA,L2,2026-01-03,9,18.00,main\n",
    );
    order(&shop, "1,2026-02-01,TEA,3\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    let asks = bench::refusal(&shop, &["item", "manual:1", "1", "TEA"]);
    assert_eq!(asks["needs"], "lot");
    refused(
        &shop,
        "item manual:1 1 TEA --lot L9",
        &["lot L9 of TEA was not picked for this order, but L1 and L2"],
    );
    refused(
        &shop,
        "item manual:1 1 TEA --lot L2 --units 2",
        &["too many: 1 of TEA"],
    );
    pack(&shop, "item manual:1 1 TEA --lot L1 --units 2");
    // Only one lot is left: it goes without saying.
    pack(&shop, "item manual:1 1 TEA");
    pack(&shop, "finish manual:1");
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    let entries = &shipped["shipments"][0]["entries"];
    assert_eq!(
        (&entries[0]["lot"], &entries[0]["quantity"]),
        (&"L1".into(), &2.into())
    );
    assert_eq!(
        (&entries[1]["lot"], &entries[1]["quantity"]),
        (&"L2".into(), &1.into())
    );
    shop.must_be_sound();
}

async fn a_packed_order_is_opened_again_before_it_leaves(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    picked(&shop, "manual:1").await;
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1 --partial");
    refused(
        &shop,
        "item manual:1 1 MUG",
        &["manual:1 is packed already", "pack reopen"],
    );
    let bench = pack(&shop, "reopen manual:1");
    assert_eq!(
        (&bench["state"], &bench["left"]),
        (&"picked".into(), &1.into())
    );
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    refused(
        &shop,
        "reopen manual:1",
        &["has left the bench with its shipment"],
    );
    shop.must_be_sound();
}
