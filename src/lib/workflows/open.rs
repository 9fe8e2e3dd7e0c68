//! Takes a running shop's stock over, once: what opsctl finds on hand at the start.
//!
//! The shop's quantity is what it may still sell; units of orders that have not been sent
//! lie on the shelf as well. So the opening quantity is the shop's quantity plus what its
//! unshipped orders have already taken off, both of one moment: after the quantities have
//! been read the orders are looked at again, and whatever a new or changed order touches is
//! read once more, until nothing has moved in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::rates::{Payment, Rates};
use super::receive;
use super::rows::{self, Rows};
use super::sync::{ChannelRun, Options as SyncOptions};
use crate::config::WooCommerce;
use crate::context::Context;
use crate::domain::cost::Component;
use crate::domain::money::Currency;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::stock::NewLot;
use crate::store::{Tx, applied_refs, channels, kits, listings, orders, products, stock};

/// The name of the lots that are opened with.
const LOT: &str = "OPENING";

/// Quantities are read again for so long before the shop counts as too busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to take a shop over.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A CSV file of unit costs by SKU.
    pub costs: Option<PathBuf>,
    /// What foreign currencies are worth.
    pub rates: Rates,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was taken over.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The channel.
    pub channel: String,
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom the stock had been taken over before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// The moment that the quantities are of, by the shop's clock.
    pub cut_off: Option<UtcMs>,
    /// Lots made, one a product.
    pub lots: u64,
    /// Units in them.
    pub units: i64,
    /// What they cost, by currency, as decimal amounts.
    pub cost: Vec<(Currency, String)>,
    /// Lots whose cost is not known.
    pub lots_without_cost: u64,
    /// Each product: the two terms and their sum.
    pub rows: Vec<Row>,
    /// Products that were left as they are.
    pub skipped: Vec<Skipped>,
    /// Lines of unshipped orders whose product is not known.
    pub unknown_lines: u64,
}

/// What a product is opened with.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Row {
    /// The SKU.
    pub sku: String,
    /// The quantity in the shop.
    pub in_shop: i64,
    /// Units that its unshipped orders have already taken off.
    pub taken_off: i64,
    /// Their sum: what lies on the shelf.
    pub opening: i64,
}

/// A product that was left as it is.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Skipped {
    /// The SKU.
    pub sku: String,
    /// Why.
    pub why: String,
}

