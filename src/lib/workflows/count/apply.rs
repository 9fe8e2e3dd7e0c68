//! A count is applied: what only lies elsewhere is moved there with its promises; of the
//! rest, what was found comes onto stock as lots of its own, what is missing is written off,
//! and promises on it are given back, newest first. All of it or nothing, and once.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::low_stock;
use super::super::stock::removals;
use super::super::until_no_conflict;
use super::super::withdrawal::relocate;
use super::review::{Plan, Planned, Review, Uncounted};
use super::{subject, the_count, the_open_count};
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::store::applied_refs;
use crate::store::costs::{Exit, Voucher};
use crate::store::counts::{self, Head, Seen};
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::{Stamp, Tx, products, stock};

/// Why stock changes by a count.
const REASON: &str = "counted";

/// The event that tells it.
const APPLIED: &str = "count.applied";

/// What applying a count did.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// When and by whom it had been applied before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// What was found; once applied, without costs and promises.
    #[serde(flatten)]
    pub review: Review,
}

/// Applies a count. Without a word on them, all lines must be counted.
///
/// # Errors
/// Lines are not counted, a difference cannot be applied, the count is cancelled, or the
/// store's. Nothing is applied then.
pub async fn apply(
    ctx: &Context,
    id: i64,
    uncounted: Option<Uncounted>,
    dry_run: bool,
) -> anyhow::Result<Applied> {
    let applied = until_no_conflict!(once(ctx, id, uncounted, dry_run))?;
    if !dry_run && applied.applied_before.is_none() {
        low_stock::refresh(ctx).await?;
    }
    Ok(applied)
}

async fn once(
    ctx: &Context,
    id: i64,
    uncounted: Option<Uncounted>,
    dry_run: bool,
) -> anyhow::Result<Applied> {
    let mut tx = if dry_run {
        ctx.store.read().await?
    } else {
        ctx.store.allocate().await?
    };
    let stamp = ctx.stamp();
    let currency = ctx.tenant.tenant.currency;
    let head = the_count(&mut tx, id).await?;
    let house = House::load(&mut tx).await?;
    let how = uncounted.unwrap_or(Uncounted::Leave);
    let applied_before = before(&mut tx, &head).await?;
    if applied_before.is_some() {
        let plan = Plan::make(&mut tx, &stamp, &house, &head, Uncounted::Leave).await?;
        return Ok(Applied {
            dry_run,
            applied_before,
            review: plan.review(head, &house, currency),
        });
    }
    the_open_count(&mut tx, id).await?;
    let plan = Plan::make(&mut tx, &stamp, &house, &head, how).await?;
    if uncounted.is_none() {
        refuse_uncounted(id, &house, &plan)?;
    }
    refuse_problems(id, &house, &plan)?;
    if !dry_run {
        write(&mut tx, &stamp, &house, &head, &plan).await?;
        ctx.store.commit(tx).await?;
    }
    let mut review = plan.review(head, &house, currency);
    if !dry_run {
        "applied".clone_into(&mut review.state);
    }
    Ok(Applied {
        dry_run,
        applied_before: None,
        review,
    })
}

/// Whether it has been applied, as the event of it tells.
async fn before(tx: &mut Tx, head: &Head) -> anyhow::Result<Option<applied_refs::Applied>> {
    let Some(at) = head.applied_at else {
        return Ok(None);
    };
    let told = events::newest(tx, Some(&subject(head.id)), 100).await?;
    let told = told.into_iter().rev().find(|event| event.kind == APPLIED);
    Ok(Some(applied_refs::Applied {
        at: UtcMs(at),
        actor: told.map_or_else(|| head.actor.clone(), |event| event.actor),
        summary: format!("count {}: {}", head.id, head.scope),
    }))
}

fn refuse_uncounted(id: i64, house: &House, plan: &Plan) -> Result<(), Fault> {
    let open = || plan.lines.iter().filter(|line| line.row.counted.is_none());
    let Some(first) = open().next() else {
        return Ok(());
    };
    let text = format!(
        "{} of {} lines of count {id} are not counted, the first is {}",
        open().count(),
        plan.lines.len(),
        name(house, first)
    );
    let hint = "enter them, or say --only-counted to leave them as they are, or \
                --uncounted-as-zero if nothing lies there";
    Err(Fault::failed(text).hint(hint))
}

fn refuse_problems(id: i64, house: &House, plan: &Plan) -> Result<(), Fault> {
    let named: Vec<String> = plan
        .lines
        .iter()
        .filter_map(|line| {
            Some(format!(
                "\n  {}: {}",
                name(house, line),
                line.problem.as_ref()?
            ))
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let text = format!(
        "{} differences of count {id} cannot be applied, nothing was{}",
        named.len(),
        named
            .iter()
            .take(20)
            .map(String::as_str)
            .collect::<String>()
    );
    Err(Fault::failed(text).hint(format!("`opsctl count review {id}` shows each line")))
}

/// `MUG at A-2 (lot L1)`.
fn name(house: &House, line: &Planned) -> String {
    let lot = match line.row.lot.as_str() {
        "" => String::new(),
        lot => format!(" (lot {lot})"),
    };
    format!(
        "{} at {}{lot}",
        line.row.sku,
        house.code(line.row.location_id)
    )
}

async fn write(
    tx: &mut Tx,
    stamp: &Stamp,
    house: &House,
    head: &Head,
    plan: &Plan,
) -> anyhow::Result<()> {
    let cause = subject(head.id);
    let day = stamp.day();
    let voucher = Voucher {
        exit: Exit::WriteOff,
        booked_on: &day,
        cause: &cause,
    };
    plan.promises.release(tx, stamp, &plan.promised).await?;
    relocate(tx, stamp, &plan.places, &plan.goings, REASON, &cause).await?;
    let losses = removals(&plan.places, &plan.losses);
    stock::take_out(tx, stamp, &losses, REASON, voucher).await?;
    if !plan.gains.is_empty() {
        stock::put_lots(tx, stamp, &plan.gains, REASON, &cause).await?;
        let found: Vec<i64> = plan.gains.iter().map(|lot| lot.product).collect();
        products::set_stocked(tx, &found).await?;
    }
    let assumed = plan.lines.iter().filter(|line| line.assumed);
    // Before what is written now, which the line does not expect.
    let seen = assumed.map(|line| Seen {
        line: line.row.id,
        counted: 0,
        at: stamp.at.plus_ms(-1),
        by: stamp.actor.clone(),
        reason: None,
    });
    counts::set_seen(tx, &seen.collect::<Vec<_>>()).await?;
    counts::end(tx, head.id, "applied", Some(stamp.at)).await?;
    let differing = |line: &&Planned| line.tally.difference.is_some_and(|units| units != 0);
    let differences: Vec<Value> = plan
        .lines
        .iter()
        .filter(differing)
        .map(|line| {
            json!({
                "location": house.code(line.row.location_id),
                "sku": line.row.sku,
                "lot": line.row.lot,
                "difference": line.tally.difference,
                "misplaced": line.misplaced,
                "reason": line.row.reason,
            })
        })
        .collect();
    let released: i64 = plan.lines.iter().map(|line| line.released).sum();
    let facts = json!({
        "scope": head.scope, "released": released, "differences": differences,
    });
    let fact = Event::new(APPLIED, cause, facts);
    Ok(events::append(tx, stamp, &[fact]).await?)
}
