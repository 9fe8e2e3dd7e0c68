//! Orders as the office looks for them, and all that hangs on one.

use serde::Serialize;

use super::{MOST, UpTo, beginning, words_in};
use crate::store::StoreError;
use crate::store::dialect::{Tx, Val, json_list, vals};
use crate::store::orders::{SUMMARY, Summary};

/// A search by SKU looks at so many order lines at most.
const LINES: i64 = 2_000;

/// Which orders are looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Words in small letters, each of which is in the order's number, customer or email.
    pub words: Vec<String>,
    /// What an ordered SKU begins with; orders found by it are shown beside those found by
    /// the words.
    pub sku: Option<String>,
    /// The shop's status.
    pub status: Option<String>,
    /// What that means.
    pub rule: Option<String>,
    /// Only orders with a hold that stands: of this kind, or `any`.
    pub hold: Option<String>,
}

/// Where a page of orders begins: behind the order placed then, with that id.
pub type Behind = (i64, i64);

/// Orders of a page, newest first, with how many there are in all where that was counted.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The orders.
    pub rows: Vec<Summary>,
    /// Where the next page begins, if there is one.
    pub next: Option<Behind>,
    /// How many orders were found from the first page on; not counted on later pages.
    pub found: Option<UpTo>,
}

/// A page of orders, newest first.
///
/// # Errors
/// The store's.
pub async fn page(
    tx: &mut Tx,
    wanted: &Wanted,
    behind: Option<Behind>,
    size: i64,
) -> Result<Page, StoreError> {
    // The first page is read on as far as rows are counted: one pass gives both.
    let limit = if behind.is_none() { MOST } else { size } + 1;
    let mut found = matching(tx, wanted, behind, limit).await?;
    if let Some(sku) = &wanted.sku {
        found.extend(with_sku(tx, sku, wanted, behind, limit).await?);
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
    }
    let total = behind.is_none().then(|| UpTo::of(found.len() as i64));
    let more = found.len() as i64 > size;
    found.truncate(size as usize);
    Ok(Page {
        rows: summaries(tx, &found).await?,
        next: found.last().copied().filter(|_| more),
        found: total,
    })
}

/// What an order must be, beside the words that it is looked up by.
fn filter(tx: &Tx, wanted: &Wanted) -> (String, Vec<Val>) {
    let (mut sql, mut values) = (String::new(), Vec::new());
    // With words, the one index that holds all of this is read in its own order; a bare
    // comparison would lead to another one, and from there to each order by itself.
    let by_words = !wanted.words.is_empty();
    for (column, value) in [("status", &wanted.status), ("rule", &wanted.rule)] {
        if let Some(value) = value {
            sql.push_str(&if by_words {
                format!(" AND CONCAT(o.{column}, '') = ?")
            } else {
                format!(" AND o.{column} = ?")
            });
            values.push(Val::from(value));
        }
    }
    if let Some(kind) = &wanted.hold {
        sql.push_str(
            " AND o.id IN (SELECT h.order_id FROM order_holds h WHERE h.released_at IS NULL \
             AND (? = 'any' OR h.kind = ?))",
        );
        values.extend(vals![kind, kind]);
    }
    for word in &wanted.words {
        sql.push_str(&format!(
            " AND {}",
            tx.contains("o.search", word, &mut values)
        ));
    }
    (sql, values)
}

const BEHIND: &str = " AND o.placed_at <= ? AND (o.placed_at < ? OR o.id < ?)";

fn behind_values(behind: Option<Behind>) -> (&'static str, Vec<Val>) {
    match behind {
        Some((placed_at, id)) => (BEHIND, vals![placed_at, placed_at, id]),
        None => ("", Vec::new()),
    }
}

