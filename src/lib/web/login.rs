//! Signing in and out, and changing who is at a station.

use axum::extract::{Form, Query, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tower_sessions::Session;

use super::forms::own_path;
use super::session::{self, Seat, percent};
use super::visitor::Visitor;
use super::{App, WebError};
use crate::domain::time::UtcMs;
use crate::store::users;
use crate::workflows::proof::BADGE;
use crate::workflows::sign_in::{self, Answer, Claim, Welcome};

/// Said to whoever does not prove who they are, whether there is such a user or not.
const WRONG: &str = "That does not fit. Check the name and the password; after five wrong tries \
    a name has to wait for a minute, and longer with each further one.";
const WRONG_BADGE: &str = "This badge lets nobody in. Scan it once more, or ask an admin for a \
    new one.";
const WRONG_PIN: &str = "That is not the PIN.";

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/login", get(show_login).post(login))
        .route("/logout", post(logout))
        .route("/station/lock", post(lock))
        .route("/station/switch", get(show_switch).post(switch))
}

#[derive(Deserialize)]
struct Going {
    next: Option<String>,
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    #[serde(default)]
    password: SecretString,
    next: Option<String>,
}

#[derive(Deserialize)]
struct SwitchForm {
    badge: Option<SecretString>,
    user: Option<i64>,
    pin: Option<SecretString>,
    next: Option<String>,
}

async fn show_login(
    State(app): State<App>,
    session: Session,
    Query(going): Query<Going>,
) -> Result<Response, WebError> {
    let next = own_path(going.next.as_deref());
    if let Ok(Seat::Taken(_)) = app.sessions().seat(&session, true).await {
        return Ok(Redirect::to(next).into_response());
    }
    let values = context! { next, name => "", wrong => () };
    Ok(app.page(None, "login.html", values)?.into_response())
}

async fn login(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<LoginForm>,
) -> Result<Response, WebError> {
    let next = own_path(form.next.as_deref());
    let is_badge = form.name.trim().to_ascii_uppercase().starts_with(BADGE);
    let (how, claim) = if is_badge {
        ("badge", Claim::Badge(form.name.as_str().into()))
    } else {
        (
            "password",
            Claim::Password(form.name.clone(), form.password),
        )
    };
    let wrong = match prove(&app, visitor, how, claim).await? {
        Proved::Yes(welcome) => {
            session::sign_in(&session, welcome.id, welcome.seen).await?;
            return Ok(Redirect::to(next).into_response());
        }
        Proved::No | Proved::Wait(_) if is_badge => WRONG_BADGE,
        Proved::No | Proved::Wait(_) => WRONG,
    };
    let name = if is_badge { "" } else { form.name.as_str() };
    let page = app.page(None, "login.html", context! { next, name, wrong })?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

async fn logout(session: Session) -> Result<Redirect, WebError> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

async fn lock(State(app): State<App>, session: Session) -> Result<Redirect, WebError> {
    if let Seat::Taken(_) = app.sessions().seat(&session, true).await? {
        session::lock(&session).await?;
    }
    Ok(Redirect::to("/station/switch"))
}

async fn show_switch(
    State(app): State<App>,
    session: Session,
    Query(going): Query<Going>,
) -> Result<Response, WebError> {
    let next = own_path(going.next.as_deref());
    if app.sessions().seat(&session, true).await? == Seat::Nobody {
        let next = percent(next);
        return Ok(Redirect::to(&format!("/login?next={next}")).into_response());
    }
    Ok(switch_page(&app, next, None, None).await?.into_response())
}

async fn switch_page(
    app: &App,
    next: &str,
    chosen: Option<i64>,
    wrong: Option<&str>,
) -> Result<Html<String>, WebError> {
    let mut tx = app.base().store.read().await?;
    let people: Vec<Value> = users::with_pin(&mut tx)
        .await?
        .into_iter()
        .map(|(id, name)| context! { id, name })
        .collect();
    app.page(
        None,
        "switch.html",
        context! { people, next, chosen, wrong },
    )
}

/// A badge, or a name and its PIN; the latter only on a device that somebody has signed in
/// on. A script that asks for JSON is told who is there now, and stays on its page.
async fn switch(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<SwitchForm>,
) -> Result<Response, WebError> {
    let next = own_path(form.next.as_deref());
    let script = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let script = script.is_some_and(|accept| accept.contains("application/json"));
    let known = app.sessions().seat(&session, true).await? != Seat::Nobody;
    let (how, claim) = match (form.badge, form.user, form.pin) {
        (Some(badge), _, _) => ("badge", Claim::Badge(badge)),
        (None, Some(user), Some(pin)) if known => ("pin", Claim::Pin(user, pin)),
        (None, _, _) if known => return Err(WebError::bad("no badge and no PIN was sent")),
        _ => return Ok(Redirect::to("/login").into_response()),
    };
    let wrong = match prove(&app, visitor, how, claim).await? {
        Proved::Yes(welcome) => {
            session::sign_in(&session, welcome.id, welcome.seen).await?;
            return Ok(if script {
                let me = json!({ "name": welcome.name, "display_name": welcome.display_name,
                    "role": welcome.role });
                Json(json!({ "me": me })).into_response()
            } else {
                Redirect::to(next).into_response()
            });
        }
        Proved::No if how == "badge" => WRONG_BADGE.to_owned(),
        Proved::No => WRONG_PIN.to_owned(),
        Proved::Wait(until) => {
            let minutes = (until.0 - app.base().clock.now().0 + 59_999) / 60_000;
            format!("There were too many wrong tries. Wait {minutes} min, or scan your badge.")
        }
    };
    if script {
        let error = Json(json!({ "error": wrong, "hint": "scan a badge, or ask an admin" }));
        return Ok((StatusCode::UNAUTHORIZED, error).into_response());
    }
    if !known {
        let values = context! { next, name => "", wrong };
        let page = app.page(None, "login.html", values)?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let page = switch_page(&app, next, form.user, Some(&wrong)).await?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

enum Proved {
    Yes(Welcome),
    No,
    Wait(UtcMs),
}

/// Holds a claim against the store, within the limits.
async fn prove(
    app: &App,
    visitor: Visitor,
    how: &'static str,
    claim: Claim,
) -> Result<Proved, WebError> {
    if !app.attempts().begin(visitor) {
        app.metrics().refused(how);
        let text = "too many wrong tries came from here";
        let error = WebError::new(StatusCode::TOO_MANY_REQUESTS, text);
        return Err(error.hint("wait ten minutes, and try again"));
    }
    let ctx = app.context_of("serve");
    Ok(match sign_in::run(&ctx, claim).await? {
        Answer::Welcome(welcome) => {
            app.attempts().was_right(visitor);
            Proved::Yes(welcome)
        }
        Answer::Wrong => {
            app.metrics().refused(how);
            Proved::No
        }
        Answer::Wait(until) => {
            app.metrics().refused(how);
            Proved::Wait(until)
        }
    })
}
