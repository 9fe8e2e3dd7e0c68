//! A channel and the store agree: catalogue and orders in, stock reserved, quantities out.
//!
//! Pull what changed since the cursor (with an overlap, for the shop's clock has whole
//! seconds), reserve, and write to the shop only the quantities that differ, each read
//! just before. Then one settle pass for sales that came in meanwhile. A single item that
//! fails is noted, read again by the next run, and stops nothing else. A full sync reads
//! everything, and so finds what no date tells: drift, trash and deletions.

mod catalogue;
mod full;
mod orders;
mod pages;
mod push;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::take_in::Incoming;
use super::{reserve, scan, tell, tell_shop};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;
use crate::domain::catalogue::ShopItem;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::integrations::woocommerce::{Client, Error, Rejected};
use crate::store::channels::{self, Account};
use crate::store::{StoreError, Tx};

use catalogue::Known;
pub use push::Write;

/// Read again this far before the cursor.
const OVERLAP_MS: i64 = 120_000;

/// How to sync.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Read everything, and find drift, trash and deletions.
    pub full: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// The shops are where the tenant file says, though they were elsewhere before.
    pub moved: bool,
}

/// What a sync did, channel by channel.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The run's id.
    pub run: String,
    /// Whether nothing was written.
    pub dry_run: bool,
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
    /// Orders of which the shop was told that they have left.
    pub orders_told: u64,
    /// Orders whose status in the shop a person has to decide on, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_decision: Vec<String>,
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
    /// What a full look found beyond the changes; in a full sync only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// Changes of reservations that a run would make; in a dry run only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<reserve::Step>,
    /// Quantities that a run would write to the shop; in a dry run only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
    /// What failed and is left to the next run.
    pub failures: Vec<String>,
}

/// What a full look at a shop found beyond what it tells by date.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// Listings whose quantity in the shop was not the one last seen or written.
    pub drift: Vec<Drift>,
    /// Listings that the shop does not have any more, by SKU or the shop's id.
    pub listings_gone: Vec<String>,
    /// Orders that were not known here.
    pub orders_missed: Vec<String>,
    /// Orders that the shop does not have any more, in the trash or deleted.
    pub orders_gone: Vec<String>,
}

/// A quantity that changed without our seeing it.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Drift {
    /// The SKU, or the shop's id where it has none.
    pub item: String,
    /// The quantity last seen or written.
    pub seen: i64,
    /// The quantity there now.
    pub found: i64,
}

impl ChannelReport {
    fn of(channel: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            ..Self::default()
        }
    }
}

impl Report {
    /// Whether nothing failed.
    pub fn is_whole(&self) -> bool {
        self.channels.iter().all(|c| c.failures.is_empty())
    }
}

/// Syncs all channels of the tenant. One that fails as a whole does not keep the others
/// from being synced.
///
/// # Errors
/// The only channel, or all of them, are out of reach or refuse our key; or the store's.
pub async fn run(ctx: &Context, options: Options) -> anyhow::Result<Report> {
    let mut report = Report {
        run: ctx.run.clone(),
        dry_run: options.dry_run,
        channels: Vec::new(),
    };
    let (mut first_failure, mut any_worked) = (None, false);
    for (name, channel) in &ctx.tenant.channels {
        let Channel::WooCommerce(shop) = channel;
        let (mut channel, result) = match ChannelRun::start(ctx, name, shop, options).await {
            Ok(mut run) => {
                let result = run.all().await;
                (run.report, result)
            }
            Err(error) => (ChannelReport::of(name), Err(error)),
        };
        match result.with_context(|| format!("syncing {name}")) {
            Ok(()) => any_worked = true,
            Err(error) => {
                channel.failures.push(format!("{error:#}"));
                first_failure.get_or_insert(error);
            }
        }
        report.channels.push(channel);
    }
    if let Some(error) = first_failure.filter(|_| !any_worked) {
        return Err(error);
    }
    if !options.dry_run {
        scan::refresh(ctx).await?;
    }
    Ok(report)
}

/// One channel's run, and what it knows of the channel meanwhile.
pub(super) struct ChannelRun<'a> {
    ctx: &'a Context,
    shop: &'a WooCommerce,
    client: Client,
    pub(super) account: Account,
    known: Known,
    options: Options,
    /// What has been read and would be taken in; in a dry run only.
    held_back: HeldBack,
    /// The shop's ids of the orders that were new or changed so far.
    pub(super) changed_orders: Vec<String>,
    /// Changes of listings from here on are told by their date.
    dated_from: Option<UtcMs>,
    /// The moment of the last whole look at the orders, by the shop's clock.
    looked_at: Option<UtcMs>,
    /// The shop's ids of the orders whose status nobody has mapped.
    unmapped: HashSet<String>,
    pub(super) report: ChannelReport,
}