async fn matching(
    tx: &mut Tx,
    wanted: &Wanted,
    behind: Option<Behind>,
    limit: i64,
) -> Result<Vec<Behind>, StoreError> {
    let (filter, mut values) = filter(tx, wanted);
    let (from, more) = behind_values(behind);
    values.extend(more);
    values.push(Val::Int(limit));
    let sql = format!(
        "SELECT o.placed_at, o.id FROM orders o WHERE 1 = 1{filter}{from} \
         ORDER BY o.placed_at DESC, o.id DESC LIMIT ?"
    );
    tx.all(&sql, values).await
}

/// Orders with a line whose SKU begins so; where too many lines do, only that very SKU, in
/// its newest lines.
async fn with_sku(
    tx: &mut Tx,
    sku: &str,
    wanted: &Wanted,
    behind: Option<Behind>,
    limit: i64,
) -> Result<Vec<Behind>, StoreError> {
    let (least, below) = beginning(sku);
    let mut lines: Vec<(i64,)> = tx
        .all(
            "SELECT order_id FROM order_lines WHERE sku >= ? AND sku < ? LIMIT ?",
            vals![least, below, LINES + 1],
        )
        .await?;
    if lines.len() as i64 > LINES {
        lines = tx
            .all(
                "SELECT order_id FROM order_lines WHERE sku = ? ORDER BY order_id DESC LIMIT ?",
                vals![sku, LINES],
            )
            .await?;
    }
    let mut orders: Vec<i64> = lines.into_iter().map(|(id,)| id).collect();
    orders.sort_unstable();
    orders.dedup();
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let without_words = Wanted {
        words: Vec::new(),
        ..wanted.clone()
    };
    let (filter, more) = filter(tx, &without_words);
    let (from, even_more) = behind_values(behind);
    let mut values = vals![json_list(&orders)];
    values.extend(more);
    values.extend(even_more);
    values.push(Val::Int(limit));
    let ids = tx.wanted();
    let sql = format!(
        "SELECT o.placed_at, o.id FROM {ids} JOIN orders o ON o.id = w.id \
         WHERE 1 = 1{filter}{from} ORDER BY o.placed_at DESC, o.id DESC LIMIT ?"
    );
    tx.all(&sql, values).await
}

async fn summaries(tx: &mut Tx, found: &[Behind]) -> Result<Vec<Summary>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = found.iter().map(|(_, id)| *id).collect();
    let list = tx.ids();
    let sql = format!("{SUMMARY} WHERE o.id IN (SELECT j.id FROM {list})");
    let mut rows: Vec<Summary> = tx.all(&sql, vals![json_list(&ids)]).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows)
}

/// The shop's statuses that orders have.
///
/// # Errors
/// The store's.
pub async fn statuses(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    words_in(tx, "orders", "status").await
}

/// What the list of orders does not show of one.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Head {
    /// The shop's id of it.
    pub external_id: String,
    /// Who bought.
    pub email: String,
    /// Where it goes, as JSON.
    pub ship_to: String,
    /// What the customer wrote.
    pub note: String,
    /// How it is paid.
    pub terms: String,
    /// The customer's own number for it.
    pub po_number: String,
    /// When the shop last changed it, in UTC milliseconds.
    pub modified_at: i64,
    /// When it was last taken in, in UTC milliseconds.
    pub taken_in_at: i64,
    /// Since when the shop has it no more, in UTC milliseconds.
    pub gone_at: Option<i64>,
    /// What the customer pays for shipping, in minor units.
    pub shipping_minor: i64,
}

/// What the list of orders does not show of one.
///
/// # Errors
/// The store's.
pub async fn head(tx: &mut Tx, order: i64) -> Result<Head, StoreError> {
    tx.one(
        "SELECT external_id, email, ship_to, note, terms, po_number, \
           modified_at, taken_in_at, gone_at, shipping_minor FROM orders WHERE id = ?",
        vals![order],
    )
    .await
}

/// What a line wants of stock.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Demand {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// The SKU ordered.
    pub ordered: String,
    /// The SKU wanted of stock.
    pub sku: String,
    /// Units in one ordered piece.
    pub per_kit: i64,
    /// Units wanted, those shipped included.
    pub quantity: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units shipped.
    pub shipped: i64,
    /// Units lacking.
    pub open: i64,
}

