//! What was begun and not ended is brought to its end: whether a lost answer has bought
//! anything is asked of the carrier by our reference, what is bought leaves, what is to be
//! void is voided. Safe to run at any time, as often as one likes.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;

use super::attempt::{self, KIND, next_ask, subject};
use super::{Asked, keep, leave, papers, void};
use crate::context::Context;
use crate::domain::carriage::{Bought, Found, Labelled};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::store::consignments::{self, Row, State};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome};
use crate::store::{Stamp, Tx};
use crate::workflows::until_no_conflict;

/// How it is told that the carrier could not be asked.
const CANNOT_ASK: &str = "the carrier cannot be asked";

/// After the last time to ask, a carrier that is away is asked again so often.
const ASKED_AGAIN_MS: i64 = 15 * 60_000;

/// What settling did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Settled {
    /// Sendings found at the carrier and taken over: (number, order).
    pub adopted: Vec<(i64, String)>,
    /// Sendings that are asked about again later: (number, order, why).
    pub waiting: Vec<(i64, String, String)>,
    /// Sendings that a person has to decide on: (number, order, why).
    pub needs_decision: Vec<(i64, String, String)>,
    /// Sendings whose goods have left now: (number, order).
    pub left: Vec<(i64, String)>,
    /// Papers that have not come out, of what has left now: (number, order, why).
    pub not_printed: Vec<(i64, String, String)>,
    /// Sendings that are void now: (number, order).
    pub voided: Vec<(i64, String)>,
    /// What failed: (number, order, why).
    pub failed: Vec<(i64, String, String)>,
    /// How many sendings are not at their end afterwards.
    pub open: usize,
}

/// Settles all that is due.
///
/// # Errors
/// The store's. What fails for one sending is told and holds the others up by nothing.
pub async fn settle(ctx: &Context) -> anyhow::Result<Settled> {
    let mut done = Settled::default();
    let mut tx = ctx.store.read().await?;
    let due = outbox::due(&mut tx, KIND, ctx.clock.now()).await?;
    let mut asked = Vec::new();
    for attempt in due {
        asked.extend(of_attempt(&mut tx, &attempt).await?);
    }
    drop(tx);
    for row in asked {
        let told = (row.id, row.order_ref.clone());
        let asked = ask(ctx, &row).await;
        let mut tx = ctx.store.read().await?;
        let now = attempt::the(&mut tx, row.id).await?;
        drop(tx);
        match (asked, now.state.as_str()) {
            (Err(error), _) => done.failed.push((told.0, told.1, format!("{error:#}"))),
            (Ok(()), "bought") => done.adopted.push(told),
            (Ok(()), "needs_decision") => done.needs_decision.push((told.0, told.1, now.said)),
            (Ok(()), "voided") => done.voided.push(told),
            // Told once, while the carrier answers the same.
            (Ok(()), _) if now.said != row.said && now.said.starts_with(CANNOT_ASK) => {
                done.failed.push((told.0, told.1, now.said));
            }
            (Ok(()), _) => done.waiting.push((told.0, told.1, now.said)),
        }
    }
    for (state, carry_on) in [("bought", true), ("voiding", false)] {
        let mut tx = ctx.store.read().await?;
        let ids = consignments::in_state(&mut tx, state).await?;
        drop(tx);
        for id in ids {
            let mut tx = ctx.store.read().await?;
            let row = attempt::the(&mut tx, id).await?;
            drop(tx);
            let told = (row.id, row.order_ref.clone());
            let went = if carry_on {
                leave::leave(ctx, id).await.map(|_| None)
            } else {
                void::carry_out(ctx, &row).await.map(|voiding| voiding.why)
            };
            match (went, carry_on) {
                (Ok(None), true) => {
                    done.not_printed.extend(paper(ctx, &row).await?);
                    done.left.push(told);
                }
                (Ok(None), false) => done.voided.push(told),
                (Ok(Some(why)), _) => done.failed.push((told.0, told.1, why)),
                (Err(error), _) => {
                    let why = format!("{error:#}");
                    if said_before(ctx, id, &why).await? {
                        done.waiting.push((told.0, told.1, why));
                    } else {
                        done.failed.push((told.0, told.1, why));
                    }
                }
            }
        }
    }
    let mut tx = ctx.store.read().await?;
    done.open = consignments::list(&mut tx, None, true, i64::MAX, i64::MAX)
        .await?
        .len();
    Ok(done)
}

