//! A kit is picked by its components, and goes whole or not at all.

use super::round::{Round, pick, queue};
use crate::harness::{Shop, on_all_stores};
use crate::packing::bench::{pack, refused};
use crate::shelves::{held, order, receive, shelf};

on_all_stores!(
    a_kit_is_picked_and_packed_by_its_components,
    what_a_short_kit_leaves_at_the_bench_is_for_others,
    a_kit_without_one_of_its_components_goes_back_to_the_queue,
    what_no_kit_needs_is_not_picked,
    what_is_in_hand_stays_in_hand,
    under_the_whole_order_rule_nothing_more_is_picked,
);

/// Sets of a mug and two cups, and what lies where.
fn sets(shop: &Shop, lots: &str) {
    shop.json(&["location", "add", "A-1", "A-2", "A-10"]);
    shop.write("p.csv", "sku,title\nSET,Set\nMUG,Mug\nCUP,Cup\n");
    shop.json(&["products", "import", "p.csv"]);
    shop.write("kits.csv", "kit,component,qty\nSET,MUG,1\nSET,CUP,2\n");
    shop.json(&["products", "kits", "kits.csv"]);
    receive(shop, lots);
}

async fn a_kit_is_picked_and_packed_by_its_components(shop: Shop) {
    sets(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,A-1\nCUP,L1,2026-01-02,5,5.00,A-2\n",
    );
    order(&shop, "1,2026-02-01,SET,2\n");
    let round = Round::start(&shop, "manual:1");
    assert_eq!(round.lines(), ["MUG at A-1: 0 of 2", "CUP at A-2: 0 of 4"]);
    round.take("MUG at A-1", 2);
    round.take("CUP at A-2", 4);
    round.finish();
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG --units 2");
    refused(&shop, "finish manual:1", &["not all packed: 4 of CUP left"]);
    pack(&shop, "item manual:1 1 CUP --units 3");
    refused(
        &shop,
        "finish manual:1 --partial",
        &[
            "1 of MUG, 1 of CUP may not go with manual:1",
            "makes no whole kit",
        ],
    );
    pack(&shop, "undo manual:1 1 MUG");
    pack(&shop, "undo manual:1 1 CUP");
    pack(&shop, "finish manual:1 --partial");
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["left"], 3);
    shop.must_be_sound();
    // The other kit lies at the bench already.
    let round = Round::start(&shop, "manual:1");
    assert_eq!(
        round.lines(),
        ["CUP at packing: 0 of 2", "MUG at packing: 0 of 1"]
    );
    round.take("CUP at packing", 2);
    round.take("MUG at packing", 1);
    round.finish();
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "item manual:1 1 CUP --units 2");
    pack(&shop, "finish manual:1");
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 2Z");
    assert_eq!(shipped["shipments"][0]["left"], 0);
    shop.must_be_sound();
}

async fn what_a_short_kit_leaves_at_the_bench_is_for_others(shop: Shop) {
    sets(
        &shop,
        "MUG,L1,2026-01-02,2,2.00,A-1\nCUP,L1,2026-01-02,4,4.00,A-2\n",
    );
    order(&shop, "1,2026-02-01,SET,2\n2,2026-02-02,MUG,1\n");
    let round = Round::start(&shop, "manual:1");
    round.take("MUG at A-1", 2);
    let led = round.short("CUP at A-2", 2);
    assert_eq!(
        (&led["missing"], &led["backordered"]),
        (&2.into(), &2.into())
    );
    let words = led["words"].as_str().unwrap();
    assert!(
        words.contains("lay 1 of MUG on the packing bench"),
        "{words}"
    );
    // Nothing is lost: the mug that no kit needs is promised to who waits for one.
    assert_eq!(shelf(&shop, "MUG"), ["L1 at packing: 2 (2)"]);
    assert_eq!(
        held(&shop),
        [
            "manual:1 1 of L1 at packing",
            "manual:1 2 of L1 at packing",
            "manual:2 1 of L1 at packing"
        ]
    );
    shop.must_be_sound();
    assert_eq!(round.finish()["tasks"][0]["state"], "picked");
    let bench = pack(&shop, "start manual:1");
    assert_eq!(bench["left"], 3);
    let words = bench["too_much"].as_str().unwrap();
    assert!(words.contains("leave 1 of MUG on the bench"), "{words}");
    pack(&shop, "box manual:1");
    refused(
        &shop,
        "item manual:1 1 MUG --units 2",
        &["manual:1 wants only 1 more of MUG now"],
    );
    pack(&shop, "item manual:1 1 MUG");
    pack(&shop, "item manual:1 1 CUP --units 2");
    pack(&shop, "finish manual:1");
    let other = Round::start(&shop, "manual:2");
    assert_eq!(other.lines(), ["MUG at packing: 0 of 1"]);
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["left"], 3);
    other.take("MUG at packing", 1);
    other.finish();
    pack(&shop, "box manual:2");
    pack(&shop, "item manual:2 1 MUG");
    pack(&shop, "finish manual:2");
    pack(&shop, "ship manual:2 --carrier UPS --tracking 2Z");
    assert_eq!(shelf(&shop, "MUG"), Vec::<String>::new());
    shop.must_be_sound();
}

