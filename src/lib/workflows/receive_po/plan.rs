//! Which lines a delivery fills, and what lots it becomes: decided before anything is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::paper::{Arrival, Delivery};
use super::{Options, Target};
use crate::context::Context;
use crate::domain::cost::{Component, Cost, Rate, between};
use crate::domain::money::Currency;
use crate::domain::purchase::{Ordered, Tolerance, fill};
use crate::fault::Fault;
use crate::store::products::{self, Intake};
use crate::store::purchasing::{Line, Row};
use crate::store::{Tx, stock};
use crate::workflows::rates::Payment;
use crate::workflows::rows;
use crate::workflows::serials::{self, Incoming};

/// What is to be written.
pub(super) struct Plan {
    /// The business day.
    pub received_on: String,
    /// The order's currency.
    pub currency: Currency,
    /// How that becomes the tenant's, where it is another.
    pub rate: Option<Rate>,
    /// The lots.
    pub parts: Vec<Part>,
    /// Of each line that something has come of: its id, what had come before, what has now.
    pub received: Vec<(i64, i64, i64)>,
    /// Those lines.
    pub lines: Vec<Line>,
    /// Units still expected then.
    pub open: i64,
}

/// Units that fill a line, and the lot they become.
pub(super) struct Part {
    /// The line.
    pub line: i64,
    /// The product.
    pub product: i64,
    /// Its SKU.
    pub sku: String,
    /// Units.
    pub units: i64,
    /// The lot's name.
    pub lot: String,
    /// Where it is put: id and code.
    pub location: (i64, String),
    /// The units' serials.
    pub serials: Vec<String>,
    /// What they cost.
    pub cost: Option<Cost>,
}

/// Decides.
///
/// # Errors
/// What has come is not what was ordered, or lacks what its product must have; each fault is
/// named. Or the store's.
pub(super) async fn make(
    ctx: &Context,
    tx: &mut Tx,
    options: &Options,
    order: &Row,
    lines: &[Line],
    mut delivery: Delivery,
    running: i64,
) -> anyhow::Result<Plan> {
    let today = ctx.stamp().day();
    let received_on = match &options.received_on {
        Some(text) => {
            rows::past_day(text, &today).map_err(|what| Fault::usage(format!("--on: {what}")))?
        }
        None => today,
    };
    let mut desk = Desk::load(ctx, tx, options, order, lines, running).await?;
    desk.received_on.clone_from(&received_on);
    let arrivals = delivery.arrivals.clone();
    check(tx, &desk, &mut delivery, &arrivals).await?;
    let tolerance = ctx.tenant.purchasing.tolerance();
    if !options.accept_over {
        not_too_much(&desk, &mut delivery, &arrivals, tolerance);
    }
    let mut parts = Vec::new();
    for arrival in &arrivals {
        match desk.place(arrival) {
            Ok(of_it) => parts.extend(of_it),
            Err(Refusal::Lot(what)) => delivery.problem(arrival.place, "lot", &what),
            Err(Refusal::Rate(what)) => return Err(Fault::usage(what).into()),
        }
    }
    delivery.finish()?;
    let before: HashMap<i64, i64> = lines.iter().map(|l| (l.id, l.received)).collect();
    let changed = |line: &&Line| before.get(&line.id) != Some(&line.received);
    let open = desk
        .lines
        .iter()
        .map(|line| tolerance.open(ordered(line)))
        .sum();
    let own = ctx.tenant.tenant.currency;
    Ok(Plan {
        rate: options.rates.of(desk.currency, own).ok().flatten().cloned(),
        received_on,
        currency: desk.currency,
        parts,
        received: desk
            .lines
            .iter()
            .filter(changed)
            .map(|line| (line.id, before[&line.id], line.received))
            .collect(),
        lines: desk.lines.iter().filter(changed).cloned().collect(),
        open,
    })
}

fn ordered(line: &Line) -> Ordered {
    Ordered {
        quantity: line.quantity,
        received: line.received,
    }
}

