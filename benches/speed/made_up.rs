//! The made-up stock and orders that reserving is measured on: the same each time.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::harness::{Kind, Shop};
use crate::raw::Raw;

pub const SKUS: i64 = 50_000;
pub const LOTS: i64 = 100_000;

/// What each unit cost, in minor units.
const UNIT_COST: i64 = 125;

/// Rows in one INSERT.
const AT_ONCE: usize = 5_000;

/// A tenant with two lots of each of 50,000 SKUs and open orders of one to three lines. Of
/// one SKU in a hundred nothing is left.
pub async fn shop(kind: Kind, lines: i64) -> (Shop, Raw) {
    let shop = Shop::new(kind).await;
    let mut raw = Raw::open(&shop).await;
    let mut rng = StdRng::seed_from_u64(20_000);
    raw.either("SET foreign_key_checks = 0", "PRAGMA foreign_keys = OFF")
        .await;
    raw.either("START TRANSACTION", "BEGIN").await;
    raw.script("INSERT INTO channel_accounts (id, name, kind, url) VALUES (1, 'woo', 'csv', '')")
        .await;
    stock(&mut raw, &mut rng).await;
    orders(&mut raw, &mut rng, lines).await;
    raw.script("COMMIT").await;
    raw.either("SET foreign_key_checks = 1", "PRAGMA foreign_keys = ON")
        .await;
    raw.either(
        "ANALYZE TABLE products, lots, balances, orders, order_lines, order_demands",
        "ANALYZE",
    )
    .await;
    raw.settle().await;
    (shop, raw)
}

async fn stock(raw: &mut Raw, rng: &mut StdRng) {
    let products =
        (1..=SKUS).map(|i| format!("({i}, 'SKU-{i:06}', 'Product {i}', 'none', 1, 0, 0)"));
    insert(
        raw,
        "products (id, sku, title, tracking, stocked, created_at, updated_at)",
        products,
    )
    .await;
    let (mut lots, mut balances, mut moves) = (Vec::new(), Vec::new(), Vec::new());
    let (mut costs, mut entries) = (Vec::new(), Vec::new());
    for lot in 1..=LOTS {
        let product = (lot - 1) % SKUS + 1;
        let quantity = rng.random_range(1..=60);
        let day = rng.random_range(1..=28);
        let month = rng.random_range(1..=12);
        lots.push(format!(
            "({lot}, {product}, 'L{lot}', '2025-{month:02}-{day:02}', {quantity}, 0, 'made up')"
        ));
        let cost = quantity * UNIT_COST;
        costs.push(format!(
            "({lot}, 'purchase', {cost}, 'EUR', {cost}, 'EUR', '', '2025-{month:02}-{day:02}', 0, \
             'made up')"
        ));
        let left = if product % 100 == 0 { 0 } else { quantity };
        balances.push(format!("({lot}, {lot}, 1, {product}, {left}, 0)"));
        moves.push(format!(
            "(0, {lot}, NULL, 1, {quantity}, 'received', 'list', 'cli:bench', 'made up')"
        ));
        if left == 0 {
            moves.push(format!(
                "(0, {lot}, 1, NULL, {quantity}, 'shipped', 'order', 'cli:bench', 'made up')"
            ));
            entries.push(format!(
                "(0, '2025-12-31', 'dispatch', {lot}, {product}, 0, {quantity}, {cost}, 'EUR', \
                 0, 0, 'order', 'cli:bench', 'made up')"
            ));
        }
    }
    insert(
        raw,
        "lots (id, product_id, code, received_on, quantity, created_at, run)",
        lots,
    )
    .await;
    insert(
        raw,
        "balances (id, lot_id, location_id, product_id, on_hand, reserved)",
        balances,
    )
    .await;
    insert(
        raw,
        "stock_moves (at, lot_id, from_location, to_location, quantity, reason, cause, actor, run)",
        moves,
    )
    .await;
    insert(
        raw,
        "lot_costs (lot_id, component, amount_minor, currency, source_minor, source_currency, \
         document, booked_on, at, run)",
        costs,
    )
    .await;
    insert(
        raw,
        "cogs_entries (at, booked_on, kind, lot_id, product_id, first_unit, quantity, \
         cost_minor, currency, lot_units, lot_cost, cause, actor, run)",
        entries,
    )
    .await;
}

