//! Open demand, oldest order first, takes from lots, oldest first.
//!
//! Reads everything a decision needs under the allocation lock, decides in memory
//! (`domain::fifo`), and writes the decision with guarded bulk statements. A run that
//! finds its picture changed meanwhile starts over; a second run changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::{low_stock, until_no_conflict};
use crate::config::ReservePolicy;
use crate::context::Context;
use crate::domain::fifo::{self, Demand, Plan, Rules};
use crate::store::events::{self, Event};
use crate::store::reservations::{self, Picture};
use crate::store::{Stamp, Tx, orders, products, stock};

/// What a run did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The run's id.
    pub run: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Lines that got units.
    pub lines_reserved: u64,
    /// Units they got.
    pub units_reserved: i64,
    /// Lines that still lack units.
    pub lines_backordered: u64,
    /// Units they lack.
    pub units_backordered: i64,
    /// Units given back by orders that cannot use them.
    pub released: i64,
    /// How long the run took.
    pub duration_ms: u64,
    /// What is lacking, oldest order first.
    pub backorders: Vec<Backorder>,
    /// Each change of a reservation; in a dry run only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Step>,
}

/// Units an order lacks.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Backorder {
    /// `woo:1042`.
    pub order: String,
    /// The SKU lacking.
    pub sku: String,
    /// Units lacking.
    pub qty: i64,
}

/// One change of a reservation.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Step {
    /// `woo:1042`.
    pub order: String,
    /// The SKU.
    pub sku: String,
    /// The lot.
    pub lot: String,
    /// Units taken; negative where they are given back.
    pub qty: i64,
}

