//! Styles and scripts, embedded in the binary. An address carries its content's hash, so
//! that a browser keeps it for good and asks anew after an upgrade.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
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
    "app.css": CSS,
    "app.js": SCRIPT,
    "icon.svg": SVG,
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

/// Answers `/assets/{name}`.
///
/// # Errors
/// There is none of this name.
pub async fn serve(Path(name): Path<String>) -> Result<Response, WebError> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| WebError::not_found("there is no such file"))?;
    let headers = [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.bytes).into_response())
}
