//! Bad weather on order: rules that say which requests go wrong, when, and how.
//!
//! A rule matches by method and by a part of the path and query, lets `skip` matching
//! requests pass, spoils the next `times`, and is then used up. Of several rules that match
//! a request, the first that is due spoils it.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::woocommerce::{Refusal, Reply};

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
}

/// Which requests go wrong, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How.
    pub fault: Fault,
    /// Only requests of this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests whose path and query contain this.
    #[serde(default)]
    pub path: String,
    /// So many matching requests pass first.
    #[serde(default)]
    pub skip: u64,
    /// So many go wrong.
    #[serde(default = "once")]
    pub times: u64,
}

fn once() -> u64 {
    1
}

impl Rule {
    /// Spoils the next request, whichever it is.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            path: String::new(),
            skip: 0,
            times: 1,
        }
    }

    /// Only requests of this method, whose path and query contain `path`.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        path.clone_into(&mut self.path);
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Spoils so many requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn matches(&self, method: &str, target: &str) -> bool {
        let is_method = |own: &String| own.eq_ignore_ascii_case(method);
        self.method.as_ref().is_none_or(is_method) && target.contains(&self.path)
    }
}

/// The rules in force. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Adds a rule behind the others.
    pub fn inject(&self, rule: Rule) {
        self.with(|rules| rules.push(rule));
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// The rules that are not used up.
    pub fn pending(&self) -> Vec<Rule> {
        self.with(|rules| rules.clone())
    }

    /// The fault that is due for a request, now counted as played.
    pub(super) fn take(&self, method: &str, target: &str) -> Option<Fault> {
        self.with(|rules| {
            let mut due = None;
            for rule in rules.iter_mut().filter(|rule| rule.matches(method, target)) {
                if rule.skip > 0 {
                    rule.skip -= 1;
                } else if rule.times > 0 {
                    rule.times -= 1;
                    due = Some(rule.fault.clone());
                    break;
                }
            }
            rules.retain(|rule| rule.times > 0);
            due
        })
    }

    fn with<R>(&self, act: impl FnOnce(&mut Vec<Rule>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

/// Why a fault on the command line is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRule(String);

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRule {}

/// `KIND[:ARGUMENT][,method=M][,path=P][,skip=N][,times=N]`, as in
/// `429:2,path=products,times=3` or `field:stock_quantity=1e30`.
impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',');
        let mut rule = Self::new(read_fault(parts.next().unwrap_or_default())?);
        for part in parts {
            let number = |value: &str| {
                value
                    .parse()
                    .map_err(|_| BadRule(format!("{part:?} needs a whole number")))
            };
            match part.split_once('=') {
                Some(("method", value)) => rule.method = Some(value.to_uppercase()),
                Some(("path", value)) => value.clone_into(&mut rule.path),
                Some(("skip", value)) => rule.skip = number(value)?,
                Some(("times", value)) => rule.times = number(value)?,
                _ => {
                    return Err(BadRule(format!(
                        "{part:?} is none of method=, path=, skip=, times="
                    )));
                }
            }
        }
        Ok(rule)
    }
}

fn read_fault(text: &str) -> Result<Fault, BadRule> {
    let (word, argument) = match text.split_once(':') {
        Some((word, argument)) => (word, Some(argument)),
        None => (text, None),
    };
    let number = |default: u64| match argument {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| BadRule(format!("{word}:{text} needs a whole number"))),
    };
    let plain = |fault: Fault| match argument {
        None => Ok(fault),
        Some(_) => Err(BadRule(format!("{word} takes no argument"))),
    };
    match word {
        "429" => Ok(Fault::RateLimited {
            retry_after: number(1)?,
        }),
        "500" => plain(Fault::ServerError),
        "500-bare" => plain(Fault::ServerErrorBare),
        "503" => plain(Fault::Unavailable),
        "html" => plain(Fault::Html),
        "cut-before" => plain(Fault::CutBefore),
        "cut-after" => plain(Fault::CutAfter),
        "cut-mid-body" => plain(Fault::CutMidBody),
        "slow" => Ok(Fault::Slow { ms: number(1000)? }),
        "truncated-json" => plain(Fault::TruncatedJson),
        "null-item" => plain(Fault::NullItem),
        "duplicate-item" => plain(Fault::DuplicateItem),
        "wrong-totals" => Ok(Fault::WrongTotals { total: number(1)? }),
        "field" => {
            let (name, value) = argument
                .and_then(|argument| argument.split_once('='))
                .ok_or_else(|| BadRule("field needs field:NAME=VALUE".to_owned()))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            Ok(Fault::Field {
                name: name.to_owned(),
                value,
            })
        }
        _ => Err(BadRule(format!(
            "{word:?} is no fault; there are 429[:SECONDS], 500, 500-bare, 503, html, cut-before, \
             cut-after, cut-mid-body, slow[:MS], truncated-json, field:NAME=VALUE, null-item, \
             duplicate-item and wrong-totals[:N]"
        ))),
    }
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
    fn rules_are_read_from_the_command_line() {
        let rule: Rule = "429:2,path=products,method=get,skip=1,times=3"
            .parse()
            .unwrap();
        let expected = Rule::new(Fault::RateLimited { retry_after: 2 })
            .on("GET", "products")
            .after(1)
            .times(3);
        assert_eq!(rule, expected);
        for bad in [
            "",
            "418",
            "429:soon",
            "html:x",
            "500,times=x",
            "500,when=now",
            "field:x",
        ] {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_skips_then_plays_then_is_used_up() {
        let faults = Faults::default();
        faults.inject("html,path=products,skip=1,times=2".parse().unwrap());
        faults.inject("503,method=POST".parse().unwrap());
        let take = |method, path| faults.take(method, path).map(|fault| fault.word());
        assert_eq!(take("GET", "/orders"), None);
        assert_eq!(take("GET", "/products?page=1"), None);
        assert_eq!(take("POST", "/products/batch"), Some("html"));
        assert_eq!(take("POST", "/products/batch"), Some("html"));
        assert_eq!(take("POST", "/products/batch"), Some("503"));
        assert_eq!(take("POST", "/products/batch"), None);
        assert_eq!(faults.pending(), []);
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

    #[test]
    fn a_rule_reads_back_from_json() {
        let rule: Rule =
            serde_json::from_value(json!({"fault": {"kind": "slow", "ms": 5}, "path": "x"}))
                .unwrap();
        assert_eq!(rule.times, 1);
        let written = serde_json::to_value(&rule).unwrap();
        assert_eq!(serde_json::from_value::<Rule>(written).unwrap(), rule);
    }
}
