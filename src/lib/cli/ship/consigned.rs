//! Shipping with a carrier, and what becomes of it: `opsctl ship ORDER`, `void`, `resolve`,
//! `settle`, `return`, `list`, `show`.

use serde::Serialize;

use super::{Args, manual};
use crate::cli::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::carriage::{Piece, Tariff};
use crate::domain::measure::{self, System};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::jobs::{self, Ended};
use crate::workflows::cogs::amount;
use crate::workflows::consign::{
    self, Rates, Resolution, Return, Settled, Shown, ShownPiece, Voiding, Wish,
};

/// What can be done with sendings.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List what carriers were asked for, newest first
    List {
        /// Only what is not settled
        #[arg(long)]
        open: bool,
        /// So many at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one with its pieces, its papers, and where they are
    Show {
        /// Its number
        consignment: i64,
    },
    /// Void labels that were bought
    Void {
        /// Its number
        consignment: i64,
        /// Only these pieces, counted from 1
        #[arg(long = "piece", value_name = "N", value_delimiter = ',')]
        pieces: Vec<i64>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Say what the carrier could not: whether labels were bought
    Resolve {
        /// Its number
        consignment: i64,
        /// They were: the numbers of all pieces, in their order
        #[arg(
            long,
            value_name = "TRACKING",
            value_delimiter = ',',
            required_unless_present = "not_bought"
        )]
        adopt: Vec<String>,
        /// They were not
        #[arg(long, conflicts_with = "adopt")]
        not_bought: bool,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Ask carriers what became of lost answers, and go on where something stopped
    Settle,
    /// Buy labels with which goods come back from the customer
    Return {
        /// The order they left with
        order: String,
        /// A piece, such as 2.5kg:30x20x15cm; may be repeated
        #[arg(long = "package", value_name = "WEIGHT:LxWxH", required = true)]
        packages: Vec<String>,
        /// The carrier
        #[arg(long, value_name = "NAME")]
        carrier: Option<String>,
        /// The service: the carrier's code, or the shop's name of it
        #[arg(long)]
        service: Option<String>,
        /// Print the labels at this station
        #[arg(long, value_name = "NAME", env = "OPSCTL_STATION")]
        station: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
}

#[derive(Serialize)]
struct Listed {
    consignments: Vec<Shown>,
}

/// Runs a subcommand.
pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match command {
        Command::List { open, limit } => {
            let consignments = consign::list(ctx, *open, i64::from(*limit)).await?;
            out.report(&Listed { consignments })?;
        }
        Command::Show { consignment } => out.report(&consign::one(ctx, *consignment).await?)?,
        Command::Void {
            consignment,
            pieces,
            dry,
        } => {
            let report = consign::void(ctx, *consignment, pieces, dry.dry_run).await?;
            out.report(&report)?;
            if report.why.is_some() || (!pieces.is_empty() && report.voided.is_empty()) {
                return Ok(Exit::Failed);
            }
        }
        Command::Resolve {
            consignment,
            adopt,
            not_bought,
            dry,
        } => {
            let resolution = if *not_bought {
                Resolution::NotBought
            } else {
                let number = |text: &String| manual::name("a tracking number", text);
                Resolution::Adopt(adopt.iter().map(number).collect::<Result<_, _>>()?)
            };
            let report = consign::resolve(ctx, *consignment, &resolution, dry.dry_run).await?;
            out.report(&report)?;
        }
        Command::Settle => {
            let work = async {
                let settled = consign::settle(ctx).await?;
                let whole = settled.failed.is_empty() && settled.needs_decision.is_empty();
                Ok((settled, if whole { Ended::Done } else { Ended::Partly }))
            };
            let (settled, ended) = jobs::run(ctx, "ship-settle", work).await?;
            out.report(&settled)?;
            if ended == Ended::Partly {
                return Err(partly(&settled).into());
            }
        }
        Command::Return {
            order,
            packages,
            carrier,
            service,
            station,
            dry,
        } => {
            let wish = Return {
                order: order.clone(),
                carrier: carrier.clone(),
                service: service.clone(),
                station: station.clone(),
                pieces: pieces(ctx, packages)?,
                dry_run: dry.dry_run,
            };
            out.report(&consign::ask_back(ctx, &wish).await?)?;
        }
    }
    Ok(Exit::Done)
}

