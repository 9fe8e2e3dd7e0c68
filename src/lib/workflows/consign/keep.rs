//! What was bought is kept: numbers, labels, charge. What does not fit what was asked for is
//! kept as well, and a person decides.

use std::collections::HashSet;

use serde_json::json;

use super::attempt::subject;
use crate::config::CarrierConfig;
use crate::context::Context;
use crate::domain::carriage::{Bought, Labelled};
use crate::store::consignments::{self, Parcel, Row, State};
use crate::store::events::{self, Event};
use crate::store::outbox::Outcome;
use crate::store::{Stamp, Tx, documents};

/// A person said that nothing was bought, and now it was.
pub(super) async fn too_late(
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Row,
    bought: &Bought,
) -> anyhow::Result<Outcome> {
    let numbers: Vec<&str> = bought.pieces.iter().map(|p| p.tracking.as_str()).collect();
    let why = format!("it was bought after all: {}", numbers.join(", "));
    for (at, piece) in bought.pieces.iter().enumerate() {
        let number = (at as i64 + 1, bought.pieces.len());
        keep_label(tx, stamp, row.id, None, number, piece).await?;
    }
    consignments::set_bought(tx, row.id, bought).await?;
    consignments::set_state(tx, stamp, row, State::NeedsDecision, &why).await?;
    let payload = json!({ "consignment": row.id, "tracking": numbers });
    let fact = Event::new("label.needs_decision", subject(&row.order_ref), payload);
    events::append(tx, stamp, &[fact]).await?;
    Ok(Outcome::NeedsDecision(why))
}

/// Keeps what was bought: the numbers, the labels, the charge. What does not fit what was
/// asked for is kept as well, and a person has to decide.
pub(super) async fn keep(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Row,
    bought: &Bought,
) -> anyhow::Result<Outcome> {
    let parcels = consignments::parcels(tx, row.id).await?;
    consignments::set_bought(tx, row.id, bought).await?;
    let wrong = wrong(tx, &parcels, bought).await?;
    let fits = wrong.is_none();
    let of = parcels.len();
    for (at, piece) in bought.pieces.iter().enumerate() {
        let parcel = parcels.get(at).filter(|_| fits);
        if let Some(parcel) = parcel {
            consignments::set_tracking(tx, stamp, parcel.id, &piece.tracking).await?;
        }
        let number = parcel.map_or(at as i64 + 1, |parcel| parcel.number);
        keep_label(tx, stamp, row.id, parcel, (number, of), piece).await?;
    }
    keep_papers(tx, stamp, row.id, &bought.papers).await?;
    let numbers: Vec<&str> = bought.pieces.iter().map(|p| p.tracking.as_str()).collect();
    let charge = bought
        .charge
        .map(|c| (c.amount_minor, c.currency.as_str().to_owned()));
    let payload = json!({
        "consignment": row.id, "carrier": row.carrier, "reference": row.reference,
        "tracking": numbers, "charge": charge, "remarks": bought.remarks, "wrong": wrong,
    });
    let kind = if fits {
        "label.bought"
    } else {
        "label.needs_decision"
    };
    let fact = Event::new(kind, subject(&row.order_ref), payload);
    events::append(tx, stamp, &[fact]).await?;
    if let Some(why) = wrong {
        consignments::set_state(tx, stamp, row, State::NeedsDecision, &why).await?;
        return Ok(Outcome::NeedsDecision(why));
    }
    let mut said = bought.remarks.clone();
    let books = ctx.tenant.tenant.currency;
    let is_asked = ctx.tenant.carriers.get(&row.carrier);
    let is_asked = is_asked.is_none_or(CarrierConfig::is_asked);
    match bought.charge {
        Some(charge) if charge.currency != books => said.push(format!(
            "it is charged in {}, the books are in {books}",
            charge.currency
        )),
        None if is_asked && row.charge_minor.is_none() => {
            said.push("the carrier did not say what it costs".to_owned());
        }
        Some(_) | None => {}
    }
    consignments::set_state(tx, stamp, row, State::Bought, &said.join("; ")).await?;
    Ok(Outcome::Done(format!("bought: {}", numbers.join(", "))))
}

/// Keeps the papers that are printed beside the labels.
pub(super) async fn keep_papers(
    tx: &mut Tx,
    stamp: &Stamp,
    consignment: i64,
    papers: &[Vec<u8>],
) -> anyhow::Result<()> {
    for (at, paper) in papers.iter().enumerate() {
        let new = documents::New {
            kind: "paper",
            title: &format!("paper {} of {}", at + 1, papers.len()),
            media_type: "application/zpl",
            consignment: Some(consignment),
            parcel: None,
            template: "",
            bundle: "",
            bytes: paper,
        };
        documents::insert(tx, stamp, &new).await?;
    }
    Ok(())
}

/// Keeps a label as it came, where one came and its piece has none yet.
pub(super) async fn keep_label(
    tx: &mut Tx,
    stamp: &Stamp,
    consignment: i64,
    parcel: Option<&Parcel>,
    (number, of): (i64, usize),
    piece: &Labelled,
) -> anyhow::Result<()> {
    if piece.label.is_empty() {
        return Ok(());
    }
    if let Some(parcel) = parcel {
        let there = documents::of_consignment(tx, consignment).await?;
        let of_it = |one: &documents::Row| one.kind == "label" && one.parcel_id == Some(parcel.id);
        if there.iter().any(of_it) {
            return Ok(());
        }
    }
    let new = documents::New {
        kind: "label",
        title: &format!("label {number} of {of}, {}", piece.tracking),
        media_type: "application/zpl",
        consignment: Some(consignment),
        parcel: parcel.map(|parcel| parcel.id),
        template: "",
        bundle: "",
        bytes: &piece.label,
    };
    documents::insert(tx, stamp, &new).await?;
    Ok(())
}

/// Why what came is not what was asked for.
async fn wrong(tx: &mut Tx, parcels: &[Parcel], bought: &Bought) -> anyhow::Result<Option<String>> {
    let numbers: Vec<&str> = bought.pieces.iter().map(|p| p.tracking.as_str()).collect();
    if numbers.len() != parcels.len() {
        return Ok(Some(format!(
            "{} labels were asked for, and {} came: {}",
            parcels.len(),
            numbers.len(),
            numbers.join(", ")
        )));
    }
    let distinct: HashSet<&str> = numbers.iter().copied().collect();
    if distinct.len() != numbers.len() {
        let text = format!("two pieces have the same number: {}", numbers.join(", "));
        return Ok(Some(text));
    }
    for number in numbers {
        if let Some(other) = consignments::with_tracking(tx, number).await?
            && parcels.iter().all(|parcel| parcel.id != other.id)
        {
            return Ok(Some(format!(
                "the number {number} is that of consignment {} already",
                other.consignment_id
            )));
        }
    }
    Ok(None)
}
