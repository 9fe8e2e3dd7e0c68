//! `/api/v1/station`, `/api/v1/waves` and `/api/v1/scans`: the queue, and rounds through
//! the house.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use crate::domain::people::Role;
use crate::web::{App, Present, WebError};
use crate::workflows::pack::{self, Waiting};
use crate::workflows::pick::{
    self, Answer, Queue, ReleaseWish, Released, ScanEvent, Sheet, StartWish, WaveRow,
};

/// Orders that the queue's page shows.
const SHOWN: usize = 25;
/// Scans in one request, at most.
const MOST_SCANS: usize = 200;

/// What there is to do at the station.
#[derive(Debug, Serialize)]
pub struct ToDo {
    queue: Queue,
    waves: Vec<WaveRow>,
    packing: Vec<Waiting>,
}

/// What there is to do.
///
/// # Errors
/// The store's.
pub async fn to_do(State(app): State<App>, Present(who): Present) -> Result<Json<ToDo>, WebError> {
    let ctx = app.context(&who);
    Ok(Json(ToDo {
        queue: pick::queue(&ctx, Some(SHOWN)).await?,
        waves: pick::list(&ctx).await?,
        packing: pack::list(&ctx).await?.orders,
    }))
}

/// Starts a round with the orders named, or with the first of the queue.
///
/// # Errors
/// An order is held by somebody else or may not be picked, or the store's.
pub async fn start(
    State(app): State<App>,
    Present(who): Present,
    Json(wish): Json<StartWish>,
) -> Result<Json<Sheet>, WebError> {
    Ok(Json(pick::start(&app.context(&who), &wish).await?))
}

/// A round's sheet.
///
/// # Errors
/// There is no such round, or the store's.
pub async fn sheet(
    State(app): State<App>,
    Present(who): Present,
    Path(wave): Path<i64>,
) -> Result<Json<Sheet>, WebError> {
    Ok(Json(pick::sheet(&app.context(&who), wave).await?))
}

/// Scans as the browser kept them.
#[derive(Debug, Deserialize)]
pub struct Scans {
    claim: String,
    events: Vec<ScanEvent>,
}

/// Stores scans, each once by its id; every one has its answer.
///
/// # Errors
/// Too many at once (413), or the store's: then none of those left is lost.
pub async fn scans(
    State(app): State<App>,
    Present(who): Present,
    Json(scans): Json<Scans>,
) -> Result<Json<Vec<Answer>>, WebError> {
    if scans.events.len() > MOST_SCANS {
        let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
        return Err(WebError::new(status, "too many scans at once")
            .hint(format!("send at most {MOST_SCANS} at once")));
    }
    let ctx = app.context(&who);
    Ok(Json(pick::store(&ctx, &scans.claim, &scans.events).await?))
}

/// What a round is known by to its packer.
#[derive(Debug, Deserialize)]
pub struct Claim {
    claim: String,
}

/// Finishes a round.
///
/// # Errors
/// Something is left to take, the claim is not this round's, or the store's.
pub async fn finish(
    State(app): State<App>,
    Present(who): Present,
    Path(wave): Path<i64>,
    Json(held): Json<Claim>,
) -> Result<Json<Sheet>, WebError> {
    let ctx = app.context(&who);
    let sheet = pick::sheet(&ctx, wave).await?;
    if sheet
        .claim
        .as_ref()
        .is_some_and(|claim| *claim != held.claim)
    {
        return Err(WebError::bad("this claim is of another round").hint("load the page anew"));
    }
    Ok(Json(pick::finish(&ctx, &held.claim).await?))
}

/// Why a round is given back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Why {
    why: String,
}

/// Gives a round's orders back to the queue.
///
/// # Errors
/// There is no such round, or the store's.
pub async fn release(
    State(app): State<App>,
    Present(who): Present,
    Path(wave): Path<i64>,
    Json(reason): Json<Why>,
) -> Result<Json<Released>, WebError> {
    let ctx = app.context(&who);
    let wish = ReleaseWish {
        wave,
        why: reason.why,
        // A manager gives back what a packer left lying.
        force: who.role >= Role::Manager,
        dry_run: false,
    };
    Ok(Json(pick::release(&ctx, &wish).await?))
}
