//! The shop's orders become ours: a page at a time, a few under one hold of the lock.

use anyhow::Context as _;
use futures_util::{StreamExt, stream};

use super::{ChannelReport, ChannelRun, Look, concerns_one, is_about_data, pages};
use crate::domain::order::ShopOrder;
use crate::domain::time::UtcMs;
use crate::integrations::woocommerce::Page;
use crate::progress::Progress;
use crate::store::channels::{self, Account};
use crate::store::{Stamp, Tx};
use crate::workflows::take_in::{self, Catalogue, Incoming};
use crate::workflows::until_no_conflict;

pub(super) const STREAM: &str = "orders";

/// Orders taken in under one hold of the allocation lock.
const AT_ONCE: usize = 25;

/// What taking orders in did.
#[derive(Default)]
pub(super) struct Sum {
    /// The shop's ids of the orders that were new or changed.
    changed: Vec<String>,
    released: i64,
    shipped: i64,
    short: i64,
    unknown_lines: u64,
}

impl Sum {
    pub(super) fn add_to(&self, report: &mut ChannelReport) {
        report.orders_changed += self.changed.len() as u64;
        report.units_released += self.released;
        report.units_shipped += self.shipped;
        report.units_short += self.short;
        report.unknown_lines += self.unknown_lines;
    }
}

