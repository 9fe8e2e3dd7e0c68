//! What lies on the packing bench: tasks, their packages, and the serials bound in them.
//!
//! Who writes here has updated the task's row first, in the same transaction: that orders
//! the writers of one task, and what is read afterwards is what stands.

mod bound;
mod boxes;
mod scans;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::domain::pack::Want;

pub use bound::{Bound, bind, bound, holder, unbind};
pub use boxes::{
    Item, PackageRow, add_package, add_units, drop_package, empty, items, packages, put_package,
    set_left,
};
pub use scans::{Scan, answered, store_scan};

/// An order of a round, with what packing wants to know of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// The round.
    pub wave_id: i64,
    /// The order.
    pub order_id: i64,
    /// The tote it came in.
    pub tote: i64,
    /// `picking`, `picked`, `packed`, `shipped` or `released`.
    pub state: String,
    /// Who picks, or picked it.
    pub picker: String,
    /// Until when the round is theirs while it is walked, in UTC milliseconds.
    pub picks_until: i64,
    /// Who has it on the bench.
    pub packer: Option<String>,
    /// Until when, in UTC milliseconds.
    pub pack_until: Option<i64>,
    /// The shipment it left with.
    pub shipment_id: Option<i64>,
    /// `woo:1042`.
    pub order_ref: String,
    /// Who bought.
    pub customer: String,
    /// Where it goes, as JSON.
    pub ship_to: String,
    /// How it was asked to be sent.
    pub service: String,
    /// The day it was promised for.
    pub promised_on: Option<String>,
    /// What the customer wrote.
    pub note: String,
    /// What the shop's status means.
    pub rule: String,
    /// The shop's status.
    pub status: String,
    /// Kinds of the holds that stand, comma separated.
    pub order_holds: Option<String>,
}

/// Units of a demand, picked at one place.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Line {
    /// Its id.
    pub id: i64,
    /// The demand.
    pub demand_id: i64,
    /// The product.
    pub product_id: i64,
    /// Its SKU.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// What a unit weighs, where known.
    pub weight_g: Option<i64>,
    /// The lot it was picked from, where lots are told apart.
    pub lot_id: Option<i64>,
    /// That lot's name.
    pub lot: Option<String>,
    /// Units picked.
    pub picked: i64,
    /// Units packed.
    pub packed: i64,
}

const TASK: &str = "SELECT t.id, t.wave_id, t.order_id, t.tote, t.state, w.packer AS picker, \
      w.expires_at AS picks_until, t.packer, t.pack_until, t.shipment_id, CONCAT(a.name, ':', o.number) AS order_ref, \
      o.customer, o.ship_to, o.service, o.promised_on, o.note, o.rule, o.status, \
      (SELECT GROUP_CONCAT(h.kind) FROM order_holds h \
         WHERE h.order_id = o.id AND h.released_at IS NULL) AS order_holds \
    FROM pick_tasks t JOIN pick_waves w ON w.id = t.wave_id JOIN orders o ON o.id = t.order_id \
    JOIN channel_accounts a ON a.id = o.account_id";

/// A task by its id.
///
/// # Errors
/// The store's.
pub async fn task(tx: &mut Tx, id: i64) -> Result<Option<Task>, StoreError> {
    tx.opt(&format!("{TASK} WHERE t.id = ?"), vals![id]).await
}

/// The task that holds an order now, if one does.
///
/// # Errors
/// The store's.
pub async fn open_task(tx: &mut Tx, order: i64) -> Result<Option<Task>, StoreError> {
    tx.opt(&format!("{TASK} WHERE t.holds = ?"), vals![order])
        .await
}

/// The newest task of an order.
///
/// # Errors
/// The store's.
pub async fn newest_task(tx: &mut Tx, order: i64) -> Result<Option<Task>, StoreError> {
    tx.opt(
        &format!("{TASK} WHERE t.order_id = ? ORDER BY t.id DESC LIMIT 1"),
        vals![order],
    )
    .await
}

