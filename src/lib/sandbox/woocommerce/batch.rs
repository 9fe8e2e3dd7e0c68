//! `/products/batch`, `/products/{id}/variations/batch`, `/orders/batch`: up to 100 items in
//! one request. Each item fails by itself; the batch as a whole answers 200.

use serde_json::{Value, json};

use super::orders;
use super::products::{self, Scope};
use super::record::Object;
use super::reply::Refusal;
use super::shapes::{self, whole};
use super::state::State;

/// The most items in one request.
const MOST: usize = 100;

type Outcome = Result<Value, Refusal>;

/// A batch over products or variations.
///
/// # Errors
/// More than 100 items (413), or another shape.
pub fn items(state: &mut State, scope: Scope, body: &Object) -> Outcome {
    run(body, |step| match step {
        Step::Create(item) => products::create(state, scope, item),
        Step::Update(id, item) => products::update(state, scope, id, item),
        Step::Delete(id) => products::delete(state, scope, id, true),
    })
}

/// A batch over orders.
///
/// # Errors
/// More than 100 items (413), or another shape.
pub fn orders(state: &mut State, body: &Object) -> Outcome {
    run(body, |step| match step {
        Step::Create(item) => orders::create(state, item),
        Step::Update(id, item) => orders::update(state, id, item),
        Step::Delete(id) => orders::delete(state, id, true),
    })
}

enum Step<'a> {
    Create(&'a Object),
    Update(u64, &'a Object),
    Delete(u64),
}

fn run(body: &Object, mut act: impl FnMut(Step<'_>) -> Outcome) -> Outcome {
    shapes::check(body, shapes::BATCH)?;
    let list = |key: &str| body.get(key).and_then(Value::as_array);
    let total: usize = ["create", "update", "delete"]
        .into_iter()
        .filter_map(|key| list(key).map(Vec::len))
        .sum();
    if total > MOST {
        return Err(Refusal::new(
            413,
            "woocommerce_rest_request_entity_too_large",
            format!("Unable to accept more than {MOST} items for this request."),
        ));
    }
    let mut answer = Object::new();
    for key in ["create", "update", "delete"] {
        let Some(items) = list(key) else { continue };
        let mut done = Vec::new();
        for item in items {
            let id = match key {
                "create" => 0,
                "update" => whole(&item["id"]).unwrap_or_default() as u64,
                _ => whole(item).unwrap_or_default() as u64,
            };
            let outcome = match (key, item.as_object()) {
                ("create", Some(item)) => act(Step::Create(item)),
                ("update", Some(item)) => act(Step::Update(id, item)),
                ("delete", _) => act(Step::Delete(id)),
                _ => Err(Refusal::sandbox("An item of a batch is a JSON object.")),
            };
            done.push(
                outcome.unwrap_or_else(|refusal| json!({ "id": id, "error": refusal.to_value() })),
            );
        }
        answer.insert(key.to_owned(), Value::Array(done));
    }
    Ok(Value::Object(answer))
}
