//! Rating: made-up prices, by weight and service, in the currency of where a shipment starts.

use serde_json::{Value, json};

use super::Refusal;
use super::auth::own_account;
use super::parcel::{Parcel, read_packages};
use super::reply::head;
use super::shape::Part;
use super::shipment::{End, Party};
use crate::sandbox::woocommerce::Reply;

/// Services within the US and Puerto Rico: code, name, percent of Ground's price, days.
const AMERICAN: [(&str, &str, i64, Option<u32>); 7] = [
    ("03", "UPS Ground", 100, None),
    ("12", "UPS 3 Day Select", 150, Some(3)),
    ("02", "UPS 2nd Day Air", 220, Some(2)),
    ("59", "UPS 2nd Day Air A.M.", 245, Some(2)),
    ("13", "UPS Next Day Air Saver", 300, Some(1)),
    ("01", "UPS Next Day Air", 330, Some(1)),
    ("14", "UPS Next Day Air Early", 410, Some(1)),
];

/// Services elsewhere.
const ABROAD: [(&str, &str, i64, Option<u32>); 5] = [
    ("11", "UPS Standard", 110, None),
    ("08", "UPS Worldwide Expedited", 240, Some(3)),
    ("65", "UPS Worldwide Saver", 290, Some(1)),
    ("07", "UPS Worldwide Express", 330, Some(1)),
    ("54", "UPS Worldwide Express Plus", 420, Some(1)),
];

/// Minor units a package, and a tenth of its unit of weight.
const BASE: i64 = 820;
const EACH_TENTH: i64 = 6;

/// What the account pays of a published price, in percent.
const OWN: i64 = 80;

/// What a shipment costs.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    /// Everybody's price, in minor units.
    pub published: i64,
    /// The currency.
    pub currency: &'static str,
}

impl Price {
    /// The price of packages by a service.
    pub fn of(from: &Party, to: &Party, service: &str, parcels: &[Parcel]) -> Option<Self> {
        let percent = services(from, to)
            .iter()
            .find(|known| known.0 == service)?
            .2;
        let each = |parcel: &Parcel| BASE + parcel.tenths * EACH_TENTH;
        let published = parcels.iter().map(each).sum::<i64>() * percent / 100;
        let currency = match from.country.as_str() {
            "US" | "PR" => "USD",
            "CA" => "CAD",
            "GB" => "GBP",
            _ => "EUR",
        };
        Some(Self {
            published,
            currency,
        })
    }

    /// An amount of it: `percent` of the published price.
    pub fn amount(self, percent: i64) -> Value {
        let minor = self.published * percent / 100;
        let value = format!("{}.{:02}", minor / 100, minor % 100);
        json!({ "CurrencyCode": self.currency, "MonetaryValue": value })
    }

    /// The published price.
    pub fn total(self) -> Value {
        self.amount(100)
    }

    /// The account's own.
    pub fn own(self) -> Value {
        self.amount(OWN)
    }
}

/// The services from one place to another.
fn services(from: &Party, to: &Party) -> &'static [(&'static str, &'static str, i64, Option<u32>)] {
    let is_american = |party: &Party| matches!(party.country.as_str(), "US" | "PR");
    if is_american(from) && is_american(to) {
        &AMERICAN
    } else {
        &ABROAD
    }
}

/// Answers `Shop`, all services, or `Rate`, one.
pub fn answer(body: &Value, option: &str) -> Result<Reply, Refusal> {
    let request = Part::open(body, "RateRequest")?;
    request.only(&[
        "Request",
        "PickupType",
        "CustomerClassification",
        "Shipment",
    ])?;
    request.part("Request")?.text("RequestOption", 1..=15)?;
    let shipment = request.part("Shipment")?;
    shipment.only(&[
        "Shipper",
        "ShipTo",
        "ShipFrom",
        "PaymentDetails",
        "Service",
        "Package",
        "ShipmentRatingOptions",
    ])?;
    let shipper = shipment.part("Shipper")?;
    if let Some(number) = shipper.maybe_text("ShipperNumber", 6..=6)? {
        own_account(number)?;
    }
    let shipper = Party::read_unnamed(&shipper, End::Shipper)?;
    let to = Party::read_unnamed(&shipment.part("ShipTo")?, End::To)?;
    let from = match shipment.maybe("ShipFrom")? {
        Some(part) => Party::read_unnamed(&part, End::From)?,
        None => shipper,
    };
    let parcels = read_packages(&shipment, "PackagingType", &from)?;
    let wanted = match option {
        "Rate" => Some(shipment.part("Service")?.text("Code", 1..=3)?),
        _ => None,
    };
    let has_own = match shipment.maybe("ShipmentRatingOptions")? {
        Some(options) => options.has("NegotiatedRatesIndicator"),
        None => false,
    };
    let chosen = services(&from, &to)
        .iter()
        .filter(|known| wanted.is_none_or(|w| w == known.0));
    let rated: Vec<Value> = chosen
        .filter_map(|known| {
            let price = Price::of(&from, &to, known.0, &parcels)?;
            Some(rated(known, price, &parcels, has_own))
        })
        .collect();
    if rated.is_empty() {
        let text = "The requested service is unavailable between the selected locations.";
        return Err(Refusal::new("111210", text));
    }
    let answer = json!({ "RateResponse": { "Response": head(), "RatedShipment": rated } });
    Ok(Reply::json(200, &answer))
}

fn rated(
    known: &(&str, &str, i64, Option<u32>),
    price: Price,
    parcels: &[Parcel],
    has_own: bool,
) -> Value {
    let (code, name, _, days) = *known;
    let package = json!({ "TotalCharges": { "CurrencyCode": price.currency, "MonetaryValue": "0.00" }, "Weight": "0.0" });
    let mut rated = json!({
        "Service": { "Code": code, "Description": name },
        "RatedShipmentAlert": [{
            "Code": "110971",
            "Description": "Your invoice may vary from the displayed reference rates",
        }],
        "BillingWeight": billing_weight(parcels, 0),
        "TransportationCharges": price.total(),
        "ServiceOptionsCharges": { "CurrencyCode": price.currency, "MonetaryValue": "0.00" },
        "TotalCharges": price.total(),
        "RatedPackage": vec![package; parcels.len()],
    });
    if has_own {
        rated["NegotiatedRateCharges"] = json!({ "TotalCharge": price.own() });
    }
    if let Some(days) = days {
        rated["GuaranteedDelivery"] = json!({ "BusinessDaysInTransit": days.to_string() });
    }
    rated
}

/// The weight that is charged, padded to so many places, as Ship has it.
pub fn billing_weight(parcels: &[Parcel], width: usize) -> Value {
    let tenths: i64 = parcels.iter().map(|parcel| parcel.tenths).sum();
    let weight = if tenths < 10_000 || width > 0 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (tenths / 10).to_string()
    };
    let unit = parcels.first().map_or("LBS", |parcel| parcel.unit);
    let description = if unit == "LBS" { "Pounds" } else { "Kilograms" };
    json!({
        "UnitOfMeasurement": { "Code": unit, "Description": description },
        "Weight": format!("{weight:0>width$}"),
    })
}
