//! `/products` and `/products/{id}/variations`: list, read, create, change, delete.
//!
//! Both work alike; a [`Scope`] says whose items are meant.

use serde_json::{Value, json};

use super::catalogue::Item;
use super::index::Index;
use super::items;
use super::query::{Listing, Params};
use super::record::{Object, Record};
use super::reply::{Refusal, Reply};
use super::shapes::{self, Field};
use super::state::State;

/// Whose items a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The shop's products.
    Products,
    /// The variations of one product.
    VariationsOf(u64),
}

const FILTERS: [&str; 9] = [
    "sku",
    "slug",
    "status",
    "type",
    "stock_status",
    "parent",
    "featured",
    "on_sale",
    "global_unique_id",
];
const ORDERS: [&str; 10] = [
    "date",
    "id",
    "include",
    "title",
    "slug",
    "modified",
    "menu_order",
    "price",
    "popularity",
    "rating",
];
const STATUSES: [&str; 7] = [
    "any", "future", "trash", "draft", "pending", "private", "publish",
];

impl Scope {
    /// The published shape of an item.
    pub fn shape(self) -> &'static [Field] {
        match self {
            Self::Products => shapes::PRODUCT,
            Self::VariationsOf(_) => shapes::VARIATION,
        }
    }

    /// What a request is told about an id that is not there.
    pub fn unknown(self, status: u16) -> Refusal {
        match self {
            Self::Products => {
                Refusal::new(status, "woocommerce_rest_product_invalid_id", "Invalid ID.")
            }
            Self::VariationsOf(_) => Refusal::new(
                status,
                "woocommerce_rest_product_variation_invalid_id",
                "Invalid ID.",
            ),
        }
    }

    fn holds(self, item: &Item) -> bool {
        match self {
            Self::Products => true,
            Self::VariationsOf(parent) => item.parent == Some(parent),
        }
    }
}

/// A page of a list.
///
/// # Errors
/// A parameter is unknown or out of bounds.
pub fn list(state: &State, scope: Scope, params: Params<'_>) -> Result<Reply, Refusal> {
    let listing = Listing::read(params, &FILTERS, &ORDERS)?;
    let filter = Filter::read(params)?;
    let catalogue = &state.catalogue;
    let skus = params.list("sku");
    // Codes find variations too, which no other list of products shows.
    let chosen: Option<Index> = match (scope, &skus) {
        (Scope::VariationsOf(parent), _) => {
            let is_wanted = |id: &u64| {
                let item = catalogue.get(*id);
                item.is_some_and(|item| item.is_trashed() == (filter.status == Some("trash")))
            };
            let children = catalogue.children(parent).iter().copied();
            let wanted: Vec<u64> = children.filter(is_wanted).collect();
            Some(index_of(state, &wanted))
        }
        (Scope::Products, Some(skus)) => {
            let found: Vec<u64> = skus.iter().filter_map(|s| catalogue.by_sku(s)).collect();
            Some(index_of(state, &found))
        }
        (Scope::Products, None) if filter.status == Some("trash") => {
            let products = catalogue.iter().filter(|item| item.parent.is_none());
            let trashed: Vec<u64> = products.filter(|i| i.is_trashed()).map(|i| i.id).collect();
            Some(index_of(state, &trashed))
        }
        (Scope::Products, None) => None,
    };
    let keep = |id: u64| {
        let item = catalogue.get(id);
        item.is_some_and(|item| {
            filter.keeps(&item.record, listing.search.as_deref(), skus.as_deref())
        })
    };
    let is_open = filter.is_open() && listing.search.is_none() && skus.is_none();
    let keep: Option<&dyn Fn(u64) -> bool> = if is_open { None } else { Some(&keep) };
    let index = chosen.as_ref().unwrap_or(catalogue.listed());
    let (ids, total) = listing.select(index, keep, &|id, order| sort_key(state, id, order));
    let shown: Vec<Shown<'_>> = ids
        .iter()
        .filter_map(|id| catalogue.get(*id))
        .map(|item| Shown::of(state, scope, item))
        .collect();
    let fields = listing.fields.as_ref();
    let views: Vec<_> = shown.iter().map(|s| s.record().view(fields)).collect();
    Ok(Reply::page(&views, total, listing.per_page))
}

