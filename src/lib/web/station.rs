//! The station: its pages, and `/api/v1`, by which a page asks what was scanned and says
//! what was done. Each handler is an extractor, a call, and JSON.

mod labels;
mod packs;
mod pages;
mod resolve;
mod waves;

use axum::routing::{get, post};
use axum::{Json, Router};

use super::{App, Operator, Present};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/station", get(pages::station))
        .route("/station/pick/{wave}", get(pages::pick))
        .route("/station/pack/{task}", get(pages::pack))
        .route("/station/calibrate", get(pages::calibrate))
        .route("/station/commands", get(labels::commands))
        .route("/api/v1/resolve", post(resolve::resolve))
        .merge(api())
}

fn api() -> Router<App> {
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/station", get(waves::to_do))
        .route("/api/v1/waves", post(waves::start))
        .route("/api/v1/waves/{wave}", get(waves::sheet))
        .route("/api/v1/waves/{wave}/finish", post(waves::finish))
        .route("/api/v1/waves/{wave}/release", post(waves::release))
        .route("/api/v1/scans", post(waves::scans))
        .route("/api/v1/packs", post(packs::start))
        .route("/api/v1/packs/{task}", get(packs::bench))
        .route("/api/v1/packs/{task}/packages", post(packs::open_package))
        .route("/api/v1/packs/{task}/items", post(packs::pack_item))
        .route("/api/v1/packs/{task}/unpack", post(packs::unpack))
        .route("/api/v1/packs/{task}/measure", post(packs::measure))
        .route("/api/v1/packs/{task}/swap", post(packs::swap))
        .route("/api/v1/packs/{task}/finish", post(packs::finish))
        .route("/api/v1/packs/{task}/ship", post(packs::ship))
        .route("/api/v1/packs/{task}/rates", get(packs::rates))
        .route("/api/v1/packs/{task}/send", post(packs::send))
}

/// Who is there; asked by pages that lock themselves when nobody is.
async fn me(Present(who): Present) -> Json<Operator> {
    Json(who)
}
