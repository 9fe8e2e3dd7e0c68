//! WooCommerce REST API v3 (`/wp-json/wc/v3`), as of WooCommerce 10.
//!
//! - Authentication: HTTP Basic with consumer key and secret over HTTPS; OAuth 1.0a over
//!   plain HTTP, where WooCommerce accepts nothing else.
//! - Limits: 100 elements a page and a batch.
//! - Dates: one second fine; `modified_after` is strictly greater, so windows overlap.
//! - Idempotency: reads are repeated. A stock write is absolute, and yet a sale may have
//!   come between: where its outcome is unknown, it is read before it is written again.
//! - Money: decimal strings at the shop's own number of decimals, which is what it charges.
//! - Pages are ordered by id, so that an item changed meanwhile never moves to another page.

mod error;
mod items;
mod oauth;
mod orders;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

pub use error::Error;
pub use settings::{DimensionUnit, Settings, WeightUnit};
pub use wire::{Listing, Pushed, Rejected};

use super::http::{Body, HttpError, Lane, Repeat, Request, Response};
use super::percent;
use crate::domain::time::UtcMs;

/// The most elements that a page or a batch holds.
pub const PAGE: usize = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements understood, in the shop's order.
    pub items: Vec<T>,
    /// The elements set aside.
    pub rejected: Vec<Rejected>,
    /// How many elements the whole list has.
    pub total: Option<u64>,
    /// How many pages the whole list has.
    pub pages: Option<u32>,
    /// The shop's clock when it answered.
    pub server_time: Option<UtcMs>,
}

impl<T> Page<T> {
    /// How many elements came, understood or not.
    #[must_use]
    #[allow(
        clippy::len_without_is_empty,
        reason = "an empty page ends a list like a short one"
    )]
    pub fn len(&self) -> usize {
        self.items.len() + self.rejected.len()
    }
}

/// What a harmless look at the shop shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// How many products it has, in any status but the trash.
    pub products: Option<u64>,
    /// How many orders it has, in any status but the trash.
    pub orders: Option<u64>,
    /// The shop's clock when it answered.
    pub server_time: Option<UtcMs>,
}

/// A shop. Cheap to clone; clones share the lane's pace.
#[derive(Clone)]
pub struct Client {
    lane: Lane,
    api: String,
    auth: Auth,
    units: wire::Units,
}

#[derive(Clone)]
enum Auth {
    /// The value of the `Authorization` header.
    Basic(SecretString),
    OAuth(oauth::Credentials),
}

