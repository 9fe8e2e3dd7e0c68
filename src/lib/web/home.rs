//! Where everybody starts: what there is for them to do.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use minijinja::{Value, context};

use super::error::WebError;
use super::{App, Present};
use crate::domain::people::Role;
use crate::workflows::office;

/// Its route.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

async fn home(State(app): State<App>, Present(who): Present) -> Result<Html<String>, WebError> {
    let house = if who.role >= Role::Manager {
        Some(office::overview(&app.context(&who)).await?)
    } else {
        None
    };
    let values = context! { house => Value::from_serialize(&house) };
    app.page(Some(&who), "home.html", values)
}
