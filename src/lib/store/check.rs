//! The invariants of the data, each as a query that finds the rows which break it.
//!
//! Constraints keep most of them true at every commit; this proves it over the whole
//! database, also after a crash, a restore or a hand at the tables.

use serde::Serialize;

use super::StoreError;
use super::dialect::{Tx, vals};

/// At most this many rows of each broken rule are named.
const NAMED: i64 = 20;

/// A rule and the rows that break it.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The rule, in words.
    pub rule: &'static str,
    /// The rows that break it, at most twenty.
    pub rows: Vec<String>,
}

/// What of each lot came to and left each place, in one scan of the moves. `+ 0` keeps
/// MariaDB from walking an index and fetching each of a million rows by itself.
macro_rules! moved {
    () => {
        "(SELECT g.lot_id, CASE WHEN s.side = 0 THEN g.to_location ELSE g.from_location END \
             AS location_id, \
           CAST(SUM(CASE WHEN s.side = 0 THEN g.units ELSE -g.units END) AS SIGNED) AS units \
         FROM (SELECT lot_id + 0 AS lot_id, from_location, to_location, \
             CAST(SUM(quantity) AS SIGNED) AS units FROM stock_moves \
             GROUP BY lot_id + 0, from_location, to_location) g \
         CROSS JOIN (SELECT 0 AS side UNION ALL SELECT 1) s \
         GROUP BY g.lot_id, location_id)"
    };
}

