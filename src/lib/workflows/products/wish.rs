//! What a list says of each product, read cell by cell.

use std::collections::HashMap;

use super::super::rows::{self, Rows};
use crate::domain::{country, gtin};
use crate::store::products::Row;

/// The columns that a list must have.
pub(super) const REQUIRED: &[&str] = &["sku"];
/// Those that it may have.
pub(super) const OPTIONAL: &[&str] = &[
    "title",
    "brand",
    "weight_g",
    "length_mm",
    "width_mm",
    "height_mm",
    "tracking",
    "origin_country",
    "hs_code",
    "buffer",
    "reorder_point",
    "home_bin",
    "gtin",
    "units_per_scan",
];

/// A weight or a length, and a number of units, stays below this.
const LARGEST: i64 = 1_000_000_000;
/// No buffer is larger, as in a tenant file.
const LARGEST_BUFFER: i64 = 1_000_000;
const LONGEST_TITLE: usize = 1000;

/// What a list says of a product. What it does not say stays as it is.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// The product's SKU.
    pub sku: String,
    /// `none`, `lot` or `serial`, and the row that says so.
    pub tracking: Option<(String, usize)>,
    /// The code of the location it is put to, and the row that says so.
    pub home_bin: Option<(String, usize)>,
    /// Its codes.
    pub codes: Vec<Code>,
    title: Option<String>,
    brand: Option<String>,
    weight_g: Option<i64>,
    length_mm: Option<i64>,
    width_mm: Option<i64>,
    height_mm: Option<i64>,
    origin_country: Option<String>,
    hs_code: Option<String>,
    buffer: Option<i64>,
    reorder_point: Option<i64>,
}

/// A code that a list gives to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    /// The code in its one form.
    pub gtin14: String,
    /// Units that one scan counts, where the list says so.
    pub units: Option<i64>,
}

impl Wish {
    /// The product as the list wants it.
    pub fn onto(&self, mut row: Row) -> Row {
        fn put<T: Clone>(slot: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                *slot = value.clone();
            }
        }
        fn put_some<T: Clone>(slot: &mut Option<T>, value: Option<&T>) {
            if value.is_some() {
                *slot = value.cloned();
            }
        }
        put(&mut row.title, self.title.as_ref());
        put(&mut row.tracking, self.tracking.as_ref().map(|(t, _)| t));
        put_some(&mut row.brand, self.brand.as_ref());
        put_some(&mut row.weight_g, self.weight_g.as_ref());
        put_some(&mut row.length_mm, self.length_mm.as_ref());
        put_some(&mut row.width_mm, self.width_mm.as_ref());
        put_some(&mut row.height_mm, self.height_mm.as_ref());
        put_some(&mut row.origin_country, self.origin_country.as_ref());
        put_some(&mut row.hs_code, self.hs_code.as_ref());
        put_some(&mut row.buffer, self.buffer.as_ref());
        put_some(&mut row.reorder_point, self.reorder_point.as_ref());
        row
    }
}

/// Reads a list. A product may stand on several rows, for the codes of its packs; what two
/// of them say of the same fact must agree.
pub(super) fn read(rows: &mut Rows) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for row in 0..rows.len() {
        let Some(sku) = rows.read(row, "sku", rows::key) else {
            continue;
        };
        let index = *at.entry(sku.clone()).or_insert_with(|| {
            wishes.push(Wish {
                sku,
                ..Wish::default()
            });
            wishes.len() - 1
        });
        facts(rows, row, &mut wishes[index]);
        code(rows, row, &mut wishes[index]);
    }
    wishes
}

fn facts(rows: &mut Rows, row: usize, wish: &mut Wish) {
    let measure = |text: &str| whole(text, LARGEST);
    cell(rows, row, "title", &mut wish.title, title);
    cell(rows, row, "brand", &mut wish.brand, rows::key);
    cell(rows, row, "weight_g", &mut wish.weight_g, measure);
    cell(rows, row, "length_mm", &mut wish.length_mm, measure);
    cell(rows, row, "width_mm", &mut wish.width_mm, measure);
    cell(rows, row, "height_mm", &mut wish.height_mm, measure);
    let origin = &mut wish.origin_country;
    cell(rows, row, "origin_country", origin, country::alpha2);
    cell(rows, row, "hs_code", &mut wish.hs_code, hs_code);
    cell(rows, row, "buffer", &mut wish.buffer, |text| {
        whole(text, LARGEST_BUFFER)
    });
    let point = &mut wish.reorder_point;
    cell(rows, row, "reorder_point", point, |text| {
        whole(text, LARGEST)
    });
    told(rows, row, "tracking", &mut wish.tracking, tracking);
    told(rows, row, "home_bin", &mut wish.home_bin, rows::key);
}

/// Reads a cell into its slot, with the row that said it first.
fn told(
    rows: &mut Rows,
    row: usize,
    column: &'static str,
    slot: &mut Option<(String, usize)>,
    rule: impl Fn(&str) -> Result<String, String>,
) {
    let mut word = slot.as_ref().map(|(word, _)| word.clone());
    cell(rows, row, column, &mut word, rule);
    if slot.is_none() {
        *slot = word.map(|word| (word, row));
    }
}

/// Reads a cell into its slot; an empty one says nothing.
fn cell<T: PartialEq>(
    rows: &mut Rows,
    row: usize,
    column: &'static str,
    slot: &mut Option<T>,
    rule: impl Fn(&str) -> Result<T, String>,
) {
    if rows.cell(row, column).is_none() {
        return;
    }
    let Some(value) = rows.read(row, column, rule) else {
        return;
    };
    match slot {
        Some(earlier) if *earlier != value => {
            rows.problem(row, column, "an earlier row of this SKU says otherwise");
        }
        _ => *slot = Some(value),
    }
}

fn code(rows: &mut Rows, row: usize, wish: &mut Wish) {
    let (mut gtin14, mut units) = (None, None);
    cell(rows, row, "units_per_scan", &mut units, rows::units);
    if rows.cell(row, "gtin").is_none() {
        if rows.cell(row, "units_per_scan").is_some() {
            rows.problem(row, "units_per_scan", "there is no gtin that it is of");
        }
        return;
    }
    cell(rows, row, "gtin", &mut gtin14, |text| {
        gtin::parse(text)
            .map(|code| code.gtin14.to_string())
            .map_err(|error| error.to_string())
    });
    let Some(gtin14) = gtin14 else {
        return;
    };
    match wish.codes.iter_mut().find(|code| code.gtin14 == gtin14) {
        None => wish.codes.push(Code { gtin14, units }),
        Some(earlier) if units.is_none() || units == earlier.units => {}
        Some(earlier) if earlier.units.is_none() => earlier.units = units,
        Some(_) => rows.problem(
            row,
            "units_per_scan",
            "an earlier row of this gtin says otherwise",
        ),
    }
}

fn whole(text: &str, most: i64) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(number) if (0..=most).contains(&number) => Ok(number),
        Ok(number) => Err(format!("{number} is not between 0 and {most}")),
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}

fn title(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_TITLE {
        Err(format!("is longer than {LONGEST_TITLE} characters"))
    } else if text.chars().any(char::is_control) {
        Err("has control characters or several lines".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn tracking(text: &str) -> Result<String, String> {
    match text {
        "none" | "lot" | "serial" => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is none of: none, lot, serial")),
    }
}

/// A Harmonized System code: six digits the world over, up to ten in one's own country.
fn hs_code(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    let fits = (6..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(digits)
    } else {
        Err(format!(
            "{text:?} is not 6 to 10 digits, with or without dots"
        ))
    }
}
