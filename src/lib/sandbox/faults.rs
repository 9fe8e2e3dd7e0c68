//! The ways in which a request can go wrong, and what each does to it: an answer in place of
//! the work, a wait, a broken connection, or a spoiled answer. [`Rule`] says when.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::woocommerce::{Refusal, Reply};

pub use super::rules::{BadRule, Faults, Rule};

/// How a request goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Fault {
    /// 429 with `Retry-After`; nothing is done.
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// 500 with an error in JSON; nothing is done.
    ServerError,
    /// 500 whose `data` is the bare number 500; nothing is done.
    ServerErrorBare,
    /// 503; nothing is done.
    Unavailable,
    /// 200 with a page for people instead of JSON; nothing is done.
    Html,
    /// The connection is closed without an answer; nothing is done.
    CutBefore,
    /// The work is done, then the connection is closed without an answer.
    CutAfter,
    /// The work is done, and the connection is closed in the middle of the answer's body.
    CutMidBody,
    /// The work is done after a while.
    Slow {
        /// Milliseconds to wait.
        ms: u64,
    },
    /// The work is done; the answer ends in the middle of its JSON, as if it were whole.
    TruncatedJson,
    /// A field of the answer's first item holds something else.
    Field {
        /// The field.
        name: String,
        /// What it holds.
        value: Value,
    },
    /// The first item of the answer is `null`.
    NullItem,
    /// The first item of a page comes twice.
    DuplicateItem,
    /// `X-WP-Total` and `X-WP-TotalPages` are wrong.
    WrongTotals {
        /// What they say instead.
        total: u64,
    },
    /// 200 with an error in JSON; nothing is done. Of UPS.
    ErrorInSuccess,
    /// The work is done; the answer leaves out the last package. Of UPS.
    DropPackage,
    /// The work is done; the answer's amounts are in another currency. Of UPS.
    Currency {
        /// Which.
        code: String,
    },
}

/// Where the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before the first byte of the answer.
    Unanswered,
    /// In the middle of the answer's body.
    MidBody,
}

impl Fault {
    /// The word for it on the command line and in the log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "429",
            Self::ServerError => "500",
            Self::ServerErrorBare => "500-bare",
            Self::Unavailable => "503",
            Self::Html => "html",
            Self::CutBefore => "cut-before",
            Self::CutAfter => "cut-after",
            Self::CutMidBody => "cut-mid-body",
            Self::Slow { .. } => "slow",
            Self::TruncatedJson => "truncated-json",
            Self::Field { .. } => "field",
            Self::NullItem => "null-item",
            Self::DuplicateItem => "duplicate-item",
            Self::WrongTotals { .. } => "wrong-totals",
            Self::ErrorInSuccess => "error-in-200",
            Self::DropPackage => "drop-package",
            Self::Currency { .. } => "currency",
        }
    }

    /// What is answered in place of doing the work.
    pub(super) fn instead(&self) -> Option<Reply> {
        let failure = |status, code, text: &str| Some(Refusal::new(status, code, text));
        let refusal = match self {
            Self::RateLimited { .. } => failure(429, "too_many_requests", "Too many requests."),
            Self::ServerError => failure(
                500,
                "internal_server_error",
                "There has been a critical error on this website.",
            ),
            Self::ServerErrorBare => {
                failure(500, "error", "The database is gone.").map(Refusal::bare)
            }
            Self::Unavailable => failure(503, "service_unavailable", "Down for maintenance."),
            Self::Html => {
                return Some(Reply {
                    status: 200,
                    headers: vec![("content-type", "text/html; charset=UTF-8".to_owned())],
                    body: b"<!DOCTYPE html><html><body>Briefly unavailable for scheduled \
                            maintenance. Check back in a minute.</body></html>"
                        .to_vec(),
                });
            }
            Self::CutBefore => Some(Refusal::no_route()),
            _ => None,
        };
        let mut reply = Reply::from(refusal?);
        if let Self::RateLimited { retry_after } = self {
            reply.headers.push(("retry-after", retry_after.to_string()));
        }
        Some(reply)
    }

    /// How long the request waits.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Slow { ms } => Some(Duration::from_millis(*ms)),
            _ => None,
        }
    }

    /// Where the connection breaks, if it does.
    pub(super) fn cut(&self) -> Option<Cut> {
        match self {
            Self::CutBefore | Self::CutAfter => Some(Cut::Unanswered),
            Self::CutMidBody => Some(Cut::MidBody),
            _ => None,
        }
    }

    /// Spoils an answer after the work was done.
    pub(super) fn spoil(&self, reply: &mut Reply) {
        match self {
            Self::TruncatedJson => reply.body.truncate(reply.body.len() / 2),
            Self::Field { name, value } => change_first(reply, |item| {
                if let Some(field) = item.get_mut(name) {
                    *field = value.clone();
                }
            }),
            Self::NullItem => change_first(reply, |item| *item = Value::Null),
            Self::DuplicateItem => change(reply, |items| {
                if let Some(first) = items.as_array().and_then(|items| items.first()).cloned()
                    && let Some(items) = items.as_array_mut()
                {
                    items.insert(0, first);
                }
            }),
            Self::WrongTotals { total } => {
                for (name, value) in &mut reply.headers {
                    if name.starts_with("x-wp-total") {
                        *value = total.to_string();
                    }
                }
            }
            _ => {}
        }
    }
}

fn change(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(&reply.body) {
        change(&mut value);
        reply.body = serde_json::to_vec(&value).unwrap_or_default();
    }
}

/// The first item of a page, of a batch's answer, or the one object there is.
fn change_first(reply: &mut Reply, spoil: impl FnOnce(&mut Value)) {
    change(reply, |value| {
        let target = match value {
            Value::Array(items) => items.first_mut(),
            Value::Object(object) => {
                let batch = ["create", "update", "delete"];
                match batch.into_iter().find(|key| object.contains_key(*key)) {
                    Some(key) => object[key]
                        .as_array_mut()
                        .and_then(|items| items.first_mut()),
                    None => Some(value),
                }
            }
            _ => None,
        };
        if let Some(item) = target {
            spoil(item);
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(body: &Value) -> Reply {
        Reply::page(body, 2, 100)
    }

    fn spoiled(fault: &str, body: &Value) -> Value {
        let mut reply = page(body);
        let rule: Rule = fault.parse().unwrap();
        rule.fault.spoil(&mut reply);
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn answers_are_spoiled_as_asked() {
        let list = json!([{"id": 1, "stock_quantity": 5}, {"id": 2}]);
        assert_eq!(
            spoiled("field:stock_quantity=1e30", &list),
            json!([{"id": 1, "stock_quantity": 1e30}, {"id": 2}])
        );
        assert_eq!(
            spoiled("field:stock_quantity=soon", &list)[0]["stock_quantity"],
            json!("soon")
        );
        assert_eq!(spoiled("null-item", &list), json!([null, {"id": 2}]));
        assert_eq!(
            spoiled("duplicate-item", &list).as_array().unwrap().len(),
            3
        );
        assert_eq!(
            spoiled("null-item", &json!({"update": [{"id": 1}]})),
            json!({"update": [null]})
        );
        let mut reply = page(&list);
        Fault::WrongTotals { total: 9 }.spoil(&mut reply);
        assert!(reply.headers.contains(&("x-wp-totalpages", "9".to_owned())));
        let before = reply.body.len();
        Fault::TruncatedJson.spoil(&mut reply);
        assert_eq!(reply.body.len(), before / 2);
    }
}
