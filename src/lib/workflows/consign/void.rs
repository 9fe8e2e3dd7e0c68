//! Labels are voided: the wish is committed, the carrier asked, and what it says written down.
//! Asking twice is harmless: what is void already counts as voided.

use serde::Serialize;
use serde_json::json;

use super::attempt::{self, subject};
use crate::context::Context;
use crate::domain::carriage::Voided;
use crate::fault::Fault;
use crate::integrations::carrier::CarrierError;
use crate::store::consignments::{self, Parcel, Row, State};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome};
use crate::store::{Stamp, Tx, print_jobs};
use crate::workflows::{label, until_no_conflict};

/// What voiding did.
#[derive(Debug, Clone, Serialize)]
pub struct Voiding {
    /// Whether the carrier was not asked because of a dry run.
    pub dry_run: bool,
    /// The sending.
    pub consignment: i64,
    /// `woo:1042`.
    pub order: String,
    /// The numbers that are void now, or would be.
    pub voided: Vec<String>,
    /// The numbers that are not.
    pub stands: Vec<String>,
    /// Why not, where the carrier says.
    pub why: Option<String>,
    /// Whether the goods have left by the books: they want a new label, or come back.
    pub left: bool,
    /// Void papers that may still come out of a printer, and why.
    pub may_print: Vec<String>,
}

/// Voids a sending, or some pieces of it by number.
///
/// # Errors
/// There is nothing to void, or the carrier cannot be asked: the wish stands then, and
/// `settle` carries it out.
pub async fn void(
    ctx: &Context,
    id: i64,
    pieces: &[i64],
    dry_run: bool,
) -> anyhow::Result<Voiding> {
    let row = until_no_conflict!(wish(ctx, id, pieces, dry_run))?;
    if dry_run {
        let mut tx = ctx.store.read().await?;
        let (to_void, stands) = parts(&mut tx, &row, pieces).await?;
        return Ok(Voiding {
            dry_run,
            consignment: id,
            order: row.order_ref,
            voided: numbers(&to_void),
            stands: numbers(&stands),
            why: None,
            left: row.shipment_id.is_some(),
            may_print: Vec::new(),
        });
    }
    if pieces.is_empty() {
        return carry_out(ctx, &row).await;
    }
    some(ctx, &row, pieces).await
}

/// Checks the wish, and commits that of voiding the whole.
async fn wish(ctx: &Context, id: i64, pieces: &[i64], dry_run: bool) -> anyhow::Result<Row> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let row = attempt::the(&mut tx, id).await?;
    match row.state.as_str() {
        "bought" | "shipped" | "voiding" => {}
        // Bought it was, only not as asked for: what there is can be given back as a whole.
        "needs_decision" if row.carrier_id.is_some() && pieces.is_empty() => {}
        "voided" => {
            return Err(Fault::failed(format!("consignment {id} is void already")).into());
        }
        state => {
            return Err(
                Fault::failed(format!("consignment {id} cannot be voided: it is {state}"))
                    .hint(format!("`opsctl ship show {id}`"))
                    .into(),
            );
        }
    }
    parts(&mut tx, &row, pieces).await?;
    if dry_run || !pieces.is_empty() || row.state == "voiding" {
        return Ok(row);
    }
    consignments::set_state(&mut tx, &stamp, &row, State::Voiding, &row.said).await?;
    let payload = json!({ "consignment": id, "carrier_id": row.carrier_id });
    let fact = Event::new("label.void_asked", subject(&row.order_ref), payload);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(Row {
        state: "voiding".to_owned(),
        ..row
    })
}

/// The pieces meant, and the others that stand.
async fn parts(
    tx: &mut Tx,
    row: &Row,
    pieces: &[i64],
) -> anyhow::Result<(Vec<Parcel>, Vec<Parcel>)> {
    let mut parcels = consignments::parcels(tx, row.id).await?;
    parcels.retain(|parcel| parcel.voided_at.is_none() && parcel.tracking.is_some());
    if pieces.is_empty() {
        return Ok((parcels, Vec::new()));
    }
    let numbers: Vec<i64> = parcels.iter().map(|parcel| parcel.number).collect();
    if let Some(unknown) = pieces.iter().find(|piece| !numbers.contains(piece)) {
        let text = format!("consignment {} has no piece {unknown} that stands", row.id);
        return Err(Fault::usage(text)
            .hint(format!("`opsctl ship show {}` lists them", row.id))
            .into());
    }
    Ok(parcels
        .into_iter()
        .partition(|p| pieces.contains(&p.number)))
}

fn numbers(parcels: &[Parcel]) -> Vec<String> {
    parcels.iter().filter_map(|p| p.tracking.clone()).collect()
}

