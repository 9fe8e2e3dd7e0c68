//! The shop's orders, each with its refunds and notes, and the order in which they are
//! listed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::catalogue::{read_id, read_stamps};
use super::index::{Index, Stamps};
use super::record::{Kind, Object, Record};
use super::reply::Refusal;
use super::{dates, effect, lines};

/// An order with what belongs to it.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub id: u64,
    /// When it was made and last changed.
    pub stamps: Stamps,
    /// What the API shows.
    pub record: Record,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its notes, oldest first.
    pub notes: Vec<Value>,
    /// Whether it has taken its units off the stock.
    pub stock_reduced: bool,
}

impl Order {
    /// An order as a dump has it. The flag that it holds stock is not in a dump; its status
    /// and its lines tell.
    ///
    /// # Errors
    /// No id or no dates; the text says which.
    pub fn from_object(object: Object) -> Result<Self, String> {
        let id = read_id(&object)?;
        let stamps = read_stamps(&object)?;
        let record = Record::from_object(Kind::Order, object);
        let has_taken = |line: &Value| lines::meta_int(line, "_reduced_stock").is_some();
        let stock_reduced = record.list("line_items").iter().any(has_taken)
            || effect::of(record.text("status")) == effect::Effect::Take
            || record.text("status") == "refunded";
        Ok(Self {
            id,
            stamps,
            record,
            refunds: Vec::new(),
            notes: Vec::new(),
            stock_reduced,
        })
    }

    /// Whether it lies in the trash.
    pub fn is_trashed(&self) -> bool {
        self.record.text("status") == "trash"
    }
}

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
    /// A reference to it, as the order lists it.
    pub fn entry(&self) -> Value {
        let amount = lines::decimal(self.record.get("amount"));
        json!({
            "id": self.id,
            "reason": self.record.text("reason"),
            "total": lines::money(-amount),
        })
    }
}

/// All orders.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    all: BTreeMap<u64, Order>,
    /// Orders outside the trash.
    listed: Index,
}

impl Orders {
    /// An order, also one in the trash.
    pub fn get(&self, id: u64) -> Option<&Order> {
        self.all.get(&id)
    }

    /// All orders in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.all.values()
    }

    /// The orders that lists show.
    pub fn listed(&self) -> &Index {
        &self.listed
    }

    /// An order to change; its status and dates change through [`Orders`] alone.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Order> {
        self.all.get_mut(&id)
    }

    /// Adds an order.
    pub fn insert(&mut self, order: Order) {
        if !order.is_trashed() {
            self.listed.add(order.id, order.stamps);
        }
        self.all.insert(order.id, order);
    }

    /// Takes an order away.
    pub fn remove(&mut self, id: u64) {
        self.all.remove(&id);
        self.listed.remove(id);
    }

    /// Dates an order's change.
    pub fn touch(&mut self, id: u64, now: i64) {
        if let Some(order) = self.all.get_mut(&id) {
            self.listed.modify(id, now);
            order.stamps.modified = now;
            set_date(&mut order.record, "date_modified", now);
        }
    }

    /// Writes a status, and lists the order accordingly.
    pub fn write_status(&mut self, id: u64, status: &str) {
        if let Some(order) = self.all.get_mut(&id) {
            order.record.set("status", status);
            if order.is_trashed() {
                self.listed.remove(id);
            } else {
                self.listed.add(id, order.stamps);
            }
        }
    }
}

/// What a request is told about an order that is not there.
pub fn unknown(status: u16) -> Refusal {
    Refusal::new(
        status,
        "woocommerce_rest_shop_order_invalid_id",
        "Invalid ID.",
    )
}

/// Sets a date and its GMT twin.
pub fn set_date(record: &mut Record, key: &str, at: i64) {
    record.set(key, dates::local(at));
    record.set(&format!("{key}_gmt"), dates::gmt(at));
}
