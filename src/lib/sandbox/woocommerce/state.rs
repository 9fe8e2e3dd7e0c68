//! Everything the shop knows, and the moment at which the present request finds it.

use std::collections::BTreeSet;

use super::auth::Guard;
use super::catalogue::Catalogue;
use super::order_book::Orders;

/// The statuses every shop has.
const STATUSES: [&str; 7] = [
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
];

/// The last ids given out.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Products, variations, orders and refunds.
    pub post: u64,
    /// Lines of orders and refunds.
    pub line: u64,
    /// Meta data.
    pub meta: u64,
    /// Notes.
    pub note: u64,
}

impl Ids {
    /// The next id of a product, variation, order or refund.
    pub fn next_post(&mut self) -> u64 {
        self.post += 1;
        self.post
    }

    /// The next id of a line.
    pub fn next_line(&mut self) -> u64 {
        self.line += 1;
        self.line
    }

    /// The next id of a note.
    pub fn next_note(&mut self) -> u64 {
        self.note += 1;
        self.note
    }
}

/// The shop.
#[derive(Debug, Clone)]
pub struct State {
    /// Products and variations.
    pub catalogue: Catalogue,
    /// Orders with their refunds and notes.
    pub orders: Orders,
    /// The last ids given out.
    pub ids: Ids,
    /// Who lets requests in.
    pub guard: Guard,
    /// The order statuses there are.
    pub statuses: BTreeSet<String>,
    /// The present moment, in seconds since 1970.
    pub now: i64,
}

impl State {
    /// An empty shop.
    pub fn new(guard: Guard, now: i64) -> Self {
        Self {
            catalogue: Catalogue::default(),
            orders: Orders::default(),
            ids: Ids::default(),
            guard,
            statuses: STATUSES.map(str::to_owned).into(),
            now,
        }
    }
}
