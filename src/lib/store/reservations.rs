//! Demand, what is free, and the promises between them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::products::json_ids;
use super::{Stamp, StoreError};
use crate::domain::fifo::{Change, Demand, Free, Held};

/// All a plan is made from.
#[derive(Debug, Default)]
pub struct Picture {
    /// Open demand of stocked products, oldest order first, with what must be decided
    /// together with it (the rest of a kit, or of the order).
    pub demands: Vec<Demand>,
    /// What is free, oldest lot first.
    pub free: Vec<Free>,
    /// What the demands hold, oldest reservation first.
    pub held: Vec<Held>,
    /// The stored reservation behind each of those: (demand, balance) -> (id, units).
    pub stored: HashMap<(i64, i64), (i64, i64)>,
    /// How each demand is called.
    pub names: HashMap<i64, Name>,
}

/// How a demand is called by people.
#[derive(Debug, Clone)]
pub struct Name {
    /// `woo:1042`.
    pub order: String,
    /// The SKU wanted of stock.
    pub sku: String,
}

type DemandRow = (i64, i64, i64, i64, i64, i64, i64, String, String);

const DEMAND: &str = "SELECT d.id, l.order_id, d.line_id, d.product_id, d.per_kit, \
    d.quantity - d.shipped AS wanted, d.reserved, CONCAT(a.name, ':', o.number), p.sku \
    FROM order_demands d JOIN order_lines l ON l.id = d.line_id \
    JOIN orders o ON o.id = l.order_id JOIN channel_accounts a ON a.id = o.account_id \
    JOIN products p ON p.id = d.product_id WHERE p.stocked = 1 AND";
const OLDEST_FIRST: &str = "ORDER BY o.placed_at, o.id, d.line_id, d.id";

/// Reads what a plan is made from.
///
/// # Errors
/// The store's.
pub async fn picture(tx: &mut Tx, whole_order: bool) -> Result<Picture, StoreError> {
    let together = if whole_order {
        "l.order_id IN (SELECT l2.order_id FROM order_demands d2 \
           JOIN order_lines l2 ON l2.id = d2.line_id WHERE d2.open > 0)"
    } else {
        "d.line_id IN (SELECT d2.line_id FROM order_demands d2 WHERE d2.open > 0)"
    };
    // The rest of a kit or an order exists only where something of it is reserved.
    let sql = format!("{DEMAND} (d.open > 0 OR (d.reserved > 0 AND {together})) {OLDEST_FIRST}");
    let mut picture = Picture::default();
    for row in tx.all::<DemandRow>(&sql, vals![]).await? {
        let (id, order, line, product, per_kit, wanted, reserved, order_ref, sku) = row;
        picture.demands.push(Demand {
            id,
            order,
            line,
            product,
            per_kit,
            wanted,
            reserved,
        });
        picture.names.insert(
            id,
            Name {
                order: order_ref,
                sku,
            },
        );
    }
    if picture.demands.is_empty() {
        return Ok(picture);
    }
    let holding: Vec<i64> = picture
        .demands
        .iter()
        .filter(|d| d.reserved > 0)
        .map(|d| d.id)
        .collect();
    let mut held_balances = Vec::new();
    for (id, demand, balance, units) in of_demands(tx, &holding).await? {
        picture.stored.insert((demand, balance), (id, units));
        picture.held.push(Held {
            demand,
            balance,
            units,
        });
        held_balances.push(balance);
    }
    let mut products: Vec<i64> = picture.demands.iter().map(|d| d.product).collect();
    products.sort_unstable();
    products.dedup();
    picture.free = free(tx, &products, &held_balances).await?;
    Ok(picture)
}

/// What is free of the products, oldest lot first; the balances named are listed also
/// where nothing of them is free.
async fn free(tx: &mut Tx, products: &[i64], named: &[i64]) -> Result<Vec<Free>, StoreError> {
    let wanted = tx.json_rows(&[("id", Type::Int)]);
    let mut rows: Vec<(i64, i64, i64, String, i64)> = tx
        .all(
            &format!(
                "SELECT b.id, b.product_id, b.free, l.received_on, b.lot_id \
                 FROM {wanted} JOIN balances b ON b.product_id = j.id AND b.free > 0 \
                 JOIN lots l ON l.id = b.lot_id \
                 JOIN locations o ON o.id = b.location_id WHERE o.sellable = 1"
            ),
            vals![json_ids(products)],
        )
        .await?;
    if !named.is_empty() {
        let named_rows: Vec<(i64, i64, i64, String, i64)> = tx
            .all(
                &format!(
                    "SELECT b.id, b.product_id, b.free, l.received_on, b.lot_id \
                     FROM {wanted} JOIN balances b ON b.id = j.id \
                     JOIN lots l ON l.id = b.lot_id"
                ),
                vals![json_ids(named)],
            )
            .await?;
        rows.extend(named_rows);
    }
    rows.sort_unstable_by(|a, b| (a.1, &a.3, a.4, a.0).cmp(&(b.1, &b.3, b.4, b.0)));
    rows.dedup_by_key(|row| row.0);
    Ok(rows
        .into_iter()
        .map(|(balance, product, units, _, _)| Free {
            balance,
            product,
            units,
        })
        .collect())
}

