//! Where everybody starts: what there is for them to do.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use minijinja::context;

use super::error::WebError;
use super::{App, Present};

/// Its route.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

async fn home(State(app): State<App>, Present(who): Present) -> Result<Html<String>, WebError> {
    app.page(Some(&who), "home.html", context! {})
}
