//! What lots cost, and what left the house at which cost. Nothing leaves uncosted: the one
//! way out of stock writes the entries, and a cost that comes late books its share of what
//! has left. Called under the allocation lock; without it, a unit costed twice is refused
//! by its place in the lot.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::dialect::{Tx, Type, json_list, vals};
use super::{Stamp, StoreError};
use crate::domain::cost::{Component, Cost, between, upto};

/// Where a lot stands: what it came in with, what of it is in the house, what it cost.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// The lot's id.
    pub lot_id: i64,
    /// Its product.
    pub product_id: i64,
    /// Units it came in with.
    pub quantity: i64,
    /// Units in the house.
    pub on_hand: i64,
    /// What the whole lot cost, in minor units; 0 where nothing is known yet.
    pub cost_minor: i64,
    /// In which currency; empty where nothing is known yet.
    pub currency: String,
}

impl Standing {
    /// Units that have left.
    #[must_use]
    pub fn out(&self) -> i64 {
        self.quantity - self.on_hand
    }

    /// What the units in the house cost.
    #[must_use]
    pub fn cost_on_hand(&self) -> i64 {
        self.cost_minor - upto(self.cost_minor, self.quantity, self.out())
    }
}

/// Why units leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// They go to a customer, with this shipment.
    Dispatch(i64),
    /// They are lost, damaged, miscounted.
    WriteOff,
}

/// Units of a lot on their way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    /// The lot.
    pub lot: i64,
    /// Units.
    pub units: i64,
    /// The demand they serve.
    pub demand: Option<i64>,
}

/// What an entry says beside its lot and cost.
#[derive(Debug, Clone, Copy)]
pub struct Voucher<'a> {
    /// What for.
    pub exit: Exit,
    /// The business day it happened on.
    pub booked_on: &'a str,
    /// What led to it, such as `shipment:7`.
    pub cause: &'a str,
}

const STANDING: &str = "SELECT l.id AS lot_id, l.product_id, l.quantity, \
    COALESCE((SELECT CAST(SUM(b.on_hand) AS SIGNED) FROM balances b WHERE b.lot_id = l.id), 0) \
      AS on_hand, \
    COALESCE((SELECT CAST(SUM(c.amount_minor) AS SIGNED) FROM lot_costs c WHERE c.lot_id = l.id), \
      0) AS cost_minor, \
    COALESCE((SELECT MAX(c.currency) FROM lot_costs c WHERE c.lot_id = l.id), '') AS currency";

/// Where some lots stand.
///
/// # Errors
/// The store's.
pub async fn of_lots(tx: &mut Tx, lots: &[i64]) -> Result<Vec<Standing>, StoreError> {
    let wanted = tx.wanted();
    let sql = format!("{STANDING} FROM {wanted} JOIN lots l ON l.id = w.id ORDER BY l.id");
    tx.all(&sql, vals![json_list(lots)]).await
}

/// Where the lots of some products stand of which anything is in the house.
///
/// # Errors
/// The store's.
pub async fn in_house(tx: &mut Tx, products: &[i64]) -> Result<Vec<Standing>, StoreError> {
    let wanted = tx.wanted();
    let sql = format!(
        "{STANDING} FROM {wanted} JOIN lots l ON l.product_id = w.id \
         WHERE EXISTS (SELECT 1 FROM balances b WHERE b.lot_id = l.id AND b.on_hand > 0) \
         ORDER BY l.id"
    );
    tx.all(&sql, vals![json_list(products)]).await
}

/// The running totals of some lots and their products.
struct Totals {
    lots: HashMap<i64, Standing>,
    /// Units and cost in the house, by product; of lots in the currency of the touched ones.
    products: HashMap<i64, (i64, i64)>,
}

impl Totals {
    async fn load(tx: &mut Tx, lots: &[i64]) -> Result<Self, StoreError> {
        let touched = of_lots(tx, lots).await?;
        let mut products: Vec<i64> = touched.iter().map(|l| l.product_id).collect();
        products.sort_unstable();
        products.dedup();
        let mut totals: HashMap<i64, (i64, i64)> = HashMap::new();
        let of_currency = |other: &Standing| {
            let alike = |l: &Standing| {
                l.product_id == other.product_id
                    && (l.currency == other.currency || l.currency.is_empty())
            };
            other.currency.is_empty() || touched.iter().any(alike)
        };
        for standing in in_house(tx, &products)
            .await?
            .into_iter()
            .filter(of_currency)
        {
            let total = totals.entry(standing.product_id).or_default();
            total.0 += standing.on_hand;
            total.1 += standing.cost_on_hand();
        }
        Ok(Self {
            lots: touched.into_iter().map(|l| (l.lot_id, l)).collect(),
            products: totals,
        })
    }