/// What a person has to look at, on stderr: cron mails that.
fn partly(settled: &Settled) -> Fault {
    let all = settled.needs_decision.iter().chain(&settled.failed);
    let lines = all.map(|(id, order, why)| format!("\n  consignment {id} of {order}: {why}"));
    Fault::failed(format!(
        "some shipments are not settled:{}",
        lines.collect::<String>()
    ))
    .hint("`opsctl ship show N` tells more, `opsctl ship resolve N` decides")
}

/// Ships one order, or tells what that would cost.
pub(super) async fn ship(
    args: &Args,
    order: &str,
    ctx: &Context,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let number = |text: &String| manual::name("a tracking number", text);
    let wish = Wish {
        order: order.to_owned(),
        carrier: args.carrier.clone(),
        service: args.service.clone(),
        pieces: pieces(ctx, &args.packages)?,
        numbers: args.tracking.iter().map(number).collect::<Result<_, _>>()?,
        serials: args.serials.clone(),
        partial: args.partial,
        address_as_is: args.address_as_is,
        station: args.station.clone(),
        dry_run: args.dry.dry_run,
    };
    if args.rate {
        out.report(&consign::rates(ctx, &wish).await?)?;
        return Ok(Exit::Done);
    }
    let report = consign::ship(ctx, &wish).await?;
    out.report(&report)?;
    Ok(if report.needs_decision.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Reads pieces, in the units of the sender's country where none are said.
fn pieces(ctx: &Context, texts: &[String]) -> Result<Vec<Piece>, Fault> {
    let sender = ctx.tenant.shipping.sender.as_ref();
    let system = System::of(sender.map_or("", |sender| sender.country.as_str()));
    let read = |text: &String| {
        let bad = |why| Fault::usage(why).hint("--package WEIGHT:LxWxH, such as 2.5kg:30x20x15cm");
        measure::piece(text, system).map_err(bad)
    };
    texts.iter().map(read).collect()
}

impl Report for Rates {
    fn render(&self, page: &mut Page) {
        if let Some(id) = self.under_way {
            page.line(format!(
                "{} has consignment {id} under way: `opsctl ship {}` goes on with it.",
                self.order, self.order
            ));
            return;
        }
        page.table(
            &[
                "service",
                "",
                "cost#",
                "tariff",
                "days#",
                "billed by",
                "remarks",
            ],
            self.rates.iter().map(|rate| {
                let tariff = match rate.charge.tariff {
                    Tariff::Published => "published",
                    Tariff::Negotiated => "negotiated",
                };
                vec![
                    rate.service.clone(),
                    rate.name.clone(),
                    amount(rate.charge.amount_minor, rate.charge.currency.as_str()),
                    tariff.to_owned(),
                    rate.days.map_or(String::new(), |days| days.to_string()),
                    rate.billing_weight.clone(),
                    rate.remarks.join("; "),
                ]
            }),
        );
        page.line(format!(
            "`opsctl ship {}` would take {} with {}.",
            self.order, self.usual, self.carrier
        ));
    }
}

impl Report for consign::Report {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line(format!(
                "Dry run: {} would be asked for {} label{} for {}, service {}.",
                self.carrier,
                self.pieces.len(),
                if self.pieces.len() == 1 { "" } else { "s" },
                self.order,
                self.service
            ));
            return;
        }
        if self.before {
            page.line(format!("{}: nothing was bought now.", self.order));
        }
        if let Some(shown) = &self.consignment {
            shown.render(page);
        }
        if let Some(shipped) = &self.shipped {
            manual::one(shipped, page);
        }
        if let Some(printed) = &self.papers.printed {
            page.line(format!(
                "Printed at {}: {} document{}.",
                printed.station,
                printed.planned.len(),
                if printed.planned.len() == 1 { "" } else { "s" }
            ));
        }
        for wrong in &self.papers.wrong {
            page.line(format!("Not printed: {wrong}"));
        }
        for order in &self.shop_waits {
            page.line(format!("The shop will be told by the next sync: {order}"));
        }
        for order in &self.needs_decision {
            page.line(format!("Needs a decision (`opsctl outbox list`): {order}"));
        }
    }
}

