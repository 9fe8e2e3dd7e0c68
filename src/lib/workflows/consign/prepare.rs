//! What is to be sent: the order, its pieces, the addresses, the carrier and its service.

use uuid::Uuid;

use super::{Asked, Report, Wish};
use crate::config::{CarrierConfig, Ups};
use crate::context::Context;
use crate::domain::carriage::{AddressCheck, Piece, Sending};
use crate::domain::order::Address;
use crate::fault::Fault;
use crate::integrations::manual;
use crate::store::consignments::{self, Row};
use crate::store::packages;
use crate::store::{Tx, orders};
use crate::workflows::orders::exactly_one;
use crate::workflows::pack::Packed;
use crate::workflows::ship;

/// A sending that can be asked for.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) order: i64,
    pub(super) order_ref: String,
    pub(super) task: Option<i64>,
    pub(super) carrier: String,
    pub(super) asked: Asked,
    /// The package of each piece.
    pub(super) packages: Vec<Option<i64>>,
    /// The shipment whose goods have left by the books already: its labels were voided.
    pub(super) shipment: Option<i64>,
    /// Whether it comes back to us.
    pub(super) inbound: bool,
}

impl Plan {
    pub(super) fn report(&self, dry_run: bool) -> Report {
        Report {
            dry_run,
            order: self.order_ref.clone(),
            carrier: self.carrier.clone(),
            service: self.asked.sending.service.clone(),
            pieces: self.asked.sending.pieces.clone(),
            consignment: None,
            before: false,
            shipped: None,
            papers: super::Papers::default(),
            shop_waits: Vec::new(),
            needs_decision: Vec::new(),
        }
    }
}

/// What there is to do for an order.
pub(super) enum Prepared {
    /// A new sending.
    New(Box<Plan>),
    /// One is under way.
    UnderWay(Box<Row>),
    /// It has left, and wants nothing more.
    Left(String),
}

/// Reads what is needed of an order, its packages and the tenant's file.
///
/// # Errors
/// Something is missing or may not be; or the store's.
pub(super) async fn prepare(ctx: &Context, wish: &Wish) -> anyhow::Result<Prepared> {
    let shipper = sender(ctx)?;
    // A round that has expired is ended on the way, and given up again with the transaction.
    let mut tx = ctx.store.begin().await?;
    let order = exactly_one(orders::find(&mut tx, &wish.order).await?, &wish.order)?;
    if let Some(row) = consignments::under_way(&mut tx, order.id).await? {
        return Ok(Prepared::UnderWay(Box::new(row)));
    }
    let demands = orders::demands(&mut tx, order.id).await?;
    let left: i64 = demands.iter().map(|d| d.quantity - d.shipped).sum();
    let mut shipment = None;
    let (task, pieces) = if left == 0 {
        let Some((of, pieces)) = voided(&mut tx, order.id).await? else {
            return Ok(Prepared::Left(order.order_ref));
        };
        shipment = Some(of);
        (None, pieces)
    } else {
        pieces(ctx, &mut tx, (order.id, &order.order_ref), &wish.pieces).await?
    };
    let to: Address = serde_json::from_str(&orders::ship_to(&mut tx, order.id).await?)?;
    numbers_are_new(&mut tx, &wish.numbers).await?;
    drop(tx);
    let (carrier, config) = carrier(ctx, wish.carrier.as_deref())?;
    let service = service(config, wish.service.as_deref(), &order.service)?;
    let (pieces, packages): (Vec<Piece>, Vec<Option<i64>>) = pieces.into_iter().unzip();
    let (_, number) = order.order_ref.split_once(':').unwrap_or_default();
    let sending = Sending {
        reference: reference(number),
        shipper,
        from: None,
        to,
        service,
        inbound: false,
        pieces,
        numbers: wish.numbers.clone(),
    };
    Ok(Prepared::New(Box::new(Plan {
        order: order.id,
        order_ref: order.order_ref,
        task,
        carrier,
        asked: Asked {
            sending,
            partial: wish.partial,
            serials: wish.serials.clone(),
        },
        packages,
        shipment,
        inbound: false,
    })))
}

/// Who sends.
pub(super) fn sender(ctx: &Context) -> Result<Address, Fault> {
    let sender = ctx.tenant.shipping.sender.as_ref().ok_or_else(|| {
        Fault::usage("the tenant's file does not say who sends")
            .hint("write [shipping.sender] with name, line1, city, postcode and country")
    })?;
    Ok(sender.into())
}

/// The carrier meant, and its settings.
pub(super) fn carrier<'c>(
    ctx: &'c Context,
    named: Option<&str>,
) -> Result<(String, &'c CarrierConfig), Fault> {
    let carriers = &ctx.tenant.carriers;
    let all = || carriers.keys().cloned().collect::<Vec<_>>().join(", ");
    let asked = || carriers.iter().filter(|(_, config)| config.is_asked());
    let named = named.or(ctx.tenant.shipping.carrier.as_deref());
    match named {
        Some(name) => match carriers.get(name) {
            Some(config) => Ok((name.to_owned(), config)),
            None if carriers.is_empty() => Err(none_at_all()),
            None => Err(Fault::usage(format!("there is no carrier {name:?}"))
                .hint(format!("there are: {}", all()))),
        },
        None => match (asked().next(), carriers.len()) {
            (Some((name, config)), _) if asked().count() == 1 => Ok((name.clone(), config)),
            (_, 0) => Err(none_at_all()),
            _ => Err(Fault::usage("it is not clear which carrier is meant")
                .hint(format!("say which with --carrier: {}", all()))),
        },
    }
}

