//! Products with their stock, as the office looks for them, and all that is known of one's.

use serde::Serialize;

use super::{MOST, UpTo, beginning};
use crate::store::StoreError;
use crate::store::dialect::{Tx, Val, json_list, vals};

/// Which products are looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What a SKU may begin with: any of these.
    pub skus: Vec<String>,
    /// Words in small letters, all of which are in the title.
    pub words: Vec<String>,
    /// A GTIN-14.
    pub gtin: Option<String>,
    /// Only products that have come down to their reorder point.
    pub low: bool,
}

/// A product in a list, with its stock.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// The product's id.
    #[serde(skip)]
    pub id: i64,
    /// The SKU.
    pub sku: String,
    /// The title.
    pub title: String,
    /// Whether stock is kept of it.
    pub stocked: bool,
    /// The product's own buffer.
    pub buffer: Option<i64>,
    /// From how few units on it is bought again.
    pub reorder_point: Option<i64>,
    /// Since when there have been so few, in UTC milliseconds.
    pub low_since: Option<i64>,
    /// Units in the house, wherever they lie.
    pub on_hand: i64,
    /// Units where they may be sold.
    pub on_sale: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units wanted and not promised.
    pub open_demand: i64,
}

/// Products of a page, by SKU.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The products.
    pub rows: Vec<Row>,
    /// The SKU behind which the next page begins, if there is one.
    pub next: Option<String>,
    /// How many were found from the first page on; not counted on later pages.
    pub found: Option<UpTo>,
}

const SUMS: &str = "SELECT p.id, p.sku, p.title, p.stocked, p.buffer, p.reorder_point, \
      p.low_since, COALESCE(h.on_hand, 0) AS on_hand, COALESCE(h.on_sale, 0) AS on_sale, \
      COALESCE(h.reserved, 0) AS reserved, COALESCE(d.units, 0) AS open_demand \
    FROM products p \
    LEFT JOIN (SELECT b.product_id, CAST(SUM(b.on_hand) AS SIGNED) AS on_hand, \
        CAST(SUM(CASE WHEN o.sellable = 1 THEN b.on_hand ELSE 0 END) AS SIGNED) AS on_sale, \
        CAST(SUM(b.reserved) AS SIGNED) AS reserved \
      FROM balances b JOIN locations o ON o.id = b.location_id \
      WHERE b.product_id IN (SELECT j.id FROM {ids}) GROUP BY b.product_id) h \
      ON h.product_id = p.id \
    LEFT JOIN (SELECT product_id, CAST(SUM(open) AS SIGNED) AS units \
      FROM order_demands WHERE open > 0 GROUP BY product_id) d ON d.product_id = p.id \
    WHERE p.id IN (SELECT j.id FROM {ids}) ORDER BY p.sku";

