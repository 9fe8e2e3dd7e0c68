//! The live log: one look into the store a second, told to every stream.
//!
//! Numbers of events may become visible out of order, and some never do (what was rolled
//! back has used them up). So the feed keeps a position, up to which every number has been
//! told or given up, and looks at all above it each time: what appears below a number told
//! already is told late. A number that stays missing for a minute is given up.
//!
//! What a stream sends carries `POSITION.FEED.PLACE` as its id: where all is told, which feed
//! told it, and as which one. A browser that comes back to the same feed goes on behind its
//! place and gets just what it missed; with any other feed, or with a bare position, it gets
//! all above the position again, and leaves out what it shows already.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

use super::error::WebError;
use crate::context::Context;
use crate::store::StoreError;
use crate::store::events::{self, Row};

/// How often the store is looked into.
const EVERY: Duration = Duration::from_secs(1);
/// The longest wait while the store is away.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A number that is missing for so long will not come any more.
const PATIENCE: Duration = Duration::from_secs(60);
/// A feed that begins looks back so many numbers for what is still missing.
const LOOK_BACK: i64 = 1_000;
/// Events read at a time.
const AT_ONCE: i64 = 1_000;
/// Events told of that are kept for those who come back.
const KEPT: usize = 2_000;
/// Streams at the same time.
const STREAMS: usize = 50;
/// A feed that nobody listened to for so many looks ends.
const IDLE_LOOKS: u32 = 60;
/// Events read to catch up; who missed more opens the page again.
const MOST_MISSED: usize = 10_000;

/// An event as it was told.
#[derive(Debug)]
pub struct Told {
    /// The event.
    pub row: Row,
    /// Up to which number all had been told with it.
    position: i64,
    /// As which one of its feed it was told.
    place: u64,
}

/// What all streams hear.
#[derive(Debug, Clone)]
pub enum Message {
    /// An event.
    Told(Arc<Told>),
    /// The store cannot be read; it is tried again.
    Away,
    /// The store can be read again.
    Back,
}

/// What has been told.
struct Tail {
    /// Which feed this is.
    name: String,
    /// All numbers up to here have been told or given up.
    position: i64,
    /// Numbers told above that, and when.
    above: BTreeMap<i64, Instant>,
    places: u64,
    kept: VecDeque<Arc<Told>>,
}

impl Tail {
    /// A feed that begins after these numbers, which have been told before it.
    fn new(name: String, before: i64, numbers: &[i64], now: Instant) -> Self {
        let mut tail = Self {
            name,
            position: before,
            above: numbers.iter().map(|number| (*number, now)).collect(),
            places: 0,
            kept: VecDeque::new(),
        };
        tail.settle(now);
        tail
    }

    fn knows(&self, number: i64) -> bool {
        number <= self.position || self.above.contains_key(&number)
    }

    /// Moves the position over all that has been told, and over what is given up.
    fn settle(&mut self, now: Instant) {
        while let Some(first) = self.above.first_entry() {
            let next_in_line = *first.key() == self.position + 1;
            if !next_in_line && now.duration_since(*first.get()) < PATIENCE {
                return;
            }
            self.position = *first.key();
            first.remove();
        }
    }

    /// Takes in rows by number; gives those that have not been told.
    fn tell(&mut self, rows: Vec<Row>, now: Instant) -> Vec<Arc<Told>> {
        let mut fresh = Vec::new();
        for row in rows {
            if self.knows(row.id) {
                continue;
            }
            self.above.insert(row.id, now);
            self.settle(now);
            self.places += 1;
            let told = Arc::new(Told {
                row,
                position: self.position,
                place: self.places,
            });
            self.kept.push_back(told.clone());
            if self.kept.len() > KEPT {
                self.kept.pop_front();
            }
            fresh.push(told);
        }
        self.settle(now);
        fresh
    }

    /// All that was told behind a place, if it is kept still.
    fn behind(&self, place: u64) -> Option<Vec<Arc<Told>>> {
        let missed = self.places.checked_sub(place)? as usize;
        let skip = self.kept.len().checked_sub(missed)?;
        Some(self.kept.iter().skip(skip).cloned().collect())
    }

    fn id(&self, position: i64, place: u64) -> String {
        format!("{position}.{}.{place}", self.name)
    }
}

struct Running {
    tail: Arc<Mutex<Tail>>,
    sender: broadcast::Sender<Message>,
}

struct Inner {
    ctx: Context,
    stopping: watch::Receiver<bool>,
    running: tokio::sync::Mutex<Option<Running>>,
    streams: Arc<Semaphore>,
}

/// The live log of a tenant, shared by all streams.
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

/// A stream's part in the feed: what it missed, and what comes.
pub struct Listener {
    /// What it missed, in the order it is told, each with its id.
    pub missed: VecDeque<(String, Arc<Told>)>,
    /// Whether it missed more than is told again.
    pub missed_more: bool,
    name: String,
    receiver: broadcast::Receiver<Message>,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// What comes next: none when it is to end, because it fell behind or all ends.
    pub async fn next(&mut self) -> Option<Message> {
        self.receiver.recv().await.ok()
    }

