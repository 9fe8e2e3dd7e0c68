//! What was not as the books have it, until a person has settled it.

use serde::Serialize;

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// A discrepancy to be noted.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// `short_pick`, `serial_lot` or `found_more`.
    pub kind: &'a str,
    /// The product.
    pub product: i64,
    /// Where.
    pub location: Option<i64>,
    /// The lot, where lots are told apart.
    pub lot: Option<i64>,
    /// The order it was found for.
    pub order: Option<i64>,
    /// The line of a round.
    pub line: Option<i64>,
    /// Units the books had.
    pub expected: i64,
    /// Units found.
    pub found: i64,
    /// What the person said.
    pub reason: &'a str,
    /// The count that was asked for.
    pub count: Option<i64>,
}

/// A discrepancy as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// `short_pick`, `serial_lot` or `found_more`.
    pub kind: String,
    /// The product's id.
    #[serde(skip)]
    pub product_id: i64,
    /// The SKU.
    pub sku: String,
    /// How its units are told apart.
    #[serde(skip)]
    pub tracking: String,
    /// The place's id.
    #[serde(skip)]
    pub location_id: Option<i64>,
    /// The place.
    pub location: Option<String>,
    /// The lot's id.
    #[serde(skip)]
    pub lot_id: Option<i64>,
    /// The lot, where lots are told apart.
    pub lot: Option<String>,
    /// The order it was found for.
    #[sqlx(rename = "order_ref")]
    pub order: Option<String>,
    /// Units the books had.
    pub expected: i64,
    /// Units found.
    pub found: i64,
    /// What the person said.
    pub reason: String,
    /// The count that was asked for.
    #[sqlx(rename = "count_id")]
    pub count: Option<i64>,
    /// When, in UTC milliseconds.
    pub at: i64,
    /// By whom.
    pub actor: String,
    /// When it was settled, in UTC milliseconds.
    pub settled_at: Option<i64>,
    /// By whom.
    pub settled_by: Option<String>,
    /// How.
    pub settled_how: Option<String>,
}

const ROW: &str = "SELECT d.id, d.kind, d.product_id, p.sku, p.tracking, d.location_id, \
    c.code AS location, d.lot_id, b.code AS lot, \
    CASE WHEN o.id IS NULL THEN NULL ELSE CONCAT(a.name, ':', o.number) END AS order_ref, \
    d.expected, d.found, d.reason, d.count_id, d.at, d.actor, d.settled_at, d.settled_by, \
    d.settled_how \
    FROM discrepancies d JOIN products p ON p.id = d.product_id \
    LEFT JOIN locations c ON c.id = d.location_id LEFT JOIN lots b ON b.id = d.lot_id \
    LEFT JOIN orders o ON o.id = d.order_id LEFT JOIN channel_accounts a ON a.id = o.account_id";

/// Notes a discrepancy; gives its number.
///
/// # Errors
/// The store's.
pub async fn insert(tx: &mut Tx, stamp: &Stamp, new: &New<'_>) -> Result<i64, StoreError> {
    tx.insert(
        "INSERT INTO discrepancies (kind, product_id, location_id, lot_id, order_id, line_id, \
         expected, found, reason, count_id, at, actor, run) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            new.kind,
            new.product,
            new.location,
            new.lot,
            new.order,
            new.line,
            new.expected,
            new.found,
            new.reason,
            new.count,
            stamp.at,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
}

/// Discrepancies with numbers below one (none: from the newest on), newest first; those that
/// are settled only where all are asked for.
///
/// # Errors
/// The store's.
pub async fn list(
    tx: &mut Tx,
    all: bool,
    below: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let open = if all { "" } else { "AND d.settled_at IS NULL" };
    tx.all(
        &format!("{ROW} WHERE (? IS NULL OR d.id < ?) {open} ORDER BY d.id DESC LIMIT ?"),
        vals![below, below, limit],
    )
    .await
}

/// How many are not settled.
///
/// # Errors
/// The store's.
pub async fn open(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.int(
        "SELECT COUNT(*) FROM discrepancies WHERE settled_at IS NULL",
        vals![],
    )
    .await
}

/// The discrepancy with that number.
///
/// # Errors
/// The store's.
pub async fn get(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE d.id = ?"), vals![id]).await
}

/// Notes how a discrepancy was settled.
///
/// # Errors
/// A conflict, where it is settled already; or the store's.
pub async fn settle(
    tx: &mut Tx,
    (at, by): (UtcMs, &str),
    id: i64,
    how: &str,
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE discrepancies SET settled_at = ?, settled_by = ?, settled_how = ? \
             WHERE id = ? AND settled_at IS NULL",
            vals![at, by, how, id],
        )
        .await?;
    if changed != 1 {
        return Err(StoreError::Conflict(format!(
            "discrepancy {id} is settled already"
        )));
    }
    Ok(())
}
