//! Goods come in against a purchase order: what has come fills its lines, the first line
//! first; each line's share becomes a lot at the cost agreed; an order of which all has come
//! closes itself.
//!
//! A delivery is applied once under its reference. Without one, that of a file is its content
//! and the order, that of a command the order and the running number of its receipt.

mod paper;
mod plan;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use self::paper::Delivery;
use self::plan::{Part, Plan};
use super::purchasing::{COMPLETE, close_within, subject, the_order};
use super::rates::Rates;
use super::{low_stock, rows, until_no_conflict};
use crate::context::Context;
use crate::domain::cost::Rate;
use crate::domain::money::Currency;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::purchasing::{self, Line, Row};
use crate::store::receipts::{self, NewLine, NewReceipt};
use crate::store::serials::{self, Incoming};
use crate::store::stock::NewLot;
use crate::store::suppliers::{self, Price};
use crate::store::{Stamp, Tx, applied_refs, products, stock};

/// How to receive.
#[derive(Debug, Clone)]
pub struct Options {
    /// The purchase order's number.
    pub number: String,
    /// What has come.
    pub goods: Goods,
    /// The reference to apply it under, instead of one made up.
    pub reference: Option<String>,
    /// The name of its lots, where the goods do not say another.
    pub lot: Option<String>,
    /// The day it came in, instead of today.
    pub received_on: Option<String>,
    /// Where it is put, where the goods do not say another.
    pub to: Option<Target>,
    /// Take more than was ordered, and what is no longer expected.
    pub accept_over: bool,
    /// What foreign currencies are worth.
    pub rates: Rates,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What has come.
#[derive(Debug, Clone)]
pub enum Goods {
    /// What a file lists.
    File(PathBuf),
    /// All that is still expected, with the serials of its units by SKU.
    All(HashMap<String, Vec<String>>),
    /// Units of some SKUs, with their serials.
    Lines(Vec<(String, i64)>, HashMap<String, Vec<String>>),
}

/// Where goods are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The location with this code.
    Location(String),
    /// The one location where goods wait for inspection.
    Quarantine,
}

/// What came in.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The purchase order's number.
    pub po: String,
    /// The supplier's code.
    pub supplier: String,
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// The receipt's number; none where nothing was written.
    pub receipt: Option<i64>,
    /// Lots put on stock.
    pub lots: Vec<Received>,
    /// Units in them.
    pub units: i64,
    /// What they cost, as a decimal amount of the tenant's currency.
    pub cost: String,
    /// The tenant's currency.
    pub currency: Currency,
    /// Lots that came without a cost.
    pub lots_without_cost: u64,
    /// Units still expected.
    pub open: i64,
    /// Whether the order is closed by this, for all has come.
    pub closed: bool,
}

/// A lot that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// The SKU.
    pub sku: String,
    /// The lot.
    pub lot: String,
    /// Where it is put.
    pub location: String,
    /// Units.
    pub units: i64,
    /// Their serials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
    /// What they cost, as a decimal amount of the order's currency.
    pub cost: Option<String>,
}

/// Takes goods in against a purchase order.
///
/// # Errors
/// There is no such order; what has come is not what it says, with each cell of a file
/// named; or the store's. Nothing is applied then.
pub async fn run(ctx: &Context, options: &Options) -> anyhow::Result<Report> {
    let source = match &options.goods {
        Goods::File(file) => Some(rows::read(file)?),
        _ => None,
    };
    let report = until_no_conflict!(once(ctx, options, source.as_ref()))?;
    if report.receipt.is_some() {
        low_stock::refresh(ctx).await?;
    }
    Ok(report)
}

