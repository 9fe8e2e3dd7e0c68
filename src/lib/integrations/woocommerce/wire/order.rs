//! Orders and refunds: what the API tells of them, and what we make of it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{field, read};
use crate::domain::money::Currency;
use crate::domain::order::{Address, Payment, Refund, RefundLine, ShopLine, ShopOrder};
use crate::domain::time::UtcMs;

#[derive(Deserialize)]
struct Order {
    #[serde(deserialize_with = "field::id")]
    id: String,
    #[serde(default, deserialize_with = "field::text")]
    number: String,
    status: String,
    currency: Currency,
    #[serde(default, deserialize_with = "field::time")]
    date_created_gmt: Option<UtcMs>,
    #[serde(default, deserialize_with = "field::time")]
    date_modified_gmt: Option<UtcMs>,
    #[serde(default, deserialize_with = "field::time")]
    date_completed_gmt: Option<UtcMs>,
    #[serde(default, deserialize_with = "field::time")]
    date_paid_gmt: Option<UtcMs>,
    #[serde(default)]
    billing: Party,
    #[serde(default)]
    shipping: Party,
    #[serde(default, deserialize_with = "field::text")]
    customer_note: String,
    #[serde(default, deserialize_with = "field::text")]
    payment_method: String,
    #[serde(default, deserialize_with = "field::text")]
    payment_method_title: String,
    #[serde(default, deserialize_with = "field::text")]
    transaction_id: String,
    #[serde(deserialize_with = "field::text")]
    shipping_total: String,
    #[serde(deserialize_with = "field::text")]
    total_tax: String,
    #[serde(deserialize_with = "field::text")]
    total: String,
    line_items: Vec<Line>,
    #[serde(default)]
    shipping_lines: Vec<ShippingLine>,
    #[serde(default)]
    refunds: Vec<OnlyId>,
}

#[derive(Deserialize)]
struct OnlyId {
    #[serde(deserialize_with = "field::id")]
    id: String,
}

#[derive(Deserialize)]
struct ShippingLine {
    #[serde(default, deserialize_with = "field::text")]
    method_title: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Party {
    #[serde(deserialize_with = "field::text")]
    first_name: String,
    #[serde(deserialize_with = "field::text")]
    last_name: String,
    #[serde(deserialize_with = "field::text")]
    company: String,
    #[serde(deserialize_with = "field::text")]
    address_1: String,
    #[serde(deserialize_with = "field::text")]
    address_2: String,
    #[serde(deserialize_with = "field::text")]
    city: String,
    #[serde(deserialize_with = "field::text")]
    state: String,
    #[serde(deserialize_with = "field::text")]
    postcode: String,
    #[serde(deserialize_with = "field::text")]
    country: String,
    #[serde(deserialize_with = "field::text")]
    email: String,
    #[serde(deserialize_with = "field::text")]
    phone: String,
}

/// A line of an order or, with negative quantity and total, of a refund. Its `price` is a
/// float and not read.
#[derive(Deserialize)]
struct Line {
    #[serde(deserialize_with = "field::id")]
    id: String,
    #[serde(default, deserialize_with = "field::text")]
    name: String,
    #[serde(default, deserialize_with = "field::optional_id")]
    product_id: Option<String>,
    #[serde(default, deserialize_with = "field::optional_id")]
    variation_id: Option<String>,
    #[serde(deserialize_with = "field::units")]
    quantity: i64,
    #[serde(deserialize_with = "field::text")]
    total: String,
    #[serde(deserialize_with = "field::text")]
    total_tax: String,
    #[serde(default, deserialize_with = "field::text")]
    sku: String,
    #[serde(default)]
    meta_data: Vec<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(deserialize_with = "field::text")]
    key: String,
    #[serde(default)]
    value: Value,
}

/// An order.
pub fn order(element: &RawValue) -> Result<ShopOrder, String> {
    let order: Order = read(element)?;
    let minor = |text: &str, name: &str| field::minor(order.currency, text, name);
    let total_minor = minor(&order.total, "total")?;
    let lines = order.line_items.iter().enumerate();
    let lines: Result<Vec<ShopLine>, String> = lines
        .map(|(at, line)| line.sold(order.currency, &format!("line_items[{at}]")))
        .collect();
    let created = order.date_created_gmt.or(order.date_modified_gmt);
    let modified = order.date_modified_gmt.or(order.date_created_gmt);
    Ok(ShopOrder {
        number: field::some(&order.number).unwrap_or_else(|| order.id.clone()),
        status: word(&order.status),
        currency: order.currency,
        placed_at: created.ok_or("date_created_gmt: there is none")?,
        modified_at: modified.ok_or("date_modified_gmt: there is none")?,
        completed_at: order.date_completed_gmt,
        customer: order.customer(),
        email: order.billing.email.trim().to_owned(),
        ship_to: order.ship_to(),
        note: order.customer_note.trim().to_owned(),
        // WooCommerce itself knows neither terms nor a customer's purchase order number.
        terms: String::new(),
        po_number: String::new(),
        service: order.service(),
        promised_on: None,
        shipping_minor: minor(&order.shipping_total, "shipping_total")?,
        tax_minor: minor(&order.total_tax, "total_tax")?,
        total_minor,
        lines: lines?,
        payments: order.payment(total_minor).into_iter().collect(),
        refund_ids: order.refunds.iter().map(|one| one.id.clone()).collect(),
        external_id: order.id,
    })
}

