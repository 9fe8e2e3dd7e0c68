//! opsctl runs the operations of one shop: orders in, stock reserved, parcels out.
//!
//! The rooms, and which way arrows run:
//!
//! ```text
//! domain <- config, vault, store, integrations, documents <- workflows <- cli, jobs, web
//! ```
//!
//! [`domain`] is pure: the rules of the trade without I/O, async, clock or SQL. The rooms
//! in the middle do not know one another. A workflow tells one verb from top to bottom
//! with a [`context::Context`], which only `cli` makes. [`fault`] and [`progress`] belong
//! to no room: the exit code and hint an error carries, and how long work is shown.
//! The test `tests/it/house.rs` reads the `use crate::` lines and keeps it so.

pub mod cli;
pub mod config;
pub mod context;
pub mod documents;
pub mod domain;
pub mod fault;
pub mod integrations;
pub mod jobs;
pub mod progress;
pub mod sandbox;
pub mod store;
pub mod vault;
pub mod web;
pub mod workflows;
