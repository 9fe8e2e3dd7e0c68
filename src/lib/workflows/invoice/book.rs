//! What an invoice adds to lots, in the caller's transaction: its charges, and its end.

use serde_json::{Value, json};

use super::difference::Difference;
use crate::context::Context;
use crate::domain::cost::{Component, Cost, Rate, convert};
use crate::domain::landed::Basis;
use crate::domain::money::{Currency, parse_decimal};
use crate::store::events::{self, Event};
use crate::store::invoices::{self, LineRow, Row};
use crate::store::{Stamp, Tx};
use crate::workflows::landed::{self, Spread};

/// An amount of an invoice as a cost in the tenant's currency, at the invoice's rate.
///
/// # Errors
/// Beyond 64 bits.
pub(in crate::workflows) fn cost_of(
    invoice: &Row,
    own: Currency,
    component: Component,
    minor: i64,
) -> anyhow::Result<Cost> {
    let currency: Currency = invoice.currency.parse()?;
    let rate = match &invoice.rate {
        None => None,
        Some(rate) => Some(Rate {
            rate: parse_decimal(rate)?,
            source: invoice.rate_source.clone().unwrap_or_default(),
        }),
    };
    let amount_minor = match &rate {
        None => minor,
        Some(rate) => convert(minor, currency, own, rate.rate)?,
    };
    Ok(Cost {
        component,
        amount_minor,
        currency: own,
        paid_minor: minor,
        paid_currency: currency,
        rate,
        document: invoice.name(),
        booked_on: invoice.invoiced_on.clone(),
    })
}

/// The charges of an invoice that are yet to be spread, each with the lots it is for.
pub(in crate::workflows) struct Charges {
    due: Vec<(LineRow, Vec<i64>)>,
    /// Those that are for nothing, or name something that is not there.
    pub differences: Vec<Difference>,
}

impl Charges {
    /// Finds what each charge is for: what it names, or else the lots given, in which the
    /// invoice's own goods came.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(tx: &mut Tx, lines: &[LineRow], own_lots: &[i64]) -> anyhow::Result<Self> {
        let mut charges = Self {
            due: Vec::new(),
            differences: Vec::new(),
        };
        for line in lines.iter().filter(|l| l.kind != "goods" && l.open() > 0) {
            let names = names(&line.applies_to);
            let mut lots = if names.is_empty() {
                own_lots.to_vec()
            } else {
                Vec::new()
            };
            let mut missing = Vec::new();
            for name in names {
                let found = invoices::lots_named(tx, name).await?;
                if found.is_empty() {
                    missing.push(name);
                }
                lots.extend(found);
            }
            if lots.is_empty() || !missing.is_empty() {
                charges.differences.push(applies_to_nothing(line, &missing));
            }
            if !lots.is_empty() {
                charges.due.push((line.clone(), lots));
            }
        }
        Ok(charges)
    }

    /// Whether the line with this id is spread by this.
    pub fn has(&self, line: i64) -> bool {
        self.due.iter().any(|(due, _)| due.id == line)
    }

    /// Spreads each over its lots.
    ///
    /// # Errors
    /// A lot has nothing to spread by, or the store's.
    pub async fn book(
        &self,
        ctx: &Context,
        tx: &mut Tx,
        stamp: &Stamp,
        invoice: &Row,
    ) -> anyhow::Result<Vec<Spread>> {
        let cause = format!("invoice:{}", invoice.name());
        let mut spread = Vec::new();
        for (line, lots) in &self.due {
            let component = match line.kind.as_str() {
                "freight" => Component::Freight,
                "duty" => Component::Duty,
                _ => Component::Other,
            };
            let own = ctx.tenant.tenant.currency;
            let cost = cost_of(invoice, own, component, line.total_minor)?;
            let basis = Basis::of(&line.spread).unwrap_or(Basis::Value);
            spread.push(landed::book(tx, stamp, &cost, basis, lots, &cause).await?);
        }
        let done: Vec<(i64, i64)> = self.due.iter().map(|(line, _)| (line.id, 1)).collect();
        invoices::raise_matched(tx, &done).await?;
        Ok(spread)
    }
}

/// What a line names.
pub(super) fn names(applies_to: &str) -> Vec<&str> {
    applies_to.split('|').filter(|n| !n.is_empty()).collect()
}

fn applies_to_nothing(line: &LineRow, missing: &[&str]) -> Difference {
    let what = if missing.is_empty() {
        "names nothing, and no goods of this invoice are received".to_owned()
    } else {
        let quoted: Vec<String> = missing.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "names {}: no purchase order or receipt with goods, and no lot",
            quoted.join(", ")
        )
    };
    Difference {
        kind: "applies_to_nothing",
        line: line.line,
        sku: None,
        text: format!("{} {what}", line.kind),
    }
}

/// Notes that an invoice is matched, for all of it is done.
///
/// # Errors
/// The store's.
pub(in crate::workflows) async fn close(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    particulars: Value,
) -> anyhow::Result<()> {
    invoices::set_state(tx, invoice.id, &invoice.state, "matched").await?;
    happened(tx, stamp, "invoice.matched", invoice, particulars).await
}

/// Notes that a person closed an invoice of which not all is done.
///
/// # Errors
/// The store's.
pub(super) async fn close_undone(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    particulars: Value,
) -> anyhow::Result<()> {
    invoices::set_state(tx, invoice.id, &invoice.state, "matched").await?;
    happened(tx, stamp, "invoice.closed", invoice, particulars).await
}

/// Notes that some of an invoice is booked, while other lines of it wait.
///
/// # Errors
/// The store's.
pub(super) async fn booked_in_part(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    particulars: Value,
) -> anyhow::Result<()> {
    if invoice.state != "differs" {
        invoices::set_state(tx, invoice.id, &invoice.state, "differs").await?;
    }
    happened(tx, stamp, "invoice.booked", invoice, particulars).await
}

/// Notes what goods cost at the supplier, once for each line: when its first units are found.
///
/// # Errors
/// The store's.
pub(in crate::workflows) async fn note_costs<'a>(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    found: impl IntoIterator<Item = &'a LineRow>,
) -> anyhow::Result<()> {
    let new: Vec<&LineRow> = found
        .into_iter()
        .filter(|l| l.kind == "goods" && l.matched == 0)
        .collect();
    Ok(invoices::note_costs(tx, stamp, invoice, &new).await?)
}

/// Notes that an invoice differs from what was received, where that is new.
///
/// # Errors
/// The store's.
pub(in crate::workflows) async fn differs(
    tx: &mut Tx,
    stamp: &Stamp,
    invoice: &Row,
    differences: &[Difference],
) -> anyhow::Result<()> {
    if invoice.state == "differs" {
        return Ok(());
    }
    invoices::set_state(tx, invoice.id, &invoice.state, "differs").await?;
    let particulars = json!({ "differences": differences });
    happened(tx, stamp, "invoice.differs", invoice, particulars).await
}

async fn happened(
    tx: &mut Tx,
    stamp: &Stamp,
    kind: &'static str,
    invoice: &Row,
    particulars: Value,
) -> anyhow::Result<()> {
    let subject = format!("invoice:{}", invoice.name());
    events::append(tx, stamp, &[Event::new(kind, subject, particulars)]).await?;
    Ok(())
}
