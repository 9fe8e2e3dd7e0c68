//! Channel accounts, how far each has been read, and what must be read again.

use std::collections::HashSet;

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// The account of orders entered by hand.
pub const MANUAL: &str = "manual";

/// A channel account as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// The name order references start with.
    pub name: String,
    /// Where the shop was when it was first looked at.
    pub url: String,
    /// From when on opsctl's stock counts, by the channel's clock: its first look at the
    /// orders, or the cut-off at which the stock was taken over.
    pub opened_at: Option<i64>,
}

/// A single item that could not be taken in.
#[derive(Debug, Clone, sqlx::FromRow, serde::Serialize)]
pub struct Retry {
    /// The shop's id of the item.
    pub external_id: String,
    /// Why it could not be taken in.
    pub reason: String,
    /// How often it has been tried.
    pub attempts: i64,
}

/// The account of that name, if there is one.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Account>, StoreError> {
    tx.opt(
        "SELECT id, name, url, opened_at FROM channel_accounts WHERE name = ?",
        vals![name],
    )
    .await
}

/// The account of that name, made where there is none.
///
/// # Errors
/// The store's.
pub async fn account(
    tx: &mut Tx,
    name: &str,
    kind: &str,
    url: &str,
) -> Result<Account, StoreError> {
    if let Some(found) = find(tx, name).await? {
        return Ok(found);
    }
    let id = tx
        .insert(
            "INSERT INTO channel_accounts (name, kind, url) VALUES (?, ?, ?)",
            vals![name, kind, url],
        )
        .await?;
    Ok(Account {
        id,
        name: name.to_owned(),
        url: url.to_owned(),
        opened_at: None,
    })
}

/// Notes where a shop is now.
///
/// # Errors
/// The store's.
pub async fn set_url(tx: &mut Tx, account: i64, url: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE channel_accounts SET url = ? WHERE id = ?",
        vals![url, account],
    )
    .await?;
    Ok(())
}

/// Notes the moment from which opsctl's stock counts for the channel.
///
/// # Errors
/// The store's.
pub async fn set_opened(tx: &mut Tx, account: i64, at: UtcMs) -> Result<(), StoreError> {
    tx.run(
        "UPDATE channel_accounts SET opened_at = ? WHERE id = ?",
        vals![at, account],
    )
    .await?;
    Ok(())
}

/// Up to where a stream has been read, by the channel's clock.
///
/// # Errors
/// The store's.
pub async fn cursor(tx: &mut Tx, account: i64, stream: &str) -> Result<Option<UtcMs>, StoreError> {
    let row: Option<(i64,)> = tx
        .opt(
            "SELECT position FROM sync_cursors WHERE account_id = ? AND stream = ?",
            vals![account, stream],
        )
        .await?;
    Ok(row.map(|(position,)| UtcMs(position)))
}

/// Moves the cursor of a stream.
///
/// # Errors
/// The store's.
pub async fn set_cursor(
    tx: &mut Tx,
    account: i64,
    stream: &str,
    position: UtcMs,
    now: UtcMs,
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE sync_cursors SET position = ?, updated_at = ? \
             WHERE account_id = ? AND stream = ?",
            vals![position, now, account, stream],
        )
        .await?;
    if changed == 0 && cursor(tx, account, stream).await?.is_none() {
        tx.run(
            "INSERT INTO sync_cursors (account_id, stream, position, updated_at) \
             VALUES (?, ?, ?, ?)",
            vals![account, stream, position, now],
        )
        .await?;
    }
    Ok(())
}

/// The items of a stream to be read again.
///
/// # Errors
/// The store's.
pub async fn retries(tx: &mut Tx, account: i64, stream: &str) -> Result<Vec<Retry>, StoreError> {
    tx.all(
        "SELECT external_id, reason, attempts FROM sync_retries \
         WHERE account_id = ? AND stream = ? ORDER BY external_id",
        vals![account, stream],
    )
    .await
}

/// Notes items that could not be taken in, each with its reason.
///
/// # Errors
/// The store's.
pub async fn note_retries(
    tx: &mut Tx,
    account: i64,
    stream: &str,
    failed: &[(String, String)],
    stamp: &Stamp,
) -> Result<(), StoreError> {
    for (external_id, reason) in failed {
        let changed = tx
            .run(
                "UPDATE sync_retries SET reason = ?, attempts = attempts + 1, last_at = ? \
                 WHERE account_id = ? AND stream = ? AND external_id = ?",
                vals![reason, stamp.at, account, stream, external_id],
            )
            .await?;
        if changed == 0 {
            tx.run(
                "INSERT INTO sync_retries \
                 (account_id, stream, external_id, reason, attempts, first_at, last_at) \
                 VALUES (?, ?, ?, ?, 1, ?, ?)",
                vals![account, stream, external_id, reason, stamp.at, stamp.at],
            )
            .await?;
        }
    }
    Ok(())
}

/// Strikes items that have been taken in from the list.
///
/// # Errors
/// The store's.
pub async fn clear_retries(
    tx: &mut Tx,
    account: i64,
    stream: &str,
    taken_in: &[String],
) -> Result<(), StoreError> {
    let taken: HashSet<&String> = taken_in.iter().collect();
    for retry in retries(tx, account, stream).await? {
        if taken.contains(&retry.external_id) {
            tx.run(
                "DELETE FROM sync_retries \
                 WHERE account_id = ? AND stream = ? AND external_id = ?",
                vals![account, stream, retry.external_id],
            )
            .await?;
        }
    }
    Ok(())
}
