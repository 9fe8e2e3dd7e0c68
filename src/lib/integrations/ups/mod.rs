//! UPS REST API: OAuth client credentials, Rating and Shipping v2409, Label Recovery v1,
//! Address Validation v2, Tracking v1.
//!
//! - Authentication: a bearer token that lasts some hours, fetched with the app's id and
//!   secret and kept in memory (`auth`).
//! - Limits: unpublished; the lane paces. 200 packages a shipment, 20 numbers a void.
//! - Idempotency: UPS has none. Ship is sent once, and where its outcome is unknown, Label
//!   Recovery is asked for our own references. All else may be repeated.
//! - Units: pounds and inches from the US, Puerto Rico and Canada, else kilograms and
//!   centimetres; numbers travel as strings.
//! - Goods that need customs papers are refused before UPS is asked.

mod address;
mod advice;
mod auth;
mod error;
mod fit;
mod rate;
mod recover;
mod ship;
mod track;
mod units;
mod void;
mod wire;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub use rate::service_name;

use auth::Auth;
use error::{Deed, Failed};

use super::carrier::{Carrier, CarrierError};
use super::http::{Body, HttpError, Lane, Request, Response};
use crate::domain::carriage::{Bought, Found, Rate, Sending, Tracked, Voided, customs_papers};

/// The code of UPS for a token that is not (or no longer) good.
const TOKEN_REFUSED: &str = "250002";

/// What a client needs to know of its account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// UPS' address, without `/api`.
    pub base_url: String,
    /// The account (shipper number).
    pub account: String,
    /// The app's client id.
    pub client_id: SecretString,
    /// The app's client secret.
    pub client_secret: SecretString,
    /// Whether the account's own prices are asked for.
    pub negotiated_rates: bool,
}

/// UPS, for one account. Cheap to clone; clones share the lane's pace and the token.
#[derive(Clone)]
pub struct Client {
    lane: Lane,
    base: String,
    account: String,
    negotiated_rates: bool,
    auth: Auth,
}

impl Client {
    /// Makes a client; nothing is sent. Credentials and tokens are kept out of recordings.
    ///
    /// # Errors
    /// The address is not one of a server.
    pub fn new(lane: Lane, settings: &Settings) -> Result<Self, CarrierError> {
        let base = base(&settings.base_url).map_err(|reason| HttpError::Invalid {
            service: lane.service().to_owned(),
            reason,
        })?;
        let auth = Auth::new(lane.clone(), &base, settings);
        Ok(Self {
            lane,
            base,
            account: settings.account.clone(),
            negotiated_rates: settings.negotiated_rates,
            auth,
        })
    }

    /// Gets a token, where none is held: UPS takes the app's credentials then.
    ///
    /// # Errors
    /// It does not, or cannot be asked.
    pub async fn sign_in(&self) -> Result<(), CarrierError> {
        self.auth.token().await.map(|_| ())
    }

    /// Sends a call below `/api`, and hands back the answer where it is a success. A token
    /// that UPS no longer takes is replaced, once: that answer means that nothing was done.
    async fn ask(
        &self,
        deed: Deed,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Failed> {
        let mut is_first = true;
        loop {
            let token = self.auth.token().await?;
            let make = || self.request(method.clone(), path, body, &token);
            let sent = self.lane.send(deed.repeat(), make).await;
            let response = sent.map_err(|error| error::lost(deed, error))?;
            let Some(failed) = error::failure(deed, &response) else {
                return Ok(response);
            };
            let is_stale = response.status() == 401 && failed.code == TOKEN_REFUSED;
            if !(is_stale && is_first) {
                return Err(failed);
            }
            is_first = false;
            self.auth.discard(&token).await;
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: &SecretString,
    ) -> Request {
        let request = Request::new(method, format!("{}/api/{path}", self.base))
            .header("authorization", format!("Bearer {}", token.expose_secret()))
            .header("transid", uuid::Uuid::new_v4().simple().to_string())
            .header("transactionsrc", "opsctl");
        match body {
            Some(body) => request.body(Body::Json(body.clone())),
            None => request,
        }
    }

    /// Refuses what UPS would need papers for that are not made here.
    fn without_papers(&self, sending: &Sending) -> Result<(), CarrierError> {
        let from = sending.from.as_ref().unwrap_or(&sending.shipper);
        for (whose, address) in [
            ("whom it comes from", from),
            ("whom it goes to", &sending.to),
        ] {
            if fit::country(address).is_empty() {
                return Err(self.not_asked(format!("the address of {whose} has no country")));
            }
        }
        match customs_papers(from, &sending.to) {
            Some(why) => Err(self.not_asked(why)),
            None => Ok(()),
        }
    }

    fn not_asked(&self, message: impl Into<String>) -> CarrierError {
        CarrierError::not_asked(self.lane.service(), message)
    }

    fn unknown(&self, reason: impl Into<String>) -> CarrierError {
        CarrierError::Unknown {
            carrier: self.lane.service().to_owned(),
            reason: reason.into(),
        }
    }
}

#[async_trait]
impl Carrier for Client {
    fn fits(&self, sending: &Sending) -> Result<(), CarrierError> {
        self.purchase(sending).map(|_| ())
    }

    async fn rates(&self, sending: &Sending) -> Result<Vec<Rate>, CarrierError> {
        self.ask_rates(sending).await
    }

    async fn buy(&self, sending: &Sending) -> Result<Bought, CarrierError> {
        self.ship(sending).await
    }

    async fn find(&self, sending: &Sending, numbers: &[String]) -> Result<Found, CarrierError> {
        if numbers.is_empty() {
            self.recover(sending).await
        } else {
            self.recover_numbers(numbers).await
        }
    }

    async fn void(&self, id: &str, pieces: &[String]) -> Result<Voided, CarrierError> {
        self.cancel(id, pieces).await
    }

    async fn track(&self, tracking: &str) -> Result<Option<Tracked>, CarrierError> {
        self.follow(tracking).await
    }
}

/// The address that everything is below, without a slash at its end.
fn base(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("{text:?}: {error}"))?;
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err("its address must look like https://onlinetools.ups.com".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
