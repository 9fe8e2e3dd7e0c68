//! Who is signed in in a browser: sessions in the store, and what a handler asks for.
//!
//! A browser holds a random id, the store only its hash. A session is cached for at most
//! five minutes, so that scans are answered with the store away; [`Operator`] is content
//! with that, [`Present`], [`Manager`] and [`Admin`] ask the store each time.

mod guard;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::{Session, SessionStore, session_store};

use super::error::WebError;
use crate::context::{Clock, Context};
use crate::domain::people::Role;
use crate::domain::time::UtcMs;
use crate::store::{Store, StoreError, sessions};

pub use guard::{Admin, Manager, Present, percent};

/// How long a session counts without a look into the store.
const CACHED_MS: i64 = 5 * 60_000;
/// The store has this long to say who is signed in.
const STORE_ANSWERS_IN: Duration = Duration::from_secs(3);
/// How often the use of a session is written down at most.
const WRITTEN_EVERY_MS: i64 = 60_000;
/// Sessions kept in memory at most.
const HELD: u64 = 10_000;
/// Under which key a session holds who is signed in.
const USER: &str = "user";
/// Under which key a session says that somebody has signed in on this device.
const DEVICE: &str = "device";

/// Whoever is signed in, as of the last five minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The user's id.
    pub id: i64,
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
}

/// Who is at a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seat {
    /// Nobody has signed in there, or it was too long ago.
    Nobody,
    /// Somebody had; now it waits for a badge or a PIN.
    Locked,
    /// Somebody is.
    Taken(Operator),
}

/// Who a session is signed in as, and by which state of that user it was checked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct SignedIn {
    id: i64,
    seen: i64,
}

/// Sessions in the store, with those of the last minutes in memory.
#[derive(Clone)]
pub struct Sessions(Arc<Held>);

struct Held {
    store: Store,
    clock: Clock,
    lives_ms: i64,
    idle_ms: i64,
    cached: moka::sync::Cache<String, Arc<Entry>>,
    uses: moka::sync::Cache<String, Arc<Use>>,
}

struct Entry {
    read_at: UtcMs,
    data: HashMap<String, Value>,
    operator: Option<Operator>,
}

