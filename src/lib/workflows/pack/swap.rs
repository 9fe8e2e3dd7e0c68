//! A unit of another lot is packed in place of the one that was promised. In the books the
//! two lots change places: the scanned unit lies on the bench, and one of the lot it
//! replaces lies where it was booked. Whoever was promised the scanned unit is promised the
//! other one.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::bench::{PackScan, Placed};
use super::load::Lying;
use super::refusal::Refusal;
use super::scanned::lines_of;
use super::serials::{self, PACKING};
use crate::context::Context;
use crate::domain::fifo::Change;
use crate::store::events::{self, Event};
use crate::store::packages::{self, Line};
use crate::store::serials::Row;
use crate::store::stock::{self, Place, Relocation};
use crate::store::{StoreError, Tx, reservations, serials as stored};

/// A reservation: (id, demand, balance, units).
type Promise = (i64, i64, i64, i64);

/// Swaps the lots and packs the unit. A unit whose lot was picked is packed as it is.
pub(super) async fn run(
    ctx: &Context,
    tx: &mut Tx,
    lying: &Lying,
    scan: &PackScan,
) -> anyhow::Result<Vec<Placed>> {
    let package = lying.open_package(scan.package)?;
    let lines = lines_of(tx, lying, scan).await?;
    let row = serials::to_be_packed(tx, lying, &lines, scan).await?;
    match serials::share(tx, lying, &lines, &row).await {
        Ok(parts) => return serials::put(ctx, tx, lying, package, &row, &parts).await,
        Err(error) => match error.downcast_ref::<Refusal>() {
            Some(refusal) if refusal.manager_may_swap => {}
            _ => return Err(error),
        },
    }
    let places = stock::places(tx, &[row.product_id]).await?;
    let promises = reservations::of_product_newest_first(tx, row.product_id).await?;
    let (line, from) = replaced(lying, &lines, &places, &promises)?;
    let busy = packages::being_picked(tx, row.product_id).await?;
    let source = source(&row, &places, &promises, &busy)?;
    exchange(ctx, tx, &row, line, from, source, &promises).await?;
    let old = line.lot.clone().unwrap_or_default();
    let reason = format!(
        "serial {} of lot {} packed for lot {old}",
        row.serial, row.lot
    );
    let at = (source.0.location_id, row.lot_id);
    packages::note_other_lot(tx, &ctx.stamp(), &lying.task, line, at, &reason).await?;
    let fact = Event::new(
        "serial.swapped",
        stored::subject(&row.sku, &row.serial),
        json!({
            "order": lying.task.order_ref, "lot": row.lot, "for": old,
            "booked_at": source.0.location,
        }),
    );
    events::append(tx, &ctx.stamp(), &[fact]).await?;
    serials::put(ctx, tx, lying, package, &row, &[(line.id, 1)]).await
}

/// The line whose unit stays behind, and the place on the bench where that unit is booked,
/// promised to the line's demand.
fn replaced<'a>(
    lying: &'a Lying,
    lines: &[&'a Line],
    places: &'a [Place],
    promises: &[Promise],
) -> Result<(&'a Line, &'a Place), Refusal> {
    for line in lines.iter().filter(|line| line.packed < line.picked) {
        let of_lot = |place: &&Place| {
            place.location == PACKING && line.lot_id.is_none_or(|lot| lot == place.lot_id)
        };
        for place in places.iter().filter(of_lot) {
            let packed = lying
                .items
                .iter()
                .filter(|i| i.demand_id == line.demand_id && i.lot_id == Some(place.lot_id));
            let packed: i64 = packed.map(|i| i.quantity).sum();
            let mine = promises
                .iter()
                .filter(|p| p.1 == line.demand_id && p.2 == place.id);
            if mine.map(|p| p.3).sum::<i64>() > packed {
                return Ok((line, place));
            }
        }
    }
    Err(Refusal::new(
        "nothing of it is promised to this order on the bench, so there is nothing to swap",
        "`opsctl orders show` tells what the order holds; `opsctl reserve` reserves anew",
    ))
}

/// Where the scanned unit is booked, and the demand it is promised to, where all of its lot
/// is promised: on the bench first, then what is free, then what nobody is picking.
fn source<'p>(
    row: &Row,
    places: &'p [Place],
    promises: &[Promise],
    busy: &[i64],
) -> Result<(&'p Place, Option<i64>), Refusal> {
    let mut of_lot: Vec<&Place> = places
        .iter()
        .filter(|p| p.lot_id == row.lot_id && p.sellable && p.on_hand > 0)
        .collect();
    of_lot.sort_by_key(|place| place.location != PACKING);
    if let Some(free) = of_lot.iter().find(|p| p.on_hand > p.reserved) {
        return Ok((free, None));
    }
    for place in &of_lot {
        let mut here = promises.iter().filter(|p| p.2 == place.id);
        if let Some((_, demand, ..)) = here.find(|p| !busy.contains(&p.1)) {
            return Ok((place, Some(*demand)));
        }
    }
    let why = if of_lot.is_empty() {
        format!(
            "no unit of lot {} is booked where goods are sold from",
            row.lot
        )
    } else {
        format!(
            "each unit of lot {} is being picked for another order",
            row.lot
        )
    };
    Err(Refusal::new(why, "take the unit that was picked"))
}

/// Moves one unit of each lot to the other's place, and the promises with them.
async fn exchange(
    ctx: &Context,
    tx: &mut Tx,
    row: &Row,
    line: &Line,
    from: &Place,
    (source, holder): (&Place, Option<i64>),
    promises: &[Promise],
) -> Result<(), StoreError> {
    let goes = |lot, from, to| Relocation {
        lot,
        product: row.product_id,
        from,
        to,
        units: 1,
    };
    let mut relocations = Vec::new();
    if source.location_id != from.location_id {
        relocations.push(goes(row.lot_id, source.location_id, from.location_id));
        relocations.push(goes(from.lot_id, from.location_id, source.location_id));
        stock::arrive(tx, &relocations).await?;
    }
    let places = stock::places(tx, &[row.product_id]).await?;
    let balance = |lot: i64, location: i64| {
        let there = |p: &&Place| p.lot_id == lot && p.location_id == location;
        let place = places.iter().find(there);
        place
            .map(|place| place.id)
            .ok_or_else(|| StoreError::Conflict("a balance is gone".to_owned()))
    };
    let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    *sums.entry((line.demand_id, from.id)).or_default() -= 1;
    let new = balance(row.lot_id, from.location_id)?;
    *sums.entry((line.demand_id, new)).or_default() += 1;
    if let Some(demand) = holder {
        *sums.entry((demand, source.id)).or_default() -= 1;
        let new = balance(from.lot_id, source.location_id)?;
        *sums.entry((demand, new)).or_default() += 1;
    }
    let changes: Vec<Change> = sums
        .into_iter()
        .filter(|(_, units)| *units != 0)
        .map(|((demand, balance), units)| Change {
            demand,
            balance,
            units,
        })
        .collect();
    let held: HashMap<(i64, i64), (i64, i64)> = promises
        .iter()
        .map(|(id, demand, balance, units)| ((*demand, *balance), (*id, *units)))
        .collect();
    let stamp = ctx.stamp();
    reservations::apply(tx, &stamp, &changes, &held).await?;
    let cause = format!("serial:{}:{}", row.sku, row.serial);
    stock::send_off(tx, &stamp, &relocations, "swapped", &cause).await
}
