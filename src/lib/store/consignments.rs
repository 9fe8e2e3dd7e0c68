//! Sendings that carriers are asked to carry, and their pieces.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::domain::carriage::{Bought, Piece, Tariff};

mod contents;
mod parcels;

pub use contents::{Content, contents};
pub use parcels::{
    NewHappening, Open, Parcel, add_happenings, asked, happenings, open, parcels, set_stage,
    set_stalled, set_tracking, set_voided, stalled, with_number, with_tracking,
};

/// A sending as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// The order's id.
    #[serde(skip)]
    pub order_id: i64,
    /// The packing task it was made from, if it was.
    #[serde(skip)]
    pub task_id: Option<i64>,
    /// The order, while it has no other outbound sending because of this one.
    #[serde(skip)]
    pub holds: Option<i64>,
    /// `outbound` or `inbound`.
    pub direction: String,
    /// Who carries it, by the name in `[carriers]`.
    pub carrier: String,
    /// The carrier's code of the service.
    pub service: String,
    /// Our reference of the attempt.
    pub reference: String,
    /// What was asked for, as JSON.
    #[serde(skip)]
    pub sending: String,
    /// `calling`, `unknown`, `needs_decision`, `bought`, `shipped`, `voiding`, `voided`,
    /// `not_bought`.
    pub state: String,
    /// What the carrier, or a person, said last.
    pub said: String,
    /// When the carrier was asked to sell, in UTC milliseconds.
    pub asked_at: Option<i64>,
    /// The carrier's number of the whole.
    pub carrier_id: Option<String>,
    /// What it costs, in minor units.
    pub charge_minor: Option<i64>,
    /// In which currency.
    pub charge_currency: Option<String>,
    /// `published` or `negotiated`.
    pub tariff: Option<String>,
    /// The weight it is charged by.
    pub billing_weight: String,
    /// The shipment that left with it.
    pub shipment_id: Option<i64>,
    /// When it was planned, in UTC milliseconds.
    pub created_at: i64,
    /// The run that planned it.
    #[serde(skip)]
    pub run: String,
}

const ROW: &str = "SELECT c.id, CONCAT(a.name, ':', o.number) AS order_ref, c.order_id, c.task_id, c.holds, \
      c.direction, c.carrier, c.service, c.reference, c.sending, c.state, c.said, c.asked_at, \
      c.carrier_id, c.charge_minor, c.charge_currency, c.tariff, c.billing_weight, c.shipment_id, \
      c.created_at, c.run \
    FROM consignments c JOIN orders o ON o.id = c.order_id \
    JOIN channel_accounts a ON a.id = o.account_id";

/// A sending to be asked for.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// The order.
    pub order: i64,
    /// The packing task it is made from.
    pub task: Option<i64>,
    /// Whether the order has no other outbound sending under way meanwhile.
    pub holds: bool,
    /// `outbound` or `inbound`.
    pub direction: &'a str,
    /// Who carries it.
    pub carrier: &'a str,
    /// The carrier's code of the service.
    pub service: &'a str,
    /// Our reference.
    pub reference: &'a str,
    /// What is asked for, as JSON.
    pub sending: &'a str,
    /// The shipment whose goods it carries, where they have left already.
    pub shipment: Option<i64>,
    /// The pieces, each with the package it is.
    pub pieces: &'a [(Piece, Option<i64>)],
}

/// Plans a sending: it counts as being asked for from now on. Gives its number.
///
/// # Errors
/// The order has another one under way ([`StoreError::is_duplicate`]), or the store's.
pub async fn plan(tx: &mut Tx, stamp: &Stamp, new: &New<'_>) -> Result<i64, StoreError> {
    let id = tx
        .insert(
            "INSERT INTO consignments (order_id, task_id, holds, direction, carrier, service, \
               reference, sending, state, said, asked_at, billing_weight, shipment_id, created_at, \
               updated_at, actor, run) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'calling', '', ?, '', ?, ?, ?, ?, ?)",
            vals![
                new.order,
                new.task,
                new.holds.then_some(new.order),
                new.direction,
                new.carrier,
                new.service,
                new.reference,
                new.sending,
                stamp.at,
                new.shipment,
                stamp.at,
                stamp.at,
                &stamp.actor,
                &stamp.run
            ],
        )
        .await?;
    let row = |(number, (piece, package)): (usize, &(Piece, Option<i64>))| {
        let [length, width, height] = piece.size_mm.map_or([None; 3], |size| size.map(Some));
        json!([
            id,
            number + 1,
            package,
            piece.weight_g,
            length,
            width,
            height
        ])
    };
    let rows: Vec<Value> = new.pieces.iter().enumerate().map(row).collect();
    let columns = [
        ("consignment_id", Type::Int),
        ("number", Type::Int),
        ("package_id", Type::Int),
        ("weight_g", Type::Int),
        ("length_mm", Type::Int),
        ("width_mm", Type::Int),
        ("height_mm", Type::Int),
    ];
    tx.insert_many("parcels", &columns, &rows).await?;
    Ok(id)
}

/// A sending.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE c.id = ?"), vals![id]).await
}

/// The sending with that reference.
///
/// # Errors
/// The store's.
pub async fn by_reference(tx: &mut Tx, reference: &str) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE c.reference = ?"), vals![reference])
        .await
}

