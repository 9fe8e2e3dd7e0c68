//! What moves the shop's stock: orders that reach or leave a status, edited lines, refunds.
//!
//! An order takes its units once (on-hold, processing, completed) and gives them back once
//! (cancelled, pending); failed and refunded leave things as they are. What each line has
//! taken is in its `_reduced_stock`. Nothing keeps the stock from going below zero.

use serde_json::Value;

use super::catalogue::Catalogue;
use super::effect::Effect;
use super::lines;
use super::order_book::Order;
use super::record::Record;

/// The item whose stock an order line draws on: the variation, its product where that one
/// keeps the stock, or nobody.
pub fn holder(catalogue: &Catalogue, line: &Value) -> Option<u64> {
    let read = |key: &str| line[key].as_u64().filter(|id| *id > 0);
    let item = catalogue.get(read("variation_id").or_else(|| read("product_id"))?)?;
    match item.record.get("manage_stock") {
        Value::Bool(true) => Some(item.id),
        Value::String(_) => item.parent,
        _ => None,
    }
}

/// Sets an item's managed stock, and dates the change.
pub fn set(catalogue: &mut Catalogue, id: u64, quantity: i64, now: i64) {
    catalogue.edit_unindexed(id, |record| {
        record.set("stock_quantity", quantity);
        settle(record);
    });
    share_with_children(catalogue, id);
    catalogue.touch(id, now);
}

fn shift(catalogue: &mut Catalogue, id: u64, by: i64, now: i64) {
    let had = catalogue
        .get(id)
        .and_then(|item| item.record.int("stock_quantity"))
        .unwrap_or_default();
    set(catalogue, id, had.saturating_add(by), now);
}

/// Makes the stock fields agree with one another.
pub fn settle(record: &mut Record) {
    let backorders = record.text("backorders") != "no";
    if record.get("manage_stock") == &Value::Bool(true) {
        let quantity = record.int("stock_quantity").unwrap_or_default();
        let status = match (quantity > 0, backorders) {
            (true, _) => "instock",
            (false, true) => "onbackorder",
            (false, false) => "outofstock",
        };
        record.set("stock_quantity", quantity);
        record.set("stock_status", status);
        record.set("backorders_allowed", backorders);
        record.set("backordered", status == "onbackorder");
    } else {
        record.set("stock_quantity", Value::Null);
        record.set("backorders", "no");
        record.set("backorders_allowed", false);
        let backordered = record.text("stock_status") == "onbackorder";
        record.set("backordered", backordered);
    }
}

/// Shows a product's stock in those of its variations that keep none of their own.
pub fn share_with_children(catalogue: &mut Catalogue, parent: u64) {
    let Some(item) = catalogue.get(parent).filter(|item| item.parent.is_none()) else {
        return;
    };
    let managed = item.record.flag("manage_stock");
    let shared = [
        "stock_quantity",
        "stock_status",
        "backorders",
        "backorders_allowed",
        "backordered",
    ]
    .map(|key| (key, item.record.get(key).clone()));
    for child in catalogue.children(parent).to_vec() {
        catalogue.edit_unindexed(child, |record| {
            if record.flag("manage_stock") {
                return;
            }
            let was_shared = record.get("manage_stock").is_string();
            if managed {
                record.set("manage_stock", "parent");
                for (key, value) in shared.clone() {
                    record.set(key, value);
                }
            } else if was_shared {
                record.set("manage_stock", false);
                settle(record);
            }
        });
    }
}

/// Lets a status do what it does to the order's stock.
pub fn apply(
    effect: Effect,
    catalogue: &mut Catalogue,
    order: &mut Order,
    meta_id: &mut u64,
    now: i64,
) {
    match effect {
        Effect::Take if !order.stock_reduced => {
            order.stock_reduced = true;
            order.record.edit_list("line_items", |list| {
                for line in list {
                    take_line(catalogue, line, meta_id, now);
                }
            });
        }
        Effect::GiveBack if order.stock_reduced => {
            order.stock_reduced = false;
            order.record.edit_list("line_items", |list| {
                for line in list {
                    give_back_line(catalogue, line, now);
                }
            });
        }
        _ => {}
    }
}

fn take_line(catalogue: &mut Catalogue, line: &mut Value, meta_id: &mut u64, now: i64) {
    if lines::meta_int(line, "_reduced_stock").is_some() {
        return;
    }
    if let Some(holder) = holder(catalogue, line) {
        let quantity = lines::quantity(line);
        shift(catalogue, holder, -quantity, now);
        lines::set_meta(line, "_reduced_stock", quantity, meta_id);
    }
}

fn give_back_line(catalogue: &mut Catalogue, line: &mut Value, now: i64) {
    let Some(reduced) = lines::meta_int(line, "_reduced_stock") else {
        return;
    };
    if let Some(holder) = holder(catalogue, line) {
        shift(catalogue, holder, reduced, now);
    }
    lines::drop_meta(line, "_reduced_stock");
}

/// Makes what a line has taken follow its quantity, less what refunds have put back. For
/// lines added, edited or (with `removed`) taken out while the order holds stock.
pub fn adjust_line(
    catalogue: &mut Catalogue,
    line: &mut Value,
    removed: bool,
    meta_id: &mut u64,
    now: i64,
) {
    let Some(holder) = holder(catalogue, line) else {
        return;
    };
    let reduced = lines::meta_int(line, "_reduced_stock").unwrap_or_default();
    let restocked = lines::meta_int(line, "_restock_refunded_items").unwrap_or_default();
    let wanted = if removed {
        0
    } else {
        lines::quantity(line) - restocked
    };
    if wanted != reduced {
        shift(catalogue, holder, reduced - wanted, now);
        lines::set_meta(line, "_reduced_stock", wanted, meta_id);
    }
}

/// Puts `quantity` refunded units of a line back, as far as the line has taken any.
pub fn restock_line(
    catalogue: &mut Catalogue,
    line: &mut Value,
    quantity: i64,
    meta_id: &mut u64,
    now: i64,
) {
    let reduced = lines::meta_int(line, "_reduced_stock").unwrap_or_default();
    let Some(holder) = holder(catalogue, line).filter(|_| reduced != 0 && quantity != 0) else {
        return;
    };
    shift(catalogue, holder, quantity, now);
    let restocked = lines::meta_int(line, "_restock_refunded_items").unwrap_or_default();
    lines::set_meta(line, "_reduced_stock", reduced - quantity, meta_id);
    lines::set_meta(
        line,
        "_restock_refunded_items",
        restocked + quantity,
        meta_id,
    );
}
