//! The labels are bought: the attempt is committed, the carrier called once, and its answer
//! written down.

use serde_json::json;

use super::attempt::{KIND, call_ends, fault, intent, subject, the};
use super::keep::{keep, keep_papers, too_late};
use super::plan::Plan;
use crate::context::Context;
use crate::domain::carriage::Bought;
use crate::fault::Fault;
use crate::integrations::carrier::CarrierError;
use crate::store::consignments::{self, New, State};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome};
use crate::store::{orders, packages};
use crate::workflows::orders::exactly_one;
use crate::workflows::until_no_conflict;

/// Asks a carrier for labels; gives the sending's number. What came of it stands there:
/// bought, to be decided on, or not known yet.
///
/// # Errors
/// The carrier refuses or cannot be asked: nothing was bought.
pub(super) async fn buy(ctx: &Context, plan: &Plan) -> anyhow::Result<i64> {
    let carrier = ctx.services.carrier(&ctx.tenant, &plan.carrier)?;
    let (id, attempt) = until_no_conflict!(record(ctx, plan))?;
    let answer = carrier.buy(&plan.asked.sending).await;
    until_no_conflict!(note(ctx, id, &attempt, &answer))?;
    match answer {
        Ok(_) | Err(CarrierError::Unknown { .. }) => Ok(id),
        Err(error) => Err(fault(&error).into()),
    }
}

/// Notes that this run was told to stop while it bought something for an order: the next one
/// asks the carrier at once. Gives whether it did.
///
/// # Errors
/// The store's.
pub async fn interrupted(ctx: &Context, order: &str) -> anyhow::Result<bool> {
    until_no_conflict!(cut_off(ctx, order))
}

async fn cut_off(ctx: &Context, order: &str) -> anyhow::Result<bool> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let order = exactly_one(orders::find(&mut tx, order).await?, order)?;
    let rows = consignments::of_order(&mut tx, order.id).await?;
    let mine = rows
        .into_iter()
        .find(|row| row.state == "calling" && row.run == ctx.run);
    let Some(row) = mine else {
        return Ok(false);
    };
    let why = "the run that bought it was told to stop";
    consignments::set_state(&mut tx, &stamp, &row, State::Unknown, why).await?;
    if let Some(attempt) = outbox::by_intent(&mut tx, &intent(&row.reference)).await? {
        let outcome = Outcome::Again(why.to_owned(), stamp.at);
        outbox::decide(&mut tx, &attempt, stamp.at, &outcome).await?;
    }
    ctx.store.commit(tx).await?;
    Ok(true)
}

/// Commits the attempt: from here on it may have been bought.
async fn record(ctx: &Context, plan: &Plan) -> anyhow::Result<(i64, outbox::Row)> {
    // Returns have no hold on the order that would keep two of them apart.
    let mut tx = if plan.inbound {
        ctx.store.allocate().await?
    } else {
        ctx.store.begin().await?
    };
    let stamp = ctx.stamp();
    if plan.inbound
        && let Some(row) = consignments::coming_back(&mut tx, plan.order).await?
        && (row.state != "shipped" || !plan.another)
    {
        let text = format!(
            "a return of {} is being bought by somebody else",
            plan.order_ref
        );
        return Err(Fault::try_again(text)
            .hint(format!("`opsctl ship show {}`", row.id))
            .into());
    }
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
        // Somebody else has asked meanwhile and taken it over; the answer tells the charge.
        (Ok(bought), "bought" | "shipped") => {
            consignments::set_bought(&mut tx, row.id, bought).await?;
            keep_papers(&mut tx, &stamp, row.id, &bought.papers).await?;
            ctx.store.commit(tx).await?;
            return Ok(());
        }
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
