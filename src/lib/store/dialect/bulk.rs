//! Setting many rows at once, each to values of its own.

use super::{BULK_ROWS, Tx, Type, Val, json_list, vals};
use crate::store::StoreError;

impl Tx {
    /// What [`Tx::ids`] reads as a table `w` of its own, each id once: in whichever order a
    /// join goes, the list is read once. Read as it is, MariaDB may read it anew for each row.
    pub(in crate::store) fn wanted(&self) -> String {
        format!("(SELECT DISTINCT j.id FROM {}) w", self.ids())
    }

    /// A condition that a text is somewhere in a column, compared as bytes; what is bound in
    /// it goes to the end of the values. For MariaDB it is written out in hexadecimal digits:
    /// a bound text would be converted to the column's characters anew for each row.
    pub(in crate::store) fn contains(
        &self,
        column: &str,
        text: &str,
        values: &mut Vec<Val>,
    ) -> String {
        if let Self::Sqlite(_) = self {
            values.push(Val::from(text));
            return format!("INSTR({column}, ?) > 0");
        }
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("INSTR({column}, X'{digits}') > 0")
    }

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

    /// Sets one column of many rows, each where it still is what was seen: (id, seen, now).
    /// A row where it is not means that somebody else was there first: a
    /// [`StoreError::Conflict`], and the caller starts over.
    pub(in crate::store) async fn replace_many(
        &mut self,
        table: &str,
        column: &str,
        rows: &[(i64, i64, i64)],
    ) -> Result<(), StoreError> {
        let from = self.json_rows(&[("id", Type::Int), ("seen", Type::Int), ("now", Type::Int)]);
        let matched = format!("{table}.id = j.id AND {table}.{column} = j.seen");
        let sql = match self {
            Self::Sqlite(_) => {
                format!("UPDATE {table} SET {column} = j.now FROM {from} WHERE {matched}")
            }
            _ => format!(
                "UPDATE {from} STRAIGHT_JOIN {table} ON {matched} SET {table}.{column} = j.now"
            ),
        };
        for chunk in rows.chunks(BULK_ROWS) {
            let json = serde_json::to_string(chunk).unwrap_or_default();
            let changed = self.run(&sql, vals![json]).await?;
            if changed != chunk.len() as u64 {
                return Err(StoreError::Conflict(format!(
                    "{changed} of {} rows of {table} were as they had been seen",
                    chunk.len()
                )));
            }
        }
        Ok(())
    }

    /// Deletes the rows with these keys; gives how many there were. Never by `IN` over the
    /// list: MariaDB reads the list anew for each row of the table.
    pub(in crate::store) async fn delete_many(
        &mut self,
        table: &str,
        key: &str,
        ids: &[i64],
    ) -> Result<u64, StoreError> {
        let from = self.ids();
        let sql = match self {
            Self::Sqlite(_) => {
                format!("DELETE FROM {table} WHERE {key} IN (SELECT j.id FROM {from})")
            }
            _ => {
                format!("DELETE {table} FROM {from} STRAIGHT_JOIN {table} ON {table}.{key} = j.id")
            }
        };
        let mut deleted = 0;
        for chunk in ids.chunks(BULK_ROWS) {
            deleted += self.run(&sql, vals![json_list(chunk)]).await?;
        }
        Ok(deleted)
    }

    /// Sets one column of the rows with these ids to one value.
    pub(in crate::store) async fn set_many(
        &mut self,
        table: &str,
        column: &str,
        value: impl Into<Val> + Clone,
        ids: &[i64],
    ) -> Result<(), StoreError> {
        let from = self.ids();
        for chunk in ids.chunks(BULK_ROWS) {
            let (value, list) = (value.clone().into(), json_list(chunk));
            if let Self::Sqlite(_) = self {
                let sql = format!(
                    "UPDATE {table} SET {column} = ? WHERE id IN (SELECT j.id FROM {from})"
                );
                self.run(&sql, vec![value, list.into()]).await?;
            } else {
                let sql = format!(
                    "UPDATE {from} STRAIGHT_JOIN {table} ON {table}.id = j.id SET {column} = ?"
                );
                self.run(&sql, vec![list.into(), value]).await?;
            }
        }
        Ok(())
    }
}
