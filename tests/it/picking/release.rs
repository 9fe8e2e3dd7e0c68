//! A round is given back, taken away or has expired, and people are told of by their names.

use opsctl::context::Context;
use opsctl::workflows::pick::{self as picking, ReleaseWish};
use opsctl::workflows::{pack as packing, ship};

use super::round::{Round, pick, queue, refused};
use super::wish;
use crate::harness::{NOW, Shop, on_all_stores};
use crate::packing::bench::{pack, told};
use crate::shelves::{order, receive, shelf};

on_all_stores!(
    people_and_times_are_told_as_people_tell_them,
    a_manager_takes_a_round_away,
    a_round_that_has_expired_untouched_holds_no_shipment_up,
    what_an_expired_round_has_in_its_totes_is_brought_to_the_bench_first,
);

/// A context of a user of this id, so many minutes after [`NOW`].
async fn user(shop: &Shop, id: i64, minutes: i64) -> Context {
    let mut ctx = shop.context(&format!("user {id} at {minutes}")).await;
    ctx.actor = format!("user:{id}");
    ctx.clock = opsctl::context::Clock::Fixed(NOW.plus_ms(minutes * 60_000));
    ctx
}

async fn people_and_times_are_told_as_people_tell_them(shop: Shop) {
    for (name, called) in [("kim", "Kim de Wit"), ("cy", "Cy")] {
        let add = [
            "user",
            "add",
            name,
            "--role",
            "packer",
            "--display-name",
            called,
            "--generate",
        ];
        shop.json(&add);
    }
    receive(&shop, "MUG,L1,2026-01-02,5,5.00,main\n");
    order(&shop, "1,2026-02-01,MUG,1\n2,2026-02-02,MUG,1\n");
    let kim = user(&shop, 1, 0).await;
    let sheet = picking::start(&kim, &wish(&["manual:1"])).await.unwrap();
    // What is for programs names the actor.
    assert_eq!(sheet.packer, "user:1");
    let cy = user(&shop, 2, 1).await;
    let refusal = picking::start(&cy, &wish(&["manual:1"])).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "manual:1 is being picked by Kim de Wit in round {}, until 10:30",
            sheet.wave
        )
    );
    let release = ReleaseWish {
        wave: sheet.wave,
        ..ReleaseWish::default()
    };
    let refusal = picking::release(&cy, &release).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!("round {} is walked by Kim de Wit, until 10:30", sheet.wave)
    );
    let leaves = ship::Wish {
        orders: vec![("manual:1".to_owned(), Some("1Z".to_owned()))],
        carrier: "UPS".to_owned(),
        ..ship::Wish::default()
    };
    let refusal = ship::run(&cy, &leaves).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "manual:1 is being picked by Kim de Wit"
    );
    let task = sheet.tasks[0].task;
    let refusal = packing::start(&cy, "manual:1", false, false)
        .await
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "manual:1 is still being picked by Kim de Wit"
    );

    // A round that ends on another day says which.
    let late = user(&shop, 1, 13 * 60 + 50).await;
    let other = picking::start(&late, &wish(&["manual:2"])).await.unwrap();
    let later = user(&shop, 2, 13 * 60 + 51).await;
    let refusal = picking::start(&later, &wish(&["manual:2"])).await;
    let refusal = refusal.unwrap_err().to_string();
    assert!(refusal.ends_with("until 2026-03-02 00:20"), "{refusal}");
    let release = ReleaseWish {
        wave: other.wave,
        ..ReleaseWish::default()
    };
    picking::release(&late, &release).await.unwrap();

    let line = sheet.lines[0].line;
    let scan = super::scan(picking::EventKind::Pick, line, 1);
    let claim = sheet.claim.clone().unwrap();
    picking::store(&kim, &claim, &[scan]).await.unwrap();
    picking::finish(&kim, &claim).await.unwrap();
    packing::start(&cy, "manual:1", false, false).await.unwrap();
    let refusal = packing::start(&kim, "manual:1", false, false)
        .await
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "manual:1 is being packed by Cy until 10:31"
    );
    let refusal = ship::run(&kim, &leaves).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "manual:1 is being packed by Cy until 10:31"
    );
    assert_eq!(
        packing::bench(&kim, task).await.unwrap().packer.unwrap(),
        "user:2"
    );
    shop.must_be_sound();
}

