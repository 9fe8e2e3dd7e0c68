//! Stock: looked for, one product with all that is known of it, and what orders lack.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use axum::routing::get;
use minijinja::{Value, context};
use serde::Deserialize;

use super::address;
use crate::web::{App, Manager, WebError};
use crate::workflows::office::{self, StockSearch};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/stock", get(list))
        .route("/stock/{sku}", get(one))
        .route("/backorders", get(backorders))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    low: String,
    behind: String,
}

async fn list(
    State(app): State<App>,
    Manager(who): Manager,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let search = StockSearch {
        text: Some(asked.q.clone()),
        low: !asked.low.is_empty(),
        behind: Some(asked.behind.clone()),
    };
    let page = office::stock(&app.context(&who), &search).await?;
    let to = |behind: &str| {
        let fields = [
            ("q", asked.q.as_str()),
            ("low", &asked.low),
            ("behind", behind),
        ];
        address::query("/stock", &fields)
    };
    let values = context! {
        next => page.next.as_deref().map(to), page => Value::from_serialize(&page),
        first => (!asked.behind.is_empty()).then(|| to("")),
        q => asked.q.chars().take(200).collect::<String>(), low => search.low,
    };
    app.page(Some(&who), "stock.html", values)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Moves {
    before: Option<i64>,
}

async fn one(
    State(app): State<App>,
    Manager(who): Manager,
    Path(sku): Path<String>,
    Query(moves): Query<Moves>,
) -> Result<Html<String>, WebError> {
    let product = office::product(&app.context(&who), &sku, moves.before).await?;
    let path = format!("/stock/{}", address::part(&sku));
    let next = product
        .next
        .map(|id| address::query(&path, &[("before", &id.to_string())]));
    let values = context! {
        product => Value::from_serialize(&product), next,
        first => moves.before.is_some().then_some(path),
    };
    app.page(Some(&who), "product.html", values)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Skip {
    skip: u32,
}

async fn backorders(
    State(app): State<App>,
    Manager(who): Manager,
    Query(skip): Query<Skip>,
) -> Result<Html<String>, WebError> {
    let page = office::backorders(&app.context(&who), i64::from(skip.skip)).await?;
    let next = page.next.map(|skip| format!("/backorders?skip={skip}"));
    let values = context! { page => Value::from_serialize(&page), next, first => skip.skip > 0 };
    app.page(Some(&who), "backorders.html", values)
}
