//! Labels that were voided after their goods had left by the books: which pieces want new ones.

use std::collections::BTreeMap;

use super::Asked;
use super::plan::Pieces;
use crate::domain::carriage::Piece;
use crate::fault::Fault;
use crate::store::orders::Summary;
use crate::store::{Tx, cogs, consignments};

/// The pieces of a shipment that want new labels, the oldest first: theirs were voided, and no
/// others bought. Nothing where all that left with the order has come back.
pub(super) async fn unlabelled(tx: &mut Tx, order: i64) -> anyhow::Result<Option<(i64, Pieces)>> {
    let mut open: BTreeMap<i64, Pieces> = BTreeMap::new();
    for row in consignments::of_order(tx, order).await? {
        let Some(shipment) = row.shipment_id else {
            continue;
        };
        if row.direction != "outbound" || row.state == "not_bought" {
            continue;
        }
        let open = open.entry(shipment).or_default();
        let parcels = consignments::parcels(tx, row.id).await?;
        let pieces = Asked::of(&row)?.sending.pieces.into_iter();
        for (piece, parcel) in pieces.zip(&parcels) {
            let wanted = (piece, parcel.package_id);
            if let Some(at) = open.iter().position(|(_, package)| *package == wanted.1) {
                open.remove(at);
            }
            if row.state == "voided" || parcel.voided_at.is_some() {
                open.push(wanted);
            }
        }
    }
    let Some(found) = open.into_iter().find(|(_, pieces)| !pieces.is_empty()) else {
        return Ok(None);
    };
    let entries = cogs::of_order(tx, order).await?;
    let out = entries.iter().map(|entry| entry.quantity).sum::<i64>() > 0;
    Ok(out.then_some(found))
}

/// The pieces with the weights and sizes that a person says now, if one does.
pub(super) fn corrected(pieces: Pieces, said: &[Piece]) -> Result<Pieces, Fault> {
    if said.is_empty() {
        return Ok(pieces);
    }
    if said.len() != pieces.len() {
        let text = format!(
            "{} packages want new labels, not {}",
            pieces.len(),
            said.len()
        );
        return Err(Fault::usage(text).hint("say --package for each, or leave it out"));
    }
    let packages = pieces.into_iter().map(|(_, package)| package);
    Ok(said.iter().cloned().zip(packages).collect())
}

/// Whether goods that have left by the books may go on to the customer.
pub(super) fn still_goes(order: &Summary) -> Result<(), Fault> {
    let name = &order.order_ref;
    if let Some(holds) = &order.holds {
        return Err(
            Fault::failed(format!("{name} is on hold: {holds}")).hint(format!(
                "labels are bought anew after `opsctl hold release {name}`"
            )),
        );
    }
    match order.rule.as_str() {
        "ship" | "shipped" => Ok(()),
        _ => Err(
            Fault::failed(format!("{name} may not go: its status is {}", order.status)).hint(
                format!("`opsctl stock return {name} SKU=QTY` takes back what stays"),
            ),
        ),
    }
}
