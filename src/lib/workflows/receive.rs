//! Goods come in by a list: each row a lot with its cost, all of them or none.
//!
//! A list is applied once: by default its content is its reference, so the same file a
//! second time is reported and changes nothing.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::rates::{Payment, Rates};
use super::rows::{self, Rows};
use super::serials::Incoming;
use super::{low_stock, until_no_conflict};
use crate::context::Context;
use crate::domain::cost::Component;
use crate::domain::money::Currency;
use crate::domain::purchase::{UnitCost, UnitCostError};
use crate::store::events::{self, Event};
use crate::store::stock::NewLot;
use crate::store::{Tx, applied_refs, kits, products, serials, stock};

const REQUIRED: &[&str] = &["sku", "lot", "received_on", "qty"];
const OPTIONAL: &[&str] = &[
    "unit_cost",
    "total_cost",
    "currency",
    "location",
    "supplier",
    "invoice",
    "serials",
];

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
    count(&mut report, &lots, new_skus.len());
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

/// What a list says has come.
struct List {
    lots: Vec<NewLot>,
    /// SKUs of products that are made.
    new_skus: Vec<String>,
    /// Serials: the place of the lot, the SKU, the serial.
    serials: Vec<(usize, String, String)>,
}

/// Reads the rows into lots. A lot of an unknown product that will be made carries the
/// negative of its place in the list of new SKUs, counted from 1.
async fn parse(
    ctx: &Context,
    tx: &mut Tx,
    file: &Path,
    text: &str,
    options: &Options,
) -> anyhow::Result<List> {
    let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
    let mut catalogue = Catalogue::load(tx, options.new_products).await?;
    let locations: HashMap<String, i64> = stock::location_codes(tx).await?.into_iter().collect();
    let mut names: HashSet<(i64, String)> = stock::lot_codes(tx).await?.into_iter().collect();
    let (mut lots, mut numbered) = (Vec::new(), Vec::new());
    let mut incoming = Incoming::default();
    for row in 0..rows.len() {
        let sku = rows.read(row, "sku", rows::key);
        let code = rows.read(row, "lot", rows::key);
        let received_on = rows.read(row, "received_on", rows::day);
        let quantity = rows.read(row, "qty", rows::units);
        let location = rows.read(row, "location", |code| {
            let code = if code.is_empty() { "main" } else { code };
            locations
                .get(code)
                .copied()
                .ok_or_else(|| format!("there is no location {code:?}"))
        });
        let paid = cost(ctx, &mut rows, row, quantity);
        let supplier = named(&mut rows, row, "supplier");
        let invoice = named(&mut rows, row, "invoice");
        let given = rows.read(row, "serials", super::serials::split);
        let (
            Some(sku),
            Some(code),
            Some(received_on),
            Some(quantity),
            Some(location),
            Some(given),
        ) = (sku, code, received_on, quantity, location, given)
        else {
            continue;
        };
        let Some(product) = catalogue.find(&mut rows, row, &sku) else {
            continue;
        };
        if !names.insert((product, code.clone())) {
            let what = format!("lot {code:?} of this product is there already");
            rows.problem(row, "lot", what);
            continue;
        }
        let tracking = catalogue.tracking(product);
        let fits = super::serials::fit(tracking, quantity, &given);
        if let Err(what) = fits.and_then(|()| incoming.note(row, product, &given)) {
            rows.problem(row, "serials", what);
            continue;
        }
        let Ok(cost) = paid
            .map(|(minor, currency)| {
                let document = invoice.clone().unwrap_or_default();
                let payment = Payment {
                    component: Component::Purchase,
                    minor,
                    currency,
                    booked_on: &received_on,
                    document: &document,
                };
                options.rates.cost(ctx.tenant.tenant.currency, payment)
            })
            .transpose()
            .map_err(|what| rows.problem(row, "currency", what))
        else {
            continue;
        };
        let of_lot = |serial| (lots.len(), sku.clone(), serial);
        numbered.extend(given.into_iter().map(of_lot));
        lots.push(NewLot {
            product,
            code,
            received_on,
            quantity,
            location,
            cost,
            supplier,
            invoice,
            parent: None,
        });
    }
    for (row, what) in incoming.known(tx).await? {
        rows.problem(row, "serials", what);
    }
    rows.finish(file)?;
    Ok(List {
        lots,
        new_skus: catalogue.new_skus,
        serials: numbered,
    })
}

