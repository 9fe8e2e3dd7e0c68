//! UPS from behind the counter: moves parcels along, and counts what was bought. Clones are
//! the same carrier.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::recovery::by_reference;
use super::{Request, Shipment, Stage, State};
use crate::sandbox::clock::Clock;
use crate::sandbox::woocommerce::Reply;

/// What was asked and bought so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Shipments bought.
    pub shipments: usize,
    /// Packages bought, voided ones among them.
    pub bought: usize,
    /// Packages voided.
    pub voided: usize,
    /// Requests by method and path, numbers left out: `GET /api/track/v1/details/{id}`.
    pub by_call: BTreeMap<String, u64>,
}

impl Counts {
    /// How often one kind of call was made, answered or not.
    pub fn of(&self, call: &str) -> u64 {
        self.by_call.get(call).copied().unwrap_or_default()
    }
}

/// A handle to the carrier.
#[derive(Debug, Clone)]
pub struct Ups {
    state: Arc<Mutex<State>>,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
    clock: Clock,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ups {
    /// Opens a carrier that remembers nothing.
    pub fn new(clock: Clock) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(clock.now()))),
            calls: Arc::default(),
            clock,
        }
    }

    fn now(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.now = self.clock.now();
        state
    }

    /// Answers a request.
    pub fn answer(&self, request: Request<'_>) -> Reply {
        super::answer(&mut self.now(), request)
    }

    /// Counts a request.
    pub fn note(&self, method: &str, path: &str) {
        let is_number = |part: &str| part.len() > 6 && part.bytes().any(|b| b.is_ascii_digit());
        let parts = path.split('/');
        let parts = parts.map(|part| if is_number(part) { "{id}" } else { part });
        let call = format!("{method} {}", parts.collect::<Vec<_>>().join("/"));
        *lock(&self.calls).entry(call).or_default() += 1;
    }

    /// What was asked and bought so far.
    pub fn counts(&self) -> Counts {
        let state = lock(&self.state);
        let packages = || {
            state
                .shipments()
                .iter()
                .flat_map(|shipment| &shipment.packages)
        };
        Counts {
            shipments: state.shipments().len(),
            bought: packages().count(),
            voided: packages().filter(|package| package.is_voided()).count(),
            by_call: lock(&self.calls).clone(),
        }
    }

    /// All shipments bought, the oldest first.
    pub fn shipments(&self) -> Vec<Shipment> {
        lock(&self.state).shipments().to_vec()
    }

    /// Keeps a shipment that was bought in an earlier run.
    pub fn keep(&self, shipment: Shipment) {
        lock(&self.state).keep(shipment);
    }

    /// The numbers of the packages with a reference, of their own or of their shipment.
    pub fn numbers_of(&self, reference: &str) -> Vec<String> {
        let state = lock(&self.state);
        let found = by_reference(&state, reference).into_iter();
        found.map(|(_, package)| package.number.clone()).collect()
    }

    /// Moves a package along; without a number, all that are not void. Tells how many.
    pub fn advance(&self, number: Option<&str>, stage: Stage) -> usize {
        let mut held = self.now();
        let now = held.now;
        if let Some(number) = number {
            let found = held.package_mut(number);
            found.map_or(0, |package| {
                package.reach(stage, now);
                1
            })
        } else {
            let live = held.packages_mut().filter(|package| !package.is_voided());
            live.map(|package| package.reach(stage, now)).count()
        }
    }

    /// Ends all tokens at once.
    pub fn end_tokens(&self) {
        lock(&self.state).end_tokens();
    }

    /// Lets the next tokens last so many seconds.
    pub fn set_token_life(&self, seconds: i64) {
        lock(&self.state).token_life_s = seconds;
    }
}
