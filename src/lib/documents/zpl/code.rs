//! Which code a label bears: what the station and `opsctl scan` understand, in the symbol
//! that fits.

use serde::Serialize;

use crate::domain::gtin::{Gtin14, Kind};

/// Characters of Code 128 that fit the small label at two dots a bar.
const LONGEST_BARS: usize = 15;
/// Characters that fit a matrix on the small label.
const LONGEST_MATRIX: usize = 190;
/// Characters of a lot or serial in a GS1 code (General Specifications, 3.4.1 and 3.5.2).
const LONGEST_PART: usize = 20;

/// Why there is no code for something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// Scanners send ASCII only.
    #[error("{0:?} holds characters that scanners do not send")]
    NotAscii(String),
    /// It does not fit the label.
    #[error("{0:?} is too long for a code on this label")]
    TooLong(String),
    /// Nothing is left of it.
    #[error("{0:?} holds nothing that a code could say")]
    Empty(String),
}

/// A code on a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// `ean13`, `upca`, `ean8`, `code128` or `datamatrix`.
    kind: &'static str,
    /// What the printer is told, before it is escaped.
    data: String,
    /// Dots of a module of the matrix.
    module: u32,
    /// What a scanner sends, FNC1 as character 29.
    #[serde(skip)]
    reads: String,
    /// What people read beside it.
    #[serde(skip)]
    human: String,
}

impl Code {
    /// The number of a product, or its SKU where it has none.
    pub fn of_product(gtin: Option<Gtin14>, sku: &str) -> Result<Self, NoCode> {
        let Some(gtin) = gtin else {
            return Self::plain(sku);
        };
        let number = gtin.as_u64();
        // The printer works the check digit out.
        let (kind, data, human) = match gtin.kind() {
            Kind::Gtin14 => return Ok(Self::gs1(&format!("01{gtin}"), &format!("(01){gtin}"))),
            Kind::Ean8 => (
                "ean8",
                format!("{:07}", number / 10),
                format!("{number:08}"),
            ),
            Kind::UpcA | Kind::UpcE => (
                "upca",
                format!("{:011}", number / 10),
                format!("{number:012}"),
            ),
            Kind::Ean13 | Kind::Isbn13 => (
                "ean13",
                format!("{:012}", number / 10),
                format!("{number:013}"),
            ),
        };
        Ok(Self {
            kind,
            data,
            module: 0,
            reads: human.clone(),
            human,
        })
    }

    /// A lot (10) or a serial (21) behind its product's number; alone where the product has
    /// none, or where GS1 has no room or no letters for it.
    pub fn of_part(gtin: Option<Gtin14>, ai: &str, part: &str) -> Result<Self, NoCode> {
        let fits = (1..=LONGEST_PART).contains(&part.len()) && part.chars().all(is_82);
        match gtin {
            Some(gtin) if fits => {
                let data = format!("01{gtin}{ai}{part}");
                Ok(Self::gs1(&data, &format!("(01){gtin}({ai}){part}")))
            }
            _ => Self::plain(part),
        }
    }

    /// A code of the house.
    pub fn of_house(code: &str) -> Result<Self, NoCode> {
        // A bin whose code has no letter and no digit has only the prefix left.
        if code == "OPSBIN" {
            return Err(NoCode::Empty(code.to_owned()));
        }
        Self::plain(code)
    }

    /// Text as it is: bars where they fit, else a matrix.
    fn plain(text: &str) -> Result<Self, NoCode> {
        if text.is_empty() || text.trim() != text {
            return Err(NoCode::Empty(text.to_owned()));
        }
        if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(NoCode::NotAscii(text.to_owned()));
        }
        if text.len() > LONGEST_MATRIX {
            return Err(NoCode::TooLong(text.to_owned()));
        }
        // `>` begins a command of the bar code, which printers and drawers read differently.
        if text.len() > LONGEST_BARS || text.contains(['>', '^', '~']) {
            return Ok(Self::matrix(&text.replace('_', "__"), text, text));
        }
        Ok(Self {
            kind: "code128",
            data: text.to_owned(),
            module: 0,
            reads: text.to_owned(),
            human: text.to_owned(),
        })
    }

    /// Elements behind FNC1, which makes them GS1. `_` is the escape sign of the matrix.
    fn gs1(elements: &str, human: &str) -> Self {
        let data = format!("_1{}", elements.replace('_', "__"));
        Self::matrix(&data, &format!("\u{1d}{elements}"), human)
    }

    fn matrix(data: &str, reads: &str, human: &str) -> Self {
        Self {
            kind: "datamatrix",
            module: match reads.len() {
                ..=44 => 5,
                45..=114 => 4,
                _ => 3,
            },
            data: data.to_owned(),
            reads: reads.to_owned(),
            human: human.to_owned(),
        }
    }

    /// Whether it is square, with room beside it.
    pub fn is_matrix(&self) -> bool {
        self.kind == "datamatrix"
    }

    /// What a scanner sends.
    pub fn reads(&self) -> String {
        self.reads.clone()
    }

    /// What people read beside it.
    pub fn human(&self) -> String {
        self.human.clone()
    }
}

/// Whether a character is one of the 82 that lots and serials are written with in GS1.
fn is_82(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(c)
}
