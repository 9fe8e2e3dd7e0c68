//! Why a document cannot be drawn, and what to do about it.

use crate::fault::Fault;

/// Why a document cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The version is drawn on another paper.
    #[error("the template version {0} is not for the paper it should be printed on")]
    OtherPaper(String),
    /// What it should say cannot be said.
    #[error("the packing slip cannot be drawn: {0}")]
    Data(String),
    /// The logo is no picture that can be drawn.
    #[error("the logo cannot be used: {0}")]
    Logo(String),
    /// No font has a character.
    #[error("no font here has {character:?} (U+{code:04X}): it stands in {place}, {text:?}", code = *character as u32)]
    NoGlyph {
        /// The first such character.
        character: char,
        /// Where it stands.
        place: String,
        /// The text it stands in.
        text: String,
    },
    /// The template does not compile, or not without a warning.
    #[error("the template {template} cannot be drawn: {reason}")]
    Template {
        /// The version.
        template: &'static str,
        /// What the engine says.
        reason: String,
    },
    /// The version needs Typst, which this build lacks.
    #[error("the template {0} needs Typst, which this opsctl was built without")]
    WithoutTypst(&'static str),
    /// The program is not there or cannot be started.
    #[error("{program} does not start: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// The program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
    /// The program did not end.
    #[error("{program} did not end within {seconds} s")]
    TimedOut {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A file that the program needs cannot be written or read.
    #[error("a file for the packing slip cannot be kept: {0}")]
    File(#[from] std::io::Error),
}

impl DocumentError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OtherPaper(_) => Some(
                "name a version for the paper of [shipping] slip, or leave slip_template out"
                    .to_owned(),
            ),
            Self::Logo(_) => Some("[branding] logo names a PNG or SVG file".to_owned()),
            Self::NoGlyph { character, .. } => Some(format!(
                "install a font that has it: apt install {}",
                package(*character)
            )),
            Self::WithoutTypst(_) => Some(
                "use slip_template = \"letter-html-1\", which WeasyPrint draws, or build opsctl \
                 with the feature typst"
                    .to_owned(),
            ),
            Self::NotStarted { .. } => Some(
                "install it: apt install weasyprint, or use a slip_template that needs none, \
                 such as letter-1"
                    .to_owned(),
            ),
            Self::Data(_)
            | Self::Template { .. }
            | Self::Failed { .. }
            | Self::TimedOut { .. }
            | Self::File(_) => None,
        }
    }
}

impl From<DocumentError> for Fault {
    fn from(error: DocumentError) -> Self {
        let fault = match error {
            DocumentError::OtherPaper(_) | DocumentError::Logo(_) => Self::usage(error.to_string()),
            _ => Self::failed(error.to_string()),
        };
        match error.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }
}

/// The Debian package with the font for a character.
fn package(character: char) -> &'static str {
    match character as u32 {
        0x1100..=0x11FF
        | 0x2E80..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7FF
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE4F
        | 0xFF00..=0xFFEF
        | 0x1B000..=0x1B16F
        | 0x20000..=0x3FFFF => "fonts-noto-cjk",
        0x1F000..=0x1FAFF => "fonts-noto-color-emoji",
        _ => "fonts-noto-core",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_glyph_names_its_place_and_the_font_to_install() {
        let error = DocumentError::NoGlyph {
            character: '張',
            place: "ship to 1".to_owned(),
            text: "張小明".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "no font here has '張' (U+5F35): it stands in ship to 1, \"張小明\""
        );
        let fault = Fault::from(error);
        assert!(fault.hint.unwrap().ends_with("fonts-noto-cjk"));
    }

    #[test]
    fn each_script_has_its_package() {
        assert_eq!(package('한'), "fonts-noto-cjk");
        assert_eq!(package('か'), "fonts-noto-cjk");
        assert_eq!(package('ש'), "fonts-noto-core");
        assert_eq!(package('📦'), "fonts-noto-color-emoji");
    }
}
