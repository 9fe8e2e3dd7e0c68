//! Labels and papers, for whoever stands at a station: those of a sending are printed once,
//! printed again on request, looked at; and the house's own are made.

mod make;
mod preview;
mod reprint;

use std::time::Duration;

use serde::Serialize;

use crate::config::{Station, Tenant};
use crate::context::Context;
use crate::documents::zpl;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::print_jobs::{self, Row, Sending, To};
use crate::store::{StoreError, Tx, documents};
use crate::workflows::{printing, until_no_conflict};

pub use make::{Kept, MakeWish, Subject, make};
pub use preview::{File, Form, is_there, preview};
pub use reprint::{Again, reprint, take_back};

/// What is asked for, and where it is to come out.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What, as a person says it.
    pub what: String,
    /// The station; where the tenant has one only, it need not be said.
    pub station: Option<String>,
    /// How long to wait for the next job to end.
    pub patience: Duration,
    /// Change nothing.
    pub dry_run: bool,
}

/// A document, and where it comes out.
#[derive(Debug, Clone, Serialize)]
pub struct Placed {
    /// The document's number.
    pub document: i64,
    /// What it is.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// The queue.
    pub printer: String,
}

/// What printing did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct Printed {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Where.
    pub station: String,
    /// The order it belongs to, where it was asked for by that or by its consignment.
    pub order: Option<String>,
    /// What is newly printed, or would be.
    pub planned: Vec<Placed>,
    /// The jobs, as they are now.
    pub jobs: Vec<Row>,
    /// Documents that were printed before.
    pub before: usize,
    /// Jobs that went wrong behind the print server: only a reprint tries those again.
    pub for_reprint: Vec<i64>,
}

/// The station that is meant: the one named, or the only one there is.
///
/// # Errors
/// There is none of that name, or several and none is named.
pub fn station<'a>(
    tenant: &'a Tenant,
    wanted: Option<&str>,
) -> Result<(&'a str, &'a Station), Fault> {
    let stations = &tenant.printing.stations;
    let known = || {
        let names: Vec<&str> = stations.keys().map(String::as_str).collect();
        match names.as_slice() {
            [] => "name one in the tenant file: [printing.stations.bench] labels = \"QUEUE\""
                .to_owned(),
            names => format!("there is: {}", names.join(", ")),
        }
    };
    match wanted {
        Some(name) => stations
            .get_key_value(name)
            .map(|(name, station)| (name.as_str(), station))
            .ok_or_else(|| Fault::usage(format!("there is no station {name:?}")).hint(known())),
        None if stations.len() == 1 => stations
            .iter()
            .next()
            .map(|(name, station)| (name.as_str(), station))
            .ok_or_else(|| Fault::usage("no station is named").hint(known())),
        None => {
            let hint = known();
            let hint = if stations.is_empty() {
                hint
            } else {
                format!("say --station NAME, or set OPSCTL_STATION; {hint}")
            };
            Err(Fault::usage("no station is named").hint(hint))
        }
    }
}

/// The queue of a station for a type of document.
///
/// # Errors
/// The station has no printer for it, or no printer takes it.
fn printer<'a>((name, station): (&str, &'a Station), media_type: &str) -> Result<&'a str, Fault> {
    let (queue, field) = match media_type {
        zpl::MEDIA_TYPE => (&station.labels, "labels"),
        "application/pdf" => (&station.documents, "documents"),
        other => {
            return Err(Fault::failed(format!("{other} cannot be printed")));
        }
    };
    queue.as_deref().ok_or_else(|| {
        Fault::usage(format!("station {name} has no printer for {field}")).hint(format!(
            "name its queue in the tenant file: [printing.stations.{name}] {field} = \"QUEUE\""
        ))
    })
}

/// The one sending that a person means.
async fn the_sending(tx: &mut Tx, wanted: &str) -> anyhow::Result<Sending> {
    let mut found = print_jobs::sendings(tx, wanted).await?;
    if let Some(at) = found.iter().position(|sending| sending.reference == wanted) {
        return Ok(found.swap_remove(at));
    }
    match (found.pop(), found.is_empty()) {
        (Some(sending), true) => Ok(sending),
        (Some(last), false) => {
            let mut all: Vec<String> = found.into_iter().map(|s| s.id.to_string()).collect();
            all.push(last.id.to_string());
            let text = format!("{wanted} went as several consignments");
            Err(Fault::usage(text)
                .hint(format!("say which: {}", all.join(", ")))
                .into())
        }
        (None, _) => {
            let text = format!("there is no consignment {wanted}");
            Err(Fault::failed(text)
                .hint("say its number as `opsctl ship list` has it, or the order: woo:1042")
                .into())
        }
    }
}

