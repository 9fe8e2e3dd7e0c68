//! Quantities go out: only those that differ, each read just before it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::json;

use super::{ChannelRun, concerns_one};
use crate::domain::catalogue::{ShopQuantity, ShopStock};
use crate::domain::stock::{explode, sellable_kits};
use crate::fault::Fault;
use crate::integrations::woocommerce::{Error, Listing, PAGE, Rejected};
use crate::progress::Progress;
use crate::store::events::{self, Event};
use crate::store::{Tx, kits, listings, stock};
use crate::workflows::stock::sellable;

/// A listing whose quantity in the shop should be another.
#[derive(Debug, Clone)]
pub(super) struct Target {
    listing: i64,
    external_id: String,
    parent: Option<String>,
    sku: String,
    quantity: i64,
}

/// A quantity that a run would write.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Write {
    /// The SKU.
    pub sku: String,
    /// The shop's id of the item.
    pub external_id: String,
    /// The quantity in the shop now.
    pub from: i64,
    /// The quantity to be written.
    pub to: i64,
}

/// What the shop says of a batch.
struct Now {
    stock: HashMap<String, ShopStock>,
    /// What cannot be understood, and why.
    unreadable: HashMap<String, String>,
}

/// What writing a batch did.
#[derive(Default)]
struct Sent {
    requests: u64,
    pushed: u64,
    failures: Vec<String>,
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.pushed += other.pushed;
        self.failures.extend(other.failures);
    }
}

