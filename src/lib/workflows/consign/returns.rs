//! A label for goods that come back: from the customer to us, bought like any other.

use super::plan::Plan;
use super::{Asked, Report, before, blank, choose, finished, is_a_station, looked_at, prepare};
use crate::context::Context;
use crate::domain::carriage::{Piece, Sending};
use crate::domain::order::Address;
use crate::fault::Fault;
use crate::store::{consignments, orders};
use crate::workflows::orders::exactly_one;

/// What comes back.
#[derive(Debug, Clone, Default)]
pub struct Return {
    /// The order it left with.
    pub order: String,
    /// The carrier, by its name in `[carriers]`.
    pub carrier: Option<String>,
    /// The service: the carrier's code, or the shop's name of it.
    pub service: Option<String>,
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// Buy labels also where some were bought for a return of this order.
    pub another: bool,
    /// The station at which the labels are printed.
    pub station: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Buys the labels with which goods come back. Those of an order that has such labels are
/// reported and not bought again, unless others are wanted.
///
/// # Errors
/// As [`super::ship()`].
pub async fn ask_back(ctx: &Context, wish: &Return) -> anyhow::Result<Report> {
    let shipper = choose::sender(ctx)?;
    let station = wish.station.as_deref();
    is_a_station(ctx, station)?;
    if wish.pieces.is_empty() {
        return Err(Fault::usage("nobody knows what comes back")
            .hint("say --package WEIGHT:LxWxH for each piece")
            .into());
    }
    let mut tx = ctx.store.read().await?;
    let order = exactly_one(orders::find(&mut tx, &wish.order).await?, &wish.order)?;
    if let Some(row) = consignments::coming_back(&mut tx, order.id).await?
        && !(row.state == "shipped" && wish.another)
    {
        drop(tx);
        let report = blank(&row);
        if wish.dry_run {
            return looked_at(ctx, report, row.id).await;
        }
        return finished(ctx, report, row.id, row.state == "shipped", station).await;
    }
    let customer: Address = serde_json::from_str(&orders::ship_to(&mut tx, order.id).await?)?;
    drop(tx);
    let (carrier, config) = choose::carrier(ctx, wish.carrier.as_deref())?;
    if !config.is_asked() {
        return Err(Fault::usage(format!(
            "{carrier} is served by hand: it sells us no labels"
        ))
        .hint("say --carrier with one that does")
        .into());
    }
    let service = choose::service(config, wish.service.as_deref(), "")?;
    let (_, number) = order.order_ref.split_once(':').unwrap_or_default();
    let mut pieces = wish.pieces.clone();
    for piece in &mut pieces {
        if piece.contents.is_empty() {
            piece.contents = format!("Return of {number}");
        }
    }
    let packages = vec![None; pieces.len()];
    let sending = Sending {
        reference: prepare::reference(number),
        to: shipper.clone(),
        shipper,
        from: Some(customer),
        service,
        inbound: true,
        pieces,
        numbers: Vec::new(),
    };
    let plan = Plan {
        order: order.id,
        order_ref: order.order_ref,
        task: None,
        carrier,
        asked: Asked {
            sending,
            partial: false,
            serials: Vec::new(),
            leaves: None,
            station: wish.station.clone(),
        },
        packages,
        shipment: None,
        inbound: true,
        another: wish.another,
    };
    before::carrier_takes(ctx, &plan)?;
    let report = plan.report(wish.dry_run);
    if wish.dry_run {
        return Ok(report);
    }
    let id = super::buy::buy(ctx, &plan).await?;
    finished(ctx, report, id, false, station).await
}
