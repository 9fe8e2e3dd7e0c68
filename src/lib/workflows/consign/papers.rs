//! The papers of a sending: its packing slip is drawn and kept, and at a station all of it is
//! printed. What fails here holds no parcel up: it is said, and done again on request.

use std::path::Path;

use super::list::service_name;
use super::{Asked, attempt, keep};
use crate::config::CarrierConfig;
use crate::context::Context;
use crate::documents::packing_slip::{Shop, Slip, SlipLine, SlipPackage};
use crate::documents::pdf::{self, DocumentError, Logo};
use crate::domain::carriage::{Found, Labelled};
use crate::domain::measure::System;
use crate::domain::order::Address;
use crate::domain::slip::TemplateName;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::consignments::{self, Content, Parcel, Row};
use crate::store::{StoreError, Tx, documents, orders, print_jobs, reservations, serials};
use crate::workflows::label::{self, Printed};
use crate::workflows::{issue_document, printing, until_no_conflict};

pub(super) const SLIP: &str = "packing_slip";

/// Draws the packing slip of a sending and keeps it; one that is there is not drawn again.
/// Gives its document.
///
/// # Errors
/// It cannot be drawn, or the store's.
pub async fn slip(ctx: &Context, id: i64) -> anyhow::Result<i64> {
    let mut tx = ctx.store.read().await?;
    let row = attempt::the(&mut tx, id).await?;
    let issued = documents::of_consignment(&mut tx, id).await?;
    if let Some(slip) = issued.iter().find(|document| document.kind == SLIP) {
        return Ok(slip.id);
    }
    let parcels = consignments::parcels(&mut tx, id).await?;
    let mut contents = consignments::contents(&mut tx, &row).await?;
    for serial in Asked::of(&row)?.serials {
        let units = serials::find(&mut tx, &serial, None).await?;
        let is_one = |content: &&mut Content| units.iter().any(|unit| unit.sku == content.sku);
        if let Some(content) = contents.iter_mut().find(is_one)
            && !content.serials.contains(&serial)
        {
            content.serials.push(serial);
        }
    }
    let to = orders::ship_to(&mut tx, row.order_id).await?;
    let open = still_to_come(&mut tx, row.order_id).await?;
    let order = orders::find(&mut tx, &row.order_ref).await?.pop();
    drop(tx);
    let placed_at = order.map_or(row.created_at, |order| order.placed_at);
    let to: Address = serde_json::from_str(&to)?;
    let mut slip = filled(ctx, &row, UtcMs(placed_at), &to, &parcels, &contents);
    if !open.is_empty() {
        let space = if slip.note.is_empty() { "" } else { "\n" };
        slip.note.push_str(&format!("{space}Still to come: {open}"));
    }
    let drawn = drawn(ctx, slip).await?;
    let title = format!("packing slip of {}", row.order_ref);
    until_no_conflict!(keep(ctx, id, &title, &drawn))
}

/// What of an order has not left yet, in words.
async fn still_to_come(tx: &mut Tx, order: i64) -> anyhow::Result<String> {
    let demands = orders::demands(tx, order).await?;
    let open: Vec<_> = demands.iter().filter(|d| d.quantity > d.shipped).collect();
    let products: Vec<i64> = open.iter().map(|demand| demand.product_id).collect();
    let skus = reservations::skus(tx, &products).await?;
    let told = open.iter().map(|demand| {
        let sku = skus.get(&demand.product_id).map_or("", String::as_str);
        format!("{} {sku}", demand.quantity - demand.shipped)
    });
    Ok(told.collect::<Vec<_>>().join(", "))
}

