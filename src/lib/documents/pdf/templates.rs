//! The template versions, as they are built in: a folder each, with the fonts it uses.

use sha2::{Digest, Sha256};

use super::Logo;
use crate::domain::slip::TemplateName;

/// What draws a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Typst, in this process.
    Typst,
    /// WeasyPrint, from HTML.
    Html,
}

/// A file by its name.
type File = (&'static str, &'static [u8]);

/// A template version.
pub(super) struct Version {
    /// The name of its folder.
    pub name: &'static str,
    /// What draws it.
    pub kind: Kind,
    /// The template itself.
    pub template: File,
}

/// The fonts of all versions so far. One that changes needs a folder and versions of its own.
pub(super) const FONTS: [File; 2] = [
    (
        "NotoSans-Regular.ttf",
        include_bytes!("../../../../templates/fonts/noto-sans/NotoSans-Regular.ttf"),
    ),
    (
        "NotoSans-Bold.ttf",
        include_bytes!("../../../../templates/fonts/noto-sans/NotoSans-Bold.ttf"),
    ),
];

macro_rules! template {
    ($folder:literal, $file:literal) => {
        (
            $file,
            include_bytes!(concat!(
                "../../../../templates/packing_slip/",
                $folder,
                "/",
                $file
            )),
        )
    };
}

impl Version {
    /// A version by its name.
    pub fn of(name: &TemplateName) -> Self {
        let (kind, template): (Kind, File) = match name.version() {
            "letter-html-1" => (Kind::Html, template!("letter-html-1", "slip.html")),
            "4x6-1" => (Kind::Typst, template!("4x6-1", "slip.typ")),
            _ => (Kind::Typst, template!("letter-1", "slip.typ")),
        };
        Self {
            name: name.version(),
            kind,
            template,
        }
    }

    /// The SHA-256 of all it is made from, names and contents, with the logo.
    pub fn bundle(&self, logo: Option<&Logo>) -> String {
        let mut digest = Sha256::new();
        let mut add = |name: &str, bytes: &[u8]| {
            for part in [name.as_bytes(), bytes] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        };
        add(self.template.0, self.template.1);
        for (name, bytes) in FONTS {
            add(name, bytes);
        }
        if let Some(logo) = logo {
            add(logo.file_name(), logo.bytes());
        }
        digest
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slip::VERSIONS;

    #[test]
    fn each_version_has_a_folder_of_its_own() {
        let bundles: Vec<String> = VERSIONS
            .iter()
            .map(|(name, _)| {
                let version = Version::of(&TemplateName::parse(name).unwrap());
                assert_eq!(version.name, *name);
                version.bundle(None)
            })
            .collect();
        assert!(bundles[0] != bundles[1] && bundles[1] != bundles[2] && bundles[0] != bundles[2]);
    }

    #[test]
    fn another_logo_makes_another_bundle() {
        let version = Version::of(&TemplateName::parse("letter-1").unwrap());
        let logo = |text: &str| Logo::new(text.as_bytes().to_vec()).unwrap();
        let first = version.bundle(Some(&logo("<svg/>")));
        assert_eq!(first, version.bundle(Some(&logo("<svg/>"))));
        assert_ne!(first, version.bundle(Some(&logo("<svg />"))));
        assert_ne!(first, version.bundle(None));
    }
}
