//! What was printed today and how far it is, labels to be looked at, and by a form printed
//! again.

use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::{Value, context};
use serde::Deserialize;

use super::{address, is_theirs};
use crate::web::forms;
use crate::web::{App, Manager, Operator, WebError};
use crate::workflows::label::{self, Wish};

/// Whoever sent a form looks at a page, not at a printer: the page tells how far it is.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/labels", get(list))
        .route("/labels/{file}", get(file))
        .route("/labels/{document}/reprint", post(reprint))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
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
    wrong: Option<&WebError>,
) -> Result<Html<String>, WebError> {
    let ctx = app.context(who);
    let rows = label::today(&ctx).await?;
    let stations: Vec<&String> = ctx.tenant.printing.stations.keys().collect();
    let values = context! {
        rows => Value::from_serialize(&rows), stations, done => asked.done,
        wrong => wrong.map(|error| context! { message => error.message, hint => error.hint }),
    };
    app.page(Some(who), "labels.html", values)
}

/// `12.png` is a label as a picture; `12.zpl` and `12.pdf` a document as it was issued.
async fn file(
    State(app): State<App>,
    Manager(who): Manager,
    Path(name): Path<String>,
) -> Result<Response, WebError> {
    let missing = || WebError::not_found("there is no such document");
    let (number, extension) = name.split_once('.').ok_or_else(missing)?;
    let document: i64 = number.parse().map_err(|_| missing())?;
    let form = match extension {
        "png" => label::Form::Picture,
        "zpl" | "pdf" => label::Form::AsIssued,
        _ => return Err(missing()),
    };
    let ctx = app.context(&who);
    if !label::is_there(&ctx, document).await? {
        return Err(missing());
    }
    let found = label::preview(&ctx, document, form).await?;
    if found.extension != extension {
        return Err(missing());
    }
    let how = if extension == "png" {
        "inline".to_owned()
    } else {
        format!("attachment; filename=\"document-{document}.{extension}\"")
    };
    let headers = [(CONTENT_TYPE, found.media_type), (CONTENT_DISPOSITION, how)];
    Ok((headers, found.bytes).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReprintForm {
    once: String,
    station: String,
}

async fn reprint(
    State(app): State<App>,
    Manager(who): Manager,
    Path(document): Path<i64>,
    Form(form): Form<ReprintForm>,
) -> Result<Response, WebError> {
    match reprint_once(&app, &who, document, &form).await {
        Ok(()) => {
            let to = address::query("/labels", &[("done", &document.to_string())]);
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) if is_theirs(&error) => {
            let page = show(&app, &who, &Asked::default(), Some(&error)).await?;
            Ok((error.status, page).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn reprint_once(
    app: &App,
    who: &Operator,
    document: i64,
    form: &ReprintForm,
) -> Result<(), WebError> {
    let ctx = app.context(who);
    let station = form.station.trim();
    let mut wish = Wish {
        what: format!("document:{document}"),
        station: (!station.is_empty()).then(|| station.to_owned()),
        patience: PATIENCE,
        dry_run: true,
    };
    // Said to be right before the form counts as used.
    label::reprint(&ctx, &wish).await?;
    if forms::first_time(&ctx, &form.once).await? {
        wish.dry_run = false;
        label::reprint(&ctx, &wish).await?;
    }
    Ok(())
}
