//! Why an exchange with a service brought nothing, as variants that say what to do next.

use std::path::PathBuf;
use std::time::Duration;

use crate::fault::Exit;

/// Why an exchange with a service brought nothing. Its texts hold no secret and no body.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request never got there: nothing was done, and later may be better.
    #[error("{service} cannot be reached: {reason}")]
    Unreachable {
        /// Whom we asked.
        service: String,
        /// What the system said.
        reason: String,
    },
    /// The request was sent, and no full answer came. A write may have been carried out:
    /// ask the service before doing it again.
    #[error("{service} was asked, and its answer did not arrive in full: {reason}")]
    OutcomeUnknown {
        /// Whom we asked.
        service: String,
        /// What the system said.
        reason: String,
    },
    /// 429, after all retries: nothing was done.
    #[error("{service} refuses more requests for now (429)")]
    RateLimited {
        /// Whom we asked.
        service: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// 503, after all retries: nothing was done.
    #[error("{service} is not available for now (503)")]
    Unavailable {
        /// Whom we asked.
        service: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than anything we expect.
    #[error("the answer of {service} is larger than {} MiB", limit_bytes >> 20)]
    TooLarge {
        /// Whom we asked.
        service: String,
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// The service points elsewhere. Not followed, for the credentials would go along.
    #[error("{service} redirects to {to:?}")]
    Redirected {
        /// Whom we asked.
        service: String,
        /// Where to, without its query.
        to: String,
    },
    /// An answer came, and it is not what the interface promises.
    #[error("{service} answered {status} with {what}")]
    NotJson {
        /// Whom we asked.
        service: String,
        /// The HTTP status.
        status: u16,
        /// What it looks like.
        what: String,
    },
    /// The request cannot be made as configured (an address that is none).
    #[error("{service} cannot be asked: {reason}")]
    Invalid {
        /// Whom we meant to ask.
        service: String,
        /// What is wrong.
        reason: String,
    },
    /// The recording cannot be written.
    #[error("the recording {} cannot be opened", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl HttpError {
    /// The exit code it leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. }
            | Self::OutcomeUnknown { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. } => Exit::TryAgain,
            Self::TooLarge { .. } | Self::Redirected { .. } | Self::NotJson { .. } => Exit::Failed,
            Self::Invalid { .. } | Self::Record { .. } => Exit::Usage,
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unreachable { reason, .. } if reason.contains("certificate") => {
                "is the address right? A certificate authority of your own is named with the \
                 environment variable SSL_CERT_FILE"
            }
            Self::Unreachable { .. } => {
                "check the address in the tenant file, the network, and whether the service is up"
            }
            Self::OutcomeUnknown { .. } => {
                "run it again: it first asks what was done, and does only what is missing"
            }
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
                return Some(match retry_after {
                    Some(wait) => format!("try again in {} s", wait.as_secs().max(1)),
                    None => "try again in a few minutes".to_owned(),
                });
            }
            Self::Redirected { .. } => {
                "put the address that the service really answers on into the tenant file"
            }
            Self::NotJson { .. } => {
                "is the address right, and is a maintenance page or a security plugin in the way?"
            }
            Self::Invalid { .. } => "check the address in the tenant file",
            Self::TooLarge { .. } | Self::Record { .. } => return None,
        };
        Some(text.to_owned())
    }
}
