//! What every carrier can do for us, and what its failures mean.

use std::time::Duration;

use async_trait::async_trait;

use super::http::HttpError;
use crate::domain::carriage::{Bought, Found, Rate, Sending, Tracked, Voided};
use crate::fault::Exit;

/// The code of a refusal that is ours: the carrier was not asked.
pub const NOT_ASKED: &str = "not asked";

/// A carrier.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Whether it would take a sending, as far as that is known without asking it.
    ///
    /// # Errors
    /// It would not; nobody was asked.
    fn fits(&self, sending: &Sending) -> Result<(), CarrierError>;

    /// What its services would cost, the cheapest first. Buys nothing.
    ///
    /// # Errors
    /// It refuses the sending, or cannot be asked.
    async fn rates(&self, sending: &Sending) -> Result<Vec<Rate>, CarrierError>;

    /// Buys the labels of a sending, with one call. Never repeated here: after
    /// [`CarrierError::Unknown`] ask [`Carrier::find`].
    ///
    /// # Errors
    /// Nothing was bought, except where the outcome is unknown.
    async fn buy(&self, sending: &Sending) -> Result<Bought, CarrierError>;

    /// What it knows of the sending's references; or of these numbers of its own, one for each
    /// piece, where some are given.
    ///
    /// # Errors
    /// It cannot be asked.
    async fn find(&self, sending: &Sending, numbers: &[String]) -> Result<Found, CarrierError>;

    /// Voids a sending that was bought under the carrier's number `id`: all of it, or the
    /// pieces with these numbers. What is void already counts as voided.
    ///
    /// # Errors
    /// It cannot be asked, or the outcome is unknown.
    async fn void(&self, id: &str, pieces: &[String]) -> Result<Voided, CarrierError>;

    /// Where a piece is; nothing where the carrier does not know the number (yet, or any more).
    ///
    /// # Errors
    /// It cannot be asked.
    async fn track(&self, tracking: &str) -> Result<Option<Tracked>, CarrierError>;
}

/// Why a carrier did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// It says no, and nothing was done.
    #[error("{}", refusal(carrier, code, message))]
    Refused {
        /// Who.
        carrier: String,
        /// Its code.
        code: String,
        /// In its words.
        message: String,
    },
    /// It does not accept who we are; nothing was done.
    #[error("{carrier} does not accept the credentials: {message}")]
    Unauthorized {
        /// Who.
        carrier: String,
        /// In its words.
        message: String,
    },
    /// It cannot be asked now, and nothing was done.
    #[error("{carrier} cannot be asked now: {reason}")]
    Unavailable {
        /// Who.
        carrier: String,
        /// Why.
        reason: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// It may have done what it was asked.
    #[error("whether {carrier} did it is unknown: {reason}")]
    Unknown {
        /// Who.
        carrier: String,
        /// Why.
        reason: String,
    },
    /// It cannot be asked at all as configured.
    #[error(transparent)]
    Http(#[from] HttpError),
}

fn refusal(carrier: &str, code: &str, message: &str) -> String {
    match code {
        NOT_ASKED => format!("{carrier} is not asked: {message}"),
        _ => format!("{carrier} refuses: {message} ({code})"),
    }
}

impl CarrierError {
    /// A refusal of ours, before the carrier was asked.
    #[must_use]
    pub fn not_asked(carrier: &str, message: impl Into<String>) -> Self {
        Self::Refused {
            carrier: carrier.to_owned(),
            code: NOT_ASKED.to_owned(),
            message: message.into(),
        }
    }

    /// The exit code it leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } => Exit::Failed,
            Self::Unauthorized { .. } => Exit::Usage,
            Self::Unavailable { .. } | Self::Unknown { .. } => Exit::TryAgain,
            Self::Http(error) => error.exit(),
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Refused { code, .. } if code == NOT_ASKED => {
                "correct it and ship again, or ship by hand: with --manual, or with a carrier of \
                 kind = \"manual\""
            }
            Self::Refused { .. } => return None,
            Self::Unauthorized { .. } => {
                "check the account and the app's credentials in the tenant file, and that the app \
                 may use the carrier's interface"
            }
            Self::Unavailable {
                retry_after: Some(wait),
                ..
            } => return Some(format!("try again in {} s", wait.as_secs().max(1))),
            Self::Unavailable { .. } => "try again in a few minutes",
            Self::Unknown { .. } => {
                "run it again: it first asks what was done, and does only what is missing"
            }
            Self::Http(error) => return error.hint(),
        };
        Some(text.to_owned())
    }
}
