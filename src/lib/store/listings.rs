//! Items as a channel lists them, which product each one sells, and the quantity last seen.

use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
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
    /// Whether the shop does not have it any more.
    pub gone: bool,
}

/// A listing to be written, new or changed.
#[derive(Debug, Clone, Copy)]
pub struct Put<'a> {
    /// The item as the shop describes it.
    pub item: &'a ShopItem,
    /// The product it sells.
    pub product: Option<i64>,
    /// The digest of what is taken in.
    pub fingerprint: &'a str,
}

/// All listings of a channel, also those that are gone.
///
/// # Errors
/// The store's.
pub async fn all(tx: &mut Tx, account: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        "SELECT id, external_id, parent_external_id, product_id, stock, fingerprint, seen_qty, \
           CASE WHEN gone_at IS NULL THEN 0 ELSE 1 END AS gone \
         FROM listings WHERE account_id = ? ORDER BY id",
        vals![account],
    )
    .await
}

/// The products that listings of a channel sell: listing -> product.
///
/// # Errors
/// The store's.
pub async fn products_of(
    tx: &mut Tx,
    account: i64,
    external_ids: &[&str],
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx.json_rows(&[("id", Type::Text)]);
    let json: Vec<[&str; 1]> = external_ids.iter().map(|id| [*id]).collect();
    tx.all(
        &format!(
            "SELECT l.external_id, l.product_id FROM {rows} \
             JOIN listings l ON l.external_id = j.id \
             WHERE l.account_id = ? AND l.product_id IS NOT NULL"
        ),
        vals![serde_json::to_string(&json).unwrap_or_default(), account],
    )
    .await
}

/// How many listings of all channels sell a product.
///
/// # Errors
/// The store's.
pub async fn selling(tx: &mut Tx, product: i64) -> Result<i64, StoreError> {
    tx.int(
        "SELECT COUNT(*) FROM listings WHERE product_id = ? AND gone_at IS NULL",
        vals![product],
    )
    .await
}

/// Notes that the shop does not have these listings any more.
///
/// # Errors
/// The store's.
pub async fn set_gone(tx: &mut Tx, ids: &[i64], at: UtcMs) -> Result<(), StoreError> {
    tx.set_many("listings", "gone_at", at, ids).await
}

fn stock_of(item: &ShopItem) -> (&'static str, Option<i64>) {
    match item.stock {
        ShopStock::Managed(quantity) => ("managed", Some(quantity)),
        ShopStock::ByParent => ("parent", None),
        ShopStock::Unmanaged => ("unmanaged", None),
    }
}

/// Writes new listings, many at once.
///
/// # Errors
/// One of them is there already, or the store's.
pub async fn insert_many(
    tx: &mut Tx,
    stamp: &Stamp,
    account: i64,
    listings: &[Put<'_>],
) -> Result<(), StoreError> {
    let rows: Vec<Value> = listings
        .iter()
        .map(|put| {
            let (stock, quantity) = stock_of(put.item);
            json!([
                account,
                put.item.external_id,
                put.item.parent_external_id,
                put.item.kind.as_str(),
                put.product,
                put.item.status,
                stock,
                put.fingerprint,
                quantity,
                stamp.at.0
            ])
        })
        .collect();
    let columns = [
        ("account_id", Type::Int),
        ("external_id", Type::Text),
        ("parent_external_id", Type::Text),
        ("kind", Type::Text),
        ("product_id", Type::Int),
        ("status", Type::Text),
        ("stock", Type::Text),
        ("fingerprint", Type::Text),
        ("seen_qty", Type::Int),
        ("seen_at", Type::Int),
    ];
    tx.insert_many("listings", &columns, &rows).await
}

/// Brings a listing that is there up to date.
///
/// # Errors
/// The store's.
pub async fn update(
    tx: &mut Tx,
    stamp: &Stamp,
    account: i64,
    put: Put<'_>,
) -> Result<(), StoreError> {
    let (stock, quantity) = stock_of(put.item);
    tx.run(
        "UPDATE listings SET parent_external_id = ?, kind = ?, product_id = ?, status = ?, \
         stock = ?, fingerprint = ?, seen_qty = ?, seen_at = ?, gone_at = NULL \
         WHERE account_id = ? AND external_id = ?",
        vals![
            put.item.parent_external_id.as_ref(),
            put.item.kind.as_str(),
            put.product,
            &put.item.status,
            stock,
            put.fingerprint,
            quantity,
            stamp.at,
            account,
            &put.item.external_id
        ],
    )
    .await?;
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
