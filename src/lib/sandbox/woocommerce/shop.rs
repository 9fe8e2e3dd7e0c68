//! The shop from behind the counter: what customers and the owner do while opsctl looks the
//! other way, and what the shop has been asked. Clones are the same shop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::order_book::unknown;
use super::order_status;
use super::orders;
use super::products::{self, Scope};
use super::record::Object;
use super::reply::{Refusal, Reply};
use super::state::State;
use super::traffic::{Call, Counts, Traffic};
use super::{Request, lines, refunds, stock};
use crate::sandbox::clock::{Clock, machine_seconds};

/// A handle to the shop.
#[derive(Debug, Clone)]
pub struct Shop {
    state: Arc<Mutex<State>>,
    traffic: Arc<Mutex<Traffic>>,
    clock: Clock,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shop {
    /// Opens a shop.
    pub fn new(state: State, clock: Clock) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
            traffic: Arc::default(),
            clock,
        }
    }

    /// The state, at the present moment.
    fn now(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.now = self.clock.now();
        state
    }

    /// Looks at the shop as it is.
    pub fn with_state<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&lock(&self.state))
    }

    /// Gives whatever has a SKU another one, as the shop's owner would.
    ///
    /// # Errors
    /// An unknown SKU, or one that is taken.
    pub fn rename(&self, sku: &str, to: &str) -> Result<(), Refusal> {
        let mut state = self.now();
        let id = find(&state, sku)?;
        let parent = state.catalogue.get(id).and_then(|item| item.parent);
        let scope = parent.map_or(Scope::Products, Scope::VariationsOf);
        products::update(&mut state, scope, id, &object(json!({ "sku": to }))).map(drop)
    }

    /// Answers a request.
    pub fn answer(&self, request: Request<'_>) -> Reply {
        super::answer(&mut self.now(), request, machine_seconds())
    }

    /// Notes a request.
    pub fn note(&self, call: Call) {
        lock(&self.traffic).note(call);
    }

    /// How often the shop was asked what.
    pub fn counts(&self) -> Counts {
        lock(&self.traffic).counts()
    }

    /// The last 10,000 calls, oldest first.
    pub fn log(&self) -> Vec<Call> {
        lock(&self.traffic).log()
    }

    /// Starts counting anew.
    pub fn forget_calls(&self) {
        *lock(&self.traffic) = Traffic::default();
    }

    /// The key and secret that open the shop.
    pub fn credentials(&self) -> (String, String) {
        let state = lock(&self.state);
        (
            state.guard.key().to_owned(),
            state.guard.secret().to_owned(),
        )
    }

    /// Sells: makes an order over SKUs and quantities, and brings it to `status`. The stock
    /// follows the status, below zero if need be. Answers the order's id.
    ///
    /// # Errors
    /// A SKU that the shop does not have, or an unknown status.
    pub fn sell(&self, lines: &[(&str, i64)], status: &str) -> Result<u64, Refusal> {
        let mut state = self.now();
        for (sku, _) in lines {
            find(&state, sku)?;
        }
        let line_items: Vec<Value> = lines
            .iter()
            .map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity }))
            .collect();
        let body = json!({
            "status": status,
            "payment_method": "bacs",
            "payment_method_title": "Bank transfer",
            "billing": buyer(),
            "shipping": {
                "first_name": "Noor", "last_name": "Visser", "address_1": "Kade 12",
                "city": "Haarlem", "postcode": "2011 AB", "country": "NL"
            },
            "line_items": line_items,
        });
        let order = orders::create(&mut state, &object(body))?;
        Ok(order["id"].as_u64().unwrap_or_default())
    }

    /// Brings an order to another status, with what it does to the stock.
    ///
    /// # Errors
    /// An unknown order or status.
    pub fn set_order_status(&self, order: u64, status: &str) -> Result<(), Refusal> {
        let body = object(json!({ "status": status }));
        orders::update(&mut self.now(), order, &body).map(drop)
    }

    /// Gives a line of an order (by its place, from 0) another quantity, and amounts that go
    /// with it; 0 takes the line out.
    ///
    /// # Errors
    /// An unknown order or line.
    pub fn edit_line(&self, order: u64, line: usize, quantity: i64) -> Result<(), Refusal> {
        let mut state = self.now();
        let old = line_of(&state, order, line)?;
        let had = lines::quantity(&old).max(1);
        let scaled = |key: &str| {
            let amount = lines::decimal(&old[key]) * rust_decimal::Decimal::from(quantity);
            lines::money(amount / rust_decimal::Decimal::from(had))
        };
        let body = json!({ "line_items": [{
            "id": old["id"], "quantity": quantity,
            "subtotal": scaled("subtotal"), "total": scaled("total"),
        }]});
        orders::update(&mut state, order, &object(body)).map(drop)
    }

    /// Refunds units of an order's lines (by place, from 0) at their price, putting them back
    /// on the shelf if `restock`. No lines stand for a refund of everything that is left to
    /// pay back, without units. Answers the refund's id.
    ///
    /// # Errors
    /// An unknown order or line, or nothing left to refund.
    pub fn refund(
        &self,
        order: u64,
        units: &[(usize, i64)],
        restock: bool,
    ) -> Result<u64, Refusal> {
        let mut state = self.now();
        if units.is_empty() {
            order_status::set_status(&mut state, order, "refunded")?;
            let now = state.now;
            state.orders.touch(order, now);
            let last = state
                .orders
                .get(order)
                .and_then(|order| order.refunds.last());
            return last.map(|refund| refund.id).ok_or_else(|| unknown(404));
        }
        let mut posted = Vec::new();
        for (place, quantity) in units {
            let line = line_of(&state, order, *place)?;
            let share = rust_decimal::Decimal::from(*quantity)
                / rust_decimal::Decimal::from(lines::quantity(&line).max(1));
            let part = |key: &str| lines::money(lines::decimal(&line[key]) * share);
            posted.push(json!({
                "id": line["id"], "quantity": quantity, "refund_total": part("total"),
                "refund_tax": [{ "id": 1, "refund_total": part("total_tax") }],
            }));
        }
        let body = json!({ "line_items": posted, "api_refund": false, "api_restock": restock });
        let refund = refunds::create(&mut state, order, &object(body))?;
        Ok(refund["id"].as_u64().unwrap_or_default())
    }

    /// Sets the managed stock of whatever has a SKU, as the shop's owner would by hand.
    ///
    /// # Errors
    /// An unknown SKU, or one whose stock the shop does not manage.
    pub fn set_stock(&self, sku: &str, quantity: i64) -> Result<(), Refusal> {
        let mut state = self.now();
        let holder = holder(&state, sku)?.ok_or_else(|| {
            Refusal::sandbox(format!("The shop does not manage the stock of {sku}."))
        })?;
        let now = state.now;
        stock::set(&mut state.catalogue, holder, quantity, now);
        Ok(())
    }

    /// Puts an order in the trash.
    ///
    /// # Errors
    /// An unknown order, or one in the trash already.
    pub fn trash_order(&self, order: u64) -> Result<(), Refusal> {
        orders::delete(&mut self.now(), order, false).map(drop)
    }

    /// Deletes an order for good.
    ///
    /// # Errors
    /// An unknown order.
    pub fn delete_order(&self, order: u64) -> Result<(), Refusal> {
        orders::delete(&mut self.now(), order, true).map(drop)
    }

    /// Puts a product, with its variations, in the trash.
    ///
    /// # Errors
    /// An unknown product, or one in the trash already.
    pub fn trash_product(&self, product: u64) -> Result<(), Refusal> {
        products::delete(&mut self.now(), Scope::Products, product, false).map(drop)
    }

    /// Deletes a product, with its variations, or a variation, for good.
    ///
    /// # Errors
    /// An unknown product.
    pub fn delete_product(&self, product: u64) -> Result<(), Refusal> {
        products::delete(&mut self.now(), Scope::Products, product, true).map(drop)
    }

    /// Who has a SKU.
    pub fn id_of(&self, sku: &str) -> Option<u64> {
        lock(&self.state).catalogue.by_sku(sku)
    }

    /// The stock of a SKU; `None` for one that is unknown or unmanaged.
    pub fn quantity(&self, sku: &str) -> Option<i64> {
        let state = lock(&self.state);
        let id = state.catalogue.by_sku(sku)?;
        state.catalogue.get(id)?.record.int("stock_quantity")
    }

    /// SKUs in the order of their ids, of everything whose stock the shop manages: for a
    /// variation, also by way of its product.
    pub fn managed_skus(&self) -> Vec<String> {
        let state = lock(&self.state);
        let is_managed = |value: &Value| value == true || value.is_string();
        state
            .catalogue
            .iter()
            .filter(|item| !item.is_trashed() && item.record.text("type") != "variable")
            .filter(|item| is_managed(item.record.get("manage_stock")))
            .map(|item| item.record.text("sku").to_owned())
            .filter(|sku| !sku.is_empty())
            .collect()
    }

    /// An item as the API would show it.
    pub fn product(&self, id: u64) -> Option<Value> {
        let state = lock(&self.state);
        let record = &state.catalogue.get(id)?.record;
        serde_json::to_value(record.view(None)).ok()
    }

    /// The texts of an order's notes, oldest first.
    pub fn notes(&self, order: u64) -> Vec<String> {
        self.with_state(|state| {
            let notes = state.orders.get(order).map(|order| &order.notes);
            let text = |note: &Value| note["note"].as_str().unwrap_or_default().to_owned();
            notes.map_or_else(Vec::new, |notes| notes.iter().map(text).collect())
        })
    }

    /// An order as the API would show it.
    pub fn order(&self, id: u64) -> Option<Value> {
        let state = lock(&self.state);
        let record = &state.orders.get(id)?.record;
        serde_json::to_value(record.view(None)).ok()
    }

    /// The ids of all orders, also of those in the trash.
    pub fn order_ids(&self) -> Vec<u64> {
        lock(&self.state)
            .orders
            .iter()
            .map(|order| order.id)
            .collect()
    }

    /// How many products, variations and orders there are.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let state = lock(&self.state);
        let (variations, products): (Vec<_>, Vec<_>) = state
            .catalogue
            .iter()
            .partition(|item| item.parent.is_some());
        (
            products.len(),
            variations.len(),
            state.orders.iter().count(),
        )
    }
}

fn buyer() -> Value {
    json!({
        "first_name": "Noor", "last_name": "Visser", "address_1": "Kade 12", "city": "Haarlem",
        "postcode": "2011 AB", "country": "NL", "email": "noor@customer.test",
        "phone": "+31201234567"
    })
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn find(state: &State, sku: &str) -> Result<u64, Refusal> {
    state
        .catalogue
        .by_sku(sku)
        .ok_or_else(|| Refusal::sandbox(format!("The shop has nothing with the SKU {sku}.")))
}

/// The item that keeps the stock of a SKU.
fn holder(state: &State, sku: &str) -> Result<Option<u64>, Refusal> {
    let id = find(state, sku)?;
    let line = json!({ "product_id": id, "variation_id": 0 });
    Ok(stock::holder(&state.catalogue, &line))
}

fn line_of(state: &State, order: u64, place: usize) -> Result<Value, Refusal> {
    let order = state.orders.get(order).ok_or_else(|| unknown(404))?;
    let line = order.record.list("line_items").get(place);
    line.cloned()
        .ok_or_else(|| Refusal::sandbox(format!("Order {} has no line {place}.", order.id)))
}
