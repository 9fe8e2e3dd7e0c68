//! `POST /api/v1/resolve`: what a code is. Answered from memory and the scan index alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::web::scans::{LONGEST, Resolved};
use crate::web::{App, Operator, WebError};

/// What was scanned.
#[derive(Debug, Deserialize)]
pub struct Asked {
    code: String,
}

/// What a code is, to whoever is signed in as of the last five minutes.
///
/// # Errors
/// The code is longer than any code: 413.
pub async fn resolve(
    State(app): State<App>,
    _: Operator,
    Json(asked): Json<Asked>,
) -> Result<Json<Resolved>, WebError> {
    if asked.code.len() > LONGEST {
        let error = WebError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "this is longer than any code",
        );
        return Err(error.hint("scan the product's own barcode"));
    }
    Ok(Json(app.scans().resolve(&asked.code)))
}
