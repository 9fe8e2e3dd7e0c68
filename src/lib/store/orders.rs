//! Orders with their lines and demand.

mod taken_in;

use serde::Serialize;

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};

pub use taken_in::{
    Known, KnownLine, add_demand, drop_demands, empty_line, known, lines, put_head, put_line,
    set_gone, set_wanted,
};

/// A demand of an order.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct DemandRow {
    /// Its id.
    pub id: i64,
    /// Its line.
    pub line_id: i64,
    /// What is wanted of stock.
    pub product_id: i64,
    /// Units in one ordered piece.
    pub per_kit: i64,
    /// Units wanted, those shipped included.
    pub quantity: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units shipped.
    pub shipped: i64,
}

/// An order in a list.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Summary {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// The shop's status.
    pub status: String,
    /// What that means.
    pub rule: String,
    /// When it was placed, in UTC milliseconds.
    pub placed_at: i64,
    /// Who bought.
    pub customer: String,
    /// How it is to be sent, in the shop's words; may be empty.
    pub service: String,
    /// The day it was promised to leave, where somebody has said.
    pub promised_on: Option<String>,
    /// Its currency.
    pub currency: String,
    /// What the customer pays, in minor units.
    pub total_minor: i64,
    /// All tax in that, in minor units.
    pub tax_minor: i64,
    /// Units wanted of stock and not shipped.
    pub wanted: i64,
    /// Units promised.
    pub reserved: i64,
    /// Kinds of the holds that stand, comma separated.
    pub holds: Option<String>,
}

/// A line as shown.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct LineRow {
    /// The line's id.
    #[serde(skip)]
    pub id: i64,
    /// The SKU ordered.
    pub sku: String,
    /// The title.
    pub title: String,
    /// Units ordered.
    pub quantity: i64,
    /// Units refunded.
    pub refunded: i64,
    /// The line's total in minor units.
    pub total_minor: i64,
    /// Whether the product is known.
    pub known: bool,
    /// Units wanted of stock and not shipped, kits counted by their components.
    pub wanted: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units shipped.
    pub shipped: i64,
}

/// The demands of an order, by line.
///
/// # Errors
/// The store's.
pub async fn demands(tx: &mut Tx, order: i64) -> Result<Vec<DemandRow>, StoreError> {
    tx.all(
        "SELECT d.id, d.line_id, d.product_id, d.per_kit, d.quantity, d.reserved, d.shipped \
         FROM order_demands d JOIN order_lines l ON l.id = d.line_id \
         WHERE l.order_id = ? ORDER BY d.line_id, d.id",
        vals![order],
    )
    .await
}

/// Notes units as shipped.
///
/// # Errors
/// The store's; a demand never ships more than it wants.
pub async fn add_shipped(tx: &mut Tx, demand: i64, units: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE order_demands SET shipped = shipped + ? WHERE id = ?",
        vals![units, demand],
    )
    .await?;
    Ok(())
}

pub(super) const SUMMARY: &str = "SELECT o.id, CONCAT(a.name, ':', o.number) AS order_ref, o.status, o.rule, \
    o.placed_at, o.customer, o.service, o.promised_on, o.currency, o.total_minor, o.tax_minor, \
    COALESCE((SELECT CAST(SUM(d.quantity - d.shipped) AS SIGNED) FROM order_demands d \
       JOIN order_lines l ON l.id = d.line_id WHERE l.order_id = o.id), 0) AS wanted, \
    COALESCE((SELECT CAST(SUM(d.reserved) AS SIGNED) FROM order_demands d \
       JOIN order_lines l ON l.id = d.line_id WHERE l.order_id = o.id), 0) AS reserved, \
    (SELECT GROUP_CONCAT(h.kind) FROM order_holds h \
       WHERE h.order_id = o.id AND h.released_at IS NULL) AS holds \
    FROM orders o JOIN channel_accounts a ON a.id = o.account_id";

/// The newest orders first; of one status of the shop, where one is given.
///
/// # Errors
/// The store's.
pub async fn list(
    tx: &mut Tx,
    status: Option<&str>,
    limit: i64,
) -> Result<Vec<Summary>, StoreError> {
    tx.all(
        &format!(
            "{SUMMARY} WHERE (? IS NULL OR o.status = ?) ORDER BY o.placed_at DESC, o.id DESC LIMIT ?"
        ),
        vals![status, status, limit],
    )
    .await
}

/// The orders a person may mean by `woo:1042`, or by `1042` alone.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, reference: &str) -> Result<Vec<Summary>, StoreError> {
    let (account, number) = match reference.split_once(':') {
        Some((account, number)) => (Some(account), number),
        None => (None, reference),
    };
    tx.all(
        &format!("{SUMMARY} WHERE o.number = ? AND (? IS NULL OR a.name = ?)"),
        vals![number, account, account],
    )
    .await
}

/// Where an order goes, as JSON.
///
/// # Errors
/// The store's.
pub async fn ship_to(tx: &mut Tx, order: i64) -> Result<String, StoreError> {
    let (ship_to,): (String,) = tx
        .one("SELECT ship_to FROM orders WHERE id = ?", vals![order])
        .await?;
    Ok(ship_to)
}

