//! Somebody proves who they are: by password, by badge, or at a known station by PIN.
//!
//! An attempt is counted before it is looked at, and forgotten when it was right, so that
//! many at once are no way around the limit. A badge's secret is past guessing: it is not
//! counted, and lets its owner in while others try on their name.

use secrecy::SecretString;
use serde_json::json;

use super::{proof, until_no_conflict};
use crate::context::Context;
use crate::domain::people::{self, Role};
use crate::domain::time::UtcMs;
use crate::store::StoreError;
use crate::store::events::{self, Event};
use crate::store::users::{self, Key, Proof};

/// Wrong attempts from which on a user has to wait.
const FREE_ATTEMPTS: i64 = 5;
/// The first wait; each further wrong attempt doubles it.
const FIRST_WAIT_MS: i64 = 60_000;
/// The longest wait.
const LONGEST_WAIT_MS: i64 = 15 * 60_000;

/// By what somebody proves who they are.
#[derive(Debug, Clone)]
pub enum Claim {
    /// Name and password.
    Password(String, SecretString),
    /// The code of a badge.
    Badge(SecretString),
    /// The user's id, and their PIN.
    Pin(i64, SecretString),
}

/// Who was let in.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Their id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// Their role.
    pub role: Role,
    /// The user's last change that this was checked against.
    pub seen: UtcMs,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is them.
    Welcome(Welcome),
    /// It is not, or there is no such user, or they are disabled.
    Wrong,
    /// The attempt did not count: there were too many before it. Until then.
    Wait(UtcMs),
}

/// Holds what somebody says against what is stored.
///
/// # Errors
/// The store's.
pub async fn run(ctx: &Context, claim: Claim) -> anyhow::Result<Answer> {
    use secrecy::ExposeSecret;
    match claim {
        Claim::Password(name, password) => {
            let name = people::name(&name).unwrap_or_default();
            let hash = |user: &Proof| Some(user.password_hash.clone());
            guarded(ctx, Key::Name(&name), password, hash, "password").await
        }
        Claim::Pin(id, pin) => {
            let hash = |user: &Proof| user.pin_hash.clone();
            guarded(ctx, Key::Id(id), pin, hash, "pin").await
        }
        Claim::Badge(code) => {
            let read = proof::read_badge(code.expose_secret());
            let (key, secret) = read.unwrap_or_default();
            let mut tx = ctx.store.read().await?;
            let user = users::proof(&mut tx, Key::Badge(&key)).await?;
            drop(tx);
            let user = user.filter(|user| user.disabled_at.is_none());
            let hash = user.as_ref().and_then(|user| user.badge_hash.clone());
            let right = proof::verify(secret, hash).await?;
            match user.filter(|_| right) {
                Some(user) => welcome(ctx, user, "badge").await,
                None => Ok(Answer::Wrong),
            }
        }
    }
}

/// An attempt at a secret that could be guessed.
async fn guarded(
    ctx: &Context,
    key: Key<'_>,
    secret: SecretString,
    hash: impl Fn(&Proof) -> Option<String>,
    how: &'static str,
) -> anyhow::Result<Answer> {
    let counted = until_no_conflict!(count(ctx, key))?;
    let (user, wait) = match counted {
        Counted::Nobody => (None, None),
        Counted::Attempt(user) => (Some(*user), None),
        Counted::TooMany(until) => (None, Some(until)),
    };
    let right = proof::verify(secret, user.as_ref().and_then(hash)).await?;
    match (wait, user) {
        (Some(until), _) => Ok(Answer::Wait(until)),
        (None, Some(user)) if right => welcome(ctx, user, how).await,
        (None, Some(user)) => {
            let mut tx = ctx.store.begin().await?;
            let facts = json!({ "how": how });
            let fact = Event::new("user.refused", format!("user:{}", user.name), facts);
            events::append(&mut tx, &ctx.stamp(), &[fact]).await?;
            ctx.store.commit(tx).await?;
            Ok(Answer::Wrong)
        }
        (None, None) => Ok(Answer::Wrong),
    }
}

enum Counted {
    Nobody,
    Attempt(Box<Proof>),
    TooMany(UtcMs),
}

async fn count(ctx: &Context, key: Key<'_>) -> anyhow::Result<Counted> {
    let now = ctx.clock.now();
    let mut tx = ctx.store.begin().await?;
    let user = users::proof(&mut tx, key).await?;
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
        return Ok(Counted::Nobody);
    };
    if let Some(until) = user.locked_until.filter(|until| *until > now.0) {
        return Ok(Counted::TooMany(UtcMs(until)));
    }
    let until = wait_after(user.failed_attempts + 1).map(|ms| now.plus_ms(ms));
    if !users::count_attempt(&mut tx, &user, until).await? {
        let text = format!("attempts of {} came at once", user.name);
        return Err(StoreError::Conflict(text).into());
    }
    ctx.store.commit(tx).await?;
    Ok(Counted::Attempt(Box::new(user)))
}

/// How long a user waits after so many wrong attempts.
fn wait_after(failed: i64) -> Option<i64> {
    let over = failed - FREE_ATTEMPTS;
    let doubled = || FIRST_WAIT_MS.saturating_mul(1 << over.min(20));
    (over >= 0).then(|| doubled().min(LONGEST_WAIT_MS))
}

async fn welcome(ctx: &Context, user: Proof, how: &'static str) -> anyhow::Result<Answer> {
    let mut tx = ctx.store.begin().await?;
    if how != "badge" {
        users::forget_attempts(&mut tx, user.id).await?;
    }
    let facts = json!({ "how": how });
    let fact = Event::new("user.signed_in", format!("user:{}", user.name), facts);
    events::append(&mut tx, &ctx.stamp(), &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(Answer::Welcome(Welcome {
        id: user.id,
        role: user.role.parse()?,
        name: user.name,
        display_name: user.display_name,
        seen: UtcMs(user.updated_at),
    }))
}

#[cfg(test)]
mod tests {
    use super::wait_after;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let minutes: Vec<Option<i64>> = [4, 5, 6, 7, 8, 9, 10, 500]
            .into_iter()
            .map(|failed| wait_after(failed).map(|ms| ms / 60_000))
            .collect();
        let expected = [
            None,
            Some(1),
            Some(2),
            Some(4),
            Some(8),
            Some(15),
            Some(15),
            Some(15),
        ];
        assert_eq!(minutes, expected);
    }
}
