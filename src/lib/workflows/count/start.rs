//! A count begins: what is counted, and what lies there by the ledger at this moment.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::json;

use super::super::locations::the_place;
use super::super::stock::{refuse_kit, the_product};
use super::super::until_no_conflict;
use super::subject;
use crate::context::Context;
use crate::domain::abc::{self, Class};
use crate::domain::count::Line;
use crate::fault::Fault;
use crate::store::counts::{self, Scope};
use crate::store::events::{self, Event};
use crate::store::locations::{self, House};
use crate::store::{Stamp, Tx, products, reservations};

/// Classes go by what was dispatched in so many milliseconds: a year.
const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// At most this many characters tell what is counted.
const WORDS: usize = 180;

/// What to count.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All that lies at these places, and at those in them.
    Bins(Vec<String>),
    /// These products, wherever they lie.
    Skus(Vec<String>),
    /// The products of a class; where a number is given, so many of those that were counted
    /// longest ago.
    Class(Class, Option<usize>),
    /// Everything.
    All,
}

/// A count that began.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// Its number; none in a dry run.
    pub id: Option<i64>,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// What is counted.
    pub scope: String,
    /// Places to walk to.
    pub locations: usize,
    /// Products to count.
    pub products: usize,
    /// Lines to count.
    pub lines: usize,
}

/// Begins a count.
///
/// # Errors
/// A place or SKU is unknown, another open count covers part of it, or the store's.
pub async fn start(ctx: &Context, wanted: &Wanted, dry_run: bool) -> anyhow::Result<Started> {
    until_no_conflict!(once(ctx, wanted, dry_run))
}

async fn once(ctx: &Context, wanted: &Wanted, dry_run: bool) -> anyhow::Result<Started> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let started = start_within(&mut tx, &ctx.stamp(), wanted, dry_run).await?;
    if !dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(started)
}

/// Begins a count within a transaction of the caller's, under the allocation lock unless it
/// is a dry run.
///
/// # Errors
/// As [`start`].
pub(in crate::workflows) async fn start_within(
    tx: &mut Tx,
    stamp: &Stamp,
    wanted: &Wanted,
    dry_run: bool,
) -> anyhow::Result<Started> {
    let house = House::load(tx).await?;
    let scope = scope(tx, stamp, &house, wanted).await?;
    let lines = counts::lying(tx, &scope).await?;
    let different = |of: fn(&Line) -> i64| lines.iter().map(of).collect::<HashSet<i64>>();
    let products: Vec<i64> = different(|line| line.product).into_iter().collect();
    refuse_overlap(tx, &house, None, &lines, &products).await?;
    let mut started = Started {
        id: None,
        dry_run,
        scope: words(wanted),
        locations: different(|line| line.location).len(),
        products: products.len(),
        lines: lines.len(),
    };
    if dry_run {
        return Ok(started);
    }
    let id = counts::begin(tx, stamp, &started.scope).await?;
    counts::insert_lines(tx, id, &lines).await?;
    started.id = Some(id);
    let facts = json!({ "scope": started.scope, "lines": started.lines });
    let fact = Event::new("count.started", subject(id), facts);
    events::append(tx, stamp, &[fact]).await?;
    Ok(started)
}

async fn scope(
    tx: &mut Tx,
    stamp: &Stamp,
    house: &House,
    wanted: &Wanted,
) -> anyhow::Result<Scope> {
    let under = |top| house.walk(top).into_iter().map(|step| step.id);
    Ok(match wanted {
        Wanted::All => Scope::Locations(under(None).collect()),
        Wanted::Bins(codes) => {
            let mut ids = BTreeSet::new();
            for code in codes {
                ids.extend(under(Some(the_place(house, code)?.id)));
            }
            Scope::Locations(ids.into_iter().collect())
        }
        Wanted::Skus(skus) => {
            let mut ids = BTreeSet::new();
            for sku in skus {
                let product = the_product(tx, sku).await?;
                refuse_kit(tx, &product).await?;
                ids.insert(product.id);
            }
            Scope::Products(ids.into_iter().collect())
        }
        Wanted::Class(class, limit) => {
            let mut ids = of_class(tx, stamp, *class).await?;
            if let Some(limit) = limit {
                let last: HashMap<i64, i64> = counts::last_counted(tx).await?.into_iter().collect();
                // Never counted comes first; equals stay most valuable first.
                ids.sort_by_key(|id| last.get(id).copied());
                ids.truncate(*limit);
            }
            Scope::Products(ids)
        }
    })
}

/// The products of a class that there is anything to count of, most valuable first.
async fn of_class(tx: &mut Tx, stamp: &Stamp, class: Class) -> anyhow::Result<Vec<i64>> {
    let year_ago = stamp.at.plus_ms(-YEAR_MS).day_in(stamp.zone);
    let costs: HashMap<i64, i64> = counts::dispatched_since(tx, &year_ago)
        .await?
        .into_iter()
        .collect();
    let mut here: HashSet<i64> = products::on_hand(tx)
        .await?
        .into_iter()
        .map(|p| p.0)
        .collect();
    here.extend(locations::homes(tx).await?.into_iter().map(|home| home.0));
    // What is sold out still has its share of the value.
    let all: HashSet<i64> = here.iter().chain(costs.keys()).copied().collect();
    let mut all: Vec<(i64, i64)> = all
        .into_iter()
        .map(|id| (id, costs.get(&id).copied().unwrap_or(0)))
        .collect();
    all.sort_unstable_by_key(|(id, cost)| (Reverse(*cost), *id));
    let classed = abc::classes(&all).into_iter();
    let found = classed.filter(|(id, of)| *of == class && here.contains(id));
    Ok(found.map(|(id, _)| id).collect())
}

/// Two counts over the same shelf would each apply the same difference.
pub(super) async fn refuse_overlap(
    tx: &mut Tx,
    house: &House,
    count: Option<i64>,
    lines: &[Line],
    products: &[i64],
) -> anyhow::Result<()> {
    let mine: HashSet<(i64, i64)> = lines.iter().map(|l| (l.location, l.product)).collect();
    let others = counts::open_elsewhere(tx, count, products).await?;
    let overlap = others.iter().find(|(_, l, p)| mine.contains(&(*l, *p)));
    let Some((other, location, product)) = overlap else {
        return Ok(());
    };
    let skus = reservations::skus(tx, &[*product]).await?;
    let text = format!(
        "count {other} is open and covers {} at {}",
        skus.get(product).map_or("", String::as_str),
        house.code(*location)
    );
    let hint = format!("`opsctl count apply {other}` or `opsctl count cancel {other}` ends it");
    Err(Fault::failed(text).hint(hint).into())
}

fn words(wanted: &Wanted) -> String {
    let text = match wanted {
        Wanted::All => "everything".to_owned(),
        Wanted::Bins(codes) => format!("at {}", codes.join(", ")),
        Wanted::Skus(skus) => skus.join(", "),
        Wanted::Class(class, None) => format!("class {class:?}"),
        Wanted::Class(class, Some(limit)) => format!("{limit} products of class {class:?}"),
    };
    if text.chars().count() <= WORDS {
        return text;
    }
    let start: String = text.chars().take(WORDS - 3).collect();
    format!("{start}...")
}
