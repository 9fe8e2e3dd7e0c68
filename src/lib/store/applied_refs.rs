//! References of additive commands that have been carried out, so that none is done twice.

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// When and by whom a reference was carried out.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Applied {
    /// When.
    pub at: UtcMs,
    /// By whom.
    pub actor: String,
    /// What it did.
    pub summary: String,
}

/// Whether a reference has been carried out.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, reference: &str) -> Result<Option<Applied>, StoreError> {
    let row: Option<(i64, String, String)> = tx
        .opt(
            "SELECT at, actor, summary FROM applied_refs WHERE ref = ?",
            vals![reference],
        )
        .await?;
    Ok(row.map(|(at, actor, summary)| Applied {
        at: UtcMs(at),
        actor,
        summary,
    }))
}

/// Notes that a reference is carried out by this transaction.
///
/// # Errors
/// It is there already ([`StoreError::is_duplicate`]), or the store's.
pub async fn note(
    tx: &mut Tx,
    stamp: &Stamp,
    reference: &str,
    kind: &str,
    summary: &str,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO applied_refs (ref, kind, at, run, actor, summary) VALUES (?, ?, ?, ?, ?, ?)",
        vals![reference, kind, stamp.at, &stamp.run, &stamp.actor, summary],
    )
    .await?;
    Ok(())
}
