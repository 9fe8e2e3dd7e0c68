//! The story: a shop is taken over, goods come in, customers buy while nobody looks, a line
//! is cut, orders leave, and at the end both sides agree.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Serialize;

use super::Teller;
use super::stage::{FOLDER, Stage};
use super::steps::{sync_once, told_of, write};
use super::stock_room::{self, Sold};
use super::{carriage, pick_station};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;
use crate::fault::Fault;
use crate::jobs::{self, Ended};
use crate::sandbox::faults::{Fault as Weather, Rule};
use crate::store::check;
use crate::workflows::{open, receive, reserve, scan, stock};

/// What holds at the end.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    /// Rules of the data that were held against the whole database.
    rules: usize,
    /// Those of them that are broken.
    broken: Vec<String>,
    /// Quantities in the shop that were held against what may be offered.
    quantities_compared: usize,
    /// SKUs whose quantity in the shop is not what may be offered.
    differ: Vec<String>,
    /// Units on hand.
    units_on_hand: i64,
    /// Units promised to orders.
    units_reserved: i64,
    /// Units that orders lack.
    units_backordered: i64,
    /// The order whose cost was explained.
    pub(super) explained_order: String,
}

impl Proof {
    /// Whether nothing is broken and both sides agree.
    pub(super) fn holds(&self) -> bool {
        self.broken.is_empty() && self.differ.is_empty()
    }
}

