//! What the shop lists becomes our products and listings, a page in a few statements.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{ChannelRun, Drift, Look, concerns_one, digest, is_about_data, pages};
use crate::domain::catalogue::{ItemKind, ShopItem, ShopStock};
use crate::domain::gtin;
use crate::integrations::woocommerce::Page;
use crate::progress::Progress;
use crate::store::channels::Account;
use crate::store::events::{self, Event};
use crate::store::gtins::{self, CodeRow};
use crate::store::listings::Put;
use crate::store::{Stamp, Tx, kits, listings, products};
use crate::workflows::{rows, until_no_conflict};

const STREAM: &str = "items";

/// What is known of a channel's listings: by the shop's id.
#[derive(Default)]
pub(super) struct Known(HashMap<String, KnownListing>);

/// One of them.
#[derive(Clone)]
pub(super) struct KnownListing {
    product: Option<i64>,
    fingerprint: String,
    seen: Option<i64>,
    gone: bool,
}

impl Known {
    /// Reads it.
    pub(super) async fn load(tx: &mut Tx, account: i64) -> anyhow::Result<Self> {
        let rows = listings::all(tx, account).await?;
        let known = |row: listings::Row| {
            let listing = KnownListing {
                product: row.product_id,
                fingerprint: row.fingerprint,
                seen: row.seen_qty,
                gone: row.gone,
            };
            (row.external_id, listing)
        };
        Ok(Self(rows.into_iter().map(known).collect()))
    }

    /// Adds what has been taken in since.
    pub(super) fn learn(&mut self, taken: Vec<(String, KnownListing)>) {
        self.0.extend(taken);
    }
}

