//! What is on stock, and changes of it that no delivery and no order explains.

use serde::Serialize;
use serde_json::json;

use super::take_in::release;
use super::until_no_conflict;
use crate::context::Context;
use crate::domain::cost::{Component, Cost};
use crate::domain::money::Currency;
use crate::domain::stock::Position;
use crate::fault::Fault;
use crate::store::costs::{self, Voucher};
use crate::store::events::{self, Event};
use crate::store::stock::{BalanceRow, NewLot, Removal, SkuRow};
use crate::store::{Stamp, Tx, applied_refs, kits, products, reservations, stock};

/// A product's stock.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The totals.
    #[serde(flatten)]
    pub totals: SkuRow,
    /// Units that may be offered.
    pub sellable: i64,
    /// Its lots, oldest first, where they lie.
    pub lots: Vec<BalanceRow>,
}

/// What an adjustment did.
#[derive(Debug, Clone, Serialize)]
pub struct Adjusted {
    /// The SKU.
    pub sku: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom the reference had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Units added or removed.
    pub by: i64,
    /// Units on hand afterwards.
    pub on_hand: i64,
    /// Units of reservations that had to be given back.
    pub released: i64,
    /// The new lot, or the lots that units were taken from.
    pub lots: Vec<(String, i64)>,
}

/// An adjustment as asked for.
#[derive(Debug, Clone)]
pub struct Adjustment {
    /// The SKU.
    pub sku: String,
    /// Units to add or, negative, to remove.
    pub by: i64,
    /// Why: a reason code.
    pub reason: &'static str,
    /// The reference under which it is applied once.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Units that may be offered of a stocked product by itself.
pub fn sellable(row: &SkuRow, default_buffer: u32) -> i64 {
    Position {
        on_hand: row.on_sale,
        reserved: row.reserved,
        open_demand: row.open_demand,
        buffer: row.buffer.unwrap_or(i64::from(default_buffer)),
    }
    .sellable()
}

/// The stock of all products that are stocked, by SKU, with what may be offered.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Vec<(SkuRow, i64)>> {
    let mut tx = ctx.store.read().await?;
    let buffer = ctx.tenant.stock.buffer;
    Ok(stock::by_sku(&mut tx)
        .await?
        .into_iter()
        .filter(|row| row.stocked)
        .map(|row| {
            let units = sellable(&row, buffer);
            (row, units)
        })
        .collect())
}

/// The stock of one product, lot by lot.
///
/// # Errors
/// The SKU is unknown, or the store's.
pub async fn show(ctx: &Context, sku: &str) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let product = the_product(&mut tx, sku).await?;
    let totals = stock::by_sku(&mut tx)
        .await?
        .into_iter()
        .find(|row| row.product_id == product.id)
        .ok_or_else(|| unknown(sku))?;
    Ok(Shown {
        sellable: sellable(&totals, ctx.tenant.stock.buffer),
        totals,
        lots: stock::balances(&mut tx, product.id).await?,
    })
}

async fn the_product(tx: &mut Tx, sku: &str) -> anyhow::Result<products::Row> {
    Ok(products::by_sku(tx, sku)
        .await?
        .ok_or_else(|| unknown(sku))?)
}

fn unknown(sku: &str) -> Fault {
    Fault::failed(format!("there is no product {sku:?}"))
        .hint("`opsctl stock list` shows those there are")
}

/// Adds or removes units. Added units are a lot of their own at the cost of the newest
/// one; removed units come from what is free, oldest lot first, and only then from what is
/// promised, newest reservation first.
///
/// # Errors
/// The SKU is unknown, fewer units are on hand than are to go, or the store's.
pub async fn adjust(ctx: &Context, adjustment: &Adjustment) -> anyhow::Result<Adjusted> {
    until_no_conflict!(adjust_once(ctx, adjustment))
}

