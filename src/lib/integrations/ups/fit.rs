//! Addresses and texts as UPS' fields hold them. Names and cities are cut, for the label
//! stays deliverable; a street is wrapped, and refused where it does not fit, for it does not.

use serde_json::{Map, Value, json};

use crate::domain::order::Address;

/// The most characters of a name, a street line and a reference.
pub const NAME: usize = 35;
const LINE: usize = 35;
const LINES: usize = 3;
const CITY: usize = 30;
const PHONE: usize = 15;
const POSTCODE: usize = 9;

/// The first so many characters, trimmed.
pub fn cut(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text
        .char_indices()
        .nth(most)
        .map_or(text.len(), |(at, _)| at);
    text[..end].trim().to_owned()
}

/// The digits of a telephone number, without an extension.
pub fn phone(text: &str) -> Option<String> {
    let number = text.split(|c: char| c.is_ascii_alphabetic()).next();
    let digits = number.unwrap_or_default().chars();
    let digits: String = digits.filter(char::is_ascii_digit).take(PHONE).collect();
    (!digits.is_empty()).then_some(digits)
}

/// A country's two letters.
pub fn country(address: &Address) -> String {
    let country = address.country.trim().to_ascii_uppercase();
    // Some shops have Puerto Rico as a state.
    if country == "US" && address.state.trim().eq_ignore_ascii_case("PR") {
        return "PR".to_owned();
    }
    country
}

/// The street in up to three lines of 35 characters, wrapped at blanks.
fn street(address: &Address) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = Vec::new();
    for given in [&address.line1, &address.line2] {
        let mut line = String::new();
        for word in given.split_whitespace() {
            if word.chars().count() > LINE {
                return Err(format!(
                    "{word:?} is longer than a line of {LINE} characters"
                ));
            }
            if line.chars().count() + 1 + word.chars().count() > LINE && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    match lines.len() {
        0 => Err("there is no street".to_owned()),
        1..=LINES => Ok(lines),
        _ => Err(format!(
            "the street is longer than {LINES} lines of {LINE} characters"
        )),
    }
}

/// An address in UPS' form.
///
/// # Errors
/// Something is missing without which nothing arrives, or the street is too long.
pub fn address(of: &Address) -> Result<Value, String> {
    let country = country(of);
    if country.len() != 2 {
        return Err("there is no country".to_owned());
    }
    let city = cut(&of.city, CITY);
    if city.is_empty() {
        return Err("there is no city".to_owned());
    }
    let mut form = Map::new();
    form.insert("AddressLine".to_owned(), json!(street(of)?));
    form.insert("City".to_owned(), json!(city));
    let state = of.state.trim().to_ascii_uppercase();
    if matches!(country.as_str(), "US" | "CA") {
        if state.len() != 2 {
            return Err("the state is not two letters".to_owned());
        }
        form.insert("StateProvinceCode".to_owned(), json!(state));
    }
    let mut postcode = of.postcode.trim().to_uppercase();
    if matches!(country.as_str(), "US" | "PR") {
        postcode.retain(|c| c.is_ascii_digit());
        if postcode.is_empty() {
            return Err("there is no postal code".to_owned());
        }
    } else if postcode.chars().count() > POSTCODE {
        postcode.retain(char::is_alphanumeric);
    }
    let postcode = cut(&postcode, POSTCODE);
    if !postcode.is_empty() {
        form.insert("PostalCode".to_owned(), json!(postcode));
    }
    form.insert("CountryCode".to_owned(), json!(country));
    Ok(Value::Object(form))
}

/// Somebody in UPS' form: the company first where there is one, the person beside it.
///
/// # Errors
/// As [`address`]; also without a name.
pub fn party(of: &Address) -> Result<Map<String, Value>, String> {
    let (person, company) = (cut(&of.name, NAME), cut(&of.company, NAME));
    let name = if company.is_empty() {
        &person
    } else {
        &company
    };
    if name.is_empty() {
        return Err("there is no name".to_owned());
    }
    let attention = if person.is_empty() { name } else { &person };
    let mut form = Map::new();
    form.insert("Name".to_owned(), json!(name));
    form.insert("AttentionName".to_owned(), json!(attention));
    if let Some(number) = phone(&of.phone) {
        form.insert("Phone".to_owned(), json!({ "Number": number }));
    }
    form.insert("Address".to_owned(), address(of)?);
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line1: &str, line2: &str) -> Address {
        Address {
            name: "Zoë Łukasiewicz".to_owned(),
            line1: line1.to_owned(),
            line2: line2.to_owned(),
            city: "Reno".to_owned(),
            state: "nv".to_owned(),
            postcode: "89501-1234".to_owned(),
            country: "us".to_owned(),
            phone: "+1 (512) 555-0100 ext. 12".to_owned(),
            ..Address::default()
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("  a   b ", 35), "a b");
        assert_eq!(cut(&"é".repeat(40), 35), "é".repeat(35));
        assert_eq!(cut("ab cd", 3), "ab");
    }

    #[test]
    fn a_street_is_wrapped_over_three_lines_or_refused() {
        let long = "12 The Very Long and Winding Avenue of the Old Harbour Masters";
        let form = address(&at(long, "Building C")).unwrap();
        assert_eq!(
            form["AddressLine"],
            json!([
                "12 The Very Long and Winding Avenue",
                "of the Old Harbour Masters",
                "Building C"
            ])
        );
        assert_eq!(
            (&form["PostalCode"], &form["CountryCode"]),
            (&json!("895011234"), &json!("US"))
        );
        let error = address(&at(&format!("{long} {long}"), "")).unwrap_err();
        assert!(error.contains("3 lines of 35"), "{error}");
        assert!(address(&at(&"x".repeat(36), "")).is_err());
        assert!(address(&at("", "")).is_err());
    }

    #[test]
    fn a_party_has_a_company_before_a_person() {
        let mut who = at("1 A St", "");
        let form = party(&who).unwrap();
        assert_eq!(
            (&form["Name"], &form["AttentionName"]),
            (&form["AttentionName"], &json!("Zoë Łukasiewicz"))
        );
        assert_eq!(form["Phone"]["Number"], "15125550100");
        who.company = "Clocks & Co".to_owned();
        let form = party(&who).unwrap();
        assert_eq!(
            (&form["Name"], &form["AttentionName"]),
            (&json!("Clocks & Co"), &json!("Zoë Łukasiewicz"))
        );
        who.phone = "none".to_owned();
        assert!(!party(&who).unwrap().contains_key("Phone"));
        who.state = "Nevada".to_owned();
        assert!(party(&who).is_err());
    }

    #[test]
    fn a_foreign_address_keeps_its_postal_code_and_no_state() {
        let mut of = at("Kade 12", "");
        (of.country, of.postcode, of.state) = ("NL".into(), "2011 ab".into(), "NH".into());
        let form = address(&of).unwrap();
        assert_eq!(form["PostalCode"], "2011 AB");
        assert!(form.get("StateProvinceCode").is_none());
        of.country = "US".into();
        of.state = "PR".into();
        assert_eq!(country(&of), "PR");
    }
}