/// A service is told in so many characters at most.
const LONGEST_SERVICE: usize = 190;

impl Order {
    /// The titles of its shipping methods.
    fn service(&self) -> String {
        let titles = self
            .shipping_lines
            .iter()
            .map(|line| line.method_title.trim());
        let titles: Vec<&str> = titles.filter(|title| !title.is_empty()).collect();
        titles.join(", ").chars().take(LONGEST_SERVICE).collect()
    }

    fn customer(&self) -> String {
        let billing = &self.billing;
        [billing.name(), self.shipping.name()]
            .into_iter()
            .chain([&billing.company, &billing.email].map(|text| text.trim().to_owned()))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// The shipping address; the billing address where there is none, as for orders taken
    /// by hand.
    fn ship_to(&self) -> Address {
        let shipping = &self.shipping;
        let is_empty = [&shipping.address_1, &shipping.city, &shipping.postcode]
            .iter()
            .all(|text| text.trim().is_empty());
        let mut address = if is_empty { &self.billing } else { shipping }.address();
        if address.phone.is_empty() {
            self.billing.phone.trim().clone_into(&mut address.phone);
        }
        address
    }

    /// WooCommerce keeps one payment an order: its date, method and transaction.
    fn payment(&self, amount_minor: i64) -> Option<Payment> {
        let paid_at = self.date_paid_gmt.filter(|_| amount_minor > 0)?;
        let method = field::some(&self.payment_method)
            .or_else(|| field::some(&self.payment_method_title))
            .unwrap_or_else(|| "other".to_owned());
        Some(Payment {
            external_id: field::some(&self.transaction_id).unwrap_or_else(|| method.clone()),
            method,
            amount_minor,
            paid_at,
        })
    }
}

impl Party {
    fn name(&self) -> String {
        format!("{} {}", self.first_name.trim(), self.last_name.trim())
            .trim()
            .to_owned()
    }

    fn address(&self) -> Address {
        let text = |text: &str| text.trim().to_owned();
        Address {
            name: self.name(),
            company: text(&self.company),
            line1: text(&self.address_1),
            line2: text(&self.address_2),
            city: text(&self.city),
            state: text(&self.state),
            postcode: text(&self.postcode),
            country: text(&self.country),
            phone: text(&self.phone),
        }
    }
}

impl Line {
    fn sold(&self, currency: Currency, path: &str) -> Result<ShopLine, String> {
        if self.quantity < 0 {
            return Err(format!("{path}.quantity: {} is negative", self.quantity));
        }
        let reduced_stock = match self.meta("_reduced_stock") {
            None | Some(Value::Null) => 0,
            Some(value) => field::units_of(value)
                .map_err(|reason| format!("{path}.meta_data._reduced_stock: {reason}"))?,
        };
        Ok(ShopLine {
            external_id: self.id.clone(),
            item_external_id: self
                .variation_id
                .clone()
                .or_else(|| self.product_id.clone()),
            sku: field::some(&self.sku),
            title: field::plain(&self.name),
            quantity: self.quantity,
            total_minor: field::minor(currency, &self.total, &format!("{path}.total"))?,
            tax_minor: field::minor(currency, &self.total_tax, &format!("{path}.total_tax"))?,
            reduced_stock,
        })
    }

    /// The units that a refund takes back on this line; `None` where it gives back money alone.
    fn taken_back(&self, currency: Currency, path: &str) -> Result<Option<RefundLine>, String> {
        let amount_minor = field::minor(currency, &self.total, &format!("{path}.total"))?.abs();
        if self.quantity == 0 {
            return Ok(None);
        }
        let line = self.meta("_refunded_item_id").and_then(field::id_of);
        Ok(Some(RefundLine {
            line_external_id: line
                .ok_or_else(|| format!("{path}.meta_data._refunded_item_id: there is none"))?,
            quantity: self.quantity.abs(),
            amount_minor,
        }))
    }

    fn meta(&self, key: &str) -> Option<&Value> {
        let mut entries = self.meta_data.iter();
        entries
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }
}

/// A refund. The API tells its amounts without the currency, which is the order's.
pub fn refund(element: &RawValue, currency: Currency) -> Result<Refund, String> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(deserialize_with = "field::id")]
        id: String,
        #[serde(deserialize_with = "field::text")]
        amount: String,
        #[serde(default, deserialize_with = "field::text")]
        reason: String,
        #[serde(default, deserialize_with = "field::time")]
        date_created_gmt: Option<UtcMs>,
        #[serde(default)]
        line_items: Vec<Line>,
    }
    let refund: Wire = read(element)?;
    let mut lines = Vec::new();
    for (at, line) in refund.line_items.iter().enumerate() {
        lines.extend(line.taken_back(currency, &format!("line_items[{at}]"))?);
    }
    Ok(Refund {
        external_id: refund.id,
        amount_minor: field::minor(currency, &refund.amount, "amount")?.abs(),
        reason: refund.reason.trim().to_owned(),
        refunded_at: refund
            .date_created_gmt
            .ok_or("date_created_gmt: there is none")?,
        lines,
    })
}

/// Nothing but the id.
pub fn id_only(element: &RawValue) -> Result<String, String> {
    read::<OnlyId>(element).map(|only| only.id)
}

/// A status as the API writes it, without the prefix of the database.
fn word(status: &str) -> String {
    let status = status.trim();
    status.strip_prefix("wc-").unwrap_or(status).to_owned()
}
