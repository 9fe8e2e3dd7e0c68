//! A list of what a supplier sells, in what packs and for how much.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::the_supplier;
use crate::context::Context;
use crate::domain::money::Currency;
use crate::domain::purchase::UnitCost;
use crate::store::events::{self, Event};
use crate::store::suppliers::{self, Item, Price, Row};
use crate::store::{Tx, kits, products};
use crate::workflows::rows::{self, Rows};
use crate::workflows::until_no_conflict;

const REQUIRED: &[&str] = &["sku"];
const OPTIONAL: &[&str] = &["supplier_sku", "pack", "minimum", "preferred", "unit_cost"];

/// What a list of items did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ItemsSet {
    /// The supplier's code.
    pub supplier: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Products that it had not sold before.
    pub new: u64,
    /// Products of which something is other than before.
    pub changed: u64,
    /// Products that were as the list says.
    pub unchanged: u64,
    /// Prices that are other than the newest known.
    pub new_prices: u64,
    /// Products that other suppliers were preferred for before.
    pub no_longer_preferred: Vec<String>,
    /// What is done to each item.
    pub changes: Vec<ItemChange>,
}

/// What is done to an item.
#[derive(Debug, Clone, Serialize)]
pub struct ItemChange {
    /// How it is from now on.
    #[serde(flatten)]
    pub item: Item,
    /// Whether the supplier had not sold it before.
    pub new: bool,
    /// What one unit costs from now on, where that is new.
    pub unit_cost: Option<String>,
}

/// What a list says of an item. What it does not say stays as it is.
struct Wish {
    row: usize,
    sku: String,
    supplier_sku: Option<String>,
    pack: Option<i64>,
    minimum: Option<i64>,
    preferred: Option<bool>,
    unit_cost: Option<UnitCost>,
}

/// Sets what a supplier sells. Items that the list does not name stay as they are.
///
/// # Errors
/// The supplier is unknown; a bad file, with each bad cell named; or the store's. Nothing is
/// applied then.
pub async fn set_items(
    ctx: &Context,
    supplier: &str,
    file: &Path,
    dry_run: bool,
) -> anyhow::Result<ItemsSet> {
    let source = rows::read(file)?;
    until_no_conflict!(once(ctx, supplier, file, &source.text, dry_run))
}

async fn once(
    ctx: &Context,
    code: &str,
    file: &Path,
    text: &str,
    dry_run: bool,
) -> anyhow::Result<ItemsSet> {
    let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
    let wishes = read(&mut rows);
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.begin().await?
    };
    let supplier = the_supplier(&mut tx, code).await?;
    let mut decided = decide(ctx, &mut tx, &mut rows, &supplier, &wishes).await?;
    rows.finish(file)?;
    decided.report.dry_run = dry_run;
    let report = &decided.report;
    if dry_run || report.changes.is_empty() {
        return Ok(decided.report);
    }
    let stamp = ctx.stamp();
    suppliers::update_items(&mut tx, &decided.no_longer_preferred).await?;
    suppliers::insert_items(&mut tx, &decided.new).await?;
    suppliers::update_items(&mut tx, &decided.changed).await?;
    suppliers::note_prices(&mut tx, &stamp, &decided.prices).await?;
    let fact = Event::new(
        "supplier.items_set",
        format!("supplier:{}", supplier.code),
        json!({ "new": report.new, "changed": report.changed, "prices": report.new_prices }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(decided.report)
}

fn read(rows: &mut Rows) -> Vec<Wish> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut wishes = Vec::new();
    for row in 0..rows.len() {
        let Some(sku) = rows.read(row, "sku", rows::key) else {
            continue;
        };
        if !seen.insert(sku.clone()) {
            rows.problem(row, "sku", "an earlier row has this SKU");
        }
        wishes.push(Wish {
            row,
            sku,
            supplier_sku: rows.optional(row, "supplier_sku", rows::key),
            pack: rows.optional(row, "pack", rows::units),
            minimum: rows.optional(row, "minimum", minimum),
            preferred: rows.optional(row, "preferred", yes_or_no),
            unit_cost: rows.optional(row, "unit_cost", |text| {
                text.parse::<UnitCost>().map_err(|error| error.to_string())
            }),
        });
    }
    wishes
}

