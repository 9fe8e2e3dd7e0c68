//! A person says what the carrier could not: that labels were bought, and under which numbers,
//! or that they were not.

use serde_json::json;

use super::attempt::{self, subject};
use super::{Asked, Report, blank, finished, keep, looked_at};
use crate::config::CarrierConfig;
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
    /// It was bought.
    Adopt {
        /// The numbers of its pieces, in their order.
        numbers: Vec<String>,
        /// Whether they are taken though the carrier does not know them, or cannot be asked.
        as_is: bool,
    },
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
    let resolution = &as_the_carrier_writes(ctx, &row, resolution);
    fits(&row, resolution)?;
    let labels = match resolution {
        Resolution::Adopt { numbers, as_is } => labels(ctx, &row, numbers, *as_is).await?,
        Resolution::NotBought => {
            knows_nothing(ctx, &row).await?;
            Vec::new()
        }
    };
    until_no_conflict!(once(ctx, id, resolution, &labels, dry_run))?;
    let report = Report {
        dry_run,
        ..blank(&row)
    };
    match resolution {
        _ if dry_run => looked_at(ctx, report, id).await,
        Resolution::NotBought => finished(ctx, report, id, true, None).await,
        Resolution::Adopt { .. } => {
            let station = Asked::of(&row)?.station;
            finished(ctx, report, id, false, station.as_deref()).await
        }
    }
}

/// Numbers as a carrier that is asked writes them, however they stand on a label.
fn as_the_carrier_writes(ctx: &Context, row: &Row, resolution: &Resolution) -> Resolution {
    let carrier = ctx.tenant.carriers.get(&row.carrier);
    match resolution {
        Resolution::Adopt { numbers, as_is } if carrier.is_some_and(CarrierConfig::is_asked) => {
            let bare = |number: &String| number.split_whitespace().collect::<String>();
            Resolution::Adopt {
                numbers: numbers.iter().map(|n| bare(n).to_uppercase()).collect(),
                as_is: *as_is,
            }
        }
        as_said => as_said.clone(),
    }
}

fn fits(row: &Row, resolution: &Resolution) -> Result<(), Fault> {
    let (id, state) = (row.id, row.state.as_str());
    let shows = || format!("`opsctl ship show {id}`");
    match (state, resolution) {
        ("unknown", Resolution::NotBought) => Err(Fault::try_again(format!(
            "whether consignment {id} was bought is still being asked for: {}",
            row.said
        ))
        .hint(format!(
            "`opsctl ship settle` asks again; {} tells how it stands",
            shows()
        ))),
        ("needs_decision", Resolution::NotBought) if row.carrier_id.is_some() => {
            let text = format!("labels of consignment {id} were bought: {}", row.said);
            Err(Fault::failed(text).hint(format!("`opsctl ship void {id}` gives them back")))
        }
        ("needs_decision" | "unknown", Resolution::Adopt { .. })
            if row.direction == "outbound" && row.holds.is_none() =>
        {
            let text = format!("{} has gone on without consignment {id}", row.order_ref);
            Err(Fault::failed(text).hint(format!("`opsctl ship void {id}` gives its labels back")))
        }
        ("needs_decision" | "unknown", _) => Ok(()),
        _ => {
            let text = format!("consignment {id} needs no decision: it is {state}");
            Err(Fault::failed(text).hint(shows()))
        }
    }
}

/// Asks the carrier once more before a person's word counts that nothing was bought.
async fn knows_nothing(ctx: &Context, row: &Row) -> anyhow::Result<()> {
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let known = match carrier.find(&Asked::of(row)?.sending, &[]).await {
        Ok(Found::Pieces(pieces)) => pieces
            .into_iter()
            .map(|(_, piece)| piece.tracking)
            .collect(),
        Ok(Found::Unclear(numbers)) => numbers,
        Ok(Found::Nothing | Found::Voided) => return Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the carrier cannot be asked once more");
            return Ok(());
        }
    };
    let (id, numbers) = (row.id, known.join(","));
    let text = format!("{} has labels for consignment {id}: {numbers}", row.carrier);
    Err(Fault::failed(text)
        .hint(format!("`opsctl ship resolve {id} --adopt {numbers}`"))
        .into())
}

/// The labels that the carrier has under these numbers; taken as they are, those it does not
/// give stay away.
async fn labels(
    ctx: &Context,
    row: &Row,
    numbers: &[String],
    as_is: bool,
) -> anyhow::Result<Vec<Labelled>> {
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let sending = Asked::of(row)?.sending;
    let found = match carrier.find(&sending, numbers).await {
        Ok(Found::Pieces(found)) => found.into_iter().map(|(_, piece)| piece).collect(),
        Ok(Found::Voided) => {
            let text = "the carrier says that these are void";
            return Err(Fault::failed(text).hint("say --not-bought instead").into());
        }
        Ok(Found::Nothing | Found::Unclear(_)) => Vec::new(),
        Err(error) if as_is => {
            tracing::warn!(%error, "the labels are not fetched");
            Vec::new()
        }
        Err(error) => return Err(attempt::fault(&error).into()),
    };
    let known: Vec<&str> = found
        .iter()
        .map(|label: &Labelled| label.tracking.as_str())
        .collect();
    let mut unknown = numbers
        .iter()
        .filter(|number| !known.contains(&number.as_str()));
    match unknown.next() {
        Some(number) if !as_is => Err(Fault::failed(format!(
            "{} does not know {number}",
            row.carrier
        ))
        .hint("see whether it is typed right; --as-is takes it all the same")
        .into()),
        _ => Ok(found),
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
    fits(&row, resolution)?;
    let attempt = outbox::by_intent(&mut tx, &attempt::intent(&row.reference)).await?;
    let outcome = match resolution {
        Resolution::NotBought => {
            let why = format!("{} says that nothing was bought", stamp.actor);
            consignments::set_state(&mut tx, &stamp, &row, State::NotBought, &why).await?;
            Outcome::Dropped(why)
        }
        Resolution::Adopt { numbers, .. } => {
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
        Resolution::Adopt { .. } => "adopted",
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
