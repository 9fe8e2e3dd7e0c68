//! Goods come in with their invoice, without a purchase order: each line of goods becomes a
//! lot at what it is billed, and the invoice's charges are spread over the lots. What of a
//! line was received before is not received again.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::invoice::{self, Charges, Difference, close, cost_of, differs, note_costs};
use super::landed::{Spread, told};
use super::{low_stock, rows, until_no_conflict};
use crate::context::Context;
use crate::domain::cost::{Component, between};
use crate::domain::money::Currency;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::invoices::{self, LineRow, NewReceipt, NewReceiptLine, Row};
use crate::store::stock::NewLot;
use crate::store::{Stamp, Tx, kits, products, stock};

/// What to receive, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The invoice: `SUPPLIER:NUMBER`.
    pub invoice: String,
    /// Where the goods are put; none: each product at its home.
    pub to: Option<String>,
    /// The day they came in; none: today.
    pub on: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What came in.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The invoice.
    pub invoice: String,
    /// The receipt's reference; empty where nothing was left to receive.
    pub receipt: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// The invoice's currency.
    pub currency: Currency,
    /// The lots.
    pub lots: Vec<Lot>,
    /// The charges, spread.
    pub charges: Vec<Spread>,
    /// Charges that are for nothing that is there.
    pub differences: Vec<Difference>,
    /// Units of the same products that this supplier delivered before and has not billed:
    /// were they these, the invoice was to be matched and not received.
    pub unbilled: i64,
}

/// A lot that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Lot {
    /// Its name.
    pub lot: String,
    /// Its product.
    pub sku: String,
    /// Units.
    pub units: i64,
    /// What they are billed at.
    pub cost_minor: i64,
}

/// Receives the goods of an invoice.
///
/// # Errors
/// There is no such invoice or location, a charge cannot be spread, or the store's. Nothing
/// is received then.
pub async fn run(ctx: &Context, options: &Options) -> anyhow::Result<Report> {
    let report = until_no_conflict!(once(ctx, options))?;
    if !report.dry_run && !report.lots.is_empty() {
        low_stock::refresh(ctx).await?;
    }
    Ok(report)
}

async fn once(ctx: &Context, options: &Options) -> anyhow::Result<Report> {
    let mut tx = ctx.store.allocate().await?;
    let invoice = invoice::the_one(&mut tx, &options.invoice).await?;
    let lines = invoices::lines(&mut tx, &[invoice.id]).await?;
    let left: Vec<LineRow> = lines
        .iter()
        .filter(|l| l.kind == "goods" && l.open() > 0)
        .cloned()
        .collect();
    let mut report = Report {
        invoice: invoice.name(),
        receipt: String::new(),
        dry_run: options.dry_run,
        currency: invoice.currency.parse()?,
        lots: Vec::new(),
        charges: Vec::new(),
        differences: Vec::new(),
        unbilled: 0,
    };
    if left.is_empty() {
        return Ok(report);
    }
    report.unbilled = unbilled(&mut tx, &invoice, &left).await?;
    let stamp = ctx.stamp();
    let arrival = Arrival {
        ctx,
        stamp: &stamp,
        invoice: &invoice,
        day: match &options.on {
            Some(text) => rows::past_day(text, &stamp.day())
                .map_err(|what| Fault::usage(format!("--on: {what}")))?,
            None => stamp.day(),
        },
        reference: free_reference(&mut tx, &invoice).await?,
    };
    let (new, billed) = arrival.lots(&mut tx, options.to.as_deref(), &left).await?;
    let ids = arrival.put(&mut tx, &left, &new, &billed).await?;
    report.receipt.clone_from(&arrival.reference);
    report.lots = left
        .iter()
        .zip(new.iter().zip(billed))
        .map(|(line, (lot, cost_minor))| Lot {
            lot: lot.code.clone(),
            sku: line.sku.clone().unwrap_or_default(),
            units: lot.quantity,
            cost_minor,
        })
        .collect();
    let charges = Charges::find(&mut tx, &lines, &ids).await?;
    report.charges = charges.book(ctx, &mut tx, &stamp, &invoice).await?;
    report.differences = charges.differences;
    if !report.differences.is_empty() && invoice.state != "matched" {
        differs(&mut tx, &stamp, &invoice, &report.differences).await?;
    } else if invoice.state != "matched" {
        let particulars = json!({
            "receipt": report.receipt,
            "charges": told(&report.charges),
        });
        close(&mut tx, &stamp, &invoice, particulars).await?;
    }
    if !options.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// The receipt's reference: the invoice's name, with a number where some of the invoice was
/// received so before.
async fn free_reference(tx: &mut Tx, invoice: &Row) -> anyhow::Result<String> {
    let first = format!("invoice:{}", invoice.name());
    let mut reference = first.clone();
    let mut nth = 1;
    while invoices::is_receipt(tx, &reference).await? {
        nth += 1;
        reference = format!("{first}/{nth}");
    }
    Ok(reference)
}

async fn unbilled(tx: &mut Tx, invoice: &Row, lines: &[LineRow]) -> anyhow::Result<i64> {
    let mut products: Vec<i64> = lines.iter().filter_map(|l| l.product_id).collect();
    products.sort_unstable();
    products.dedup();
    let before = invoices::unbilled_of(tx, invoice.supplier_id, &products).await?;
    Ok(before.iter().map(|r| r.received - r.invoiced).sum())
}

/// Goods on their way in.
struct Arrival<'a> {
    ctx: &'a Context,
    stamp: &'a Stamp,
    invoice: &'a Row,
    day: String,
    reference: String,
}