/// What a dry run has read.
#[derive(Default)]
struct HeldBack {
    items: Vec<ShopItem>,
    orders: Vec<Incoming>,
    gone_orders: Vec<String>,
}

impl<'a> ChannelRun<'a> {
    /// Gets to know the channel; nothing is asked of the shop yet.
    ///
    /// # Errors
    /// A secret is missing, or the store's.
    pub(super) async fn start(
        ctx: &'a Context,
        name: &str,
        shop: &'a WooCommerce,
        options: Options,
    ) -> anyhow::Result<Self> {
        let client = ctx.services.woocommerce(&ctx.tenant, name, shop)?;
        let mut tx = ctx.store.begin().await?;
        // In a dry run the account that is made here goes with the transaction.
        let account = channels::account(&mut tx, name, "woocommerce", &shop.url).await?;
        if options.moved {
            channels::set_url(&mut tx, account.id, &shop.url).await?;
        } else if account.url != shop.url {
            let text = format!(
                "channel {name} has been the shop at {}, and is now to be {}",
                account.url, shop.url
            );
            return Err(Fault::usage(text)
                .hint(
                    "another shop is another channel: give it a name of its own; where the same \
                     shop has moved: `opsctl sync --moved`",
                )
                .into());
        }
        let known = Known::load(&mut tx, account.id).await?;
        if !options.dry_run {
            ctx.store.commit(tx).await?;
        }
        Ok(Self {
            ctx,
            shop,
            client,
            account,
            known,
            options,
            held_back: HeldBack::default(),
            changed_orders: Vec::new(),
            dated_from: None,
            looked_at: None,
            unmapped: HashSet::new(),
            report: ChannelReport {
                found: options.full.then(Found::default),
                ..ChannelReport::of(name)
            },
        })
    }

    async fn all(&mut self) -> anyhow::Result<()> {
        let looked_at = self.pull().await?;
        if self.options.dry_run {
            return self.rehearse().await;
        }
        self.tell().await.context("telling what has left")?;
        self.reserve().await?;
        if !self.shop.push_stock || !self.push().await? {
            return Ok(());
        }
        let before = self.report.orders_changed;
        let settled_at = self.pull_orders().await.context("reading orders again")?;
        let has_sold = self.report.orders_changed > before;
        if has_sold {
            self.reserve().await?;
            self.push().await?;
        }
        let last_look = if has_sold { settled_at } else { looked_at };
        let written_at = self.ctx.clock.now();
        self.report.exposure_seconds = Some((written_at.0 - last_look.0) as f64 / 1000.0);
        Ok(())
    }

    /// Takes in catalogue and orders; gives when the look at the orders began.
    ///
    /// # Errors
    /// The shop is out of reach or refuses our key, or the store's.
    pub(super) async fn pull(&mut self) -> anyhow::Result<UtcMs> {
        self.pull_items().await.context("reading the catalogue")?;
        let looked_at = self.pull_orders().await.context("reading orders")?;
        if self.options.full {
            self.find_gone_orders().await.context("comparing orders")?;
        }
        Ok(looked_at)
    }

