//! A connection straight to the database: what the real workflow is held against, and what
//! makes the data. As durable as the store's own: the settings are the same.

use std::str::FromStr;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::harness::{Kind, Shop};

pub enum Raw {
    Maria(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// A value bound to a `?`.
#[derive(Clone, Copy)]
pub enum Bind<'a> {
    Int(i64),
    Text(&'a str),
}

macro_rules! bound {
    ($sql:expr, $binds:expr) => {{
        let mut query = sqlx::query($sql);
        for bind in $binds {
            query = match *bind {
                Bind::Int(value) => query.bind(value),
                Bind::Text(value) => query.bind(value.to_owned()),
            };
        }
        query
    }};
}

macro_rules! bound_as {
    ($sql:expr, $binds:expr) => {{
        let mut query = sqlx::query_as($sql);
        for bind in $binds {
            query = match *bind {
                Bind::Int(value) => query.bind(value),
                Bind::Text(value) => query.bind(value.to_owned()),
            };
        }
        query
    }};
}

impl Raw {
    /// With the settings that the store gives its own connections.
    pub async fn open(shop: &Shop) -> Self {
        match shop.kind {
            Kind::Sqlite => {
                let file = shop.url.strip_prefix("sqlite://").unwrap();
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .pragma("cache_size", "-32000");
                Self::Sqlite(options.connect().await.unwrap())
            }
            _ => {
                let options = MySqlConnectOptions::from_str(&shop.url)
                    .unwrap()
                    .charset("utf8mb4")
                    .collation("utf8mb4_nopad_bin");
                Self::Maria(options.connect().await.unwrap())
            }
        }
    }

    /// Statements without parameters, each as the database has it.
    pub async fn script(&mut self, sql: &str) {
        let done = match self {
            Self::Maria(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
            Self::Sqlite(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{error}: {}", sql.get(..200).unwrap_or(sql)));
    }

    /// One statement on either database.
    pub async fn either(&mut self, maria: &str, sqlite: &str) {
        let sql = match self {
            Self::Maria(_) => maria,
            Self::Sqlite(_) => sqlite,
        };
        self.script(sql).await;
    }

    /// A prepared statement; gives the rows it changed.
    pub async fn run(&mut self, sql: &'static str, binds: &[Bind<'_>]) -> u64 {
        match self {
            Self::Maria(c) => bound!(sql, binds).execute(c).await.unwrap().rows_affected(),
            Self::Sqlite(c) => bound!(sql, binds).execute(c).await.unwrap().rows_affected(),
        }
    }

    /// The rows of a prepared query with two numbers in each.
    pub async fn pairs(&mut self, sql: &'static str, binds: &[Bind<'_>]) -> Vec<(i64, i64)> {
        match self {
            Self::Maria(c) => bound_as!(sql, binds).fetch_all(c).await.unwrap(),
            Self::Sqlite(c) => bound_as!(sql, binds).fetch_all(c).await.unwrap(),
        }
    }

    /// The rows of a query with four numbers in each.
    pub async fn fours(&mut self, sql: &'static str) -> Vec<(i64, i64, i64, i64)> {
        match self {
            Self::Maria(c) => sqlx::query_as(sql).fetch_all(c).await.unwrap(),
            Self::Sqlite(c) => sqlx::query_as(sql).fetch_all(c).await.unwrap(),
        }
    }

    /// One number.
    pub async fn int(&mut self, sql: &'static str) -> i64 {
        let row: (i64,) = match self {
            Self::Maria(c) => sqlx::query_as(sql).fetch_one(c).await.unwrap(),
            Self::Sqlite(c) => sqlx::query_as(sql).fetch_one(c).await.unwrap(),
        };
        row.0
    }

    /// Lets the database finish what it does behind a statement's back, so that it does not
    /// fall into the next measurement.
    pub async fn settle(&mut self) {
        match self {
            Self::Sqlite(_) => self.script("PRAGMA wal_checkpoint(TRUNCATE)").await,
            Self::Maria(c) => {
                for _ in 0..200 {
                    let (_, left): (String, String) =
                        sqlx::query_as("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'")
                            .fetch_one(&mut *c)
                            .await
                            .unwrap();
                    if left.parse::<u64>().unwrap() < 50 {
                        break;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// On what the figures were made.
pub async fn settings() -> String {
    let server = std::env::var("OPSCTL_TEST_MARIADB").unwrap();
    let mut connection = MySqlConnection::connect(&server).await.unwrap();
    let (version, flush, binlog, pool): (String, i64, i64, i64) = sqlx::query_as(
        "SELECT VERSION(), CAST(@@innodb_flush_log_at_trx_commit AS SIGNED), \
         CAST(@@log_bin AS SIGNED), CAST(@@innodb_buffer_pool_size DIV 1048576 AS SIGNED)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let mut sqlite = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let (sqlite_version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(&mut sqlite)
        .await
        .unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    format!(
        "\n{cores} cores. SQLite {sqlite_version}: journal_mode=WAL, synchronous=FULL. MariaDB \
         {version}: as installed, innodb_flush_log_at_trx_commit={flush}, log_bin={binlog}, \
         innodb_buffer_pool_size={pool}M, over TCP on this machine. opsctl built with \
         [profile.bench]."
    )
}
