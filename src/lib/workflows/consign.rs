//! An order leaves with a carrier: its packages become labels, bought once, and what lies in
//! them leaves by the books.
//!
//! The attempt and its reference are committed before the carrier is called. What comes back
//! is written down before anything else is done with it; whether a call whose answer was lost
//! has bought anything is asked of the carrier, and never tried out by buying again. A person
//! decides what the carrier cannot say.

mod attempt;
mod before;
mod buy;
mod choose;
mod keep;
mod leave;
mod list;
mod papers;
mod plan;
mod prepare;
mod relabel;
mod resolve;
mod returns;
mod settle;
mod void;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{label, low_stock, ship, tell};
use crate::context::Context;
use crate::domain::carriage::{Piece, Rate, Sending};
use crate::fault::Fault;
use crate::store::consignments::{self, Row};
use crate::store::orders;

pub use buy::interrupted;
pub use list::{Shown, ShownPiece, list, of_order, one};
pub use papers::{Papers, slip};
pub use resolve::{Resolution, resolve};
pub use returns::{Return, ask_back};
pub use settle::{Settled, settle};
pub use void::{Voiding, void};

/// What a person wants of a carrier for an order.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The order.
    pub order: String,
    /// The carrier, by its name in `[carriers]`.
    pub carrier: Option<String>,
    /// The service: the carrier's code, or the shop's name of it.
    pub service: Option<String>,
    /// What is sent, where it does not lie packed.
    pub pieces: Vec<Piece>,
    /// The numbers of the pieces, in their order, of a carrier that is served by hand.
    pub numbers: Vec<String>,
    /// The serials that leave, of what does not lie packed.
    pub serials: Vec<String>,
    /// Send what is there, where not all is.
    pub partial: bool,
    /// Whether the address is taken as it is.
    pub address_as_is: bool,
    /// The station at which labels and papers are printed.
    pub station: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a sending was asked for with; kept beside it, so that anybody can carry on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Asked {
    sending: Sending,
    partial: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    serials: Vec<String>,
    /// What leaves with it, as it was when the labels were bought: SKU and units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaves: Option<BTreeMap<String, i64>>,
    /// Where its labels and papers are printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    station: Option<String>,
}

impl Asked {
    fn of(row: &Row) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(&row.sending)?)
    }
}

/// What shipping with a carrier did.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing was asked for because of a dry run.
    pub dry_run: bool,
    /// `woo:1042`.
    pub order: String,
    /// The carrier, by its name in `[carriers]`.
    pub carrier: String,
    /// The carrier's code of the service.
    pub service: String,
    /// What would be sent; told by a dry run.
    pub pieces: Vec<Piece>,
    /// The sending as it stands.
    pub consignment: Option<Shown>,
    /// Whether it stood so before, and nothing was done.
    pub before: bool,
    /// What left with it.
    pub shipped: Option<ship::Shipped>,
    /// Its papers.
    pub papers: Papers,
    /// Orders that the shop could not be told of yet, and why.
    pub shop_waits: Vec<String>,
    /// Orders that a person has to decide on, and why.
    pub needs_decision: Vec<String>,
}

/// What services would cost.
#[derive(Debug, Clone, Serialize)]
pub struct Rates {
    /// `woo:1042`.
    pub order: String,
    /// The carrier.
    pub carrier: String,
    /// The service that `opsctl ship` would take.
    pub usual: String,
    /// The consignment that is under way: shipping goes on with it, and asks for no other.
    pub under_way: Option<i64>,
    /// The services, the cheapest first.
    pub rates: Vec<Rate>,
}

/// What the services of a carrier would cost for an order. Buys nothing.
///
/// # Errors
/// The order cannot leave, or the carrier cannot be asked.
pub async fn rates(ctx: &Context, wish: &Wish) -> anyhow::Result<Rates> {
    let plan = match prepare::prepare(ctx, wish).await? {
        prepare::Prepared::New(plan) => plan,
        prepare::Prepared::UnderWay(row) => {
            return Ok(Rates {
                order: row.order_ref,
                carrier: row.carrier,
                usual: row.service,
                under_way: Some(row.id),
                rates: Vec::new(),
            });
        }
        prepare::Prepared::Left(order) => {
            return Err(Fault::failed(format!("{order} has left already")).into());
        }
    };
    before::carrier_takes(ctx, &plan)?;
    let carrier = ctx.services.carrier(&ctx.tenant, &plan.carrier)?;
    let mut sending = plan.asked.sending.clone();
    if wish.service.is_none() {
        sending.service = String::new();
    }
    let rates = carrier.rates(&sending).await;
    Ok(Rates {
        order: plan.order_ref,
        carrier: plan.carrier,
        usual: plan.asked.sending.service.clone(),
        under_way: None,
        rates: rates.map_err(|error| attempt::fault(&error))?,
    })
}

