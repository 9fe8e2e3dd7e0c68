//! The station's pages. What is on them comes from `/api/v1`, so that it can be brought up
//! to date without a page being loaded while somebody scans.

use axum::extract::{Path, State};
use axum::response::Html;
use minijinja::{Value, context};
use serde_json::json;

use super::labels;
use crate::config::BoxPreset;
use crate::web::{App, Operator, WebError};

/// The gap between two keys, in milliseconds, up to which a scanner is at work.
const SCANNER_GAP_MS: u32 = 60;
/// What the calibration page has scanned: the keys that layouts put elsewhere, and digits.
const KNOWN: &str = "AQWZYM0918273645";

/// What comes next: orders to pick, rounds on their way, orders to pack.
///
/// # Errors
/// The template's.
pub async fn station(State(app): State<App>, who: Operator) -> Result<Html<String>, WebError> {
    app.page(Some(&who), "station.html", context! {})
}

/// A round.
///
/// # Errors
/// The template's.
pub async fn pick(
    State(app): State<App>,
    who: Operator,
    Path(wave): Path<i64>,
) -> Result<Html<String>, WebError> {
    app.page(Some(&who), "pick.html", context! { wave })
}

/// An order on the bench.
///
/// # Errors
/// The template's.
pub async fn pack(
    State(app): State<App>,
    who: Operator,
    Path(task): Path<i64>,
) -> Result<Html<String>, WebError> {
    let size = |b: &BoxPreset| format!("{} × {} × {} mm", b.length_mm, b.width_mm, b.height_mm);
    let boxes = app.base().tenant.pack.boxes.iter();
    let boxes: Vec<_> = boxes
        .map(|(name, preset)| json!({ "name": name, "size": size(preset) }))
        .collect();
    let boxes = serde_json::Value::from(boxes).to_string();
    let tenant = &app.base().tenant;
    let carried = !tenant.carriers.is_empty();
    let stations: Vec<&String> = tenant.printing.stations.keys().collect();
    let stations = json!(stations).to_string();
    app.page(
        Some(&who),
        "pack.html",
        context! { task, boxes, carried, stations },
    )
}

/// What the scanner sends, key by key.
///
/// # Errors
/// The template's.
pub async fn calibrate(State(app): State<App>, who: Operator) -> Result<Html<String>, WebError> {
    let bars = Value::from_safe_string(labels::bars(KNOWN)?);
    let values = context! { gap => SCANNER_GAP_MS, known => KNOWN, bars };
    app.page(Some(&who), "calibrate.html", values)
}
