//! The pages: the pick station, the office, and the way in. Rendered here, with a little
//! plain JavaScript; behind the tenant's edge, which speaks https.
//!
//! [`router`] merges the routes of each file. Every answer goes through `security`.

pub mod error;
pub mod forms;
pub mod pages;
pub mod scans;
pub mod security;
pub mod session;
pub mod state;
pub mod station;

mod assets;
mod home;
mod login;
mod templates;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

pub use error::WebError;
pub use session::{Admin, Manager, Operator, Present};
pub use state::App;

/// The cookie over https; the prefix keeps other hosts and paths from setting it.
const COOKIE_HTTPS: &str = "__Host-opsctl";
/// The cookie without.
const COOKIE_PLAIN: &str = "opsctl";

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
        .merge(pages::routes())
        .merge(station::routes())
        .route("/assets/{name}", get(assets::serve))
        .layer(DefaultBodyLimit::max(security::LARGEST))
        .layer(sessions)
        .layer(from_fn(security::same_origin))
        .layer(from_fn(security::in_time))
        .layer(from_fn_with_state(app.clone(), security::dress))
        .layer(from_fn_with_state(app.clone(), security::headers))
        .with_state(app)
}
