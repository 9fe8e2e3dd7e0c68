//! Invoices come in by a file, CSV or JSON, all of them or none. The same file again is
//! reported; an invoice that is there already must say the same.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::super::rates::Rates;
use super::super::rows::{self, Rows};
use super::super::until_no_conflict;
use super::read::{self, Known, Wish};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::store::events::{self, Event};
use crate::store::invoices::{self, LineRow, NewInvoice, NewLine, Row};
use crate::store::{Tx, applied_refs, kits, products};

/// How to take invoices in.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The reference to apply the file under, instead of its content's hash.
    pub reference: Option<String>,
    /// What foreign currencies are worth.
    pub rates: Rates,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What an import did.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The reference under which it was applied.
    pub reference: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// The invoices taken in.
    pub invoices: Vec<Taken>,
    /// Those that were there already and say the same.
    pub unchanged: Vec<String>,
}

/// An invoice taken in.
#[derive(Debug, Clone, Serialize)]
pub struct Taken {
    /// `SUPPLIER:NUMBER`.
    pub invoice: String,
    /// Its date.
    pub invoiced_on: String,
    /// Its lines.
    pub lines: u64,
    /// What it bills in all, as a decimal amount.
    pub total: String,
    /// In which currency.
    pub currency: Currency,
}

/// Takes invoices in from a file.
///
/// # Errors
/// A bad file, with each bad cell named; an invoice that is there with other content; or the
/// store's. Nothing is applied then.
pub async fn import(ctx: &Context, file: &Path, options: &Options) -> anyhow::Result<Imported> {
    let source = rows::read(file)?;
    let reference = options.reference.as_ref().unwrap_or(&source.reference);
    until_no_conflict!(once(ctx, file, &source.text, reference, options))
}

async fn once(
    ctx: &Context,
    file: &Path,
    text: &str,
    reference: &str,
    options: &Options,
) -> anyhow::Result<Imported> {
    let mut tx = if options.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut report = Imported {
        reference: reference.to_owned(),
        dry_run: options.dry_run,
        applied_before: applied_refs::find(&mut tx, reference).await?,
        invoices: Vec::new(),
        unchanged: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let is_json = file
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let mut rows = if is_json {
        Rows::json(text, read::HEAD, read::LINE)?
    } else {
        Rows::parse(text, read::REQUIRED, read::OPTIONAL)?
    };
    let known = known(ctx, &mut tx, &options.rates).await?;
    let wishes = read::read(&mut rows, &known);
    let (new, unchanged) = sort(&mut tx, &mut rows, wishes).await?;
    rows.finish(file)?;
    report.unchanged = unchanged;
    report.invoices = new.iter().map(taken).collect();
    if options.dry_run {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    let list: Vec<NewInvoice> = new.into_iter().map(|wish| wish.invoice).collect();
    invoices::insert_many(&mut tx, &stamp, &list).await?;
    let summary = format!("{} invoices", list.len());
    applied_refs::note(&mut tx, &stamp, reference, "invoices", &summary).await?;
    let facts: Vec<Event> = report.invoices.iter().map(fact).collect();
    events::append(&mut tx, &stamp, &facts).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

async fn known<'a>(ctx: &Context, tx: &mut Tx, rates: &'a Rates) -> anyhow::Result<Known<'a>> {
    let suppliers = invoices::suppliers(tx).await?;
    Ok(Known {
        suppliers: suppliers
            .into_iter()
            .map(|(code, id, currency)| (code, (id, currency)))
            .collect(),
        products: products::ids_by_sku(tx).await?,
        kits: kits::kits(tx).await?.into_keys().collect(),
        rates,
        own: ctx.tenant.tenant.currency,
    })
}

/// Tells the new invoices from those that are there; one that is there and says something
/// else is noted as bad.
async fn sort(
    tx: &mut Tx,
    rows: &mut Rows,
    wishes: Vec<Wish>,
) -> anyhow::Result<(Vec<Wish>, Vec<String>)> {
    let wanted: Vec<(i64, &str)> = wishes
        .iter()
        .map(|w| (w.invoice.supplier_id, w.invoice.number.as_str()))
        .collect();
    let there = invoices::there(tx, &wanted).await?;
    let ids: Vec<i64> = there.iter().map(|row| row.id).collect();
    let mut lines: HashMap<i64, Vec<LineRow>> = HashMap::new();
    for line in invoices::lines(tx, &ids).await? {
        lines.entry(line.invoice_id).or_default().push(line);
    }
    let there: HashMap<String, Row> = there.into_iter().map(|row| (row.name(), row)).collect();
    let (mut new, mut unchanged) = (Vec::new(), Vec::new());
    for wish in wishes {
        match there.get(&wish.name) {
            None => new.push(wish),
            Some(row) => {
                let lines = lines.remove(&row.id).unwrap_or_default();
                match other(&wish.invoice, row, &lines) {
                    None => unchanged.push(wish.name),
                    Some(what) => {
                        let what = format!("{} is there already, with {what}", wish.name);
                        rows.problem(wish.row, "invoice", what);
                    }
                }
            }
        }
    }
    Ok((new, unchanged))
}

/// In what a stored invoice differs from what a file says of it.
fn other(wish: &NewInvoice, row: &Row, lines: &[LineRow]) -> Option<&'static str> {
    let stored = lines.iter().map(|l| {
        let what = (l.kind.as_str(), l.product_id, l.quantity);
        (
            what,
            l.total_minor,
            l.spread.as_str(),
            l.applies_to.as_str(),
        )
    });
    let said = wish.lines.iter().map(|l: &NewLine| {
        let what = (l.kind.as_str(), l.product_id, l.quantity);
        (
            what,
            l.total_minor,
            l.spread.as_str(),
            l.applies_to.as_str(),
        )
    });
    if wish.invoiced_on != row.invoiced_on {
        Some("another date")
    } else if wish.currency != row.currency {
        Some("another currency")
    } else if wish.rate != row.rate || wish.rate_source != row.rate_source {
        Some("another rate, or another source of it")
    } else if stored.ne(said) {
        Some("other lines")
    } else {
        None
    }
}

fn taken(wish: &Wish) -> Taken {
    Taken {
        invoice: wish.name.clone(),
        invoiced_on: wish.invoice.invoiced_on.clone(),
        lines: wish.invoice.lines.len() as u64,
        total: wish.currency.decimal(wish.invoice.total_minor),
        currency: wish.currency,
    }
}

fn fact(taken: &Taken) -> Event {
    Event::new(
        "invoice.imported",
        format!("invoice:{}", taken.invoice),
        json!({ "lines": taken.lines, "total": taken.total, "currency": taken.currency }),
    )
}
