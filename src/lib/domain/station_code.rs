//! The house's own labels: bins, totes, badges, and commands for hands that hold a scanner.
//!
//! Code 128 with letters and digits only, compared in capitals: what a wrong keyboard
//! layout or Caps Lock does to a scan must not matter.

use std::fmt;

use serde::Serialize;

/// What every label of the house begins with.
const PREFIX: &str = "OPS";
/// Characters of a label, at most.
const LONGEST: usize = 80;

/// A label of the house.
#[derive(Clone, PartialEq, Eq)]
pub enum StationCode {
    /// A place, by its code without what is no letter or digit.
    Bin(String),
    /// A tote, by its number.
    Tote(i64),
    /// Somebody's badge: a secret.
    User(String),
    /// Something to do.
    Do(Command),
}

/// Something to do, on a card beside the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// The round or the order is finished.
    Done,
    /// There is less than the sheet says.
    Short,
    /// The last scan was a mistake.
    Undo,
    /// The message was read.
    Ok,
    /// Go to the next thing.
    Next,
    /// Somebody else takes over.
    Lock,
    /// Take another box.
    Box,
    /// The box is full.
    Close,
}

impl Command {
    /// All of them, in the order they are printed.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Next,
        Self::Undo,
        Self::Short,
        Self::Done,
        Self::Box,
        Self::Close,
        Self::Lock,
    ];

    /// Its word on the label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Short => "SHORT",
            Self::Undo => "UNDO",
            Self::Ok => "OK",
            Self::Next => "NEXT",
            Self::Lock => "LOCK",
            Self::Box => "BOX",
            Self::Close => "CLOSE",
        }
    }

    /// What it does, for the card.
    pub fn what(self) -> &'static str {
        match self {
            Self::Done => "Finish the round, or the order on the bench",
            Self::Short => "There are fewer than the sheet says",
            Self::Undo => "Take the last scan back",
            Self::Ok => "I have read the message",
            Self::Next => "Start or show what comes next",
            Self::Lock => "Lock the station: somebody else takes over",
            Self::Box => "Take another box",
            Self::Close => "The box is full: close it",
        }
    }

    /// What its label says.
    pub fn label(self) -> String {
        format!("{PREFIX}DO{}", self.word())
    }
}

/// Makes a label of what follows its prefix.
type Make = fn(&str) -> Result<StationCode, StationCodeError>;

/// Why a label of the house says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StationCodeError {
    /// No such command.
    #[error("the station knows no such command")]
    Command,
    /// A tote's number is none.
    #[error("this tote label holds no number from 1 to 9999")]
    Tote,
    /// Nothing, or something else than letters and digits.
    #[error("this label of the house is cut off or damaged")]
    Damaged,
}

impl StationCode {
    /// Reads a label of the house; `None` for every other code.
    ///
    /// # Errors
    /// It is one, and says nothing.
    pub fn read(code: &str) -> Option<Result<Self, StationCodeError>> {
        let code = code.trim();
        let head = code.get(..PREFIX.len())?;
        if !head.eq_ignore_ascii_case(PREFIX) || code.len() > LONGEST {
            return None;
        }
        let code = code.to_ascii_uppercase();
        let (make, value): (Make, &str) = if let Some(value) = code.strip_prefix("OPSBIN") {
            (|value| Ok(Self::Bin(value.to_owned())), value)
        } else if let Some(value) = code.strip_prefix("OPSTOTE") {
            (tote, value)
        } else if let Some(value) = code.strip_prefix("OPSUSER") {
            (|value| Ok(Self::User(value.to_owned())), value)
        } else {
            (command, code.strip_prefix("OPSDO")?)
        };
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Some(Err(StationCodeError::Damaged));
        }
        Some(make(value))
    }

    /// The label of a bin, whose code may hold hyphens and spaces; the label does not.
    pub fn bin_label(code: &str) -> String {
        format!("{PREFIX}BIN{}", plain(code))
    }

    /// The label of a tote.
    pub fn tote_label(number: i64) -> String {
        format!("{PREFIX}TOTE{number}")
    }
}

/// A bin's code as its label has it: capitals and digits.
pub fn plain(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

fn tote(value: &str) -> Result<StationCode, StationCodeError> {
    match value.parse() {
        Ok(number @ 1..=9999) => Ok(StationCode::Tote(number)),
        _ => Err(StationCodeError::Tote),
    }
}

fn command(value: &str) -> Result<StationCode, StationCodeError> {
    let known = Command::ALL.into_iter().find(|c| c.word() == value);
    known.map(StationCode::Do).ok_or(StationCodeError::Command)
}

impl fmt::Debug for StationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bin(code) => write!(f, "Bin({code})"),
            Self::Tote(number) => write!(f, "Tote({number})"),
            Self::User(_) => f.write_str("User(..)"),
            Self::Do(command) => write!(f, "Do({command:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str) -> Option<Result<StationCode, StationCodeError>> {
        StationCode::read(code)
    }

    #[test]
    fn labels_are_read_in_any_capitals() {
        assert_eq!(read("opstote7"), Some(Ok(StationCode::Tote(7))));
        assert_eq!(
            read(" OPSDOdone "),
            Some(Ok(StationCode::Do(Command::Done)))
        );
        assert_eq!(
            read(&StationCode::bin_label("a-01-2")),
            Some(Ok(StationCode::Bin("A012".to_owned())))
        );
        let badge = read("OPSUSER7Q2W").unwrap().unwrap();
        assert_eq!(badge, StationCode::User("7Q2W".to_owned()));
        assert_eq!(format!("{badge:?}"), "User(..)");
        for command in Command::ALL {
            assert_eq!(read(&command.label()), Some(Ok(StationCode::Do(command))));
        }
        assert_eq!(
            read(&StationCode::tote_label(20)),
            Some(Ok(StationCode::Tote(20)))
        );
    }

    #[test]
    fn other_codes_are_no_labels_and_damaged_labels_say_so() {
        for code in ["", "OP", "OPS", "OPS-PEN", "4006381333931", "öOPS", "OPSDX"] {
            assert_eq!(read(code), None, "{code:?}");
        }
        assert_eq!(read("OPSDOLUNCH"), Some(Err(StationCodeError::Command)));
        assert_eq!(read("OPSTOTE0"), Some(Err(StationCodeError::Tote)));
        assert_eq!(read("OPSTOTEX"), Some(Err(StationCodeError::Tote)));
        assert_eq!(read("OPSBIN"), Some(Err(StationCodeError::Damaged)));
        assert_eq!(read("OPSBINA-1"), Some(Err(StationCodeError::Damaged)));
    }
}
