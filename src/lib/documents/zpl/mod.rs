//! The house's own labels, as ZPL for a thermal printer of 203 dots an inch.
//!
//! Product, lot, serial and bin labels are 2.25 by 1.25 inches, the small label that shops
//! stick on goods and shelves; a tote's is 4 by 6, read from across the room. Whatever a
//! template puts out is escaped as it goes: each byte that is no plain letter, digit or sign
//! is written in hex (`^FH`), so that nothing in a title can be a command.
//! Sources: Zebra, ZPL II Programming Guide (`^FH`, `^BC`, `^BE`, `^BX`); GS1 General
//! Specifications, 5.6 (GS1 DataMatrix begins with FNC1).

mod code;
mod text;

#[cfg(feature = "preview")]
pub mod preview;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use crate::domain::gtin::Gtin14;
use crate::domain::station_code::StationCode;
use code::Code;
pub use code::NoCode;
use text::{escaped, lines};

/// The media type of ZPL.
pub const MEDIA_TYPE: &str = "application/zpl";
/// Labels that one document may ask for.
pub const MOST_COPIES: u32 = 500;

/// Dots across the small label, without its margins.
const WIDE: u32 = 415;
/// Dots beside the matrix on a small label.
const BESIDE: u32 = 235;

/// What a label is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// Goods: their number where they have one, else their SKU.
    Product {
        /// The SKU.
        sku: String,
        /// What people call them.
        title: String,
        /// The number of one unit.
        gtin: Option<Gtin14>,
    },
    /// Goods of a lot.
    Lot {
        /// The SKU.
        sku: String,
        /// What people call them.
        title: String,
        /// The number of one unit.
        gtin: Option<Gtin14>,
        /// The lot.
        lot: String,
    },
    /// One unit.
    Serial {
        /// The SKU.
        sku: String,
        /// What people call it.
        title: String,
        /// The number of the product.
        gtin: Option<Gtin14>,
        /// The serial.
        serial: String,
    },
    /// A place.
    Bin {
        /// Its code.
        code: String,
        /// What people call it.
        title: String,
    },
    /// A tote.
    Tote {
        /// Its number.
        number: i64,
    },
}

/// A label that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// `product_label`, `bin_label` and so on.
    pub kind: &'static str,
    /// What people call it.
    pub title: String,
    /// The template and its version.
    pub template: &'static str,
    /// The SHA-256 of the template, in hex.
    pub bundle: String,
    /// What a scanner reads on it; FNC1 stands as character 29.
    pub reads: String,
    /// The label.
    pub zpl: String,
}

/// Why a label cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ZplError {
    /// What it is about cannot be written as a code.
    #[error(transparent)]
    NoCode(#[from] NoCode),
    /// The template is broken.
    #[error("the template cannot be filled in: {0}")]
    Template(#[from] minijinja::Error),
}

macro_rules! template {
    ($name:literal) => {
        (
            concat!("label/", $name),
            include_str!(concat!("../../../../templates/label/", $name, "/label.zpl")),
        )
    };
}

type Template = (&'static str, &'static str);
const PRODUCT: Template = template!("product-1");
const LOT: Template = template!("lot-1");
const SERIAL: Template = template!("serial-1");
const BIN: Template = template!("bin-1");
const TOTE: Template = template!("tote-1");

/// The SHA-256 over a bundle's files, each by its name and content.
fn bundle((_, text): Template) -> String {
    let mut hash = Sha256::new();
    hash.update(b"label.zpl\0");
    hash.update(text.as_bytes());
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a label, to be printed so often.
///
/// # Errors
/// What it is about cannot be written as a code that scanners send.
pub fn make(label: &Label, copies: u32) -> Result<Made, ZplError> {
    let copies = copies.clamp(1, MOST_COPIES);
    let small = |title: &str| lines(title, WIDE, 22, 2);
    let beside = |text: &str, code: &Code, size: u32| {
        let (wide, most) = if code.is_matrix() {
            (BESIDE, 2)
        } else {
            (WIDE, 1)
        };
        lines(text, wide, size, most)
    };
    let (template, kind, name, code, values) = match label {
        Label::Product { sku, title, gtin } => {
            let code = Code::of_product(*gtin, sku)?;
            let values = context! {
                title => small(title), human => beside(&code.human(), &code, 20),
                sku => if gtin.is_some() { beside(sku, &code, 20) } else { Vec::new() },
            };
            (PRODUCT, "product_label", sku.clone(), code, values)
        }
        Label::Lot {
            sku,
            title,
            gtin,
            lot,
        } => {
            let code = Code::of_part(*gtin, "10", lot)?;
            let values = context! {
                title => small(title), lot => beside(&format!("Lot {lot}"), &code, 22),
                sku => beside(sku, &code, 18),
            };
            (LOT, "lot_label", format!("{sku}, lot {lot}"), code, values)
        }
        Label::Serial {
            sku,
            title,
            gtin,
            serial,
        } => {
            let code = Code::of_part(*gtin, "21", serial)?;
            let values = context! {
                title => small(title), serial => beside(&format!("S/N {serial}"), &code, 22),
                sku => beside(sku, &code, 18),
            };
            let name = format!("{sku}, serial {serial}");
            (SERIAL, "serial_label", name, code, values)
        }
        Label::Bin { code: bin, title } => {
            let code = Code::of_house(&StationCode::bin_label(bin))?;
            let values = context! {
                bin => lines(bin, WIDE, 46, 1), title => beside(title, &code, 20),
            };
            (BIN, "bin_label", bin.clone(), code, values)
        }
        Label::Tote { number } => {
            let code = Code::of_house(&StationCode::tote_label(*number))?;
            let values = context! { number };
            (TOTE, "tote_label", number.to_string(), code, values)
        }
    };
    let values = context! { copies, code => Value::from_serialize(&code), ..values };
    let what = kind.replace('_', " ");
    Ok(Made {
        kind,
        title: format!("{what} {name}").chars().take(190).collect(),
        template: template.0,
        bundle: bundle(template),
        reads: code.reads(),
        zpl: environment().render_str(template.1, values)?,
    })
}

/// What fills the templates in: whatever they put out is escaped, and what they name but
/// were not given is an error.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("zpl"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_formatter(|out, _, value| {
        out.write_str(&escaped(&value.to_string()))?;
        Ok(())
    });
    environment
}

#[cfg(test)]
mod tests;
