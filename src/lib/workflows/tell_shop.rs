//! The shop is told that an order has left: its status moves, once, and never back.
//!
//! The intent is noted with the dispatch; this carries it out. The shop is read before it is
//! written, so that an answer that was lost is settled by the next look, and an order that
//! somebody has cancelled meanwhile is left to a person.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::config::WooCommerce;
use crate::context::Context;
use crate::domain::order::StatusRule;
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::integrations::woocommerce::{Client, Error};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome, Row};
use crate::store::{Stamp, StoreError, Tx, orders, shipments};

const KIND: &str = "woocommerce.order_status";

/// How long a call may take before another run looks at its intent.
const CALL_MS: i64 = 3 * 60_000;

/// The wait after the first failure; it doubles with each, up to an hour.
const FIRST_WAIT_MS: i64 = 60_000;

/// What the shop is to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Telling {
    /// The channel.
    pub channel: String,
    /// The shop's id of the order.
    pub order: String,
    /// The number people use.
    pub number: String,
    /// The status it is to have.
    pub status: String,
    /// The shipment that led to it.
    pub shipment: i64,
}

/// What telling did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Told {
    /// Orders whose status moved, or had moved already.
    pub told: Vec<String>,
    /// Orders that are tried again later, and why.
    pub waiting: Vec<String>,
    /// Orders that a person has to decide on, and why.
    pub needs_decision: Vec<String>,
}

/// Plans the telling, within the transaction of the dispatch.
///
/// # Errors
/// The store's.
pub async fn plan(tx: &mut Tx, stamp: &Stamp, telling: &Telling) -> Result<(), StoreError> {
    let Telling {
        channel,
        order,
        status,
        shipment,
        ..
    } = telling;
    // What was dropped is planned anew under the run that does so.
    let run = &stamp.run;
    let intent = format!("status:{channel}:{order}:{status}:{shipment}:{run}");
    outbox::plan(tx, stamp, KIND, &intent, &json!(telling)).await
}

/// Tells a channel's shop all that it is to be told by now.
///
/// # Errors
/// The store's, or a secret cannot be resolved. A shop that is down is not an error: what
/// it was to be told waits.
pub async fn run(ctx: &Context, name: &str, shop: &WooCommerce) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let mut tx = ctx.store.read().await?;
    let due = outbox::due(&mut tx, KIND, ctx.clock.now()).await?;
    drop(tx);
    let mut client = None;
    for row in due {
        let Ok(telling) = serde_json::from_str::<Telling>(&row.request) else {
            continue;
        };
        if telling.channel != name || !claim(ctx, &row).await? {
            continue;
        }
        let client = match &client {
            Some(client) => client,
            None => client.insert(ctx.services.woocommerce(&ctx.tenant, name, shop)?),
        };
        let mut tx = ctx.store.read().await?;
        let known = orders::standing_of(&mut tx, name, &telling.order).await?;
        drop(tx);
        let outcome = match tell(client, shop, &telling, known, ctx.clock.now()).await {
            Ok(outcome) => outcome,
            Err(error) => after(ctx, &row, &error),
        };
        if !settle(ctx, &row, &telling, &outcome).await? {
            continue;
        }
        let order = format!("{name}:{}", telling.number);
        match outcome {
            Outcome::Done(_) => told.told.push(order),
            Outcome::Again(why, _) => told.waiting.push(format!("{order}: {why}")),
            Outcome::NeedsDecision(why) => told.needs_decision.push(format!("{order}: {why}")),
            Outcome::Dropped(_) => {}
        }
    }
    Ok(told)
}

/// Takes an intent on; gives whether it is ours.
pub(super) async fn claim(ctx: &Context, row: &Row) -> Result<bool, StoreError> {
    let now = ctx.clock.now();
    let mut tx = ctx.store.begin().await?;
    let is_ours = outbox::claim(&mut tx, row, now, now.plus_ms(CALL_MS)).await?;
    ctx.store.commit(tx).await?;
    Ok(is_ours)
}

/// `known`: when the shop had last changed the order, as we have it, and what it still wants.
async fn tell(
    client: &Client,
    shop: &WooCommerce,
    telling: &Telling,
    known: Option<(i64, i64)>,
    now: UtcMs,
) -> Result<Outcome, Error> {
    let Some(order) = client.order(&telling.order).await? else {
        let why = "the shop does not have it any more";
        return Ok(Outcome::NeedsDecision(why.to_owned()));
    };
    let status = &order.status;
    let (modified_at, wanted) = known.unwrap_or_default();
    match shop.status_rule(status) {
        _ if *status == telling.status => Ok(Outcome::Done(format!("the status is {status}"))),
        Some(StatusRule::Shipped) => Ok(Outcome::Done(format!("the status is {status}"))),
        // What was added meanwhile has not left: the next sync reads it, and tells then.
        Some(StatusRule::Ship | StatusRule::Reserve) if order.modified_at.0 > modified_at => {
            let why = "the shop has changed it since it was last read";
            Ok(Outcome::Again(why.to_owned(), now))
        }
        Some(StatusRule::Ship | StatusRule::Reserve) if wanted > 0 => {
            let why = format!("{wanted} more units are wanted of it");
            Ok(Outcome::Dropped(why))
        }
        Some(StatusRule::Ship | StatusRule::Reserve) => {
            client
                .set_order_status(&telling.order, &telling.status)
                .await?;
            Ok(Outcome::Done(format!(
                "the status moved from {status} to {}",
                telling.status
            )))
        }
        _ => Ok(Outcome::NeedsDecision(format!(
            "it has left, and the shop's status is {status}"
        ))),
    }
}