/// Asks the carrier to void a whole sending, whose wish is committed.
pub(super) async fn carry_out(ctx: &Context, row: &Row) -> anyhow::Result<Voiding> {
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let id = row.carrier_id.as_deref().unwrap_or_default();
    let answer = answered(row, carrier.void(id, &[]).await)?;
    let report = until_no_conflict!(write_down(ctx, row.id, &[], &answer))?;
    withdrawn(ctx, report).await
}

/// Asks the carrier to void some pieces: nothing is committed before, for asking again is
/// harmless and a person sees the answer.
async fn some(ctx: &Context, row: &Row, pieces: &[i64]) -> anyhow::Result<Voiding> {
    let mut tx = ctx.store.read().await?;
    let (to_void, _) = parts(&mut tx, row, pieces).await?;
    drop(tx);
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let id = row.carrier_id.as_deref().unwrap_or_default();
    let answer = answered(row, carrier.void(id, &numbers(&to_void)).await)?;
    let report = until_no_conflict!(write_down(ctx, row.id, pieces, &answer))?;
    withdrawn(ctx, report).await
}

/// Takes back what of the void papers might still come out.
async fn withdrawn(ctx: &Context, mut report: Voiding) -> anyhow::Result<Voiding> {
    let mut tx = ctx.store.read().await?;
    let papers = print_jobs::void_papers(&mut tx, report.consignment).await?;
    drop(tx);
    for document in papers {
        if let Err(error) = label::take_back(ctx, document).await {
            let told = format!("document {document}: {error:#}");
            report.may_print.push(told);
        }
    }
    Ok(report)
}

/// What the carrier said; a refusal of whatever kind is an answer.
fn answered(row: &Row, answer: Result<Voided, CarrierError>) -> Result<Voided, Fault> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(CarrierError::Refused { message, .. }) => Ok(Voided::Refused(message)),
        Err(error) => Err(Fault::try_again(format!(
            "whether consignment {} is void is not known: {error}",
            row.id
        ))
        .hint("run it again, or let `opsctl ship settle` do so: asking twice is harmless")),
    }
}

/// What is void needs no decision any more.
async fn close_attempt(tx: &mut Tx, stamp: &Stamp, row: &Row) -> anyhow::Result<()> {
    let attempt = outbox::by_intent(tx, &attempt::intent(&row.reference)).await?;
    if let Some(attempt) = attempt.filter(|attempt| attempt.state == "needs_decision") {
        outbox::decide(tx, &attempt, stamp.at, &Outcome::Done("void".to_owned())).await?;
    }
    Ok(())
}

async fn write_down(
    ctx: &Context,
    id: i64,
    pieces: &[i64],
    answer: &Voided,
) -> anyhow::Result<Voiding> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let row = attempt::the(&mut tx, id).await?;
    let (meant, mut stands) = parts(&mut tx, &row, pieces).await?;
    let is_void = |parcel: &Parcel| match answer {
        Voided::All => true,
        Voided::Some(numbers) => parcel
            .tracking
            .as_ref()
            .is_some_and(|n| numbers.contains(n)),
        Voided::Refused(_) => false,
    };
    let (voided, not): (Vec<Parcel>, Vec<Parcel>) = meant.into_iter().partition(is_void);
    for parcel in &voided {
        consignments::set_voided(&mut tx, &stamp, parcel.id).await?;
    }
    stands.extend(not);
    let why = match answer {
        Voided::Refused(why) => Some(why.clone()),
        Voided::All | Voided::Some(_) => None,
    };
    let to = match answer {
        Voided::All | Voided::Some(_) if stands.is_empty() => Some(State::Voided),
        _ if row.state != "voiding" => None,
        _ if row.shipment_id.is_some() || row.direction == "inbound" => Some(State::Shipped),
        // It was not to leave; whether it now does is for a person to say.
        _ => Some(State::NeedsDecision),
    };
    if let Some(to) = to {
        let said = why.clone().unwrap_or_else(|| "void".to_owned());
        consignments::set_state(&mut tx, &stamp, &row, to, &said).await?;
        if to == State::Voided {
            close_attempt(&mut tx, &stamp, &row).await?;
        }
    }
    let mut gone = numbers(&voided);
    if to == Some(State::Voided) && gone.is_empty() {
        // Its pieces never had numbers here.
        gone.extend(row.carrier_id.clone());
    }
    let report = Voiding {
        dry_run: false,
        consignment: id,
        order: row.order_ref.clone(),
        voided: gone,
        stands: numbers(&stands),
        why,
        left: row.shipment_id.is_some(),
        may_print: Vec::new(),
    };
    let kind = if report.voided.is_empty() {
        "label.void_refused"
    } else {
        "label.voided"
    };
    let fact = Event::new(kind, subject(&row.order_ref), json!(report));
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}
