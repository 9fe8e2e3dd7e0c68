//! A list of products: each made, or brought to what the list says, all of them or none.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::rows::{self, Rows};
use super::super::until_no_conflict;
use super::wish::{self, Wish};
use crate::context::Context;
use crate::store::Tx;
use crate::store::events::{self, Event};
use crate::store::gtins::{self, CodeRow};
use crate::store::products::MANUAL;
use crate::store::products::{self, Row};
use crate::store::stock;

/// What a list did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Products made.
    pub new: u64,
    /// Products changed, in themselves or in their codes.
    pub changed: u64,
    /// Products that were as the list says.
    pub unchanged: u64,
    /// Codes given to products.
    pub new_codes: u64,
    /// Codes with another number of units than before.
    pub changed_codes: u64,
    /// Codes of the list that stand on more than one product: a scan shows them all.
    pub shared_codes: Vec<String>,
    /// What a real run would do to each product; empty after a real run.
    pub plan: Vec<Change>,
}

/// What is done to a product.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Its SKU.
    pub sku: String,
    /// Whether it is made.
    pub new: bool,
    /// Each fact that changes: before and after.
    pub facts: Map<String, Value>,
    /// Codes given or changed, with the units that one scan counts.
    pub codes: Vec<(String, i64)>,
}

/// Brings the catalogue to what a list says. An empty cell leaves what is stored.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn import(ctx: &Context, file: &Path, dry_run: bool) -> anyhow::Result<Imported> {
    let source = rows::read(file)?;
    until_no_conflict!(once(ctx, file, &source.text, dry_run))
}

