//! The rounds that are walked, and those whose orders wait for packing.

use super::WaveRow;
use super::sheet::warning;
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::store::picks::{self, Line, Task};

/// Rounds with orders that are not shipped or given back, newest first.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Vec<WaveRow>> {
    let mut tx = ctx.store.read().await?;
    let now = ctx.clock.now();
    let waves = picks::open_waves(&mut tx).await?;
    let ids: Vec<i64> = waves.iter().map(|wave| wave.id).collect();
    let tasks = picks::tasks(&mut tx, &ids).await?;
    let lines = picks::lines(&mut tx, &ids).await?;
    let rows = waves.into_iter().map(|wave| {
        let open = |task: &&Task| {
            task.wave_id == wave.id && !matches!(task.state.as_str(), "shipped" | "released")
        };
        let open: Vec<&Task> = tasks.iter().filter(open).collect();
        let of = |line: &&Line| open.iter().any(|task| task.id == line.task_id);
        let sum = |units: fn(&Line) -> i64| lines.iter().filter(of).map(units).sum();
        WaveRow {
            orders: open.iter().map(|task| task.order_ref.clone()).collect(),
            units: sum(|line| line.quantity),
            picked: sum(|line| line.picked),
            short: sum(|line| line.short),
            warnings: open
                .iter()
                .filter_map(|task| {
                    let words = warning(task, wave.started_at)?;
                    Some(format!("{}: {words}", task.order_ref))
                })
                .collect(),
            expired: wave.state == "picking" && wave.expires_at <= now.0,
            wave: wave.id,
            state: wave.state,
            packer: wave.packer,
            started_at: UtcMs(wave.started_at),
            expires_at: UtcMs(wave.expires_at),
        }
    });
    Ok(rows.collect())
}
