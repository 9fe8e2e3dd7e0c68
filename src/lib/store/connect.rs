//! From the address in a tenant file to an open database.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::dialect::Db;
use super::{Locking, Store, StoreError};

const CONNECTIONS: u32 = 4;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite waits this long for a writer before it says busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a SQLite file that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Made, with its folder.
    Create,
    /// An error.
    Refuse,
}

impl Store {
    /// Opens `sqlite://PATH` or `mysql://USER@HOST/DATABASE`. A MariaDB server is first
    /// spoken to when the first transaction begins.
    ///
    /// # Errors
    /// The address is not one, or the SQLite file cannot be opened.
    pub async fn open(
        url: &str,
        password: Option<&SecretString>,
        missing: Missing,
    ) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return open_sqlite(Path::new(path), missing).await;
        }
        if !url.starts_with("mysql://") {
            return Err(StoreError::BadUrl(format!(
                "{url:?} is no database address"
            )));
        }
        let mut options = MySqlConnectOptions::from_str(url)
            .map_err(|error| StoreError::BadUrl(format!("the database address: {error}")))?
            .charset("utf8mb4")
            .collation("utf8mb4_nopad_bin")
            .timezone(Some("+00:00".to_owned()));
        if let Some(password) = password {
            options = options.password(password.expose_secret());
        }
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self {
            db: Db::Maria(pool),
            file: None,
            locking: Locking::On,
        })
    }

    /// Speaks to the database once, on a connection of its own, which tells at once why it
    /// is out of reach; a transaction tries for some seconds before it gives up. A SQLite
    /// file was read when it was opened.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn reach(&self) -> Result<(), StoreError> {
        let Db::Maria(pool) = &self.db else {
            return Ok(());
        };
        let options = pool.connect_options();
        let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect());
        let connection = connecting.await.map_err(|_| {
            let seconds = ACQUIRE_TIMEOUT.as_secs();
            StoreError::Unreachable(format!("no answer within {seconds} s"))
        })??;
        Ok(connection.close().await?)
    }

    /// The file of an embedded store.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }
}

async fn open_sqlite(path: &Path, missing: Missing) -> Result<Store, StoreError> {
    if missing == Missing::Create
        && let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            StoreError::Unreachable(format!("making {}: {error}", folder.display()))
        })?;
    }
    if missing == Missing::Refuse && !path.is_file() {
        return Err(StoreError::NotMigrated(format!(
            "there is no database at {}",
            path.display()
        )));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(missing == Missing::Create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-32000");
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Unreachable(format!("opening {}: {error}", path.display())))?;
    Ok(Store {
        db: Db::Sqlite(pool),
        file: Some(path.to_owned()),
        locking: Locking::On,
    })
}