/// The tasks that wait for packages or lie packed, oldest first, each with its units picked
/// and packed, and its packages.
///
/// # Errors
/// The store's.
pub async fn on_the_bench(tx: &mut Tx) -> Result<Vec<(Task, i64, i64, i64)>, StoreError> {
    let tasks: Vec<Task> = tx
        .all(
            &format!("{TASK} WHERE t.state IN ('picked', 'packed') ORDER BY t.id"),
            vals![],
        )
        .await?;
    let sums: Vec<(i64, i64, i64, i64)> = tx
        .all(
            "SELECT t.id, CAST(COALESCE(SUM(l.picked), 0) AS SIGNED), \
               CAST(COALESCE(SUM(l.packed), 0) AS SIGNED), \
               (SELECT COUNT(*) FROM packages p WHERE p.task_id = t.id) \
             FROM pick_tasks t LEFT JOIN pick_lines l ON l.task_id = t.id \
             WHERE t.state IN ('picked', 'packed') GROUP BY t.id",
            vals![],
        )
        .await?;
    let sums: HashMap<i64, (i64, i64, i64)> =
        sums.into_iter().map(|s| (s.0, (s.1, s.2, s.3))).collect();
    let with = |task: Task| {
        let (taken, packed, boxes) = sums.get(&task.id).copied().unwrap_or_default();
        (task, taken, packed, boxes)
    };
    Ok(tasks.into_iter().map(with).collect())
}

/// The picked lines of a task, by position.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, task: i64) -> Result<Vec<Line>, StoreError> {
    tx.all(
        "SELECT l.id, l.demand_id, l.product_id, p.sku, p.title, p.tracking, p.weight_g, \
           l.lot_id, x.code AS lot, l.picked, l.packed \
         FROM pick_lines l JOIN products p ON p.id = l.product_id LEFT JOIN lots x ON x.id = l.lot_id \
         WHERE l.task_id = ? AND l.picked > 0 ORDER BY l.position, l.id",
        vals![task],
    )
    .await
}

/// What the order of a task wants of stock, each with the units picked for it in the task.
///
/// # Errors
/// The store's.
pub async fn wants(tx: &mut Tx, task: i64) -> Result<Vec<Want>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64, i64, i64)> = tx
        .all(
            "SELECT d.id, d.line_id, d.per_kit, d.quantity, d.shipped, \
               CAST(COALESCE(SUM(k.picked), 0) AS SIGNED) \
             FROM pick_tasks t JOIN order_lines l ON l.order_id = t.order_id \
             JOIN order_demands d ON d.line_id = l.id JOIN products p ON p.id = d.product_id \
             LEFT JOIN pick_lines k ON k.task_id = t.id AND k.demand_id = d.id \
             WHERE t.id = ? AND (p.stocked = 1 OR k.id IS NOT NULL) \
             GROUP BY d.id, d.line_id, d.per_kit, d.quantity, d.shipped ORDER BY d.line_id, d.id",
            vals![task],
        )
        .await?;
    let want = |(demand, line, per_kit, quantity, shipped, in_hand)| Want {
        demand,
        line,
        per_kit,
        quantity,
        shipped,
        in_hand,
    };
    Ok(rows.into_iter().map(want).collect())
}

/// Holds a picked task for a packer, unless somebody else has it on their bench; tells
/// whether it did.
///
/// # Errors
/// The store's.
pub async fn hold(
    tx: &mut Tx,
    stamp: &Stamp,
    task: i64,
    until: i64,
    take_over: bool,
) -> Result<bool, StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_tasks SET packer = ?, pack_until = ? WHERE id = ? AND state = 'picked' \
             AND (packer IS NULL OR packer = ? OR pack_until IS NULL OR pack_until <= ? OR ? = 1)",
            vals![&stamp.actor, until, task, &stamp.actor, stamp.at, take_over],
        )
        .await?;
    Ok(changed == 1)
}

