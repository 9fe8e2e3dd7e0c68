//! What a sales channel lists: items as the shop describes them, before they are ours.

use super::time::UtcMs;

/// How a shop keeps the stock of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopStock {
    /// The shop keeps no quantity: always sold, never pushed.
    Unmanaged,
    /// The parent's quantity counts; writes to this item are ignored by the shop.
    ByParent,
    /// The shop's own quantity. Negative where it oversold.
    Managed(i64),
}

/// What kind of listing an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// Sold as it stands.
    Simple,
    /// A parent whose variations are sold.
    Variable,
    /// One variation of a parent.
    Variation,
    /// Anything else the shop knows (grouped, external, a plugin's type).
    Other(String),
}

impl ItemKind {
    /// The stored word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Simple => "simple",
            Self::Variable => "variable",
            Self::Variation => "variation",
            Self::Other(kind) => kind,
        }
    }
}

/// One item of a shop's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopItem {
    /// The shop's id, unique within the channel account.
    pub external_id: String,
    /// The parent's id, for a variation.
    pub parent_external_id: Option<String>,
    /// What kind of listing it is.
    pub kind: ItemKind,
    /// The SKU, trimmed; `None` where the shop has none.
    pub sku: Option<String>,
    /// The title a person reads.
    pub title: String,
    /// The brand, where the shop names one.
    pub brand: Option<String>,
    /// Weight in grams.
    pub weight_g: Option<i64>,
    /// Length, width and height in millimetres.
    pub dimensions_mm: Option<[i64; 3]>,
    /// The barcode number as the shop has it, not yet verified.
    pub gtin: Option<String>,
    /// How the stock is kept, and how much there is.
    pub stock: ShopStock,
    /// The shop's publication status (`publish`, `draft`, `private`, `trash`).
    pub status: String,
    /// When the shop last changed it.
    pub modified_at: UtcMs,
}

/// A quantity as just read from the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopQuantity {
    /// The shop's id of the item.
    pub external_id: String,
    /// The stock at this moment.
    pub stock: ShopStock,
}
