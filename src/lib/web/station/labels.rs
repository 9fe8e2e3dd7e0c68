//! `/station/commands`: the sheet of the station's own labels, to be printed and cut: a card
//! for each command, and for the totes.

use axum::extract::State;
use axum::response::Html;
use barcoders::generators::svg::SVG;
use barcoders::sym::code128::Code128;
use minijinja::{Value, context};

use crate::domain::station_code::{Command, StationCode};
use crate::web::{App, Operator, WebError};

/// As many totes as a round has orders.
const TOTES: i64 = 20;
/// The height of the bars, in their own widths.
const HEIGHT: u32 = 50;
/// Starts Code 128 in its set of letters and digits.
const SET_B: char = 'Ɓ';

/// The sheet.
///
/// # Errors
/// A label cannot be drawn.
pub async fn commands(State(app): State<App>, who: Operator) -> Result<Html<String>, WebError> {
    let card = |title: String, what: &str, label: String| -> Result<Value, WebError> {
        let bars = Value::from_safe_string(bars(&label)?);
        Ok(context! { title, what, label, bars })
    };
    let commands = Command::ALL
        .into_iter()
        .map(|c| card(c.word().to_owned(), c.what(), c.label()))
        .collect::<Result<Vec<_>, _>>()?;
    let totes = (1..=TOTES)
        .map(|n| card(format!("Tote {n}"), "", StationCode::tote_label(n)))
        .collect::<Result<Vec<_>, _>>()?;
    app.page(Some(&who), "commands.html", context! { commands, totes })
}

/// A label as the bars of Code 128, in SVG.
pub(super) fn bars(label: &str) -> Result<String, WebError> {
    let drawn = Code128::new(format!("{SET_B}{label}"))
        .and_then(|code| SVG::new(HEIGHT).generate(code.encode()));
    drawn.map_err(|error| WebError::broken(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_as_shapes_alone() {
        let svg = bars("OPSDODONE").unwrap();
        assert!(svg.starts_with("<svg ") && svg.contains("<rect "), "{svg}");
        assert!(!svg.contains("style") && !svg.contains("script"), "{svg}");
        // Nine characters, start and check of eleven bars each, and thirteen to stop.
        assert!(svg.contains("viewBox=\"0 0 134 50\""), "{svg}");
    }
}
