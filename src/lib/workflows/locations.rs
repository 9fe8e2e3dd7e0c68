//! The places in the house, and where each product belongs. Said again, nothing changes.

use serde::Serialize;
use serde_json::json;

use super::rows;
use super::stock::{refuse_kit, the_product};
use super::until_no_conflict;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::locations::{self, House, Row};
use crate::store::{Stamp, Tx};

/// The one place that everything lies in.
pub const MAIN: &str = "main";

/// What a code may be at most, in characters: it stands on a label.
const LONGEST: usize = 60;

/// Places as they are wanted. What is not said stays as it is; a new place lies in the
/// warehouse, is of the kind of what it lies in, and is called by its code.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Their codes.
    pub codes: Vec<String>,
    /// The code of what they lie in.
    pub under: Option<String>,
    /// What lies there.
    pub kind: Option<&'static str>,
    /// What a person calls them.
    pub title: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What became of a wish.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Set {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Codes of places made.
    pub new: Vec<String>,
    /// Codes of places changed.
    pub changed: Vec<String>,
    /// Codes of places that were so already.
    pub unchanged: Vec<String>,
}

/// A place in the list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its code.
    pub code: String,
    /// What a person calls it.
    pub title: String,
    /// `warehouse`, `zone` or `bin`.
    pub level: &'static str,
    /// What lies there.
    pub kind: String,
    /// The code of what it lies in.
    pub under: Option<String>,
    /// How many of the listed places it lies in.
    pub depth: usize,
    /// Units exactly there.
    pub on_hand: i64,
    /// Units of those that are promised.
    pub reserved: i64,
}

/// Where a product belongs now.
#[derive(Debug, Clone, Serialize)]
pub struct Home {
    /// The SKU.
    pub sku: String,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// Its bin, if it has one.
    pub home: Option<String>,
    /// The bin before, where that is another.
    pub was: Option<String>,
    /// Whether anything changes.
    pub changed: bool,
}

/// The place with that code.
///
/// # Errors
/// There is none.
pub fn the_place<'a>(house: &'a House, code: &str) -> Result<&'a Row, Fault> {
    house.by_code(code).ok_or_else(|| {
        Fault::failed(format!("there is no location {code:?}"))
            .hint("`opsctl location list` shows those there are")
    })
}

/// Makes places, or brings those there are to what is wanted.
///
/// # Errors
/// A code is not fit for one, a place would lie in itself, units lie where the kind would
/// change, or the store's. Nothing is done then.
pub async fn set(ctx: &Context, wish: &Wish) -> anyhow::Result<Set> {
    for code in &wish.codes {
        let fit = rows::key(code).and_then(|_| fits_a_label(code));
        fit.map_err(|why| Fault::usage(format!("location {code:?} {why}")))?;
    }
    if let Some(title) = &wish.title {
        rows::name(title).map_err(|why| Fault::usage(format!("the title {why}")))?;
    }
    until_no_conflict!(set_once(ctx, wish))
}

fn fits_a_label(code: &str) -> Result<(), String> {
    if code.chars().count() > LONGEST {
        return Err(format!("is longer than {LONGEST} characters"));
    }
    if code.trim() != code {
        return Err("begins or ends with a space".to_owned());
    }
    Ok(())
}

async fn set_once(ctx: &Context, wish: &Wish) -> anyhow::Result<Set> {
    // Under the lock, for nothing may arrive where the kind changes.
    let mut tx = if wish.dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let stamp = ctx.stamp();
    let house = House::load(&mut tx).await?;
    let under = wish.under.as_deref();
    let parent = under.map(|code| the_place(&house, code)).transpose()?;
    let mut set = Set {
        dry_run: wish.dry_run,
        ..Set::default()
    };
    let mut codes = wish.codes.clone();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let Some(there) = house.by_code(&code) else {
            let parent = parent.map_or_else(|| the_place(&house, MAIN), Ok)?;
            if !wish.dry_run {
                add(&mut tx, &stamp, &code, parent, wish).await?;
            }
            set.new.push(code);
            continue;
        };
        let wanted = changed(&house, there, parent, wish)?;
        if wanted == *there {
            set.unchanged.push(code);
            continue;
        }
        if !wish.dry_run {
            locations::update(&mut tx, &wanted).await?;
            tell(&mut tx, &stamp, "location.changed", &house, &wanted).await?;
        }
        set.changed.push(code);
    }
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(set)
}

async fn add(
    tx: &mut Tx,
    stamp: &Stamp,
    code: &str,
    parent: &Row,
    wish: &Wish,
) -> anyhow::Result<()> {
    let title = wish.title.as_deref().unwrap_or(code);
    let kind = wish.kind.unwrap_or(&parent.kind);
    locations::insert(tx, code, title, kind, parent.id).await?;
    let facts = json!({ "title": title, "kind": kind, "under": parent.code });
    let fact = Event::new("location.added", format!("location:{code}"), facts);
    Ok(events::append(tx, stamp, &[fact]).await?)
}

