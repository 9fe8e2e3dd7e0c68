//! What a three-way match finds.

use serde::Serialize;

/// What differs between what is billed and what was ordered and received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `not_received`, `price`, `never_ordered`, `more_than_ordered` or `applies_to_nothing`.
    pub kind: &'static str,
    /// The invoice's line.
    pub line: i64,
    /// The SKU.
    pub sku: Option<String>,
    /// What differs, for people.
    pub text: String,
}
