//! The lots that charges are about: which ones a charge means, what it may go by, and what
//! was added to them.

use serde::Serialize;

use super::super::StoreError;
use super::super::dialect::{Tx, json_list, vals};

/// A lot as a charge sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LotRow {
    /// Its id.
    pub lot_id: i64,
    /// Its name.
    pub lot: String,
    /// Its product.
    pub sku: String,
    /// Units it came in with.
    pub units: i64,
    /// What one unit weighs.
    pub weight_g: Option<i64>,
    /// What the goods are expected to cost by their receipt, in its currency.
    pub cost_minor: Option<i64>,
    /// The receipt's currency.
    pub currency: Option<String>,
    /// The receipt's rate.
    pub rate: Option<String>,
    /// What the goods cost so far, in the tenant's currency.
    pub bought_minor: Option<i64>,
}

/// A cost that a document added to a lot.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct BookedRow {
    /// What for.
    pub component: String,
    /// The lot.
    pub lot: String,
    /// The SKU.
    pub sku: String,
    /// Units the lot came in with.
    pub units: i64,
    /// What was paid.
    pub source_minor: i64,
    /// In which currency.
    pub source_currency: String,
    /// The same in the tenant's currency.
    pub amount_minor: i64,
    /// The share of units that had left already.
    pub out_minor: i64,
}

/// The lots that a name means: those received for a purchase order or with a receipt of that
/// name, or `lot:SKU:LOT`; none where it means nothing.
///
/// # Errors
/// The store's.
pub async fn lots_named(tx: &mut Tx, name: &str) -> Result<Vec<i64>, StoreError> {
    if let Some(lot) = name.strip_prefix("lot:") {
        // Either part may have a colon of its own.
        for (at, _) in lot.match_indices(':') {
            let sql = "SELECT l.id FROM lots l JOIN products p ON p.id = l.product_id \
                       WHERE p.sku = ? AND l.code = ?";
            let found: Option<(i64,)> = tx.opt(sql, vals![&lot[..at], &lot[at + 1..]]).await?;
            if let Some((id,)) = found {
                return Ok(vec![id]);
            }
        }
        return Ok(Vec::new());
    }
    let rows: Vec<(i64,)> = tx
        .all(
            "SELECT rl.lot_id FROM receipts r JOIN receipt_lines rl ON rl.receipt_id = r.id \
             WHERE r.ref = ? \
             UNION SELECT rl.lot_id FROM purchase_orders po \
             JOIN purchase_order_lines pl ON pl.po_id = po.id \
             JOIN receipt_lines rl ON rl.po_line_id = pl.id WHERE po.number = ? ORDER BY 1",
            vals![name, name],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Lots as a charge sees them.
///
/// # Errors
/// The store's.
pub async fn lots(tx: &mut Tx, ids: &[i64]) -> Result<Vec<LotRow>, StoreError> {
    let from = tx.wanted();
    let sql = format!(
        "SELECT l.id AS lot_id, l.code AS lot, p.sku, l.quantity AS units, p.weight_g, \
           rl.cost_minor, r.currency, r.rate, \
           (SELECT CAST(SUM(c.amount_minor) AS SIGNED) FROM lot_costs c \
             WHERE c.lot_id = l.id AND c.component = 'purchase') AS bought_minor \
         FROM {from} JOIN lots l ON l.id = w.id JOIN products p ON p.id = l.product_id \
         LEFT JOIN receipt_lines rl ON rl.lot_id = l.id \
         LEFT JOIN receipts r ON r.id = rl.receipt_id ORDER BY l.id"
    );
    tx.all(&sql, vals![json_list(ids)]).await
}

/// What a document added to lots, in the order it was booked.
///
/// # Errors
/// The store's.
pub async fn booked(tx: &mut Tx, document: &str) -> Result<Vec<BookedRow>, StoreError> {
    tx.all(
        "SELECT c.component, l.code AS lot, p.sku, l.quantity AS units, c.source_minor, \
           c.source_currency, c.amount_minor, COALESCE(e.cost_minor, 0) AS out_minor \
         FROM lot_costs c JOIN lots l ON l.id = c.lot_id JOIN products p ON p.id = l.product_id \
         LEFT JOIN cogs_entries e ON e.lot_cost_id = c.id WHERE c.document = ? ORDER BY c.id",
        vals![document],
    )
    .await
}
