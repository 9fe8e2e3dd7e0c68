//! An order as a channel tells it becomes ours: lines, demand, payments, refunds, holds.
//!
//! What a status means decides the demand. What is no longer wanted is released in the
//! same transaction, newest reservation first, and the rest is kept. An order that has
//! left the house takes its units out of stock.

use std::collections::HashMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::fifo::Change;
use crate::domain::order::{Refund, ShopLine, ShopOrder, StatusRule};
use crate::domain::stock::explode;
use crate::store::channels::Account;
use crate::store::events::{self, Event};
use crate::store::orders::{DemandRow, Known};
use crate::store::stock::{BalanceRow, Removal};
use crate::store::{Stamp, Tx, orders, products, reservations, stock};

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
            kits: products::kits(tx).await?,
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
    orders::put_payments(tx, id, &order.payments).await?;
    orders::put_refunds(tx, id, &incoming.refunds, stamp.at).await?;
    let hold = (incoming.rule == Some(StatusRule::Reserve))
        .then(|| format!("the shop's status is {}", order.status));
    orders::set_hold(tx, id, "payment", hold.as_deref(), stamp.at).await?;

    let wanted = put_lines(tx, id, incoming, &products).await?;
    if wants_change(incoming, account, known.as_ref()) {
        set_demand(tx, stamp, id, incoming, &wanted, catalogue, &mut outcome).await?;
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
/// are, and an order first seen after it had left, before the stock was taken over, is past.
fn wants_change(incoming: &Incoming, account: &Account, known: Option<&Known>) -> bool {
    match incoming.rule {
        None => false,
        Some(StatusRule::Shipped) if known.is_none() => {
            let left_at = incoming.order.completed_at.map(|at| at.0);
            matches!((left_at, account.opened_at), (Some(left), Some(opened)) if left > opened)
        }
        Some(_) => true,
    }
}

/// A line as stored, and the units it wants in pieces as ordered.
struct WantedLine {
    line: i64,
    product: Option<i64>,
    pieces: i64,
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
        let product = product.or(there.and_then(|l| l.product_id));
        let id = orders::put_line(tx, order, there.map(|l| l.id), line, product, back).await?;
        wanted.push(WantedLine {
            line: id,
            product,
            pieces: if wants {
                (line.quantity - back).max(0)
            } else {
                0
            },
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
            });
        }
    }
    Ok(wanted)
}

async fn set_demand(
    tx: &mut Tx,
    stamp: &Stamp,
    order: i64,
    incoming: &Incoming,
    wanted: &[WantedLine],
    catalogue: &Catalogue,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let stored = orders::demands(tx, order).await?;
    let mut demands: Vec<DemandRow> = Vec::new();
    for line in wanted {
        let there: Vec<&DemandRow> = stored.iter().filter(|d| d.line_id == line.line).collect();
        if there.is_empty() && line.pieces > 0 {
            let Some(product) = line.product else {
                continue;
            };
            for (component, per_kit) in explode(product, &catalogue.kits)? {
                let quantity = line.pieces * per_kit;
                demands
                    .push(orders::add_demand(tx, line.line, component, per_kit, quantity).await?);
            }
        }
        for demand in there {
            let quantity = (line.pieces * demand.per_kit).max(demand.shipped);
            let excess = demand.reserved + demand.shipped - quantity;
            let mut now = *demand;
            if excess > 0 {
                release(tx, stamp, demand.id, excess).await?;
                outcome.released += excess;
                now.reserved -= excess;
            }
            if quantity != demand.quantity {
                orders::set_wanted(tx, demand.id, quantity).await?;
                now.quantity = quantity;
            }
            demands.push(now);
        }
    }
    if incoming.rule == Some(StatusRule::Shipped) {
        for demand in demands {
            ship(tx, stamp, incoming, &demand, outcome).await?;
        }
    }
    Ok(())
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

/// Takes what a demand wants out of stock: what is reserved for it first, then what is
/// free, oldest lot first. What is not there at all is counted as short.
async fn ship(
    tx: &mut Tx,
    stamp: &Stamp,
    incoming: &Incoming,
    demand: &DemandRow,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let mut left = demand.quantity - demand.shipped;
    if left == 0 {
        return Ok(());
    }
    let held = reservations::of_demands(tx, &[demand.id]).await?;
    let balances = stock::balances(tx, demand.product_id).await?;
    let mine: HashMap<i64, i64> = held.iter().map(|(_, _, b, q)| (*b, *q)).collect();
    let mut taken: HashMap<i64, i64> = HashMap::new();
    let promised = |b: &BalanceRow| mine.get(&b.id).copied().unwrap_or(0);
    for balance in &balances {
        let part = promised(balance).min(left);
        left -= part;
        *taken.entry(balance.id).or_default() += part;
    }
    for balance in balances.iter().filter(|b| b.sellable) {
        let part = (balance.on_hand - balance.reserved).min(left);
        left -= part;
        *taken.entry(balance.id).or_default() += part;
    }
    release(tx, stamp, demand.id, demand.reserved).await?;
    let removals: Vec<Removal> = balances
        .iter()
        .filter_map(|b| {
            let units = taken.get(&b.id).copied().filter(|units| *units > 0)?;
            Some(Removal {
                balance: b.id,
                lot: b.lot_id,
                location: b.location_id,
                units,
            })
        })
        .collect();
    let cause = format!("order:{}", incoming.order.external_id);
    stock::take_out(tx, stamp, &removals, "shipped", &cause).await?;
    let shipped: i64 = removals.iter().map(|r| r.units).sum();
    if left > 0 {
        orders::set_wanted(tx, demand.id, demand.quantity - left).await?;
    }
    orders::add_shipped(tx, demand.id, shipped).await?;
    outcome.shipped += shipped;
    outcome.short += left;
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
