//! Purchase orders on their way to the store: numbers, days and costs that nobody gave are
//! found here.

use std::collections::{HashMap, HashSet};

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::{Made, MadeOrder, subject};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::domain::purchase::UnitCost;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::purchasing::{self, NewLine, NewOrder};
use crate::store::suppliers::{self, Price, Row};
use crate::store::{Stamp, Tx, applied_refs, kits, products};
use crate::workflows::suppliers::the_supplier;
use crate::workflows::until_no_conflict;

/// What numbers begin with that nobody gave.
const PREFIX: &str = "PO-";

/// A purchase order as asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The supplier's code.
    pub supplier: String,
    /// What is ordered.
    pub lines: Vec<LineWish>,
    /// Its number, instead of the next one.
    pub number: Option<String>,
    /// The day it was ordered, instead of today.
    pub ordered_on: Option<String>,
    /// The day its goods are expected, instead of after the supplier's lead days.
    pub expected_on: Option<String>,
    /// The currency of its costs, instead of the supplier's.
    pub currency: Option<Currency>,
    /// A note.
    pub note: String,
    /// A reference under which it is made once.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// A line as asked for.
#[derive(Debug, Clone)]
pub struct LineWish {
    /// The SKU.
    pub sku: String,
    /// Units.
    pub quantity: i64,
    /// What one unit costs, instead of the supplier's newest price.
    pub unit_cost: Option<UnitCost>,
}

/// A purchase order that wants a number, perhaps days and costs.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct Draft {
    pub supplier: Row,
    pub number: Option<String>,
    pub ordered_on: String,
    pub expected_on: String,
    pub currency: Currency,
    pub note: String,
    pub lines: Vec<DraftLine>,
}

/// A line of it.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct DraftLine {
    pub product: i64,
    pub quantity: i64,
    pub unit_cost: Option<UnitCost>,
}

/// Makes a purchase order.
///
/// # Errors
/// The supplier or a SKU is unknown, the number is taken, or the store's.
pub async fn create(ctx: &Context, wish: &Wish) -> anyhow::Result<Made> {
    until_no_conflict!(once(ctx, wish))
}

