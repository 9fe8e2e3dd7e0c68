//! The shop is told what becomes of parcels: a note on the order, once, and its tracking
//! numbers in the order's metadata. Noted with what happened; carried out afterwards, so that
//! a shop that is down holds nothing up.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::tell_shop::{Told, after, claim};
use crate::config::{Channel, WooCommerce};
use crate::context::Context;
use crate::integrations::woocommerce::{Client, Error};
use crate::store::consignments::{self, Row as Consignment};
use crate::store::events::{self, Event};
use crate::store::outbox::{self, Outcome, Row};
use crate::store::{Stamp, Tx, orders};

const KIND: &str = "woocommerce.order_note";

/// The order's metadata in which its tracking numbers are, as JSON: metadata are texts.
const META: &str = "_opsctl_tracking";

/// What the shop is to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Noting {
    channel: String,
    /// The shop's id of the order.
    order: String,
    /// The number people use.
    number: String,
    /// Our id of the order.
    id: i64,
    /// What stands in the note, and in no other note of the order.
    mark: String,
    text: String,
}

/// Plans to tell that an order's parcels are on their way.
///
/// # Errors
/// The store's.
pub(super) async fn plan_sent(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Consignment,
    numbers: &[String],
) -> anyhow::Result<()> {
    let text = format!("Shipped with {}: {}", row.carrier, numbers.join(", "));
    plan(
        ctx,
        tx,
        stamp,
        row.order_id,
        &format!("sent {}", row.reference),
        &text,
    )
    .await
}

/// Plans to tell that all parcels of a sending have been delivered.
///
/// # Errors
/// The store's.
pub(super) async fn plan_delivered(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    row: &Consignment,
) -> anyhow::Result<()> {
    let text = format!("Delivered by {}", row.carrier);
    plan(
        ctx,
        tx,
        stamp,
        row.order_id,
        &format!("delivered {}", row.reference),
        &text,
    )
    .await
}

async fn plan(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    order: i64,
    mark: &str,
    text: &str,
) -> anyhow::Result<()> {
    let at = orders::address(tx, order).await?;
    let Some(Channel::WooCommerce(shop)) = ctx.tenant.channels.get(&at.channel) else {
        return Ok(());
    };
    if !shop.tell_shipped {
        return Ok(());
    }
    let intent = format!("note:{}:{}:{mark}", at.channel, at.external_id);
    let noting = Noting {
        channel: at.channel,
        order: at.external_id,
        number: at.number,
        id: order,
        mark: mark.to_owned(),
        text: format!("{text} ({mark})"),
    };
    outbox::plan(tx, stamp, KIND, &intent, &json!(noting)).await?;
    Ok(())
}

/// Tells a channel's shop all that it is to be told by now.
///
/// # Errors
/// The store's, or a secret cannot be resolved. A shop that is down is not an error.
pub(super) async fn run(
    ctx: &Context,
    name: &str,
    shop: &WooCommerce,
    told: &mut Told,
) -> anyhow::Result<()> {
    let mut tx = ctx.store.read().await?;
    let due = outbox::due(&mut tx, KIND, ctx.clock.now()).await?;
    drop(tx);
    let mut client = None;
    for row in due {
        let Ok(noting) = serde_json::from_str::<Noting>(&row.request) else {
            continue;
        };
        if noting.channel != name || !claim(ctx, &row).await? {
            continue;
        }
        let client = match &client {
            Some(client) => client,
            None => client.insert(ctx.services.woocommerce(&ctx.tenant, name, shop)?),
        };
        let numbers = numbers(ctx, noting.id).await?;
        let outcome = match tell(client, &noting, &numbers, shop.tracking_notes_to_customer).await {
            Ok(outcome) => outcome,
            Err(error) => after(ctx, &row, &error),
        };
        settle(ctx, &row, &noting, &outcome).await?;
        let order = format!("{name}:{}", noting.number);
        match outcome {
            Outcome::Done(_) | Outcome::Dropped(_) => {}
            Outcome::Again(why, _) => told.waiting.push(format!("{order}: {why}")),
            Outcome::NeedsDecision(why) => told.needs_decision.push(format!("{order}: {why}")),
        }
    }
    Ok(())
}

/// The numbers of an order's outbound pieces that stand, with who carries them.
async fn numbers(ctx: &Context, order: i64) -> anyhow::Result<Vec<(String, String)>> {
    let mut tx = ctx.store.read().await?;
    let mut numbers = Vec::new();
    for row in consignments::of_order(&mut tx, order).await? {
        if row.direction != "outbound" || !matches!(row.state.as_str(), "bought" | "shipped") {
            continue;
        }
        for parcel in consignments::parcels(&mut tx, row.id).await? {
            let stands = parcel.tracking.filter(|_| parcel.voided_at.is_none());
            numbers.extend(stands.map(|number| (row.carrier.clone(), number)));
        }
    }
    Ok(numbers)
}

async fn tell(
    client: &Client,
    noting: &Noting,
    numbers: &[(String, String)],
    to_customer: bool,
) -> Result<Outcome, Error> {
    let value: Vec<_> = numbers
        .iter()
        .map(|(carrier, number)| json!({ "carrier": carrier, "number": number }))
        .collect();
    // Absolute, so that a repeat changes nothing.
    client
        .set_order_meta(&noting.order, META, &json!(value).to_string())
        .await?;
    let Some(notes) = client.order_notes(&noting.order).await? else {
        let why = "the shop does not have it any more";
        return Ok(Outcome::NeedsDecision(why.to_owned()));
    };
    let mark = format!("({})", noting.mark);
    if notes.iter().any(|note| note.contains(&mark)) {
        return Ok(Outcome::Done("the note is there".to_owned()));
    }
    client
        .add_order_note(&noting.order, &noting.text, to_customer)
        .await?;
    Ok(Outcome::Done("noted".to_owned()))
}

async fn settle(
    ctx: &Context,
    row: &Row,
    noting: &Noting,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    if !outbox::settle(&mut tx, row, stamp.at, outcome).await? {
        return Ok(());
    }
    if let Outcome::Done(_) = outcome {
        let subject = format!("order:{}:{}", noting.channel, noting.number);
        let payload = json!({ "note": noting.text, "outbox": row.id });
        events::append(
            &mut tx,
            &stamp,
            &[Event::new("shop.noted", subject, payload)],
        )
        .await?;
    }
    ctx.store.commit(tx).await?;
    Ok(())
}
