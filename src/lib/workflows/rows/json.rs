//! A JSON file as rows: an object, or an array of objects, each with fields of its own and
//! an array of lines. A line with its object's fields is a row.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;

use super::{Place, Rows};
use crate::fault::Fault;

/// An object's fields as they stand in the file: numbers are not read as floats.
type Fields = BTreeMap<String, Box<RawValue>>;

/// The field that holds an object's lines.
const LINES: &str = "lines";

impl Rows {
    /// Reads objects with these fields, whose lines have those.
    ///
    /// # Errors
    /// Broken JSON, or not of that shape; the place is named.
    pub fn json(
        text: &str,
        shared: &'static [&'static str],
        own: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        let objects: Vec<(String, Fields)> = if text.trim_start().starts_with('[') {
            let list: Vec<Fields> = serde_json::from_str(text).map_err(|e| broken(&e))?;
            let place = |at| format!("[{at}].");
            list.into_iter()
                .enumerate()
                .map(|(at, object)| (place(at), object))
                .collect()
        } else {
            let object = serde_json::from_str(text).map_err(|e| broken(&e))?;
            vec![(String::new(), object)]
        };
        let names = || shared.iter().chain(own).copied();
        let columns: HashMap<&'static str, usize> =
            names().enumerate().map(|(at, name)| (name, at)).collect();
        let mut records = Vec::new();
        for (head, object) in objects {
            let known: Vec<&str> = shared.iter().copied().chain([LINES]).collect();
            only(&head, &object, &known)?;
            for (at, line) in lines(&head, &object)?.into_iter().enumerate() {
                let path = format!("{head}{LINES}[{at}].");
                only(&path, &line, own)?;
                let mut cells = csv::StringRecord::new();
                for name in names() {
                    let (path, fields) = if shared.contains(&name) {
                        (&head, &object)
                    } else {
                        (&path, &line)
                    };
                    let cell = fields.get(name).map(|value| scalar(path, name, value));
                    cells.push_field(cell.transpose()?.unwrap_or_default().trim());
                }
                records.push((Place::Paths(head.clone(), shared, path), cells));
            }
        }
        Ok(Self {
            columns,
            records,
            problems: Vec::new(),
            bad: 0,
        })
    }
}

fn broken(error: &serde_json::Error) -> Fault {
    Fault::failed(format!("broken JSON: {error}"))
        .hint("the file holds an object with `lines`, or an array of such objects")
}

fn lines(head: &str, object: &Fields) -> Result<Vec<Fields>, Fault> {
    let wrong = |what: &str| {
        Fault::failed(format!("{head}{LINES}: {what}")).hint("`lines` is an array of objects")
    };
    let lines = object.get(LINES).ok_or_else(|| wrong("is missing"))?;
    let lines: Vec<Fields> =
        serde_json::from_str(lines.get()).map_err(|_| wrong("is not an array of objects"))?;
    if lines.is_empty() {
        return Err(wrong("is empty"));
    }
    Ok(lines)
}

/// No field that nobody would read.
fn only(path: &str, fields: &Fields, known: &[&str]) -> Result<(), Fault> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Fault::failed(format!("{path}{name}: unknown field"))
            .hint(format!("the fields here are {}", known.join(", ")))),
    }
}

/// A text, or a number as it is written; null is as if it were not there.
fn scalar(path: &str, name: &str, value: &RawValue) -> Result<String, Fault> {
    let text = value.get();
    if text == "null" {
        return Ok(String::new());
    }
    if text.starts_with('"') {
        return serde_json::from_str(text).map_err(|e| broken(&e));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Ok(text.to_owned());
    }
    Err(Fault::failed(format!(
        "{path}{name}: neither a text nor a number"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: &[&str] = &["invoice"];
    const OWN: &[&str] = &["sku", "total"];

    fn refused(text: &str) -> String {
        Rows::json(text, SHARED, OWN).err().unwrap().to_string()
    }

    #[test]
    fn a_line_is_a_row_with_what_its_object_says() {
        let text = r#"[{"invoice": 7, "lines": [{"sku": " A ", "total": 1234567890123456.70}]}]"#;
        let rows = Rows::json(text, SHARED, OWN).unwrap();
        assert_eq!(rows.cell(0, "invoice"), Some("7"));
        assert_eq!(rows.cell(0, "sku"), Some("A"));
        assert_eq!(rows.cell(0, "total"), Some("1234567890123456.70"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        assert!(refused(r#"{"invoice": "7"}"#).contains("lines: is missing"));
        assert!(refused(r#"{"lines": []}"#).contains("lines: is empty"));
        assert!(refused(r#"{"lines": 3}"#).contains("lines: is not an array"));
        assert!(refused(r#"[{"lines": [{"sku": []}]}]"#).contains("[0].lines[0].sku: neither"));
        assert!(refused(r#"{"lines": [{"color": 1}]}"#).contains("lines[0].color: unknown"));
        assert!(refused("{").contains("broken JSON"));
        let mut rows = Rows::json(r#"{"lines": [{}, {}]}"#, SHARED, OWN).unwrap();
        for row in 0..2 {
            rows.problem(row, "invoice", "is empty");
            rows.problem(row, "sku", "is empty");
        }
        let said = rows
            .finish(std::path::Path::new("i.json"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("3 bad cells"), "{said}");
        assert!(
            said.contains("\n  invoice: is empty\n  lines[0].sku: is empty"),
            "{said}"
        );
        assert!(said.contains("\n  lines[1].sku: is empty"), "{said}");
    }
}
