//! Packing slips: their papers, and the names of their template versions.

use std::fmt;

/// What a packing slip is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paper {
    /// US Letter.
    Letter,
    /// 4 by 6 inches, as labels are.
    Label4x6,
}

/// The template versions there are, each with its paper. The first of a paper is its default.
pub const VERSIONS: [(&str, Paper); 3] = [
    ("letter-1", Paper::Letter),
    ("letter-html-1", Paper::Letter),
    ("4x6-1", Paper::Label4x6),
];

/// A template version, as a shop uses it: `letter-1`, or `letter-1.2` where the shop changed
/// its logo after it had used `letter-1`. What was issued keeps its look; a new look has a
/// name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateName {
    version: &'static str,
    paper: Paper,
    look: Option<u16>,
}

impl TemplateName {
    /// The default of a paper.
    #[must_use]
    pub fn of(paper: Paper) -> Self {
        let version = match paper {
            Paper::Letter => VERSIONS[0].0,
            Paper::Label4x6 => VERSIONS[2].0,
        };
        Self {
            version,
            paper,
            look: None,
        }
    }

    /// A version by its name; `None` where there is no such version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, look) = match text.split_once('.') {
            Some((name, look)) => (name, Some(look)),
            None => (text, None),
        };
        let (version, paper) = VERSIONS.into_iter().find(|(known, _)| *known == name)?;
        let look = match look {
            Some(look) if look.starts_with(|c: char| c.is_ascii_digit() && c != '0') => {
                Some(look.parse().ok()?)
            }
            Some(_) => return None,
            None => None,
        };
        Some(Self {
            version,
            paper,
            look,
        })
    }

    /// The version, which is the name of its folder.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// What it is printed on.
    #[must_use]
    pub fn paper(&self) -> Paper {
        self.paper
    }

    /// The same version under the next name, for a new look.
    #[must_use]
    pub fn next_look(&self) -> Self {
        Self {
            look: Some(self.look.unwrap_or(1).saturating_add(1)),
            ..self.clone()
        }
    }
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version)?;
        match self.look {
            Some(look) => write!(f, ".{look}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_version_and_a_look() {
        for text in ["letter-1", "letter-1.2", "letter-html-1.65535", "4x6-1"] {
            assert_eq!(TemplateName::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "letter-9",
            "letter-1.",
            "letter-1.0",
            "letter-1.x",
            "letter-1.+2",
            "4x6-1.2.3",
        ] {
            assert_eq!(TemplateName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_look_has_a_name_of_its_own() {
        let first = TemplateName::of(Paper::Letter);
        assert_eq!(first.next_look().to_string(), "letter-1.2");
        assert_eq!(first.next_look().next_look().to_string(), "letter-1.3");
    }

    #[test]
    fn each_paper_has_a_default_that_fits_it() {
        for paper in [Paper::Letter, Paper::Label4x6] {
            let name = TemplateName::of(paper);
            assert_eq!(TemplateName::parse(name.version()), Some(name.clone()));
            assert_eq!(name.paper(), paper);
        }
    }
}
