//! Why the print server did not do what it was asked, by what the caller does next.

use crate::fault::Exit;
use crate::integrations::http::HttpError;

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such queue, or no such job.
    #[error("CUPS knows no such queue or job")]
    NotFound,
    /// The queue takes no jobs.
    #[error("the queue takes no jobs")]
    NotAccepting,
    /// The server has too much to do; later is better.
    #[error("CUPS is busy: {0}")]
    Busy(String),
    /// The job has ended: there is nothing to take back.
    #[error("the job has ended")]
    Ended,
    /// The server will not do it.
    #[error("CUPS refuses: {0}")]
    Rejected(String),
    /// The request cannot be made as configured.
    #[error("CUPS cannot be asked: {0}")]
    Invalid(String),
    /// The exchange itself failed.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Error {
    /// What a status of HTTP means, for what IPP refuses comes with 200.
    pub(super) fn of_http(status: u16) -> Self {
        Self::Rejected(match status {
            401 | 403 => format!("it wants a user name or another address of ours ({status})"),
            426 => "it wants https (426)".to_owned(),
            400 => "it does not take the request, or answers to another name (400)".to_owned(),
            _ => format!("it answers {status}"),
        })
    }

    /// Whether the server may have done what it was asked.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        matches!(
            self,
            Self::Http(HttpError::OutcomeUnknown { .. } | HttpError::TooLarge { .. })
        )
    }

    /// Whether nothing was done, and later may be better.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Busy(_) => true,
            Self::Http(error) => error.exit() == Exit::TryAgain,
            _ => false,
        }
    }

    /// The exit code it leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Busy(_) => Exit::TryAgain,
            Self::Http(error) => error.exit(),
            Self::Invalid(_) => Exit::Usage,
            Self::NotFound | Self::NotAccepting | Self::Ended | Self::Rejected(_) => Exit::Failed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotFound => "`lpstat -v` on the print server lists the queues there are",
            Self::NotAccepting => "`cupsaccept QUEUE` on the print server lets it take jobs",
            Self::Rejected(_) => "who may print is said in cupsd.conf on the print server",
            Self::Invalid(_) => "check [printing] in the tenant file",
            Self::Http(HttpError::Unreachable { .. }) => {
                "see that CUPS runs and that [printing] cups in the tenant file is right"
            }
            Self::Http(error) => return error.hint(),
            Self::Busy(_) | Self::Ended => return None,
        };
        Some(text.to_owned())
    }
}
