//! Orders leave the house by hand: a person says which, with whom and under which number.
//! Stock, layers and demand move in one transaction, and the shop's status is planned in it;
//! the shop itself is told afterwards, and a shop that is down holds nothing up.
//!
//! Of an order that lies packed, what is in its packages leaves; one that somebody is picking
//! or packing stays.

mod gather;

use serde::Serialize;
use serde_json::json;

use super::dispatch::{self, Parcel};
use super::low_stock;
use super::pack::Packed;
use super::tell;
use super::tell_shop::{self, Telling};
use super::until_no_conflict;
use crate::config::Channel;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::cogs::{self, Entry};
use crate::store::events::{self, Event};
use crate::store::orders::Summary;
use crate::store::{Stamp, Tx, applied_refs, consignments, orders, serials};

/// What a person says about shipping.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The orders, each with a tracking number of its own where one is given.
    pub orders: Vec<(String, Option<String>)>,
    /// Who carries them.
    pub carrier: String,
    /// The tracking number of those that have none of their own.
    pub tracking: Option<String>,
    /// Only these of one order's lines: SKU, pieces, and the lot where it matters.
    pub lines: Vec<WishedLine>,
    /// The serials that leave.
    pub serials: Vec<String>,
    /// Ship what is there, where not all is.
    pub partial: bool,
    /// The reference to apply it under, instead of order, carrier and number.
    pub reference: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Pieces of one line that leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WishedLine {
    /// The SKU as ordered.
    pub sku: String,
    /// Pieces as ordered.
    pub pieces: i64,
    /// The lot they are taken from.
    pub lot: Option<String>,
}

/// What shipping did.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
    /// The shipments, in the order asked for.
    pub shipments: Vec<Shipped>,
    /// Orders whose status in the shop could not be moved yet, and why.
    pub shop_waits: Vec<String>,
    /// Orders whose status in the shop a person has to decide on, and why.
    pub needs_decision: Vec<String>,
}

/// One order's shipment.
#[derive(Debug, Clone, Serialize)]
pub struct Shipped {
    /// `woo:1042`.
    pub order: String,
    /// The shipment's number.
    pub shipment: Option<i64>,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub tracking: String,
    /// When and by whom it had been shipped before; then nothing was written.
    pub applied_before: Option<applied_refs::Applied>,
    /// Units in it.
    pub units: i64,
    /// Units that the order still wants afterwards.
    pub left: i64,
    /// What left, lot by lot.
    pub entries: Vec<Entry>,
}

/// Ships orders, all of them or none.
///
/// # Errors
/// An order may not leave, goods or serials are missing: nothing is done then; or the
/// store's.
pub async fn run(ctx: &Context, wish: &Wish) -> anyhow::Result<Report> {
    if wish.orders.len() > 1 && (!wish.lines.is_empty() || !wish.serials.is_empty()) {
        let text = "lines and serials are those of one order";
        return Err(Fault::usage(text).hint("ship that order by itself").into());
    }
    let mut report = until_no_conflict!(once(ctx, wish))?;
    if !wish.dry_run {
        low_stock::refresh(ctx).await?;
        let told = tell::soon(ctx).await?;
        report.shop_waits = told.waiting;
        report.needs_decision = told.needs_decision;
    }
    Ok(report)
}

async fn once(ctx: &Context, wish: &Wish) -> anyhow::Result<Report> {
    let mut tx = ctx.store.allocate().await?;
    let shipments = within(ctx, &mut tx, &ctx.stamp(), wish).await?;
    if !wish.dry_run {
        ctx.store.commit(tx).await?;
    }
    Ok(Report {
        dry_run: wish.dry_run,
        shipments,
        shop_waits: Vec::new(),
        needs_decision: Vec::new(),
    })
}

/// Ships orders within a transaction of the caller's, which is under the allocation lock.
///
/// # Errors
/// As [`run`].
pub(super) async fn within(
    ctx: &Context,
    tx: &mut Tx,
    stamp: &Stamp,
    wish: &Wish,
) -> anyhow::Result<Vec<Shipped>> {
    let mut shipments = Vec::new();
    for (reference, tracking) in &wish.orders {
        let order = one_order(tx, reference).await?;
        let tracking = tracking.as_ref().or(wish.tracking.as_ref());
        let tracking = tracking.ok_or_else(|| {
            Fault::usage(format!("no tracking number for {}", order.order_ref))
                .hint("give --tracking, or write the order as ORDER=TRACKING")
        })?;
        let one = OneOrder {
            ctx,
            stamp,
            wish,
            order: &order,
            tracking,
        };
        shipments.push(one.ship(tx).await?);
    }
    Ok(shipments)
}

/// The reference under which an order leaves with a sending.
pub(super) fn sent_as(row: &consignments::Row) -> String {
    format!("consignment:{}", row.reference)
}

/// The reference under which an order leaves once with a carrier and number.
pub(super) fn reference(order: &str, carrier: &str, tracking: &str) -> String {
    format!("ship:{order}:{carrier}:{tracking}")
}

async fn one_order(tx: &mut Tx, reference: &str) -> anyhow::Result<Summary> {
    let found = orders::find(tx, reference).await?;
    super::orders::exactly_one(found, reference)
}

struct OneOrder<'a> {
    ctx: &'a Context,
    stamp: &'a Stamp,
    wish: &'a Wish,
    order: &'a Summary,
    tracking: &'a str,
}

