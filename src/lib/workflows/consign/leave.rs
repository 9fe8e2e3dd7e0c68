//! What is bought leaves: stock, layers and demand move with it, and what the shop is to be
//! told is noted, all in one transaction.

use anyhow::Context as _;
use serde_json::json;

use super::Asked;
use super::attempt::{self, subject};
use crate::context::Context;
use crate::store::consignments::{self, State};
use crate::store::events::{self, Event};
use crate::store::{Tx, orders, shipments};
use crate::workflows::ship::{self, Shipped};
use crate::workflows::{tell_note, until_no_conflict};

/// Lets the goods of a bought sending leave; gives what left, or nothing where there is
/// nothing to do. Where they cannot leave any more, the sending stays bought and is tried
/// again by the next run.
///
/// # Errors
/// The order may not leave any more, or the store's.
pub(super) async fn leave(ctx: &Context, id: i64) -> anyhow::Result<Option<Shipped>> {
    until_no_conflict!(once(ctx, id)).with_context(|| {
        format!(
            "the labels of consignment {id} are bought; `opsctl ship void {id}` takes them back"
        )
    })
}

async fn once(ctx: &Context, id: i64) -> anyhow::Result<Option<Shipped>> {
    let mut tx = ctx.store.allocate().await?;
    let stamp = ctx.stamp();
    let row = attempt::the(&mut tx, id).await?;
    if row.state != "bought" {
        return Ok(None);
    }
    let parcels = consignments::parcels(&mut tx, id).await?;
    let numbers: Vec<String> = parcels.iter().filter_map(|p| p.tracking.clone()).collect();
    let mut shipped = None;
    let mut left_before = row.shipment_id;
    if row.direction == "outbound" && left_before.is_none() {
        left_before = left_by_the_shop(&mut tx, row.order_id).await?;
        if let Some(shipment) = left_before {
            consignments::set_shipment(&mut tx, id, shipment).await?;
        }
    }
    if row.direction == "outbound" && left_before.is_none() {
        let asked = Asked::of(&row)?;
        let wish = ship::Wish {
            orders: vec![(row.order_ref.clone(), numbers.first().cloned())],
            carrier: row.carrier.clone(),
            partial: asked.partial,
            serials: asked.serials,
            reference: Some(ship::sent_as(&row)),
            ..ship::Wish::default()
        };
        let left = ship::within(ctx, &mut tx, &stamp, &wish).await?.pop();
        if let Some(shipment) = left.as_ref().and_then(|left| left.shipment) {
            consignments::set_shipment(&mut tx, id, shipment).await?;
        }
        shipped = left;
    } else if let (Some(shipment), "outbound") = (left_before, row.direction.as_str()) {
        // New labels for what has left by the books already.
        shipments::set_tracking(&mut tx, shipment, numbers.first().map_or("", |n| n)).await?;
        let payload = json!({ "consignment": id, "shipment": shipment, "tracking": numbers });
        let fact = Event::new("label.replaced", subject(&row.order_ref), payload);
        events::append(&mut tx, &stamp, &[fact]).await?;
    }
    if row.direction == "outbound" {
        tell_note::plan_sent(ctx, &mut tx, &stamp, &row, &numbers).await?;
    }
    consignments::set_state(&mut tx, &stamp, &row, State::Shipped, &row.said).await?;
    ctx.store.commit(tx).await?;
    Ok(shipped)
}

/// The shipment with which all of an order has left meanwhile, because the shop says so.
async fn left_by_the_shop(tx: &mut Tx, order: i64) -> anyhow::Result<Option<i64>> {
    let demands = orders::demands(tx, order).await?;
    if demands
        .iter()
        .any(|demand| demand.quantity > demand.shipped)
    {
        return Ok(None);
    }
    let last = shipments::of_order(tx, order).await?.pop();
    Ok(last.map(|shipment| shipment.id))
}