impl ChannelRun<'_> {
    /// Takes in the orders changed since the last look; gives when the look began.
    pub(super) async fn pull_orders(&mut self) -> anyhow::Result<UtcMs> {
        let looked_at = self.ctx.clock.now();
        let since = self.since(STREAM).await?;
        let progress = Progress::start(self.ctx.show, "reading orders", 0);
        let mut look = Look::default();
        let client = self.client.clone();
        let fetch = |number| client.orders_page(since, number);
        let parallel = self.shop.parallel;
        let whole = pages::each(parallel, &progress, fetch, async |page: Page<ShopOrder>| {
            self.open(page.server_time.unwrap_or(looked_at)).await?;
            look.set_aside(page.rejected);
            self.take_orders(page.items, &mut look).await
        })
        .await?;
        look.position = whole.read_up_to();
        self.looked_at = look.position;
        for id in self.retries(STREAM, &look).await? {
            self.take_order(id, &mut look).await?;
        }
        self.close(STREAM, look).await?;
        Ok(looked_at)
    }

    /// Looks at the orders once more; gives the moment by the shop's clock, or none where
    /// the list moved while it was read.
    ///
    /// # Errors
    /// The shop is out of reach, or the store's.
    pub(in crate::workflows) async fn look_again(&mut self) -> anyhow::Result<Option<UtcMs>> {
        self.pull_orders().await?;
        Ok(self.looked_at)
    }

    /// Takes in one order by its id; one that the shop does not have wants nothing.
    pub(super) async fn take_order(&mut self, id: String, look: &mut Look) -> anyhow::Result<()> {
        match self.client.order(&id).await {
            Ok(Some(order)) => self.take_orders(vec![order], look).await,
            Ok(None) => {
                self.forget_order(&id).await?;
                look.taken.push(id);
                Ok(())
            }
            Err(error) if concerns_one(&error) => {
                look.fail(&id, &error);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An order that the shop does not have wants nothing.
    pub(super) async fn forget_order(&mut self, id: &str) -> anyhow::Result<()> {
        if self.options.dry_run {
            self.held_back.gone_orders.push(id.to_owned());
            return Ok(());
        }
        self.report.units_released += until_no_conflict!(self.forget_once(id))?;
        Ok(())
    }

    async fn forget_once(&self, id: &str) -> anyhow::Result<i64> {
        let mut tx = self.ctx.store.allocate().await?;
        let released = take_in::gone(&mut tx, &self.ctx.stamp(), &self.account, id).await?;
        self.ctx.store.commit(tx).await?;
        Ok(released)
    }

    /// Notes the first look at the shop's orders: from then on, what leaves the house
    /// leaves our stock.
    async fn open(&mut self, at: UtcMs) -> anyhow::Result<()> {
        if self.account.opened_at.is_some() {
            return Ok(());
        }
        self.account.opened_at = Some(at.0);
        if !self.options.dry_run {
            let mut tx = self.ctx.store.begin().await?;
            channels::set_opened(&mut tx, self.account.id, at).await?;
            self.ctx.store.commit(tx).await?;
        }
        Ok(())
    }

    /// Takes orders in, each with its refunds.
    pub(super) async fn take_orders(
        &mut self,
        orders: Vec<ShopOrder>,
        look: &mut Look,
    ) -> anyhow::Result<()> {
        let client = self.client.clone();
        let refunds = |order: &ShopOrder| {
            let client = client.clone();
            let (id, currency) = (order.external_id.clone(), order.currency);
            let has_some = !order.refund_ids.is_empty();
            async move {
                if has_some {
                    client.order_refunds(&id, currency).await.map(Some)
                } else {
                    Ok(None)
                }
            }
        };
        let all: Vec<_> = stream::iter(orders.iter().map(refunds))
            .buffered(self.shop.parallel.max(1) as usize)
            .collect()
            .await;
        let mut list = Vec::new();
        for (order, refunds) in orders.into_iter().zip(all) {
            let refunds = match refunds {
                Ok(None) => Vec::new(),
                Ok(Some(found)) if found.rejected.is_empty() => found.items,
                Ok(Some(found)) => {
                    let reason = format!("a refund: {}", found.rejected[0].reason);
                    look.fail(&order.external_id, &reason);
                    continue;
                }
                Err(error) if concerns_one(&error) => {
                    look.fail(&order.external_id, &error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let rule = self.shop.status_rule(&order.status);
            if rule.is_none() && self.unmapped.insert(order.external_id.clone()) {
                let unknown = &mut self.report.unknown_statuses;
                *unknown.entry(order.status.clone()).or_default() += 1;
            }
            list.push(Incoming {
                order,
                refunds,
                rule,
            });
        }
        look.taken
            .extend(list.iter().map(|i| i.order.external_id.clone()));
        if self.options.dry_run {
            self.held_back.orders.extend(list);
            return Ok(());
        }
        for chunk in list.chunks(AT_ONCE) {
            self.store_orders(chunk, look).await?;
        }
        Ok(())
    }

    /// Takes orders in together or, where the store refuses some of them, one by one.
    async fn store_orders(&mut self, orders: &[Incoming], look: &mut Look) -> anyhow::Result<()> {
        match until_no_conflict!(self.store_once(orders)) {
            Ok(sum) => self.add(sum),
            Err(error) if is_about_data(&error) => {
                for one in orders {
                    match until_no_conflict!(self.store_once(std::slice::from_ref(one))) {
                        Ok(sum) => self.add(sum),
                        Err(error) if is_about_data(&error) => {
                            look.fail(&one.order.external_id, &format!("{error:#}"));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn add(&mut self, sum: Sum) {
        sum.add_to(&mut self.report);
        self.changed_orders.extend(sum.changed);
    }

    async fn store_once(&self, orders: &[Incoming]) -> anyhow::Result<Sum> {
        let stamp = self.ctx.stamp();
        let mut tx = self.ctx.store.allocate().await?;
        let sum = apply(&mut tx, &stamp, &self.account, orders).await?;
        self.ctx.store.commit(tx).await?;
        Ok(sum)
    }
}

/// Takes orders in, under the allocation lock.
///
/// # Errors
/// The store's.
pub(super) async fn apply(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    orders: &[Incoming],
) -> anyhow::Result<Sum> {
    let catalogue = Catalogue::of(tx, account, orders).await?;
    let mut sum = Sum::default();
    for incoming in orders {
        let outcome = take_in::one(tx, stamp, account, incoming, &catalogue)
            .await
            .with_context(|| format!("taking in order {}", incoming.order.number))?;
        if outcome.changed {
            sum.changed.push(incoming.order.external_id.clone());
        }
        sum.released += outcome.released;
        sum.shipped += outcome.shipped;
        sum.short += outcome.short;
        sum.unknown_lines += outcome.unknown_lines;
    }
    Ok(sum)
}
