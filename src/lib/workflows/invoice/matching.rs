//! The three-way match: what an invoice bills is held against what was ordered and what was
//! received. What agrees, or is accepted, is booked; else the differences are told and
//! nothing is booked. Goods that have not come and charges for what is not there cannot be
//! booked: they wait, and the next match takes them up. An invoice is matched when none wait.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::json;

use super::book::{
    Charges, booked_in_part, close, close_undone, cost_of, differs, names, note_costs,
};
use super::difference::Difference;
use super::the_one;
use crate::context::Context;
use crate::domain::cost::{Component, Cost, between, convert};
use crate::domain::money::{Currency, parse_decimal};
use crate::domain::three_way::{self, Billed, Match, OrderLine, Received};
use crate::fault::Fault;
use crate::store::invoices::{self, LineRow, MatchRow, NewMatch, ReceivedRow, Row};
use crate::store::{Stamp, Tx, costs};
use crate::workflows::landed::{Spread, in_own, told};
use crate::workflows::until_no_conflict;

/// How to match.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Book what is there, whatever differs.
    pub accept: bool,
    /// With that, close the invoice though not all of it is done.
    pub close: bool,
    /// Why that is right.
    pub reason: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// How an invoice was matched.
#[derive(Debug, Clone, Serialize)]
pub struct Matched {
    /// The invoice: `SUPPLIER:NUMBER`.
    pub invoice: String,
    /// Its currency.
    pub currency: Currency,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Whether it had been matched before; then nothing was written.
    pub matched_before: bool,
    /// `matched`, or `differs`: then some lines wait, and nothing was booked of what differs
    /// without being accepted.
    pub state: &'static str,
    /// Whether anything was booked.
    pub booked: bool,
    /// Which units of which receipts are billed.
    pub matches: Vec<MatchRow>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What price differences and missing costs added to the lots, in minor units of the
    /// tenant's currency.
    pub added_minor: i64,
    /// The charges, spread.
    pub charges: Vec<Spread>,
    /// What is not done then; of a matched invoice, what a person closed it without.
    pub not_done: Vec<NotDone>,
}

/// What of a line is not done: goods that were not found, a charge that is not spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotDone {
    /// The invoice's line.
    pub line: i64,
    /// `goods`, `freight`, `duty` or `other`.
    pub kind: String,
    /// The SKU of goods.
    pub sku: Option<String>,
    /// Units of goods.
    pub units: Option<i64>,
    /// What is billed for it.
    pub billed_minor: i64,
}

/// Matches an invoice.
///
/// # Errors
/// There is no such invoice, a charge cannot be spread, or the store's. Nothing is booked
/// then.
pub async fn run(ctx: &Context, name: &str, options: &Options) -> anyhow::Result<Matched> {
    until_no_conflict!(once(ctx, name, options))
}

async fn once(ctx: &Context, name: &str, options: &Options) -> anyhow::Result<Matched> {
    let mut tx = ctx.store.allocate().await?;
    let invoice = the_one(&mut tx, name).await?;
    let mut report = Matched {
        invoice: invoice.name(),
        currency: invoice.currency.parse()?,
        dry_run: options.dry_run,
        matched_before: invoice.state == "matched",
        state: "matched",
        booked: false,
        matches: Vec::new(),
        differences: Vec::new(),
        added_minor: 0,
        charges: Vec::new(),
        not_done: Vec::new(),
    };
    if report.matched_before {
        return Ok(report);
    }
    let lines = invoices::lines(&mut tx, &[invoice.id]).await?;
    let found = Found::look(ctx, &mut tx, &invoice, &lines).await?;
    report.matches = found.rows();
    report.differences.clone_from(&found.differences);
    let stamp = ctx.stamp();
    let refused = !found.differences.is_empty() && !options.accept;
    report.not_done = found.not_done(&lines, !refused);
    if !refused {
        report.added_minor = found.book(ctx, &mut tx, &stamp, &invoice).await?;
        report.charges = found.charges.book(ctx, &mut tx, &stamp, &invoice).await?;
        report.booked = !(found.matches.is_empty() && report.charges.is_empty());
    }
    let particulars = json!({
        "accepted": found.differences,
        "reason": options.reason,
        "added_minor": report.added_minor,
        "charges": told(&report.charges),
        "not_done": report.not_done,
    });
    if report.not_done.is_empty() && !refused {
        close(&mut tx, &stamp, &invoice, particulars).await?;
    } else if options.close && !refused {
        close_undone(&mut tx, &stamp, &invoice, particulars).await?;
    } else {
        report.state = "differs";
        if report.booked {
            booked_in_part(&mut tx, &stamp, &invoice, particulars).await?;
        } else {
            differs(&mut tx, &stamp, &invoice, &found.differences).await?;
        }
    }
    if !options.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(report)
}

