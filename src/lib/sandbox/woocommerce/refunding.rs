//! Giving money and units back: a refund's record, its negative lines, and what of it goes
//! back on the shelf. Who asks for it, a client or a status, is above this.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::lines;
use super::order_book::{Order, Refund, set_date, unknown};
use super::order_lines;
use super::record::{Kind, Record};
use super::reply::Refusal;
use super::shapes::whole;
use super::state::{Ids, State};
use super::stock;

/// What an order still has to give back.
pub fn remaining(order: &Order) -> Decimal {
    let given: Decimal = order
        .refunds
        .iter()
        .map(|refund| lines::decimal(refund.record.get("amount")))
        .sum();
    lines::decimal(order.record.get("total")) - given
}

/// Refunds what is left of an order that was set to `refunded`, without units.
///
/// # Errors
/// There is no such order.
pub fn refund_the_rest(state: &mut State, order_id: u64) -> Result<(), Refusal> {
    let order = state.orders.get(order_id).ok_or_else(|| unknown(404))?;
    let left = remaining(order);
    if left > Decimal::ZERO {
        issue(state, order_id, left, "Order fully refunded.", &[], false)?;
    }
    Ok(())
}

/// What a posted line gives back, without tax.
pub fn net(posted: &Value) -> Decimal {
    lines::decimal(&posted["refund_total"])
}

/// The tax that a posted line gives back.
pub fn tax(posted: &Value) -> Decimal {
    let taxes = posted["refund_tax"].as_array();
    taxes.map_or(Decimal::ZERO, |taxes| lines::sum(taxes, "refund_total"))
}

/// Makes a refund; answers its id. With `restock` the posted units go back on the shelf.
///
/// # Errors
/// There is no such order.
pub fn issue(
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
    let order = orders.get_mut(order_id).ok_or_else(|| unknown(404))?;
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
    let entry = refund.entry();
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