/// The sending that an order has under way: asked for and not settled, or bought and not
/// left.
///
/// # Errors
/// The store's.
pub async fn under_way(tx: &mut Tx, order: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE c.holds = ?"), vals![order])
        .await
}

/// The newest sending with which goods of an order come back to us: asked for, or bought and
/// not void.
///
/// # Errors
/// The store's.
pub async fn coming_back(tx: &mut Tx, order: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(
        &format!(
            "{ROW} WHERE c.order_id = ? AND c.direction = 'inbound' \
             AND c.state NOT IN ('voided', 'not_bought') ORDER BY c.id DESC LIMIT 1"
        ),
        vals![order],
    )
    .await
}

/// The sendings of an order, oldest first.
///
/// # Errors
/// The store's.
pub async fn of_order(tx: &mut Tx, order: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!("{ROW} WHERE c.order_id = ? ORDER BY c.id"),
        vals![order],
    )
    .await
}

/// Sendings, newest first, from before a number on; only those in a state, where one is
/// given, or only those that are not settled (`open`).
///
/// # Errors
/// The store's.
pub async fn list(
    tx: &mut Tx,
    state: Option<&str>,
    open: bool,
    before: i64,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!(
            "{ROW} WHERE c.id < ? AND (? IS NULL OR c.state = ?) AND (? = 0 OR c.state IN \
             ('calling', 'unknown', 'needs_decision', 'bought', 'voiding')) \
             ORDER BY c.id DESC LIMIT ?"
        ),
        vals![before, state, state, open, limit],
    )
    .await
}

/// The numbers of the sendings in a state, oldest first.
///
/// # Errors
/// The store's.
pub async fn in_state(tx: &mut Tx, state: &str) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = tx
        .all(
            "SELECT id FROM consignments WHERE state = ? ORDER BY id",
            vals![state],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Where a sending stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Whether it was bought is asked for.
    Unknown,
    /// A person has to say.
    NeedsDecision,
    /// It was bought, and its goods have not left by the books.
    Bought,
    /// Its goods have left.
    Shipped,
    /// The carrier is asked to void it.
    Voiding,
    /// It is void.
    Voided,
    /// It was never bought.
    NotBought,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NeedsDecision => "needs_decision",
            Self::Bought => "bought",
            Self::Shipped => "shipped",
            Self::Voiding => "voiding",
            Self::Voided => "voided",
            Self::NotBought => "not_bought",
        }
    }

    /// Whether the order may have another one.
    fn is_settled(self) -> bool {
        matches!(self, Self::Shipped | Self::Voided | Self::NotBought)
    }
}

/// Moves a sending on that is as it was read, with what was said.
///
/// # Errors
/// A conflict, where it has moved meanwhile; or the store's.
pub async fn set_state(
    tx: &mut Tx,
    stamp: &Stamp,
    was: &Row,
    to: State,
    said: &str,
) -> Result<(), StoreError> {
    let said: String = said.chars().take(2_000).collect();
    let changed = tx
        .run(
            "UPDATE consignments SET state = ?, said = ?, updated_at = ?, \
               holds = CASE WHEN ? = 1 THEN NULL ELSE holds END \
             WHERE id = ? AND state = ?",
            vals![
                to.as_str(),
                said,
                stamp.at,
                to.is_settled(),
                was.id,
                &was.state
            ],
        )
        .await?;
    if changed == 1 {
        return Ok(());
    }
    let text = format!("consignment {} is not {} any more", was.id, was.state);
    Err(StoreError::Conflict(text))
}

/// Notes what was said last; gives whether it is anything new.
///
/// # Errors
/// The store's.
pub async fn set_said(tx: &mut Tx, stamp: &Stamp, id: i64, said: &str) -> Result<bool, StoreError> {
    let said: String = said.chars().take(2_000).collect();
    let changed = tx
        .run(
            "UPDATE consignments SET said = ?, updated_at = ? WHERE id = ? AND said <> ?",
            vals![&said, stamp.at, id, &said],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes what was bought. A charge that is known stays where none is told any more.
///
/// # Errors
/// The store's.
pub async fn set_bought(tx: &mut Tx, id: i64, bought: &Bought) -> Result<(), StoreError> {
    let (charge, billing_weight) = (bought.charge, bought.billing_weight.as_str());
    let tariff = charge.map(|charge| match charge.tariff {
        Tariff::Published => "published",
        Tariff::Negotiated => "negotiated",
    });
    tx.run(
        "UPDATE consignments SET carrier_id = ?, \
           tariff = COALESCE(?, tariff), \
           charge_currency = COALESCE(?, charge_currency), \
           charge_minor = COALESCE(?, charge_minor), \
           billing_weight = CASE WHEN ? = '' THEN billing_weight ELSE ? END WHERE id = ?",
        vals![
            &bought.id,
            tariff,
            charge.map(|charge| charge.currency.as_str().to_owned()),
            charge.map(|charge| charge.amount_minor),
            billing_weight,
            billing_weight,
            id
        ],
    )
    .await?;
    Ok(())
}

/// Notes the shipment that left with a sending.
///
/// # Errors
/// The store's.
pub async fn set_shipment(tx: &mut Tx, id: i64, shipment: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE consignments SET shipment_id = ? WHERE id = ?",
        vals![shipment, id],
    )
    .await?;
    Ok(())
}
