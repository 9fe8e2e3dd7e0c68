//! Units go from one place in the house to another. Free ones first; the promises on others
//! go along to where goods are sold from, and are given back where they go elsewhere.

use serde::Serialize;
use serde_json::json;

use super::locations::the_place;
use super::stock::the_product;
use super::withdrawal::{Going, Promises, relocate};
use super::{low_stock, rows, until_no_conflict};
use crate::context::Context;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::locations::{House, SELLABLE};
use crate::store::stock::Place;
use crate::store::{applied_refs, stock};

/// A move as asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The SKU.
    pub sku: String,
    /// Units, at least 1.
    pub units: i64,
    /// The code of where they lie.
    pub from: String,
    /// The code of where they go.
    pub to: String,
    /// Only of this lot.
    pub lot: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The reference under which it is done once.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a move did.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// The SKU.
    pub sku: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom the reference had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Units moved.
    pub units: i64,
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
    /// Units by lot.
    pub lots: Vec<(String, i64)>,
    /// Units whose promise went along.
    pub promised: i64,
    /// Units whose promise had to be given back.
    pub released: i64,
}

/// Moves units of a product.
///
/// # Errors
/// The SKU, a place or the lot is unknown, fewer units lie there, or the store's.
pub async fn run(ctx: &Context, wish: &Wish) -> anyhow::Result<Moved> {
    if wish.from == wish.to {
        return Err(Fault::usage("--from and --to name the same location").into());
    }
    for (what, text) in [("--reason", &wish.reason), ("--ref", &wish.reference)] {
        if let Some(text) = text {
            rows::key(text).map_err(|why| Fault::usage(format!("{what} {why}")))?;
        }
    }
    let moved = until_no_conflict!(once(ctx, wish))?;
    if !moved.dry_run && moved.applied_before.is_none() {
        low_stock::refresh(ctx).await?;
    }
    Ok(moved)
}

async fn once(ctx: &Context, wish: &Wish) -> anyhow::Result<Moved> {
    let mut tx = if wish.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let product = the_product(&mut tx, &wish.sku).await?;
    let house = House::load(&mut tx).await?;
    let (from, to) = (the_place(&house, &wish.from)?, the_place(&house, &wish.to)?);
    let own = || format!("move:{}", ctx.run);
    let reference = wish.reference.clone().unwrap_or_else(own);
    let mut moved = Moved {
        sku: wish.sku.clone(),
        dry_run: wish.dry_run,
        applied_before: applied_refs::find(&mut tx, &reference).await?,
        units: wish.units,
        from: wish.from.clone(),
        to: wish.to.clone(),
        lots: Vec::new(),
        promised: 0,
        released: 0,
    };
    if moved.applied_before.is_some() {
        return Ok(moved);
    }
    let places = stock::places(&mut tx, &[product.id]).await?;
    let of_lot = |place: &&Place| wish.lot.as_ref().is_none_or(|lot| *lot == place.lot);
    let here = |place: &&Place| place.location_id == from.id;
    let here: Vec<&Place> = places.iter().filter(here).filter(of_lot).collect();
    let promises = Promises::load(&mut tx, here.iter().copied()).await?;
    let goes = promises
        .withdraw(&here, wish.units)
        .map_err(|_| not_there(wish, &here, &places))?;
    let keeps_promises = to.kind == SELLABLE;
    if keeps_promises {
        moved.promised = goes.promised_units();
    } else {
        moved.released = goes.promised_units();
    }
    let lot = |balance: &i64| here.iter().find(|place| place.id == *balance);
    let parts = goes.parts.iter();
    let lots = parts.filter_map(|(balance, units)| Some((lot(balance)?.lot.clone(), *units)));
    moved.lots = lots.collect();
    if wish.dry_run {
        return Ok(moved);
    }

    let stamp = ctx.stamp();
    let going = Going {
        what: goes,
        to: to.id,
        keeps_promises,
    };
    let reason = wish.reason.as_deref().unwrap_or("moved");
    relocate(&mut tx, &stamp, &places, &[going], reason, &reference).await?;
    let summary = format!(
        "{} {} from {} to {}",
        wish.units, wish.sku, wish.from, wish.to
    );
    applied_refs::note(&mut tx, &stamp, &reference, "move", &summary).await?;
    let facts = json!({
        "from": wish.from, "to": wish.to, "units": wish.units, "lots": moved.lots,
        "reason": reason, "promised": moved.promised, "released": moved.released,
    });
    let fact = Event::new("stock.moved", format!("sku:{}", wish.sku), facts);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(moved)
}

/// Says what lies where.
fn not_there(wish: &Wish, here: &[&Place], places: &[Place]) -> Fault {
    let there: i64 = here.iter().map(|place| place.on_hand).sum();
    let lot = wish
        .lot
        .as_ref()
        .map_or(String::new(), |lot| format!(" of lot {lot}"));
    let text = format!(
        "{} has {there} units{lot} at {}, {} cannot go",
        wish.sku, wish.from, wish.units
    );
    let lies: Vec<String> = places
        .iter()
        .filter(|place| place.on_hand > 0)
        .take(10)
        .map(|place| {
            format!(
                "{} at {} (lot {})",
                place.on_hand, place.location, place.lot
            )
        })
        .collect();
    Fault::failed(text).hint(if lies.is_empty() {
        format!("nothing of {} is on hand", wish.sku)
    } else {
        format!("on hand: {}", lies.join(", "))
    })
}
