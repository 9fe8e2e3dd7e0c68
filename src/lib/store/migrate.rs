//! Brings the tables to the form this opsctl works with, once, however many try at once.
//!
//! The database's own migration locks do not hold (MariaDB answers NULL to the one sqlx
//! takes, SQLite has none), so a lock of ours stands around them. MariaDB commits each
//! DDL statement by itself: every step is written so that it may run again, and one that
//! was cut short is taken up from its start.

use std::fs::File;
use std::time::Duration;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::{Connection, MySqlConnection, MySqlPool, SqlitePool};

use super::dialect::{Db, Tx, get_lock, vals};
use super::{Store, StoreError};
use crate::domain::time::UtcMs;

static MARIADB: Migrator = sqlx::migrate!("migrations/mariadb");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

const LOCK_WAIT: Duration = Duration::from_secs(60);

/// One step, and whether it has been taken.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Step {
    /// The step's number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

impl Store {
    /// Takes all steps that are missing and makes the database this tenant's.
    /// Harmless to repeat and to run many times at once. Tells which steps were taken.
    ///
    /// # Errors
    /// Out of reach, another tenant's, or made by a newer opsctl.
    pub async fn migrate(&self, tenant: &str, now: UtcMs) -> Result<Vec<Step>, StoreError> {
        let before = match &self.db {
            Db::Maria(pool) => migrate_mariadb(pool).await?,
            Db::Sqlite(pool) => migrate_sqlite(pool, self.file.as_deref()).await?,
        };
        let mut tx = self.begin().await?;
        claim(&mut tx, tenant, now).await?;
        tx.commit().await?;
        Ok(before.into_iter().filter(|step| !step.applied).collect())
    }

    /// All steps this opsctl knows, and which of them the database has.
    ///
    /// # Errors
    /// Out of reach.
    pub async fn migration_steps(&self) -> Result<Vec<Step>, StoreError> {
        Ok(steps(self.migrator(), &self.taken_steps().await?))
    }

    /// The numbers of steps that the database has and this opsctl does not know: a newer
    /// one took them.
    ///
    /// # Errors
    /// Out of reach.
    pub async fn unknown_steps(&self) -> Result<Vec<i64>, StoreError> {
        let known = self.migrator();
        let mut taken = self.taken_steps().await?;
        taken.retain(|version| known.iter().all(|step| step.version != *version));
        Ok(taken)
    }

    /// The tenant that the database belongs to; none before the first migration.
    ///
    /// # Errors
    /// Out of reach.
    pub async fn owner(&self) -> Result<Option<String>, StoreError> {
        let mut tx = self.read().await?;
        let found = tx.opt("SELECT tenant FROM instance", vals![]).await;
        Ok(before_the_first(found)?.flatten().map(|(tenant,)| tenant))
    }

    fn migrator(&self) -> &'static Migrator {
        match &self.db {
            Db::Maria(_) => &MARIADB,
            Db::Sqlite(_) => &SQLITE,
        }
    }

    /// The numbers of the steps taken whole, in order.
    async fn taken_steps(&self) -> Result<Vec<i64>, StoreError> {
        let mut tx = self.read().await?;
        let sql = "SELECT version FROM _sqlx_migrations WHERE success = 1 ORDER BY version";
        let rows: Option<Vec<(i64,)>> = before_the_first(tx.all(sql, vals![]).await)?;
        let rows = rows.unwrap_or_default();
        Ok(rows.into_iter().map(|(version,)| version).collect())
    }

    /// Refuses a database that is not migrated, or another tenant's.
    ///
    /// # Errors
    /// As said; also out of reach.
    pub async fn verify(&self, tenant: &str) -> Result<(), StoreError> {
        let missing = self
            .migration_steps()
            .await?
            .into_iter()
            .filter(|step| !step.applied)
            .count();
        if missing > 0 {
            return Err(StoreError::NotMigrated(format!(
                "the database lacks {missing} migration steps"
            )));
        }
        let mut tx = self.read().await?;
        let (found,): (String,) = tx.one("SELECT tenant FROM instance", vals![]).await?;
        if found != tenant {
            return Err(StoreError::WrongInstance {
                wanted: tenant.to_owned(),
                found,
            });
        }
        Ok(())
    }
}

