//! `opsctl gtin [CODE...]`: checks barcode numbers and brings them to one form.
//!
//! Changes nothing and needs no tenant. Codes come as arguments or, without any, as lines
//! of stdin, and go out row by row, so that a file of any length takes no more memory than
//! its longest line. One bad code makes the exit code 1; the other rows still come.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Serialize;

use super::Out;
use super::out::printable;
use crate::domain::gtin::{self, Code, EightDigits, Gtin14, GtinError, Kind};
use crate::fault::Exit;

/// As much of an input as a row for a person shows.
const SHOWN_INPUT: usize = 24;

/// Arguments of `opsctl gtin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The codes to check; without any, the lines of stdin
    ///
    /// GTIN-14, EAN-13, ISBN-13, UPC-A, EAN-8 or UPC-E, with or without spaces and hyphens.
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
    /// What eight digits are, where both an EAN-8 and a UPC-E would hold
    #[arg(long = "as", value_enum, value_name = "SYMBOL")]
    eight: Option<Symbol>,
}

/// A symbol of eight digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Symbol {
    /// The digits are the number
    Ean8,
    /// The digits stand for a UPC-A
    UpcE,
}

/// One code, as `--json` shows it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    input: &'a str,
    ok: bool,
    kind: Option<Kind>,
    gtin14: Option<Gtin14>,
    upc_a: Option<String>,
    upc_a_reason: Option<String>,
    error: Option<String>,
}

/// Checks the codes.
///
/// # Errors
/// stdin cannot be read, or stdout is closed or full.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Exit> {
    let mut sink = Sink {
        to: out.stream(),
        json: out.is_json(),
        at_once: false,
        eight: args.eight,
        bad: false,
    };
    sink.head()?;
    if args.codes.is_empty() {
        let stdin = io::stdin().lock();
        if stdin.is_terminal() {
            out.note("reading codes from the terminal, one a line; Ctrl-D ends");
            sink.at_once = true;
        }
        sink.lines(stdin)?;
    } else {
        for code in &args.codes {
            sink.code(code)?;
        }
    }
    sink.to.flush()?;
    Ok(if sink.bad { Exit::Failed } else { Exit::Done })
}

/// Where rows go, and whether one of them was bad.
struct Sink<W> {
    to: W,
    json: bool,
    at_once: bool,
    eight: Option<Symbol>,
    bad: bool,
}

impl<W: Write> Sink<W> {
    /// The headings of the table. Columns have fixed widths, for rows are not kept.
    fn head(&mut self) -> anyhow::Result<()> {
        if !self.json {
            writeln!(
                self.to,
                "{:<14}  {:<12}  {:<7}  {:<SHOWN_INPUT$}  NOTE",
                "GTIN-14", "UPC-A", "KIND", "INPUT"
            )?;
        }
        Ok(())
    }

    fn lines(&mut self, mut from: impl BufRead) -> anyhow::Result<()> {
        let mut line = Vec::new();
        let mut first = true;
        while from
            .read_until(b'\n', &mut line)
            .context("reading codes from stdin")?
            > 0
        {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            // Spreadsheets put a byte order mark before the first line.
            let text = match text.strip_prefix(b"\xef\xbb\xbf") {
                Some(rest) if first => rest,
                _ => text,
            };
            match std::str::from_utf8(text) {
                Ok(code) => self.code(code)?,
                Err(_) => self.row(&bad(
                    &String::from_utf8_lossy(text),
                    "not UTF-8 text".to_owned(),
                ))?,
            }
            line.clear();
            first = false;
        }
        Ok(())
    }

