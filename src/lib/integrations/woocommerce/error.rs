//! What went wrong with a shop, as variants that say what to do next.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::fault::Exit;
use crate::integrations::http::{HttpError, Response};

/// What went wrong with a shop. Its texts hold no secret and no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shop does not have it (any more).
    #[error("the shop {service} has no such entry: {reason}")]
    NotFound {
        /// The shop.
        service: String,
        /// What the shop said.
        reason: String,
    },
    /// The credentials do not open it.
    #[error("the shop {service} refuses the credentials: {reason}")]
    Unauthorized {
        /// The shop.
        service: String,
        /// What the shop said.
        reason: String,
        /// What the reader can do about it.
        hint: &'static str,
    },
    /// The shop understood, and will not do it.
    #[error("the shop {service} refuses the request: {reason}")]
    Rejected {
        /// The shop.
        service: String,
        /// What the shop said.
        reason: String,
    },
    /// It may be done or not: read before doing it again.
    #[error("what the shop {service} did is not known: {reason}")]
    OutcomeUnknown {
        /// The shop.
        service: String,
        /// What is known.
        reason: String,
    },
    /// It asks to be left alone for now; nothing was done.
    #[error(transparent)]
    RateLimited(HttpError),
    /// It cannot be reached; nothing was done.
    #[error(transparent)]
    Unreachable(HttpError),
    /// It answered what its interface does not promise.
    #[error("the shop {service} answered {status}: {reason}")]
    Unexpected {
        /// The shop.
        service: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// Any other trouble on the way.
    #[error(transparent)]
    Http(HttpError),
}

/// The form of WordPress' errors. `data` is an object, a number, or missing.
#[derive(Deserialize)]
struct Told {
    code: String,
    #[serde(default)]
    message: Value,
}

impl Error {
    /// The exit code it leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::OutcomeUnknown { .. } => Exit::TryAgain,
            Self::Unauthorized { .. } => Exit::Usage,
            Self::Unexpected { status, .. } if *status >= 500 => Exit::TryAgain,
            Self::RateLimited(error) | Self::Unreachable(error) | Self::Http(error) => error.exit(),
            _ => Exit::Failed,
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unauthorized { hint, .. } => Some((*hint).to_owned()),
            Self::RateLimited(error) | Self::Unreachable(error) | Self::Http(error) => error.hint(),
            Self::OutcomeUnknown { .. } => {
                Some("run it again: it reads what the shop has before it writes".to_owned())
            }
            Self::Unexpected { status: 404, .. } => Some(
                "is the address the shop's own, WooCommerce active, and the permalinks set to \
                 something else than \"Plain\"?"
                    .to_owned(),
            ),
            Self::Unexpected { .. } => {
                Some("look into the shop's logs (WooCommerce, Status, Logs)".to_owned())
            }
            Self::NotFound { .. } | Self::Rejected { .. } => None,
        }
    }

    /// How long the shop asks to be left alone, where it says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(
                HttpError::RateLimited { retry_after, .. }
                | HttpError::Unavailable { retry_after, .. },
            ) => *retry_after,
            _ => None,
        }
    }

    /// What an answer other than 200 to 299 means.
    pub(super) fn of_answer(response: &Response, is_write: bool) -> Self {
        let service = response.service().to_owned();
        let status = response.status();
        let told = response.json::<Told>();
        if status >= 500 {
            let reason = match &told {
                Ok(told) => told.reason(response),
                Err(HttpError::NotJson { what, .. }) => what.clone(),
                Err(error) => error.to_string(),
            };
            return if is_write {
                let reason = format!("it answered {status}: {reason}");
                Self::OutcomeUnknown { service, reason }
            } else {
                Self::Unexpected {
                    service,
                    status,
                    reason,
                }
            };
        }
        let told = match told {
            Ok(told) => told,
            Err(error) => return Self::Http(error),
        };
        let reason = told.reason(response);
        match (status, told.code.as_str()) {
            (401 | 403, code) => Self::Unauthorized {
                service,
                reason,
                hint: unauthorized_hint(code),
            },
            (404, code) if code != "rest_no_route" => Self::NotFound { service, reason },
            (400 | 409 | 413 | 422, _) => Self::Rejected { service, reason },
            _ => Self::Unexpected {
                service,
                status,
                reason,
            },
        }
    }
}

impl Told {
    fn reason(&self, response: &Response) -> String {
        let message = self.message.as_str().unwrap_or_default();
        response.clean(&format!("{message} ({})", self.code))
    }
}

fn unauthorized_hint(code: &str) -> &'static str {
    match code {
        "woocommerce_rest_authentication_error" => {
            "the consumer secret is wrong; over plain HTTP also: this machine's clock is off, or \
             the address differs from the one in the shop's own settings"
        }
        _ => {
            "the shop does not know the consumer key, or the key lacks the permission Read/Write \
             (WooCommerce, Settings, Advanced, REST API), or the web server in front drops the \
             Authorization header"
        }
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable { .. } => Self::Unreachable(error),
            HttpError::OutcomeUnknown { service, reason } => {
                Self::OutcomeUnknown { service, reason }
            }
            HttpError::RateLimited { .. } | HttpError::Unavailable { .. } => {
                Self::RateLimited(error)
            }
            _ => Self::Http(error),
        }
    }
}
