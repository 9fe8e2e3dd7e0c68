//! What is sent and what comes back: plain values, apart from the client that carries them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::HttpError;
use super::redact::{Redactor, printable};
use crate::domain::time::UtcMs;

/// How much of a foreign answer an error may show, in characters.
const EXCERPT: usize = 200;

/// Whether an operation may be carried out twice without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// A read, or a write that is the same done twice.
    Safe,
    /// A write whose outcome must be asked for before it is done again.
    Never,
    /// A purchase: as [`Self::Never`], and a 503 is not asked again either, for a gateway may
    /// say it when the work behind it is done.
    Purchase,
}

/// What a request carries.
#[derive(Clone)]
pub enum Body {
    /// A JSON document.
    Json(serde_json::Value),
    /// Text of another type, such as a form or XML.
    Text {
        /// Its media type.
        content_type: &'static str,
        /// The text.
        text: String,
    },
    /// Anything else, such as IPP with the document behind it.
    Bytes {
        /// Its media type.
        content_type: &'static str,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// One request. Its `Debug` form shows neither query, headers nor body.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<(&'static str, Vec<u8>)>,
}

impl Request {
    /// A request to an absolute address, query included.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: vec![("accept", "application/json".to_owned())],
            body: None,
        }
    }

    /// A GET of an absolute address, query included.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST to an absolute address.
    #[must_use]
    pub fn post(url: impl Into<String>, body: Body) -> Self {
        Self::new(Method::POST, url).body(body)
    }

    /// Sets a header, in lower case, in place of one that is there.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(have, _)| *have != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(match body {
            Body::Json(value) => ("application/json", value.to_string().into_bytes()),
            Body::Text { content_type, text } => (content_type, text.into_bytes()),
            Body::Bytes {
                content_type,
                bytes,
            } => (content_type, bytes),
        });
        self
    }

    /// The address without its query.
    pub(super) fn path(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }

    pub(super) fn build(
        &self,
        client: &reqwest::Client,
        timeout: Duration,
    ) -> reqwest::Result<reqwest::Request> {
        let mut builder = client
            .request(self.method.clone(), &self.url)
            .timeout(timeout);
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        if let Some((content_type, bytes)) = &self.body {
            builder = builder
                .header(CONTENT_TYPE, *content_type)
                .body(bytes.clone());
        }
        builder.build()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

/// An answer that arrived in full.
pub struct Response {
    service: Arc<str>,
    redactor: Arc<Redactor>,
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Response {
    pub(super) fn new(
        service: Arc<str>,
        redactor: Arc<Redactor>,
        status: StatusCode,
        headers: HeaderMap,
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            service,
            redactor,
            status,
            headers,
            bytes,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the status is one of 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// A header's value, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The service's clock when it answered: the `Date` header.
    #[must_use]
    pub fn server_time(&self) -> Option<UtcMs> {
        http_date(self.header(DATE.as_str())?)
    }

    /// The body as it came, decompressed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// It is something else; the error says what it looks like.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let text = self.bytes.strip_prefix(b"\xef\xbb\xbf".as_slice());
        serde_json::from_slice(text.unwrap_or(&self.bytes)).map_err(|error| self.not_json(&error))
    }

    /// Foreign text made fit for an error: secrets out, control characters out, cut short.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let text = self.redactor.text(text);
        let text = printable(
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .as_str(),
        );
        match text.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }

    /// What errors call the service that answered.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn not_json(&self, error: &serde_json::Error) -> HttpError {
        let text = self.text();
        let is_html = text.trim_start().starts_with("<!")
            || self
                .header(CONTENT_TYPE.as_str())
                .is_some_and(|kind| kind.contains("html"));
        let what = if text.trim().is_empty() {
            "an empty body instead of JSON".to_owned()
        } else if let (true, Some(title)) = (is_html, title(&text)) {
            let title = self.clean(title);
            format!("a web page (text/html) titled {title:?} instead of JSON")
        } else if is_html {
            "a web page (text/html) instead of JSON".to_owned()
        } else if error.is_data() {
            self.clean(&format!("JSON of another form than promised: {error}"))
        } else {
            format!("what is not JSON; it begins with {:?}", self.clean(&text))
        };
        HttpError::NotJson {
            service: self.service.to_string(),
            status: self.status(),
            what,
        }
    }
}

/// What stands between `<title>` and `</title>`.
fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    Some(html[from..to].trim())
}

/// Reads an HTTP date, such as `Tue, 24 Nov 2026 08:30:00 GMT`.
pub(super) fn http_date(text: &str) -> Option<UtcMs> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|at| UtcMs(at.timestamp_millis()))
}
