//! The one place where MariaDB and SQLite differ: pools, transactions, locks, bulk rows.
//!
//! Statements are written once, in the SQL that both understand. What they do not share
//! (reading a JSON parameter as rows, adding to many rows at once, taking a lock) is
//! made here, so that no other file asks which database it speaks to.

mod bulk;

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::mysql::{MySqlArguments, MySqlPool, MySqlRow};
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, FromRow, MySql, MySqlConnection, Sqlite, Transaction};

use super::error::StoreError;

/// The tenant's database.
#[derive(Debug, Clone)]
pub enum Db {
    /// MariaDB 10.11 or newer.
    Maria(MySqlPool),
    /// The embedded store: one file.
    Sqlite(SqlitePool),
}

/// A transaction. Dropped before it is committed, nothing of it happened.
pub enum Tx {
    /// On a pooled MariaDB connection.
    Maria(Transaction<'static, MySql>),
    /// On a MariaDB connection of its own that also holds the allocation lock; the
    /// connection is closed at the end, for a lock would outlive its return to the pool.
    MariaLocked(Box<MySqlConnection>),
    /// On the SQLite file.
    Sqlite(Transaction<'static, Sqlite>),
}

/// A value bound to a `?`.
#[derive(Debug, Clone)]
pub enum Val {
    /// SQL NULL.
    Null,
    /// Ids, counts, minor units, times, 0 and 1.
    Int(i64),
    /// Everything that is text.
    Text(String),
    /// What a document is made of.
    Bytes(Vec<u8>),
}

/// A row that both databases can fill: anything that derives `sqlx::FromRow`, and tuples.
pub trait BothRow:
    for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl<T> BothRow for T where
    T: for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Val {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&[u8]> for Val {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<crate::domain::time::UtcMs> for Val {
    fn from(value: crate::domain::time::UtcMs) -> Self {
        Self::Int(value.0)
    }
}

impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Binds a list of values: `vals![id, "text", None::<i64>]`.
macro_rules! vals {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::dialect::Val::from($value)),*] };
}
pub(super) use vals;

/// The SQL type of a column in a bulk parameter.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// 64-bit integer.
    Int,
    /// Text of any length.
    Text,
}

/// Rows travel to the database this many at a time, far below MariaDB's packet limit.
pub const BULK_ROWS: usize = 20_000;

/// Waits this long for the allocation lock, which is held for milliseconds.
const ALLOCATION_WAIT: Duration = Duration::from_secs(5);

/// Numbers as the JSON parameter that [`Tx::ids`] reads.
pub(super) fn json_list(ids: &[i64]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}

type MariaQuery<'q> = Query<'q, MySql, MySqlArguments>;
type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;

macro_rules! bind_all {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Val::Null => query.bind(None::<i64>),
                Val::Int(value) => query.bind(value),
                Val::Text(value) => query.bind(value),
                Val::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

fn maria<'q>(sql: &str, values: Vec<Val>) -> MariaQuery<'q> {
    bind_all!(sqlx::query(AssertSqlSafe(sql)), values)
}

fn sqlite<'q>(sql: &str, values: Vec<Val>) -> SqliteQuery<'q> {
    bind_all!(sqlx::query(AssertSqlSafe(sql)), values)
}

fn maria_as<'q, T: BothRow>(sql: &str, values: Vec<Val>) -> QueryAs<'q, MySql, T, MySqlArguments> {
    bind_all!(sqlx::query_as(AssertSqlSafe(sql)), values)
}

fn sqlite_as<'q, T: BothRow>(
    sql: &str,
    values: Vec<Val>,
) -> QueryAs<'q, Sqlite, T, SqliteArguments> {
    bind_all!(sqlx::query_as(AssertSqlSafe(sql)), values)
}

impl Db {
    /// Begins a transaction. On SQLite it takes the write lock at once, so that what it
    /// read cannot have changed when it writes.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Maria(pool) => Tx::Maria(pool.begin().await?),
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Begins a transaction that only reads: one consistent picture, no lock.
    pub(super) async fn begin_read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Maria(pool) => Tx::Maria(pool.begin_with("START TRANSACTION READ ONLY").await?),
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN DEFERRED").await?),
        })
    }

    /// Begins a transaction under the allocation lock: taken on the transaction's own
    /// connection, before it begins and before its first read.
    pub(super) async fn begin_allocation(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Maria(pool) => {
                let mut connection = pool.acquire().await?.detach();
                if !get_lock(&mut connection, "allocation", ALLOCATION_WAIT).await? {
                    return Err(StoreError::AllocationBusy);
                }
                sqlx::raw_sql("START TRANSACTION")
                    .execute(&mut connection)
                    .await?;
                Ok(Tx::MariaLocked(Box::new(connection)))
            }
            Self::Sqlite(_) => self.begin().await,
        }
    }

    /// Begins a transaction for the test that shows the constraints alone hold: without
    /// the allocation lock, and on SQLite without the early write lock.
    pub(super) async fn begin_unlocked(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Maria(pool) => Tx::Maria(pool.begin().await?),
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN DEFERRED").await?),
        })
    }

    /// Closes the pool; what is in flight ends first.
    pub(super) async fn close(&self) {
        match self {
            Self::Maria(pool) => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }

    /// The database's own word for its kind and version.
    pub(super) async fn version(&self) -> Result<String, StoreError> {
        Ok(match self {
            Self::Maria(pool) => {
                let version: String = sqlx::query_scalar("SELECT VERSION()")
                    .fetch_one(pool)
                    .await?;
                format!("MariaDB {version}")
            }
            Self::Sqlite(pool) => {
                let version: String = sqlx::query_scalar("SELECT sqlite_version()")
                    .fetch_one(pool)
                    .await?;
                format!("SQLite {version}")
            }
        })
    }
}

