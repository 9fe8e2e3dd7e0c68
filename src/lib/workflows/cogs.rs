//! What an order cost, line by line: which units of which lot left, at which unit cost, and
//! what was added to that cost after they had left.

use std::collections::BTreeMap;

use serde::Serialize;

use super::orders::the_one;
use crate::context::Context;
use crate::domain::cost::{between, unit_cost};
use crate::domain::money::Currency;
use crate::store::cogs::{self, Component, Entry};
use crate::store::orders::Summary;
use crate::store::{payments, shipments};

/// What an order cost.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// `woo:1042`.
    pub order: String,
    /// Its shipments.
    pub shipments: Vec<shipments::Row>,
    /// What left and came back, and what was added afterwards.
    pub lines: Vec<Line>,
    /// The cost of it all, by currency, in minor units.
    pub cost: Vec<(String, i64)>,
    /// What the customer pays without tax, in minor units, and in which currency.
    pub sold_for: (i64, String),
    /// What was refunded, in minor units of that currency.
    pub refunded_minor: i64,
    /// What it was sold for less the cost, where both are of one currency, all of it has
    /// left, and nothing was refunded or came back.
    pub margin_minor: Option<i64>,
    /// Units that have left at no cost known.
    pub units_without_cost: i64,
    /// Units still wanted.
    pub left: i64,
}

/// One line of the explanation.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// What it is: `dispatch`, `return`, or `late_cost` for what was added afterwards.
    pub kind: String,
    /// The business day.
    pub booked_on: String,
    /// The shipment.
    pub shipment: Option<i64>,
    /// The SKU as ordered.
    pub ordered_sku: String,
    /// The SKU that left.
    pub sku: String,
    /// The lot.
    pub lot: String,
    /// The day the lot came in.
    pub received_on: String,
    /// Units; 0 for a late cost.
    pub quantity: i64,
    /// What one of them cost, as a decimal amount.
    pub unit_cost: String,
    /// What they cost, in minor units.
    pub cost_minor: i64,
    /// In which currency; empty where no cost is known.
    pub currency: String,
    /// What the cost consisted of when they left: component, minor units; for a late cost
    /// what came later, with its paper.
    pub parts: Vec<Part>,
    /// Units of the lot in the house afterwards, and what they cost.
    pub lot_after: Option<(i64, i64)>,
    /// Units of the SKU in the house afterwards, and what they cost.
    pub sku_after: Option<(i64, i64)>,
}

/// A part of a cost.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Part {
    /// What it was paid for.
    pub component: String,
    /// The paper it stands on; or empty.
    pub document: String,
    /// Minor units.
    pub cost_minor: i64,
    /// The rate it was converted at and its source, where it was paid in another currency.
    pub rate: Option<String>,
}

/// Explains what an order cost.
///
/// # Errors
/// There is no such order, or the store's.
pub async fn explain(ctx: &Context, reference: &str) -> anyhow::Result<Explained> {
    let order = the_one(ctx, reference).await?;
    let mut tx = ctx.store.read().await?;
    let entries = cogs::of_order(&mut tx, order.id).await?;
    let mut components: BTreeMap<i64, Vec<Component>> = BTreeMap::new();
    for component in cogs::components(&mut tx, order.id).await? {
        components
            .entry(component.lot_id)
            .or_default()
            .push(component);
    }
    let late = cogs::late(&mut tx, order.id).await?;
    let mut lines = Vec::new();
    for entry in &entries {
        let of_lot = components.get(&entry.lot_id).map_or(&[][..], Vec::as_slice);
        lines.push(line(entry, of_lot, &late));
        lines.extend(added_later(entry, of_lot, &late));
    }
    let shipments = shipments::of_order(&mut tx, order.id).await?;
    let refunds = payments::refunds(&mut tx, order.id).await?;
    let mut explained = sum(&order, shipments, lines);
    explained.refunded_minor = refunds.iter().map(|(_, minor, _)| minor).sum();
    if explained.refunded_minor != 0 {
        explained.margin_minor = None;
    }
    // Of a lot whose cost came after its units had left, the cost is on lines of its own.
    let unknown = |e: &&Entry| e.kind == "dispatch" && !components.contains_key(&e.lot_id);
    explained.units_without_cost = entries.iter().filter(unknown).map(|e| e.quantity).sum();
    if explained.units_without_cost > 0 {
        explained.margin_minor = None;
    }
    Ok(explained)
}