impl OneOrder<'_> {
    async fn ship(&self, tx: &mut Tx) -> anyhow::Result<Shipped> {
        let name = &self.order.order_ref;
        let applied_as = match &self.wish.reference {
            Some(own) => format!("{own}:{name}"),
            None => reference(name, &self.wish.carrier, self.tracking),
        };
        let mut shipped = Shipped {
            order: name.clone(),
            shipment: None,
            carrier: self.wish.carrier.clone(),
            tracking: self.tracking.to_owned(),
            applied_before: applied_refs::find(tx, &applied_as).await?,
            units: 0,
            left: 0,
            entries: Vec::new(),
        };
        let demands = orders::demands(tx, self.order.id).await?;
        shipped.left = demands.iter().map(|d| d.quantity - d.shipped).sum();
        if shipped.applied_before.is_some() {
            return Ok(shipped);
        }
        self.may_leave()?;
        self.not_being_sent(tx).await?;
        let lines = orders::line_rows(tx, self.order.id).await?;
        let packed = Packed::of_order(tx, self.stamp, self.order.id).await?;
        let (items, serials) = match &packed {
            Some(packed) => {
                let items = packed.items(&demands)?;
                packed.agrees(&items, &lines, self.wish)?;
                (items, packed.serials(tx).await?)
            }
            None => {
                let mut items = self.items(tx, &demands, &lines).await?;
                let serials = self.serials(tx, &mut items).await?;
                (items, serials)
            }
        };
        shipped.units = items.iter().map(|item| item.units).sum();
        let parcel = Parcel {
            order: self.order.id,
            items,
            source: "manual",
            carrier: &self.wish.carrier,
            tracking: self.tracking,
            shipped_at: self.stamp.at,
        };
        let shipment = dispatch::run(tx, self.stamp, &parcel).await?;
        for serial in &serials {
            let fact = (
                "serial.dispatched",
                json!({ "order": name, "shipment": shipment }),
            );
            serials::set_in_house(tx, self.stamp, serial, serial.lot_id, false, fact).await?;
        }
        if let Some(packed) = &packed {
            packed.has_left(tx, self.stamp, shipment).await?;
        }
        shipped.left -= shipped.units;
        shipped.shipment = Some(shipment);
        shipped.entries = cogs::of_shipment(tx, shipment).await?;
        if shipped.left == 0 {
            self.is_complete(tx, shipment).await?;
        }
        let summary = format!("shipment {shipment}, {} units", shipped.units);
        applied_refs::note(tx, self.stamp, &applied_as, "ship", &summary).await?;
        let fact = Event::new(
            "order.shipped",
            format!("order:{name}"),
            json!({
                "shipment": shipment,
                "carrier": shipped.carrier,
                "tracking": shipped.tracking,
                "units": shipped.units,
                "left": shipped.left,
            }),
        );
        events::append(tx, self.stamp, &[fact]).await?;
        Ok(shipped)
    }

    /// Whether no carrier is asked for it, but by whom this is.
    async fn not_being_sent(&self, tx: &mut Tx) -> anyhow::Result<()> {
        let Some(row) = consignments::under_way(tx, self.order.id).await? else {
            return Ok(());
        };
        if self.wish.reference == Some(sent_as(&row)) {
            return Ok(());
        }
        let (id, name) = (row.id, &self.order.order_ref);
        let state = row.state.replace('_', " ");
        let text = format!(
            "{name} is sent with {}: consignment {id} is {state}",
            row.carrier
        );
        let fault = match row.state.as_str() {
            "calling" => Fault::try_again(text),
            _ => Fault::failed(text),
        };
        Err(fault.hint(format!("`opsctl ship show {id}`")).into())
    }

    /// Whether the order's status and holds let it leave.
    fn may_leave(&self) -> Result<(), Fault> {
        let Summary {
            order_ref: name,
            status,
            rule,
            holds,
            ..
        } = self.order;
        if let Some(holds) = holds {
            return Err(Fault::failed(format!("{name} is on hold: {holds}"))
                .hint(format!("`opsctl hold release {name}` lets it go again")));
        }
        match rule.as_str() {
            "ship" => Ok(()),
            "shipped" => Err(
                Fault::failed(format!("{name} has left: its status is {status}"))
                    .hint(format!("`opsctl cogs explain {name}` shows what left")),
            ),
            "unknown" => Err(Fault::failed(format!(
                "nobody has said what the status {status:?} of {name} means"
            ))
            .hint("map it under [channels.NAME.statuses]")),
            _ => Err(Fault::failed(format!(
                "{name} may not leave: its status is {status}"
            ))),
        }
    }

    /// Nothing more is wanted: the shop is to be told, and an order by hand has left.
    async fn is_complete(&self, tx: &mut Tx, shipment: i64) -> anyhow::Result<()> {
        let at = orders::address(tx, self.order.id).await?;
        match self.ctx.tenant.channels.get(&at.channel) {
            Some(Channel::WooCommerce(shop)) if shop.tell_shipped => {
                let telling = Telling {
                    channel: at.channel,
                    order: at.external_id,
                    number: at.number,
                    status: shop.shipped_status.clone(),
                    shipment,
                };
                tell_shop::plan(tx, self.stamp, &telling).await?;
            }
            Some(_) => {}
            None => orders::set_left(tx, self.stamp, self.order.id).await?,
        }
        Ok(())
    }
}
