//! Suppliers made, or brought to what is said of them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Change, Set};
use crate::context::Context;
use crate::domain::money::Currency;
use crate::store::events::{self, Event};
use crate::store::suppliers::{self, Row};
use crate::workflows::rows::{self, Rows};
use crate::workflows::until_no_conflict;

const REQUIRED: &[&str] = &["code", "name"];
const OPTIONAL: &[&str] = &["currency", "lead_days", "email"];

/// No supplier takes longer.
const LONGEST_LEAD: i64 = 3650;

/// What is said of a supplier. What is not said stays as it is.
#[derive(Debug, Clone)]
pub struct Wish {
    /// How people call it for short.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The currency it asks for; of a new supplier, the tenant's by default.
    pub currency: Option<Currency>,
    /// Days from an order to its goods; of a new supplier, none by default.
    pub lead_days: Option<i64>,
    /// Where orders are sent.
    pub email: Option<String>,
}

impl Wish {
    fn onto(&self, mut row: Row) -> Row {
        row.name.clone_from(&self.name);
        if let Some(currency) = self.currency {
            currency.as_str().clone_into(&mut row.currency);
        }
        row.lead_days = self.lead_days.unwrap_or(row.lead_days);
        if let Some(email) = &self.email {
            row.email.clone_from(email);
        }
        row
    }
}

/// Makes a supplier, or brings it to what is said.
///
/// # Errors
/// The store's; nothing is changed then.
pub async fn add(ctx: &Context, wish: &Wish, dry_run: bool) -> anyhow::Result<Set> {
    until_no_conflict!(set(ctx, std::slice::from_ref(wish), dry_run))
}

/// Makes the suppliers of a file, and brings those there are to what it says.
///
/// # Errors
/// A bad file, with each bad cell named; or the store's. Nothing is applied then.
pub async fn import(ctx: &Context, file: &Path, dry_run: bool) -> anyhow::Result<Set> {
    let source = rows::read(file)?;
    let mut rows = Rows::parse(&source.text, REQUIRED, OPTIONAL)?;
    let wishes = read(&mut rows);
    rows.finish(file)?;
    until_no_conflict!(set(ctx, &wishes, dry_run))
}

fn read(rows: &mut Rows) -> Vec<Wish> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut wishes = Vec::new();
    for row in 0..rows.len() {
        let code = rows.read(row, "code", rows::key);
        let name = rows.read(row, "name", rows::key);
        let currency = rows.optional(row, "currency", rows::currency);
        let lead_days = rows.optional(row, "lead_days", lead_days);
        let email = rows.optional(row, "email", email);
        let (Some(code), Some(name)) = (code, name) else {
            continue;
        };
        if !seen.insert(code.clone()) {
            rows.problem(row, "code", "an earlier row has this code");
        }
        wishes.push(Wish {
            code,
            name,
            currency,
            lead_days,
            email,
        });
    }
    wishes
}

fn lead_days(text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(days) if (0..=LONGEST_LEAD).contains(&days) => Ok(days),
        _ => Err(format!(
            "{text:?} is not a number of days from 0 to {LONGEST_LEAD}"
        )),
    }
}

fn email(text: &str) -> Result<String, String> {
    match text.split_once('@') {
        Some((user, host)) if !user.is_empty() && host.contains('.') && !text.contains(' ') => {
            rows::key(text)
        }
        _ => Err(format!("{text:?} is not a mail address")),
    }
}

async fn set(ctx: &Context, wishes: &[Wish], dry_run: bool) -> anyhow::Result<Set> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.begin().await?
    };
    let stored = suppliers::all(&mut tx).await?;
    let stored: HashMap<&str, &Row> = stored.iter().map(|s| (s.code.as_str(), s)).collect();
    let mut report = Set {
        dry_run,
        ..Set::default()
    };
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for wish in wishes {
        let before = stored.get(wish.code.as_str()).copied();
        let after = wish.onto(before.cloned().unwrap_or_else(|| unknown(ctx, &wish.code)));
        if before == Some(&after) {
            report.unchanged += 1;
            continue;
        }
        report.changes.push(Change {
            code: wish.code.clone(),
            new: before.is_none(),
            facts: differences(before, &after),
        });
        if before.is_none() {
            new.push(after);
        } else {
            changed.push(after);
        }
    }
    report.new = new.len() as u64;
    report.changed = changed.len() as u64;
    if dry_run || report.changes.is_empty() {
        return Ok(report);
    }
    let stamp = ctx.stamp();
    suppliers::insert(&mut tx, &stamp, &new).await?;
    suppliers::update(&mut tx, &changed).await?;
    let told: Vec<Event> = report
        .changes
        .iter()
        .map(|change| {
            let kind = if change.new {
                "supplier.added"
            } else {
                "supplier.changed"
            };
            let payload = json!({ "facts": change.facts });
            Event::new(kind, format!("supplier:{}", change.code), payload)
        })
        .collect();
    events::append(&mut tx, &stamp, &told).await?;
    ctx.store.commit(tx).await?;
    Ok(report)
}

/// A supplier that nothing is said of.
fn unknown(ctx: &Context, code: &str) -> Row {
    Row {
        id: 0,
        code: code.to_owned(),
        name: String::new(),
        currency: ctx.tenant.tenant.currency.as_str().to_owned(),
        lead_days: 0,
        email: String::new(),
    }
}

/// Each fact that differs, before and after.
fn differences(before: Option<&Row>, after: &Row) -> Map<String, Value> {
    let facts = |row: &Row| {
        [
            ("name", json!(row.name)),
            ("currency", json!(row.currency)),
            ("lead_days", json!(row.lead_days)),
            ("email", json!(row.email)),
        ]
    };
    let then = before.map(facts);
    facts(after)
        .into_iter()
        .enumerate()
        .filter_map(|(at, (name, now))| {
            let then = then
                .as_ref()
                .map_or(json!(null), |facts| facts[at].1.clone());
            (then != now).then(|| (name.to_owned(), json!([then, now])))
        })
        .collect()
}
