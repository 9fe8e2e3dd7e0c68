//! People who may sign in. What proves them is stored as hashes only.

use serde::Serialize;

use super::dialect::{Tx, Val, vals};
use super::{Stamp, StoreError};
use crate::domain::people::Role;
use crate::domain::time::UtcMs;

/// A user as a session knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badged {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// Their role, as stored.
    pub role: String,
}

/// A user without what proves them.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// Their role.
    pub role: String,
    /// Whether they have a PIN.
    pub has_pin: bool,
    /// Whether they have a badge.
    pub has_badge: bool,
    /// Browsers they are signed in with.
    pub sessions: i64,
    /// Until when no attempt of theirs counts; milliseconds since 1970.
    pub locked_until: Option<i64>,
    /// Since when they may not sign in; milliseconds since 1970.
    pub disabled_at: Option<i64>,
    /// Since when they are here; milliseconds since 1970.
    pub created_at: i64,
}

/// A user with the hashes of what proves them. Never shown.
#[derive(Clone, sqlx::FromRow)]
pub struct Proof {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// Their role.
    pub role: String,
    /// The hash of the password.
    pub password_hash: String,
    /// The hash of the PIN.
    pub pin_hash: Option<String>,
    /// The hash of the badge's secret.
    pub badge_hash: Option<String>,
    /// Wrong attempts since the last right one.
    pub failed_attempts: i64,
    /// Until when no attempt of theirs counts.
    pub locked_until: Option<i64>,
    /// Since when they may not sign in.
    pub disabled_at: Option<i64>,
    /// Their last change, which a session made now is bound to.
    pub updated_at: i64,
}

/// The hashes of what proves somebody, as they are set; `None` leaves what is stored.
#[derive(Debug, Clone, Default)]
pub struct Hashes {
    /// Of the password.
    pub password: Option<String>,
    /// Of the PIN.
    pub pin: Option<String>,
    /// The badge's key, and the hash of its secret.
    pub badge: Option<(String, String)>,
}

/// By what a user is found who wants in.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// The name.
    Name(&'a str),
    /// The id.
    Id(i64),
    /// The key on the badge.
    Badge(&'a str),
}

const PROOF: &str = "SELECT id, name, display_name, role, password_hash, pin_hash, badge_hash, \
    failed_attempts, locked_until, disabled_at, updated_at FROM users";

/// A change is later than the one before it, whatever the clock says: sessions are bound to
/// the change they were checked against.
const CHANGED: &str = "updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at + 1 END, \
    actor = ?, run = ?";

/// All users by name.
///
/// # Errors
/// The store's.
pub async fn list(tx: &mut Tx, now: UtcMs) -> Result<Vec<Row>, StoreError> {
    tx.all(
        "SELECT u.id, u.name, u.display_name, u.role, u.pin_hash IS NOT NULL AS has_pin, \
           u.badge_key IS NOT NULL AS has_badge, \
           (SELECT COUNT(*) FROM sessions s WHERE s.user_id = u.id AND s.expires_at > ?) \
             AS sessions, \
           u.locked_until, u.disabled_at, u.created_at FROM users u ORDER BY u.name",
        vals![now],
    )
    .await
}

/// A user with what proves them.
///
/// # Errors
/// The store's.
pub async fn proof(tx: &mut Tx, key: Key<'_>) -> Result<Option<Proof>, StoreError> {
    let (column, value): (&str, Val) = match key {
        Key::Name(name) => ("name", name.into()),
        Key::Id(id) => ("id", id.into()),
        Key::Badge(badge) => ("badge_key", badge.into()),
    };
    tx.opt(&format!("{PROOF} WHERE {column} = ?"), vec![value])
        .await
}

/// Id and name of those who may unlock a station with a PIN, by the name they are called by.
///
/// # Errors
/// The store's.
pub async fn with_pin(tx: &mut Tx) -> Result<Vec<(i64, String)>, StoreError> {
    tx.all(
        "SELECT id, display_name FROM users \
         WHERE disabled_at IS NULL AND pin_hash IS NOT NULL ORDER BY display_name, id",
        vals![],
    )
    .await
}

/// What a user is called by.
///
/// # Errors
/// The store's.
pub async fn called(tx: &mut Tx, user: i64) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .opt("SELECT display_name FROM users WHERE id = ?", vals![user])
        .await?;
    Ok(found.map(|(name,)| name))
}

