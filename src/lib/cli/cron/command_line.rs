//! Whether the opsctl calls in a crontab's command would be understood by opsctl.
//!
//! The line is split as a shell splits it, as far as that can be done without running it: a
//! call with a variable or a substitution in it is left alone, for what it becomes is not
//! known here. Other programs are none of our business.

use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::super::Cli;

/// What is wrong with a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// One program call of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    words: Vec<String>,
    /// Whether the shell would put something else in its place.
    expands: bool,
}

/// Checks each call of opsctl in the command.
pub(super) fn check(command: &str) -> Result<(), Wrong> {
    let (command, input) = split_input(command);
    for call in calls(&command)? {
        let program = |word: &String| Path::new(word).file_name() == Some("opsctl".as_ref());
        let Some(at) = call.words.iter().position(program) else {
            continue;
        };
        if at == 1 && call.words[0] == "root" {
            return Err(wrong(
                "`root` stands where the command begins",
                Some("leave the user out: these are a user's crontabs, not /etc/crontab"),
            ));
        }
        if input {
            return Err(wrong(
                "`%` ends the command: what follows it is the command's input",
                Some("write `\\%`"),
            ));
        }
        if !call.expands {
            understood(&call.words[at..])?;
        }
    }
    Ok(())
}

fn wrong(message: impl Into<String>, hint: Option<&str>) -> Wrong {
    Wrong {
        message: message.into(),
        hint: hint.map(str::to_owned),
    }
}

/// Cron ends a command at the first bare `%`, and hands on `\%` as `%`.
fn split_input(command: &str) -> (String, bool) {
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('%') {
        let Some(before) = rest[..at].strip_suffix('\\') else {
            return (text + &rest[..at], true);
        };
        text.push_str(before);
        text.push('%');
        rest = &rest[at + 1..];
    }
    (text + rest, false)
}

/// Holds a call against opsctl's own arguments.
fn understood(words: &[String]) -> Result<(), Wrong> {
    let Err(error) = Cli::command().try_get_matches_from(words) else {
        return Ok(());
    };
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return Ok(());
    }
    let text = error.render().to_string();
    // The first paragraph is the error; a tip may follow, then the usage.
    let message: Vec<&str> = text
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(str::trim)
        .collect();
    let message = message.join(" ");
    let tip = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("tip: "));
    Err(wrong(
        message.strip_prefix("error: ").unwrap_or(&message),
        tip,
    ))
}

/// Splits a command line into its calls, without redirections and leading assignments.
fn calls(command: &str) -> Result<Vec<Call>, Wrong> {
    let mut calls = vec![Call::default()];
    let mut word: Option<String> = None;
    let mut redirected = false;
    let mut letters = command.chars().peekable();
    while let Some(c) = letters.next() {
        let last = calls.len() - 1;
        match c {
            '\'' | '"' => {
                calls[last].expands |= quoted(&mut letters, c, word.get_or_insert_default())?;
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            '#' if word.is_none() => break,
            ' ' | '\t' => end_word(&mut calls[last], &mut word, &mut redirected),
            '>' | '<' => {
                // A number right before it is the file descriptor; `>&1` names another.
                if word.as_ref().is_some_and(|w| w.parse::<u32>().is_ok()) {
                    word = None;
                }
                end_word(&mut calls[last], &mut word, &mut redirected);
                while letters
                    .next_if(|c| matches!(c, '>' | '<' | '&' | '|'))
                    .is_some()
                {}
                redirected = true;
            }
            ';' | '&' | '|' | '(' | ')' => {
                end_word(&mut calls[last], &mut word, &mut redirected);
                redirected = false;
                calls.push(Call::default());
            }
            _ => {
                calls[last].expands |= matches!(c, '$' | '`' | '*' | '?' | '[' | '{' | '~');
                word.get_or_insert_default().push(c);
            }
        }
    }
    let last = calls.len() - 1;
    end_word(&mut calls[last], &mut word, &mut redirected);
    Ok(calls)
}

/// Takes a quoted stretch up to its end. Tells whether the shell would expand it.
fn quoted(
    letters: &mut impl Iterator<Item = char>,
    quote: char,
    word: &mut String,
) -> Result<bool, Wrong> {
    let mut expands = false;
    while let Some(c) = letters.next() {
        match c {
            _ if c == quote => return Ok(expands && quote == '"'),
            '\\' if quote == '"' => word.extend(letters.next()),
            _ => {
                expands |= matches!(c, '$' | '`');
                word.push(c);
            }
        }
    }
    Err(wrong(format!("a quote {quote} is not closed"), None))
}

/// Puts a finished word where it belongs: away, if it names where output goes or sets a
/// variable before the program.
fn end_word(call: &mut Call, word: &mut Option<String>, redirected: &mut bool) {
    let Some(word) = word.take() else { return };
    let is_assignment = call.words.is_empty()
        && word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
    if !std::mem::take(redirected) && !is_assignment {
        call.words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(command: &str) -> Vec<Vec<String>> {
        let calls = calls(command).unwrap();
        calls.into_iter().map(|call| call.words).collect()
    }

    #[test]
    fn a_line_is_split_as_a_shell_does() {
        assert_eq!(
            split("cd '/srv/a b' && TZ=UTC opsctl sync --full >>\"/var/log/x y\" 2>&1"),
            [
                vec!["cd", "/srv/a b"],
                vec![],
                vec!["opsctl", "sync", "--full"]
            ]
        );
        assert_eq!(split("a\\ b 'c'\"d\" '' # e"), [vec!["a b", "cd", ""]]);
        assert_eq!(
            split("a|b;(c)<d"),
            [vec!["a"], vec!["b"], vec![], vec!["c"], vec![]]
        );
    }

    #[test]
    fn calls_that_opsctl_understands_pass() {
        for command in [
            "opsctl gtin 4006381333931",
            "cd \"$OPSCTL_HOME\" && opsctl --json cron next --count 3 >/dev/null 2>&1",
            "OPSCTL_TENANT=shop nice -n 10 /usr/local/bin/opsctl cron check || true",
            "opsctl --version",
            "opsctl gtin --as $SYMBOL",
            "date +%F > /tmp/today",
            "echo 50\\% | opsctl gtin",
        ] {
            assert_eq!(check(command), Ok(()), "{command}");
        }
    }

    #[test]
    fn calls_that_opsctl_refuses_are_told_with_what_to_write() {
        for (command, message, hint) in [
            (
                "opsctl gtni",
                "unrecognized subcommand 'gtni'",
                Some("a similar subcommand exists: 'gtin'"),
            ),
            (
                "cd /srv && opsctl cron next --cuont 3",
                "unexpected argument '--cuont' found",
                Some("a similar argument exists: '--count'"),
            ),
            (
                "root opsctl cron check",
                "`root` stands where the command begins",
                Some("leave the user out: these are a user's crontabs, not /etc/crontab"),
            ),
            (
                "opsctl cron check > /var/log/$(date +%F)",
                "`%` ends the command: what follows it is the command's input",
                Some("write `\\%`"),
            ),
            ("opsctl gtin '1", "a quote ' is not closed", None),
        ] {
            assert_eq!(check(command), Err(wrong(message, hint)), "{command}");
        }
    }
}
