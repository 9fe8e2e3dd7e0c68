//! What is bought leaves: stock, layers and demand move with it, and what the shop is to be
//! told is noted, all in one transaction.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::Asked;
use super::attempt::{self, subject};
use super::before::units;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::consignments::{self, Row, State};
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
    let stands = parcels.iter().filter(|parcel| parcel.voided_at.is_none());
    let numbers: Vec<String> = stands.filter_map(|p| p.tracking.clone()).collect();
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
        as_bought(&row, asked.leaves.as_ref(), left.as_ref())?;
        if let Some(shipment) = left.as_ref().and_then(|left| left.shipment) {
            consignments::set_shipment(&mut tx, id, shipment).await?;
        }
        shipped = left;
    } else if let (Some(shipment), "outbound") = (left_before, row.direction.as_str()) {
        // New labels for what has left by the books already.
        if !has_its_number(&mut tx, row.order_id, shipment).await? {
            shipments::set_tracking(&mut tx, shipment, numbers.first().map_or("", |n| n)).await?;
        }
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

/// Whether what leaves now is what the labels were bought for.
fn as_bought(
    row: &Row,
    bought: Option<&BTreeMap<String, i64>>,
    left: Option<&Shipped>,
) -> Result<(), Fault> {
    let now = left.map(units);
    match (bought, now) {
        (Some(bought), Some(now)) if *bought != now => {
            let told = |units: &BTreeMap<String, i64>| {
                let parts: Vec<String> =
                    units.iter().map(|(sku, n)| format!("{n} {sku}")).collect();
                parts.join(", ")
            };
            Err(Fault::failed(format!(
                "the labels of {} were bought for {}, and {} would leave now",
                row.order_ref,
                told(bought),
                told(&now)
            )))
        }
        _ => Ok(()),
    }
}

/// Whether the number that a shipment goes by is that of a piece that stands.
async fn has_its_number(tx: &mut Tx, order: i64, shipment: i64) -> anyhow::Result<bool> {
    let shipments = shipments::of_order(tx, order).await?;
    let Some(shipment) = shipments.iter().find(|row| row.id == shipment) else {
        return Ok(false);
    };
    let piece = consignments::with_tracking(tx, &shipment.tracking).await?;
    Ok(piece.is_some_and(|piece| piece.voided_at.is_none()))
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
    let by_the_shop = last.filter(|shipment| shipment.source == "shop");
    Ok(by_the_shop.map(|shipment| shipment.id))
}
