//! The goods in a packer's hands are other ones than the books had promised, or more.

use super::round::{Round, pick, refused};
use crate::harness::{Shop, on_all_stores};
use crate::packing::bench::{pack, refused as pack_refused};
use crate::shelves::{held, order, receive, shelf};

on_all_stores!(
    an_order_is_picked_with_the_units_of_another,
    more_is_picked_than_the_books_have_there,
);

fn bins(shop: &Shop) {
    shop.json(&["location", "add", "A-1", "A-2"]);
}

async fn an_order_is_picked_with_the_units_of_another(shop: Shop) {
    bins(&shop);
    receive(
        &shop,
        "MUG,L1,2026-01-02,2,2.00,A-1\nMUG,L2,2026-01-03,2,4.00,A-1\n",
    );
    order(&shop, "1,2026-02-01,MUG,2\n2,2026-02-02,MUG,2\n");
    let first = Round::start(&shop, "manual:1");
    // Somebody takes the first order's units to another bin; by the books, for nobody can
    // tell which two of the four they are.
    let moves = [
        "stock", "move", "MUG", "2", "--from", "A-1", "--to", "A-2", "--lot", "L1",
    ];
    shop.json(&moves);
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at A-2: 2 (2)", "L2 at A-1: 2 (2)"]
    );
    first.take("MUG at A-1", 2);
    assert_eq!(
        held(&shop),
        ["manual:1 2 of L2 at packing", "manual:2 2 of L1 at A-2"]
    );
    shop.must_be_sound();
    first.finish();
    let second = Round::start(&shop, "manual:2");
    second.take("MUG at A-2", 2);
    second.finish();
    for order in ["manual:1", "manual:2"] {
        pack(&shop, &format!("box {order}"));
        pack(&shop, &format!("item {order} 1 MUG --units 2"));
        pack(&shop, &format!("finish {order}"));
        pack(
            &shop,
            &format!("ship {order} --carrier UPS --tracking {order}"),
        );
        shop.must_be_sound();
    }
    assert_eq!(shelf(&shop, "MUG"), Vec::<String>::new());
}

async fn more_is_picked_than_the_books_have_there(shop: Shop) {
    bins(&shop);
    receive(&shop, "MUG,L1,2026-01-02,3,3.00,A-1\n");
    order(&shop, "1,2026-02-01,MUG,3\n");
    let round = Round::start(&shop, "manual:1");
    shop.json(&["stock", "adjust", "MUG", "--by", "-1", "--reason", "lost"]);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at A-1: 2 (2)"]);
    round.take("MUG at A-1", 3);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at packing: 2 (2)"]);
    let told = pick(&shop, "discrepancies");
    let row = &told["rows"][0];
    assert_eq!(
        (&row["kind"], &row["expected"], &row["found"], &row["order"]),
        (
            &"found_more".into(),
            &2.into(),
            &3.into(),
            &"manual:1".into()
        )
    );
    shop.must_be_sound();
    round.finish();
    pack(&shop, "box manual:1");
    pack(&shop, "item manual:1 1 MUG --units 3");
    pack(&shop, "finish manual:1");
    pack_refused(
        &shop,
        "ship manual:1 --carrier UPS --tracking 1Z",
        &["1 unit of MUG is not there to be taken"],
    );
    shop.must_be_sound();
    let id = row["id"].to_string();
    let wrong: Vec<&str> = ["pick", "settle", &id, "--found", "1", "--reason", "there"].into();
    crate::shelves::refused(&shop, &wrong, 2, &["has no missing units"]);
    shop.json(&["stock", "adjust", "MUG", "--by", "1", "--reason", "found"]);
    pick(&shop, &format!("settle {id} --found 0 --reason adjusted"));
    let shipped = pack(&shop, "ship manual:1 --carrier UPS --tracking 1Z");
    assert_eq!(shipped["shipments"][0]["left"], 0);
    refused(&shop, "start manual:1", &["manual:1"]);
    shop.must_be_sound();
}