/// The lines of an order as shown.
///
/// # Errors
/// The store's.
pub async fn line_rows(tx: &mut Tx, order: i64) -> Result<Vec<LineRow>, StoreError> {
    tx.all(
        "SELECT l.id, l.sku, l.title, l.quantity, l.refunded, l.total_minor, \
           CASE WHEN l.product_id IS NULL THEN 0 ELSE 1 END AS known, \
           COALESCE(CAST(SUM(d.quantity - d.shipped) AS SIGNED), 0) AS wanted, \
           COALESCE(CAST(SUM(d.reserved) AS SIGNED), 0) AS reserved, \
           COALESCE(CAST(SUM(d.shipped) AS SIGNED), 0) AS shipped \
         FROM order_lines l LEFT JOIN order_demands d ON d.line_id = l.id \
         WHERE l.order_id = ? \
         GROUP BY l.id, l.sku, l.title, l.quantity, l.refunded, l.total_minor, l.product_id \
         ORDER BY l.id",
        vals![order],
    )
    .await
}

/// An order as a channel has it, for a comparison of the whole.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Standing {
    /// The shop's id of it.
    pub external_id: String,
    /// The number people use.
    pub number: String,
    /// Whether stock is wanted for it, or may be once somebody maps its status.
    pub open: bool,
}

/// All orders of a channel that the shop still had when last looked at.
///
/// # Errors
/// The store's.
pub async fn standing(tx: &mut Tx, account: i64) -> Result<Vec<Standing>, StoreError> {
    tx.all(
        "SELECT external_id, number, \
           CASE WHEN rule IN ('ship', 'reserve', 'unknown') THEN 1 ELSE 0 END AS open \
         FROM orders WHERE account_id = ? AND gone_at IS NULL ORDER BY id",
        vals![account],
    )
    .await
}

/// Where an order comes from.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Address {
    /// The channel's name.
    pub channel: String,
    /// The shop's id of it.
    pub external_id: String,
    /// The number people use.
    pub number: String,
}

/// Where an order comes from.
///
/// # Errors
/// The store's.
pub async fn address(tx: &mut Tx, order: i64) -> Result<Address, StoreError> {
    tx.one(
        "SELECT a.name AS channel, o.external_id, o.number FROM orders o \
         JOIN channel_accounts a ON a.id = o.account_id WHERE o.id = ?",
        vals![order],
    )
    .await
}

/// When the shop had last changed an order, as far as it has been read, and the units that
/// it still wants.
///
/// # Errors
/// The store's.
pub async fn standing_of(
    tx: &mut Tx,
    channel: &str,
    external_id: &str,
) -> Result<Option<(i64, i64)>, StoreError> {
    tx.opt(
        "SELECT o.modified_at, \
           COALESCE((SELECT CAST(SUM(d.quantity - d.shipped) AS SIGNED) FROM order_demands d \
             JOIN order_lines l ON l.id = d.line_id WHERE l.order_id = o.id), 0) \
         FROM orders o JOIN channel_accounts a ON a.id = o.account_id \
         WHERE a.name = ? AND o.external_id = ?",
        vals![channel, external_id],
    )
    .await
}

/// Notes that an order that no shop tells about has left whole.
///
/// # Errors
/// The store's.
pub async fn set_left(tx: &mut Tx, stamp: &Stamp, order: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE orders SET status = 'completed', rule = 'shipped', completed_at = ? WHERE id = ?",
        vals![stamp.at, order],
    )
    .await?;
    Ok(())
}

/// The shop's ids of the items that lines of these orders sell, or have sold.
///
/// # Errors
/// The store's.
pub async fn items_of(
    tx: &mut Tx,
    account: i64,
    external_ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let rows = tx.json_rows(&[("id", Type::Text)]);
    let json: Vec<[&String; 1]> = external_ids.iter().map(|id| [id]).collect();
    let found: Vec<(String,)> = tx
        .all(
            &format!(
                "SELECT DISTINCT l.item_external_id FROM {rows} \
                 JOIN orders o ON o.external_id = j.id \
                 JOIN order_lines l ON l.order_id = o.id \
                 WHERE o.account_id = ? AND l.item_external_id IS NOT NULL"
            ),
            vals![serde_json::to_string(&json).unwrap_or_default(), account],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Units that unshipped orders of a channel have taken off the shop's stock, by product,
/// refunded units left out: (product, order, units).
///
/// # Errors
/// The store's.
pub async fn reduced(tx: &mut Tx, account: i64) -> Result<Vec<Reduced>, StoreError> {
    tx.all(
        "SELECT l.product_id, l.sku, o.number, o.status, o.rule, \
           CASE WHEN l.reduced < l.quantity - l.refunded THEN l.reduced \
             ELSE l.quantity - l.refunded END AS units \
         FROM order_lines l JOIN orders o ON o.id = l.order_id \
         WHERE o.account_id = ? AND o.gone_at IS NULL \
           AND o.rule NOT IN ('shipped', 'closed') \
           AND l.reduced > 0 AND l.quantity > l.refunded \
         ORDER BY o.id, l.id",
        vals![account],
    )
    .await
}

/// Units of one line that the shop has taken off its stock and not sent.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Reduced {
    /// The product, where one is known.
    pub product_id: Option<i64>,
    /// The SKU as ordered.
    pub sku: String,
    /// The order's number.
    pub number: String,
    /// The shop's status of it.
    pub status: String,
    /// What that means.
    pub rule: String,
    /// Units.
    pub units: i64,
}
