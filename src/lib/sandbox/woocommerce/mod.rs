//! A stand-in for a WooCommerce shop: REST API v3 as WooCommerce 10.0 serves it, with state.
//!
//! Paths are the shop's own, below its address: `/wp-json/wc/v3/products`. [`answer`] takes
//! one request through authentication to its endpoint; [`Shop`] is the same shop for whoever
//! runs the sandbox, to sell, edit and look from behind the counter.

mod auth;
mod batch;
mod catalogue;
mod dates;
mod effect;
mod index;
mod items;
mod lines;
mod notes;
mod order_book;
mod order_lines;
mod order_status;
mod orders;
mod products;
mod query;
mod record;
mod refunding;
mod refunds;
mod reply;
mod shapes;
mod shop;
mod state;
mod stock;
mod traffic;

use serde_json::{Value, json};

use auth::Signed;
use products::Scope;
use query::Params;

pub use auth::Guard;
pub use catalogue::Item;
pub use dates::http as http_date;
pub use order_book::{Order, Refund};
pub use orders::create as create_order;
pub use record::{Kind, Object, Record};
pub use reply::{Refusal, Reply};
pub use shop::Shop;
pub use state::State;
pub use traffic::{Call, Counts, Traffic};

/// Where the API lives below the shop's address.
pub const API: &str = "/wp-json/wc/v3/";

/// A request, as far as the shop looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The address up to the query, as the client wrote it.
    pub url: &'a str,
    /// The path below the shop's address.
    pub path: &'a str,
    /// The query, decoded.
    pub query: &'a [(String, String)],
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Whether it came over HTTPS.
    pub https: bool,
    /// The body.
    pub body: &'a [u8],
}

