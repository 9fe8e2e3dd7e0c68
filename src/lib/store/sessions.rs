//! Browsers that are signed in. The store knows a hash of what a browser holds, so that
//! whoever reads the table cannot sign in with it.

use super::StoreError;
use super::dialect::{Tx, vals};
use super::users::Badged;
use crate::domain::time::UtcMs;

/// A session as stored, with the user it is signed in as.
#[derive(Debug, Clone)]
pub struct Row {
    /// What the browser's session holds, as JSON.
    pub data: String,
    /// When it ends unless it is used.
    pub expires_at: UtcMs,
    /// Who is signed in, as they are now; nobody where the station is locked.
    pub user: Option<Badged>,
}

/// A session that has not expired, and whose user may still come in.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, id: &str, now: UtcMs) -> Result<Option<Row>, StoreError> {
    type Found = (
        String,
        i64,
        Option<i64>,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let found: Option<Found> = tx
        .opt(
            "SELECT s.data, s.expires_at, u.id, u.name, u.display_name, u.role FROM sessions s \
             LEFT JOIN users u ON u.id = s.user_id \
             WHERE s.id = ? AND s.expires_at > ? AND (s.user_id IS NULL OR u.disabled_at IS NULL)",
            vals![id, now],
        )
        .await?;
    Ok(
        found.map(|(data, expires_at, id, name, display_name, role)| Row {
            data,
            expires_at: UtcMs(expires_at),
            user: id.map(|id| Badged {
                id,
                name: name.unwrap_or_default(),
                display_name: display_name.unwrap_or_default(),
                role: role.unwrap_or_default(),
            }),
        }),
    )
}

/// Notes a new session. One for a user who has been disabled, or whose secrets have changed
/// since `seen` (the user's last change that the sign-in was checked against), is not made.
///
/// # Errors
/// The id is there already ([`StoreError::is_duplicate`]), or the store's.
pub async fn create(
    tx: &mut Tx,
    id: &str,
    user: Option<(i64, UtcMs)>,
    data: &str,
    now: UtcMs,
    expires_at: UtcMs,
) -> Result<bool, StoreError> {
    let made = match user {
        Some((user, seen)) => {
            tx.run(
                "INSERT INTO sessions (id, user_id, data, created_at, expires_at) \
                 SELECT ?, u.id, ?, ?, ? FROM users u \
                 WHERE u.id = ? AND u.disabled_at IS NULL AND u.updated_at = ?",
                vals![id, data, now, expires_at, user, seen],
            )
            .await?
        }
        None => {
            tx.run(
                "INSERT INTO sessions (id, user_id, data, created_at, expires_at) \
                 VALUES (?, NULL, ?, ?, ?)",
                vals![id, data, now, expires_at],
            )
            .await?
        }
    };
    Ok(made == 1)
}

/// Keeps what a session holds. A session that is gone stays gone.
///
/// # Errors
/// The store's.
pub async fn save(tx: &mut Tx, id: &str, data: &str, expires_at: UtcMs) -> Result<(), StoreError> {
    tx.run(
        "UPDATE sessions SET data = ?, expires_at = ? WHERE id = ?",
        vals![data, expires_at, id],
    )
    .await?;
    Ok(())
}

/// Lets a session that is used live on.
///
/// # Errors
/// The store's.
pub async fn extend(tx: &mut Tx, id: &str, expires_at: UtcMs) -> Result<(), StoreError> {
    tx.run(
        "UPDATE sessions SET expires_at = ? WHERE id = ? AND expires_at < ?",
        vals![expires_at, id, expires_at],
    )
    .await?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// The store's.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.run("DELETE FROM sessions WHERE id = ?", vals![id])
        .await?;
    Ok(())
}

/// Ends all sessions of a user; tells how many.
///
/// # Errors
/// The store's.
pub async fn delete_of_user(tx: &mut Tx, user: i64) -> Result<u64, StoreError> {
    tx.run("DELETE FROM sessions WHERE user_id = ?", vals![user])
        .await
}

/// Forgets sessions that have expired.
///
/// # Errors
/// The store's.
pub async fn sweep(tx: &mut Tx, now: UtcMs) -> Result<u64, StoreError> {
    tx.run("DELETE FROM sessions WHERE expires_at <= ?", vals![now])
        .await
}

/// How many have not expired.
///
/// # Errors
/// The store's.
pub async fn live(tx: &mut Tx, now: UtcMs) -> Result<i64, StoreError> {
    tx.int(
        "SELECT COUNT(*) FROM sessions WHERE expires_at > ?",
        vals![now],
    )
    .await
}
