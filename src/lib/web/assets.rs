//! Styles and scripts, embedded in the binary. An address carries its content's hash, so
//! that a browser keeps it for good and asks anew after an upgrade.

use std::sync::LazyLock;

use axum::extract::{Path, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::WebError;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $kind:expr),* $(,)?) => {
        &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../../templates/web/assets/", $name)),
        }),*]
    };
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// All there are.
static ASSETS: &[Asset] = assets! {
    "api.js": SCRIPT,
    "app.css": CSS,
    "app.js": SCRIPT,
    "bench.js": SCRIPT,
    "calibrate.js": SCRIPT,
    "codes.js": SCRIPT,
    "dom.js": SCRIPT,
    "events.js": SCRIPT,
    "feedback.js": SCRIPT,
    "icon.svg": SVG,
    "idle.js": SCRIPT,
    "office.css": CSS,
    "pack.js": SCRIPT,
    "page.js": SCRIPT,
    "pick.js": SCRIPT,
    "prompt.js": SCRIPT,
    "queue.js": SCRIPT,
    "scanner.js": SCRIPT,
    "sheet.js": SCRIPT,
    "station.css": CSS,
    "station.js": SCRIPT,
    "switch.js": SCRIPT,
};

static HASHES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let hash = |asset: &Asset| {
        let digest = Sha256::digest(asset.bytes);
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    };
    ASSETS.iter().map(hash).collect()
});

/// The address of an asset, where there is one of this name.
pub fn address(name: &str) -> Option<String> {
    let at = ASSETS.iter().position(|asset| asset.name == name)?;
    Some(format!("/assets/{name}?v={}", HASHES[at]))
}

/// Answers `/assets/{name}`. What is asked for without its content's hash, as modules ask
/// for one another, is asked for again each time.
///
/// # Errors
/// There is none of this name.
pub async fn serve(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    asked: HeaderMap,
) -> Result<Response, WebError> {
    let at = ASSETS.iter().position(|asset| asset.name == name);
    let at = at.ok_or_else(|| WebError::not_found("there is no such file"))?;
    let (asset, tag) = (&ASSETS[at], format!("\"{}\"", HASHES[at]));
    let hashed = query.is_some_and(|query| query == format!("v={}", HASHES[at]));
    let keep = if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let known = asked
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known == tag.as_str());
    let headers = [
        (CONTENT_TYPE, asset.kind.to_owned()),
        (CACHE_CONTROL, keep.to_owned()),
        (ETAG, tag),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, asset.bytes).into_response())
}
