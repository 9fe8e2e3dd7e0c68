//! A scan puts units into a package or takes them out. Each counts once by its id: a repeat
//! gets the first answer. A refused one changes nothing, and is judged anew when it comes
//! again.

use serde_json::json;

use super::bench::{Bench, PackAnswer, PackScan, Placed};
use super::load::{self, Leaving, Lying};
use super::refusal::{Refusal, lot_names, share, shown};
use super::scanned::lines_of;
use super::serials;
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::store::events::{self, Event};
use crate::store::packages::{self, Line, Scan};
use crate::store::{Tx, serials as stored_serials};
use crate::workflows::until_no_conflict;

/// So much of a code is kept.
const MAX_CODE: usize = 400;
/// One scan packs so many units at most.
const MAX_UNITS: i64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pack,
    Unpack,
    Swap,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Unpack => "unpack",
            Self::Swap => "swap",
        }
    }
}

/// Puts scanned units into a package.
///
/// # Errors
/// The id is no UUID, the units are none, there is no such task, or the store's. What the
/// packer can mend is an answer `refused`.
pub async fn pack(ctx: &Context, task: i64, scan: &PackScan) -> anyhow::Result<PackAnswer> {
    answer(ctx, task, scan, Kind::Pack).await
}

/// Takes scanned units out of a package, also where the order may not leave any more.
///
/// # Errors
/// As [`pack`].
pub async fn unpack(ctx: &Context, task: i64, scan: &PackScan) -> anyhow::Result<PackAnswer> {
    answer(ctx, task, scan, Kind::Unpack).await
}

/// Packs a unit that came in with another lot than the one promised, by a manager's word:
/// the two lots change places in the books and in the promises. Who may say so is for the
/// caller to know.
///
/// # Errors
/// As [`pack`].
pub async fn swap(ctx: &Context, task: i64, scan: &PackScan) -> anyhow::Result<PackAnswer> {
    answer(ctx, task, scan, Kind::Swap).await
}

/// An id made where something was scanned.
pub(super) fn uuid(id: &str) -> Result<(), Fault> {
    if uuid::Uuid::try_parse(id).is_ok() {
        return Ok(());
    }
    Err(Fault::usage(format!("{} is no UUID", shown(id)))
        .hint("each scan has an id of its own, such as 7f2c1c9e-4c57-4a0b-9a53-0d0e6d8b8f01"))
}

async fn answer(
    ctx: &Context,
    task: i64,
    scan: &PackScan,
    kind: Kind,
) -> anyhow::Result<PackAnswer> {
    uuid(&scan.id)?;
    if !(1..=MAX_UNITS).contains(&scan.units) {
        let text = format!("{} is no number of units", scan.units);
        return Err(Fault::usage(text)
            .hint("a scan packs 1 unit or more")
            .into());
    }
    until_no_conflict!(once(ctx, task, scan, kind))
}

async fn once(ctx: &Context, task: i64, scan: &PackScan, kind: Kind) -> anyhow::Result<PackAnswer> {
    let mut tx = match kind {
        Kind::Swap => ctx.store.allocate().await?,
        Kind::Pack | Kind::Unpack => ctx.store.begin().await?,
    };
    let leaving = match kind {
        Kind::Unpack => Leaving::Any,
        Kind::Pack | Kind::Swap => Leaving::Must,
    };
    let held = load::hold(ctx, &mut tx, task, false, leaving).await;
    if let Some(before) = packages::answered(&mut tx, &scan.id).await? {
        return repeated(ctx, tx, task, kind, before).await;
    }
    let placed = match held {
        Err(error) => Err(error),
        Ok(lying) => match kind {
            Kind::Pack => put(ctx, &mut tx, &lying, scan).await,
            Kind::Unpack => take_out(ctx, &mut tx, &lying, scan).await,
            Kind::Swap => super::swap::run(ctx, &mut tx, &lying, scan).await,
        },
    };
    let placed = match placed {
        Ok(placed) => placed,
        Err(error) => {
            let refusal = refusal(error)?;
            drop(tx);
            let bench = super::bench(ctx, task).await?;
            return Ok(refused(refusal, bench));
        }
    };
    let stamp = ctx.stamp();
    let mut answer = PackAnswer {
        outcome: "stored".to_owned(),
        why: None,
        hint: None,
        needs: None,
        manager_may_swap: false,
        placed,
        bench: Lying::load(&mut tx, task).await?.bench(ctx),
        repeated: false,
    };
    answer.bench.dry_run = scan.dry_run;
    if scan.dry_run {
        return Ok(answer);
    }
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let code: String = scan.code.chars().take(MAX_CODE).map(visible).collect();
    let given = json!(answer.placed).to_string();
    let stored = Scan {
        id: &scan.id,
        task,
        line: answer.placed.first().map(|placed| placed.line),
        kind: kind.word(),
        units: scan.units,
        code: &code,
        at: if scan.at > 0 { scan.at } else { stamp.at.0 },
        answer: &given,
    };
    packages::store_scan(&mut tx, &stamp, &stored).await?;
    ctx.store.commit(tx).await?;
    Ok(answer)
}

