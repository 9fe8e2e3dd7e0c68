//! What the shop answers: a page, an object, or a refusal in WordPress's form.

use serde::Serialize;
use serde_json::{Value, json};

use super::record::Object;

/// An answer, before it goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `Date` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=UTF-8".to_owned())],
            body: serde_json::to_vec(body).unwrap_or_default(),
        }
    }

    /// One page of a list, with the totals of the whole.
    pub fn page(items: &impl Serialize, total: usize, per_page: usize) -> Self {
        let mut reply = Self::json(200, items);
        reply.headers.push(("x-wp-total", total.to_string()));
        reply
            .headers
            .push(("x-wp-totalpages", total.div_ceil(per_page).to_string()));
        reply
    }
}

/// Why the shop does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: &'static str,
    /// The error's text.
    pub message: String,
    /// What `data` holds beside the status.
    pub data: Object,
    /// Whether `data` is the bare status, a number, as some failures have it.
    pub bare: bool,
}

impl Refusal {
    /// A refusal whose `data` holds the status.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: Object::new(),
            bare: false,
        }
    }

    /// A parameter that the shop does not take as it is.
    pub fn parameter(name: &str, why: &str) -> Self {
        Self::new(
            400,
            "rest_invalid_param",
            format!("Invalid parameter(s): {name}"),
        )
        .with("params", json!({ name: why }))
    }

    /// Something the sandbox will not let pass, though the real shop might ignore it.
    pub fn sandbox(message: impl Into<String>) -> Self {
        Self::new(400, "sandbox_not_in_the_published_api", message)
    }

    /// A path that leads nowhere.
    pub fn no_route() -> Self {
        Self::new(
            404,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        )
    }

    /// Adds something to `data`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// Makes `data` the bare status.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// The refusal as WordPress writes it.
    pub fn to_value(&self) -> Value {
        let data = if self.bare {
            Value::from(self.status)
        } else {
            let mut data = Object::new();
            data.insert("status".to_owned(), Value::from(self.status));
            data.extend(self.data.clone());
            Value::Object(data)
        };
        json!({ "code": self.code, "message": self.message, "data": data })
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.to_value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_form_of_wordpress() {
        let refusal = Refusal::new(400, "product_invalid_sku", "Taken.").with("resource_id", 7);
        assert_eq!(
            refusal.to_value(),
            json!({"code": "product_invalid_sku", "message": "Taken.",
                   "data": {"status": 400, "resource_id": 7}})
        );
        assert_eq!(
            Refusal::new(500, "x", "y").bare().to_value()["data"],
            json!(500)
        );
    }

    #[test]
    fn a_page_counts_the_pages() {
        let reply = Reply::page(&json!([]), 101, 100);
        assert!(reply.headers.contains(&("x-wp-totalpages", "2".to_owned())));
    }
}
