//! People say what they see on a shelf: absolute numbers. Said again, the new one counts.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::super::rows::{self, Rows};
use super::super::until_no_conflict;
use super::entry::{self, Entry};
use super::start::refuse_overlap;
use super::{subject, the_open_count};
use crate::context::Context;
use crate::domain::count::{Line, Lookup, tally};
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::counts::{self, Head, Seen};
use crate::store::events::{self, Event};
use crate::store::found_lots::Names;
use crate::store::locations::House;
use crate::store::stock::{self, Place};
use crate::store::{Tx, applied_refs, kits};

/// What was entered.
#[derive(Debug, Clone, Serialize)]
pub struct Entered {
    /// The count.
    pub id: i64,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom the reference had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Lines entered.
    pub lines: usize,
    /// Lines of those that had been entered before: the new number counts.
    pub replaced: usize,
    /// Lines of those that were not on the sheet.
    pub found: usize,
    /// Lines that are still to be counted.
    pub not_counted: usize,
}

/// Where entries come from.
enum Origin<'a> {
    Words(&'a [Entry]),
    File(&'a Path, &'a str),
}

/// Enters numbers that a person gives one by one.
///
/// # Errors
/// The count is not open, an entry is wrong, or the store's. Nothing is entered then.
pub async fn from_words(
    ctx: &Context,
    id: i64,
    entries: &[Entry],
    reference: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Entered> {
    let origin = Origin::Words(entries);
    until_no_conflict!(once(ctx, id, &origin, reference, dry_run))
}

/// Enters the numbers of a file. The same file is entered once, for later its numbers would
/// be held against what has moved since.
///
/// # Errors
/// The count is not open, a bad file with each bad cell named, or the store's. Nothing is
/// entered then.
pub async fn from_file(
    ctx: &Context,
    id: i64,
    file: &Path,
    reference: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Entered> {
    let source = rows::read(file)?;
    let own = format!("{}:{}", subject(id), source.reference);
    let origin = Origin::File(file, &source.text);
    let reference = Some(reference.unwrap_or(&own));
    until_no_conflict!(once(ctx, id, &origin, reference, dry_run))
}

async fn once(
    ctx: &Context,
    id: i64,
    origin: &Origin<'_>,
    reference: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Entered> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let mut report = Entered {
        id,
        dry_run,
        applied_before: None,
        lines: 0,
        replaced: 0,
        found: 0,
        not_counted: 0,
    };
    if let Some(reference) = reference {
        rows::key(reference).map_err(|why| Fault::usage(format!("--ref {why}")))?;
        report.applied_before = applied_refs::find(&mut tx, reference).await?;
        if report.applied_before.is_some() {
            return Ok(report);
        }
    }
    let stamp = ctx.stamp();
    let head = the_open_count(&mut tx, id).await?;
    let mut desk = Desk::new(&mut tx, head, stamp.at).await?;
    let seen = desk.take(ctx, &mut tx, origin).await?;
    report.lines = seen.len();
    report.found = desk.found.len();
    let known = |key: &Key| desk.lines.get(key);
    report.replaced = seen
        .iter()
        .filter(|(k, _)| known(k).is_some_and(|l| l.1))
        .count();
    let looked_at = |(key, line): (&Key, &(i64, bool))| line.1 || seen.contains_key(key);
    report.not_counted = desk.lines.iter().filter(|line| !looked_at(*line)).count();
    if dry_run || seen.is_empty() {
        return Ok(report);
    }
    counts::insert_lines(&mut tx, id, &desk.found).await?;
    let ids: HashMap<Key, i64> = counts::lines(&mut tx, id)
        .await?
        .into_iter()
        .map(|line| ((line.location_id, line.product_id, line.lot), line.id))
        .collect();
    let seen: Vec<Seen> = seen
        .into_iter()
        .filter_map(|(key, (counted, at, reason))| {
            Some(Seen {
                line: *ids.get(&key)?,
                counted,
                at,
                by: stamp.actor.clone(),
                reason,
            })
        })
        .collect();
    counts::set_seen(&mut tx, &seen).await?;
    if let Some(reference) = reference {
        let summary = format!("{} lines of count {id}", report.lines);
        applied_refs::note(&mut tx, &stamp, reference, "count", &summary).await?;
    }
    let facts = json!({ "lines": report.lines, "replaced": report.replaced });
    let fact = Event::new("count.entered", subject(id), facts);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// Location, product and lot of a line.
type Key = (i64, i64, String);

/// What was seen at each line: units, when, and what the person said.
type SeenByKey = HashMap<Key, (i64, UtcMs, Option<String>)>;

/// What entries are held against.
struct Desk {
    head: Head,
    now: UtcMs,
    house: House,
    /// Lines of the count: the id, and whether it has been counted.
    lines: HashMap<Key, (i64, bool)>,
    /// Products that are entered: id and tracking, by SKU.
    products: HashMap<String, (i64, String)>,
    kits: HashSet<i64>,
    places: Vec<Place>,
    /// By product and name of a lot: the name under which it is read on a shelf.
    lots: HashMap<(i64, String), String>,
    names: Names,
    /// Lines that are not there yet.
    found: Vec<Line>,
}

impl Desk {
    async fn new(tx: &mut Tx, head: Head, now: UtcMs) -> anyhow::Result<Self> {
        let lines = counts::lines(tx, head.id).await?.into_iter();
        let line = |l: counts::LineRow| {
            let key = (l.location_id, l.product_id, l.lot);
            (key, (l.id, l.counted.is_some()))
        };
        Ok(Self {
            house: House::load(tx).await?,
            lines: lines.map(line).collect(),
            products: HashMap::new(),
            kits: HashSet::new(),
            places: Vec::new(),
            lots: HashMap::new(),
            names: Names::load(tx).await?,
            found: Vec::new(),
            head,
            now,
        })
    }

    /// Takes all entries, or none.
    async fn take(
        &mut self,
        ctx: &Context,
        tx: &mut Tx,
        origin: &Origin<'_>,
    ) -> anyhow::Result<SeenByKey> {
        let mut seen = SeenByKey::new();
        match origin {
            Origin::Words(entries) => {
                self.look_up(tx, entries.iter()).await?;
                for entry in *entries {
                    self.note(entry, &mut seen)
                        .map_err(|(_, what)| Fault::failed(what))?;
                }
            }
            Origin::File(file, text) => {
                let mut rows = Rows::parse(text, entry::REQUIRED, entry::OPTIONAL)?;
                let entries: Vec<Option<Entry>> = (0..rows.len())
                    .map(|row| entry::read(ctx, &mut rows, row))
                    .collect();
                self.look_up(tx, entries.iter().flatten()).await?;
                for (row, entry) in entries.iter().enumerate() {
                    let Some(entry) = entry else { continue };
                    if let Err((column, what)) = self.note(entry, &mut seen) {
                        rows.problem(row, column, what);
                    }
                }
                rows.finish(file)?;
            }
        }
        self.begin_lines(tx, &seen).await?;
        Ok(seen)
    }

    async fn look_up(
        &mut self,
        tx: &mut Tx,
        entries: impl Iterator<Item = &Entry>,
    ) -> anyhow::Result<()> {
        let mut skus: Vec<&str> = entries.map(|entry| entry.sku.as_str()).collect();
        skus.sort_unstable();
        skus.dedup();
        for (sku, id, tracking) in counts::products(tx, &skus).await? {
            self.products.insert(sku, (id, tracking));
        }
        let ids: Vec<i64> = self.products.values().map(|(id, _)| *id).collect();
        self.kits = kits::kits_of(tx, &ids).await?.into_keys().collect();
        self.places = stock::places(tx, &ids).await?;
        let lots = self.places.iter();
        let name = |place: &Place| {
            let read_as = self.names.of(place.lot_id, &place.lot);
            ((place.product_id, place.lot.clone()), read_as.to_owned())
        };
        self.lots = lots.map(name).collect();
        Ok(())
    }

    /// Notes one entry; where it is wrong, tells in which column and why.
    fn note(&self, entry: &Entry, seen: &mut SeenByKey) -> Result<(), (&'static str, String)> {
        let place = self.house.by_code(&entry.location);
        let location = place.ok_or_else(|| {
            (
                "location",
                format!("there is no location {:?}", entry.location),
            )
        })?;
        let sku = &entry.sku;
        let product = self.products.get(sku);
        let (product, tracking) =
            product.ok_or_else(|| ("sku", format!("there is no product {sku:?}")))?;
        if self.kits.contains(product) {
            return Err(("sku", format!("{sku} is a kit; count its components")));
        }
        let lot = match (tracking.as_str(), &entry.lot) {
            ("none", None) => String::new(),
            ("none", Some(_)) => {
                return Err((
                    "lot",
                    format!("lots of {sku} are not told apart; name none"),
                ));
            }
            (_, None) => {
                return Err(("lot", format!("lots of {sku} are told apart; name the lot")));
            }
            (_, Some(lot)) => match self.lots.get(&(*product, lot.clone())) {
                Some(read_as) if read_as == lot => lot.clone(),
                Some(read_as) => {
                    let what = format!("a count found {lot} of lot {read_as}: count both as that");
                    return Err(("lot", what));
                }
                None => {
                    return Err(("lot", format!("{sku} has no lot {lot:?}; receive it first")));
                }
            },
        };
        let at = entry.counted_at.unwrap_or(self.now);
        if at.0 < self.head.started_at {
            let began = UtcMs(self.head.started_at);
            return Err((
                "counted_at",
                format!("{at} is before the count began, at {began}"),
            ));
        }
        if at > self.now {
            return Err(("counted_at", format!("{at} has not come yet")));
        }
        let key = (location.id, *product, lot);
        let what = (entry.counted, at, entry.reason.clone());
        if seen.insert(key, what).is_some() {
            return Err(("sku", format!("{sku} at {} is there twice", location.code)));
        }
        Ok(())
    }

    /// What was seen and is on no line gets one, with what lay there when the count began:
    /// what lies there now, less what has come since.
    async fn begin_lines(&mut self, tx: &mut Tx, seen: &SeenByKey) -> anyhow::Result<()> {
        let new = seen.keys().filter(|key| !self.lines.contains_key(*key));
        let begun = self.lines.keys();
        let line = |(location, product, lot): &Key| Line {
            location: *location,
            product: *product,
            lot: lot.clone(),
            snapshot: 0,
            counted: None,
        };
        let mut lines: Vec<Line> = new.map(line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let products: Vec<i64> = lines.iter().map(|line| line.product).collect();
        refuse_overlap(tx, &self.house, Some(self.head.id), &lines, &products).await?;
        let found = lines.len();
        lines.extend(begun.map(line));
        let moves = counts::moves_since(tx, self.head.last_move).await?;
        let mut snapshots: Vec<i64> = tally(&lines, &moves).iter().map(|t| -t.moved).collect();
        let lookup = Lookup::new(&lines);
        for place in &self.places {
            let lot = self.names.of(place.lot_id, &place.lot);
            if let Some(at) = lookup.line(place.location_id, place.product_id, lot) {
                snapshots[at] += place.on_hand;
            }
        }
        for (line, snapshot) in lines.iter_mut().zip(snapshots) {
            line.snapshot = snapshot;
        }
        lines.truncate(found);
        self.found = lines;
        Ok(())
    }
}
