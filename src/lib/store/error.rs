//! What can go wrong in the store, named by what the caller does next.

use sqlx::error::ErrorKind;

use crate::fault::Exit;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The allocation lock stayed taken for five seconds.
    #[error("another run is allocating stock and did not finish within 5 s")]
    AllocationBusy,
    /// Somebody else changed the same rows; nothing was written, and the work may start over.
    #[error("the same rows were changed at the same time: {0}")]
    Conflict(String),
    /// The database cannot be reached or opened.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The tables are not those that this opsctl works with.
    #[error("{0}")]
    NotMigrated(String),
    /// The database belongs to another tenant.
    #[error("this database belongs to tenant {found:?}, not {wanted:?}")]
    WrongInstance {
        /// The tenant that opened it.
        wanted: String,
        /// The tenant it belongs to.
        found: String,
    },
    /// The address of the database is not one.
    #[error("{0}")]
    BadUrl(String),
    /// A constraint refused a row: what was asked for would break a rule of the data.
    #[error("the database refused the change ({rule}): {message}")]
    Refused {
        /// The kind of rule: unique, foreign key, check, not null.
        rule: &'static str,
        /// The database's own words.
        message: String,
    },
    /// Anything else the database said.
    #[error("the database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same work, started over from its first read, may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether a unique key refused the row: it is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Refused { rule: "unique", .. })
    }

    /// The exit code it leads to.
    pub fn exit(&self) -> Exit {
        match self {
            Self::AllocationBusy | Self::Conflict(_) | Self::Unreachable(_) => Exit::TryAgain,
            Self::WrongInstance { .. } | Self::BadUrl(_) => Exit::Usage,
            Self::NotMigrated(_) | Self::Refused { .. } | Self::Database(_) => Exit::Failed,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AllocationBusy | Self::Conflict(_) => Some("run the command again in a moment"),
            Self::Unreachable(_) => {
                Some("see that the database runs and that [store] in the tenant file is right")
            }
            Self::NotMigrated(_) => Some("run `opsctl db migrate`"),
            Self::WrongInstance { .. } => Some(
                "each tenant has a database of its own: correct [store] url in the tenant file",
            ),
            Self::BadUrl(_) => Some("write sqlite://PATH or mysql://USER@HOST/DATABASE"),
            Self::Refused { .. } => Some("`opsctl check` tells whether the stored data is sound"),
            Self::Database(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed => Self::Unreachable(error.to_string()),
                other => Self::Database(other.to_string()),
            };
        };
        let message = database.message().to_owned();
        let rule = match database.kind() {
            ErrorKind::UniqueViolation => Some("unique"),
            ErrorKind::ForeignKeyViolation => Some("foreign key"),
            ErrorKind::NotNullViolation => Some("not null"),
            ErrorKind::CheckViolation => Some("check"),
            _ => None,
        };
        if let Some(rule) = rule {
            return Self::Refused { rule, message };
        }
        if let Some(mysql) = database.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            return match mysql.number() {
                // Deadlock, lock wait, changed since read (innodb_snapshot_isolation).
                1213 | 1205 | 1020 => Self::Conflict(message),
                // Access denied, unknown database, too many connections, shutting down.
                1044 | 1045 | 1049 | 1040 | 1053 | 1927 => Self::Unreachable(message),
                1146 => Self::NotMigrated(format!("a table is missing: {message}")),
                _ => Self::Database(message),
            };
        }
        match database.code().as_deref() {
            // Busy, and busy because the snapshot read is no longer the newest.
            Some("5" | "517" | "6" | "262") => Self::Conflict(message),
            // Cannot open, not a database, read-only.
            Some("14" | "26" | "8") => Self::Unreachable(message),
            Some("1") if message.starts_with("no such table") => {
                Self::NotMigrated(format!("a table is missing: {message}"))
            }
            _ => Self::Database(message),
        }
    }
}
