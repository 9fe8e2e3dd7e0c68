//! A round begins: it takes orders, each held by nobody else, and lists what lies where.
//! Rounds whose claim has expired are ended on the way, and their orders are free again.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use uuid::Uuid;

use super::give_back::take_over;
use super::queue;
use super::{MAX_ORDERS, PACKING, Sheet, StartWish, claim_ends, first_come, sheet};
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::domain::words::plural;
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::locations::House;
use crate::store::orders::{self, Summary};
use crate::store::picks::{self, Holder, NewLine, Wave};
use crate::store::{Stamp, Tx};
use crate::workflows::orders::exactly_one;
use crate::workflows::until_no_conflict;
use crate::workflows::who::called;

/// Begins a round. Asked again with the same claim, it gives the same round.
///
/// # Errors
/// No order, or more than twenty; an order that may not be picked, or that somebody holds;
/// or the store's. Nothing is claimed then.
pub async fn start(ctx: &Context, wish: &StartWish) -> anyhow::Result<Sheet> {
    if wish.orders.is_empty() && wish.next == 0 {
        let fault = Fault::usage("a round needs an order");
        return Err(fault
            .hint("name orders, or take the next ones of the queue")
            .into());
    }
    if wish.orders.len() + wish.next > MAX_ORDERS {
        let text = format!(
            "{} orders are too many for one round",
            wish.orders.len() + wish.next
        );
        return Err(Fault::usage(text)
            .hint(format!("a round takes up to {MAX_ORDERS}"))
            .into());
    }
    let claim = match &wish.claim {
        None => Uuid::new_v4(),
        Some(claim) => Uuid::parse_str(claim)
            .map_err(|_| Fault::usage("the claim is not a UUID").hint("leave it out"))?,
    };
    until_no_conflict!(once(ctx, wish, &claim.to_string()))
}

async fn once(ctx: &Context, wish: &StartWish, claim: &str) -> anyhow::Result<Sheet> {
    // A dry run writes as well, and is given up: the plan is what a real run would do.
    let mut tx = ctx.store.allocate().await?;
    let stamp = ctx.stamp();
    if let Some(wave) = picks::by_claim(&mut tx, claim).await? {
        return sheet::of(ctx, &mut tx, wave).await;
    }
    let mut wanted: Vec<(i64, String)> = Vec::new();
    for reference in &wish.orders {
        let order = exactly_one(orders::find(&mut tx, reference).await?, reference)?;
        if wanted.iter().any(|(id, _)| *id == order.id) {
            return Err(Fault::usage(format!("{} is named twice", order.order_ref)).into());
        }
        may_be_picked(ctx, &mut tx, &stamp, &order).await?;
        wanted.push((order.id, order.order_ref));
    }
    if wish.next > 0 {
        let queue = queue::within(ctx, &mut tx, stamp.at, None).await?;
        let free = queue.rows.into_iter().map(|row| (row.order_id, row.order));
        let named: Vec<i64> = wanted.iter().map(|(id, _)| *id).collect();
        wanted.extend(free.filter(|(id, _)| !named.contains(id)).take(wish.next));
        if wanted.is_empty() {
            return Err(Fault::failed("no order is ready to be picked")
                .hint("`opsctl pick queue` says how many wait for stock")
                .into());
        }
    }
    let ids: Vec<i64> = wanted.iter().map(|(id, _)| *id).collect();
    take_over(&mut tx, &stamp, &ids).await?;
    let wave = claim_orders(ctx, &mut tx, &stamp, claim, &wanted).await?;
    let mut sheet = sheet::of(ctx, &mut tx, wave).await?;
    if wish.dry_run {
        sheet.dry_run = true;
        sheet.wave = 0;
        sheet.claim = None;
        return Ok(sheet);
    }
    ctx.store.commit(tx).await?;
    Ok(sheet)
}

async fn claim_orders(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    claim: &str,
    wanted: &[(i64, String)],
) -> anyhow::Result<Wave> {
    let expires_at = claim_ends(ctx, stamp.at);
    let wave = picks::begin(tx, stamp, claim, expires_at)
        .await
        .map_err(first_come)?;
    let walk = Walk::load(tx).await?;
    let mut facts = Vec::new();
    for (tote, (order, name)) in (1..).zip(wanted) {
        let task = picks::hold(tx, wave, *order, tote)
            .await
            .map_err(first_come)?;
        let lines = walk.lines(tx, task, *order).await?;
        if lines.is_empty() {
            return Err(nothing_to_pick(name).into());
        }
        let units: i64 = lines.iter().map(|line| line.quantity).sum();
        picks::insert_lines(tx, &lines).await?;
        let payload = json!({ "wave": wave, "tote": tote, "units": units });
        facts.push(Event::new("pick.started", format!("order:{name}"), payload));
    }
    events::append(tx, stamp, &facts).await?;
    Ok(Wave {
        id: wave,
        claim: claim.to_owned(),
        packer: stamp.actor.clone(),
        state: "picking".to_owned(),
        started_at: stamp.at.0,
        expires_at: expires_at.0,
    })
}