async fn tell(
    tx: &mut Tx,
    stamp: &Stamp,
    kind: &'static str,
    house: &House,
    row: &Row,
) -> anyhow::Result<()> {
    let under = row.parent_id.map(|id| house.code(id));
    let facts = json!({ "title": row.title, "kind": row.kind, "under": under });
    let fact = Event::new(kind, format!("location:{}", row.code), facts);
    Ok(events::append(tx, stamp, &[fact]).await?)
}

/// A place as it is wanted.
fn changed(house: &House, there: &Row, parent: Option<&Row>, wish: &Wish) -> Result<Row, Fault> {
    let mut wanted = there.clone();
    if let Some(title) = &wish.title {
        wanted.title.clone_from(title);
    }
    if let Some(parent) = parent {
        let inside = house.walk(Some(there.id));
        if inside.iter().any(|step| step.id == parent.id) {
            let text = format!("{} cannot lie in {}", there.code, parent.code);
            return Err(Fault::failed(text).hint("a place does not lie in itself"));
        }
        wanted.parent_id = Some(parent.id);
    }
    if let Some(kind) = wish.kind.filter(|kind| *kind != there.kind) {
        if there.on_hand > 0 {
            let text = format!(
                "{} units lie at {}; its kind can change only when none do",
                there.on_hand, there.code
            );
            return Err(Fault::failed(text).hint("`opsctl stock move` takes them elsewhere"));
        }
        kind.clone_into(&mut wanted.kind);
    }
    Ok(wanted)
}

/// The places in the order in which one walks past them; or one and those in it.
///
/// # Errors
/// There is no such place, or the store's.
pub async fn list(ctx: &Context, under: Option<&str>) -> anyhow::Result<Vec<Listed>> {
    let mut tx = ctx.store.read().await?;
    let house = House::load(&mut tx).await?;
    let top = under.map(|code| the_place(&house, code)).transpose()?;
    let steps = house.walk(top.map(|row| row.id));
    let listed = steps.into_iter().filter_map(|step| {
        let row = house.get(step.id)?;
        Some(Listed {
            code: row.code.clone(),
            title: row.title.clone(),
            level: match row.parent_id {
                None => "warehouse",
                Some(_) if step.holds_places => "zone",
                Some(_) => "bin",
            },
            kind: row.kind.clone(),
            under: row.parent_id.map(|id| house.code(id).to_owned()),
            depth: step.depth,
            on_hand: row.on_hand,
            reserved: row.reserved,
        })
    });
    Ok(listed.collect())
}

/// Says where a product belongs: a preference, which moves nothing.
///
/// # Errors
/// The SKU or the place is unknown, the product is a kit, or the store's.
pub async fn set_home(
    ctx: &Context,
    sku: &str,
    home: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Home> {
    until_no_conflict!(set_home_once(ctx, sku, home, dry_run))
}

async fn set_home_once(
    ctx: &Context,
    sku: &str,
    home: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Home> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.begin().await?
    };
    let product = the_product(&mut tx, sku).await?;
    if home.is_some() {
        refuse_kit(&mut tx, &product).await?;
    }
    let house = House::load(&mut tx).await?;
    let wanted = home.map(|code| the_place(&house, code)).transpose()?;
    let wanted = wanted.map(|row| row.id);
    let before = locations::home(&mut tx, product.id).await?;
    let changed = before != wanted;
    if changed && !dry_run {
        let stamp = ctx.stamp();
        locations::set_home(&mut tx, &stamp, product.id, wanted).await?;
        let facts = json!({ "home": home, "was": before.map(|id| house.code(id)) });
        let fact = Event::new("product.home", format!("sku:{sku}"), facts);
        events::append(&mut tx, &stamp, &[fact]).await?;
        ctx.store.commit(tx).await?;
    }
    Ok(Home {
        sku: sku.to_owned(),
        dry_run,
        home: home.map(ToOwned::to_owned),
        was: before
            .filter(|_| changed)
            .map(|id| house.code(id).to_owned()),
        changed,
    })
}

/// The bin that a product belongs in, if it has one.
///
/// # Errors
/// The SKU is unknown, or the store's.
pub async fn home(ctx: &Context, sku: &str) -> anyhow::Result<Home> {
    let mut tx = ctx.store.read().await?;
    let product = the_product(&mut tx, sku).await?;
    let house = House::load(&mut tx).await?;
    let home = locations::home(&mut tx, product.id).await?;
    Ok(Home {
        sku: sku.to_owned(),
        dry_run: false,
        home: home.map(|id| house.code(id).to_owned()),
        was: None,
        changed: false,
    })
}
