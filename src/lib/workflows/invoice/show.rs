//! An invoice with all that is known of it.

use serde::Serialize;

use super::difference::Difference;
use super::matching::Found;
use super::the_one;
use crate::context::Context;
use crate::domain::money::Currency;
use crate::store::invoices::{self, BookedRow, LineRow, MatchRow, Row};

/// An invoice with all that is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The invoice.
    #[serde(flatten)]
    pub invoice: Row,
    /// The tenant's currency.
    pub own_currency: Currency,
    /// Its lines.
    pub lines: Vec<LineRow>,
    /// Which units of which receipts are billed; of an invoice that is not matched, which
    /// would be.
    pub matches: Vec<MatchRow>,
    /// What differs now, where it is not matched.
    pub differences: Vec<Difference>,
    /// What it added to lots: goods, price differences, and each charge as it was spread.
    pub booked: Vec<BookedRow>,
}

/// Shows an invoice.
///
/// # Errors
/// There is no such invoice, or the store's.
pub async fn show(ctx: &Context, name: &str) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let invoice = the_one(&mut tx, name).await?;
    let lines = invoices::lines(&mut tx, &[invoice.id]).await?;
    let mut shown = Shown {
        own_currency: ctx.tenant.tenant.currency,
        matches: invoices::matches(&mut tx, invoice.id).await?,
        differences: Vec::new(),
        booked: invoices::booked(&mut tx, &invoice.name()).await?,
        lines,
        invoice,
    };
    if shown.invoice.state != "matched" {
        let found = Found::look(ctx, &mut tx, &shown.invoice, &shown.lines).await?;
        shown.matches.extend(found.rows());
        shown.differences = found.differences;
    }
    Ok(shown)
}
