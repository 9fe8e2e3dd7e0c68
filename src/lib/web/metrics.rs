//! `/metrics`: what the server does, as Prometheus reads it. Labels are of few values: a
//! route is told by its template, never by the address that was asked for.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use super::session::Seat;
use super::{App, WebError};
use crate::domain::people::Role;
use crate::store::figures;

/// Seconds by which requests are told apart.
const LATENCIES: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Seconds by which scans are told apart; they are to be answered in 0.02.
const SCANS: [f64; 9] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.25, 1.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct How {
    how: &'static str,
}

type Latencies = Family<Routed, Histogram, fn() -> Histogram>;

/// What is counted while the server runs.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latencies: Latencies,
    scans: Family<Outcome, Counter>,
    scan_latency: Histogram,
    login_failures: Family<How, Counter>,
    sessions: Gauge,
    open_waves: Gauge,
    events: Gauge,
    store_reachable: Gauge,
    memory: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    /// All at nought.
    fn default() -> Self {
        let latencies: fn() -> Histogram = || Histogram::new(LATENCIES);
        let mut metrics = Self {
            registry: Registry::with_prefix("opsctl"),
            requests: Family::default(),
            latencies: Family::new_with_constructor(latencies),
            scans: Family::default(),
            scan_latency: Histogram::new(SCANS),
            login_failures: Family::default(),
            sessions: Gauge::default(),
            open_waves: Gauge::default(),
            events: Gauge::default(),
            store_reachable: Gauge::default(),
            memory: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The version that runs", version);
        let requests = self.requests.clone();
        r.register("http_requests", "Requests answered", requests);
        let help = "How long requests took";
        let latencies = self.latencies.clone();
        r.register_with_unit("http_request_duration", help, Unit::Seconds, latencies);
        r.register("scans", "Scans answered", self.scans.clone());
        let latency = self.scan_latency.clone();
        let help = "How long scans took at the server";
        r.register_with_unit("scan_duration", help, Unit::Seconds, latency);
        let failures = self.login_failures.clone();
        r.register("login_failures", "Sign-ins refused", failures);
        let help = "Browsers that are signed in";
        r.register("sessions", help, self.sessions.clone());
        let help = "Rounds through the house under way";
        r.register("open_waves", help, self.open_waves.clone());
        let help = "Facts in the event log";
        r.register("events_stored", help, self.events.clone());
        let help = "Whether the store answers";
        r.register("store_reachable", help, self.store_reachable.clone());
        let help = "Resident memory of the process";
        r.register_with_unit("resident_memory", help, Unit::Bytes, self.memory.clone());
    }

    /// Notes a scan that was answered; `outcome` is one of few words.
    pub fn scanned(&self, outcome: &'static str, took: Duration) {
        self.scans.get_or_create(&Outcome { outcome }).inc();
        self.scan_latency.observe(took.as_secs_f64());
    }

    /// Notes a sign-in that was refused, by password, badge or PIN.
    pub fn refused(&self, how: &'static str) {
        self.login_failures.get_or_create(&How { how }).inc();
    }
}

/// Counts a request and how long its answer took to begin.
pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let metrics = app.metrics();
    let answered = Answered {
        method,
        route: route.clone(),
        status: response.status().as_u16(),
    };
    metrics.requests.get_or_create(&answered).inc();
    let latency = metrics.latencies.get_or_create(&Routed { method, route });
    latency.observe(began.elapsed().as_secs_f64());
    response
}

/// Its route.
pub fn routes() -> Router<App> {
    Router::new().route("/metrics", get(show))
}

async fn show(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    if !has_token(&app, &headers)? && !is_manager(&app, &session).await {
        let error = WebError::new(StatusCode::UNAUTHORIZED, "this is not for everybody");
        return Err(error.hint("send the bearer token of [web] metrics_token"));
    }
    let metrics = app.metrics();
    let ctx = app.base();
    let asked = app.ask_store(async {
        let mut tx = ctx.store.read().await?;
        figures::read(&mut tx, ctx.clock.now()).await
    });
    let figures = asked.await;
    metrics.store_reachable.set(i64::from(figures.is_ok()));
    if let Ok(figures) = figures {
        metrics.sessions.set(figures.sessions);
        metrics.open_waves.set(figures.open_waves);
        metrics.events.set(figures.events);
    }
    metrics.memory.set(resident_bytes().unwrap_or_default());
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(|error| WebError::broken(&error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

/// Whether the request carries the token. Digests are compared, which takes as long for any.
fn has_token(app: &App, headers: &HeaderMap) -> Result<bool, WebError> {
    let ctx = app.base();
    let Some(reference) = &ctx.tenant.web.metrics_token else {
        return Ok(false);
    };
    let sent = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let Some(sent) = sent.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Ok(false);
    };
    let token = ctx.services.secrets.resolve(reference);
    let token = token.map_err(|error| WebError::broken(&error))?;
    let token = token.expose_secret();
    let same = Sha256::digest(sent.as_bytes()) == Sha256::digest(token.as_bytes());
    Ok(same && !token.is_empty())
}

async fn is_manager(app: &App, session: &Session) -> bool {
    let seat = app.sessions().seat(session, true).await;
    matches!(seat, Ok(Seat::Taken(who)) if who.role >= Role::Manager)
}

/// The second figure of `statm` counts pages, of 4 KiB on all that opsctl runs on.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