/// Takes somebody on, and gives their id.
///
/// # Errors
/// The name is taken ([`StoreError::is_duplicate`]), or the store's.
pub async fn add(
    tx: &mut Tx,
    stamp: &Stamp,
    name: &str,
    display_name: &str,
    role: Role,
    hashes: &Hashes,
) -> Result<i64, StoreError> {
    let (key, badge) = hashes.badge.clone().unzip();
    tx.insert(
        "INSERT INTO users (name, display_name, role, password_hash, pin_hash, badge_key, \
           badge_hash, failed_attempts, created_at, updated_at, actor, run) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
        vals![
            name,
            display_name,
            role.as_str(),
            hashes.password.clone().unwrap_or_default(),
            hashes.pin.clone(),
            key,
            badge,
            stamp.at,
            stamp.at,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
}

/// Sets what proves somebody. Wrong attempts are forgotten with what they were tried on.
///
/// # Errors
/// A badge's key is another's ([`StoreError::is_duplicate`]), or the store's.
pub async fn set_hashes(
    tx: &mut Tx,
    stamp: &Stamp,
    user: i64,
    hashes: &Hashes,
) -> Result<(), StoreError> {
    let (key, badge) = hashes.badge.clone().unzip();
    tx.run(
        &format!(
            "UPDATE users SET password_hash = COALESCE(?, password_hash), \
               pin_hash = COALESCE(?, pin_hash), badge_key = COALESCE(?, badge_key), \
               badge_hash = COALESCE(?, badge_hash), failed_attempts = 0, locked_until = NULL, \
               {CHANGED} WHERE id = ?"
        ),
        vals![
            hashes.password.clone(),
            hashes.pin.clone(),
            key,
            badge,
            stamp.at,
            stamp.at,
            &stamp.actor,
            &stamp.run,
            user
        ],
    )
    .await?;
    Ok(())
}

/// Lets somebody in again, or no longer.
///
/// # Errors
/// The store's.
pub async fn set_disabled(
    tx: &mut Tx,
    stamp: &Stamp,
    user: i64,
    disabled: bool,
) -> Result<(), StoreError> {
    let at = disabled.then_some(stamp.at);
    tx.run(
        &format!("UPDATE users SET disabled_at = ?, {CHANGED} WHERE id = ?"),
        vals![at, stamp.at, stamp.at, &stamp.actor, &stamp.run, user],
    )
    .await?;
    Ok(())
}

/// Sets what somebody is called and may do.
///
/// # Errors
/// The store's.
pub async fn set_role(
    tx: &mut Tx,
    stamp: &Stamp,
    user: i64,
    display_name: &str,
    role: Role,
) -> Result<(), StoreError> {
    tx.run(
        &format!("UPDATE users SET display_name = ?, role = ?, {CHANGED} WHERE id = ?"),
        vals![
            display_name,
            role.as_str(),
            stamp.at,
            stamp.at,
            &stamp.actor,
            &stamp.run,
            user
        ],
    )
    .await?;
    Ok(())
}

/// How many admins may sign in. The rows are held until the end of the transaction, so that
/// of two who each take one away the second sees what the first has left.
///
/// # Errors
/// The store's.
pub async fn admins(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.run(
        "UPDATE users SET run = run WHERE role = 'admin' AND disabled_at IS NULL",
        vals![],
    )
    .await
    .map(|rows| rows as i64)
}

/// Counts an attempt before it is looked at. Tells whether it was the one expected: of two at
/// once one is not.
///
/// # Errors
/// The store's.
pub async fn count_attempt(
    tx: &mut Tx,
    user: &Proof,
    locked_until: Option<UtcMs>,
) -> Result<bool, StoreError> {
    let counted = tx
        .run(
            "UPDATE users SET failed_attempts = failed_attempts + 1, locked_until = ? \
             WHERE id = ? AND failed_attempts = ?",
            vals![locked_until, user.id, user.failed_attempts],
        )
        .await?;
    Ok(counted == 1)
}

/// Forgets the attempts before one that was right.
///
/// # Errors
/// The store's.
pub async fn forget_attempts(tx: &mut Tx, user: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE users SET failed_attempts = 0, locked_until = NULL WHERE id = ?",
        vals![user],
    )
    .await?;
    Ok(())
}