/// Reserves what can be reserved.
///
/// # Errors
/// The store's; nothing is written then.
pub async fn run(ctx: &Context, dry_run: bool) -> anyhow::Result<Report> {
    let started = Instant::now();
    let mut report = until_no_conflict!(once(ctx, dry_run))?;
    if !dry_run {
        low_stock::refresh(ctx).await?;
    }
    report.duration_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

async fn once(ctx: &Context, dry_run: bool) -> anyhow::Result<Report> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let report = within(ctx, &mut tx, dry_run).await?;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// Reserves within a transaction of the caller's, under the allocation lock unless it is a
/// dry run.
///
/// # Errors
/// The store's.
pub(super) async fn within(ctx: &Context, tx: &mut Tx, dry_run: bool) -> anyhow::Result<Report> {
    let rules = Rules {
        whole_order: ctx.tenant.reserve.policy == ReservePolicy::WholeOrder,
    };
    let picture = reservations::picture(tx, rules.whole_order)
        .await
        .context("reading demand and stock")?;
    let withheld = withheld(ctx, tx).await?;
    let plan = fifo::plan(
        &picture.demands,
        &picture.free,
        &picture.held,
        &withheld,
        rules,
    );
    let mut report = summary(ctx, tx, &picture, &plan).await?;
    report.dry_run = dry_run;
    if dry_run {
        report.plan = steps(tx, &picture, &plan).await?;
    } else if !plan.changes.is_empty() {
        let stamp = ctx.stamp();
        write(tx, &stamp, &picture, &plan)
            .await
            .context("writing the reservations")?;
    }
    Ok(report)
}

/// Units that orders, too, leave untouched, where the tenant wants it so.
async fn withheld(ctx: &Context, tx: &mut Tx) -> anyhow::Result<BTreeMap<i64, i64>> {
    if !ctx.tenant.reserve.keep_buffer {
        return Ok(BTreeMap::new());
    }
    let default = i64::from(ctx.tenant.stock.buffer);
    Ok(products::all(tx)
        .await?
        .into_iter()
        .map(|p| (p.id, p.buffer.unwrap_or(default)))
        .filter(|(_, units)| *units > 0)
        .collect())
}

async fn write(tx: &mut Tx, stamp: &Stamp, picture: &Picture, plan: &Plan) -> anyhow::Result<()> {
    reservations::apply(tx, stamp, &plan.changes, &picture.stored).await?;
    events::append(tx, stamp, &order_events(picture, plan)).await?;
    Ok(())
}

/// What a plan does for one demand.
#[derive(Default, Clone, Copy)]
struct Effect {
    gains: i64,
    loses: i64,
    lacks: i64,
}

/// What a plan does for each demand of the picture. Both are in the same order.
fn effects(picture: &Picture, plan: &Plan) -> Vec<Effect> {
    let mut changes = plan.changes.iter().peekable();
    let mut backorders = plan.backorders.iter().peekable();
    let effect = |demand: &Demand| {
        let mut effect = Effect::default();
        while let Some(change) = changes.next_if(|change| change.demand == demand.id) {
            effect.gains += change.units.max(0);
            effect.loses -= change.units.min(0);
        }
        if let Some((_, units)) = backorders.next_if(|(id, _)| *id == demand.id) {
            effect.lacks = *units;
        }
        effect
    };
    picture.demands.iter().map(effect).collect()
}

/// One fact for each order whose reservations change.
fn order_events(picture: &Picture, plan: &Plan) -> Vec<Event> {
    let effects = effects(picture, plan);
    let demands: Vec<(&Demand, Effect)> = picture.demands.iter().zip(effects).collect();
    demands
        .chunk_by(|a, b| a.0.order == b.0.order)
        .filter(|order| order.iter().any(|(_, e)| e.gains > 0 || e.loses > 0))
        .filter_map(|order| {
            let sum =
                |part: fn(&Effect) -> i64| -> i64 { order.iter().map(|(_, e)| part(e)).sum() };
            let name = picture.orders.get(&order[0].0.order)?;
            Some(Event::new(
                "order.reserved",
                format!("order:{name}"),
                json!({
                    "reserved": sum(|e| e.gains),
                    "released": sum(|e| e.loses),
                    "backordered": sum(|e| e.lacks),
                }),
            ))
        })
        .collect()
}

async fn summary(
    ctx: &Context,
    tx: &mut Tx,
    picture: &Picture,
    plan: &Plan,
) -> anyhow::Result<Report> {
    let effects = effects(picture, plan);
    let net: Vec<i64> = effects.iter().map(|e| e.gains - e.loses).collect();
    let gains = || net.iter().filter(|units| **units > 0);
    let lacking: Vec<(&Demand, i64)> = picture
        .demands
        .iter()
        .zip(&effects)
        .filter(|(_, effect)| effect.lacks > 0)
        .map(|(demand, effect)| (demand, effect.lacks))
        .collect();
    let skus = skus(tx, lacking.iter().map(|(demand, _)| demand.product)).await?;
    let backorders: Vec<Backorder> = lacking
        .iter()
        .filter_map(|(demand, qty)| {
            Some(Backorder {
                order: picture.orders.get(&demand.order)?.clone(),
                sku: skus.get(&demand.product)?.clone(),
                qty: *qty,
            })
        })
        .collect();
    Ok(Report {
        run: ctx.run.clone(),
        dry_run: false,
        lines_reserved: gains().count() as u64,
        units_reserved: gains().sum(),
        lines_backordered: backorders.len() as u64,
        units_backordered: backorders.iter().map(|b| b.qty).sum(),
        released: -net.iter().filter(|units| **units < 0).sum::<i64>(),
        duration_ms: 0,
        backorders,
        plan: Vec::new(),
    })
}

async fn skus(
    tx: &mut Tx,
    products: impl Iterator<Item = i64>,
) -> anyhow::Result<HashMap<i64, String>> {
    let mut products: Vec<i64> = products.collect();
    products.sort_unstable();
    products.dedup();
    Ok(reservations::skus(tx, &products).await?)
}

async fn steps(tx: &mut Tx, picture: &Picture, plan: &Plan) -> anyhow::Result<Vec<Step>> {
    let mut balances: Vec<i64> = plan.changes.iter().map(|c| c.balance).collect();
    balances.sort_unstable();
    balances.dedup();
    let lots = reservations::lot_names(tx, &balances).await?;
    let skus = skus(tx, picture.demands.iter().map(|demand| demand.product)).await?;
    let demands: HashMap<i64, &Demand> = picture.demands.iter().map(|d| (d.id, d)).collect();
    Ok(plan
        .changes
        .iter()
        .filter_map(|change| {
            let demand = demands.get(&change.demand)?;
            Some(Step {
                order: picture.orders.get(&demand.order)?.clone(),
                sku: skus.get(&demand.product)?.clone(),
                lot: lots.get(&change.balance)?.clone(),
                qty: change.units,
            })
        })
        .collect())
}

/// Why a line is served as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// `woo:1042`.
    pub order: String,
    /// Each product the order wants of stock.
    pub demands: Vec<ExplainedDemand>,
}

