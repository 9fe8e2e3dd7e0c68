//! The rows of a list of goods, read into lots.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Options;
use crate::context::Context;
use crate::domain::cost::{Component, Cost};
use crate::domain::money::Currency;
use crate::domain::purchase::{UnitCost, UnitCostError};
use crate::store::stock::NewLot;
use crate::store::{Tx, invoices, kits, products, stock};
use crate::workflows::rates::Payment;
use crate::workflows::rows::{self, Rows};
use crate::workflows::serials::{self, Incoming};

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

/// What a list says has come.
pub(super) struct List {
    /// The lots.
    pub lots: Vec<NewLot>,
    /// SKUs of products that are made.
    pub new_skus: Vec<String>,
    /// Serials: the place of the lot, the SKU, the serial.
    pub serials: Vec<(usize, String, String)>,
}

/// Reads the rows into lots. A lot of an unknown product that will be made carries the
/// negative of its place in the list of new SKUs, counted from 1.
pub(super) async fn parse(
    ctx: &Context,
    tx: &mut Tx,
    file: &Path,
    text: &str,
    options: &Options,
) -> anyhow::Result<List> {
    let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
    let mut catalogue = Catalogue::load(tx, options.new_products).await?;
    let locations: HashMap<String, i64> = stock::location_codes(tx).await?.into_iter().collect();
    let main = locations.get("main").copied().unwrap_or(1);
    let mut names: HashSet<(i64, String)> = stock::lot_codes(tx).await?.into_iter().collect();
    let today = ctx.stamp().day();
    let (mut lots, mut numbered) = (Vec::new(), Vec::new());
    let mut to_home = Vec::new();
    let mut incoming = Incoming::default();
    for row in 0..rows.len() {
        let Some(cells) = Cells::read(ctx, &mut rows, row, &locations, &today) else {
            continue;
        };
        let Some(product) = catalogue.find(&mut rows, row, &cells.sku) else {
            continue;
        };
        if !names.insert((product, cells.code.clone())) {
            let what = format!("lot {:?} of this product is there already", cells.code);
            rows.problem(row, "lot", what);
            continue;
        }
        let tracking = catalogue.tracking(product);
        let fits = serials::fit(tracking, cells.quantity, &cells.serials);
        if let Err(what) = fits.and_then(|()| incoming.note(row, product, &cells.serials)) {
            rows.problem(row, "serials", what);
            continue;
        }
        let Ok(cost) = cells
            .cost(ctx, options)
            .map_err(|what| rows.problem(row, "currency", what))
        else {
            continue;
        };
        let of_lot = |serial| (lots.len(), cells.sku.clone(), serial);
        numbered.extend(cells.serials.into_iter().map(of_lot));
        if cells.location.is_none() {
            to_home.push(lots.len());
        }
        lots.push(NewLot {
            product,
            code: cells.code,
            received_on: cells.received_on,
            quantity: cells.quantity,
            location: cells.location.unwrap_or(main),
            cost,
            supplier: cells.supplier,
            invoice: cells.invoice,
            parent: None,
        });
    }
    for (row, what) in incoming.known(tx).await? {
        rows.problem(row, "serials", what);
    }
    rows.finish(file)?;
    put_home(tx, &mut lots, &to_home).await?;
    Ok(List {
        lots,
        new_skus: catalogue.new_skus,
        serials: numbered,
    })
}

/// Puts lots, by their places, where their products are at home.
async fn put_home(tx: &mut Tx, lots: &mut [NewLot], places: &[usize]) -> anyhow::Result<()> {
    let mut products: Vec<i64> = places.iter().map(|at| lots[*at].product).collect();
    products.sort_unstable();
    products.dedup();
    let homes: HashMap<i64, i64> = invoices::homes(tx, &products).await?.into_iter().collect();
    for at in places {
        if let Some(home) = homes.get(&lots[*at].product) {
            lots[*at].location = *home;
        }
    }
    Ok(())
}

/// What a row says.
struct Cells {
    sku: String,
    code: String,
    received_on: String,
    quantity: i64,
    /// None: where the product is at home.
    location: Option<i64>,
    paid: Option<(i64, Currency)>,
    supplier: Option<String>,
    invoice: Option<String>,
    serials: Vec<String>,
}

impl Cells {
    fn read(
        ctx: &Context,
        rows: &mut Rows,
        row: usize,
        locations: &HashMap<String, i64>,
        today: &str,
    ) -> Option<Self> {
        let sku = rows.read(row, "sku", rows::key);
        let code = rows.read(row, "lot", rows::key);
        let received_on = rows.read(row, "received_on", |text| rows::past_day(text, today));
        let quantity = rows.read(row, "qty", rows::units);
        let location = rows.optional(row, "location", |code| {
            let id = locations.get(code).copied();
            id.ok_or_else(|| format!("there is no location {code:?}"))
        });
        let paid = cost(ctx, rows, row, quantity);
        let supplier = rows.optional(row, "supplier", rows::name);
        let invoice = rows.optional(row, "invoice", rows::name);
        let serials = rows.read(row, "serials", serials::split);
        Some(Self {
            sku: sku?,
            code: code?,
            received_on: received_on?,
            quantity: quantity?,
            location,
            paid,
            supplier,
            invoice,
            serials: serials?,
        })
    }

    /// What the row's lot cost.
    fn cost(&self, ctx: &Context, options: &Options) -> Result<Option<Cost>, String> {
        let Some((minor, currency)) = self.paid else {
            return Ok(None);
        };
        let payment = Payment {
            component: Component::Purchase,
            minor,
            currency,
            booked_on: &self.received_on,
            document: self.invoice.as_deref().unwrap_or_default(),
        };
        let own = ctx.tenant.tenant.currency;
        options.rates.cost(own, payment).map(Some)
    }
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
pub(in crate::workflows) fn cost(
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