/// What an error means for the intent.
pub(super) fn after(ctx: &Context, row: &Row, error: &Error) -> Outcome {
    let doublings = row.attempts.clamp(0, 6) as u32;
    let wait = (FIRST_WAIT_MS << doublings).min(3_600_000);
    match error {
        Error::Rejected { .. } => Outcome::NeedsDecision(error.to_string()),
        _ => Outcome::Again(error.to_string(), ctx.clock.now().plus_ms(wait)),
    }
}

async fn settle(
    ctx: &Context,
    row: &Row,
    telling: &Telling,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    if !outbox::settle(&mut tx, row, stamp.at, outcome).await? {
        return Ok(false);
    }
    let kind = match outcome {
        Outcome::Done(_) => Some("shop.told"),
        Outcome::NeedsDecision(_) => Some("shop.needs_decision"),
        Outcome::Again(..) | Outcome::Dropped(_) => None,
    };
    if let (Some(kind), Outcome::Done(words) | Outcome::NeedsDecision(words)) = (kind, outcome) {
        let subject = format!("order:{}:{}", telling.channel, telling.number);
        let payload = json!({ "status": telling.status, "outbox": row.id, "answer": words });
        events::append(&mut tx, &stamp, &[Event::new(kind, subject, payload)]).await?;
    }
    ctx.store.commit(tx).await?;
    Ok(true)
}

/// Plans the telling of orders that left by hand and of which nothing more is wanted since:
/// the rest was refunded, or dropped from the order.
///
/// # Errors
/// The store's.
pub async fn plan_missing(ctx: &Context, name: &str, shop: &WooCommerce) -> anyhow::Result<()> {
    if !shop.tell_shipped {
        return Ok(());
    }
    let mut tx = ctx.store.read().await?;
    let untold = shipments::left_untold(&mut tx, name).await?;
    drop(tx);
    if untold.is_empty() {
        return Ok(());
    }
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    for (order, number, shipment) in untold {
        let telling = Telling {
            channel: name.to_owned(),
            order,
            number,
            status: shop.shipped_status.clone(),
            shipment,
        };
        plan(&mut tx, &stamp, &telling).await?;
    }
    ctx.store.commit(tx).await?;
    Ok(())
}

/// What a person decides about an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Try it again at once.
    Retry,
    /// Never do it.
    Drop,
}

/// Carries out what a person has decided about an intent that waits; gives it as it was.
///
/// # Errors
/// There is no such intent, it is done, or the store's.
pub async fn decide(ctx: &Context, id: i64, decision: Decision) -> anyhow::Result<Row> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    let row = outbox::find(&mut tx, id).await?.ok_or_else(|| {
        Fault::failed(format!("there is no intent {id}"))
            .hint("`opsctl outbox list` shows what is open")
    })?;
    if matches!(row.state.as_str(), "done" | "failed") {
        let text = format!("intent {id} is settled: {}", row.answer);
        return Err(Fault::failed(text)
            .hint("`opsctl outbox list --all`")
            .into());
    }
    if row.kind == "carrier.buy" {
        let text = format!("intent {id} buys labels: what became of it is not for the outbox");
        return Err(Fault::failed(text)
            .hint("`opsctl ship list --open`, then `opsctl ship resolve`")
            .into());
    }
    if row.state == "calling" && row.next_at > stamp.at.0 {
        let text = format!("intent {id} is being carried out right now");
        return Err(Fault::try_again(text)
            .hint("look again in a few minutes")
            .into());
    }
    let (outcome, word) = match decision {
        Decision::Retry => (
            Outcome::Again("to be tried again".to_owned(), stamp.at),
            "retry",
        ),
        Decision::Drop => (Outcome::Dropped("dropped by hand".to_owned()), "drop"),
    };
    outbox::decide(&mut tx, &row, stamp.at, &outcome).await?;
    let payload = json!({ "decision": word, "was": row.state });
    let fact = Event::new("outbox.decided", format!("outbox:{id}"), payload);
    events::append(&mut tx, &stamp, &[fact]).await?;
    ctx.store.commit(tx).await?;
    Ok(row)
}