/// Moves a task from one state on; tells whether it was in that state. A task that is done
/// holds its order no more.
///
/// # Errors
/// The store's.
pub async fn set_state(
    tx: &mut Tx,
    stamp: &Stamp,
    task: i64,
    (from, to): (&str, &str),
    shipment: Option<i64>,
) -> Result<bool, StoreError> {
    let done = matches!(to, "shipped" | "released");
    let packed_at = (to == "packed").then_some(stamp.at);
    let changed = tx
        .run(
            "UPDATE pick_tasks SET state = ?, \
               holds = CASE WHEN ? = 1 THEN NULL ELSE order_id END, \
               packed_at = CASE WHEN ? = 'picked' THEN NULL ELSE COALESCE(?, packed_at) END, \
               shipment_id = ?, packer = CASE WHEN ? = 1 THEN NULL ELSE packer END, \
               pack_until = NULL WHERE id = ? AND state = ?",
            vals![
                to,
                done,
                to,
                packed_at,
                shipment,
                to == "released",
                task,
                from
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Holds a packed task where it is until the transaction ends; tells whether it is packed.
///
/// # Errors
/// The store's.
pub async fn is_packed(tx: &mut Tx, task: i64) -> Result<bool, StoreError> {
    let found = tx
        .run(
            "UPDATE pick_tasks SET state = 'packed' WHERE id = ? AND state = 'packed'",
            vals![task],
        )
        .await?;
    Ok(found == 1)
}

/// A round whose orders are all done is ended, where it was still walked.
///
/// # Errors
/// The store's.
pub async fn end_wave(tx: &mut Tx, stamp: &Stamp, wave: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE pick_waves SET state = 'released', ended_at = ? WHERE id = ? \
         AND state = 'picking' \
         AND NOT EXISTS (SELECT 1 FROM pick_tasks t WHERE t.wave_id = ? AND t.state = 'picking')",
        vals![stamp.at, wave, wave],
    )
    .await?;
    Ok(())
}

/// A row that somebody else wrote at the same moment is read when the work starts over.
fn once_more(error: StoreError) -> StoreError {
    if error.is_duplicate() {
        StoreError::Conflict(error.to_string())
    } else {
        error
    }
}

/// Lines of a task whose picked units are not all packed are picked no further than that:
/// the rest is for another round. Each is told as a scan that takes units back.
///
/// # Errors
/// The store's.
pub async fn give_rest_back(tx: &mut Tx, stamp: &Stamp, task: &Task) -> Result<(), StoreError> {
    let rest: Vec<(i64, i64)> = tx
        .all(
            "SELECT id, picked - packed FROM pick_lines WHERE task_id = ? AND picked > packed \
             ORDER BY id",
            vals![task.id],
        )
        .await?;
    if rest.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = rest
        .iter()
        .map(|(line, units)| json!([format!("rest:{}:{line}", task.id), line, units]))
        .collect();
    let same = [
        ("wave_id", task.wave_id.into()),
        ("task_id", task.id.into()),
        ("kind", "undo".into()),
        ("code", "".into()),
        ("scanned_at", stamp.at.into()),
        ("stored_at", stamp.at.into()),
        ("answer", "{}".into()),
        ("actor", (&stamp.actor).into()),
        ("run", (&stamp.run).into()),
    ];
    let columns = [
        ("id", Type::Text),
        ("line_id", Type::Int),
        ("units", Type::Int),
    ];
    tx.insert_alike("pick_scans", &same, &columns, &rows)
        .await?;
    tx.run(
        "UPDATE pick_lines SET moved = CASE WHEN moved < packed THEN moved ELSE packed END \
         WHERE task_id = ?",
        vals![task.id],
    )
    .await?;
    tx.run(
        "UPDATE pick_lines SET picked = packed WHERE task_id = ?",
        vals![task.id],
    )
    .await?;
    Ok(())
}

/// Demands of some that are in a round which is not done yet.
///
/// # Errors
/// The store's.
pub async fn being_picked(tx: &mut Tx, product: i64) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = tx
        .all(
            "SELECT DISTINCT l.demand_id FROM pick_lines l JOIN pick_tasks t ON t.id = l.task_id \
             WHERE l.product_id = ? AND t.state IN ('picking', 'picked', 'packed')",
            vals![product],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether any demand of an order's line was ever in a round.
///
/// # Errors
/// The store's.
pub async fn was_in_a_round(tx: &mut Tx, order_line: i64) -> Result<bool, StoreError> {
    let found: Option<(i64,)> = tx
        .opt(
            "SELECT l.id FROM order_demands d JOIN pick_lines l ON l.demand_id = d.id \
             WHERE d.line_id = ? LIMIT 1",
            vals![order_line],
        )
        .await?;
    Ok(found.is_some())
}

/// Notes that a unit came of another lot than the books had it picked from.
///
/// # Errors
/// The store's.
pub async fn note_other_lot(
    tx: &mut Tx,
    stamp: &Stamp,
    task: &Task,
    line: &Line,
    (location, lot): (i64, i64),
    reason: &str,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO discrepancies (kind, product_id, location_id, lot_id, order_id, line_id, \
         expected, found, reason, at, actor, run) \
         VALUES ('serial_lot', ?, ?, ?, ?, ?, 0, 1, ?, ?, ?, ?)",
        vals![
            line.product_id,
            location,
            lot,
            task.order_id,
            line.id,
            reason,
            stamp.at,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await?;
    Ok(())
}
