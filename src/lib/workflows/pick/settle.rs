//! What was not as the books have it, and how a person settles it.

use serde::Serialize;
use serde_json::json;

use super::{MISSING, place_of};
use crate::context::Context;
use crate::domain::fifo::Held;
use crate::domain::withdrawal::{self, Lying, Withdrawal};
use crate::domain::words::plural;
use crate::fault::Fault;
use crate::store::costs::{Exit, Voucher};
use crate::store::discrepancies::{self, Row};
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::stock::Place;
use crate::store::{Stamp, Tx, serials as stored_serials, stock};
use crate::workflows::stock::removals;
use crate::workflows::withdrawal::{Going, relocate};
use crate::workflows::{low_stock, reserve, serials, until_no_conflict};

/// How a discrepancy is settled.
#[derive(Debug, Clone, Default)]
pub struct SettleWish {
    /// Which.
    pub id: i64,
    /// Of the missing units, those that were found after all.
    pub found: i64,
    /// Why.
    pub reason: String,
    /// The serials of those that were not, where the product has them.
    pub serials: Vec<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What settling did.
#[derive(Debug, Clone, Serialize)]
pub struct Settled {
    /// The discrepancy.
    pub id: i64,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// How and by whom it had been settled before; then nothing was written.
    pub before: Option<String>,
    /// The SKU.
    pub sku: String,
    /// Units that lie where they belong again.
    pub found: i64,
    /// Where that is.
    pub at: Option<String>,
    /// Units written off.
    pub written_off: i64,
}

/// Discrepancies, newest first: a page of them, those below a number where one is given.
///
/// # Errors
/// The store's.
pub async fn discrepancies(
    ctx: &Context,
    all: bool,
    below: Option<i64>,
    limit: i64,
) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(discrepancies::list(&mut tx, all, below, limit).await?)
}

/// Settles a discrepancy. Of a short pick, the units found go back to where they were looked
/// for, and the others are written off; of the other kinds, only how is noted. Once.
///
/// # Errors
/// There is no such discrepancy, more are found than are missing, a serial is not one of
/// those units; or the store's. Nothing is done then.
pub async fn settle(ctx: &Context, wish: &SettleWish) -> anyhow::Result<Settled> {
    let settled = until_no_conflict!(once(ctx, wish))?;
    if !settled.dry_run && settled.before.is_none() {
        low_stock::refresh(ctx).await?;
    }
    Ok(settled)
}

async fn once(ctx: &Context, wish: &SettleWish) -> anyhow::Result<Settled> {
    let mut tx = ctx.store.allocate().await?;
    let stamp = ctx.stamp();
    let row = discrepancies::get(&mut tx, wish.id).await?.ok_or_else(|| {
        Fault::failed(format!("there is no discrepancy {}", wish.id))
            .hint("`opsctl pick discrepancies --all` shows those there are")
    })?;
    let mut settled = Settled {
        id: row.id,
        dry_run: wish.dry_run,
        before: row.settled_by.as_ref().map(|by| {
            let how = row.settled_how.as_deref().unwrap_or_default();
            format!("by {by}: {how}")
        }),
        sku: row.sku.clone(),
        found: wish.found,
        at: row.location.clone(),
        written_off: 0,
    };
    if settled.before.is_some() {
        return Ok(settled);
    }
    if row.kind == "short_pick" {
        settled.written_off = resolve(ctx, &mut tx, &stamp, &row, wish).await?;
    } else if wish.found != 0 || !wish.serials.is_empty() {
        let text = format!("discrepancy {} has no missing units", row.id);
        let hint = "correct the books with `opsctl count` or `opsctl stock move`, and settle it \
                    with --found 0";
        return Err(Fault::usage(text).hint(hint).into());
    }
    let how = format!(
        "{} found, {} written off: {}",
        wish.found, settled.written_off, wish.reason
    );
    discrepancies::settle(&mut tx, (stamp.at, &stamp.actor), row.id, &how).await?;
    let payload = json!({
        "discrepancy": row.id, "found": wish.found, "written_off": settled.written_off,
        "reason": wish.reason,
    });
    let fact = Event::new("pick.settled", format!("sku:{}", row.sku), payload);
    events::append(&mut tx, &stamp, &[fact]).await?;
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(settled)
}

/// Brings what was found back and writes the rest off; gives how many are.
async fn resolve(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Row,
    wish: &SettleWish,
) -> anyhow::Result<i64> {
    let missing = row.expected - row.found;
    if wish.found > missing {
        let text = format!(
            "only {missing} {} of {} {} missing",
            plural(missing, "unit", "units"),
            row.sku,
            plural(missing, "is", "are")
        );
        let hint = "book what was found beyond that with `opsctl stock adjust`";
        return Err(Fault::usage(text).hint(hint).into());
    }
    let lost = missing - wish.found;
    serials::fit(&row.tracking, lost, &wish.serials)
        .map_err(|why| Fault::usage(why).hint("name the lost units with --serial S1,S2"))?;
    let house = House::load(tx).await?;
    let set_aside = place_of(&house, MISSING)?.id;
    let places = stock::places(tx, &[row.product_id]).await?;
    let here: Vec<&Place> = places
        .iter()
        .filter(|place| place.location_id == set_aside)
        .filter(|place| row.lot_id.is_none_or(|lot| lot == place.lot_id))
        .collect();
    let mut all = units_of(&here, missing).map_err(|_| {
        let there: i64 = here.iter().map(|place| place.on_hand).sum();
        let text = format!(
            "{there} {} of {} {} at {MISSING}, not {missing}: somebody has booked them \
             otherwise since",
            plural(there, "unit", "units"),
            row.sku,
            plural(there, "lies", "lie")
        );
        let hint = format!("`opsctl stock show {}` shows where they lie", row.sku);
        Fault::failed(text).hint(hint)
    })?;
    let cause = format!("discrepancy:{}", row.id);
    let back = all.take(wish.found);
    if let Some(to) = row.location_id.filter(|_| wish.found > 0) {
        let going = Going {
            what: back,
            to,
            keeps_promises: true,
        };
        relocate(tx, stamp, &places, &[going], "found", &cause).await?;
    }
    for serial in serials::in_house(tx, &row.sku, &wish.serials).await? {
        if row.lot_id.is_some_and(|lot| lot != serial.lot_id) {
            let text = format!("serial {} is of another lot", serial.serial);
            let hint = format!("`opsctl serial {}` tells its life", serial.serial);
            return Err(Fault::failed(text).hint(hint).into());
        }
        let fact = (
            "serial.written_off",
            json!({ "reason": "lost", "cause": cause }),
        );
        stored_serials::set_in_house(tx, stamp, &serial, serial.lot_id, false, fact).await?;
    }
    let day = stamp.day();
    let voucher = Voucher {
        exit: Exit::WriteOff,
        booked_on: &day,
        cause: &cause,
    };
    stock::take_out(tx, stamp, &removals(&places, &all.parts), "lost", voucher).await?;
    if wish.found > 0 {
        reserve::within(ctx, tx, false).await?;
    }
    Ok(lost)
}

fn units_of(here: &[&Place], units: i64) -> Result<Withdrawal, crate::domain::layers::NotThere> {
    let lying: Vec<Lying> = here
        .iter()
        .map(|place| Lying {
            balance: place.id,
            free: place.on_hand - place.reserved,
        })
        .collect();
    let none: [Held; 0] = [];
    withdrawal::withdraw(&lying, &none, units)
}
