//! `/orders/{id}/refunds`. Making one changes the order's date and, for refunded units,
//! the stock; taking one away changes neither.

use rust_decimal::Decimal;
use serde_json::Value;

use super::index::{Index, Stamps};
use super::lines;
use super::order_book::Order;
use super::order_status;
use super::query::{Listing, Params};
use super::record::Object;
use super::refunding::{issue, net, remaining, tax};
use super::reply::{Refusal, Reply};
use super::shapes::{self, flag, whole};
use super::state::State;

fn unknown() -> Refusal {
    Refusal::new(
        404,
        "woocommerce_rest_shop_order_refund_invalid_id",
        "Invalid ID.",
    )
}

fn order_of(state: &State, id: u64) -> Result<&Order, Refusal> {
    state.orders.get(id).ok_or_else(|| {
        Refusal::new(
            404,
            "woocommerce_rest_invalid_order_id",
            "Invalid order ID.",
        )
    })
}

/// A page of an order's refunds.
///
/// # Errors
/// No such order, or a parameter is unknown or out of bounds.
pub fn list(state: &State, order: u64, params: Params<'_>) -> Result<Reply, Refusal> {
    let listing = Listing::read(params, &["dp"], &["date", "id", "include", "modified"])?;
    let order = order_of(state, order)?;
    let mut index = Index::default();
    for refund in &order.refunds {
        let stamps = Stamps {
            created: refund.created,
            modified: refund.created,
        };
        index.add(refund.id, stamps);
    }
    let (ids, total) = listing.select(&index, None, &|id, _| id.to_string());
    let views: Vec<_> = ids
        .iter()
        .filter_map(|id| order.refunds.iter().find(|refund| refund.id == *id))
        .map(|refund| refund.record.view(listing.fields.as_ref()))
        .collect();
    Ok(Reply::page(&views, total, listing.per_page))
}

/// One refund.
///
/// # Errors
/// The order or the refund is not there: 404.
pub fn get(state: &State, order: u64, id: u64, params: Params<'_>) -> Result<Reply, Refusal> {
    params.only(&["dp"])?;
    let refunds = &order_of(state, order)?.refunds;
    let refund = refunds.iter().find(|r| r.id == id).ok_or_else(unknown)?;
    Ok(Reply::json(
        200,
        &refund.record.view(params.fields().as_ref()),
    ))
}

/// A new refund; answers it whole. Units are put back unless `api_restock` is false.
///
/// # Errors
/// No such order, an amount of nothing or of more than is left, a line of another order.
pub fn create(state: &mut State, order_id: u64, body: &Object) -> Result<Value, Refusal> {
    shapes::check(body, shapes::REFUND)?;
    let order = order_of(state, order_id)?;
    let no_lines = Vec::new();
    let posted = body
        .get("line_items")
        .and_then(Value::as_array)
        .unwrap_or(&no_lines);
    for line in posted {
        let id = whole(&line["id"]).unwrap_or_default() as u64;
        let ours = order.record.list("line_items");
        if !ours.iter().any(|line| lines::id(line) == Some(id)) {
            return Err(Refusal::sandbox(format!("The order has no line {id}.")));
        }
    }
    let amount = match body.get("amount").filter(|amount| !amount.is_null()) {
        Some(amount) => lines::decimal(amount),
        None => posted.iter().map(|line| net(line) + tax(line)).sum(),
    };
    if amount < Decimal::ZERO || (amount.is_zero() && posted.is_empty()) {
        return Err(Refusal::new(
            400,
            "woocommerce_rest_invalid_order_refund",
            "Refund amount must be greater than zero.",
        ));
    }
    if amount > remaining(order) {
        return Err(Refusal::new(
            500,
            "woocommerce_rest_cannot_create_order_refund",
            "Invalid refund amount.",
        )
        .bare());
    }
    let restock = body.get("api_restock").is_none_or(flag);
    let reason = body
        .get("reason")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let id = issue(state, order_id, amount, reason, posted, restock)?;
    let is_whole = state
        .orders
        .get(order_id)
        .is_some_and(|o| remaining(o) <= Decimal::ZERO);
    if is_whole {
        order_status::set_status(state, order_id, "refunded")?;
    }
    state.orders.touch(order_id, state.now);
    let refunds = &order_of(state, order_id)?.refunds;
    let refund = refunds.iter().find(|r| r.id == id).ok_or_else(unknown)?;
    Ok(serde_json::to_value(refund.record.view(None)).unwrap_or_default())
}

/// Takes a refund away; neither the stock nor the order's date change. Answers what it was.
///
/// # Errors
/// Not forced (501), or nothing there (404).
pub fn delete(state: &mut State, order: u64, id: u64, force: bool) -> Result<Reply, Refusal> {
    order_of(state, order)?;
    if !force {
        return Err(Refusal::new(
            501,
            "woocommerce_rest_trash_not_supported",
            "Refunds do not support trashing.",
        ));
    }
    let order = state.orders.get_mut(order).ok_or_else(unknown)?;
    let at = order.refunds.iter().position(|refund| refund.id == id);
    let refund = order.refunds.remove(at.ok_or_else(unknown)?);
    order.record.edit_list("refunds", |list| {
        list.retain(|entry| entry["id"] != id);
    });
    Ok(Reply::json(200, &refund.record.view(None)))
}
