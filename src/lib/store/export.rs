//! Whole tables for other programs: columns by name, values as the store has them.

use super::StoreError;
use super::dialect::{Tx, Val, vals};

mod tables;

pub use tables::TABLES;

/// What can be exported.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The name people give.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
    /// The query: a numeric key `k` and the columns, over a derived table `t`.
    query: &'static str,
    /// Makes of a row's values what is written.
    finish: fn(Vec<Cell>) -> Vec<Cell>,
}

/// A value on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

/// The table of that name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// The next rows of a table after the key given, by key, with the key of the last.
///
/// # Errors
/// The store's.
pub async fn rows(
    tx: &mut Tx,
    table: &Table,
    after: i64,
    limit: i64,
) -> Result<(i64, Vec<Vec<Cell>>), StoreError> {
    // A JSON array keeps the kind of each value, so that one row shape serves all tables.
    let columns: Vec<String> = (0..table.columns.len())
        .map(|i| format!("t.c{i}"))
        .collect();
    let sql = format!(
        "SELECT t.k, JSON_ARRAY({}) AS packed FROM ({}) t WHERE t.k > ? ORDER BY t.k LIMIT ?",
        columns.join(", "),
        table.query
    );
    let packed: Vec<(i64, String)> = tx.all(&sql, vec![Val::Int(after), Val::Int(limit)]).await?;
    let last = packed.last().map_or(after, |(key, _)| *key);
    let rows = packed
        .into_iter()
        .map(|(_, text)| {
            let values: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|error| {
                StoreError::Database(format!("a row of {} is unreadable: {error}", table.name))
            })?;
            Ok((table.finish)(values.into_iter().map(cell).collect()))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok((last, rows))
}

fn cell(value: serde_json::Value) -> Cell {
    match value {
        serde_json::Value::Null => Cell::Null,
        serde_json::Value::Number(number) => Cell::Int(number.as_i64().unwrap_or_default()),
        serde_json::Value::String(text) => Cell::Text(text),
        other => Cell::Text(other.to_string()),
    }
}

/// How many rows a table of the store has.
///
/// # Errors
/// The store's.
pub async fn count(tx: &mut Tx, table: &Table) -> Result<i64, StoreError> {
    tx.int(
        &format!("SELECT COUNT(*) FROM ({}) t", table.query),
        vals![],
    )
    .await
}
