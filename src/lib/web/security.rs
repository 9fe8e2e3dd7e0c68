//! What holds for every request and every answer: headers, no foreign forms, an end in time,
//! and errors that look like the rest.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{self, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use minijinja::context;
use serde_json::json;

use super::App;
use super::error::WebError;

/// A request that takes longer is given up.
const LONGEST: Duration = Duration::from_secs(30);
/// What a request may carry, in bytes.
pub const LARGEST: usize = 64 * 1024;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; manifest-src 'self'; media-src 'self'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Puts the headers on an answer, whatever it is.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if app.base().tenant.web.https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// Refuses what another site's page sends in the visitor's name.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || is_own(request.headers()) {
        return next.run(request).await;
    }
    WebError::forbidden("this was not sent by a page of this server")
        .hint("open the page here and send it again")
        .into_response()
}

/// Whether a page of ours sent this. Browsers say so; those too old to are known by their
/// `Origin`.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key("sec-fetch-site") {
        return text(HeaderName::from_static("sec-fetch-site")) == Some("same-origin");
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let rest = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// Gives up what takes too long, and outlives what breaks.
pub async fn in_time(request: Request, next: Next) -> Response {
    let guarded = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(LONGEST, guarded).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => WebError::broken(&"a handler panicked").into_response(),
        Err(_) => WebError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "this takes too long at the moment",
        )
        .hint("try again in a moment")
        .into_response(),
    }
}

/// Makes an error what the visitor can read: a page, or JSON under `/api/`.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = match response.extensions_mut().remove::<WebError>() {
        Some(error) => error,
        None if is_ours(&response) => return response,
        None => in_general(status),
    };
    let body = if api {
        Json(json!({ "error": error.message, "hint": error.hint })).into_response()
    } else {
        let values = context! {
            status => status.as_u16(), message => error.message, hint => error.hint,
        };
        match app.page(None, "error.html", values) {
            Ok(page) => page.into_response(),
            Err(_) => error.message.into_response(),
        }
    };
    let (parts, body) = body.into_parts();
    *response.body_mut() = body;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, kind.clone());
    }
    response
}

/// Whether a handler has already said what it had to say, as a page or as JSON.
fn is_ours(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html") || kind.starts_with("application/json"))
}

/// What a status says where nobody said more.
fn in_general(status: StatusCode) -> WebError {
    let (message, hint) = match status {
        StatusCode::NOT_FOUND => ("there is no such page", "go back to the start"),
        StatusCode::METHOD_NOT_ALLOWED => (
            "this address does not take that kind of request",
            "go back and use the page's own buttons",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("this is too large", "send less at once"),
        status if status.is_client_error() => (
            "the request cannot be understood",
            "go back, and fill in the form again",
        ),
        _ => (
            "something went wrong here",
            "try again; if it stays, the log of the server says what it was",
        ),
    };
    WebError::new(status, message).hint(hint)
}