/// Each rule with the query for its offenders: (words, query with one text column).
const RULES: &[(&str, &str)] = &[
    (
        "on hand is the sum of the moves",
        concat!(
            "SELECT CONCAT('balance of lot ', l.code, ' (', p.sku, ') at ', o.code, ': ', \
               b.on_hand, ' on hand, moves sum up to ', COALESCE(m.units, 0)) \
             FROM balances b JOIN lots l ON l.id = b.lot_id \
             JOIN products p ON p.id = b.product_id JOIN locations o ON o.id = b.location_id \
             LEFT JOIN ",
            moved!(),
            " m ON m.lot_id = b.lot_id AND m.location_id = b.location_id \
             WHERE b.on_hand <> COALESCE(m.units, 0)"
        ),
    ),
    (
        "every move belongs to a balance",
        concat!(
            "SELECT CONCAT('lot ', m.lot_id, ' at location ', m.location_id) FROM ",
            moved!(),
            " m LEFT JOIN balances b ON b.lot_id = m.lot_id AND b.location_id = m.location_id \
             WHERE m.location_id IS NOT NULL AND b.id IS NULL"
        ),
    ),
    (
        "a balance promises what its live reservations sum up to",
        "SELECT CONCAT('balance of lot ', l.code, ' (', p.sku, '): ', b.reserved, \
           ' reserved, reservations sum up to ', COALESCE(r.units, 0)) \
         FROM balances b JOIN lots l ON l.id = b.lot_id JOIN products p ON p.id = b.product_id \
         LEFT JOIN (SELECT balance_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM reservations GROUP BY balance_id) r ON r.balance_id = b.id \
         WHERE b.reserved <> COALESCE(r.units, 0)",
    ),
    (
        "a demand holds what its live reservations sum up to",
        "SELECT CONCAT('demand ', d.id, ' for ', p.sku, ': ', d.reserved, \
           ' reserved, reservations sum up to ', COALESCE(r.units, 0)) \
         FROM order_demands d JOIN products p ON p.id = d.product_id \
         LEFT JOIN (SELECT demand_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM reservations GROUP BY demand_id) r ON r.demand_id = d.id \
         WHERE d.reserved <> COALESCE(r.units, 0)",
    ),
    (
        "nothing is promised that is not on hand",
        "SELECT CONCAT('balance ', id, ': ', reserved, ' reserved of ', on_hand) FROM balances \
         WHERE reserved < 0 OR reserved > on_hand",
    ),
    (
        "no demand is served beyond what it wants",
        "SELECT CONCAT('demand ', id, ': ', reserved, ' reserved and ', shipped, \
           ' shipped of ', quantity) FROM order_demands \
         WHERE reserved < 0 OR shipped < 0 OR reserved + shipped > quantity",
    ),
    (
        "a reservation takes the product that is wanted",
        "SELECT CONCAT('reservation ', r.id) FROM reservations r \
         JOIN order_demands d ON d.id = r.demand_id JOIN balances b ON b.id = r.balance_id \
         WHERE d.product_id <> b.product_id",
    ),
    (
        "an order that wants nothing holds nothing",
        "SELECT CONCAT('demand ', d.id, ' of order ', o.number) FROM order_demands d \
         JOIN order_lines l ON l.id = d.line_id JOIN orders o ON o.id = l.order_id \
         WHERE o.rule IN ('none', 'shipped', 'closed') AND d.reserved > 0",
    ),
    (
        "a lot came in whole",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', l.quantity, ' received, moves in ', \
           COALESCE(m.units, 0)) \
         FROM lots l JOIN products p ON p.id = l.product_id \
         LEFT JOIN (SELECT lot_id + 0 AS lot_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM stock_moves WHERE from_location IS NULL GROUP BY lot_id + 0) m ON m.lot_id = l.id \
         WHERE l.quantity <> COALESCE(m.units, 0)",
    ),
    (
        "what has left of a lot is costed, each unit once",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', l.quantity - COALESCE(b.units, 0), \
           ' units have left, ', COALESCE(e.units, 0), ' are costed') \
         FROM lots l JOIN products p ON p.id = l.product_id \
         LEFT JOIN (SELECT lot_id, CAST(SUM(on_hand) AS SIGNED) AS units FROM balances \
           GROUP BY lot_id) b ON b.lot_id = l.id \
         LEFT JOIN (SELECT lot_id + 0 AS lot_id, CAST(SUM(quantity) AS SIGNED) AS units, \
             CAST(MAX(first_unit + quantity) AS SIGNED) AS upto FROM cogs_entries \
           WHERE first_unit IS NOT NULL GROUP BY lot_id + 0) e ON e.lot_id = l.id \
         WHERE l.quantity - COALESCE(b.units, 0) <> COALESCE(e.units, 0) \
           OR COALESCE(e.units, 0) <> COALESCE(e.upto, 0)",
    ),
    (
        "the cost of what has left is its share of what was paid",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', COALESCE(e.cost, 0), \
           ' minor units have left with ', COALESCE(e.units, 0), ' of ', l.quantity, \
           ' units that cost ', COALESCE(c.cost, 0)) \
         FROM lots l JOIN products p ON p.id = l.product_id \
         LEFT JOIN (SELECT lot_id, CAST(SUM(amount_minor) AS SIGNED) AS cost FROM lot_costs \
           GROUP BY lot_id) c ON c.lot_id = l.id \
         LEFT JOIN (SELECT lot_id + 0 AS lot_id, CAST(SUM(quantity) AS SIGNED) AS units, \
             CAST(SUM(cost_minor) AS SIGNED) AS cost FROM cogs_entries \
           WHERE kind <> 'return' GROUP BY lot_id + 0) e ON e.lot_id = l.id \
         WHERE ABS(2 * l.quantity * COALESCE(e.cost, 0) \
           - 2 * COALESCE(c.cost, 0) * COALESCE(e.units, 0)) > l.quantity",
    ),
    (
        "what has come of a purchase order's line is what its receipts sum up to",
        "SELECT CONCAT('line ', l.line, ' of ', o.number, ': ', l.received, \
           ' received, receipts sum up to ', COALESCE(r.units, 0)) \
         FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.po_id \
         LEFT JOIN (SELECT po_line_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM receipt_lines GROUP BY po_line_id) r ON r.po_line_id = l.id \
         WHERE l.received <> COALESCE(r.units, 0)",
    ),
    (
        "what of a receipt is billed is what was matched to it",
        "SELECT CONCAT('receipt ', r.ref, ', lot ', l.code, ': ', rl.invoiced, \
           ' units billed, ', COALESCE(m.units, 0), ' matched') \
         FROM receipt_lines rl JOIN receipts r ON r.id = rl.receipt_id \
         JOIN lots l ON l.id = rl.lot_id \
         LEFT JOIN (SELECT receipt_line_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM invoice_matches GROUP BY receipt_line_id) m ON m.receipt_line_id = rl.id \
         WHERE rl.invoiced <> COALESCE(m.units, 0)",
    ),
    (
        "what of an invoice is found is what was matched to receipts",
        "SELECT CONCAT('invoice ', s.code, ':', i.number, ', line ', il.line, ': ', il.matched, \
           ' units found, ', COALESCE(m.units, 0), ' matched') \
         FROM supplier_invoice_lines il JOIN supplier_invoices i ON i.id = il.invoice_id \
         JOIN suppliers s ON s.id = i.supplier_id \
         LEFT JOIN (SELECT invoice_line_id, CAST(SUM(quantity) AS SIGNED) AS units \
           FROM invoice_matches GROUP BY invoice_line_id) m ON m.invoice_line_id = il.id \
         WHERE il.kind = 'goods' AND il.matched <> COALESCE(m.units, 0)",
    ),
];

/// The rules that are broken; none where the data is sound. Gives also how many rules
/// were held against the data.
///
/// # Errors
/// The store's.
pub async fn findings(tx: &mut Tx) -> Result<(usize, Vec<Finding>), StoreError> {
    let mut findings = Vec::new();
    for (rule, query) in RULES {
        let rows: Vec<(String,)> = tx.all(&format!("{query} LIMIT ?"), vals![NAMED]).await?;
        if !rows.is_empty() {
            findings.push(Finding {
                rule,
                rows: rows.into_iter().map(|(row,)| row).collect(),
            });
        }
    }
    Ok((RULES.len(), findings))
}
