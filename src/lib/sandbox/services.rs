//! What every request to the sandbox can reach.

use super::clock::Clock;
use super::faults::Faults;
use super::ups::Ups;
use super::woocommerce::Shop;

/// What every request can reach. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Services {
    pub(super) shop: Shop,
    pub(super) ups: Ups,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    /// Whether the port itself speaks TLS.
    pub(super) https: bool,
}
