//! The client of UPS against the stand-in, over HTTP: what is bought, found, voided and
//! followed, and what is left when answers go wrong. No store takes part.

mod asking;
mod buying;
mod losses;
mod undoing;

use std::path::PathBuf;
use std::time::Duration;

use opsctl::domain::carriage::{Piece, Sending};
use opsctl::domain::order::Address;
use opsctl::integrations::carrier::CarrierError;
use opsctl::integrations::http::{Http, HttpOptions, RetryPlan};
use opsctl::integrations::ups::{Client, Settings};
use opsctl::sandbox::ups::{ACCOUNT, CLIENT_ID, CLIENT_SECRET};
use opsctl::sandbox::{Clock, Content, Options, Sandbox};
use secrecy::SecretString;

/// The call that buys, as the stand-in counts it.
const SHIP: &str = "POST /api/shipments/v2409/ship";

/// The call for a token.
const TOKEN: &str = "POST /security/v1/oauth/token";

/// 2026-11-18, 11:06:40 UTC.
const NOW: i64 = 1_795_000_000;

/// A stand-in, and a client of it.
struct House {
    sandbox: Sandbox,
    client: Client,
}

impl House {
    async fn new() -> Self {
        Self::recording(None).await
    }

    async fn recording(record: Option<PathBuf>) -> Self {
        let sandbox = Sandbox::start(Options {
            content: Content::Empty,
            clock: Clock::fixed(NOW),
            ..Options::default()
        });
        let sandbox = sandbox.await.unwrap();
        let client = client(&sandbox, CLIENT_SECRET, record);
        Self { sandbox, client }
    }

    fn spoil(&self, rule: &str) {
        self.sandbox.faults().inject(rule.parse().unwrap());
    }

    fn asked(&self, call: &str) -> u64 {
        self.sandbox.ups().counts().of(call)
    }

    fn bought(&self) -> usize {
        self.sandbox.ups().counts().bought
    }
}

/// A client that waits for an answer for two seconds, and hardly between attempts.
fn client(sandbox: &Sandbox, secret: &str, record: Option<PathBuf>) -> Client {
    let http = Http::new(HttpOptions {
        timeout: Duration::from_secs(2),
        retry: RetryPlan {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_secs(1),
            ..RetryPlan::default()
        },
        record,
        ..HttpOptions::default()
    });
    let settings = Settings {
        base_url: sandbox.ups_url(),
        account: ACCOUNT.to_owned(),
        client_id: SecretString::from(CLIENT_ID),
        client_secret: SecretString::from(secret.to_owned()),
        negotiated_rates: true,
    };
    Client::new(http.unwrap().lane("ups", 1000, 8), &settings).unwrap()
}

fn reno() -> Address {
    Address {
        name: "Ann Clerk".to_owned(),
        company: "The Clock Shop".to_owned(),
        line1: "1 A Street".to_owned(),
        city: "Reno".to_owned(),
        state: "NV".to_owned(),
        postcode: "89501".to_owned(),
        country: "US".to_owned(),
        phone: "+1 775 555 0100".to_owned(),
        ..Address::default()
    }
}

fn albany() -> Address {
    Address {
        name: "Bob Buyer".to_owned(),
        line1: "2 B Street".to_owned(),
        city: "Albany".to_owned(),
        state: "NY".to_owned(),
        postcode: "12207-1234".to_owned(),
        country: "US".to_owned(),
        ..Address::default()
    }
}

fn haarlem() -> Address {
    Address {
        name: "Noor Visser".to_owned(),
        line1: "Kade 12".to_owned(),
        city: "Haarlem".to_owned(),
        postcode: "2011 AB".to_owned(),
        country: "NL".to_owned(),
        phone: "+31 20 123 45 67".to_owned(),
        ..Address::default()
    }
}

fn berlin() -> Address {
    Address {
        name: "Jörg Käufer".to_owned(),
        line1: "Straße 3".to_owned(),
        city: "Berlin".to_owned(),
        postcode: "10115".to_owned(),
        country: "DE".to_owned(),
        phone: "030 123456".to_owned(),
        ..Address::default()
    }
}

fn sending(shipper: Address, to: Address, service: &str, pieces: usize) -> Sending {
    let piece = Piece {
        weight_g: 1_001,
        size_mm: Some([300, 200, 101]),
        contents: "A clock".to_owned(),
    };
    Sending {
        reference: "s7-1".to_owned(),
        shipper,
        from: None,
        to,
        service: service.to_owned(),
        inbound: false,
        pieces: vec![piece; pieces],
        numbers: Vec::new(),
    }
}

/// Pieces from Reno to Albany by Ground.
fn american(pieces: usize) -> Sending {
    sending(reno(), albany(), "03", pieces)
}

/// Pieces from Haarlem to Berlin by Standard.
fn european(pieces: usize) -> Sending {
    sending(haarlem(), berlin(), "11", pieces)
}

/// What comes back from Berlin to Haarlem.
fn returned(pieces: usize) -> Sending {
    Sending {
        from: Some(berlin()),
        inbound: true,
        ..sending(haarlem(), haarlem(), "11", pieces)
    }
}

/// What a failure is, in a word.
fn class(error: &CarrierError) -> &'static str {
    match error {
        CarrierError::Refused { .. } => "refused",
        CarrierError::Unauthorized { .. } => "unauthorized",
        CarrierError::Unavailable { .. } => "unavailable",
        CarrierError::Unknown { .. } => "unknown",
        CarrierError::Http(_) => "http",
    }
}