async fn keep(ctx: &Context, id: i64, title: &str, drawn: &pdf::Rendered) -> anyhow::Result<i64> {
    let mut tx = ctx.store.begin().await?;
    let issued = documents::of_consignment(&mut tx, id).await?;
    if let Some(slip) = issued.iter().find(|document| document.kind == SLIP) {
        return Ok(slip.id);
    }
    let new = documents::New {
        kind: SLIP,
        title,
        media_type: "application/pdf",
        consignment: Some(id),
        parcel: None,
        template: &drawn.template,
        bundle: &drawn.bundle,
        bytes: &drawn.pdf,
    };
    let document = issue_document::issue(&mut tx, &ctx.stamp(), &new).await?;
    ctx.store.commit(tx).await?;
    Ok(document)
}

/// Draws on a thread where nobody waits for it.
async fn drawn(ctx: &Context, slip: Slip) -> anyhow::Result<pdf::Rendered> {
    let shipping = &ctx.tenant.shipping;
    let paper = shipping.slip.into();
    let template = shipping
        .slip_template
        .as_deref()
        .and_then(TemplateName::parse);
    let logo = ctx.tenant.branding.logo.clone();
    let drawing = tokio::task::spawn_blocking(move || {
        let logo = logo.map(|path| Logo::read(Path::new(&path))).transpose()?;
        pdf::render(&slip, paper, template.as_ref(), logo.as_ref())
    });
    drawing.await?.map_err(|error: DocumentError| {
        let fault = Fault::failed(format!("the packing slip cannot be drawn: {error}"));
        match error.hint() {
            Some(hint) => fault.hint(hint).into(),
            None => fault.into(),
        }
    })
}

fn filled(
    ctx: &Context,
    row: &Row,
    placed_at: UtcMs,
    to: &Address,
    parcels: &[Parcel],
    contents: &[Content],
) -> Slip {
    let sender = ctx.tenant.shipping.sender.as_ref().map(Address::from);
    let country = sender.as_ref().map_or("", |sender| sender.country.as_str());
    let system = System::of(country);
    let lines = sender.as_ref().map(Address::lines).unwrap_or_default();
    let of_parcel = |parcel: &Parcel| {
        let mine = |content: &&Content| match content.package_id {
            Some(package) => parcel.package_id == Some(package),
            // What lies in which piece nobody has said.
            None => parcel.number == 1,
        };
        SlipPackage {
            number: parcel.number as usize,
            of: parcels.len(),
            tracking: parcel.tracking.clone().unwrap_or_default(),
            weight: system.weight(parcel.weight_g),
            lines: contents.iter().filter(mine).map(line).collect(),
        }
    };
    let stands = parcels.iter().filter(|parcel| parcel.voided_at.is_none());
    let told_apart = contents.iter().all(|content| content.package_id.is_some());
    let note = if told_apart || parcels.len() == 1 {
        ""
    } else {
        "All that was sent is listed here, whichever package it is in."
    };
    Slip {
        tenant: Shop {
            display_name: ctx.tenant.tenant.display_name.clone(),
            lines: lines.clone(),
        },
        return_to: lines,
        ship_to: to.lines(),
        order: row.order_ref.clone(),
        order_code: row.order_ref.clone(),
        placed_on: ctx.business_day(placed_at),
        shipped_on: ctx.business_day(UtcMs(row.created_at)),
        carrier: row.carrier.to_uppercase(),
        service: service_name(ctx, row),
        note: note.to_owned(),
        packages: stands.map(of_parcel).collect(),
        support_email: ctx.tenant.branding.support_email.clone(),
        accent: ctx.tenant.branding.color.clone(),
    }
}

fn line(content: &Content) -> SlipLine {
    SlipLine {
        sku: content.sku.clone(),
        title: content.title.clone(),
        quantity: content.quantity,
        of_ordered: None,
        lot: content.lot.clone().unwrap_or_default(),
        serials: content.serials.clone(),
    }
}

/// What became of the papers.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Papers {
    /// The packing slip's document.
    pub slip: Option<i64>,
    /// What was printed, where a station was named.
    pub printed: Option<Printed>,
    /// What did not work, in words.
    pub wrong: Vec<String>,
}

