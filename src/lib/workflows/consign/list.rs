//! Sendings as people look at them.

use serde::Serialize;

use super::attempt;
use crate::context::Context;
use crate::store::consignments::{self, Parcel, Row};
use crate::store::documents;

/// A sending with its pieces and papers.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The sending.
    #[serde(flatten)]
    pub row: Row,
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
    let mut parcels = Vec::new();
    for parcel in consignments::parcels(&mut tx, id).await? {
        let happenings = consignments::happenings(&mut tx, parcel.id).await?;
        parcels.push(ShownPiece { parcel, happenings });
    }
    let documents = documents::of_consignment(&mut tx, id).await?;
    Ok(Shown {
        row,
        parcels,
        documents,
    })
}
