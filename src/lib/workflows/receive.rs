//! Goods come in by a list: each row a lot with its cost, all of them or none.
//!
//! A list is applied once: by default its content is its reference, so the same file a
//! second time is reported and changes nothing.

mod list;

use std::path::Path;

use serde::Serialize;
use serde_json::json;

pub(super) use self::list::cost;
use self::list::{List, parse};
use super::rates::Rates;
use super::{low_stock, rows, until_no_conflict};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::stock::NewLot;
use crate::store::{applied_refs, products, serials, stock};

/// What came in.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Lots put on stock.
    pub lots: u64,
    /// Units in them.
    pub units: i64,
    /// What they cost, as a decimal amount of the tenant's currency.
    pub cost: Vec<(Currency, String)>,
    /// Lots that came without a cost.
    pub lots_without_cost: u64,
    /// Products that were not known before.
    pub new_products: u64,
}

/// How to receive.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The reference to apply the list under, instead of its content's hash.
    pub reference: Option<String>,
    /// Make products that are not known, instead of refusing their rows.
    pub new_products: bool,
    /// What foreign currencies are worth.
    pub rates: Rates,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Takes a list of goods in.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn run(ctx: &Context, file: &Path, options: &Options) -> anyhow::Result<Report> {
    let source = rows::read(file)?;
    let reference = options
        .reference
        .clone()
        .unwrap_or_else(|| source.reference.clone());
    let report = until_no_conflict!(once(ctx, file, &source.text, &reference, options))?;
    if !report.dry_run && report.applied_before.is_none() {
        low_stock::refresh(ctx).await?;
    }
    Ok(report)
}

async fn once(
    ctx: &Context,
    file: &Path,
    text: &str,
    reference: &str,
    options: &Options,
) -> anyhow::Result<Report> {
    let mut tx = if options.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut report = Report {
        reference: reference.to_owned(),
        dry_run: options.dry_run,
        applied_before: applied_refs::find(&mut tx, reference).await?,
        lots: 0,
        units: 0,
        cost: Vec::new(),
        lots_without_cost: 0,
        new_products: 0,
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let List {
        mut lots,
        new_skus,
        serials,
    } = parse(ctx, &mut tx, file, text, options).await?;
    count(&mut report, &lots, new_skus.len())?;
    if options.dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    if !new_skus.is_empty() {
        let facts: Vec<products::Facts> = new_skus
            .iter()
            .map(|sku| products::Facts {
                sku: sku.clone(),
                ..products::Facts::default()
            })
            .collect();
        products::insert_many(&mut tx, &stamp, &facts, true).await?;
        let ids = products::ids_by_sku(&mut tx).await?;
        for lot in &mut lots {
            if lot.product < 0 {
                lot.product = ids[&new_skus[(-lot.product - 1) as usize]];
            }
        }
    }
    let first = stock::put_lots(&mut tx, &stamp, &lots, "received", reference).await?;
    let incoming: Vec<serials::Incoming> = serials
        .into_iter()
        .map(|(at, sku, serial)| serials::Incoming {
            product: lots[at].product,
            sku,
            serial,
            lot: first + at as i64,
        })
        .collect();
    serials::take_in(&mut tx, &stamp, &incoming, reference).await?;
    let ids: Vec<i64> = lots.iter().map(|lot| lot.product).collect();
    products::set_stocked(&mut tx, &ids).await?;
    let summary = format!("{} lots, {} units", report.lots, report.units);
    applied_refs::note(&mut tx, &stamp, reference, "receive", &summary).await?;
    let fact = Event::new(
        "stock.received",
        format!("ref:{reference}"),
        json!({ "lots": report.lots, "units": report.units }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

fn count(report: &mut Report, lots: &[NewLot], new_products: usize) -> anyhow::Result<()> {
    report.lots = lots.len() as u64;
    report.units = lots.iter().map(|lot| lot.quantity).sum();
    report.lots_without_cost = lots.iter().filter(|lot| lot.cost.is_none()).count() as u64;
    report.new_products = new_products as u64;
    let mut sums: std::collections::BTreeMap<Currency, i64> = std::collections::BTreeMap::new();
    for cost in lots.iter().filter_map(|lot| lot.cost.as_ref()) {
        let sum = sums.entry(cost.currency).or_default();
        *sum = sum.checked_add(cost.amount_minor).ok_or_else(|| {
            Fault::failed("the lots cost too large an amount together")
                .hint("look for a cost with too many digits; or receive the list in parts")
        })?;
    }
    report.cost = sums
        .into_iter()
        .map(|(currency, minor)| (currency, currency.decimal(minor)))
        .collect();
    Ok(())
}
