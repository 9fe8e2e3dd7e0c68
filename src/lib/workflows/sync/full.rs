//! What no date tells: orders that went without a word, and orders that were missed.

use std::collections::HashSet;

use super::{ChannelRun, Look, concerns_one, pages};
use crate::integrations::woocommerce::{PAGE, Page};
use crate::progress::Progress;
use crate::store::orders::{self, Standing};

impl ChannelRun<'_> {
    /// Compares the shop's orders with ours: those missed are taken in, those that stand
    /// open here are read again, those that are gone want nothing any more.
    pub(super) async fn find_gone_orders(&mut self) -> anyhow::Result<()> {
        let progress = Progress::start(self.ctx.show, "comparing orders", 0);
        let client = self.client.clone();
        let mut there = HashSet::new();
        let mut is_certain = true;
        let fetch = |number| client.order_ids_page(number);
        let whole = pages::each(
            self.shop.parallel,
            &progress,
            fetch,
            async |page: Page<String>| {
                is_certain &= page.rejected.is_empty();
                there.extend(page.items);
                Ok(())
            },
        )
        .await?;
        is_certain &= !whole.has_shrunk;

        let mut tx = self.ctx.store.read().await?;
        let ours = orders::standing(&mut tx, self.account.id).await?;
        drop(tx);
        let held_back = self.held_back.orders.iter().map(|i| &i.order.external_id);
        let known: HashSet<&String> = ours
            .iter()
            .map(|order| &order.external_id)
            .chain(held_back)
            .collect();
        let mut missed: Vec<String> = there
            .iter()
            .filter(|id| !known.contains(id))
            .cloned()
            .collect();
        missed.sort_unstable();
        let (still, gone): (Vec<&Standing>, Vec<&Standing>) = ours
            .iter()
            .partition(|order| there.contains(&order.external_id));

        let mut look = Look::default();
        let open = still.into_iter().filter(|order| order.open);
        let mut again: Vec<String> = open.map(|order| order.external_id.clone()).collect();
        again.extend(missed.iter().cloned());
        for ids in again.chunks(PAGE) {
            match self.client.orders(ids).await {
                Ok(found) => {
                    look.set_aside(found.rejected);
                    self.take_orders(found.items, &mut look).await?;
                }
                Err(error) if concerns_one(&error) => {
                    for id in ids {
                        look.fail(id, &error);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(found) = &mut self.report.found {
            let taken: HashSet<&String> = look.taken.iter().collect();
            missed.retain(|id| taken.contains(id));
            found.orders_missed = missed;
        }
        if is_certain {
            self.take_leave(&gone, &mut look).await?;
        }
        self.close(super::orders::STREAM, look).await
    }

    /// Orders that are not in the list are in the trash or deleted, and want nothing. Of one
    /// that stands open here the shop is asked by its id before that is believed.
    async fn take_leave(&mut self, gone: &[&Standing], look: &mut Look) -> anyhow::Result<()> {
        for order in gone {
            let id = &order.external_id;
            if order.open {
                match self.client.order(id).await {
                    Ok(Some(there)) if there.status != "trash" => {
                        self.take_orders(vec![there], look).await?;
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) if concerns_one(&error) => {
                        look.fail(id, &error);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            self.forget_order(id).await?;
            if let Some(found) = &mut self.report.found {
                found.orders_gone.push(order.number.clone());
            }
        }
        Ok(())
    }
}
