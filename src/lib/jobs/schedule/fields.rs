//! One time field of a crontab line: `*`, numbers, names, ranges, steps and lists.

use std::collections::BTreeSet;

/// What is wrong with a line, before its file and line are known.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) column: Option<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            column: None,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the column, from 1.
    pub(super) fn at(mut self, column: usize) -> Self {
        self.column = Some(column);
        self
    }

    /// Moves a column within a field to its column in the line.
    pub(super) fn shifted(mut self, field_column: usize) -> Self {
        self.column = Some(self.column.unwrap_or(1) + field_column - 1);
        self
    }
}

/// What a field may hold.
pub(super) struct Spec {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
}

pub(super) const DAY: Spec = Spec {
    name: "day of month",
    min: 1,
    max: 31,
    names: &[],
};

/// 7 is Sunday, too.
pub(super) const WEEKDAY: Spec = Spec {
    name: "day of week",
    min: 0,
    max: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// The five fields in their order.
pub(super) const STANDARD: [Spec; 5] = [
    Spec {
        name: "minute",
        min: 0,
        max: 59,
        names: &[],
    },
    Spec {
        name: "hour",
        min: 0,
        max: 23,
        names: &[],
    },
    DAY,
    Spec {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    WEEKDAY,
];

/// A field as read.
#[derive(Debug)]
pub(super) struct Field {
    values: BTreeSet<u32>,
    /// Whether it begins with `*`, which is how cron tells a field that asks for nothing.
    pub(super) star: bool,
}

impl Field {
    /// A field that asks for nothing.
    pub(super) fn all(spec: &Spec) -> Self {
        Self {
            values: (spec.min..=spec.last()).collect(),
            star: true,
        }
    }

    /// Reads a field.
    pub(super) fn parse(text: &str, spec: &Spec) -> Result<Self, Complaint> {
        let mut values = BTreeSet::new();
        let mut column = 1;
        for item in text.split(',') {
            let range = spec.item(item).map_err(|complaint| complaint.at(column))?;
            values.extend(range.map(|value| if spec.is_seventh_day(value) { 0 } else { value }));
            column += item.chars().count() + 1;
        }
        Ok(Self {
            values,
            star: text.starts_with('*'),
        })
    }

    /// The values as a list of numbers, each moved by `shift`.
    pub(super) fn list(&self, shift: u32) -> String {
        let numbers: Vec<String> = self
            .values
            .iter()
            .map(|value| (value + shift).to_string())
            .collect();
        numbers.join(",")
    }
}

impl Spec {
    fn is_seventh_day(&self, value: u32) -> bool {
        value == 7 && self.max == 7
    }

    /// The greatest value that no other value equals.
    fn last(&self) -> u32 {
        if self.is_seventh_day(self.max) {
            6
        } else {
            self.max
        }
    }

    /// `*`, `a`, `a-b`, and the first and the last with `/step`.
    fn item(&self, item: &str) -> Result<impl Iterator<Item = u32> + use<>, Complaint> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (from, to) = if range == "*" {
            (self.min, self.last())
        } else if let Some((from, to)) = range.split_once('-') {
            let (first, last) = (self.value(from)?, self.value(to)?);
            if first > last {
                return Err(
                    Complaint::new(format!("{} `{range}` runs backwards", self.name))
                        .hint(format!("write `{from}-{},{}-{to}`", self.last(), self.min)),
                );
            }
            (first, last)
        } else {
            let value = self.value(range)?;
            if let Some(step) = step {
                return Err(
                    Complaint::new(format!("`{item}` is a step without a range"))
                        .hint(format!("write `{range}-{}/{step}`", self.last())),
                );
            }
            (value, value)
        };
        let step = step.map_or(Ok(1), |step| self.step(step, to - from))?;
        Ok((from..=to).step_by(step))
    }

    fn step(&self, step: &str, span: u32) -> Result<usize, Complaint> {
        match number(step) {
            Some(0) | None => Err(Complaint::new(format!(
                "{} step `{step}` is not a number from 1 on",
                self.name
            ))),
            // It would be due once per range, not every so often.
            Some(long) if long > span => Err(Complaint::new(format!(
                "{} step {long} is longer than its range",
                self.name
            ))
            .hint("name the values themselves; a step starts anew with each range")),
            Some(step) => Ok(step as usize),
        }
    }

    fn value(&self, text: &str) -> Result<u32, Complaint> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        if let Some(at) = named {
            return Ok(self.min + at as u32);
        }
        let allowed = match self.names {
            [first, .., last] => format!("{} to {} or {first} to {last}", self.min, self.max),
            _ => format!("{} to {}", self.min, self.max),
        };
        match (text, number(text)) {
            (_, Some(value)) if (self.min..=self.max).contains(&value) => Ok(value),
            (_, Some(value)) => {
                Err(Complaint::new(format!("{} {value} is out of range", self.name)).hint(allowed))
            }
            ("", None) => Err(Complaint::new(format!("a {} is missing", self.name)).hint(allowed)),
            ("?", None) => Err(Complaint::new("`?` is not known to crontab").hint("write `*`")),
            _ => Err(Complaint::new(format!("`{text}` is no {}", self.name)).hint(allowed)),
        }
    }
}

/// Digits alone; a sign or more digits than any field has is no number.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
