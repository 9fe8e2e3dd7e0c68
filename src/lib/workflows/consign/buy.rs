//! The labels are bought: the attempt is committed, the carrier called once, and its answer
//! written down.

use std::collections::HashSet;

use serde_json::json;

use super::prepare::Plan;
use crate::config::CarrierConfig;
use crate::context::Context;
use crate::domain::carriage::{Bought, Labelled};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::store::consignments::{self, New, Parcel, Row, State};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome};
use crate::store::{Stamp, Tx, documents, packages};
use crate::workflows::until_no_conflict;

pub(super) const KIND: &str = "carrier.buy";

pub(super) fn intent(reference: &str) -> String {
    format!("buy:{reference}")
}

/// Buys the labels of a sending; gives its number. It is bought then.
///
/// # Errors
/// The carrier refuses, cannot be asked, or what it did is not known: the sending says so.
pub(super) async fn buy(ctx: &Context, plan: &Plan) -> anyhow::Result<i64> {
    let carrier = ctx.services.carrier(&ctx.tenant, &plan.carrier)?;
    let (id, attempt) = until_no_conflict!(record(ctx, plan))?;
    let answer = carrier.buy(&plan.asked.sending).await;
    until_no_conflict!(note(ctx, id, &attempt, &answer))?;
    match answer {
        // What came may need a decision; what is unknown is asked for at once.
        Ok(_) | Err(CarrierError::Unknown { .. }) => {
            let mut tx = ctx.store.read().await?;
            let row = the(&mut tx, id).await?;
            drop(tx);
            super::settle::of_one(ctx, &row).await?;
            Ok(id)
        }
        Err(error) => Err(fault(&error).into()),
    }
}

/// Commits the attempt: from here on it may have been bought.
async fn record(ctx: &Context, plan: &Plan) -> anyhow::Result<(i64, outbox::Row)> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    if let Some(task) = plan.task
        && !packages::is_packed(&mut tx, task).await?
    {
        let text = format!("{} is not packed any more", plan.order_ref);
        return Err(Fault::failed(text).into());
    }
    let sending = &plan.asked.sending;
    let packages = plan.packages.iter().copied();
    let pieces: Vec<_> = sending.pieces.iter().cloned().zip(packages).collect();
    let asked = serde_json::to_string(&plan.asked)?;
    let new = New {
        order: plan.order,
        task: plan.task,
        holds: !plan.inbound,
        direction: if plan.inbound { "inbound" } else { "outbound" },
        carrier: &plan.carrier,
        service: &sending.service,
        reference: &sending.reference,
        sending: &asked,
        shipment: plan.shipment,
        pieces: &pieces,
    };
    let id = match consignments::plan(&mut tx, &stamp, &new).await {
        Err(error) if error.is_duplicate() => {
            let text = format!("{} is being shipped by somebody else", plan.order_ref);
            return Err(Fault::try_again(text)
                .hint("`opsctl ship list --open` shows it")
                .into());
        }
        planned => planned?,
    };
    let intent = intent(&sending.reference);
    let request = json!({ "consignment": id });
    outbox::plan(&mut tx, &stamp, KIND, &intent, &request).await?;
    let attempt = outbox::by_intent(&mut tx, &intent).await?;
    let attempt = attempt.ok_or_else(|| anyhow::anyhow!("the intent was not noted"))?;
    outbox::claim(&mut tx, &attempt, stamp.at, call_ends(ctx, &plan.carrier)).await?;
    let payload = json!({
        "consignment": id, "carrier": plan.carrier, "service": sending.service,
        "reference": sending.reference, "pieces": pieces.len(),
    });
    let fact = Event::new("label.asked", subject(&plan.order_ref), payload);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok((id, attempt))
}

/// When a call that was begun and never ended may be looked at by others: it has waited for
/// its turn, and for an answer, for longer than it ever does.
pub(super) fn call_ends(ctx: &Context, carrier: &str) -> UtcMs {
    let answer = match ctx.tenant.carriers.get(carrier) {
        Some(CarrierConfig::Ups(ups)) => i64::from(ups.timeout_seconds),
        None => 0,
    };
    ctx.clock.now().plus_ms((answer + 180) * 1_000)
}

pub(super) fn subject(order: &str) -> String {
    format!("order:{order}")
}

/// The sending, which is there.
pub(super) async fn the(tx: &mut Tx, id: i64) -> anyhow::Result<Row> {
    let row = consignments::find(tx, id).await?;
    Ok(row.ok_or_else(|| {
        Fault::failed(format!("there is no consignment {id}"))
            .hint("`opsctl ship list` shows those there are")
    })?)
}