/// What a list of products leaves out.
struct Filter<'a> {
    status: Option<&'a str>,
    kind: Option<&'a str>,
    texts: Vec<(&'static str, &'a str)>,
    flags: Vec<(&'static str, bool)>,
    parents: Option<Vec<u64>>,
}

impl<'a> Filter<'a> {
    fn read(params: Params<'a>) -> Result<Self, Refusal> {
        let status = params.get("status");
        if let Some(unknown) = status.filter(|status| !STATUSES.contains(status)) {
            return Err(Refusal::parameter(
                "status",
                &format!("{unknown} is not one of {}.", STATUSES.join(", ")),
            ));
        }
        let texts = ["slug", "stock_status", "global_unique_id"];
        let flags = ["featured", "on_sale"];
        Ok(Self {
            status: status.filter(|status| *status != "any"),
            kind: params.get("type"),
            texts: texts
                .into_iter()
                .filter_map(|key| params.get(key).map(|value| (key, value)))
                .collect(),
            flags: flags
                .into_iter()
                .filter(|key| params.get(key).is_some())
                .map(|key| (key, params.flag(key)))
                .collect(),
            parents: params.ids("parent")?,
        })
    }

    fn is_open(&self) -> bool {
        self.status.is_none()
            && self.kind.is_none()
            && self.texts.is_empty()
            && self.flags.is_empty()
            && self.parents.is_none()
    }

    fn keeps(&self, record: &Record, search: Option<&str>, skus: Option<&[&str]>) -> bool {
        let has = |key: &str, text: &str| record.text(key).to_lowercase().contains(text);
        let parent = record.get("parent_id").as_u64().unwrap_or_default();
        self.status
            .is_none_or(|status| record.text("status") == status)
            && self.kind.is_none_or(|kind| record.text("type") == kind)
            && self
                .texts
                .iter()
                .all(|(key, text)| record.text(key) == *text)
            && self.flags.iter().all(|(key, on)| record.flag(key) == *on)
            && self
                .parents
                .as_ref()
                .is_none_or(|all| all.contains(&parent))
            && search.is_none_or(|text| has("name", text) || has("sku", text))
            && skus.is_none_or(|skus| {
                let own = record.text("sku").to_lowercase();
                skus.iter().any(|sku| sku.to_lowercase() == own)
            })
    }
}

fn index_of(state: &State, ids: &[u64]) -> Index {
    let mut index = Index::default();
    for item in ids.iter().filter_map(|id| state.catalogue.get(*id)) {
        index.add(item.id, item.stamps);
    }
    index
}

fn sort_key(state: &State, id: u64, order: &str) -> String {
    let Some(item) = state.catalogue.get(id) else {
        return String::new();
    };
    let record = &item.record;
    let number = |key: &str| {
        let value = super::lines::decimal(record.get(key));
        format!("{:>24}", super::lines::money(value))
    };
    match order {
        "title" => record.text("name").to_lowercase(),
        "slug" => record.text("slug").to_owned(),
        "price" => number("price"),
        "popularity" => number("total_sales"),
        "rating" => number("average_rating"),
        _ => number("menu_order"),
    }
}

/// An item as it is shown: a variation among products takes a product's form.
enum Shown<'a> {
    AsItIs(&'a Record),
    Made(Box<Record>),
}

impl<'a> Shown<'a> {
    fn of(state: &'a State, scope: Scope, item: &'a Item) -> Self {
        match (scope, item.parent) {
            (Scope::Products, Some(parent)) => {
                let parent = state.catalogue.get(parent).map(|item| &item.record);
                Self::Made(Box::new(items::as_product(&item.record, parent)))
            }
            _ => Self::AsItIs(&item.record),
        }
    }

    fn record(&self) -> &Record {
        match self {
            Self::AsItIs(record) => record,
            Self::Made(record) => record,
        }
    }
}

fn show(state: &State, scope: Scope, id: u64) -> Result<Value, Refusal> {
    let item = state.catalogue.get(id).ok_or_else(|| scope.unknown(404))?;
    let shown = Shown::of(state, scope, item);
    Ok(serde_json::to_value(shown.record().view(None)).unwrap_or_default())
}

/// One item.
///
/// # Errors
/// It is not there: 404.
pub fn get(state: &State, scope: Scope, id: u64, params: Params<'_>) -> Result<Reply, Refusal> {
    params.only(&[])?;
    let item = state
        .catalogue
        .get(id)
        .filter(|item| scope.holds(item))
        .ok_or_else(|| scope.unknown(404))?;
    let shown = Shown::of(state, scope, item);
    Ok(Reply::json(
        200,
        &shown.record().view(params.fields().as_ref()),
    ))
}