/// Takes the stock of a channel over.
///
/// # Errors
/// The shop is out of reach, too busy, or has orders whose status nobody has mapped; the
/// cost file is broken; or the store's. Nothing of the stock is taken over then.
pub async fn run(
    ctx: &Context,
    channel: &str,
    shop: &WooCommerce,
    options: &Options,
) -> anyhow::Result<Report> {
    let mut report = Report {
        channel: channel.to_owned(),
        reference: format!("open:{channel}"),
        dry_run: options.dry_run,
        applied_before: None,
        cut_off: None,
        lots: 0,
        units: 0,
        cost: Vec::new(),
        lots_without_cost: 0,
        rows: Vec::new(),
        skipped: Vec::new(),
        unknown_lines: 0,
    };
    let mut tx = ctx.store.read().await?;
    report.applied_before = applied_refs::find(&mut tx, &report.reference).await?;
    drop(tx);
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let costs = match &options.costs {
        Some(file) => Some((file.clone(), rows::read(file)?.text)),
        None => None,
    };
    let sync = SyncOptions {
        dry_run: options.dry_run,
        ..SyncOptions::default()
    };
    let mut channel = ChannelRun::start(ctx, channel, shop, sync).await?;
    channel.pull().await?;
    whole(&channel)?;
    let (cut_off, quantities) = look(ctx, &mut channel).await?;
    report.cut_off = Some(cut_off);

    // A rehearsal may take its time, and holds nobody up.
    let mut tx = if options.dry_run {
        ctx.store.begin().await?
    } else {
        ctx.store.allocate().await?
    };
    if options.dry_run {
        channel.rehearse_pull(&mut tx).await?;
    }
    let account = channel.account.id;
    let mut lots = decide(&mut tx, account, &quantities, &mut report).await?;
    let day = ctx.business_day(cut_off);
    for lot in &mut lots {
        lot.received_on.clone_from(&day);
    }
    if let Some((file, text)) = costs {
        let source = Pricing {
            rates: &options.rates,
            file: &file,
            text: &text,
        };
        report.cost = price(ctx, &mut tx, &source, &mut lots).await?;
    }
    report.lots = lots.len() as u64;
    report.units = lots.iter().map(|lot| lot.quantity).sum();
    report.lots_without_cost = lots.iter().filter(|lot| lot.cost.is_none()).count() as u64;
    if options.dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    stock::put_lots(&mut tx, &stamp, &lots, "opened", &report.reference).await?;
    channels::set_opened(&mut tx, account, cut_off).await?;
    let summary = format!("{} lots, {} units", report.lots, report.units);
    applied_refs::note(&mut tx, &stamp, &report.reference, "open", &summary).await?;
    let fact = Event::new(
        "stock.opened",
        format!("channel:{}", report.channel),
        json!({ "lots": report.lots, "units": report.units, "cut_off": cut_off }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// Nothing has failed so far: what an order that could not be read has taken off would be
/// missing from the shelf for good.
fn whole(channel: &ChannelRun<'_>) -> Result<(), Fault> {
    match channel.report.failures.first() {
        None => Ok(()),
        Some(failure) => Err(Fault::failed(format!(
            "the shop cannot be taken over yet: {failure}"
        ))
        .hint("`opsctl sync` must go through without a failure first")),
    }
}

/// The quantities of all listings that keep their own stock, by the shop's id, and the
/// moment they are of: no order has changed any of them between the looks around it.
async fn look(
    ctx: &Context,
    channel: &mut ChannelRun<'_>,
) -> anyhow::Result<(UtcMs, HashMap<String, i64>)> {
    let mut quantities = HashMap::new();
    let mut unread: Option<BTreeSet<String>> = None;
    let started = Instant::now();
    channel.changed_orders.clear();
    while started.elapsed() < PATIENCE {
        quantities.extend(channel.quantities(unread.as_ref()).await?);
        let cut_off = channel.look_again().await?;
        whole(channel)?;
        // Where the list moved, what changed in it is kept for the next round.
        let Some(cut_off) = cut_off else {
            continue;
        };
        // A dry run stores nothing that a later look could be told apart from.
        let mut tx = ctx.store.read().await?;
        let changed =
            orders::items_of(&mut tx, channel.account.id, &channel.changed_orders).await?;
        if changed.is_empty() {
            return Ok((cut_off, quantities));
        }
        let touched: BTreeSet<String> = changed.into_iter().collect();
        let rows = listings::all(&mut tx, channel.account.id).await?;
        let parents = rows
            .iter()
            .filter(|row| row.stock == "parent" && touched.contains(&row.external_id))
            .filter_map(|row| row.parent_external_id.clone());
        unread = Some(parents.chain(touched.iter().cloned()).collect());
        channel.changed_orders.clear();
    }
    Err(
        Fault::try_again("the shop sells too fast to take its stock over at one moment")
            .hint("run the command again in a quieter hour")
            .into(),
    )
}

/// Decides what each product is opened with.
async fn decide(
    tx: &mut Tx,
    account: i64,
    quantities: &HashMap<String, i64>,
    report: &mut Report,
) -> anyhow::Result<Vec<NewLot>> {
    let taken_off = taken_off(tx, account, report).await?;
    let kits = kits::kits(tx).await?;
    let by_product: HashMap<i64, stock::SkuRow> = stock::by_sku(tx)
        .await?
        .into_iter()
        .map(|row| (row.product_id, row))
        .collect();
    let mut lots: BTreeMap<String, NewLot> = BTreeMap::new();
    for listing in listings::all(tx, account).await? {
        let quantity = quantities.get(&listing.external_id).copied();
        let (Some(in_shop), Some(id)) = (quantity.filter(|_| !listing.gone), listing.product_id)
        else {
            continue;
        };
        let Some(product) = by_product.get(&id) else {
            continue;
        };
        let off = taken_off.get(&id).copied().unwrap_or(0);
        let row = Row {
            sku: product.sku.clone(),
            in_shop,
            taken_off: off,
            opening: in_shop + off,
        };
        let skip = if kits.contains_key(&id) {
            Some("a kit: its components are what is stocked".to_owned())
        } else if product.has_lots {
            Some("it has lots here already".to_owned())
        } else if row.opening < 0 {
            Some(format!(
                "the shop says {in_shop}, and its orders account for {off} of that"
            ))
        } else {
            None
        };
        if let Some(why) = skip {
            let sku = row.sku;
            report.skipped.push(Skipped { sku, why });
            continue;
        }
        if row.opening > 0 {
            lots.insert(row.sku.clone(), opening_lot(id, row.opening));
        }
        report.rows.push(row);
    }
    report.rows.sort_by(|a, b| a.sku.cmp(&b.sku));
    Ok(lots.into_values().collect())
}

fn opening_lot(product: i64, quantity: i64) -> NewLot {
    NewLot {
        product,
        code: LOT.to_owned(),
        received_on: String::new(),
        quantity,
        location: 1,
        cost: None,
        supplier: None,
        invoice: None,
        parent: None,
    }
}

/// Units that unshipped orders have taken off, by the product whose stock it is.
async fn taken_off(
    tx: &mut Tx,
    account: i64,
    report: &mut Report,
) -> anyhow::Result<HashMap<i64, i64>> {
    let parents = kits::parents(tx).await?;
    let mut units: HashMap<i64, i64> = HashMap::new();
    let mut unmapped: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in orders::reduced(tx, account).await? {
        if line.rule == "unknown" {
            unmapped.entry(line.status).or_default().insert(line.number);
            continue;
        }
        match line.product_id {
            Some(product) => {
                let holder = parents.get(&product).copied().unwrap_or(product);
                *units.entry(holder).or_default() += line.units;
            }
            None => report.unknown_lines += 1,
        }
    }
    if unmapped.is_empty() {
        return Ok(units);
    }
    let told: Vec<String> = unmapped
        .iter()
        .map(|(status, orders)| format!("{status:?} ({} orders)", orders.len()))
        .collect();
    Err(Fault::usage(format!(
        "orders hold stock in a status that nobody has mapped: {}",
        told.join(", ")
    ))
    .hint(format!(
        "say under [channels.{}.statuses] what it means: ship, reserve, none, shipped or closed",
        report.channel
    ))
    .into())
}

/// Where the costs of an opening come from.
struct Pricing<'a> {
    rates: &'a Rates,
    file: &'a std::path::Path,
    text: &'a str,
}

/// Gives the lots their costs by a file of `sku,unit_cost[,currency]`.
async fn price(
    ctx: &Context,
    tx: &mut Tx,
    source: &Pricing<'_>,
    lots: &mut [NewLot],
) -> anyhow::Result<Vec<(Currency, String)>> {
    let mut rows = Rows::parse(source.text, &["sku", "unit_cost"], &["currency"])?;
    let ids = products::ids_by_sku(tx).await?;
    let mut by_product: HashMap<i64, &mut NewLot> =
        lots.iter_mut().map(|lot| (lot.product, lot)).collect();
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for row in 0..rows.len() {
        let Some(sku) = rows.read(row, "sku", rows::key) else {
            continue;
        };
        let Some(product) = ids.get(&sku) else {
            rows.problem(row, "sku", format!("unknown SKU {sku:?}"));
            continue;
        };
        let quantity = by_product.get(product).map(|lot| lot.quantity);
        let cost = receive::cost(ctx, &mut rows, row, quantity);
        let (Some(lot), Some((minor, currency))) = (by_product.get_mut(product), cost) else {
            continue;
        };
        let payment = Payment {
            component: Component::Purchase,
            minor,
            currency,
            booked_on: &lot.received_on,
            document: LOT,
        };
        match source.rates.cost(ctx.tenant.tenant.currency, payment) {
            Err(what) => rows.problem(row, "currency", what),
            Ok(cost) => {
                *sums.entry(cost.currency).or_default() += cost.amount_minor;
                if lot.cost.replace(cost).is_some() {
                    rows.problem(row, "sku", format!("{sku:?} is there twice"));
                }
            }
        }
    }
    rows.finish(source.file).context("the cost file")?;
    Ok(sums
        .into_iter()
        .map(|(currency, minor)| (currency, currency.decimal(minor)))
        .collect())
}
