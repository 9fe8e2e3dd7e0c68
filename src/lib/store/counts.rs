//! Counts: what lay where when one began, and what a person saw there since.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, json_list, vals};
use super::found_lots::Names;
use super::{Stamp, StoreError};
use crate::domain::count::{Line, Move};
use crate::domain::time::UtcMs;

/// A count as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Head {
    /// Its number.
    pub id: i64,
    /// What is counted, in words.
    pub scope: String,
    /// `open`, `applied` or `cancelled`.
    pub state: String,
    /// When it began, in UTC milliseconds.
    pub started_at: i64,
    /// The last move before it began.
    pub last_move: i64,
    /// When it was applied, in UTC milliseconds.
    pub applied_at: Option<i64>,
    /// Who began it.
    pub actor: String,
}

/// A line of a count as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LineRow {
    /// Its id.
    pub id: i64,
    /// The place.
    pub location_id: i64,
    /// The product.
    pub product_id: i64,
    /// Its SKU.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// How its units are told apart.
    pub tracking: String,
    /// The lot, where lots are told apart; else empty.
    pub lot: String,
    /// Units when the count began.
    pub snapshot: i64,
    /// Units seen.
    pub counted: Option<i64>,
    /// When they were, in UTC milliseconds.
    pub counted_at: Option<i64>,
    /// Who saw them.
    pub counted_by: Option<String>,
    /// What that person said of it.
    pub reason: Option<String>,
}

impl LineRow {
    /// As the rules take it.
    #[must_use]
    pub fn line(&self) -> Line {
        Line {
            location: self.location_id,
            product: self.product_id,
            lot: self.lot.clone(),
            snapshot: self.snapshot,
            counted: self.counted.zip(self.counted_at.map(UtcMs)),
        }
    }
}

/// A count in the list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// What is counted.
    pub scope: String,
    /// `open`, `applied` or `cancelled`.
    pub state: String,
    /// When it began.
    pub started_at: UtcMs,
    /// When it was applied.
    pub applied_at: Option<UtcMs>,
    /// Who began it.
    pub actor: String,
    /// Lines to count.
    pub lines: i64,
    /// Lines of those that are counted.
    pub counted: i64,
}

/// What a count covers.
#[derive(Debug, Clone)]
pub enum Scope {
    /// All that lies at these places.
    Locations(Vec<i64>),
    /// These products, wherever they lie.
    Products(Vec<i64>),
}

/// Something seen at a line.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The line's id.
    pub line: i64,
    /// Units.
    pub counted: i64,
    /// When.
    pub at: UtcMs,
    /// By whom.
    pub by: String,
    /// What that person said of it.
    pub reason: Option<String>,
}

/// The count with that number.
///
/// # Errors
/// The store's.
pub async fn head(tx: &mut Tx, id: i64) -> Result<Option<Head>, StoreError> {
    tx.opt(
        "SELECT id, scope, state, started_at, last_move, applied_at, actor FROM counts \
         WHERE id = ?",
        vals![id],
    )
    .await
}

/// All counts, newest first.
///
/// # Errors
/// The store's.
pub async fn list(tx: &mut Tx) -> Result<Vec<Listed>, StoreError> {
    type Found = (i64, String, String, i64, Option<i64>, String, i64, i64);
    let rows: Vec<Found> = tx
        .all(
            "SELECT c.id, c.scope, c.state, c.started_at, c.applied_at, c.actor, \
               COUNT(l.id), COUNT(l.counted) \
             FROM counts c LEFT JOIN count_lines l ON l.count_id = c.id \
             GROUP BY c.id, c.scope, c.state, c.started_at, c.applied_at, c.actor \
             ORDER BY c.id DESC",
            vals![],
        )
        .await?;
    let listed = rows.into_iter().map(
        |(id, scope, state, started_at, applied_at, actor, lines, counted)| Listed {
            id,
            scope,
            state,
            started_at: UtcMs(started_at),
            applied_at: applied_at.map(UtcMs),
            actor,
            lines,
            counted,
        },
    );
    Ok(listed.collect())
}