/// What an order wants of stock, by line.
///
/// # Errors
/// The store's.
pub async fn demands(tx: &mut Tx, order: i64) -> Result<Vec<Demand>, StoreError> {
    tx.all(
        "SELECT d.id, l.sku AS ordered, p.sku, d.per_kit, d.quantity, d.reserved, d.shipped, \
           d.open FROM order_lines l JOIN order_demands d ON d.line_id = l.id \
         JOIN products p ON p.id = d.product_id WHERE l.order_id = ? ORDER BY l.id, d.id",
        vals![order],
    )
    .await
}

/// Units of a lot at a place that are promised to an order.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Promise {
    /// The SKU.
    pub sku: String,
    /// The lot.
    pub lot: String,
    /// Where it lies.
    pub location: String,
    /// Units.
    pub units: i64,
    /// Since when, in UTC milliseconds.
    pub at: i64,
}

/// What is promised to an order, by product, oldest lot first.
///
/// # Errors
/// The store's.
pub async fn promises(tx: &mut Tx, order: i64) -> Result<Vec<Promise>, StoreError> {
    tx.all(
        "SELECT p.sku, t.code AS lot, c.code AS location, r.quantity AS units, r.at \
         FROM order_lines l JOIN order_demands d ON d.line_id = l.id \
         JOIN reservations r ON r.demand_id = d.id JOIN balances b ON b.id = r.balance_id \
         JOIN lots t ON t.id = b.lot_id JOIN locations c ON c.id = b.location_id \
         JOIN products p ON p.id = d.product_id \
         WHERE l.order_id = ? ORDER BY p.sku, t.received_on, t.id, c.code",
        vals![order],
    )
    .await
}

/// A round in which an order is or was picked and packed.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// The round.
    pub wave_id: i64,
    /// The tote.
    pub tote: i64,
    /// `picking`, `picked`, `packed`, `shipped`, `released`.
    pub state: String,
    /// Who picks.
    pub picker: String,
    /// Who packs.
    pub packer: Option<String>,
    /// When the round began, in UTC milliseconds.
    pub started_at: i64,
}

/// The rounds of an order, newest first.
///
/// # Errors
/// The store's.
pub async fn tasks(tx: &mut Tx, order: i64) -> Result<Vec<Task>, StoreError> {
    tx.all(
        "SELECT t.id, t.wave_id, t.tote, t.state, w.packer AS picker, t.packer, w.started_at \
         FROM pick_tasks t JOIN pick_waves w ON w.id = t.wave_id \
         WHERE t.order_id = ? ORDER BY t.id DESC",
        vals![order],
    )
    .await
}

/// A box of an order.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Package {
    /// Its number within the order's round.
    pub number: i64,
    /// What it is packed in.
    #[sqlx(rename = "box")]
    #[serde(rename = "box")]
    pub box_name: String,
    /// What it weighs.
    pub weight_g: Option<i64>,
    /// Its length.
    pub length_mm: Option<i64>,
    /// Its width.
    pub width_mm: Option<i64>,
    /// Its height.
    pub height_mm: Option<i64>,
    /// When it was closed, in UTC milliseconds.
    pub closed_at: Option<i64>,
    /// The shipment it left with.
    pub shipment_id: Option<i64>,
    /// Units in it.
    pub units: i64,
}

/// The boxes of an order, oldest first.
///
/// # Errors
/// The store's.
pub async fn packages(tx: &mut Tx, order: i64) -> Result<Vec<Package>, StoreError> {
    tx.all(
        "SELECT k.number, k.box, k.weight_g, k.length_mm, k.width_mm, k.height_mm, k.closed_at, \
           k.shipment_id, COALESCE((SELECT CAST(SUM(i.quantity) AS SIGNED) \
             FROM package_items i WHERE i.package_id = k.id), 0) AS units \
         FROM pick_tasks t JOIN packages k ON k.task_id = t.id \
         WHERE t.order_id = ? ORDER BY k.id",
        vals![order],
    )
    .await
}
