//! When an exchange is tried again, and when that would do harm.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};

use super::message::http_date;
use super::{HttpError, Repeat, Response};
use crate::domain::time::UtcMs;

/// When to ask again after a failure that passes by itself.
#[derive(Debug, Clone, Copy)]
pub struct RetryPlan {
    /// Exchanges tried in all.
    pub attempts: usize,
    /// The wait after the first failure; it doubles each time, with jitter on top.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for. A longer one ends the operation at
    /// once: asking earlier than the service allows would only be refused again.
    pub longest_wait: Duration,
    /// No wait begins that would end later than this after the first exchange.
    pub total: Duration,
}

impl Default for RetryPlan {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            total: Duration::from_secs(150),
        }
    }
}

/// Why one exchange did not bring an answer to hand on, and what may be done about it.
pub enum Failure {
    /// The service did nothing: asking again is always harmless.
    NothingDone(HttpError, Option<Duration>),
    /// It may have done what was asked: only what may be repeated is asked again.
    PerhapsDone(HttpError),
    /// The same, with an answer of the service's own that says it failed.
    Failed(Box<Response>),
    /// Asking again would not help.
    Final(HttpError),
}

impl Failure {
    pub fn of(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable { .. } => Self::NothingDone(error, None),
            HttpError::OutcomeUnknown { .. } => Self::PerhapsDone(error),
            _ => Self::Final(error),
        }
    }

    pub fn may_repeat(&self, repeat: Repeat) -> bool {
        match self {
            Self::NothingDone(HttpError::Unavailable { .. }, _) => repeat != Repeat::Purchase,
            Self::NothingDone(..) => true,
            Self::PerhapsDone(_) | Self::Failed(_) => repeat == Repeat::Safe,
            Self::Final(_) => false,
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NothingDone(_, after) => *after,
            Self::Failed(response) => retry_after(response.headers()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NothingDone(error, _) | Self::PerhapsDone(error) | Self::Final(error) => {
                error.fmt(f)
            }
            Self::Failed(response) => write!(f, "answered {}", response.status()),
        }
    }
}

/// Sorts out the answers that concern every integration alike.
pub fn judge(answer: Response) -> Result<Response, Failure> {
    let service = answer.service().to_owned();
    match answer.status() {
        429 | 503 => {
            let retry_after = retry_after(answer.headers());
            let error = if answer.status() == 429 {
                HttpError::RateLimited {
                    service,
                    retry_after,
                }
            } else {
                HttpError::Unavailable {
                    service,
                    retry_after,
                }
            };
            Err(Failure::NothingDone(error, retry_after))
        }
        408 | 500 | 502 | 504 => Err(Failure::Failed(Box::new(answer))),
        300..=399 if answer.headers().contains_key(LOCATION) => {
            let to = answer.header(LOCATION.as_str()).unwrap_or_default();
            let to = to.split(['?', '#']).next().unwrap_or_default();
            let to = answer.clean(to);
            Err(Failure::Final(HttpError::Redirected { service, to }))
        }
        _ => Ok(answer),
    }
}

/// How long the service asks to be left alone: `Retry-After` in seconds, or until a date,
/// which is held against the service's own `Date` where it sends one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?;
    let now = headers
        .get(DATE)
        .and_then(|date| http_date(date.to_str().ok()?))
        .or_else(now)?;
    Some(Duration::from_millis((until.0 - now.0).max(0) as u64))
}

fn now() -> Option<UtcMs> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Some(UtcMs(since.ok()?.as_millis() as i64))
}
