//! What a handler asks for: an operator, somebody present, a manager, an admin; and where
//! those go who are none.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::{Operator, Seat};
use crate::domain::people::Role;
use crate::web::App;
use crate::web::error::WebError;

/// What a page sends along where it asks by itself: that keeps no station open.
const UNATTENDED: &str = "x-unattended";

/// An operator who is signed in at this moment, by the store.
#[derive(Debug, Clone)]
pub struct Present(pub Operator);

/// A manager or an admin, by the store.
#[derive(Debug, Clone)]
pub struct Manager(pub Operator);

/// An admin, by the store.
#[derive(Debug, Clone)]
pub struct Admin(pub Operator);

/// Why a request is not let through.
pub enum Refusal {
    /// Nobody is signed in, or the station is locked.
    Away {
        /// Whether the device is known, and only waits for a badge or a PIN.
        locked: bool,
        /// Whether JSON is wanted.
        api: bool,
        /// Where a page's visitor wanted to go.
        next: String,
    },
    /// Anything else.
    Error(WebError),
}

impl From<WebError> for Refusal {
    fn from(error: WebError) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => error.into_response(),
            Self::Away {
                locked, api: true, ..
            } => {
                let error = if locked {
                    WebError::new(StatusCode::UNAUTHORIZED, "the station is locked")
                        .hint("scan a badge, or unlock it with a PIN")
                } else {
                    WebError::new(StatusCode::UNAUTHORIZED, "nobody is signed in")
                        .hint("sign in; scans are kept until then")
                };
                error.into_response()
            }
            Self::Away { locked, next, .. } => {
                let page = if locked { "/station/switch" } else { "/login" };
                let next: String = percent(&next);
                Redirect::to(&format!("{page}?next={next}")).into_response()
            }
        }
    }
}

/// A path as the value of a query.
pub fn percent(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    path.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

async fn operator(parts: &mut Parts, app: &App, fresh: bool) -> Result<Operator, Refusal> {
    let session = parts.extensions.get::<Session>().cloned();
    let session = session.ok_or_else(|| WebError::broken(&"a route without sessions"))?;
    let seat = if parts.headers.contains_key(UNATTENDED) {
        app.sessions().seat_unattended(&session, fresh).await?
    } else {
        app.sessions().seat(&session, fresh).await?
    };
    let locked = match seat {
        Seat::Taken(operator) => return Ok(operator),
        Seat::Locked => true,
        Seat::Nobody => false,
    };
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Err(Refusal::Away {
        locked,
        api: parts.uri.path().starts_with("/api/"),
        next: if reads { path } else { "/" }.to_owned(),
    })
}

async fn at_least(role: Role, parts: &mut Parts, app: &App) -> Result<Operator, Refusal> {
    let who = operator(parts, app, true).await?;
    if who.role < role {
        let message = format!("this takes the role {role}; {} is {}", who.name, who.role);
        let error = WebError::forbidden(message).hint("ask an admin, or sign in as somebody else");
        return Err(error.into());
    }
    Ok(who)
}

impl FromRequestParts<App> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        operator(parts, app, false).await
    }
}

impl FromRequestParts<App> for Present {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        operator(parts, app, true).await.map(Self)
    }
}

impl FromRequestParts<App> for Manager {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        at_least(Role::Manager, parts, app).await.map(Self)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        at_least(Role::Admin, parts, app).await.map(Self)
    }
}