fn minimum(text: &str) -> Result<i64, String> {
    if text == "0" {
        Ok(0)
    } else {
        rows::units(text)
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" => Ok(true),
        "0" | "no" | "false" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

/// What is to be done.
#[derive(Default)]
struct Decided {
    report: ItemsSet,
    new: Vec<Item>,
    changed: Vec<Item>,
    no_longer_preferred: Vec<Item>,
    prices: Vec<Price>,
}

async fn decide(
    ctx: &Context,
    tx: &mut Tx,
    rows: &mut Rows,
    supplier: &Row,
    wishes: &[Wish],
) -> anyhow::Result<Decided> {
    let currency: Currency = supplier.currency.parse()?;
    let ids = products::ids_by_sku(tx).await?;
    let kits = kits::kits(tx).await?;
    let all = suppliers::items(tx, None).await?;
    let (mine, others): (Vec<Item>, Vec<Item>) = all
        .into_iter()
        .partition(|item| item.supplier_id == supplier.id);
    let mine: HashMap<i64, Item> = mine.into_iter().map(|i| (i.product_id, i)).collect();
    let newest = suppliers::newest_prices(tx, Some(supplier.id)).await?;
    let day = ctx.stamp().day();
    let mut decided = Decided::default();
    decided.report.supplier.clone_from(&supplier.code);
    let mut preferred: HashSet<i64> = HashSet::new();
    for wish in wishes {
        let Some(product) = ids.get(&wish.sku).copied() else {
            rows.problem(wish.row, "sku", format!("unknown SKU {:?}", wish.sku));
            continue;
        };
        if kits.contains_key(&product) {
            let what = format!("{} is a kit; its components are bought", wish.sku);
            rows.problem(wish.row, "sku", what);
            continue;
        }
        let before = mine.get(&product);
        let after = wish.onto(before, supplier.id, product);
        if after.preferred {
            preferred.insert(product);
        }
        let price = match wish.price(supplier.id, product, currency, &day) {
            Err(what) => {
                rows.problem(wish.row, "unit_cost", what);
                continue;
            }
            Ok(price) => price.filter(|price| {
                let known = newest.get(&(supplier.id, product));
                known.is_none_or(|known| !known.same_unit(price))
            }),
        };
        if before == Some(&after) && price.is_none() {
            decided.report.unchanged += 1;
            continue;
        }
        decided.report.changes.push(ItemChange {
            item: after.clone(),
            new: before.is_none(),
            unit_cost: price.as_ref().map(super::unit_cost),
        });
        decided.prices.extend(price);
        match before {
            None => decided.new.push(after),
            Some(before) => {
                decided.report.changed += 1;
                if *before != after {
                    decided.changed.push(after);
                }
            }
        }
    }
    for mut item in others {
        if item.preferred && preferred.contains(&item.product_id) {
            decided.report.no_longer_preferred.push(item.sku.clone());
            item.preferred = false;
            decided.no_longer_preferred.push(item);
        }
    }
    decided.report.new = decided.new.len() as u64;
    decided.report.new_prices = decided.prices.len() as u64;
    Ok(decided)
}

impl Wish {
    fn onto(&self, before: Option<&Item>, supplier: i64, product: i64) -> Item {
        let mut item = before.cloned().unwrap_or_else(|| Item {
            supplier_id: supplier,
            product_id: product,
            sku: self.sku.clone(),
            supplier_sku: String::new(),
            pack: 1,
            minimum: 0,
            preferred: false,
        });
        if let Some(supplier_sku) = &self.supplier_sku {
            item.supplier_sku.clone_from(supplier_sku);
        }
        item.pack = self.pack.unwrap_or(item.pack);
        item.minimum = self.minimum.unwrap_or(item.minimum);
        item.preferred = self.preferred.unwrap_or(item.preferred);
        item
    }

    /// The price asked: that of so many units that it is whole minor units.
    fn price(
        &self,
        supplier: i64,
        product: i64,
        currency: Currency,
        day: &str,
    ) -> Result<Option<Price>, String> {
        let Some(unit) = self.unit_cost else {
            return Ok(None);
        };
        let quantity = unit.whole_units(currency.exponent());
        let cost_minor = currency
            .extend(unit.0, quantity)
            .map_err(|error| error.to_string())?;
        Ok(Some(Price {
            supplier_id: supplier,
            product_id: product,
            noted_on: day.to_owned(),
            quantity,
            cost_minor,
            currency: currency.as_str().to_owned(),
            source: "list".to_owned(),
            document: String::new(),
        }))
    }
}
