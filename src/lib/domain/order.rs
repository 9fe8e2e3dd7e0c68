//! An order as a sales channel tells it, and what its status means for our stock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::Currency;
use super::time::UtcMs;

/// What an order status of the shop means for stock and shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatusRule {
    /// Reserves stock and may be shipped.
    Ship,
    /// Reserves stock and waits (an open payment, a review): a hold blocks shipping.
    Reserve,
    /// Wants nothing; its goods, if any, lie on the shelf.
    None,
    /// The goods have left the house: what is still reserved leaves stock.
    Shipped,
    /// Ended without our doing; nothing is wanted and nothing is expected back.
    Closed,
}

/// Why an order may not leave, for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldKind {
    /// It is not paid yet.
    Payment,
    /// Where it should go is unclear.
    Address,
    /// Somebody may not be who they say.
    Fraud,
    /// A person wants it so.
    Manual,
}

impl HoldKind {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Payment, Self::Address, Self::Fraud, Self::Manual];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Address => "address",
            Self::Fraud => "fraud",
            Self::Manual => "manual",
        }
    }
}

impl std::str::FromStr for HoldKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| format!("{word:?} is no kind of hold: payment, address, fraud, manual"))
    }
}

/// A postal address. Empty strings where the shop has nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The person.
    pub name: String,
    /// The company.
    pub company: String,
    /// Street and number.
    pub line1: String,
    /// Anything more.
    pub line2: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Postal code.
    pub postcode: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Telephone.
    pub phone: String,
}

impl Address {
    /// The address line by line, as it stands on paper; empty lines left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        // The code stands behind the city where English is spoken, and before it elsewhere.
        let city = match self.country.as_str() {
            "US" | "PR" | "CA" | "AU" | "NZ" | "GB" | "IE" => {
                [&self.city, &self.state, &self.postcode]
            }
            _ => [&self.postcode, &self.city, &self.state],
        };
        let city: Vec<&str> = city
            .into_iter()
            .map(|s| s.trim())
            .filter(|s| !s.is_empty())
            .collect();
        let city = city.join(" ");
        let lines = [
            &self.name,
            &self.company,
            &self.line1,
            &self.line2,
            &city,
            &self.country,
        ];
        let lines = lines.into_iter().filter(|line| !line.trim().is_empty());
        lines.cloned().collect()
    }
}

/// One line of a shop's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopLine {
    /// The shop's id of the line, unique within the order.
    pub external_id: String,
    /// The listing it sells: the variation where there is one, else the product.
    pub item_external_id: Option<String>,
    /// SKU as the order has it, trimmed.
    pub sku: Option<String>,
    /// Title as the customer saw it.
    pub title: String,
    /// Ordered units, refunds not taken off.
    pub quantity: i64,
    /// What the whole line costs after discounts, without tax, in minor units.
    pub total_minor: i64,
    /// Its tax, in minor units.
    pub tax_minor: i64,
    /// Units the shop itself has taken off its stock for this line.
    pub reduced_stock: i64,
}

/// A payment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// What makes it unique within the order: the gateway's transaction, or the method.
    pub external_id: String,
    /// The gateway or method.
    pub method: String,
    /// Amount in minor units of the order's currency.
    pub amount_minor: i64,
    /// When it was paid.
    pub paid_at: UtcMs,
}

/// A refund of an order, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The shop's id of the refund.
    pub external_id: String,
    /// Amount given back, positive, in minor units of the order's currency.
    pub amount_minor: i64,
    /// The reason somebody typed.
    pub reason: String,
    /// When it was made.
    pub refunded_at: UtcMs,
    /// The units it takes back; empty for a refund of money alone.
    pub lines: Vec<RefundLine>,
}

/// Units of one order line that a refund takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundLine {
    /// The order line it refers to.
    pub line_external_id: String,
    /// Units, positive.
    pub quantity: i64,
    /// Amount without tax, positive, in minor units.
    pub amount_minor: i64,
}

/// An order as it comes from a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopOrder {
    /// The shop's id; not what people call the order.
    pub external_id: String,
    /// The number people use.
    pub number: String,
    /// The shop's own status word, without any prefix.
    pub status: String,
    /// The order's currency.
    pub currency: Currency,
    /// When the customer ordered.
    pub placed_at: UtcMs,
    /// When the shop last changed it.
    pub modified_at: UtcMs,
    /// When the shop marked it completed.
    pub completed_at: Option<UtcMs>,
    /// Who bought: a name or a company.
    pub customer: String,
    /// Their mail address.
    pub email: String,
    /// Where it goes.
    pub ship_to: Address,
    /// What the customer asked for in words.
    pub note: String,
    /// Payment terms, for a customer on account.
    pub terms: String,
    /// The customer's own purchase order number.
    pub po_number: String,
    /// How it is to be sent, in the shop's words; may be empty.
    pub service: String,
    /// The day it was promised to leave, `YYYY-MM-DD`, where somebody has said.
    pub promised_on: Option<String>,
    /// Shipping charged, without tax, in minor units.
    pub shipping_minor: i64,
    /// All tax, in minor units.
    pub tax_minor: i64,
    /// What the customer pays, in minor units.
    pub total_minor: i64,
    /// The lines.
    pub lines: Vec<ShopLine>,
    /// Payments received.
    pub payments: Vec<Payment>,
    /// Ids of the refunds the shop lists with the order; their lines are read apart.
    pub refund_ids: Vec<String>,
}
