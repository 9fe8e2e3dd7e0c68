//! A reference to a secret: what a tenant file holds in its place. It may be shown anywhere.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is found. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// `vault://PATH#KEY`: an entry of the tenant's vault.
    Vault {
        /// The group of entries, usually the service.
        path: String,
        /// The entry.
        key: String,
    },
    /// `env://NAME`: an environment variable.
    Env(String),
    /// `file://PATH`: a file's content, without the newline at its end.
    File(String),
}

/// Why a text is no reference. It never repeats the text, which may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefError {
    /// None of the three kinds.
    #[error(
        "a secret stands here only as a reference: vault://path#key, env://NAME or file://path"
    )]
    Raw,
    /// A vault reference without a path, a `#` or a key.
    #[error("a vault reference reads vault://path#key, in letters, digits and _ - / .")]
    Vault,
    /// A name that no environment variable has.
    #[error("an environment reference reads env://NAME, in letters, digits and _")]
    Env,
    /// No path.
    #[error("a file reference reads file://path")]
    File,
}

impl FromStr for SecretRef {
    type Err = SecretRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("vault://") {
            return match rest.split_once('#') {
                Some((path, key)) if is_entry_name(path) && is_entry_name(key) => Ok(Self::Vault {
                    path: path.to_owned(),
                    key: key.to_owned(),
                }),
                _ => Err(SecretRefError::Vault),
            };
        }
        if let Some(name) = text.strip_prefix("env://") {
            let fits = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return if fits {
                Ok(Self::Env(name.to_owned()))
            } else {
                Err(SecretRefError::Env)
            };
        }
        match text.strip_prefix("file://") {
            Some("") => Err(SecretRefError::File),
            Some(path) => Ok(Self::File(path.to_owned())),
            None => Err(SecretRefError::Raw),
        }
    }
}

/// Whether a text may name a group of vault entries, or an entry in it.
#[must_use]
pub fn is_entry_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'.'))
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault { path, key } => write!(f, "vault://{path}#{key}"),
            Self::Env(name) => write!(f, "env://{name}"),
            Self::File(path) => write!(f, "file://{path}"),
        }
    }
}

impl Serialize for SecretRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for SecretRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(vault://[A-Za-z0-9_./-]+#[A-Za-z0-9_./-]+|env://[A-Za-z_][A-Za-z0-9_]*|file://.+)$",
            "description": "A reference to a secret: vault://path#key, env://NAME or file://path."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_written_as_it_was_read() {
        for text in [
            "vault://woo#consumer_key",
            "vault://ups/eu#client.secret-2",
            "env://WOO_KEY",
            "file:///run/secrets/woo",
            "file://var/demo/identity.txt",
        ] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_without_being_repeated() {
        for (text, error) in [
            ("cs_0123456789abcdef", SecretRefError::Raw),
            ("", SecretRefError::Raw),
            ("vault://cs_0123456789abcdef", SecretRefError::Vault),
            ("vault://#key", SecretRefError::Vault),
            ("vault://woo#", SecretRefError::Vault),
            ("vault://woo#a#b", SecretRefError::Vault),
            ("env://", SecretRefError::Env),
            ("env://1ST", SecretRefError::Env),
            ("env://WOO KEY", SecretRefError::Env),
            ("file://", SecretRefError::File),
        ] {
            assert_eq!(text.parse::<SecretRef>(), Err(error), "{text}");
            assert!(!error.to_string().contains("cs_0123"));
        }
    }
}
