//! What UPS answers: JSON, or a refusal in its own form.

use serde_json::{Value, json};

use crate::sandbox::woocommerce::Reply;

/// Why UPS does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: &'static str,
    /// The error's text.
    pub message: String,
}

impl Refusal {
    /// A refusal of a request.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// A refusal with a status of its own.
    pub fn with_status(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A body that is not what it should be at all.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new("10001", message)
    }

    /// A field that is not there.
    pub fn missing(path: &str) -> Self {
        Self::new("20007", format!("Missing mandatory element: {path}"))
    }

    /// A field that holds what it must not.
    pub fn invalid(path: &str, why: &str) -> Self {
        Self::new("20008", format!("Invalid value of {path}: {why}"))
    }

    /// A path that leads nowhere.
    pub fn no_route() -> Self {
        Self::with_status(404, "10404", "Resource not found.")
    }

    /// The refusal as UPS writes it.
    pub fn to_value(&self) -> Value {
        json!({ "response": { "errors": [{ "code": self.code, "message": self.message }] } })
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.to_value())
    }
}

/// What stands at the head of an answer that is a success.
pub fn head() -> Value {
    json!({ "ResponseStatus": { "Code": "1", "Description": "Success" } })
}
