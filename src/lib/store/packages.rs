//! What lies on the packing bench: tasks, their packages, and the serials bound in them.
//!
//! Who writes here has updated the task's row first, in the same transaction: that orders
//! the writers of one task, and what is read afterwards is what stands.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};

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
    /// Units of the demand that have not left and are wanted.
    pub wanted: i64,
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

/// A package as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PackageRow {
    /// Its id.
    pub id: i64,
    /// Its number within the task.
    pub number: i64,
    /// The preset's name; empty for a box of its own size.
    pub preset: String,
    /// Weighed.
    pub weight_g: Option<i64>,
    /// Outer length.
    pub length_mm: Option<i64>,
    /// Outer width.
    pub width_mm: Option<i64>,
    /// Outer height.
    pub height_mm: Option<i64>,
    /// When it was closed.
    pub closed_at: Option<i64>,
}

/// Units in a package.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Item {
    /// Its id.
    pub id: i64,
    /// The package.
    pub package_id: i64,
    /// The line.
    pub line_id: i64,
    /// The demand it serves.
    pub demand_id: i64,
    /// The lot packed, where lots are told apart.
    pub lot_id: Option<i64>,
    /// That lot's name.
    pub lot: Option<String>,
    /// Units.
    pub quantity: i64,
}

/// A serial in a package.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Bound {
    /// The item.
    pub item_id: i64,
    /// The demand it serves.
    pub demand_id: i64,
    /// The serial's id.
    pub serial_id: i64,
    /// The serial.
    pub serial: String,
    /// The product.
    pub product_id: i64,
    /// The lot it belongs to.
    pub lot_id: i64,
}

/// A scan to be stored.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// Its id.
    pub id: &'a str,
    /// The task.
    pub task: i64,
    /// The line, where it is one.
    pub line: Option<i64>,
    /// `pack`, `unpack`, `swap` or `undo`.
    pub kind: &'a str,
    /// Units.
    pub units: i64,
    /// What the scanner read.
    pub code: &'a str,
    /// When, in UTC milliseconds.
    pub at: i64,
    /// The answer it got, as JSON.
    pub answer: &'a str,
}

const TASK: &str = "SELECT t.id, t.wave_id, t.order_id, t.tote, t.state, w.packer AS picker, \
      t.packer, t.pack_until, t.shipment_id, CONCAT(a.name, ':', o.number) AS order_ref, \
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
        "SELECT l.id, l.demand_id, d.quantity - d.shipped AS wanted, l.product_id, p.sku, \
           p.title, p.tracking, p.weight_g, l.lot_id, x.code AS lot, l.picked, l.packed \
         FROM pick_lines l JOIN order_demands d ON d.id = l.demand_id \
         JOIN products p ON p.id = l.product_id LEFT JOIN lots x ON x.id = l.lot_id \
         WHERE l.task_id = ? AND l.picked > 0 ORDER BY l.position, l.id",
        vals![task],
    )
    .await
}

/// The packages of a task, by number.
///
/// # Errors
/// The store's.
pub async fn packages(tx: &mut Tx, task: i64) -> Result<Vec<PackageRow>, StoreError> {
    tx.all(
        "SELECT id, number, box AS preset, weight_g, length_mm, width_mm, height_mm, closed_at \
         FROM packages WHERE task_id = ? ORDER BY number",
        vals![task],
    )
    .await
}

/// What lies in the packages of a task, as it went in.
///
/// # Errors
/// The store's.
pub async fn items(tx: &mut Tx, task: i64) -> Result<Vec<Item>, StoreError> {
    tx.all(
        "SELECT i.id, i.package_id, i.line_id, l.demand_id, i.lot_id, x.code AS lot, i.quantity \
         FROM packages k JOIN package_items i ON i.package_id = k.id \
         JOIN pick_lines l ON l.id = i.line_id LEFT JOIN lots x ON x.id = i.lot_id \
         WHERE k.task_id = ? ORDER BY i.id",
        vals![task],
    )
    .await
}

/// The serials in the packages of a task, as they went in.
///
/// # Errors
/// The store's.
pub async fn bound(tx: &mut Tx, task: i64) -> Result<Vec<Bound>, StoreError> {
    tx.all(
        "SELECT b.item_id, l.demand_id, b.serial_id, s.serial, s.product_id, s.lot_id \
         FROM packages k JOIN package_items i ON i.package_id = k.id \
         JOIN pick_lines l ON l.id = i.line_id \
         JOIN package_serials b ON b.item_id = i.id JOIN serials s ON s.id = b.serial_id \
         WHERE k.task_id = ? ORDER BY b.id",
        vals![task],
    )
    .await
}

