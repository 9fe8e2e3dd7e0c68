//! From the text of a tenant file to a tenant, or to all the mistakes that were found.
//!
//! The text is parsed once into a tree that knows where everything stands. Where a piece of
//! it does not fit its type, the mistake is noted, the piece taken out, and the rest is
//! tried again. Each channel is read on its own: only its `kind` says which type it has.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::check::{self, Complaint};
use super::error::Mistake;
use super::excerpt::{Shows, excerpt, scrub};
use super::explain;
use super::schema::fields;
use super::tenant::{Channel, Tenant, WooCommerce};
use super::tree::{Node, find, path_of, remove, spans, take};

/// Which type a channel has.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    WooCommerce,
}

/// Reads the text of a file whose name without ending is `stem`.
pub(super) fn tenant<'t>(text: &'t str, stem: &'t str) -> Result<Tenant, Vec<Mistake>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let span = root.span();
    let mut tree = Spanned::new(span.clone(), DeValue::Table(root.into_inner()));
    let mut reader = Reader {
        text,
        stem,
        tree: tree.clone(),
        mistakes: Vec::new(),
    };
    if !errors.is_empty() {
        for error in errors {
            reader.syntax(&error);
        }
        return Err(reader.in_order());
    }
    let channels = take(&mut tree, "channels");
    let tenant = reader.part::<Tenant>(&tree, &[]);
    let channels = channels.map_or_else(BTreeMap::new, |node| reader.channels(node));
    if let Some(mut tenant) = tenant {
        tenant.channels = channels;
        for complaint in check::check(&tenant, stem) {
            reader.complain(complaint);
        }
        if reader.mistakes.is_empty() {
            return Ok(tenant);
        }
    }
    Err(reader.in_order())
}

struct Reader<'t> {
    text: &'t str,
    /// What the tenant must be called.
    stem: &'t str,
    tree: Node<'t>,
    mistakes: Vec<Mistake>,
}

impl<'t> Reader<'t> {
    fn channels(&mut self, node: Node<'t>) -> BTreeMap<String, Channel> {
        let span = node.span();
        let DeValue::Table(entries) = node.into_inner() else {
            let help = Some("write a table for each: [channels.woo]".to_owned());
            self.note(&span, Shows::default(), "channels must be a table", help);
            return BTreeMap::new();
        };
        let mut channels = BTreeMap::new();
        for (name, node) in entries {
            let name = name.into_inner().into_owned();
            if let Some(channel) = self.channel(&name, node) {
                channels.insert(name, channel);
            }
        }
        channels
    }

    fn channel(&mut self, name: &str, mut node: Node<'t>) -> Option<Channel> {
        let Some(kind) = take(&mut node, "kind") else {
            let message = format!("`kind` is missing in [channels.{name}]");
            let help = Some("write kind = \"woocommerce\"".to_owned());
            self.note(&node.span(), Shows::default(), &message, help);
            return None;
        };
        match self.part::<Kind>(&kind, &["channels", name, "kind"])? {
            Kind::WooCommerce => self
                .part::<WooCommerce>(&node, &["channels", name])
                .map(Channel::WooCommerce),
        }
    }

    /// Reads one piece of the tree; `None` where something needed is missing or wrong.
    /// What is wrong is noted; an optional piece that is wrong does not hide the next.
    fn part<T: DeserializeOwned>(&mut self, node: &Node<'t>, prefix: &[&str]) -> Option<T> {
        let mut node = node.clone();
        let mut removed: Vec<Vec<String>> = Vec::new();
        loop {
            let error = match T::deserialize(ValueDeserializer::from(node.clone())) {
                Ok(part) => return Some(part),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| node.span());
            let mut path = if span == node.span() {
                prefix.iter().map(|&part| part.to_owned()).collect()
            } else {
                path_of(&self.tree, &span)
            };
            if let Some(field) = explain::missing_field(error.message()) {
                path.push(field.to_owned());
                if !removed.contains(&path) {
                    self.missing(&span, &path);
                }
                return None;
            }
            self.misfit(&span, &path, error.message());
            if path.len() <= prefix.len() || !remove(&mut node, &path[prefix.len()..]) {
                return None;
            }
            removed.push(path);
        }
    }

    /// The text is no TOML.
    fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let line = self.text[..span.start.min(self.text.len())]
            .matches('\n')
            .count()
            + 1;
        // One slip makes the parser stumble several times on its line.
        if self.mistakes.iter().all(|mistake| mistake.line != line) {
            self.note(&span, Shows::default(), error.message(), None);
        }
    }

    fn missing(&mut self, span: &Range<usize>, path: &[String]) {
        let (field, table) = path
            .split_last()
            .map_or(("", &[][..]), |(f, t)| (f.as_str(), t));
        let message = if table.is_empty() {
            format!("the table [{field}] is missing")
        } else {
            format!("`{field}` is missing in [{}]", table.join("."))
        };
        // The table's own line is where the reader looks; of the whole file, its start.
        let span = if table.is_empty() { 0..0 } else { span.clone() };
        self.note(&span, Shows::default(), &message, None);
    }

    /// A piece does not fit its type.
    fn misfit(&mut self, span: &Range<usize>, path: &[String], message: &str) {
        let found = find(&self.tree, path);
        let value = found.as_ref().and_then(|(_, node)| node.get_ref().as_str());
        let explained = explain::misfit(message, path, value, self.stem);
        let at_value = found.is_none_or(|(key, _)| key != *span);
        let secret = path
            .last()
            .is_some_and(|field| fields().secret.contains(field));
        let shows = Shows {
            hide: secret && at_value,
            ..Self::shows(path)
        };
        self.note(span, shows, &explained.message, explained.help);
    }

    /// A piece fits its type and is refused all the same.
    fn complain(&mut self, complaint: Complaint) {
        let Complaint { path, key, refusal } = complaint;
        let (key_span, value_span) = spans(&self.tree, &path);
        let span = if key { key_span } else { value_span };
        let mut shows = Self::shows(&path);
        shows.hide = refusal.hide;
        self.note(&span, shows, &refusal.message, refusal.help);
    }

    fn shows(path: &[String]) -> Shows {
        let named = path
            .iter()
            .rev()
            .find(|part| part.parse::<usize>().is_err());
        Shows {
            continued: named.is_some_and(|field| fields().plain.contains(field)),
            unknown: path.get(2).is_some_and(|part| part == "statuses") && path.len() > 3,
            hide: false,
        }
    }

    fn note(&mut self, span: &Range<usize>, shows: Shows, message: &str, help: Option<String>) {
        let found = excerpt(self.text, span, shows);
        self.mistakes.push(Mistake {
            line: found.line,
            column: found.column,
            message: scrub(message),
            help,
            shown: found.shown,
            caret: found.caret,
        });
    }

    fn in_order(mut self) -> Vec<Mistake> {
        self.mistakes
            .sort_by_key(|mistake| (mistake.line, mistake.column));
        self.mistakes
    }
}