/// Query parameters, in order.
type Query = Vec<(&'static str, String)>;

impl Client {
    /// Makes a client; nothing is sent. The key and the secret are kept out of recordings.
    ///
    /// # Errors
    /// The address is not one of a shop.
    pub fn new(lane: Lane, settings: &Settings) -> Result<Self, Error> {
        let base = settings.base().map_err(|reason| {
            Error::Http(HttpError::Invalid {
                service: lane.service().to_owned(),
                reason,
            })
        })?;
        let (key, secret) = (&settings.consumer_key, &settings.consumer_secret);
        lane.redact(key);
        lane.redact(secret);
        // As Basic has it; kept out also where OAuth signs, for the two are one secret.
        let pair = format!("{}:{}", key.expose_secret(), secret.expose_secret());
        let pair = STANDARD.encode(pair);
        lane.redact(&SecretString::from(pair.as_str()));
        let auth = if base.starts_with("https:") {
            Auth::Basic(SecretString::from(format!("Basic {pair}")))
        } else {
            Auth::OAuth(oauth::Credentials {
                key: key.clone(),
                secret: secret.clone(),
            })
        };
        Ok(Self {
            api: format!("{base}/wp-json/wc/v3"),
            auth,
            units: wire::Units {
                grams: settings.weight_unit.grams(),
                millimetres: settings.dimension_unit.millimetres(),
            },
            lane,
        })
    }

    /// Reads one product and one order: whether the shop answers and the key opens both.
    ///
    /// # Errors
    /// The shop cannot be reached, or refuses the key.
    pub async fn ping(&self) -> Result<Ping, Error> {
        let one = || {
            vec![
                ("per_page", "1".to_owned()),
                ("status", "any".to_owned()),
                ("_fields", "id".to_owned()),
            ]
        };
        let products = self.page("products", one(), wire::id_only).await?;
        let orders = self.page("orders", one(), wire::id_only).await?;
        Ok(Ping {
            products: products.total,
            orders: orders.total,
            server_time: orders.server_time,
        })
    }

    async fn page<T>(
        &self,
        path: &str,
        query: Query,
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Page<T>, Error> {
        let response = self.get(path, &query).await?;
        let elements: Vec<Box<RawValue>> = response.json()?;
        let mut listing = Listing::default();
        listing.extend(&elements, read, |reason| response.clean(reason));
        let number = |name| response.header(name)?.trim().parse::<u64>().ok();
        Ok(Page {
            items: listing.items,
            rejected: listing.rejected,
            total: number("x-wp-total"),
            pages: number("x-wp-totalpages").and_then(|pages| u32::try_from(pages).ok()),
            server_time: response.server_time(),
        })
    }

    /// All pages of a list, one after another.
    async fn all<T>(
        &self,
        path: &str,
        query: impl Fn(u32) -> Query,
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Listing<T>, Error> {
        let mut whole = Listing::default();
        for number in 1.. {
            let page = self.page(path, query(number), &read).await?;
            let length = page.len();
            whole.items.extend(page.items);
            whole.rejected.extend(page.rejected);
            let is_last = page.pages.map_or(length < PAGE, |pages| number >= pages);
            if is_last || length == 0 {
                break;
            }
        }
        Ok(whole)
    }

    /// The elements with the given ids, a request for each hundred.
    async fn included<T>(
        &self,
        path: &str,
        ids: &[String],
        fields: &str,
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Listing<T>, Error> {
        let mut whole = Listing::default();
        for ids in ids.chunks(PAGE) {
            let numbers: Result<Vec<String>, Error> = ids
                .iter()
                .map(|id| self.number(id).map(|number| number.to_string()))
                .collect();
            // Not `include[]=` for each: OAuth signatures fail on repeated names.
            let query = vec![
                ("include", numbers?.join(",")),
                ("status", "any".to_owned()),
                ("per_page", PAGE.to_string()),
                ("_fields", fields.to_owned()),
            ];
            let page = self.page(path, query, &read).await?;
            whole.items.extend(page.items);
            whole.rejected.extend(page.rejected);
        }
        Ok(whole)
    }

    async fn one<T>(
        &self,
        path: &str,
        fields: &str,
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Option<T>, Error> {
        let query = vec![("_fields", fields.to_owned())];
        let response = match self.get(path, &query).await {
            Ok(response) => response,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let element: Box<RawValue> = response.json()?;
        read(&element).map(Some).map_err(|reason| {
            let reason = response.clean(&format!("{path} is broken: {reason}"));
            Error::Unexpected {
                service: self.lane.service().to_owned(),
                status: response.status(),
                reason,
            }
        })
    }

    async fn get(&self, path: &str, query: &[(&'static str, String)]) -> Result<Response, Error> {
        let make = || self.request(Method::GET, path, query);
        let response = self.lane.send(Repeat::Safe, make).await?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(Error::of_answer(&response, false))
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response, Error> {
        self.write(Method::POST, path, body).await
    }

    async fn put(&self, path: &str, body: &Value) -> Result<Response, Error> {
        self.write(Method::PUT, path, body).await
    }

    async fn write(&self, method: Method, path: &str, body: &Value) -> Result<Response, Error> {
        let make = || {
            self.request(method.clone(), path, &[])
                .body(Body::Json(body.clone()))
        };
        let response = self.lane.send(Repeat::Never, make).await?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(Error::of_answer(&response, true))
        }
    }

    fn request(&self, method: Method, path: &str, query: &[(&'static str, String)]) -> Request {
        let url = format!("{}/{path}", self.api);
        let (query, header) = match &self.auth {
            Auth::Basic(header) => (percent::query(query), Some(header.expose_secret())),
            Auth::OAuth(credentials) => {
                let once = oauth::Once::now();
                let signed = oauth::signed_query(credentials, method.as_str(), &url, query, &once);
                (signed, None)
            }
        };
        let url = if query.is_empty() {
            url
        } else {
            format!("{url}?{query}")
        };
        let request = Request::new(method, url);
        match header {
            Some(header) => request.header("authorization", header),
            None => request,
        }
    }

    /// The API counts in numbers; anything else never came from this shop.
    fn number(&self, id: &str) -> Result<u64, Error> {
        id.parse()
            .map_err(|_| self.rejected(format!("{id:?} is not one of its ids")))
    }

    fn rejected(&self, reason: String) -> Error {
        Error::Rejected {
            service: self.lane.service().to_owned(),
            reason,
        }
    }
}

fn listed(page: u32, fields: &str) -> Query {
    vec![
        ("page", page.to_string()),
        ("per_page", PAGE.to_string()),
        ("orderby", "id".to_owned()),
        ("order", "asc".to_owned()),
        ("_fields", fields.to_owned()),
    ]
}

/// A page of what changed after a time: naive GMT and `dates_are_gmt`, for a trailing `Z`
/// beside it would shift the window by the shop's offset.
fn changed(status: &str, since: Option<UtcMs>, page: u32, fields: &str) -> Query {
    let mut query = listed(page, fields);
    query.push(("status", status.to_owned()));
    if let Some(since) = since {
        let naive = since.to_utc().format("%Y-%m-%dT%H:%M:%S").to_string();
        query.push(("modified_after", naive));
        query.push(("dates_are_gmt", "true".to_owned()));
    }
    query
}
