//! The line of a tenant file that an error shows, with a caret under the place.
//!
//! A file may hold a raw secret by mistake, on any line and under any misspelt name. So a
//! value is shown only under a field that is known to hold no secret, or where it is a
//! reference; everything else becomes `***`, and comments are left out.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::schema::{Fields, fields};
use super::suggest;
use crate::domain::secret_ref::SecretRef;

const MASK: &str = "***";

/// What the reader of an error sees of the file.
pub(super) struct Excerpt {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line with its secrets masked.
    pub shown: String,
    /// Where in it the caret starts, in characters, and how wide it is.
    pub caret: (usize, usize),
}

/// How much of a line may be shown.
#[derive(Clone, Copy, Default)]
pub(super) struct Shows {
    /// A value that starts a line belongs to a field that may be shown.
    pub continued: bool,
    /// Fields that nobody knows may be shown: the keys are the tenant's own words.
    pub unknown: bool,
    /// What the error points at is masked whatever it is.
    pub hide: bool,
}

/// Cuts out the line that a span starts on.
pub(super) fn excerpt(text: &str, span: &Range<usize>, shows: Shows) -> Excerpt {
    let at = floor(text, span.start.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..]
        .find('\n')
        .map_or(text.len(), |length| start + length);
    let line = text[start..end].trim_end_matches('\r');
    let from = (at - start).min(line.len());
    let to = floor(
        line,
        span.end.clamp(at, start + line.len().max(from)) - start,
    )
    .max(from);

    let (cut, mut masked) = if in_multiline_string(&text[..start]) {
        (line.len(), std::iter::once(0..line.len()).collect())
    } else {
        scan(line, shows)
    };
    if shows.hide {
        masked.push(from..to.max(from));
    }
    masked.extend(suspicious(line));
    let (drawn, place) = redraw(&line[..cut], masked);
    let (left, right) = (place(from), place(to));
    Excerpt {
        line: text[..start].matches('\n').count() + 1,
        column: line[..from].chars().count() + 1,
        caret: (left, right.saturating_sub(left).max(1)),
        shown: drawn,
    }
}

/// Masks in a message what looks like a secret, for it may quote the file.
pub(super) fn scrub(message: &str) -> String {
    redraw(message, suspicious(message)).0
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn in_multiline_string(before: &str) -> bool {
    before.matches("\"\"\"").count() % 2 == 1 || before.matches("'''").count() % 2 == 1
}

/// What looks like a key of a shop or of the vault, or a password in an address.
fn suspicious(text: &str) -> Vec<Range<usize>> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(
            r#"\b(?:ck|cs|CK|CS)_[0-9A-Za-z]{12,}|AGE-SECRET-KEY-[0-9A-Z-]+|://(?<user>[^\s"'@]+)@"#,
        )
        .ok()
    });
    let Some(pattern) = pattern else {
        return std::iter::once(0..text.len()).collect();
    };
    pattern
        .captures_iter(text)
        .filter_map(|found| match found.name("user") {
            Some(user) if user.as_str().contains(':') => Some(user.range()),
            Some(_) => None,
            None => found.get(0).map(|whole| whole.range()),
        })
        .collect()
}

/// Replaces ranges by the mask; also tells where a byte of the old line stands in the new.
fn redraw(line: &str, mut masked: Vec<Range<usize>>) -> (String, impl Fn(usize) -> usize) {
    masked.retain(|range| range.start < line.len() && !range.is_empty());
    masked.sort_by_key(|range| range.start);
    let mut masked = masked.into_iter().peekable();
    let (mut shown, mut width, mut hidden_to) = (String::new(), 0, 0);
    // For each byte that starts something shown: its place in the new line.
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (at, c) in line.char_indices() {
        while let Some(range) = masked.next_if(|range| range.start <= at) {
            if range.start >= hidden_to {
                places.push((at, width));
                shown.push_str(MASK);
                width += MASK.len();
            }
            hidden_to = hidden_to.max(range.end);
        }
        if at >= hidden_to {
            places.push((at, width));
            shown.push(match c {
                '\t' => ' ',
                _ if c.is_control() => '\u{fffd}',
                _ => c,
            });
            width += 1;
        }
    }
    let place = move |byte: usize| {
        let next = places.iter().find(|(old, _)| *old >= byte);
        next.map_or(width, |(_, new)| *new)
    };
    (shown, place)
}