impl ChannelRun<'_> {
    /// The listings whose quantity in the shop, as last seen, is not what may be offered.
    /// Only products that have had stock here are ever written, and kits of such.
    pub(super) async fn targets(&self, tx: &mut Tx) -> anyhow::Result<Vec<Target>> {
        let offers = offers(tx, self.ctx.tenant.stock.buffer).await?;
        Ok(listings::all(tx, self.account.id)
            .await?
            .into_iter()
            .filter(|row| !row.gone && row.stock == "managed")
            .filter_map(|row| {
                let (quantity, sku) = offers.get(&row.product_id?)?;
                (!is_offered(row.seen_qty?, *quantity)).then(|| Target {
                    listing: row.id,
                    external_id: row.external_id,
                    parent: row.parent_external_id,
                    sku: sku.clone(),
                    quantity: *quantity,
                })
            })
            .collect())
    }

    /// Writes what differs to the shop; gives whether anything was written.
    pub(super) async fn push(&mut self) -> anyhow::Result<bool> {
        let mut tx = self.ctx.store.read().await?;
        let targets = self.targets(&mut tx).await?;
        drop(tx);
        let progress = Progress::start(self.ctx.show, "writing quantities", targets.len() as u64);
        let batches = batches(targets);
        let this = &*self;
        let mut batches = stream::iter(&batches)
            .map(|(parent, batch)| async move {
                let mut sent = Sent::default();
                let result = this.push_batch(parent.as_deref(), batch, &mut sent).await;
                (batch, sent, result)
            })
            .buffer_unordered(self.shop.parallel.max(1) as usize);
        let mut all = Sent::default();
        while let Some((batch, sent, result)) = batches.next().await {
            progress.advance(batch.len() as u64);
            all.add(sent);
            let Err(error) = result else {
                continue;
            };
            let is_away = error
                .downcast_ref::<Error>()
                .is_some_and(|error| !concerns_one(error));
            let first = &batch[0].external_id;
            let rest = if is_away { "; the rest waits" } else { "" };
            let text = format!("quantities from item {first} on: {error:#}{rest}");
            all.failures.push(text);
            if is_away {
                // Each further batch would only try the shop's patience, and ours.
                break;
            }
        }
        drop(batches);
        let before = self.report.push_requests;
        self.report.push_requests += all.requests;
        self.report.pushed += all.pushed;
        self.report.failures.extend(all.failures);
        Ok(self.report.push_requests > before)
    }

    /// What of the targets a run would write, by the shop's quantities of this moment.
    pub(super) async fn would_write(&self, targets: &[Target]) -> anyhow::Result<Vec<Write>> {
        let mut writes = Vec::new();
        for (parent, batch) in batches(targets.to_vec()) {
            let now = self.read_now(parent.as_deref(), &batch).await?;
            writes.extend(batch.into_iter().filter_map(|target| {
                match now.stock.get(&target.external_id) {
                    Some(ShopStock::Managed(from)) if !is_offered(*from, target.quantity) => {
                        Some(Write {
                            sku: target.sku,
                            external_id: target.external_id,
                            from: *from,
                            to: target.quantity,
                        })
                    }
                    _ => None,
                }
            }));
        }
        Ok(writes)
    }

    /// The quantities in the shop now of the listings that keep their own stock: of all of
    /// them, or of those named. What the shop does not have is missing.
    ///
    /// # Errors
    /// The shop is out of reach, or the store's.
    pub(in crate::workflows) async fn quantities(
        &self,
        named: Option<&BTreeSet<String>>,
    ) -> anyhow::Result<HashMap<String, i64>> {
        let mut tx = self.ctx.store.read().await?;
        let mut rows = listings::all(&mut tx, self.account.id).await?;
        drop(tx);
        rows.retain(|row| !row.gone && row.stock == "managed");
        if let Some(named) = named {
            rows.retain(|row| named.contains(&row.external_id));
        }
        let targets = rows.into_iter().map(|row| Target {
            listing: row.id,
            external_id: row.external_id,
            parent: row.parent_external_id,
            sku: String::new(),
            quantity: 0,
        });
        let batches = batches(targets.collect());
        let total: usize = batches.iter().map(|(_, batch)| batch.len()).sum();
        let progress = Progress::start(self.ctx.show, "reading quantities", total as u64);
        let reads = batches.iter().map(|(parent, batch)| {
            let progress = &progress;
            async move {
                let read = self.read_now(parent.as_deref(), batch).await;
                progress.advance(batch.len() as u64);
                read
            }
        });
        let all: Vec<Now> = stream::iter(reads)
            .buffer_unordered(self.shop.parallel.max(1) as usize)
            .try_collect()
            .await?;
        if let Some((id, reason)) = all.iter().find_map(|now| now.unreadable.iter().next()) {
            return Err(Fault::failed(format!("the quantity of item {id}: {reason}")).into());
        }
        let read = all.into_iter().flat_map(|now| now.stock);
        // A dry run has stored nothing of what it has just read.
        let held_back = self.held_back.items.iter();
        let held_back = held_back.map(|item| (item.external_id.clone(), item.stock));
        let managed = read.chain(held_back).filter_map(|(id, stock)| match stock {
            ShopStock::Managed(quantity) => Some((id, quantity)),
            _ => None,
        });
        Ok(managed.collect())
    }

    /// The quantities of a batch in the shop now. What the shop does not have is missing.
    async fn read_now(&self, parent: Option<&str>, batch: &[Target]) -> Result<Now, Error> {
        let ids: Vec<String> = batch.iter().map(|t| t.external_id.clone()).collect();
        let read = match parent {
            Some(parent) => self.client.variation_quantities(parent, &ids).await,
            None => self.client.quantities(&ids).await,
        };
        let read = match read {
            // The parent is gone, and its variations with it.
            Err(Error::NotFound { .. }) if parent.is_some() => Listing::default(),
            read => read?,
        };
        let pair = |q: ShopQuantity| (q.external_id, q.stock);
        let named = |r: Rejected| Some((r.external_id?, r.reason));
        Ok(Now {
            stock: read.items.into_iter().map(pair).collect(),
            unreadable: read.rejected.into_iter().filter_map(named).collect(),
        })
    }

    async fn push_batch(
        &self,
        parent: Option<&str>,
        batch: &[Target],
        sent: &mut Sent,
    ) -> anyhow::Result<()> {
        let now = self.read_now(parent, batch).await?;
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.begin().await?;
        let (mut changes, mut gone): (Vec<(String, i64)>, Vec<i64>) = (Vec::new(), Vec::new());
        for target in batch {
            match now.stock.get(&target.external_id) {
                Some(ShopStock::Managed(quantity)) => {
                    let seen = Some(*quantity);
                    listings::set_seen(&mut tx, target.listing, seen, stamp.at).await?;
                    if !is_offered(*quantity, target.quantity) {
                        changes.push((target.external_id.clone(), target.quantity));
                    }
                }
                Some(_) => {}
                None => match now.unreadable.get(&target.external_id) {
                    Some(reason) => {
                        let text = format!("item {}: {reason}", target.external_id);
                        sent.failures.push(text);
                    }
                    None => {
                        gone.push(target.listing);
                        let subject =
                            format!("listing:{}:{}", self.account.name, target.external_id);
                        let sku = json!({ "sku": target.sku });
                        events::append(
                            &mut tx,
                            &stamp,
                            &[Event::new("listing.gone", subject, sku)],
                        )
                        .await?;
                    }
                },
            }
        }
        if !gone.is_empty() {
            listings::set_gone(&mut tx, &gone, stamp.at).await?;
        }
        self.ctx.store.commit(tx).await?;
        if changes.is_empty() {
            return Ok(());
        }
        sent.requests += 1;
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
                Ok(_) => sent.pushed += 1,
                Err(reason) => {
                    let text = format!("item {}: {reason}", item.external_id);
                    sent.failures.push(text);
                }
            }
        }
        self.ctx.store.commit(tx).await?;
        Ok(())
    }
}

