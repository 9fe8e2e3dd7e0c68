//! What the office's pages read: lists in the order they are shown in, each read only as far
//! as a page goes, and the particulars of one order or product.
//!
//! Counts stop at [`MOST`]: more than that nobody reads through, and counting on would take
//! longer than showing the page.

pub mod backorders;
pub mod house;
pub mod orders;
pub mod stock;

use super::StoreError;
use super::dialect::{Tx, Val, vals};

/// As far as rows are counted.
pub const MOST: i64 = 1_000;

/// A number of rows, counted up to [`MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct UpTo {
    /// Rows counted.
    pub rows: i64,
    /// Whether there are more.
    pub more: bool,
}

impl UpTo {
    fn of(counted: i64) -> Self {
        Self {
            rows: counted.min(MOST),
            more: counted > MOST,
        }
    }
}

/// Counts the rows of a query without its columns (`FROM ...`), up to [`MOST`].
async fn count(tx: &mut Tx, from: &str, mut values: Vec<Val>) -> Result<UpTo, StoreError> {
    values.push(Val::Int(MOST + 1));
    let sql = format!("SELECT COUNT(*) FROM (SELECT 1 {from} LIMIT ?) t");
    Ok(UpTo::of(tx.int(&sql, values).await?))
}

/// The different words in an indexed column, each found from the one before it: as many
/// steps as there are words, however many rows.
async fn words_in(tx: &mut Tx, table: &str, column: &str) -> Result<Vec<String>, StoreError> {
    let sql = format!("SELECT MIN({column}) FROM {table} WHERE {column} > ?");
    let mut words: Vec<String> = Vec::new();
    loop {
        let last = words.last().map_or("", String::as_str);
        let (next,): (Option<String>,) = tx.one(&sql, vals![last]).await?;
        match next {
            Some(word) if words.len() < MOST as usize => words.push(word),
            _ => return Ok(words),
        }
    }
}

/// Bounds between which all text lies that begins with this: at the lower one or above, and
/// below the upper one.
fn beginning(text: &str) -> (String, String) {
    (text.to_owned(), format!("{text}\u{10ffff}"))
}
