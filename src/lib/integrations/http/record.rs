//! The recording of `--record-http`: one JSON line an exchange, without secrets.
//!
//! The file also holds what customers ordered, so only its owner may read it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Serialize;
use serde_json::{Map, Value};

use super::redact::Redactor;
use super::{HttpError, Request, Response};

/// The open recording.
pub struct Recorder {
    file: Mutex<File>,
}

/// One line. `status` is null where no full answer came.
#[derive(Serialize)]
struct Line<'a> {
    method: &'a str,
    url: String,
    headers: Map<String, Value>,
    body: Option<String>,
    status: Option<u16>,
    response_headers: Map<String, Value>,
    response_body: Option<String>,
}

impl Recorder {
    /// Opens the file to append to, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, HttpError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| HttpError::Record {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// Appends an exchange. A full disk is a warning: the work itself goes on.
    pub fn append(&self, redactor: &Redactor, request: &Request, response: Option<&Response>) {
        let mut headers = Map::new();
        let content_type = request.body.as_ref().map(|(kind, _)| *kind);
        for (name, value) in &request.headers {
            headers.insert((*name).to_owned(), redactor.header(name, value).into());
        }
        if let Some(kind) = content_type {
            headers.insert(CONTENT_TYPE.to_string(), kind.into());
        }
        let line = Line {
            method: request.method.as_str(),
            url: redactor.text(&request.url),
            headers,
            body: request.body.as_ref().map(|(_, bytes)| {
                let text = String::from_utf8_lossy(bytes);
                redactor.text(&text)
            }),
            status: response.map(Response::status),
            response_headers: response.map_or_else(Map::new, |r| received(redactor, r.headers())),
            response_body: response.map(|r| redactor.text(&r.text())),
        };
        if let Err(error) = self.write(&line) {
            tracing::warn!("the HTTP recording misses an exchange: {error}");
        }
    }

    /// The whole line in one write, so that lines never mix.
    fn write(&self, line: &Line<'_>) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text)
    }
}

fn received(redactor: &Redactor, headers: &HeaderMap) -> Map<String, Value> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = redactor.header(name.as_str(), &value);
            (name.to_string(), value.into())
        })
        .collect()
}