impl ChannelRun<'_> {
    /// Takes in the listings changed since the last look, or, in a full sync, all.
    pub(super) async fn pull_items(&mut self) -> anyhow::Result<()> {
        let full = self.options.full;
        let cursor = self.since(STREAM).await?;
        let since = cursor.filter(|_| !full);
        self.dated_from = cursor;
        let progress = Progress::start(self.ctx.show, "reading the catalogue", 0);
        let mut look = Look::default();
        let client = self.client.clone();
        let fetch = |number| client.items_page(since, number);
        let parallel = self.shop.parallel;
        let whole = pages::each(parallel, &progress, fetch, async |page: Page<ShopItem>| {
            look.set_aside(page.rejected);
            self.take_products(page.items, &mut look).await
        })
        .await?;
        look.position = whole.read_up_to();
        for id in self.retries(STREAM, &look).await? {
            match self.client.product(&id).await {
                Ok(Some(item)) => self.take_products(vec![item], &mut look).await?,
                Ok(None) => look.taken.push(id),
                Err(error) if concerns_one(&error) => look.fail(&id, &error),
                Err(error) => return Err(error.into()),
            }
        }
        if full && !whole.has_shrunk {
            self.find_gone_listings(&look).await?;
        }
        self.close(STREAM, look).await
    }

    /// Takes products in, each with its variations.
    async fn take_products(&mut self, items: Vec<ShopItem>, look: &mut Look) -> anyhow::Result<()> {
        let client = self.client.clone();
        let variations = |item: &ShopItem| {
            let (client, id, title) =
                (client.clone(), item.external_id.clone(), item.title.clone());
            let is_parent = item.kind == ItemKind::Variable;
            async move {
                if is_parent {
                    client.variations(&id, &title).await.map(Some)
                } else {
                    Ok(None)
                }
            }
        };
        let families: Vec<_> = stream::iter(items.iter().map(variations))
            .buffered(self.shop.parallel.max(1) as usize)
            .collect()
            .await;
        let mut all = Vec::new();
        for (item, family) in items.into_iter().zip(families) {
            let id = item.external_id.clone();
            look.taken.push(id.clone());
            all.push(item);
            match family {
                Ok(None) => {}
                Ok(Some(family)) => {
                    look.taken
                        .extend(family.items.iter().map(|i| i.external_id.clone()));
                    all.extend(family.items);
                    for rejected in family.rejected {
                        look.fail(&id, &format!("a variation: {}", rejected.reason));
                    }
                }
                Err(error) if concerns_one(&error) => look.fail(&id, &error),
                Err(error) => return Err(error.into()),
            }
        }
        self.take_items(all, look).await
    }

    /// Takes items in together or, where the store refuses some of them, one by one.
    async fn take_items(
        &mut self,
        mut items: Vec<ShopItem>,
        look: &mut Look,
    ) -> anyhow::Result<()> {
        items.retain(|item| match item.sku.as_deref().map(rows::key) {
            Some(Err(what)) => {
                let parent = item.parent_external_id.as_ref();
                let id = parent.unwrap_or(&item.external_id);
                look.fail(id, &format!("its SKU {what}"));
                false
            }
            _ => true,
        });
        self.note_drift(&items);
        if self.options.dry_run {
            self.held_back.items.extend(items);
            return Ok(());
        }
        match self.store_items(&items).await {
            Err(error) if is_about_data(&error) => {
                for item in items {
                    match self.store_items(std::slice::from_ref(&item)).await {
                        Err(error) if is_about_data(&error) => {
                            let parent = item.parent_external_id.as_ref();
                            let id = parent.unwrap_or(&item.external_id);
                            look.fail(id, &format!("{error:#}"));
                        }
                        result => result?,
                    }
                }
                Ok(())
            }
            result => result,
        }
    }

    async fn store_items(&mut self, items: &[ShopItem]) -> anyhow::Result<()> {
        let taken = until_no_conflict!(self.store_once_items(items))?;
        self.report.items_changed += taken.len() as u64;
        self.known.learn(taken);
        Ok(())
    }

    async fn store_once_items(
        &self,
        items: &[ShopItem],
    ) -> anyhow::Result<Vec<(String, KnownListing)>> {
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.begin().await?;
        let taken = apply(&mut tx, &stamp, &self.account, items, &self.known).await?;
        self.ctx.store.commit(tx).await?;
        Ok(taken)
    }

    fn note_drift(&mut self, items: &[ShopItem]) {
        let Some(found) = &mut self.report.found else {
            return;
        };
        for item in items {
            let known = self.known.0.get(&item.external_id);
            let seen = known.filter(|k| !k.gone).and_then(|k| k.seen);
            // What changed since the last look is told by its date.
            let is_dated = self.dated_from.is_none_or(|from| item.modified_at >= from);
            if let (ShopStock::Managed(now), Some(seen)) = (item.stock, seen)
                && now != seen
                && !is_dated
            {
                found.drift.push(Drift {
                    item: item.sku.clone().unwrap_or_else(|| item.external_id.clone()),
                    seen,
                    found: now,
                });
            }
        }
    }

    /// Notes the listings that a whole reading of the catalogue did not show.
    async fn find_gone_listings(&mut self, look: &Look) -> anyhow::Result<()> {
        let Some(failed) = look.failed.iter().map(|(id, _)| id.as_ref()).collect() else {
            // One that cannot even be named may be any of them.
            return Ok(());
        };
        let failed: HashSet<&String> = failed;
        let mut there: HashSet<&String> = look.taken.iter().collect();
        there.extend(&failed);
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.begin().await?;
        let rows = listings::all(&mut tx, self.account.id).await?;
        let mut gone = rows;
        let is_unsure = |row: &listings::Row| {
            row.parent_external_id
                .as_ref()
                .is_some_and(|parent| failed.contains(parent))
        };
        gone.retain(|row| !row.gone && !there.contains(&row.external_id) && !is_unsure(row));
        if gone.is_empty() {
            return Ok(());
        }
        let mut facts = Vec::new();
        for row in &gone {
            let product = match row.product_id {
                Some(id) => products::by_id(&mut tx, id).await?,
                None => None,
            };
            let name = product.map_or_else(|| row.external_id.clone(), |p| p.sku);
            facts.push(Event::new(
                "listing.gone",
                format!("listing:{}:{}", self.account.name, row.external_id),
                json!({ "sku": name }),
            ));
            if let Some(found) = &mut self.report.found {
                found.listings_gone.push(name);
            }
        }
        if self.options.dry_run {
            return Ok(());
        }
        let ids: Vec<i64> = gone.iter().map(|row| row.id).collect();
        listings::set_gone(&mut tx, &ids, stamp.at).await?;
        events::append(&mut tx, &stamp, &facts).await?;
        self.ctx.store.commit(tx).await?;
        for row in gone {
            if let Some(known) = self.known.0.get_mut(&row.external_id) {
                known.gone = true;
            }
        }
        Ok(())
    }
}

/// An item that is not as it was.
struct Change<'a> {
    item: &'a ShopItem,
    fingerprint: String,
    known: Option<&'a KnownListing>,
    /// The product that it sells; none yet, or none at all.
    product: Option<i64>,
}

