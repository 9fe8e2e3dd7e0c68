//! Ship: buys the labels of a sending with one call, sent once. Whatever leaves open whether
//! it was bought is an unknown outcome, never an error to try again.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::Deed;
use super::units::System;
use super::wire::{self, Amount, Head, Negotiated, Picture, Told, Weight};
use super::{Client, fit};
use crate::domain::carriage::{Bought, Labelled, Piece, Sending};
use crate::domain::order::Address;
use crate::integrations::carrier::CarrierError;
use crate::integrations::http::Response;

/// The most packages of a shipment, and of a return; from the US and Puerto Rico, a return
/// is one package.
const MOST_PACKAGES: usize = 200;
const MOST_RETURNED: usize = 20;

/// The most characters of a package's and of a shipment's description.
const PACKAGE_TEXT: usize = 35;
const SHIPMENT_TEXT: usize = 50;

/// What goods are called that nobody described.
const GOODS: &str = "Merchandise";

/// The service that asks for the telephone number also within a country.
const NEXT_DAY_EARLY: &str = "14";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    shipment_response: Shipped,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shipped {
    #[serde(default)]
    response: Head,
    shipment_results: Results,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Results {
    #[serde(default, deserialize_with = "wire::text")]
    shipment_identification_number: String,
    #[serde(default, rename = "PackageResults", deserialize_with = "wire::many")]
    packages: Vec<PackageResult>,
    #[serde(default, deserialize_with = "wire::maybe")]
    shipment_charges: Option<Published>,
    #[serde(default, deserialize_with = "wire::maybe")]
    negotiated_rate_charges: Option<Negotiated>,
    #[serde(default, deserialize_with = "wire::maybe")]
    billing_weight: Option<Weight>,
    #[serde(default, deserialize_with = "wire::many")]
    control_log_receipt: Vec<Picture>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    #[serde(default, deserialize_with = "wire::maybe")]
    total_charges: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PackageResult {
    #[serde(default, deserialize_with = "wire::text")]
    tracking_number: String,
    #[serde(default, deserialize_with = "wire::maybe")]
    shipping_label: Option<Picture>,
}

impl Client {
    /// Buys the labels.
    pub(super) async fn ship(&self, sending: &Sending) -> Result<Bought, CarrierError> {
        let body = self.purchase(sending)?;
        let path = "shipments/v2409/ship";
        let response = self
            .ask(Deed::Purchase, Method::POST, path, Some(&body))
            .await?;
        self.bought(&response)
    }

    /// The request that buys a sending.
    ///
    /// # Errors
    /// UPS would not take it as it is; nobody was asked.
    pub(super) fn purchase(&self, sending: &Sending) -> Result<Value, CarrierError> {
        self.without_papers(sending)?;
        self.ship_request(sending)
            .map_err(|why| self.not_asked(why))
    }

    fn bought(&self, response: &Response) -> Result<Bought, CarrierError> {
        let answer: Answer = match response.json() {
            Ok(answer) => answer,
            Err(error) => return Err(self.unknown(error.to_string())),
        };
        let results = answer.shipment_response.shipment_results;
        let numbers: Vec<&str> = results
            .packages
            .iter()
            .map(|package| package.tracking_number.as_str())
            .collect();
        let mut pieces = Vec::new();
        for package in &results.packages {
            let tracking = package.tracking_number.clone();
            if tracking.is_empty() {
                return Err(self.unknown("a package came without its number"));
            }
            let label = match package.shipping_label.as_ref().map(Picture::zpl) {
                Some(Ok(label)) => label,
                Some(Err(why)) => {
                    let text = format!("the label of {tracking} cannot be used: {why}");
                    return Err(self.unknown(response.clean(&text)));
                }
                None => {
                    let text =
                        format!("labels are missing; the numbers are {}", numbers.join(", "));
                    return Err(self.unknown(response.clean(&text)));
                }
            };
            pieces.push(Labelled { tracking, label });
        }
        let first = pieces.first().map(|piece| piece.tracking.clone());
        let id = match (results.shipment_identification_number, first) {
            (_, None) => return Err(self.unknown("its answer names no package")),
            (id, Some(first)) if id.is_empty() => first,
            (id, Some(_)) => id,
        };
        let alerts = answer.shipment_response.response.alert;
        let mut remarks: Vec<String> = alerts.iter().map(Told::remark).collect();
        let published = results.shipment_charges.and_then(|all| all.total_charges);
        let total = wire::total(results.negotiated_rate_charges.as_ref(), published.as_ref());
        // It is bought, whatever the price reads like.
        let charge = total.unwrap_or_else(|why| {
            remarks.push(response.clean(&format!("the price cannot be read: {why}")));
            None
        });
        let mut papers = Vec::new();
        for paper in &results.control_log_receipt {
            match paper.zpl() {
                Ok(paper) => papers.push(paper),
                Err(why) => remarks.push(format!("a paper to be printed cannot be used: {why}")),
            }
        }
        Ok(Bought {
            id,
            pieces,
            charge,
            billing_weight: results
                .billing_weight
                .as_ref()
                .map(Weight::shown)
                .unwrap_or_default(),
            papers,
            remarks,
        })
    }

    fn ship_request(&self, sending: &Sending) -> Result<Value, String> {
        let from = sending.from.as_ref().unwrap_or(&sending.shipper);
        check(sending, from)?;
        let system = System::of(&fit::country(from));
        let by_package = references_by_package(sending);
        let mut packages = Vec::new();
        for (at, piece) in sending.pieces.iter().enumerate() {
            let number = at + 1;
            let mut form = package(system, piece).map_err(|why| format!("piece {number} {why}"))?;
            form.insert("Packaging".to_owned(), json!({ "Code": "02" }));
            if sending.inbound {
                let contents = words(&piece.contents, PACKAGE_TEXT);
                form.insert("Description".to_owned(), json!(contents));
            }
            if by_package {
                let reference = sending.piece_reference(number);
                form.insert(
                    "ReferenceNumber".to_owned(),
                    json!([{ "Value": reference }]),
                );
            }
            packages.push(Value::Object(form));
        }
        let mut shipper = party("the sender", &sending.shipper)?;
        shipper.insert("ShipperNumber".to_owned(), json!(self.account));
        let mut shipment = Map::new();
        if sending.inbound || fit::country(from) != fit::country(&sending.to) {
            let contents = sending.pieces.iter().map(|piece| piece.contents.trim());
            let first = contents.clone().find(|contents| !contents.is_empty());
            let text = words(first.unwrap_or_default(), SHIPMENT_TEXT);
            shipment.insert("Description".to_owned(), json!(text));
        }
        if sending.inbound {
            shipment.insert("ReturnService".to_owned(), json!({ "Code": "9" }));
        }
        shipment.insert("Shipper".to_owned(), Value::Object(shipper));
        let to = party("the address it goes to", &sending.to)?;
        shipment.insert("ShipTo".to_owned(), Value::Object(to));
        if let Some(from) = &sending.from {
            let from = party("the address it comes from", from)?;
            shipment.insert("ShipFrom".to_owned(), Value::Object(from));
        }
        let charge = json!({ "Type": "01", "BillShipper": { "AccountNumber": self.account } });
        let payment = json!({ "ShipmentCharge": [charge] });
        shipment.insert("PaymentInformation".to_owned(), payment);
        shipment.insert("Service".to_owned(), json!({ "Code": sending.service }));
        if self.negotiated_rates {
            let options = json!({ "NegotiatedRatesIndicator": "Y" });
            shipment.insert("ShipmentRatingOptions".to_owned(), options);
        }
        if !by_package {
            let reference = json!([{ "Value": sending.reference }]);
            shipment.insert("ReferenceNumber".to_owned(), reference);
        }
        shipment.insert("Package".to_owned(), Value::Array(packages));
        Ok(json!({ "ShipmentRequest": {
            "Request": { "RequestOption": "nonvalidate" },
            "Shipment": shipment,
            "LabelSpecification": label_specification(),
        }}))
    }
}

/// Labels as the thermal printer takes them: ZPL of 4 by 6 inches.
pub fn label_specification() -> Value {
    json!({
        "LabelImageFormat": { "Code": "ZPL" },
        "LabelStockSize": { "Height": "6", "Width": "4" },
    })
}

/// Whether UPS takes references by package: within the US, and within Puerto Rico. Elsewhere
/// it takes one for the whole shipment only.
pub fn references_by_package(sending: &Sending) -> bool {
    let from = sending.from.as_ref().unwrap_or(&sending.shipper);
    let (from, to) = (fit::country(from), fit::country(&sending.to));
    from == to && matches!(from.as_str(), "US" | "PR")
}

/// The part of a package that Rate and Ship share.
///
/// # Errors
/// It weighs or measures what UPS' fields do not hold.
pub fn package(system: System, piece: &Piece) -> Result<Map<String, Value>, String> {
    let unit =
        |(code, description): (&str, &str)| json!({ "Code": code, "Description": description });
    let mut form = Map::new();
    let weight = json!({
        "UnitOfMeasurement": unit(system.weight_unit()),
        "Weight": system.weight(piece.weight_g)?,
    });
    form.insert("PackageWeight".to_owned(), weight);
    if let Some([length, width, height]) = piece.size_mm {
        let size = json!({
            "UnitOfMeasurement": unit(system.length_unit()),
            "Length": system.length(length)?,
            "Width": system.length(width)?,
            "Height": system.length(height)?,
        });
        form.insert("Dimensions".to_owned(), size);
    }
    Ok(form)
}

/// What UPS would refuse, or worse, take.
fn check(sending: &Sending, from: &Address) -> Result<(), String> {
    let (origin, target) = (fit::country(from), fit::country(&sending.to));
    let count = sending.pieces.len();
    let is_american = matches!(origin.as_str(), "US" | "PR");
    if sending.service.trim().len() != 2 {
        return Err(format!("{:?} is no service of UPS", sending.service));
    }
    let longest = sending.piece_reference(count);
    if sending.reference.is_empty() || longest.chars().count() > fit::NAME {
        return Err(format!(
            "the reference {:?} does not fit",
            sending.reference
        ));
    }
    match count {
        0 => return Err("there is no piece to send".to_owned()),
        2.. if sending.inbound && is_american => {
            return Err("a return from the US or Puerto Rico is one package".to_owned());
        }
        n if sending.inbound && n > MOST_RETURNED => {
            return Err(format!("a return has at most {MOST_RETURNED} packages"));
        }
        n if n > MOST_PACKAGES => {
            return Err(format!("a shipment has at most {MOST_PACKAGES} packages"));
        }
        _ => {}
    }
    if sending.inbound && sending.from.is_none() {
        return Err("a return needs the address it comes from".to_owned());
    }
    if origin == "US" && target == "PR" && !sending.inbound {
        let text = "from the US to Puerto Rico UPS wants to know the invoice's total";
        return Err(text.to_owned());
    }
    if origin != target || sending.service == NEXT_DAY_EARLY {
        for (who, address) in [
            ("the sender", &sending.shipper),
            ("the receiver", &sending.to),
        ] {
            if fit::phone(&address.phone).is_none() {
                return Err(format!("UPS wants the telephone number of {who} here"));
            }
        }
    }
    Ok(())
}

fn party(which: &str, address: &Address) -> Result<Map<String, Value>, String> {
    fit::party(address).map_err(|why| format!("{which}: {why}"))
}

/// A description, which must not be empty.
fn words(text: &str, most: usize) -> String {
    let text = fit::cut(text, most);
    if text.is_empty() {
        return GOODS.to_owned();
    }
    text
}
