//! The admins' page of users: who may come in, and with what.
//!
//! What is made up for somebody is shown on the answer to the form, once; a second click of
//! the same form is answered with the same page.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;

use super::forms::{Answers, first_time};
use super::{Admin, App, Operator, WebError};
use crate::fault::Fault;
use crate::store::users::{self as stored, Key};
use crate::workflows::users::{self, Done, New, Secrets, Wish};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/users", get(list).post(add))
        .route("/users/{id}/disable", post(disable))
        .route("/users/{id}/enable", post(enable))
        .route("/users/{id}/reset", post(reset))
        .route("/users/{id}/role", post(set_role))
}

#[derive(Deserialize)]
struct AddForm {
    once: String,
    name: String,
    #[serde(default)]
    display_name: String,
    role: String,
    #[serde(default)]
    password: SecretString,
    pin: Option<String>,
    badge: Option<String>,
}

#[derive(Deserialize)]
struct ResetForm {
    once: String,
    password: Option<String>,
    pin: Option<String>,
    badge: Option<String>,
}

#[derive(Deserialize)]
struct RoleForm {
    once: String,
    role: String,
}

#[derive(Deserialize)]
struct OnceForm {
    once: String,
}

async fn page(
    app: &App,
    who: &Operator,
    done: Option<&Done>,
    wrong: Option<&Fault>,
) -> Result<Html<String>, WebError> {
    let users = users::list(&app.context(who)).await?;
    let badge = done.and_then(|done| done.shown.badge.as_deref());
    let picture = badge.map(users::badge_picture).transpose()?;
    let picture = picture.map(|svg| format!("data:image/svg+xml;base64,{}", base64(&svg)));
    let wrong = wrong.map(|fault| context! { message => fault.message, hint => fault.hint });
    let now = app.base().clock.now().0;
    let values = context! { users => Value::from_serialize(&users), done, wrong, picture, now };
    app.page(Some(who), "users.html", values)
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

async fn list(State(app): State<App>, Admin(who): Admin) -> Result<Html<String>, WebError> {
    page(&app, &who, None, None).await
}

/// The page after a form: what was done, or why not.
async fn answered(
    app: &App,
    who: &Operator,
    result: anyhow::Result<Done>,
) -> Result<Html<String>, WebError> {
    match result {
        Ok(done) => {
            if let Some(id) = done.id {
                app.sessions().forget_user(id);
            }
            page(app, who, Some(&done), None).await
        }
        Err(error) => match error.downcast::<Fault>() {
            Ok(fault) => page(app, who, None, Some(&fault)).await,
            Err(error) => Err(error.into()),
        },
    }
}

/// Carries a form out, once. One that was carried out too long ago for its answer to be kept
/// leads back to the list.
async fn once(
    app: &App,
    who: &Operator,
    once: &str,
    work: impl Future<Output = anyhow::Result<Done>>,
) -> Result<Response, WebError> {
    let answers: &Answers = app.answers();
    let first = async {
        if !first_time(&app.context(who), once).await? {
            return Ok(None);
        }
        answered(app, who, work.await).await.map(Some)
    };
    Ok(match answers.once(who.id, once, first).await? {
        Some(page) => page.into_response(),
        None => Redirect::to("/users").into_response(),
    })
}

async fn add(
    State(app): State<App>,
    Admin(who): Admin,
    Form(form): Form<AddForm>,
) -> Result<Response, WebError> {
    use secrecy::ExposeSecret;
    let ctx = app.context(&who);
    once(&app, &who, &form.once, async {
        let given = !form.password.expose_secret().is_empty();
        let password = if given {
            New::Given(form.password.clone())
        } else {
            New::Generated
        };
        let called = form.display_name.trim();
        let wish = Wish {
            name: form.name.clone(),
            display_name: (!called.is_empty()).then(|| called.to_owned()),
            role: form.role.parse().map_err(Fault::from)?,
            secrets: Secrets {
                password: Some(password),
                pin: form.pin.as_ref().map(|_| New::Generated),
                badge: form.badge.is_some(),
            },
            dry_run: false,
        };
        users::add(&ctx, &wish).await
    })
    .await
}

/// The name of a user whom a form names by id.
async fn name(app: &App, id: i64) -> anyhow::Result<String> {
    let mut tx = app.base().store.read().await?;
    let user = stored::proof(&mut tx, Key::Id(id)).await?;
    Ok(user
        .ok_or_else(|| Fault::failed("there is no such user"))?
        .name)
}

async fn disable(
    State(app): State<App>,
    Admin(who): Admin,
    Path(id): Path<i64>,
    Form(form): Form<OnceForm>,
) -> Result<Response, WebError> {
    let ctx = app.context(&who);
    let work = async { users::disable(&ctx, &name(&app, id).await?, true, false).await };
    once(&app, &who, &form.once, work).await
}

async fn enable(
    State(app): State<App>,
    Admin(who): Admin,
    Path(id): Path<i64>,
    Form(form): Form<OnceForm>,
) -> Result<Response, WebError> {
    let ctx = app.context(&who);
    let work = async { users::disable(&ctx, &name(&app, id).await?, false, false).await };
    once(&app, &who, &form.once, work).await
}

async fn reset(
    State(app): State<App>,
    Admin(who): Admin,
    Path(id): Path<i64>,
    Form(form): Form<ResetForm>,
) -> Result<Response, WebError> {
    let ctx = app.context(&who);
    let secrets = Secrets {
        password: form.password.as_ref().map(|_| New::Generated),
        pin: form.pin.as_ref().map(|_| New::Generated),
        badge: form.badge.is_some(),
    };
    let work = async { users::reset(&ctx, &name(&app, id).await?, &secrets, false).await };
    once(&app, &who, &form.once, work).await
}

async fn set_role(
    State(app): State<App>,
    Admin(who): Admin,
    Path(id): Path<i64>,
    Form(form): Form<RoleForm>,
) -> Result<Response, WebError> {
    let ctx = app.context(&who);
    let work = async {
        let role = form.role.parse().map_err(Fault::from)?;
        users::set(&ctx, &name(&app, id).await?, Some(role), None, false).await
    };
    once(&app, &who, &form.once, work).await
}
