//! What the server tells of itself to those who watch over it.

use super::dialect::{Tx, vals};
use super::{StoreError, sessions};
use crate::domain::time::UtcMs;

/// Figures of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Browsers that are signed in.
    pub sessions: i64,
    /// Rounds through the house that are under way.
    pub open_waves: i64,
    /// Facts stored since the beginning.
    pub events: i64,
}

/// Reads them.
///
/// # Errors
/// The store's.
pub async fn read(tx: &mut Tx, now: UtcMs) -> Result<Figures, StoreError> {
    let waves = "SELECT COUNT(*) FROM pick_waves WHERE state = 'picking'";
    Ok(Figures {
        sessions: sessions::live(tx, now).await?,
        open_waves: tx.int(waves, vals![]).await?,
        events: tx
            .int("SELECT COALESCE(MAX(id), 0) FROM events", vals![])
            .await?,
    })
}
