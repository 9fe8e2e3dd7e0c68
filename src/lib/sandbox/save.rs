//! A shop to a dump, and the parcels that were bought, in the form that `load` reads: so that
//! they outlive their sandbox.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::ups::Shipment;
use super::woocommerce::{Record, State};

/// Writes the shop into a folder, each file in one step.
///
/// # Errors
/// The folder or a file cannot be written; a file that was there is then still whole.
pub(super) fn write(state: &State, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let items = || state.catalogue.iter();
    let products = items().filter(|item| item.parent.is_none());
    file(
        folder,
        "products",
        products.map(|item| (&item.record, None)),
    )?;
    let variations = items().filter_map(|item| Some((item, item.parent?)));
    let parent = |parent: u64| Some(("parent_id", parent));
    file(
        folder,
        "variations",
        variations.map(|(item, id)| (&item.record, parent(id))),
    )?;
    let orders = || state.orders.iter();
    file(
        folder,
        "orders",
        orders().map(|order| (&order.record, None)),
    )?;
    let refunds = orders().flat_map(|order| {
        let of = Some(("order_id", order.id));
        order.refunds.iter().map(move |refund| (&refund.record, of))
    });
    file(folder, "refunds", refunds)
}

/// Writes the parcels into a folder, in one step.
///
/// # Errors
/// The folder or the file cannot be written; a file that was there is then still whole.
pub(super) fn write_shipments(shipments: &[Shipment], folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    lines(folder, "shipments", shipments.iter().map(Ok))
}

fn file<'a>(
    folder: &Path,
    name: &str,
    records: impl Iterator<Item = (&'a Record, Option<(&'static str, u64)>)>,
) -> io::Result<()> {
    let objects = records.map(|(record, more)| {
        let mut value = serde_json::to_value(record.view(None))?;
        if let (Some((key, id)), Value::Object(object)) = (more, &mut value) {
            object.insert(key.to_owned(), json!(id));
        }
        Ok(value)
    });
    lines(folder, name, objects)
}

/// Writes a file of JSON lines, in one step.
fn lines(
    folder: &Path,
    name: &str,
    objects: impl Iterator<Item = io::Result<impl Serialize>>,
) -> io::Result<()> {
    let whole = folder.join(format!("{name}.jsonl"));
    let begun = folder.join(format!("{name}.jsonl.new"));
    let mut out = BufWriter::new(File::create(&begun)?);
    for object in objects {
        serde_json::to_writer(&mut out, &object?)?;
        out.write_all(b"\n")?;
    }
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    std::fs::rename(begun, whole)
}
