//! Serials bound to what lies in packages.

use super::once_more;
use crate::store::StoreError;
use crate::store::dialect::{Tx, vals};

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
