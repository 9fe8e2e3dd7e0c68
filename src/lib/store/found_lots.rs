//! Lots that counts found. What a count finds of a named lot is a lot of its own in the
//! ledger, but on the shelf nobody can tell the two apart: people go on reading the name of
//! the lot that was found.

use std::collections::HashMap;

use super::StoreError;
use super::dialect::{Tx, vals};

/// Under which name each lot is read on a shelf.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<i64, String>);

impl Names {
    /// Reads them, where lots are told apart.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(tx: &mut Tx) -> Result<Self, StoreError> {
        let found: Vec<(i64, i64, String)> = tx
            .all(
                "SELECT l.id, parent.id, parent.code FROM lots l \
                 JOIN lots parent ON parent.id = l.parent_lot \
                 JOIN products p ON p.id = l.product_id \
                 WHERE p.tracking <> 'none' AND EXISTS (SELECT 1 FROM stock_moves m \
                   WHERE m.lot_id = l.id AND m.from_location IS NULL AND m.reason = 'counted') \
                 ORDER BY l.id",
                vals![],
            )
            .await?;
        let mut names: HashMap<i64, String> = HashMap::new();
        // A lot comes after the one it is of, which is named by then.
        for (lot, of, code) in found {
            let name = names.get(&of).cloned().unwrap_or(code);
            names.insert(lot, name);
        }
        Ok(Self(names))
    }

    /// The name under which a lot is read, given its own.
    #[must_use]
    pub fn of<'a>(&'a self, lot: i64, own: &'a str) -> &'a str {
        self.0.get(&lot).map_or(own, String::as_str)
    }
}
