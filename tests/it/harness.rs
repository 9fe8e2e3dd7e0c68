//! A tenant on a store of its own, in process and for the real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use opsctl::config::Tenant;
use opsctl::context::{Clock, Context, Services};
use opsctl::domain::time::UtcMs;
use opsctl::integrations::http::HttpOptions;
use opsctl::progress::Show;
use opsctl::store::Store;
use opsctl::store::connect::Missing;
use opsctl::vault::Secrets;
use sqlx::{Connection, MySqlConnection, SqliteConnection};
use tempfile::TempDir;

/// 2026-03-01T09:00:00Z.
pub const NOW: UtcMs = UtcMs(1_772_355_600_000);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Maria,
    /// MariaDB with `innodb_snapshot_isolation`, the default of 11.6 and later.
    MariaSnapshot,
}

/// A tenant named `shop` in a folder of its own, on a database of its own.
pub struct Shop {
    pub folder: TempDir,
    pub kind: Kind,
    pub url: String,
}

impl Shop {
    pub async fn new(kind: Kind) -> Self {
        let folder = TempDir::new().unwrap();
        let url = match kind {
            Kind::Sqlite => format!(
                "sqlite://{}",
                folder.path().join("var/shop/opsctl.db").display()
            ),
            Kind::Maria => new_database("OPSCTL_TEST_MARIADB").await,
            Kind::MariaSnapshot => new_database("OPSCTL_TEST_MARIADB_SNAPSHOT").await,
        };
        let shop = Self { folder, kind, url };
        std::fs::create_dir_all(shop.path("tenants")).unwrap();
        shop.write("tenants/shop.toml", &shop.tenant_file(""));
        let store = Store::open(&shop.url, None, Missing::Create).await.unwrap();
        store.migrate("shop", NOW).await.unwrap();
        store.close().await;
        shop
    }

    pub fn tenant_file(&self, more: &str) -> String {
        format!(
            r#"[tenant]
name = "shop"
display_name = "The Shop"
timezone = "Europe/Amsterdam"
currency = "EUR"

[store]
url = "{}"

[vault]
file = "var/shop/vault.age"
identity = "file://var/shop/identity.txt"
{more}"#,
            self.url
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A context of its own, as another process would have it.
    pub async fn context(&self, run: &str) -> Context {
        self.context_with(run, "").await
    }

    pub async fn context_with(&self, run: &str, more: &str) -> Context {
        let file = self.path("tenants/shop.toml");
        let tenant = Tenant::parse(&self.tenant_file(more), &file).unwrap();
        let secrets = Secrets::new(&tenant.vault.file, tenant.vault.identity.clone());
        Context {
            services: Services::new(Arc::new(secrets), HttpOptions::default()),
            tenant: Arc::new(tenant),
            store: Store::open(&self.url, None, Missing::Refuse).await.unwrap(),
            clock: Clock::Fixed(NOW),
            actor: "cli:test".to_owned(),
            run: run.to_owned(),
            files: self.path("var/shop"),
            show: Show::Never,
        }
    }

    /// Runs a statement behind opsctl's back.
    pub async fn sql(&self, statement: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
        if self.kind == Kind::Sqlite {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = MySqlConnection::connect(&self.url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// The real binary, started in the tenant's folder.
    pub fn command(&self, args: &[&str]) -> Command {
        command(self.folder.path(), args)
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the binary, which must succeed, and gives its JSON report.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.run(&[&["--json"], args].concat());
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Holds `opsctl check` against the data.
    pub fn must_be_sound(&self) {
        let output = self.run(&["check"]);
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsctl"));
    command
        .current_dir(folder)
        .env("OPSCTL_TENANT", "shop")
        .env("OPSCTL_ACTOR", "cli:test")
        .args(args);
    command
}

/// A new, empty database on the server that `tests/run.sh` started.
async fn new_database(server: &str) -> String {
    let server = std::env::var(server).unwrap_or_else(|_| {
        panic!("{server} is not set: start the tests with tests/run.sh, which starts MariaDB")
    });
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let mut connection = MySqlConnection::connect(&server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    format!("{server}/{name}")
}

/// Runs a story on SQLite, on MariaDB, and on MariaDB with snapshot isolation.
macro_rules! on_all_stores {
    ($($story:ident),* $(,)?) => { $(
        mod $story {
            use $crate::harness::{Kind, Shop};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$story(Shop::new(Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mariadb() {
                super::$story(Shop::new(Kind::Maria).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mariadb_snapshot() {
                super::$story(Shop::new(Kind::MariaSnapshot).await).await;
            }
        }
    )* };
}
pub(crate) use on_all_stores;
