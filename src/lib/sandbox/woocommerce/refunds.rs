//! `/orders/{id}/refunds`. Making one changes the order's date and, for refunded units,
//! the stock; taking one away changes neither.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::catalogue::{read_id, read_stamps};
use super::index::{Index, Stamps};
use super::lines;
use super::order_book::{Order, set_date};
use super::order_lines;
use super::orders;
use super::query::{Listing, Params};
use super::record::{Kind, Object, Record};
use super::reply::{Refusal, Reply};
use super::shapes::{self, flag, whole};
use super::state::{Ids, State};
use super::stock;

/// A refund of an order.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Its id.
    pub id: u64,
    /// When it was made.
    pub created: i64,
    /// What the API shows.
    pub record: Record,
}

impl Refund {
    /// A refund as a dump has it, with the id of the order it names.
    ///
    /// # Errors
    /// No id, no order or no date; the text says which.
    pub fn from_object(mut object: Object) -> Result<(u64, Self), String> {
        let id = read_id(&object)?;
        let order = object
            .remove("order_id")
            .and_then(|order| order.as_u64())
            .ok_or("a refund needs the \"order_id\" of its order")?;
        let dated = object.get("date_created_gmt").cloned().unwrap_or_default();
        let mut with_both = object.clone();
        with_both.insert("date_modified_gmt".to_owned(), dated);
        let created = read_stamps(&with_both)?.created;
        let record = Record::from_object(Kind::Refund, object);
        Ok((
            order,
            Self {
                id,
                created,
                record,
            },
        ))
    }
}

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

/// What an order still has to give back.
fn remaining(order: &Order) -> Decimal {
    let given: Decimal = order
        .refunds
        .iter()
        .map(|refund| lines::decimal(refund.record.get("amount")))
        .sum();
    lines::decimal(order.record.get("total")) - given
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
        orders::set_status(state, order_id, "refunded")?;
    }
    state.orders.touch(order_id, state.now);
    let refunds = &order_of(state, order_id)?.refunds;
    let refund = refunds.iter().find(|r| r.id == id).ok_or_else(unknown)?;
    Ok(serde_json::to_value(refund.record.view(None)).unwrap_or_default())
}

/// Refunds what is left of an order that was set to `refunded`, without units.
///
/// # Errors
/// There is no such order.
pub fn refund_the_rest(state: &mut State, order_id: u64) -> Result<(), Refusal> {
    let left = remaining(order_of(state, order_id)?);
    if left > Decimal::ZERO {
        issue(state, order_id, left, "Order fully refunded.", &[], false)?;
    }
    Ok(())
}

fn net(posted: &Value) -> Decimal {
    lines::decimal(&posted["refund_total"])
}

fn tax(posted: &Value) -> Decimal {
    let taxes = posted["refund_tax"].as_array();
    taxes.map_or(Decimal::ZERO, |taxes| lines::sum(taxes, "refund_total"))
}

fn issue(
    state: &mut State,
    order_id: u64,
    amount: Decimal,
    reason: &str,
    posted: &[Value],
    restock: bool,
) -> Result<u64, Refusal> {
    let State {
        orders,
        catalogue,
        ids,
        now,
        ..
    } = state;
    let order = orders.get_mut(order_id).ok_or_else(unknown)?;
    let id = ids.next_post();
    let mut refunded = Vec::new();
    order.record.edit_list("line_items", |ours| {
        for posted in posted {
            let wanted = whole(&posted["id"]).unwrap_or_default() as u64;
            let Some(line) = ours.iter_mut().find(|line| lines::id(line) == Some(wanted)) else {
                continue;
            };
            refunded.push(refund_line(line, posted, ids));
            if restock {
                let quantity = whole(&posted["quantity"]).unwrap_or_default();
                stock::restock_line(catalogue, line, quantity, &mut ids.meta, *now);
            }
        }
    });
    let mut record = Record::new(Kind::Refund);
    record.set("id", id);
    set_date(&mut record, "date_created", *now);
    record.set("amount", lines::money(amount));
    record.set("reason", reason);
    record.set("refunded_by", 1);
    let tax_lines = order_lines::tax_lines(&refunded, &[], &[], ids);
    record.set("tax_lines", tax_lines);
    record.set("line_items", refunded);
    let refund = Refund {
        id,
        created: *now,
        record,
    };
    let entry = orders::refund_entry(&refund);
    order.record.edit_list("refunds", |list| list.push(entry));
    order.refunds.push(refund);
    Ok(id)
}

/// A refund's own line: an order line with everything negative.
fn refund_line(line: &Value, posted: &Value, ids: &mut Ids) -> Value {
    let quantity = whole(&posted["quantity"]).unwrap_or_default();
    let (net, tax) = (net(posted), tax(posted));
    let minus = |amount: Decimal| lines::money(-amount);
    let mut refunded = line.clone();
    refunded["id"] = ids.next_line().into();
    refunded["quantity"] = (-quantity).into();
    refunded["subtotal"] = minus(net).into();
    refunded["total"] = minus(net).into();
    refunded["subtotal_tax"] = minus(tax).into();
    refunded["total_tax"] = minus(tax).into();
    refunded["taxes"] = order_lines::line_taxes(-tax, -tax);
    refunded["meta_data"] = json!([]);
    refunded["price"] = order_lines::unit_price(net, quantity);
    let of = lines::id(line).unwrap_or_default() as i64;
    lines::set_meta(&mut refunded, "_refunded_item_id", of, &mut ids.meta);
    refunded
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
