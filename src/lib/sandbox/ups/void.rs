//! Void: while nothing was picked up, a shipment or packages of it.

use serde_json::{Value, json};

use super::reply::head;
use super::shipment::{Package, Stage};
use super::{Refusal, State};
use crate::sandbox::woocommerce::Reply;

/// The most numbers that a call takes.
const MOST: usize = 20;

/// Answers: for the whole, or for the numbers of the query, one or a JSON list.
pub fn answer(state: &mut State, id: &str, numbers: Option<&str>) -> Result<Reply, Refusal> {
    let numbers = numbers.map(read_numbers).transpose()?;
    let now = state.now;
    let Some(shipment) = state.shipment_mut(id) else {
        let text = "No shipment found within the allowed void period.";
        return Err(Refusal::new("190102", text));
    };
    let is_whole = numbers.is_none();
    if !is_whole && shipment.is_return {
        let text = "Package level void is not allowed for a return shipment.";
        return Err(Refusal::new("190112", text));
    }
    if !is_whole && shipment.from.country != shipment.to.country {
        let text = "Package level void is not allowed for an international shipment.";
        return Err(Refusal::new("190113", text));
    }
    if shipment.packages.iter().all(Package::is_voided) {
        return Err(Refusal::new(
            "190117",
            "The shipment has already been voided.",
        ));
    }
    let picked_up = |package: &Package| !matches!(package.stage(), Stage::Made | Stage::Voided);
    if shipment.packages.iter().any(picked_up) {
        return Err(Refusal::new("190101", "The time for voiding has expired."));
    }
    let numbers = numbers.unwrap_or_else(|| {
        let all = shipment.packages.iter();
        all.map(|package| package.number.clone()).collect()
    });
    let mut results = Vec::new();
    let mut voided = 0;
    for number in &numbers {
        let mut packages = shipment.packages.iter_mut();
        let found = packages.find(|package| package.number == *number);
        let status = if let Some(package) = found {
            if !package.is_voided() {
                package.reach(Stage::Voided, now);
            }
            voided += 1;
            json!({ "Code": "1", "Description": "Voided" })
        } else {
            json!({ "Code": "0", "Description": "Not voided" })
        };
        results.push(json!({ "TrackingNumber": number, "Status": status }));
    }
    if voided == 0 {
        return Err(Refusal::new("190121", "No package was voided."));
    }
    let is_all = voided == numbers.len();
    let description = if is_all { "Voided" } else { "Partly voided" };
    let code = if is_all { "1" } else { "0" };
    let mut answer = json!({
        "Response": head(),
        "SummaryResult": { "Status": { "Code": code, "Description": description } },
    });
    if !is_whole {
        answer["PackageLevelResults"] = Value::Array(results);
    }
    Ok(Reply::json(200, &json!({ "VoidShipmentResponse": answer })))
}

fn read_numbers(text: &str) -> Result<Vec<String>, Refusal> {
    let invalid = |why: &str| Refusal::invalid("trackingnumber", why);
    let numbers = if text.starts_with('[') {
        serde_json::from_str::<Vec<String>>(text).map_err(|error| invalid(&error.to_string()))?
    } else {
        vec![text.to_owned()]
    };
    let fits = |number: &String| {
        number.len() == 18
            && number.starts_with("1Z")
            && number
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if !(1..=MOST).contains(&numbers.len()) || !numbers.iter().all(fits) {
        return Err(invalid("up to 20 numbers of 18 capitals and digits"));
    }
    Ok(numbers)
}