/// What of an invoice is found in receipts, and what differs.
pub struct Found {
    lines: Vec<LineRow>,
    received: Vec<ReceivedRow>,
    matches: Vec<Match>,
    /// Units of each match that are more than was ordered.
    beyond: Vec<i64>,
    charges: Charges,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl Found {
    /// Looks for the goods and the charges of an invoice; writes nothing.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn look(
        ctx: &Context,
        tx: &mut Tx,
        invoice: &Row,
        lines: &[LineRow],
    ) -> anyhow::Result<Self> {
        let open: Vec<LineRow> = lines
            .iter()
            .filter(|l| l.kind == "goods" && l.open() > 0)
            .cloned()
            .collect();
        let mut products: Vec<i64> = open.iter().filter_map(|l| l.product_id).collect();
        products.sort_unstable();
        products.dedup();
        let received = invoices::unbilled_of(tx, invoice.supplier_id, &products).await?;
        let goods = received
            .iter()
            .map(|r| expected(ctx, invoice, r))
            .collect::<anyhow::Result<Vec<Received>>>()?;
        let named = places_named(tx, &open, &received).await?;
        let billed: Vec<Billed<'_>> = open
            .iter()
            .map(|line| Billed {
                product: line.product_id.unwrap_or_default(),
                quantity: line.quantity.unwrap_or(1),
                matched: line.matched,
                total_minor: line.total_minor,
                named: named.get(&line.applies_to),
            })
            .collect();
        let tolerance = ctx.tenant.purchasing.price_tolerance_percent;
        let matches = three_way::match_up(&billed, &goods, tolerance);
        let before = invoices::matches(tx, invoice.id).await?;
        let mut own_lots: Vec<i64> = before.iter().map(|m| m.lot_id).collect();
        own_lots.extend(matches.iter().map(|m| received[m.receipt].lot_id));
        let charges = Charges::find(tx, lines, &own_lots).await?;
        let ordered = invoices::ever_ordered(tx, invoice.supplier_id, &products).await?;
        let mut found = Self {
            lines: open,
            beyond: three_way::beyond_order(&matches, &goods),
            received,
            matches,
            charges,
            differences: Vec::new(),
        };
        found.differences = found.tell(&ordered.into_iter().collect(), invoice.currency.parse()?);
        Ok(found)
    }