    fn lot(&mut self, lot: i64) -> Result<&mut Standing, StoreError> {
        self.lots
            .get_mut(&lot)
            .ok_or_else(|| StoreError::Conflict(format!("lot {lot} is gone")))
    }

    /// The totals behind an entry, as its columns have them.
    fn columns(&self, lot: i64) -> [i64; 4] {
        let Some(standing) = self.lots.get(&lot) else {
            return [0; 4];
        };
        let product = self.products.get(&standing.product_id);
        let (units, cost) = product.copied().unwrap_or_default();
        [standing.on_hand, standing.cost_on_hand(), units, cost]
    }
}

/// An entry to be written.
#[derive(Clone, Copy)]
struct Entry<'a> {
    kind: &'a str,
    lot: i64,
    shipment: Option<i64>,
    demand: Option<i64>,
    lot_cost: Option<i64>,
    first_unit: Option<i64>,
    quantity: i64,
    cost_minor: i64,
    booked_on: &'a str,
    cause: &'a str,
}

impl Entry<'_> {
    fn row(&self, stamp: &Stamp, totals: &Totals) -> Value {
        let standing = totals.lots.get(&self.lot);
        let [lot_units, lot_cost, sku_units, sku_cost] = totals.columns(self.lot);
        json!([
            stamp.at.0,
            self.booked_on,
            self.kind,
            self.lot,
            standing.map(|l| l.product_id),
            self.shipment,
            self.demand,
            self.lot_cost,
            self.first_unit,
            self.quantity,
            self.cost_minor,
            standing.map_or("", |l| l.currency.as_str()),
            lot_units,
            lot_cost,
            sku_units,
            sku_cost,
            self.cause,
            stamp.actor,
            stamp.run
        ])
    }
}

async fn write(tx: &mut Tx, rows: &[Value]) -> Result<(), StoreError> {
    let columns = [
        ("at", Type::Int),
        ("booked_on", Type::Text),
        ("kind", Type::Text),
        ("lot_id", Type::Int),
        ("product_id", Type::Int),
        ("shipment_id", Type::Int),
        ("demand_id", Type::Int),
        ("lot_cost_id", Type::Int),
        ("first_unit", Type::Int),
        ("quantity", Type::Int),
        ("cost_minor", Type::Int),
        ("currency", Type::Text),
        ("lot_units", Type::Int),
        ("lot_cost", Type::Int),
        ("sku_units", Type::Int),
        ("sku_cost", Type::Int),
        ("cause", Type::Text),
        ("actor", Type::Text),
        ("run", Type::Text),
    ];
    match tx.insert_many("cogs_entries", &columns, rows).await {
        Err(error) if error.is_duplicate() => Err(StoreError::Conflict(
            "units of a lot had been costed meanwhile".to_owned(),
        )),
        result => result,
    }
}

/// Costs units that are about to leave, in the order given: called before the balances
/// shrink.
///
/// # Errors
/// A conflict, where the units have left meanwhile; or the store's.
pub(super) async fn cost_out(
    tx: &mut Tx,
    stamp: &Stamp,
    outgoing: &[Outgoing],
    voucher: Voucher<'_>,
) -> Result<(), StoreError> {
    let lots: Vec<i64> = outgoing.iter().map(|o| o.lot).collect();
    let mut totals = Totals::load(tx, &lots).await?;
    let (kind, shipment) = match voucher.exit {
        Exit::Dispatch(shipment) => ("dispatch", Some(shipment)),
        Exit::WriteOff => ("write_off", None),
    };
    let mut rows = Vec::with_capacity(outgoing.len());
    for goes in outgoing {
        let standing = totals.lot(goes.lot)?;
        let before = standing.out();
        let cost = between(standing.cost_minor, standing.quantity, before, goes.units);
        standing.on_hand -= goes.units;
        let product = standing.product_id;
        let total = totals.products.entry(product).or_default();
        total.0 -= goes.units;
        total.1 -= cost;
        let entry = Entry {
            kind,
            lot: goes.lot,
            shipment,
            demand: goes.demand,
            lot_cost: None,
            first_unit: Some(before),
            quantity: goes.units,
            cost_minor: cost,
            booked_on: voucher.booked_on,
            cause: voucher.cause,
        };
        rows.push(entry.row(stamp, &totals));
    }
    write(tx, &rows).await
}

