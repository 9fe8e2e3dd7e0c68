//! The shop's logo: a PNG or an SVG.

use std::path::Path;

use super::DocumentError;

/// Bytes of a logo, at most: it is drawn on every page, and kept in every document.
const LARGEST: usize = 2_000_000;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The shop's logo.
#[derive(Debug, Clone)]
pub struct Logo {
    bytes: Vec<u8>,
    file_name: &'static str,
}

impl Logo {
    /// A logo by its bytes, which say what it is.
    ///
    /// # Errors
    /// It is neither PNG nor SVG, or larger than 2 MB.
    pub fn new(bytes: Vec<u8>) -> Result<Self, DocumentError> {
        if bytes.len() > LARGEST {
            return Err(DocumentError::Logo("it is larger than 2 MB".to_owned()));
        }
        let file_name = if bytes.starts_with(PNG) {
            "logo.png"
        } else if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")) {
            "logo.svg"
        } else {
            return Err(DocumentError::Logo("it is neither PNG nor SVG".to_owned()));
        };
        Ok(Self { bytes, file_name })
    }

    /// Reads a logo from its file.
    ///
    /// # Errors
    /// The file cannot be read, or as [`Self::new`].
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let unread = |error| DocumentError::Logo(format!("{}: {error}", path.display()));
        Self::new(std::fs::read(path).map_err(unread)?)
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What templates call it.
    pub(super) fn file_name(&self) -> &'static str {
        self.file_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_says_itself_what_it_is() {
        let png = Logo::new([PNG, b"rest"].concat()).unwrap();
        assert_eq!(png.file_name(), "logo.png");
        let svg = Logo::new(b"<?xml version='1.0'?><svg/>".to_vec()).unwrap();
        assert_eq!(svg.file_name(), "logo.svg");
        assert!(Logo::new(b"\xff\xd8\xff\xe0 JFIF".to_vec()).is_err());
        assert!(Logo::new(vec![b' '; LARGEST + 1]).is_err());
    }
}
