//! Reading a request by its published shape: what is missing, unknown, too long or of the
//! wrong kind is refused with the path of the field.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::Refusal;

/// An object within a request.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Part<'a> {
    /// The whole request, which holds one object of this name.
    pub fn open(body: &'a Value, name: &str) -> Result<Self, Refusal> {
        let whole = Self::of(body, String::new())?;
        whole.only(&[name])?;
        whole.part(name)
    }

    fn of(value: &'a Value, path: String) -> Result<Self, Refusal> {
        match value {
            Value::Object(fields) => Ok(Self { fields, path }),
            _ => Err(Refusal::invalid(&path, "not an object")),
        }
    }

    /// Where the part is.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            return name.to_owned();
        }
        format!("{}.{name}", self.path)
    }

    /// Whether a field is there, whatever it holds.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Refuses all fields but these.
    pub fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        let mut fields = self.fields.keys();
        match fields.find(|field| !names.contains(&field.as_str())) {
            Some(field) => Err(Refusal::invalid(&self.path(field), "no such element")),
            None => Ok(()),
        }
    }

    /// An object that must be there.
    pub fn part(&self, name: &str) -> Result<Self, Refusal> {
        let found = self.maybe(name)?;
        found.ok_or_else(|| Refusal::missing(&self.path(name)))
    }

    /// An object that may be there.
    pub fn maybe(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let value = self.fields.get(name);
        value
            .map(|value| Self::of(value, self.path(name)))
            .transpose()
    }

    /// A list of objects that must be there, of so many.
    pub fn list(&self, name: &str, count: RangeInclusive<usize>) -> Result<Vec<Self>, Refusal> {
        let path = self.path(name);
        let Some(value) = self.fields.get(name) else {
            return Err(Refusal::missing(&path));
        };
        let elements = value
            .as_array()
            .ok_or_else(|| Refusal::invalid(&path, "not a list"))?;
        if !count.contains(&elements.len()) {
            return Err(Refusal::invalid(&path, "too few or too many"));
        }
        let numbered = elements.iter().enumerate();
        numbered
            .map(|(at, value)| Self::of(value, format!("{path}[{at}]")))
            .collect()
    }

    /// Text that must be there, of so many characters.
    pub fn text(&self, name: &str, length: RangeInclusive<usize>) -> Result<&'a str, Refusal> {
        let found = self.maybe_text(name, length)?;
        found.ok_or_else(|| Refusal::missing(&self.path(name)))
    }

    /// Text that may be there.
    pub fn maybe_text(
        &self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = self.fields.get(name) else {
            return Ok(None);
        };
        let path = self.path(name);
        let text = value
            .as_str()
            .ok_or_else(|| Refusal::invalid(&path, "not text"))?;
        if !length.contains(&text.chars().count()) {
            return Err(Refusal::invalid(&path, "too short or too long"));
        }
        Ok(Some(text))
    }

    /// A list of texts that must be there.
    pub fn texts(
        &self,
        name: &str,
        count: RangeInclusive<usize>,
        length: RangeInclusive<usize>,
    ) -> Result<Vec<&'a str>, Refusal> {
        let path = self.path(name);
        let Some(value) = self.fields.get(name) else {
            return Err(Refusal::missing(&path));
        };
        let texts: Option<Vec<&str>> = value
            .as_array()
            .and_then(|list| list.iter().map(Value::as_str).collect());
        let texts = texts.ok_or_else(|| Refusal::invalid(&path, "not a list of texts"))?;
        let fits = |text: &&str| length.contains(&text.chars().count());
        if !count.contains(&texts.len()) || !texts.iter().all(fits) {
            return Err(Refusal::invalid(
                &path,
                "too few, too many, too short or too long",
            ));
        }
        Ok(texts)
    }
}
