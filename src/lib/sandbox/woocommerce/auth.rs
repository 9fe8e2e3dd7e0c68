//! Who is asking: OAuth 1.0a (RFC 5849) with HMAC-SHA256 in the query on plain HTTP, Basic on
//! HTTPS. Signatures are verified for real, and no nonce is taken twice.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::reply::Refusal;

/// How far a signed request's time may be from ours.
const WINDOW_S: u64 = 15 * 60;

/// What of a request its authentication depends on.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// `http://host[:port]/path`, as the client addressed it.
    pub url: &'a str,
    /// The query, decoded.
    pub query: &'a [(String, String)],
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Whether the request came over HTTPS.
    pub https: bool,
}

/// The one key that opens the shop, and the nonces it has used.
#[derive(Debug, Clone)]
pub struct Guard {
    key: String,
    secret: String,
    /// Times and nonces, oldest first.
    seen: BTreeSet<(i64, String)>,
}

impl Guard {
    /// A guard who knows one key and its secret.
    pub fn new(key: String, secret: String) -> Self {
        Self {
            key,
            secret,
            seen: BTreeSet::new(),
        }
    }

    /// The consumer key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The consumer secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Lets a request in. Its time is held against each of `clocks`: the shop's may have been
    /// moved, and then a client goes by the machine's.
    ///
    /// # Errors
    /// No key or a wrong one, a wrong secret or signature, an old time, a used nonce: 401.
    pub fn admit(&mut self, request: Signed<'_>, clocks: [i64; 2]) -> Result<(), Refusal> {
        let basic = request.authorization.and_then(|h| h.strip_prefix("Basic "));
        if let (true, Some(basic)) = (request.https, basic) {
            return self.basic(basic);
        }
        self.oauth(request, clocks)
    }

