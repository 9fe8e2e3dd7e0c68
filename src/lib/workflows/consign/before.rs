//! What is looked at before money is spent: numbers, the carrier's own rules, whether the goods
//! could leave, and the address.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt;
use super::plan::Plan;
use crate::config::{CarrierConfig, Channel};
use crate::context::Context;
use crate::domain::carriage::AddressCheck;
use crate::domain::order::{Address, StatusRule};
use crate::fault::Fault;
use crate::integrations::manual;
use crate::store::{Tx, consignments, orders};
use crate::workflows::ship;

/// How long the shop is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The numbers stand in the sending where the carrier is served by hand, one for each piece,
/// and only there.
pub(super) fn numbers_fit(ctx: &Context, plan: &Plan) -> Result<(), Fault> {
    let (name, sending) = (&plan.carrier, &plan.asked.sending);
    match ctx.tenant.carriers.get(name) {
        Some(CarrierConfig::Manual(_)) => match manual::labelled(sending) {
            Ok(_) => Ok(()),
            Err(why) => {
                Err(Fault::usage(why).hint("--tracking NUMBER,NUMBER: one for each, in order"))
            }
        },
        _ if sending.numbers.is_empty() => Ok(()),
        _ => Err(
            Fault::usage(format!("{name} gives the tracking numbers itself"))
                .hint("leave --tracking out, or ship by hand with --manual"),
        ),
    }
}

/// Whether the carrier would take it at all, as far as that is known without asking it.
pub(super) fn carrier_takes(ctx: &Context, plan: &Plan) -> anyhow::Result<()> {
    let carrier = ctx.services.carrier(&ctx.tenant, &plan.carrier)?;
    let fits = carrier.fits(&plan.asked.sending);
    fits.map_err(|error| attempt::fault(&error).into())
}

/// Two parcels never have the same number.
pub(super) async fn numbers_are_new(tx: &mut Tx, numbers: &[String]) -> anyhow::Result<()> {
    for number in numbers {
        if let Some(other) = consignments::with_tracking(tx, number).await? {
            let id = other.consignment_id;
            return Err(Fault::failed(format!(
                "the number {number} is that of consignment {id} already"
            ))
            .hint(format!("`opsctl ship show {id}`"))
            .into());
        }
    }
    Ok(())
}

/// Whether the goods could leave now: everything that dispatch does, given up again. Said
/// before money is spent. Gives the units of each SKU that would leave, where some would.
///
/// # Errors
/// They could not.
pub(super) async fn would_leave(
    ctx: &Context,
    plan: &Plan,
) -> anyhow::Result<Option<BTreeMap<String, i64>>> {
    if plan.shipment.is_some() || plan.inbound {
        return Ok(None);
    }
    let mut tx = ctx.store.allocate().await?;
    let wish = ship::Wish {
        orders: vec![(
            plan.order_ref.clone(),
            Some(plan.asked.sending.reference.clone()),
        )],
        carrier: plan.carrier.clone(),
        partial: plan.asked.partial,
        serials: plan.asked.serials.clone(),
        ..ship::Wish::default()
    };
    let left = ship::within(ctx, &mut tx, &ctx.stamp(), &wish).await?;
    Ok(left.first().map(units))
}

/// The units of each SKU that left.
pub(super) fn units(shipped: &ship::Shipped) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    for entry in &shipped.entries {
        *units.entry(entry.sku.clone()).or_default() += entry.quantity;
    }
    units
}

/// Whether the shop still has the order to be sent, where it can say so in time: it may have
/// been cancelled since it was read. A shop that is down holds nothing up.
///
/// # Errors
/// The shop has another status for it by now, or has it no more.
pub(super) async fn shop_still_wants(ctx: &Context, plan: &Plan) -> anyhow::Result<()> {
    let mut tx = ctx.store.read().await?;
    let at = orders::address(&mut tx, plan.order).await?;
    drop(tx);
    let Some(Channel::WooCommerce(shop)) = ctx.tenant.channels.get(&at.channel) else {
        return Ok(());
    };
    let client = ctx.services.woocommerce(&ctx.tenant, &at.channel, shop)?;
    let asked = tokio::time::timeout(PATIENCE, client.order(&at.external_id)).await;
    let Ok(Ok(order)) = asked else {
        tracing::warn!(
            "the shop does not say whether {} still goes",
            plan.order_ref
        );
        return Ok(());
    };
    let status = order.map(|order| order.status);
    let goes = match (&status, plan.shipment) {
        (None, _) => false,
        (Some(status), None) => shop.status_rule(status) == Some(StatusRule::Ship),
        (Some(status), Some(_)) => matches!(
            shop.status_rule(status),
            Some(StatusRule::Ship | StatusRule::Shipped)
        ),
    };
    if goes {
        return Ok(());
    }
    let now = status.map_or("it is gone".to_owned(), |status| {
        format!("its status is {status}")
    });
    Err(
        Fault::failed(format!("{} may not go: in the shop {now}", plan.order_ref))
            .hint("`opsctl sync` reads what the shop has changed")
            .into(),
    )
}

/// Asks the carrier whether the address is one, where it can say.
///
/// # Errors
/// It is none, or may be several; or the carrier cannot be asked.
pub(super) async fn check_address(ctx: &Context, plan: &Plan, as_is: bool) -> anyhow::Result<()> {
    let Some(CarrierConfig::Ups(ups)) = ctx.tenant.carriers.get(&plan.carrier) else {
        return Ok(());
    };
    if as_is || !ups.check_addresses {
        return Ok(());
    }
    let client = ctx.services.ups(&ctx.tenant, &plan.carrier)?;
    let to = &plan.asked.sending.to;
    let checked = client.check_address(to).await;
    let name = &plan.order_ref;
    let hint = "correct it in the shop and sync, or take it as it is with --address-as-is";
    match checked.map_err(|error| attempt::fault(&error))? {
        AddressCheck::Valid { .. } | AddressCheck::NotChecked => Ok(()),
        AddressCheck::Ambiguous(candidates) => {
            let lines: Vec<String> = candidates.iter().take(3).map(one_line).collect();
            let text = format!(
                "the address of {name} may be several: {}",
                lines.join("; or ")
            );
            Err(Fault::failed(text).hint(hint).into())
        }
        AddressCheck::Unknown => Err(Fault::failed(format!(
            "{} does not know the address of {name}: {}",
            plan.carrier,
            one_line(to)
        ))
        .hint(hint)
        .into()),
    }
}

fn one_line(to: &Address) -> String {
    let parts = [&to.line1, &to.line2, &to.city, &to.state, &to.postcode];
    let parts: Vec<&str> = parts
        .iter()
        .map(|p| p.as_str())
        .filter(|p| !p.is_empty())
        .collect();
    parts.join(", ")
}
