//! What is promised to the orders of a round, and what is on its way to the bench.

use crate::store::StoreError;
use crate::store::dialect::{Tx, json_list, vals};

/// Units that rounds have taken at a place and not yet moved, by demand; of one line not.
///
/// # Errors
/// The store's.
pub async fn in_totes(
    tx: &mut Tx,
    product: i64,
    location: i64,
    lot: Option<i64>,
    but: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT l.demand_id, CAST(SUM(l.picked - l.moved) AS SIGNED) \
         FROM pick_lines l JOIN pick_tasks t ON t.id = l.task_id \
         WHERE l.product_id = ? AND l.location_id = ? AND (? IS NULL OR l.lot_id = ?) \
           AND l.id <> ? AND l.picked > l.moved AND t.state = 'picking' \
         GROUP BY l.demand_id",
        vals![product, location, lot, lot, but],
    )
    .await
}

/// Units promised to a demand in one balance.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Promise {
    /// The demand.
    pub demand_id: i64,
    /// The product.
    pub product_id: i64,
    /// How its units are told apart.
    pub tracking: String,
    /// Where they lie.
    pub location_id: i64,
    /// Their lot.
    pub lot_id: i64,
    /// Units.
    pub quantity: i64,
}

impl Promise {
    /// Whether it matters which lot is taken.
    #[must_use]
    pub fn tells_lots_apart(&self) -> bool {
        self.tracking != "none"
    }
}

/// What is promised to an order, or to one demand of it, of what stock is kept.
///
/// # Errors
/// The store's.
pub async fn promises(
    tx: &mut Tx,
    order: i64,
    demand: Option<i64>,
) -> Result<Vec<Promise>, StoreError> {
    tx.all(
        "SELECT d.id AS demand_id, d.product_id, p.tracking, b.location_id, b.lot_id, r.quantity \
         FROM order_lines l JOIN order_demands d ON d.line_id = l.id \
         JOIN products p ON p.id = d.product_id \
         JOIN reservations r ON r.demand_id = d.id JOIN balances b ON b.id = r.balance_id \
         WHERE l.order_id = ? AND p.stocked = 1 AND (? IS NULL OR d.id = ?) ORDER BY r.id",
        vals![order, demand, demand],
    )
    .await
}

/// Units that a demand wants and is not promised.
///
/// # Errors
/// The store's.
pub async fn open_units(tx: &mut Tx, demand: i64) -> Result<i64, StoreError> {
    tx.int(
        "SELECT quantity - shipped - reserved FROM order_demands WHERE id = ?",
        vals![demand],
    )
    .await
}

/// The orders that demands are of, such as `woo:1042`, each once.
///
/// # Errors
/// The store's.
pub async fn orders_of(tx: &mut Tx, demands: &[i64]) -> Result<Vec<String>, StoreError> {
    let wanted = tx.wanted();
    let found: Vec<(String,)> = tx
        .all(
            &format!(
                "SELECT DISTINCT CONCAT(a.name, ':', o.number) FROM {wanted} \
                 JOIN order_demands d ON d.id = w.id JOIN order_lines l ON l.id = d.line_id \
                 JOIN orders o ON o.id = l.order_id JOIN channel_accounts a ON a.id = o.account_id \
                 ORDER BY 1"
            ),
            vals![json_list(demands)],
        )
        .await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}
