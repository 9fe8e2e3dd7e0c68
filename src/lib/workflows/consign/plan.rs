//! A sending that can be asked for, before anybody was.

use super::{Asked, Papers, Report};
use crate::domain::carriage::Piece;

/// Pieces, each with the package it is.
pub(super) type Pieces = Vec<(Piece, Option<i64>)>;

/// A sending that can be asked for.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) order: i64,
    pub(super) order_ref: String,
    pub(super) task: Option<i64>,
    pub(super) carrier: String,
    pub(super) asked: Asked,
    /// The package of each piece.
    pub(super) packages: Vec<Option<i64>>,
    /// The shipment whose goods have left by the books already: its labels were voided.
    pub(super) shipment: Option<i64>,
    /// Whether it comes back to us.
    pub(super) inbound: bool,
    /// Whether it is bought though another such sending was.
    pub(super) another: bool,
}

impl Plan {
    pub(super) fn report(&self, dry_run: bool) -> Report {
        Report {
            dry_run,
            order: self.order_ref.clone(),
            carrier: self.carrier.clone(),
            service: self.asked.sending.service.clone(),
            pieces: self.asked.sending.pieces.clone(),
            consignment: None,
            before: false,
            shipped: None,
            papers: Papers::default(),
            shop_waits: Vec::new(),
            needs_decision: Vec::new(),
        }
    }
}
