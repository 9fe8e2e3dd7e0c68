//! What should be bought, of whom, and why: of each stocked product that runs out before
//! more could come. Written, it is on order, so that the next look finds nothing to buy.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::purchasing::{Draft, DraftLine, MadeOrder, expected, make};
use super::suppliers::the_supplier;
use super::until_no_conflict;
use crate::context::Context;
use crate::domain::replenish::{Advice, Situation, advise};
use crate::store::stock::SkuRow;
use crate::store::suppliers::{self, Item, Price, Row};
use crate::store::{Stamp, Tx, costs, low_stock, purchasing, stock};

/// How far back sales are looked at, in days.
const HISTORY: i64 = 90;

/// What to propose.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only what this supplier sells.
    pub supplier: Option<String>,
    /// Days that the goods shall last beyond the time they take to come.
    pub cover_days: i64,
    /// Make a purchase order of it for each supplier.
    pub write: bool,
    /// Write nothing all the same.
    pub dry_run: bool,
}

/// What is proposed.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// What to buy, by supplier and SKU.
    pub rows: Vec<Proposal>,
    /// Products that run low while nobody knows of whom to buy them.
    pub without_supplier: Vec<String>,
    /// The purchase orders made, or in a dry run those that would be; none where they are not
    /// to be written.
    pub orders: Vec<MadeOrder>,
}

/// A product to buy, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// The supplier's code.
    pub supplier: String,
    /// The SKU.
    pub sku: String,
    /// Units there or on their way, and nobody's.
    pub available: i64,
    /// Units of those that are on their way, or wait for inspection.
    pub on_order: i64,
    /// Units that go out a day, as a decimal.
    pub per_day: String,
    /// From how few units on it is bought again.
    pub point: i64,
    /// It is sold in packs of so many.
    pub pack: i64,
    /// Units to buy.
    pub quantity: i64,
    /// What they cost at the supplier's newest price, as a decimal.
    pub cost: Option<String>,
    /// The currency of that.
    pub currency: Option<String>,
    #[serde(skip)]
    product: i64,
    #[serde(skip)]
    supplier_id: i64,
}

/// Proposes what to buy, and orders it where that is asked for.
///
/// # Errors
/// The supplier is unknown, or the store's.
pub async fn run(ctx: &Context, options: &Options) -> anyhow::Result<Report> {
    until_no_conflict!(once(ctx, options))
}

