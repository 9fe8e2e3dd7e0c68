//! A shop from a dump: `products`, `variations`, `orders` and `refunds`, each a file of JSON
//! lines, `.jsonl` or `.jsonl.gz`, one object a line as the API shows it; a variation also
//! with its `parent_id`, a refund with its `order_id`. Beside them `shipments`, the parcels that
//! were bought of UPS.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::ups::{Shipment, Ups};
use super::woocommerce::{Item, Kind, Object, Order, Refund, State};

/// Why a dump cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {reason}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to load.
    #[error("{} holds no products.jsonl or products.jsonl.gz", .0.display())]
    Empty(PathBuf),
}

/// Fills a shop from the dump in `folder`.
///
/// # Errors
/// There are no products, a file cannot be read, or a line is not what it should be.
pub(super) fn fill(state: &mut State, folder: &Path) -> Result<(), LoadError> {
    let found = each(folder, "products", |object| {
        add_item(state, Item::from_object(Kind::Product, object)?)
    })?;
    if !found {
        return Err(LoadError::Empty(folder.to_owned()));
    }
    each(folder, "variations", |object| {
        let item = Item::from_object(Kind::Variation, object)?;
        let parent = item.parent.unwrap_or_default();
        if state.catalogue.get(parent).is_none() {
            return Err(format!("variation {} has no product {parent}", item.id));
        }
        add_item(state, item)
    })?;
    each(folder, "orders", |object| {
        note_ids(
            state,
            &object,
            &[
                "line_items",
                "shipping_lines",
                "fee_lines",
                "tax_lines",
                "coupon_lines",
            ],
        );
        let order = Order::from_object(object)?;
        if state.orders.get(order.id).is_some() {
            return Err(format!("order {} comes twice", order.id));
        }
        state
            .statuses
            .insert(order.record.text("status").to_owned());
        state.ids.post = state.ids.post.max(order.id);
        state.orders.insert(order);
        Ok(())
    })?;
    state.statuses.remove("trash");
    each(folder, "refunds", |object| {
        note_ids(
            state,
            &object,
            &["line_items", "shipping_lines", "fee_lines", "tax_lines"],
        );
        let (order, refund) = Refund::from_object(object)?;
        state.ids.post = state.ids.post.max(refund.id);
        let order = state
            .orders
            .get_mut(order)
            .ok_or_else(|| format!("refund {} has no order {order}", refund.id))?;
        order.refunds.push(refund);
        Ok(())
    })?;
    Ok(())
}

/// Lets UPS remember the parcels of the dump in `folder`, where it has some.
///
/// # Errors
/// The file cannot be read, or a line is not what it should be.
pub(super) fn shipments(ups: &Ups, folder: &Path) -> Result<(), LoadError> {
    each(folder, "shipments", |object| {
        let shipment: Result<Shipment, _> = serde_json::from_value(Value::Object(object));
        ups.keep(shipment.map_err(|error| error.to_string())?);
        Ok(())
    })?;
    Ok(())
}

fn add_item(state: &mut State, item: Item) -> Result<(), String> {
    if state.catalogue.get(item.id).is_some() {
        return Err(format!("item {} comes twice", item.id));
    }
    state.ids.post = state.ids.post.max(item.id);
    for meta in item.record.list("meta_data") {
        state.ids.meta = state.ids.meta.max(meta["id"].as_u64().unwrap_or_default());
    }
    state.catalogue.insert(item);
    Ok(())
}

/// Lets new lines and meta data go on behind those of the dump.
fn note_ids(state: &mut State, object: &Object, lists: &[&str]) {
    let id_of = |value: &Value| value["id"].as_u64().unwrap_or_default();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for meta in list(object.get("meta_data")) {
        state.ids.meta = state.ids.meta.max(id_of(&meta));
    }
    for key in lists {
        for line in list(object.get(*key)) {
            state.ids.line = state.ids.line.max(id_of(&line));
            for meta in list(line.get("meta_data")) {
                state.ids.meta = state.ids.meta.max(id_of(&meta));
            }
        }
    }
}

