//! GS1 codes that say more than a number: element strings, as a scanner sends them or as
//! printed in brackets, and Digital Link addresses. Read, never fetched.
//!
//! What follows a lot or a serial is told apart by a separator (GS, character 29) that
//! scanners and keyboards lose. Then the text can mean several things, and is refused with
//! the product it does name, so that a person is asked for the rest.
//! Sources: GS1 General Specifications, sections 3 (application identifiers), 7.8.5
//! (predefined lengths), 7.11 (character set 82) and 7.12 (dates); GS1 Digital Link URI
//! syntax 1.4; ISO/IEC 15424 for the symbology prefixes.

mod link;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::gtin::{Gtin14, GtinError};

/// The separator of elements.
const GS: char = '\u{1d}';
/// What a scanner may be set to send in its place; no element holds it.
const STAND_IN: char = '|';
/// Characters of a lot or a serial, at most.
const LONGEST_VALUE: usize = 20;
/// Characters of a code, at most; the largest symbol in use holds fewer.
const LONGEST_CODE: usize = 1024;

/// What a code says about the goods it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// The product or the pack: (01), or (02) for what a larger unit contains.
    pub gtin: Gtin14,
    /// The lot: (10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The unit's serial: (21).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The last day it may be used: (17), as `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
    /// How many of (02) are in the larger unit: (37).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// What kind of code was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<'a> {
    /// No GS1 element string: the code without its symbology prefix.
    Plain(&'a str),
    /// Elements.
    Parts(Parts),
}

/// Why a code that looks like GS1 cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Gs1Error {
    /// A lot or serial runs on into what may be another element.
    #[error("the code's parts run together: the scanner does not send the separator after ({ai})")]
    SeparatorLost {
        /// The product, which is certain.
        gtin: Gtin14,
        /// What cannot be told from what follows: `10` or `21`.
        ai: &'static str,
    },
    /// Neither (01) nor (02) is there.
    #[error("it names no product: it has no (01)")]
    NoProduct,
    /// It is a pallet's or a parcel's number.
    #[error("it is the number of a shipping unit (SSCC), not of a product")]
    ShippingUnit,
    /// (02) without (37).
    #[error("it says what is inside (02), but not how many (37)")]
    NoCount,
    /// (01) beside (02) or (37).
    #[error("it names a product (01) and also contents (02, 37): only one of them may be")]
    ItemAndContents,
    /// An element twice, with different values.
    #[error("({0}) stands in it twice, with different values")]
    Twice(String),
    /// The number of (01) or (02) does not hold.
    #[error("its product number does not hold: {0}")]
    Gtin(GtinError),
    /// A date that does not exist.
    #[error("({ai}) is no date: {found}")]
    Date {
        /// The element.
        ai: String,
        /// Its six digits.
        found: String,
    },
    /// An element is cut off, too long, or holds what it may not.
    #[error("({0}) is cut off, too long, or holds a character that it may not hold")]
    Value(String),
    /// No element of that number exists.
    #[error("there is no element ({0})")]
    UnknownElement(String),
    /// A percent code of an address is broken, or its path is.
    #[error("the address is not written as GS1 Digital Link wants it")]
    Address,
    /// A web address of something else.
    #[error("it is a web address that names no product")]
    OtherAddress,
    /// Longer than any code.
    #[error("it is longer than any code ({0} characters)")]
    TooLong(usize),
}

/// Reads a scanned code. `this_year` places two-digit years: the century is the one that
/// brings them within fifty years.
///
/// # Errors
/// It looks like GS1 and cannot be read, or not in one way only.
pub fn read(input: &str, this_year: i32) -> Result<Reading<'_>, Gs1Error> {
    let trimmed = input.trim_matches(|c: char| c == ' ' || c == '\t' || c == '\r' || c == '\n');
    if trimmed.len() > LONGEST_CODE {
        return Err(Gs1Error::TooLong(trimmed.chars().count()));
    }
    let (symbology, code) = without_symbology(trimmed);
    if let Some(rest) = link::address(code) {
        return link::read(rest, this_year).map(Reading::Parts);
    }
    let marked = matches!(symbology, Some(Symbology::Elements)) || code.starts_with(GS);
    let body = code.trim_matches(|c| c == GS || c == STAND_IN);
    let elements = if body.starts_with('(') && body.get(1..3).is_some_and(all_digits) {
        bracketed(body)?
    } else if marked || is_element_string(body) {
        raw(body, this_year)?
    } else {
        return Ok(Reading::Plain(code));
    };
    gather(&elements, this_year).map(Reading::Parts)
}

/// What a symbology prefix says about the code behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbology {
    /// GS1-128, GS1 DataMatrix, GS1 QR, GS1 DataBar, GS1 DotCode.
    Elements,
    /// Anything else.
    Plain,
}