async fn repeated(
    ctx: &Context,
    mut tx: Tx,
    task: i64,
    kind: Kind,
    (stored_task, stored_kind, given): (Option<i64>, String, String),
) -> anyhow::Result<PackAnswer> {
    if stored_task != Some(task) || stored_kind != kind.word() {
        return Err(
            Fault::failed("this scan's id has been used for another scan")
                .hint("scan again: each scan gets an id of its own")
                .into(),
        );
    }
    Ok(PackAnswer {
        outcome: "stored".to_owned(),
        why: None,
        hint: None,
        needs: None,
        manager_may_swap: false,
        placed: serde_json::from_str(&given).unwrap_or_default(),
        bench: Lying::load(&mut tx, task).await?.bench(ctx),
        repeated: true,
    })
}

/// What the packer can mend is an answer; anything else an error.
fn refusal(error: anyhow::Error) -> anyhow::Result<Refusal> {
    let error = match error.downcast::<Refusal>() {
        Ok(refusal) => return Ok(refusal),
        Err(error) => error,
    };
    match error.downcast::<Fault>() {
        Ok(fault) if fault.exit == Exit::Failed => Ok(Refusal {
            why: fault.message,
            hint: fault.hint,
            needs: None,
            manager_may_swap: false,
        }),
        Ok(fault) => Err(fault.into()),
        Err(error) => Err(error),
    }
}

fn refused(refusal: Refusal, bench: Bench) -> PackAnswer {
    PackAnswer {
        outcome: "refused".to_owned(),
        why: Some(refusal.why),
        hint: refusal.hint,
        needs: refusal.needs.map(ToOwned::to_owned),
        manager_may_swap: refusal.manager_may_swap,
        placed: Vec::new(),
        bench,
        repeated: false,
    }
}

async fn put(
    ctx: &Context,
    tx: &mut Tx,
    lying: &Lying,
    scan: &PackScan,
) -> anyhow::Result<Vec<Placed>> {
    let package = lying.open_package(scan.package)?;
    let lines = lines_of(tx, lying, scan).await?;
    let tracking = lines.first().map_or("none", |line| line.tracking.as_str());
    if tracking == "serial" {
        let row = serials::to_be_packed(tx, lying, &lines, scan).await?;
        let parts = serials::share(tx, lying, &lines, &row).await?;
        return serials::put(ctx, tx, lying, package, &row, &parts).await;
    }
    let lot = if tracking == "lot" {
        the_lot(&lines, scan)?
    } else {
        None
    };
    let parts = share(lying, &lines, scan.units, lot)?;
    let mut placed = Vec::new();
    for (line, units) in parts {
        let own = lines.iter().find(|l| l.id == line).and_then(|l| l.lot_id);
        let lot = (tracking == "lot").then_some(lot.or(own)).flatten();
        placed.push(add(tx, lying, (package.id, package.number), (line, lot), units).await?);
    }
    Ok(placed)
}

/// Adds units of a line to a package.
pub(super) async fn add(
    tx: &mut Tx,
    lying: &Lying,
    (package, number): (i64, i64),
    (line, lot): (i64, Option<i64>),
    units: i64,
) -> anyhow::Result<Placed> {
    let same = lying
        .items
        .iter()
        .find(|i| i.package_id == package && i.line_id == line && i.lot_id == lot);
    packages::add_units(tx, (package, line, lot), same, units).await?;
    Ok(Placed {
        line,
        package: number,
        units,
    })
}