    fn tell(&self, ordered: &HashSet<i64>, currency: Currency) -> Vec<Difference> {
        let mut all = Vec::new();
        let mut by_line: HashMap<usize, Vec<(&Match, i64)>> = HashMap::new();
        for (m, beyond) in self.matches.iter().zip(&self.beyond) {
            by_line.entry(m.line).or_default().push((m, *beyond));
        }
        for (at, line) in self.lines.iter().enumerate() {
            let of_line = by_line.remove(&at).unwrap_or_default();
            let mut tell = |kind, text| {
                all.push(Difference {
                    kind,
                    line: line.line,
                    sku: line.sku.clone(),
                    text,
                });
            };
            if line.product_id.is_some_and(|id| !ordered.contains(&id)) {
                let text = "was never ordered from this supplier".to_owned();
                tell("never_ordered", text);
            }
            let missing = line.open() - of_line.iter().map(|(m, _)| m.units).sum::<i64>();
            if missing > 0 {
                let mut text =
                    format!("{missing} of {} units billed are not received", line.open());
                let names = names(&line.applies_to);
                if !names.is_empty() {
                    text.push_str(&format!(" with {}", names.join(", ")));
                }
                tell("not_received", text);
            }
            for (m, beyond) in of_line.iter().filter(|(_, beyond)| *beyond > 0) {
                let goods = &self.received[m.receipt];
                let text = format!(
                    "{beyond} of {} units billed are more than the {} ordered with {}",
                    m.units,
                    goods.ordered.unwrap_or(0),
                    goods.po.as_deref().unwrap_or_default(),
                );
                tell("more_than_ordered", text);
            }
            for (m, _) in of_line.iter().filter(|(m, _)| m.price_differs) {
                let text = format!(
                    "{} units of receipt {} are billed at {} {currency}, expected {}",
                    m.units,
                    self.received[m.receipt].receipt,
                    currency.decimal(m.billed_minor),
                    currency.decimal(m.expected_minor.unwrap_or(0)),
                );
                tell("price", text);
            }
        }
        all.extend(self.charges.differences.iter().cloned());
        all
    }

    /// What of an invoice is not done, once this is booked or before.
    fn not_done(&self, lines: &[LineRow], once_booked: bool) -> Vec<NotDone> {
        let mut found: HashMap<i64, i64> = HashMap::new();
        for m in self.matches.iter().filter(|_| once_booked) {
            *found.entry(self.lines[m.line].id).or_default() += m.units;
        }
        lines
            .iter()
            .filter_map(|line| {
                let spread = once_booked && self.charges.has(line.id);
                let done = found.get(&line.id).copied().unwrap_or(i64::from(spread));
                let left = line.open() - done;
                let (whole, before) = (line.quantity.unwrap_or(1), line.matched + done);
                (left > 0).then(|| NotDone {
                    line: line.line,
                    kind: line.kind.clone(),
                    sku: line.sku.clone(),
                    units: line.quantity.map(|_| left),
                    billed_minor: between(line.total_minor, whole, before, left),
                })
            })
            .collect()
    }

    /// The matches, for people.
    pub(super) fn rows(&self) -> Vec<MatchRow> {
        self.matches
            .iter()
            .map(|m| {
                let (line, goods) = (&self.lines[m.line], &self.received[m.receipt]);
                MatchRow {
                    line: line.line,
                    sku: goods.sku.clone(),
                    lot: goods.lot.clone(),
                    lot_id: goods.lot_id,
                    receipt: goods.receipt.clone(),
                    po: goods.po.clone(),
                    ordered: goods.ordered,
                    received: goods.received,
                    units: m.units,
                    billed_minor: m.billed_minor,
                    expected_minor: m.expected_minor,
                }
            })
            .collect()
    }

    /// Stores the matches and brings the lots to what is billed; gives what that added.
    async fn book(
        &self,
        ctx: &Context,
        tx: &mut Tx,
        stamp: &Stamp,
        invoice: &Row,
    ) -> anyhow::Result<i64> {
        let mut stored = Vec::new();
        let mut by_line: BTreeMap<i64, i64> = BTreeMap::new();
        let mut added: Vec<(i64, Cost)> = Vec::new();
        // Units billed of each receipt so far, for several lines may bill the same one.
        let mut before: Vec<i64> = self.received.iter().map(|r| r.invoiced).collect();
        for m in &self.matches {
            let goods = &self.received[m.receipt];
            let line_id = self.lines[m.line].id;
            stored.push(NewMatch {
                line_id,
                receipt_line_id: goods.id,
                units: m.units,
                billed_minor: m.billed_minor,
                expected_minor: m.expected_minor,
            });
            *by_line.entry(line_id).or_default() += m.units;
            let cost = adjustment(ctx, invoice, goods, m, before[m.receipt])?;
            before[m.receipt] += m.units;
            added.extend(cost.map(|cost| (goods.lot_id, cost)));
        }
        invoices::insert_matches(tx, stamp, &stored).await?;
        let first = self.lines.iter().filter(|l| by_line.contains_key(&l.id));
        note_costs(tx, stamp, invoice, first).await?;
        let by_line: Vec<(i64, i64)> = by_line.into_iter().collect();
        invoices::raise_matched(tx, &by_line).await?;
        let cause = format!("invoice:{}", invoice.name());
        costs::add(tx, stamp, &added, &cause).await?;
        Ok(added.iter().map(|(_, cost)| cost.amount_minor).sum())
    }
}

