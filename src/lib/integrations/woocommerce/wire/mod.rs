//! The API's JSON and what it means in our words. All conversions are here, and none of
//! them trusts the shop: each element of a list is read on its own, and one that is broken
//! is set aside with a reason that names the field.

mod field;
mod item;
mod order;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use item::{Pushed, Units, item, pushed, quantity, variation};
pub use order::{id_only, order, refund};

/// An element that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its id, where at least that can be read.
    pub external_id: Option<String>,
    /// Why, with the field's name.
    pub reason: String,
}

/// What a list told: the elements understood, and those that were not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The elements understood, in the shop's order.
    pub items: Vec<T>,
    /// The elements set aside.
    pub rejected: Vec<Rejected>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            rejected: Vec::new(),
        }
    }
}

impl<T> Listing<T> {
    /// Adds the elements of an answer, each read on its own. Reasons may quote the shop;
    /// `clean` takes the secrets out of them.
    pub(super) fn extend(
        &mut self,
        elements: &[Box<RawValue>],
        read: impl Fn(&RawValue) -> Result<T, String>,
        clean: impl Fn(&str) -> String,
    ) {
        for element in elements {
            match read(element) {
                Ok(item) => self.items.push(item),
                Err(reason) => self.rejected.push(Rejected {
                    external_id: read_id(element),
                    reason: short(&clean(&reason)),
                }),
            }
        }
    }
}

/// Reads one element; the error names the field.
fn read<W: DeserializeOwned>(element: &RawValue) -> Result<W, String> {
    let mut json = serde_json::Deserializer::from_str(element.get());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let what = error.into_inner().to_string();
        // The position is one within this element, which nobody sees.
        let what = what.split(" at line ").next().unwrap_or_default();
        if path == "." {
            what.to_owned()
        } else {
            format!("{path}: {what}")
        }
    })
}

/// The id alone, of an element that is broken elsewhere.
fn read_id(element: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId {
        #[serde(deserialize_with = "field::id")]
        id: String,
    }
    read::<OnlyId>(element).ok().map(|only| only.id)
}

/// Foreign text within a reason, without control characters and cut short.
fn short(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
