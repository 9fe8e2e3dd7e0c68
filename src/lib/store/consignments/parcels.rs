//! The pieces of sendings: their numbers, and where they are.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::time::UtcMs;
use crate::store::dialect::{Tx, Type, vals};
use crate::store::{Stamp, StoreError};

/// A piece as stored.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Parcel {
    /// Its id.
    pub id: i64,
    /// The sending.
    #[serde(skip)]
    pub consignment_id: i64,
    /// Its number within the sending, from 1.
    pub number: i64,
    /// The package it is.
    #[serde(skip)]
    pub package_id: Option<i64>,
    /// What it weighs.
    pub weight_g: i64,
    /// Outer length.
    pub length_mm: Option<i64>,
    /// Outer width.
    pub width_mm: Option<i64>,
    /// Outer height.
    pub height_mm: Option<i64>,
    /// The carrier's number.
    pub tracking: Option<String>,
    /// When it was voided, in UTC milliseconds.
    pub voided_at: Option<i64>,
    /// The stage it is in.
    pub stage: Option<String>,
    /// Since when, in UTC milliseconds.
    pub stage_at: Option<i64>,
    /// The day delivery is expected on.
    pub expected_on: Option<String>,
    /// Since when it counts as stalled, in UTC milliseconds.
    pub stalled_at: Option<i64>,
}

const PARCEL: &str = "SELECT p.id, p.consignment_id, p.number, p.package_id, p.weight_g, \
    p.length_mm, p.width_mm, p.height_mm, p.tracking, p.voided_at, p.stage, p.stage_at, \
    p.expected_on, p.stalled_at FROM parcels p";

/// The pieces of a sending, by number.
///
/// # Errors
/// The store's.
pub async fn parcels(tx: &mut Tx, consignment: i64) -> Result<Vec<Parcel>, StoreError> {
    tx.all(
        &format!("{PARCEL} WHERE p.consignment_id = ? ORDER BY p.number"),
        vals![consignment],
    )
    .await
}

/// The piece with a carrier's number.
///
/// # Errors
/// The store's.
pub async fn with_tracking(tx: &mut Tx, tracking: &str) -> Result<Option<Parcel>, StoreError> {
    tx.opt(&format!("{PARCEL} WHERE p.tracking = ?"), vals![tracking])
        .await
}

/// Gives a piece its number.
///
/// # Errors
/// Another piece has it ([`StoreError::is_duplicate`]), or the store's.
pub async fn set_tracking(
    tx: &mut Tx,
    stamp: &Stamp,
    parcel: i64,
    tracking: &str,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE parcels SET tracking = ?, stage = 'label_made', stage_at = ? WHERE id = ?",
        vals![tracking, stamp.at, parcel],
    )
    .await?;
    Ok(())
}

/// Notes that a piece is void.
///
/// # Errors
/// The store's.
pub async fn set_voided(tx: &mut Tx, stamp: &Stamp, parcel: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE parcels SET voided_at = COALESCE(voided_at, ?), stage = 'voided', \
           stage_at = COALESCE(voided_at, ?) WHERE id = ?",
        vals![stamp.at, stamp.at, parcel],
    )
    .await?;
    Ok(())
}

/// A piece that is on its way, with what is needed to ask for it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Open {
    /// Its id.
    pub id: i64,
    /// The sending.
    pub consignment_id: i64,
    /// The order's id.
    pub order_id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// `outbound` or `inbound`.
    pub direction: String,
    /// Who carries it.
    pub carrier: String,
    /// Its number.
    pub tracking: String,
    /// The stage it is in.
    pub stage: Option<String>,
    /// Since when, in UTC milliseconds.
    pub stage_at: Option<i64>,
    /// Since when it counts as stalled.
    pub stalled_at: Option<i64>,
}

const OPEN: &str = "SELECT p.id, p.consignment_id, c.order_id, \
      CONCAT(a.name, ':', o.number) AS order_ref, c.direction, c.carrier, p.tracking, p.stage, \
      p.stage_at, p.stalled_at \
    FROM parcels p JOIN consignments c ON c.id = p.consignment_id \
    JOIN orders o ON o.id = c.order_id JOIN channel_accounts a ON a.id = o.account_id \
    WHERE p.tracking IS NOT NULL AND p.voided_at IS NULL";

/// The piece with one number, in any stage.
///
/// # Errors
/// The store's.
pub async fn with_number(tx: &mut Tx, tracking: &str) -> Result<Option<Open>, StoreError> {
    tx.opt(&format!("{OPEN} AND p.tracking = ?"), vals![tracking])
        .await
}

/// The pieces that are on their way with these carriers and were not asked for since a moment,
/// those that waited longest first.
///
/// # Errors
/// The store's.
pub async fn open(
    tx: &mut Tx,
    carriers: &[&str],
    asked_before: UtcMs,
    limit: i64,
) -> Result<Vec<Open>, StoreError> {
    let on_their_way = on_their_way(tx);
    tx.all(
        &format!(
            "{OPEN} {on_their_way} AND COALESCE(p.asked_at, 0) < ? \
             ORDER BY p.asked_at, p.id LIMIT ?"
        ),
        vals![names(carriers), asked_before, limit],
    )
    .await
}

