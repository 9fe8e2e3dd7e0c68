//! A packer's round through the house: which orders may be picked, who holds them, what
//! lies where, what was scanned, and what was not found.
//!
//! Two packers never hold one order: the unique `holds` of a task says so. What a packer
//! scans is stored once by the id it got where it was scanned, and the stock follows the
//! goods to the packing bench as lines come together.

mod types;

pub use types::{
    Answer, Code, EventKind, LineState, Outcome, Queue, QueueRow, Released, ScanEvent, Sheet,
    SheetLine, SheetTask, Short, StartWish, WaveRow,
};

/// Orders that one round takes, at most.
pub const MAX_ORDERS: usize = 20;
/// Bytes that a scanned code has, at most.
pub const MAX_CODE: usize = 400;
