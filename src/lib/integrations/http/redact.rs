//! Keeps secrets out of whatever leaves the process beside the request itself.
//!
//! Two nets: values that were registered, wherever and however encoded they turn up, and
//! fields whose names say that they hold a secret, also one that nobody has registered.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

/// What stands in a secret's place.
pub const REDACTED: &str = "REDACTED";

/// Shorter values are part of ordinary words: replacing them would garble all else.
const SHORTEST: usize = 4;

const NAMES: &str = "oauth_consumer_key|oauth_signature|oauth_token|consumer_key|consumer_secret|\
    client_secret|access_token|refresh_token|id_token|api_key|apikey|password|passwd|secret|\
    signature";

/// The secrets that are known, in every form they may be written in.
pub struct Redactor {
    known: RwLock<Vec<String>>,
    in_form: Regex,
    in_json: Regex,
}

impl Redactor {
    /// One that knows no values yet, only names.
    pub fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            known: RwLock::default(),
            in_form: Regex::new(&format!(r#"(?i)([?&]|^)({NAMES})=[^&#\s"\\<]*"#))?,
            in_json: Regex::new(&format!(r#"(?i)"({NAMES})"(\s*:\s*)"(?:[^"\\]|\\.)*""#))?,
        })
    }

    /// Registers a secret's value.
    pub fn add(&self, secret: &SecretString) {
        let value = secret.expose_secret();
        if value.len() < SHORTEST {
            return;
        }
        let json = serde_json::Value::from(value).to_string();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for form in [
            value.to_owned(),
            crate::integrations::percent::encode(value),
            json.trim_matches('"').to_owned(),
            // Without padding, which not everybody writes.
            STANDARD_NO_PAD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
        ] {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        // The longest first: one secret may be part of another.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without secrets: known values, and fields of a form or of JSON named so.
    pub fn text(&self, text: &str) -> String {
        let mut clean = Cow::Borrowed(text);
        for form in &*self.known.read().unwrap_or_else(PoisonError::into_inner) {
            if clean.contains(form.as_str()) {
                clean = Cow::Owned(clean.replace(form.as_str(), REDACTED));
            }
        }
        let form = self
            .in_form
            .replace_all(&clean, format!("${{1}}${{2}}={REDACTED}"));
        self.in_json
            .replace_all(&form, format!("\"${{1}}\"${{2}}\"{REDACTED}\""))
            .into_owned()
    }

    /// A header's value without secrets. Of credentials, the scheme stays readable.
    pub fn header(&self, name: &str, value: &str) -> String {
        match name {
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} {REDACTED}"),
                None => REDACTED.to_owned(),
            },
            "cookie" | "set-cookie" | "x-api-key" | "x-ebay-api-iaf-token" => REDACTED.to_owned(),
            _ => self.text(value),
        }
    }
}

/// Text without characters that could steer the reader's terminal.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_found_in_every_form() {
        let redactor = Redactor::new().unwrap();
        redactor.add(&SecretString::from("p&ss/w\"rd"));
        redactor.add(&SecretString::from("abc"));
        for text in [
            "p&ss/w\"rd",
            "x=p%26ss%2Fw%22rd",
            r#"{"note":"p&ss/w\"rd"}"#,
            &STANDARD_NO_PAD.encode("p&ss/w\"rd"),
            &URL_SAFE_NO_PAD.encode("p&ss/w\"rd"),
        ] {
            let clean = redactor.text(text);
            assert!(clean.contains(REDACTED), "{clean}");
            assert!(
                !clean.contains("ss/w") && !clean.contains("%26ss"),
                "{clean}"
            );
        }
        assert_eq!(redactor.text("abc"), "abc");
    }

    #[test]
    fn a_field_named_as_a_secret_is_emptied_without_being_known() {
        let redactor = Redactor::new().unwrap();
        assert_eq!(
            redactor.text("http://h/p?page=1&oauth_signature=a%2Bb&consumer_secret=cs_1#x"),
            "http://h/p?page=1&oauth_signature=REDACTED&consumer_secret=REDACTED#x"
        );
        assert_eq!(
            redactor.text(r#"{"access_token" : "a\"b","expires_in":"3"}"#),
            r#"{"access_token" : "REDACTED","expires_in":"3"}"#
        );
        assert_eq!(
            redactor.text("client_secret=x&grant_type=code"),
            "client_secret=REDACTED&grant_type=code"
        );
        assert_eq!(
            redactor.header("authorization", "Basic x"),
            "Basic REDACTED"
        );
        assert_eq!(redactor.header("authorization", "x"), REDACTED);
        assert_eq!(redactor.header("accept", "*/*"), "*/*");
    }
}
