//! What is wrong with a tenant file, as text that may be shown: no value of a secret field,
//! no password of an address.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::Refusal;
use crate::fault::Fault;

/// Why there is no tenant.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The name could not be that of a file.
    #[error("`--tenant`: {0}")]
    Name(Refusal),
    /// There is no such file.
    #[error("there is no tenant `{name}` in {}", dir.display())]
    Unknown {
        /// The name asked for.
        name: String,
        /// The folder of tenant files.
        dir: PathBuf,
        /// A name that is there and looks like it.
        near: Option<String>,
        /// The names that are there.
        known: Vec<String>,
    },
    /// The file or the folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is there and wrong.
    #[error("{}", render(path, mistakes))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it, in the order of the file.
        mistakes: Vec<Mistake>,
    },
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line as it may be shown.
    #[serde(skip)]
    pub(super) shown: String,
    /// Where the caret stands under it, and how wide it is.
    #[serde(skip)]
    pub(super) caret: (usize, usize),
}

impl Mistake {
    fn render(&self, path: &std::path::Path) -> String {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let (start, width) = self.caret;
        let mut text = format!(
            "{}:{}:{}: {}\n{gutter} |\n{}\n{gutter} | {}{}",
            path.display(),
            self.line,
            self.column,
            self.message,
            format!("{number} | {}", self.shown).trim_end(),
            " ".repeat(start),
            "^".repeat(width.max(1)),
        );
        if let Some(help) = &self.help {
            for line in help.lines() {
                text.push_str(&format!("\n{gutter} = {line}"));
            }
        }
        text
    }
}

fn render(path: &std::path::Path, mistakes: &[Mistake]) -> String {
    let mut blocks: Vec<String> = mistakes.iter().map(|m| m.render(path)).collect();
    if blocks.len() > 1 {
        blocks.insert(
            0,
            format!("{} has {} mistakes", path.display(), mistakes.len()),
        );
    }
    blocks.join("\n\n")
}

impl ConfigError {
    /// What to do about it, where that is not said line by line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name(refusal) => refusal.help.clone(),
            Self::Unknown {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::Unknown { name, known, .. } if known.is_empty() => {
                Some(format!("make it with: opsctl init {name}"))
            }
            Self::Unknown { name, known, .. } => Some(format!(
                "there is: {}; make a new one with: opsctl init {name}",
                known.join(", ")
            )),
            Self::Read { .. } | Self::Wrong { .. } => None,
        }
    }
}

/// Every mistake of this kind is one of usage: exit 2.
impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        let mut message = error.to_string();
        if let ConfigError::Read { source, .. } = &error {
            message.push_str(&format!(": {source}"));
        }
        let fault = Self::usage(message);
        match error.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
