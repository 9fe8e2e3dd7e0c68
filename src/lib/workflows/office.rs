//! What the office looks at: how the house stands, orders, stock, what is lacking, and how
//! the jobs go. Changes nothing.
//!
//! What a person typed into a search field is cut to a sensible length and taken apart here;
//! it reaches the store as values and never as a pattern.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::{orders, stock};
use crate::context::Context;
use crate::domain::gtin;
use crate::domain::order::Address;
use crate::domain::stock::Position;
use crate::domain::time::UtcMs;
use crate::store::holds::{self, Row as Hold};
use crate::store::office::backorders::{self, Expected, Lacking, Waiting};
use crate::store::office::house::{self, Overview, Run};
use crate::store::office::orders::{
    self as order_pages, Behind, Demand, Head, Package, Promise, Task,
};
use crate::store::office::stock::{self as stock_pages, Move};
use crate::store::{events, gtins, shipments};

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
        events,
        order,
    })
}

/// How stock is looked for.
#[derive(Debug, Clone, Default)]
pub struct StockSearch {
    /// What a SKU begins with, words of a title, or a whole GTIN.
    pub text: Option<String>,
    /// Only what has come down to its reorder point.
    pub low: bool,
    /// The SKU behind which the page begins.
    pub behind: Option<String>,
}

/// A product in a list, with what may be offered of it.
#[derive(Debug, Clone, Serialize)]
pub struct StockRow {
    /// The product with its stock.
    #[serde(flatten)]
    pub row: stock_pages::Row,
    /// Units that may be offered.
    pub sellable: i64,
}

/// A page of products, by SKU.
#[derive(Debug, Clone, Serialize)]
pub struct StockPage {
    /// The products.
    pub rows: Vec<StockRow>,
    /// The SKU behind which the next page begins, if there is one.
    pub next: Option<String>,
    /// How many were found; not counted on later pages.
    pub found: Option<crate::store::office::UpTo>,
}

/// A page of products, by SKU.
///
/// # Errors
/// The store's.
pub async fn stock(ctx: &Context, search: &StockSearch) -> anyhow::Result<StockPage> {
    let mut wanted = stock_pages::Wanted {
        low: search.low,
        ..stock_pages::Wanted::default()
    };
    if let Some(text) = chosen(search.text.as_deref()) {
        wanted.words = words(&text);
        let readings = gtin::readings(&text).unwrap_or_default();
        wanted.gtin = readings.first().map(ToString::to_string);
        // SKUs are told apart by their capitals: as typed, and all capitals or all small.
        wanted.skus = vec![text.clone(), text.to_uppercase(), text.to_lowercase()];
        wanted.skus.sort_unstable();
        wanted.skus.dedup();
    }
    let behind = chosen(search.behind.as_deref());
    let mut tx = ctx.store.read().await?;
    let page = stock_pages::page(&mut tx, &wanted, behind.as_deref(), PAGE).await?;
    Ok(StockPage {
        rows: page.rows.into_iter().map(|row| offered(ctx, row)).collect(),
        next: page.next,
        found: page.found,
    })
}

fn offered(ctx: &Context, row: stock_pages::Row) -> StockRow {
    let position = Position {
        on_hand: row.on_sale,
        reserved: row.reserved,
        open_demand: row.open_demand,
        buffer: row.buffer.unwrap_or(i64::from(ctx.tenant.stock.buffer)),
    };
    StockRow {
        sellable: if row.stocked { position.sellable() } else { 0 },
        row,
    }
}

/// All that is known of a product's stock.
#[derive(Debug, Serialize)]
pub struct ProductPage {
    /// The product with its stock.
    #[serde(flatten)]
    pub product: StockRow,
    /// How its units are told apart: `none`, `lot`, `serial`.
    pub tracking: String,
    /// Its barcodes, with the units that a scan of each counts.
    pub codes: Vec<(String, i64)>,
    /// Its lots, where they lie, oldest first; those used up left out.
    pub lots: Vec<crate::store::stock::BalanceRow>,
    /// To whom units are promised, oldest order first.
    pub promised: Vec<stock_pages::Promise>,
    /// Which orders lack units, oldest first.
    pub waiting: Vec<Waiting>,
    /// What purchase orders still bring.
    pub expected: Vec<Expected>,
    /// Its newest moves.
    pub moves: Vec<Move>,
    /// Where the next page of moves begins, if there is one.
    pub next: Option<i64>,
}

/// All that is known of a product's stock; its moves from before `before` on.
///
/// # Errors
/// The SKU is unknown, or the store's.
pub async fn product(ctx: &Context, sku: &str, before: Option<i64>) -> anyhow::Result<ProductPage> {
    let mut tx = ctx.store.read().await?;
    let product = stock::the_product(&mut tx, sku).await?;
    let ids = [product.id];
    let rows = stock_pages::rows(&mut tx, &ids).await?;
    let row = rows.into_iter().next().ok_or_else(|| stock::unknown(sku))?;
    let codes = gtins::codes_of(&mut tx, product.id).await?.into_iter();
    let mut lots = crate::store::stock::balances(&mut tx, product.id).await?;
    lots.retain(|lot| lot.on_hand > 0);
    let before = before.unwrap_or(i64::MAX);
    let mut moves = stock_pages::moves(&mut tx, product.id, before, PAGE + 1).await?;
    let more = moves.len() as i64 > PAGE;
    moves.truncate(PAGE as usize);
    Ok(ProductPage {
        product: offered(ctx, row),
        tracking: product.tracking,
        codes: codes
            .map(|code| (code.gtin14, code.units_per_scan))
            .collect(),
        lots,
        promised: stock_pages::promised(&mut tx, product.id, PAGE).await?,
        waiting: of(backorders::waiting(&mut tx, &ids).await?, product.id),
        expected: of(backorders::expected(&mut tx, &ids).await?, product.id),
        next: moves.last().map(|last| last.id).filter(|_| more),
        moves,
    })
}