    fn code(&mut self, input: &str) -> anyhow::Result<()> {
        let read = match self.eight {
            None => gtin::parse(input),
            Some(Symbol::Ean8) => gtin::parse_as(input, EightDigits::Ean8),
            Some(Symbol::UpcE) => gtin::parse_as(input, EightDigits::UpcE),
        };
        self.row(&match read {
            Ok(code) => good(input, code),
            Err(error @ GtinError::Ambiguous { .. }) => {
                bad(input, format!("{error}; --as says which"))
            }
            Err(error) => bad(input, error.to_string()),
        })
    }

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        self.bad |= !row.ok;
        if self.json {
            serde_json::to_writer(&mut self.to, row)?;
            self.to.write_all(b"\n")?;
        } else {
            let kind = row.kind.map_or("-".to_owned(), |kind| kind.to_string());
            let gtin14 = row.gtin14.map_or("-".to_owned(), |gtin| gtin.to_string());
            let note = match (&row.error, &row.upc_a_reason) {
                (Some(error), _) => format!("bad: {error}"),
                (None, Some(reason)) => format!("no UPC-A: {reason}"),
                (None, None) => String::new(),
            };
            let line = format!(
                "{gtin14:<14}  {:<12}  {kind:<7}  {:<SHOWN_INPUT$}  {note}",
                row.upc_a.as_deref().unwrap_or("-"),
                shortened(row.input),
            );
            writeln!(self.to, "{}", line.trim_end())?;
        }
        if self.at_once {
            self.to.flush()?;
        }
        Ok(())
    }
}

fn good(input: &str, code: Code) -> Row<'_> {
    let upc_a = code.gtin14.upc_a();
    Row {
        input,
        ok: true,
        kind: Some(code.kind),
        gtin14: Some(code.gtin14),
        upc_a_reason: upc_a.as_ref().err().map(ToString::to_string),
        upc_a: upc_a.ok(),
        error: None,
    }
}

fn bad(input: &str, error: String) -> Row<'_> {
    Row {
        input,
        ok: false,
        kind: None,
        gtin14: None,
        upc_a: None,
        upc_a_reason: None,
        error: Some(error),
    }
}

fn shortened(input: &str) -> String {
    let mut shown: String = input.chars().take(SHOWN_INPUT).collect();
    if input.chars().nth(SHOWN_INPUT).is_some() {
        shown.pop();
        shown.push('…');
    }
    printable(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdin(bytes: &[u8], json: bool) -> (String, bool) {
        let mut sink = Sink {
            to: Vec::new(),
            json,
            at_once: false,
            eight: None,
            bad: false,
        };
        sink.head().unwrap();
        sink.lines(bytes).unwrap();
        (String::from_utf8(sink.to).unwrap(), sink.bad)
    }

    #[test]
    fn each_line_gives_one_object_with_the_same_fields() {
        let (text, bad) = stdin(b"\xef\xbb\xbf4006381333931\r\n\n12345\n614141000036", true);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"input":"4006381333931","ok":true,"kind":"ean13","gtin14":"04006381333931","upc_a":null,"upc_a_reason":"this EAN-13 begins with 4; a UPC-A as 13 digits begins with 0","error":null}"#,
                r#"{"input":"","ok":false,"kind":null,"gtin14":null,"upc_a":null,"upc_a_reason":null,"error":"no digits"}"#,
                r#"{"input":"12345","ok":false,"kind":null,"gtin14":null,"upc_a":null,"upc_a_reason":null,"error":"5 digits; a code has 8, 12, 13 or 14"}"#,
                r#"{"input":"614141000036","ok":true,"kind":"upc_a","gtin14":"00614141000036","upc_a":"614141000036","upc_a_reason":null,"error":null}"#,
            ]
        );
        assert!(bad);
    }

    #[test]
    fn lines_that_are_no_text_are_bad_rows_and_the_next_one_is_read() {
        let (text, bad) = stdin(b"\xff\xfe\x00\n9780306406157\n", true);
        assert!(text.contains(r#""error":"not UTF-8 text""#), "{text}");
        assert!(text.contains(r#""gtin14":"09780306406157""#), "{text}");
        assert!(bad);
    }

    #[test]
    fn a_person_reads_aligned_rows_without_control_characters() {
        let hostile = format!(
            "4006381333931\n\x1b[31m{}\n012345678905\n",
            "9".repeat(10_000)
        );
        let (text, bad) = stdin(hostile.as_bytes(), false);
        insta::assert_snapshot!(text, @"
        GTIN-14         UPC-A         KIND     INPUT                     NOTE
        04006381333931  -             EAN-13   4006381333931             no UPC-A: this EAN-13 begins with 4; a UPC-A as 13 digits begins with 0
        -               -             -        �[31m999999999999999999…  bad: 10005 characters; a code has at most 14 digits
        00012345678905  012345678905  UPC-A    012345678905
        ");
        assert!(bad);
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn good_codes_alone_are_no_failure() {
        assert!(!stdin(b"4006381333931\n614141000036\n", false).1);
        assert!(!stdin(b"", true).1);
    }
}
