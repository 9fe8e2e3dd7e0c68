//! Orders on hold: which, and by a form set and released.

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::{Value, context};
use serde::Deserialize;

use super::{address, is_theirs, orders};
use crate::domain::order::HoldKind;
use crate::web::forms;
use crate::web::{App, Manager, Operator, WebError};
use crate::workflows::holds::{self, Wish};
use crate::workflows::office::PAGE;
use crate::workflows::orders::the_one;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/holds", get(list).post(set_by_number))
        .route("/orders/{order}/hold", post(set))
        .route("/orders/{order}/release", post(release))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    before: Option<i64>,
    done: String,
    order: String,
}

/// A hold as a form says it; the order only where the page is not an order's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HoldForm {
    once: String,
    order: String,
    kind: String,
    reason: String,
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
    wrong: Option<(&WebError, &HoldForm)>,
) -> Result<Html<String>, WebError> {
    let before = asked.before.unwrap_or(i64::MAX);
    let mut rows = holds::list(&app.context(who), before, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let next = next.map(|id| address::query("/holds", &[("before", &id.to_string())]));
    let values = context! {
        rows => Value::from_serialize(&rows), next, first => asked.before.is_some(),
        kinds => HoldKind::ALL.map(HoldKind::as_str), done => asked.done, of => asked.order,
        wrong => wrong.map(|(error, form)| context! {
            message => error.message, hint => error.hint,
            order => form.order, kind => form.kind, reason => form.reason,
        }),
    };
    app.page(Some(who), "holds.html", values)
}

/// Sets what a form asks for, once.
async fn set_once(app: &App, who: &Operator, order: &str, form: &HoldForm) -> Result<(), WebError> {
    let kind: HoldKind = form.kind.parse().map_err(WebError::bad)?;
    let ctx = app.context(who);
    let mut wish = Wish {
        order: order.to_owned(),
        kind,
        reason: form.reason.clone(),
        dry_run: true,
    };
    // Said to be right before the form counts as used.
    holds::set(&ctx, &wish).await?;
    if forms::first_time(&ctx, &form.once).await? {
        wish.dry_run = false;
        holds::set(&ctx, &wish).await?;
    }
    Ok(())
}

async fn set_by_number(
    State(app): State<App>,
    Manager(who): Manager,
    Form(form): Form<HoldForm>,
) -> Result<Response, WebError> {
    let order = form.order.trim();
    match set_once(&app, &who, order, &form).await {
        Ok(()) => {
            let order = the_one(&app.context(&who), order).await?.order_ref;
            let to = address::query("/holds", &[("done", "held"), ("order", &order)]);
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) if is_theirs(&error) => {
            let page = show(&app, &who, &Asked::default(), Some((&error, &form))).await?;
            Ok((error.status, page).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn set(
    State(app): State<App>,
    Manager(who): Manager,
    Path(order): Path<String>,
    Form(form): Form<HoldForm>,
) -> Result<Response, WebError> {
    let set = set_once(&app, &who, &order, &form).await;
    after(&app, &who, &order, set, "held").await
}

async fn release(
    State(app): State<App>,
    Manager(who): Manager,
    Path(order): Path<String>,
    Form(form): Form<HoldForm>,
) -> Result<Response, WebError> {
    let released = release_once(&app, &who, &order, &form).await;
    after(&app, &who, &order, released, "released").await
}

async fn release_once(
    app: &App,
    who: &Operator,
    order: &str,
    form: &HoldForm,
) -> Result<(), WebError> {
    let kind: HoldKind = form.kind.parse().map_err(WebError::bad)?;
    let ctx = app.context(who);
    holds::release(&ctx, order, Some(kind), true).await?;
    if forms::first_time(&ctx, &form.once).await? {
        holds::release(&ctx, order, Some(kind), false).await?;
    }
    Ok(())
}

/// Back to the order: with what was done, or with what was wrong.
async fn after(
    app: &App,
    who: &Operator,
    order: &str,
    result: Result<(), WebError>,
    done: &str,
) -> Result<Response, WebError> {
    match result {
        Ok(()) => {
            let path = format!("/orders/{}", address::part(order));
            Ok(Redirect::to(&address::query(&path, &[("done", done)])).into_response())
        }
        Err(error) if is_theirs(&error) => {
            let page = orders::show(app, who, order, "", Some(&error)).await?;
            Ok((error.status, page).into_response())
        }
        Err(error) => Err(error),
    }
}
