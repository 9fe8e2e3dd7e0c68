//! Address Validation: whether a street is there, in the US and Puerto Rico. Ship never
//! checks it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::Deed;
use super::wire;
use super::{Client, fit};
use crate::domain::carriage::AddressCheck;
use crate::domain::order::Address;
use crate::integrations::carrier::CarrierError;

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "XAVResponse")]
    response: Checked,
}

/// Indicators count by being there, whatever they hold.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checked {
    valid_address_indicator: Option<Value>,
    ambiguous_address_indicator: Option<Value>,
    no_candidates_indicator: Option<Value>,
    #[serde(default, deserialize_with = "wire::many")]
    candidate: Vec<Candidate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Candidate {
    address_key_format: KeyFormat,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFormat {
    #[serde(default, deserialize_with = "wire::many")]
    address_line: Vec<String>,
    #[serde(default, deserialize_with = "wire::text")]
    political_division2: String,
    #[serde(default, deserialize_with = "wire::text")]
    political_division1: String,
    #[serde(default, deserialize_with = "wire::text")]
    postcode_primary_low: String,
    #[serde(default, deserialize_with = "wire::text")]
    postcode_extended_low: String,
    #[serde(default, deserialize_with = "wire::text")]
    country_code: String,
}

impl Client {
    /// Whether an address is there. Buys and changes nothing.
    ///
    /// # Errors
    /// UPS cannot be asked, or refuses the address as it is.
    pub async fn check_address(&self, address: &Address) -> Result<AddressCheck, CarrierError> {
        if !matches!(fit::country(address).as_str(), "US" | "PR") {
            return Ok(AddressCheck::NotChecked);
        }
        let Ok(form) = fit::address(address) else {
            return Ok(AddressCheck::Unknown);
        };
        let mut key = Map::new();
        let postcode = form["PostalCode"].as_str().unwrap_or_default();
        let (primary, extended) = postcode.split_at_checked(5).unwrap_or((postcode, ""));
        let state = match form["CountryCode"].as_str() {
            Some("PR") => json!("PR"),
            _ => form["StateProvinceCode"].clone(),
        };
        key.insert("AddressLine".to_owned(), form["AddressLine"].clone());
        key.insert("PoliticalDivision2".to_owned(), form["City"].clone());
        key.insert("PoliticalDivision1".to_owned(), state);
        key.insert("PostcodePrimaryLow".to_owned(), json!(primary));
        if !extended.is_empty() {
            key.insert("PostcodeExtendedLow".to_owned(), json!(extended));
        }
        key.insert("CountryCode".to_owned(), form["CountryCode"].clone());
        let body = json!({ "XAVRequest": { "AddressKeyFormat": key } });
        let path = "addressvalidation/v2/1";
        let response = self
            .ask(Deed::Read, Method::POST, path, Some(&body))
            .await?;
        let answer: Answer = response.json()?;
        Ok(answer.response.verdict(address))
    }
}

impl Checked {
    fn verdict(self, asked: &Address) -> AddressCheck {
        let mut candidates: Vec<Address> = self
            .candidate
            .into_iter()
            .map(|candidate| candidate.address_key_format.address(asked))
            .collect();
        if self.no_candidates_indicator.is_some() {
            return AddressCheck::Unknown;
        }
        match (
            self.valid_address_indicator,
            self.ambiguous_address_indicator,
        ) {
            (Some(_), _) => {
                candidates.truncate(1);
                let other = candidates.pop().filter(|one| plain(one) != plain(asked));
                let suggested = other.map(Box::new);
                AddressCheck::Valid { suggested }
            }
            (None, Some(_)) => AddressCheck::Ambiguous(candidates),
            (None, None) => AddressCheck::Unknown,
        }
    }
}

impl KeyFormat {
    /// As an address of whom was asked for.
    fn address(self, asked: &Address) -> Address {
        let mut lines = self.address_line.into_iter();
        let postcode = if self.postcode_extended_low.is_empty() {
            self.postcode_primary_low
        } else {
            format!(
                "{}-{}",
                self.postcode_primary_low, self.postcode_extended_low
            )
        };
        Address {
            line1: lines.next().unwrap_or_default(),
            line2: lines.collect::<Vec<_>>().join(" "),
            city: self.political_division2,
            state: self.political_division1,
            postcode,
            country: self.country_code,
            ..asked.clone()
        }
    }
}

/// An address without what makes no difference: capitals, dots, the four digits behind a
/// postal code, and how a kind of street is abbreviated.
fn plain(address: &Address) -> Vec<String> {
    let postcode: String = address
        .postcode
        .chars()
        .filter(char::is_ascii_digit)
        .take(5)
        .collect();
    let street = format!("{} {}", address.line1, address.line2).to_uppercase();
    let words = street
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| abbreviated(word).to_owned());
    let rest = [address.city.trim().to_uppercase(), postcode];
    words.chain(rest).collect()
}

fn abbreviated(word: &str) -> &str {
    match word {
        "STREET" => "ST",
        "AVENUE" => "AVE",
        "ROAD" => "RD",
        "DRIVE" => "DR",
        "LANE" => "LN",
        "COURT" => "CT",
        "PLACE" => "PL",
        "BOULEVARD" => "BLVD",
        "SUITE" => "STE",
        "APARTMENT" => "APT",
        "NORTH" => "N",
        "SOUTH" => "S",
        "EAST" => "E",
        "WEST" => "W",
        word => word,
    }
}
