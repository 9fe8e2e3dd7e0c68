//! What the office looks at: how the house stands, orders, stock, what is lacking, and how
//! the jobs go. Changes nothing.
//!
//! What a person typed into a search field is cut to a sensible length and taken apart here;
//! it reaches the store as values and never as a pattern.

mod backorders;
mod runs;
mod stock;

use serde::Serialize;

use super::{consign, orders};
use crate::context::Context;
use crate::domain::order::Address;
use crate::domain::time::UtcMs;
use crate::store::holds::{self, Row as Hold};
use crate::store::office::house::{self, Overview};
use crate::store::office::orders::{
    self as order_pages, Behind, Demand, Head, Package, Promise, Task,
};
use crate::store::{events, shipments};

pub use backorders::{Backorder, Backorders, backorders};
pub use runs::{RunShown, Runs, runs};
pub use stock::{ProductPage, StockPage, StockRow, StockSearch, product, stock};

/// Rows on a page.
pub const PAGE: i64 = 50;
/// A search reads so many characters of what was typed.
const TYPED: usize = 100;
/// And so many words.
const WORDS: usize = 5;
/// Events on a page.
const EVENTS: i64 = 100;

/// Events of a kind are looked for among so many of the newest.
pub const SEARCHED_EVENTS: i64 = 10_000;
/// Orders named beside a product that they lack.
const NAMED: usize = 5;

/// What was typed, without what no name, number or code has, and not longer than is sensible.
fn cleaned(typed: &str) -> String {
    let plain: String = typed
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TYPED)
        .collect();
    plain.trim().to_owned()
}

fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split_whitespace()
        .take(WORDS)
        .map(str::to_owned)
        .collect()
}

/// The text that was chosen, or none where the field was left empty.
fn chosen(text: Option<&str>) -> Option<String> {
    text.map(cleaned).filter(|text| !text.is_empty())
}

/// How orders are looked for.
#[derive(Debug, Clone, Default)]
pub struct OrderSearch {
    /// Words of a number, customer or email, or what a SKU begins with. `woo:1042` is the
    /// order of that number.
    pub text: Option<String>,
    /// The shop's status.
    pub status: Option<String>,
    /// What that means.
    pub rule: Option<String>,
    /// `any`, or a kind of hold.
    pub hold: Option<String>,
    /// Where the page begins.
    pub behind: Option<Behind>,
}

/// A page of orders, newest first.
///
/// # Errors
/// The store's.
pub async fn orders(ctx: &Context, search: &OrderSearch) -> anyhow::Result<order_pages::Page> {
    let text = chosen(search.text.as_deref()).unwrap_or_default();
    // An order's name is its channel's and its number; only the number is looked up.
    let number = text
        .split_once(':')
        .map_or(text.as_str(), |(_, number)| number);
    let sku = (!text.is_empty()).then(|| text.clone());
    let wanted = order_pages::Wanted {
        words: words(number),
        sku,
        status: chosen(search.status.as_deref()),
        rule: chosen(search.rule.as_deref()),
        hold: chosen(search.hold.as_deref()),
    };
    let mut tx = ctx.store.read().await?;
    Ok(order_pages::page(&mut tx, &wanted, search.behind, PAGE).await?)
}

/// The shop's statuses that orders have.
///
/// # Errors
/// The store's.
pub async fn statuses(ctx: &Context) -> anyhow::Result<Vec<String>> {
    let mut tx = ctx.store.read().await?;
    Ok(order_pages::statuses(&mut tx).await?)
}

/// All that is known of an order.
#[derive(Debug, Serialize)]
pub struct OrderPage {
    /// The order with its lines, payments and refunds.
    #[serde(flatten)]
    pub order: orders::Detail,
    /// The rest of its head.
    pub head: Head,
    /// Where it goes.
    pub ship_to: Address,
    /// What it wants of stock.
    pub demands: Vec<Demand>,
    /// What is promised to it, by lot and place.
    pub promises: Vec<Promise>,
    /// Its holds, those that stand first.
    pub held: Vec<Hold>,
    /// The rounds it was picked in.
    pub tasks: Vec<Task>,
    /// Its boxes.
    pub packages: Vec<Package>,
    /// What of it has left.
    pub shipments: Vec<shipments::Row>,
    /// What carriers were asked for it, oldest first.
    pub consignments: Vec<consign::Shown>,
    /// What befell it, newest first.
    pub events: Vec<events::Row>,
}

/// All that is known of an order.
///
/// # Errors
/// There is no such order, several have the number, or the store's.
pub async fn order(ctx: &Context, reference: &str) -> anyhow::Result<OrderPage> {
    let order = orders::show(ctx, reference).await?;
    let id = order.summary.id;
    let subject = format!("order:{}", order.summary.order_ref);
    let consignments = consign::of_order(ctx, id).await?;
    let mut tx = ctx.store.read().await?;
    let head = order_pages::head(&mut tx, id).await?;
    let events = events::of_kind(&mut tx, "", Some(&subject), 0, PAGE).await?;
    Ok(OrderPage {
        ship_to: serde_json::from_str(&head.ship_to).unwrap_or_default(),
        head,
        demands: order_pages::demands(&mut tx, id).await?,
        promises: order_pages::promises(&mut tx, id).await?,
        held: holds::of_order(&mut tx, id).await?,
        tasks: order_pages::tasks(&mut tx, id).await?,
        packages: order_pages::packages(&mut tx, id).await?,
        shipments: shipments::of_order(&mut tx, id).await?,
        consignments,
        events,
        order,
    })
}

/// The newest events, newest first: of a kind that begins so (among the newest
/// [`SEARCHED_EVENTS`]), of one subject, or both.
///
/// # Errors
/// The store's.
pub async fn events(
    ctx: &Context,
    kind: Option<&str>,
    subject: Option<&str>,
) -> anyhow::Result<Vec<events::Row>> {
    let kind = chosen(kind).unwrap_or_default();
    let subject = chosen(subject);
    let mut tx = ctx.store.read().await?;
    let subject = subject.as_deref();
    Ok(events::of_kind(&mut tx, &kind, subject, SEARCHED_EVENTS, EVENTS).await?)
}

/// How the house stands.
#[derive(Debug, Serialize)]
pub struct HouseNow {
    /// What waits for somebody.
    pub waits: Overview,
    /// When the last sync that did all it should began, in UTC milliseconds.
    pub last_sync: Option<i64>,
    /// Whether that is longer ago than scans may be stale.
    pub sync_is_old: bool,
}

/// How the house stands.
///
/// # Errors
/// The store's.
pub async fn overview(ctx: &Context) -> anyhow::Result<HouseNow> {
    let mut tx = ctx.store.read().await?;
    let last = house::last_success(&mut tx, "sync").await?;
    let last_sync = last.map(|run| run.started_at);
    let minutes = i64::from(ctx.tenant.scan.stale_after_minutes);
    let oldest = ctx.clock.now().plus_ms(-minutes * 60_000);
    Ok(HouseNow {
        waits: house::overview(&mut tx).await?,
        sync_is_old: last_sync.is_some_and(|at| UtcMs(at) < oldest),
        last_sync,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_cut_and_cleaned() {
        assert_eq!(cleaned("  a\0b\n "), "a b");
        assert_eq!(cleaned(&"x".repeat(10_000)).len(), TYPED);
        assert_eq!(words("Anna  SMITH"), ["anna", "smith"]);
        assert_eq!(chosen(Some("\u{1}\u{2}")), None);
    }
}
