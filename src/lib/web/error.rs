//! An error as a browser sees it: what happened and what to do, never how it came about.
//!
//! A handler returns a [`WebError`]; `security::dress` makes it a page, or JSON under
//! `/api/`, for only the request tells which is wanted.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fault::{Exit, Fault};
use crate::store::StoreError;

/// Seconds after which a browser may try again what failed because the store was away.
const RETRY_AFTER: u32 = 5;

/// What a request failed with.
#[derive(Debug, Clone)]
pub struct WebError {
    /// The status that is answered.
    pub status: StatusCode,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl WebError {
    /// An error of this status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            hint: None,
        }
    }

    /// The request is not one that can be answered: 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing: 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Whoever is signed in may not do this: 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The store does not answer: 503, and the browser may try again.
    pub fn store_away() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the store is out of reach at the moment",
        )
        .hint("try again in a moment; scans at the station are kept until then")
    }

    /// Something that the visitor cannot help: 500. What it was goes to the log.
    pub fn broken(error: &dyn std::fmt::Debug) -> Self {
        tracing::error!(?error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something went wrong here",
        )
        .hint("try again; if it stays, the log of the server says what it was")
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn from_fault(fault: &Fault) -> Self {
        let status = match fault.exit {
            Exit::Usage => StatusCode::BAD_REQUEST,
            Exit::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
            Exit::Failed | Exit::Done => StatusCode::CONFLICT,
        };
        Self {
            status,
            message: fault.message.clone(),
            hint: fault.hint.clone(),
        }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unreachable(why) => {
                tracing::warn!(%why, "the store is out of reach");
                Self::store_away()
            }
            StoreError::AllocationBusy | StoreError::Conflict(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "somebody else is changing the same at this moment",
            )
            .hint("try again"),
            _ => Self::broken(&error),
        }
    }
}

impl From<Fault> for WebError {
    fn from(fault: Fault) -> Self {
        Self::from_fault(&fault)
    }
}

impl From<anyhow::Error> for WebError {
    fn from(error: anyhow::Error) -> Self {
        if let Some(fault) = error.downcast_ref::<Fault>() {
            return Self::from_fault(fault);
        }
        let mut chain = error.chain();
        if let Some(fault) = chain.find_map(|cause| cause.downcast_ref::<Fault>()) {
            return Self::from_fault(fault);
        }
        match error.downcast::<StoreError>() {
            Ok(store) => store.into(),
            Err(error) => Self::broken(&error),
        }
    }
}

impl From<minijinja::Error> for WebError {
    fn from(error: minijinja::Error) -> Self {
        Self::broken(&error)
    }
}

impl From<tower_sessions::session::Error> for WebError {
    fn from(error: tower_sessions::session::Error) -> Self {
        tracing::warn!(%error, "a session cannot be read or kept");
        Self::store_away()
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let after = HeaderValue::from(RETRY_AFTER);
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        response.extensions_mut().insert(self);
        response
    }
}
