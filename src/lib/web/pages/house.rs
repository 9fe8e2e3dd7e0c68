//! How the jobs of the house go.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::get;
use minijinja::{Value, context};
use serde::Deserialize;

use super::address;
use crate::web::{App, Manager, WebError};
use crate::workflows::office;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new().route("/jobs", get(jobs))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    job: String,
    before: Option<i64>,
}

async fn jobs(
    State(app): State<App>,
    Manager(who): Manager,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let runs = office::runs(&app.context(&who), Some(&asked.job), asked.before).await?;
    let to = |before: i64| {
        let before = before.to_string();
        address::query("/jobs", &[("job", &asked.job), ("before", &before)])
    };
    let values = context! {
        next => runs.next.map(to), runs => Value::from_serialize(&runs),
        first => asked.before.map(|_| address::query("/jobs", &[("job", &asked.job)])),
        job => asked.job,
    };
    app.page(Some(&who), "jobs.html", values)
}
