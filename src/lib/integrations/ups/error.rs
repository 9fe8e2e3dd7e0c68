//! What a failed call means for whoever asked, by what was being done: reading may be done
//! again, a purchase may have happened.

use super::CarrierError;
use super::wire::Told;
use crate::integrations::http::{HttpError, Repeat, Response};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Nothing changes.
    Read,
    /// Labels are bought: never twice.
    Purchase,
    /// Labels are voided; twice is as once.
    Void,
}

/// A call that failed.
#[derive(Debug)]
pub struct Failed {
    /// The HTTP status; 0 where no answer came.
    pub status: u16,
    /// UPS' code; empty where it gave none.
    pub code: String,
    /// What it means.
    pub error: CarrierError,
}

impl From<CarrierError> for Failed {
    fn from(error: CarrierError) -> Self {
        Self {
            status: 0,
            code: String::new(),
            error,
        }
    }
}

impl From<Failed> for CarrierError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

impl Deed {
    /// Whether the call may be made again.
    pub fn repeat(self) -> Repeat {
        match self {
            Self::Read | Self::Void => Repeat::Safe,
            Self::Purchase => Repeat::Purchase,
        }
    }

    /// It failed, and whether it was done cannot be told.
    fn unclear(self, carrier: &str, reason: String) -> CarrierError {
        let carrier = carrier.to_owned();
        match self {
            Self::Read => CarrierError::Unavailable {
                carrier,
                reason,
                retry_after: None,
            },
            Self::Purchase | Self::Void => CarrierError::Unknown { carrier, reason },
        }
    }
}

/// What it means that no full answer came, or one that refuses all requests alike.
pub fn lost(deed: Deed, error: HttpError) -> CarrierError {
    match error {
        HttpError::Unavailable { service, .. } if deed == Deed::Purchase => CarrierError::Unknown {
            carrier: service,
            reason: "it answered 503".to_owned(),
        },
        HttpError::RateLimited {
            service,
            retry_after,
        } => CarrierError::Unavailable {
            carrier: service,
            reason: "too many requests (429)".to_owned(),
            retry_after,
        },
        HttpError::Unavailable {
            service,
            retry_after,
        } => CarrierError::Unavailable {
            carrier: service,
            reason: "it answered 503".to_owned(),
            retry_after,
        },
        HttpError::Unreachable { service, reason } => CarrierError::Unavailable {
            carrier: service,
            reason,
            retry_after: None,
        },
        HttpError::OutcomeUnknown { service, reason } => deed.unclear(&service, reason),
        HttpError::TooLarge { ref service, .. } | HttpError::NotJson { ref service, .. }
            if deed != Deed::Read =>
        {
            deed.unclear(service, error.to_string())
        }
        error => CarrierError::Http(error),
    }
}

/// Why an answer is no success; nothing where it is one. An error within a 200 is none.
pub fn failure(deed: Deed, response: &Response) -> Option<Failed> {
    let told = Told::of(response);
    if response.is_success() && told.is_none() {
        return None;
    }
    let error = match &told {
        Some(told) => meaning(deed, response, told),
        None => unexplained(deed, response),
    };
    let code = told.map(|told| told.code).unwrap_or_default();
    Some(Failed {
        status: response.status(),
        code,
        error,
    })
}

/// What an error in UPS' own form means.
fn meaning(deed: Deed, response: &Response, told: &Told) -> CarrierError {
    let carrier = response.service().to_owned();
    let message = told.words(response);
    let is_purchase = deed == Deed::Purchase;
    match (response.status(), told.code.as_str()) {
        // A success and an error at once: it may have been bought.
        (200..=299, _) if is_purchase => CarrierError::Unknown {
            carrier,
            reason: format!("a success that tells of an error: {message}"),
        },
        (401 | 403, _) | (_, "250002" | "250003") => {
            CarrierError::Unauthorized { carrier, message }
        }
        (_, "10429") => CarrierError::Unavailable {
            carrier,
            reason: message,
            retry_after: None,
        },
        // The same shipment once more: the first may be ours.
        (_, "120021") if is_purchase => CarrierError::Unknown {
            carrier,
            reason: message,
        },
        (408 | 500.., _) | (_, "20001" | "190001" | "300000") => deed.unclear(&carrier, message),
        (_, code) => CarrierError::Refused {
            carrier,
            code: code.to_owned(),
            message: told.message_for_people(response),
        },
    }
}

/// What a failure means that UPS' own form does not explain, such as a page of a gateway.
fn unexplained(deed: Deed, response: &Response) -> CarrierError {
    let carrier = response.service().to_owned();
    let status = response.status();
    let what = match response.json::<serde::de::IgnoredAny>() {
        Ok(_) => "without UPS' error".to_owned(),
        Err(HttpError::NotJson { what, .. }) => format!("with {what}"),
        Err(error) => error.to_string(),
    };
    let reason = format!("it answered {status} {what}");
    match status {
        401 | 403 => CarrierError::Unauthorized {
            carrier,
            message: reason,
        },
        404 | 405 => CarrierError::Refused {
            carrier,
            code: status.to_string(),
            message: "there is no such call at its address".to_owned(),
        },
        _ => deed.unclear(&carrier, reason),
    }
}
