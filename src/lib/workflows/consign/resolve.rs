//! A person says what the carrier could not: that labels were bought, and under which numbers,
//! or that they were not.

use serde_json::json;

use super::attempt::{self, subject};
use super::{Asked, Report, blank, finished, keep};
use crate::context::Context;
use crate::domain::carriage::{Bought, Found, Labelled};
use crate::fault::Fault;
use crate::store::consignments::{self, Row, State};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome};
use crate::workflows::until_no_conflict;

/// What a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It was bought: the numbers of its pieces, in their order.
    Adopt(Vec<String>),
    /// It was not.
    NotBought,
}

/// Settles a sending by a person's word. What was bought leaves then.
///
/// # Errors
/// It needs no decision, the numbers do not fit, or another sending has them; nothing is done.
pub async fn resolve(
    ctx: &Context,
    id: i64,
    resolution: &Resolution,
    dry_run: bool,
) -> anyhow::Result<Report> {
    let mut tx = ctx.store.read().await?;
    let row = attempt::the(&mut tx, id).await?;
    drop(tx);
    fits(&row)?;
    let labels = match resolution {
        Resolution::Adopt(numbers) => labels(ctx, &row, numbers).await?,
        Resolution::NotBought => Vec::new(),
    };
    until_no_conflict!(once(ctx, id, resolution, &labels, dry_run))?;
    let report = Report {
        dry_run,
        ..blank(&row)
    };
    match resolution {
        _ if dry_run => Ok(report),
        Resolution::NotBought => finished(ctx, report, id, true, None).await,
        Resolution::Adopt(_) => finished(ctx, report, id, false, None).await,
    }
}

fn fits(row: &Row) -> Result<(), Fault> {
    if matches!(row.state.as_str(), "needs_decision" | "unknown") {
        return Ok(());
    }
    let text = format!(
        "consignment {} needs no decision: it is {}",
        row.id, row.state
    );
    Err(Fault::failed(text).hint(format!("`opsctl ship show {}`", row.id)))
}

/// The labels that the carrier has under these numbers; those it does not give stay away.
async fn labels(ctx: &Context, row: &Row, numbers: &[String]) -> anyhow::Result<Vec<Labelled>> {
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let sending = Asked::of(row)?.sending;
    match carrier.find(&sending, numbers).await {
        Ok(Found::Pieces(found)) => Ok(found.into_iter().map(|(_, piece)| piece).collect()),
        Ok(Found::Voided) => {
            let text = "the carrier says that these are void";
            Err(Fault::failed(text).hint("say --not-bought instead").into())
        }
        Ok(Found::Nothing | Found::Unclear(_)) => Ok(Vec::new()),
        Err(error) => {
            tracing::warn!(%error, "the labels are not fetched");
            Ok(Vec::new())
        }
    }
}

async fn once(
    ctx: &Context,
    id: i64,
    resolution: &Resolution,
    labels: &[Labelled],
    dry_run: bool,
) -> anyhow::Result<()> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let row = attempt::the(&mut tx, id).await?;
    fits(&row)?;
    let attempt = outbox::by_intent(&mut tx, &attempt::intent(&row.reference)).await?;
    let outcome = match resolution {
        Resolution::NotBought => {
            let why = format!("{} says that nothing was bought", stamp.actor);
            consignments::set_state(&mut tx, &stamp, &row, State::NotBought, &why).await?;
            Outcome::Dropped(why)
        }
        Resolution::Adopt(numbers) => {
            let pieces = numbers.iter().map(|number| {
                let label = labels.iter().find(|label| label.tracking == *number);
                Labelled {
                    tracking: number.clone(),
                    label: label.map(|label| label.label.clone()).unwrap_or_default(),
                }
            });
            let bought = Bought {
                id: row.carrier_id.clone().unwrap_or_else(|| numbers[0].clone()),
                pieces: pieces.collect(),
                charge: None,
                billing_weight: row.billing_weight.clone(),
                papers: Vec::new(),
                remarks: vec![format!("taken over by {}", stamp.actor)],
            };
            match keep::keep(ctx, &mut tx, &stamp, &row, &bought).await? {
                Outcome::NeedsDecision(why) => {
                    return Err(Fault::failed(why)
                        .hint("name each piece's number, in order")
                        .into());
                }
                outcome => outcome,
            }
        }
    };
    if let Some(attempt) = attempt {
        outbox::decide(&mut tx, &attempt, stamp.at, &outcome).await?;
    }
    let word = match resolution {
        Resolution::Adopt(_) => "adopted",
        Resolution::NotBought => "not bought",
    };
    let payload = json!({ "consignment": id, "decision": word, "was": row.said });
    let fact = Event::new("label.decided", subject(&row.order_ref), payload);
    events::append(&mut tx, &stamp, &[fact]).await?;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(())
}
