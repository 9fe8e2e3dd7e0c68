//! Barcode numbers: read as printed or scanned, checked, and brought to one form, GTIN-14.
//!
//! What a number is follows from its value, never from how many zeros stand before it:
//! `012345678905`, `0012345678905` and `00012345678905` are the same UPC-A. The one form
//! that is more than a number is UPC-E, which stands for a UPC-A with its zeros left out.
//! Sources: GS1 General Specifications, sections 3.3 (keys), 5.2 (EAN/UPC symbols) and
//! 7.9 (check digits), and the GS1 list of prefixes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// More characters than any code has, separators included.
const LONGEST_INPUT: usize = 64;
/// The first number that is no GTIN-8. GS1 gives out no UPC-A below it (prefixes 0000000
/// to 0000099 of a GTIN-13), so that a GTIN-8 with zeros before it stays one.
const EAN8_END: u64 = 100_000_000;
const UPC_A_END: u64 = 1_000_000_000_000;
const EAN13_END: u64 = 10_000_000_000_000;
const GTIN14_END: u64 = 100_000_000_000_000;

/// A barcode number with a right check digit. Shown and serialised as 14 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin14(u64);

impl Gtin14 {
    /// The number without its leading zeros.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// What the number is, apart from the form it was read in.
    pub fn kind(self) -> Kind {
        match (self.0, self.0 / 1_000_000_000) {
            (..EAN8_END, _) => Kind::Ean8,
            (EAN8_END..UPC_A_END, _) => Kind::UpcA,
            (EAN13_END.., _) => Kind::Gtin14,
            // Of 978 and 979, all but 979-0, which is printed music (ISMN).
            (_, 9780..=9789 | 9791..=9799) => Kind::Isbn13,
            _ => Kind::Ean13,
        }
    }

    /// The twelve digits of the UPC-A, where there is one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn upc_a(self) -> Result<String, NoUpcA> {
        match self.kind() {
            Kind::UpcA | Kind::UpcE => Ok(format!("{:012}", self.0)),
            Kind::Ean8 => Err(NoUpcA::Ean8),
            Kind::Isbn13 => Err(NoUpcA::Isbn13),
            Kind::Ean13 => Err(NoUpcA::Ean13(self.0 / UPC_A_END)),
            Kind::Gtin14 => Err(NoUpcA::Case(self.0 / EAN13_END)),
        }
    }
}

impl TryFrom<u64> for Gtin14 {
    type Error = GtinError;

    fn try_from(number: u64) -> Result<Self, GtinError> {
        if number == 0 {
            return Err(GtinError::AllZeros);
        }
        if number >= GTIN14_END {
            return Err(GtinError::WrongLength(number.ilog10() as usize + 1));
        }
        let (found, expected) = (number % 10, check_digit(number / 10));
        if found != expected {
            return Err(GtinError::CheckDigit { found, expected });
        }
        Ok(Self(number))
    }
}

impl FromStr for Gtin14 {
    type Err = GtinError;

    fn from_str(text: &str) -> Result<Self, GtinError> {
        parse(text).map(|code| code.gtin14)
    }
}

impl fmt::Display for Gtin14 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

impl Serialize for Gtin14 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Gtin14 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A case or pack: fourteen digits with an indicator from 1 to 9.
    Gtin14,
    /// Thirteen digits.
    Ean13,
    /// A book: an EAN-13 that begins with 978 or with 979-1 to 979-9.
    Isbn13,
    /// Twelve digits.
    UpcA,
    /// Eight digits.
    Ean8,
    /// Eight digits that stand for a UPC-A.
    UpcE,
}

impl Kind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gtin14 => "gtin14",
            Self::Ean13 => "ean13",
            Self::Isbn13 => "isbn13",
            Self::UpcA => "upc_a",
            Self::Ean8 => "ean8",
            Self::UpcE => "upc_e",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gtin14 => "GTIN-14",
            Self::Ean13 => "EAN-13",
            Self::Isbn13 => "ISBN-13",
            Self::UpcA => "UPC-A",
            Self::Ean8 => "EAN-8",
            Self::UpcE => "UPC-E",
        })
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A code that was read and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What it is in the form it was read.
    pub kind: Kind,
    /// The number in its one form.
    pub gtin14: Gtin14,
}

/// The two symbols of eight digits, for a reader that knows which one was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EightDigits {
    /// The digits are the number.
    Ean8,
    /// The digits stand for a UPC-A.
    UpcE,
}

