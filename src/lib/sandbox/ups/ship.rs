//! Ship: labels are bought. Each call that passes buys anew, as with UPS: nothing makes a
//! repeat harmless.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::own_account;
use super::label::{self, Facts};
use super::parcel::{Parcel, read_packages, read_references};
use super::rate::{Price, billing_weight};
use super::reply::head;
use super::shape::Part;
use super::shipment::{End, Package, Party, Row, Shipment, Stage};
use super::{Refusal, State};
use crate::sandbox::woocommerce::Reply;

/// A shipment as asked for.
struct Order {
    from: Party,
    to: Party,
    service: String,
    references: Vec<String>,
    is_return: bool,
    has_own_price: bool,
    parcels: Vec<Parcel>,
}

/// Answers.
pub fn answer(state: &mut State, body: &Value) -> Result<Reply, Refusal> {
    let order = read(body)?;
    let price = Price::of(&order.from, &order.to, &order.service, &order.parcels);
    let price = price.ok_or_else(|| {
        let text = "The requested service is unavailable between the selected locations.";
        Refusal::new("121210", text)
    })?;
    let count = order.parcels.len();
    let mut packages = Vec::new();
    for (at, parcel) in order.parcels.iter().enumerate() {
        let number = state.next_number(&order.service);
        let all: Vec<String> = parcel
            .references
            .iter()
            .chain(&order.references)
            .cloned()
            .collect();
        let label = label::write(Facts {
            number: &number,
            place: (at + 1, count),
            from: &order.from,
            to: &order.to,
            service: &order.service,
            references: &all,
        });
        packages.push(Package {
            number,
            references: parcel.references.clone(),
            tenths: parcel.tenths,
            label,
            rows: vec![Row {
                at: state.now,
                stage: Stage::Made,
            }],
        });
    }
    let id = packages[0].number.clone();
    let zero = json!({ "CurrencyCode": price.currency, "MonetaryValue": "0.00" });
    let results: Vec<Value> = packages
        .iter()
        .map(|package| {
            json!({
                "TrackingNumber": package.number,
                "ServiceOptionsCharges": zero,
                "ShippingLabel": {
                    "ImageFormat": { "Code": "ZPL", "Description": "ZPL" },
                    "GraphicImage": STANDARD.encode(&package.label),
                },
            })
        })
        .collect();
    let mut shipped = json!({
        "ShipmentCharges": {
            "TransportationCharges": price.total(),
            "ServiceOptionsCharges": zero,
            "TotalCharges": price.total(),
        },
        "BillingWeight": billing_weight(&order.parcels, 8),
        "ShipmentIdentificationNumber": id,
        "PackageResults": results,
    });
    if order.has_own_price {
        shipped["NegotiatedRateCharges"] = json!({ "TotalCharge": price.own() });
    }
    state.keep(Shipment {
        id,
        service: order.service,
        references: order.references,
        from: order.from,
        to: order.to,
        is_return: order.is_return,
        bought_at: state.now,
        packages,
    });
    let answer = json!({ "ShipmentResponse": { "Response": head(), "ShipmentResults": shipped } });
    Ok(Reply::json(200, &answer))
}