/// Where in a line the scanner is.
struct Scanner<'l> {
    line: &'l str,
    at: usize,
    /// Braces open on this line; a key may follow a comma only inside them.
    depth: usize,
    /// Whether a key may stand here.
    key_next: bool,
    /// Whether the values that follow may be shown.
    open: bool,
    shows: Shows,
    masked: Vec<Range<usize>>,
}

/// Where the comment starts, and what of the line before it must be masked.
fn scan(line: &str, shows: Shows) -> (usize, Vec<Range<usize>>) {
    if is_header(line) {
        let end = line.rfind(']').map_or(line.len(), |bracket| bracket + 1);
        return (end, Vec::new());
    }
    let mut scanner = Scanner {
        line,
        at: 0,
        depth: 0,
        key_next: true,
        open: shows.continued,
        shows,
        masked: Vec::new(),
    };
    while scanner.at < line.len() {
        if line[scanner.at..].starts_with('#') {
            let kept = line[..scanner.at].trim_end().len();
            return (kept, scanner.masked);
        }
        scanner.step();
    }
    (line.len(), scanner.masked)
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = &self.line[self.at..];
        let Some(first) = rest.chars().next() else {
            return;
        };
        match first {
            '{' => {
                self.depth += 1;
                self.key_next = true;
                self.at += 1;
            }
            '}' => {
                self.depth = self.depth.saturating_sub(1);
                self.at += 1;
            }
            ',' => {
                self.key_next = self.depth > 0;
                self.at += 1;
            }
            '=' => {
                self.key_next = false;
                self.at += 1;
            }
            '[' | ']' | '.' => self.at += 1,
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            _ => self.word(first),
        }
    }

    /// A key, or a value.
    fn word(&mut self, first: char) {
        let (start, end) = (self.at, self.at + word_length(&self.line[self.at..]));
        let word = &self.line[start..end];
        let after = self.line[end..].trim_start();
        let name = word.trim_matches(['"', '\'']);
        let Fields { plain, secret } = fields();
        self.at = end;
        if self.key_next && after.starts_with(['=', '.']) {
            let unknown = self.shows.unknown && !secret.contains(name);
            self.open = unknown || is_plain(name);
            return;
        }
        let misplaced_key =
            std::mem::take(&mut self.key_next) && (plain.contains(name) || secret.contains(name));
        if misplaced_key || self.open {
            return;
        }
        let quoted = matches!(first, '"' | '\'') && word.len() >= 2 && word.ends_with(first);
        if quoted && name.parse::<SecretRef>().is_ok() {
            return;
        }
        // What follows a value that does not end cleanly may be the rest of it.
        let clean = quoted && (after.is_empty() || after.starts_with([',', '}', ']', '#']));
        self.at = if clean { end } else { self.line.len() };
        self.masked.push(start..self.at);
    }
}

/// Whether a key is that of a field which may be shown, or a slip of the hand for one.
fn is_plain(name: &str) -> bool {
    let Fields { plain, secret } = fields();
    let near = suggest::closest(name, plain.iter().chain(secret).map(String::as_str));
    near.is_some_and(|near| plain.contains(near))
}

/// The length of a quoted string, or of a run without separators.
fn word_length(rest: &str) -> usize {
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                if c == quote && !escaped {
                    return at + 1;
                }
                escaped = quote == '"' && c == '\\' && !escaped;
            }
            rest.len()
        }
        _ => rest
            .find(|c: char| c.is_whitespace() || ",=[]{}#\"'.".contains(c))
            .filter(|at| *at > 0)
            .unwrap_or(rest.len()),
    }
}