/// In which order bins are walked to.
pub(super) struct Walk {
    places: HashMap<i64, i64>,
}

impl Walk {
    pub(super) async fn load(tx: &mut Tx) -> anyhow::Result<Self> {
        let house = House::load(tx).await?;
        let steps = (1..).zip(house.walk(None));
        let mut places: HashMap<i64, i64> = steps.map(|(at, step)| (step.id, at)).collect();
        // What lies at the bench already comes first.
        places.extend(house.by_code(PACKING).map(|bench| (bench.id, 0)));
        Ok(Self { places })
    }

    pub(super) fn position(&self, location: i64) -> i64 {
        self.places.get(&location).copied().unwrap_or(i64::MAX)
    }

    /// What is promised to an order, by place, and by lot where lots are told apart.
    async fn lines(&self, tx: &mut Tx, task: i64, order: i64) -> anyhow::Result<Vec<NewLine>> {
        let mut lines: BTreeMap<(i64, i64, Option<i64>), NewLine> = BTreeMap::new();
        for promise in picks::promises(tx, order, None).await? {
            let lot = promise.tells_lots_apart().then_some(promise.lot_id);
            let key = (promise.demand_id, promise.location_id, lot);
            lines
                .entry(key)
                .and_modify(|line| line.quantity += promise.quantity)
                .or_insert(NewLine {
                    task,
                    position: self.position(promise.location_id),
                    demand: promise.demand_id,
                    product: promise.product_id,
                    location: promise.location_id,
                    lot,
                    quantity: promise.quantity,
                });
        }
        Ok(lines.into_values().collect())
    }
}

/// Whether an order asked for by name may be picked now.
async fn may_be_picked(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    order: &Summary,
) -> anyhow::Result<()> {
    let name = &order.order_ref;
    if let Some(holder) = picks::holders(tx, &[order.id]).await?.pop()
        && !holder.has_expired(stamp.at)
    {
        return Err(held(tx, name, &holder, stamp).await?.into());
    }
    if order.rule != "ship" {
        let text = format!("{name} may not ship: its status is {}", order.status);
        return Err(Fault::failed(text)
            .hint(format!("`opsctl orders show {name}` shows it"))
            .into());
    }
    if let Some(holds) = &order.holds {
        let text = format!("{name} is on hold: {holds}");
        return Err(Fault::failed(text)
            .hint("it can be picked once the hold is lifted")
            .into());
    }
    let found = queue::within(ctx, tx, stamp.at, Some(order.id)).await?;
    if found.rows.is_empty() {
        if order.reserved == 0 {
            return Err(nothing_to_pick(name).into());
        }
        let text = format!(
            "{} of the {} units that {name} wants {} reserved, and [pick] ready asks for {}",
            order.reserved,
            order.wanted,
            plural(order.reserved, "is", "are"),
            ctx.tenant.pick.ready.words()
        );
        return Err(Fault::failed(text)
            .hint(format!(
                "`opsctl reserve explain {name}` tells what is lacking"
            ))
            .into());
    }
    Ok(())
}

fn nothing_to_pick(name: &str) -> Fault {
    Fault::failed(format!(
        "nothing is reserved for {name}: there is nothing to pick"
    ))
    .hint(format!(
        "`opsctl reserve explain {name}` tells why; what no stock is kept of leaves with \
             `opsctl ship --manual {name}`"
    ))
}

/// Says who holds an order and until when.
async fn held(tx: &mut Tx, name: &str, holder: &Holder, stamp: &Stamp) -> anyhow::Result<Fault> {
    let wave = holder.wave_id;
    if holder.task_state != "picking" {
        let text = format!("{name} is {} already, in round {wave}", holder.task_state);
        return Ok(Fault::failed(text).hint("it waits at the packing bench"));
    }
    let packer = called(tx, &holder.packer).await?;
    let until = stamp.clock(UtcMs(holder.expires_at));
    let text = format!("{name} is being picked by {packer} in round {wave}, until {until}");
    Ok(Fault::failed(text).hint(if holder.packer == stamp.actor {
        format!("go on with round {wave}, or give it back: `opsctl pick release {wave}`")
    } else {
        "take another order, or try again when that has passed".to_owned()
    }))
}
