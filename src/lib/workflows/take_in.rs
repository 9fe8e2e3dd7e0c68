//! An order as a channel tells it becomes ours: lines, demand, payments, refunds, holds.
//!
//! What a status means decides the demand. What is no longer wanted is released in the
//! same transaction, newest reservation first, and the rest is kept. An order that has
//! left the house takes its units out of stock.

use std::collections::HashMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::dispatch;
use super::pack::{Packed, left_by_the_shop};
use crate::domain::fifo::Change;
use crate::domain::order::{Refund, ShopLine, ShopOrder, StatusRule};
use crate::domain::stock::explode;
use crate::store::channels::Account;
use crate::store::events::{self, Event};
use crate::store::orders::{DemandRow, Known};
use crate::store::{
    Stamp, Tx, holds, kits, listings, orders, packages, payments, products, reservations,
};

/// An order with its refunds and what its status means (`None`: nobody has said).
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The order.
    pub order: ShopOrder,
    /// Its refunds that stand.
    pub refunds: Vec<Refund>,
    /// What its status means.
    pub rule: Option<StatusRule>,
}

/// How lines find their products.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// By the channel's id of the listing.
    pub by_listing: HashMap<String, i64>,
    /// By SKU.
    pub by_sku: HashMap<String, i64>,
    /// What kits consist of.
    pub kits: HashMap<i64, Vec<(i64, i64)>>,
}

/// What taking an order in did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Whether anything was new.
    pub changed: bool,
    /// Units of reservations given back.
    pub released: i64,
    /// Units that left stock.
    pub shipped: i64,
    /// Units that left the house by the shop's word, and of which there was no stock.
    pub short: i64,
    /// Lines whose product is not known.
    pub unknown_lines: u64,
}

impl Catalogue {
    /// Reads how lines find their products by SKU.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(tx: &mut Tx) -> anyhow::Result<Self> {
        Ok(Self {
            by_listing: HashMap::new(),
            by_sku: products::ids_by_sku(tx).await?,
            kits: kits::kits(tx).await?,
        })
    }

    /// Reads how the lines of some orders find their products.
    ///
    /// # Errors
    /// The store's.
    pub async fn of(tx: &mut Tx, account: &Account, orders: &[Incoming]) -> anyhow::Result<Self> {
        let lines = || orders.iter().flat_map(|incoming| &incoming.order.lines);
        let mut listed: Vec<&str> = lines()
            .filter_map(|l| l.item_external_id.as_deref())
            .collect();
        let mut skus: Vec<&str> = lines().filter_map(|l| l.sku.as_deref()).collect();
        for list in [&mut listed, &mut skus] {
            list.sort_unstable();
            list.dedup();
        }
        let by_listing = listings::products_of(tx, account.id, &listed).await?;
        let by_sku = products::ids_of(tx, &skus).await?;
        let mut found: Vec<i64> = by_listing.iter().map(|(_, product)| *product).collect();
        found.extend(by_sku.values());
        found.sort_unstable();
        found.dedup();
        Ok(Self {
            kits: kits::kits_of(tx, &found).await?,
            by_listing: by_listing.into_iter().collect(),
            by_sku,
        })
    }

    fn product(&self, line: &ShopLine) -> Option<i64> {
        line.item_external_id
            .as_ref()
            .and_then(|id| self.by_listing.get(id))
            .or_else(|| line.sku.as_ref().and_then(|sku| self.by_sku.get(sku)))
            .copied()
    }
}

/// The stored word for what a status means.
pub fn rule_word(rule: Option<StatusRule>) -> &'static str {
    match rule {
        Some(StatusRule::Ship) => "ship",
        Some(StatusRule::Reserve) => "reserve",
        Some(StatusRule::None) => "none",
        Some(StatusRule::Shipped) => "shipped",
        Some(StatusRule::Closed) => "closed",
        None => "unknown",
    }
}