/// Whether a quantity in the shop offers what may be offered. Below zero it offers nothing,
/// and tells how much was sold without stock: that is left as it is.
fn is_offered(in_shop: i64, quantity: i64) -> bool {
    in_shop.max(0) == quantity
}

/// Targets as the shop takes them: by parent, at most a hundred at once.
fn batches(targets: Vec<Target>) -> Vec<(Option<String>, Vec<Target>)> {
    let mut by_parent: BTreeMap<Option<String>, Vec<Target>> = BTreeMap::new();
    for target in targets {
        let family = by_parent.entry(target.parent.clone()).or_default();
        family.push(target);
    }
    let mut batches = Vec::new();
    for (parent, targets) in by_parent {
        for batch in targets.chunks(PAGE) {
            batches.push((parent.clone(), batch.to_vec()));
        }
    }
    batches
}

/// What may be offered: product -> (units, SKU). A kit is offered as often as its stocked
/// components make it.
async fn offers(tx: &mut Tx, buffer: u32) -> anyhow::Result<HashMap<i64, (i64, String)>> {
    let rows = stock::by_sku(tx).await?;
    let kits = kits::kits(tx).await?;
    let by_id: HashMap<i64, &stock::SkuRow> =
        rows.iter().map(|row| (row.product_id, row)).collect();
    let mut offers = HashMap::new();
    for row in &rows {
        let units = if kits.contains_key(&row.product_id) {
            let parts = explode(row.product_id, &kits)?;
            let stocked: Vec<(&stock::SkuRow, i64)> = parts
                .iter()
                .filter_map(|(id, per_kit)| Some((*by_id.get(id)?, *per_kit)))
                .filter(|(part, _)| part.stocked)
                .collect();
            if stocked.is_empty() || stocked.iter().any(|(part, _)| !part.has_lots) {
                continue;
            }
            let parts = stocked
                .into_iter()
                .map(|(part, n)| (sellable(part, buffer), n));
            (sellable_kits(parts) - row.buffer.unwrap_or(0)).max(0)
        } else if row.has_lots {
            sellable(row, buffer)
        } else {
            continue;
        };
        offers.insert(row.product_id, (units, row.sku.clone()));
    }
    Ok(offers)
}
