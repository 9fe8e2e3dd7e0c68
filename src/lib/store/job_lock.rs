//! Keeps a second run of the same job away. May be held across network calls.
//!
//! On MariaDB a connection of its own holds `GET_LOCK`; beside a SQLite file it is a
//! locked file. Either way it ends with the process, however that ends.

use std::fs::{File, TryLockError};
use std::time::Duration;

use sqlx::MySqlConnection;

use super::dialect::{Db, get_lock};
use super::{Locking, Store, StoreError};

/// A held job lock. Dropping it frees the job.
pub struct JobLock {
    _held: Held,
}

#[allow(dead_code, reason = "held for what dropping it does")]
enum Held {
    Connection(Box<MySqlConnection>),
    File(File),
    Nothing,
}

impl Store {
    /// Takes the lock of a job, or tells at once that another run has it (`None`).
    ///
    /// # Errors
    /// The database is out of reach, or the lock file cannot be made.
    pub async fn try_job_lock(&self, job: &str) -> Result<Option<JobLock>, StoreError> {
        if self.locking == Locking::Off {
            return Ok(Some(JobLock {
                _held: Held::Nothing,
            }));
        }
        let held = match &self.db {
            Db::Maria(pool) => {
                let mut connection = pool.acquire().await?.detach();
                get_lock(&mut connection, &format!("job:{job}"), Duration::ZERO)
                    .await?
                    .then(|| Held::Connection(Box::new(connection)))
            }
            Db::Sqlite(_) => self.try_lock_file(job)?.map(Held::File),
        };
        Ok(held.map(|held| JobLock { _held: held }))
    }

    fn try_lock_file(&self, job: &str) -> Result<Option<File>, StoreError> {
        let path = self
            .file
            .as_deref()
            .unwrap_or(std::path::Path::new("opsctl.db"))
            .with_extension(format!("{job}.lock"));
        let unreachable =
            |error: std::io::Error| StoreError::Unreachable(format!("{}: {error}", path.display()));
        let file = File::create(&path).map_err(unreachable)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unreachable(error)),
        }
    }
}