/// Answers a request.
pub fn answer(state: &mut State, request: Request<'_>, machine_now: i64) -> Reply {
    let Some(path) = request.path.strip_prefix("/wp-json") else {
        return Refusal::no_route().into();
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let result = match (request.method, parts.as_slice()) {
        ("GET", []) => Ok(index()),
        ("GET", ["wc", "v3"]) => Ok(Reply::json(
            200,
            &json!({"namespace": "wc/v3", "routes": {}}),
        )),
        (_, ["wc", "v3", rest @ ..]) => {
            admit(state, request, machine_now).and_then(|()| route(state, request, rest))
        }
        _ => Err(Refusal::no_route()),
    };
    result.unwrap_or_else(Reply::from)
}

fn index() -> Reply {
    Reply::json(
        200,
        &json!({
            "name": "Sandbox shop",
            "description": "A stand-in for a WooCommerce shop",
            "url": "https://shop.test",
            "home": "https://shop.test",
            "gmt_offset": "1",
            "timezone_string": "Europe/Amsterdam",
            "namespaces": ["wc/v3"],
            "authentication": {},
            "routes": {}
        }),
    )
}

fn admit(state: &mut State, request: Request<'_>, machine_now: i64) -> Result<(), Refusal> {
    let signed = Signed {
        method: request.method,
        url: request.url,
        query: request.query,
        authorization: request.authorization,
        https: request.https,
    };
    state.guard.admit(signed, [state.now, machine_now])
}

/// What a method asks for, where one path takes several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

fn route(state: &mut State, request: Request<'_>, path: &[&str]) -> Result<Reply, Refusal> {
    let verb = match request.method {
        "GET" => Verb::Get,
        "POST" => Verb::Post,
        "PUT" | "PATCH" => Verb::Put,
        "DELETE" => Verb::Delete,
        _ => return Err(Refusal::no_route()),
    };
    match path {
        ["products", rest @ ..] => match rest {
            [id, "variations", rest @ ..] => item_route(
                state,
                request,
                verb,
                Scope::VariationsOf(read_id(id)?),
                rest,
            ),
            rest => item_route(state, request, verb, Scope::Products, rest),
        },
        ["orders", rest @ ..] => order_route(state, request, verb, rest),
        ["settings", group, id] if verb == Verb::Get => products::setting(group, id),
        _ => Err(Refusal::no_route()),
    }
}

fn item_route(
    state: &mut State,
    request: Request<'_>,
    verb: Verb,
    scope: Scope,
    path: &[&str],
) -> Result<Reply, Refusal> {
    let params = Params(request.query);
    match (verb, path) {
        (Verb::Get, []) => products::list(state, scope, params),
        (Verb::Post, []) => {
            products::create(state, scope, &body(request)?).map(|item| Reply::json(201, &item))
        }
        (Verb::Post | Verb::Put, ["batch"]) => {
            batch::items(state, scope, &body(request)?).map(|done| Reply::json(200, &done))
        }
        (Verb::Get, [id]) => products::get(state, scope, read_id(id)?, params),
        (Verb::Post | Verb::Put, [id]) => {
            let id = read_id(id)?;
            products::update(state, scope, id, &body(request)?).map(|item| Reply::json(200, &item))
        }
        (Verb::Delete, [id]) => {
            params.only(&["force"])?;
            products::delete(state, scope, read_id(id)?, params.flag("force"))
                .map(|item| Reply::json(200, &item))
        }
        _ => Err(Refusal::no_route()),
    }
}

fn order_route(
    state: &mut State,
    request: Request<'_>,
    verb: Verb,
    path: &[&str],
) -> Result<Reply, Refusal> {
    let params = Params(request.query);
    let forced = params.flag("force");
    let ok = |value: Value| Reply::json(200, &value);
    let made = |value: Value| Reply::json(201, &value);
    match (verb, path) {
        (Verb::Get, []) => orders::list(state, params),
        (Verb::Post, []) => orders::create(state, &body(request)?).map(made),
        (Verb::Post | Verb::Put, ["batch"]) => batch::orders(state, &body(request)?).map(ok),
        (Verb::Get, [id]) => orders::get(state, read_id(id)?, params),
        (Verb::Post | Verb::Put, [id]) => {
            orders::update(state, read_id(id)?, &body(request)?).map(ok)
        }
        (Verb::Delete, [id]) => orders::delete(state, read_id(id)?, forced).map(ok),
        (Verb::Get, [id, "notes"]) => notes::list(state, read_id(id)?, params),
        (Verb::Post, [id, "notes"]) => notes::create(state, read_id(id)?, &body(request)?),
        (Verb::Get, [order, "notes", id]) => notes::get(state, read_id(order)?, read_id(id)?),
        (Verb::Delete, [order, "notes", id]) => {
            notes::delete(state, read_id(order)?, read_id(id)?, forced)
        }
        (Verb::Get, [id, "refunds"]) => refunds::list(state, read_id(id)?, params),
        (Verb::Post, [id, "refunds"]) => {
            refunds::create(state, read_id(id)?, &body(request)?).map(made)
        }
        (Verb::Get, [order, "refunds", id]) => {
            refunds::get(state, read_id(order)?, read_id(id)?, params)
        }
        (Verb::Delete, [order, "refunds", id]) => {
            refunds::delete(state, read_id(order)?, read_id(id)?, forced)
        }
        _ => Err(Refusal::no_route()),
    }
}

/// An id in a path; anything else matches no route.
fn read_id(text: &str) -> Result<u64, Refusal> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::no_route());
    }
    text.parse().map_err(|_| Refusal::no_route())
}

/// A request's body, which must be a JSON object; none stands for an empty one.
fn body(request: Request<'_>) -> Result<Object, Refusal> {
    if request.body.is_empty() {
        return Ok(Object::new());
    }
    let kind = request.content_type.unwrap_or_default();
    if !kind.to_lowercase().starts_with("application/json") {
        return Err(Refusal::sandbox(format!(
            "The sandbox takes JSON bodies alone, and this one says {kind:?}."
        )));
    }
    match serde_json::from_slice(request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::sandbox("A body is a JSON object.")),
        Err(error) => Err(
            Refusal::new(400, "rest_invalid_json", "Invalid JSON body passed.")
                .with("json_error_message", error.to_string()),
        ),
    }
}

#[cfg(test)]
mod tests;
