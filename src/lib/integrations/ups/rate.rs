//! Rating: what the services would cost. Buys nothing.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::Deed;
use super::ship::package;
use super::units::System;
use super::wire::{self, Amount, Coded, Head, Negotiated, Told, Weight};
use super::{Client, fit};
use crate::domain::carriage::{Rate, Sending};
use crate::integrations::carrier::CarrierError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    rate_response: Rates,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rates {
    #[serde(default)]
    response: Head,
    #[serde(default, deserialize_with = "wire::many")]
    rated_shipment: Vec<Rated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rated {
    service: Coded,
    #[serde(default, deserialize_with = "wire::maybe")]
    total_charges: Option<Amount>,
    #[serde(default, deserialize_with = "wire::maybe")]
    negotiated_rate_charges: Option<Negotiated>,
    #[serde(default, deserialize_with = "wire::maybe")]
    billing_weight: Option<Weight>,
    #[serde(
        default,
        rename = "RatedShipmentAlert",
        deserialize_with = "wire::many"
    )]
    alerts: Vec<Told>,
    #[serde(default, deserialize_with = "wire::maybe")]
    guaranteed_delivery: Option<Guarantee>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Guarantee {
    #[serde(default, deserialize_with = "wire::text")]
    business_days_in_transit: String,
}

impl Client {
    /// The rates of all services, or of the one that the sending names, the cheapest first.
    pub(super) async fn ask_rates(&self, sending: &Sending) -> Result<Vec<Rate>, CarrierError> {
        self.without_papers(sending)?;
        let option = if sending.service.is_empty() {
            "Shop"
        } else {
            "Rate"
        };
        let body = self
            .rate_request(sending, option)
            .map_err(|why| self.not_asked(why))?;
        let path = format!("rating/v2409/{option}");
        let response = self
            .ask(Deed::Read, Method::POST, &path, Some(&body))
            .await?;
        let answer: Answer = response.json()?;
        let remarks: Vec<String> = answer
            .rate_response
            .response
            .alert
            .iter()
            .map(Told::remark)
            .collect();
        let mut rates = Vec::new();
        for rated in &answer.rate_response.rated_shipment {
            match rated.rate(&remarks) {
                Ok(rate) => rates.push(rate),
                Err(why) => {
                    tracing::warn!(service = %rated.service.code, "UPS told a rate that is none: {why}");
                }
            }
        }
        rates.sort_by(|a, b| {
            let key = |rate: &Rate| (rate.charge.currency, rate.charge.amount_minor);
            key(a).cmp(&key(b)).then_with(|| a.service.cmp(&b.service))
        });
        Ok(rates)
    }

    fn rate_request(&self, sending: &Sending, option: &str) -> Result<Value, String> {
        let from = sending.from.as_ref().unwrap_or(&sending.shipper);
        let system = System::of(&fit::country(from));
        let mut packages = Vec::new();
        for (at, piece) in sending.pieces.iter().enumerate() {
            let mut form =
                package(system, piece).map_err(|why| format!("piece {} {why}", at + 1))?;
            form.insert("PackagingType".to_owned(), json!({ "Code": "02" }));
            packages.push(Value::Object(form));
        }
        if packages.is_empty() {
            return Err("there is no piece to send".to_owned());
        }
        let mut shipment = Map::new();
        let shipper = json!({
            "ShipperNumber": self.account,
            "Address": fit::address(&sending.shipper).map_err(|why| format!("the sender: {why}"))?,
        });
        shipment.insert("Shipper".to_owned(), shipper);
        let to =
            fit::address(&sending.to).map_err(|why| format!("the address it goes to: {why}"))?;
        shipment.insert("ShipTo".to_owned(), json!({ "Address": to }));
        if let Some(from) = &sending.from {
            let from =
                fit::address(from).map_err(|why| format!("the address it comes from: {why}"))?;
            shipment.insert("ShipFrom".to_owned(), json!({ "Address": from }));
        }
        if !sending.service.is_empty() {
            shipment.insert("Service".to_owned(), json!({ "Code": sending.service }));
        }
        if self.negotiated_rates {
            let options = json!({ "NegotiatedRatesIndicator": "Y" });
            shipment.insert("ShipmentRatingOptions".to_owned(), options);
        }
        shipment.insert("Package".to_owned(), Value::Array(packages));
        Ok(json!({ "RateRequest": {
            "Request": { "RequestOption": option },
            "Shipment": shipment,
        }}))
    }
}

impl Rated {
    fn rate(&self, remarks: &[String]) -> Result<Rate, String> {
        let charge = wire::total(
            self.negotiated_rate_charges.as_ref(),
            self.total_charges.as_ref(),
        )?
        .ok_or("it names no price")?;
        let own = self.alerts.iter().map(Told::remark);
        let days = self.guaranteed_delivery.as_ref();
        Ok(Rate {
            service: self.service.code.clone(),
            name: name(&self.service),
            charge,
            billing_weight: self
                .billing_weight
                .as_ref()
                .map(Weight::shown)
                .unwrap_or_default(),
            days: days.and_then(|days| days.business_days_in_transit.parse().ok()),
            remarks: remarks.iter().cloned().chain(own).collect(),
        })
    }
}

/// The name of a service, by its code, where it is known here.
#[must_use]
pub fn service_name(code: &str) -> Option<&'static str> {
    Some(match code {
        "01" => "UPS Next Day Air",
        "02" => "UPS 2nd Day Air",
        "03" => "UPS Ground",
        "07" => "UPS Worldwide Express",
        "08" => "UPS Worldwide Expedited",
        "11" => "UPS Standard",
        "12" => "UPS 3 Day Select",
        "13" => "UPS Next Day Air Saver",
        "14" => "UPS Next Day Air Early",
        "54" => "UPS Worldwide Express Plus",
        "59" => "UPS 2nd Day Air A.M.",
        "65" => "UPS Worldwide Saver",
        _ => return None,
    })
}

/// The name of a service as UPS gives it.
fn name(service: &Coded) -> String {
    match service_name(&service.code) {
        Some(name) => name.to_owned(),
        None if !service.description.is_empty() => service.description.clone(),
        None => format!("UPS service {}", service.code),
    }
}