/// Notes what an arrival lacks, or has too much.
async fn check(
    tx: &mut Tx,
    desk: &Desk<'_>,
    delivery: &mut Delivery,
    arrivals: &[Arrival],
) -> anyhow::Result<()> {
    let mut incoming = Incoming::default();
    for arrival in arrivals {
        let Some(intake) = desk.intake_of(&arrival.sku) else {
            let what = format!(
                "{} has not been ordered with {}",
                arrival.sku, desk.order.number
            );
            delivery.problem(arrival.place, "sku", &what);
            continue;
        };
        let (product, serials) = (intake.id, &arrival.serials);
        let fits = serials::fit(&intake.tracking, arrival.units, serials);
        if let Err(what) = fits.and_then(|()| incoming.note(arrival.place, product, serials)) {
            delivery.problem(arrival.place, "serials", &what);
        }
        if intake.tracking == "lot" && arrival.lot.is_none() && desk.options.lot.is_none() {
            let what = "this product is tracked by lot: which one is it? Say --lot, or fill \
                        the column lot";
            delivery.problem(arrival.place, "lot", what);
        }
    }
    for (place, what) in incoming.known(tx).await? {
        delivery.problem(place, "serials", &what);
    }
    Ok(())
}

/// Notes where more has come than was ordered.
fn not_too_much(
    desk: &Desk<'_>,
    delivery: &mut Delivery,
    arrivals: &[Arrival],
    tolerance: Tolerance,
) {
    let mut sums: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for arrival in arrivals {
        let sum = sums.entry(&arrival.sku).or_default();
        *sum = (arrival.place, sum.1 + arrival.units);
    }
    for (sku, (place, units)) in sums {
        let of_sku: Vec<Ordered> = desk
            .places
            .get(sku)
            .into_iter()
            .flatten()
            .map(|at| ordered(&desk.lines[*at]))
            .collect();
        let excess = tolerance.excess(&of_sku, units);
        if excess > 0 && !of_sku.is_empty() {
            let lacking: i64 = of_sku
                .iter()
                .map(|l| (l.quantity - l.received).max(0))
                .sum();
            let what = format!(
                "{units} units of {sku} are {excess} too many: {lacking} have not come yet. \
                 --accept-over takes them all the same"
            );
            delivery.problem(place, "qty", &what);
        }
    }
}

/// Why an arrival cannot be placed.
enum Refusal {
    Lot(String),
    Rate(String),
}

/// What an arrival is placed by: the lines as they fill up, the names that are taken.
struct Desk<'a> {
    ctx: &'a Context,
    options: &'a Options,
    order: &'a Row,
    currency: Currency,
    received_on: String,
    lines: Vec<Line>,
    /// The places of each SKU's lines among them.
    places: HashMap<String, Vec<usize>>,
    intakes: HashMap<i64, Intake>,
    /// Codes of the locations, by id.
    locations: HashMap<i64, String>,
    /// Where goods go that have no home.
    main: i64,
    /// Where all of it goes, where a person says so.
    target: Option<i64>,
    /// The name of lots that nobody named.
    default_lot: String,
    /// Names of lots that had been there, and of those that are made now.
    there: HashSet<(i64, String)>,
    made: HashSet<(i64, String)>,
    /// Up to which number names are counted, by the name without it.
    counted: HashMap<(i64, String), u32>,
}