    /// The id that an event carries.
    pub fn id(&self, told: &Told) -> String {
        format!("{}.{}.{}", told.position, self.name, told.place)
    }
}

impl Feed {
    /// A feed that looks into the store once somebody listens.
    pub fn new(ctx: Context, stopping: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Inner {
            ctx,
            stopping,
            running: tokio::sync::Mutex::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
        }))
    }

    /// The id with which a stream begins that is to hear all that is told from now on.
    ///
    /// # Errors
    /// The store's.
    pub async fn now(&self) -> Result<String, StoreError> {
        let (tail, _) = self.join().await?;
        let tail = lock(&tail);
        Ok(tail.id(tail.position, tail.places))
    }

    /// Joins the feed behind `last`, the id of what was heard last; or from now on.
    ///
    /// # Errors
    /// Too many listen already (503), or the store's.
    pub async fn listen(&self, last: Option<&str>) -> Result<Listener, WebError> {
        let permit = self.0.streams.clone().try_acquire_owned().map_err(|_| {
            let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
            WebError::new(status, format!("{STREAMS} pages watch the log already"))
                .hint("close one of them, and open this page again")
        })?;
        let (shared, receiver) = self.join().await?;
        let (mut listener, catch_up) = {
            let tail = lock(&shared);
            let mut listener = Listener {
                missed: VecDeque::new(),
                missed_more: false,
                name: tail.name.clone(),
                receiver,
                _permit: permit,
            };
            // What is kept is told under the same lock, so that nothing falls between.
            listener.receiver = listener.receiver.resubscribe();
            let heard = last.and_then(Heard::read);
            let kept = match &heard {
                None => Some(Vec::new()),
                Some(heard) if heard.feed == tail.name => tail.behind(heard.place),
                Some(_) => None,
            };
            if let Some(kept) = kept {
                let with_id = |told: Arc<Told>| (listener.id(&told), told);
                listener.missed = kept.into_iter().map(with_id).collect();
                return Ok(listener);
            }
            let position = heard.map_or(tail.position, |heard| heard.position);
            let known = (tail.position, tail.above.clone(), tail.places);
            (listener, (position, known))
        };
        self.catch_up(&mut listener, catch_up).await?;
        Ok(listener)
    }

    /// Reads from the store what was told above a position; what has not been told yet will
    /// come to the listener by itself.
    async fn catch_up(
        &self,
        listener: &mut Listener,
        (mut position, (settled, above, place)): (i64, (i64, BTreeMap<i64, Instant>, u64)),
    ) -> Result<(), StoreError> {
        let mut from = position;
        let mut tx = self.0.ctx.store.read().await?;
        loop {
            let rows = events::after(&mut tx, from, None, AT_ONCE).await?;
            let last = rows.len() < AT_ONCE as usize;
            from = rows.last().map_or(from, |row| row.id);
            for row in rows {
                let number = row.id;
                if number > settled && !above.contains_key(&number) {
                    continue;
                }
                if number <= settled || number == position + 1 {
                    position = number;
                }
                // Cut off here, it comes back by its position alone: the feed had told more.
                let id = position.to_string();
                let told = Told {
                    row,
                    position,
                    place,
                };
                listener.missed.push_back((id, Arc::new(told)));
            }
            if last {
                break;
            }
            if listener.missed.len() >= MOST_MISSED {
                listener.missed_more = true;
                break;
            }
        }
        if let Some((id, told)) = listener.missed.back_mut().filter(|_| !listener.missed_more) {
            *id = format!("{}.{}.{place}", told.position, listener.name);
        }
        Ok(())
    }

    /// The feed's tail and a receiver of what comes; begins the feed where none runs.
    async fn join(&self) -> Result<(Arc<Mutex<Tail>>, broadcast::Receiver<Message>), StoreError> {
        let mut running = self.0.running.lock().await;
        if let Some(running) = running.as_ref() {
            return Ok((running.tail.clone(), running.sender.subscribe()));
        }
        let mut tx = self.0.ctx.store.read().await?;
        let (before, numbers) = events::numbers(&mut tx, LOOK_BACK).await?;
        drop(tx);
        let name = uuid::Uuid::new_v4().simple().to_string();
        let tail = Tail::new(name[..12].to_owned(), before, &numbers, Instant::now());
        let tail = Arc::new(Mutex::new(tail));
        let (sender, receiver) = broadcast::channel(KEPT);
        let feed = self.clone();
        let (of_task, to_all) = (tail.clone(), sender.clone());
        *running = Some(Running {
            tail: tail.clone(),
            sender,
        });
        tokio::spawn(async move { feed.run(&of_task, &to_all).await });
        Ok((tail, receiver))
    }

    async fn run(&self, tail: &Mutex<Tail>, sender: &broadcast::Sender<Message>) {
        let mut stopping = self.0.stopping.clone();
        let (mut wait, mut idle) = (EVERY, 0);
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(wait) => {}
            }
            idle = if sender.receiver_count() == 0 {
                idle + 1
            } else {
                0
            };
            if idle > IDLE_LOOKS {
                break;
            }
            let was_away = wait > EVERY;
            match self.look(tail, sender).await {
                Ok(()) => {
                    if was_away {
                        let _ = sender.send(Message::Back);
                    }
                    wait = EVERY;
                }
                Err(error) => {
                    tracing::debug!(%error, "the live log cannot read the store");
                    if !was_away {
                        let _ = sender.send(Message::Away);
                    }
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        // With the sender, all streams end; whoever comes next begins a new feed.
        *self.0.running.lock().await = None;
    }

    /// Looks at all above the position, and tells what is new.
    async fn look(
        &self,
        tail: &Mutex<Tail>,
        sender: &broadcast::Sender<Message>,
    ) -> Result<(), StoreError> {
        let mut from = lock(tail).position;
        let mut tx = self.0.ctx.store.read().await?;
        loop {
            let numbers = events::numbers_after(&mut tx, from, AT_ONCE).await?;
            let Some(last) = numbers.last().copied() else {
                break;
            };
            let fresh: Vec<i64> = {
                let tail = lock(tail);
                numbers
                    .iter()
                    .copied()
                    .filter(|n| !tail.knows(*n))
                    .collect()
            };
            let rows = events::by_numbers(&mut tx, &fresh).await?;
            {
                let mut tail = lock(tail);
                for told in tail.tell(rows, Instant::now()) {
                    let _ = sender.send(Message::Told(told));
                }
            }
            if numbers.len() < AT_ONCE as usize {
                break;
            }
            from = last;
        }
        lock(tail).settle(Instant::now());
        Ok(())
    }
}

