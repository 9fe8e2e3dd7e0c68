//! The story goes on in the stock room: goods are bought abroad, two orders leave, a freight
//! bill comes late, and what an order cost is explained.

use anyhow::Context as _;

use super::Teller;
use super::stage::Stage;
use super::steps::{sync_once, told_of, write};
use crate::cli::{Page, Report};
use crate::domain::time::UtcMs;
use crate::workflows::purchasing::{self, LineWish};
use crate::workflows::rates::Rates;
use crate::workflows::receive_po::{self, Goods};
use crate::workflows::{cogs, invoice, ship, suppliers};

/// Whom the goods are bought of, and who carries them here.
const SUPPLIER: &str = "ACME";
const FORWARDER: &str = "FASTSHIP";

/// Units bought of what an order waits for, and of something else.
const BOUGHT: i64 = 12;
const BOUGHT_MORE: i64 = 20;

/// What was sold that the story comes back to.
pub(super) struct Sold {
    /// An order that has to wait for goods.
    pub(super) waiting: String,
    /// What it waits for.
    pub(super) scarce: String,
    /// An order that has all it wants.
    pub(super) usual: String,
    /// Something else that is sold.
    pub(super) other: String,
}

/// Plays this part of the story.
///
/// # Errors
/// A step fails.
pub(super) async fn play(
    stage: &Stage,
    sold: &Sold,
    teller: &mut Teller<'_>,
) -> anyhow::Result<()> {
    let number = buy(stage, sold, teller).await?;
    let told = told_of(&sync_once(stage).await?);
    teller.tell("opsctl sync: the waiting order gets its goods", told)?;
    leave(stage, sold, teller).await?;
    pay_freight(stage, &number, teller).await?;
    explain(stage, sold, teller).await
}

/// What a report says to a person, line by line.
fn rendered(report: &impl Report) -> Vec<String> {
    let mut page = Page::default();
    report.render(&mut page);
    page.into_text().lines().map(ToOwned::to_owned).collect()
}

fn rates() -> anyhow::Result<Rates> {
    Ok(Rates::read(&["USD=0.92".to_owned()], Some("demo"))?)
}

async fn buy(stage: &Stage, sold: &Sold, teller: &mut Teller<'_>) -> anyhow::Result<String> {
    let ctx = stage.run();
    for (code, name) in [
        (SUPPLIER, "Acme Wholesale Inc."),
        (FORWARDER, "Fastship Ltd."),
    ] {
        let wish = suppliers::Wish {
            code: code.to_owned(),
            name: name.to_owned(),
            currency: Some("USD".parse()?),
            lead_days: Some(14),
            email: None,
        };
        suppliers::add(&ctx, &wish, false).await?;
    }
    let line = |sku: &str, quantity, cost: &str| -> anyhow::Result<LineWish> {
        Ok(LineWish {
            sku: sku.to_owned(),
            quantity,
            unit_cost: Some(cost.parse().map_err(anyhow::Error::msg)?),
        })
    };
    let wish = purchasing::Wish {
        supplier: SUPPLIER.to_owned(),
        lines: vec![
            line(&sold.scarce, BOUGHT, "6.4375")?,
            line(&sold.other, BOUGHT_MORE, "3.10")?,
        ],
        ..purchasing::Wish::default()
    };
    let made = purchasing::create(&ctx, &wish).await?;
    let order = made.orders.first().context("an order was made")?;
    let number = order.number.clone();
    let mut told = vec![format!(
        "{number} to {SUPPLIER}: {BOUGHT} of {} and {BOUGHT_MORE} of {}, for {} {}",
        sold.scarce, sold.other, order.cost, order.currency
    )];
    let options = receive_po::Options {
        number: number.clone(),
        goods: Goods::Lines(
            vec![
                (sold.scarce.clone(), BOUGHT),
                (sold.other.clone(), BOUGHT_MORE - 5),
            ],
            std::collections::HashMap::new(),
        ),
        reference: None,
        lot: None,
        received_on: None,
        to: None,
        accept_over: false,
        rates: rates()?,
        dry_run: false,
    };
    let received = receive_po::run(&stage.run(), &options).await?;
    told.extend(rendered(&received));
    teller.tell(
        "opsctl po new, receive --po: goods bought abroad come in, in part",
        told,
    )?;
    Ok(number)
}

async fn leave(stage: &Stage, sold: &Sold, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let wish = ship::Wish {
        orders: vec![
            (sold.waiting.clone(), Some("1Z0001".to_owned())),
            (sold.usual.clone(), Some("1Z0002".to_owned())),
        ],
        carrier: "UPS".to_owned(),
        ..ship::Wish::default()
    };
    let report = ship::run(&stage.run(), &wish).await?;
    let mut told = rendered(&report);
    let again = ship::run(&stage.run(), &wish).await?;
    if again.shipments.iter().all(|s| s.applied_before.is_some()) {
        told.push("the same command a second time: reported, and not applied".to_owned());
    }
    let woo = stage.sandbox.woo();
    for order in [&sold.waiting, &sold.usual] {
        let id = order.trim_start_matches("woo:").parse().unwrap_or_default();
        let status = woo.order(id).map(|order| order["status"].clone());
        told.push(format!(
            "{order} in the shop: {}",
            status.unwrap_or_default().as_str().unwrap_or_default()
        ));
    }
    teller.tell(
        "opsctl ship --manual: two orders leave, the shop is told",
        told,
    )
}

async fn pay_freight(stage: &Stage, number: &str, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let ctx = stage.run();
    let today = ctx.business_day(UtcMs(ctx.clock.now().0));
    let file = write(
        "freight.csv",
        &format!(
            "supplier,invoice,invoiced_on,kind,total,currency,spread,applies_to\n\
             {FORWARDER},F-881,{today},freight,48.50,USD,quantity,{number}\n"
        ),
    )?;
    let options = invoice::ImportOptions {
        rates: rates()?,
        ..invoice::ImportOptions::default()
    };
    invoice::import(&ctx, &file, &options).await?;
    let name = format!("{FORWARDER}:F-881");
    let options = invoice::Options::default();
    let matched = invoice::match_one(&stage.run(), &name, &options).await?;
    teller.tell(
        "opsctl invoice import, match: the freight bill comes when some have left",
        rendered(&matched),
    )
}

async fn explain(stage: &Stage, sold: &Sold, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let explained = cogs::explain(&stage.run(), &sold.waiting).await?;
    let title = format!("opsctl cogs explain {}: what it really cost", sold.waiting);
    teller.tell(&title, rendered(&explained))
}
