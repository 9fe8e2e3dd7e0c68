//! What an order consists of: its product lines, shipping and fees, and their sums.
//!
//! The stand-in shop sells with 21% tax included in its prices. Amounts that a client sends
//! are without tax, and the tax comes on top.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, Item};
use super::effect;
use super::lines;
use super::order_book::Order;
use super::record::{Object, Record};
use super::reply::Refusal;
use super::shapes::whole;
use super::state::Ids;
use super::stock;

const TAX_PERCENT: i64 = 21;

/// The lists of lines that a request may change.
const LISTS: [&str; 3] = ["line_items", "shipping_lines", "fee_lines"];

fn posted<'a>(body: &'a Object, key: &str) -> &'a [Value] {
    body.get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Verifies that posted lines with an id are the order's, and that new product lines refer
/// to something, be it unknown.
///
/// # Errors
/// One does not: 400.
pub fn verify(order: Option<&Record>, body: &Object) -> Result<(), Refusal> {
    for key in LISTS {
        for line in posted(body, key) {
            let Some(id) = whole(&line["id"]) else {
                if key == "line_items" && !refers(line) {
                    return Err(Refusal::new(
                        400,
                        "woocommerce_rest_required_product_reference",
                        "Product ID or SKU is required.",
                    ));
                }
                continue;
            };
            let ours = order.map_or(&[][..], |record| record.list(key));
            if !ours.iter().any(|own| own["id"] == id) {
                return Err(Refusal::new(
                    400,
                    "woocommerce_rest_invalid_item_id",
                    "Order item ID provided is not associated with order.",
                ));
            }
        }
    }
    Ok(())
}

fn refers(line: &Value) -> bool {
    let is_set = |key: &str| whole(&line[key]).is_some_and(|id| id > 0);
    is_set("product_id")
        || is_set("variation_id")
        || line["sku"].as_str().is_some_and(|s| !s.is_empty())
}

/// Whether a posted line asks for its removal: nothing of it, or none of it.
fn is_removal(line: &Value) -> bool {
    let is_null = |key: &str| line.get(key).is_some_and(Value::is_null);
    ["product_id", "method_id", "method_title", "name"]
        .into_iter()
        .any(is_null)
        || whole(&line["quantity"]) == Some(0)
}

/// Applies the posted lines to an order, and sums it up anew where there are any. While the
/// order is in a status that takes stock, the stock follows.
pub fn write(order: &mut Order, catalogue: &mut Catalogue, ids: &mut Ids, body: &Object, now: i64) {
    let takes = effect::of(order.record.text("status")) == effect::Effect::Take;
    let mut changed = false;
    for key in LISTS {
        for line in posted(body, key) {
            changed = true;
            order.record.edit_list(key, |own| {
                let at = whole(&line["id"]).and_then(|id| own.iter().position(|o| o["id"] == id));
                let at = match at {
                    Some(at) if is_removal(line) => {
                        if takes && key == "line_items" {
                            stock::adjust_line(catalogue, &mut own[at], true, &mut ids.meta, now);
                        }
                        own.remove(at);
                        return;
                    }
                    Some(at) => {
                        change(&mut own[at], line, key, catalogue);
                        at
                    }
                    None => {
                        own.push(make(line, key, catalogue, ids));
                        own.len() - 1
                    }
                };
                if let Some(metas) = own[at]["meta_data"].as_array_mut() {
                    let given = line["meta_data"].as_array().map_or(&[][..], Vec::as_slice);
                    lines::merge_meta(metas, given, true, &mut ids.meta);
                }
                if takes && key == "line_items" {
                    stock::adjust_line(catalogue, &mut own[at], false, &mut ids.meta, now);
                }
            });
        }
    }
    if changed {
        sum_up(&mut order.record, ids);
    }
}

/// A new line.
fn make(posted: &Value, key: &str, catalogue: &Catalogue, ids: &mut Ids) -> Value {
    let id = ids.next_line();
    let mut line = match key {
        "line_items" => json!({
            "id": id, "name": "", "product_id": 0, "variation_id": 0, "quantity": 1,
            "tax_class": "", "subtotal": "0.00", "subtotal_tax": "0.00", "total": "0.00",
            "total_tax": "0.00", "taxes": [], "meta_data": [], "sku": null, "price": 0,
            "image": {"id": "", "src": ""}, "parent_name": null
        }),
        "shipping_lines" => json!({
            "id": id, "method_title": "", "method_id": "", "instance_id": "", "total": "0.00",
            "total_tax": "0.00", "taxes": [], "tax_status": "taxable", "meta_data": []
        }),
        _ => json!({
            "id": id, "name": "", "tax_class": "", "tax_status": "taxable", "amount": "",
            "total": "0.00", "total_tax": "0.00", "taxes": [], "meta_data": []
        }),
    };
    if key == "line_items" {
        line["quantity"] = whole(&posted["quantity"]).unwrap_or(1).into();
        if let Some(item) = product_of(posted, catalogue) {
            set_product(&mut line, item, catalogue);
            set_price(&mut line, item);
        }
    }
    change(&mut line, posted, key, catalogue);
    line
}