impl<'a> Desk<'a> {
    async fn load(
        ctx: &'a Context,
        tx: &mut Tx,
        options: &'a Options,
        order: &'a Row,
        lines: &[Line],
        running: i64,
    ) -> anyhow::Result<Self> {
        let mut products: Vec<i64> = lines.iter().map(|line| line.product_id).collect();
        products.sort_unstable();
        products.dedup();
        let locations = stock::location_codes(tx).await?;
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            places.entry(line.sku.clone()).or_default().push(at);
        }
        let main = locations.iter().find(|(code, _)| code == "main");
        Ok(Self {
            ctx,
            options,
            order,
            currency: order.currency.parse()?,
            received_on: String::new(),
            lines: lines.to_vec(),
            places,
            main: main.map_or(1, |(_, id)| *id),
            intakes: products::intake(tx, &products).await?,
            target: target(tx, options.to.as_ref()).await?,
            locations: locations.into_iter().map(|(code, id)| (id, code)).collect(),
            default_lot: format!("{}-{running}", order.number),
            there: stock::lot_codes_of(tx, &products)
                .await?
                .into_iter()
                .collect(),
            made: HashSet::new(),
            counted: HashMap::new(),
        })
    }

    fn intake_of(&self, sku: &str) -> Option<&Intake> {
        let at = *self.places.get(sku)?.first()?;
        self.intakes.get(&self.lines[at].product_id)
    }

    /// Fills lines with an arrival, the first line first: a lot for each.
    fn place(&mut self, arrival: &Arrival) -> Result<Vec<Part>, Refusal> {
        let Some(intake) = self.intake_of(&arrival.sku).cloned() else {
            return Ok(Vec::new());
        };
        let location = self.location(arrival, &intake);
        let at = self.places.get(&arrival.sku).cloned().unwrap_or_default();
        let of_product: Vec<Ordered> = at.iter().map(|at| ordered(&self.lines[*at])).collect();
        let mut serials = arrival.serials.iter().cloned();
        let mut parts = Vec::new();
        for (share, units) in fill(&of_product, arrival.units) {
            let line = at[share];
            let cost = self.cost(line, units).map_err(Refusal::Rate)?;
            let tracked = if intake.tracking == "serial" {
                units
            } else {
                0
            };
            parts.push(Part {
                line: self.lines[line].id,
                product: intake.id,
                sku: arrival.sku.clone(),
                units,
                lot: self.name(intake.id, arrival)?,
                location: location.clone(),
                serials: serials.by_ref().take(tracked as usize).collect(),
                cost,
            });
            self.lines[line].received += units;
        }
        Ok(parts)
    }

    fn location(&self, arrival: &Arrival, intake: &Intake) -> (i64, String) {
        if let Some(location) = &arrival.location {
            return location.clone();
        }
        let id = self.target.or(intake.home_location).unwrap_or(self.main);
        (id, self.locations.get(&id).cloned().unwrap_or_default())
    }

    /// The name of a lot. One delivery may need several of a name: then they are counted.
    fn name(&mut self, product: i64, arrival: &Arrival) -> Result<String, Refusal> {
        let given = arrival.lot.as_ref().or(self.options.lot.as_ref());
        if let Some(code) = given
            && self.there.contains(&(product, code.clone()))
        {
            return Err(Refusal::Lot(format!(
                "lot {code:?} of this product is there already, and no lot is added to; name \
                 it {code}/2, for instance"
            )));
        }
        let code = given.unwrap_or(&self.default_lot).clone();
        let nth = self.counted.entry((product, code.clone())).or_insert(0);
        loop {
            *nth += 1;
            let name = if *nth == 1 {
                code.clone()
            } else {
                format!("{code}/{nth}")
            };
            let key = (product, name.clone());
            if !self.there.contains(&key) && self.made.insert(key) {
                return Ok(name);
            }
        }
    }

    /// What the next units of a line cost.
    fn cost(&self, line: usize, units: i64) -> Result<Option<Cost>, String> {
        let line = &self.lines[line];
        let Some(total) = line.cost_minor else {
            return Ok(None);
        };
        let payment = Payment {
            component: Component::Purchase,
            minor: between(total, line.quantity, line.received, units),
            currency: self.currency,
            booked_on: &self.received_on,
            document: &self.order.number,
        };
        let own = self.ctx.tenant.tenant.currency;
        self.options.rates.cost(own, payment).map(Some)
    }
}

/// The location that a person means.
async fn target(tx: &mut Tx, wanted: Option<&Target>) -> anyhow::Result<Option<i64>> {
    match wanted {
        None => Ok(None),
        Some(Target::Location(code)) => {
            let id = stock::location(tx, code).await?;
            Ok(Some(id.ok_or_else(|| {
                Fault::failed(format!("there is no location {code:?}"))
                    .hint("give --to the code of one that is there, such as main")
            })?))
        }
        Some(Target::Quarantine) => {
            let all = stock::locations_of_kind(tx, "quarantine").await?;
            match &all[..] {
                [(_, id)] => Ok(Some(*id)),
                _ => {
                    let codes: Vec<&str> = all.iter().map(|(code, _)| code.as_str()).collect();
                    Err(Fault::usage(format!(
                        "there are {} locations for quarantine, not one",
                        all.len()
                    ))
                    .hint(format!("say which with --to: {}", codes.join(", ")))
                    .into())
                }
            }
        }
    }
}
