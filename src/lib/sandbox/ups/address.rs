//! Address Validation, by how an address is written: a street without a number is unknown,
//! one whose kind (street, avenue, ...) is left out may be either of two, any other is there.
//! Kinds are abbreviated and all is in capitals, as the post writes it.

use serde_json::{Value, json};

use super::Refusal;
use super::reply::head;
use super::shape::Part;
use crate::sandbox::woocommerce::Reply;

/// Kinds of street, and how the post writes them.
const KINDS: [(&str, &str); 8] = [
    ("STREET", "ST"),
    ("AVENUE", "AVE"),
    ("ROAD", "RD"),
    ("DRIVE", "DR"),
    ("LANE", "LN"),
    ("COURT", "CT"),
    ("BOULEVARD", "BLVD"),
    ("WAY", "WAY"),
];

/// Answers; option 1 checks, 2 classifies, 3 does both.
pub fn answer(body: &Value, option: &str) -> Result<Reply, Refusal> {
    let request = Part::open(body, "XAVRequest")?;
    request.only(&["AddressKeyFormat"])?;
    let key = request.part("AddressKeyFormat")?;
    key.only(&[
        "ConsigneeName",
        "AttentionName",
        "AddressLine",
        "PoliticalDivision2",
        "PoliticalDivision1",
        "PostcodePrimaryLow",
        "PostcodeExtendedLow",
        "Urbanization",
        "CountryCode",
    ])?;
    let country = key.text("CountryCode", 2..=2)?;
    if !matches!(country, "US" | "PR") {
        return Err(Refusal::new(
            "264002",
            "Country code is invalid or not supported.",
        ));
    }
    let lines = key.texts("AddressLine", 1..=3, 1..=100)?;
    let city = key.text("PoliticalDivision2", 1..=30)?.to_uppercase();
    let state = key.text("PoliticalDivision1", 1..=30)?.to_uppercase();
    let postcode = key.text("PostcodePrimaryLow", 5..=10)?;
    let street = lines[0].to_uppercase();
    let words: Vec<&str> = street
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    let known = |word: &&str| {
        KINDS
            .iter()
            .find(|(kind, short)| *kind == *word || *short == *word)
    };
    let has_number = words
        .first()
        .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let candidate = |street: String| {
        let mut all = vec![street];
        all.extend(lines.iter().skip(1).map(|line| line.to_uppercase()));
        json!({ "AddressKeyFormat": {
            "AddressLine": all,
            "PoliticalDivision2": city,
            "PoliticalDivision1": state,
            "PostcodePrimaryLow": postcode,
            "PostcodeExtendedLow": "0001",
            "Region": format!("{city} {state} {postcode}-0001"),
            "CountryCode": country,
        }})
    };
    let mut told = json!({ "Response": head() });
    if !has_number {
        told["NoCandidatesIndicator"] = json!("");
    } else if words.iter().any(|word| known(word).is_some()) {
        let short = |word: &&str| known(word).map_or(*word, |(_, short)| *short).to_owned();
        let street: Vec<String> = words.iter().map(short).collect();
        told["ValidAddressIndicator"] = json!("");
        told["Candidate"] = json!([candidate(street.join(" "))]);
    } else {
        let street = words.join(" ");
        let two = ["ST", "AVE"].map(|kind| candidate(format!("{street} {kind}")));
        told["AmbiguousAddressIndicator"] = json!("");
        told["Candidate"] = json!(two);
    }
    if option != "1" {
        told["AddressClassification"] = json!({ "Code": "2", "Description": "Residential" });
    }
    Ok(Reply::json(200, &json!({ "XAVResponse": told })))
}
