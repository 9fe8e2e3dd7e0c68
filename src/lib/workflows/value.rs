//! What the stock is worth at what it cost, now or at the end of a day.
//!
//! From what lies there now, what has moved since is taken back. A lot counts from the day
//! it came in, a cost from the day it is booked on; what of a lot had left has taken its
//! share of the cost along.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeZone};
use serde::Serialize;

use crate::context::Context;
use crate::domain::cost::between;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::{stock, value};

/// By what the value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A row for each SKU.
    Sku,
    /// A row for each lot.
    Lot,
    /// A row for each location.
    Location,
}

/// What the stock is worth.
#[derive(Debug, Clone, Serialize)]
pub struct Valued {
    /// The day at whose end it was so; none: now.
    pub as_of: Option<String>,
    /// By what it is told.
    pub by: By,
    /// The rows.
    pub rows: Vec<Row>,
    /// Units in all.
    pub units: i64,
    /// Their cost by currency, in minor units.
    pub cost: Vec<(String, i64)>,
    /// Units whose cost is not known.
    pub units_without_cost: i64,
}

/// One row.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Row {
    /// The SKU; empty for a location.
    pub sku: String,
    /// The lot, where it is told by lot.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// The day the lot came in, where it is told by lot.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub received_on: String,
    /// The location, where it is told by location.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// Units.
    pub units: i64,
    /// What they cost, in minor units.
    pub cost_minor: i64,
    /// In which currency; empty where no cost is known.
    pub currency: String,
}

/// Values the stock.
///
/// # Errors
/// The day is not one, or the store's.
pub async fn run(ctx: &Context, as_of: Option<&str>, by: By) -> anyhow::Result<Valued> {
    let since = as_of.map(|day| end_of(ctx, day)).transpose()?;
    let (known, units) = tokio::try_join!(known(ctx, as_of), units(ctx, since))?;
    let Known {
        lots,
        products,
        locations,
    } = known;

    let mut rows: BTreeMap<(String, String, String), Row> = BTreeMap::new();
    let mut valued = Valued {
        as_of: as_of.map(ToOwned::to_owned),
        by,
        rows: Vec::new(),
        units: 0,
        cost: Vec::new(),
        units_without_cost: 0,
    };
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for lot in lots {
        let Some(places) = units.get(&lot.id) else {
            continue;
        };
        let there: i64 = places.iter().map(|(_, units)| units).sum();
        let mut before = lot.quantity - there;
        let currency = lot.currency.clone().unwrap_or_default();
        for (location, units) in places {
            let cost = between(lot.cost_minor, lot.quantity, before, *units);
            before += units;
            valued.units += units;
            if currency.is_empty() {
                valued.units_without_cost += units;
            } else {
                *sums.entry(currency.clone()).or_default() += cost;
            }
            let sku = products.get(&lot.product).map_or("", String::as_str);
            let location = locations.get(location).map_or("", String::as_str);
            let (sku, code, received_on, location) = match by {
                By::Sku => (sku, "", "", ""),
                By::Lot => (sku, lot.code.as_str(), lot.received_on.as_str(), ""),
                By::Location => ("", "", "", location),
            };
            let key = format!("{sku}\0{received_on}\0{code}\0{location}");
            let row = rows
                .entry((key, currency.clone(), String::new()))
                .or_insert_with(|| Row {
                    sku: sku.to_owned(),
                    lot: code.to_owned(),
                    received_on: received_on.to_owned(),
                    location: location.to_owned(),
                    currency: currency.clone(),
                    ..Row::default()
                });
            row.units += units;
            row.cost_minor += cost;
        }
    }
    valued.rows = rows.into_values().collect();
    valued.cost = sums.into_iter().collect();
    Ok(valued)
}

/// What is known of what there is: the lots with their costs, and what things are called.
struct Known {
    lots: Vec<value::Lot>,
    products: HashMap<i64, String>,
    locations: HashMap<i64, String>,
}

/// Reads what is known of the lots. It takes as long as reading what lies where, so that the
/// two are read side by side; a lot that only one of them has seen yet is left out.
async fn known(ctx: &Context, as_of: Option<&str>) -> anyhow::Result<Known> {
    let mut tx = ctx.store.read().await?;
    Ok(Known {
        lots: value::lots(&mut tx, as_of).await?,
        products: value::skus(&mut tx).await?.into_iter().collect(),
        locations: stock::location_codes(&mut tx)
            .await?
            .into_iter()
            .map(|(code, id)| (id, code))
            .collect(),
    })
}

/// The units of each lot by location, as they were before a point in time, or are now.
async fn units(
    ctx: &Context,
    since: Option<UtcMs>,
) -> anyhow::Result<HashMap<i64, Vec<(i64, i64)>>> {
    let mut tx = ctx.store.read().await?;
    let mut now: HashMap<(i64, i64), i64> = HashMap::new();
    for (lot, location, units) in value::units(&mut tx).await? {
        now.insert((lot, location), units);
    }
    if let Some(since) = since {
        for (lot, from, to, units) in value::moved_since(&mut tx, since).await? {
            *now.entry((lot, from)).or_default() += units;
            if let Some(to) = to {
                *now.entry((lot, to)).or_default() -= units;
            }
        }
    }
    let mut by_lot: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for ((lot, location), units) in now {
        if units != 0 {
            by_lot.entry(lot).or_default().push((location, units));
        }
    }
    for places in by_lot.values_mut() {
        places.sort_unstable();
    }
    Ok(by_lot)
}

/// The moment a day ends in the tenant's zone.
fn end_of(ctx: &Context, day: &str) -> Result<UtcMs, Fault> {
    let bad = || Fault::usage(format!("{day:?} is not a day")).hint("write --as-of YYYY-MM-DD");
    let next = NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.succ_opt())
        .ok_or_else(bad)?;
    // Where a day does not begin at midnight, its first hour that exists does.
    (0..24)
        .filter_map(|hour| next.and_hms_opt(hour, 0, 0))
        .find_map(|local| {
            let zone = ctx.tenant.tenant.timezone;
            zone.from_local_datetime(&local).earliest()
        })
        .map(|at| UtcMs(at.timestamp_millis()))
        .ok_or_else(bad)
}