/// Asks the carrier for the labels of pieces that have a number and no label: a person has
/// taken them over while the carrier could not be asked.
async fn fetch_labels(ctx: &Context, row: &Row) -> anyhow::Result<()> {
    let lacking = without_label(&mut ctx.store.read().await?, row).await?;
    let carrier = ctx.tenant.carriers.get(&row.carrier);
    if lacking.is_empty() || !carrier.is_some_and(CarrierConfig::is_asked) {
        return Ok(());
    }
    let numbers: Vec<String> = lacking.iter().filter_map(|p| p.tracking.clone()).collect();
    let carrier = ctx.services.carrier(&ctx.tenant, &row.carrier)?;
    let found = carrier.find(&Asked::of(row)?.sending, &numbers).await;
    let Found::Pieces(pieces) = found.map_err(|error| attempt::fault(&error))? else {
        let text = format!("{} has no labels for {}", row.carrier, numbers.join(", "));
        return Err(Fault::failed(text).into());
    };
    until_no_conflict!(keep_labels(ctx, row, &pieces))
}

async fn keep_labels(ctx: &Context, row: &Row, pieces: &[(usize, Labelled)]) -> anyhow::Result<()> {
    let mut tx = ctx.store.begin().await?;
    let of = consignments::parcels(&mut tx, row.id).await?.len();
    for parcel in without_label(&mut tx, row).await? {
        let mut labels = pieces.iter().map(|(_, label)| label);
        let mine = labels.find(|label| parcel.tracking.as_ref() == Some(&label.tracking));
        if let Some(label) = mine {
            let number = (parcel.number, of);
            keep::keep_label(&mut tx, &ctx.stamp(), row.id, Some(&parcel), number, label).await?;
        }
    }
    ctx.store.commit(tx).await?;
    Ok(())
}

/// The pieces that stand and have a number, and no label.
async fn without_label(tx: &mut Tx, row: &Row) -> Result<Vec<Parcel>, StoreError> {
    let mut parcels = consignments::parcels(tx, row.id).await?;
    let documents = documents::of_consignment(tx, row.id).await?;
    let labelled = |parcel: &Parcel| {
        let of_it = |one: &documents::Row| one.kind == "label" && one.parcel_id == Some(parcel.id);
        documents.iter().any(of_it)
    };
    parcels.retain(|p| p.tracking.is_some() && p.voided_at.is_none() && !labelled(p));
    Ok(parcels)
}

/// Draws the slip, and prints all papers at a station where one is named.
pub(super) async fn papers(ctx: &Context, row: &Row, station: Option<&str>) -> Papers {
    let mut papers = Papers::default();
    if let Err(error) = fetch_labels(ctx, row).await {
        papers
            .wrong
            .push(format!("labels cannot be had: {error:#}"));
    }
    if row.direction == "outbound" {
        match slip(ctx, row.id).await {
            Ok(document) => papers.slip = Some(document),
            Err(error) => papers.wrong.push(format!("{error:#}")),
        }
    }
    if let Some(station) = station {
        let wish = label::Wish {
            what: row.reference.clone(),
            station: Some(station.to_owned()),
            patience: printing::PATIENCE,
            dry_run: false,
        };
        match label::print(ctx, &wish).await {
            Ok(printed) => {
                let open = printed.jobs.iter().filter(|job| job.state != "printed");
                let told = |job: &print_jobs::Row| format!("{}: {}", job.title, job.said);
                papers.wrong.extend(open.map(told));
                let again = printed.for_reprint.iter();
                papers.wrong.extend(
                    again.map(|job| {
                        format!("job {job} went wrong: `opsctl label reprint job:{job}`")
                    }),
                );
                papers.printed = Some(printed);
            }
            Err(error) => papers.wrong.push(format!("nothing is printed: {error:#}")),
        }
    }
    papers
}
