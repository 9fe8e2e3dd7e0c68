//! What UPS' codes ask of people, in words.

/// What a code asks of people, where UPS' own words leave it open.
pub fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "120100" => "the account (shipper number) is not right, or not this app's",
        "120202" => "the street of the address it goes to",
        "120205" => "the city of the address it goes to",
        "120206" => "the state of the address it goes to",
        "120207" => "the postal code of the address it goes to",
        "120209" => "the telephone number of whom it goes to",
        "120802" => "the address it goes to",
        "120124" | "121210" => "this service does not go from there to there",
        "190101" => "it is too late to void it",
        "190102" => "nothing that could still be voided has this number",
        "190104" => "a return cannot be voided here",
        "190112" | "190113" => "of a return or an international shipment only all can be voided",
        "300002" => "the label was sent already",
        "300006" => "the label has expired",
        "TV1002" => "this is no tracking number",
        _ => return None,
    })
}
