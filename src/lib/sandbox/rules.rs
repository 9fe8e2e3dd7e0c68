//! Bad weather on order: rules that say which requests go wrong, and when.
//!
//! A rule matches by method and by a part of the path and query, lets `skip` matching
//! requests pass, spoils the next `times`, and is then used up. Of several rules that match
//! a request, the first that is due spoils it.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::Fault;

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
        "error-in-200" => plain(Fault::ErrorInSuccess),
        "drop-package" => plain(Fault::DropPackage),
        "currency" => match argument {
            Some(code) if !code.is_empty() => Ok(Fault::Currency {
                code: code.to_owned(),
            }),
            _ => Err(BadRule("currency needs currency:CODE".to_owned())),
        },
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
             duplicate-item, wrong-totals[:N], and of UPS error-in-200, drop-package and \
             currency:CODE"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            "currency",
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
    fn a_rule_reads_back_from_json() {
        let rule: Rule =
            serde_json::from_value(json!({"fault": {"kind": "slow", "ms": 5}, "path": "x"}))
                .unwrap();
        assert_eq!(rule.times, 1);
        let written = serde_json::to_value(&rule).unwrap();
        assert_eq!(serde_json::from_value::<Rule>(written).unwrap(), rule);
    }
}
