//! What a workflow is given: the tenant, its store, its services, a clock, and who asks.
//!
//! Only the command line makes one, and the tests; a workflow never reaches around it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Tenant;
use crate::domain::time::UtcMs;
use crate::progress::Show;
use crate::store::{Stamp, Store};

/// Where the time comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's.
    System,
    /// A fixed point, for tests.
    Fixed(UtcMs),
}

impl Clock {
    /// The time now.
    pub fn now(self) -> UtcMs {
        match self {
            Self::System => UtcMs(chrono::Utc::now().timestamp_millis()),
            Self::Fixed(at) => at,
        }
    }
}

/// What a workflow is given.
#[derive(Clone)]
pub struct Context {
    /// The tenant's validated file.
    pub tenant: Arc<Tenant>,
    /// The tenant's database.
    pub store: Store,
    /// Where the time comes from.
    pub clock: Clock,
    /// Who asks: `cli:USER`, `cron:JOB`, `user:ID`, `webhook:CHANNEL`.
    pub actor: String,
    /// This run's id, the same in all it writes.
    pub run: String,
    /// The folder of the tenant's own files, such as the scan index.
    pub files: PathBuf,
    /// How progress is shown.
    pub show: Show,
}

impl Context {
    /// Who does this, in which run, now.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            at: self.clock.now(),
            actor: self.actor.clone(),
            run: self.run.clone(),
        }
    }

    /// The name of the file that answers scans.
    pub const SCAN_INDEX: &str = "scan.idx";

    /// The file that answers scans.
    pub fn scan_index(&self) -> PathBuf {
        self.files.join(Self::SCAN_INDEX)
    }
}
