//! A list of kits: what each one it names consists of from now on, all of them or none.
//! Orders taken in keep the composition of their day.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::super::rows::{self, Rows};
use super::super::until_no_conflict;
use crate::context::Context;
use crate::domain::stock::explode;
use crate::store::events::{self, Event};
use crate::store::kits::{self, KitRow};
use crate::store::products::MANUAL;
use crate::store::{Tx, products};

const REQUIRED: &[&str] = &["kit", "component", "qty"];

/// The most units of one component that a kit comes down to.
const MOST_UNITS: i64 = 1_000_000;

/// What a list of kits did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KitsSet {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Products that became kits.
    pub new: u64,
    /// Kits that consist of something else than before.
    pub changed: u64,
    /// Kits that were as the list says.
    pub unchanged: u64,
    /// Each kit that is new or changed, with its components by SKU.
    pub kits: Vec<(String, Vec<(String, i64)>)>,
}

/// Says anew what each kit that a list names consists of. Other kits stay as they are.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn set_kits(ctx: &Context, file: &Path, dry_run: bool) -> anyhow::Result<KitsSet> {
    let source = rows::read(file)?;
    until_no_conflict!(once(ctx, file, &source.text, dry_run))
}

async fn once(ctx: &Context, file: &Path, text: &str, dry_run: bool) -> anyhow::Result<KitsSet> {
    // The lock of those who put goods on stock, for none must come in for a kit.
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut rows = Rows::parse(text, REQUIRED, &[])?;
    let stored = Stored::load(&mut tx).await?;
    let wanted = stored.read(&mut rows);
    stored.allow(&mut rows, &wanted);
    rows.finish(file)?;
    let mut report = KitsSet {
        dry_run,
        ..KitsSet::default()
    };
    let mut kits: Vec<(i64, Vec<(i64, i64)>)> = Vec::new();
    for (kit, wish) in wanted {
        let before = stored.kits.get(&kit);
        if before == Some(&wish.parts) {
            report.unchanged += 1;
            continue;
        }
        report.new += u64::from(before.is_none());
        report.changed += u64::from(before.is_some());
        let named = wish.parts.iter().map(|(id, n)| (stored.sku(*id), *n));
        report.kits.push((stored.sku(kit), named.collect()));
        kits.push((kit, wish.parts));
    }
    if dry_run || kits.is_empty() {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    kits::set_kits(&mut tx, &kits, MANUAL).await?;
    let facts: Vec<Event> = report
        .kits
        .iter()
        .map(|(kit, parts)| {
            let payload = json!({ "components": parts });
            Event::new("product.kit_set", format!("sku:{kit}"), payload)
        })
        .collect();
    events::append(&mut tx, &stamp, &facts).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// What a list says of one kit.
struct Wish {
    /// Its first row.
    row: usize,
    /// Its components, by id.
    parts: Vec<(i64, i64)>,
}

/// The kits as they are.
struct Stored {
    ids: HashMap<String, i64>,
    skus: HashMap<i64, String>,
    kits: HashMap<i64, Vec<(i64, i64)>>,
    rows: Vec<KitRow>,
    on_hand: HashMap<i64, i64>,
}

impl Stored {
    async fn load(tx: &mut Tx) -> anyhow::Result<Self> {
        let ids = products::ids_by_sku(tx).await?;
        let rows = kits::kit_rows(tx).await?;
        let mut kits: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
        for row in &rows {
            let parts = kits.entry(row.kit_id).or_default();
            parts.push((row.component_id, row.quantity));
        }
        Ok(Self {
            skus: ids.iter().map(|(sku, id)| (*id, sku.clone())).collect(),
            ids,
            kits,
            rows,
            on_hand: products::on_hand(tx).await?.into_iter().collect(),
        })
    }

    fn sku(&self, id: i64) -> String {
        self.skus.get(&id).cloned().unwrap_or_default()
    }

    /// The kits of a list, by id; their components by id as well.
    fn read(&self, rows: &mut Rows) -> BTreeMap<i64, Wish> {
        let mut wanted: BTreeMap<i64, Wish> = BTreeMap::new();
        for row in 0..rows.len() {
            let known = |sku: &str| {
                let sku = rows::key(sku)?;
                let id = self.ids.get(&sku).copied();
                id.ok_or_else(|| format!("there is no product {sku:?}"))
            };
            let kit = rows.read(row, "kit", known);
            let component = rows.read(row, "component", known);
            let quantity = rows.read(row, "qty", rows::units);
            let (Some(kit), Some(component), Some(quantity)) = (kit, component, quantity) else {
                continue;
            };
            let parts = &mut wanted
                .entry(kit)
                .or_insert_with(|| Wish {
                    row,
                    parts: Vec::new(),
                })
                .parts;
            if parts.iter().any(|(id, _)| *id == component) {
                rows.problem(row, "component", "an earlier row of this kit names it too");
            } else {
                parts.push((component, quantity));
            }
        }
        for wish in wanted.values_mut() {
            wish.parts.sort_unstable();
        }
        wanted
    }

    /// Notes each kit that may not be one, or not of these components.
    fn allow(&self, rows: &mut Rows, wanted: &BTreeMap<i64, Wish>) {
        let mut would_be = self.kits.clone();
        would_be.extend(wanted.iter().map(|(kit, wish)| (*kit, wish.parts.clone())));
        let shops: HashMap<i64, &KitRow> = self
            .rows
            .iter()
            .filter(|row| row.source != MANUAL)
            .map(|row| (row.kit_id, row))
            .collect();
        for (kit, wish) in wanted {
            let sku = self.sku(*kit);
            if let Some(row) = shops.get(kit) {
                let parent = self.sku(row.component_id);
                let what = format!(
                    "{sku} is kept by the shop: there it draws on the stock of {parent}; \
                     change it there"
                );
                rows.problem(wish.row, "kit", what);
            }
            let units = self.on_hand.get(kit).copied().unwrap_or(0);
            if units > 0 {
                let what = format!(
                    "{sku} has {units} units on hand of its own, which would never be sold; \
                     take them out first"
                );
                rows.problem(wish.row, "kit", what);
            }
            match explode(*kit, &would_be) {
                Err(error) => rows.problem(wish.row, "kit", format!("{sku}: {error}")),
                Ok(parts) => {
                    if let Some((id, units)) = parts.iter().find(|(_, n)| *n > MOST_UNITS) {
                        let part = self.sku(*id);
                        let what = format!("{sku} comes down to {units} units of {part}");
                        rows.problem(wish.row, "qty", what);
                    }
                }
            }
        }
        self.allow_outer(rows, wanted, &would_be);
    }

    /// Kits that the list does not name may contain one that it does.
    fn allow_outer(
        &self,
        rows: &mut Rows,
        wanted: &BTreeMap<i64, Wish>,
        would_be: &HashMap<i64, Vec<(i64, i64)>>,
    ) {
        for kit in self.kits.keys().filter(|kit| !wanted.contains_key(kit)) {
            let fine = |kits| {
                let parts = explode(*kit, kits);
                parts.is_ok_and(|parts| parts.iter().all(|(_, n)| *n <= MOST_UNITS))
            };
            if fine(&self.kits)
                && !fine(would_be)
                && let Some(wish) = wanted.values().next()
            {
                let sku = self.sku(*kit);
                let what = format!("{sku}, which contains kits of this list, would be too large");
                rows.problem(wish.row, "kit", what);
            }
        }
    }
}