/// When a session was used, and which use the store knows of.
struct Use {
    last: AtomicI64,
    written: AtomicI64,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

/// What the store knows of an id: its SHA-256.
fn hash(id: &Id) -> String {
    let digest = Sha256::digest(id.to_string().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn backend(error: &StoreError) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

fn json(data: &HashMap<String, Value>) -> session_store::Result<String> {
    serde_json::to_string(data).map_err(|error| session_store::Error::Encode(error.to_string()))
}

impl Sessions {
    /// Those of a tenant's store.
    pub fn new(ctx: &Context) -> Self {
        let web = &ctx.tenant.web;
        let lives_ms = i64::from(web.session_hours) * 3_600_000;
        let lives = Duration::from_millis(lives_ms as u64);
        Self(Arc::new(Held {
            store: ctx.store.clone(),
            clock: ctx.clock,
            lives_ms,
            idle_ms: i64::from(web.idle_lock_minutes) * 60_000,
            cached: moka::sync::Cache::builder()
                .max_capacity(HELD)
                .time_to_idle(lives)
                .build(),
            uses: moka::sync::Cache::builder()
                .max_capacity(HELD)
                .time_to_idle(lives)
                .build(),
        }))
    }

    fn now(&self) -> UtcMs {
        self.0.clock.now()
    }

    /// What memory holds of a session, unless that is too old to count. By the tenant's
    /// clock; one that was set back makes it too old at once.
    fn held(&self, key: &str) -> Option<Arc<Entry>> {
        let entry = self.0.cached.get(key)?;
        let age_ms = self.now().0 - entry.read_at.0;
        (0..CACHED_MS).contains(&age_ms).then_some(entry)
    }

    fn ends(&self) -> UtcMs {
        self.now().plus_ms(self.0.lives_ms)
    }

    /// Deletes what has expired from the store.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let mut tx = self.0.store.begin().await?;
        let swept = sessions::sweep(&mut tx, self.now()).await?;
        self.0.store.commit(tx).await?;
        Ok(swept)
    }

    /// Forgets what memory holds of a user's sessions, after a change of the user.
    pub fn forget_user(&self, user: i64) {
        let theirs = |entry: &Entry| entry.operator.as_ref().is_some_and(|who| who.id == user);
        for (key, entry) in &self.0.cached {
            if theirs(&entry) {
                self.0.cached.invalidate(key.as_str());
            }
        }
    }

    /// Whether somebody had signed in on this device, and who is there now; the store is
    /// asked where `fresh`, or where memory holds nothing of the last five minutes. That is
    /// a use of the session.
    ///
    /// # Errors
    /// The store is needed and away.
    pub async fn seat(&self, session: &Session, fresh: bool) -> Result<Seat, WebError> {
        let (seat, key) = self.look(session, fresh).await?;
        if let (Seat::Taken(_), Some(key)) = (&seat, key) {
            self.touch(&key);
        }
        Ok(seat)
    }

    /// The same for a page that asks by itself, with nobody at it: no use of the session.
    ///
    /// # Errors
    /// As [`Self::seat`].
    pub async fn seat_unattended(&self, session: &Session, fresh: bool) -> Result<Seat, WebError> {
        Ok(self.look(session, fresh).await?.0)
    }

    async fn look(
        &self,
        session: &Session,
        fresh: bool,
    ) -> Result<(Seat, Option<String>), WebError> {
        let Some(id) = session.id() else {
            return Ok((Seat::Nobody, None));
        };
        let key = hash(&id);
        let entry = match self.held(&key) {
            Some(entry) if !fresh => entry,
            _ => match self.look_up(&key).await? {
                Some(entry) => entry,
                None => return Ok((Seat::Nobody, None)),
            },
        };
        let last = self
            .0
            .uses
            .get(&key)
            .map(|used| used.last.load(Ordering::Relaxed));
        let idle = last.is_none_or(|last| self.now().0 - last > self.0.idle_ms);
        let seat = match &entry.operator {
            Some(operator) if !idle => Seat::Taken(operator.clone()),
            _ if entry.data.contains_key(DEVICE) => Seat::Locked,
            _ => Seat::Nobody,
        };
        Ok((seat, Some(key)))
    }

    /// Reads a session from the store into memory.
    async fn look_up(&self, key: &str) -> Result<Option<Arc<Entry>>, StoreError> {
        let now = self.now();
        let reading = async {
            let mut tx = self.0.store.read().await?;
            sessions::find(&mut tx, key, now).await
        };
        let read = tokio::time::timeout(STORE_ANSWERS_IN, reading).await;
        let late = |_| StoreError::Unreachable("no answer to who is there".to_owned());
        let Some(row) = read.map_err(late)?? else {
            self.0.cached.invalidate(key);
            return Ok(None);
        };
        let operator = row.user.and_then(|user| {
            Some(Operator {
                id: user.id,
                name: user.name,
                display_name: user.display_name,
                role: user.role.parse().ok()?,
            })
        });
        let entry = Arc::new(Entry {
            read_at: now,
            data: serde_json::from_str(&row.data).unwrap_or_default(),
            operator,
        });
        let last = row.expires_at.0 - self.0.lives_ms;
        self.0.uses.get_with(key.to_owned(), || {
            Arc::new(Use {
                last: AtomicI64::new(last),
                written: AtomicI64::new(last),
            })
        });
        self.0.cached.insert(key.to_owned(), entry.clone());
        Ok(Some(entry))
    }

    /// Notes a use. It is written down beside the request, which does not wait for it.
    fn touch(&self, key: &str) {
        let now = self.now().0;
        let Some(used) = self.0.uses.get(key) else {
            return;
        };
        used.last.store(now, Ordering::Relaxed);
        let written = used.written.load(Ordering::Relaxed);
        let due = now - written >= WRITTEN_EVERY_MS;
        let mine = || {
            used.written
                .compare_exchange(written, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        if !due || !mine() {
            return;
        }
        let (held, key, ends) = (self.0.clone(), key.to_owned(), self.ends());
        tokio::spawn(async move {
            let written = async {
                let mut tx = held.store.begin().await?;
                sessions::extend(&mut tx, &key, ends).await?;
                held.store.commit(tx).await
            };
            if let Err(error) = written.await {
                tracing::debug!(%error, "the use of a session is not written down");
            }
        });
    }

    /// A fresh use, for a session that was just made or saved.
    fn used_now(&self, key: &str) {
        let now = self.now().0;
        let used = Use {
            last: AtomicI64::new(now),
            written: AtomicI64::new(now),
        };
        self.0.uses.insert(key.to_owned(), Arc::new(used));
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let user = record.data.get(USER).cloned();
        let user: Option<SignedIn> = user.and_then(|user| serde_json::from_value(user).ok());
        let user = user.map(|user| (user.id, UtcMs(user.seen)));
        let data = json(&record.data)?;
        let (now, ends) = (self.now(), self.ends());
        loop {
            let key = hash(&record.id);
            let mut tx = self.0.store.begin().await.map_err(|e| backend(&e))?;
            match sessions::create(&mut tx, &key, user, &data, now, ends).await {
                Ok(true) => {
                    self.0.store.commit(tx).await.map_err(|e| backend(&e))?;
                    self.used_now(&key);
                    return Ok(());
                }
                Ok(false) => {
                    let why = "the user has changed since they signed in";
                    return Err(session_store::Error::Backend(why.to_owned()));
                }
                Err(error) if error.is_duplicate() => record.id = Id::default(),
                Err(error) => return Err(backend(&error)),
            }
        }
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let key = hash(&record.id);
        let data = json(&record.data)?;
        let mut tx = self.0.store.begin().await.map_err(|e| backend(&e))?;
        let saved = sessions::save(&mut tx, &key, &data, self.ends()).await;
        saved.map_err(|e| backend(&e))?;
        self.0.store.commit(tx).await.map_err(|e| backend(&e))?;
        self.0.cached.invalidate(&key);
        self.used_now(&key);
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let key = hash(id);
        let entry = match self.held(&key) {
            Some(entry) => Some(entry),
            None => self.look_up(&key).await.map_err(|e| backend(&e))?,
        };
        Ok(entry.map(|entry| Record {
            id: *id,
            data: entry.data.clone(),
            expiry_date: OffsetDateTime::now_utc(),
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let key = hash(id);
        self.0.cached.invalidate(&key);
        self.0.uses.invalidate(&key);
        let mut tx = self.0.store.begin().await.map_err(|e| backend(&e))?;
        let deleted = sessions::delete(&mut tx, &key).await;
        deleted.map_err(|e| backend(&e))?;
        self.0.store.commit(tx).await.map_err(|e| backend(&e))
    }
}

/// Signs somebody in: the browser gets a new id, what it held before is dead. `seen` is the
/// user's last change that their word was checked against.
///
/// # Errors
/// The store is away, or the user has changed since.
pub async fn sign_in(session: &Session, user: i64, seen: UtcMs) -> Result<(), WebError> {
    session.cycle_id().await?;
    let user = SignedIn {
        id: user,
        seen: seen.0,
    };
    session.insert(DEVICE, true).await?;
    session.insert(USER, user).await?;
    session.save().await?;
    Ok(())
}

/// Nobody is at this device any more; it stays known, under a new id.
///
/// # Errors
/// The store is away.
pub async fn lock(session: &Session) -> Result<(), WebError> {
    session.cycle_id().await?;
    session.remove_value(USER).await?;
    session.insert(DEVICE, true).await?;
    session.save().await?;
    Ok(())
}