impl Arrival<'_> {
    /// The lots that lines of goods become, and what each is billed at.
    async fn lots(
        &self,
        tx: &mut Tx,
        to: Option<&str>,
        lines: &[LineRow],
    ) -> anyhow::Result<(Vec<NewLot>, Vec<i64>)> {
        let ids: Vec<i64> = lines.iter().filter_map(|l| l.product_id).collect();
        let to = match to {
            None => None,
            Some(code) => Some(stock::location(tx, code).await?.ok_or_else(|| {
                Fault::failed(format!("there is no location {code:?}"))
                    .hint("give --to the code of one that is there, such as main")
            })?),
        };
        let homes: HashMap<i64, i64> = invoices::homes(tx, &ids).await?.into_iter().collect();
        let kits = kits::kits_of(tx, &ids).await?;
        let intakes = products::intake(tx, &ids).await?;
        let mut taken: HashSet<(i64, String)> = stock::lot_codes(tx).await?.into_iter().collect();
        let mut times: HashMap<i64, usize> = HashMap::new();
        for id in &ids {
            *times.entry(*id).or_default() += 1;
        }
        let (mut lots, mut billed) = (Vec::new(), Vec::new());
        for line in lines {
            let product = line.product_id.context("a line of goods has a product")?;
            let sku = line.sku.as_deref().unwrap_or_default();
            if kits.contains_key(&product) {
                let text = format!("{sku} is a kit; receive its components");
                return Err(Fault::failed(text)
                    .hint("receive the components by a list: `opsctl receive FILE.csv`")
                    .into());
            }
            if intakes
                .get(&product)
                .is_some_and(|i| i.tracking == "serial")
            {
                let text = format!("each unit of {sku} has a serial, and an invoice tells none");
                return Err(Fault::failed(text)
                    .hint(
                        "receive it with `opsctl receive --po NUMBER`, the serials by --serial \
                         or a file, and match the invoice then",
                    )
                    .into());
            }
            let alone = times.get(&product) == Some(&1);
            let code = self.code(line, alone, |code| {
                taken.contains(&(product, code.to_owned()))
            })?;
            taken.insert((product, code.clone()));
            let quantity = line.quantity.unwrap_or(1);
            let minor = between(line.total_minor, quantity, line.matched, line.open());
            let own = self.ctx.tenant.tenant.currency;
            let mut cost = cost_of(self.invoice, own, Component::Purchase, minor)?;
            cost.booked_on.clone_from(&self.day);
            lots.push(NewLot {
                product,
                code,
                received_on: self.day.clone(),
                quantity: line.open(),
                location: to.or_else(|| homes.get(&product).copied()).unwrap_or(1),
                cost: Some(cost),
                supplier: Some(self.invoice.supplier.clone()),
                invoice: Some(self.invoice.number.clone()),
                parent: None,
            });
            billed.push(minor);
        }
        Ok((lots, billed))
    }

    /// A lot's name: the invoice's number, with the line where that alone would not tell.
    fn code(
        &self,
        line: &LineRow,
        alone: bool,
        taken: impl Fn(&str) -> bool,
    ) -> anyhow::Result<String> {
        let number = &self.invoice.number;
        let with_line = format!("{number}-{}", line.line);
        let full = format!("{}-{with_line}", self.invoice.supplier);
        let plain = alone.then(|| number.clone());
        let free = plain
            .into_iter()
            .chain([with_line, full])
            .find(|c| !taken(c));
        let sku = line.sku.as_deref().unwrap_or_default();
        Ok(free.ok_or_else(|| {
            Fault::failed(format!("lot {number:?} of {sku} is there already")).hint(
                "receive what is left by a list: `opsctl receive FILE.csv` names each lot itself",
            )
        })?)
    }

    /// Puts the lots on stock, and notes that they came with the invoice; gives their ids.
    async fn put(
        &self,
        tx: &mut Tx,
        lines: &[LineRow],
        lots: &[NewLot],
        billed: &[i64],
    ) -> anyhow::Result<Vec<i64>> {
        let first = stock::put_lots(tx, self.stamp, lots, "received", &self.reference).await?;
        let ids: Vec<i64> = (first..).take(lots.len()).collect();
        let products: Vec<i64> = lots.iter().map(|lot| lot.product).collect();
        products::set_stocked(tx, &products).await?;
        let came: Vec<(i64, NewReceiptLine)> = lines
            .iter()
            .zip(lots.iter().zip(billed).zip(&ids))
            .map(|(line, ((lot, cost), id))| {
                let received = NewReceiptLine {
                    lot_id: *id,
                    product_id: lot.product,
                    quantity: lot.quantity,
                    cost_minor: *cost,
                };
                (line.id, received)
            })
            .collect();
        let receipt = NewReceipt {
            supplier_id: self.invoice.supplier_id,
            reference: &self.reference,
            received_on: &self.day,
            currency: &self.invoice.currency,
            rate: self.invoice.rate.as_deref(),
            rate_source: self.invoice.rate_source.as_deref(),
        };
        invoices::insert_billed_receipt(tx, self.stamp, &receipt, &came).await?;
        let found: Vec<(i64, i64)> = lines.iter().map(|l| (l.id, l.open())).collect();
        invoices::raise_matched(tx, &found).await?;
        note_costs(tx, self.stamp, self.invoice, lines).await?;
        let units: i64 = lots.iter().map(|lot| lot.quantity).sum();
        let fact = Event::new(
            "stock.received",
            format!("ref:{}", self.reference),
            json!({ "lots": lots.len(), "units": units }),
        );
        events::append(tx, self.stamp, &[fact]).await?;
        Ok(ids)
    }
}
