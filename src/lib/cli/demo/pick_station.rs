//! The pick station's part of the story: a round is walked, a case counts its units, serials
//! are bound to their package, and the station is opened for whoever wants to try it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::Teller;
use super::stage::Stage;
use super::steps::write;
use crate::cli::{Out, serve};
use crate::config::Tenant;
use crate::context::Context;
use crate::domain::people::Role;
use crate::web;
use crate::workflows::pack::{self, PackScan, PackageWish};
use crate::workflows::pick::{self, Answer, EventKind, Outcome, ScanEvent, Sheet, StartWish};
use crate::workflows::users::{self, New, Secrets};
use crate::workflows::{orders, products, receive, reserve, scan};

/// What is sold by the case, and what is told apart by its serial.
const LABELS: &str = "DEMO-LABELS";
const HANDHELD: &str = "DEMO-HANDHELD";
/// The order that the story picks; the others wait for the reader.
const PICKED: &str = "manual:D-1";
/// Where the station listens, unless something else does.
const ADDRESS: &str = "127.0.0.1:8080";

const PRODUCTS: &str = "sku,title,tracking,weight_g,gtin,units_per_scan
DEMO-LABELS,Thermal label roll,none,410,4006381333931,1
DEMO-LABELS,Thermal label roll,none,410,14006381333938,12
DEMO-HANDHELD,Handheld scanner,serial,235,614141000036,1
";

/// Plays this part of the story.
///
/// # Errors
/// A step fails.
pub(super) async fn play(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    stock_up(stage).await?;
    pick_one(stage, teller).await?;
    pack_it(stage, teller).await
}

async fn stock_up(stage: &Stage) -> anyhow::Result<()> {
    let ctx = stage.run();
    let today = ctx.business_day(ctx.clock.now());
    products::import(&ctx, &write("products.csv", PRODUCTS)?, false).await?;
    let lots = format!(
        "sku,lot,received_on,qty,unit_cost,serials\n\
         {LABELS},D-1,{today},60,2.10,\n\
         {HANDHELD},D-1,{today},4,189.00,HH-0001|HH-0002|HH-0003|HH-0004\n"
    );
    let options = receive::Options::default();
    receive::run(&stage.run(), &write("serials.csv", &lots)?, &options).await?;
    let wanted = format!(
        "order,placed_at,sku,qty,customer,service\n\
         D-1,{today},{LABELS},15,Ada Packwood,Express\n\
         D-1,{today},{HANDHELD},2,Ada Packwood,Express\n\
         D-2,{today},{HANDHELD},1,Björn Ålund,Express\n\
         D-2,{today},{LABELS},12,Björn Ålund,Express\n"
    );
    orders::import(&stage.run(), &write("orders.csv", &wanted)?, None, false).await?;
    reserve::run(&stage.run(), false).await?;
    scan::refresh(&stage.run()).await?;
    Ok(())
}

fn event(line: i64, units: i64, code: &str) -> ScanEvent {
    ScanEvent {
        id: Uuid::new_v4().to_string(),
        seq: 0,
        kind: EventKind::Pick,
        line,
        units,
        code: code.to_owned(),
        at: 0,
        reason: None,
    }
}

async fn pick_one(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let queue = pick::queue(&stage.run(), Some(3)).await?;
    let mut told = vec![format!("{} orders may be picked; the first:", queue.ready)];
    told.extend(queue.rows.iter().map(|row| {
        format!(
            "{} for {}, promised for {}: {} of {} units reserved",
            row.order, row.customer, row.promised_on, row.reserved, row.units
        )
    }));
    let wish = StartWish {
        orders: vec![PICKED.to_owned()],
        ..StartWish::default()
    };
    let sheet = pick::start(&stage.run(), &wish).await?;
    let claim = sheet.claim.clone().context("the round is ours")?;
    let line = |sku: &str| {
        let line = sheet.lines.iter().find(|line| line.sku == sku);
        line.map(|line| line.line).context("the sheet has the line")
    };
    let labels = line(LABELS)?;
    let mut events = vec![
        event(labels, 12, "14006381333938"),
        event(labels, 12, "14006381333938"),
        event(labels, 3, "4006381333931"),
        event(line(HANDHELD)?, 2, "614141000036"),
    ];
    events.push(events[0].clone());
    let answers = pick::store(&stage.run(), &claim, &events).await?;
    told.push(format!("{PICKED}: a case of {LABELS} counts 12"));
    for answer in &answers {
        told.extend(words(answer));
    }
    let done: Sheet = pick::finish(&stage.run(), &claim).await?;
    told.push(format!(
        "the round is {}: {} units lie at the packing bench",
        done.state,
        done.lines.iter().map(|line| line.picked).sum::<i64>()
    ));
    teller.tell("opsctl pick: a round through the shelves", told)
}