/// Takes one order in, under the allocation lock. The same order again changes nothing.
///
/// # Errors
/// The store's.
pub async fn one(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    incoming: &Incoming,
    catalogue: &Catalogue,
) -> anyhow::Result<Outcome> {
    let order = &incoming.order;
    let rule = rule_word(incoming.rule);
    let products: Vec<Option<i64>> = order.lines.iter().map(|l| catalogue.product(l)).collect();
    let fingerprint = fingerprint(incoming, &products);
    let known = orders::known(tx, account.id, &order.external_id).await?;
    let mut outcome = Outcome {
        unknown_lines: products.iter().filter(|p| p.is_none()).count() as u64,
        ..Outcome::default()
    };
    if known.as_ref().is_some_and(|k| k.fingerprint == fingerprint) {
        return Ok(outcome);
    }
    outcome.changed = true;
    let known_id = known.as_ref().map(|k| k.id);
    let id = orders::put_head(tx, stamp, account.id, known_id, order, rule, &fingerprint).await?;
    payments::put(tx, id, &order.payments).await?;
    payments::put_refunds(tx, id, &incoming.refunds, stamp.at).await?;
    let hold = (incoming.rule == Some(StatusRule::Reserve))
        .then(|| format!("the shop's status is {}", order.status));
    holds::set(tx, id, "payment", hold.as_deref(), stamp.at).await?;

    let wanted = put_lines(tx, id, incoming, &products).await?;
    let demands = orders::demands(tx, id).await?;
    if wants_change(incoming, account, known.as_ref(), !demands.is_empty()) {
        let step = Step {
            order: id,
            stamp,
            incoming,
            catalogue,
            had_left: incoming.rule == Some(StatusRule::Shipped)
                && known.as_ref().is_some_and(|k| k.rule == "shipped"),
        };
        step.set_demand(tx, &wanted, demands, &mut outcome).await?;
    }
    let fact = Event::new(
        if known.is_some() {
            "order.changed"
        } else {
            "order.placed"
        },
        format!("order:{}:{}", account.name, order.number),
        json!({
            "status": order.status,
            "was": known.map(|k| k.status),
            "rule": rule,
            "lines": order.lines.len(),
            "released": outcome.released,
            "shipped": outcome.shipped,
            "short": outcome.short,
            "unknown_lines": outcome.unknown_lines,
        }),
    );
    events::append(tx, stamp, &[fact]).await?;
    Ok(outcome)
}

/// Whether the order says anything about demand: an unmapped status leaves things as they
/// are, and an order that had left before our stock counted is past, however often the shop
/// changes it afterwards.
fn wants_change(
    incoming: &Incoming,
    account: &Account,
    known: Option<&Known>,
    has_demand: bool,
) -> bool {
    match incoming.rule {
        None => false,
        Some(StatusRule::Shipped) if !has_demand => {
            let order = &incoming.order;
            // A shop tells only of `completed` when it was set. For another status that
            // means the same, the change that brought the order here is the best known.
            let had_left = known.is_some_and(|known| known.rule == "shipped");
            let changed_at = (!had_left).then_some(order.modified_at);
            let left_at = order.completed_at.or(changed_at);
            matches!((left_at, account.opened_at), (Some(left), Some(opened)) if left.0 > opened)
        }
        Some(_) => true,
    }
}

/// A line as stored, and the units it wants in pieces as ordered.
struct WantedLine {
    line: i64,
    product: Option<i64>,
    pieces: i64,
    /// Whether it has become another product than it was.
    relinked: bool,
}

