//! An order reaches a status, with all that this entails: its stock, its dates, a note, and
//! for `refunded` a refund of what is left.

use super::effect;
use super::lines;
use super::notes;
use super::order_book::{set_date, unknown};
use super::refunding;
use super::reply::Refusal;
use super::state::State;
use super::stock;

/// Brings an order to a status, with all that it entails: stock, dates, a note, and for
/// `refunded` a refund of what is left.
///
/// # Errors
/// There is no such order.
pub fn set_status(state: &mut State, id: u64, status: &str) -> Result<(), Refusal> {
    let now = state.now;
    let order = state.orders.get(id).ok_or_else(|| unknown(400))?;
    let was = order.record.text("status").to_owned();
    if was == status {
        return Ok(());
    }
    state.orders.write_status(id, status);
    let State {
        orders,
        catalogue,
        ids,
        ..
    } = state;
    let order = orders.get_mut(id).ok_or_else(|| unknown(400))?;
    if matches!(status, "processing" | "completed") && order.record.get("date_paid").is_null() {
        set_date(&mut order.record, "date_paid", now);
    }
    if status == "completed" {
        set_date(&mut order.record, "date_completed", now);
    }
    let effect = effect::of(status);
    stock::apply(effect, catalogue, order, &mut ids.meta, now);
    let note = format!("Order status changed from {was} to {status}.");
    notes::add(order, ids, &note, false, "system", now);
    if status == "refunded" {
        refunding::refund_the_rest(state, id)?;
    }
    settle(state, id);
    Ok(())
}

/// What follows from an order's status and total.
pub fn settle(state: &mut State, id: u64) {
    if let Some(order) = state.orders.get_mut(id) {
        let record = &mut order.record;
        let status = record.text("status").to_owned();
        let is_due = lines::decimal(record.get("total")) > rust_decimal::Decimal::ZERO;
        let is_open = matches!(status.as_str(), "pending" | "failed");
        let has_lines = !record.list("line_items").is_empty();
        record.set(
            "is_editable",
            matches!(status.as_str(), "pending" | "on-hold"),
        );
        record.set("needs_payment", is_open && is_due);
        record.set("needs_processing", has_lines);
    }
}
