//! Sendings as people look at them.

use serde::Serialize;

use super::attempt;
use crate::config::CarrierConfig;
use crate::context::Context;
use crate::integrations::ups;
use crate::store::consignments::{self, Parcel, Row};
use crate::store::{StoreError, Tx, documents};

/// A sending with its pieces and papers.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The sending.
    #[serde(flatten)]
    pub row: Row,
    /// Its service in words, without the carrier's name.
    pub service_name: String,
    /// Its pieces.
    pub parcels: Vec<ShownPiece>,
    /// Its labels and papers.
    pub documents: Vec<documents::Row>,
}

/// A piece with what happened to it.
#[derive(Debug, Clone, Serialize)]
pub struct ShownPiece {
    /// The piece.
    #[serde(flatten)]
    pub parcel: Parcel,
    /// What happened, newest first: (when, in the carrier's words, where, code).
    pub happenings: Vec<(i64, String, String, String)>,
}

/// Sendings, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context, open: bool, limit: i64) -> anyhow::Result<Vec<Shown>> {
    let mut tx = ctx.store.read().await?;
    let rows = consignments::list(&mut tx, None, open, i64::MAX, limit).await?;
    let mut all = Vec::new();
    for row in rows {
        let parcels = consignments::parcels(&mut tx, row.id).await?;
        let bare = |parcel| ShownPiece {
            parcel,
            happenings: Vec::new(),
        };
        all.push(Shown {
            parcels: parcels.into_iter().map(bare).collect(),
            documents: Vec::new(),
            service_name: service_name(ctx, &row),
            row,
        });
    }
    Ok(all)
}

/// One sending, with all that is known of it.
///
/// # Errors
/// There is none with that number, or the store's.
pub async fn one(ctx: &Context, id: i64) -> anyhow::Result<Shown> {
    let mut tx = ctx.store.read().await?;
    let row = attempt::the(&mut tx, id).await?;
    Ok(shown(ctx, &mut tx, row).await?)
}

/// The sendings of an order, oldest first, each with all that is known of it.
///
/// # Errors
/// The store's.
pub async fn of_order(ctx: &Context, order: i64) -> anyhow::Result<Vec<Shown>> {
    let mut tx = ctx.store.read().await?;
    let mut all = Vec::new();
    for row in consignments::of_order(&mut tx, order).await? {
        all.push(shown(ctx, &mut tx, row).await?);
    }
    Ok(all)
}

async fn shown(ctx: &Context, tx: &mut Tx, row: Row) -> Result<Shown, StoreError> {
    let mut parcels = Vec::new();
    for parcel in consignments::parcels(tx, row.id).await? {
        let happenings = consignments::happenings(tx, parcel.id).await?;
        parcels.push(ShownPiece { parcel, happenings });
    }
    let documents = documents::of_consignment(tx, row.id).await?;
    Ok(Shown {
        service_name: service_name(ctx, &row),
        row,
        parcels,
        documents,
    })
}

/// The service of a sending in words, without the carrier's name before it.
pub(super) fn service_name(ctx: &Context, row: &Row) -> String {
    let named = match ctx.tenant.carriers.get(&row.carrier) {
        Some(CarrierConfig::Ups(_)) => ups::service_name(&row.service),
        Some(CarrierConfig::Manual(_)) | None => None,
    };
    let named = named.map(|name| name.strip_prefix("UPS ").unwrap_or(name));
    named.unwrap_or(&row.service).to_owned()
}