/// Why a number is not a UPC-A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoUpcA {
    /// An EAN-8 is a number of its own.
    #[error("an EAN-8 is a number of its own, not a short UPC-A")]
    Ean8,
    /// Books begin with 978 or 979.
    #[error("an ISBN-13 begins with 978 or 979; a UPC-A as 13 digits begins with 0")]
    Isbn13,
    /// The first of the thirteen digits is not 0.
    #[error("this EAN-13 begins with {0}; a UPC-A as 13 digits begins with 0")]
    Ean13(u64),
    /// The first of the fourteen digits is not 0.
    #[error("indicator {0} marks a case or pack; a UPC-A as 14 digits begins with 00")]
    Case(u64),
}

/// Why an input is not a code. The text names no more of the input than one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// No digit at all.
    #[error("no digits")]
    Empty,
    /// Far longer than a code.
    #[error("{0} characters; a code has at most 14 digits")]
    TooLong(usize),
    /// Something else than digits, spaces and hyphens.
    #[error("character {position} is {}, not a digit", shown(*.found))]
    NotADigit {
        /// Counted from 1.
        position: usize,
        /// The first such character.
        found: char,
    },
    /// No code has this many digits.
    #[error("{}", wrong_length(*.0))]
    WrongLength(usize),
    /// Every digit is 0.
    #[error("all digits are 0")]
    AllZeros,
    /// A digit is wrong, or two are swapped.
    #[error("check digit is {found}, expected {expected}")]
    CheckDigit {
        /// The last digit of the input.
        found: u64,
        /// What the digits before it ask for.
        expected: u64,
    },
    /// Eight digits that begin with 0 or 1 and hold neither way.
    #[error("check digit is {found}, expected {ean8} as EAN-8 or {upc_e} as UPC-E")]
    CheckDigitOfEight {
        /// The last digit of the input.
        found: u64,
        /// What an EAN-8 asks for.
        ean8: u64,
        /// What a UPC-E asks for.
        upc_e: u64,
    },
    /// Eight digits that hold both ways.
    #[error("ambiguous: {ean8} as EAN-8, {upc_e} as UPC-E")]
    Ambiguous {
        /// The number if it is an EAN-8.
        ean8: Gtin14,
        /// The number if it is a UPC-E.
        upc_e: Gtin14,
    },
    /// Not eight digits that begin with 0 or 1.
    #[error("not a UPC-E: it has 8 digits and begins with 0 or 1")]
    NotUpcE,
    /// A UPC-E for a number that is no UPC-A.
    #[error("this UPC-E stands for a number that begins with 0000, which no UPC-A does")]
    UpcEUnassigned,
}

fn shown(c: char) -> String {
    if c.is_ascii_graphic() {
        format!("'{c}'")
    } else {
        format!("U+{:04X}", u32::from(c))
    }
}

fn wrong_length(digits: usize) -> String {
    let hint = match digits {
        6 | 7 => " (a UPC-E needs its first and its check digit)",
        10 => " (for a book, its ISBN-13)",
        11 => " (a spreadsheet may have dropped a leading 0)",
        _ => "",
    };
    let plural = if digits == 1 { "digit" } else { "digits" };
    format!("{digits} {plural}; a code has 8, 12, 13 or 14{hint}")
}

/// Reads a code as printed, typed or scanned: digits, with spaces and hyphens anywhere.
///
/// # Errors
/// What is wrong with it. Eight digits that begin with 0 or 1 may be an EAN-8 or a UPC-E:
/// if only one reading has a right check digit it is taken, if both have, neither is.
pub fn parse(input: &str) -> Result<Code, GtinError> {
    let (number, length) = digits(input)?;
    match length {
        8 => eight(number),
        _ => whole(number, length),
    }
}

/// Reads a code like [`parse`] where it is known what eight digits are.
///
/// # Errors
/// What is wrong with it.
pub fn parse_as(input: &str, eight: EightDigits) -> Result<Code, GtinError> {
    match (digits(input)?, eight) {
        ((number, 8), EightDigits::UpcE) => upc_e(number),
        ((number, length), _) => whole(number, length),
    }
}

