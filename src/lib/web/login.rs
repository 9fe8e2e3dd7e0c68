//! Signing in and out.

use axum::Router;

use super::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
}