/// What a count of a scope begins with: a line for each product at each place where any of
/// it lies, or where it belongs; for each lot of it, where lots are told apart. What counts
/// found of a lot lies there as that lot.
///
/// # Errors
/// The store's.
pub async fn lying(tx: &mut Tx, scope: &Scope) -> Result<Vec<Line>, StoreError> {
    let (lies, belongs, ids) = match scope {
        Scope::Locations(ids) => ("b.location_id", "p.home_location", ids),
        Scope::Products(ids) => ("b.product_id", "p.id", ids),
    };
    let wanted = tx.wanted();
    let list = json_list(ids);
    let rows: Vec<(i64, i64, i64, String, i64)> = tx
        .all(
            &format!(
                "SELECT x.location_id, x.product_id, x.lot_id, x.lot, \
                   CAST(SUM(x.units) AS SIGNED) FROM ( \
                   SELECT b.location_id, b.product_id, b.on_hand AS units, \
                     CASE WHEN p.tracking = 'none' THEN 0 ELSE l.id END AS lot_id, \
                     CASE WHEN p.tracking = 'none' THEN '' ELSE l.code END AS lot \
                   FROM {wanted} JOIN balances b ON {lies} = w.id \
                   JOIN products p ON p.id = b.product_id JOIN lots l ON l.id = b.lot_id \
                   WHERE b.on_hand > 0 \
                   UNION ALL \
                   SELECT p.home_location, p.id, 0, 0, '' \
                   FROM {wanted} JOIN products p ON {belongs} = w.id \
                   WHERE p.home_location IS NOT NULL AND p.tracking = 'none' \
                     AND NOT EXISTS (SELECT 1 FROM kit_components k WHERE k.kit_id = p.id)) x \
                 GROUP BY x.location_id, x.product_id, x.lot_id, x.lot"
            ),
            vals![&list, &list],
        )
        .await?;
    let names = Names::load(tx).await?;
    let mut lying: BTreeMap<(i64, i64, String), i64> = BTreeMap::new();
    for (location, product, lot, code, units) in rows {
        let key = (location, product, names.of(lot, &code).to_owned());
        *lying.entry(key).or_default() += units;
    }
    let line = |((location, product, lot), snapshot)| Line {
        location,
        product,
        lot,
        snapshot,
        counted: None,
    };
    Ok(lying.into_iter().map(line).collect())
}

/// Begins a count, of what is stored now.
///
/// # Errors
/// The store's.
pub async fn begin(tx: &mut Tx, stamp: &Stamp, scope: &str) -> Result<i64, StoreError> {
    tx.insert(
        "INSERT INTO counts (scope, state, started_at, last_move, actor, run) \
         SELECT ?, 'open', ?, COALESCE(MAX(id), 0), ?, ? FROM stock_moves",
        vals![scope, stamp.at, &stamp.actor, &stamp.run],
    )
    .await
}

/// Adds lines to a count.
///
/// # Errors
/// A line is there already, or the store's.
pub async fn insert_lines(tx: &mut Tx, count: i64, lines: &[Line]) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64, &str, i64)> = lines
        .iter()
        .map(|line| {
            (
                line.location,
                line.product,
                line.lot.as_str(),
                line.snapshot,
            )
        })
        .collect();
    let columns = [
        ("location_id", Type::Int),
        ("product_id", Type::Int),
        ("lot", Type::Text),
        ("snapshot", Type::Int),
    ];
    let same = [("count_id", count.into())];
    tx.insert_alike("count_lines", &same, &columns, &rows).await
}

/// The lines of a count.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, count: i64) -> Result<Vec<LineRow>, StoreError> {
    tx.all(
        "SELECT l.id, l.location_id, l.product_id, p.sku, p.title, p.tracking, l.lot, \
           l.snapshot, l.counted, l.counted_at, l.counted_by, l.reason \
         FROM count_lines l JOIN products p ON p.id = l.product_id \
         WHERE l.count_id = ? ORDER BY l.id",
        vals![count],
    )
    .await
}