/// Every number that the input may be: one, or both readings of an ambiguous one.
///
/// # Errors
/// What is wrong with it.
pub fn readings(input: &str) -> Result<Vec<Gtin14>, GtinError> {
    match parse(input) {
        Ok(code) => Ok(vec![code.gtin14]),
        Err(GtinError::Ambiguous { ean8, upc_e }) => Ok(vec![ean8, upc_e]),
        Err(error) => Err(error),
    }
}

/// A number that stands as it is: everything but UPC-E.
fn whole(number: u64, length: usize) -> Result<Code, GtinError> {
    if !matches!(length, 8 | 12 | 13 | 14) {
        return Err(GtinError::WrongLength(length));
    }
    let gtin14 = Gtin14::try_from(number)?;
    Ok(Code {
        kind: gtin14.kind(),
        gtin14,
    })
}

fn eight(number: u64) -> Result<Code, GtinError> {
    use GtinError::{Ambiguous, CheckDigit, CheckDigitOfEight};
    match (whole(number, 8), upc_e(number)) {
        (Ok(ean8), Ok(upc_e)) => Err(Ambiguous {
            ean8: ean8.gtin14,
            upc_e: upc_e.gtin14,
        }),
        (Ok(code), Err(_)) | (Err(_), Ok(code)) => Ok(code),
        (
            Err(CheckDigit {
                found,
                expected: ean8,
            }),
            Err(CheckDigit {
                expected: upc_e, ..
            }),
        ) => Err(CheckDigitOfEight { found, ean8, upc_e }),
        (Err(error), Err(_)) => Err(error),
    }
}

/// Puts back the zeros that a UPC-E leaves out (section 5.2.2.4.2): the last digit before
/// the check digit says where they were. Printers make number system 1 as well as 0.
fn upc_e(number: u64) -> Result<Code, GtinError> {
    if number >= 2 * 10_000_000 {
        return Err(GtinError::NotUpcE);
    }
    let digit = |place: u32| number / 10_u64.pow(place) % 10;
    let (system, check) = (digit(7), digit(0));
    let (first_two, first_three) = (number / 100_000 % 100, number / 10_000 % 1000);
    let (first_four, first_five) = (number / 1000 % 10_000, number / 100 % 100_000);
    // Ten digits: five of the company, five of the item.
    let ten = match digit(1) {
        rule @ 0..=2 => (first_two * 1000 + rule * 100) * 100_000 + number / 100 % 1000,
        3 => first_three * 100 * 100_000 + number / 100 % 100,
        4 => first_four * 10 * 100_000 + digit(2),
        rule => first_five * 100_000 + rule,
    };
    let expanded = (system * 10_000_000_000 + ten) * 10 + check;
    let gtin14 = Gtin14::try_from(expanded)?;
    if expanded < EAN8_END {
        return Err(GtinError::UpcEUnassigned);
    }
    Ok(Code {
        kind: Kind::UpcE,
        gtin14,
    })
}

/// The number and how many digits it was written with.
fn digits(input: &str) -> Result<(u64, usize), GtinError> {
    let characters = input.chars().count();
    if characters > LONGEST_INPUT {
        return Err(GtinError::TooLong(characters));
    }
    let (mut number, mut length) = (0_u64, 0);
    for (at, c) in input.chars().enumerate() {
        if let Some(digit) = c.to_digit(10) {
            // Past 14 digits only their count matters.
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            length += 1;
        } else if !is_separator(c) {
            return Err(GtinError::NotADigit {
                position: at + 1,
                found: c,
            });
        }
    }
    match length {
        0 => Err(GtinError::Empty),
        8 | 12..=14 if number == 0 => Err(GtinError::AllZeros),
        8 | 12..=14 => Ok((number, length)),
        _ => Err(GtinError::WrongLength(length)),
    }
}

/// Spaces and hyphens as people, word processors and web pages write them.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-'
            | '\u{a0}'
            | '\u{ad}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2010}'..='\u{2015}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{2212}'
            | '\u{3000}'
            | '\u{fe58}'
            | '\u{fe63}'
            | '\u{ff0d}'
    )
}

/// The digit that makes the weighted sum a multiple of ten: weights 3 and 1 from the right.
/// It finds every single wrong digit, and every swap of neighbours that do not differ by 5.
fn check_digit(mut body: u64) -> u64 {
    let (mut sum, mut weight) = (0, 3);
    while body > 0 {
        sum += body % 10 * weight;
        weight = 4 - weight;
        body /= 10;
    }
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests;
