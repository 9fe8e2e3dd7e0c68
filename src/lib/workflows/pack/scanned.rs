//! What was scanned: the lines of the order that it can be for.

use super::bench::PackScan;
use super::load::Lying;
use super::refusal::{Refusal, shown};
use super::serials;
use crate::fault::Fault;
use crate::store::packages::Line;
use crate::store::{Tx, serials as stored_serials};

/// The lines of what was scanned: by its SKU, or by a serial that only one of them can have.
pub(super) async fn lines_of<'l>(
    tx: &mut Tx,
    lying: &'l Lying,
    scan: &PackScan,
) -> anyhow::Result<Vec<&'l Line>> {
    let of = |sku: &str| -> Vec<&Line> { lying.lines.iter().filter(|l| l.sku == sku).collect() };
    let name = &lying.task.order_ref;
    if !scan.sku.is_empty() {
        let lines = of(&scan.sku);
        if lines.is_empty() {
            let why = format!("{} is not in {name}", shown(&scan.sku));
            return Err(Refusal::new(why, "put it back where it came from").into());
        }
        return Ok(lines);
    }
    let Some(serial) = scan.serial.as_deref() else {
        return Err(Fault::usage("a scan names a SKU or a serial").into());
    };
    serials::fits_a_key(serial)?;
    let mut found = stored_serials::find(tx, serial, None).await?;
    if found.is_empty() {
        return Err(serials::unknown(serial).into());
    }
    let other = found[0].sku.clone();
    found.retain(|row| of(&row.sku).iter().any(|l| l.tracking == "serial"));
    match found.as_slice() {
        [one] => Ok(of(&one.sku)),
        [] => {
            let why = format!("serial {serial} is one of {other}, which is not in {name}");
            Err(Refusal::new(why, "put it back where it came from").into())
        }
        several => {
            let skus: Vec<&str> = several.iter().map(|row| row.sku.as_str()).collect();
            let why = format!("{} have a unit with serial {serial}", skus.join(" and "));
            Err(Refusal::new(why, "scan the product too").into())
        }
    }
}
