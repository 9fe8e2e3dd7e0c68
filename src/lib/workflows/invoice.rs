//! What suppliers bill: taken in, held against what was ordered and received, and booked.

mod book;
mod difference;
mod import;
mod matching;
mod read;
mod show;

use std::collections::BTreeMap;

use serde::Serialize;

pub use difference::Difference;
pub use import::{Imported, Options as ImportOptions, import};
pub use matching::{Found, Matched, NotDone, Options, run as match_one};
pub use show::{Shown, show};

pub(super) use book::{Charges, close, cost_of, differs, note_costs};

use crate::context::Context;
use crate::domain::cost::upto;
use crate::domain::money::Currency;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::invoices::{self, ReceivedRow, Row};

/// What came in and is not billed.
#[derive(Debug, Clone, Serialize)]
pub struct Unbilled {
    /// Line by line, oldest first.
    pub rows: Vec<UnbilledRow>,
    /// What it is expected to cost, by currency.
    pub totals: Vec<(Currency, String)>,
    /// Lines of which nobody has said what they cost.
    pub without_cost: u64,
}

/// Units of a receipt that are not billed.
#[derive(Debug, Clone, Serialize)]
pub struct UnbilledRow {
    /// The receipt's line.
    #[serde(flatten)]
    pub goods: ReceivedRow,
    /// Units that are not billed.
    pub units: i64,
    /// What these are expected to cost, in the receipt's currency.
    pub expected_minor: Option<i64>,
}

/// The one invoice that a person means by `SUPPLIER:NUMBER`.
///
/// # Errors
/// There is none, or the store's.
pub(super) async fn the_one(tx: &mut Tx, name: &str) -> anyhow::Result<Row> {
    // Either part may have a colon of its own.
    for (at, _) in name.match_indices(':') {
        if let Some(row) = invoices::find(tx, &name[..at], &name[at + 1..]).await? {
            return Ok(row);
        }
    }
    Err(Fault::failed(format!("there is no invoice {name:?}"))
        .hint("write SUPPLIER:NUMBER; `opsctl invoice list` shows those there are")
        .into())
}

/// The invoices, newest first; only those that are not matched, where so asked.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, only_open: bool) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(invoices::list(&mut tx, only_open).await?)
}

/// What came in and is not billed; from one supplier, where one is given.
///
/// # Errors
/// There is no such supplier, or the store's.
pub async fn unbilled(ctx: &Context, supplier: Option<&str>) -> anyhow::Result<Unbilled> {
    let mut tx = ctx.store.read().await?;
    let supplier = match supplier {
        None => None,
        Some(code) => Some(supplier_id(&mut tx, code).await?),
    };
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for goods in invoices::unbilled(&mut tx, supplier).await? {
        let rest = |whole| whole - upto(whole, goods.received, goods.invoiced);
        let expected_minor = goods.cost_minor.map(rest);
        if let Some(minor) = expected_minor {
            *sums.entry(goods.currency.parse()?).or_default() += minor;
        }
        rows.push(UnbilledRow {
            units: goods.received - goods.invoiced,
            expected_minor,
            goods,
        });
    }
    Ok(Unbilled {
        without_cost: rows.iter().filter(|r| r.expected_minor.is_none()).count() as u64,
        totals: sums
            .into_iter()
            .map(|(currency, minor)| (currency, currency.decimal(minor)))
            .collect(),
        rows,
    })
}

async fn supplier_id(tx: &mut Tx, code: &str) -> anyhow::Result<i64> {
    let all = invoices::suppliers(tx).await?;
    let found = all.iter().find(|(known, ..)| known == code);
    Ok(found.map(|(_, id, _)| *id).ok_or_else(|| {
        let codes: Vec<&str> = all.iter().map(|(code, ..)| code.as_str()).collect();
        Fault::failed(format!("there is no supplier {code:?}"))
            .hint(format!("those there are: {}", codes.join(", ")))
    })?)
}
