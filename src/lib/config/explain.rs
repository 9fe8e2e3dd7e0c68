//! What the parser says, in the reader's words, with what to write instead.

use super::schema::fields;
use super::{suggest, values};
use crate::domain::secret_ref::SecretRefError;

/// What is wrong, and what to do about it.
pub(super) struct Explained {
    pub message: String,
    pub help: Option<String>,
}

/// The field that a message says is missing.
pub(super) fn missing_field(message: &str) -> Option<&str> {
    between(message, "missing field `", "`")
}

/// Explains why a value does not fit. `value` is its text, where it is one.
pub(super) fn misfit(
    message: &str,
    path: &[String],
    value: Option<&str>,
    tenant: &str,
) -> Explained {
    let field = path.last().map_or("", String::as_str);
    if let Some(unknown) = between(message, "unknown field `", "`") {
        return Explained {
            message: format!("unknown field `{unknown}`"),
            help: Some(suggest::help(unknown, listed(message))),
        };
    }
    if fields().secret.contains(field) {
        let raw = message == SecretRefError::Raw.to_string();
        return Explained {
            message: in_words(message),
            help: raw.then(|| how_to_keep(path, tenant)),
        };
    }
    if let Some(unknown) = between(message, "unknown variant `", "`") {
        return Explained {
            message: format!("unknown value `{unknown}`"),
            help: Some(suggest::help(unknown, listed(message))),
        };
    }
    let refused = match (field, value) {
        ("timezone", Some(value)) => values::time_zone(value),
        ("currency", Some(value)) => values::currency(value),
        _ => Ok(()),
    };
    match refused {
        Err(refusal) => Explained {
            message: refusal.message,
            help: refusal.help,
        },
        Ok(()) => Explained {
            message: in_words(message),
            help: None,
        },
    }
}

/// The command that keeps a secret, and what to write in its place.
fn how_to_keep(path: &[String], tenant: &str) -> String {
    match path {
        [.., group, key] if group != "vault" => format!(
            "keep it with: opsctl --tenant {tenant} vault set {group} {key}\n\
             and write: {key} = \"vault://{group}#{key}\""
        ),
        _ => "keep it in a file that only you can read, and write: identity = \"file://PATH\""
            .to_owned(),
    }
}

/// A message about types without the value that it quotes, and without Rust's names.
fn in_words(message: &str) -> String {
    let Some((found, expected)) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    else {
        return message.to_owned();
    };
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "map" => "a table",
        "sequence" => "a list",
        "integer" => "a number",
        "floating" => "a number with decimals",
        "boolean" => "true or false",
        "string" => "a text",
        _ => "something else",
    };
    let expected = match expected {
        "u32" | "u64" | "i64" | "usize" => "a whole number from 0",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other if other.contains("string") => "a text in quotes",
        other => other,
    };
    format!("expected {expected}, found {found}")
}

/// What a message lists after `expected`, between backticks.
fn listed(message: &str) -> impl Clone + Iterator<Item = &str> {
    let list = message
        .split_once(", expected ")
        .map_or("", |(_, list)| list);
    list.split('`').skip(1).step_by(2)
}

fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    let (name, _) = message.strip_prefix(before)?.split_once(after)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_without_the_value() {
        for (message, words) in [
            (
                "invalid type: string \"cs_secret, expected\", expected u32",
                "expected a whole number from 0, found a text",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "expected a whole number from 0, found a number",
            ),
            (
                "invalid type: sequence, expected a string",
                "expected a text in quotes, found a list",
            ),
            ("something of its own", "something of its own"),
        ] {
            assert_eq!(in_words(message), words);
        }
    }
}