fn lock(tail: &Mutex<Tail>) -> std::sync::MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a browser says it heard last.
struct Heard {
    position: i64,
    feed: String,
    place: u64,
}

impl Heard {
    /// Reads `POSITION.FEED.PLACE`, or a bare position.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        Some(Self {
            position: parts.next()?.parse().ok().filter(|at| *at >= 0)?,
            feed: parts.next().unwrap_or_default().to_owned(),
            place: parts
                .next()
                .and_then(|place| place.parse().ok())
                .unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::UtcMs;

    fn row(id: i64) -> Row {
        Row {
            id,
            at: UtcMs(0),
            run: String::new(),
            actor: String::new(),
            kind: "test".to_owned(),
            subject: String::new(),
            payload: serde_json::Value::Null,
        }
    }

    fn told(tail: &mut Tail, ids: &[i64], now: Instant) -> Vec<(i64, i64)> {
        let rows = ids.iter().map(|id| row(*id)).collect();
        let told = tail.tell(rows, now);
        told.iter()
            .map(|told| (told.row.id, told.position))
            .collect()
    }

    #[test]
    fn what_appears_late_is_told_and_holds_the_position_back() {
        let now = Instant::now();
        let mut tail = Tail::new("f".to_owned(), 10, &[], now);
        assert_eq!(
            told(&mut tail, &[11, 13, 14], now),
            [(11, 11), (13, 11), (14, 11)]
        );
        assert_eq!(
            told(&mut tail, &[12, 13, 14, 15], now),
            [(12, 14), (15, 15)]
        );
        assert!(tail.above.is_empty());
    }

    #[test]
    fn a_number_that_never_comes_is_given_up_after_a_while() {
        let now = Instant::now();
        let mut tail = Tail::new("f".to_owned(), 0, &[1, 3], now);
        assert_eq!(tail.position, 1);
        tail.settle(now + PATIENCE / 2);
        assert_eq!(tail.position, 1);
        tail.settle(now + PATIENCE);
        assert_eq!(tail.position, 3);
    }

    #[test]
    fn whoever_comes_back_gets_what_was_told_behind_its_place() {
        let now = Instant::now();
        let mut tail = Tail::new("f".to_owned(), 0, &[], now);
        told(&mut tail, &[1, 3], now);
        told(&mut tail, &[2, 4], now);
        let behind = |place| -> Option<Vec<i64>> {
            let told = tail.behind(place)?;
            Some(told.iter().map(|told| told.row.id).collect())
        };
        assert_eq!(behind(2), Some(vec![2, 4]));
        assert_eq!(behind(4), Some(vec![]));
        assert_eq!(behind(5), None);
    }

    #[test]
    fn a_bare_position_is_a_place_in_no_feed() {
        let heard = Heard::read("17").unwrap();
        assert_eq!((heard.position, heard.feed.as_str()), (17, ""));
        let heard = Heard::read("17.ab.3").unwrap();
        assert_eq!((heard.feed.as_str(), heard.place), ("ab", 3));
        for nonsense in ["", "x", "-1", "1e9", "99999999999999999999"] {
            assert!(Heard::read(nonsense).is_none(), "{nonsense}");
        }
    }
}