async fn put_lines(
    tx: &mut Tx,
    order: i64,
    incoming: &Incoming,
    products: &[Option<i64>],
) -> anyhow::Result<Vec<WantedLine>> {
    let mut refunded: HashMap<&str, i64> = HashMap::new();
    for line in incoming.refunds.iter().flat_map(|r| &r.lines) {
        *refunded.entry(line.line_external_id.as_str()).or_default() += line.quantity;
    }
    let wants = matches!(
        incoming.rule,
        Some(StatusRule::Ship | StatusRule::Reserve | StatusRule::Shipped)
    );
    let stored = orders::lines(tx, order).await?;
    let mut wanted = Vec::new();
    for (line, product) in incoming.order.lines.iter().zip(products) {
        let there = stored.iter().find(|l| l.external_id == line.external_id);
        let back = refunded
            .get(line.external_id.as_str())
            .copied()
            .unwrap_or(0);
        let before = there.and_then(|l| l.product_id);
        let product = product.or(before);
        let id = orders::put_line(tx, order, there.map(|l| l.id), line, product, back).await?;
        wanted.push(WantedLine {
            line: id,
            product,
            pieces: if wants {
                (line.quantity - back).max(0)
            } else {
                0
            },
            relinked: before.is_some() && before != product,
        });
    }
    for gone in &stored {
        let still = |l: &ShopLine| l.external_id == gone.external_id;
        if !incoming.order.lines.iter().any(still) {
            orders::empty_line(tx, gone.id).await?;
            wanted.push(WantedLine {
                line: gone.id,
                product: gone.product_id,
                pieces: 0,
                relinked: false,
            });
        }
    }
    Ok(wanted)
}

/// What the steps of taking one order in share.
struct Step<'a> {
    order: i64,
    stamp: &'a Stamp,
    incoming: &'a Incoming,
    catalogue: &'a Catalogue,
    /// Whether the order had left before, so that nothing more of it leaves now: what was
    /// short then is not taken from what came in since.
    had_left: bool,
}

impl Step<'_> {
    async fn set_demand(
        &self,
        tx: &mut Tx,
        wanted: &[WantedLine],
        mut stored: Vec<DemandRow>,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let mut demands: Vec<DemandRow> = Vec::new();
        for line in wanted {
            if line.relinked {
                outcome.released += self.forget(tx, line.line, &mut stored).await?;
            }
            let mut is_new = true;
            for demand in stored.iter().filter(|d| d.line_id == line.line) {
                is_new = false;
                let mut quantity = line.pieces * demand.per_kit;
                if self.had_left {
                    quantity = quantity.min(demand.quantity);
                }
                let (now, released) = set_quantity(tx, self.stamp, *demand, quantity).await?;
                outcome.released += released;
                demands.push(now);
            }
            let adds = is_new && line.pieces > 0 && !self.had_left;
            let Some(product) = line.product.filter(|_| adds) else {
                continue;
            };
            for (component, per_kit) in explode(product, &self.catalogue.kits)? {
                let quantity = line.pieces * per_kit;
                demands
                    .push(orders::add_demand(tx, line.line, component, per_kit, quantity).await?);
            }
        }
        if self.incoming.rule == Some(StatusRule::Shipped) {
            self.ship(tx, demands, outcome).await?;
        }
        Ok(())
    }

    /// Drops the demand of a line that has become another product, unless some of it has
    /// been shipped or was picked; gives the units released.
    async fn forget(
        &self,
        tx: &mut Tx,
        line: i64,
        stored: &mut Vec<DemandRow>,
    ) -> anyhow::Result<i64> {
        let of_line = |d: &&DemandRow| d.line_id == line;
        let gone = stored.iter().filter(of_line).any(|d| d.shipped > 0);
        if gone || packages::was_in_a_round(tx, line).await? {
            return Ok(0);
        }
        let mut released = 0;
        for demand in stored.iter().filter(of_line) {
            release(tx, self.stamp, demand.id, demand.reserved).await?;
            released += demand.reserved;
        }
        orders::drop_demands(tx, line).await?;
        stored.retain(|d| d.line_id != line);
        Ok(released)
    }

    /// Lets what the demands want leave: what is reserved for them, then what is free. What
    /// is not there at all is counted as short, and no longer wanted.
    async fn ship(
        &self,
        tx: &mut Tx,
        demands: Vec<DemandRow>,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let mut free_taken: HashMap<i64, i64> = HashMap::new();
        let mut items = Vec::new();
        let packed = Packed::held(tx, self.order).await?;
        for demand in demands {
            let left = demand.quantity - demand.shipped;
            let taken = free_taken.entry(demand.product_id).or_default();
            let there = dispatch::available(tx, &demand).await? - *taken;
            let units = left.min(there.max(demand.reserved));
            *taken += (units - demand.reserved).max(0);
            if units < left {
                orders::set_wanted(tx, demand.id, demand.shipped + units).await?;
                outcome.short += left - units;
            }
            if units > 0 {
                outcome.shipped += units;
                items.push(match &packed {
                    Some(packed) => packed.taken_along(tx, demand, units).await?,
                    None => dispatch::Item {
                        demand,
                        units,
                        lots: Vec::new(),
                        from: None,
                    },
                });
            }
        }
        if items.is_empty() {
            if let Some(packed) = &packed {
                left_by_the_shop(tx, self.stamp, packed, &items, None).await?;
            }
            return Ok(());
        }
        let order = &self.incoming.order;
        let parcel = dispatch::Parcel {
            order: self.order,
            items,
            source: "shop",
            carrier: "",
            tracking: "",
            shipped_at: order.completed_at.unwrap_or(order.modified_at),
        };
        let shipment = dispatch::run(tx, self.stamp, &parcel).await?;
        if let Some(packed) = &packed {
            left_by_the_shop(tx, self.stamp, packed, &parcel.items, Some(shipment)).await?;
        }
        Ok(())
    }
}