fn of<T>(mut by_product: HashMap<i64, Vec<T>>, product: i64) -> Vec<T> {
    by_product.remove(&product).unwrap_or_default()
}

/// A product that orders lack.
#[derive(Debug, Serialize)]
pub struct Backorder {
    /// The product and the units.
    #[serde(flatten)]
    pub lacking: Lacking,
    /// Since when, in UTC milliseconds: the oldest order's date.
    pub since: Option<i64>,
    /// The oldest of the orders.
    pub orders: Vec<Waiting>,
    /// How many more there are.
    pub more_orders: usize,
    /// What is on its way.
    pub expected: Vec<Expected>,
    /// Whether what is on its way is enough.
    pub covered: bool,
}

/// A page of what orders lack, what was asked for first on top.
#[derive(Debug, Serialize)]
pub struct Backorders {
    /// The products.
    pub rows: Vec<Backorder>,
    /// How many products the next page skips, if there is one.
    pub next: Option<i64>,
}

/// A page of what orders lack.
///
/// # Errors
/// The store's.
pub async fn backorders(ctx: &Context, skip: i64) -> anyhow::Result<Backorders> {
    let mut tx = ctx.store.read().await?;
    let mut lacking = backorders::lacking(&mut tx, skip, PAGE + 1).await?;
    let more = lacking.len() as i64 > PAGE;
    lacking.truncate(PAGE as usize);
    let ids: Vec<i64> = lacking.iter().map(|row| row.id).collect();
    let mut waiting = backorders::waiting(&mut tx, &ids).await?;
    let mut expected = backorders::expected(&mut tx, &ids).await?;
    let rows = lacking.into_iter().map(|lacking| {
        let mut orders = waiting.remove(&lacking.id).unwrap_or_default();
        let expected = expected.remove(&lacking.id).unwrap_or_default();
        let more_orders = orders.len().saturating_sub(NAMED);
        orders.truncate(NAMED);
        let coming: i64 = expected.iter().map(|row| row.units).sum();
        Backorder {
            since: orders.iter().map(|order| order.placed_at).min(),
            covered: coming >= lacking.units,
            orders,
            more_orders,
            expected,
            lacking,
        }
    });
    Ok(Backorders {
        rows: rows.collect(),
        next: more.then_some(skip + PAGE),
    })
}

/// A run of a job as a person reads it.
#[derive(Debug, Serialize)]
pub struct RunShown {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// How long it took in milliseconds; none while it runs.
    pub took_ms: Option<i64>,
    /// Its report's figures, one after the other; or its error.
    pub told: Vec<(String, String)>,
}

impl RunShown {
    fn of(run: Run) -> Self {
        let report = run.report.as_deref().unwrap_or_default();
        let took = run.finished_at.map(|end| end - run.started_at);
        Self {
            took_ms: took,
            told: told(report),
            run,
        }
    }
}

/// A report's own figures and words: what is not zero, empty or a list of particulars.
fn told(report: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(report) else {
        return Vec::new();
    };
    let words = |value: &Value| match value {
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.chars().take(300).collect()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Array(list) if !list.is_empty() => Some(list.len().to_string()),
        _ => None,
    };
    let named = |(name, value): (&String, &Value)| Some((name.replace('_', " "), words(value)?));
    fields.iter().filter_map(named).collect()
}

/// The runs of jobs.
#[derive(Debug, Serialize)]
pub struct Runs {
    /// The jobs that ever ran, each with its last run that did all it should.
    pub jobs: Vec<(String, Option<RunShown>)>,
    /// A page of runs, newest first.
    pub rows: Vec<RunShown>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// The runs of jobs, newest first; of one job, where one is given.
///
/// # Errors
/// The store's.
pub async fn runs(ctx: &Context, job: Option<&str>, before: Option<i64>) -> anyhow::Result<Runs> {
    let job = chosen(job);
    let mut tx = ctx.store.read().await?;
    let before = before.unwrap_or(i64::MAX);
    let mut rows = house::runs(&mut tx, job.as_deref(), before, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let mut jobs = Vec::new();
    for job in house::jobs(&mut tx).await? {
        let last = house::last_success(&mut tx, &job).await?;
        jobs.push((job, last.map(RunShown::of)));
    }
    Ok(Runs {
        jobs,
        next: rows.last().map(|last| last.id).filter(|_| more),
        rows: rows.into_iter().map(RunShown::of).collect(),
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

    #[test]
    fn a_report_is_told_in_its_own_figures() {
        let report =
            r#"{"taken_in": 3, "failed": 0, "dry_run": false, "notes": ["a", "b"], "error": "x"}"#;
        let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let wanted = [("taken in", "3"), ("notes", "2"), ("error", "x")].map(named);
        assert_eq!(told(report), wanted);
        assert!(told("not json").is_empty());
    }
}
