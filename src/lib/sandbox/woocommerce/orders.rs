//! `/orders`: list, read, create, change, delete. What reaching a status entails is beside it,
//! in `order_status`.

use serde_json::Value;

use super::index::{Index, Stamps};
use super::lines;
use super::order_book::{Order, set_date, unknown};
use super::order_lines;
use super::order_status::{set_status, settle};
use super::query::{Listing, Params};
use super::record::{Kind, Object, Record};
use super::reply::{Refusal, Reply};
use super::shapes::{self, flag};
use super::state::State;

const FILTERS: [&str; 4] = ["status", "customer", "product", "dp"];
const ORDERS: [&str; 6] = ["date", "id", "include", "title", "slug", "modified"];

/// A page of orders. `status=any`, the default, leaves out the trash.
///
/// # Errors
/// A parameter is unknown or out of bounds.
pub fn list(state: &State, params: Params<'_>) -> Result<Reply, Refusal> {
    let listing = Listing::read(params, &FILTERS, &ORDERS)?;
    let orders = &state.orders;
    let statuses = wanted_statuses(state, params)?;
    let customer = params.ids("customer")?;
    let product = params.ids("product")?;
    let keep = |id: u64| {
        let Some(order) = orders.get(id) else {
            return false;
        };
        let record = &order.record;
        let is_of = |line: &Value, ids: &[u64]| {
            let has = |key: &str| line[key].as_u64().is_some_and(|id| ids.contains(&id));
            has("product_id") || has("variation_id")
        };
        let customer_id = record.get("customer_id").as_u64().unwrap_or_default();
        statuses
            .as_ref()
            .is_none_or(|all| all.contains(&record.text("status")))
            && customer
                .as_ref()
                .is_none_or(|ids| ids.contains(&customer_id))
            && product.as_ref().is_none_or(|ids| {
                record
                    .list("line_items")
                    .iter()
                    .any(|line| is_of(line, ids))
            })
            && listing
                .search
                .as_deref()
                .is_none_or(|text| mentions(record, text))
    };
    let is_open =
        statuses.is_none() && customer.is_none() && product.is_none() && listing.search.is_none();
    let keep: Option<&dyn Fn(u64) -> bool> = if is_open { None } else { Some(&keep) };
    let with_trash = statuses.as_ref().is_some_and(|all| all.contains(&"trash"));
    let mut everything = Index::default();
    if with_trash {
        for order in orders.iter() {
            everything.add(order.id, order.stamps);
        }
    }
    let index = if with_trash {
        &everything
    } else {
        orders.listed()
    };
    let (ids, total) = listing.select(index, keep, &|id, _| format!("{id:>20}"));
    let views: Vec<_> = ids
        .iter()
        .filter_map(|id| orders.get(*id))
        .map(|order| order.record.view(listing.fields.as_ref()))
        .collect();
    Ok(Reply::page(&views, total, listing.per_page))
}

/// The statuses asked for; `None` for all but the trash.
fn wanted_statuses<'a>(state: &State, params: Params<'a>) -> Result<Option<Vec<&'a str>>, Refusal> {
    let Some(statuses) = params.list("status") else {
        return Ok(None);
    };
    let is_known = |status: &str| {
        matches!(status, "any" | "trash" | "auto-draft" | "checkout-draft")
            || state.statuses.contains(status)
    };
    if let Some(unknown) = statuses.iter().find(|status| !is_known(status)) {
        let why = format!("status[0] is not a status of this shop: {unknown}");
        return Err(Refusal::parameter("status", &why));
    }
    Ok((!statuses.contains(&"any")).then_some(statuses))
}

fn mentions(record: &Record, text: &str) -> bool {
    let billing = record.get("billing");
    ["first_name", "last_name", "company", "email"]
        .iter()
        .filter_map(|key| billing[key].as_str())
        .chain([record.text("number")])
        .any(|value| value.to_lowercase().contains(text))
}

/// One order.
///
/// # Errors
/// It is not there: 404.
pub fn get(state: &State, id: u64, params: Params<'_>) -> Result<Reply, Refusal> {
    params.only(&["dp"])?;
    let order = state.orders.get(id).ok_or_else(|| unknown(404))?;
    Ok(Reply::json(
        200,
        &order.record.view(params.fields().as_ref()),
    ))
}