    fn basic(&self, encoded: &str) -> Result<(), Refusal> {
        let decoded = STANDARD
            .decode(encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        let (key, secret) = decoded.split_once(':').unwrap_or_default();
        if key != self.key {
            return Err(stranger());
        }
        if secret != self.secret {
            return Err(refused("Consumer secret is invalid."));
        }
        Ok(())
    }

    fn oauth(&mut self, request: Signed<'_>, clocks: [i64; 2]) -> Result<(), Refusal> {
        let find = |name: &str| {
            let mut all = request.query.iter().filter(|(key, _)| key == name);
            all.next().map(|(_, value)| value.as_str())
        };
        let Some(key) = find("oauth_consumer_key") else {
            return Err(stranger());
        };
        if key != self.key {
            return Err(stranger());
        }
        let missing = |name: &str| refused(format!("Missing OAuth parameter {name}"));
        let need = |name: &str| find(name).ok_or_else(|| missing(name));
        let (timestamp, nonce) = (need("oauth_timestamp")?, need("oauth_nonce")?);
        let signature = need("oauth_signature")?;
        if need("oauth_signature_method")? != "HMAC-SHA256" {
            return Err(refused("Invalid signature - signature method is invalid."));
        }
        self.verify(request, signature)?;
        let at: i64 = timestamp
            .parse()
            .map_err(|_| refused("Invalid timestamp."))?;
        if clocks.iter().all(|now| now.abs_diff(at) > WINDOW_S) {
            return Err(refused("Invalid timestamp."));
        }
        self.spend(nonce, at, clocks)
    }

    /// A signature over `include[]=1` never matches: the shop signs what PHP made of it.
    fn verify(&self, request: Signed<'_>, signature: &str) -> Result<(), Refusal> {
        let bad = || refused("Invalid signature - provided signature does not match.");
        if request.query.iter().any(|(key, _)| key.contains('[')) {
            return Err(bad());
        }
        let given = STANDARD.decode(signature).map_err(|_| bad())?;
        let base = base_string(request.method, request.url, request.query);
        let mac = Hmac::<Sha256>::new_from_slice(format!("{}&", encode(&self.secret)).as_bytes())
            .map_err(|_| bad())?;
        mac.chain_update(base.as_bytes())
            .verify_slice(&given)
            .map_err(|_| bad())
    }

    fn spend(&mut self, nonce: &str, at: i64, clocks: [i64; 2]) -> Result<(), Refusal> {
        let oldest = clocks[0].min(clocks[1]).saturating_sub_unsigned(WINDOW_S);
        self.seen = self.seen.split_off(&(oldest, String::new()));
        if !self.seen.insert((at, nonce.to_owned())) {
            return Err(refused("Invalid nonce - nonce has already been used."));
        }
        Ok(())
    }
}

/// The signature base string of RFC 5849, section 3.4.1, without `oauth_signature`.
fn base_string(method: &str, url: &str, query: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> = query
        .iter()
        .filter(|(key, _)| key != "oauth_signature")
        .map(|(key, value)| (encode(key), encode(value)))
        .collect();
    pairs.sort();
    let joined: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("{method}&{}&{}", encode(url), encode(&joined.join("&")))
}

/// Percent-encoding of RFC 5849, section 3.6: all but letters, digits and `-._~`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What a caller without a known key is told.
fn stranger() -> Refusal {
    Refusal::new(
        401,
        "woocommerce_rest_cannot_view",
        "Sorry, you cannot list resources.",
    )
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal::new(401, "woocommerce_rest_authentication_error", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;
    const URL: &str = "http://127.0.0.1:9000/woocommerce/wp-json/wc/v3/products";

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        list.iter().map(own).collect()
    }

    /// A query signed with `secret`.
    fn signed(secret: &str, nonce: &str, at: i64, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let at = at.to_string();
        let mut query = pairs(&[
            ("oauth_consumer_key", "ck_sandbox"),
            ("oauth_timestamp", &at),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
        ]);
        query.extend(pairs(more));
        let mac = Hmac::<Sha256>::new_from_slice(format!("{secret}&").as_bytes())
            .unwrap()
            .chain_update(base_string("GET", URL, &query).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        query.extend(pairs(&[("oauth_signature", &signature)]));
        query
    }

    fn ask(guard: &mut Guard, query: &[(String, String)]) -> Result<(), &'static str> {
        let request = Signed {
            method: "GET",
            url: URL,
            query,
            authorization: None,
            https: false,
        };
        guard.admit(request, [NOW, NOW]).map_err(|r| r.code)
    }

    fn guard() -> Guard {
        Guard::new("ck_sandbox".to_owned(), "cs_sandbox".to_owned())
    }

    #[test]
    fn the_base_string_is_that_of_the_standard() {
        // RFC 5849, section 3.4.1.1.
        let query = pairs(&[
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="),
            ("c2", ""),
            ("a3", "2 q"),
        ]);
        assert_eq!(
            base_string("POST", "http://example.com/request", &query),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D\
             %253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26\
             oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D\
             137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn a_signature_made_elsewhere_is_accepted() {
        // Made with Python's hmac module over a base string written by hand.
        let query = pairs(&[
            ("oauth_consumer_key", "ck_sandbox"),
            ("oauth_timestamp", "1795000000"),
            ("oauth_nonce", "abc"),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("include", "1,2"),
            (
                "oauth_signature",
                "J6bgThDy0qfonn/lVSylEDfK7ZnZJBoGJQN36HSAYCg=",
            ),
        ]);
        assert_eq!(ask(&mut guard(), &query), Ok(()));
    }

    #[test]
    fn a_nonce_is_good_once() {
        let mut guard = guard();
        let query = signed("cs_sandbox", "n1", NOW, &[("search", "thé à l'ail & more")]);
        assert_eq!(ask(&mut guard, &query), Ok(()));
        assert_eq!(
            ask(&mut guard, &query),
            Err("woocommerce_rest_authentication_error")
        );
        assert_eq!(
            ask(&mut guard, &signed("cs_sandbox", "n2", NOW, &[])),
            Ok(())
        );
    }

    #[test]
    fn times_hold_within_fifteen_minutes() {
        for (at, fine) in [(NOW - 900, true), (NOW + 900, true), (NOW - 901, false)] {
            let query = signed("cs_sandbox", "n", at, &[]);
            assert_eq!(ask(&mut guard(), &query).is_ok(), fine, "{at}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_code() {
        let cases = [
            (
                signed("wrong", "n", NOW, &[]),
                "woocommerce_rest_authentication_error",
            ),
            (
                signed("cs_sandbox", "n", NOW, &[("include[]", "1")]),
                "woocommerce_rest_authentication_error",
            ),
            (pairs(&[]), "woocommerce_rest_cannot_view"),
            (
                pairs(&[("oauth_consumer_key", "ck_other")]),
                "woocommerce_rest_cannot_view",
            ),
            (
                pairs(&[("oauth_consumer_key", "ck_sandbox")]),
                "woocommerce_rest_authentication_error",
            ),
        ];
        for (query, code) in cases {
            assert_eq!(ask(&mut guard(), &query), Err(code));
        }
    }

    #[test]
    fn basic_works_on_https_alone() {
        let header = |key, secret| format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")));
        let cases = [
            (header("ck_sandbox", "cs_sandbox"), true, None),
            (
                header("ck_sandbox", "cs_sandbox"),
                false,
                Some("woocommerce_rest_cannot_view"),
            ),
            (
                header("ck_sandbox", "no"),
                true,
                Some("woocommerce_rest_authentication_error"),
            ),
            (
                header("no", "cs_sandbox"),
                true,
                Some("woocommerce_rest_cannot_view"),
            ),
        ];
        for (header, https, code) in cases {
            let request = Signed {
                method: "GET",
                url: URL,
                query: &[],
                authorization: Some(&header),
                https,
            };
            let answer = guard().admit(request, [NOW, NOW]);
            assert_eq!(answer.err().map(|r| r.code), code, "{header} {https}");
        }
    }
}
