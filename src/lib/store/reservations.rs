//! Demand, what is free, and the promises between them.

use std::collections::{HashMap, HashSet};

use super::dialect::{Tx, Type, json_list, vals};
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
    /// How each order is called by people: `woo:1042`.
    pub orders: HashMap<i64, String>,
}

/// Demand, order, line, product, units a kit, wanted, reserved; when the order was placed,
/// its channel and number.
type DemandRow = (i64, i64, i64, i64, i64, i64, i64, i64, i64, String);

const DEMAND: &str = "d.id, l.order_id, d.line_id, d.product_id, d.per_kit, \
    d.quantity - d.shipped, d.reserved, o.placed_at, o.account_id, o.number";
const DEMANDS: &str = "order_demands d JOIN order_lines l ON l.id = d.line_id \
    JOIN orders o ON o.id = l.order_id";

/// Reads what a plan is made from.
///
/// # Errors
/// The store's.
pub async fn picture(tx: &mut Tx, whole_order: bool) -> Result<Picture, StoreError> {
    let mut picture = demands(tx, whole_order).await?;
    if picture.demands.is_empty() {
        return Ok(picture);
    }
    let holding = picture.demands.iter().filter(|d| d.reserved > 0);
    let holding: Vec<i64> = holding.map(|d| d.id).collect();
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

/// The demands of a picture. Two queries, for what is complete but hangs together with
/// something open is found from the reservations: their number is that of the orders in the
/// house, while complete demands grow with the years.
async fn demands(tx: &mut Tx, whole_order: bool) -> Result<Picture, StoreError> {
    let open = format!("{DEMANDS} WHERE d.open > 0");
    let mut rows: Vec<DemandRow> = tx.many(DEMAND, &open, vals![]).await?;
    let together = if whole_order {
        "SELECT 1 FROM order_lines l2 JOIN order_demands d2 ON d2.line_id = l2.id \
         WHERE l2.order_id = l.order_id AND d2.open > 0"
    } else {
        "SELECT 1 FROM order_demands d2 WHERE d2.line_id = d.line_id AND d2.open > 0"
    };
    let complete = format!(
        "{DEMANDS} WHERE d.id IN (SELECT r.demand_id FROM reservations r) \
         AND d.open <= 0 AND d.reserved > 0 AND EXISTS ({together})"
    );
    rows.extend(tx.many::<DemandRow>(DEMAND, &complete, vals![]).await?);
    // As a list, for asking each product would take as long as all the rest.
    let unstocked: HashSet<i64> = tx
        .all::<(i64,)>("SELECT id FROM products WHERE stocked = 0", vals![])
        .await?
        .into_iter()
        .map(|(id,)| id)
        .collect();
    rows.retain(|row| !unstocked.contains(&row.3));
    rows.sort_unstable_by_key(|row| (row.7, row.1, row.2, row.0));

    let accounts: HashMap<i64, String> = tx
        .all::<(i64, String)>("SELECT id, name FROM channel_accounts", vals![])
        .await?
        .into_iter()
        .collect();
    let mut picture = Picture::default();
    for (id, order, line, product, per_kit, wanted, reserved, _, account, number) in rows {
        if picture
            .demands
            .last()
            .is_none_or(|last| last.order != order)
        {
            let account = accounts.get(&account).map_or("", String::as_str);
            picture.orders.insert(order, format!("{account}:{number}"));
        }
        picture.demands.push(Demand {
            id,
            order,
            line,
            product,
            per_kit,
            wanted,
            reserved,
        });
    }
    Ok(picture)
}

/// A balance with its product, free units, lot, location, and the day the lot came in.
type FreeRow = (i64, i64, i64, i64, i64, String);

/// What is free of the products, oldest lot first; the balances named are listed also
/// where nothing of them is free.
async fn free(tx: &mut Tx, products: &[i64], named: &[i64]) -> Result<Vec<Free>, StoreError> {
    const BALANCE: &str = "b.id, b.product_id, b.free, b.lot_id, b.location_id, l.received_on";
    let sellable: Vec<i64> = tx
        .all::<(i64,)>("SELECT id FROM locations WHERE sellable = 1", vals![])
        .await?
        .into_iter()
        .map(|(id,)| id)
        .collect();
    let wanted = tx.ids();
    let of_products = format!(
        "{wanted} JOIN balances b ON b.product_id = j.id AND b.free > 0 \
         JOIN lots l ON l.id = b.lot_id"
    );
    let mut rows: Vec<FreeRow> = tx
        .many(BALANCE, &of_products, vals![json_list(products)])
        .await?;
    rows.retain(|row| sellable.contains(&row.4));
    if !named.is_empty() {
        let by_id = format!(
            "{wanted} JOIN balances b ON b.id = j.id \
             JOIN lots l ON l.id = b.lot_id"
        );
        rows.extend(
            tx.many::<FreeRow>(BALANCE, &by_id, vals![json_list(named)])
                .await?,
        );
    }
    rows.sort_unstable_by(|a, b| (a.1, &a.5, a.3, a.0).cmp(&(b.1, &b.5, b.3, b.0)));
    rows.dedup_by_key(|row| row.0);
    Ok(rows
        .into_iter()
        .map(|(balance, product, units, ..)| Free {
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
    let rows = tx.ids();
    tx.all(
        &format!(
            "SELECT r.id, r.demand_id, r.balance_id, r.quantity \
             FROM {rows} JOIN reservations r ON r.demand_id = j.id ORDER BY r.id"
        ),
        vals![json_list(demands)],
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

/// The reservations on some balances: (id, demand, balance, units).
///
/// # Errors
/// The store's.
pub async fn on_balances(
    tx: &mut Tx,
    balances: &[i64],
) -> Result<Vec<(i64, i64, i64, i64)>, StoreError> {
    if balances.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = tx.wanted();
    tx.all(
        &format!(
            "SELECT r.id, r.demand_id, r.balance_id, r.quantity \
             FROM {wanted} JOIN reservations r ON r.balance_id = w.id ORDER BY r.id"
        ),
        vals![json_list(balances)],
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
    let (mut new, mut resized, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let (mut by_balance, mut by_demand) = (Vec::new(), Vec::new());
    for change in changes {
        match stored.get(&(change.demand, change.balance)) {
            None => new.push((change.demand, change.balance, change.units)),
            Some((id, units)) if units + change.units == 0 => gone.push(*id),
            Some((id, _)) => resized.push((*id, change.units)),
        }
        by_balance.push((change.balance, change.units));
        by_demand.push((change.demand, change.units));
    }
    tx.add_many(
        "balances",
        "reserved",
        "reserved + j.n >= 0 AND reserved + j.n <= on_hand",
        &sums(by_balance),
    )
    .await?;
    tx.add_many(
        "order_demands",
        "reserved",
        "reserved + j.n >= 0 AND reserved + j.n + shipped <= quantity",
        &sums(by_demand),
    )
    .await?;
    tx.add_many("reservations", "quantity", "quantity + j.n > 0", &resized)
        .await?;
    delete(tx, &gone).await?;
    let same = [("at", stamp.at.into()), ("run", (&stamp.run).into())];
    let columns = [
        ("demand_id", Type::Int),
        ("balance_id", Type::Int),
        ("quantity", Type::Int),
    ];
    tx.insert_alike("reservations", &same, &columns, &new).await
}

async fn delete(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    let deleted = tx.delete_many("reservations", "id", ids).await?;
    if deleted != ids.len() as u64 {
        return Err(StoreError::Conflict(
            "a reservation was gone already".to_owned(),
        ));
    }
    Ok(())
}

/// Sums by id, in the order of the ids: that of the table, which makes writing them cheap.
fn sums(mut parts: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    parts.sort_unstable_by_key(|(id, _)| *id);
    parts.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            first.1 += later.1;
        }
        same
    });
    parts.retain(|(_, units)| *units != 0);
    parts
}

/// The SKU of each product.
///
/// # Errors
/// The store's.
pub async fn skus(tx: &mut Tx, products: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.ids();
    let found: Vec<(i64, String)> = tx
        .all(
            &format!("SELECT p.id, p.sku FROM {rows} JOIN products p ON p.id = j.id"),
            vals![json_list(products)],
        )
        .await?;
    Ok(found.into_iter().collect())
}

/// The lot behind each balance: balance -> lot name.
///
/// # Errors
/// The store's.
pub async fn lot_names(tx: &mut Tx, balances: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let rows = tx.ids();
    let found: Vec<(i64, String)> = tx
        .all(
            &format!(
                "SELECT b.id, l.code FROM {rows} JOIN balances b ON b.id = j.id \
                 JOIN lots l ON l.id = b.lot_id"
            ),
            vals![json_list(balances)],
        )
        .await?;
    Ok(found.into_iter().collect())
}
