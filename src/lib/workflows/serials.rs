//! Units that a person can tell apart: the rules for those that come in, and the life of one.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::json;

use super::rows;
use crate::context::Context;
use crate::fault::Fault;
use crate::store::events;
use crate::store::receipts::{self, LineRow};
use crate::store::{Stamp, Tx, products, serials};

/// So much of a serial's life is shown.
const TOLD: i64 = 1000;

/// Serials as people write them in one cell: separated by spaces, commas or `|`.
///
/// # Errors
/// One is too long, or there twice.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(|c: char| c.is_whitespace() || c == ',' || c == '|');
    let mut serials = Vec::new();
    let mut seen = HashSet::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let serial = rows::key(part)?;
        if !seen.insert(serial.clone()) {
            return Err(format!("serial {serial} is there twice"));
        }
        serials.push(serial);
    }
    Ok(serials)
}

/// Whether units of a product come with the serials that they must have.
///
/// # Errors
/// One is missing, or there are serials of what has none.
pub(super) fn fit(tracking: &str, units: i64, serials: &[String]) -> Result<(), String> {
    let given = serials.len() as i64;
    match tracking {
        "serial" if given != units => Err(format!(
            "{units} units of a product tracked by serial need {units} serials, not {given}"
        )),
        "serial" => Ok(()),
        _ if given > 0 => Err("this product is not tracked by serial".to_owned()),
        _ => Ok(()),
    }
}

/// The units with these serials, all of them in the house.
///
/// # Errors
/// One is given twice, is unknown or has left; or the store's.
pub(super) async fn in_house(
    tx: &mut Tx,
    sku: &str,
    wanted: &[String],
) -> anyhow::Result<Vec<serials::Row>> {
    let mut found: Vec<serials::Row> = Vec::new();
    for serial in wanted {
        let rows = serials::find(tx, serial, None).await?;
        let row = rows.into_iter().find(|row| row.sku == sku && row.in_house);
        let row = row.ok_or_else(|| {
            Fault::failed(format!("serial {serial} of {sku} is not in the house"))
                .hint(format!("`opsctl serial {serial}` tells its life"))
        })?;
        if found.iter().any(|other| other.id == row.id) {
            return Err(Fault::usage(format!("serial {serial} is given twice")).into());
        }
        found.push(row);
    }
    Ok(found)
}

/// Units that were found, or had left and are there again, come into a lot.
///
/// # Errors
/// One is in the house already, or the store's.
pub(super) async fn found(
    tx: &mut Tx,
    stamp: &Stamp,
    (product, sku): (i64, &str),
    names: &[String],
    lot: i64,
    cause: &str,
) -> anyhow::Result<()> {
    let mut new = Vec::new();
    for serial in names {
        match serials::find(tx, serial, Some(product)).await?.pop() {
            Some(row) if row.in_house => {
                let text = format!("serial {serial} of {sku} is in the house");
                return Err(Fault::failed(text)
                    .hint(format!("`opsctl serial {serial}` tells its life"))
                    .into());
            }
            Some(row) => {
                let fact = ("serial.found", json!({ "cause": cause }));
                serials::set_in_house(tx, stamp, &row, lot, true, fact).await?;
            }
            None => new.push(serials::Incoming {
                product,
                sku: sku.to_owned(),
                serial: serial.clone(),
                lot,
            }),
        }
    }
    Ok(serials::take_in(tx, stamp, &new, cause).await?)
}

/// Serials that come in together: each once, and none that its product has had before.
#[derive(Default)]
pub(super) struct Incoming {
    wanted: Vec<(i64, String)>,
    places: HashMap<(i64, String), usize>,
}

impl Incoming {
    /// Notes serials that come in at a place of a list.
    ///
    /// # Errors
    /// One has been noted before.
    pub fn note(&mut self, place: usize, product: i64, serials: &[String]) -> Result<(), String> {
        for serial in serials {
            let key = (product, serial.clone());
            if self.places.insert(key.clone(), place).is_some() {
                return Err(format!("serial {serial} is there twice"));
            }
            self.wanted.push(key);
        }
        Ok(())
    }

    /// Those that are known already, each with its place in the list.
    ///
    /// # Errors
    /// The store's.
    pub async fn known(&self, tx: &mut Tx) -> anyhow::Result<Vec<(usize, String)>> {
        let known = serials::known(tx, &self.wanted).await?;
        let place = |key: &(i64, String)| self.places.get(key).copied().unwrap_or_default();
        Ok(known
            .into_iter()
            .map(|key| {
                let what = format!("this product has had serial {} before", key.1);
                (place(&key), what)
            })
            .collect())
    }
}

/// The life of a serial.
#[derive(Debug, Clone, Serialize)]
pub struct Life {
    /// What it is, and where.
    #[serde(flatten)]
    pub serial: serials::Row,
    /// What it came in with, where that is known.
    pub receipt: Option<LineRow>,
    /// What befell it, oldest first.
    pub events: Vec<events::Row>,
}

/// Tells the lives of the units with a serial; of one product's, where one is named.
///
/// # Errors
/// No unit has that serial, the SKU is unknown, or the store's.
pub async fn lives(ctx: &Context, serial: &str, sku: Option<&str>) -> anyhow::Result<Vec<Life>> {
    let mut tx = ctx.store.read().await?;
    let product = match sku {
        None => None,
        Some(sku) => {
            let row = products::by_sku(&mut tx, sku).await?;
            Some(
                row.ok_or_else(|| Fault::failed(format!("there is no product {sku:?}")))?
                    .id,
            )
        }
    };
    let mut lives = Vec::new();
    for row in serials::find(&mut tx, serial, product).await? {
        let subject = serials::subject(&row.sku, &row.serial);
        lives.push(Life {
            receipt: receipts::of_lot(&mut tx, row.lot_id).await?,
            events: events::newest(&mut tx, Some(&subject), TOLD).await?,
            serial: row,
        });
    }
    if lives.is_empty() {
        let of = sku.map(|sku| format!(" of {sku}")).unwrap_or_default();
        return Err(
            Fault::failed(format!("no unit{of} has the serial {serial:?}"))
                .hint("serials count capitals; `opsctl receive` notes them as goods come in")
                .into(),
        );
    }
    Ok(lives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_split_and_counted() {
        assert_eq!(split("A1 A2,A3|A4").unwrap(), ["A1", "A2", "A3", "A4"]);
        assert!(split("").unwrap().is_empty());
        assert!(split("A1|A1").unwrap_err().contains("A1 is there twice"));
        let two = split("A1 A2").unwrap();
        assert!(fit("serial", 2, &two).is_ok());
        assert!(
            fit("serial", 3, &two)
                .unwrap_err()
                .contains("need 3 serials, not 2")
        );
        assert!(fit("none", 2, &two).is_err());
        assert!(fit("lot", 2, &[]).is_ok());
    }
}
