//! Code 128 as one SVG path: bars stay sharp at any size, and no engine needs a font for them.

use barcoders::sym::code128::Code128;

use super::DocumentError;

/// Starts Code 128 in its set of letters and digits.
const SET_B: char = 'Ɓ';
/// The narrowest bar that a 203 dpi printer draws and a scanner reads is a quarter of a
/// millimetre; on a label of 4 inches that leaves room for this many.
const WIDEST: usize = 364;
/// The height in narrowest bars. Templates stretch it as they need.
const HEIGHT: usize = 40;
/// White on either side, in narrowest bars (ISO/IEC 15417).
const QUIET: usize = 10;

/// A text as bars.
pub(super) struct Bars {
    /// Its width in narrowest bars, white at its sides included.
    pub modules: usize,
    /// The drawing.
    pub svg: String,
}

impl Bars {
    /// A text as bars.
    ///
    /// # Errors
    /// It is empty, too wide for a label, or not of ASCII letters, digits and signs.
    pub fn of(text: &str) -> Result<Self, DocumentError> {
        let refused = |why: &str| DocumentError::Data(format!("the order code {text:?} {why}"));
        if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(refused("cannot be a Code 128"));
        }
        let code = Code128::new(format!("{SET_B}{text}"))
            .map_err(|error| refused(&format!("cannot be a Code 128: {error}")))?;
        let bars = code.encode();
        let modules = bars.len() + 2 * QUIET;
        if modules > WIDEST {
            return Err(refused("is too long to be read from paper"));
        }
        let mut path = String::new();
        let mut at = 0;
        for run in bars.chunk_by(|a, b| a == b) {
            if run[0] == 1 {
                let (x, width) = (at + QUIET, run.len());
                path.push_str(&format!("M{x} 0h{width}v{HEIGHT}h-{width}z"));
            }
            at += run.len();
        }
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {modules} {HEIGHT}\" \
             preserveAspectRatio=\"none\"><path d=\"{path}\"/></svg>"
        );
        Ok(Self { modules, svg })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_eleven_bars_wide() {
        // Start, three characters, the check, thirteen to stop, and the white at both sides.
        let bars = Bars::of("A-1").unwrap();
        assert_eq!(bars.modules, 11 * 5 + 13 + 2 * QUIET);
        assert!(bars.svg.contains("viewBox=\"0 0 88 40\""), "{}", bars.svg);
    }

    #[test]
    fn what_no_scanner_reads_is_refused() {
        for text in ["", "ü", "a\n", &"x".repeat(40)] {
            assert!(Bars::of(text).is_err(), "{text:?}");
        }
    }
}