/// Takes over what is posted about a line. A quantity alone leaves the amounts as they are.
fn change(line: &mut Value, posted: &Value, key: &str, catalogue: &Catalogue) {
    if key == "line_items" && refers(posted) && lines::id(posted).is_some() {
        match product_of(posted, catalogue) {
            Some(item) => set_product(line, item, catalogue),
            None => line["product_id"] = 0.into(),
        }
    }
    for field in [
        "name",
        "method_title",
        "method_id",
        "tax_class",
        "tax_status",
    ] {
        if line.get(field).is_some() && posted[field].is_string() {
            line[field] = posted[field].clone();
        }
    }
    if let Some(quantity) = whole(&posted["quantity"]) {
        line["quantity"] = quantity.into();
    }
    for (field, tax) in [("subtotal", "subtotal_tax"), ("total", "total_tax")] {
        let given = posted.get(field).filter(|amount| amount.is_string());
        if let Some(amount) = given.map(lines::decimal) {
            line[field] = lines::money(amount).into();
            let given_tax = posted.get(tax).filter(|tax| tax.is_string());
            let tax_amount = given_tax.map_or_else(|| tax_on(amount), lines::decimal);
            line[tax] = lines::money(tax_amount).into();
            if field == "total" && key == "line_items" && posted["subtotal"].is_null() {
                raise_subtotal(line);
            }
        }
    }
    line["taxes"] = line_taxes(
        lines::decimal(&line["total_tax"]),
        lines::decimal(&line["subtotal_tax"]),
    );
    if key == "line_items" {
        let total = lines::decimal(&line["total"]);
        line["price"] = unit_price(total, lines::quantity(line));
    }
}

/// A subtotal is never below the total.
fn raise_subtotal(line: &mut Value) {
    if lines::decimal(&line["subtotal"]) < lines::decimal(&line["total"]) {
        line["subtotal"] = line["total"].clone();
        line["subtotal_tax"] = line["total_tax"].clone();
    }
}

fn product_of<'a>(posted: &Value, catalogue: &'a Catalogue) -> Option<&'a Item> {
    let by_id = |key: &str| whole(&posted[key]).filter(|id| *id > 0).map(|id| id as u64);
    let sku = posted["sku"].as_str().filter(|sku| !sku.is_empty());
    let id = match sku {
        Some(sku) => catalogue.by_sku(sku),
        None => by_id("variation_id").or_else(|| by_id("product_id")),
    };
    catalogue.get(id?)
}

fn set_product(line: &mut Value, item: &Item, catalogue: &Catalogue) {
    let parent = item.parent.and_then(|parent| catalogue.get(parent));
    line["sku"] = item.record.get("sku").clone();
    line["product_id"] = item.parent.unwrap_or(item.id).into();
    line["variation_id"] = if parent.is_some() { item.id } else { 0 }.into();
    line["name"] = match parent {
        Some(parent) => {
            let shown = super::items::as_product(&item.record, Some(&parent.record));
            shown.get("name").clone()
        }
        None => item.record.get("name").clone(),
    };
    line["parent_name"] = parent.map_or(Value::Null, |p| p.record.get("name").clone());
}

fn set_price(line: &mut Value, item: &Item) {
    let quantity = Decimal::from(lines::quantity(line));
    let price = lines::decimal(item.record.get("price"));
    let gross = price.checked_mul(quantity).unwrap_or_default();
    let net = gross / (Decimal::ONE + Decimal::new(TAX_PERCENT, 2));
    let net: Decimal = lines::money(net).parse().unwrap_or_default();
    for (field, amount) in [
        ("subtotal", net),
        ("total", net),
        ("subtotal_tax", gross - net),
        ("total_tax", gross - net),
    ] {
        line[field] = lines::money(amount).into();
    }
}

fn tax_on(net: Decimal) -> Decimal {
    net * Decimal::new(TAX_PERCENT, 2)
}

/// The tax of a line, by rate.
pub fn line_taxes(total: Decimal, subtotal: Decimal) -> Value {
    if total.is_zero() && subtotal.is_zero() {
        return json!([]);
    }
    json!([{ "id": 1, "total": lines::money(total), "subtotal": lines::money(subtotal) }])
}

/// What one unit costs: a number, unlike all other amounts.
pub fn unit_price(total: Decimal, quantity: i64) -> Value {
    if quantity == 0 {
        return json!(0);
    }
    let price = total / Decimal::from(quantity);
    json!(price.round_dp(6).to_f64().unwrap_or_default())
}

/// The tax of an order or refund, by rate.
pub fn tax_lines(products: &[Value], shipping: &[Value], fees: &[Value], ids: &mut Ids) -> Value {
    let goods = lines::sum(products, "total_tax") + lines::sum(fees, "total_tax");
    let shipping = lines::sum(shipping, "total_tax");
    if goods.is_zero() && shipping.is_zero() {
        return json!([]);
    }
    json!([{
        "id": ids.next_line(), "rate_code": "NL-VAT-1", "rate_id": 1, "label": "VAT",
        "compound": false, "tax_total": lines::money(goods),
        "shipping_tax_total": lines::money(shipping), "rate_percent": TAX_PERCENT,
        "meta_data": []
    }])
}

fn sum_up(record: &mut Record, ids: &mut Ids) {
    let [products, shipping, fees] = LISTS.map(|key| record.list(key).to_vec());
    let sum = |list: &[Value], key: &str| lines::sum(list, key);
    let cart_tax = sum(&products, "total_tax") + sum(&fees, "total_tax");
    let (shipping_total, shipping_tax) = (sum(&shipping, "total"), sum(&shipping, "total_tax"));
    let net = sum(&products, "total") + sum(&fees, "total") + shipping_total;
    let total_tax = cart_tax + shipping_tax;
    for (key, amount) in [
        (
            "discount_total",
            sum(&products, "subtotal") - sum(&products, "total"),
        ),
        (
            "discount_tax",
            sum(&products, "subtotal_tax") - sum(&products, "total_tax"),
        ),
        ("shipping_total", shipping_total),
        ("shipping_tax", shipping_tax),
        ("cart_tax", cart_tax),
        ("total_tax", total_tax),
        ("total", net + total_tax),
    ] {
        record.set(key, lines::money(amount));
    }
    let taxes = tax_lines(&products, &shipping, &fees, ids);
    record.set("tax_lines", taxes);
}
