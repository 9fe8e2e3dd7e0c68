//! Processes that ship, print, void and track die at random moments: UPS' count of labels stays
//! ours, and each label comes out of the printer once.

use std::process::Stdio;
use std::time::Duration;

use opsctl::context::{Clock, Context};
use opsctl::sandbox::ups::Stage;
use opsctl::workflows::consign::{self, Resolution};
use opsctl::workflows::printing;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::dock::{Dock, IN_ALBANY, numbers};
use crate::fire::plan;
use crate::harness::{Kind, Shop};
use crate::print_room::{Printer, queue, shared, stations, until};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_ships_under_fire() {
    under_fire(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_ships_under_fire() {
    under_fire(Kind::Maria).await;
}

async fn under_fire(kind: Kind) {
    let (rounds, seed) = plan("shipping", kind);
    let mut random = StdRng::seed_from_u64(seed);
    let (printer, cups) = (Printer::start(), shared());
    let bench = stations(&cups, &[("bench", &queue(&cups, printer.address))]);
    let dock = Dock::open_with(Shop::new(kind).await, "US", &bench).await;
    crate::shelves::receive(&dock.shop, "MUG,L2,2026-01-03,2000,2000.00,main\n");
    let mut killed = 0;
    for round in 1..=rounds {
        let order = format!("manual:{round}");
        let boxes = random.random_range(1..=3);
        dock.packed(&round.to_string(), boxes, IN_ALBANY).await;
        // A purchase takes a while, and some answers never come.
        if random.random_bool(0.5) {
            dock.spoil("slow:60,path=shipments");
        }
        if random.random_bool(0.2) {
            dock.spoil("cut-after,path=shipments");
        }
        let ship = ["ship", &order, "--station", "bench"];
        killed += u64::from(dies(&dock, &ship, 500, &mut random));
        brought_to_an_end(&dock, &order).await;
        let sent = dock.newest();
        let reference = sent["reference"].as_str().unwrap();
        let print = ["label", "print", reference, "--station", "bench"];
        killed += u64::from(dies(&dock, &print, 200, &mut random));
        // What the dead run was handing over is given up, and soon after known not to have come.
        let mut ctx = later(&dock).await;
        for _ in 0..2 {
            printing::run_due(&ctx, printing::PATIENCE).await.unwrap();
            ctx.clock = Clock::Fixed(ctx.clock.now().plus_ms(60_000));
        }
        // The printer takes its time, and more so on a busy machine.
        let all = (0..10).any(|_| dock.shop.run(&print).status.success());
        assert!(all, "{}", dock.shop.json(&["label", "list"]));
        each_label_came_out_once(&dock, &printer);
        let id = sent["id"].to_string();
        if random.random_bool(0.3) {
            killed += u64::from(dies(&dock, &["ship", "void", &id], 120, &mut random));
            consign::settle(&later(&dock).await).await.unwrap();
            if dock.state() != "voided" {
                dock.shop.json(&["ship", "void", &id]);
            }
        } else if random.random_bool(0.5) {
            dock.ups().advance(None, Stage::OnTheWay);
            killed += u64::from(dies(&dock, &["track", "--all-open"], 120, &mut random));
            dock.shop.json(&["track", &numbers(&dock.newest())[0]]);
        }
        dock.sandbox.faults().clear();
        labels_are_the_carriers(&dock);
        dock.shop.must_be_sound();
    }
    println!("{killed} processes were killed");
    assert!(killed > 0, "nothing was ever killed");
}

/// A context in which every call that was cut off is over, and every time to ask has come.
pub(super) async fn later(dock: &Dock) -> Context {
    let mut ctx = dock.after(0).await;
    ctx.clock = Clock::Fixed(Clock::System.now().plus_ms(20 * 60_000));
    ctx
}

/// What a person does after a night like this, until the order has left.
async fn brought_to_an_end(dock: &Dock, order: &str) {
    for _ in 0..5 {
        consign::settle(&later(dock).await).await.unwrap();
        let newest = dock.shop.json(&["ship", "list", "--open"]);
        if let Some(open) = newest["consignments"].get(0) {
            assert_eq!(open["state"], "needs_decision", "{open}");
            let reference = open["reference"].as_str().unwrap();
            let sold = dock.ups().numbers_of(reference);
            assert!(sold.is_empty(), "what was bought is found: {open}");
            let id = open["id"].as_i64().unwrap();
            let ctx = later(dock).await;
            consign::resolve(&ctx, id, &Resolution::NotBought, false)
                .await
                .unwrap();
        }
        let output = dock.shop.run(&["ship", order]);
        if output.status.success() {
            assert_eq!(dock.state(), "shipped");
            return;
        }
    }
    panic!("{order} never left: {}", dock.newest());
}

/// Every label that UPS has sold is one of ours, and the other way round.
fn labels_are_the_carriers(dock: &Dock) {
    let all = dock.shop.json(&["ship", "list", "--limit", "10000"]);
    let (mut ours, mut void) = (Vec::new(), 0);
    for one in all["consignments"].as_array().unwrap() {
        if one["state"] == "not_bought" {
            let sold = dock.ups().numbers_of(one["reference"].as_str().unwrap());
            assert!(sold.is_empty(), "{one}");
            continue;
        }
        ours.extend(numbers(one));
        let parcels = one["parcels"].as_array().unwrap().iter();
        void += parcels.filter(|parcel| parcel["stage"] == "voided").count();
    }
    let shipments = dock.ups().shipments();
    let mut theirs: Vec<String> = shipments
        .iter()
        .flat_map(|shipment| {
            shipment
                .packages
                .iter()
                .map(|package| package.number.clone())
        })
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert_eq!(void, dock.ups().counts().voided);
}

/// Everything that UPS has sold lies in the printer's tray, once, and no job is left over.
fn each_label_came_out_once(dock: &Dock, printer: &Printer) {
    let open = dock.shop.json(&["label", "list", "--open"]);
    assert_eq!(open["rows"], serde_json::json!([]), "{open}");
    let shipments = dock.ups().shipments();
    let packages = shipments.iter().flat_map(|shipment| &shipment.packages);
    let sold: Vec<_> = packages.map(|p| (&p.number, p.label.as_bytes())).collect();
    // A label that was recovered begins with a line end, as UPS gives it.
    let came = || {
        printer
            .got()
            .into_iter()
            .map(|label| label.trim_ascii().to_vec())
    };
    let times = |label: &[u8]| came().filter(|came| *came == label.trim_ascii()).count();
    // CUPS is done with a label a moment before the printer has put it down.
    let newest = sold.last().unwrap();
    until("the newest label", || times(newest.1) > 0);
    for (number, label) in &sold {
        assert_eq!(times(label), 1, "{number}: {}", dock.newest());
    }
    let labels = came().filter(|came| came.starts_with(b"^XA"));
    assert_eq!(labels.count(), sold.len(), "labels that nobody has sold");
}

/// Starts a command and kills it within so many milliseconds; gives whether it was at work.
pub(super) fn dies(dock: &Dock, args: &[&str], within_ms: u64, random: &mut StdRng) -> bool {
    let mut command = dock.shop.command(args);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moment of death is what is random here; nothing is waited for.
    std::thread::sleep(Duration::from_micros(
        random.random_range(0..within_ms * 1000),
    ));
    child.kill().unwrap();
    !child.wait().unwrap().success()
}
