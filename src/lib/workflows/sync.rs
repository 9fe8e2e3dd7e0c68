//! A channel and the store agree: catalogue and orders in, stock reserved, quantities out.
//!
//! Pull what changed since the cursor (with an overlap, for the shop's clock has whole
//! seconds), reserve, and write to the shop only the quantities that differ, each read
//! just before. Then one settle pass for sales that came in meanwhile. A single item that
//! fails is noted, read again by the next run, and stops nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::take_in::{self, Catalogue, Incoming};
use super::{reserve, scan, until_no_conflict};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;
use crate::domain::catalogue::{ItemKind, ShopItem, ShopQuantity, ShopStock};
use crate::domain::gtin;
use crate::domain::order::ShopOrder;
use crate::domain::time::UtcMs;
use crate::integrations::woocommerce::Client;
use crate::store::channels::{self, Account};
use crate::store::{Stamp, Tx, listings, products, stock};

/// Read again this far before the cursor.
const OVERLAP_MS: i64 = 120_000;
/// Orders taken in under one hold of the allocation lock.
const ORDERS_AT_ONCE: usize = 25;
/// Quantities in one request.
const BATCH: usize = 100;

/// What a sync did, channel by channel.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The run's id.
    pub run: String,
    /// Each channel.
    pub channels: Vec<ChannelReport>,
}

/// What a sync did with one channel.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChannelReport {
    /// The channel's name.
    pub channel: String,
    /// Listings new or changed.
    pub items_changed: u64,
    /// Orders new or changed.
    pub orders_changed: u64,
    /// Units of reservations given back by changed orders.
    pub units_released: i64,
    /// Units that left stock by the shop's word.
    pub units_shipped: i64,
    /// Units that left by the shop's word and of which there was no stock.
    pub units_short: i64,
    /// Order lines whose product is not known.
    pub unknown_lines: u64,
    /// Statuses that nobody has mapped, with how many orders have them.
    pub unknown_statuses: BTreeMap<String, u64>,
    /// Units reserved.
    pub units_reserved: i64,
    /// Units still lacking.
    pub units_backordered: i64,
    /// Quantities written to the shop.
    pub pushed: u64,
    /// Requests it took to write them.
    pub push_requests: u64,
    /// Seconds between the last look at the shop's orders and the last write: the time in
    /// which a sale could be overwritten. None where nothing was written.
    pub exposure_seconds: Option<f64>,
    /// What failed and is left to the next run.
    pub failures: Vec<String>,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_whole(&self) -> bool {
        self.channels.iter().all(|c| c.failures.is_empty())
    }
}

/// Syncs all channels of the tenant.
///
/// # Errors
/// A channel is out of reach or refuses our key, or the store's.
pub async fn run(ctx: &Context) -> anyhow::Result<Report> {
    let mut report = Report {
        run: ctx.run.clone(),
        channels: Vec::new(),
    };
    for (name, channel) in &ctx.tenant.channels {
        let Channel::WooCommerce(shop) = channel;
        let client = ctx.services.woocommerce(&ctx.tenant, name, shop)?;
        let mut tx = ctx.store.begin().await?;
        let account = channels::account(&mut tx, name, "woocommerce", &shop.url).await?;
        ctx.store.commit(tx).await?;
        let mut run = ChannelRun {
            ctx,
            shop,
            client,
            account,
            report: ChannelReport {
                channel: name.clone(),
                ..ChannelReport::default()
            },
        };
        run.all().await.with_context(|| format!("syncing {name}"))?;
        report.channels.push(run.report);
    }
    scan::refresh(ctx).await?;
    Ok(report)
}

struct ChannelRun<'a> {
    ctx: &'a Context,
    shop: &'a WooCommerce,
    client: Client,
    account: Account,
    report: ChannelReport,
}

/// A listing whose quantity in the shop should be another.
#[derive(Debug, Clone)]
struct Target {
    listing: i64,
    external_id: String,
    parent: Option<String>,
    quantity: i64,
}

