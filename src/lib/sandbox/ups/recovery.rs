//! Label Recovery: labels again, by a reference that Ship was given or by number.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::own_account;
use super::reply::head;
use super::shape::Part;
use super::shipment::{Package, Shipment};
use super::{Refusal, State};
use crate::sandbox::woocommerce::Reply;

/// Answers.
pub fn answer(state: &State, body: &Value) -> Result<Reply, Refusal> {
    let request = Part::open(body, "LabelRecoveryRequest")?;
    request.only(&[
        "Request",
        "LabelSpecification",
        "TrackingNumber",
        "ReferenceValues",
    ])?;
    request.part("Request")?;
    let found: Vec<(&Shipment, &Package)> =
        if let Some(number) = request.maybe_text("TrackingNumber", 1..=18)? {
            state.package(number).into_iter().collect()
        } else {
            let values = request.part("ReferenceValues")?;
            values.only(&["ReferenceNumber", "ShipperNumber"])?;
            own_account(values.text("ShipperNumber", 6..=6)?)?;
            let reference = values.part("ReferenceNumber")?;
            reference.only(&["Value"])?;
            by_reference(state, reference.text("Value", 1..=35)?)
        };
    if found.is_empty() {
        return Err(Refusal::new(
            "9801031",
            "No label found for the reference or number.",
        ));
    }
    let live = found
        .into_iter()
        .filter(|(_, package)| !package.is_voided());
    let live: Vec<(&Shipment, &Package)> = live.collect();
    let Some((first, _)) = live.first() else {
        return Err(Refusal::new("9801040", "The shipment has been voided."));
    };
    if live.iter().any(|(shipment, _)| shipment.id != first.id) {
        let text = "Several shipments have this reference; use the tracking number.";
        return Err(Refusal::new("300035", text));
    }
    let results: Vec<Value> = live
        .iter()
        .map(|(_, package)| {
            // UPS' own sample has a line end before the label.
            let label = format!("\n{}", package.label);
            json!({
                "TrackingNumber": package.number,
                "LabelImage": {
                    "LabelImageFormat": { "Code": "zpl" },
                    "GraphicImage": STANDARD.encode(label),
                },
            })
        })
        .collect();
    let answer = json!({ "LabelRecoveryResponse": {
        "Response": head(),
        "ShipmentIdentificationNumber": first.id,
        "LabelResults": results,
    }});
    Ok(Reply::json(200, &answer))
}

/// The packages with a reference of their own, or of their shipment.
pub fn by_reference<'a>(state: &'a State, reference: &str) -> Vec<(&'a Shipment, &'a Package)> {
    let has = |references: &[String]| references.iter().any(|one| one == reference);
    let all = state.shipments().iter();
    let all = all.flat_map(|shipment| {
        shipment
            .packages
            .iter()
            .map(move |package| (shipment, package))
    });
    all.filter(|(shipment, package)| has(&shipment.references) || has(&package.references))
        .collect()
}
