//! Fewer lie there than should: of a lot, of units with serials, at the bench itself, and
//! where a count is open already.

use super::round::{Round, pick, refused};
use crate::harness::{Shop, on_all_stores};
use crate::packing::bench::{pack, refused as pack_refused};
use crate::shelves::{order, receive, shelf};

on_all_stores!(
    of_a_lot_that_is_short_another_lot_is_picked,
    a_unit_with_a_serial_that_is_short_is_lost_by_its_serial,
    goods_are_short_at_the_bench_itself,
    a_count_that_is_open_is_not_started_again,
);

fn tracked(shop: &Shop, sku: &str, tracking: &str) {
    shop.write("p.csv", &format!("sku,tracking\n{sku},{tracking}\n"));
    shop.json(&["products", "import", "p.csv"]);
}

async fn of_a_lot_that_is_short_another_lot_is_picked(shop: Shop) {
    shop.json(&["location", "add", "A-1", "A-2"]);
    tracked(&shop, "TEA", "lot");
    receive(
        &shop,
        "TEA,L1,2026-01-02,2,2.00,A-1\nTEA,L2,2026-01-03,5,5.00,A-1\n",
    );
    order(&shop, "1,2026-02-01,TEA,3\n");
    let round = Round::start(&shop, "manual:1");
    assert_eq!(
        round.lines(),
        ["TEA L1 at A-1: 0 of 2", "TEA L2 at A-1: 0 of 1"]
    );
    let led = round.short("TEA L1 at A-1", 1);
    assert_eq!(
        (&led["missing"], &led["reserved_anew"], &led["backordered"]),
        (&1.into(), &1.into(), &0.into())
    );
    assert_eq!(
        shelf(&shop, "TEA"),
        [
            "L1 at missing: 1 (0)",
            "L1 at packing: 1 (1)",
            "L2 at A-1: 5 (2)"
        ]
    );
    let told = pick(&shop, "discrepancies");
    assert_eq!(
        (&told["rows"][0]["lot"], &told["rows"][0]["expected"]),
        (&"L1".into(), &2.into())
    );
    shop.must_be_sound();
    round.take("TEA L2 at A-1", 1);
    round.take("TEA L2 at A-1", 1);
    round.finish();
    pack(&shop, "box manual:1");
    pack_refused(
        &shop,
        "item manual:1 1 TEA --lot L1 --units 2",
        &["too many: 1 of TEA is left to be packed, not 2"],
    );
    pack(&shop, "item manual:1 1 TEA --lot L1");
    pack(&shop, "item manual:1 1 TEA --lot L2 --units 2");
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(
        shelf(&shop, "TEA"),
        ["L1 at missing: 1 (0)", "L2 at A-1: 3 (0)"]
    );
    shop.must_be_sound();
}

async fn a_unit_with_a_serial_that_is_short_is_lost_by_its_serial(shop: Shop) {
    tracked(&shop, "CAM", "serial");
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty,total_cost,serials\nCAM,L1,2026-01-01,2,2.00,S1 S2\n\
         CAM,L2,2026-01-02,2,6.00,S3 S4\n",
    );
    shop.json(&["receive", "lots.csv"]);
    order(&shop, "1,2026-02-01,CAM,2\n");
    let round = Round::start(&shop, "manual:1");
    let led = round.short("CAM L1 at main", 1);
    assert_eq!(
        (&led["missing"], &led["reserved_anew"]),
        (&1.into(), &1.into())
    );
    round.take("CAM L2 at main", 1);
    round.finish();
    shop.must_be_sound();
    let id = led["discrepancy"].to_string();
    let settle = |more: &str| format!("settle {id} --found 0 --reason gone{more}");
    let words: Vec<String> = ["", " --serial S3"].map(settle).into();
    let bare: Vec<&str> = words[0].split(' ').collect();
    crate::shelves::refused(
        &shop,
        &[&["pick"], &bare[..]].concat(),
        2,
        &["--serial S1,S2"],
    );
    refused(&shop, &words[1], &["serial S3 is of another lot"]);
    assert_eq!(pick(&shop, &settle(" --serial S2"))["written_off"], 1);
    pack(&shop, "box manual:1");
    pack_refused(
        &shop,
        "item manual:1 1 CAM --serial S2",
        &["serial S2 of CAM has left the house"],
    );
    for serial in ["S1", "S3"] {
        pack(&shop, &format!("item manual:1 1 CAM --serial {serial}"));
    }
    pack(&shop, "finish manual:1");
    pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shelf(&shop, "CAM"), ["L2 at main: 1 (0)"]);
    shop.must_be_sound();
}

async fn goods_are_short_at_the_bench_itself(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n2,2026-02-02,MUG,1\n");
    for orders in ["manual:1", "manual:2"] {
        let round = Round::start(&shop, orders);
        round.take("MUG at main", if orders == "manual:1" { 2 } else { 1 });
        pick(&shop, &format!("release {}", round.wave));
    }
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at main: 6 (0)", "L1 at packing: 3 (3)"]
    );
    let round = Round::start(&shop, "manual:1");
    let led = round.short("MUG at packing", 1);
    assert_eq!(
        (&led["missing"], &led["reserved_anew"], &led["others"]),
        (&1.into(), &1.into(), &serde_json::json!([]))
    );
    // What lies there for the other order stays there.
    assert_eq!(
        shelf(&shop, "MUG"),
        [
            "L1 at main: 6 (1)",
            "L1 at missing: 1 (0)",
            "L1 at packing: 2 (2)"
        ]
    );
    assert_eq!(
        round.lines(),
        ["MUG at packing: 1 of 2, 1 short", "MUG at main: 0 of 1"]
    );
    round.take("MUG at main", 1);
    round.finish();
    shop.must_be_sound();
    let id = led["discrepancy"].to_string();
    pick(&shop, &format!("settle {id} --found 1 --reason there"));
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at main: 5 (0)", "L1 at packing: 4 (3)"]
    );
    shop.must_be_sound();
}

async fn a_count_that_is_open_is_not_started_again(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n2,2026-02-02,MUG,1\n");
    let open = shop.json(&["count", "start", "--sku", "MUG"]);
    let first = Round::start(&shop, "manual:1");
    let led = first.short("MUG at main", 1);
    assert_eq!(
        (&led["count"], &led["count_was_open"]),
        (&open["id"], &true.into()),
        "{open}"
    );
    let words = led["words"].as_str().unwrap();
    assert!(
        words.contains(&format!("Count {} is open for it", open["id"])),
        "{words}"
    );
    shop.must_be_sound();
}
