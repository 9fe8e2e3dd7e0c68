//! Places in the house: the warehouse, zones and bins in it, and where products belong.

use std::collections::HashMap;

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::bins::{self, Place, Step};

/// A place with what lies exactly there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// Its code.
    pub code: String,
    /// What a person calls it.
    pub title: String,
    /// What lies there: `sellable`, `quarantine`, `returns`, `damaged`.
    pub kind: String,
    /// What it lies in, if in anything.
    pub parent_id: Option<i64>,
    /// Units there.
    pub on_hand: i64,
    /// Units of those that are promised.
    pub reserved: i64,
}

/// All places there are.
#[derive(Debug, Clone, Default)]
pub struct House {
    rows: HashMap<i64, Row>,
    ids: HashMap<String, i64>,
}

impl House {
    /// Reads them.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(tx: &mut Tx) -> Result<Self, StoreError> {
        let rows: Vec<Row> = tx
            .all(
                "SELECT o.id, o.code, o.title, o.kind, o.parent_id, \
                   COALESCE(b.on_hand, 0) AS on_hand, COALESCE(b.reserved, 0) AS reserved \
                 FROM locations o LEFT JOIN (SELECT location_id, \
                     CAST(SUM(on_hand) AS SIGNED) AS on_hand, \
                     CAST(SUM(reserved) AS SIGNED) AS reserved \
                   FROM balances GROUP BY location_id) b ON b.location_id = o.id",
                vals![],
            )
            .await?;
        Ok(Self {
            ids: rows.iter().map(|row| (row.code.clone(), row.id)).collect(),
            rows: rows.into_iter().map(|row| (row.id, row)).collect(),
        })
    }

    /// The place with that id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// The code of a place.
    #[must_use]
    pub fn code(&self, id: i64) -> &str {
        self.rows.get(&id).map_or("", |row| row.code.as_str())
    }

    /// The place with that code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Row> {
        self.rows.get(self.ids.get(code)?)
    }

    /// All places in the order in which one walks past them; or one and those in it.
    #[must_use]
    pub fn walk(&self, top: Option<i64>) -> Vec<Step> {
        let places: Vec<Place<'_>> = self
            .rows
            .values()
            .map(|row| Place {
                id: row.id,
                parent: row.parent_id,
                code: &row.code,
            })
            .collect();
        bins::walk(&places, top)
    }
}

/// Makes a place.
///
/// # Errors
/// The code is taken, or the store's.
pub async fn insert(
    tx: &mut Tx,
    code: &str,
    title: &str,
    kind: &str,
    parent: i64,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO locations (code, title, kind, sellable, parent_id) VALUES (?, ?, ?, ?, ?)",
        vals![code, title, kind, kind == SELLABLE, parent],
    )
    .await?;
    Ok(())
}

/// The kind of places that goods are sold from.
pub const SELLABLE: &str = "sellable";

/// Changes a place to the facts of the row.
///
/// # Errors
/// The store's.
pub async fn update(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    tx.run(
        "UPDATE locations SET title = ?, kind = ?, sellable = ?, parent_id = ? WHERE id = ?",
        vals![
            &row.title,
            &row.kind,
            row.kind == SELLABLE,
            row.parent_id,
            row.id
        ],
    )
    .await?;
    Ok(())
}

/// Where a product belongs, if anywhere.
///
/// # Errors
/// The store's.
pub async fn home(tx: &mut Tx, product: i64) -> Result<Option<i64>, StoreError> {
    let row: (Option<i64>,) = tx
        .one(
            "SELECT home_location FROM products WHERE id = ?",
            vals![product],
        )
        .await?;
    Ok(row.0)
}

/// Says where a product belongs.
///
/// # Errors
/// The store's.
pub async fn set_home(
    tx: &mut Tx,
    stamp: &Stamp,
    product: i64,
    location: Option<i64>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE products SET home_location = ?, updated_at = ? WHERE id = ?",
        vals![location, stamp.at, product],
    )
    .await?;
    Ok(())
}

/// Where products belong: product and location, of those that belong anywhere.
///
/// # Errors
/// The store's.
pub async fn homes(tx: &mut Tx) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT id, home_location FROM products WHERE home_location IS NOT NULL",
        vals![],
    )
    .await
}
