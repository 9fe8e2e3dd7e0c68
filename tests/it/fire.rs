//! The kill harness: real processes die (-9) at random moments; the data stays sound, and
//! the next run finishes the job.
//!
//! `OPSCTL_FIRE_ROUNDS` sets how many rounds a store gets, `OPSCTL_FIRE_SEED` replays one.

use std::process::Stdio;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::harness::{Kind, Shop};

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One round's work: files that are new to the shop, and the commands on them.
fn works(shop: &Shop, round: u64, random: &mut StdRng) -> Vec<Vec<String>> {
    let mut lots = String::from("sku,lot,received_on,qty,unit_cost\n");
    let mut orders = String::from("order,placed_at,sku,qty\n");
    for i in 0..random.random_range(50..1500) {
        lots.push_str(&format!(
            "S{},R{round}L{i},2026-01-02,{},1.10\n",
            i % 200,
            1 + i % 5
        ));
    }
    for i in 0..random.random_range(20..300) {
        orders.push_str(&format!("{round}-{},2026-02-01,S{},2\n", i / 3, i % 200));
    }
    shop.write(&format!("lots{round}.csv"), &lots);
    shop.write(&format!("orders{round}.csv"), &orders);
    let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect();
    vec![
        words(&format!("receive lots{round}.csv --new-products")),
        words(&format!("orders import orders{round}.csv")),
        words("reserve"),
        words(&format!(
            "stock adjust S1 --by -1 --reason lost --ref a{round}"
        )),
        words("reserve"),
    ]
}

fn kill_at_random(shop: &Shop, args: &[&str], random: &mut StdRng) -> bool {
    let mut child = shop
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moment of death is what is random here; nothing is waited for.
    std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

async fn under_fire(kind: Kind) {
    let rounds = from_env("OPSCTL_FIRE_ROUNDS").unwrap_or(20);
    let seed = from_env("OPSCTL_FIRE_SEED").unwrap_or_else(|| rand::rng().random());
    println!("{kind:?}: {rounds} rounds, replay with OPSCTL_FIRE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let shop = Shop::new(kind).await;
    // Every SKU is there before the first order, whatever dies first.
    let all: String = (0..200)
        .map(|i| format!("S{i},START,2026-01-01,1\n"))
        .collect();
    shop.write("start.csv", &format!("sku,lot,received_on,qty\n{all}"));
    shop.json(&["receive", "start.csv", "--new-products"]);
    let mut killed = 0;
    for round in 0..rounds {
        for work in works(&shop, round, &mut random) {
            let args: Vec<&str> = work.iter().map(String::as_str).collect();
            if kill_at_random(&shop, &args, &mut random) {
                killed += 1;
            }
            shop.must_be_sound();
            let finished = shop.run(&args);
            assert!(
                finished.status.success(),
                "seed {seed}, round {round}, {args:?}: {}",
                String::from_utf8_lossy(&finished.stderr)
            );
            let again = shop.json(&args);
            match args[0] {
                "reserve" => assert_eq!(again["units_reserved"], 0, "seed {seed}, round {round}"),
                _ => assert!(
                    again["applied_before"].is_object(),
                    "seed {seed}, round {round}"
                ),
            }
        }
        shop.must_be_sound();
    }
    println!("{kind:?}: {rounds} rounds, {killed} processes killed in mid-run, all sound");
    assert!(killed > 0, "nothing was killed in mid-run, seed {seed}");
}

#[tokio::test]
async fn sqlite_survives() {
    under_fire(Kind::Sqlite).await;
}

#[tokio::test]
async fn mariadb_survives() {
    under_fire(Kind::Maria).await;
}
