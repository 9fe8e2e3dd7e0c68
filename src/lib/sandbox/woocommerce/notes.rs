//! `/orders/{id}/notes`. A note does not change the order's date.

use serde_json::{Value, json};

use super::dates;
use super::order_book::{Order, unknown};
use super::query::Params;
use super::record::Object;
use super::reply::{Refusal, Reply};
use super::shapes::{self, flag};
use super::state::{Ids, State};

/// Adds a note, and answers it.
pub fn add(
    order: &mut Order,
    ids: &mut Ids,
    text: &str,
    for_customer: bool,
    author: &str,
    now: i64,
) -> Value {
    let note = json!({
        "id": ids.next_note(),
        "author": author,
        "date_created": dates::local(now),
        "date_created_gmt": dates::gmt(now),
        "note": text,
        "customer_note": for_customer,
    });
    order.notes.push(note.clone());
    note
}

/// The notes of an order, newest first.
///
/// # Errors
/// The order is not there: 404.
pub fn list(state: &State, order: u64, params: Params<'_>) -> Result<Reply, Refusal> {
    params.only(&["type"])?;
    let order = state.orders.get(order).ok_or_else(|| unknown(404))?;
    let is_wanted = |note: &&Value| match params.get("type") {
        Some("customer") => note["customer_note"] == true,
        Some("internal") => note["customer_note"] == false,
        _ => true,
    };
    let notes: Vec<&Value> = order.notes.iter().rev().filter(is_wanted).collect();
    Ok(Reply::json(200, &notes))
}

/// One note.
///
/// # Errors
/// The order or the note is not there: 404.
pub fn get(state: &State, order: u64, id: u64) -> Result<Reply, Refusal> {
    let order = state.orders.get(order).ok_or_else(|| unknown(404))?;
    let note = order.notes.iter().find(|note| note["id"] == id);
    note.map(|note| Reply::json(200, note)).ok_or_else(no_note)
}

/// A new note.
///
/// # Errors
/// No text, another shape, or no such order.
pub fn create(state: &mut State, order: u64, body: &Object) -> Result<Reply, Refusal> {
    shapes::check(body, shapes::NOTE)?;
    let text = body.get("note").and_then(Value::as_str).ok_or_else(|| {
        Refusal::new(
            400,
            "rest_missing_callback_param",
            "Missing parameter(s): note",
        )
        .with("params", vec!["note"])
    })?;
    let for_customer = body.get("customer_note").is_some_and(flag);
    let State {
        orders, ids, now, ..
    } = state;
    let order = orders.get_mut(order).ok_or_else(|| unknown(404))?;
    let note = add(order, ids, text, for_customer, "WooCommerce", *now);
    Ok(Reply::json(201, &note))
}

/// Takes a note away; answers what it was.
///
/// # Errors
/// Not forced (501), or nothing there (404).
pub fn delete(state: &mut State, order: u64, id: u64, force: bool) -> Result<Reply, Refusal> {
    if !force {
        return Err(Refusal::new(
            501,
            "woocommerce_rest_trash_not_supported",
            "Order notes do not support trashing.",
        ));
    }
    let order = state.orders.get_mut(order).ok_or_else(|| unknown(404))?;
    let at = order.notes.iter().position(|note| note["id"] == id);
    let note = order.notes.remove(at.ok_or_else(no_note)?);
    Ok(Reply::json(200, &note))
}

fn no_note() -> Refusal {
    Refusal::new(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
}