fn without_symbology(code: &str) -> (Option<Symbology>, &str) {
    let bytes = code.as_bytes();
    if bytes.len() < 3 || bytes[0] != b']' {
        return (None, code);
    }
    if !bytes[1].is_ascii_alphabetic() || !bytes[2].is_ascii_alphanumeric() {
        return (None, code);
    }
    let symbology = match &bytes[1..3] {
        b"C1" | b"d2" | b"Q3" | b"e0" | b"J1" => Symbology::Elements,
        _ => Symbology::Plain,
    };
    (Some(symbology), &code[3..])
}

/// Whether an unmarked text is an element string: it begins with a whole (01) or (02)
/// whose check digit holds, or with a whole (00).
fn is_element_string(code: &str) -> bool {
    match code.get(..2) {
        Some("01" | "02") => code
            .get(2..16)
            .is_some_and(|digits| all_digits(digits) && digits.parse::<Gtin14>().is_ok()),
        Some("00") => code.get(..20).is_some_and(all_digits) && code.len() == 20,
        _ => false,
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// An application identifier and its value.
type Element = (String, String);

/// Digits of an identifier, by its first two, and the length of its value where that is
/// predefined and no separator follows.
fn shape(first_two: &str) -> Option<(usize, Option<usize>)> {
    Some(match first_two {
        "00" => (2, Some(18)),
        "01" | "02" | "03" => (2, Some(14)),
        "04" => (2, Some(16)),
        "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" => (2, Some(6)),
        "20" => (2, Some(2)),
        "31" | "32" | "33" | "34" | "35" | "36" => (4, Some(6)),
        "41" => (3, Some(13)),
        "10" | "21" | "22" | "30" | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96"
        | "97" | "98" | "99" => (2, None),
        "23" | "24" | "25" | "40" | "42" | "71" => (3, None),
        "39" | "43" | "70" | "72" | "80" | "81" | "82" => (4, None),
        _ => return None,
    })
}

/// Elements as a scanner sends them.
fn raw(body: &str, this_year: i32) -> Result<Vec<Element>, Gs1Error> {
    let separated = body.contains([GS, STAND_IN]);
    let mut elements = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let unknown = || Gs1Error::UnknownElement(shown(rest));
        let (digits, fixed) = rest.get(..2).and_then(shape).ok_or_else(unknown)?;
        let ai = rest.get(..digits).filter(|ai| all_digits(ai));
        let ai = ai.ok_or_else(unknown)?.to_owned();
        let after = &rest[digits..];
        let cut_off = || Gs1Error::Value(ai.clone());
        let (value, next) = match fixed {
            Some(length) => {
                let value = after.get(..length).ok_or_else(cut_off)?;
                (value, &after[length..])
            }
            None => after
                .find([GS, STAND_IN])
                .map_or((after, ""), |at| (&after[..at], &after[at..])),
        };
        let open = matches!(ai.as_str(), "10" | "21");
        let too_long = value.chars().count() > LONGEST_VALUE;
        if open && !separated && (too_long || runs_on(value, this_year)) {
            let ai = if ai == "10" { "10" } else { "21" };
            return Err(product_of(&elements).map_or(Gs1Error::NoProduct, |gtin| {
                Gs1Error::SeparatorLost { gtin, ai }
            }));
        }
        elements.push((ai, value.to_owned()));
        rest = next.trim_start_matches([GS, STAND_IN]);
    }
    Ok(elements)
}

/// The product that the elements before a doubtful one name.
fn product_of(elements: &[Element]) -> Option<Gtin14> {
    let (_, number) = elements.iter().find(|(ai, _)| ai == "01" || ai == "02")?;
    number.parse().ok()
}

/// Whether a lot or serial can also be read as a shorter one with elements after it.
fn runs_on(value: &str, this_year: i32) -> bool {
    let cuts = value.char_indices().skip(1).map(|(at, _)| at);
    cuts.into_iter()
        .any(|at| is_tail(&value[at..], this_year, false))
}

/// Whether a text is nothing but elements that stand on goods beside a lot or a serial.
fn is_tail(text: &str, this_year: i32, may_be_empty: bool) -> bool {
    if text.is_empty() {
        return may_be_empty;
    }
    let Some(ai) = text.get(..2) else {
        return false;
    };
    let after = &text[2..];
    match ai {
        "11" | "12" | "13" | "15" | "16" | "17" => after.get(..6).is_some_and(|digits| {
            date(digits, this_year).is_some() && is_tail(&after[6..], this_year, true)
        }),
        "10" | "21" => !after.is_empty(),
        "30" | "37" => all_digits(after) && after.len() <= 8,
        _ => false,
    }
}

/// Elements as printed under a symbol: `(01)04006381333931(10)A7`.
fn bracketed(body: &str) -> Result<Vec<Element>, Gs1Error> {
    let mut elements = Vec::new();
    let mut rest = body;
    while let Some((ai, after)) = bracket(rest) {
        let end = after
            .char_indices()
            .find(|(at, c)| *c == '(' && bracket(&after[*at..]).is_some())
            .map_or(after.len(), |(at, _)| at);
        let value = after[..end].trim_matches(|c| c == GS || c == STAND_IN || c == ' ');
        match ai.get(..2).and_then(shape) {
            Some((digits, _)) if digits == ai.len() => {}
            _ => return Err(Gs1Error::UnknownElement(ai.to_owned())),
        }
        elements.push((ai.to_owned(), value.to_owned()));
        rest = &after[end..];
    }
    if rest.is_empty() {
        Ok(elements)
    } else {
        Err(Gs1Error::UnknownElement(shown(rest)))
    }
}

/// The identifier that a text begins with in brackets, and what follows.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (ai, after) = text.strip_prefix('(')?.split_once(')')?;
    ((2..=4).contains(&ai.len()) && all_digits(ai)).then_some((ai, after))
}