/// Writes the carrier's answer down.
async fn note(
    ctx: &Context,
    id: i64,
    attempt: &outbox::Row,
    answer: &Result<Bought, CarrierError>,
) -> anyhow::Result<()> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let row = the(&mut tx, id).await?;
    let current = outbox::find(&mut tx, attempt.id).await?;
    let outcome = match (answer, row.state.as_str()) {
        (Ok(bought), "calling" | "unknown" | "needs_decision") => {
            keep(ctx, &mut tx, &stamp, &row, bought).await?
        }
        // It took so long that somebody else has asked, and settled what became of it.
        (Ok(bought), "not_bought") => too_late(&mut tx, &stamp, &row, bought).await?,
        (_, state) if state != "calling" => return Ok(()),
        (Ok(_), _) => return Ok(()),
        (Err(CarrierError::Unknown { reason, .. }), _) => {
            consignments::set_state(&mut tx, &stamp, &row, State::Unknown, reason).await?;
            Outcome::Again(reason.clone(), stamp.at)
        }
        (Err(error), _) => {
            let why = error.to_string();
            consignments::set_state(&mut tx, &stamp, &row, State::NotBought, &why).await?;
            let payload = json!({ "consignment": id, "why": why });
            let fact = Event::new("label.not_bought", subject(&row.order_ref), payload);
            events::append(&mut tx, &stamp, &[fact]).await?;
            Outcome::Dropped(why)
        }
    };
    if let Some(current) = current {
        outbox::decide(&mut tx, &current, stamp.at, &outcome).await?;
    }
    ctx.store.commit(tx).await?;
    Ok(())
}

/// A person said that nothing was bought, and now it was.
async fn too_late(
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
    consignments::set_bought(
        tx,
        row.id,
        &bought.id,
        bought.charge,
        &bought.billing_weight,
    )
    .await?;
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
    consignments::set_bought(
        tx,
        row.id,
        &bought.id,
        bought.charge,
        &bought.billing_weight,
    )
    .await?;
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
    for (at, paper) in bought.papers.iter().enumerate() {
        let new = documents::New {
            kind: "paper",
            title: &format!("paper {} of {}", at + 1, bought.papers.len()),
            media_type: "application/zpl",
            consignment: Some(row.id),
            parcel: None,
            template: "",
            bundle: "",
            bytes: paper,
        };
        documents::insert(tx, stamp, &new).await?;
    }
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
    match bought.charge {
        Some(charge) if charge.currency != books => said.push(format!(
            "it is charged in {}, the books are in {books}",
            charge.currency
        )),
        None => said.push("the carrier did not say what it costs".to_owned()),
        Some(_) => {}
    }
    consignments::set_state(tx, stamp, row, State::Bought, &said.join("; ")).await?;
    Ok(Outcome::Done(format!("bought: {}", numbers.join(", "))))
}

/// Keeps a label as it came.
pub(super) async fn keep_label(
    tx: &mut Tx,
    stamp: &Stamp,
    consignment: i64,
    parcel: Option<&Parcel>,
    (number, of): (i64, usize),
    piece: &Labelled,
) -> anyhow::Result<()> {
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
        if let Some(other) = consignments::with_tracking(tx, number).await? {
            return Ok(Some(format!(
                "the number {number} is that of consignment {} already",
                other.consignment_id
            )));
        }
    }
    Ok(None)
}

/// A carrier's failure as people are told it.
pub(super) fn fault(error: &CarrierError) -> Fault {
    let text = error.to_string();
    let fault = match error.exit() {
        Exit::TryAgain => Fault::try_again(text),
        Exit::Usage => Fault::usage(text),
        Exit::Done | Exit::Failed => Fault::failed(text),
    };
    match error.hint() {
        Some(hint) => fault.hint(hint),
        None => fault.hint("nothing was bought; mend what it says, and ship again"),
    }
}

/// When the carrier is asked again about a reference it does not know: two and fifteen minutes
/// after the attempt; after that, never.
pub(super) fn next_ask(asked_at: UtcMs, now: UtcMs) -> Option<UtcMs> {
    [2, 15]
        .into_iter()
        .map(|minutes| asked_at.plus_ms(minutes * 60_000))
        .find(|at| at.0 > now.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carrier_is_asked_after_two_and_after_fifteen_minutes() {
        let minute = |m: i64| UtcMs(m * 60_000);
        assert_eq!(next_ask(minute(0), minute(0)), Some(minute(2)));
        assert_eq!(next_ask(minute(0), minute(2)), Some(minute(15)));
        assert_eq!(next_ask(minute(0), minute(14)), Some(minute(15)));
        assert_eq!(next_ask(minute(0), minute(15)), None);
    }
}