async fn once(ctx: &Context, wish: &Wish) -> anyhow::Result<Made> {
    let mut tx = if wish.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let reference = wish
        .reference
        .clone()
        .unwrap_or_else(|| format!("po:{}", ctx.run));
    let mut report = Made {
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        reference,
        dry_run: wish.dry_run,
        orders: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let draft = draft(ctx, &mut tx, wish).await?;
    let stamp = ctx.stamp();
    report.orders = make(&mut tx, &stamp, vec![draft], wish.dry_run).await?;
    if !wish.dry_run {
        let summary = format!("purchase order {}", report.orders[0].number);
        applied_refs::note(&mut tx, &stamp, &report.reference, "po", &summary).await?;
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

async fn draft(ctx: &Context, tx: &mut Tx, wish: &Wish) -> anyhow::Result<Draft> {
    let supplier = the_supplier(tx, &wish.supplier).await?;
    if let Some(number) = &wish.number {
        number_fits(number).map_err(|why| Fault::usage(format!("--number {number}: {why}")))?;
        if purchasing::by_number(tx, number).await?.is_some() {
            return Err(
                Fault::failed(format!("there is a purchase order {number} already"))
                    .hint("leave --number out for the next free one")
                    .into(),
            );
        }
    }
    let skus: Vec<&str> = wish.lines.iter().map(|line| line.sku.as_str()).collect();
    let ids = products::ids_of(tx, &skus).await?;
    let all: Vec<i64> = ids.values().copied().collect();
    let kits = kits::kits_of(tx, &all).await?;
    let mut lines = Vec::new();
    for line in &wish.lines {
        let product = *ids.get(&line.sku).ok_or_else(|| {
            Fault::failed(format!("there is no product {:?}", line.sku))
                .hint("`opsctl products list --search TEXT` looks in SKUs and titles")
        })?;
        if kits.contains_key(&product) {
            let what = format!("{} is a kit; its components are bought", line.sku);
            return Err(Fault::failed(what)
                .hint("order the components, each with a --line of its own")
                .into());
        }
        lines.push(DraftLine {
            product,
            quantity: line.quantity,
            unit_cost: line.unit_cost,
        });
    }
    let ordered_on = wish.ordered_on.clone().unwrap_or_else(|| ctx.stamp().day());
    let expected_on = match &wish.expected_on {
        Some(day) => day.clone(),
        None => expected(&ordered_on, supplier.lead_days),
    };
    if expected_on < ordered_on {
        let what = format!("expected on {expected_on}, before it was ordered on {ordered_on}");
        return Err(Fault::usage(what).into());
    }
    Ok(Draft {
        currency: match wish.currency {
            Some(currency) => currency,
            None => supplier.currency.parse()?,
        },
        number: wish.number.clone(),
        note: wish.note.clone(),
        supplier,
        ordered_on,
        expected_on,
        lines,
    })
}

/// The day on which goods come that were ordered on another.
pub(in crate::workflows) fn expected(ordered_on: &str, lead_days: i64) -> String {
    NaiveDate::parse_from_str(ordered_on, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.checked_add_days(Days::new(lead_days.unsigned_abs())))
        .map_or_else(
            || ordered_on.to_owned(),
            |day| day.format("%Y-%m-%d").to_string(),
        )
}

/// Whether a text may number a purchase order; lots and references are named after it.
pub(super) fn number_fits(number: &str) -> Result<(), String> {
    if number.is_empty() || number.chars().count() > 64 || number.chars().any(char::is_control) {
        return Err("a number has 1 to 64 characters".to_owned());
    }
    Ok(())
}

/// Numbers drafts and writes them, all or none; in a dry run only says what it would write.
pub(in crate::workflows) async fn make(
    tx: &mut Tx,
    stamp: &Stamp,
    drafts: Vec<Draft>,
    dry_run: bool,
) -> anyhow::Result<Vec<MadeOrder>> {
    let mut numbers = Numbers::load(tx).await?;
    let mut prices: HashMap<i64, HashMap<i64, Price>> = HashMap::new();
    let (mut orders, mut made) = (Vec::new(), Vec::new());
    for draft in drafts {
        let supplier = draft.supplier.id;
        let known = match prices.entry(supplier) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let all = suppliers::newest_prices(tx, Some(supplier)).await?;
                let all = all
                    .into_iter()
                    .map(|((_, product), price)| (product, price));
                entry.insert(all.collect())
            }
        };
        let lines = draft
            .lines
            .iter()
            .map(|line| {
                Ok(NewLine {
                    product: line.product,
                    quantity: line.quantity,
                    cost_minor: line.cost(draft.currency, known.get(&line.product))?,
                })
            })
            .collect::<anyhow::Result<Vec<NewLine>>>()?;
        let order = NewOrder {
            number: draft.number.unwrap_or_else(|| numbers.next()),
            supplier,
            currency: draft.currency.as_str().to_owned(),
            ordered_on: draft.ordered_on,
            expected_on: draft.expected_on,
            note: draft.note,
            lines,
        };
        made.push(told(&order, &draft.supplier, draft.currency)?);
        orders.push(order);
    }
    if !dry_run {
        purchasing::insert(tx, stamp, &orders).await?;
        let facts: Vec<Event> = made
            .iter()
            .map(|order| {
                let payload = json!({
                    "supplier": order.supplier, "lines": order.lines, "units": order.units,
                    "cost": order.cost, "currency": order.currency,
                });
                Event::new("po.ordered", subject(&order.number), payload)
            })
            .collect();
        events::append(tx, stamp, &facts).await?;
    }
    Ok(made)
}

fn told(order: &NewOrder, supplier: &Row, currency: Currency) -> anyhow::Result<MadeOrder> {
    let mut cost = 0_i64;
    for line in &order.lines {
        let part = line.cost_minor.unwrap_or(0);
        cost = cost
            .checked_add(part)
            .ok_or_else(|| Fault::failed(format!("{} costs too large an amount", order.number)))?;
    }
    let without = order.lines.iter().filter(|line| line.cost_minor.is_none());
    Ok(MadeOrder {
        number: order.number.clone(),
        supplier: supplier.code.clone(),
        expected_on: order.expected_on.clone(),
        lines: order.lines.len() as u64,
        units: order.lines.iter().map(|line| line.quantity).sum(),
        cost: currency.decimal(cost),
        currency: currency.as_str().to_owned(),
        lines_without_cost: without.count() as u64,
    })
}

impl DraftLine {
    /// What the whole line costs: as asked for, or by the newest price in that currency.
    fn cost(&self, currency: Currency, price: Option<&Price>) -> anyhow::Result<Option<i64>> {
        if let Some(unit) = self.unit_cost {
            return Ok(Some(currency.extend(unit.0, self.quantity)?));
        }
        let price = price.filter(|price| price.currency == currency.as_str());
        Ok(price.map(|price| price.of(self.quantity)))
    }
}

/// The numbers that nobody has used.
struct Numbers {
    taken: HashSet<String>,
    last: u64,
}

impl Numbers {
    async fn load(tx: &mut Tx) -> anyhow::Result<Self> {
        let taken = purchasing::numbers(tx, PREFIX).await?;
        let counted = taken
            .iter()
            .filter_map(|n| n.strip_prefix(PREFIX)?.parse::<u64>().ok());
        Ok(Self {
            last: counted.max().unwrap_or(0),
            taken: taken.into_iter().collect(),
        })
    }

    fn next(&mut self) -> String {
        loop {
            self.last = self.last.saturating_add(1);
            let number = format!("{PREFIX}{:06}", self.last);
            if self.taken.insert(number.clone()) {
                return number;
            }
        }
    }
}
