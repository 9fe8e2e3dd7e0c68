//! The packages of a task, and what lies in them.

use super::once_more;
use crate::store::dialect::{Tx, vals};
use crate::store::{Stamp, StoreError};

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
