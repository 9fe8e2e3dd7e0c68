//! What a look at a tenant tells: each step with its state, and what the whole comes to.

use std::fmt;

use serde::Serialize;

use crate::fault::{Exit, Fault};

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In order.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
    /// Not looked at: there is nothing to look at, or something it needs had failed.
    Skipped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        })
    }
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: String,
    /// How it went.
    pub state: State,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl Check {
    fn new(check: &str, state: State, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            state,
            detail: detail.into(),
            hint: None,
            exit: Exit::Done,
        }
    }

    pub(super) fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, State::Ok, detail)
    }

    pub(super) fn skipped(check: &str, why: impl Into<String>) -> Self {
        Self::new(check, State::Skipped, why)
    }

    pub(super) fn warn(check: &str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(check, State::Warn, detail)
        }
    }

    pub(super) fn fail(check: &str, fault: Fault) -> Self {
        Self {
            hint: fault.hint,
            exit: fault.exit,
            ..Self::new(check, State::Fail, fault.message)
        }
    }
}

/// All that was seen, in the order it was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing failed.
    pub healthy: bool,
    /// The steps.
    pub checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        Self {
            healthy: checks.iter().all(|check| check.state != State::Fail),
            checks,
        }
    }

    /// How many steps ended so.
    pub fn count(&self, state: State) -> usize {
        self.checks.iter().filter(|c| c.state == state).count()
    }

    /// The exit code: 2 where the file or a secret is not in order, 75 where only what is
    /// out of reach failed, 1 for anything else.
    pub fn exit(&self) -> Exit {
        let mut failed = self.checks.iter().filter(|c| c.state == State::Fail);
        if self.healthy {
            Exit::Done
        } else if failed.clone().any(|c| c.exit == Exit::Usage) {
            Exit::Usage
        } else if failed.all(|c| c.exit == Exit::TryAgain) {
            Exit::TryAgain
        } else {
            Exit::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(exits: &[Exit]) -> Report {
        let fault = |exit: &Exit| Fault {
            exit: *exit,
            ..Fault::failed("it")
        };
        let mut checks = vec![Check::ok("config", "")];
        checks.extend(exits.iter().map(|exit| Check::fail("x", fault(exit))));
        Report::new(checks)
    }

    #[test]
    fn the_exit_code_says_who_can_mend_it() {
        assert_eq!(failing(&[]).exit(), Exit::Done);
        assert_eq!(failing(&[Exit::TryAgain]).exit(), Exit::TryAgain);
        let other = failing(&[Exit::TryAgain, Exit::Failed]);
        assert_eq!(other.exit(), Exit::Failed);
        let both = failing(&[Exit::TryAgain, Exit::Usage, Exit::Failed]);
        assert_eq!(both.exit(), Exit::Usage);
    }
}
