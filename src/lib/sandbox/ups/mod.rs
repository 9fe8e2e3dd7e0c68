//! A stand-in for UPS: the calls that a shop makes, for one account, with state.
//!
//! Paths are UPS' own below `/ups`: `/api/shipments/v2409/ship`. [`answer`] takes a request
//! through the token to its call; [`Ups`] is the same carrier for whoever runs the sandbox,
//! to move parcels along and to count what was bought. Prices are made up, and the street
//! check goes by how an address is written (`address`).

mod address;
mod auth;
mod carrier;
mod label;
mod parcel;
mod rate;
mod recovery;
mod reply;
mod shape;
mod ship;
mod shipment;
mod state;
mod track;
mod void;
mod weather;

use serde_json::Value;

pub use carrier::{Counts, Ups};
pub use reply::Refusal;
pub use shipment::{Package, Row, Shipment, Stage};
pub use state::State;
pub(super) use weather::{instead, spoil};

use super::woocommerce::Reply;

/// The app's client id.
pub const CLIENT_ID: &str = "ups_sandbox";

/// Its secret.
pub const CLIENT_SECRET: &str = "ups_sandbox_secret";

/// The one account.
pub const ACCOUNT: &str = "A1B2C3";

/// A request, as far as UPS looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below `/ups`.
    pub path: &'a str,
    /// The query, decoded.
    pub query: &'a [(String, String)],
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Whether `transId` and `transactionSrc` are there.
    pub has_transaction: bool,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    fn query(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.query.iter();
        let found = pairs.find(|(key, _)| key == name)?;
        Some(found.1.as_str())
    }

    fn json(&self) -> Result<Value, Refusal> {
        let kind = self.content_type.unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(Refusal::malformed(format!("The body says it is {kind:?}.")));
        }
        serde_json::from_slice(self.body).map_err(|error| Refusal::malformed(error.to_string()))
    }
}

/// Answers a request.
pub fn answer(state: &mut State, request: Request<'_>) -> Reply {
    route(state, request).unwrap_or_else(Reply::from)
}

fn route(state: &mut State, request: Request<'_>) -> Result<Reply, Refusal> {
    let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
    if let ("POST", ["security", "v1", "oauth", "token"]) = (request.method, parts.as_slice()) {
        return auth::token(state, request);
    }
    let ["api", parts @ ..] = parts.as_slice() else {
        return Err(Refusal::no_route());
    };
    auth::admit(state, request)?;
    match (request.method, parts) {
        ("POST", ["rating", "v2409", option @ ("Shop" | "Rate")]) => {
            rate::answer(&request.json()?, option)
        }
        ("POST", ["shipments", "v2409", "ship"]) => ship::answer(state, &request.json()?),
        ("DELETE", ["shipments", "v2409", "void", "cancel", id]) => {
            void::answer(state, id, request.query("trackingnumber"))
        }
        ("POST", ["labels", "v1", "recovery"]) => recovery::answer(state, &request.json()?),
        ("POST", ["addressvalidation", "v2", option @ ("1" | "2" | "3")]) => {
            address::answer(&request.json()?, option)
        }
        ("GET", ["track", "v1", "details", number]) => track::answer(state, request, number),
        _ => Err(Refusal::no_route()),
    }
}