/// The places in the list of receipts that lines name, by what they name; nothing of lines
/// that name nothing.
async fn places_named(
    tx: &mut Tx,
    lines: &[LineRow],
    received: &[ReceivedRow],
) -> anyhow::Result<HashMap<String, BTreeSet<usize>>> {
    let at: HashMap<i64, usize> = received
        .iter()
        .enumerate()
        .map(|(at, r)| (r.lot_id, at))
        .collect();
    let mut all: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for line in lines {
        if names(&line.applies_to).is_empty() || all.contains_key(&line.applies_to) {
            continue;
        }
        let mut places = BTreeSet::new();
        for name in names(&line.applies_to) {
            let lots = invoices::lots_named(tx, name).await?;
            places.extend(lots.iter().filter_map(|lot| at.get(lot)));
        }
        all.insert(line.applies_to.clone(), places);
    }
    Ok(all)
}

/// Received goods as the match sees them: what they are expected to cost is told in the
/// invoice's currency.
fn expected(ctx: &Context, invoice: &Row, goods: &ReceivedRow) -> anyhow::Result<Received> {
    let own = ctx.tenant.tenant.currency;
    let expected_minor = match goods.cost_minor {
        None => None,
        Some(minor) if goods.currency == invoice.currency => Some(minor),
        Some(minor) => {
            let minor = in_own(minor, &goods.currency, goods.rate.as_deref(), own)?;
            Some(match &invoice.rate {
                None => minor,
                Some(rate) => {
                    let rate = parse_decimal(rate)?;
                    let back = rust_decimal::Decimal::ONE.checked_div(rate);
                    let back = back.ok_or_else(|| Fault::failed("a rate of zero"))?;
                    convert(minor, own, invoice.currency.parse()?, back)?
                }
            })
        }
    };
    Ok(Received {
        product: goods.product_id,
        quantity: goods.received,
        invoiced: goods.invoiced,
        expected_minor,
        order: goods
            .po_line_id
            .zip(goods.ordered)
            .map(|(id, quantity)| OrderLine {
                id,
                quantity,
                invoiced: goods.order_invoiced,
            }),
    })
}

/// What a match adds to its lot: what is billed, where the lot came without a cost; else the
/// difference to what was expected. That goods were received at another rate of exchange
/// than they are billed at is no difference of theirs.
fn adjustment(
    ctx: &Context,
    invoice: &Row,
    goods: &ReceivedRow,
    found: &Match,
    before: i64,
) -> anyhow::Result<Option<Cost>> {
    let own = ctx.tenant.tenant.currency;
    let (Some(expected), Some(whole), true) =
        (found.expected_minor, goods.cost_minor, goods.bought)
    else {
        let cost = cost_of(invoice, own, Component::Purchase, found.billed_minor)?;
        return Ok(Some(cost));
    };
    let off = found.billed_minor - expected;
    let mut cost = cost_of(invoice, own, Component::Adjustment, off)?;
    if goods.currency != invoice.currency {
        let billed = cost_of(invoice, own, Component::Adjustment, found.billed_minor)?;
        let whole = in_own(whole, &goods.currency, goods.rate.as_deref(), own)?;
        let expected = between(whole, goods.received, before, found.units);
        cost.amount_minor = billed.amount_minor - expected;
    }
    Ok((cost.amount_minor != 0 || cost.paid_minor != 0).then_some(cost))
}