fn cost(shown: &Shown) -> String {
    match (shown.row.charge_minor, &shown.row.charge_currency) {
        (Some(minor), Some(currency)) => amount(minor, currency),
        _ => "not known".to_owned(),
    }
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        let row = &self.row;
        page.line(format!(
            "Consignment {}: {} {} with {}{}, {}; cost {}; reference {}",
            row.id,
            row.direction,
            row.order_ref,
            row.carrier,
            match row.service.as_str() {
                "" => String::new(),
                code if code != self.service_name =>
                    format!(", service {code} ({})", self.service_name),
                service => format!(", service {service}"),
            },
            row.state.replace('_', " "),
            cost(self),
            row.reference
        ));
        if !row.said.is_empty() {
            page.line(format!("  {}", row.said));
        }
        page.table(
            &["piece#", "tracking", "grams#", "stage", "expected"],
            self.parcels.iter().map(|piece| {
                let parcel = &piece.parcel;
                let stage = parcel.stage.as_deref().unwrap_or_default();
                vec![
                    format!("{} of {}", parcel.number, self.parcels.len()),
                    parcel.tracking.clone().unwrap_or_default(),
                    parcel.weight_g.to_string(),
                    stage.replace('_', " "),
                    parcel.expected_on.clone().unwrap_or_default(),
                ]
            }),
        );
        let happened = |piece: &ShownPiece| !piece.happenings.is_empty();
        if self.parcels.iter().any(happened) {
            let rows = self.parcels.iter().flat_map(|piece| {
                piece.happenings.iter().map(|(at, words, place, _)| {
                    vec![
                        piece.parcel.number.to_string(),
                        UtcMs(*at).to_string(),
                        words.clone(),
                        place.clone(),
                    ]
                })
            });
            page.table(&["piece#", "when", "what", "where"], rows);
        }
        if !self.documents.is_empty() {
            page.table(
                &["document#", "kind", "title", "type"],
                self.documents.iter().map(|document| {
                    vec![
                        document.id.to_string(),
                        document.kind.replace('_', " "),
                        document.title.clone(),
                        document.media_type.clone(),
                    ]
                }),
            );
        }
    }
}

impl Report for Listed {
    fn render(&self, page: &mut Page) {
        if self.consignments.is_empty() {
            page.line("There is no consignment to show.");
            return;
        }
        page.table(
            &[
                "id#", "order", "", "carrier", "state", "pieces#", "tracking", "cost#", "said",
            ],
            self.consignments.iter().map(|shown| {
                let row = &shown.row;
                let first = shown.parcels.iter().find_map(|p| p.parcel.tracking.clone());
                vec![
                    row.id.to_string(),
                    row.order_ref.clone(),
                    row.direction.clone(),
                    row.carrier.clone(),
                    row.state.replace('_', " "),
                    shown.parcels.len().to_string(),
                    first.unwrap_or_default(),
                    cost(shown),
                    row.said.clone(),
                ]
            }),
        );
    }
}

impl Report for Voiding {
    fn render(&self, page: &mut Page) {
        let id = self.consignment;
        if self.dry_run {
            let numbers = self.voided.join(", ");
            page.line(format!(
                "Dry run: {numbers} of consignment {id} would be voided."
            ));
            return;
        }
        if !self.voided.is_empty() {
            page.line(format!("Void: {}", self.voided.join(", ")));
        }
        if !self.stands.is_empty() {
            page.line(format!("Not void: {}", self.stands.join(", ")));
        }
        if let Some(why) = &self.why {
            page.line(format!("The carrier does not void it: {why}"));
        }
        if self.left && self.stands.is_empty() {
            page.line(format!(
                "The goods of {} have left by the books. `opsctl ship {}` buys new labels for \
                 them; where they stay, `opsctl stock return {} SKU=QTY` takes them back.",
                self.order, self.order, self.order
            ));
        }
    }
}

impl Report for Settled {
    fn render(&self, page: &mut Page) {
        let two = |(id, order): &(i64, String)| format!("consignment {id} of {order}");
        for one in &self.adopted {
            page.line(format!(
                "Found at the carrier, and taken over: {}",
                two(one)
            ));
        }
        for one in &self.left {
            page.line(format!("Has left: {}", two(one)));
        }
        for one in &self.voided {
            page.line(format!("Void: {}", two(one)));
        }
        let told = [
            ("Asked again later", &self.waiting),
            (
                "Needs a decision (`opsctl ship resolve`)",
                &self.needs_decision,
            ),
            ("Failed", &self.failed),
        ];
        for (what, all) in told {
            for (id, order, why) in all {
                page.line(format!("{what}: consignment {id} of {order}: {why}"));
            }
        }
        if serde_json::to_value(self).is_ok_and(|all| {
            all.as_object()
                .is_some_and(|all| all.values().all(|v| *v == serde_json::json!([])))
        }) {
            page.line("Nothing is open.");
        }
    }
}