/// Where a serial lies packed: (task, order, package).
///
/// # Errors
/// The store's.
pub async fn holder(tx: &mut Tx, serial: i64) -> Result<Option<(i64, String, i64)>, StoreError> {
    tx.opt(
        "SELECT t.id, CONCAT(a.name, ':', o.number), k.number FROM package_serials b \
         JOIN package_items i ON i.id = b.item_id JOIN packages k ON k.id = i.package_id \
         JOIN pick_tasks t ON t.id = k.task_id JOIN orders o ON o.id = t.order_id \
         JOIN channel_accounts a ON a.id = o.account_id WHERE b.holds = ?",
        vals![serial],
    )
    .await
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

/// Opens a package with the next number of its task; gives the number.
///
/// # Errors
/// A conflict, where somebody took that number; or the store's.
pub async fn add_package(
    tx: &mut Tx,
    stamp: &Stamp,
    task: i64,
    package: &PackageRow,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO packages (task_id, number, box, weight_g, length_mm, width_mm, height_mm, \
         created_at, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            task,
            package.number,
            &package.preset,
            package.weight_g,
            package.length_mm,
            package.width_mm,
            package.height_mm,
            stamp.at,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
    .map_err(once_more)?;
    Ok(())
}

/// Writes what was measured of a package, and whether it is closed.
///
/// # Errors
/// The store's.
pub async fn put_package(tx: &mut Tx, package: &PackageRow) -> Result<(), StoreError> {
    tx.run(
        "UPDATE packages SET box = ?, weight_g = ?, length_mm = ?, width_mm = ?, height_mm = ?, \
         closed_at = ? WHERE id = ?",
        vals![
            &package.preset,
            package.weight_g,
            package.length_mm,
            package.width_mm,
            package.height_mm,
            package.closed_at,
            package.id
        ],
    )
    .await?;
    Ok(())
}

/// Removes an empty package.
///
/// # Errors
/// The store's; one with something in it is refused.
pub async fn drop_package(tx: &mut Tx, package: i64) -> Result<(), StoreError> {
    tx.run("DELETE FROM packages WHERE id = ?", vals![package])
        .await?;
    Ok(())
}

/// Adds units of a line to a package, or takes some out (negative); `item` is the row there
/// is of that line and lot. Gives the row's id.
///
/// # Errors
/// A conflict, where fewer were picked; or the store's.
pub async fn add_units(
    tx: &mut Tx,
    (package, line, lot): (i64, i64, Option<i64>),
    item: Option<&Item>,
    units: i64,
) -> Result<i64, StoreError> {
    let changed = tx
        .run(
            "UPDATE pick_lines SET packed = packed + ? \
             WHERE id = ? AND packed + ? <= picked AND packed + ? >= 0",
            vals![units, line, units, units],
        )
        .await?;
    if changed != 1 {
        return Err(StoreError::Conflict("a picked line has changed".to_owned()));
    }
    let Some(item) = item else {
        return tx
            .insert(
                "INSERT INTO package_items (package_id, line_id, lot_id, quantity) \
                 VALUES (?, ?, ?, ?)",
                vals![package, line, lot, units],
            )
            .await;
    };
    let changed = if item.quantity + units == 0 {
        tx.run(
            "DELETE FROM package_items WHERE id = ? AND quantity = ?",
            vals![item.id, item.quantity],
        )
        .await?
    } else {
        tx.run(
            "UPDATE package_items SET quantity = quantity + ? WHERE id = ? AND quantity = ?",
            vals![units, item.id, item.quantity],
        )
        .await?
    };
    if changed != 1 {
        return Err(StoreError::Conflict("a package has changed".to_owned()));
    }
    Ok(item.id)
}

/// Binds a serial to a packed item.
///
/// # Errors
/// A conflict, where it has been packed meanwhile; or the store's.
pub async fn bind(tx: &mut Tx, item: i64, serial: i64) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO package_serials (item_id, serial_id, holds) VALUES (?, ?, ?)",
        vals![item, serial, serial],
    )
    .await
    .map_err(once_more)?;
    Ok(())
}

/// Frees a serial from a packed item.
///
/// # Errors
/// The store's.
pub async fn unbind(tx: &mut Tx, item: i64, serial: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM package_serials WHERE item_id = ? AND serial_id = ?",
        vals![item, serial],
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

/// Takes everything out of a task's packages, and the packages away.
///
/// # Errors
/// The store's.
pub async fn empty(tx: &mut Tx, task: i64) -> Result<(), StoreError> {
    const ITEMS: &str = "SELECT i.id FROM package_items i \
        JOIN packages k ON k.id = i.package_id WHERE k.task_id = ?";
    let items: Vec<(i64,)> = tx.all(ITEMS, vals![task]).await?;
    let ids: Vec<i64> = items.into_iter().map(|(id,)| id).collect();
    tx.delete_many("package_serials", "item_id", &ids).await?;
    tx.delete_many("package_items", "id", &ids).await?;
    tx.run("DELETE FROM packages WHERE task_id = ?", vals![task])
        .await?;
    tx.run(
        "UPDATE pick_lines SET packed = 0 WHERE task_id = ?",
        vals![task],
    )
    .await?;
    Ok(())
}

/// The packages of a task have left with a shipment: their serials are held no more.
///
/// # Errors
/// The store's.
pub async fn set_left(tx: &mut Tx, task: i64, shipment: Option<i64>) -> Result<(), StoreError> {
    tx.run(
        "UPDATE packages SET shipment_id = ? WHERE task_id = ?",
        vals![shipment, task],
    )
    .await?;
    tx.run(
        "UPDATE package_serials SET holds = NULL WHERE item_id IN \
           (SELECT i.id FROM package_items i JOIN packages k ON k.id = i.package_id \
            WHERE k.task_id = ?)",
        vals![task],
    )
    .await?;
    Ok(())
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

/// The answer that a scan of a task got before: (task, kind, answer).
///
/// # Errors
/// The store's.
pub async fn answered(
    tx: &mut Tx,
    id: &str,
) -> Result<Option<(Option<i64>, String, String)>, StoreError> {
    tx.opt(
        "SELECT task_id, kind, answer FROM pick_scans WHERE id = ?",
        vals![id],
    )
    .await
}

/// Stores a scan with its answer.
///
/// # Errors
/// A conflict, where it has been stored meanwhile; or the store's.
pub async fn store_scan(tx: &mut Tx, stamp: &Stamp, scan: &Scan<'_>) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO pick_scans (id, task_id, line_id, kind, units, code, scanned_at, stored_at, \
         answer, actor, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            scan.id,
            scan.task,
            scan.line,
            scan.kind,
            scan.units,
            scan.code,
            scan.at,
            stamp.at,
            scan.answer,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
    .map_err(once_more)?;
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
