//! The one port: `/woocommerce/...` goes to the shop, `/ups/...` to the carrier,
//! `/_sandbox/...` to the controls, and faults come in between.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::any;
use serde_json::json;

use super::control;
use super::faults::{Cut, Fault};
use super::services::Services;
use super::ups;
use super::wire::Shears;
use super::woocommerce::{self, Call, Reply, Request};

/// Where the shop lives on the port.
pub(super) const SHOP: &str = "/woocommerce";

/// Where UPS lives on the port.
pub(super) const UPS: &str = "/ups";

/// The largest body that is read.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// All routes of the port.
pub(super) fn router(services: Services) -> Router {
    Router::new()
        .route("/woocommerce/{*path}", any(served))
        .route("/ups/{*path}", any(served))
        .nest("/_sandbox", control::router())
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(services)
}

async fn nothing_here() -> impl IntoResponse {
    let text = "Here are /woocommerce/wp-json/wc/v3/..., /ups/api/... and /_sandbox/...";
    (StatusCode::NOT_FOUND, axum::Json(json!({ "error": text })))
}

async fn served(
    State(services): State<Services>,
    ConnectInfo(shears): ConnectInfo<Shears>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let target = uri
        .path_and_query()
        .map_or(uri.path(), |target| target.as_str());
    let is_ups = uri.path().starts_with(UPS);
    let fault = services.faults.take(method.as_str(), target);
    if let Some(delay) = fault.as_ref().and_then(Fault::delay) {
        tokio::time::sleep(delay).await;
    }
    let instead = fault.as_ref().and_then(|fault| {
        if is_ups {
            ups::instead(fault)
        } else {
            fault.instead()
        }
    });
    let mut reply = match instead {
        Some(reply) => reply,
        None if is_ups => ask_ups(&services, &method, &uri, &headers, &body),
        None => ask(&services, &method, &uri, &headers, &body),
    };
    match &fault {
        Some(fault) if is_ups => ups::spoil(fault, &mut reply),
        Some(fault) => fault.spoil(&mut reply),
        None => {}
    }
    let cut = fault.as_ref().and_then(Fault::cut);
    if is_ups {
        let path = uri.path().strip_prefix(UPS).unwrap_or_default();
        services.ups.note(method.as_str(), path);
    } else {
        let status = cut.is_none().then_some(reply.status);
        note(&services, &method, &uri, fault.as_ref(), status);
    }
    match cut {
        Some(Cut::Unanswered) => shears.cut(None),
        Some(Cut::MidBody) => shears.cut(Some(reply.body.len() / 2)),
        None => {}
    }
    to_response(reply, services.clock.now())
}

fn ask_ups(
    services: &Services,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Reply {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|query| query.0)
        .unwrap_or_default();
    services.ups.answer(ups::Request {
        method: method.as_str(),
        path: uri.path().strip_prefix(UPS).unwrap_or_default(),
        query: &query,
        authorization: text("authorization"),
        content_type: text("content-type"),
        has_transaction: text("transid").is_some() && text("transactionsrc").is_some(),
        body,
    })
}

fn ask(
    services: &Services,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Reply {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default().to_lowercase();
    let forwarded = headers.get("x-forwarded-proto");
    let https = services.https || forwarded.is_some_and(|value| value == "https");
    let scheme = if https { "https" } else { "http" };
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|query| query.0)
        .unwrap_or_default();
    services.shop.answer(Request {
        method: method.as_str(),
        url: &format!("{scheme}://{host}{}", uri.path()),
        path: uri.path().strip_prefix(SHOP).unwrap_or_default(),
        query: &query,
        authorization: text(header::AUTHORIZATION),
        content_type: text(header::CONTENT_TYPE),
        https,
        body,
    })
}

fn note(
    services: &Services,
    method: &Method,
    uri: &Uri,
    fault: Option<&Fault>,
    status: Option<u16>,
) {
    let path = uri.path().strip_prefix(SHOP).unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    let plain: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("oauth_"))
        .collect();
    services.shop.note(Call {
        at: services.clock.now(),
        method: method.to_string(),
        path: path
            .strip_prefix(woocommerce::API)
            .unwrap_or(path)
            .to_owned(),
        query: plain.join("&"),
        status,
        fault: fault.map(|fault| fault.word().to_owned()),
    });
}

fn to_response(reply: Reply, now: i64) -> Response<axum::body::Body> {
    let mut builder = Response::builder()
        .status(reply.status)
        .header(header::DATE, woocommerce::http_date(now));
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(reply.body.into())
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
