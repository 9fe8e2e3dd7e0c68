//! What `reserve` is held against: the same rows written with nothing else done, and the
//! way it would be written without much thought.

use serde_json::json;

use crate::raw::{Bind, Raw};

/// Rows written in one statement, as the store does.
const AT_ONCE: usize = 20_000;

/// What a run of `reserve` wrote, as the parameters of plain bulk statements.
pub struct Rows {
    /// Demand, balance, units.
    reservations: Vec<String>,
    /// Balance, units.
    balances: Vec<String>,
    /// Demand, units.
    demands: Vec<String>,
}

impl Rows {
    /// Reads back what a run wrote.
    pub async fn read(raw: &mut Raw) -> Self {
        let reservations: Vec<_> = raw
            .fours("SELECT id, demand_id, balance_id, quantity FROM reservations ORDER BY id")
            .await
            .into_iter()
            .map(|(_, demand, balance, units)| json!([demand, balance, units]))
            .collect();
        let sums = |rows: Vec<(i64, i64)>| -> Vec<serde_json::Value> {
            rows.into_iter().map(|(id, n)| json!([id, n])).collect()
        };
        let balances = sums(
            raw.pairs("SELECT id, reserved FROM balances WHERE reserved > 0", &[])
                .await,
        );
        let demands = sums(
            raw.pairs(
                "SELECT id, reserved FROM order_demands WHERE reserved > 0",
                &[],
            )
            .await,
        );
        Self {
            reservations: parameters(&reservations),
            balances: parameters(&balances),
            demands: parameters(&demands),
        }
    }
}

fn parameters(rows: &[serde_json::Value]) -> Vec<String> {
    rows.chunks(AT_ONCE)
        .map(|chunk| serde_json::to_string(chunk).unwrap())
        .collect()
}

/// The same reservations, balances and demands by bulk statements, in one transaction.
pub async fn floor(raw: &mut Raw, rows: &Rows) {
    let (insert, balances, demands) = match raw {
        Raw::Maria(_) => (
            "INSERT INTO reservations (demand_id, balance_id, quantity, at, run) \
             SELECT j.d, j.b, j.n, ?, ? FROM JSON_TABLE(?, '$[*]' COLUMNS (d BIGINT PATH '$[0]', \
             b BIGINT PATH '$[1]', n BIGINT PATH '$[2]')) AS j",
            "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT PATH '$[0]', n BIGINT PATH '$[1]')) \
             AS j STRAIGHT_JOIN balances b ON b.id = j.i SET b.reserved = b.reserved + j.n",
            "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT PATH '$[0]', n BIGINT PATH '$[1]')) \
             AS j STRAIGHT_JOIN order_demands d ON d.id = j.i SET d.reserved = d.reserved + j.n",
        ),
        Raw::Sqlite(_) => (
            "INSERT INTO reservations (demand_id, balance_id, quantity, at, run) \
             SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), \
             json_extract(value, '$[2]'), ?, ? FROM jsonb_each(?)",
            "UPDATE balances SET reserved = reserved + j.n FROM (SELECT \
             json_extract(value, '$[0]') AS i, json_extract(value, '$[1]') AS n \
             FROM jsonb_each(?)) AS j WHERE balances.id = j.i",
            "UPDATE order_demands SET reserved = reserved + j.n FROM (SELECT \
             json_extract(value, '$[0]') AS i, json_extract(value, '$[1]') AS n \
             FROM jsonb_each(?)) AS j WHERE order_demands.id = j.i",
        ),
    };
    raw.either("START TRANSACTION", "BEGIN IMMEDIATE").await;
    for json in &rows.balances {
        raw.run(balances, &[Bind::Text(json)]).await;
    }
    for json in &rows.demands {
        raw.run(demands, &[Bind::Text(json)]).await;
    }
    for json in &rows.reservations {
        let binds = [Bind::Int(1), Bind::Text("floor"), Bind::Text(json)];
        raw.run(insert, &binds).await;
    }
    raw.script("COMMIT").await;
}

/// A transaction for each order: read the lots of each line, promise what there is, commit.
pub async fn naive(raw: &mut Raw) {
    let open = raw
        .fours(
            "SELECT l.order_id, d.id, d.product_id, d.open FROM order_demands d \
             JOIN order_lines l ON l.id = d.line_id JOIN orders o ON o.id = l.order_id \
             WHERE d.open > 0 ORDER BY o.placed_at, o.id, d.line_id, d.id",
        )
        .await;
    for order in open.chunk_by(|a, b| a.0 == b.0) {
        raw.either("START TRANSACTION", "BEGIN IMMEDIATE").await;
        for (_, demand, product, wanted) in order {
            line(raw, *demand, *product, *wanted).await;
        }
        raw.script("COMMIT").await;
    }
}

async fn line(raw: &mut Raw, demand: i64, product: i64, wanted: i64) {
    let lots = raw
        .pairs(
            "SELECT b.id, b.free FROM balances b JOIN lots l ON l.id = b.lot_id \
             JOIN locations o ON o.id = b.location_id \
             WHERE b.product_id = ? AND b.free > 0 AND o.sellable = 1 \
             ORDER BY l.received_on, l.id",
            &[Bind::Int(product)],
        )
        .await;
    let mut left = wanted;
    for (balance, free) in lots {
        let part = left.min(free);
        if part == 0 {
            break;
        }
        left -= part;
        raw.run(
            "INSERT INTO reservations (demand_id, balance_id, quantity, at, run) \
             VALUES (?, ?, ?, 1, 'naive')",
            &[Bind::Int(demand), Bind::Int(balance), Bind::Int(part)],
        )
        .await;
        raw.run(
            "UPDATE balances SET reserved = reserved + ? WHERE id = ?",
            &[Bind::Int(part), Bind::Int(balance)],
        )
        .await;
    }
    if left < wanted {
        raw.run(
            "UPDATE order_demands SET reserved = reserved + ? WHERE id = ?",
            &[Bind::Int(wanted - left), Bind::Int(demand)],
        )
        .await;
    }
}
