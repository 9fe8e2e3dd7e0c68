//! Units that go from one place in the house to another: they arrive before they leave, so
//! that promises can follow them in between.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{insert_moves, summed};
use crate::store::dialect::{Tx, Type, vals};
use crate::store::{Stamp, StoreError};

/// Units of a lot that go from one place in the house to another.
#[derive(Debug, Clone, Copy)]
pub struct Relocation {
    /// The lot.
    pub lot: i64,
    /// Its product.
    pub product: i64,
    /// Where they lay.
    pub from: i64,
    /// Where they lie then.
    pub to: i64,
    /// Units.
    pub units: i64,
}

/// Adds the units of relocations to where they go, so that promises can follow before
/// [`send_off`] takes them from where they lay: no balance ever promises more than it has.
///
/// # Errors
/// The store's.
pub async fn arrive(tx: &mut Tx, relocations: &[Relocation]) -> Result<(), StoreError> {
    if relocations.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<(i64, i64, i64)> = relocations
        .iter()
        .map(|r| (r.lot, r.to, r.product))
        .collect();
    let from = tx.json_rows(&[
        ("lot_id", Type::Int),
        ("location_id", Type::Int),
        ("product_id", Type::Int),
    ]);
    // Without the lock, the unique key refuses whoever makes a balance second.
    tx.run(
        &format!(
            "INSERT INTO balances (lot_id, location_id, product_id, on_hand, reserved) \
             SELECT j.lot_id, j.location_id, j.product_id, 0, 0 FROM {from} \
             WHERE NOT EXISTS (SELECT 1 FROM balances b \
               WHERE b.lot_id = j.lot_id AND b.location_id = j.location_id)"
        ),
        vals![serde_json::to_string(&keys).unwrap_or_default()],
    )
    .await?;
    let changes = relocations.iter().map(|r| (r.lot, r.to, r.units));
    let changes = by_balance(tx, changes.collect()).await?;
    tx.add_many("balances", "on_hand", "on_hand >= 0", &changes)
        .await
}

/// Changes by lot and location as changes by balance.
async fn by_balance(
    tx: &mut Tx,
    changes: Vec<(i64, i64, i64)>,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let from = tx.json_rows(&[("lot_id", Type::Int), ("location_id", Type::Int)]);
    let keys: BTreeSet<(i64, i64)> = changes.iter().map(|(lot, at, _)| (*lot, *at)).collect();
    let balances: Vec<(i64, i64, i64)> = tx
        .all(
            &format!(
                "SELECT b.id, b.lot_id, b.location_id \
                 FROM (SELECT DISTINCT j.lot_id, j.location_id FROM {from}) w \
                 JOIN balances b ON b.lot_id = w.lot_id AND b.location_id = w.location_id"
            ),
            vals![serde_json::to_string(&keys).unwrap_or_default()],
        )
        .await?;
    let ids: HashMap<(i64, i64), i64> = balances
        .into_iter()
        .map(|(id, lot, location)| ((lot, location), id))
        .collect();
    let by_id = changes.into_iter().map(|(lot, location, units)| {
        let id = ids.get(&(lot, location)).copied();
        let gone = || StoreError::Conflict(format!("lot {lot} is not at location {location}"));
        Ok((id.ok_or_else(gone)?, units))
    });
    Ok(summed(by_id.collect::<Result<_, StoreError>>()?))
}

/// Takes the units of relocations from where they lay, and notes each as a move.
///
/// # Errors
/// A conflict, where the units are not there or are promised; or the store's.
pub async fn send_off(
    tx: &mut Tx,
    stamp: &Stamp,
    relocations: &[Relocation],
    reason: &str,
    cause: &str,
) -> Result<(), StoreError> {
    if relocations.is_empty() {
        return Ok(());
    }
    let changes = relocations.iter().map(|r| (r.lot, r.from, -r.units));
    let changes = by_balance(tx, changes.collect()).await?;
    tx.add_many("balances", "on_hand", "on_hand + j.n >= reserved", &changes)
        .await?;
    let rows: Vec<Value> = relocations
        .iter()
        .map(|r| {
            json!([
                stamp.at.0,
                r.lot,
                r.from,
                r.to,
                r.units,
                reason,
                cause,
                stamp.actor,
                stamp.run
            ])
        })
        .collect();
    insert_moves(tx, &rows).await
}