/// What was read, or `None` where its table is not there yet.
fn before_the_first<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(rows) => Ok(Some(rows)),
        Err(StoreError::NotMigrated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn applied<C: Migrate>(connection: &mut C) -> Vec<i64> {
    // A database without the table of steps has none of them.
    connection
        .list_applied_migrations(&MARIADB.table_name)
        .await
        .map(|list| list.iter().map(|step| step.version).collect())
        .unwrap_or_default()
}

fn steps(migrator: &Migrator, applied: &[i64]) -> Vec<Step> {
    migrator
        .iter()
        .map(|step| Step {
            version: step.version,
            name: step.description.to_string(),
            applied: applied.contains(&step.version),
        })
        .collect()
}

async fn migrate_mariadb(pool: &MySqlPool) -> Result<Vec<Step>, StoreError> {
    let mut connection: MySqlConnection = pool.acquire().await?.detach();
    if !get_lock(&mut connection, "migrate", LOCK_WAIT).await? {
        return Err(busy());
    }
    let table = &MARIADB.table_name;
    connection
        .ensure_migrations_table(table)
        .await
        .map_err(unmigrated)?;
    sqlx::raw_sql("DELETE FROM _sqlx_migrations WHERE success = 0")
        .execute(&mut connection)
        .await?;
    let before = steps(&MARIADB, &applied(&mut connection).await);
    run(&MARIADB, &mut connection).await?;
    connection.close().await?;
    Ok(before)
}

async fn migrate_sqlite(
    pool: &SqlitePool,
    file: Option<&std::path::Path>,
) -> Result<Vec<Step>, StoreError> {
    let _lock = match file {
        Some(file) => Some(lock_file(file.with_extension("migrate.lock")).await?),
        None => None,
    };
    let mut connection = pool.acquire().await?;
    let before = steps(&SQLITE, &applied(&mut *connection).await);
    run(&SQLITE, &mut *connection).await?;
    Ok(before)
}

/// Waits for a lock file on a thread of its own, so that its holder can go on meanwhile;
/// freed when dropped.
async fn lock_file(path: std::path::PathBuf) -> Result<File, StoreError> {
    let shown = path.display().to_string();
    let unreachable = |error: std::io::Error| StoreError::Unreachable(format!("{shown}: {error}"));
    tokio::task::spawn_blocking(move || {
        let lock = File::create(&path)?;
        lock.lock()?;
        Ok(lock)
    })
    .await
    .map_err(|error| unreachable(std::io::Error::other(error)))?
    .map_err(unreachable)
}

async fn run<C: Migrate>(migrator: &Migrator, connection: &mut C) -> Result<(), StoreError> {
    let mut unlocked = Migrator::with_migrations(migrator.iter().cloned().collect());
    unlocked.set_locking(false);
    unlocked
        .run_direct(None, connection, false)
        .await
        .map_err(unmigrated)
}

fn unmigrated(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::NotMigrated(format!(
            "the database was migrated by a newer opsctl (it has step {version})"
        )),
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Database(other.to_string()),
    }
}

fn busy() -> StoreError {
    StoreError::Conflict("another migration did not finish within 60 s".to_owned())
}

/// Writes whose database this is, at first use; refuses another's.
async fn claim(tx: &mut Tx, tenant: &str, now: UtcMs) -> Result<(), StoreError> {
    let found: Option<(String,)> = tx.opt("SELECT tenant FROM instance", vals![]).await?;
    match found {
        Some((found,)) if found == tenant => Ok(()),
        Some((found,)) => Err(StoreError::WrongInstance {
            wanted: tenant.to_owned(),
            found,
        }),
        None => {
            let made = tx
                .run(
                    "INSERT INTO instance (id, uuid, tenant, created_at) VALUES (1, ?, ?, ?)",
                    vals![uuid::Uuid::new_v4().to_string(), tenant, now],
                )
                .await;
            match made {
                Err(error) if error.is_duplicate() => Ok(()),
                other => other.map(|_| ()),
            }
        }
    }
}
