//! Units that can be told apart: the one scanned is held against the books, and bound to
//! its package.

use std::collections::HashMap;

use serde_json::json;

use super::bench::{PackScan, Placed};
use super::load::Lying;
use super::refusal::{self, Refusal, lot_names, shown};
use crate::context::Context;
use crate::store::events::{self, Event};
use crate::store::packages::{self, Line, PackageRow};
use crate::store::{StoreError, Tx, reservations, serials, stock};
use crate::workflows::rows;

/// The code of the place where picked goods lie.
pub(super) const PACKING: &str = "packing";

/// Whether a scanned text can be a serial at all.
pub(super) fn fits_a_key(serial: &str) -> Result<(), Refusal> {
    rows::key(serial).map(|_| ()).map_err(|why| {
        let text = format!("serial {} {why}", shown(serial));
        Refusal::new(text, "scan the serial's own code")
    })
}

/// Nobody knows it.
pub(super) fn unknown(serial: &str) -> Refusal {
    Refusal::new(
        format!("serial {serial} is not known"),
        "a serial comes in with its goods (`opsctl receive`); lay the unit aside",
    )
}

/// The serial that a scan says.
pub(super) fn said<'s>(scan: &'s PackScan, sku: &str) -> Result<&'s str, Refusal> {
    let serial = scan.serial.as_deref().filter(|serial| !serial.is_empty());
    let serial = serial.ok_or_else(|| Refusal {
        needs: Some("serial"),
        ..Refusal::new(format!("{sku} has serials"), "scan the serial of this unit")
    })?;
    fits_a_key(serial)?;
    Ok(serial)
}

/// The unit scanned: it is of the product, in the house, and in no package.
pub(super) async fn to_be_packed(
    tx: &mut Tx,
    lying: &Lying,
    lines: &[&Line],
    scan: &PackScan,
) -> anyhow::Result<serials::Row> {
    let Some(line) = lines.first() else {
        return Err(Refusal::new("nothing of it was picked", "put it back").into());
    };
    let sku = &line.sku;
    if scan.serial.as_deref().is_none_or(str::is_empty)
        && lines.iter().all(|l| l.packed == l.picked)
    {
        refusal::share(lying, lines, 1, None)?;
    }
    let serial = said(scan, sku)?;
    if scan.units != 1 {
        let why = format!("each unit of {sku} has its own serial");
        return Err(Refusal::new(why, "scan them one by one").into());
    }
    let Some(row) = serials::find(tx, serial, Some(line.product_id))
        .await?
        .pop()
    else {
        return Err(match serials::find(tx, serial, None).await?.pop() {
            None => unknown(serial),
            Some(other) => Refusal::new(
                format!("serial {serial} is one of {}, not of {sku}", other.sku),
                "see that product and serial are of one unit",
            ),
        }
        .into());
    };
    let tells = format!("`opsctl serial {serial}` tells its life");
    if let Some((task, order, package)) = packages::holder(tx, row.id).await? {
        let why = if task == lying.task.id {
            format!("serial {serial} is packed already, in package {package}")
        } else {
            format!("serial {serial} lies in package {package} of {order}")
        };
        return Err(Refusal::new(why, "a unit is packed once: scan the one in your hand").into());
    }
    if !row.in_house {
        let why = format!("serial {serial} of {sku} has left the house");
        return Err(Refusal::new(why, tells).into());
    }
    Ok(row)
}

/// The line that a unit goes to: one of its lot, or one whose demand is promised a unit of
/// its lot at the bench.
pub(super) async fn share(
    tx: &mut Tx,
    lying: &Lying,
    lines: &[&Line],
    row: &serials::Row,
) -> anyhow::Result<Vec<(i64, i64)>> {
    let full = || refusal::share(lying, lines, 1, None);
    full()?;
    if let Ok(parts) = refusal::share(lying, lines, 1, Some(row.lot_id)) {
        return Ok(parts);
    }
    let demands: Vec<i64> = lines.iter().map(|l| l.demand_id).collect();
    let promised = at_the_bench(tx, row.product_id, row.lot_id, &demands).await?;
    for line in lines {
        let of_lot = lying
            .items
            .iter()
            .filter(|i| i.demand_id == line.demand_id && i.lot_id == Some(row.lot_id));
        let packed: i64 = of_lot.map(|i| i.quantity).sum();
        let promised = promised.get(&line.demand_id).copied().unwrap_or(0);
        if promised > packed && line.packed < line.picked {
            return Ok(vec![(line.id, 1)]);
        }
    }
    let why = format!(
        "serial {} came in with lot {}; {} was picked from lot {}",
        row.serial,
        row.lot,
        row.sku,
        lot_names(lines)
    );
    Err(Refusal {
        manager_may_swap: true,
        ..Refusal::new(
            why,
            "take the unit that was picked, or let a manager swap the lots",
        )
    }
    .into())
}

/// Units of a lot at the bench that are promised to each of some demands.
async fn at_the_bench(
    tx: &mut Tx,
    product: i64,
    lot: i64,
    demands: &[i64],
) -> Result<HashMap<i64, i64>, StoreError> {
    let places = stock::places(tx, &[product]).await?;
    let here: Vec<i64> = places
        .iter()
        .filter(|p| p.lot_id == lot && p.location == PACKING)
        .map(|p| p.id)
        .collect();
    let mut promised = HashMap::new();
    for (_, demand, balance, units) in reservations::of_demands(tx, demands).await? {
        if here.contains(&balance) {
            *promised.entry(demand).or_default() += units;
        }
    }
    Ok(promised)
}

/// Binds a unit to its package.
pub(super) async fn put(
    ctx: &Context,
    tx: &mut Tx,
    lying: &Lying,
    package: &PackageRow,
    row: &serials::Row,
    parts: &[(i64, i64)],
) -> anyhow::Result<Vec<Placed>> {
    let mut placed = Vec::new();
    for (line, units) in parts {
        let at = (package.id, *line, Some(row.lot_id));
        let same = lying
            .items
            .iter()
            .find(|i| (i.package_id, i.line_id, i.lot_id) == at);
        let item = packages::add_units(tx, at, same, *units).await?;
        packages::bind(tx, item, row.id).await?;
        placed.push(Placed {
            line: *line,
            package: package.number,
            units: *units,
        });
    }
    let fact = Event::new(
        "serial.packed",
        serials::subject(&row.sku, &row.serial),
        json!({ "order": lying.task.order_ref, "package": package.number, "lot": row.lot }),
    );
    events::append(tx, &ctx.stamp(), &[fact]).await?;
    Ok(placed)
}