/// What is worth telling of an answer.
fn words(answer: &Answer) -> Option<String> {
    let why = answer.why.as_ref();
    match (answer.outcome, answer.repeated) {
        (Outcome::Refused, _) => why.map(|why| format!("one case more is refused: {why}")),
        (Outcome::Stored, true) => Some("a scan that is sent twice counts once".to_owned()),
        (Outcome::Stored, false) => None,
    }
}

async fn pack_it(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let ctx = stage.run();
    let bench = pack::start(&ctx, PICKED, false, false).await?;
    let task = bench.task;
    let wish = PackageWish {
        id: Uuid::new_v4().to_string(),
        length_mm: Some(400),
        width_mm: Some(300),
        height_mm: Some(200),
        ..PackageWish::default()
    };
    pack::open_package(&ctx, task, &wish).await?;
    let scan = |sku: &str, units: i64, serial: Option<&str>| PackScan {
        id: Uuid::new_v4().to_string(),
        package: 1,
        sku: sku.to_owned(),
        units,
        serial: serial.map(ToOwned::to_owned),
        ..PackScan::default()
    };
    let mut told = vec![format!("{PICKED} into one package of 400 x 300 x 200 mm")];
    for item in [
        scan(LABELS, 15, None),
        scan(HANDHELD, 1, Some("HH-0001")),
        scan(HANDHELD, 1, Some("HH-0001")),
        scan(HANDHELD, 1, Some("HH-0002")),
    ] {
        let answer = pack::pack(&ctx, task, &item).await?;
        let what = item.serial.as_deref().unwrap_or(&item.sku);
        told.push(format!(
            "{} x {what}: {}{}",
            item.units,
            answer.outcome,
            answer.why.map(|why| format!(", {why}")).unwrap_or_default()
        ));
    }
    pack::finish(&ctx, task, false, false).await?;
    let report = pack::ship(&stage.run(), task, "UPS", "1Z0003", false).await?;
    let shipped = report.shipments.first().context("the order left")?;
    told.push(format!(
        "{} leaves with shipment {}: {} units, their serials with them",
        shipped.order,
        shipped.shipment.unwrap_or_default(),
        shipped.units
    ));
    teller.tell(
        "opsctl pack: each serial into its package, and out of the house",
        told,
    )
}

/// Opens the pages until Ctrl-C, with a login for each role.
///
/// # Errors
/// No address can be listened on, or the store's.
pub(super) async fn open(stage: &Stage, out: &mut Out) -> anyhow::Result<()> {
    let mut tenant = Tenant::clone(&stage.ctx.tenant);
    tenant.web.https = false;
    let ctx = Context {
        tenant: Arc::new(tenant),
        actor: "serve".to_owned(),
        ..stage.run()
    };
    let told = serve::told_to_stop()?;
    let listener = match TcpListener::bind(ADDRESS).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?,
    };
    let address = listener.local_addr()?;
    let mut text = format!("\nThe pick station and the office: http://{address}\n\n");
    for (name, role) in [("demo", Role::Admin), ("pat", Role::Packer)] {
        let wish = users::Wish {
            name: name.to_owned(),
            display_name: None,
            role,
            secrets: Secrets {
                password: Some(New::Generated),
                pin: Some(New::Generated),
                badge: true,
            },
            dry_run: false,
        };
        let shown = users::add(&ctx, &wish).await?.shown;
        text.push_str(&format!(
            "  {name} ({}): password {}, PIN {}, badge {}\n",
            role.as_str(),
            shown.password.unwrap_or_default(),
            shown.pin.unwrap_or_default(),
            shown.badge.unwrap_or_default()
        ));
    }
    text.push_str(
        "\nTry manual:D-2 at /station: its barcodes are 614141000036 (a serial: HH-0003 or \
         HH-0004)\nand 14006381333938, a case of 12. Type a code and press Enter where there is \
         no scanner.\nCtrl-C ends it.\n",
    );
    out.text(&text)?;
    web::serve(listener, ctx, told).await
}
