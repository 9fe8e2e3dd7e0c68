//! Finding one's way in a parsed TOML document: from keys to places and back.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

fn table<'n, 't>(node: &'n Node<'t>) -> Option<&'n DeTable<'t>> {
    match node.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// Takes an entry out of a table.
pub(super) fn take<'t>(node: &mut Node<'t>, key: &str) -> Option<Node<'t>> {
    match node.get_mut() {
        DeValue::Table(table) => table.remove(key),
        _ => None,
    }
}

/// Removes what the keys lead to, of a list the whole; whether it was there.
pub(super) fn remove(node: &mut Node<'_>, path: &[String]) -> bool {
    let DeValue::Table(table) = node.get_mut() else {
        return false;
    };
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match table.get_mut(first.as_str()) {
        Some(inner) if !rest.is_empty() && matches!(inner.get_ref(), DeValue::Table(_)) => {
            remove(inner, rest)
        }
        _ => table.remove(first.as_str()).is_some(),
    }
}

/// The keys that lead to the deepest value that a span starts in, or whose key it starts in.
pub(super) fn path_of(root: &Node<'_>, span: &Range<usize>) -> Vec<String> {
    let mut path = Vec::new();
    descend(root, span, &mut path);
    path
}

fn descend(node: &Node<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let children: Vec<(String, Option<Range<usize>>, &Node<'_>)> = match node.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), Some(key.span()), value))
            .collect(),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), None, value))
            .collect(),
        _ => Vec::new(),
    };
    // A table's own span is its header's, so that its entries may lie outside of it:
    // look through all of them, and take the table itself only where none of them fits.
    for (name, key, value) in &children {
        path.push(name.clone());
        if descend(value, span, path) || key.clone().is_some_and(within) {
            return true;
        }
        path.pop();
    }
    !path.is_empty() && within(node.span())
}

/// The value that the keys lead to, with the place of its key.
pub(super) fn find<'n, 't>(
    root: &'n Node<'t>,
    path: &[String],
) -> Option<(Range<usize>, &'n Node<'t>)> {
    let mut found = (root.span(), root);
    for part in path {
        found = if let DeValue::Array(items) = found.1.get_ref() {
            let node = items.get(part.parse::<usize>().ok()?)?;
            (node.span(), node)
        } else {
            let (key, node) = table(found.1)?.get_key_value(part.as_str())?;
            (key.span(), node)
        };
    }
    Some(found)
}

/// Where the key and the value stand that the keys lead to; for what is not in the file,
/// the nearest table around it.
pub(super) fn spans(root: &Node<'_>, path: &[String]) -> (Range<usize>, Range<usize>) {
    (0..=path.len())
        .rev()
        .find_map(|length| find(root, &path[..length]))
        .map_or((0..0, 0..0), |(key, node)| (key, node.span()))
}