/// One product an order wants, and each of its lots.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedDemand {
    /// The SKU.
    pub sku: String,
    /// Units wanted and not shipped.
    pub wanted: i64,
    /// Units promised.
    pub reserved: i64,
    /// The product's lots, oldest first.
    pub lots: Vec<ExplainedLot>,
}

/// What a lot does for the line.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedLot {
    /// The lot.
    pub lot: String,
    /// The day it came in.
    pub received_on: String,
    /// Where it lies.
    pub location: String,
    /// Units there.
    pub on_hand: i64,
    /// Units it serves this line with.
    pub serves: i64,
    /// Units promised to other orders.
    pub others: i64,
    /// Why it serves no more than that.
    pub why: String,
}

/// Says which lot serves which line of an order, and why not another.
///
/// # Errors
/// The store's.
pub async fn explain(ctx: &Context, order: &orders::Summary) -> anyhow::Result<Explanation> {
    let mut tx = ctx.store.read().await?;
    let all = products::all(&mut tx).await?;
    let by_id: HashMap<i64, &products::Row> = all.iter().map(|p| (p.id, p)).collect();
    let mut demands = Vec::new();
    for demand in orders::demands(&mut tx, order.id).await? {
        let Some(product) = by_id.get(&demand.product_id) else {
            continue;
        };
        let wanted = demand.quantity - demand.shipped;
        let mine: HashMap<i64, i64> = reservations::of_demands(&mut tx, &[demand.id])
            .await?
            .into_iter()
            .map(|(_, _, balance, units)| (balance, units))
            .collect();
        let mut lots = Vec::new();
        for balance in stock::balances(&mut tx, demand.product_id).await? {
            let serves = mine.get(&balance.id).copied().unwrap_or_default();
            lots.push(ExplainedLot {
                why: why(&balance, serves, demand.reserved >= wanted, product.stocked),
                others: balance.reserved - serves,
                serves,
                lot: balance.lot,
                received_on: balance.received_on,
                location: balance.location,
                on_hand: balance.on_hand,
            });
        }
        demands.push(ExplainedDemand {
            sku: product.sku.clone(),
            wanted,
            reserved: demand.reserved,
            lots,
        });
    }
    Ok(Explanation {
        order: order.order_ref.clone(),
        demands,
    })
}

fn why(balance: &stock::BalanceRow, serves: i64, complete: bool, stocked: bool) -> String {
    let free = balance.on_hand - balance.reserved;
    let others = balance.reserved - serves;
    let reason = if !stocked {
        "no stock is kept of this product"
    } else if serves > 0 && (complete || free == 0) {
        "serves this line"
    } else if balance.on_hand == 0 {
        "used up"
    } else if !balance.sellable {
        "lies where nothing is sold from"
    } else if complete && others < balance.on_hand {
        "younger than the lots that serve the line"
    } else if free == 0 && others > 0 {
        "promised to other orders, oldest first"
    } else {
        "free: the next `opsctl reserve` takes it, unless a kit, the whole-order rule or a kept \
         buffer stands against it"
    };
    reason.to_owned()
}