fn show(state: &State, id: u64) -> Result<Value, Refusal> {
    let order = state.orders.get(id).ok_or_else(|| unknown(404))?;
    Ok(serde_json::to_value(order.record.view(None)).unwrap_or_default())
}

/// A new order; answers it whole.
///
/// # Errors
/// The body has another shape, names an unknown status, or a line refers to nothing.
pub fn create(state: &mut State, body: &Object) -> Result<Value, Refusal> {
    verify(state, None, body)?;
    let (now, id) = (state.now, state.ids.next_post());
    let mut record = Record::new(Kind::Order);
    record.set("id", id);
    record.set("number", id.to_string());
    let key = format!("wc_order_{id:013}");
    let payment_url =
        format!("https://shop.test/checkout/order-pay/{id}/?pay_for_order=true&key={key}");
    record.set("order_key", key);
    record.set("payment_url", payment_url);
    for date in ["date_created", "date_modified"] {
        set_date(&mut record, date, now);
    }
    let stamps = Stamps {
        created: now,
        modified: now,
    };
    state.orders.insert(Order {
        id,
        stamps,
        record,
        refunds: Vec::new(),
        notes: Vec::new(),
        stock_reduced: false,
    });
    write(state, id, body)?;
    show(state, id)
}

/// Changes an order, and dates the change even where there is none; answers it whole.
///
/// # Errors
/// As for [`create`]; an unknown order is a 400.
pub fn update(state: &mut State, id: u64, body: &Object) -> Result<Value, Refusal> {
    let order = state.orders.get(id).ok_or_else(|| unknown(400))?;
    verify(state, Some(order), body)?;
    write(state, id, body)?;
    state.orders.touch(id, state.now);
    show(state, id)
}

fn verify(state: &State, order: Option<&Order>, body: &Object) -> Result<(), Refusal> {
    shapes::check(body, shapes::ORDER)?;
    if let Some(status) = body.get("status").and_then(Value::as_str)
        && !state.statuses.contains(status)
    {
        let known: Vec<&str> = state.statuses.iter().map(String::as_str).collect();
        let why = format!("status is not one of {}.", known.join(", "));
        return Err(Refusal::parameter("status", &why));
    }
    order_lines::verify(order.map(|order| &order.record), body)
}

const PLAIN: [&str; 6] = [
    "currency",
    "customer_id",
    "customer_note",
    "payment_method",
    "payment_method_title",
    "transaction_id",
];

fn write(state: &mut State, id: u64, body: &Object) -> Result<(), Refusal> {
    let State {
        orders,
        ids,
        catalogue,
        now,
        ..
    } = state;
    let order = orders.get_mut(id).ok_or_else(|| unknown(400))?;
    for key in PLAIN {
        if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
            order.record.set(key, value.clone());
        }
    }
    for key in ["billing", "shipping"] {
        if let Some(given) = body.get(key).and_then(Value::as_object) {
            let mut address = order.record.get(key).clone();
            for (field, value) in given {
                address[field.as_str()] = value.clone();
            }
            order.record.set(key, address);
        }
    }
    if let Some(given) = body.get("meta_data").and_then(Value::as_array) {
        order.record.edit_list("meta_data", |metas| {
            lines::merge_meta(metas, given, false, &mut ids.meta);
        });
    }
    order_lines::write(order, catalogue, ids, body, *now);
    let status = body
        .get("status")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let is_paid = body.get("set_paid").is_some_and(flag);
    match status {
        Some(status) => set_status(state, id, &status)?,
        None if is_paid => set_status(state, id, "processing")?,
        None => {}
    }
    settle(state, id);
    Ok(())
}

/// Puts an order in the trash, or with `force` takes it away; the stock stays as it is.
/// Answers what it was.
///
/// # Errors
/// It is not there (404), or in the trash already (410).
pub fn delete(state: &mut State, id: u64, force: bool) -> Result<Value, Refusal> {
    let order = state.orders.get(id).ok_or_else(|| unknown(404))?;
    let is_trashed = order.is_trashed();
    if force {
        let was = show(state, id)?;
        state.orders.remove(id);
        return Ok(was);
    }
    if is_trashed {
        return Err(Refusal::new(
            410,
            "woocommerce_rest_already_trashed",
            "The order has already been deleted.",
        ));
    }
    state.orders.write_status(id, "trash");
    state.orders.touch(id, state.now);
    show(state, id)
}