/// Takes items in, products before listings; gives what is now known of those that were
/// new or changed.
///
/// # Errors
/// An item is broken, or the store's.
pub(super) async fn apply(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    items: &[ShopItem],
    known: &Known,
) -> anyhow::Result<Vec<(String, KnownListing)>> {
    let mut changes = changed(items, known);
    let mut new = link(tx, stamp, account, &mut changes).await?;
    make(tx, stamp, account, &mut changes, &mut new).await?;
    set_parents(tx, &changes, known, &new).await?;
    let (mut fresh, mut taken) = (Vec::new(), Vec::new());
    for change in &changes {
        let put = Put {
            item: change.item,
            product: change.product,
            fingerprint: &change.fingerprint,
        };
        match change.known {
            Some(_) => listings::update(tx, stamp, account.id, put).await?,
            None => fresh.push(put),
        }
        let seen = match change.item.stock {
            ShopStock::Managed(quantity) => Some(quantity),
            _ => None,
        };
        let listing = KnownListing {
            product: change.product,
            fingerprint: change.fingerprint.clone(),
            seen,
            gone: false,
        };
        taken.push((change.item.external_id.clone(), listing));
    }
    listings::insert_many(tx, stamp, account.id, &fresh).await?;
    Ok(taken)
}

/// The items that are new or not as they were, each once, as last told.
fn changed<'a>(items: &'a [ShopItem], known: &'a Known) -> Vec<Change<'a>> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        last.insert(&item.external_id, at);
    }
    let mut changes = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if last[item.external_id.as_str()] != at {
            continue;
        }
        let fingerprint = digest(&format!("{item:?}"));
        let known = known.0.get(&item.external_id);
        if known.is_some_and(|k| !k.gone && k.fingerprint == fingerprint) {
            continue;
        }
        changes.push(Change {
            item,
            fingerprint,
            known,
            product: None,
        });
    }
    changes
}

/// A variable parent that keeps no stock of its own is no product.
fn is_product(item: &ShopItem) -> bool {
    item.kind != ItemKind::Variable || item.stock != ShopStock::Unmanaged
}

/// The SKU of an item, or, where the shop has given it none, a name of our own.
fn sku_of(account: &Account, item: &ShopItem) -> String {
    let own = || format!("{}-{}", account.name, item.external_id);
    item.sku.clone().unwrap_or_else(own)
}

fn facts(item: &ShopItem, sku: String) -> products::Facts {
    products::Facts {
        sku,
        title: Some(item.title.clone()),
        brand: item.brand.clone(),
        weight_g: item.weight_g,
        dimensions_mm: item.dimensions_mm,
        ..products::Facts::default()
    }
}

fn code(item: &ShopItem) -> Option<String> {
    let code = gtin::parse(item.gtin.as_deref()?).ok()?;
    Some(code.gtin14.to_string())
}

