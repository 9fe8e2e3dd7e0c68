//! The station: its pages, and `/api/v1`, by which a page asks what was scanned and says
//! what was done. Each handler is an extractor, a call, and JSON.

mod labels;
mod pages;
mod resolve;

use axum::Router;
use axum::routing::{get, post};

use super::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/station", get(pages::station))
        .route("/station/pick/{wave}", get(pages::pick))
        .route("/station/pack/{task}", get(pages::pack))
        .route("/station/calibrate", get(pages::calibrate))
        .route("/station/commands", get(labels::commands))
        .route("/api/v1/resolve", post(resolve::resolve))
}
