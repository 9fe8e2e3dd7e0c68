//! What lies on the packing bench, as a packer sees it and as the station asks for it: the
//! order's lines, its packages, what is left, and the wishes and answers of packing.

use serde::{Deserialize, Serialize};

/// An order on the bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bench {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// The task: one order of a round.
    pub task: i64,
    /// `woo:1042`.
    pub order: String,
    /// The order's id.
    pub order_id: i64,
    /// Who bought.
    pub customer: String,
    /// Where it goes, a line of the address each.
    pub ship_to: Vec<String>,
    /// How it was asked to be sent.
    pub service: String,
    /// What the customer wrote with the order.
    pub note: String,
    /// `picked` (on the bench), `packed`, `shipped`, `released`; `picking` before.
    pub state: String,
    /// The tote it came in.
    pub tote: i64,
    /// Who packs it.
    pub packer: Option<String>,
    /// Until when it is theirs, in milliseconds.
    pub pack_until: Option<i64>,
    /// Why the order may not leave now, where it may not: then nothing can be packed.
    pub may_not_leave: Option<String>,
    /// What of the goods is more than the order wants now, or makes no whole kit, and what
    /// to do with it; in words.
    pub too_much: Option<String>,
    /// What was picked for it.
    pub lines: Vec<BenchLine>,
    /// Its packages, by number.
    pub packages: Vec<Package>,
    /// Picked units that are wanted and lie in no package.
    pub left: i64,
    /// Units in packages.
    pub packed: i64,
    /// The shipment it left with.
    pub shipment: Option<i64>,
}

/// What was picked for a demand at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchLine {
    /// The line of the pick task.
    pub line: i64,
    /// The SKU.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// `none`, `lot` or `serial`.
    pub tracking: String,
    /// The lot it was picked from, where lots are told apart.
    pub lot: Option<String>,
    /// Units picked.
    pub picked: i64,
    /// Units packed.
    pub packed: i64,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its number within the task, from 1.
    pub number: i64,
    /// The box's name in `[pack.boxes]`, or empty for one of its own size.
    #[serde(rename = "box")]
    pub preset: String,
    /// Outer length, where known.
    pub length_mm: Option<i64>,
    /// Outer width, where known.
    pub width_mm: Option<i64>,
    /// Outer height, where known.
    pub height_mm: Option<i64>,
    /// What it was weighed at, where it was.
    pub weight_g: Option<i64>,
    /// What its contents and box should weigh, where every weight is known.
    pub expected_g: Option<i64>,
    /// Those of its products whose weight nobody has said.
    pub unweighed: Vec<String>,
    /// What to look at again before it leaves.
    pub warning: Option<String>,
    /// Whether it is closed: nothing goes in or out.
    pub closed: bool,
    /// What is in it.
    pub items: Vec<PackageItem>,
}

/// Units of a line in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageItem {
    /// The line of the pick task.
    pub line: i64,
    /// The SKU.
    pub sku: String,
    /// Its title.
    pub title: String,
    /// Their lot, where lots are told apart.
    pub lot: Option<String>,
    /// Units.
    pub units: i64,
    /// Their serials, where units are told apart.
    pub serials: Vec<String>,
}

/// A package as asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageWish {
    /// The id it got where it was asked for: a repeat opens no second package.
    pub id: String,
    /// A box of `[pack.boxes]`.
    pub preset: Option<String>,
    /// Outer length, for one of its own size.
    pub length_mm: Option<i64>,
    /// Outer width.
    pub width_mm: Option<i64>,
    /// Outer height.
    pub height_mm: Option<i64>,
    /// What it weighs, where that is known already.
    pub weight_g: Option<i64>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What is measured of a package; what is `None` stays as it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// Another box of `[pack.boxes]`, with its dimensions.
    pub preset: Option<String>,
    /// Outer length.
    pub length_mm: Option<i64>,
    /// Outer width.
    pub width_mm: Option<i64>,
    /// Outer height.
    pub height_mm: Option<i64>,
    /// What it weighs, packed.
    pub weight_g: Option<i64>,
    /// Whether it is to be closed, or opened again.
    pub close: Option<bool>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// A scan into a package.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PackScan {
    /// The id it got where it was scanned, a UUID: it counts once.
    pub id: String,
    /// The package's number; 0: the open one, where just one is open.
    pub package: i64,
    /// The SKU; empty where a serial says it.
    pub sku: String,
    /// Units, at least 1.
    pub units: i64,
    /// The lot, where one was scanned.
    pub lot: Option<String>,
    /// The unit's serial, where one was scanned.
    pub serial: Option<String>,
    /// What the scanner read.
    pub code: String,
    /// When it was scanned, in milliseconds; 0: now.
    pub at: i64,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What became of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackAnswer {
    /// `stored` or `refused`.
    pub outcome: String,
    /// What was done, or why not.
    pub why: Option<String>,
    /// What to do about it, where it was refused.
    pub hint: Option<String>,
    /// What has to be scanned with it: `serial` or `lot`.
    pub needs: Option<String>,
    /// Whether a manager may take this unit in place of the one promised.
    pub manager_may_swap: bool,
    /// The lines that units went to or from: line, units, and the package.
    pub placed: Vec<Placed>,
    /// The bench as it is now.
    pub bench: Bench,
    /// Whether this scan had been answered before.
    pub repeated: bool,
}

/// Units that went into a package, or out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The line of the pick task.
    pub line: i64,
    /// The package's number.
    pub package: i64,
    /// Units; negative where they came out.
    pub units: i64,
}

/// An order that waits for its package, or lies packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The task.
    pub task: i64,
    /// `woo:1042`.
    pub order: String,
    /// Who bought.
    pub customer: String,
    /// How it was asked to be sent.
    pub service: String,
    /// The day it was promised for.
    pub promised_on: Option<String>,
    /// `picked` or `packed`.
    pub state: String,
    /// The round's tote.
    pub tote: i64,
    /// Who packs it, while it is theirs.
    pub packer: Option<String>,
    /// Until when, in milliseconds.
    pub pack_until: Option<i64>,
    /// Units picked.
    pub picked: i64,
    /// Units packed.
    pub packed: i64,
    /// Packages.
    pub packages: i64,
    /// Why the order may not leave now.
    pub may_not_leave: Option<String>,
}

/// The orders on the bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waitings {
    /// Oldest first.
    pub orders: Vec<Waiting>,
}