/// Puts the elements together and holds them against one another.
fn gather(elements: &[Element], this_year: i32) -> Result<Parts, Gs1Error> {
    let mut by_ai: Vec<(&str, &str)> = Vec::new();
    for (ai, value) in elements {
        check(ai, value)?;
        match by_ai.iter().find(|(known, _)| known == ai) {
            Some((_, other)) if other != value => return Err(Gs1Error::Twice(ai.clone())),
            Some(_) => {}
            None => by_ai.push((ai, value)),
        }
    }
    let value = |wanted: &str| by_ai.iter().find(|(ai, _)| *ai == wanted).map(|(_, v)| *v);
    let (number, count) = match (value("01"), value("02"), value("37")) {
        (Some(_), Some(_), _) | (Some(_), None, Some(_)) => {
            return Err(Gs1Error::ItemAndContents);
        }
        (Some(number), None, None) => (number, None),
        (None, Some(_), None) => return Err(Gs1Error::NoCount),
        (None, Some(number), Some(count)) => {
            let count = count.parse::<i64>().ok().filter(|count| *count > 0);
            (
                number,
                Some(count.ok_or_else(|| Gs1Error::Value("37".to_owned()))?),
            )
        }
        (None, None, _) if value("00").is_some() => return Err(Gs1Error::ShippingUnit),
        (None, None, _) => return Err(Gs1Error::NoProduct),
    };
    let expires_on = match value("17") {
        Some(digits) => Some(date(digits, this_year).ok_or_else(|| Gs1Error::Date {
            ai: "17".to_owned(),
            found: shown(digits),
        })?),
        None => None,
    };
    Ok(Parts {
        gtin: number.parse().map_err(Gs1Error::Gtin)?,
        lot: value("10").map(str::to_owned),
        serial: value("21").map(str::to_owned),
        expires_on: expires_on.map(|day| day.format("%Y-%m-%d").to_string()),
        count,
    })
}

/// Holds a value against what its identifier allows.
fn check(ai: &str, value: &str) -> Result<(), Gs1Error> {
    let length = value.chars().count();
    let fine = match (ai, ai.get(..2).and_then(shape)) {
        ("10" | "21", _) => (1..=LONGEST_VALUE).contains(&length) && value.chars().all(is_82),
        ("37" | "30", _) => length <= 8 && all_digits(value),
        (_, Some((_, Some(fixed)))) => length == fixed && all_digits(value),
        _ => (1..=90).contains(&length) && value.chars().all(is_82),
    };
    if fine {
        Ok(())
    } else {
        Err(Gs1Error::Value(ai.to_owned()))
    }
}

/// Whether a character is one of the 82 that variable elements are written with.
fn is_82(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(c)
}

/// A day from six digits. Day 00 is the month's last; the century is the one that brings
/// the year within fifty of this one (section 7.12).
fn date(digits: &str, this_year: i32) -> Option<NaiveDate> {
    if digits.len() != 6 || !all_digits(digits) {
        return None;
    }
    let number = |at: usize| digits[at..at + 2].parse::<u32>().ok();
    let (year, month, day) = (number(0)?.cast_signed(), number(2)?, number(4)?);
    let ahead = year - this_year.rem_euclid(100);
    let century = this_year.div_euclid(100)
        + match ahead {
            51.. => -1,
            ..=-50 => 1,
            _ => 0,
        };
    let year = century * 100 + year;
    if day > 0 {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    first
        .checked_add_months(chrono::Months::new(1))?
        .pred_opt()
        .filter(|last| last.month() == month)
}

/// The first characters of what was scanned, without what a screen cannot show.
fn shown(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    text.chars().take(8).map(printable).collect()
}

#[cfg(test)]
mod tests;
