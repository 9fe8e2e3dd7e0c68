//! Orders by hand, and what is known of an order.

use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use serde::Serialize;

use super::rows::{self, Rows};
use super::take_in::{self, Catalogue, Incoming};
use super::until_no_conflict;
use crate::context::Context;
use crate::domain::money::Currency;
use crate::domain::order::{Address, ShopLine, ShopOrder, StatusRule};
use crate::domain::time::UtcMs;
use crate::store::channels::{self, MANUAL};
use crate::store::orders::{LineRow, Summary};
use crate::store::{Stamp, Tx, applied_refs, orders, payments};

pub(super) use super::the_order::exactly_one;
pub use super::the_order::the_one;

const REQUIRED: &[&str] = &["order", "placed_at", "sku", "qty"];
const OPTIONAL: &[&str] = &[
    "unit_price",
    "currency",
    "customer",
    "email",
    "ship_to_name",
    "ship_to_company",
    "ship_to_line1",
    "ship_to_line2",
    "ship_to_city",
    "ship_to_state",
    "ship_to_postcode",
    "ship_to_country",
    "ship_to_phone",
    "shipping",
    "tax",
    "terms",
    "po_number",
    "service",
    "promised_on",
];

/// What an import did.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Orders taken in.
    pub orders: u64,
    /// Their lines.
    pub lines: u64,
    /// Units ordered.
    pub units: i64,
}

/// An order with everything known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// The order.
    #[serde(flatten)]
    pub summary: Summary,
    /// Its lines.
    pub lines: Vec<LineRow>,
    /// Payments: method, minor units, when.
    pub payments: Vec<(String, i64, UtcMs)>,
    /// Refunds: reason, minor units, when.
    pub refunds: Vec<(String, i64, UtcMs)>,
}

/// Takes orders in from a file, all of them or none.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn import(
    ctx: &Context,
    file: &Path,
    reference: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Imported> {
    let source = rows::read(file)?;
    let reference = reference.unwrap_or(&source.reference);
    until_no_conflict!(once(ctx, file, &source.text, reference, dry_run))
}