fn read(body: &Value) -> Result<Order, Refusal> {
    let request = Part::open(body, "ShipmentRequest")?;
    request.only(&["Request", "Shipment", "LabelSpecification"])?;
    request.part("Request")?.text("RequestOption", 1..=15)?;
    read_label(&request)?;
    let shipment = request.part("Shipment")?;
    shipment.only(&[
        "Description",
        "ReturnService",
        "Shipper",
        "ShipTo",
        "ShipFrom",
        "PaymentInformation",
        "Service",
        "ShipmentRatingOptions",
        "ReferenceNumber",
        "Package",
    ])?;
    let description = shipment.maybe_text("Description", 1..=50)?;
    let shipper = shipment.part("Shipper")?;
    own_account(shipper.text("ShipperNumber", 6..=6)?)?;
    let shipper = Party::read(&shipper, End::Shipper)?;
    let to = Party::read(&shipment.part("ShipTo")?, End::To)?;
    let from = match shipment.maybe("ShipFrom")? {
        Some(part) => Party::read(&part, End::From)?,
        None => shipper.clone(),
    };
    for charge in shipment
        .part("PaymentInformation")?
        .list("ShipmentCharge", 1..=2)?
    {
        charge.text("Type", 2..=2)?;
        own_account(charge.part("BillShipper")?.text("AccountNumber", 6..=6)?)?;
    }
    let service = shipment.part("Service")?.text("Code", 2..=2)?.to_owned();
    let is_return = match shipment.maybe("ReturnService")? {
        Some(part) if part.text("Code", 1..=2)? == "9" => true,
        Some(part) => return Err(Refusal::invalid(&part.path("Code"), "the sandbox knows 9")),
        None => false,
    };
    let references = read_references(&shipment)?;
    let parcels = read_packages(&shipment, "Packaging", &from)?;
    check_references(&from, &to, &references, &parcels)?;
    let is_abroad = from.country != to.country;
    if (is_abroad || service == "14") && (to.phone.is_empty() || shipper.phone.is_empty()) {
        return Err(Refusal::new(
            "120209",
            "A phone number is required for this shipment.",
        ));
    }
    if is_abroad && to.attention.is_empty() {
        return Err(Refusal::missing(&shipment.path("ShipTo.AttentionName")));
    }
    if is_abroad && description.is_none() && service != "11" {
        return Err(Refusal::missing(&shipment.path("Description")));
    }
    if is_return {
        check_return(&shipment, &from, parcels.len())?;
    }
    let has_own_price = match shipment.maybe("ShipmentRatingOptions")? {
        Some(options) => options.has("NegotiatedRatesIndicator"),
        None => false,
    };
    Ok(Order {
        from,
        to,
        service,
        references,
        is_return,
        has_own_price,
        parcels,
    })
}

fn read_label(request: &Part<'_>) -> Result<(), Refusal> {
    let label = request.part("LabelSpecification")?;
    label.only(&[
        "LabelImageFormat",
        "LabelStockSize",
        "HTTPUserAgent",
        "CharacterSet",
    ])?;
    let format = label.part("LabelImageFormat")?.text("Code", 1..=4)?;
    if format != "ZPL" {
        return Err(Refusal::invalid(
            &label.path("LabelImageFormat"),
            "the sandbox prints ZPL",
        ));
    }
    let size = label.part("LabelStockSize")?;
    if !matches!(
        (size.text("Height", 1..=3)?, size.text("Width", 1..=3)?),
        ("6" | "8", "4")
    ) {
        return Err(Refusal::invalid(
            &label.path("LabelStockSize"),
            "6 or 8 by 4",
        ));
    }
    Ok(())
}

/// References go on packages within the US and within Puerto Rico, elsewhere on the shipment.
fn check_references(
    from: &Party,
    to: &Party,
    of_shipment: &[String],
    parcels: &[Parcel],
) -> Result<(), Refusal> {
    let is_american = from.country == to.country && matches!(from.country.as_str(), "US" | "PR");
    if is_american && !of_shipment.is_empty() {
        let text = "The shipment level reference number is not allowed for this lane.";
        return Err(Refusal::new("120541", text));
    }
    if !is_american && parcels.iter().any(|parcel| !parcel.references.is_empty()) {
        let text = "The package level reference number is not allowed for this lane.";
        return Err(Refusal::new("120542", text));
    }
    Ok(())
}

fn check_return(shipment: &Part<'_>, from: &Party, count: usize) -> Result<(), Refusal> {
    if !shipment.has("ShipFrom") {
        return Err(Refusal::missing(&shipment.path("ShipFrom")));
    }
    for package in shipment.list("Package", 1..=200)? {
        package.text("Description", 1..=35)?;
    }
    let most = match from.country.as_str() {
        "US" | "PR" => 1,
        _ => 20,
    };
    if count > most {
        return Err(Refusal::invalid(
            &shipment.path("Package"),
            "too many for a return",
        ));
    }
    Ok(())
}
