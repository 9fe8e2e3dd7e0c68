//! Packages are opened, measured, weighed and closed.

use serde_json::json;

use super::bench::{Bench, Measures, PackageWish};
use super::load::{self, Leaving, Lying};
use super::scan::uuid;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::applied_refs;
use crate::store::events::{self, Event};
use crate::store::packages::{self, PackageRow};
use crate::workflows::until_no_conflict;

/// A package measures so many millimetres at most, and weighs so many grams.
const MAX_MM: i64 = 10_000;
const MAX_G: i64 = 1_000_000;

/// Opens a package; the same wish by its id opens none a second time.
///
/// # Errors
/// The preset is unknown, a measure is none, the order is not this packer's to pack, or
/// the store's.
pub async fn open_package(ctx: &Context, task: i64, wish: &PackageWish) -> anyhow::Result<Bench> {
    uuid(&wish.id)?;
    until_no_conflict!(open_once(ctx, task, wish))
}

async fn open_once(ctx: &Context, task: i64, wish: &PackageWish) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.begin().await?;
    let held = load::hold(ctx, &mut tx, task, false, Leaving::Must).await;
    let reference = format!("package:{}", wish.id);
    if applied_refs::find(&mut tx, &reference).await?.is_some() {
        return Ok(Lying::load(&mut tx, task).await?.bench(ctx));
    }
    let lying = held?;
    let mut package = PackageRow {
        id: 0,
        number: lying.packages.iter().map(|p| p.number).max().unwrap_or(0) + 1,
        preset: String::new(),
        weight_g: None,
        length_mm: None,
        width_mm: None,
        height_mm: None,
        closed_at: None,
    };
    let measures = Measures {
        preset: wish.preset.clone(),
        length_mm: wish.length_mm,
        width_mm: wish.width_mm,
        height_mm: wish.height_mm,
        weight_g: wish.weight_g,
        ..Measures::default()
    };
    measure_it(ctx, &mut package, &measures)?;
    let stamp = ctx.stamp();
    packages::add_package(&mut tx, &stamp, task, &package).await?;
    let name = &lying.task.order_ref;
    let summary = format!("package {} of {name}", package.number);
    applied_refs::note(&mut tx, &stamp, &reference, "package", &summary).await?;
    let fact = Event::new(
        "pack.package",
        format!("order:{name}"),
        json!({ "package": package.number, "box": package.preset }),
    );
    events::append(&mut tx, &stamp, &[fact]).await?;
    super::done(ctx, tx, task, wish.dry_run).await
}

/// Puts what was measured on a package.
fn measure_it(ctx: &Context, package: &mut PackageRow, wish: &Measures) -> Result<(), Fault> {
    if let Some(name) = &wish.preset {
        let boxes = &ctx.tenant.pack.boxes;
        let preset = boxes.get(name).ok_or_else(|| {
            let names: Vec<&str> = boxes.keys().map(String::as_str).collect();
            let hint = if names.is_empty() {
                "give its size, or name boxes under [pack.boxes] in the tenant file".to_owned()
            } else {
                format!("the boxes are {}", names.join(", "))
            };
            let shown = super::refusal::shown(name);
            Fault::usage(format!("there is no box {shown}")).hint(hint)
        })?;
        package.preset.clone_from(name);
        package.length_mm = Some(i64::from(preset.length_mm));
        package.width_mm = Some(i64::from(preset.width_mm));
        package.height_mm = Some(i64::from(preset.height_mm));
    }
    let own = [wish.length_mm, wish.width_mm, wish.height_mm];
    if wish.preset.is_none() && own.iter().any(Option::is_some) {
        package.preset.clear();
    }
    let measures = [
        (wish.length_mm, &mut package.length_mm, MAX_MM, "mm"),
        (wish.width_mm, &mut package.width_mm, MAX_MM, "mm"),
        (wish.height_mm, &mut package.height_mm, MAX_MM, "mm"),
        (wish.weight_g, &mut package.weight_g, MAX_G, "g"),
    ];
    for (new, stored, max, unit) in measures {
        let Some(new) = new else { continue };
        if !(1..=max).contains(&new) {
            return Err(
                Fault::usage(format!("{new} {unit} is no measure of a package"))
                    .hint(format!("a package has 1 to {max} {unit}")),
            );
        }
        *stored = Some(new);
    }
    Ok(())
}

/// Measures and weighs a package, and closes it or opens it again. What it weighs may also
/// be said when all is packed.
///
/// # Errors
/// There is no such package, it is empty and to be closed, a measure is none, the order is
/// not this packer's to pack, or the store's.
pub async fn measure(
    ctx: &Context,
    task: i64,
    number: i64,
    wish: &Measures,
) -> anyhow::Result<Bench> {
    until_no_conflict!(measure_once(ctx, task, number, wish))
}

async fn measure_once(
    ctx: &Context,
    task: i64,
    number: i64,
    wish: &Measures,
) -> anyhow::Result<Bench> {
    let mut tx = ctx.store.begin().await?;
    let lying = match load::hold(ctx, &mut tx, task, false, Leaving::Any).await {
        Ok(lying) => lying,
        Err(error) => {
            let lying = Lying::load(&mut tx, task).await?;
            if lying.task.state != "packed" || wish.close == Some(false) {
                return Err(error);
            }
            lying
        }
    };
    let mut package = lying.package(number)?.clone();
    measure_it(ctx, &mut package, wish)?;
    match wish.close {
        Some(true) if lying.is_empty(package.id) => {
            return Err(Fault::failed(format!("package {number} is empty"))
                .hint("pack something into it; an empty one goes away when packing is finished")
                .into());
        }
        Some(true) => package.closed_at = Some(package.closed_at.unwrap_or(ctx.stamp().at.0)),
        Some(false) => package.closed_at = None,
        None => {}
    }
    packages::put_package(&mut tx, &package).await?;
    super::done(ctx, tx, task, wish.dry_run).await
}
