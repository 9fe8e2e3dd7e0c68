//! A reference to a secret: what a tenant file holds in its place.

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

impl FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || {
            "a secret goes here only as a reference: vault://path#key, env://NAME or file://path"
                .to_owned()
        };
        if let Some(rest) = text.strip_prefix("vault://") {
            return match rest.split_once('#') {
                Some((path, key)) if is_name(path) && is_name(key) => Ok(Self::Vault {
                    path: path.to_owned(),
                    key: key.to_owned(),
                }),
                _ => Err(refused()),
            };
        }
        if let Some(name) = text.strip_prefix("env://") {
            return if is_name(name) {
                Ok(Self::Env(name.to_owned()))
            } else {
                Err(refused())
            };
        }
        match text.strip_prefix("file://") {
            Some(path) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            _ => Err(refused()),
        }
    }
}

fn is_name(text: &str) -> bool {
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
            "pattern": "^(vault://[A-Za-z0-9_./-]+#[A-Za-z0-9_./-]+|env://[A-Za-z0-9_./-]+|file://.+)$",
            "description": "A reference to a secret: vault://path#key, env://NAME or file://path."
        })
    }
}