/// Prints what has left at the station that it was shipped from; what does not come out, or has
/// no station to come out at, is told.
async fn paper(ctx: &Context, row: &Row) -> anyhow::Result<Vec<(i64, String, String)>> {
    let station = Asked::of(row)?.station;
    let papers = papers::papers(ctx, row, station.as_deref()).await;
    let mut wrong = papers.wrong;
    if station.is_none() && row.direction == "outbound" {
        let text = format!("print them: `opsctl label print {}`", row.reference);
        wrong.push(text);
    }
    let told = |why| (row.id, row.order_ref.clone(), why);
    Ok(wrong.into_iter().map(told).collect())
}

/// Whether the same was said of a sending before; else it is noted, so that cron mails it once.
async fn said_before(ctx: &Context, id: i64, why: &str) -> anyhow::Result<bool> {
    let mut tx = ctx.store.begin().await?;
    let fresh = consignments::set_said(&mut tx, &ctx.stamp(), id, why).await?;
    ctx.store.commit(tx).await?;
    Ok(!fresh)
}

async fn of_attempt(tx: &mut Tx, attempt: &outbox::Row) -> anyhow::Result<Option<Row>> {
    let request: serde_json::Value = serde_json::from_str(&attempt.request)?;
    match request["consignment"].as_i64() {
        Some(id) => Ok(consignments::find(tx, id).await?),
        None => Ok(None),
    }
}

/// Settles one sending of which the caller wants to see the end: bought it is, or there is an
/// error that says what is to be done.
///
/// # Errors
/// Whether it was bought is still unknown, a person has to decide, or it is being asked for
/// right now.
pub(super) async fn of_one(ctx: &Context, id: i64) -> anyhow::Result<()> {
    let mut tx = ctx.store.read().await?;
    let mut row = attempt::the(&mut tx, id).await?;
    if matches!(row.state.as_str(), "calling" | "unknown") {
        drop(tx);
        ask(ctx, &row).await?;
        tx = ctx.store.read().await?;
        row = attempt::the(&mut tx, id).await?;
    }
    let attempt = outbox::by_intent(&mut tx, &attempt::intent(&row.reference)).await?;
    drop(tx);
    let name = &row.order_ref;
    match row.state.as_str() {
        "bought" | "shipped" => Ok(()),
        "needs_decision" => Err(Fault::failed(format!(
            "the labels of {name} need a decision: {}",
            row.said
        ))
        .hint(format!(
            "look at the carrier's own list for {}, then `opsctl ship resolve {id} --adopt \
             NUMBER,...`, `opsctl ship resolve {id} --not-bought`, or `opsctl ship void {id}`",
            row.reference
        ))
        .into()),
        "not_bought" => Err(
            Fault::failed(format!("nothing was bought for {name}: {}", row.said))
                .hint(format!("ship it again: `opsctl ship {name}`"))
                .into(),
        ),
        "voiding" | "voided" => Err(Fault::failed(format!("consignment {id} is {}", row.state))
            .hint(format!("ship it again: `opsctl ship {name}`"))
            .into()),
        "calling" => {
            let at = attempt.map_or(ctx.clock.now(), |attempt| UtcMs(attempt.next_at));
            Err(
                Fault::try_again(format!("labels for {name} are being bought right now"))
                    .hint(format!(
                        "if the run that buys them has died, the carrier is asked from {at} on"
                    ))
                    .into(),
            )
        }
        _ => {
            let at = attempt.map_or(ctx.clock.now(), |attempt| UtcMs(attempt.next_at));
            Err(Fault::try_again(format!(
                "whether labels for {name} were bought is unknown: {}",
                row.said
            ))
            .hint(format!(
                "the carrier is asked again from {at} on, by `opsctl ship settle`; nothing is \
                 bought again meanwhile"
            ))
            .into())
        }
    }
}

/// Asks the carrier what it knows of a sending, where its time has come, and writes it down.
async fn ask(ctx: &Context, row: &Row) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    let mut tx = ctx.store.begin().await?;
    let attempt = outbox::by_intent(&mut tx, &attempt::intent(&row.reference)).await?;
    let Some(attempt) = attempt else {
        return Ok(());
    };
    if !outbox::claim(
        &mut tx,
        &attempt,
        now,
        attempt::call_ends(ctx, &row.carrier),
    )
    .await?
    {
        return Ok(());
    }
    ctx.store.commit(tx).await?;
    let sending = Asked::of(row)?.sending;
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let found = carrier.find(&sending, &[]).await;
    until_no_conflict!(write_down(ctx, row.id, &attempt, &found))
}

