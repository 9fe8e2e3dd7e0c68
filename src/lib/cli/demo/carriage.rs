//! Shipping's part of the story: rates are compared, three labels bought with one call whose
//! answer is lost, the slip drawn, and the parcels followed to the door.

use std::path::Path;

use anyhow::Context as _;

use super::Teller;
use super::stage::{FOLDER, Stage};
use crate::domain::carriage::Piece;
use crate::sandbox::faults::Rule;
use crate::sandbox::ups::Stage as At;
use crate::store::documents;
use crate::workflows::cogs::amount;
use crate::workflows::consign::{self, Wish};
use crate::workflows::pick;
use crate::workflows::track::{self, Which};

/// Plays this part of the story.
///
/// # Errors
/// A step fails.
pub(super) async fn play(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let order = an_order(stage).await?;
    let wish = Wish {
        order: order.clone(),
        pieces: [2_400, 1_150, 800].map(piece).to_vec(),
        ..Wish::default()
    };
    let rates = consign::rates(&stage.run(), &wish).await?;
    let mut told = vec![format!("{order}, three boxes; what UPS would take:")];
    told.extend(rates.rates.iter().take(3).map(|rate| {
        let charge = rate.charge;
        let cost = amount(charge.amount_minor, charge.currency.as_str());
        format!("{} {}: {cost}", rate.service, rate.name)
    }));
    teller.tell("opsctl ship --rate: what services cost", told)?;
    buy(stage, teller, &wish).await?;
    follow(stage, teller).await
}

fn piece(weight_g: i64) -> Piece {
    Piece {
        weight_g,
        size_mm: Some([300, 200, 150]),
        contents: String::new(),
    }
}

/// An order of the shop that can leave whole.
async fn an_order(stage: &Stage) -> anyhow::Result<String> {
    let queue = pick::queue(&stage.run(), None).await?;
    let whole = |row: &&pick::QueueRow| row.order.starts_with("woo:") && row.reserved == row.units;
    let found = queue
        .rows
        .iter()
        .filter(whole)
        .max_by_key(|row| row.units.min(6));
    Ok(found
        .context("the shop has an order that can leave")?
        .order
        .clone())
}

async fn buy(stage: &Stage, teller: &mut Teller<'_>, wish: &Wish) -> anyhow::Result<()> {
    let lost: Rule = "cut-after,path=shipments".parse()?;
    stage.sandbox.faults().inject(lost);
    let ctx = stage.run();
    let report = consign::ship(&ctx, wish).await?;
    let shown = report.consignment.context("the order was shipped")?;
    let counts = stage.sandbox.ups().counts();
    let mut told = vec![
        "UPS' answer was lost on its way: it was asked by our reference, and not bought again"
            .to_owned(),
        format!(
            "consignment {} is {}: UPS sold {} labels, {} are kept here",
            shown.row.id,
            shown.row.state,
            counts.bought,
            shown.parcels.len()
        ),
    ];
    told.extend(shown.parcels.iter().map(|piece| {
        let parcel = &piece.parcel;
        let number = parcel.tracking.as_deref().unwrap_or_default();
        format!(
            "piece {} of {}: {number}",
            parcel.number,
            shown.parcels.len()
        )
    }));
    let again = consign::ship(&stage.run(), wish).await?;
    if again.before {
        told.push("shipped once more: nothing is bought, nothing leaves twice".to_owned());
    }
    told.extend(
        report
            .papers
            .wrong
            .iter()
            .map(|wrong| format!("without a slip: {wrong}")),
    );
    told.extend(keep(&ctx, shown.row.id).await?);
    teller.tell("opsctl ship: three labels with one call", told)
}

/// Writes labels and slip where the reader can open them; gives their names.
async fn keep(ctx: &crate::context::Context, consignment: i64) -> anyhow::Result<Vec<String>> {
    let mut tx = ctx.store.read().await?;
    let mut told = Vec::new();
    for document in documents::of_consignment(&mut tx, consignment).await? {
        let Some(bytes) = documents::bytes(&mut tx, document.id).await? else {
            continue;
        };
        let ending = if document.media_type == "application/pdf" {
            "pdf"
        } else {
            "zpl"
        };
        let name = format!(
            "{}-{}.{ending}",
            document.kind.replace('_', "-"),
            told.len() + 1
        );
        let path = Path::new(FOLDER).join("shipping").join(name);
        std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        told.push(format!("{} is in {}", document.title, path.display()));
    }
    Ok(told)
}

async fn follow(stage: &Stage, teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let numbers: Vec<String> = stage
        .sandbox
        .ups()
        .shipments()
        .iter()
        .flat_map(|shipment| {
            shipment
                .packages
                .iter()
                .map(|package| package.number.clone())
        })
        .collect();
    let mut told = Vec::new();
    for at in [At::OnTheWay, At::OutForDelivery, At::Delivered] {
        stage.sandbox.ups().advance(None, at);
        let report = track::track(&stage.run(), &Which::Numbers(numbers.clone()), false).await?;
        if let Some(moved) = report.moved.first() {
            let stage = moved.to.replace('_', " ");
            told.push(format!("{} parcels are {stage}", report.moved.len()));
        }
    }
    told.push("the shop has a note with the numbers, and one that all were delivered".to_owned());
    teller.tell("opsctl track: to the door", told)
}
