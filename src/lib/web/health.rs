//! `/healthz`: the process serves. With the store away it still does: the station goes on
//! scanning. So that is told, and is no reason to start the process anew.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::App;

/// Its route.
pub fn routes() -> Router<App> {
    Router::new().route("/healthz", get(show))
}

async fn show(State(app): State<App>) -> Json<Value> {
    let reachable = app.store_answers().await;
    let store = if reachable {
        "reachable"
    } else {
        "unreachable"
    };
    Json(json!({ "status": "ok", "store": store }))
}