/// What has moved since a move, by the names under which lots are read on a shelf.
///
/// # Errors
/// The store's.
pub async fn moves_since(tx: &mut Tx, last_move: i64) -> Result<Vec<Move>, StoreError> {
    type Found = (i64, i64, i64, String, Option<i64>, Option<i64>, i64);
    let rows: Vec<Found> = tx
        .all(
            "SELECT m.at, l.product_id, l.id, l.code, m.from_location, m.to_location, m.quantity \
             FROM stock_moves m JOIN lots l ON l.id = m.lot_id WHERE m.id > ? ORDER BY m.id",
            vals![last_move],
        )
        .await?;
    let names = Names::load(tx).await?;
    let went = |(at, product, lot, code, from, to, units): Found| Move {
        at: UtcMs(at),
        product,
        lot: names.of(lot, &code).to_owned(),
        from,
        to,
        units,
    };
    Ok(rows.into_iter().map(went).collect())
}

/// Where other open counts have lines of these products: (count, location, product).
///
/// # Errors
/// The store's.
pub async fn open_elsewhere(
    tx: &mut Tx,
    but: Option<i64>,
    products: &[i64],
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let wanted = tx.wanted();
    tx.all(
        &format!(
            "SELECT DISTINCT l.count_id, l.location_id, l.product_id \
             FROM {wanted} JOIN count_lines l ON l.product_id = w.id \
             JOIN counts c ON c.id = l.count_id WHERE c.state = 'open' AND c.id <> ? \
             ORDER BY l.count_id, l.location_id, l.product_id"
        ),
        vals![json_list(products), but.unwrap_or(0)],
    )
    .await
}

/// Notes what was seen.
///
/// # Errors
/// A conflict, where a line is gone; or the store's.
pub async fn set_seen(tx: &mut Tx, seen: &[Seen]) -> Result<(), StoreError> {
    let rows: Vec<Value> = seen
        .iter()
        .map(|s| json!([s.line, s.counted, s.at.0, s.by, s.reason]))
        .collect();
    let columns = [
        ("counted", Type::Int),
        ("counted_at", Type::Int),
        ("counted_by", Type::Text),
        ("reason", Type::Text),
    ];
    tx.update_many("count_lines", &[("id", Type::Int)], &columns, &rows)
        .await
}

/// Ends an open count.
///
/// # Errors
/// A conflict, where it is not open any more; or the store's.
pub async fn end(tx: &mut Tx, id: i64, state: &str, at: Option<UtcMs>) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE counts SET state = ?, applied_at = ? WHERE id = ? AND state = 'open'",
            vals![state, at, id],
        )
        .await?;
    if changed != 1 {
        return Err(StoreError::Conflict(format!("count {id} is not open")));
    }
    Ok(())
}

/// When each product was last counted, by counts that were applied.
///
/// # Errors
/// The store's.
pub async fn last_counted(tx: &mut Tx) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT l.product_id, MAX(l.counted_at) FROM count_lines l \
         JOIN counts c ON c.id = l.count_id \
         WHERE c.state = 'applied' AND l.counted_at IS NOT NULL GROUP BY l.product_id",
        vals![],
    )
    .await
}

/// What the dispatched units of each product cost, from a business day on.
///
/// # Errors
/// The store's.
pub async fn dispatched_since(tx: &mut Tx, day: &str) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT product_id, CAST(SUM(cost_minor) AS SIGNED) FROM cogs_entries \
         WHERE kind = 'dispatch' AND booked_on >= ? GROUP BY product_id",
        vals![day],
    )
    .await
}

/// Those of the SKUs that are there: SKU, product, and how its units are told apart.
///
/// # Errors
/// The store's.
pub async fn products(
    tx: &mut Tx,
    skus: &[&str],
) -> Result<Vec<(String, i64, String)>, StoreError> {
    let from = tx.json_rows(&[("sku", Type::Text)]);
    let json: Vec<[&str; 1]> = skus.iter().map(|sku| [*sku]).collect();
    tx.all(
        &format!("SELECT p.sku, p.id, p.tracking FROM {from} JOIN products p ON p.sku = j.sku"),
        vals![serde_json::to_string(&json).unwrap_or_default()],
    )
    .await
}