/// Links changed items to the products that are there, by SKU or by what they sold before,
/// and brings those up to date. Gives the SKUs of the rest, to be made.
async fn link(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    changes: &mut [Change<'_>],
) -> anyhow::Result<HashMap<String, i64>> {
    let skus: Vec<&str> = changes
        .iter()
        .filter_map(|c| c.item.sku.as_deref())
        .collect();
    let mut by_sku = products::ids_of(tx, &skus).await?;
    let renamed = renamed(tx, changes, &by_sku).await?;
    by_sku.retain(|_, product| !renamed.contains_key(product));
    let (mut new, mut stocked) = (HashMap::new(), Vec::new());
    for change in changes.iter_mut().filter(|c| is_product(c.item)) {
        let item = change.item;
        let before = change.known.and_then(|k| k.product);
        let named = item.sku.as_ref().and_then(|sku| by_sku.get(sku)).copied();
        let (product, sku) = match (named, before, &item.sku) {
            (Some(product), _, Some(sku)) => (product, sku.clone()),
            (None, Some(product), Some(sku)) if renamed.contains_key(&product) => {
                (product, sku.clone())
            }
            (_, Some(product), None) => {
                let there = products::by_id(tx, product).await?;
                (product, there.context("a listing's product is gone")?.sku)
            }
            _ => {
                new.insert(sku_of(account, item), 0);
                continue;
            }
        };
        note_relink(tx, stamp, account, item, before, named, &sku, &renamed).await?;
        change.product = Some(product);
        products::update(tx, stamp, product, &facts(item, sku)).await?;
        gtins::set_gtin_of_source(tx, product, code(item).as_deref(), &account.name).await?;
        if item.stock != ShopStock::Unmanaged {
            stocked.push(product);
        }
    }
    products::set_stocked(tx, &stocked).await?;
    Ok(new)
}

/// Products that get another SKU in the shop, with the one they had: what lies here under
/// the old SKU is meant, and the old SKU may go to another item at once. A product that
/// several listings sell keeps its own.
async fn renamed(
    tx: &mut Tx,
    changes: &[Change<'_>],
    by_sku: &HashMap<String, i64>,
) -> anyhow::Result<HashMap<i64, String>> {
    let mut renamed = HashMap::new();
    for change in changes.iter().filter(|c| is_product(c.item)) {
        let product = change.known.and_then(|k| k.product);
        let (Some(product), Some(sku)) = (product, &change.item.sku) else {
            continue;
        };
        if by_sku.get(sku) == Some(&product) || listings::selling(tx, product).await? > 1 {
            continue;
        }
        if let Some(there) = products::by_id(tx, product).await? {
            renamed.insert(product, there.sku);
        }
    }
    // Only one whose new SKU is free, or becomes free by the others, can be renamed.
    loop {
        let is_stuck = |change: &Change<'_>| {
            let product = change.known.and_then(|k| k.product)?;
            let owner = by_sku.get(change.item.sku.as_ref()?)?;
            let stuck = renamed.contains_key(&product) && !renamed.contains_key(owner);
            stuck.then_some(product)
        };
        let Some(stuck) = changes.iter().find_map(is_stuck) else {
            break;
        };
        renamed.remove(&stuck);
    }
    for product in renamed.keys() {
        products::free_sku(tx, *product).await?;
    }
    Ok(renamed)
}

/// Says that a listing sells another product than before, or its product has a new SKU.
#[allow(clippy::too_many_arguments, reason = "the facts of one event")]
async fn note_relink(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    item: &ShopItem,
    before: Option<i64>,
    named: Option<i64>,
    sku: &str,
    renamed: &HashMap<i64, String>,
) -> anyhow::Result<()> {
    let Some(before) = before.filter(|before| named != Some(*before)) else {
        return Ok(());
    };
    let was = match renamed.get(&before) {
        Some(was) => Some(was.clone()),
        None => products::by_id(tx, before).await?.map(|p| p.sku),
    };
    if was.as_deref() == Some(sku) {
        return Ok(());
    }
    let kind = if named.is_some() {
        "listing.relinked"
    } else {
        "product.renamed"
    };
    let subject = format!("listing:{}:{}", account.name, item.external_id);
    let fact = Event::new(kind, subject, json!({ "was": was, "sku": sku }));
    events::append(tx, stamp, &[fact]).await?;
    Ok(())
}

/// Makes the products that are not there yet, with their codes.
async fn make(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    changes: &mut [Change<'_>],
    new: &mut HashMap<String, i64>,
) -> anyhow::Result<()> {
    let sku_of = |item: &ShopItem| sku_of(account, item);
    let is_new = |c: &Change<'_>| c.product.is_none() && is_product(c.item);
    let mut made = HashSet::new();
    for stocked in [true, false] {
        let list: Vec<products::Facts> = changes
            .iter()
            .filter(|c| is_new(c) && (c.item.stock != ShopStock::Unmanaged) == stocked)
            .filter(|c| made.insert(sku_of(c.item)))
            .map(|c| facts(c.item, sku_of(c.item)))
            .collect();
        products::insert_many(tx, stamp, &list, stocked).await?;
    }
    let skus: Vec<&str> = new.keys().map(String::as_str).collect();
    let ids = products::ids_of(tx, &skus).await?;
    let mut codes = Vec::new();
    for change in changes.iter_mut().filter(|c| is_new(c)) {
        let id = ids.get(&sku_of(change.item)).copied();
        change.product = Some(id.context("a product just made is not there")?);
        codes.extend(id.zip(code(change.item)));
    }
    codes.sort_unstable();
    codes.dedup();
    let codes: Vec<CodeRow> = codes
        .into_iter()
        .map(|(product_id, gtin14)| CodeRow {
            product_id,
            gtin14,
            units_per_scan: 1,
            source: account.name.clone(),
        })
        .collect();
    gtins::insert_codes(tx, &codes).await?;
    *new = ids;
    Ok(())
}

/// A variation whose stock is its parent's is a kit of one piece of the parent.
async fn set_parents(
    tx: &mut Tx,
    changes: &[Change<'_>],
    known: &Known,
    new: &HashMap<String, i64>,
) -> anyhow::Result<()> {
    let mine: HashMap<&str, i64> = changes
        .iter()
        .filter_map(|c| Some((c.item.external_id.as_str(), c.product?)))
        .collect();
    let is_made: HashSet<i64> = new.values().copied().collect();
    for change in changes {
        let (item, Some(product)) = (change.item, change.product) else {
            continue;
        };
        let parent = item.parent_external_id.as_deref().and_then(|parent| {
            let known = || known.0.get(parent).and_then(|k| k.product);
            mine.get(parent).copied().or_else(known)
        });
        match (item.stock, parent) {
            (ShopStock::ByParent, Some(parent)) => {
                kits::set_kit(tx, product, &[(parent, 1)], "shop").await?;
            }
            _ if is_made.contains(&product) => {}
            _ => kits::leave_parent(tx, product).await?,
        }
    }
    Ok(())
}
