//! Void: a whole shipment, or packages of it by number. What is void already counts as
//! voided, so that a lost answer is harmless.

use reqwest::Method;
use serde::Deserialize;

use super::Client;
use super::error::Deed;
use super::wire::{self, Coded};
use crate::domain::carriage::Voided;
use crate::integrations::carrier::CarrierError;
use crate::integrations::http::Response;
use crate::integrations::percent;

/// The most numbers that a call takes.
const AT_ONCE: usize = 20;

/// UPS' code for what was voided before.
const ALREADY: &str = "190117";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    void_shipment_response: Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    summary_result: Outcome,
    #[serde(default, alias = "PackageLevelResult", deserialize_with = "wire::many")]
    package_level_results: Vec<OfPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    status: Coded,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfPackage {
    #[serde(default, deserialize_with = "wire::text")]
    tracking_number: String,
    #[serde(default, deserialize_with = "wire::maybe")]
    status: Option<Coded>,
}

impl OfPackage {
    fn is_void(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| status.code == "1")
    }
}

impl Client {
    /// Voids a shipment, or the packages with these numbers.
    pub(super) async fn cancel(&self, id: &str, pieces: &[String]) -> Result<Voided, CarrierError> {
        for number in pieces.iter().map(String::as_str).chain([id]) {
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(self.not_asked(format!("{number:?} is no number of UPS")));
            }
        }
        let path = format!("shipments/v2409/void/cancel/{}", id.to_ascii_uppercase());
        if pieces.is_empty() {
            return self.cancel_call(&path, &[]).await;
        }
        let mut voided = Vec::new();
        let mut refused = None;
        for chunk in pieces.chunks(AT_ONCE) {
            let numbers: Vec<String> = chunk.iter().map(|n| n.to_ascii_uppercase()).collect();
            let query = match numbers.as_slice() {
                [one] => one.clone(),
                many => serde_json::json!(many).to_string(),
            };
            let path = format!("{path}?trackingnumber={}", percent::encode(&query));
            match self.cancel_call(&path, &numbers).await? {
                Voided::All => voided.extend_from_slice(chunk),
                Voided::Some(some) => {
                    let is_void = |number: &&String| some.contains(&number.to_ascii_uppercase());
                    voided.extend(chunk.iter().filter(is_void).cloned());
                }
                Voided::Refused(why) => refused = Some(why),
            }
        }
        Ok(match (voided.len(), refused) {
            (0, why) => Voided::Refused(why.unwrap_or_else(|| "nothing was voided".to_owned())),
            (n, _) if n == pieces.len() => Voided::All,
            _ => Voided::Some(voided),
        })
    }

    /// One call; without numbers, for the whole shipment.
    async fn cancel_call(&self, path: &str, numbers: &[String]) -> Result<Voided, CarrierError> {
        let response = match self.ask(Deed::Void, Method::DELETE, path, None).await {
            Ok(response) => response,
            Err(failed) if failed.code == ALREADY => return Ok(Voided::All),
            Err(failed) => {
                return match failed.error {
                    CarrierError::Refused { code, message, .. } => {
                        Ok(Voided::Refused(format!("{message} ({code})")))
                    }
                    error => Err(error),
                };
            }
        };
        self.outcome(&response, numbers)
    }

    fn outcome(&self, response: &Response, numbers: &[String]) -> Result<Voided, CarrierError> {
        let answer: Answer = response
            .json()
            .map_err(|error| self.unknown(error.to_string()))?;
        let answer = answer.void_shipment_response;
        let packages = &answer.package_level_results;
        let void: Vec<String> = packages
            .iter()
            .filter(|package| package.is_void())
            .map(|package| package.tracking_number.to_ascii_uppercase())
            .collect();
        let is_success = answer.summary_result.status.code == "1";
        let is_whole = if packages.is_empty() {
            is_success
        } else if numbers.is_empty() {
            is_success && void.len() == packages.len()
        } else {
            numbers.iter().all(|number| void.contains(number))
        };
        Ok(match void.len() {
            _ if is_whole => Voided::All,
            0 => Voided::Refused(response.clean(&format!(
                "UPS voided nothing: {}",
                answer.summary_result.status.description
            ))),
            _ => Voided::Some(void),
        })
    }
}