async fn once(ctx: &Context, options: &Options) -> anyhow::Result<Report> {
    let writes = options.write && !options.dry_run;
    let mut tx = if writes {
        ctx.store.allocate().await?
    } else {
        ctx.store.read().await?
    };
    let stamp = ctx.stamp();
    let all = suppliers::all(&mut tx).await?;
    let mut report = propose(ctx, &mut tx, &stamp, options, &all).await?;
    if options.write {
        let drafts = drafts(&stamp, &all, &report.rows)?;
        report.orders = make(&mut tx, &stamp, drafts, options.dry_run).await?;
    }
    if writes && !report.orders.is_empty() {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

async fn propose(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    options: &Options,
    all: &[Row],
) -> anyhow::Result<Report> {
    let only = match &options.supplier {
        Some(code) => Some(the_supplier(tx, code).await?.id),
        None => None,
    };
    let under = ctx.tenant.purchasing.under_percent;
    let today = stamp.day();
    let since = days_before(&today, HISTORY - 1);
    let mut on_order: HashMap<i64, i64> =
        purchasing::on_order(tx, under).await?.into_iter().collect();
    for (product, units) in stock::awaiting_inspection(tx).await? {
        *on_order.entry(product).or_default() += units;
    }
    let picture = Picture {
        on_order,
        sold: costs::dispatched(tx, &since)
            .await?
            .into_iter()
            .map(|(product, units, first)| (product, (units, history(&first, &today))))
            .collect(),
        points: low_stock::reorder_points(tx).await?,
        cover_days: options.cover_days,
    };
    let prices = suppliers::newest_prices(tx, only).await?;
    let by_id: HashMap<i64, &Row> = all.iter().map(|row| (row.id, row)).collect();
    let sellers = sellers(suppliers::items(tx, None).await?);
    let mut report = Report {
        dry_run: options.dry_run,
        rows: Vec::new(),
        without_supplier: Vec::new(),
        orders: Vec::new(),
    };
    for row in stock::by_sku(tx)
        .await?
        .into_iter()
        .filter(|row| row.stocked)
    {
        let seller = sellers.get(&row.product_id);
        let supplier = seller.and_then(|item| by_id.get(&item.supplier_id));
        let (Some(item), Some(supplier)) = (seller, supplier) else {
            if only.is_none() && picture.advice(&row, None, 0).1.quantity > 0 {
                report.without_supplier.push(row.sku);
            }
            continue;
        };
        if only.is_some_and(|only| only != supplier.id) {
            continue;
        }
        let (situation, advice) = picture.advice(&row, Some(item), supplier.lead_days);
        if advice.quantity > 0 {
            let price = prices.get(&(supplier.id, row.product_id));
            report
                .rows
                .push(proposal(supplier, &row, &situation, advice, price));
        }
    }
    report
        .rows
        .sort_by(|a, b| (&a.supplier, &a.sku).cmp(&(&b.supplier, &b.sku)));
    Ok(report)
}

/// What decisions are made from, by product.
struct Picture {
    /// Units on their way, with those that wait for inspection.
    on_order: HashMap<i64, i64>,
    /// Units that went out, and within how many days.
    sold: HashMap<i64, (i64, i64)>,
    points: HashMap<i64, i64>,
    cover_days: i64,
}

impl Picture {
    fn advice(&self, row: &SkuRow, item: Option<&Item>, lead_days: i64) -> (Situation, Advice) {
        let product = row.product_id;
        let (dispatched, days) = self.sold.get(&product).copied().unwrap_or((0, 1));
        let situation = Situation {
            on_hand: row.on_sale,
            reserved: row.reserved,
            open_demand: row.open_demand,
            on_order: self.on_order.get(&product).copied().unwrap_or(0),
            dispatched,
            days,
            reorder_point: self.points.get(&product).copied(),
            lead_days,
            cover_days: self.cover_days,
            pack: item.map_or(1, |item| item.pack),
            minimum: item.map_or(0, |item| item.minimum),
        };
        (situation, advise(&situation))
    }
}

/// Of whom each product is bought: of its preferred supplier, or its only one.
fn sellers(items: Vec<Item>) -> HashMap<i64, Item> {
    let mut of_product: HashMap<i64, Vec<Item>> = HashMap::new();
    for item in items {
        of_product.entry(item.product_id).or_default().push(item);
    }
    of_product
        .into_iter()
        .filter_map(|(product, items)| {
            let preferred = items.iter().find(|item| item.preferred);
            let only = items.first().filter(|_| items.len() == 1);
            Some((product, preferred.or(only)?.clone()))
        })
        .collect()
}

fn proposal(
    supplier: &Row,
    row: &SkuRow,
    situation: &Situation,
    advice: Advice,
    price: Option<&Price>,
) -> Proposal {
    let per_day = rust_decimal::Decimal::from(situation.dispatched)
        / rust_decimal::Decimal::from(situation.days.max(1));
    let price = price.filter(|price| price.currency == supplier.currency);
    let currency = supplier
        .currency
        .parse::<crate::domain::money::Currency>()
        .ok();
    Proposal {
        supplier: supplier.code.clone(),
        sku: row.sku.clone(),
        available: advice.available,
        on_order: situation.on_order,
        per_day: per_day.round_dp(2).normalize().to_string(),
        point: advice.point,
        pack: situation.pack,
        quantity: advice.quantity,
        cost: currency
            .zip(price)
            .map(|(c, price)| c.decimal(price.of(advice.quantity))),
        currency: price.map(|price| price.currency.clone()),
        product: row.product_id,
        supplier_id: supplier.id,
    }
}

/// A purchase order for each supplier. The proposals are in order of suppliers.
fn drafts(stamp: &Stamp, all: &[Row], rows: &[Proposal]) -> anyhow::Result<Vec<Draft>> {
    let ordered_on = stamp.day();
    let mut drafts: Vec<Draft> = Vec::new();
    for of_one in rows.chunk_by(|a, b| a.supplier_id == b.supplier_id) {
        let Some(supplier) = all.iter().find(|s| s.id == of_one[0].supplier_id) else {
            continue;
        };
        drafts.push(Draft {
            supplier: supplier.clone(),
            number: None,
            expected_on: expected(&ordered_on, supplier.lead_days),
            ordered_on: ordered_on.clone(),
            currency: supplier.currency.parse()?,
            note: String::new(),
            lines: of_one
                .iter()
                .map(|proposal| DraftLine {
                    product: proposal.product,
                    quantity: proposal.quantity,
                    unit_cost: None,
                })
                .collect(),
        });
    }
    Ok(drafts)
}

fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap_or_default()
}

fn days_before(today: &str, days: i64) -> String {
    let before = day(today).checked_sub_days(Days::new(days.unsigned_abs()));
    before.unwrap_or_default().format("%Y-%m-%d").to_string()
}

/// Days from the first sale to today, both counted, within the history looked at.
fn history(first: &str, today: &str) -> i64 {
    ((day(today) - day(first)).num_days() + 1).clamp(1, HISTORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_are_spread_over_the_days_since_the_first_of_them() {
        assert_eq!(history("2026-03-01", "2026-03-01"), 1);
        assert_eq!(history("2026-02-27", "2026-03-01"), 3);
        assert_eq!(history("2020-01-01", "2026-03-01"), HISTORY);
        assert_eq!(days_before("2026-03-01", HISTORY - 1), "2025-12-02");
    }

    #[test]
    fn the_preferred_supplier_is_asked_or_the_only_one() {
        let item = |supplier_id, product_id, preferred| Item {
            supplier_id,
            product_id,
            sku: String::new(),
            supplier_sku: String::new(),
            pack: 1,
            minimum: 0,
            preferred,
        };
        let found = sellers(vec![
            item(1, 7, false),
            item(2, 7, true),
            item(1, 8, false),
            item(1, 9, false),
            item(2, 9, false),
        ]);
        assert_eq!(found[&7].supplier_id, 2);
        assert_eq!(found[&8].supplier_id, 1);
        assert!(!found.contains_key(&9));
    }
}
