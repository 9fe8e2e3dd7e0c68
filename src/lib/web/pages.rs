//! The office's pages.

use axum::Router;

use super::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
}