/// Plays the story.
///
/// # Errors
/// A step fails.
pub(super) async fn play(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<Proof> {
    let (products, variations, orders) = stage.sandbox.woo().sizes();
    teller.tell(
        "A tenant and a shop",
        vec![
            format!("tenant demo: an empty SQLite database and a vault, in {FOLDER}/"),
            format!(
                "a stand-in WooCommerce shop at {}: {products} products, {variations} variations, \
                 {orders} orders",
                stage.sandbox.shop_url()
            ),
        ],
    )?;
    take_over(stage, teller).await?;
    receive_goods(stage, teller).await?;
    first_sync(stage, teller).await?;
    let sold = sell(stage, teller)?;
    second_sync(stage, teller).await?;
    stock_room::play(stage, &sold, teller).await?;
    pick_station::play(stage, teller).await?;
    carriage::play(stage, teller).await?;
    prove(stage, teller, sold).await
}

fn shop(ctx: &Context) -> anyhow::Result<(&str, &WooCommerce)> {
    let (name, Channel::WooCommerce(shop)) = ctx
        .tenant
        .channels
        .iter()
        .next()
        .context("the demo has a channel")?;
    Ok((name, shop))
}

/// SKUs that keep a stock of their own in the shop, and how much there is.
fn own_stock(stage: &Stage) -> Vec<(String, i64)> {
    let woo = stage.sandbox.woo();
    let keeps_its_own = |sku: &String| {
        let item = woo.id_of(sku).and_then(|id| woo.product(id));
        item.is_some_and(|item| item["manage_stock"] == true)
    };
    woo.managed_skus()
        .into_iter()
        .filter(keeps_its_own)
        .map(|sku| {
            let quantity = woo.quantity(&sku).unwrap_or_default();
            (sku, quantity)
        })
        .collect()
}

async fn take_over(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let mut costs = String::from("sku,unit_cost\n");
    for (at, (sku, _)) in own_stock(stage).iter().enumerate() {
        costs.push_str(&format!("{sku},{}.{:02}\n", 2 + at % 40, at * 7 % 100));
    }
    let options = open::Options {
        costs: Some(write("costs.csv", &costs)?),
        ..open::Options::default()
    };
    let ctx = stage.run();
    let (name, channel) = shop(&ctx)?;
    let work = async {
        let report = open::run(&ctx, name, channel, &options).await?;
        Ok((report, Ended::Done))
    };
    let (report, _) = jobs::run(&ctx, "stock-open", work).await?;
    let sum = |term: fn(&open::Row) -> i64| report.rows.iter().map(term).sum::<i64>();
    let cost = report
        .cost
        .iter()
        .map(|(code, amount)| format!("{amount} {code}"));
    let mut told = vec![
        format!(
            "{} units in the shop + {} that unshipped orders have taken off = {} on the shelf",
            sum(|row| row.in_shop),
            sum(|row| row.taken_off),
            report.units
        ),
        format!(
            "{} lots of {} products, at a cost of {}",
            report.lots,
            report.rows.len(),
            cost.collect::<Vec<_>>().join(", ")
        ),
    ];
    if let Some(row) = report.rows.iter().find(|row| row.taken_off > 0) {
        told.push(format!(
            "for example {}: {} in the shop + {} in open orders = {}",
            row.sku, row.in_shop, row.taken_off, row.opening
        ));
    }
    teller.tell("opsctl stock open: the running shop is taken over", told)
}

async fn receive_goods(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let mut lots = String::from("sku,lot,received_on,qty,unit_cost,supplier\n");
    let ctx = stage.run();
    let today = ctx.business_day(ctx.clock.now());
    for (at, (sku, _)) in own_stock(stage).iter().step_by(9).take(150).enumerate() {
        let (units, cost) = (5 + at % 20, 3 + at % 30);
        lots.push_str(&format!(
            "{sku},PO-7,{today},{units},{cost}.50,Acme Wholesale\n"
        ));
    }
    let file = write("lots.csv", &lots)?;
    let options = receive::Options::default();
    let first = receive::run(&ctx, &file, &options).await?;
    let again = receive::run(&stage.run(), &file, &options).await?;
    let cost = first
        .cost
        .iter()
        .map(|(code, amount)| format!("{amount} {code}"));
    let mut told = vec![format!(
        "{} units in {} lots, for {}",
        first.units,
        first.lots,
        cost.collect::<Vec<_>>().join(", ")
    )];
    if again.applied_before.is_some() {
        told.push("the same file a second time: reported, and not applied".to_owned());
    }
    teller.tell("opsctl receive: goods come in", told)
}

async fn first_sync(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let report = sync_once(stage).await?;
    let told = told_of(&report);
    teller.tell(
        "opsctl sync: orders reserve the oldest lots, quantities go out",
        told,
    )
}

/// What happens in the shop while opsctl looks the other way.
fn sell(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<Sold> {
    let woo = stage.sandbox.woo();
    let refused = |refusal| anyhow::anyhow!("the shop refuses: {refusal:?}");
    let stocked: BTreeMap<String, i64> = own_stock(stage)
        .into_iter()
        .filter(|(_, units)| *units > 10)
        .collect();
    let sku = |n: usize| {
        let sku = stocked.keys().nth(n * 3).map(String::as_str);
        sku.ok_or_else(|| Fault::failed("the shop is too small for the story"))
    };
    let mut usual = 0;
    for n in 0..12 {
        usual = woo
            .sell(
                &[(sku(n)?, 1 + n as i64 % 3), (sku(n + 12)?, 1)],
                "processing",
            )
            .map_err(refused)?;
    }
    let scarce = sku(30)?;
    let too_many = stocked[scarce] + 4;
    let waiting = woo
        .sell(&[(scarce, too_many)], "processing")
        .map_err(refused)?;
    let unpaid = woo.sell(&[(sku(31)?, 2)], "on-hold").map_err(refused)?;
    let quick = woo.sell(&[(sku(32)?, 1)], "processing").map_err(refused)?;
    woo.set_order_status(quick, "completed").map_err(refused)?;
    let regretted = woo.sell(&[(sku(33)?, 3)], "processing").map_err(refused)?;
    woo.refund(regretted, &[(0, 1)], true).map_err(refused)?;
    let open = |id: &u64| {
        woo.order(*id)
            .is_some_and(|order| order["status"] == "processing")
    };
    let cancelled = woo.order_ids().into_iter().find(open);
    if let Some(id) = cancelled {
        woo.set_order_status(id, "cancelled").map_err(refused)?;
    }
    stage
        .sandbox
        .faults()
        .inject(Rule::new(Weather::CutAfter).on("POST", "batch").times(1));
    teller.tell(
        "Meanwhile in the shop",
        vec![
            "12 orders are placed".to_owned(),
            format!("order {waiting} wants {too_many} of {scarce}: 4 more than there are"),
            format!("order {unpaid} waits for its payment"),
            format!("order {quick} is placed and sent at once"),
            format!("order {regretted}: one of three pieces is refunded"),
            format!("order {}: cancelled", cancelled.unwrap_or_default()),
            "and the next answer to a batch of quantities will be lost on its way".to_owned(),
        ],
    )?;
    Ok(Sold {
        waiting: format!("woo:{waiting}"),
        scarce: scarce.to_owned(),
        usual: format!("woo:{usual}"),
        other: sku(34)?.to_owned(),
    })
}

async fn second_sync(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    // Something to write, whatever the orders took: three units turn up in a corner.
    let ctx = stage.run();
    let found = own_stock(stage);
    let (sku, _) = found.last().context("the shop has stock")?;
    let wish = stock::Adjustment {
        sku: sku.clone(),
        by: 3,
        reason: "found",
        reference: Some("demo:found".to_owned()),
        serials: Vec::new(),
        dry_run: false,
    };
    stock::adjust(&ctx, &wish).await?;
    let mut told = vec![format!("3 units of {sku} turned up: opsctl stock adjust")];
    told.extend(told_of(&sync_once(stage).await?));
    teller.tell("opsctl sync: the line is cut", told)?;
    let mut told = told_of(&sync_once(stage).await?);
    told.push("what was done is read before anything is written again".to_owned());
    teller.tell("opsctl sync: five minutes later", told)
}

async fn prove(stage: &Stage, teller: &mut Teller<'_>, sold: Sold) -> anyhow::Result<Proof> {
    sync_once(stage).await?;
    let ctx = stage.run();
    let again = reserve::run(&ctx, false).await?;
    scan::refresh(&ctx).await?;
    let mut tx = ctx.store.read().await?;
    let (rules, findings) = check::findings(&mut tx).await?;
    drop(tx);
    let list = stock::list(&ctx).await?;
    let mut proof = Proof {
        rules,
        broken: findings
            .iter()
            .map(|finding| finding.rule.to_owned())
            .collect(),
        quantities_compared: 0,
        differ: Vec::new(),
        units_on_hand: list.iter().map(|(row, _)| row.on_hand).sum(),
        units_reserved: list.iter().map(|(row, _)| row.reserved).sum(),
        units_backordered: again.units_backordered,
        explained_order: sold.waiting,
    };
    let shown: BTreeMap<String, i64> = own_stock(stage).into_iter().collect();
    for (row, sellable) in list.iter().filter(|(row, _)| row.has_lots) {
        if let Some(quantity) = shown.get(&row.sku) {
            proof.quantities_compared += 1;
            // Below zero a shop offers nothing.
            if (*quantity).max(0) != *sellable {
                proof.differ.push(row.sku.clone());
            }
        }
    }
    teller.tell(
        "The proof",
        vec![
            format!(
                "opsctl check: {} rules hold, {} are broken",
                proof.rules - proof.broken.len(),
                proof.broken.len()
            ),
            format!(
                "{} quantities in the shop compared with what may be offered: {} differ",
                proof.quantities_compared,
                proof.differ.len()
            ),
            format!(
                "a second opsctl reserve changes {} units",
                again.units_reserved
            ),
            format!(
                "{} units on hand, {} promised, each once; {} lacking",
                proof.units_on_hand, proof.units_reserved, proof.units_backordered
            ),
        ],
    )?;
    Ok(proof)
}