async fn once(
    ctx: &Context,
    file: &Path,
    text: &str,
    reference: &str,
    dry_run: bool,
) -> anyhow::Result<Imported> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut report = Imported {
        reference: reference.to_owned(),
        dry_run,
        applied_before: applied_refs::find(&mut tx, reference).await?,
        orders: 0,
        lines: 0,
        units: 0,
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let catalogue = Catalogue::load(&mut tx).await?;
    let stamp = ctx.stamp();
    let list = parse(ctx, &mut tx, file, text, &catalogue, &stamp).await?;
    report.orders = list.len() as u64;
    let lines = || list.iter().flat_map(|order| &order.lines);
    report.lines = lines().count() as u64;
    report.units = lines().map(|line| line.quantity).sum();
    if dry_run {
        return Ok(report);
    }
    let account = channels::account(&mut tx, MANUAL, MANUAL, "").await?;
    for order in list {
        let incoming = Incoming {
            order,
            refunds: Vec::new(),
            rule: Some(StatusRule::Ship),
        };
        take_in::one(&mut tx, &stamp, &account, &incoming, &catalogue).await?;
    }
    let summary = format!("{} orders, {} lines", report.orders, report.lines);
    applied_refs::note(&mut tx, &stamp, reference, "orders", &summary).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

async fn parse(
    ctx: &Context,
    tx: &mut Tx,
    file: &Path,
    text: &str,
    catalogue: &Catalogue,
    stamp: &Stamp,
) -> anyhow::Result<Vec<ShopOrder>> {
    let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
    let mut list: Vec<ShopOrder> = Vec::new();
    let mut at: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for row in 0..rows.len() {
        let number = rows.read(row, "order", rows::key);
        let placed_at = rows.read(row, "placed_at", |text| when(ctx, text));
        let sku = rows.read(row, "sku", rows::key);
        let quantity = rows.read(row, "qty", rows::units);
        let currency = rows.read(row, "currency", |text| match text {
            "" => Ok(ctx.tenant.tenant.currency),
            code => code.parse::<Currency>().map_err(|error| error.to_string()),
        });
        let (Some(number), Some(placed_at), Some(sku), Some(quantity), Some(currency)) =
            (number, placed_at, sku, quantity, currency)
        else {
            continue;
        };
        if !catalogue.by_sku.contains_key(&sku) {
            rows.problem(row, "sku", format!("unknown SKU {sku:?}"));
        }
        let price = amount(&mut rows, row, "unit_price", currency).unwrap_or(0);
        let index = match at.get(&number) {
            Some(index) => *index,
            None => {
                if !orders::find(tx, &format!("{MANUAL}:{number}"))
                    .await?
                    .is_empty()
                {
                    rows.problem(row, "order", format!("order {number} is there already"));
                }
                list.push(head(&mut rows, row, &number, placed_at, currency, stamp));
                at.insert(number, list.len() - 1);
                list.len() - 1
            }
        };
        let order = &mut list[index];
        if order.placed_at != placed_at || order.currency != currency {
            rows.problem(
                row,
                "order",
                "placed_at or currency differ from the order's first row",
            );
        }
        let total_minor = price.checked_mul(quantity).unwrap_or_else(|| {
            rows.problem(row, "unit_price", "the line's total is too large");
            0
        });
        order.lines.push(ShopLine {
            external_id: (order.lines.len() + 1).to_string(),
            item_external_id: None,
            title: sku.clone(),
            sku: Some(sku),
            quantity,
            total_minor,
            tax_minor: 0,
            reduced_stock: 0,
        });
        match order.total_minor.checked_add(total_minor) {
            Some(total) => order.total_minor = total,
            None => rows.problem(row, "unit_price", "the order's total is too large"),
        }
    }
    rows.finish(file)?;
    Ok(list)
}

fn head(
    rows: &mut Rows,
    row: usize,
    number: &str,
    placed_at: UtcMs,
    currency: Currency,
    stamp: &Stamp,
) -> ShopOrder {
    let shipping_minor = amount(rows, row, "shipping", currency).unwrap_or(0);
    let tax_minor = amount(rows, row, "tax", currency).unwrap_or(0);
    let total_minor = shipping_minor.checked_add(tax_minor).unwrap_or_else(|| {
        rows.problem(row, "tax", "the order's total is too large");
        0
    });
    let promised_on = rows.optional(row, "promised_on", rows::day);
    let mut text = |column: &str| {
        let text = rows.cell(row, column).unwrap_or_default().to_owned();
        if text.contains('\0') {
            rows.problem(row, column, "has control characters");
        }
        text
    };
    ShopOrder {
        external_id: number.to_owned(),
        number: number.to_owned(),
        status: "processing".to_owned(),
        currency,
        placed_at,
        modified_at: stamp.at,
        completed_at: None,
        customer: text("customer"),
        email: text("email"),
        ship_to: Address {
            name: text("ship_to_name"),
            company: text("ship_to_company"),
            line1: text("ship_to_line1"),
            line2: text("ship_to_line2"),
            city: text("ship_to_city"),
            state: text("ship_to_state"),
            postcode: text("ship_to_postcode"),
            country: text("ship_to_country"),
            phone: text("ship_to_phone"),
        },
        note: String::new(),
        terms: text("terms"),
        po_number: text("po_number"),
        service: text("service"),
        promised_on,
        shipping_minor,
        tax_minor,
        total_minor,
        lines: Vec::new(),
        payments: Vec::new(),
        refund_ids: Vec::new(),
    }
}

/// An amount that may be missing, never negative.
fn amount(rows: &mut Rows, row: usize, column: &str, currency: Currency) -> Option<i64> {
    rows.cell(row, column)?;
    rows.read(row, column, |text| {
        match currency.minor(text).map_err(|error| error.to_string())? {
            minor if minor < 0 => Err("an amount is not negative".to_owned()),
            minor => Ok(minor),
        }
    })
}

/// A point in time: RFC 3339, or a day or a local time in the tenant's zone.
pub(super) fn when(ctx: &Context, text: &str) -> Result<UtcMs, String> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(UtcMs(at.timestamp_millis()));
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
        .ok()
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .and_then(|day| day.and_hms_opt(0, 0, 0))
        })
        .ok_or_else(|| format!("{text:?} is not a time, such as 2026-11-24 or 2026-11-24 09:30"))?;
    ctx.tenant
        .tenant
        .timezone
        .from_local_datetime(&local)
        .earliest()
        .map(|at| UtcMs(at.timestamp_millis()))
        .ok_or_else(|| format!("{text} does not exist in {}", ctx.tenant.tenant.timezone))
}

/// Everything known of an order.
///
/// # Errors
/// There is no such order, or the store's.
pub async fn show(ctx: &Context, reference: &str) -> anyhow::Result<Detail> {
    let summary = the_one(ctx, reference).await?;
    let mut tx = ctx.store.read().await?;
    let dated = |rows: Vec<(String, i64, i64)>| -> Vec<(String, i64, UtcMs)> {
        rows.into_iter()
            .map(|(word, minor, at)| (word, minor, UtcMs(at)))
            .collect()
    };
    Ok(Detail {
        lines: orders::line_rows(&mut tx, summary.id).await?,
        payments: dated(payments::of_order(&mut tx, summary.id).await?),
        refunds: dated(payments::refunds(&mut tx, summary.id).await?),
        summary,
    })
}

/// The newest orders, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, status: Option<&str>, limit: i64) -> anyhow::Result<Vec<Summary>> {
    let mut tx = ctx.store.read().await?;
    Ok(orders::list(&mut tx, status, limit).await?)
}
