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

// The queries over moves and entries add up what must cancel out, in one scan of each table:
// a join of sums leaves it to the database whether it takes seconds or hours. `+ 0` keeps
// MariaDB from walking an index and fetching each of a million rows by itself.

/// Each rule with the query for its offenders: (words, query with one text column).
const RULES: &[(&str, &str)] = &[
    (
        "on hand is the sum of the moves, each of a balance",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, ') at ', o.code, ': ', x.on_hand, \
           ' on hand, moves sum up to ', x.on_hand - x.units) \
         FROM (SELECT lot_id, location_id, CAST(SUM(units) AS SIGNED) AS units, \
             CAST(SUM(on_hand) AS SIGNED) AS on_hand \
           FROM (SELECT lot_id, location_id, on_hand AS units, on_hand, 1 AS balances FROM balances \
             UNION ALL \
             SELECT g.lot_id, \
               CASE WHEN s.side = 0 THEN g.to_location ELSE g.from_location END, \
               CASE WHEN s.side = 0 THEN -g.units ELSE g.units END, 0, 0 \
             FROM (SELECT lot_id + 0 AS lot_id, from_location, to_location, \
                 CAST(SUM(quantity) AS SIGNED) AS units FROM stock_moves \
                 GROUP BY lot_id + 0, from_location, to_location) g \
             CROSS JOIN (SELECT 0 AS side UNION ALL SELECT 1) s) u \
           WHERE location_id IS NOT NULL GROUP BY lot_id, location_id \
           HAVING SUM(units) <> 0 OR MAX(balances) = 0) x \
         JOIN lots l ON l.id = x.lot_id JOIN products p ON p.id = l.product_id \
         JOIN locations o ON o.id = x.location_id",
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
           l.quantity - x.units) \
         FROM (SELECT lot_id, CAST(SUM(units) AS SIGNED) AS units \
           FROM (SELECT id AS lot_id, quantity AS units FROM lots \
             UNION ALL \
             SELECT lot_id, -quantity FROM stock_moves WHERE from_location IS NULL) u \
           GROUP BY lot_id HAVING SUM(units) <> 0) x \
         JOIN lots l ON l.id = x.lot_id JOIN products p ON p.id = l.product_id",
    ),
    (
        "what has left of a lot is costed, each unit once",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', x.units + x.costed, \
           ' units have left, ', x.costed, ' are costed, up to the place ', x.upto) \
         FROM (SELECT lot_id, CAST(SUM(units) AS SIGNED) AS units, \
             CAST(SUM(costed) AS SIGNED) AS costed, CAST(MAX(upto) AS SIGNED) AS upto \
           FROM (SELECT id AS lot_id, quantity AS units, 0 AS costed, 0 AS upto FROM lots \
             UNION ALL \
             SELECT lot_id, -on_hand, 0, 0 FROM balances \
             UNION ALL \
             SELECT lot_id, -quantity, quantity, first_unit + quantity FROM cogs_entries \
               WHERE first_unit IS NOT NULL) u \
           GROUP BY lot_id HAVING SUM(units) <> 0 OR SUM(costed) <> MAX(upto)) x \
         JOIN lots l ON l.id = x.lot_id JOIN products p ON p.id = l.product_id",
    ),
    (
        "the cost of what has left is its share of what was paid",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', x.booked, ' minor units have left with ', \
           x.units, ' of ', l.quantity, ' units that cost ', x.paid) \
         FROM (SELECT lot_id, CAST(SUM(quantity) AS SIGNED) AS quantity, \
             CAST(SUM(paid) AS SIGNED) AS paid, CAST(SUM(units) AS SIGNED) AS units, \
             CAST(SUM(booked) AS SIGNED) AS booked \
           FROM (SELECT id AS lot_id, quantity, 0 AS paid, 0 AS units, 0 AS booked FROM lots \
             UNION ALL \
             SELECT lot_id, 0, amount_minor, 0, 0 FROM lot_costs \
             UNION ALL \
             SELECT lot_id, 0, 0, quantity, cost_minor FROM cogs_entries WHERE kind <> 'return') u \
           GROUP BY lot_id) x \
         JOIN lots l ON l.id = x.lot_id JOIN products p ON p.id = l.product_id \
         WHERE ABS(2 * x.quantity * x.booked - 2 * x.paid * x.units) > x.quantity",
    ),
    (
        "what came back costs what it was no longer sold for",
        "SELECT CONCAT('lot ', l.code, ' (', p.sku, '): ', x.units, ' minor units lie between \
           what came back of it and the entries that took it back') \
         FROM (SELECT lot_id, CAST(SUM(cost) AS SIGNED) AS units \
           FROM (SELECT r.parent_lot AS lot_id, c.amount_minor AS cost FROM lots r \
               JOIN lot_costs c ON c.lot_id = r.id \
               WHERE c.component = 'return' AND r.parent_lot IS NOT NULL \
             UNION ALL \
             SELECT lot_id, cost_minor FROM cogs_entries WHERE kind = 'return') u \
           GROUP BY lot_id HAVING SUM(cost) <> 0) x \
         JOIN lots l ON l.id = x.lot_id JOIN products p ON p.id = l.product_id",
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
    (
        "what of a picked line is at the packing bench has been moved there",
        // What leaves without the rest of its line is written down; the rest stays there.
        "SELECT CONCAT('line ', x.line_id, ' of task ', l.task_id, ': ', l.moved, \
           ' at the packing bench, moves sum up to ', l.moved - x.units) \
         FROM (SELECT line_id, CAST(SUM(units) AS SIGNED) AS units \
           FROM (SELECT l.id AS line_id, l.moved AS units FROM pick_lines l \
               JOIN locations o ON o.id = l.location_id WHERE o.code <> 'packing' \
             UNION ALL \
             SELECT CAST(SUBSTR(cause, 6) AS SIGNED), \
               CASE WHEN reason = 'put back' THEN quantity ELSE -quantity END \
             FROM stock_moves WHERE cause LIKE 'pick:%') u \
           GROUP BY line_id HAVING SUM(units) <> 0) x \
         JOIN pick_lines l ON l.id = x.line_id JOIN pick_tasks t ON t.id = l.task_id \
         WHERE x.units > 0 OR t.state <> 'shipped'",
    ),
    (
        "a round that is walked has an order that is picked",
        "SELECT CONCAT('round ', w.id, ', walked by ', w.packer) FROM pick_waves w \
         WHERE w.state = 'picking' AND NOT EXISTS (SELECT 1 FROM pick_tasks t \
           WHERE t.wave_id = w.id AND t.state = 'picking')",
    ),
    (
        "an order is picked in a round that is walked",
        "SELECT CONCAT('task ', t.id, ' of order ', o.number, ': round ', w.id, ' is ', w.state) \
         FROM pick_tasks t JOIN pick_waves w ON w.id = t.wave_id \
         JOIN orders o ON o.id = t.order_id \
         WHERE t.state = 'picking' AND w.state <> 'picking'",
    ),
    (
        "what is packed of a picked line is what lies in packages",
        "SELECT CONCAT('line ', x.line_id, ' of task ', l.task_id, ': ', l.packed, \
           ' packed, packages hold ', l.packed - x.units) \
         FROM (SELECT line_id, CAST(SUM(units) AS SIGNED) AS units \
           FROM (SELECT id AS line_id, packed AS units FROM pick_lines \
             UNION ALL \
             SELECT line_id, -quantity FROM package_items) u \
           GROUP BY line_id HAVING SUM(units) <> 0) x \
         JOIN pick_lines l ON l.id = x.line_id",
    ),
    (
        "each packed unit that has a serial lies with it",
        "SELECT CONCAT('package ', k.number, ' of task ', k.task_id, ': ', i.quantity, ' of ', \
           p.sku, ' with ', (SELECT COUNT(*) FROM package_serials b WHERE b.item_id = i.id), \
           ' serials') \
         FROM pick_tasks t JOIN packages k ON k.task_id = t.id \
         JOIN package_items i ON i.package_id = k.id JOIN pick_lines l ON l.id = i.line_id \
         JOIN products p ON p.id = l.product_id \
         WHERE t.state = 'packed' AND p.tracking = 'serial' \
           AND i.quantity <> (SELECT COUNT(*) FROM package_serials b WHERE b.item_id = i.id)",
    ),
    (
        "a serial is held by its package until that has left",
        "SELECT CONCAT('serial ', s.serial, ' in package ', k.number, ' of task ', t.id) \
         FROM package_serials b JOIN serials s ON s.id = b.serial_id \
         JOIN package_items i ON i.id = b.item_id JOIN packages k ON k.id = i.package_id \
         JOIN pick_tasks t ON t.id = k.task_id \
         WHERE (b.holds IS NULL) <> (t.holds IS NULL) OR (b.holds IS NOT NULL AND s.in_house = 0)",
    ),
    (
        "a sending that goes has a number for each of its pieces",
        "SELECT CONCAT('piece ', p.number, ' of consignment ', c.id, ' (', c.state, ')') \
         FROM consignments c JOIN parcels p ON p.consignment_id = c.id \
         WHERE c.state IN ('bought', 'shipped') AND p.tracking IS NULL",
    ),
    (
        "an order is held by its sending until that is settled",
        "SELECT CONCAT('consignment ', c.id, ' (', c.state, ')') FROM consignments c \
         WHERE (c.direction = 'inbound' AND c.holds IS NOT NULL) \
           OR (c.direction = 'outbound' AND c.state IN ('calling', 'unknown', 'bought') \
             AND c.holds IS NULL) \
           OR (c.state IN ('shipped', 'voided', 'not_bought') AND c.holds IS NOT NULL)",
    ),
    (
        "what was sent has left the house, with the shipment that says so",
        "SELECT CONCAT('consignment ', c.id, ' (', c.state, ')') FROM consignments c \
         WHERE c.direction = 'outbound' AND c.state = 'shipped' AND c.shipment_id IS NULL",
    ),
    (
        "whether a sending was bought is asked for by the outbox as long as it is open",
        "SELECT CONCAT('consignment ', c.id, ' (', c.state, '), outbox: ', COALESCE(x.state, 'none')) \
         FROM consignments c LEFT JOIN outbox x ON x.intent = CONCAT('buy:', c.reference) \
         WHERE (c.state IN ('calling', 'unknown')) <> \
           (COALESCE(x.state, 'none') IN ('planned', 'calling', 'unknown'))",
    ),
    (
        "a packed serial is of the lot that is packed",
        "SELECT CONCAT('serial ', s.serial, ' in item ', i.id) FROM package_serials b \
         JOIN serials s ON s.id = b.serial_id JOIN package_items i ON i.id = b.item_id \
         WHERE b.holds IS NOT NULL AND (i.lot_id IS NULL OR i.lot_id <> s.lot_id)",
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
