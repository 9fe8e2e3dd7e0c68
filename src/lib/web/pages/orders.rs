//! Orders: looked for, and one with all that hangs on it.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use axum::routing::get;
use minijinja::{Value, context};
use serde::Deserialize;

use super::address;
use crate::domain::order::HoldKind;
use crate::web::{App, Manager, Operator, WebError};
use crate::workflows::office::{self, OrderSearch};

/// What statuses may mean.
const RULES: &[(&str, &str)] = &[
    ("ship", "May ship"),
    ("reserve", "Reserves and waits"),
    ("none", "Wants nothing"),
    ("shipped", "Has left"),
    ("closed", "Closed"),
    ("unknown", "Nobody has said"),
];

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/orders", get(list))
        .route("/orders/{order}", get(one))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    status: String,
    rule: String,
    hold: String,
    /// `PLACED-ID` of the last order of the page before.
    behind: String,
}

impl Asked {
    fn behind(&self) -> Option<(i64, i64)> {
        let (placed_at, id) = self.behind.split_once('-')?;
        Some((placed_at.parse().ok()?, id.parse().ok()?))
    }

    fn address(&self, behind: &str) -> String {
        let fields = [
            ("q", self.q.as_str()),
            ("status", &self.status),
            ("rule", &self.rule),
            ("hold", &self.hold),
            ("behind", behind),
        ];
        address::query("/orders", &fields)
    }
}

async fn list(
    State(app): State<App>,
    Manager(who): Manager,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let ctx = app.context(&who);
    let search = OrderSearch {
        text: Some(asked.q.clone()),
        status: Some(asked.status.clone()),
        rule: Some(asked.rule.clone()),
        hold: Some(asked.hold.clone()),
        behind: asked.behind(),
    };
    let page = office::orders(&ctx, &search).await?;
    let next = page
        .next
        .map(|(placed_at, id)| asked.address(&format!("{placed_at}-{id}")));
    let searched = [&asked.q, &asked.status, &asked.rule, &asked.hold];
    let values = context! {
        page => Value::from_serialize(&page), next,
        first => search.behind.is_some().then(|| asked.address("")),
        statuses => office::statuses(&ctx).await?,
        rules => RULES, kinds => HoldKind::ALL.map(HoldKind::as_str),
        q => asked.q.chars().take(200).collect::<String>(),
        status => asked.status, rule => asked.rule, hold => asked.hold,
        searched => searched.iter().any(|field| !field.is_empty()),
    };
    app.page(Some(&who), "orders.html", values)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn one(
    State(app): State<App>,
    Manager(who): Manager,
    Path(reference): Path<String>,
    Query(done): Query<Done>,
) -> Result<Html<String>, WebError> {
    show(&app, &who, &reference, &done.done, None).await
}

/// An order's page; with what was wrong about a form that was sent from it.
pub(super) async fn show(
    app: &App,
    who: &Operator,
    reference: &str,
    done: &str,
    wrong: Option<&WebError>,
) -> Result<Html<String>, WebError> {
    let order = office::order(&app.context(who), reference).await?;
    let rule = &order.order.summary.rule;
    let meaning = RULES.iter().find(|(word, _)| word == rule);
    let values = context! {
        order => Value::from_serialize(&order),
        meaning => meaning.map_or("", |(_, words)| words),
        kinds => HoldKind::ALL.map(HoldKind::as_str), done,
        wrong => wrong.map(|error| context! { message => error.message, hint => error.hint }),
    };
    app.page(Some(who), "order.html", values)
}