async fn write_down(
    ctx: &Context,
    id: i64,
    attempt: &outbox::Row,
    found: &Result<Found, CarrierError>,
) -> anyhow::Result<()> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let row = attempt::the(&mut tx, id).await?;
    let is_open = matches!(row.state.as_str(), "calling" | "unknown");
    let outcome = match found {
        // A person has said so while the carrier was asked.
        Ok(Found::Pieces(pieces)) if row.state == "not_bought" => {
            keep::too_late(&mut tx, &stamp, &row, &in_order(pieces)).await?
        }
        Ok(Found::Pieces(pieces)) if is_open || row.state == "needs_decision" => {
            adopt(ctx, &mut tx, &stamp, &row, pieces).await?
        }
        _ if !is_open => return Ok(()),
        Ok(Found::Pieces(pieces)) => adopt(ctx, &mut tx, &stamp, &row, pieces).await?,
        Ok(Found::Unclear(numbers)) => {
            let why = format!(
                "several sendings carry our reference: {}",
                numbers.join(", ")
            );
            decide(&mut tx, &stamp, &row, why).await?
        }
        Ok(Found::Voided) => {
            let why = "it was bought, and has been voided at the carrier";
            consignments::set_state(&mut tx, &stamp, &row, State::Voided, why).await?;
            Outcome::Done(why.to_owned())
        }
        Ok(Found::Nothing) => {
            let asked_at = UtcMs(row.asked_at.unwrap_or(row.created_at));
            if let Some(at) = next_ask(asked_at, stamp.at) {
                let why = "the carrier does not know our reference (yet)";
                consignments::set_state(&mut tx, &stamp, &row, State::Unknown, why).await?;
                Outcome::Again(why.to_owned(), at)
            } else {
                let why = format!(
                    "the answer was lost, and the carrier does not know our reference {}",
                    row.reference
                );
                decide(&mut tx, &stamp, &row, why).await?
            }
        }
        Err(error) => {
            let why = format!("{CANNOT_ASK}: {error}");
            let asked_at = UtcMs(row.asked_at.unwrap_or(row.created_at));
            let passes = error.exit() == Exit::TryAgain;
            match next_ask(asked_at, stamp.at) {
                None if !passes => decide(&mut tx, &stamp, &row, why).await?,
                next => {
                    consignments::set_state(&mut tx, &stamp, &row, State::Unknown, &why).await?;
                    let at = next.unwrap_or(stamp.at.plus_ms(ASKED_AGAIN_MS));
                    Outcome::Again(why, at)
                }
            }
        }
    };
    if !outbox::settle(&mut tx, attempt, stamp.at, &outcome).await?
        && let Some(current) = outbox::find(&mut tx, attempt.id).await?
    {
        outbox::decide(&mut tx, &current, stamp.at, &outcome).await?;
    }
    ctx.store.commit(tx).await?;
    Ok(())
}

async fn decide(tx: &mut Tx, stamp: &Stamp, row: &Row, why: String) -> anyhow::Result<Outcome> {
    consignments::set_state(tx, stamp, row, State::NeedsDecision, &why).await?;
    let payload = json!({ "consignment": row.id, "reference": row.reference, "why": why });
    let fact = Event::new("label.needs_decision", subject(&row.order_ref), payload);
    events::append(tx, stamp, &[fact]).await?;
    Ok(Outcome::NeedsDecision(why))
}

/// What was found, as bought; the whole goes by the number of its first piece.
fn in_order(pieces: &[(usize, Labelled)]) -> Bought {
    let mut pieces = pieces.to_vec();
    pieces.sort_by_key(|(number, _)| *number);
    let first = pieces.first().map(|(_, piece)| piece.tracking.clone());
    Bought {
        id: first.unwrap_or_default(),
        pieces: pieces.into_iter().map(|(_, piece)| piece).collect(),
        charge: None,
        billing_weight: String::new(),
        papers: Vec::new(),
        remarks: vec!["found at the carrier by our reference".to_owned()],
    }
}

/// Takes over what the carrier has under our references. Fewer pieces than asked for are kept
/// with their labels, and a person decides.
async fn adopt(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Row,
    pieces: &[(usize, Labelled)],
) -> anyhow::Result<Outcome> {
    let wanted = consignments::parcels(tx, row.id).await?.len();
    let numbers: HashSet<usize> = pieces.iter().map(|(number, _)| *number).collect();
    let whole = pieces.len() == wanted && (1..=wanted).all(|number| numbers.contains(&number));
    let bought = in_order(pieces);
    if whole {
        return keep::keep(ctx, tx, stamp, row, &bought).await;
    }
    for (number, piece) in pieces {
        keep::keep_label(tx, stamp, row.id, None, (*number as i64, wanted), piece).await?;
    }
    consignments::set_bought(tx, row.id, &bought).await?;
    let numbers: Vec<&str> = bought.pieces.iter().map(|p| p.tracking.as_str()).collect();
    let why = format!(
        "{wanted} labels were asked for, and the carrier has {} of them under our references: {}",
        numbers.len(),
        numbers.join(", ")
    );
    decide(tx, stamp, row, why).await
}