fn is_header(line: &str) -> bool {
    static HEADER: OnceLock<Option<Regex>> = OnceLock::new();
    HEADER
        .get_or_init(|| Regex::new(r#"^\s*\[{1,2}[A-Za-z0-9_.' "-]+\]{1,2}\s*(#.*)?$"#).ok())
        .as_ref()
        .is_some_and(|header| header.is_match(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "Zq9-planted+value/7";

    fn shown(line: &str) -> String {
        excerpt(line, &(0..1), Shows::default()).shown
    }

    #[test]
    fn harmless_values_and_references_are_shown() {
        for line in [
            "url = \"https://shop.example\"",
            "domains = [\"a.example\", \"b.example\"]",
            "consumer_key = \"vault://woo#consumer_key\"",
            "[channels.woo]",
            "woo = { kind = \"woocommerce\", parallel = 4 }",
            "parallel 4",
        ] {
            let expected = line.replace("parallel 4", "parallel ***");
            assert_eq!(shown(line), expected);
        }
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        for shape in [
            "consumer_secret = \"S\"",
            "consumer_secret = 'S'",
            "consumer_secret = S",
            "consumer_secret = S== ",
            "consumer_secret = \"S",
            "consumer_secret = \"a\"S",
            "consumer_secret = \"a\\\"S\"",
            "consumer_secret = [\"S\", \"S\"]",
            "consumer_secret \"S\"",
            "consumer_secret: \"S\"",
            "consumer_secrt = \"S\"",
            "\"S\"",
            "S",
            "woo = { kind = \"woocommerce\", consumer_secret = \"S\", parallel = 4 }",
            "woo = { consumer_secret = { x = \"S\" }, parallel = 4 }",
            "channels.woo.consumer_secret = \"S\"",
            "url = \"mysql://opsctl:S@db.example/acme\"",
            "parallel = 0 # was S",
            "[channels.woo] # S",
        ] {
            let line = shape.replace('S', SECRET);
            let shown = shown(&line);
            assert!(!shown.contains("planted"), "{shape}: {shown}");
            assert!(!shown.contains("value/7"), "{shape}: {shown}");
        }
    }

    #[test]
    fn a_line_inside_a_long_string_is_masked_whole() {
        let text = format!("password = \"\"\"\n{SECRET} = x\n\"\"\"\n");
        let at = text.find("= x").unwrap();
        assert_eq!(excerpt(&text, &(at..at + 1), Shows::default()).shown, MASK);
    }

    #[test]
    fn keys_of_shops_and_vaults_are_masked_under_any_name() {
        let line = "url = \"cs_0123456789abcdef0123\" # x";
        assert_eq!(shown(line), "url = \"***\"");
        assert_eq!(scrub("no `AGE-SECRET-KEY-1QQQQ` here"), "no `***` here");
    }

    #[test]
    fn the_caret_stands_where_the_column_says() {
        let text = "a = 1\r\n\t\u{e9}t\u{e9} = true\r\n";
        let at = text.find("true").unwrap();
        let excerpt = excerpt(
            text,
            &(at..at + 4),
            Shows {
                unknown: true,
                ..Shows::default()
            },
        );
        assert_eq!((excerpt.line, excerpt.column), (2, 8));
        assert_eq!(
            (excerpt.shown.as_str(), excerpt.caret),
            (" \u{e9}t\u{e9} = true", (7, 4))
        );
    }

    #[test]
    fn a_span_past_the_end_is_no_accident() {
        for (text, span) in [("", 0..0), ("a = 1\n", 6..9), ("a = \u{e9}", 5..6)] {
            let excerpt = excerpt(text, &span, Shows::default());
            assert!(excerpt.line >= 1 && excerpt.caret.1 >= 1);
        }
    }
}