async fn a_kit_without_one_of_its_components_goes_back_to_the_queue(shop: Shop) {
    sets(
        &shop,
        "MUG,L1,2026-01-02,1,1.00,A-1\nCUP,L1,2026-01-02,2,2.00,A-2\n",
    );
    order(&shop, "1,2026-02-01,SET,1\n");
    let round = Round::start(&shop, "manual:1");
    round.take("MUG at A-1", 1);
    round.short("CUP at A-2", 0);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at packing: 1 (0)"]);
    assert_eq!(round.finish()["tasks"][0]["state"], "released");
    assert_eq!(pack(&shop, "list")["orders"], serde_json::json!([]));
    assert!(queue(&shop).is_empty());
    shop.must_be_sound();
    receive(&shop, "CUP,L2,2026-01-05,2,2.00,A-2\n");
    shop.json(&["reserve"]);
    let round = Round::start(&shop, "manual:1");
    assert_eq!(
        round.lines(),
        ["MUG at packing: 0 of 1", "CUP at A-2: 0 of 2"]
    );
    shop.must_be_sound();
}

async fn what_no_kit_needs_is_not_picked(shop: Shop) {
    sets(
        &shop,
        "MUG,L1,2026-01-02,5,5.00,A-10\nCUP,L1,2026-01-02,4,4.00,A-2\n",
    );
    order(&shop, "1,2026-02-01,SET,2\n1,2026-02-01,MUG,1\n");
    let round = Round::start(&shop, "manual:1");
    let led = round.short("CUP at A-2", 2);
    let words = led["words"].as_str().unwrap();
    assert!(words.contains("leave that on the shelf"), "{words}");
    assert_eq!(led["new_lines"].as_array().unwrap().len(), 1);
    // The mug that was ordered by itself is picked as before.
    let mut lines = round.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "CUP at A-2: 2 of 4, 2 short",
            "MUG at A-10: 0 of 1",
            "MUG at A-10: 0 of 2, 1 short"
        ]
    );
    round.take("MUG at A-10", 1);
    round.take("MUG at A-10", 1);
    assert_eq!(round.finish()["state"], "picked");
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at A-10: 3 (0)", "L1 at packing: 2 (2)"]
    );
    let found = format!("settle {} --found 2 --reason behind", led["discrepancy"]);
    pick(&shop, &found);
    shop.must_be_sound();
}

/// Reserving anew takes the oldest lot; what a packer has in the tote is this order's still.
async fn what_is_in_hand_stays_in_hand(shop: Shop) {
    sets(
        &shop,
        "MUG,L1,2026-01-02,3,3.00,A-1\nCUP,L1,2026-01-02,2,2.00,A-2\nCUP,L2,2026-01-03,5,5.00,A-10\n",
    );
    order(&shop, "1,2026-02-01,SET,2\n");
    let round = Round::start(&shop, "manual:1");
    round.take("MUG at A-1", 2);
    receive(&shop, "MUG,L0,2025-12-01,1,1.00,A-1\n");
    let led = round.short("CUP at A-2", 0);
    assert_eq!(
        (&led["reserved_anew"], &led["backordered"]),
        (&2.into(), &0.into())
    );
    assert_eq!(
        shelf(&shop, "MUG"),
        [
            "L0 at A-1: 1 (0)",
            "L1 at A-1: 1 (0)",
            "L1 at packing: 2 (2)"
        ]
    );
    assert_eq!(
        round.lines(),
        [
            "MUG at A-1: 2 of 2",
            "CUP at A-2: 0 of 2, 2 short",
            "CUP at A-10: 0 of 2",
            "CUP at A-10: 0 of 2"
        ]
    );
    round.take("CUP at A-10", 2);
    round.take("CUP at A-10", 2);
    round.finish();
    shop.must_be_sound();
}

async fn under_the_whole_order_rule_nothing_more_is_picked(shop: Shop) {
    let rule = "\n[reserve]\npolicy = \"whole-order\"\n";
    shop.write("tenants/shop.toml", &shop.tenant_file(rule));
    sets(
        &shop,
        "MUG,L1,2026-01-02,3,3.00,A-1\nCUP,L1,2026-01-02,2,2.00,A-2\n",
    );
    order(
        &shop,
        "1,2026-02-01,MUG,2\n1,2026-02-01,CUP,2\n2,2026-02-02,MUG,3\n",
    );
    let round = Round::start(&shop, "manual:1");
    round.take("MUG at A-1", 1);
    round.short("CUP at A-2", 1);
    // The whole order waits, and a younger one gets what is there.
    let mut lines = round.lines();
    lines.sort();
    assert_eq!(
        lines,
        ["CUP at A-2: 1 of 2, 1 short", "MUG at A-1: 1 of 2, 1 short"]
    );
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at A-1: 2 (2)", "L1 at packing: 1 (1)"]
    );
    round.finish();
    shop.must_be_sound();
}