fn none_at_all() -> Fault {
    Fault::usage("the tenant's file names no carrier").hint(
        "write [carriers.ups], or ship by hand with --manual --carrier NAME --tracking NUMBER",
    )
}

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

/// Two parcels never have the same number.
async fn numbers_are_new(tx: &mut Tx, numbers: &[String]) -> anyhow::Result<()> {
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

/// The carrier's code of the service: as named, else what the order asks for, else the usual.
/// Of a carrier that is not asked, the words that a person says.
pub(super) fn service(
    config: &CarrierConfig,
    named: Option<&str>,
    of_order: &str,
) -> Result<String, Fault> {
    let CarrierConfig::Ups(ups) = config else {
        return Ok(named.unwrap_or_default().to_owned());
    };
    if let Some(named) = named {
        if let Some(code) = by_name(ups, named) {
            return Ok(code);
        }
        if named.len() == 2 && named.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(named.to_owned());
        }
        let known: Vec<&str> = ups.services.keys().map(String::as_str).collect();
        return Err(
            Fault::usage(format!("there is no service {named:?}")).hint(format!(
                "say a code such as 03, or one that the tenant's file names: {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            )),
        );
    }
    Ok(by_name(ups, of_order).unwrap_or_else(|| ups.service.clone()))
}

fn by_name(ups: &Ups, named: &str) -> Option<String> {
    let named = named.trim().to_lowercase();
    let mut services = ups.services.iter();
    let found = services.find(|(title, _)| title.trim().to_lowercase() == named);
    found.map(|(_, code)| code.clone())
}

/// A reference that no other attempt has: the order's number, and chance.
pub(super) fn reference(number: &str) -> String {
    let number: String = number
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    let chance = Uuid::new_v4().simple().to_string();
    format!("{number}-{}", &chance[..12])
}

/// Pieces, each with the package it is.
type Pieces = Vec<(Piece, Option<i64>)>;

/// The pieces of an order: what lies packed, or else what a person says.
async fn pieces(
    ctx: &Context,
    tx: &mut Tx,
    (order, name): (i64, &str),
    said: &[Piece],
) -> anyhow::Result<(Option<i64>, Pieces)> {
    // Refuses an order that somebody is picking or packing.
    if Packed::of_order(tx, &ctx.stamp(), order).await?.is_some() {
        if !said.is_empty() {
            return Err(
                Fault::usage(format!("{name} lies packed: its packages are known"))
                    .hint("leave --package out, or change them at the bench")
                    .into(),
            );
        }
        let Some(task) = packages::open_task(tx, order).await? else {
            return Err(Fault::failed(format!("{name} is not packed any more")).into());
        };
        let mut pieces = Vec::new();
        for row in packages::packages(tx, task.id).await? {
            let weight_g = row.weight_g.ok_or_else(|| {
                Fault::failed(format!("package {} of {name} was not weighed", row.number))
                    .hint(format!("`opsctl pack reopen {name}`, and weigh it"))
            })?;
            let size = row.length_mm.zip(row.width_mm).zip(row.height_mm);
            let piece = Piece {
                weight_g,
                size_mm: size.map(|((length, width), height)| [length, width, height]),
                contents: String::new(),
            };
            pieces.push((piece, Some(row.id)));
        }
        return Ok((Some(task.id), pieces));
    }
    if said.is_empty() {
        return Err(Fault::usage(format!(
            "{name} does not lie packed, so nobody knows what it weighs"
        ))
        .hint("pack it at the station, or say --package WEIGHT:LxWxH, such as 2.5kg:30x20x15cm")
        .into());
    }
    Ok((
        None,
        said.iter().map(|piece| (piece.clone(), None)).collect(),
    ))
}

/// The last shipment of an order whose labels are all void, with its pieces: they want new
/// ones.
async fn voided(tx: &mut Tx, order: i64) -> anyhow::Result<Option<(i64, Pieces)>> {
    let rows = consignments::of_order(tx, order).await?;
    let outbound = |row: &&Row| row.direction == "outbound" && row.shipment_id.is_some();
    let last = rows.iter().rfind(outbound);
    let Some(last) = last.filter(|row| row.state == "voided") else {
        return Ok(None);
    };
    let parcels = consignments::parcels(tx, last.id).await?;
    let pieces = Asked::of(last)?.sending.pieces;
    let packages = parcels.iter().map(|parcel| parcel.package_id);
    let pieces = pieces.into_iter().zip(packages).collect();
    Ok(last.shipment_id.map(|shipment| (shipment, pieces)))
}

/// Whether the goods could leave now: everything that dispatch does, given up again. Said
/// before money is spent.
///
/// # Errors
/// They could not.
pub(super) async fn would_leave(ctx: &Context, plan: &Plan) -> anyhow::Result<()> {
    if plan.shipment.is_some() || plan.inbound {
        return Ok(());
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
    ship::within(ctx, &mut tx, &ctx.stamp(), &wish).await?;
    Ok(())
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
    match checked.map_err(|error| super::attempt::fault(&error))? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_the_order_and_fits_with_a_piece_number() {
        let one = reference("10/42 é very-long-order-number");
        assert!(one.starts_with("1042verylong-"), "{one}");
        assert!(one.len() + "-200".len() <= 30, "{one}");
        assert_ne!(one, reference("10/42 é very-long-order-number"));
    }
}