/// The reservations of some demands, oldest first: (id, demand, balance, units).
///
/// # Errors
/// The store's.
pub async fn of_demands(
    tx: &mut Tx,
    demands: &[i64],
) -> Result<Vec<(i64, i64, i64, i64)>, StoreError> {
    if demands.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.json_rows(&[("id", Type::Int)]);
    tx.all(
        &format!(
            "SELECT r.id, r.demand_id, r.balance_id, r.quantity \
             FROM {rows} JOIN reservations r ON r.demand_id = j.id ORDER BY r.id"
        ),
        vals![json_ids(demands)],
    )
    .await
}

/// The reservations of a product, newest first: (id, demand, balance, units).
///
/// # Errors
/// The store's.
pub async fn of_product_newest_first(
    tx: &mut Tx,
    product: i64,
) -> Result<Vec<(i64, i64, i64, i64)>, StoreError> {
    tx.all(
        "SELECT r.id, r.demand_id, r.balance_id, r.quantity FROM reservations r \
         JOIN balances b ON b.id = r.balance_id WHERE b.product_id = ? ORDER BY r.id DESC",
        vals![product],
    )
    .await
}

/// Writes a plan: reservations grow, shrink, appear and go; the balances' and demands'
/// counts follow, each under its guard.
///
/// `stored` holds the reservations that exist for the demands named.
///
/// # Errors
/// A conflict, where anything had changed since the plan was made: nothing is written.
pub async fn apply(
    tx: &mut Tx,
    stamp: &Stamp,
    changes: &[Change],
    stored: &HashMap<(i64, i64), (i64, i64)>,
) -> Result<(), StoreError> {
    let (mut new, mut resized, mut gone) = (Vec::<Value>::new(), Vec::new(), Vec::new());
    let (mut by_balance, mut by_demand) = (Sums::default(), Sums::default());
    for change in changes {
        match stored.get(&(change.demand, change.balance)) {
            None => new.push(json!([
                change.demand,
                change.balance,
                change.units,
                stamp.at.0,
                stamp.run
            ])),
            Some((id, units)) if units + change.units == 0 => gone.push(*id),
            Some((id, _)) => resized.push((*id, change.units)),
        }
        by_balance.add(change.balance, change.units);
        by_demand.add(change.demand, change.units);
    }
    tx.add_many(
        "balances",
        "reserved",
        "reserved + j.n >= 0 AND reserved + j.n <= on_hand",
        &by_balance.rows(),
    )
    .await?;
    tx.add_many(
        "order_demands",
        "reserved",
        "reserved + j.n >= 0 AND reserved + j.n + shipped <= quantity",
        &by_demand.rows(),
    )
    .await?;
    tx.add_many("reservations", "quantity", "quantity + j.n > 0", &resized)
        .await?;
    delete(tx, &gone).await?;
    let columns = [
        ("demand_id", Type::Int),
        ("balance_id", Type::Int),
        ("quantity", Type::Int),
        ("at", Type::Int),
        ("run", Type::Text),
    ];
    tx.insert_many("reservations", &columns, &new).await
}

async fn delete(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = tx.json_rows(&[("id", Type::Int)]);
    let deleted = tx
        .run(
            &format!("DELETE FROM reservations WHERE id IN (SELECT j.id FROM {rows})"),
            vals![json_ids(ids)],
        )
        .await?;
    if deleted != ids.len() as u64 {
        return Err(StoreError::Conflict(
            "a reservation was gone already".to_owned(),
        ));
    }
    Ok(())
}

/// Sums by id, in the order in which the ids came.
#[derive(Default)]
struct Sums {
    at: HashMap<i64, usize>,
    list: Vec<(i64, i64)>,
}

impl Sums {
    fn add(&mut self, id: i64, units: i64) {
        let at = *self.at.entry(id).or_insert_with(|| {
            self.list.push((id, 0));
            self.list.len() - 1
        });
        self.list[at].1 += units;
    }

    fn rows(mut self) -> Vec<(i64, i64)> {
        self.list.retain(|(_, units)| *units != 0);
        self.list
    }
}

/// The lot behind each balance: balance -> lot name.
///
/// # Errors
/// The store's.
pub async fn lot_names(tx: &mut Tx, balances: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let rows = tx.json_rows(&[("id", Type::Int)]);
    let found: Vec<(i64, String)> = tx
        .all(
            &format!(
                "SELECT b.id, l.code FROM {rows} JOIN balances b ON b.id = j.id \
                 JOIN lots l ON l.id = b.lot_id"
            ),
            vals![json_ids(balances)],
        )
        .await?;
    Ok(found.into_iter().collect())
}