/// A condition on [`OPEN`]: not delivered yet, with a carrier of a list of [`names`].
fn on_their_way(tx: &Tx) -> String {
    let carriers = tx.json_rows(&[("name", Type::Text)]);
    format!(
        "AND c.state IN ('shipped', 'voiding') \
         AND (p.stage IS NULL OR p.stage NOT IN ('delivered', 'voided')) \
         AND c.carrier IN (SELECT j.name FROM {carriers})"
    )
}

fn names(carriers: &[&str]) -> String {
    let rows: Vec<[&str; 1]> = carriers.iter().map(|name| [*name]).collect();
    json!(rows).to_string()
}

/// Notes that the carrier was asked for a piece now, and the day it expects to deliver.
///
/// # Errors
/// The store's.
pub async fn asked(
    tx: &mut Tx,
    stamp: &Stamp,
    parcel: i64,
    expected_on: Option<&str>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE parcels SET asked_at = ?, expected_on = COALESCE(?, expected_on) WHERE id = ?",
        vals![stamp.at, expected_on, parcel],
    )
    .await?;
    Ok(())
}

/// Moves a piece to another stage; gives whether it was in another before.
///
/// # Errors
/// The store's.
pub async fn set_stage(
    tx: &mut Tx,
    parcel: i64,
    stage: &str,
    since: UtcMs,
) -> Result<bool, StoreError> {
    let changed = tx
        .run(
            "UPDATE parcels SET stage = ?, stage_at = ?, stalled_at = NULL \
             WHERE id = ? AND voided_at IS NULL AND (stage IS NULL OR stage <> ?)",
            vals![stage, since, parcel, stage],
        )
        .await?;
    Ok(changed == 1)
}

/// Something that happened, to be noted.
#[derive(Debug, Clone)]
pub struct NewHappening<'a> {
    /// When.
    pub at: UtcMs,
    /// The carrier's code.
    pub code: &'a str,
    /// Its words.
    pub words: &'a str,
    /// Where.
    pub place: &'a str,
    /// The stage it leads to.
    pub stage: Option<&'a str>,
}

/// Notes what happened to a piece, each once; gives how many were new.
///
/// # Errors
/// The store's.
pub async fn add_happenings(
    tx: &mut Tx,
    stamp: &Stamp,
    parcel: i64,
    all: &[NewHappening<'_>],
) -> Result<usize, StoreError> {
    let known: Vec<(i64, String, String)> = tx
        .all(
            "SELECT at, code, place FROM tracking_events WHERE parcel_id = ?",
            vals![parcel],
        )
        .await?;
    let mut seen: std::collections::HashSet<(i64, String, String)> = known.into_iter().collect();
    let mut rows: Vec<Value> = Vec::new();
    for one in all {
        if seen.insert((one.at.0, one.code.to_owned(), one.place.to_owned())) {
            rows.push(json!([
                parcel, one.at.0, one.code, one.words, one.place, one.stage, stamp.at.0, stamp.run
            ]));
        }
    }
    let columns = [
        ("parcel_id", Type::Int),
        ("at", Type::Int),
        ("code", Type::Text),
        ("words", Type::Text),
        ("place", Type::Text),
        ("stage", Type::Text),
        ("seen_at", Type::Int),
        ("run", Type::Text),
    ];
    if !rows.is_empty() {
        tx.insert_many("tracking_events", &columns, &rows).await?;
    }
    Ok(rows.len())
}

/// What happened to a piece, newest first: (when, words, place, code).
///
/// # Errors
/// The store's.
pub async fn happenings(
    tx: &mut Tx,
    parcel: i64,
) -> Result<Vec<(i64, String, String, String)>, StoreError> {
    tx.all(
        "SELECT at, words, place, code FROM tracking_events WHERE parcel_id = ? \
         ORDER BY at DESC, id DESC",
        vals![parcel],
    )
    .await
}

/// Pieces on their way with these carriers that nothing new was heard of since a moment, and
/// that do not count as stalled yet; of what comes back, only what the customer has sent.
///
/// # Errors
/// The store's.
pub async fn stalled(
    tx: &mut Tx,
    carriers: &[&str],
    silent_since: UtcMs,
) -> Result<Vec<Open>, StoreError> {
    let on_their_way = on_their_way(tx);
    tx.all(
        &format!(
            "{OPEN} {on_their_way} AND p.stalled_at IS NULL \
             AND (c.direction = 'outbound' OR COALESCE(p.stage, 'label_made') <> 'label_made') \
             AND COALESCE(p.stage_at, c.created_at) < ? \
             AND NOT EXISTS (SELECT 1 FROM tracking_events e \
               WHERE e.parcel_id = p.id AND e.seen_at >= ?) ORDER BY p.id"
        ),
        vals![names(carriers), silent_since, silent_since],
    )
    .await
}

/// Notes since when a piece counts as stalled; gives whether it did not before.
///
/// # Errors
/// The store's.
pub async fn set_stalled(tx: &mut Tx, stamp: &Stamp, parcel: i64) -> Result<bool, StoreError> {
    let changed = tx
        .run(
            "UPDATE parcels SET stalled_at = ? WHERE id = ? AND stalled_at IS NULL",
            vals![stamp.at, parcel],
        )
        .await?;
    Ok(changed == 1)
}