async fn a_manager_takes_a_round_away(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,3\n2,2026-02-02,MUG,1\n");
    let round = Round::start(&shop, "manual:1 manual:2");
    round.take("MUG at main", 1);
    shop.json(&["hold", "set", "manual:2", "--reason", "asked"]);
    let listed = pick(&shop, "list");
    assert_eq!(
        listed["rows"][0]["warnings"][0],
        "manual:2: on hold: manual"
    );
    let sheet = pick(&shop, &format!("show {}", round.wave));
    assert_eq!(sheet["tasks"][1]["warning"], "on hold: manual");
    let other = |words: &str| {
        let words = words.replace("WAVE", &round.wave.to_string());
        let words: Vec<&str> = words.split(' ').collect();
        let mut command = shop.command(&[&["--json", "pick"], &words[..]].concat());
        command.env("OPSCTL_ACTOR", "cli:kim").output().unwrap()
    };
    let refusal = other("release WAVE");
    let text = String::from_utf8_lossy(&refusal.stderr).into_owned();
    assert_eq!(refusal.status.code(), Some(1));
    assert!(text.contains("is walked by cli:test, until"), "{text}");
    assert!(text.contains("pick release --force"), "{text}");
    let would = other("release WAVE --force --dry-run");
    assert!(would.status.success());
    assert_eq!(pick(&shop, "list")["rows"][0]["state"], "picking");
    let done = other("release WAVE --force --reason lunch");
    let done: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(done["orders"], serde_json::json!(["manual:1", "manual:2"]));
    assert_eq!(done["at_packing"], 1);
    assert_eq!(
        shelf(&shop, "MUG"),
        ["L1 at main: 8 (3)", "L1 at packing: 1 (1)"]
    );
    // The one on hold is not in the queue, and the other starts at the bench.
    assert_eq!(queue(&shop), ["manual:1"]);
    assert_eq!(
        Round::start(&shop, "manual:1").lines(),
        ["MUG at packing: 0 of 1", "MUG at main: 0 of 2"]
    );
    assert_eq!(told(&shop, "pick.released"), 2);
    shop.must_be_sound();
}

const LEAVES: [&str; 6] = ["ship", "--manual", "1", "--carrier", "UPS", "--tracking"];

async fn a_round_that_has_expired_untouched_holds_no_shipment_up(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n2,2026-02-02,MUG,1\n");
    Round::start(&shop, "manual:1 manual:2");
    let leaves = [&LEAVES[..], &["1Z"]].concat();
    crate::shelves::refused(&shop, &leaves, 1, &["manual:1 is being picked by cli:test"]);
    shop.sql("UPDATE pick_waves SET expires_at = 5").await;
    let dry = [&leaves[..], &["--dry-run"]].concat();
    assert_eq!(shop.json(&dry)["shipments"][0]["units"], 2);
    assert_eq!(pick(&shop, "list")["rows"][0]["state"], "picking");
    assert_eq!(shop.json(&leaves)["shipments"][0]["left"], 0);
    assert_eq!(pick(&shop, "list")["rows"], serde_json::json!([]));
    assert_eq!(queue(&shop), ["manual:2"]);
    assert_eq!(told(&shop, "pick.expired"), 2);
    assert!(shop.json(&leaves)["shipments"][0]["applied_before"].is_object());
    shop.must_be_sound();
}

async fn what_an_expired_round_has_in_its_totes_is_brought_to_the_bench_first(shop: Shop) {
    receive(&shop, "MUG,L1,2026-01-02,9,9.00,main\n");
    order(&shop, "1,2026-02-01,MUG,2\n");
    let round = Round::start(&shop, "manual:1");
    round.take("MUG at main", 1);
    shop.sql("UPDATE pick_waves SET expires_at = 5").await;
    let leaves = [&LEAVES[..], &["1Z"]].concat();
    let wave = round.wave;
    crate::shelves::refused(
        &shop,
        &leaves,
        1,
        &[
            &format!("round {wave} of cli:test has expired"),
            "1 picked unit of manual:1 lies in its tote or on the bench",
            &format!("opsctl pick release {wave}"),
        ],
    );
    assert_eq!(pick(&shop, &format!("release {wave}"))["at_packing"], 1);
    assert_eq!(shop.json(&leaves)["shipments"][0]["left"], 0);
    assert_eq!(shelf(&shop, "MUG"), ["L1 at main: 7 (0)"]);
    refused(&shop, "start manual:1", &["manual:1"]);
    assert_eq!(pack(&shop, "list")["orders"], serde_json::json!([]));
    shop.must_be_sound();
}
