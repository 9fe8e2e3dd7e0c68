//! The sandbox's time: the machine's, moved by as many seconds as a test asks for.
//!
//! Whole seconds, because that is how finely a WooCommerce shop dates what happens in it.
//! A clock may also stand still at a given moment, so that a run can be repeated exactly.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that can be moved. Clones share their offset.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> i64 + Send + Sync>,
    offset_s: Arc<AtomicI64>,
}

impl Clock {
    /// Follows the machine's clock.
    pub fn machine() -> Self {
        Self::from_source(machine_seconds)
    }

    /// Stands still at `unix_s` seconds since 1970 until it is advanced.
    pub fn fixed(unix_s: i64) -> Self {
        Self::from_source(move || unix_s)
    }

    /// Asks `source` for the seconds since 1970.
    pub fn from_source(source: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self {
            source: Arc::new(source),
            offset_s: Arc::default(),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn now(&self) -> i64 {
        (self.source)().saturating_add(self.offset_s.load(Ordering::SeqCst))
    }

    /// Moves the clock by `seconds`; back, when negative.
    pub fn advance(&self, seconds: i64) {
        self.offset_s.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::machine()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The machine's own time, in seconds since 1970.
pub(super) fn machine_seconds() -> i64 {
    chrono::Utc::now().timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_move_together() {
        let clock = Clock::fixed(100);
        clock.clone().advance(5);
        assert_eq!(clock.now(), 105);
        clock.advance(-10);
        assert_eq!(clock.now(), 95);
    }
}
