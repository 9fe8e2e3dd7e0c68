//! The station's pages and `/api/v1`.

use axum::Router;

use super::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
}
