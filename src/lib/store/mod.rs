//! All SQL there is, one file per aggregate, over one set of SQL for MariaDB and SQLite.
//!
//! A [`Store`] opens transactions ([`Tx`]); the functions of the aggregates take one.
//! Nothing here decides anything about the trade: that is `domain`, told by `workflows`.

pub mod applied_refs;
pub mod channels;
pub mod check;
pub mod cogs;
pub mod connect;
pub mod consignments;
pub mod costs;
pub mod counts;
mod dialect;
pub mod discrepancies;
pub mod documents;
pub mod error;
pub mod events;
pub mod export;
pub mod figures;
pub mod found_lots;
pub mod gtins;
pub mod holds;
pub mod invoices;
pub mod job_lock;
pub mod job_runs;
pub mod kits;
pub mod listings;
pub mod locations;
pub mod low_stock;
pub mod migrate;
pub mod office;
pub mod orders;
pub mod outbox;
pub mod packages;
pub mod payments;
pub mod picks;
pub mod print_jobs;
pub mod products;
pub mod purchasing;
pub mod receipts;
pub mod reservations;
pub mod scan_index;
pub mod serials;
pub mod sessions;
pub mod shipments;
pub mod stock;
pub mod suppliers;
pub mod users;
pub mod value;

use std::path::PathBuf;

pub use dialect::Tx;
pub use error::StoreError;

use dialect::Db;

use crate::domain::time::UtcMs;

/// Whether writers take the allocation lock. Always, but in the test that shows what the
/// constraints alone are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// As in production.
    On,
    /// Without locks: only constraints and guarded updates stand.
    Off,
}

/// Who does something, in which run, and when: on every row that tells of a change.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// When.
    pub at: UtcMs,
    /// By whom.
    pub actor: String,
    /// In which run.
    pub run: String,
    /// The tenant's zone, in which business days are told.
    pub zone: chrono_tz::Tz,
}

impl Stamp {
    /// The business day of this moment: `YYYY-MM-DD`.
    pub fn day(&self) -> String {
        self.at.day_in(self.zone)
    }

    /// Another moment as a clock on the tenant's wall shows it, with its day where that is
    /// not this moment's.
    pub fn clock(&self, at: UtcMs) -> String {
        at.clock_in(self.zone, self.at)
    }
}

/// A tenant's database.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    /// The SQLite file, beside which lock files lie.
    file: Option<PathBuf>,
    locking: Locking,
}

impl Store {
    /// The same store with or without locks.
    #[must_use]
    pub fn with_locking(mut self, locking: Locking) -> Self {
        self.locking = locking;
        self
    }

    /// A transaction that writes nothing reservations depend on.
    ///
    /// # Errors
    /// The database is out of reach or busy.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.db.begin().await
    }

    /// A consistent picture to read from.
    ///
    /// # Errors
    /// The database is out of reach or busy.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        self.db.begin_read().await
    }

    /// A transaction for whoever changes reservations, demand or balances.
    ///
    /// # Errors
    /// The lock stayed taken for 5 s, or the database is out of reach.
    pub async fn allocate(&self) -> Result<Tx, StoreError> {
        match self.locking {
            Locking::On => self.db.begin_allocation().await,
            Locking::Off => self.db.begin_unlocked().await,
        }
    }

    /// Makes what a transaction wrote stand.
    ///
    /// # Errors
    /// A conflict, or the database is out of reach: nothing of it stands, unless the
    /// connection broke during the commit itself.
    pub async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        tx.commit().await
    }

    /// Kind and version of the database, for people.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn version(&self) -> Result<String, StoreError> {
        self.db.version().await
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
