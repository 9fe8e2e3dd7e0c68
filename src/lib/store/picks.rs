//! Rounds of packers: waves, their orders (tasks), what is to be taken where (lines), and
//! what was scanned.

mod claims;
mod promises;
mod queue;
mod scans;

use super::StoreError;
use super::dialect::{Tx, Type, json_list, vals};

pub use claims::{Holder, begin, end, extend, hold, holders, set_task};
pub use promises::{Promise, in_totes, open_units, orders_of, promises};
pub use queue::{Head, WantRow, heads, wants};
pub use scans::{NewScan, ScanRow, insert_scan, scan};

/// A round as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Wave {
    /// Its number.
    pub id: i64,
    /// What has to be known to store scans for it.
    pub claim: String,
    /// Who walks it.
    pub packer: String,
    /// `picking`, `picked`, `released` or `expired`.
    pub state: String,
    /// When it was started, in UTC milliseconds.
    pub started_at: i64,
    /// When its orders may be taken over, in UTC milliseconds.
    pub expires_at: i64,
}

/// An order of a round as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Task {
    /// Its number.
    pub id: i64,
    /// The round.
    pub wave_id: i64,
    /// The order's id.
    pub order_id: i64,
    /// The tote: 1 and up.
    pub tote: i64,
    /// `picking`, `picked`, `packed`, `shipped` or `released`.
    pub state: String,
    /// Until when somebody has it on the packing bench, in UTC milliseconds.
    pub pack_until: Option<i64>,
    /// `woo:1042`.
    pub order_ref: String,
    /// Who bought.
    pub customer: String,
    /// What the customer wrote.
    pub note: String,
    /// What the order's status means.
    pub rule: String,
    /// When the order was last taken in, in UTC milliseconds.
    pub taken_in_at: i64,
    /// Kinds of the holds that stand, comma separated.
    pub order_holds: Option<String>,
    /// Packages it has.
    pub packages: i64,
}

/// Units of a demand to be taken at one place, as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Line {
    /// Its number.
    pub id: i64,
    /// The task.
    pub task_id: i64,
    /// The task's tote.
    pub tote: i64,
    /// Its place in the round.
    pub position: i64,
    /// The demand it serves.
    pub demand_id: i64,
    /// The product.
    pub product_id: i64,
    /// Where it is taken.
    pub location_id: i64,
    /// The lot, where lots are told apart.
    pub lot_id: Option<i64>,
    /// Units to take.
    pub quantity: i64,
    /// Units taken.
    pub picked: i64,
    /// Units not found.
    pub short: i64,
    /// Units of those taken that the ledger has moved to the packing bench.
    pub moved: i64,
    /// The SKU.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// How its units are told apart.
    pub tracking: String,
    /// The code of the place.
    pub bin: String,
    /// The lot's name, where lots are told apart.
    pub lot: Option<String>,
}

/// A line to be written.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Its task.
    pub task: i64,
    /// Its place in the round.
    pub position: i64,
    /// The demand it serves.
    pub demand: i64,
    /// The product.
    pub product: i64,
    /// Where it is taken.
    pub location: i64,
    /// The lot, where lots are told apart.
    pub lot: Option<i64>,
    /// Units.
    pub quantity: i64,
}

const WAVE: &str = "SELECT id, claim, packer, state, started_at, expires_at FROM pick_waves";
const TASK: &str = "SELECT t.id, t.wave_id, t.order_id, t.tote, t.state, t.pack_until, \
    CONCAT(a.name, ':', o.number) AS order_ref, o.customer, o.note, o.rule, o.taken_in_at, \
    (SELECT GROUP_CONCAT(h.kind) FROM order_holds h \
      WHERE h.order_id = o.id AND h.released_at IS NULL) AS order_holds, \
    (SELECT COUNT(*) FROM packages g WHERE g.task_id = t.id) AS packages \
    FROM pick_tasks t JOIN orders o ON o.id = t.order_id \
    JOIN channel_accounts a ON a.id = o.account_id";
const LINE: &str = "SELECT l.id, l.task_id, t.tote, l.position, l.demand_id, l.product_id, \
    l.location_id, l.lot_id, l.quantity, l.picked, l.short, l.moved, p.sku, p.title, p.tracking, \
    c.code AS bin, b.code AS lot \
    FROM pick_lines l JOIN pick_tasks t ON t.id = l.task_id \
    JOIN products p ON p.id = l.product_id JOIN locations c ON c.id = l.location_id \
    LEFT JOIN lots b ON b.id = l.lot_id";

/// The round with that number.
///
/// # Errors
/// The store's.
pub async fn wave(tx: &mut Tx, id: i64) -> Result<Option<Wave>, StoreError> {
    tx.opt(&format!("{WAVE} WHERE id = ?"), vals![id]).await
}

