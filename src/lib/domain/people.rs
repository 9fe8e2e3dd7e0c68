//! Who works in the house: what each may do, and what makes a name, a password or a PIN one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role may all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Picks and packs.
    Packer,
    /// Sees orders and stock, and decides at the station.
    Manager,
    /// Lets people in and out.
    Admin,
}

impl Role {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Packer, Self::Manager, Self::Admin];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packer => "packer",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something about a person is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Not a role.
    #[error("{0:?} is no role: there is packer, manager and admin")]
    Role(String),
    /// Not a name to sign in with.
    #[error("a name has 1 to 40 of a-z, 0-9, dot, hyphen and underscore, and starts with a letter")]
    Name,
    /// Not a name to be shown.
    #[error("a display name has 1 to 80 characters, none of them a control character")]
    DisplayName,
    /// Too short.
    #[error("a password has at least 10 characters")]
    ShortPassword,
    /// Too long to be worth its hashing.
    #[error("a password has at most 200 characters")]
    LongPassword,
    /// The name, or nearly.
    #[error("the password says no more than the name")]
    PasswordIsName,
    /// Not digits, or too few or too many.
    #[error("a PIN has 4 to 8 digits")]
    Pin,
    /// One digit, or digits in a row.
    #[error("a PIN of equal digits, or of digits in a row, is the first that is tried")]
    PlainPin,
}

impl FromStr for Role {
    type Err = PersonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| PersonError::Role(text.chars().take(40).collect()))
    }
}

/// The name somebody signs in with, in small letters.
///
/// # Errors
/// It is not one.
pub fn name(text: &str) -> Result<String, PersonError> {
    let name = text.trim().to_ascii_lowercase();
    let fits = (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if fits {
        Ok(name)
    } else {
        Err(PersonError::Name)
    }
}

/// The name somebody is called by.
///
/// # Errors
/// It is empty, too long, or cannot be shown.
pub fn display_name(text: &str) -> Result<String, PersonError> {
    let name = text.trim();
    let fits = (1..=80).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(PersonError::DisplayName)
    }
}

/// Whether a password may be somebody's.
///
/// # Errors
/// It is too short, too long, or the name.
pub fn password(text: &str, name: &str) -> Result<(), PersonError> {
    let letters = text.chars().count();
    if letters < 10 {
        return Err(PersonError::ShortPassword);
    }
    if letters > 200 {
        return Err(PersonError::LongPassword);
    }
    let folded = text.to_lowercase();
    let rest = folded.replace(&name.to_lowercase(), "");
    let first = rest.chars().next();
    if rest.is_empty() || (rest.len() < folded.len() && rest.chars().all(|c| Some(c) == first)) {
        return Err(PersonError::PasswordIsName);
    }
    Ok(())
}

/// Whether a PIN may be somebody's.
///
/// # Errors
/// It is not 4 to 8 digits, or one that everybody tries.
pub fn pin(text: &str) -> Result<(), PersonError> {
    let digits = text.as_bytes();
    if !(4..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(PersonError::Pin);
    }
    let steps = |step: i16| {
        digits
            .windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step)
    };
    if [0, 1, -1].into_iter().any(steps) {
        return Err(PersonError::PlainPin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_read_as_written() {
        assert!(Role::Packer < Role::Manager && Role::Manager < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(name(" Ada.L "), Ok("ada.l".to_owned()));
        for bad in ["", "1a", "a b", "<b>", "é", &"a".repeat(41)] {
            assert_eq!(name(bad), Err(PersonError::Name), "{bad}");
        }
        assert!(display_name("Ada <Lovelace>").is_ok());
        assert!(display_name("a\u{7}").is_err());
    }

    #[test]
    fn passwords_say_more_than_the_name() {
        assert!(password("correct horse", "ada").is_ok());
        assert_eq!(
            password("123456789", "ada"),
            Err(PersonError::ShortPassword)
        );
        let same = password("Adalovelace", "adalovelace");
        assert_eq!(same, Err(PersonError::PasswordIsName));
        let padded = password("adalovelace111", "adalovelace");
        assert_eq!(padded, Err(PersonError::PasswordIsName));
    }

    #[test]
    fn pins_are_not_the_first_that_are_tried() {
        for good in ["2580", "1357", "19283746"] {
            assert_eq!(pin(good), Ok(()), "{good}");
        }
        for plain in ["0000", "1234", "98765", "11111111"] {
            assert_eq!(pin(plain), Err(PersonError::PlainPin), "{plain}");
        }
        for bad in ["123", "123456789", "12a4", ""] {
            assert_eq!(pin(bad), Err(PersonError::Pin), "{bad}");
        }
    }
}
