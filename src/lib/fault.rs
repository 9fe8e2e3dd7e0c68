//! What an error tells whoever started the command: an exit code and a way on.
//!
//! Any layer may wrap a cause in a [`Fault`]; the command line reads the first one it
//! finds in the chain. Errors without one exit with 1 and no hint.

use std::fmt;

/// How a command ended, as the shell and cron see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is done: 0.
    Done,
    /// A failure, also a partial one: 1.
    Failed,
    /// Wrong usage, or a broken tenant file: 2.
    Usage,
    /// A lock is held, or a service is out of reach: 75, try again later.
    TryAgain,
}

impl Exit {
    /// The process exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TryAgain => 75,
        }
    }
}

/// An error with an exit code and, where one is known, a hint on what to do.
#[derive(Debug)]
pub struct Fault {
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// What the reader can do about it.
    pub hint: Option<String>,
    /// The exit code it leads to.
    pub exit: Exit,
}

impl Fault {
    /// A failure: exit 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Failed)
    }

    /// Wrong usage or configuration: exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Usage)
    }

    /// Something that passes by itself: exit 75.
    pub fn try_again(message: impl Into<String>) -> Self {
        Self::new(message, Exit::TryAgain)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn new(message: impl Into<String>, exit: Exit) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
