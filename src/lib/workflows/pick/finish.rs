//! A round is walked to its end: its orders wait for packing.

use serde_json::json;

use super::{PACKING, Sheet, claimed, in_hand, place_of, sheet};
use crate::context::Context;
use crate::domain::pack;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::packages;
use crate::store::picks::{self, Line};
use crate::workflows::until_no_conflict;

/// Ends a round in which every line is picked or short. An order of which nothing was picked
/// that may go, because its kits are not whole, goes back to the queue: what was picked stays
/// at the bench. Said again, it changes nothing.
///
/// # Errors
/// The claim is unknown, something is still open, the round has expired or was given back;
/// or the store's.
pub async fn finish(ctx: &Context, claim: &str) -> anyhow::Result<Sheet> {
    until_no_conflict!(once(ctx, claim))
}

async fn once(ctx: &Context, claim: &str) -> anyhow::Result<Sheet> {
    let mut tx = ctx.store.allocate().await?;
    let stamp = ctx.stamp();
    let mut wave = claimed(&mut tx, claim).await?;
    match wave.state.as_str() {
        "picking" => {}
        "picked" => return sheet::of(ctx, &mut tx, wave).await,
        state => {
            let text = format!("round {} is {state}: its orders are nobody's", wave.id);
            return Err(Fault::failed(text)
                .hint("bring what lies in the totes to the packing bench, and start anew")
                .into());
        }
    }
    let lines = picks::lines(&mut tx, &[wave.id]).await?;
    let open: Vec<&Line> = lines
        .iter()
        .filter(|line| line.picked + line.short < line.quantity)
        .collect();
    if !open.is_empty() {
        return Err(still_open(&open).into());
    }
    let house = House::load(&mut tx).await?;
    let mut facts = Vec::new();
    for task in picks::tasks(&mut tx, &[wave.id]).await? {
        if task.state != "picking" {
            continue;
        }
        let of_task = || lines.iter().filter(|line| line.task_id == task.id);
        let picked: i64 = of_task().map(|line| line.picked).sum();
        let short: i64 = of_task().map(|line| line.short).sum();
        let bench = place_of(&house, PACKING)?.id;
        in_hand::keep(&mut tx, &stamp, task.id, bench).await?;
        let wants = packages::wants(&mut tx, task.id).await?;
        let still_open = wants.iter().any(|want| want.quantity > want.shipped);
        let goes = pack::may_go(&wants).into_values().any(|units| units > 0);
        // What is not wanted at all any more is shown at the bench, to be put back.
        let state = if picked > 0 && (goes || !still_open) {
            "picked"
        } else {
            "released"
        };
        picks::set_task(&mut tx, task.id, "picking", state).await?;
        let payload = json!({
            "wave": wave.id, "tote": task.tote, "picked": picked, "short": short, "state": state,
        });
        let subject = format!("order:{}", task.order_ref);
        facts.push(Event::new("pick.finished", subject, payload));
    }
    picks::end(&mut tx, &stamp, wave.id, "picking", "picked").await?;
    events::append(&mut tx, &stamp, &facts).await?;
    "picked".clone_into(&mut wave.state);
    let sheet = sheet::of(ctx, &mut tx, wave).await?;
    ctx.store.commit(tx).await?;
    Ok(sheet)
}

fn still_open(open: &[&Line]) -> Fault {
    let words: Vec<String> = open
        .iter()
        .take(5)
        .map(|line| {
            let left = line.quantity - line.picked - line.short;
            format!("{left} of {} at {} (line {})", line.sku, line.bin, line.id)
        })
        .collect();
    let more = if open.len() > words.len() {
        format!(" and {} lines more", open.len() - words.len())
    } else {
        String::new()
    };
    Fault::failed(format!("still to be picked: {}{more}", words.join(", ")))
        .hint("pick them, or say that they are short")
}
