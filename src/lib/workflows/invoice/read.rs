//! What a file of invoices says, read cell by cell.

use std::collections::{HashMap, HashSet};

use super::super::rates::Rates;
use super::super::rows::{self, Rows};
use crate::domain::landed::Basis;
use crate::domain::money::{Currency, parse_decimal};
use crate::store::invoices::{NewInvoice, NewLine};

/// The columns that a CSV file must have; in a JSON file these are fields of an invoice.
pub(super) const REQUIRED: &[&str] = &["supplier", "invoice", "invoiced_on"];
/// Those that it may have.
pub(super) const OPTIONAL: &[&str] = &[
    "currency",
    "kind",
    "sku",
    "qty",
    "unit_cost",
    "total",
    "spread",
    "applies_to",
];
/// The fields of an invoice in a JSON file.
pub(super) const HEAD: &[&str] = &["supplier", "invoice", "invoiced_on", "currency"];
/// The fields of a line in a JSON file.
pub(super) const LINE: &[&str] = &[
    "kind",
    "sku",
    "qty",
    "unit_cost",
    "total",
    "spread",
    "applies_to",
];

/// `SUPPLIER:NUMBER` stands in keys of 190 characters, with a word before it.
const LONGEST_NAME: usize = 170;

/// What the cells are held against.
pub(super) struct Known<'a> {
    /// Suppliers by code: id and currency.
    pub suppliers: HashMap<String, (i64, String)>,
    /// Products by SKU.
    pub products: HashMap<String, i64>,
    /// Products that are kits.
    pub kits: HashSet<i64>,
    /// What foreign currencies are worth.
    pub rates: &'a Rates,
    /// The tenant's currency.
    pub own: Currency,
}

/// An invoice of the file.
pub(super) struct Wish {
    /// How people write it: `SUPPLIER:NUMBER`.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Its first row.
    pub row: usize,
    /// What is to be stored.
    pub invoice: NewInvoice,
}

/// Reads the rows into invoices, in the order of the file; what is bad is noted.
pub(super) fn read(rows: &mut Rows, known: &Known<'_>) -> Vec<Wish> {
    let mut list: Vec<Wish> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in 0..rows.len() {
        let head = head(rows, row, known, &list, &places);
        // The amounts of a line are read also where its head is bad, so that all that is
        // wrong is told at once.
        let currency = head.as_ref().map_or(known.own, |head| head.currency);
        let line = line(rows, row, known, currency);
        let Some(head) = head else {
            continue;
        };
        let at = *places.entry(head.name.clone()).or_insert_with(|| {
            list.push(head);
            list.len() - 1
        });
        let Some(line) = line else {
            continue;
        };
        let invoice = &mut list[at].invoice;
        match invoice.total_minor.checked_add(line.total_minor) {
            Some(total) => invoice.total_minor = total,
            None => rows.problem(row, "total", "the invoice's total is too large"),
        }
        invoice.lines.push(line);
    }
    list
}

/// What a row says of its invoice, which must be what the invoice's other rows say.
fn head(
    rows: &mut Rows,
    row: usize,
    known: &Known<'_>,
    list: &[Wish],
    places: &HashMap<String, usize>,
) -> Option<Wish> {
    let supplier = rows.read(row, "supplier", |code| match known.suppliers.get(code) {
        Some((id, currency)) => Ok((code.to_owned(), *id, currency.clone())),
        None => Err(format!("unknown supplier {code:?}")),
    });
    let number = rows.read(row, "invoice", rows::key);
    let invoiced_on = rows.read(row, "invoiced_on", rows::day);
    let (code, supplier_id, default) = supplier?;
    let (number, invoiced_on) = (number?, invoiced_on?);
    let name = format!("{code}:{number}");
    if name.chars().count() > LONGEST_NAME {
        rows.problem(row, "invoice", "the number is too long");
        return None;
    }
    let there = places.get(&name).map(|at| &list[*at]);
    let currency = match (rows.cell(row, "currency"), there) {
        (None, Some(there)) => there.currency,
        (None, None) => default.parse().ok()?,
        (Some(_), _) => rows.read(row, "currency", |text| {
            text.parse::<Currency>().map_err(|error| error.to_string())
        })?,
    };
    let rate = match known.rates.of(currency, known.own) {
        Ok(rate) => rate.cloned(),
        Err(what) => {
            rows.problem(row, "currency", what);
            return None;
        }
    };
    if there.is_some_and(|t| t.currency != currency || t.invoice.invoiced_on != invoiced_on) {
        let what = "invoiced_on or currency differ from the invoice's first row";
        rows.problem(row, "invoice", what);
    }
    Some(Wish {
        name,
        currency,
        row,
        invoice: NewInvoice {
            supplier_id,
            number,
            invoiced_on,
            currency: currency.to_string(),
            rate: rate.as_ref().map(|r| r.rate.normalize().to_string()),
            rate_source: rate.map(|r| r.source),
            total_minor: 0,
            lines: Vec::new(),
        },
    })
}