/// Ships an order with a carrier. An order whose labels are bought already goes on where it
/// stopped; one that has left is reported and not shipped again.
///
/// # Errors
/// The order cannot leave, the carrier refuses or cannot be asked, or whether it sold the
/// labels is not known: the consignment then says so.
pub async fn ship(ctx: &Context, wish: &Wish) -> anyhow::Result<Report> {
    let station = wish.station.as_deref();
    is_a_station(ctx, station)?;
    let (id, before, report) = match prepare::prepare(ctx, wish).await? {
        prepare::Prepared::Left(order) => {
            let last = last_sent(ctx, &order).await?;
            (last.id, true, blank(&last))
        }
        prepare::Prepared::UnderWay(row) => (row.id, false, blank(&row)),
        prepare::Prepared::New(mut plan) => {
            before::numbers_fit(ctx, &plan)?;
            before::carrier_takes(ctx, &plan)?;
            plan.asked.leaves = before::would_leave(ctx, &plan).await?;
            if wish.dry_run {
                return Ok(plan.report(true));
            }
            before::shop_still_wants(ctx, &plan).await?;
            before::check_address(ctx, &plan, wish.address_as_is).await?;
            let id = buy::buy(ctx, &plan).await?;
            (id, false, plan.report(false))
        }
    };
    if wish.dry_run {
        return looked_at(ctx, report, id).await;
    }
    finished(ctx, report, id, before, station).await
}

/// Whether a station that is named is one, before money is spent.
fn is_a_station(ctx: &Context, named: Option<&str>) -> Result<(), Fault> {
    match named {
        Some(_) => label::station(&ctx.tenant, named).map(|_| ()),
        None => Ok(()),
    }
}

/// The newest sending of an order that wants nothing more.
async fn last_sent(ctx: &Context, order: &str) -> anyhow::Result<Row> {
    let mut tx = ctx.store.read().await?;
    let found = super::orders::exactly_one(orders::find(&mut tx, order).await?, order)?;
    let last = consignments::of_order(&mut tx, found.id).await?.pop();
    last.ok_or_else(|| {
        let text = match found.rule.as_str() {
            "shipped" => format!("{order} has left, without a carrier of [carriers]"),
            _ => format!("{order} wants nothing: its status is {}", found.status),
        };
        let fault = Fault::failed(text).hint(format!("`opsctl orders show {order}`"));
        fault.into()
    })
}

/// A sending as it stands, with nothing done.
async fn looked_at(ctx: &Context, mut report: Report, id: i64) -> anyhow::Result<Report> {
    report.dry_run = true;
    report.consignment = Some(list::one(ctx, id).await?);
    Ok(report)
}

fn blank(row: &Row) -> Report {
    Report {
        dry_run: false,
        order: row.order_ref.clone(),
        carrier: row.carrier.clone(),
        service: row.service.clone(),
        pieces: Vec::new(),
        consignment: None,
        before: false,
        shipped: None,
        papers: Papers::default(),
        shop_waits: Vec::new(),
        needs_decision: Vec::new(),
    }
}

/// Lets what is bought leave, tells the shop, and reports how the sending stands.
async fn finished(
    ctx: &Context,
    mut report: Report,
    id: i64,
    before: bool,
    station: Option<&str>,
) -> anyhow::Result<Report> {
    report.before = before;
    if !before {
        settle::of_one(ctx, id).await?;
        report.shipped = leave::leave(ctx, id).await?;
        low_stock::refresh(ctx).await?;
    }
    let shown = list::one(ctx, id).await?;
    report.service.clone_from(&shown.row.service);
    if shown.row.state == "shipped" {
        report.papers = papers::papers(ctx, &shown.row, station).await;
    }
    // The packer has the papers by now; the shop may be slow.
    if !before {
        let told = tell::soon(ctx).await?;
        report.shop_waits = told.waiting;
        report.needs_decision = told.needs_decision;
    }
    report.consignment = Some(list::one(ctx, id).await?);
    Ok(report)
}
