//! Where parcels are: the carrier is asked, what happened is noted once, and whoever waits for
//! it is told.

use serde::Serialize;
use serde_json::json;

use super::{tell, tell_note, until_no_conflict};
use crate::context::Context;
use crate::domain::carriage::{Stage, Tracked};
use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::store::Tx;
use crate::store::consignments::{self, NewHappening, Open};
use crate::store::events::{self, Event};

/// A piece is asked for again after so long, at the earliest.
const ASKED_EVERY_MS: i64 = 30 * 60_000;
/// Pieces asked for in one run, at most.
const AT_ONCE: i64 = 500;
/// So many failures one after another end a run: the carrier is not there.
const FAILURES: usize = 3;

/// Which parcels are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All that are on their way and were not asked for lately.
    Open,
    /// These numbers, whenever they were asked for.
    Numbers(Vec<String>),
}

/// What a look at the parcels showed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Pieces that the carrier was asked for.
    pub asked: usize,
    /// Pieces whose stage is another now.
    pub moved: Vec<Moved>,
    /// Pieces that nothing was heard of for too long, told for the first time.
    pub stalled: Vec<Silent>,
    /// What failed: (number, why).
    pub failed: Vec<(String, String)>,
    /// Pieces that wait for another run.
    pub left: usize,
    /// How a run ends that could ask for nothing, by the last failure.
    #[serde(skip)]
    pub exit: Option<Exit>,
}

/// A piece that moved on.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// `woo:1042`.
    pub order: String,
    /// Its number.
    pub tracking: String,
    /// `outbound` or `inbound`.
    pub direction: String,
    /// The stage it was in.
    pub from: Option<String>,
    /// The stage it is in.
    pub to: String,
}

/// A piece that nothing is heard of.
#[derive(Debug, Clone, Serialize)]
pub struct Silent {
    /// `woo:1042`.
    pub order: String,
    /// Its number.
    pub tracking: String,
    /// The stage it is in.
    pub stage: Option<String>,
}

/// Asks the carriers for parcels.
///
/// # Errors
/// A number is unknown here, or the store's. What fails for one parcel is told and holds the
/// others up by nothing.
pub async fn track(ctx: &Context, which: &Which, dry_run: bool) -> anyhow::Result<Report> {
    let mut report = Report {
        dry_run,
        ..Report::default()
    };
    let parcels = parcels(ctx, which).await?;
    let mut failures = 0;
    for (at, parcel) in parcels.iter().enumerate() {
        if failures == FAILURES {
            report.left = parcels.len() - at;
            break;
        }
        let tracked = match ctx.services.carrier(&ctx.tenant, &parcel.carrier) {
            Ok(carrier) => carrier.track(&parcel.tracking).await,
            Err(error) => {
                let why = format!("{error:#}");
                report.failed.push((parcel.tracking.clone(), why));
                continue;
            }
        };
        match tracked {
            Ok(tracked) => {
                failures = 0;
                report.asked += 1;
                let moved = until_no_conflict!(note(ctx, parcel, tracked.as_ref(), dry_run))?;
                report.moved.extend(moved);
            }
            Err(error) => {
                report.exit = Some(error.exit());
                let why = error.to_string();
                report.failed.push((parcel.tracking.clone(), why));
                if matches!(error, CarrierError::Refused { .. }) {
                    // Of this number alone: the others are asked for, and it when its turn
                    // comes again.
                    until_no_conflict!(refused(ctx, parcel, dry_run))?;
                } else {
                    failures += 1;
                }
            }
        }
    }
    if *which == Which::Open && (failures == 0 || report.asked > 0) {
        report.stalled = until_no_conflict!(stalled(ctx, dry_run))?;
    }
    if !dry_run && !report.moved.is_empty() {
        tell::all(ctx).await?;
    }
    Ok(report)
}

async fn parcels(ctx: &Context, which: &Which) -> anyhow::Result<Vec<Open>> {
    let mut tx = ctx.store.read().await?;
    let Which::Numbers(numbers) = which else {
        let before = ctx.clock.now().plus_ms(-ASKED_EVERY_MS);
        return Ok(consignments::open(&mut tx, &asked(ctx), before, AT_ONCE).await?);
    };
    let mut parcels = Vec::new();
    for number in numbers {
        let bare: String = number.split_whitespace().collect();
        let found = match consignments::with_number(&mut tx, number).await? {
            Some(found) => Some(found),
            None => consignments::with_number(&mut tx, &bare.to_uppercase()).await?,
        };
        let Some(found) = found else {
            return Err(not_followed(&mut tx, number).await?.into());
        };
        parcels.push(found);
    }
    Ok(parcels)
}

