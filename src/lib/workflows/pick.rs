//! A packer's round through the house: which orders may be picked, who holds them, what
//! lies where, what was scanned, and what was not found.
//!
//! Two packers never hold one order: the unique `holds` of a task says so. What a packer
//! scans is stored once by the id it got where it was scanned, and the stock follows the
//! goods to the packing bench as lines come together.

mod carry;
mod finish;
mod give_back;
mod in_hand;
mod list;
mod queue;
mod said;
mod scans;
mod settle;
mod sheet;
mod short;
mod start;
mod types;

pub use finish::finish;
pub use give_back::release;
pub(super) use give_back::take_over;
pub use list::list;
pub use queue::queue;
pub use scans::{store, try_out};
pub use settle::{SettleWish, Settled, discrepancies, settle};
pub use sheet::sheet;
pub use start::start;
pub use types::{
    Answer, Code, EventKind, LineState, Outcome, Queue, QueueRow, ReleaseWish, Released, ScanEvent,
    Sheet, SheetLine, SheetTask, Short, StartWish, WaveRow,
};

use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::picks::{self, Wave};
use crate::store::{StoreError, Tx, locations::House, locations::Row};

/// Orders that one round takes, at most.
pub const MAX_ORDERS: usize = 20;
/// Bytes that a scanned code has, at most.
pub const MAX_CODE: usize = 400;
/// Where picked goods wait for their package.
pub const PACKING: &str = "packing";
/// Where units are until somebody has looked for them.
pub const MISSING: &str = "missing";

/// The round with that number.
async fn the_wave(tx: &mut Tx, id: i64) -> anyhow::Result<Wave> {
    let wave = picks::wave(tx, id).await?;
    Ok(wave.ok_or_else(|| {
        Fault::failed(format!("there is no round {id}"))
            .hint("`opsctl pick list` shows those that are walked")
    })?)
}

/// The round with that claim.
async fn claimed(tx: &mut Tx, claim: &str) -> anyhow::Result<Wave> {
    let wave = picks::by_claim(tx, claim).await?;
    Ok(wave.ok_or_else(|| {
        Fault::failed("this round is not known here").hint("start a round from the queue")
    })?)
}

/// What a shell needs to store scans for a round: whoever may start opsctl may know it.
///
/// # Errors
/// There is no such round, or the store's.
pub async fn claim_of(ctx: &Context, wave: i64) -> anyhow::Result<String> {
    let mut tx = ctx.store.read().await?;
    Ok(the_wave(&mut tx, wave).await?.claim)
}

/// When a claim that is used now ends.
fn claim_ends(ctx: &Context, now: UtcMs) -> UtcMs {
    now.plus_ms(i64::from(ctx.tenant.pick.claim_minutes) * 60_000)
}

/// A place that each house has.
fn place_of<'a>(house: &'a House, code: &str) -> Result<&'a Row, Fault> {
    house.by_code(code).ok_or_else(|| {
        Fault::failed(format!(
            "there is no location {code:?}, where goods are put"
        ))
        .hint(format!("`opsctl location add {code}` makes it"))
    })
}

/// What the unique keys refuse because somebody was first starts over from the first read.
fn first_come(error: StoreError) -> StoreError {
    if error.is_duplicate() {
        StoreError::Conflict(error.to_string())
    } else {
        error
    }
}
