//! GS1 Digital Link: an address of any house that holds the elements in its path and query.
//! The house is never asked.

use super::{Element, Gs1Error, Parts, all_digits, gather};
use crate::domain::gtin::{self, EightDigits};

/// What follows the scheme, where a text is a web address.
pub(super) fn address(code: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        let head = code.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme)
            .then(|| &code[scheme.len()..])
    })
}

pub(super) fn read(rest: &str, this_year: i32) -> Result<Parts, Gs1Error> {
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = place.split_once('/').map_or("", |(_, path)| path);
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let mut elements = elements_of(&segments)?;
    for pair in query.split(['&', ';']) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == "17" {
            elements.push((key.to_owned(), decoded(value)?));
        }
    }
    gather(&elements, this_year)
}

/// The elements of a path: the product's number, wherever it stands, and the pairs after.
fn elements_of(segments: &[&str]) -> Result<Vec<Element>, Gs1Error> {
    let key_at = |wanted: &str| {
        segments
            .windows(2)
            .position(|pair| pair[0] == wanted && all_digits(pair[1]))
    };
    let Some(at) = key_at("01") else {
        return Err(match key_at("00") {
            Some(at) if segments[at + 1].len() == 18 => Gs1Error::ShippingUnit,
            _ => Gs1Error::OtherAddress,
        });
    };
    let number = gtin::parse_as(segments[at + 1], EightDigits::Ean8).map_err(Gs1Error::Gtin)?;
    let mut elements = vec![("01".to_owned(), number.gtin14.to_string())];
    for pair in segments[at + 2..].chunks(2) {
        let [ai, value] = pair else {
            return Err(Gs1Error::Address);
        };
        // A variant (22) and the rest say nothing about the goods on the shelf.
        if matches!(*ai, "10" | "21") {
            elements.push(((*ai).to_owned(), decoded(value)?));
        }
    }
    Ok(elements)
}

/// A text with its percent codes replaced.
fn decoded(text: &str) -> Result<String, Gs1Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let c = rest.next().map(char::from)?;
            c.to_digit(16)
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(Gs1Error::Address);
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| Gs1Error::Address)
}