impl ChannelRun<'_> {
    async fn all(&mut self) -> anyhow::Result<()> {
        self.pull_items().await.context("reading the catalogue")?;
        let looked_at = self.pull_orders().await.context("reading orders")?;
        self.reserve().await?;
        if !self.shop.push_stock {
            return Ok(());
        }
        if !self.push().await? {
            return Ok(());
        }
        let before = self.report.orders_changed;
        let settled_at = self.pull_orders().await.context("reading orders again")?;
        if self.report.orders_changed > before {
            self.reserve().await?;
            self.push().await?;
        }
        let last_look = if self.report.orders_changed > before {
            settled_at
        } else {
            looked_at
        };
        let pushed_at = self.ctx.clock.now();
        self.report.exposure_seconds = Some((pushed_at.0 - last_look.0) as f64 / 1000.0);
        Ok(())
    }

    async fn reserve(&mut self) -> anyhow::Result<()> {
        if self.ctx.tenant.modules.reserve {
            let reserved = reserve::run(self.ctx, false).await.context("reserving")?;
            self.report.units_reserved += reserved.units_reserved;
            self.report.units_backordered = reserved.units_backordered;
        }
        Ok(())
    }

    /// Where to read a stream from.
    async fn since(&self, stream: &str) -> anyhow::Result<Option<UtcMs>> {
        let mut tx = self.ctx.store.read().await?;
        let cursor = channels::cursor(&mut tx, self.account.id, stream).await?;
        Ok(cursor.map(|at| at.plus_ms(-OVERLAP_MS)))
    }

    /// Moves the cursor of a stream that has been read whole, and notes what failed in it.
    async fn read_up_to(
        &mut self,
        stream: &str,
        position: Option<UtcMs>,
        taken: &[String],
        failed: &[(String, String)],
    ) -> anyhow::Result<()> {
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.begin().await?;
        if let Some(position) = position {
            channels::set_cursor(&mut tx, self.account.id, stream, position, stamp.at).await?;
        }
        channels::clear_retries(&mut tx, self.account.id, stream, taken).await?;
        channels::note_retries(&mut tx, self.account.id, stream, failed, &stamp).await?;
        self.ctx.store.commit(tx).await?;
        for (id, reason) in failed {
            self.report
                .failures
                .push(format!("{stream} {id}: {reason}"));
        }
        Ok(())
    }

    async fn pull_items(&mut self) -> anyhow::Result<()> {
        let since = self.since("items").await?;
        let (mut position, mut failed, mut taken) = (None, Vec::new(), Vec::new());
        let mut number = 1;
        loop {
            let page = self.client.items_page(since, number).await?;
            if number == 1 {
                position = page.server_time;
            }
            let mut items = Vec::new();
            for rejected in page.rejected {
                failed.push((rejected.external_id.unwrap_or_default(), rejected.reason));
            }
            for item in page.items {
                let family = self.family(&item, &mut failed).await?;
                taken.push(item.external_id.clone());
                items.push(item);
                items.extend(family);
            }
            self.take_items(&items).await?;
            if number >= page.pages.unwrap_or(1) {
                break;
            }
            number += 1;
        }
        let mut tx = self.ctx.store.read().await?;
        let again = channels::retries(&mut tx, self.account.id, "items").await?;
        drop(tx);
        let again: Vec<_> = again
            .into_iter()
            .filter(|r| !taken.contains(&r.external_id))
            .collect();
        for retry in again {
            match self.client.product(&retry.external_id).await {
                Ok(Some(item)) => {
                    let mut items = self.family(&item, &mut failed).await?;
                    items.insert(0, item);
                    self.take_items(&items).await?;
                    taken.push(retry.external_id);
                }
                Ok(None) => taken.push(retry.external_id),
                Err(error) => failed.push((retry.external_id, error.to_string())),
            }
        }
        self.read_up_to("items", position, &taken, &failed).await
    }

    /// The variations of a variable product.
    async fn family(
        &self,
        item: &ShopItem,
        failed: &mut Vec<(String, String)>,
    ) -> anyhow::Result<Vec<ShopItem>> {
        if item.kind != ItemKind::Variable {
            return Ok(Vec::new());
        }
        let family = self
            .client
            .variations(&item.external_id, &item.title)
            .await?;
        for rejected in family.rejected {
            failed.push((item.external_id.clone(), rejected.reason));
        }
        Ok(family.items)
    }

    async fn take_items(&mut self, items: &[ShopItem]) -> anyhow::Result<()> {
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.begin().await?;
        let (mut known, mut parents) = (HashMap::new(), HashMap::new());
        for row in listings::all(&mut tx, self.account.id).await? {
            if let Some(product) = row.product_id {
                parents.insert(row.external_id.clone(), product);
            }
            known.insert(row.external_id, row.fingerprint);
        }
        for item in items {
            let fingerprint = digest(&format!("{item:?}"));
            if known.get(&item.external_id) == Some(&fingerprint) {
                continue;
            }
            let product = self.take_item(&mut tx, &stamp, item, &parents).await?;
            if let (ItemKind::Variable, Some(product)) = (&item.kind, product) {
                parents.insert(item.external_id.clone(), product);
            }
            listings::put(
                &mut tx,
                &stamp,
                self.account.id,
                item,
                product,
                &fingerprint,
            )
            .await?;
            self.report.items_changed += 1;
        }
        self.ctx.store.commit(tx).await?;
        Ok(())
    }

    /// The product behind a listing, made or brought up to date. A variable parent that
    /// keeps no stock of its own is no product.
    async fn take_item(
        &self,
        tx: &mut Tx,
        stamp: &Stamp,
        item: &ShopItem,
        parents: &HashMap<String, i64>,
    ) -> anyhow::Result<Option<i64>> {
        if item.kind == ItemKind::Variable && item.stock == ShopStock::Unmanaged {
            return Ok(None);
        }
        let own = || format!("{}-{}", self.account.name, item.external_id);
        let facts = products::Facts {
            sku: item.sku.clone().unwrap_or_else(own),
            title: Some(item.title.clone()),
            brand: item.brand.clone(),
            weight_g: item.weight_g,
            dimensions_mm: item.dimensions_mm,
            ..products::Facts::default()
        };
        let stocked = item.stock != ShopStock::Unmanaged;
        let id = match products::by_sku(tx, &facts.sku).await? {
            Some(product) => {
                products::update(tx, stamp, product.id, &facts).await?;
                if stocked && !product.stocked {
                    products::set_stocked(tx, &[product.id]).await?;
                }
                product.id
            }
            None => {
                products::insert_many(tx, stamp, std::slice::from_ref(&facts), stocked).await?;
                let made = products::by_sku(tx, &facts.sku).await?;
                made.context("a product just made is not there")?.id
            }
        };
        if let Some(code) = item.gtin.as_deref().and_then(|text| gtin::parse(text).ok()) {
            products::set_gtin(tx, id, &code.gtin14.to_string(), 1, &self.account.name).await?;
        }
        let parent = item
            .parent_external_id
            .as_ref()
            .and_then(|p| parents.get(p));
        if let (ShopStock::ByParent, Some(parent)) = (&item.stock, parent) {
            products::set_kit(tx, id, &[(*parent, 1)], "shop").await?;
        }
        Ok(Some(id))
    }

    /// Takes in the orders changed since the last look; gives when the look began.
    async fn pull_orders(&mut self) -> anyhow::Result<UtcMs> {
        let looked_at = self.ctx.clock.now();
        let since = self.since("orders").await?;
        let (mut position, mut failed, mut taken) = (None, Vec::new(), Vec::new());
        let mut number = 1;
        loop {
            let page = self.client.orders_page(since, number).await?;
            if number == 1 {
                position = page.server_time;
            }
            for rejected in page.rejected {
                failed.push((rejected.external_id.unwrap_or_default(), rejected.reason));
            }
            taken.extend(page.items.iter().map(|order| order.external_id.clone()));
            self.take_orders(page.items, &mut failed).await?;
            if number >= page.pages.unwrap_or(1) {
                break;
            }
            number += 1;
        }
        let mut tx = self.ctx.store.read().await?;
        let again: Vec<String> = channels::retries(&mut tx, self.account.id, "orders")
            .await?
            .into_iter()
            .map(|retry| retry.external_id)
            .filter(|id| !taken.contains(id))
            .collect();
        drop(tx);
        for id in again {
            match self.client.order(&id).await {
                Ok(Some(order)) => {
                    taken.push(id);
                    self.take_orders(vec![order], &mut failed).await?;
                }
                Ok(None) => taken.push(id),
                Err(error) => failed.push((id, error.to_string())),
            }
        }
        let bad: HashSet<&String> = failed.iter().map(|(id, _)| id).collect();
        taken.retain(|id| !bad.contains(id));
        self.read_up_to("orders", position, &taken, &failed).await?;
        Ok(looked_at)
    }

    async fn take_orders(
        &mut self,
        orders: Vec<ShopOrder>,
        failed: &mut Vec<(String, String)>,
    ) -> anyhow::Result<()> {
        let mut list = Vec::new();
        for order in orders {
            let mut refunds = Vec::new();
            if !order.refund_ids.is_empty() {
                match self
                    .client
                    .order_refunds(&order.external_id, order.currency)
                    .await
                {
                    Ok(found) if found.rejected.is_empty() => refunds = found.items,
                    Ok(found) => {
                        let reason = &found.rejected[0].reason;
                        failed.push((order.external_id, format!("a refund: {reason}")));
                        continue;
                    }
                    Err(error) => {
                        failed.push((order.external_id, error.to_string()));
                        continue;
                    }
                }
            }
            let rule = self.shop.status_rule(&order.status);
            if rule.is_none() {
                *self
                    .report
                    .unknown_statuses
                    .entry(order.status.clone())
                    .or_default() += 1;
            }
            list.push(Incoming {
                order,
                refunds,
                rule,
            });
        }
        for chunk in list.chunks(ORDERS_AT_ONCE) {
            let sum = until_no_conflict!(self.apply(chunk))?;
            self.report.orders_changed += sum.orders_changed;
            self.report.units_released += sum.units_released;
            self.report.units_shipped += sum.units_shipped;
            self.report.units_short += sum.units_short;
            self.report.unknown_lines += sum.unknown_lines;
        }
        Ok(())
    }

    async fn apply(&self, orders: &[Incoming]) -> anyhow::Result<ChannelReport> {
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.allocate().await?;
        let mut catalogue = Catalogue::load(&mut tx).await?;
        catalogue.by_listing = listings::all(&mut tx, self.account.id)
            .await?
            .into_iter()
            .filter_map(|row| Some((row.external_id, row.product_id?)))
            .collect();
        let mut sum = ChannelReport::default();
        for incoming in orders {
            let outcome = take_in::one(&mut tx, &stamp, &self.account, incoming, &catalogue)
                .await
                .with_context(|| format!("taking in order {}", incoming.order.number))?;
            sum.orders_changed += u64::from(outcome.changed);
            sum.units_released += outcome.released;
            sum.units_shipped += outcome.shipped;
            sum.units_short += outcome.short;
            sum.unknown_lines += outcome.unknown_lines;
        }
        self.ctx.store.commit(tx).await?;
        Ok(sum)
    }

    /// The listings whose quantity in the shop, as last seen, is not what may be offered.
    /// Only products that have had stock here are ever written.
    async fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut tx = self.ctx.store.read().await?;
        let buffer = self.ctx.tenant.stock.buffer;
        let offers: HashMap<i64, i64> = stock::by_sku(&mut tx)
            .await?
            .into_iter()
            .filter(|row| row.has_lots)
            .map(|row| (row.product_id, super::stock::sellable(&row, buffer)))
            .collect();
        Ok(listings::all(&mut tx, self.account.id)
            .await?
            .into_iter()
            .filter(|row| row.stock == "managed")
            .filter_map(|row| {
                let quantity = *offers.get(&row.product_id?)?;
                (row.seen_qty != Some(quantity)).then_some(Target {
                    listing: row.id,
                    external_id: row.external_id,
                    parent: row.parent_external_id,
                    quantity,
                })
            })
            .collect())
    }

    /// Writes what differs to the shop; gives whether anything was written.
    async fn push(&mut self) -> anyhow::Result<bool> {
        let mut by_parent: BTreeMap<Option<String>, Vec<Target>> = BTreeMap::new();
        for target in self.targets().await? {
            by_parent
                .entry(target.parent.clone())
                .or_default()
                .push(target);
        }
        let before = self.report.push_requests;
        for (parent, targets) in by_parent {
            for batch in targets.chunks(BATCH) {
                if let Err(error) = self.push_batch(parent.as_deref(), batch).await {
                    let first = &batch[0].external_id;
                    let text = format!("quantities from item {first} on: {error:#}");
                    self.report.failures.push(text);
                }
            }
        }
        Ok(self.report.push_requests > before)
    }

    async fn push_batch(&mut self, parent: Option<&str>, batch: &[Target]) -> anyhow::Result<()> {
        let ids: Vec<String> = batch.iter().map(|t| t.external_id.clone()).collect();
        let read = match parent {
            Some(parent) => self.client.variation_quantities(parent, &ids).await?,
            None => self.client.quantities(&ids).await?,
        };
        let now: HashMap<String, ShopQuantity> = read
            .items
            .into_iter()
            .map(|q| (q.external_id.clone(), q))
            .collect();
        let mut tx = self.ctx.store.begin().await?;
        let mut changes: Vec<(String, i64)> = Vec::new();
        for target in batch {
            match now.get(&target.external_id).map(|q| q.stock) {
                Some(ShopStock::Managed(quantity)) => {
                    let at = self.ctx.clock.now();
                    listings::set_seen(&mut tx, target.listing, Some(quantity), at).await?;
                    if quantity != target.quantity {
                        changes.push((target.external_id.clone(), target.quantity));
                    }
                }
                Some(_) => {}
                None => self.report.failures.push(format!(
                    "item {}: the shop did not give its quantity",
                    target.external_id
                )),
            }
        }
        self.ctx.store.commit(tx).await?;
        if changes.is_empty() {
            return Ok(());
        }
        self.report.push_requests += 1;
        let pushed = match parent {
            Some(parent) => {
                self.client
                    .push_variation_quantities(parent, &changes)
                    .await?
            }
            None => self.client.push_quantities(&changes).await?,
        };
        let mut tx = self.ctx.store.begin().await?;
        for item in pushed {
            let Some(target) = batch.iter().find(|t| t.external_id == item.external_id) else {
                continue;
            };
            let outcome = item.outcome.as_ref().map(|q| *q).map_err(String::as_str);
            listings::set_pushed(&mut tx, target.listing, outcome, self.ctx.clock.now()).await?;
            match outcome {
                Ok(_) => self.report.pushed += 1,
                Err(reason) => self
                    .report
                    .failures
                    .push(format!("item {}: {reason}", item.external_id)),
            }
        }
        self.ctx.store.commit(tx).await?;
        Ok(())
    }
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