/// Lets a demand want another quantity, though never less than has been shipped; what it
/// holds beyond that is released. Gives the demand as it is now, and the units released.
async fn set_quantity(
    tx: &mut Tx,
    stamp: &Stamp,
    mut demand: DemandRow,
    quantity: i64,
) -> anyhow::Result<(DemandRow, i64)> {
    let quantity = quantity.max(demand.shipped);
    let excess = (demand.reserved + demand.shipped - quantity).max(0);
    if excess > 0 {
        release(tx, stamp, demand.id, excess).await?;
        demand.reserved -= excess;
    }
    if quantity != demand.quantity {
        orders::set_wanted(tx, demand.id, quantity).await?;
        demand.quantity = quantity;
    }
    Ok((demand, excess))
}

/// An order that the shop does not have any more wants nothing; gives the units released.
///
/// # Errors
/// The store's.
pub async fn gone(
    tx: &mut Tx,
    stamp: &Stamp,
    account: &Account,
    external_id: &str,
) -> anyhow::Result<i64> {
    let Some(known) = orders::known(tx, account.id, external_id).await? else {
        return Ok(0);
    };
    let mut released = 0;
    for demand in orders::demands(tx, known.id).await? {
        released += set_quantity(tx, stamp, demand, 0).await?.1;
    }
    orders::set_gone(tx, stamp, known.id).await?;
    let fact = Event::new(
        "order.gone",
        format!("order:{}:{}", account.name, known.number),
        json!({ "was": known.status, "released": released }),
    );
    events::append(tx, stamp, &[fact]).await?;
    Ok(released)
}

/// Gives back units of a demand, newest reservation first.
///
/// # Errors
/// The store's.
pub async fn release(tx: &mut Tx, stamp: &Stamp, demand: i64, units: i64) -> anyhow::Result<()> {
    let held = reservations::of_demands(tx, &[demand]).await?;
    let mut left = units;
    let mut changes = Vec::new();
    for (_, demand, balance, quantity) in held.iter().rev() {
        let part = left.min(*quantity);
        if part > 0 {
            left -= part;
            changes.push(Change {
                demand: *demand,
                balance: *balance,
                units: -part,
            });
        }
    }
    let stored = held
        .iter()
        .map(|(id, d, b, q)| ((*d, *b), (*id, *q)))
        .collect();
    reservations::apply(tx, stamp, &changes, &stored).await?;
    Ok(())
}

/// A digest of all that is taken in, so that the same again is recognised without a write.
fn fingerprint(incoming: &Incoming, products: &[Option<i64>]) -> String {
    let text = format!(
        "{:?}|{:?}|{:?}|{products:?}",
        incoming.order, incoming.refunds, incoming.rule
    );
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