/// Takes each object of a file; answers whether there is such a file.
fn each(
    folder: &Path,
    name: &str,
    mut take: impl FnMut(Object) -> Result<(), String>,
) -> Result<bool, LoadError> {
    let plain = folder.join(format!("{name}.jsonl"));
    let packed = folder.join(format!("{name}.jsonl.gz"));
    let (file, is_packed) = match (plain.exists(), packed.exists()) {
        (true, _) => (plain, false),
        (false, true) => (packed, true),
        (false, false) => return Ok(false),
    };
    let failed = |source| LoadError::Read {
        file: file.clone(),
        source,
    };
    let opened = File::open(&file).map_err(failed)?;
    let reader: Box<dyn Read> = if is_packed {
        Box::new(MultiGzDecoder::new(opened))
    } else {
        Box::new(opened)
    };
    for (at, line) in BufReader::new(reader).lines().enumerate() {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str(&line) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err("not a JSON object".to_owned()),
            Err(error) => Err(format!("not JSON: {error}")),
        };
        object
            .and_then(&mut take)
            .map_err(|reason| LoadError::Line {
                file: file.clone(),
                line: at + 1,
                reason,
            })?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::woocommerce::Guard;
    use super::*;

    const PRODUCT: &str = r#"{"id": 5, "type": "variable", "sku": "A", "status": "publish",
        "date_created_gmt": "2026-01-01T00:00:00", "date_modified_gmt": "2026-01-02T00:00:00"}"#;

    fn state() -> State {
        State::new(Guard::new(String::new(), String::new()), 0)
    }

    fn one_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::write(folder.join(name), text).unwrap();
    }

    #[test]
    fn plain_and_packed_files_are_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(one_line(PRODUCT).as_bytes()).unwrap();
        std::fs::write(
            folder.path().join("products.jsonl.gz"),
            packed.finish().unwrap(),
        )
        .unwrap();
        let dates = r#""date_created_gmt": "2026-01-01T00:00:00", "date_modified_gmt": "2026-01-01T00:00:00""#;
        write(
            folder.path(),
            "variations.jsonl",
            &format!("{{\"id\": 6, \"parent_id\": 5, \"sku\": \"A-1\", {dates}}}\n\n"),
        );
        write(
            folder.path(),
            "orders.jsonl",
            &format!(
                "{{\"id\": 9, \"status\": \"packing\", \"line_items\": [{{\"id\": 30}}], {dates}}}"
            ),
        );
        write(
            folder.path(),
            "refunds.jsonl",
            &format!("{{\"id\": 10, \"order_id\": 9, \"amount\": \"1.00\", {dates}}}"),
        );
        let mut state = state();
        fill(&mut state, folder.path()).unwrap();
        assert_eq!(state.catalogue.by_sku("a-1"), Some(6));
        assert_eq!(state.orders.get(9).unwrap().refunds.len(), 1);
        assert!(state.statuses.contains("packing"));
        assert_eq!((state.ids.post, state.ids.line), (10, 30));
    }

    #[test]
    fn a_bad_line_is_named_by_file_and_line() {
        let cases = [
            ("products.jsonl", "{\"id\": 5", "not JSON"),
            ("products.jsonl", "[5]", "not a JSON object"),
            ("products.jsonl", "{\"sku\": \"A\"}", "\"id\""),
            ("products.jsonl", "{\"id\": 7}", "date_created_gmt"),
            ("variations.jsonl", "{\"id\": 7}", "parent_id"),
            ("refunds.jsonl", "{\"id\": 7}", "order_id"),
        ];
        for (name, line, reason) in cases {
            let folder = tempfile::tempdir().unwrap();
            let good = one_line(PRODUCT);
            write(folder.path(), "products.jsonl", &good);
            let at = if name == "products.jsonl" { 2 } else { 1 };
            let text = if at == 2 {
                format!("{good}\n{line}")
            } else {
                line.to_owned()
            };
            write(folder.path(), name, &text);
            let error = fill(&mut state(), folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("{name}:{at}: ")), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_folder_without_products_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = fill(&mut state(), folder.path()).unwrap_err();
        assert!(matches!(error, LoadError::Empty(_)));
    }
}