/// Adds costs to lots. What of a lot has left already is booked as an adjustment by its
/// share, on the day it becomes known; what was costed stays as it was. Units that came back
/// take their part of the share to the lots they are now. Gives the shares booked, in the
/// order given.
///
/// # Errors
/// A lot's cost is in another currency, or the store's.
pub async fn add(
    tx: &mut Tx,
    stamp: &Stamp,
    costs: &[(i64, Cost)],
    cause: &str,
) -> Result<Vec<i64>, StoreError> {
    let mut shares = vec![0; costs.len()];
    let mut round: Vec<(Option<usize>, i64, Cost)> = costs
        .iter()
        .enumerate()
        .map(|(at, (lot, cost))| (Some(at), *lot, cost.clone()))
        .collect();
    while !round.is_empty() {
        let here: Vec<(i64, Cost)> = round.iter().map(|(_, l, c)| (*l, c.clone())).collect();
        let (booked, passed_on) = add_here(tx, stamp, here, cause).await?;
        for ((at, ..), share) in round.iter().zip(booked) {
            if let Some(at) = at {
                shares[*at] = share;
            }
        }
        round = passed_on
            .into_iter()
            .map(|(lot, cost)| (None, lot, cost))
            .collect();
    }
    Ok(shares)
}

/// Adds costs to lots; gives the shares of what has left, and what of them goes on to lots
/// that came back.
async fn add_here(
    tx: &mut Tx,
    stamp: &Stamp,
    mut costs: Vec<(i64, Cost)>,
    cause: &str,
) -> Result<(Vec<i64>, Vec<(i64, Cost)>), StoreError> {
    let lots: Vec<i64> = costs.iter().map(|(lot, _)| *lot).collect();
    let mut totals = Totals::load(tx, &lots).await?;
    let today = stamp.day();
    for (lot, cost) in &mut costs {
        let standing = totals.lot(*lot)?;
        let currency = cost.currency.as_str();
        if !standing.currency.is_empty() && standing.currency != currency {
            return Err(StoreError::Refused {
                rule: "currency",
                message: format!(
                    "lot {lot} was costed in {}, before costs were kept in {currency}",
                    standing.currency
                ),
            });
        }
        // What has left is adjusted when it becomes known: no day that is past changes.
        if standing.out() > 0 && cost.booked_on < today {
            cost.booked_on.clone_from(&today);
        }
    }
    let came_back = came_back(tx, &lots).await?;
    let first = insert(tx, stamp, &costs).await?;
    let (mut rows, mut shares, mut passed_on) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (lot, cost)) in costs.iter().enumerate() {
        let standing = totals.lot(*lot)?;
        let (was, out) = (standing.cost_minor, standing.out());
        standing.cost_minor += cost.amount_minor;
        cost.currency.as_str().clone_into(&mut standing.currency);
        let upto_now = |total| upto(total, standing.quantity, out);
        let share = upto_now(standing.cost_minor) - upto_now(was);
        let product = standing.product_id;
        shares.push(share);
        totals.products.entry(product).or_default().1 += cost.amount_minor - share;
        if out == 0 {
            continue;
        }
        let late = Entry {
            kind: "late_cost",
            lot: *lot,
            shipment: None,
            demand: None,
            lot_cost: Some(first + at as i64),
            first_unit: None,
            quantity: 0,
            cost_minor: share,
            booked_on: &cost.booked_on,
            cause,
        };
        rows.push(late.row(stamp, &totals));
        let mut before = 0;
        for back in came_back.iter().filter(|back| back.lot == *lot) {
            let part = between(share, out, before, back.units);
            before += back.units;
            if part == 0 {
                continue;
            }
            let entry = Entry {
                kind: "return",
                lot_cost: None,
                demand: back.demand,
                cost_minor: -part,
                ..late
            };
            rows.push(entry.row(stamp, &totals));
            let passed = Cost::own(Component::Return, part, cost.currency, &cost.booked_on);
            let document = cost.document.clone();
            passed_on.push((back.now, Cost { document, ..passed }));
        }
    }
    write(tx, &rows).await?;
    Ok((shares, passed_on))
}