async fn orders(raw: &mut Raw, rng: &mut StdRng, wanted: i64) {
    let (mut orders, mut lines, mut demands) = (Vec::new(), Vec::new(), Vec::new());
    let (mut order, mut line) = (0, 0);
    while line < wanted {
        order += 1;
        // Orders come in as they are placed, but for minutes.
        let placed = 1_770_000_000_000_i64 + order * 10_000 + rng.random_range(0..600_000);
        orders.push(format!(
            "({order}, 1, '{order}', '{order}', 'processing', 'ship', 'EUR', {placed}, {placed}, \
             'Somebody', '', '{{}}', '', '', '', 0, 0, 0, '{order}', 0)"
        ));
        for _ in 0..rng.random_range(1..=3).min(wanted - line) {
            line += 1;
            let product = rng.random_range(1..=SKUS);
            let quantity = rng.random_range(1..=4);
            lines.push(format!(
                "({line}, {order}, '{line}', {product}, 'SKU-{product:06}', 'Product', \
                 {quantity}, 0, 0, 0)"
            ));
            demands.push(format!("({line}, {line}, {product}, 1, {quantity}, 0, 0)"));
        }
    }
    insert(
        raw,
        "orders (id, account_id, external_id, number, status, rule, currency, placed_at, \
         modified_at, customer, email, ship_to, note, terms, po_number, shipping_minor, \
         tax_minor, total_minor, fingerprint, taken_in_at)",
        orders,
    )
    .await;
    insert(
        raw,
        "order_lines (id, order_id, external_id, product_id, sku, title, quantity, refunded, \
         total_minor, tax_minor)",
        lines,
    )
    .await;
    insert(
        raw,
        "order_demands (id, line_id, product_id, per_kit, quantity, reserved, shipped)",
        demands,
    )
    .await;
}

/// Inserts rows as values, so many at once: as fast as either database takes them.
pub async fn insert(raw: &mut Raw, head: &str, rows: impl IntoIterator<Item = String>) {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut sql = format!("INSERT INTO {head} VALUES ");
        for (i, row) in rows.by_ref().take(AT_ONCE).enumerate() {
            let _ = write!(sql, "{}{row}", if i == 0 { "" } else { ", " });
        }
        raw.script(&sql).await;
    }
}

/// Takes back what a run wrote, so that the next one finds the same state.
pub async fn unreserve(raw: &mut Raw) {
    for table in ["reservations", "events"] {
        raw.either(
            &format!("TRUNCATE TABLE {table}"),
            &format!("DELETE FROM {table}"),
        )
        .await;
    }
    raw.script("UPDATE balances SET reserved = 0 WHERE reserved <> 0")
        .await;
    raw.script("UPDATE order_demands SET reserved = 0 WHERE reserved <> 0")
        .await;
    raw.settle().await;
}

/// Nine moves out of every lot, one a month of 2026, which came in with as much more: a
/// million moves in all.
pub async fn years_of_moves(raw: &mut Raw) {
    raw.either("SET foreign_key_checks = 0", "PRAGMA foreign_keys = OFF")
        .await;
    raw.either("START TRANSACTION", "BEGIN").await;
    for number in 1..=9 {
        let at = 1_767_225_600_000_i64 + (number - 1) * 30 * 86_400_000;
        raw.script(&format!(
            "INSERT INTO stock_moves (at, lot_id, from_location, to_location, quantity, reason, \
             cause, actor, run) SELECT {at}, id, 1, NULL, 1, 'shipped', 'order', \
             'cli:bench', 'made up' FROM lots"
        ))
        .await;
        raw.script(&format!(
            "INSERT INTO cogs_entries (at, booked_on, kind, lot_id, product_id, first_unit, \
             quantity, cost_minor, currency, lot_units, lot_cost, cause, actor, run) \
             SELECT {at}, '2026-01-01', 'dispatch', l.id, l.product_id, \
               l.quantity - b.on_hand + {number} - 1, 1, {UNIT_COST}, 'EUR', 0, 0, 'order', \
               'cli:bench', 'made up' FROM lots l JOIN balances b ON b.lot_id = l.id"
        ))
        .await;
    }
    raw.script("UPDATE lots SET quantity = quantity + 9").await;
    raw.script("UPDATE stock_moves SET quantity = quantity + 9 WHERE from_location IS NULL")
        .await;
    raw.script(&format!(
        "UPDATE lot_costs SET amount_minor = amount_minor + 9 * {UNIT_COST}, \
         source_minor = source_minor + 9 * {UNIT_COST}"
    ))
    .await;
    raw.script("COMMIT").await;
    raw.either("SET foreign_key_checks = 1", "PRAGMA foreign_keys = ON")
        .await;
    raw.either(
        "ANALYZE TABLE stock_moves, cogs_entries, lot_costs",
        "ANALYZE",
    )
    .await;
    raw.settle().await;
}