/// The order and the documents of a sending, which must be one that still goes.
async fn of_sending(tx: &mut Tx, wanted: &str) -> anyhow::Result<(String, Vec<i64>)> {
    let sending = the_sending(tx, wanted).await?;
    if matches!(sending.state.as_str(), "voiding" | "voided" | "not_bought") {
        let state = sending.state.replace('_', " ");
        let text = format!("consignment {} is {state}", sending.reference);
        return Err(Fault::failed(text).into());
    }
    let documents = print_jobs::documents_of(tx, sending.id).await?;
    if documents.is_empty() {
        let text = format!("consignment {} has no labels yet", sending.reference);
        return Err(Fault::failed(text).into());
    }
    Ok((sending.order_ref, documents))
}

/// Where a document comes out.
async fn placed(
    tx: &mut Tx,
    (name, station): (&str, &Station),
    document: i64,
) -> anyhow::Result<Placed> {
    let row = documents::find(tx, document).await?.ok_or_else(|| {
        Fault::failed(format!("there is no document {document}"))
            .hint("`opsctl label list` shows what was printed")
    })?;
    let printer = printer((name, station), &row.media_type)?;
    Ok(Placed {
        document,
        kind: row.kind,
        title: row.title,
        printer: printer.to_owned(),
    })
}

/// Prints all labels and papers of a sending that were not printed before. What failed before
/// the print server took it is tried again.
///
/// # Errors
/// There is no such sending, it does not go any more, the station is not clear, or the
/// store's.
pub async fn print(ctx: &Context, wish: &Wish) -> anyhow::Result<Printed> {
    let mut done = until_no_conflict!(plan(ctx, wish))?;
    if !wish.dry_run {
        let jobs: Vec<i64> = done.jobs.iter().map(|row| row.id).collect();
        done.jobs = printing::run(ctx, &jobs, wish.patience).await?;
    }
    Ok(done)
}

async fn plan(ctx: &Context, wish: &Wish) -> anyhow::Result<Printed> {
    let place = station(&ctx.tenant, wish.station.as_deref())?;
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    let mut done = Printed {
        dry_run: wish.dry_run,
        station: place.0.to_owned(),
        order: None,
        planned: Vec::new(),
        jobs: Vec::new(),
        before: 0,
        for_reprint: Vec::new(),
    };
    let (order, documents) = of_sending(&mut tx, &wish.what).await?;
    done.order = Some(order);
    for document in documents {
        let wanted = placed(&mut tx, place, document).await?;
        let Some(last) = print_jobs::of_document(&mut tx, document).await?.pop() else {
            let where_to = (place.0, wanted.printer.as_str());
            let reference = printing::first(document);
            let id = printing::plan(&mut tx, &stamp, document, where_to, &reference).await?;
            done.jobs.extend(print_jobs::find(&mut tx, id).await?);
            done.planned.push(wanted);
            continue;
        };
        match (last.state.as_str(), last.job) {
            ("printed", _) => done.before += 1,
            ("failed" | "dropped", Some(_)) => done.for_reprint.push(last.id),
            ("failed" | "dropped", None) => {
                again_from_the_start(&mut tx, &last, stamp.at).await?;
                let where_to = (place.0, wanted.printer.as_str());
                print_jobs::send_to(&mut tx, last.id, where_to).await?;
                done.jobs.push(last);
                done.planned.push(wanted);
            }
            _ => done.jobs.push(last),
        }
    }
    if wish.dry_run {
        done.jobs.clear();
    } else {
        ctx.store.commit(tx).await?;
    }
    Ok(done)
}

/// A job that the print server never took is planned again.
async fn again_from_the_start(tx: &mut Tx, row: &Row, now: UtcMs) -> Result<(), StoreError> {
    let to = To {
        state: "planned",
        job: None,
        said: "",
        next_at: now,
    };
    if print_jobs::shift(tx, row, now, &to).await? {
        return Ok(());
    }
    let text = format!("print job {} has changed meanwhile", row.id);
    Err(StoreError::Conflict(text))
}

/// Print jobs, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, open: bool, limit: i64) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(print_jobs::list(&mut tx, open, limit).await?)
}

/// So many jobs of a day are shown.
const DAY: i64 = 500;

/// The jobs of this business day, and those open from before, newest first.
///
/// # Errors
/// The store's.
pub async fn today(ctx: &Context) -> anyhow::Result<Vec<Row>> {
    let zone = ctx.tenant.tenant.timezone;
    let now = ctx.clock.now().to_utc().with_timezone(&zone);
    let midnight = now.date_naive().and_hms_opt(0, 0, 0);
    let from = midnight.and_then(|at| at.and_local_timezone(zone).earliest());
    let from = from.map_or(ctx.clock.now().0 - 86_400_000, |at| at.timestamp_millis());
    let mut tx = ctx.store.read().await?;
    Ok(print_jobs::since(&mut tx, UtcMs(from), DAY).await?)
}