async fn adjust_once(ctx: &Context, wish: &Adjustment) -> anyhow::Result<Adjusted> {
    let mut tx = ctx.store.allocate().await?;
    let product = the_product(&mut tx, &wish.sku).await?;
    let balances = stock::balances(&mut tx, product.id).await?;
    let reference = wish
        .reference
        .clone()
        .unwrap_or_else(|| format!("adjust:{}", ctx.run));
    let on_hand: i64 = balances.iter().map(|b| b.on_hand).sum();
    let mut report = Adjusted {
        sku: wish.sku.clone(),
        dry_run: wish.dry_run,
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        by: wish.by,
        on_hand,
        released: 0,
        lots: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    if wish.by > 0 && !kits::kits_of(&mut tx, &[product.id]).await?.is_empty() {
        return Err(
            Fault::failed(format!("{} is a kit: it has no stock of its own", wish.sku))
                .hint(format!(
                    "`opsctl products show {}` names its components",
                    wish.sku
                ))
                .into(),
        );
    }
    let stamp = ctx.stamp();
    if wish.by >= 0 {
        add(
            ctx,
            &mut tx,
            &stamp,
            wish,
            product.id,
            &balances,
            &reference,
            &mut report,
        )
        .await?;
    } else {
        remove(
            &mut tx,
            &stamp,
            wish,
            product.id,
            &balances,
            &reference,
            &mut report,
        )
        .await?;
    }
    report.on_hand += wish.by;
    let summary = format!("{} by {} ({})", wish.sku, wish.by, wish.reason);
    applied_refs::note(&mut tx, &stamp, &reference, "adjust", &summary).await?;
    let fact = Event::new(
        "stock.adjusted",
        format!("sku:{}", wish.sku),
        json!({ "by": wish.by, "reason": wish.reason, "released": report.released }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

#[allow(
    clippy::too_many_arguments,
    reason = "one step of adjust_once, split off for length"
)]
async fn add(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Adjustment,
    product: i64,
    balances: &[BalanceRow],
    reference: &str,
    report: &mut Adjusted,
) -> anyhow::Result<()> {
    let day = ctx.business_day(stamp.at);
    let newest = balances.last();
    let cost = newest.and_then(|b| {
        let currency: Currency = b.currency.as_deref()?.parse().ok()?;
        let total = i128::from(b.cost_minor?) * i128::from(wish.by);
        let quantity = i128::from(b.quantity);
        // Half away from zero; a lot's cost is never negative.
        let minor = (total * 2 + quantity) / (quantity * 2);
        let minor = i64::try_from(minor).ok()?;
        Some(Cost::own(Component::Adjustment, minor, currency, &day))
    });
    let code = format!("{}-{}", wish.reason, &ctx.run);
    report.lots.push((code.clone(), wish.by));
    let lot = NewLot {
        product,
        code,
        received_on: day.clone(),
        quantity: wish.by,
        location: newest.map_or(1, |b| b.location_id),
        cost,
        supplier: None,
        invoice: None,
        parent: newest.map(|b| b.lot_id),
    };
    stock::put_lots(tx, stamp, &[lot], wish.reason, reference).await?;
    products::set_stocked(tx, &[product]).await?;
    Ok(())
}

async fn remove(
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Adjustment,
    product: i64,
    balances: &[BalanceRow],
    reference: &str,
    report: &mut Adjusted,
) -> anyhow::Result<()> {
    let units = -wish.by;
    if report.on_hand < units {
        let text = format!(
            "{} has {} units on hand, {units} cannot go",
            wish.sku, report.on_hand
        );
        return Err(Fault::failed(text)
            .hint(format!(
                "`opsctl stock show {}` shows where they lie",
                wish.sku
            ))
            .into());
    }
    let free: i64 = balances.iter().map(|b| b.on_hand - b.reserved).sum();
    let mut promised = (units - free).max(0);
    for (_, demand, _, quantity) in reservations::of_product_newest_first(tx, product).await? {
        let part = promised.min(quantity);
        if part > 0 {
            release(tx, stamp, demand, part).await?;
            promised -= part;
            report.released += part;
        }
    }
    let mut left = units;
    let mut removals = Vec::new();
    for balance in stock::balances(tx, product).await? {
        let part = left.min(balance.on_hand - balance.reserved);
        if part > 0 {
            left -= part;
            report.lots.push((balance.lot.clone(), -part));
            removals.push(Removal {
                balance: balance.id,
                lot: balance.lot_id,
                location: balance.location_id,
                units: part,
                demand: None,
            });
        }
    }
    let day = stamp.day();
    let voucher = Voucher {
        exit: costs::Exit::WriteOff,
        booked_on: &day,
        cause: reference,
    };
    stock::take_out(tx, stamp, &removals, wish.reason, voucher).await?;
    Ok(())
}
