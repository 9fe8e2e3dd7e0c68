//! What is asked of a round and what it answers, as pages, the API and the command line
//! see it.

use serde::{Deserialize, Serialize};

use crate::domain::time::UtcMs;

/// The orders that may be picked, the first to go first.
#[derive(Debug, Clone, Serialize)]
pub struct Queue {
    /// The orders, up to the limit asked for.
    pub rows: Vec<QueueRow>,
    /// Orders that may be picked, those beyond the limit included.
    pub ready: usize,
    /// Orders that have something reserved and may ship, but not reserved enough by the
    /// tenant's rule.
    pub not_ready: usize,
}

/// An order in the queue.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRow {
    /// `woo:1042`.
    pub order: String,
    /// Its id.
    pub order_id: i64,
    /// Who bought.
    pub customer: String,
    /// The service the customer chose; may be empty.
    pub service: String,
    /// The day it is promised to leave: `YYYY-MM-DD`.
    pub promised_on: String,
    /// When it was placed.
    pub placed_at: UtcMs,
    /// Lines with something reserved.
    pub lines: i64,
    /// Units wanted and not shipped.
    pub units: i64,
    /// Units of those that are reserved.
    pub reserved: i64,
    /// Places one has to go to.
    pub bins: i64,
    /// Why it may not be picked now; only where it was asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// Which orders a round takes.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct StartWish {
    /// Orders by name (`woo:1042`).
    #[serde(default)]
    pub orders: Vec<String>,
    /// So many from the head of the queue; 0: only those named.
    #[serde(default)]
    pub next: usize,
    /// A UUID of whoever asks: asked again with it, the same round is given, not another.
    #[serde(default)]
    pub claim: Option<String>,
    /// Only say what would be done.
    #[serde(skip)]
    pub dry_run: bool,
}

/// A round: its orders, and what is to be taken where, in the order of the bins.
#[derive(Debug, Clone, Serialize)]
pub struct Sheet {
    /// The round; 0 in a dry run.
    pub wave: i64,
    /// What has to be known to store scans for it; only its own packer is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// `picking`, `picked`, `released` or `expired`.
    pub state: String,
    /// Who walks it: an actor, such as `user:7`.
    pub packer: String,
    /// When somebody else may take its orders over, unless something is scanned before.
    pub expires_at: UtcMs,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Its orders, by tote.
    pub tasks: Vec<SheetTask>,
    /// What is to be taken, in the order of the bins.
    pub lines: Vec<SheetLine>,
}

/// One order of a round.
#[derive(Debug, Clone, Serialize)]
pub struct SheetTask {
    /// The task.
    pub task: i64,
    /// The tote it goes to: 1 and up.
    pub tote: i64,
    /// `woo:1042`.
    pub order: String,
    /// Who bought.
    pub customer: String,
    /// What the customer wrote.
    pub note: String,
    /// `picking`, `picked`, `packed`, `shipped` or `released`.
    pub state: String,
    /// What has happened to the order since: cancelled, held, changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Units to be taken at one place.
#[derive(Debug, Clone, Serialize)]
pub struct SheetLine {
    /// The line.
    pub line: i64,
    /// Its task.
    pub task: i64,
    /// The tote the units go to.
    pub tote: i64,
    /// The SKU.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// The code of the place.
    pub bin: String,
    /// The lot, where lots are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// Units to take.
    pub quantity: i64,
    /// Units taken.
    pub picked: i64,
    /// Units not found.
    pub short: i64,
    /// The codes that mean this product.
    pub codes: Vec<Code>,
}

/// A code and the units one scan of it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code in the 14-digit form.
    pub gtin: String,
    /// Units: 1 for a piece, more for a case.
    pub units: i64,
}

/// What a scan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Units were taken.
    Pick,
    /// Units were put back.
    Undo,
    /// The rest was not found.
    Short,
}

impl EventKind {
    /// Its word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pick => "pick",
            Self::Undo => "undo",
            Self::Short => "short",
        }
    }
}

/// What was scanned, as the browser kept it until it was stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScanEvent {
    /// A UUID made where it was scanned: the event counts once by it.
    pub id: String,
    /// Its place among the scans of that station.
    #[serde(default)]
    pub seq: i64,
    /// What it says.
    pub kind: EventKind,
    /// The line.
    pub line: i64,
    /// Units taken or put back; for `short` the units found in all.
    pub units: i64,
    /// What the scanner read.
    #[serde(default)]
    pub code: String,
    /// When, in UTC milliseconds by the station's clock.
    #[serde(default)]
    pub at: i64,
    /// Why fewer were found.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It counts.
    Stored,
    /// It does not; `why` says it.
    Refused,
}

/// What a scan is answered with; the same each time it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The event's id.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused, for the packer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The line after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineState>,
    /// What a short pick led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
    /// Whether the event had been sent before: this is its first answer.
    #[serde(default)]
    pub repeated: bool,
}

/// A line after a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineState {
    /// The line.
    pub line: i64,
    /// Units taken.
    pub picked: i64,
    /// Units not found.
    pub short: i64,
}

/// What a short pick led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Short {
    /// The discrepancy that a person settles.
    pub discrepancy: i64,
    /// Units that should lie there and do not: now at `missing`.
    pub missing: i64,
    /// Units reserved for the order elsewhere instead.
    pub reserved_anew: i64,
    /// Lines that were added to the sheet for them, and lines of which less is taken now, for
    /// a kit goes whole or not at all: load it again.
    pub new_lines: Vec<i64>,
    /// Units that the order waits for now.
    pub backordered: i64,
    /// Other orders that lost units they had been promised there.
    pub others: Vec<String>,
    /// The count that was started, or that was open already.
    pub count: Option<i64>,
    /// Whether it was open already.
    pub count_was_open: bool,
    /// All of it in words for the packer.
    pub words: String,
}

/// Which round is given back.
#[derive(Debug, Clone, Default)]
pub struct ReleaseWish {
    /// The round.
    pub wave: i64,
    /// Why.
    pub why: String,
    /// Also while somebody else is walking it.
    pub force: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// A round that was given back.
#[derive(Debug, Clone, Serialize)]
pub struct Released {
    /// The round.
    pub wave: i64,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Whether it had been given back before; then nothing was written.
    pub before: bool,
    /// The orders that are in the queue again.
    pub orders: Vec<String>,
    /// Orders that stay, for they wait for packing.
    pub kept: Vec<String>,
    /// Units that lie picked at the packing bench.
    pub at_packing: i64,
}

/// A round that is walked, or one whose orders wait for packing.
#[derive(Debug, Clone, Serialize)]
pub struct WaveRow {
    /// The round.
    pub wave: i64,
    /// Its state.
    pub state: String,
    /// Who walks or walked it.
    pub packer: String,
    /// When it was started.
    pub started_at: UtcMs,
    /// When somebody else may take its orders over.
    pub expires_at: UtcMs,
    /// Whether that has passed.
    pub expired: bool,
    /// Its orders that are not shipped or given back.
    pub orders: Vec<String>,
    /// Units to take.
    pub units: i64,
    /// Units taken.
    pub picked: i64,
    /// Units not found.
    pub short: i64,
    /// What has happened to its orders since: cancelled, held, changed.
    pub warnings: Vec<String>,
}
