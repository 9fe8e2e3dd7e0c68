//! The pages: the pick station, the office, and the way in. Rendered here, with a little
//! plain JavaScript; behind the tenant's edge, which speaks https.
//!
//! [`router`] merges the routes of each file. Every answer goes through `security`.

pub mod connections;
pub mod error;
pub mod feed;
pub mod forms;
pub mod metrics;
pub mod pages;
pub mod scans;
pub mod security;
pub mod session;
pub mod state;
pub mod station;
pub mod visitor;

mod assets;
mod health;
mod home;
mod login;
mod people;
mod templates;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

use crate::context::Context;
use connections::{Gate, Peer};

pub use error::WebError;
pub use session::{Admin, Manager, Operator, Present};
pub use state::App;

/// The cookie over https; the prefix keeps other hosts and paths from setting it.
const COOKIE_HTTPS: &str = "__Host-opsctl";
/// The cookie without.
const COOKIE_PLAIN: &str = "opsctl";

/// Requests under way have this long to end when the server is to stop.
const LAST: Duration = Duration::from_secs(10);
/// How often expired sessions are swept out.
const SWEPT_EVERY: Duration = Duration::from_secs(60 * 60);

/// Answers requests on a listening socket until `shutdown` is done; then those under way
/// end, streams are closed, and after ten seconds at most it returns.
///
/// # Errors
/// A template is broken, or the socket fails.
pub async fn serve(
    listener: TcpListener,
    ctx: Context,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let app = App::new(ctx, stopping)?;
    let sweeping = tokio::spawn(sweep(app.clone()));
    let service = router(app.clone()).into_make_service_with_connect_info::<Peer>();
    let mut told = app.stopping();
    let mut serving = tokio::spawn(
        axum::serve(Gate::new(listener), service)
            .with_graceful_shutdown(async move {
                let _ = told.wait_for(|stop| *stop).await;
            })
            .into_future(),
    );
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = shutdown => None,
    };
    let _ = stop.send(true);
    let ended = match ended {
        Some(ended) => Some(ended),
        None => tokio::time::timeout(LAST, &mut serving).await.ok(),
    };
    sweeping.abort();
    match ended {
        Some(ended) => ended??,
        None => serving.abort(),
    }
    Ok(())
}

/// Forgets expired sessions, now and every hour.
async fn sweep(app: App) {
    let mut hours = tokio::time::interval(SWEPT_EVERY);
    loop {
        hours.tick().await;
        match app.sessions().sweep().await {
            Ok(swept) if swept > 0 => tracing::debug!(swept, "expired sessions are gone"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "expired sessions are not swept out"),
        }
    }
}

/// All routes, and what holds for each.
pub fn router(app: App) -> Router {
    let https = app.base().tenant.web.https;
    let sessions = SessionManagerLayer::new(app.sessions().clone())
        .with_name(if https { COOKIE_HTTPS } else { COOKIE_PLAIN })
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_secure(https)
        .with_path("/");
    Router::new()
        .merge(login::routes())
        .merge(home::routes())
        .merge(people::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(pages::routes())
        .merge(station::routes())
        .route("/assets/{name}", get(assets::serve))
        .layer(DefaultBodyLimit::max(security::LARGEST))
        .layer(sessions)
        .layer(from_fn(security::same_origin))
        .layer(from_fn(security::in_time))
        .layer(from_fn_with_state(app.clone(), metrics::count))
        .layer(from_fn_with_state(app.clone(), security::dress))
        .layer(from_fn_with_state(app.clone(), security::headers))
        .with_state(app)
}
