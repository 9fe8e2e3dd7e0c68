//! What the shop has been asked: counted by kind of call, and the last calls by name, so
//! that a test can say that no write was made, or exactly so many.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// Calls kept by name; older ones are only counted.
const KEPT: usize = 10_000;

/// How often the shop was asked what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All requests, answered or not.
    pub requests: u64,
    /// Requests that only read.
    pub reads: u64,
    /// All others.
    pub writes: u64,
    /// Requests by method and path, ids left out: `POST products/{id}/variations/batch`.
    pub by_call: BTreeMap<String, u64>,
}

impl Counts {
    /// How often one kind of call was made.
    pub fn of(&self, call: &str) -> u64 {
        self.by_call.get(call).copied().unwrap_or_default()
    }
}

/// One request, as it came and was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When, in seconds since 1970 on the sandbox's clock.
    pub at: i64,
    /// The method.
    pub method: String,
    /// The path below `/wp-json/wc/v3/`.
    pub path: String,
    /// The query, without what authenticates it.
    pub query: String,
    /// The status answered; `None` where the answer was cut off.
    pub status: Option<u16>,
    /// The fault that was played, if any.
    pub fault: Option<String>,
}

/// The requests so far.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    counts: Counts,
    log: VecDeque<Call>,
}

impl Traffic {
    /// Notes a request.
    pub fn note(&mut self, call: Call) {
        self.counts.requests += 1;
        if matches!(call.method.as_str(), "GET" | "HEAD") {
            self.counts.reads += 1;
        } else {
            self.counts.writes += 1;
        }
        let kind = format!("{} {}", call.method, pattern(&call.path));
        *self.counts.by_call.entry(kind).or_default() += 1;
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(call);
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// The last calls, oldest first.
    pub fn log(&self) -> Vec<Call> {
        self.log.iter().cloned().collect()
    }
}

/// A path with its ids left out.
fn pattern(path: &str) -> String {
    let is_id = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| if is_id(part) { "{id}" } else { part })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_kind() {
        let mut traffic = Traffic::default();
        for (method, path) in [
            ("GET", "products"),
            ("POST", "products/12/variations/batch"),
            ("POST", "products/7/variations/batch"),
        ] {
            traffic.note(Call {
                at: 0,
                method: method.to_owned(),
                path: path.to_owned(),
                query: String::new(),
                status: Some(200),
                fault: None,
            });
        }
        let counts = traffic.counts();
        assert_eq!((counts.requests, counts.reads, counts.writes), (3, 1, 2));
        assert_eq!(counts.of("POST products/{id}/variations/batch"), 2);
        assert_eq!(counts.of("PUT products/{id}"), 0);
    }
}
