//! The house's own labels are made, kept as issued, and printed.

use std::time::Duration;

use serde::Serialize;

use super::{printer, station};
use crate::config::Station;
use crate::context::Context;
use crate::documents::zpl::{self, Label, Made, ZplError};
use crate::domain::gtin::Gtin14;
use crate::fault::Fault;
use crate::store::documents::{self, New};
use crate::store::locations::House;
use crate::store::print_jobs::Row;
use crate::store::{Stamp, Tx, gtins, products, serials, stock};
use crate::workflows::{locations, printing, until_no_conflict};

/// What a label is for, as a person says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Goods, by their SKU.
    Product(String),
    /// A place, by its code.
    Bin(String),
    /// A lot of goods: SKU, lot.
    Lot(String, String),
    /// A unit: SKU, serial.
    Serial(String, String),
    /// A tote, by its number.
    Tote(i64),
}

/// Which label, how often, where.
#[derive(Debug, Clone)]
pub struct MakeWish {
    /// What for.
    pub subject: Subject,
    /// How often it comes out.
    pub copies: u32,
    /// The station; where the tenant has one only, it need not be said.
    pub station: Option<String>,
    /// Make it, keep and print nothing.
    pub only_make: bool,
    /// How long to wait for the job to end.
    pub patience: Duration,
    /// Change nothing.
    pub dry_run: bool,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// `product_label`, `bin_label` and so on.
    pub kind: &'static str,
    /// What people call it.
    pub title: String,
    /// What a scanner reads on it.
    pub reads: String,
    /// How often it comes out.
    pub copies: u32,
    /// The label.
    #[serde(skip)]
    pub zpl: String,
    /// The document's number, where it was kept.
    pub document: Option<i64>,
    /// Where it comes out, where it is printed.
    pub printer: Option<String>,
    /// The job, as it is now.
    pub job: Option<Row>,
}

/// Makes a label, keeps it and prints it. Each call is a new label.
///
/// # Errors
/// There is no such thing, no code can say it, the template has changed under its version,
/// the station is not clear, or the store's.
pub async fn make(ctx: &Context, wish: &MakeWish) -> anyhow::Result<Kept> {
    let mut tx = ctx.store.read().await?;
    let label = label(&mut tx, &wish.subject).await?;
    drop(tx);
    let made = zpl::make(&label, wish.copies).map_err(|error| match error {
        ZplError::NoCode(why) => Fault::failed(format!("no code can be made: {why}"))
            .hint("goods with a GTIN bear that: `opsctl products import` takes it"),
        ZplError::Template(_) => Fault::failed(error.to_string()),
    })?;
    let mut kept = Kept {
        dry_run: wish.dry_run,
        kind: made.kind,
        title: made.title.clone(),
        reads: made.reads.clone(),
        copies: wish.copies,
        zpl: made.zpl.clone(),
        document: None,
        printer: None,
        job: None,
    };
    if wish.only_make {
        return Ok(kept);
    }
    let place = station(&ctx.tenant, wish.station.as_deref())?;
    kept.printer = Some(printer(place, zpl::MEDIA_TYPE)?.to_owned());
    if wish.dry_run {
        return Ok(kept);
    }
    let (document, job) = until_no_conflict!(keep(ctx, &made, place))?;
    kept.document = Some(document);
    kept.job = printing::run(ctx, &[job], wish.patience).await?.pop();
    Ok(kept)
}

/// What the label is to say, from what the store knows.
async fn label(tx: &mut Tx, subject: &Subject) -> anyhow::Result<Label> {
    let (sku, lot, serial) = match subject {
        Subject::Tote(number) => {
            if !(1..=9999).contains(number) {
                return Err(Fault::usage("a tote has a number from 1 to 9999").into());
            }
            return Ok(Label::Tote { number: *number });
        }
        Subject::Bin(code) => {
            let house = House::load(tx).await?;
            let place = locations::the_place(&house, code)?;
            return Ok(Label::Bin {
                code: place.code.clone(),
                title: place.title.clone(),
            });
        }
        Subject::Product(sku) => (sku, None, None),
        Subject::Lot(sku, lot) => (sku, Some(lot), None),
        Subject::Serial(sku, serial) => (sku, None, Some(serial)),
    };
    let product = products::by_sku(tx, sku).await?.ok_or_else(|| {
        Fault::failed(format!("there is no product {sku}"))
            .hint("`opsctl stock list` shows those there are")
    })?;
    let codes = gtins::of_products(tx, &[product.id]).await?;
    let unit = codes.into_iter().find(|(_, _, units)| *units == 1);
    let gtin = unit.and_then(|(_, code, _)| code.parse::<Gtin14>().ok());
    let (sku, title) = (product.sku, product.title);
    if let Some(lot) = lot {
        let lots = stock::lot_codes_of(tx, &[product.id]).await?;
        if !lots.iter().any(|(_, code)| code == lot) {
            return Err(Fault::failed(format!("there is no lot {lot} of {sku}")).into());
        }
        let lot = lot.clone();
        return Ok(Label::Lot {
            sku,
            title,
            gtin,
            lot,
        });
    }
    let Some(serial) = serial else {
        return Ok(Label::Product { sku, title, gtin });
    };
    if serials::find(tx, serial, Some(product.id))
        .await?
        .is_empty()
    {
        return Err(Fault::failed(format!("there is no serial {serial} of {sku}")).into());
    }
    let serial = serial.clone();
    Ok(Label::Serial {
        sku,
        title,
        gtin,
        serial,
    })
}

/// Keeps a label and plans its printing; gives both numbers.
async fn keep(ctx: &Context, made: &Made, place: (&str, &Station)) -> anyhow::Result<(i64, i64)> {
    let printer = printer(place, zpl::MEDIA_TYPE)?;
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    hold_to_bundle(&mut tx, &stamp, made).await?;
    let new = New {
        kind: made.kind,
        title: &made.title,
        media_type: zpl::MEDIA_TYPE,
        consignment: None,
        parcel: None,
        template: made.template,
        bundle: &made.bundle,
        bytes: made.zpl.as_bytes(),
    };
    let document = documents::insert(&mut tx, &stamp, &new).await?;
    let reference = printing::first(document);
    let where_to = (place.0, printer);
    let job = printing::plan(&mut tx, &stamp, document, where_to, &reference).await?;
    ctx.store.commit(tx).await?;
    Ok((document, job))
}

/// Holds a template to what it was when its version was first used.
async fn hold_to_bundle(tx: &mut Tx, stamp: &Stamp, made: &Made) -> anyhow::Result<()> {
    match documents::bundle(tx, made.template).await? {
        Some(known) if known == made.bundle => Ok(()),
        Some(_) => {
            let text = format!(
                "the template {} has changed since it was used",
                made.template
            );
            Err(Fault::failed(text)
                .hint("a template that was used never changes: a change is a new version")
                .into())
        }
        None => match documents::note_bundle(tx, stamp, made.template, &made.bundle).await {
            // Somebody else used it first at this moment: the work starts over and looks.
            Err(error) if error.is_duplicate() => {
                Err(crate::store::StoreError::Conflict(error.to_string()).into())
            }
            noted => Ok(noted?),
        },
    }
}
