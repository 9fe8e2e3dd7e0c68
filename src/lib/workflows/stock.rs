//! What is on stock, and changes of it that no delivery and no order explains.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::json;

use super::serials;
use super::until_no_conflict;
use super::withdrawal::Promises;
use crate::context::Context;
use crate::domain::cost::{Component, Cost};
use crate::domain::stock::Position;
use crate::fault::Fault;
use crate::store::costs::{self, Standing, Voucher};
use crate::store::events::{self, Event};
use crate::store::serials as store_serials;
use crate::store::stock::{BalanceRow, NewLot, Place, Removal, SkuRow};
use crate::store::{Stamp, Tx, applied_refs, kits, products, stock};

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
    /// The serials of the units, where the product has them.
    pub serials: Vec<String>,
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

/// The product with that SKU.
///
/// # Errors
/// There is none, or the store's.
pub(super) async fn the_product(tx: &mut Tx, sku: &str) -> anyhow::Result<products::Row> {
    Ok(products::by_sku(tx, sku)
        .await?
        .ok_or_else(|| unknown(sku))?)
}

pub(super) fn unknown(sku: &str) -> Fault {
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
    let places = stock::places(&mut tx, &[product.id]).await?;
    let reference = wish
        .reference
        .clone()
        .unwrap_or_else(|| format!("adjust:{}", ctx.run));
    let mut report = Adjusted {
        sku: wish.sku.clone(),
        dry_run: wish.dry_run,
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        by: wish.by,
        on_hand: places.iter().map(|place| place.on_hand).sum(),
        released: 0,
        lots: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    serials::fit(&product.tracking, wish.by.abs(), &wish.serials)
        .map_err(|why| Fault::usage(why).hint("name the units with --serial S1,S2"))?;
    let stamp = ctx.stamp();
    if wish.by >= 0 {
        refuse_kit(&mut tx, &product).await?;
        add(
            &mut tx,
            &stamp,
            wish,
            product.id,
            &places,
            &reference,
            &mut report,
        )
        .await?;
    } else {
        remove(&mut tx, &stamp, wish, &places, &reference, &mut report).await?;
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

/// A kit has no stock of its own.
///
/// # Errors
/// The product is a kit, or the store's.
pub(super) async fn refuse_kit(tx: &mut Tx, product: &products::Row) -> anyhow::Result<()> {
    if kits::kits_of(tx, &[product.id]).await?.is_empty() {
        return Ok(());
    }
    let sku = &product.sku;
    let hint = format!("`opsctl products show {sku}` names its components");
    let fault = Fault::failed(format!("{sku} is a kit: it has no stock of its own"));
    Err(fault.hint(hint).into())
}

/// What units cost that are found: as much as those of the lot they are thought to be of;
/// half a minor unit goes away from zero.
pub(super) fn gain_cost(of: &Standing, units: i64, day: &str) -> Option<Cost> {
    let currency = of.currency.parse().ok()?;
    let total = i128::from(of.cost_minor) * i128::from(units) * 2;
    let quantity = i128::from(of.quantity);
    let away = if total < 0 { -quantity } else { quantity };
    let minor = i64::try_from((total + away) / (quantity * 2)).ok()?;
    Some(Cost::own(Component::Adjustment, minor, currency, day))
}

async fn add(
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Adjustment,
    product: i64,
    places: &[Place],
    reference: &str,
    report: &mut Adjusted,
) -> anyhow::Result<()> {
    let day = stamp.day();
    let newest = places.last();
    // Beside what lies where it is sold from, not where the newest lot once lay.
    let sold_from = |place: &&Place| place.sellable && place.on_hand > 0;
    let beside = places.iter().rev().find(sold_from).or(newest);
    let lot: Vec<i64> = newest.iter().map(|place| place.lot_id).collect();
    let standing = costs::of_lots(tx, &lot).await?;
    let code = format!("{}-{}", wish.reason, stamp.run);
    report.lots.push((code.clone(), wish.by));
    let lot = NewLot {
        product,
        code,
        cost: standing.first().and_then(|of| gain_cost(of, wish.by, &day)),
        received_on: day,
        quantity: wish.by,
        location: beside.map_or(1, |place| place.location_id),
        supplier: None,
        invoice: None,
        parent: newest.map(|place| place.lot_id),
    };
    let lot = stock::put_lots(tx, stamp, &[lot], wish.reason, reference).await?;
    products::set_stocked(tx, &[product]).await?;
    serials::found(
        tx,
        stamp,
        (product, &wish.sku),
        &wish.serials,
        lot,
        reference,
    )
    .await
}

async fn remove(
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Adjustment,
    places: &[Place],
    reference: &str,
    report: &mut Adjusted,
) -> anyhow::Result<()> {
    let units = -wish.by;
    let promises = Promises::load(tx, places).await?;
    let gone = serials::in_house(tx, &wish.sku, &wish.serials).await?;
    let mut lots: BTreeMap<Option<i64>, i64> = BTreeMap::new();
    if gone.is_empty() {
        lots.insert(None, units);
    }
    for serial in &gone {
        *lots.entry(Some(serial.lot_id)).or_default() += 1;
        let fact = (
            "serial.written_off",
            json!({ "reason": wish.reason, "cause": reference }),
        );
        store_serials::set_in_house(tx, stamp, serial, serial.lot_id, false, fact).await?;
    }
    for (lot, units) in lots {
        let of_lot = |place: &&Place| lot.is_none_or(|lot| lot == place.lot_id);
        let from: Vec<&Place> = places.iter().filter(of_lot).collect();
        remove_from(
            tx,
            stamp,
            wish,
            (&promises, places, &from),
            units,
            reference,
            report,
        )
        .await?;
    }
    Ok(())
}

async fn remove_from(
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Adjustment,
    (promises, places, from): (&Promises, &[Place], &[&Place]),
    units: i64,
    reference: &str,
    report: &mut Adjusted,
) -> anyhow::Result<()> {
    let gone = promises.withdraw(from, units).map_err(|_| {
        let text = format!(
            "{} has {} units on hand, {units} cannot go",
            wish.sku, report.on_hand
        );
        Fault::failed(text).hint(format!(
            "`opsctl stock show {}` shows where they lie",
            wish.sku
        ))
    })?;
    promises.release(tx, stamp, &gone.promised).await?;
    report.released += gone.promised_units();
    let removals = removals(places, &gone.parts);
    for place in places {
        let of = removals.iter().find(|r| r.balance == place.id);
        report
            .lots
            .extend(of.map(|r| (place.lot.clone(), -r.units)));
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

/// Units of balances as what leaves the house, for no order.
pub(super) fn removals(places: &[Place], parts: &[(i64, i64)]) -> Vec<Removal> {
    let by_id: HashMap<i64, &Place> = places.iter().map(|place| (place.id, place)).collect();
    let removal = |(balance, units): &(i64, i64)| {
        let place = by_id.get(balance)?;
        Some(Removal {
            balance: *balance,
            lot: place.lot_id,
            location: place.location_id,
            units: *units,
            demand: None,
        })
    };
    parts.iter().filter_map(removal).collect()
}
