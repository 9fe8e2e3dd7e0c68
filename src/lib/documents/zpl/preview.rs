//! A label as a picture, drawn here: for the browser, and to see that it is one.

use labelize::{Language, RenderOptions};

/// Dots a millimetre of the printers we write for.
const DOTS: u32 = 8;
/// The size where the label does not say: 4 by 6 inches.
const SIZE: (f64, f64) = (101.6, 152.4);
/// Larger than any label; what asks for more is no label of ours or of a carrier's.
const LARGEST: u32 = 4000;

/// The first label in the text, as PNG.
///
/// # Errors
/// It is no label, and why.
pub fn png(zpl: &[u8]) -> Result<Vec<u8>, String> {
    let side = |command: &str, otherwise: f64| {
        let dots = said(zpl, command).filter(|dots| (1..=LARGEST).contains(dots));
        dots.map_or(otherwise, |dots| f64::from(dots) / f64::from(DOTS))
    };
    let options = RenderOptions {
        language: Some(Language::Zpl),
        width_mm: Some(side("^PW", SIZE.0)),
        height_mm: Some(side("^LL", SIZE.1)),
        ..RenderOptions::default()
    };
    let rendered = labelize::render_png(zpl, options).map_err(|error| error.to_string())?;
    if rendered.labels == 0 {
        return Err("there is no label in it".to_owned());
    }
    Ok(rendered.bytes)
}

/// The number behind a command.
fn said(zpl: &[u8], command: &str) -> Option<u32> {
    let command = command.as_bytes();
    let at = zpl
        .windows(command.len())
        .position(|part| part == command)?;
    let digits = zpl[at + command.len()..].iter();
    let digits: Vec<u8> = digits.copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}