    /// Tells the shop what has left: after a look at its orders, for what was added to one
    /// meanwhile has not.
    async fn tell(&mut self) -> anyhow::Result<()> {
        let name = &self.account.name;
        tell_shop::plan_missing(self.ctx, name, self.shop).await?;
        let told = tell::run(self.ctx, name, self.shop).await?;
        self.report.orders_told = told.told.len() as u64;
        self.report.needs_decision = told.needs_decision;
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

    /// Carries a run out as far as the shop, in a transaction that is then taken back.
    async fn rehearse(&mut self) -> anyhow::Result<()> {
        // Not under the allocation lock: a rehearsal may take its time, and holds nobody up.
        let mut tx = self.ctx.store.begin().await?;
        self.rehearse_pull(&mut tx).await?;
        if self.ctx.tenant.modules.reserve {
            let plan = reserve::within(self.ctx, &mut tx, true).await?;
            self.report.units_reserved = plan.units_reserved;
            self.report.units_backordered = plan.units_backordered;
            self.report.reservations = plan.plan;
        }
        let targets = if self.shop.push_stock {
            self.targets(&mut tx).await?
        } else {
            Vec::new()
        };
        drop(tx);
        self.report.writes = self.would_write(&targets).await?;
        Ok(())
    }

    /// Takes what a dry run has read into a transaction that nobody commits.
    pub(super) async fn rehearse_pull(&mut self, tx: &mut Tx) -> anyhow::Result<()> {
        let name = self.account.name.clone();
        let stored = channels::account(tx, &name, "woocommerce", &self.shop.url).await?;
        self.account.id = stored.id;
        let stamp = self.ctx.stamp();
        let items = std::mem::take(&mut self.held_back.items);
        let taken = catalogue::apply(tx, &stamp, &self.account, &items, &self.known).await?;
        self.report.items_changed += taken.len() as u64;
        self.known.learn(taken);
        let orders = std::mem::take(&mut self.held_back.orders);
        let sum = orders::apply(tx, &stamp, &self.account, &orders).await?;
        sum.add_to(&mut self.report);
        for gone in std::mem::take(&mut self.held_back.gone_orders) {
            let released = super::take_in::gone(tx, &stamp, &self.account, &gone).await?;
            self.report.units_released += released;
        }
        Ok(())
    }

    /// Where to read a stream from; none: from the beginning.
    async fn since(&self, stream: &str) -> anyhow::Result<Option<UtcMs>> {
        let mut tx = self.ctx.store.read().await?;
        let cursor = channels::cursor(&mut tx, self.account.id, stream).await?;
        Ok(cursor.map(|at| at.plus_ms(-OVERLAP_MS)))
    }

    /// The items of a stream that failed before, and have not come by themselves since.
    async fn retries(&self, stream: &str, look: &Look) -> anyhow::Result<Vec<String>> {
        let mut tx = self.ctx.store.read().await?;
        let retries = channels::retries(&mut tx, self.account.id, stream).await?;
        let taken: HashSet<&String> = look.taken.iter().collect();
        let missing = retries.into_iter().map(|r| r.external_id);
        Ok(missing.filter(|id| !taken.contains(id)).collect())
    }

    /// Ends the reading of a stream: moves its cursor, and notes what failed in it.
    async fn close(&mut self, stream: &str, look: Look) -> anyhow::Result<()> {
        for (id, reason) in &look.failed {
            let what = id.as_deref().unwrap_or("without a readable id");
            let text = format!("{stream} {what}: {reason}");
            self.report.failures.push(text);
        }
        if self.options.dry_run {
            return Ok(());
        }
        let stamp = self.ctx.stamp();
        // What cannot even be named cannot be asked for by name: the window is read again.
        let is_named = look.failed.iter().all(|(id, _)| id.is_some());
        let failed: Vec<(String, String)> = look
            .failed
            .into_iter()
            .filter_map(|(id, reason)| Some((id?, reason)))
            .collect();
        let mut taken = look.taken;
        taken.retain(|id| !failed.iter().any(|(bad, _)| bad == id));
        let mut tx = self.ctx.store.begin().await?;
        if let Some(position) = look.position.filter(|_| is_named) {
            channels::set_cursor(&mut tx, self.account.id, stream, position, stamp.at).await?;
        }
        channels::clear_retries(&mut tx, self.account.id, stream, &taken).await?;
        channels::note_retries(&mut tx, self.account.id, stream, &failed, &stamp).await?;
        self.ctx.store.commit(tx).await?;
        Ok(())
    }
}

/// What a look at a stream of the shop gave.
#[derive(Default)]
struct Look {
    /// Up to where it has been read, by the shop's clock; none: the cursor stays.
    position: Option<UtcMs>,
    /// The shop's ids of what was taken in.
    taken: Vec<String>,
    /// What failed: the shop's id where it can be read, and why.
    failed: Vec<(Option<String>, String)>,
}

impl Look {
    /// Notes the elements that could not be understood.
    fn set_aside(&mut self, rejected: Vec<Rejected>) {
        let failed = rejected.into_iter().map(|r| (r.external_id, r.reason));
        self.failed.extend(failed);
    }

    fn fail(&mut self, id: &str, reason: &dyn Display) {
        self.failed.push((Some(id.to_owned()), reason.to_string()));
    }
}

/// Whether an error concerns one item alone, so that the others can go on.
fn concerns_one(error: &Error) -> bool {
    !matches!(
        error,
        Error::Unauthorized { .. } | Error::RateLimited(_) | Error::Unreachable(_)
    )
}

/// Whether the store refused particular data, so that other data may still go in.
fn is_about_data(error: &anyhow::Error) -> bool {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<StoreError>())
        .is_none_or(|e| matches!(e, StoreError::Refused { .. } | StoreError::Database(_)))
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