async fn once(
    ctx: &Context,
    options: &Options,
    source: Option<&rows::Source>,
) -> anyhow::Result<Report> {
    let mut tx = if options.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let order = the_order(&mut tx, &options.number).await?;
    let running = receipts::count_of_po(&mut tx, order.id).await? + 1;
    let reference = match (&options.reference, source) {
        (Some(given), _) => given.clone(),
        (None, Some(source)) => format!("{}@{}", source.reference, order.number),
        (None, None) => format!("{}/receipt-{running}", order.number),
    };
    let mut report = Report {
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        ..nothing(ctx, options, &order, &reference)
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let lines = purchasing::lines(&mut tx, order.id).await?;
    let delivery = Delivery::read(ctx, &mut tx, options, &order, &lines, source).await?;
    if delivery.is_empty() {
        return Ok(report);
    }
    if order.closed_at.is_some() && !is_complete(&order) && !options.accept_over {
        let why = order.closed_why.as_deref().unwrap_or_default();
        return Err(Fault::failed(format!("{} is closed: {why}", order.number))
            .hint("--accept-over takes goods in that are no longer expected")
            .into());
    }
    let plan = plan::make(ctx, &mut tx, options, &order, &lines, delivery, running).await?;
    fill(ctx, &mut report, &order, &plan)?;
    if options.dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    let rate = plan.rate.as_ref();
    report.receipt = Some(write(&mut tx, &stamp, &order, &reference, &plan, rate).await?);
    if report.closed {
        close_within(&mut tx, &stamp, &order, COMPLETE, 0).await?;
    }
    let summary = format!(
        "{}: {} lots, {} units",
        order.number,
        report.lots.len(),
        report.units
    );
    applied_refs::note(&mut tx, &stamp, &reference, "receive", &summary).await?;
    let fact = Event::new(
        "po.received",
        subject(&order.number),
        json!({
            "receipt": report.receipt, "ref": reference, "lots": report.lots.len(),
            "units": report.units, "open": report.open,
        }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// Whether an order is closed because all of it has come.
fn is_complete(order: &Row) -> bool {
    order.closed_why.as_deref() == Some(COMPLETE)
}

fn nothing(ctx: &Context, options: &Options, order: &Row, reference: &str) -> Report {
    let currency = ctx.tenant.tenant.currency;
    Report {
        po: order.number.clone(),
        supplier: order.supplier.clone(),
        reference: reference.to_owned(),
        dry_run: options.dry_run,
        applied_before: None,
        receipt: None,
        lots: Vec::new(),
        units: 0,
        cost: currency.decimal(0),
        currency,
        lots_without_cost: 0,
        open: 0,
        closed: false,
    }
}

fn fill(ctx: &Context, report: &mut Report, order: &Row, plan: &Plan) -> anyhow::Result<()> {
    let parts = &plan.parts;
    report.units = parts.iter().map(|part| part.units).sum();
    let cost = parts
        .iter()
        .filter_map(|p| p.cost.as_ref())
        .try_fold(0_i64, |sum, cost| sum.checked_add(cost.amount_minor))
        .ok_or_else(|| too_much(&order.number))?;
    report.cost = ctx.tenant.tenant.currency.decimal(cost);
    report.lots_without_cost = parts.iter().filter(|part| part.cost.is_none()).count() as u64;
    report.lots = parts
        .iter()
        .map(|part| Received {
            sku: part.sku.clone(),
            lot: part.lot.clone(),
            location: part.location.1.clone(),
            units: part.units,
            serials: part.serials.clone(),
            cost: part
                .cost
                .as_ref()
                .map(|cost| cost.paid_currency.decimal(cost.paid_minor)),
        })
        .collect();
    report.open = if order.closed_at.is_some() {
        0
    } else {
        plan.open
    };
    report.closed = order.closed_at.is_none() && plan.open == 0;
    Ok(())
}

fn too_much(what: &str) -> Fault {
    Fault::failed(format!(
        "the goods of {what} cost too large an amount together"
    ))
    .hint("look for a cost with too many digits; or receive in several parts")
}

/// Writes lots, serials, the receipt, what has come of each line, and the prices paid; gives
/// the receipt's number.
async fn write(
    tx: &mut Tx,
    stamp: &Stamp,
    order: &Row,
    reference: &str,
    plan: &Plan,
    rate: Option<&Rate>,
) -> anyhow::Result<i64> {
    let lots: Vec<NewLot> = plan
        .parts
        .iter()
        .map(|part| lot(part, order, plan))
        .collect();
    let first = stock::put_lots(tx, stamp, &lots, "received", reference).await?;
    let products: Vec<i64> = lots.iter().map(|lot| lot.product).collect();
    products::set_stocked(tx, &products).await?;
    let numbered = || (first..).zip(&plan.parts);
    let incoming: Vec<Incoming> = numbered()
        .flat_map(|(lot, part)| {
            part.serials.iter().map(move |serial| Incoming {
                product: part.product,
                sku: part.sku.clone(),
                serial: serial.clone(),
                lot,
            })
        })
        .collect();
    serials::take_in(tx, stamp, &incoming, reference).await?;
    let receipt = NewReceipt {
        supplier: order.supplier_id,
        reference,
        received_on: &plan.received_on,
        currency: plan.currency,
        rate,
    };
    let lines: Vec<NewLine> = numbered()
        .map(|(lot, part)| NewLine {
            po_line: Some(part.line),
            lot,
            product: part.product,
            quantity: part.units,
            cost_minor: part.cost.as_ref().map(|cost| cost.paid_minor),
        })
        .collect();
    let number = receipts::insert(tx, stamp, &receipt, &lines).await?;
    purchasing::set_received(tx, &plan.received).await?;
    note_prices(tx, stamp, order, plan, reference).await?;
    Ok(number)
}

fn lot(part: &Part, order: &Row, plan: &Plan) -> NewLot {
    NewLot {
        product: part.product,
        code: part.lot.clone(),
        received_on: plan.received_on.clone(),
        quantity: part.units,
        location: part.location.0,
        cost: part.cost.clone(),
        supplier: Some(order.supplier.clone()),
        invoice: None,
        parent: None,
    }
}

/// Notes what the lines that came in were bought for, as of the day they were ordered, where
/// nothing was agreed since. A price that says the same of the whole line is noted anew
/// rather than what the line rounds it to.
async fn note_prices(
    tx: &mut Tx,
    stamp: &Stamp,
    order: &Row,
    plan: &Plan,
    reference: &str,
) -> anyhow::Result<()> {
    let came: Vec<&Line> = plan
        .lines
        .iter()
        .filter(|l| l.cost_minor.is_some())
        .collect();
    let products: Vec<i64> = came.iter().map(|line| line.product_id).collect();
    let known = suppliers::newest_prices_of(tx, order.supplier_id, &products).await?;
    let since: HashSet<i64> = suppliers::agreed_since(tx, order.id, &products)
        .await?
        .into_iter()
        .collect();
    let prices: Vec<Price> = came
        .into_iter()
        .filter(|line| !since.contains(&line.product_id))
        .map(|line| {
            let agreed = line.cost_minor.unwrap_or(0);
            let finer = known
                .get(&line.product_id)
                .filter(|p| p.currency == order.currency && p.of(line.quantity) == agreed);
            Price {
                supplier_id: order.supplier_id,
                product_id: line.product_id,
                noted_on: order.ordered_on.clone(),
                quantity: finer.map_or(line.quantity, |p| p.quantity),
                cost_minor: finer.map_or(agreed, |p| p.cost_minor),
                currency: order.currency.clone(),
                source: "receipt".to_owned(),
                document: reference.to_owned(),
            }
        })
        .collect();
    Ok(suppliers::note_prices(tx, stamp, &prices).await?)
}