/// The round with that claim.
///
/// # Errors
/// The store's.
pub async fn by_claim(tx: &mut Tx, claim: &str) -> Result<Option<Wave>, StoreError> {
    tx.opt(&format!("{WAVE} WHERE claim = ?"), vals![claim])
        .await
}

/// The rounds that are walked, and those with orders that wait for packing, newest first.
///
/// # Errors
/// The store's.
pub async fn open_waves(tx: &mut Tx) -> Result<Vec<Wave>, StoreError> {
    tx.all(
        "SELECT w.id, w.claim, w.packer, w.state, w.started_at, w.expires_at \
         FROM (SELECT DISTINCT wave_id FROM pick_tasks \
           WHERE state IN ('picking', 'picked', 'packed')) t \
         JOIN pick_waves w ON w.id = t.wave_id ORDER BY w.id DESC",
        vals![],
    )
    .await
}

/// The orders of some rounds, by tote.
///
/// # Errors
/// The store's.
pub async fn tasks(tx: &mut Tx, waves: &[i64]) -> Result<Vec<Task>, StoreError> {
    let wanted = tx.wanted();
    let sql = TASK.replace(
        "FROM pick_tasks t",
        &format!("FROM {wanted} JOIN pick_tasks t ON t.wave_id = w.id"),
    );
    tx.all(
        &format!("{sql} ORDER BY t.wave_id, t.tote"),
        vals![json_list(waves)],
    )
    .await
}

/// The lines of some rounds, in the order of the bins.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, waves: &[i64]) -> Result<Vec<Line>, StoreError> {
    let wanted = tx.wanted();
    let sql = LINE.replace(
        "FROM pick_lines l JOIN pick_tasks t ON t.id = l.task_id",
        &format!(
            "FROM {wanted} JOIN pick_tasks t ON t.wave_id = w.id \
             JOIN pick_lines l ON l.task_id = t.id"
        ),
    );
    tx.all(
        &format!("{sql} ORDER BY t.wave_id, l.position, p.sku, b.code, t.tote, l.id"),
        vals![json_list(waves)],
    )
    .await
}

/// The line with that number, of that round.
///
/// # Errors
/// The store's.
pub async fn line(tx: &mut Tx, wave: i64, id: i64) -> Result<Option<Line>, StoreError> {
    tx.opt(
        &format!("{LINE} WHERE l.id = ? AND t.wave_id = ?"),
        vals![id, wave],
    )
    .await
}

/// The lines of a task.
///
/// # Errors
/// The store's.
pub async fn lines_of_task(tx: &mut Tx, task: i64) -> Result<Vec<Line>, StoreError> {
    tx.all(
        &format!("{LINE} WHERE l.task_id = ? ORDER BY l.id"),
        vals![task],
    )
    .await
}

/// The lines of a task that serve a demand.
///
/// # Errors
/// The store's.
pub async fn lines_of(tx: &mut Tx, task: i64, demand: i64) -> Result<Vec<Line>, StoreError> {
    tx.all(
        &format!("{LINE} WHERE l.task_id = ? AND l.demand_id = ? ORDER BY l.id"),
        vals![task, demand],
    )
    .await
}

/// Writes lines.
///
/// # Errors
/// The store's.
pub async fn insert_lines(tx: &mut Tx, lines: &[NewLine]) -> Result<(), StoreError> {
    let same = [
        ("picked", 0_i64.into()),
        ("short", 0_i64.into()),
        ("moved", 0_i64.into()),
        ("packed", 0_i64.into()),
    ];
    let columns = [
        ("task_id", Type::Int),
        ("position", Type::Int),
        ("demand_id", Type::Int),
        ("product_id", Type::Int),
        ("location_id", Type::Int),
        ("lot_id", Type::Int),
        ("quantity", Type::Int),
    ];
    let rows: Vec<_> = lines
        .iter()
        .map(|l| {
            (
                l.task, l.position, l.demand, l.product, l.location, l.lot, l.quantity,
            )
        })
        .collect();
    tx.insert_alike("pick_lines", &same, &columns, &rows).await
}

/// Sets what was taken, not found and moved of a line that still is as it was read.
///
/// # Errors
/// A conflict, where it is not; or the store's.
pub async fn set_line(
    tx: &mut Tx,
    was: &Line,
    (picked, short, moved): (i64, i64, i64),
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_lines SET picked = ?, short = ?, moved = ? \
             WHERE id = ? AND picked = ? AND short = ? AND moved = ? AND ? + ? <= quantity \
               AND packed <= ?",
            vals![
                picked, short, moved, was.id, was.picked, was.short, was.moved, picked, short,
                picked
            ],
        )
        .await?;
    only_one(changed, || format!("line {} has changed", was.id))
}

fn only_one(changed: u64, what: impl FnOnce() -> String) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict(what()))
    }
}
