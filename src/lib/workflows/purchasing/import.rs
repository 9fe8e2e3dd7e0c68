//! Purchase orders from a list, all of them or none; the same list once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Made;
use super::draft::{Draft, DraftLine, expected, make, number_fits};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::domain::purchase::UnitCost;
use crate::store::suppliers::{self, Row};
use crate::store::{Tx, applied_refs, kits, products, purchasing};
use crate::workflows::rows::{self, Rows};
use crate::workflows::until_no_conflict;

const REQUIRED: &[&str] = &["po", "supplier", "sku", "qty"];
const OPTIONAL: &[&str] = &["unit_cost", "currency", "ordered_on", "expected_on", "note"];

/// Makes the purchase orders of a file.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn import(
    ctx: &Context,
    file: &Path,
    reference: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Made> {
    let source = rows::read(file)?;
    let reference = reference.unwrap_or(&source.reference);
    until_no_conflict!(once(ctx, file, &source.text, reference, dry_run))
}

async fn once(
    ctx: &Context,
    file: &Path,
    text: &str,
    reference: &str,
    dry_run: bool,
) -> anyhow::Result<Made> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut report = Made {
        reference: reference.to_owned(),
        dry_run,
        applied_before: applied_refs::find(&mut tx, reference).await?,
        orders: Vec::new(),
    };
    if report.applied_before.is_some() {
        return Ok(report);
    }
    let drafts = read(ctx, &mut tx, file, text).await?;
    let stamp = ctx.stamp();
    report.orders = make(&mut tx, &stamp, drafts, dry_run).await?;
    if !dry_run {
        let summary = format!("{} purchase orders", report.orders.len());
        applied_refs::note(&mut tx, &stamp, reference, "po", &summary).await?;
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// What a row says of its order beside its line. An empty cell says nothing.
#[derive(Debug, Clone, Default)]
struct Head {
    currency: Option<Currency>,
    ordered_on: Option<String>,
    expected_on: Option<String>,
    note: Option<String>,
}

/// An order as the rows so far tell it.
struct Told {
    number: String,
    supplier: Row,
    head: Head,
    row: usize,
    lines: Vec<DraftLine>,
}

async fn read(ctx: &Context, tx: &mut Tx, file: &Path, text: &str) -> anyhow::Result<Vec<Draft>> {
    let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
    let ids = products::ids_by_sku(tx).await?;
    let kits = kits::kits(tx).await?;
    let all = suppliers::all(tx).await?;
    let by_code: HashMap<&str, &Row> = all.iter().map(|s| (s.code.as_str(), s)).collect();
    let taken: HashSet<String> = purchasing::numbers(tx, "").await?.into_iter().collect();
    let mut told: Vec<Told> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in 0..rows.len() {
        let number = rows.read(row, "po", |text| {
            number_fits(text).map(|()| text.to_owned())
        });
        let supplier = rows.read(row, "supplier", |code| {
            let found = by_code.get(code).copied().cloned();
            found.ok_or_else(|| format!("there is no supplier {code:?}"))
        });
        let line = line(&mut rows, row, |sku| match ids.get(sku) {
            None => Err(format!("unknown SKU {sku:?}")),
            Some(id) if kits.contains_key(id) => {
                Err(format!("{sku} is a kit; its components are bought"))
            }
            Some(id) => Ok(*id),
        });
        let head = Head {
            currency: rows.optional(row, "currency", rows::currency),
            ordered_on: rows.optional(row, "ordered_on", rows::day),
            expected_on: rows.optional(row, "expected_on", rows::day),
            note: rows.optional(row, "note", rows::name),
        };
        let (Some(number), Some(supplier), Some(line)) = (number, supplier, line) else {
            continue;
        };
        match places.get(&number) {
            Some(place) => told[*place].goes_on(&mut rows, row, &supplier, head, line),
            None => {
                if taken.contains(&number) {
                    let what = format!("there is a purchase order {number} already");
                    rows.problem(row, "po", what);
                }
                places.insert(number.clone(), told.len());
                told.push(Told {
                    number,
                    supplier,
                    head,
                    row,
                    lines: vec![line],
                });
            }
        }
    }
    let today = ctx.stamp().day();
    let drafts = told
        .into_iter()
        .filter_map(|told| told.draft(&mut rows, &today))
        .collect();
    rows.finish(file)?;
    Ok(drafts)
}

fn line(
    rows: &mut Rows,
    row: usize,
    product: impl Fn(&str) -> Result<i64, String>,
) -> Option<DraftLine> {
    let product = rows.read(row, "sku", product);
    let quantity = rows.read(row, "qty", rows::units);
    let unit_cost = rows.optional(row, "unit_cost", |text| {
        text.parse::<UnitCost>().map_err(|error| error.to_string())
    });
    Some(DraftLine {
        product: product?,
        quantity: quantity?,
        unit_cost,
    })
}

impl Told {
    /// A further row of the order: a line more, and nothing that contradicts the rows before.
    fn goes_on(&mut self, rows: &mut Rows, row: usize, from: &Row, head: Head, line: DraftLine) {
        let mut agree = |column: &str, agrees: bool| {
            if !agrees {
                rows.problem(row, column, "an earlier row of this order says otherwise");
            }
        };
        agree("supplier", self.supplier.id == from.id);
        let slot = &mut self.head;
        agree("currency", merge(&mut slot.currency, head.currency));
        agree("ordered_on", merge(&mut slot.ordered_on, head.ordered_on));
        agree(
            "expected_on",
            merge(&mut slot.expected_on, head.expected_on),
        );
        agree("note", merge(&mut slot.note, head.note));
        self.lines.push(line);
    }

    fn draft(self, rows: &mut Rows, today: &str) -> Option<Draft> {
        let head = self.head;
        let ordered_on = head.ordered_on.unwrap_or_else(|| today.to_owned());
        let lead_days = self.supplier.lead_days;
        let expected_on = head
            .expected_on
            .unwrap_or_else(|| expected(&ordered_on, lead_days));
        if expected_on < ordered_on {
            let what = format!("{expected_on} is before it was ordered, {ordered_on}");
            rows.problem(self.row, "expected_on", what);
        }
        let own = || self.supplier.currency.parse::<Currency>().ok();
        Some(Draft {
            currency: head.currency.or_else(own)?,
            number: Some(self.number),
            ordered_on,
            expected_on,
            note: head.note.unwrap_or_default(),
            lines: self.lines,
            supplier: self.supplier,
        })
    }
}

/// Takes what is said where nothing had been; tells whether the two agree.
fn merge<T: PartialEq>(slot: &mut Option<T>, said: Option<T>) -> bool {
    match (&slot, said) {
        (_, None) => true,
        (Some(before), Some(said)) => *before == said,
        (None, said) => {
            *slot = said;
            true
        }
    }
}
