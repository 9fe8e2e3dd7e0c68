//! What may be picked: the orders with something reserved that nobody holds. Found from the
//! reservations, whose number is that of the orders in the house.

use crate::domain::time::UtcMs;
use crate::store::StoreError;
use crate::store::dialect::{Tx, json_list, vals};

/// An order that may ship and has something reserved.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its id.
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// Who bought.
    pub customer: String,
    /// The service chosen.
    pub service: String,
    /// The day it was promised for, where it says one.
    pub promised_on: Option<String>,
    /// When it was placed, in UTC milliseconds.
    pub placed_at: i64,
    /// Places where something reserved for it lies.
    pub bins: i64,
}

/// What an order wants of one product: order, line, units a kit, wanted, reserved, whether
/// stock is kept.
pub type WantRow = (i64, i64, i64, i64, i64, i64);

/// The orders that may ship, have something reserved, are not held back, and are in nobody's
/// hands; a round that has expired holds nothing.
///
/// # Errors
/// The store's.
pub async fn heads(tx: &mut Tx, now: UtcMs, only: Option<i64>) -> Result<Vec<Head>, StoreError> {
    type Row = (i64, String, String, String, Option<String>, i64, i64);
    let of = if only.is_some() {
        "WHERE l.order_id = ?"
    } else {
        "WHERE ? IS NULL"
    };
    let from = format!(
        "(SELECT l.order_id, COUNT(DISTINCT b.location_id) AS bins FROM reservations r \
           JOIN balances b ON b.id = r.balance_id JOIN order_demands d ON d.id = r.demand_id \
           JOIN order_lines l ON l.id = d.line_id {of} GROUP BY l.order_id) x \
         JOIN orders o ON o.id = x.order_id JOIN channel_accounts a ON a.id = o.account_id \
         WHERE o.rule = 'ship' AND o.gone_at IS NULL \
           AND NOT EXISTS (SELECT 1 FROM order_holds h \
             WHERE h.order_id = o.id AND h.released_at IS NULL) \
           AND NOT EXISTS (SELECT 1 FROM pick_tasks t JOIN pick_waves w ON w.id = t.wave_id \
             WHERE t.holds = o.id AND NOT (w.state = 'picking' AND w.expires_at <= ?))"
    );
    let columns = "o.id, CONCAT(a.name, ':', o.number), o.customer, o.service, o.promised_on, \
         o.placed_at, x.bins";
    let rows: Vec<Row> = tx.many(columns, &from, vals![only, now]).await?;
    let head = |(id, order_ref, customer, service, promised_on, placed_at, bins): Row| Head {
        id,
        order_ref,
        customer,
        service,
        promised_on,
        placed_at,
        bins,
    };
    Ok(rows.into_iter().map(head).collect())
}

/// What some orders want, the wants of an order and of a line together.
///
/// # Errors
/// The store's.
pub async fn wants(tx: &mut Tx, orders: &[i64]) -> Result<Vec<WantRow>, StoreError> {
    let wanted = tx.wanted();
    let from = format!(
        "{wanted} JOIN order_lines l ON l.order_id = w.id \
         JOIN order_demands d ON d.line_id = l.id JOIN products p ON p.id = d.product_id"
    );
    let columns = "l.order_id, l.id, d.per_kit, d.quantity - d.shipped, d.reserved, p.stocked";
    let mut rows: Vec<WantRow> = tx.many(columns, &from, vals![json_list(orders)]).await?;
    rows.sort_unstable();
    Ok(rows)
}
