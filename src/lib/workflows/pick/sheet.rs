//! The pick sheet: what is to be taken where, in the order of the bins.

use std::collections::HashMap;

use super::{Code, Sheet, SheetLine, SheetTask, the_wave};
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::store::picks::{self, Line, Task, Wave};
use crate::store::{Tx, gtins};

/// The sheet of a round; its claim is told only to whoever walks it.
///
/// # Errors
/// There is no such round, or the store's.
pub async fn sheet(ctx: &Context, wave: i64) -> anyhow::Result<Sheet> {
    let mut tx = ctx.store.read().await?;
    let wave = the_wave(&mut tx, wave).await?;
    of(ctx, &mut tx, wave).await
}

/// The sheet of a round, within a transaction of the caller's.
pub(super) async fn of(ctx: &Context, tx: &mut Tx, wave: Wave) -> anyhow::Result<Sheet> {
    let tasks = picks::tasks(tx, &[wave.id]).await?;
    let lines = picks::lines(tx, &[wave.id]).await?;
    let mut products: Vec<i64> = lines.iter().map(|line| line.product_id).collect();
    products.sort_unstable();
    products.dedup();
    let mut codes: HashMap<i64, Vec<Code>> = HashMap::new();
    for (product, gtin, units) in gtins::of_products(tx, &products).await? {
        codes.entry(product).or_default().push(Code { gtin, units });
    }
    Ok(Sheet {
        claim: (wave.packer == ctx.actor).then_some(wave.claim),
        tasks: tasks
            .into_iter()
            .map(|task| sheet_task(task, wave.started_at))
            .collect(),
        lines: lines
            .into_iter()
            .map(|line| {
                let codes = codes.get(&line.product_id).cloned().unwrap_or_default();
                sheet_line(line, codes)
            })
            .collect(),
        wave: wave.id,
        state: wave.state,
        packer: wave.packer,
        expires_at: UtcMs(wave.expires_at),
        dry_run: false,
    })
}

fn sheet_task(task: Task, started_at: i64) -> SheetTask {
    SheetTask {
        warning: warning(&task, started_at),
        task: task.id,
        tote: task.tote,
        order: task.order_ref,
        customer: task.customer,
        note: task.note,
        state: task.state,
    }
}

fn sheet_line(line: Line, codes: Vec<Code>) -> SheetLine {
    SheetLine {
        line: line.id,
        task: line.task_id,
        tote: line.tote,
        sku: line.sku,
        title: line.title,
        bin: line.bin,
        lot: line.lot,
        tracking: line.tracking,
        quantity: line.quantity,
        picked: line.picked,
        short: line.short,
        codes,
    }
}

/// What has happened to an order since its round began, that a packer should know.
pub(super) fn warning(task: &Task, started_at: i64) -> Option<String> {
    if matches!(task.state.as_str(), "shipped" | "released") {
        return None;
    }
    let words = match (task.rule.as_str(), &task.order_holds) {
        ("none" | "closed" | "unknown", _) => "cancelled: put its goods back".to_owned(),
        ("shipped", _) => "shipped already by the shop's word".to_owned(),
        ("reserve", None) => "on hold".to_owned(),
        (_, Some(holds)) => format!("on hold: {holds}"),
        _ if task.taken_in_at > started_at => "changed since: look at it again".to_owned(),
        _ => return None,
    };
    Some(words)
}