/// The products that a list may name.
struct Catalogue {
    ids: HashMap<String, i64>,
    kits: HashMap<i64, Vec<(i64, i64)>>,
    tracked: HashMap<i64, String>,
    /// Whether products that are not known are made.
    makes: bool,
    new_skus: Vec<String>,
    new_ids: HashMap<String, i64>,
}

impl Catalogue {
    async fn load(tx: &mut Tx, makes: bool) -> anyhow::Result<Self> {
        Ok(Self {
            ids: products::ids_by_sku(tx).await?,
            kits: kits::kits(tx).await?,
            tracked: products::tracked(tx).await?,
            makes,
            new_skus: Vec::new(),
            new_ids: HashMap::new(),
        })
    }

    /// The product of a row, where it may have stock.
    fn find(&mut self, rows: &mut Rows, row: usize, sku: &str) -> Option<i64> {
        let known = self.ids.get(sku).or_else(|| self.new_ids.get(sku));
        let product = match known {
            Some(id) => *id,
            None if self.makes => {
                self.new_skus.push(sku.to_owned());
                let id = -(self.new_skus.len() as i64);
                self.new_ids.insert(sku.to_owned(), id);
                id
            }
            None => {
                let what = if rows.is_full() {
                    format!("unknown SKU {sku:?}")
                } else {
                    unknown_sku(sku, self.ids.keys())
                };
                rows.problem(row, "sku", what);
                return None;
            }
        };
        if self.kits.contains_key(&product) {
            let what = format!("{sku} is a kit; receive its components");
            rows.problem(row, "sku", what);
            return None;
        }
        Some(product)
    }

    fn tracking(&self, product: i64) -> &str {
        self.tracked.get(&product).map_or("none", String::as_str)
    }
}

/// A name that may be missing.
fn named(rows: &mut Rows, row: usize, column: &str) -> Option<String> {
    rows.cell(row, column)?;
    rows.read(row, column, rows::name)
}

fn unknown_sku<'a>(sku: &str, known: impl Iterator<Item = &'a String>) -> String {
    let near = known
        .map(|k| (strsim::jaro_winkler(k, sku), k))
        .filter(|(likeness, _)| *likeness > 0.9)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, near)) => format!("unknown SKU {sku:?}; did you mean {near:?}?"),
        None => format!("unknown SKU {sku:?}; --new-products makes it"),
    }
}

/// The cost of a row: `unit_cost` times the quantity, or `total_cost`, never both.
pub(super) fn cost(
    ctx: &Context,
    rows: &mut Rows,
    row: usize,
    quantity: Option<i64>,
) -> Option<(i64, Currency)> {
    let currency = match rows.cell(row, "currency") {
        None => ctx.tenant.tenant.currency,
        Some(_) => rows.read(row, "currency", |code| {
            code.parse::<Currency>().map_err(|error| error.to_string())
        })?,
    };
    let unit = rows.cell(row, "unit_cost").map(ToOwned::to_owned);
    let total = rows.cell(row, "total_cost").map(ToOwned::to_owned);
    match (unit, total) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            rows.problem(row, "total_cost", "give unit_cost or total_cost, not both");
            None
        }
        (Some(_), None) => rows
            .read(row, "unit_cost", |text| {
                let unit: UnitCost = text
                    .parse()
                    .map_err(|error: UnitCostError| error.to_string())?;
                currency
                    .extend(unit.0, quantity.unwrap_or(1))
                    .map_err(|error| error.to_string())
            })
            .map(|minor| (minor, currency)),
        (None, Some(_)) => rows
            .read(row, "total_cost", |text| {
                match currency.minor(text).map_err(|error| error.to_string())? {
                    minor if minor < 0 => Err("a cost is not negative".to_owned()),
                    minor => Ok(minor),
                }
            })
            .map(|minor| (minor, currency)),
    }
}

fn count(report: &mut Report, lots: &[NewLot], new_products: usize) {
    report.lots = lots.len() as u64;
    report.units = lots.iter().map(|lot| lot.quantity).sum();
    report.lots_without_cost = lots.iter().filter(|lot| lot.cost.is_none()).count() as u64;
    report.new_products = new_products as u64;
    let mut sums: std::collections::BTreeMap<Currency, i64> = std::collections::BTreeMap::new();
    for cost in lots.iter().filter_map(|lot| lot.cost.as_ref()) {
        *sums.entry(cost.currency).or_default() += cost.amount_minor;
    }
    report.cost = sums
        .into_iter()
        .map(|(currency, minor)| (currency, currency.decimal(minor)))
        .collect();
}