/// The lot of scanned units: the one scanned, or the only one that was picked.
fn the_lot(lines: &[&Line], scan: &PackScan) -> Result<Option<i64>, Refusal> {
    let sku = lines.first().map_or("", |line| line.sku.as_str());
    if let Some(code) = &scan.lot {
        let of_lot = lines.iter().find(|l| l.lot.as_ref() == Some(code));
        if of_lot.is_none() && lines.iter().any(|l| l.lot.is_some()) {
            let why = format!(
                "lot {} of {sku} was not picked for this order, but {}",
                shown(code),
                lot_names(lines)
            );
            return Err(Refusal::new(why, "put it back, and take what was picked"));
        }
        return Ok(of_lot.and_then(|l| l.lot_id));
    }
    let mut lots: Vec<Option<i64>> = lines
        .iter()
        .filter(|l| l.packed < l.picked)
        .map(|l| l.lot_id)
        .collect();
    lots.sort_unstable();
    lots.dedup();
    match lots.as_slice() {
        [one] => Ok(*one),
        [] => Ok(None),
        _ => Err(Refusal {
            needs: Some("lot"),
            ..Refusal::new(
                format!("{sku} was picked from lots {}", lot_names(lines)),
                "scan or say the lot of this one",
            )
        }),
    }
}

async fn take_out(
    ctx: &Context,
    tx: &mut Tx,
    lying: &Lying,
    scan: &PackScan,
) -> anyhow::Result<Vec<Placed>> {
    let package = lying.open_package(scan.package)?;
    let lines = lines_of(tx, lying, scan).await?;
    let sku = lines.first().map_or("", |line| line.sku.as_str());
    let is_serial = lines.first().is_some_and(|line| line.tracking == "serial");
    let not_there = |what: &str| {
        let why = format!("{what} is not in package {}", package.number);
        Refusal::new(why, format!("`opsctl pack show {}`", lying.task.order_ref))
    };
    let mut here: Vec<_> = lying
        .items
        .iter()
        .filter(|i| i.package_id == package.id && lines.iter().any(|l| l.id == i.line_id))
        .collect();
    let key = |line: i64, units: i64| Placed {
        line,
        package: package.number,
        units: -units,
    };
    if is_serial {
        let serial = serials::said(scan, sku)?;
        let bound = lying
            .bound
            .iter()
            .find(|b| b.serial == serial && here.iter().any(|i| i.id == b.item_id));
        let item = bound.and_then(|b| here.iter().find(|i| i.id == b.item_id));
        let (Some(bound), Some(item)) = (bound, item) else {
            return Err(not_there(&format!("serial {} of {sku}", shown(serial))).into());
        };
        packages::unbind(tx, item.id, bound.serial_id).await?;
        let at = (package.id, item.line_id, item.lot_id);
        packages::add_units(tx, at, Some(item), -1).await?;
        let fact = Event::new(
            "serial.unpacked",
            stored_serials::subject(sku, serial),
            json!({ "order": lying.task.order_ref, "package": package.number }),
        );
        events::append(tx, &ctx.stamp(), &[fact]).await?;
        return Ok(vec![key(item.line_id, 1)]);
    }
    if let Some(lot) = &scan.lot {
        here.retain(|item| item.lot.is_none() || item.lot.as_ref() == Some(lot));
    }
    let there: i64 = here.iter().map(|item| item.quantity).sum();
    if there < scan.units {
        let text = format!("so many of {sku} ({})", scan.units);
        return Err(if there == 0 {
            not_there(sku).into()
        } else {
            not_there(&text).into()
        });
    }
    let (mut left, mut placed) = (scan.units, Vec::new());
    for item in here.into_iter().rev() {
        let part = item.quantity.min(left);
        if part > 0 {
            left -= part;
            let at = (package.id, item.line_id, item.lot_id);
            packages::add_units(tx, at, Some(item), -part).await?;
            placed.push(key(item.line_id, part));
        }
    }
    Ok(placed)
}
