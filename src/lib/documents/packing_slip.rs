//! What a packing slip says, and how its texts are made ready for paper: whatever came with
//! an order is data, and stays on its line and in its column.

use serde::Serialize;
use serde_json::Value;

/// A packing slip: a page or more for each package.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Slip {
    /// Who sends.
    pub tenant: Shop,
    /// Where returns go, line by line.
    pub return_to: Vec<String>,
    /// Where the goods go, line by line; the first is a name.
    pub ship_to: Vec<String>,
    /// The order, as people call it.
    pub order: String,
    /// The order, as scanners read it: the text of a Code 128.
    pub order_code: String,
    /// The day of the order.
    pub placed_on: String,
    /// The day it left.
    pub shipped_on: String,
    /// Who carries it.
    pub carrier: String,
    /// How.
    pub service: String,
    /// A note to whoever unpacks; empty where there is none.
    pub note: String,
    /// The packages.
    pub packages: Vec<SlipPackage>,
    /// Where customers write to.
    pub support_email: Option<String>,
    /// The shop's colour, as `#rrggbb`.
    pub accent: Option<String>,
}

/// Who sends.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Shop {
    /// The name customers know.
    pub display_name: String,
    /// Its address, line by line.
    pub lines: Vec<String>,
}

/// A package.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SlipPackage {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Its tracking number; empty where it has none yet.
    pub tracking: String,
    /// What it weighs, with the unit; empty where nobody knows.
    pub weight: String,
    /// What lies in it.
    pub lines: Vec<SlipLine>,
}

/// A product in a package.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SlipLine {
    /// Its SKU.
    pub sku: String,
    /// What people call it.
    pub title: String,
    /// Units in this package.
    pub quantity: i64,
    /// Units the order asks for, where that is told.
    pub of_ordered: Option<i64>,
    /// Its lot; empty where none is told.
    pub lot: String,
    /// The serial numbers of its units.
    pub serials: Vec<String>,
}

/// Characters of a word, above which it may be broken anywhere.
const LONG_WORD: usize = 20;
/// Characters between two places where a long word may be broken.
const PIECE: usize = 10;
/// Breaks a line where there is no room, and shows nothing.
const MAY_BREAK: char = '\u{200B}';

/// The slip as templates read it.
///
/// # Errors
/// Never for a slip; a JSON writer may fail.
pub(super) fn data(slip: &Slip) -> Result<Value, serde_json::Error> {
    let mut data = serde_json::to_value(slip)?;
    make_ready(&mut data, "");
    Ok(data)
}

fn make_ready(value: &mut Value, key: &str) {
    match value {
        // What goes into the bars is read back to the letter, and a colour is no text.
        Value::String(_) if matches!(key, "order_code" | "accent") => {}
        Value::String(text) => *text = breakable(&clean(text, key == "note")),
        Value::Array(list) => list.iter_mut().for_each(|item| make_ready(item, key)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, v)| make_ready(v, key)),
        _ => {}
    }
}

/// A text without what only a terminal or a hostile hand would want in it: control characters,
/// and those that turn the direction of what follows.
fn clean(text: &str, lines: bool) -> String {
    let kept = text.replace("\r\n", "\n");
    let kept: String = kept
        .chars()
        .filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'))
        .map(|c| match c {
            '\n' if lines => c,
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
            c => c,
        })
        .collect();
    kept.trim().to_owned()
}

/// A text whose long words may be broken, so that none leaves its column.
fn breakable(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let long = word.chars().count() > LONG_WORD;
        let mut since = 0;
        for c in word.chars() {
            if long && since >= PIECE && stands_alone(c) {
                broken.push(MAY_BREAK);
                since = 0;
            }
            broken.push(c);
            since += 1;
        }
    }
    broken
}

/// Whether a character is none that joins the one before it.
fn stands_alone(c: char) -> bool {
    c.is_ascii_graphic()
        || c.is_alphanumeric()
            && !matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}'
                | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// The first text in which a character stands: where, and its beginning.
pub(super) fn whereabouts(data: &Value, wanted: char) -> Option<(String, String)> {
    match data {
        Value::String(text) if text.contains(wanted) => {
            let start: String = text.chars().filter(|c| *c != MAY_BREAK).take(40).collect();
            Some((String::new(), start))
        }
        Value::Array(list) => list.iter().enumerate().find_map(|(index, item)| {
            whereabouts(item, wanted).map(|(path, text)| (format!("{} {path}", index + 1), text))
        }),
        Value::Object(fields) => fields.iter().find_map(|(key, item)| {
            let name = key.replace('_', " ");
            whereabouts(item, wanted).map(|(path, text)| (format!("{name} {path}"), text))
        }),
        _ => None,
    }
    .map(|(path, text)| (path.trim_end().to_owned(), text))
}

/// The characters that need a glyph, each once, in order.
pub(super) fn characters(data: &Value) -> Vec<char> {
    fn gather(data: &Value, found: &mut std::collections::BTreeSet<char>) {
        match data {
            Value::String(text) => found.extend(text.chars().filter(|c| is_drawn(*c))),
            Value::Array(list) => list.iter().for_each(|item| gather(item, found)),
            Value::Object(fields) => fields.values().for_each(|item| gather(item, found)),
            _ => {}
        }
    }
    let mut found = std::collections::BTreeSet::new();
    gather(data, &mut found);
    found.into_iter().collect()
}

/// Whether a character leaves ink: no space, no joiner, no selector of variants.
fn is_drawn(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_turns_of_direction_are_left_out() {
        assert_eq!(clean(" a\u{0}b\u{202E}c\r\nd\t", false), "a bc d");
        assert_eq!(clean("one\r\ntwo", true), "one\ntwo");
    }

    #[test]
    fn only_long_words_may_be_broken() {
        assert_eq!(breakable("twenty letters are ok"), "twenty letters are ok");
        let long = breakable("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assert_eq!(long, "ABCDEFGHIJ\u{200B}KLMNOPQRST\u{200B}UVWXYZ");
        let marked = format!("{}e\u{301}{}", "x".repeat(9), "y".repeat(20));
        assert!(!breakable(&marked).contains("\u{200B}\u{301}"));
    }

    #[test]
    fn bars_and_colours_are_not_touched() {
        let code = "A".repeat(30);
        let slip = Slip {
            order_code: code.clone(),
            ..Slip::default()
        };
        assert_eq!(data(&slip).unwrap()["order_code"], code);
    }

    #[test]
    fn a_character_is_found_where_it_stands() {
        let slip = Slip {
            packages: vec![SlipPackage {
                lines: vec![SlipLine {
                    title: "Tee 茶".to_owned(),
                    ..SlipLine::default()
                }],
                ..SlipPackage::default()
            }],
            ..Slip::default()
        };
        let data = data(&slip).unwrap();
        let (path, text) = whereabouts(&data, '茶').unwrap();
        assert_eq!(
            (path.as_str(), text.as_str()),
            ("packages 1 lines 1 title", "Tee 茶")
        );
        assert_eq!(characters(&data), ['T', 'e', '茶']);
    }
}