/// What a row says of its line.
fn line(rows: &mut Rows, row: usize, known: &Known<'_>, currency: Currency) -> Option<NewLine> {
    let has_sku = rows.cell(row, "sku").is_some();
    let kind = rows.read(row, "kind", |kind| match kind {
        "" if has_sku => Ok("goods".to_owned()),
        "goods" | "freight" | "duty" | "other" => Ok(kind.to_owned()),
        "" => Err("is empty: goods (with a sku), freight, duty or other".to_owned()),
        _ => Err(format!("{kind:?} is not goods, freight, duty or other")),
    });
    let applies_to = rows.read(row, "applies_to", |text| {
        let names: Vec<&str> = text
            .split('|')
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .collect();
        rows::name(&names.join("|"))
    });
    let kind = kind?;
    if kind == "goods" {
        return goods(rows, row, known, currency, applies_to);
    }
    for column in ["sku", "qty", "unit_cost"] {
        if rows.cell(row, column).is_some() {
            rows.problem(row, column, format!("a line of {kind} has none"));
        }
    }
    let total = rows.read(row, "total", |text| amount(currency, text));
    let spread = rows.read(row, "spread", |word| match word {
        "" => Ok(Basis::Value),
        _ => Basis::of(word).ok_or_else(|| format!("{word:?} is not value, quantity or weight")),
    });
    Some(NewLine {
        kind,
        product_id: None,
        quantity: None,
        total_minor: total?,
        spread: spread?.as_str().to_owned(),
        applies_to: applies_to?,
    })
}

fn goods(
    rows: &mut Rows,
    row: usize,
    known: &Known<'_>,
    currency: Currency,
    applies_to: Option<String>,
) -> Option<NewLine> {
    let product = rows.read(row, "sku", |sku| match known.products.get(sku) {
        Some(id) if known.kits.contains(id) => Err(format!("{sku} is a kit; bill its components")),
        Some(id) => Ok(*id),
        None if sku.is_empty() => Err("is empty".to_owned()),
        None => Err(format!("unknown SKU {sku:?}")),
    });
    let quantity = rows.read(row, "qty", rows::units);
    if rows.cell(row, "spread").is_some() {
        rows.problem(row, "spread", "only a charge is spread");
    }
    let total = billed(rows, row, currency, quantity);
    Some(NewLine {
        kind: "goods".to_owned(),
        product_id: Some(product?),
        quantity: Some(quantity?),
        total_minor: total?,
        spread: String::new(),
        applies_to: applies_to?,
    })
}

/// What a line of goods bills: its total, or its unit cost times its quantity; where both
/// are there, they must agree.
fn billed(rows: &mut Rows, row: usize, currency: Currency, quantity: Option<i64>) -> Option<i64> {
    let by_unit = match rows.cell(row, "unit_cost") {
        None => None,
        Some(_) => Some(rows.read(row, "unit_cost", |text| {
            let unit = parse_decimal(text).map_err(|error| error.to_string())?;
            if unit.normalize().scale() > 6 {
                return Err("more than 6 decimals".to_owned());
            }
            let minor = currency.extend(unit, quantity.unwrap_or(1));
            not_negative(minor.map_err(|error| error.to_string())?)
        })?),
    };
    if rows.cell(row, "total").is_none()
        && let Some(minor) = by_unit
    {
        return Some(minor);
    }
    let total = rows.read(row, "total", |text| not_negative(amount(currency, text)?))?;
    if let Some(minor) = by_unit
        && quantity.is_some()
        && minor != total
    {
        let what = format!(
            "the units at their unit_cost come to {}",
            currency.decimal(minor)
        );
        rows.problem(row, "total", what);
        return None;
    }
    Some(total)
}

fn amount(currency: Currency, text: &str) -> Result<i64, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    currency.minor(text).map_err(|error| error.to_string())
}

fn not_negative(minor: i64) -> Result<i64, String> {
    if minor < 0 {
        return Err("goods are not billed below zero; book a credit as a charge".to_owned());
    }
    Ok(minor)
}
