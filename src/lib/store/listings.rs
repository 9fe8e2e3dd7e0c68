//! Items as a channel lists them, which product each one sells, and the quantity last seen.

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::catalogue::{ShopItem, ShopStock};
use crate::domain::time::UtcMs;

/// A listing as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// The shop's id of it.
    pub external_id: String,
    /// The parent's, for a variation.
    pub parent_external_id: Option<String>,
    /// The product it sells.
    pub product_id: Option<i64>,
    /// `managed`, `parent` or `unmanaged`.
    pub stock: String,
    /// The digest of what was taken in.
    pub fingerprint: String,
    /// The quantity last seen in the shop.
    pub seen_qty: Option<i64>,
}

/// All listings of a channel that are still there.
///
/// # Errors
/// The store's.
pub async fn all(tx: &mut Tx, account: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        "SELECT id, external_id, parent_external_id, product_id, stock, fingerprint, seen_qty \
         FROM listings WHERE account_id = ? AND gone_at IS NULL ORDER BY id",
        vals![account],
    )
    .await
}

/// Writes a listing, new or changed.
///
/// # Errors
/// The store's.
pub async fn put(
    tx: &mut Tx,
    stamp: &Stamp,
    account: i64,
    item: &ShopItem,
    product: Option<i64>,
    fingerprint: &str,
) -> Result<(), StoreError> {
    let (stock, quantity) = match item.stock {
        ShopStock::Managed(quantity) => ("managed", Some(quantity)),
        ShopStock::ByParent => ("parent", None),
        ShopStock::Unmanaged => ("unmanaged", None),
    };
    let changed = tx
        .run(
            "UPDATE listings SET parent_external_id = ?, kind = ?, product_id = ?, status = ?, \
             stock = ?, fingerprint = ?, seen_qty = ?, seen_at = ?, gone_at = NULL \
             WHERE account_id = ? AND external_id = ?",
            vals![
                item.parent_external_id.as_ref(),
                item.kind.as_str(),
                product,
                &item.status,
                stock,
                fingerprint,
                quantity,
                stamp.at,
                account,
                &item.external_id
            ],
        )
        .await?;
    if changed == 0 {
        tx.run(
            "INSERT INTO listings (account_id, external_id, parent_external_id, kind, \
             product_id, status, stock, fingerprint, seen_qty, seen_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            vals![
                account,
                &item.external_id,
                item.parent_external_id.as_ref(),
                item.kind.as_str(),
                product,
                &item.status,
                stock,
                fingerprint,
                quantity,
                stamp.at
            ],
        )
        .await?;
    }
    Ok(())
}

/// Notes the quantity just read from the shop.
///
/// # Errors
/// The store's.
pub async fn set_seen(
    tx: &mut Tx,
    listing: i64,
    quantity: Option<i64>,
    at: UtcMs,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE listings SET seen_qty = ?, seen_at = ? WHERE id = ?",
        vals![quantity, at, listing],
    )
    .await?;
    Ok(())
}

/// Notes how a push ended: the quantity the shop now states, or why it refused.
///
/// # Errors
/// The store's.
pub async fn set_pushed(
    tx: &mut Tx,
    listing: i64,
    outcome: Result<i64, &str>,
    at: UtcMs,
) -> Result<(), StoreError> {
    match outcome {
        Ok(quantity) => {
            tx.run(
                "UPDATE listings SET seen_qty = ?, seen_at = ?, pushed_qty = ?, pushed_at = ?, \
                 push_error = NULL WHERE id = ?",
                vals![quantity, at, quantity, at, listing],
            )
            .await?;
        }
        Err(reason) => {
            tx.run(
                "UPDATE listings SET push_error = ? WHERE id = ?",
                vals![reason, listing],
            )
            .await?;
        }
    }
    Ok(())
}