fn sum(order: &Summary, shipments: Vec<shipments::Row>, lines: Vec<Line>) -> Explained {
    let mut cost: BTreeMap<String, i64> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.currency.is_empty()) {
        *cost.entry(line.currency.clone()).or_default() += line.cost_minor;
    }
    let sold = order.total_minor - order.tax_minor;
    let came_back = lines.iter().any(|line| line.kind == "return");
    let whole = order.wanted == 0 && !came_back && !lines.is_empty();
    let comparable = cost.len() == 1 && cost.contains_key(&order.currency);
    Explained {
        order: order.order_ref.clone(),
        shipments,
        margin_minor: (whole && comparable).then(|| sold - cost.values().sum::<i64>()),
        cost: cost.into_iter().collect(),
        sold_for: (sold, order.currency.clone()),
        units_without_cost: 0,
        refunded_minor: 0,
        left: order.wanted,
        lines,
    }
}

/// The number of the late entry that brought a component, where it came late.
fn late_entry(component: &Component, late: &[(i64, i64, i64)]) -> Option<i64> {
    let found = late.iter().find(|(_, _, cost)| *cost == component.id);
    found.map(|(entry, ..)| *entry)
}

/// Whether a component was known when an entry was written.
fn was_known(component: &Component, entry: &Entry, late: &[(i64, i64, i64)]) -> bool {
    late_entry(component, late).is_none_or(|number| number < entry.id)
}

fn line(entry: &Entry, components: &[Component], late: &[(i64, i64, i64)]) -> Line {
    let mut parts = Vec::new();
    if let Some(first) = entry.first_unit {
        let mut total = 0;
        for component in components.iter().filter(|c| was_known(c, entry, late)) {
            parts.push(part(component, entry, first, total));
            total += component.amount_minor;
        }
    }
    let unit_cost = entry.currency.parse().map_or_else(
        |_| String::new(),
        |currency| unit_cost(entry.cost_minor, entry.quantity, currency),
    );
    Line {
        kind: entry.kind.clone(),
        booked_on: entry.booked_on.clone(),
        shipment: entry.shipment_id,
        ordered_sku: entry.ordered_sku.clone().unwrap_or_default(),
        sku: entry.sku.clone(),
        lot: entry.lot.clone(),
        received_on: entry.received_on.clone(),
        quantity: entry.quantity,
        unit_cost,
        cost_minor: entry.cost_minor,
        currency: entry.currency.clone(),
        parts,
        lot_after: Some((entry.lot_units, entry.lot_cost)),
        sku_after: entry.sku_units.zip(entry.sku_cost),
    }
}

/// What a component adds to an entry's units, on top of what the lot had cost before.
fn part(component: &Component, entry: &Entry, first: i64, before: i64) -> Part {
    let with = |total| between(total, entry.lot_quantity, first, entry.quantity);
    Part {
        component: component.component.clone(),
        document: component.document.clone(),
        cost_minor: with(before + component.amount_minor) - with(before),
        rate: component.rate.as_ref().map(|rate| {
            let source = component.rate_source.as_deref().unwrap_or_default();
            format!("{} at {rate} ({source})", component.source_currency)
        }),
    }
}

/// The shares of an entry's units in costs that came after they had left.
fn added_later<'a>(
    entry: &'a Entry,
    components: &'a [Component],
    late: &'a [(i64, i64, i64)],
) -> impl Iterator<Item = Line> + 'a {
    let mut total = 0;
    components.iter().filter_map(move |component| {
        let before = total;
        total += component.amount_minor;
        let first = entry.first_unit?;
        if was_known(component, entry, late) {
            return None;
        }
        let part = part(component, entry, first, before);
        Some(Line {
            kind: "late_cost".to_owned(),
            booked_on: component.booked_on.clone(),
            shipment: entry.shipment_id,
            ordered_sku: entry.ordered_sku.clone().unwrap_or_default(),
            sku: entry.sku.clone(),
            lot: entry.lot.clone(),
            received_on: entry.received_on.clone(),
            quantity: 0,
            unit_cost: String::new(),
            cost_minor: part.cost_minor,
            currency: component.currency.clone(),
            parts: vec![part],
            lot_after: None,
            sku_after: None,
        })
    })
}

/// An amount with its currency, for people.
#[must_use]
pub fn amount(minor: i64, currency: &str) -> String {
    currency.parse::<Currency>().map_or_else(
        |_| "unknown".to_owned(),
        |c| format!("{} {c}", c.decimal(minor)),
    )
}
