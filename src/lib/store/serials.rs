//! Units that a person can tell apart. A serial is there once per product; what befell it
//! is in the events of its subject, `serial:SKU:SERIAL`.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Tx, Type, vals};
use super::{Stamp, StoreError};
use crate::store::events::{self, Event};

/// A serial as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// The product's id.
    #[serde(skip)]
    pub product_id: i64,
    /// The product's SKU.
    pub sku: String,
    /// The serial itself.
    pub serial: String,
    /// The lot's id.
    #[serde(skip)]
    pub lot_id: i64,
    /// The lot it came in with.
    pub lot: String,
    /// The day that lot came in.
    pub received_on: String,
    /// Who delivered that lot.
    pub supplier: Option<String>,
    /// Whether it is in the house.
    pub in_house: bool,
}

/// A serial that comes in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Its product.
    pub product: i64,
    /// The product's SKU.
    pub sku: String,
    /// The serial.
    pub serial: String,
    /// The lot it comes in with.
    pub lot: i64,
}

/// The subject of a serial's events.
#[must_use]
pub fn subject(sku: &str, serial: &str) -> String {
    format!("serial:{sku}:{serial}")
}

/// Notes serials that come in. A serial that the product has had before is refused.
///
/// # Errors
/// A serial is there already ([`StoreError::is_duplicate`]), or the store's.
pub async fn take_in(
    tx: &mut Tx,
    stamp: &Stamp,
    serials: &[Incoming],
    cause: &str,
) -> Result<(), StoreError> {
    let rows: Vec<Value> = serials
        .iter()
        .map(|s| json!([s.product, s.serial, s.lot, 1]))
        .collect();
    let columns = [
        ("product_id", Type::Int),
        ("serial", Type::Text),
        ("lot_id", Type::Int),
        ("in_house", Type::Int),
    ];
    tx.insert_many("serials", &columns, &rows).await?;
    let facts: Vec<Event> = serials
        .iter()
        .map(|s| {
            let subject = subject(&s.sku, &s.serial);
            Event::new("serial.received", subject, json!({ "cause": cause }))
        })
        .collect();
    events::append(tx, stamp, &facts).await
}

/// Those of some serials, each of a product, that the product has had before.
///
/// # Errors
/// The store's.
pub async fn known(
    tx: &mut Tx,
    serials: &[(i64, String)],
) -> Result<Vec<(i64, String)>, StoreError> {
    if serials.is_empty() {
        return Ok(Vec::new());
    }
    let from = tx.json_rows(&[("product", Type::Int), ("serial", Type::Text)]);
    let sql = format!(
        "SELECT s.product_id, s.serial FROM {from} \
         JOIN serials s ON s.product_id = j.product AND s.serial = j.serial ORDER BY s.id"
    );
    let json = serde_json::to_string(serials).unwrap_or_default();
    tx.all(&sql, vals![json]).await
}

/// Notes that a serial leaves, or comes back into a lot; `kind` is the event that tells it.
///
/// # Errors
/// A conflict, where it has moved meanwhile; or the store's.
pub async fn set_in_house(
    tx: &mut Tx,
    stamp: &Stamp,
    serial: &Row,
    lot: i64,
    in_house: bool,
    (kind, payload): (&'static str, Value),
) -> Result<(), StoreError> {
    let changed = tx
        .run(
            "UPDATE serials SET in_house = ?, lot_id = ? WHERE id = ? AND in_house = ?",
            vals![in_house, lot, serial.id, !in_house],
        )
        .await?;
    if changed != 1 {
        let text = format!("serial {} has moved", serial.serial);
        return Err(StoreError::Conflict(text));
    }
    let fact = Event::new(kind, subject(&serial.sku, &serial.serial), payload);
    events::append(tx, stamp, &[fact]).await
}

/// The products' units with this serial; of one product, where one is given.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, serial: &str, product: Option<i64>) -> Result<Vec<Row>, StoreError> {
    tx.all(
        "SELECT s.id, s.product_id, p.sku, s.serial, s.lot_id, l.code AS lot, l.received_on, \
           l.supplier, s.in_house \
         FROM serials s JOIN products p ON p.id = s.product_id JOIN lots l ON l.id = s.lot_id \
         WHERE s.serial = ? AND (? IS NULL OR s.product_id = ?) ORDER BY p.sku",
        vals![serial, product, product],
    )
    .await
}