/// `GET_LOCK` for this database: MariaDB's lock names are global to the server. Only the
/// answer 1 is a yes; 0 is a timeout and NULL an error.
pub(super) async fn get_lock(
    connection: &mut MySqlConnection,
    name: &str,
    wait: Duration,
) -> Result<bool, StoreError> {
    let database: String = sqlx::query_scalar("SELECT COALESCE(DATABASE(), '')")
        .fetch_one(&mut *connection)
        .await?;
    let digest = Sha256::digest(database.as_bytes());
    let scope: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let answer: Option<i64> = sqlx::query_scalar("SELECT GET_LOCK(?, ?)")
        .bind(format!("opsctl:{scope}:{name}"))
        .bind(wait.as_secs() as i64)
        .fetch_one(&mut *connection)
        .await?;
    Ok(answer == Some(1))
}

macro_rules! on {
    ($tx:expr, $connection:ident => $maria:expr, $sqlite:expr) => {
        match $tx {
            Tx::Maria(tx) => {
                let $connection = &mut **tx;
                $maria
            }
            Tx::MariaLocked(connection) => {
                let $connection = &mut **connection;
                $maria
            }
            Tx::Sqlite(tx) => {
                let $connection = &mut **tx;
                $sqlite
            }
        }
    };
}

impl Tx {
    /// All rows of a query.
    pub(super) async fn all<T: BothRow>(
        &mut self,
        sql: &str,
        values: Vec<Val>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(on!(self, connection =>
            maria_as(sql, values).fetch_all(connection).await?,
            sqlite_as(sql, values).fetch_all(connection).await?))
    }

    /// All rows of a query that has many: `SELECT {columns} FROM {from}`. SQLite hands each
    /// row over from a thread of its own; as one JSON text they take a third of the time.
    pub(super) async fn many<T: BothRow + serde::de::DeserializeOwned>(
        &mut self,
        columns: &str,
        from: &str,
        values: Vec<Val>,
    ) -> Result<Vec<T>, StoreError> {
        if let Self::Sqlite(_) = self {
            let sql = format!("SELECT json_group_array(json_array({columns})) FROM {from}");
            let (json,): (String,) = self.one(&sql, values).await?;
            return serde_json::from_str(&json)
                .map_err(|error| StoreError::Database(error.to_string()));
        }
        let sql = format!("SELECT {columns} FROM {from}");
        self.all(&sql, values).await
    }

    /// The first row of a query, if there is one.
    pub(super) async fn opt<T: BothRow>(
        &mut self,
        sql: &str,
        values: Vec<Val>,
    ) -> Result<Option<T>, StoreError> {
        Ok(on!(self, connection =>
            maria_as(sql, values).fetch_optional(connection).await?,
            sqlite_as(sql, values).fetch_optional(connection).await?))
    }

    /// The one row of a query.
    pub(super) async fn one<T: BothRow>(
        &mut self,
        sql: &str,
        values: Vec<Val>,
    ) -> Result<T, StoreError> {
        Ok(on!(self, connection =>
            maria_as(sql, values).fetch_one(connection).await?,
            sqlite_as(sql, values).fetch_one(connection).await?))
    }

    /// One integer, such as a count.
    pub(super) async fn int(&mut self, sql: &str, values: Vec<Val>) -> Result<i64, StoreError> {
        Ok(self.one::<(i64,)>(sql, values).await?.0)
    }

    /// Runs a statement; tells how many rows it changed.
    pub(super) async fn run(&mut self, sql: &str, values: Vec<Val>) -> Result<u64, StoreError> {
        Ok(on!(self, connection =>
            maria(sql, values).execute(connection).await?.rows_affected(),
            sqlite(sql, values).execute(connection).await?.rows_affected()))
    }

    /// Inserts one row and gives its id.
    pub(super) async fn insert(&mut self, sql: &str, values: Vec<Val>) -> Result<i64, StoreError> {
        Ok(on!(self, connection =>
            maria(sql, values).execute(connection).await?.last_insert_id() as i64,
            sqlite(sql, values).execute(connection).await?.last_insert_rowid()))
    }

