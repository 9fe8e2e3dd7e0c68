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
    let scanned: Vec<i64> = match &wanted.gtin {
        Some(gtin) => with_gtin(tx, gtin).await?,
        None => Vec::new(),
    };
    let (filter, mut values) = filter(wanted, &scanned);
    // The first page is read on as far as rows are counted: one pass gives both.
    let limit = if behind.is_none() { MOST } else { size } + 1;
    values.extend(vals![behind.unwrap_or(""), limit]);
    let sql = format!(
        "SELECT p.id, p.sku FROM products p WHERE {filter} AND p.sku > ? ORDER BY p.sku LIMIT ?"
    );
    let mut found: Vec<(i64, String)> = tx.all(&sql, values).await?;
    let total = behind.is_none().then(|| UpTo::of(found.len() as i64));
    let more = found.len() as i64 > size;
    found.truncate(size as usize);
    let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    let last = found.pop().map(|(_, sku)| sku);
    Ok(Page {
        rows: rows(tx, &ids).await?,
        next: last.filter(|_| more),
        found: total,
    })
}

async fn with_gtin(tx: &mut Tx, gtin: &str) -> Result<Vec<i64>, StoreError> {
    let found: Vec<(i64,)> = tx
        .all("SELECT product_id FROM gtins WHERE gtin14 = ?", vals![gtin])
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

fn filter(wanted: &Wanted, scanned: &[i64]) -> (String, Vec<Val>) {
    let (mut any, mut values): (Vec<String>, Vec<Val>) = (Vec::new(), Vec::new());
    for sku in &wanted.skus {
        let (least, below) = beginning(sku);
        any.push("(p.sku >= ? AND p.sku < ?)".to_owned());
        values.extend(vals![least, below]);
    }
    if !wanted.words.is_empty() {
        let all = vec!["INSTR(p.search, ?) > 0"; wanted.words.len()];
        any.push(format!("({})", all.join(" AND ")));
        values.extend(wanted.words.iter().map(Val::from));
    }
    for product in scanned {
        any.push("p.id = ?".to_owned());
        values.push(Val::Int(*product));
    }
    let mut sql = if any.is_empty() {
        "1 = 1".to_owned()
    } else {
        format!("({})", any.join(" OR "))
    };
    if wanted.low {
        sql.push_str(" AND p.low_since IS NOT NULL");
    }
    (sql, values)
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
