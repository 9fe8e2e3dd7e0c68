//! What is written of an order when it is taken in, and what was known of it before.

use super::DemandRow;
use crate::domain::order::{ShopLine, ShopOrder};
use crate::store::dialect::{Tx, vals};
use crate::store::{Stamp, StoreError};

/// What is known of an order before it is taken in again.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Known {
    /// Its id.
    pub id: i64,
    /// The number people use.
    pub number: String,
    /// The shop's status when last taken in.
    pub status: String,
    /// What that meant.
    pub rule: String,
    /// The digest of what was taken in.
    pub fingerprint: String,
}

/// A line with its demand.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct KnownLine {
    /// The line's id.
    pub id: i64,
    /// The shop's id of it.
    pub external_id: String,
    /// The product, where one is known.
    pub product_id: Option<i64>,
}

/// The order with the shop's id, if it has been taken in.
///
/// # Errors
/// The store's.
pub async fn known(
    tx: &mut Tx,
    account: i64,
    external_id: &str,
) -> Result<Option<Known>, StoreError> {
    tx.opt(
        "SELECT id, number, status, rule, fingerprint FROM orders \
         WHERE account_id = ? AND external_id = ?",
        vals![account, external_id],
    )
    .await
}

/// Writes the head of an order, new or changed; gives its id.
///
/// # Errors
/// The store's.
pub async fn put_head(
    tx: &mut Tx,
    stamp: &Stamp,
    account: i64,
    known: Option<i64>,
    order: &ShopOrder,
    rule: &str,
    fingerprint: &str,
) -> Result<i64, StoreError> {
    let ship_to = serde_json::to_string(&order.ship_to).unwrap_or_default();
    let completed_at = order.completed_at;
    if let Some(id) = known {
        tx.run(
            "UPDATE orders SET number = ?, status = ?, rule = ?, currency = ?, placed_at = ?, \
             modified_at = ?, completed_at = ?, customer = ?, email = ?, ship_to = ?, note = ?, \
             terms = ?, po_number = ?, shipping_minor = ?, tax_minor = ?, total_minor = ?, \
             fingerprint = ?, taken_in_at = ?, search = ?, service = ?, promised_on = ?, gone_at = NULL WHERE id = ?",
            vals![
                &order.number,
                &order.status,
                rule,
                order.currency.as_str(),
                order.placed_at,
                order.modified_at,
                completed_at,
                &order.customer,
                &order.email,
                ship_to,
                &order.note,
                &order.terms,
                &order.po_number,
                order.shipping_minor,
                order.tax_minor,
                order.total_minor,
                fingerprint,
                stamp.at,
                searched_by(order),
                &order.service,
                order.promised_on.as_deref(),
                id
            ],
        )
        .await?;
        return Ok(id);
    }
    tx.insert(
        "INSERT INTO orders (account_id, external_id, number, status, rule, currency, placed_at, \
         modified_at, completed_at, customer, email, ship_to, note, terms, po_number, \
         shipping_minor, tax_minor, total_minor, fingerprint, taken_in_at, search, service, \
         promised_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            account,
            &order.external_id,
            &order.number,
            &order.status,
            rule,
            order.currency.as_str(),
            order.placed_at,
            order.modified_at,
            completed_at,
            &order.customer,
            &order.email,
            ship_to,
            &order.note,
            &order.terms,
            &order.po_number,
            order.shipping_minor,
            order.tax_minor,
            order.total_minor,
            fingerprint,
            stamp.at,
            searched_by(order),
            &order.service,
            order.promised_on.as_deref()
        ],
    )
    .await
}

/// What people look an order up by, in small letters: its number, customer and email.
fn searched_by(order: &ShopOrder) -> String {
    const LONGEST: usize = 300;
    let text = format!("{} {} {}", order.number, order.customer, order.email);
    text.to_lowercase().chars().take(LONGEST).collect()
}