async fn once(ctx: &Context, file: &Path, text: &str, dry_run: bool) -> anyhow::Result<Imported> {
    let mut rows = Rows::parse(text, wish::REQUIRED, wish::OPTIONAL)?;
    let wishes = wish::read(&mut rows);
    // The lock of those who put goods on stock, for tracking must not change under them.
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let stored = Stored::load(&mut tx).await?;
    let mut decided = stored.decide(&mut rows, &wishes);
    rows.finish(file)?;
    let mut report = std::mem::take(&mut decided.report);
    report.dry_run = dry_run;
    if dry_run {
        report.plan = decided.changes;
    } else if !decided.changes.is_empty() {
        write(ctx, &mut tx, decided).await?;
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// The catalogue as it is.
struct Stored {
    products: HashMap<String, Row>,
    codes: HashMap<(i64, String), CodeRow>,
    /// How many products each code stands on.
    shared: HashMap<String, usize>,
    on_hand: HashMap<i64, i64>,
    locations: HashMap<String, i64>,
}

/// What is to be done.
#[derive(Default)]
struct Decided {
    report: Imported,
    new: Vec<Row>,
    changed: Vec<Row>,
    /// Codes by the SKU that they go to, and whether they are new.
    codes: Vec<(String, CodeRow, bool)>,
    changes: Vec<Change>,
}

impl Stored {
    async fn load(tx: &mut Tx) -> anyhow::Result<Self> {
        let products = products::all(tx).await?;
        let codes = gtins::codes(tx).await?;
        let mut shared: HashMap<String, usize> = HashMap::new();
        for code in &codes {
            *shared.entry(code.gtin14.clone()).or_default() += 1;
        }
        Ok(Self {
            products: products.into_iter().map(|p| (p.sku.clone(), p)).collect(),
            codes: codes
                .into_iter()
                .map(|c| ((c.product_id, c.gtin14.clone()), c))
                .collect(),
            shared,
            on_hand: products::on_hand(tx).await?.into_iter().collect(),
            locations: stock::location_codes(tx).await?.into_iter().collect(),
        })
    }

    fn decide(mut self, rows: &mut Rows, wishes: &[Wish]) -> Decided {
        let mut decided = Decided::default();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for wish in wishes {
            let there = self.products.get(&wish.sku);
            if let Some(there) = there {
                self.tracking_may_change(rows, wish, there);
            }
            let before = there.cloned().unwrap_or_else(|| unknown(&wish.sku));
            let mut after = wish.onto(before.clone());
            self.goes_home(rows, wish, &mut after);
            let mut change = Change {
                sku: wish.sku.clone(),
                new: there.is_none(),
                facts: differences(&before, &after, there.is_none()),
                codes: Vec::new(),
            };
            for code in &wish.codes {
                named.insert(&code.gtin14);
                let known = self.codes.get(&(before.id, code.gtin14.clone()));
                let units = code.units.or(known.map(|c| c.units_per_scan)).unwrap_or(1);
                if known.is_some_and(|c| c.units_per_scan == units) {
                    continue;
                }
                let row = CodeRow {
                    product_id: before.id,
                    gtin14: code.gtin14.clone(),
                    units_per_scan: units,
                    source: MANUAL.to_owned(),
                };
                change.codes.push((code.gtin14.clone(), units));
                if known.is_none() {
                    *self.shared.entry(code.gtin14.clone()).or_default() += 1;
                }
                decided.codes.push((wish.sku.clone(), row, known.is_none()));
            }
            let (new, same) = (change.new, before == after);
            if new {
                decided.report.new += 1;
                decided.new.push(after);
            } else if !same {
                decided.changed.push(after);
            }
            if new || !same || !change.codes.is_empty() {
                decided.report.changed += u64::from(!new);
                decided.changes.push(change);
            } else {
                decided.report.unchanged += 1;
            }
        }
        let made = decided.codes.iter().filter(|(.., new)| *new).count();
        decided.report.new_codes = made as u64;
        decided.report.changed_codes = (decided.codes.len() - made) as u64;
        decided.report.shared_codes = named
            .into_iter()
            .filter(|code| self.shared.get(*code).is_some_and(|products| *products > 1))
            .map(ToOwned::to_owned)
            .collect();
        decided
    }

    /// Puts the product where the list says it is at home.
    fn goes_home(&self, rows: &mut Rows, wish: &Wish, product: &mut Row) {
        let Some((code, row)) = &wish.home_bin else {
            return;
        };
        match self.locations.get(code) {
            Some(id) => {
                product.home_location = Some(*id);
                product.home_bin = Some(code.clone());
            }
            None => rows.problem(*row, "home_bin", format!("there is no location {code:?}")),
        }
    }

    /// Units on hand were told apart in one way, and cannot be in another.
    fn tracking_may_change(&self, rows: &mut Rows, wish: &Wish, there: &Row) {
        let units = self.on_hand.get(&there.id).copied().unwrap_or(0);
        if let Some((tracking, row)) = &wish.tracking
            && *tracking != there.tracking
            && units > 0
        {
            let what = format!(
                "{} has {units} units on hand that are tracked by {:?}; it can change only \
                 when none are",
                wish.sku, there.tracking
            );
            rows.problem(*row, "tracking", what);
        }
    }
}

/// A product that nothing is said of. Stock is kept of it: an order waits for it.
fn unknown(sku: &str) -> Row {
    Row {
        id: 0,
        sku: sku.to_owned(),
        title: sku.to_owned(),
        brand: None,
        weight_g: None,
        length_mm: None,
        width_mm: None,
        height_mm: None,
        tracking: "none".to_owned(),
        origin_country: None,
        hs_code: None,
        buffer: None,
        reorder_point: None,
        home_location: None,
        home_bin: None,
        stocked: true,
    }
}

/// Each fact that differs, before and after; of a new product, each that is known.
fn differences(before: &Row, after: &Row, new: bool) -> Map<String, Value> {
    if before == after && !new {
        return Map::new();
    }
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Map::new();
    };
    after
        .into_iter()
        .filter(|(name, _)| name != "id" && name != "sku")
        .filter_map(|(name, now)| {
            let then = before.get(&name).filter(|_| !new).unwrap_or(&Value::Null);
            (*then != now).then(|| (name.clone(), json!([then, now])))
        })
        .collect()
}

async fn write(ctx: &Context, tx: &mut Tx, decided: Decided) -> anyhow::Result<()> {
    let stamp = ctx.stamp();
    products::insert_rows(tx, &stamp, &decided.new).await?;
    products::update_rows(tx, &stamp, &decided.changed).await?;
    let ids = if decided.codes.is_empty() {
        HashMap::new()
    } else {
        products::ids_by_sku(tx).await?
    };
    let (mut given, mut renewed) = (Vec::new(), Vec::new());
    for (sku, mut code, is_new) in decided.codes {
        code.product_id = ids.get(&sku).copied().unwrap_or(code.product_id);
        if is_new {
            given.push(code);
        } else {
            renewed.push(code);
        }
    }
    gtins::insert_codes(tx, &given).await?;
    gtins::update_codes(tx, &renewed).await?;
    let told: Vec<Event> = decided
        .changes
        .iter()
        .map(|change| {
            let kind = if change.new {
                "product.added"
            } else {
                "product.changed"
            };
            let payload = json!({ "facts": change.facts, "codes": change.codes });
            Event::new(kind, format!("sku:{}", change.sku), payload)
        })
        .collect();
    events::append(tx, &stamp, &told).await?;
    Ok(())
}