/// A new item; answers it whole.
///
/// # Errors
/// The body has another shape, a code is taken, or the variable product is not there.
pub fn create(state: &mut State, scope: Scope, body: &Object) -> Result<Value, Refusal> {
    shapes::check(body, scope.shape())?;
    if body.get("id").is_some_and(|id| !id.is_null()) {
        return Err(Refusal::new(
            400,
            "woocommerce_rest_product_exists",
            "Cannot create existing product.",
        ));
    }
    let parent = match scope {
        Scope::Products => None,
        Scope::VariationsOf(parent) => Some(parent),
    };
    let is_there = |parent: u64| {
        let product = state.catalogue.get(parent);
        product.is_some_and(|item| item.parent.is_none())
    };
    if parent.is_some_and(|parent| !is_there(parent)) {
        return Err(Refusal::new(
            404,
            "woocommerce_rest_product_variation_invalid_parent",
            "Cannot set attributes due to invalid parent product.",
        ));
    }
    let id = state.ids.next_post();
    state.catalogue.insert(Item::new(id, parent, state.now));
    if let Err(refusal) = items::write(state, id, body) {
        state.catalogue.remove(id);
        return Err(refusal);
    }
    if let Some(parent) = parent {
        state.catalogue.note_children(parent);
        super::stock::share_with_children(&mut state.catalogue, parent);
    } else {
        state.catalogue.edit(id, items::name);
    }
    show(state, scope, id)
}

/// Changes an item; answers it whole.
///
/// # Errors
/// The body has another shape, a code is taken, or the item is not there: 400 all.
pub fn update(state: &mut State, scope: Scope, id: u64, body: &Object) -> Result<Value, Refusal> {
    shapes::check(body, scope.shape())?;
    let item = state
        .catalogue
        .get(id)
        .filter(|item| scope.holds(item))
        .ok_or_else(|| scope.unknown(400))?;
    if scope == Scope::Products && item.parent.is_some() {
        return Err(Refusal::new(
            404,
            "woocommerce_rest_invalid_product_id",
            "To manipulate product variations you should use the \
             /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
        ));
    }
    items::write(state, id, body)?;
    show(state, scope, id)
}

/// Puts an item in the trash, or with `force` takes it away; answers what it was.
///
/// # Errors
/// It is not there (404), or in the trash already (410).
pub fn delete(state: &mut State, scope: Scope, id: u64, force: bool) -> Result<Value, Refusal> {
    let item = state
        .catalogue
        .get(id)
        .filter(|item| scope.holds(item))
        .ok_or_else(|| scope.unknown(404))?;
    let (parent, is_trashed) = (item.parent, item.is_trashed());
    let now = state.now;
    if force {
        let was = show(state, scope, id)?;
        state.catalogue.remove(id);
        if let Some(parent) = parent {
            state.catalogue.touch(parent, now);
        }
        return Ok(was);
    }
    if is_trashed {
        return Err(Refusal::new(
            410,
            "woocommerce_rest_already_trashed",
            "The product has already been deleted.",
        ));
    }
    let mut doomed = state.catalogue.children(id).to_vec();
    doomed.push(id);
    for id in doomed {
        state
            .catalogue
            .edit(id, |record| record.set("status", "trash"));
    }
    state.catalogue.touch(id, now);
    show(state, scope, id)
}

/// The two settings that say what an item's weight and size are measured in, and the
/// currency.
///
/// # Errors
/// There is no such setting: 404.
pub fn setting(group: &str, id: &str) -> Result<Reply, Refusal> {
    let (label, value) = match (group, id) {
        ("products", "woocommerce_weight_unit") => ("Weight unit", "kg"),
        ("products", "woocommerce_dimension_unit") => ("Dimensions unit", "cm"),
        ("general", "woocommerce_currency") => ("Currency", "EUR"),
        _ => {
            return Err(Refusal::new(
                404,
                "rest_setting_setting_invalid",
                "Invalid setting.",
            ));
        }
    };
    let setting = json!({
        "id": id, "label": label, "description": "", "type": "select",
        "default": value, "tip": "", "value": value, "group_id": group
    });
    Ok(Reply::json(200, &setting))
}
