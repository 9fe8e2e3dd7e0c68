//! What is to be sent: the order, its pieces, the addresses, the carrier and its service.

use uuid::Uuid;

use super::plan::{Pieces, Plan};
use super::{Asked, Wish, before, choose, relabel};
use crate::context::Context;
use crate::domain::carriage::{Piece, Sending};
use crate::domain::order::Address;
use crate::fault::Fault;
use crate::store::consignments::{self, Row};
use crate::store::{Tx, orders, packages};
use crate::workflows::orders::exactly_one;
use crate::workflows::pack::Packed;

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
    let shipper = choose::sender(ctx)?;
    // A round that has expired is ended on the way, and given up again with the transaction.
    let mut tx = ctx.store.begin().await?;
    let order = exactly_one(orders::find(&mut tx, &wish.order).await?, &wish.order)?;
    if let Some(row) = consignments::under_way(&mut tx, order.id).await? {
        return Ok(Prepared::UnderWay(Box::new(row)));
    }
    let demands = orders::demands(&mut tx, order.id).await?;
    let left: i64 = demands.iter().map(|d| d.quantity - d.shipped).sum();
    let is_said =
        !wish.pieces.is_empty() || packages::open_task(&mut tx, order.id).await?.is_some();
    let unlabelled = if left > 0 && is_said {
        None
    } else {
        relabel::unlabelled(&mut tx, order.id).await?
    };
    let shipment = unlabelled.as_ref().map(|(shipment, _)| *shipment);
    let (task, pieces) = match unlabelled {
        Some((_, pieces)) => {
            relabel::still_goes(&order)?;
            (None, relabel::corrected(pieces, &wish.pieces)?)
        }
        None if left == 0 => return Ok(Prepared::Left(order.order_ref)),
        None => pieces(ctx, &mut tx, (order.id, &order.order_ref), &wish.pieces).await?,
    };
    let to: Address = serde_json::from_str(&orders::ship_to(&mut tx, order.id).await?)?;
    before::numbers_are_new(&mut tx, &wish.numbers).await?;
    drop(tx);
    let (carrier, config) = choose::carrier(ctx, wish.carrier.as_deref())?;
    let service = choose::service(config, wish.service.as_deref(), &order.service)?;
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
            leaves: None,
            station: wish.station.clone(),
        },
        packages,
        shipment,
        inbound: false,
        another: false,
    })))
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
