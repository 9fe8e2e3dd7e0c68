//! Setting many rows at once, each to values of its own.

use super::{BULK_ROWS, Tx, Type, vals};
use crate::store::StoreError;

impl Tx {
    /// Sets columns of many rows. Each row given is an array: its key's values, then the
    /// columns'. A key that leads to no row means that somebody else was there first: a
    /// [`StoreError::Conflict`], and the caller starts over.
    pub(in crate::store) async fn update_many(
        &mut self,
        table: &str,
        key: &[(&str, Type)],
        columns: &[(&str, Type)],
        rows: &[serde_json::Value],
    ) -> Result<(), StoreError> {
        let from = self.json_rows(&[key, columns].concat());
        let matched: Vec<String> = key
            .iter()
            .map(|(name, _)| format!("{table}.`{name}` = j.`{name}`"))
            .collect();
        let matched = matched.join(" AND ");
        let set = |place: &str| -> String {
            let list: Vec<String> = columns
                .iter()
                .map(|(name, _)| format!("{place}`{name}` = j.`{name}`"))
                .collect();
            list.join(", ")
        };
        let sql = match self {
            Self::Sqlite(_) => {
                format!("UPDATE {table} SET {} FROM {from} WHERE {matched}", set(""))
            }
            _ => format!(
                "UPDATE {from} STRAIGHT_JOIN {table} ON {matched} SET {}",
                set(&format!("{table}."))
            ),
        };
        for chunk in rows.chunks(BULK_ROWS) {
            let json = serde_json::to_string(chunk).unwrap_or_default();
            let changed = self.run(&sql, vals![json]).await?;
            if changed != chunk.len() as u64 {
                return Err(StoreError::Conflict(format!(
                    "{changed} of {} rows of {table} were still there",
                    chunk.len()
                )));
            }
        }
        Ok(())
    }
}
