//! What was not as the books have it, and the form by which a person settles it.

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::{Value, context};
use serde::Deserialize;

use super::{address, is_theirs};
use crate::web::forms;
use crate::web::{App, Manager, Operator, WebError};
use crate::workflows::office::PAGE;
use crate::workflows::pick::{self, SettleWish};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/discrepancies", get(list))
        .route("/discrepancies/{id}/settle", post(settle))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    all: String,
    below: Option<i64>,
    done: Option<i64>,
}

/// How one was settled, as the form says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SettleForm {
    once: String,
    found: String,
    reason: String,
    serials: String,
}

async fn list(
    State(app): State<App>,
    Manager(who): Manager,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    show(&app, &who, &asked, None).await
}

async fn show(
    app: &App,
    who: &Operator,
    asked: &Asked,
    wrong: Option<(i64, &WebError, &SettleForm)>,
) -> Result<Html<String>, WebError> {
    let all = !asked.all.is_empty();
    let ctx = app.context(who);
    let mut rows = pick::discrepancies(&ctx, all, asked.below, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let to =
        |below: &str| address::query("/discrepancies", &[("all", &asked.all), ("below", below)]);
    let next = rows.last().filter(|_| more);
    let values = context! {
        next => next.map(|row| to(&row.id.to_string())), first => asked.below.map(|_| to("")),
        rows => Value::from_serialize(&rows), all, done => asked.done,
        wrong => wrong.map(|(id, error, form)| context! {
            id, message => error.message, hint => error.hint,
            found => form.found, reason => form.reason, serials => form.serials,
        }),
    };
    app.page(Some(who), "discrepancies.html", values)
}

async fn settle(
    State(app): State<App>,
    Manager(who): Manager,
    Path(id): Path<i64>,
    Form(form): Form<SettleForm>,
) -> Result<Response, WebError> {
    match settle_once(&app, &who, id, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/discrepancies?done={id}")).into_response()),
        Err(error) if is_theirs(&error) => {
            let asked = Asked::default();
            let page = show(&app, &who, &asked, Some((id, &error, &form))).await?;
            Ok((error.status, page).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn settle_once(
    app: &App,
    who: &Operator,
    id: i64,
    form: &SettleForm,
) -> Result<(), WebError> {
    let units = || WebError::bad("say how many units were found, 0 or more");
    let reason = form.reason.trim();
    if reason.is_empty() || reason.chars().count() > 190 || reason.chars().any(char::is_control) {
        return Err(WebError::bad("say in a few words how it came about"));
    }
    let serials = form.serials.split([',', ' ', '\n', '\r']);
    let mut wish = SettleWish {
        id,
        found: form.found.trim().parse().map_err(|_| units())?,
        reason: reason.to_owned(),
        serials: serials
            .filter(|serial| !serial.is_empty())
            .map(str::to_owned)
            .collect(),
        dry_run: true,
    };
    if wish.found < 0 {
        return Err(units());
    }
    let ctx = app.context(who);
    // Said to be right before the form counts as used.
    pick::settle(&ctx, &wish).await?;
    if forms::first_time(&ctx, &form.once).await? {
        wish.dry_run = false;
        pick::settle(&ctx, &wish).await?;
    }
    Ok(())
}