/// Units that left with a lot and came back as another.
struct CameBack {
    lot: i64,
    demand: Option<i64>,
    units: i64,
    now: i64,
}

/// What of some lots has come back. Each return made one entry and one lot, in that order.
async fn came_back(tx: &mut Tx, lots: &[i64]) -> Result<Vec<CameBack>, StoreError> {
    let wanted = tx.wanted();
    let entries: Vec<(i64, Option<i64>, i64)> = tx
        .all(
            &format!(
                "SELECT e.lot_id, e.demand_id, -e.quantity FROM {wanted} \
                 JOIN cogs_entries e ON e.lot_id = w.id \
                 WHERE e.kind = 'return' AND e.quantity < 0 ORDER BY e.lot_id, e.id"
            ),
            vals![json_list(lots)],
        )
        .await?;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let now: Vec<(i64, i64)> = tx
        .all(
            &format!(
                "SELECT l.parent_lot, l.id FROM {wanted} JOIN lots l ON l.parent_lot = w.id \
                 JOIN stock_moves m ON m.lot_id = l.id AND m.from_location IS NULL \
                 WHERE m.reason = 'returned' ORDER BY l.parent_lot, l.id"
            ),
            vals![json_list(lots)],
        )
        .await?;
    if now.len() != entries.len() {
        let text = "the lots that came back are not those that the entries tell of";
        return Err(StoreError::Database(text.to_owned()));
    }
    let pairs = entries.into_iter().zip(now);
    Ok(pairs
        .map(|((lot, demand, units), (_, now))| CameBack {
            lot,
            demand,
            units,
            now,
        })
        .collect())
}

/// What has gone to customers: (product, units since a business day, the first day of all).
///
/// # Errors
/// The store's.
pub async fn dispatched(tx: &mut Tx, since: &str) -> Result<Vec<(i64, i64, String)>, StoreError> {
    tx.all(
        "SELECT product_id, \
           CAST(SUM(CASE WHEN booked_on >= ? THEN quantity ELSE 0 END) AS SIGNED), \
           MIN(booked_on) \
         FROM cogs_entries WHERE kind = 'dispatch' GROUP BY product_id",
        vals![since],
    )
    .await
}

/// Books units that came back as no longer sold: what they cost is now the cost of a lot of
/// their own.
///
/// # Errors
/// The store's.
pub async fn take_back(
    tx: &mut Tx,
    stamp: &Stamp,
    back: Outgoing,
    cost_minor: i64,
    cause: &str,
) -> Result<(), StoreError> {
    let totals = Totals::load(tx, &[back.lot]).await?;
    let day = stamp.day();
    let entry = Entry {
        kind: "return",
        lot: back.lot,
        shipment: None,
        demand: back.demand,
        lot_cost: None,
        first_unit: None,
        quantity: -back.units,
        cost_minor: -cost_minor,
        booked_on: &day,
        cause,
    };
    let row = entry.row(stamp, &totals);
    write(tx, &[row]).await
}

/// Writes costs without looking at what has left; gives the id of the first.
pub(super) async fn insert(
    tx: &mut Tx,
    stamp: &Stamp,
    costs: &[(i64, Cost)],
) -> Result<i64, StoreError> {
    let first = tx
        .int("SELECT COALESCE(MAX(id), 0) + 1 FROM lot_costs", vals![])
        .await?;
    let rows: Vec<Value> = costs
        .iter()
        .enumerate()
        .map(|(at, (lot, cost))| {
            json!([
                first + at as i64,
                lot,
                cost.component.as_str(),
                cost.amount_minor,
                cost.currency.as_str(),
                cost.paid_minor,
                cost.paid_currency.as_str(),
                cost.rate.as_ref().map(|r| r.rate.to_string()),
                cost.rate.as_ref().map(|r| &r.source),
                cost.document,
                cost.booked_on,
                stamp.at.0,
                stamp.run
            ])
        })
        .collect();
    let columns = [
        ("id", Type::Int),
        ("lot_id", Type::Int),
        ("component", Type::Text),
        ("amount_minor", Type::Int),
        ("currency", Type::Text),
        ("source_minor", Type::Int),
        ("source_currency", Type::Text),
        ("rate", Type::Text),
        ("rate_source", Type::Text),
        ("document", Type::Text),
        ("booked_on", Type::Text),
        ("at", Type::Int),
        ("run", Type::Text),
    ];
    tx.insert_many("lot_costs", &columns, &rows).await?;
    Ok(first)
}