/// The lines of an order.
///
/// # Errors
/// The store's.
pub async fn lines(tx: &mut Tx, order: i64) -> Result<Vec<KnownLine>, StoreError> {
    tx.all(
        "SELECT id, external_id, product_id FROM order_lines WHERE order_id = ? ORDER BY id",
        vals![order],
    )
    .await
}

/// Writes a line, new or changed; gives its id.
///
/// # Errors
/// The store's.
pub async fn put_line(
    tx: &mut Tx,
    order: i64,
    known: Option<i64>,
    line: &ShopLine,
    product: Option<i64>,
    refunded: i64,
) -> Result<i64, StoreError> {
    let sku = line.sku.as_deref().unwrap_or("");
    if let Some(id) = known {
        tx.run(
            "UPDATE order_lines SET item_external_id = ?, product_id = ?, sku = ?, title = ?, \
             quantity = ?, refunded = ?, reduced = ?, total_minor = ?, tax_minor = ? WHERE id = ?",
            vals![
                line.item_external_id.as_ref(),
                product,
                sku,
                &line.title,
                line.quantity,
                refunded,
                line.reduced_stock,
                line.total_minor,
                line.tax_minor,
                id
            ],
        )
        .await?;
        return Ok(id);
    }
    tx.insert(
        "INSERT INTO order_lines (order_id, external_id, item_external_id, product_id, sku, \
         title, quantity, refunded, reduced, total_minor, tax_minor) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            order,
            &line.external_id,
            line.item_external_id.as_ref(),
            product,
            sku,
            &line.title,
            line.quantity,
            refunded,
            line.reduced_stock,
            line.total_minor,
            line.tax_minor
        ],
    )
    .await
}

/// A line that the shop no longer has: kept, with nothing ordered.
///
/// # Errors
/// The store's.
pub async fn empty_line(tx: &mut Tx, line: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE order_lines SET quantity = 0, refunded = 0, reduced = 0, total_minor = 0, \
         tax_minor = 0 WHERE id = ?",
        vals![line],
    )
    .await?;
    Ok(())
}

/// Notes a new demand.
///
/// # Errors
/// The store's.
pub async fn add_demand(
    tx: &mut Tx,
    line: i64,
    product: i64,
    per_kit: i64,
    quantity: i64,
) -> Result<DemandRow, StoreError> {
    let id = tx
        .insert(
            "INSERT INTO order_demands (line_id, product_id, per_kit, quantity, reserved, shipped) \
             VALUES (?, ?, ?, ?, 0, 0)",
            vals![line, product, per_kit, quantity],
        )
        .await?;
    Ok(DemandRow {
        id,
        line_id: line,
        product_id: product,
        per_kit,
        quantity,
        reserved: 0,
        shipped: 0,
    })
}

/// Removes the demands of a line whose product has changed; nothing of them may be
/// reserved or shipped.
///
/// # Errors
/// The store's.
pub async fn drop_demands(tx: &mut Tx, line: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM order_demands WHERE line_id = ? AND reserved = 0 AND shipped = 0",
        vals![line],
    )
    .await?;
    Ok(())
}

/// Changes how much a demand wants. What is reserved beyond it is released before.
///
/// # Errors
/// The store's; a demand is never below what is reserved and shipped.
pub async fn set_wanted(tx: &mut Tx, demand: i64, quantity: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE order_demands SET quantity = ? WHERE id = ?",
        vals![quantity, demand],
    )
    .await?;
    Ok(())
}

/// Notes that the shop does not have an order any more: it wants nothing. Should it come
/// back, it is taken in anew.
///
/// # Errors
/// The store's.
pub async fn set_gone(tx: &mut Tx, stamp: &Stamp, order: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE orders SET gone_at = ?, rule = 'none', fingerprint = '' WHERE id = ?",
        vals![stamp.at, order],
    )
    .await?;
    Ok(())
}