    /// A table expression `j` that reads one JSON parameter, an array of arrays, as rows
    /// with the given columns: `SELECT j.a FROM {rows}`.
    pub(super) fn json_rows(&self, columns: &[(&str, Type)]) -> String {
        let column = |i: usize, name: &str, kind: Type| match self {
            Self::Sqlite(_) => format!("json_extract(value, '$[{i}]') AS `{name}`"),
            _ => {
                let kind = match kind {
                    Type::Int => "BIGINT",
                    // Else of the database's own set, which need not have every letter.
                    Type::Text => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
                };
                format!("`{name}` {kind} PATH '$[{i}]'")
            }
        };
        let list: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, (name, kind))| column(i, name, *kind))
            .collect();
        let list = list.join(", ");
        match self {
            Self::Sqlite(_) => format!("(SELECT {list} FROM jsonb_each(?)) AS j"),
            _ => format!("JSON_TABLE(?, '$[*]' COLUMNS ({list})) AS j"),
        }
    }

    /// A table expression `j` that reads one JSON parameter, a list of numbers as
    /// [`json_list`] makes it, as rows with the column `id`.
    pub(super) fn ids(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "(SELECT value AS id FROM json_each(?)) AS j",
            _ => "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS j",
        }
    }

    /// Inserts many rows, each an array with a value for each column.
    pub(super) async fn insert_many(
        &mut self,
        table: &str,
        columns: &[(&str, Type)],
        rows: &[serde_json::Value],
    ) -> Result<(), StoreError> {
        self.insert_alike(table, &[], columns, rows).await
    }

    /// Inserts many rows that have some columns in common, whose values travel once. Each
    /// row becomes a JSON array with a value for each of the other columns.
    pub(super) async fn insert_alike<R: serde::Serialize>(
        &mut self,
        table: &str,
        same: &[(&str, Val)],
        columns: &[(&str, Type)],
        rows: &[R],
    ) -> Result<(), StoreError> {
        let quoted = |names: &mut dyn Iterator<Item = &str>| -> String {
            let list: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            list.join(", ")
        };
        let names = quoted(&mut same.iter().map(|c| c.0).chain(columns.iter().map(|c| c.0)));
        let values = "?, ".repeat(same.len()) + &quoted(&mut columns.iter().map(|c| c.0));
        let from = self.json_rows(columns);
        // `WHERE 1 = 1` keeps SQLite's grammar unambiguous; both accept it.
        let sql = format!("INSERT INTO {table} ({names}) SELECT {values} FROM {from} WHERE 1 = 1");
        for chunk in rows.chunks(BULK_ROWS) {
            let json = serde_json::to_string(chunk).unwrap_or_default();
            let mut values: Vec<Val> = same.iter().map(|(_, value)| value.clone()).collect();
            values.push(json.into());
            let inserted = self.run(&sql, values).await?;
            if inserted != chunk.len() as u64 {
                return Err(StoreError::Conflict(format!(
                    "{inserted} of {} rows went into {table}",
                    chunk.len()
                )));
            }
        }
        Ok(())
    }

    /// Adds to one column of many rows by id, where the guard (over the table's columns
    /// and `j.n`, the number added) holds. A row that fails it means that somebody else
    /// was there first: a [`StoreError::Conflict`], and the caller starts over.
    pub(super) async fn add_many(
        &mut self,
        table: &str,
        column: &str,
        guard: &str,
        rows: &[(i64, i64)],
    ) -> Result<(), StoreError> {
        let from = self.json_rows(&[("id", Type::Int), ("n", Type::Int)]);
        let sql = match self {
            Self::Sqlite(_) => format!(
                "UPDATE {table} SET {column} = {column} + j.n FROM {from} \
                 WHERE {table}.id = j.id AND ({guard})"
            ),
            _ => format!(
                "UPDATE {from} STRAIGHT_JOIN {table} ON {table}.id = j.id \
                 SET {column} = {column} + j.n WHERE {guard}"
            ),
        };
        for chunk in rows.chunks(BULK_ROWS) {
            let json = serde_json::to_string(chunk).unwrap_or_default();
            let changed = self.run(&sql, vals![json]).await?;
            if changed != chunk.len() as u64 {
                return Err(StoreError::Conflict(format!(
                    "{} of {} rows of {table} had changed meanwhile",
                    chunk.len() as u64 - changed.min(chunk.len() as u64),
                    chunk.len()
                )));
            }
        }
        Ok(())
    }

    /// Makes it so. Under the allocation lock, the lock goes with it.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Maria(tx) => tx.commit().await?,
            Self::MariaLocked(mut connection) => {
                sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
                // The commit stands; a connection that breaks now frees its lock as well.
                if let Err(error) = connection.close().await {
                    tracing::debug!(%error, "closing a committed connection");
                }
            }
            Self::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
