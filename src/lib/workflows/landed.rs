//! What it costs to get goods here: a charge is spread over the lots it was paid for, and
//! what of them has left already gets its share as an adjustment.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rates::{Payment, Rates};
use super::{rows, until_no_conflict};
use crate::context::Context;
use crate::domain::cost::{Component, Cost, convert};
use crate::domain::landed::{self, Amount, Basis, NoSpread, Part};
use crate::domain::money::{Currency, parse_decimal};
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::invoices::{self, LotRow};
use crate::store::{Stamp, Tx, applied_refs, costs};

/// A charge as typed in.
#[derive(Debug, Clone)]
pub struct Charge {
    /// The paper it stands on.
    pub document: String,
    /// What it was paid for.
    pub kind: Component,
    /// The amount, as a decimal.
    pub amount: String,
    /// Its currency; none: the tenant's.
    pub currency: Option<Currency>,
    /// What foreign currencies are worth.
    pub rates: Rates,
    /// Purchase orders, receipts and lots.
    pub applies_to: Vec<String>,
    /// By what it is spread.
    pub basis: Basis,
    /// The business day; none: today.
    pub on: Option<String>,
    /// The reference under which it is applied once.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// A charge, spread.
#[derive(Debug, Clone, Serialize)]
pub struct Spread {
    /// What it was paid for.
    pub kind: &'static str,
    /// By what it was spread.
    pub basis: &'static str,
    /// What was paid.
    pub paid_minor: i64,
    /// In which currency.
    pub paid_currency: Currency,
    /// The same in the tenant's currency.
    pub amount_minor: i64,
    /// The tenant's currency.
    pub currency: Currency,
    /// Each lot's share.
    pub lots: Vec<Share>,
}

/// A lot's share of a charge.
#[derive(Debug, Clone, Serialize)]
pub struct Share {
    /// The lot.
    pub lot: String,
    /// Its product.
    pub sku: String,
    /// Units it came in with.
    pub units: i64,
    /// The share of what was paid, in minor units of that currency.
    pub paid_minor: i64,
    /// The share in the tenant's currency.
    pub amount_minor: i64,
    /// What of that is in the house.
    pub on_hand_minor: i64,
    /// What of that had left already, and is booked as an adjustment.
    pub out_minor: i64,
}

/// What `opsctl landed add` did.
#[derive(Debug, Clone, Serialize)]
pub struct Added {
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// How it was spread.
    pub charge: Option<Spread>,
}

/// Adds a charge to the lots it was paid for.
///
/// # Errors
/// A bad amount, something named that is not there, a lot with nothing to spread by; or the
/// store's. Nothing is added then.
pub async fn add(ctx: &Context, charge: &Charge) -> anyhow::Result<Added> {
    until_no_conflict!(once(ctx, charge))
}

async fn once(ctx: &Context, charge: &Charge) -> anyhow::Result<Added> {
    let mut tx = ctx.store.allocate().await?;
    let own = ctx.tenant.tenant.currency;
    let document =
        rows::key(&charge.document).map_err(|what| Fault::usage(format!("--document {what}")))?;
    let said = said(charge, own, &document)?;
    let reference = charge.reference.clone().unwrap_or_else(|| said.reference());
    // With the word that events put before it, it must still fit a key.
    rows::key(&format!("ref:{reference}")).map_err(|what| {
        Fault::usage(format!("the reference {what}")).hint("give a shorter one with --ref")
    })?;
    let mut report = Added {
        dry_run: charge.dry_run,
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        charge: None,
        reference,
    };
    let summary = said.summary();
    if let Some(before) = &report.applied_before {
        if before.summary == summary {
            return Ok(report);
        }
        let what = format!(
            "{:?} is the reference of something else: {}",
            report.reference, before.summary
        );
        return Err(Fault::failed(what)
            .hint(format!("give another --ref to add {summary}"))
            .into());
    }
    let stamp = ctx.stamp();
    let cost = paid(charge, own, &said, &stamp)?;
    let mut lots = Vec::new();
    for name in &charge.applies_to {
        let found = invoices::lots_named(&mut tx, name).await?;
        if found.is_empty() {
            return Err(nothing_named(name).into());
        }
        lots.extend(found);
    }
    let spread = book(
        &mut tx,
        &stamp,
        &cost,
        charge.basis,
        &lots,
        &report.reference,
    )
    .await?;
    applied_refs::note(&mut tx, &stamp, &report.reference, "landed", &summary).await?;
    let fact = Event::new(
        "landed.added",
        format!("ref:{}", report.reference),
        json!({ "document": document, "charges": told(std::slice::from_ref(&spread)) }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    report.charge = Some(spread);
    if !charge.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// What a person says of a charge: said again, it is the same charge.
struct Said<'a> {
    document: &'a str,
    kind: &'static str,
    minor: i64,
    currency: Currency,
    basis: &'static str,
    /// What it applies to, sorted, each once.
    names: Vec<&'a str>,
}

impl Said<'_> {
    /// The reference of a charge that nobody gave one: another amount, or another target, on
    /// the same paper is another charge.
    fn reference(&self) -> String {
        let names = json!(self.names).to_string();
        let digest = Sha256::digest(names.as_bytes());
        let hex: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!(
            "landed:{}:{}:{}{}:{hex}",
            self.document, self.kind, self.minor, self.currency
        )
    }

    fn summary(&self) -> String {
        format!(
            "{} {} {} of {} by {} over {}",
            self.kind,
            self.currency.decimal(self.minor),
            self.currency,
            self.document,
            self.basis,
            self.names.join(", ")
        )
    }
}

fn said<'a>(charge: &'a Charge, own: Currency, document: &'a str) -> anyhow::Result<Said<'a>> {
    let currency = charge.currency.unwrap_or(own);
    let minor = currency
        .minor(&charge.amount)
        .map_err(|error| Fault::usage(format!("--amount: {error}")))?;
    if minor == 0 {
        return Err(Fault::usage("--amount 0 adds nothing").into());
    }
    let mut names: Vec<&str> = charge.applies_to.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Said {
        document,
        kind: charge.kind.as_str(),
        minor,
        currency,
        basis: charge.basis.as_str(),
        names,
    })
}

fn paid(charge: &Charge, own: Currency, said: &Said<'_>, stamp: &Stamp) -> anyhow::Result<Cost> {
    let day = match &charge.on {
        Some(text) => rows::day(text).map_err(|what| Fault::usage(format!("--on: {what}")))?,
        None => stamp.day(),
    };
    let payment = Payment {
        component: charge.kind,
        minor: said.minor,
        currency: said.currency,
        booked_on: &day,
        document: said.document,
    };
    Ok(charge.rates.cost(own, payment).map_err(Fault::usage)?)
}

/// Charges as events tell them: without each lot's share, which stands with the lot.
pub(super) fn told(charges: &[Spread]) -> Vec<Value> {
    charges
        .iter()
        .map(|c| {
            json!({
                "kind": c.kind,
                "paid_minor": c.paid_minor,
                "paid_currency": c.paid_currency,
                "amount_minor": c.amount_minor,
                "lots": c.lots.len(),
                "out_minor": c.lots.iter().map(|lot| lot.out_minor).sum::<i64>(),
            })
        })
        .collect()
}

/// What is said where a charge names something that is not there.
pub(super) fn nothing_named(name: &str) -> Fault {
    Fault::failed(format!(
        "{name:?} is no purchase order or receipt with goods, and no lot"
    ))
    .hint("name a purchase order, a receipt's reference, or lot:SKU:LOT")
}

/// Spreads a cost over lots and adds each its share. What of a lot has left is booked as an
/// adjustment.
///
/// # Errors
/// A lot has nothing to spread by, or the store's.
pub(super) async fn book(
    tx: &mut Tx,
    stamp: &Stamp,
    cost: &Cost,
    basis: Basis,
    lots: &[i64],
    cause: &str,
) -> anyhow::Result<Spread> {
    let mut ids = lots.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let parts = invoices::lots(tx, &ids)
        .await?
        .iter()
        .map(|lot| part(lot, cost.currency))
        .collect::<anyhow::Result<Vec<Part>>>()?;
    let whole = Amount {
        paid: cost.paid_minor,
        own: cost.amount_minor,
    };
    let shares = landed::shares(whole, basis, &parts).map_err(|error| no_spread(&error))?;
    let added: Vec<(i64, Cost)> = parts
        .iter()
        .zip(&shares)
        .map(|(part, share)| {
            let cost = Cost {
                paid_minor: share.paid,
                amount_minor: share.own,
                ..cost.clone()
            };
            (part.lot, cost)
        })
        .collect();
    let out = costs::add(tx, stamp, &added, cause).await?;
    let lots = parts.into_iter().zip(shares).zip(out);
    Ok(Spread {
        kind: cost.component.as_str(),
        basis: basis.as_str(),
        paid_minor: cost.paid_minor,
        paid_currency: cost.paid_currency,
        amount_minor: cost.amount_minor,
        currency: cost.currency,
        lots: lots
            .map(|((part, share), out)| Share {
                lot: part.code,
                sku: part.sku,
                units: part.units,
                paid_minor: share.paid,
                amount_minor: share.own,
                on_hand_minor: share.own - out,
                out_minor: out,
            })
            .collect(),
    })
}

fn part(lot: &LotRow, own: Currency) -> anyhow::Result<Part> {
    let expected = match (lot.cost_minor, &lot.currency) {
        (Some(minor), Some(currency)) => Some(in_own(minor, currency, lot.rate.as_deref(), own)?),
        _ => None,
    };
    Ok(Part {
        lot: lot.lot_id,
        code: lot.lot.clone(),
        sku: lot.sku.clone(),
        units: lot.units,
        value: expected.or(lot.bought_minor),
        weight_g: lot.weight_g,
    })
}

/// A stored amount in the tenant's currency, at the rate stored with it.
///
/// # Errors
/// The currency is foreign and has no rate, or the amount is beyond 64 bits.
pub(super) fn in_own(
    minor: i64,
    currency: &str,
    rate: Option<&str>,
    own: Currency,
) -> anyhow::Result<i64> {
    let currency: Currency = currency.parse()?;
    if currency == own {
        return Ok(minor);
    }
    let rate = rate.ok_or_else(|| Fault::failed(format!("goods in {currency} have no rate")))?;
    Ok(convert(minor, currency, own, parse_decimal(rate)?)?)
}

fn no_spread(error: &NoSpread) -> Fault {
    let hint = match error {
        NoSpread::NoWeight(_) => {
            "give it one with `opsctl products import` (weight_g), or spread by value or quantity"
        }
        NoSpread::NoValue(..) | NoSpread::Nothing(_) => "spread by quantity or weight",
    };
    Fault::failed(format!("the charge cannot be spread: {error}")).hint(hint)
}
