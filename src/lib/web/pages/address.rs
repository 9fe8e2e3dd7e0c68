//! Addresses of pages, with what was searched for in them.

use std::fmt::Write as _;

/// A text as part of a path or a query (RFC 3986, 2.3).
pub fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// A path with a query of what is not empty.
pub fn query(path: &str, fields: &[(&str, &str)]) -> String {
    let said = fields.iter().filter(|(_, value)| !value.is_empty());
    let said: Vec<String> = said
        .map(|(name, value)| format!("{name}={}", part(value)))
        .collect();
    if said.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", said.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_one_value() {
        let fields = [("q", "a&b=\"c\"/%"), ("status", "")];
        assert_eq!(query("/orders", &fields), "/orders?q=a%26b%3D%22c%22%2F%25");
        assert_eq!(query("/orders", &[]), "/orders");
    }
}