/// A page of products, by SKU.
///
/// # Errors
/// The store's.
pub async fn page(
    tx: &mut Tx,
    wanted: &Wanted,
    behind: Option<&str>,
    size: i64,
) -> Result<Page, StoreError> {
    // The first page is read on as far as rows are counted: one pass gives both.
    let limit = if behind.is_none() { MOST } else { size } + 1;
    let mut found: Vec<(String, i64)> = Vec::new();
    for (filter, mut values) in filters(tx, wanted) {
        let low = if wanted.low {
            " AND p.low_since IS NOT NULL"
        } else {
            ""
        };
        let sql = format!(
            "SELECT p.sku, p.id FROM products p WHERE {filter}{low} AND p.sku > ? \
             ORDER BY p.sku LIMIT ?"
        );
        values.extend(vals![behind.unwrap_or(""), limit]);
        found.extend(tx.all::<(String, i64)>(&sql, values).await?);
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(limit as usize);
    let total = behind.is_none().then(|| UpTo::of(found.len() as i64));
    let more = found.len() as i64 > size;
    found.truncate(size as usize);
    let ids: Vec<i64> = found.iter().map(|(_, id)| *id).collect();
    let last = found.pop().map(|(sku, _)| sku);
    Ok(Page {
        rows: rows(tx, &ids).await?,
        next: last.filter(|_| more),
        found: total,
    })
}

/// The ways in which a product is found. Each is asked by itself: together, what is read
/// from an index in no time would be compared with every title as well.
fn filters(tx: &Tx, wanted: &Wanted) -> Vec<(String, Vec<Val>)> {
    let mut ways: Vec<(String, Vec<Val>)> = Vec::new();
    for sku in &wanted.skus {
        let (least, below) = beginning(sku);
        ways.push(("p.sku >= ? AND p.sku < ?".to_owned(), vals![least, below]));
    }
    if !wanted.words.is_empty() {
        let mut values = Vec::new();
        let words = wanted.words.iter();
        let all: Vec<String> = words
            .map(|word| tx.contains("p.search", word, &mut values))
            .collect();
        ways.push((all.join(" AND "), values));
    }
    if let Some(gtin) = &wanted.gtin {
        let scanned = "p.id IN (SELECT g.product_id FROM gtins g WHERE g.gtin14 = ?)";
        ways.push((scanned.to_owned(), vals![gtin]));
    }
    if ways.is_empty() {
        ways.push(("1 = 1".to_owned(), Vec::new()));
    }
    ways
}

/// Some products with their stock, by SKU.
///
/// # Errors
/// The store's.
pub async fn rows(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = SUMS.replace("{ids}", tx.ids());
    let json = json_list(ids);
    tx.all(&sql, vals![&json, &json]).await
}

/// Units of a product that are promised to an order, or lacking for it.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Promise {
    /// `woo:1042`.
    pub order_ref: String,
    /// Who bought.
    pub customer: String,
    /// When it was placed, in UTC milliseconds.
    pub placed_at: i64,
    /// The lot; none where units are lacking.
    pub lot: Option<String>,
    /// Where it lies.
    pub location: Option<String>,
    /// Units.
    pub units: i64,
}

/// To whom a product's units are promised, oldest order first.
///
/// # Errors
/// The store's.
pub async fn promised(tx: &mut Tx, product: i64, limit: i64) -> Result<Vec<Promise>, StoreError> {
    tx.all(
        "SELECT CONCAT(a.name, ':', o.number) AS order_ref, o.customer, o.placed_at, \
           t.code AS lot, c.code AS location, r.quantity AS units \
         FROM balances b JOIN reservations r ON r.balance_id = b.id \
         JOIN order_demands d ON d.id = r.demand_id JOIN order_lines l ON l.id = d.line_id \
         JOIN orders o ON o.id = l.order_id JOIN channel_accounts a ON a.id = o.account_id \
         JOIN lots t ON t.id = b.lot_id JOIN locations c ON c.id = b.location_id \
         WHERE b.product_id = ? ORDER BY o.placed_at, o.id, r.id LIMIT ?",
        vals![product, limit],
    )
    .await
}

/// A change of a product's stock.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Move {
    /// Its number.
    pub id: i64,
    /// When, in UTC milliseconds.
    pub at: i64,
    /// The lot.
    pub lot: String,
    /// From where; none where it came into the house.
    pub source: Option<String>,
    /// To where; none where it left the house.
    pub target: Option<String>,
    /// Units.
    pub units: i64,
    /// Why.
    pub reason: String,
    /// What for.
    pub cause: String,
    /// By whom.
    pub actor: String,
}

/// The moves of a product with numbers below `before`, newest first.
///
/// # Errors
/// The store's.
pub async fn moves(
    tx: &mut Tx,
    product: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<Move>, StoreError> {
    tx.all(
        "SELECT m.id, m.at, l.code AS lot, f.code AS source, t.code AS target, \
           m.quantity AS units, m.reason, m.cause, m.actor \
         FROM lots l JOIN stock_moves m ON m.lot_id = l.id \
         LEFT JOIN locations f ON f.id = m.from_location \
         LEFT JOIN locations t ON t.id = m.to_location \
         WHERE l.product_id = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?",
        vals![product, before, limit],
    )
    .await
}
