//! `/api/v1/packs`: an order on the bench, its boxes, and what goes into them.

use axum::Json;
use axum::extract::{Path, State};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::domain::people::Role;
use crate::store::events;
use crate::web::{App, Operator, Present, WebError};
use crate::workflows::consign;
use crate::workflows::pack::{self, Bench, Measures, PackAnswer, PackScan, PackageWish};
use crate::workflows::ship;
use crate::workflows::sign_in::{self, Claim};

/// An order, by its name.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    order: String,
    #[serde(default)]
    take_over: bool,
}

/// Takes an order onto the bench.
///
/// # Errors
/// It is not picked, somebody else packs it, or the store's.
pub async fn start(
    State(app): State<App>,
    Present(who): Present,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Bench>, WebError> {
    let ctx = app.context(&who);
    let bench = pack::start(&ctx, &wanted.order, wanted.take_over, false).await?;
    Ok(Json(bench))
}

/// What lies on the bench.
///
/// # Errors
/// There is no such task, or the store's.
pub async fn bench(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
) -> Result<Json<Bench>, WebError> {
    Ok(Json(pack::bench(&app.context(&who), task).await?))
}

/// Opens a package, once by its id.
///
/// # Errors
/// There is no such box, or the store's.
pub async fn open_package(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(wish): Json<PackageWish>,
) -> Result<Json<Bench>, WebError> {
    let ctx = app.context(&who);
    Ok(Json(pack::open_package(&ctx, task, &wish).await?))
}

/// Puts units into a package, once by the scan's id.
///
/// # Errors
/// The store's; a refusal is an answer.
pub async fn pack_item(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(scan): Json<PackScan>,
) -> Result<Json<PackAnswer>, WebError> {
    Ok(Json(pack::pack(&app.context(&who), task, &scan).await?))
}

/// Takes units out of a package, once by the scan's id.
///
/// # Errors
/// The store's; a refusal is an answer.
pub async fn unpack(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(scan): Json<PackScan>,
) -> Result<Json<PackAnswer>, WebError> {
    Ok(Json(pack::unpack(&app.context(&who), task, &scan).await?))
}

/// What is measured of a package.
#[derive(Debug, Deserialize)]
pub struct Measured {
    number: i64,
    #[serde(flatten)]
    measures: Measures,
}

/// Notes a package's weight and size, or closes it.
///
/// # Errors
/// There is no such package, a measure is none, or the store's.
pub async fn measure(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(body): Json<Measured>,
) -> Result<Json<Bench>, WebError> {
    let ctx = app.context(&who);
    let (number, measures) = (body.number, &body.measures);
    Ok(Json(pack::measure(&ctx, task, number, measures).await?))
}

/// A swap: the unit that was scanned, and the badge of the manager who allows it, where a
/// packer is signed in.
#[derive(Debug, Deserialize)]
pub struct Swap {
    #[serde(flatten)]
    scan: PackScan,
    badge: Option<SecretString>,
}

/// Takes a unit in place of the one that was promised: a manager does, or allows it.
///
/// # Errors
/// No manager allows it (403), too many tries (429), or the store's.
pub async fn swap(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(swap): Json<Swap>,
) -> Result<Json<PackAnswer>, WebError> {
    let ctx = app.context(&who);
    match swap.badge {
        _ if who.role >= Role::Manager => {}
        Some(badge) => {
            let manager = manager_of(&app, &who, badge).await?;
            note_allowance(&app, &manager, task, &swap.scan).await?;
        }
        None => {
            return Err(WebError::forbidden("a swap takes a manager")
                .hint("a manager scans their badge, or signs in"));
        }
    }
    Ok(Json(pack::swap(&ctx, task, &swap.scan).await?))
}

/// Notes which manager allowed a swap: it is done by whoever packs the order.
async fn note_allowance(
    app: &App,
    manager: &Operator,
    task: i64,
    scan: &PackScan,
) -> Result<(), WebError> {
    let ctx = app.context(manager);
    let fact = events::Event {
        kind: "pack.swap_allowed",
        subject: format!("task:{task}"),
        payload: json!({ "scan": scan.id, "serial": scan.serial }),
    };
    let mut tx = ctx.store.begin().await?;
    events::append(&mut tx, &ctx.stamp(), &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(())
}

/// Whose badge it is, where that is a manager.
async fn manager_of(app: &App, who: &Operator, badge: SecretString) -> Result<Operator, WebError> {
    let answer = sign_in::run(&app.context(who), Claim::Badge(badge)).await?;
    match answer {
        sign_in::Answer::Welcome(found) if found.role >= Role::Manager => Ok(Operator {
            id: found.id,
            name: found.name,
            display_name: found.display_name,
            role: found.role,
        }),
        sign_in::Answer::Wait(_) => {
            let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
            Err(WebError::new(status, "too many tries").hint("wait a minute"))
        }
        _ => Err(WebError::forbidden("this badge is no manager's")
            .hint("a manager scans their badge, or signs in")),
    }
}

/// Whether an order may leave in parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Finish {
    partial: bool,
}

/// Finishes the packing.
///
/// # Errors
/// Something is left, a package is open, or the store's.
pub async fn finish(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(how): Json<Finish>,
) -> Result<Json<Bench>, WebError> {
    let ctx = app.context(&who);
    Ok(Json(pack::finish(&ctx, task, how.partial, false).await?))
}

/// Who takes it.
#[derive(Debug, Deserialize)]
pub struct Carrier {
    carrier: String,
    #[serde(default)]
    tracking: String,
}

/// Ships it by hand.
///
/// # Errors
/// It is not packed, it may not leave, or the store's.
pub async fn ship(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(by): Json<Carrier>,
) -> Result<Json<ship::Report>, WebError> {
    let ctx = app.context(&who);
    let report = pack::ship(&ctx, task, &by.carrier, &by.tracking, false).await?;
    Ok(Json(report))
}

/// What the carrier's services would cost for what lies packed. Buys nothing.
///
/// # Errors
/// It is not packed, the carrier cannot be asked, or the store's.
pub async fn rates(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
) -> Result<Json<consign::Rates>, WebError> {
    let ctx = app.context(&who);
    let wish = consign::Wish {
        order: pack::bench(&ctx, task).await?.order,
        ..consign::Wish::default()
    };
    Ok(Json(consign::rates(&ctx, &wish).await?))
}

/// How it is to be sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Send {
    service: Option<String>,
    station: Option<String>,
    address_as_is: bool,
}

/// Buys the labels, once, lets it leave, and prints at the station. Sent again, it goes on
/// where it stopped.
///
/// # Errors
/// It may not leave, the carrier refuses, or what it did is not known; the words say which.
pub async fn send(
    State(app): State<App>,
    Present(who): Present,
    Path(task): Path<i64>,
    Json(how): Json<Send>,
) -> Result<Json<consign::Report>, WebError> {
    let ctx = app.context(&who);
    let wish = consign::Wish {
        order: pack::bench(&ctx, task).await?.order,
        service: how.service.filter(|service| !service.is_empty()),
        station: how.station.filter(|station| !station.is_empty()),
        address_as_is: how.address_as_is,
        ..consign::Wish::default()
    };
    Ok(Json(consign::ship(&ctx, &wish).await?))
}