/// Why a number cannot be asked for.
async fn not_followed(tx: &mut Tx, number: &str) -> anyhow::Result<Fault> {
    Ok(match consignments::with_tracking(tx, number).await? {
        Some(_) => Fault::failed(format!("the label {number} is void")),
        None => Fault::failed(format!("no parcel of ours has the number {number}"))
            .hint("`opsctl ship list` shows those there are"),
    })
}

/// The carriers that can be asked where parcels are.
fn asked(ctx: &Context) -> Vec<&str> {
    let carriers = ctx.tenant.carriers.iter();
    let asked = carriers.filter(|(_, carrier)| carrier.is_asked());
    asked.map(|(name, _)| name.as_str()).collect()
}

/// Notes that a piece was asked for in vain.
async fn refused(ctx: &Context, parcel: &Open, dry_run: bool) -> anyhow::Result<()> {
    let mut tx = ctx.store.begin().await?;
    consignments::asked(&mut tx, &ctx.stamp(), parcel.id, None).await?;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(())
}

/// Notes what a carrier tells of a piece.
async fn note(
    ctx: &Context,
    parcel: &Open,
    tracked: Option<&Tracked>,
    dry_run: bool,
) -> anyhow::Result<Option<Moved>> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let expected = tracked.and_then(|tracked| tracked.expected_on.as_deref());
    consignments::asked(&mut tx, &stamp, parcel.id, expected).await?;
    let mut moved = None;
    if let Some(tracked) = tracked {
        let news: Vec<NewHappening<'_>> = tracked
            .happenings
            .iter()
            .map(|one| NewHappening {
                at: one.at,
                code: &one.code,
                words: &one.words,
                place: &one.place,
                stage: one.stage.map(Stage::as_str),
            })
            .collect();
        consignments::add_happenings(&mut tx, &stamp, parcel.id, &news).await?;
        let since = tracked.happenings.last().map_or(stamp.at, |last| last.at);
        if let Some(stage) = tracked.stage
            && consignments::set_stage(&mut tx, parcel.id, stage.as_str(), since).await?
        {
            moved = Some(Moved {
                order: parcel.order_ref.clone(),
                tracking: parcel.tracking.clone(),
                direction: parcel.direction.clone(),
                from: parcel.stage.clone(),
                to: stage.as_str().to_owned(),
            });
            let subject = format!("order:{}", parcel.order_ref);
            let kind = match stage {
                Stage::Delivered => "parcel.delivered",
                Stage::Exception => "parcel.exception",
                Stage::Returned => "parcel.returned",
                _ => "parcel.moved",
            };
            events::append(&mut tx, &stamp, &[Event::new(kind, subject, json!(moved))]).await?;
            if stage == Stage::Delivered && parcel.direction == "outbound" {
                delivered(ctx, &mut tx, parcel).await?;
            }
        }
    }
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(moved)
}

/// The shop is told when the last piece of a sending was delivered.
async fn delivered(ctx: &Context, tx: &mut Tx, parcel: &Open) -> anyhow::Result<()> {
    let all = consignments::parcels(tx, parcel.consignment_id).await?;
    let done = all
        .iter()
        .filter(|piece| piece.voided_at.is_none())
        .all(|piece| piece.stage.as_deref() == Some("delivered"));
    if let (true, Some(row)) = (done, consignments::find(tx, parcel.consignment_id).await?) {
        tell_note::plan_delivered(ctx, tx, &ctx.stamp(), &row).await?;
    }
    Ok(())
}

/// Tells of pieces that nothing was heard of for too long, each once until there is news.
async fn stalled(ctx: &Context, dry_run: bool) -> anyhow::Result<Vec<Silent>> {
    let mut tx = ctx.store.begin().await?;
    let stamp = ctx.stamp();
    let hours = i64::from(ctx.tenant.shipping.stalled_after_hours);
    let since = stamp.at.plus_ms(-hours * 3_600_000);
    let mut told = Vec::new();
    for parcel in consignments::stalled(&mut tx, &asked(ctx), since).await? {
        if !consignments::set_stalled(&mut tx, &stamp, parcel.id).await? {
            continue;
        }
        let silent = Silent {
            order: parcel.order_ref.clone(),
            tracking: parcel.tracking,
            stage: parcel.stage,
        };
        let subject = format!("order:{}", parcel.order_ref);
        let payload = json!({ "parcel": silent, "hours": hours });
        events::append(
            &mut tx,
            &stamp,
            &[Event::new("alert.parcel_stalled", subject, payload)],
        )
        .await?;
        told.push(silent);
    }
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(told)
}
