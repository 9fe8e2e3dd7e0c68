//! `/_sandbox/...`: the controls, for whoever runs the sandbox in another process.
//!
//! | call | what it does |
//! |---|---|
//! | `POST faults` | adds a rule, or a list of rules |
//! | `GET faults`, `DELETE faults` | shows the rules in force; takes them away |
//! | `GET counts`, `DELETE counts` | how often the shop was asked what; counts anew |
//! | `GET log` | the last calls |
//! | `POST advance` | `{seconds}` moves the clock |
//! | `POST sell` | `{lines: [{sku, quantity}], status}` makes an order |
//! | `POST order-status` | `{order, status}` |
//! | `POST edit-line` | `{order, line, quantity}`, the line by its place from 0 |
//! | `POST refund` | `{order, lines: [{line, quantity}], restock}` |
//! | `POST stock` | `{sku, quantity}` |
//! | `GET stock?sku=` | the quantity |
//! | `POST trash-order`, `POST delete-order` | `{order}` |
//! | `POST trash-product`, `POST delete-product` | `{product}` |
//! | `GET ups` | what was bought and voided, with the labels |
//! | `POST ups/advance` | `{tracking, stage}` or `{all: true, stage}`: M, I, O, D, X or RS |

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Rule;
use super::services::Services;
use super::ups::Stage;
use super::woocommerce::Refusal;

type Answer = Result<Json<Value>, Failure>;

/// A refusal, as the controls answer it.
pub(super) struct Failure(Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.0.to_value())).into_response()
    }
}

/// The routes below `/_sandbox`.
pub(super) fn router() -> Router<Services> {
    Router::new()
        .route("/faults", get(faults).post(inject).delete(clear_faults))
        .route("/counts", get(counts).delete(forget))
        .route("/log", get(log))
        .route("/advance", post(advance))
        .route("/sell", post(sell))
        .route("/order-status", post(order_status))
        .route("/edit-line", post(edit_line))
        .route("/refund", post(refund))
        .route("/stock", get(quantity).post(set_stock))
        .route("/trash-order", post(trash_order))
        .route("/delete-order", post(delete_order))
        .route("/trash-product", post(trash_product))
        .route("/delete-product", post(delete_product))
        .route("/ups", get(ups))
        .route("/ups/advance", post(advance_parcel))
}

/// One rule, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    Many(Vec<Rule>),
    One(Rule),
}

async fn inject(State(at): State<Services>, Json(rules): Json<Rules>) -> Json<Value> {
    let rules = match rules {
        Rules::Many(rules) => rules,
        Rules::One(rule) => vec![rule],
    };
    for rule in rules {
        at.faults.inject(rule);
    }
    Json(json!({ "pending": at.faults.pending() }))
}

async fn faults(State(at): State<Services>) -> Json<Value> {
    Json(json!({ "pending": at.faults.pending() }))
}

async fn clear_faults(State(at): State<Services>) -> Json<Value> {
    at.faults.clear();
    Json(json!({ "pending": [] }))
}

async fn counts(State(at): State<Services>) -> Json<Value> {
    Json(json!(at.shop.counts()))
}

async fn forget(State(at): State<Services>) -> Json<Value> {
    at.shop.forget_calls();
    Json(json!(at.shop.counts()))
}

async fn log(State(at): State<Services>) -> Json<Value> {
    Json(json!({ "calls": at.shop.log() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

async fn advance(State(at): State<Services>, Json(by): Json<Advance>) -> Json<Value> {
    at.clock.advance(by.seconds);
    Json(json!({ "now": at.clock.now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sale {
    lines: Vec<SkuQuantity>,
    #[serde(default = "processing")]
    status: String,
}

fn processing() -> String {
    "processing".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SkuQuantity {
    sku: String,
    quantity: i64,
}

async fn sell(State(at): State<Services>, Json(sale): Json<Sale>) -> Answer {
    let lines: Vec<(&str, i64)> = sale
        .lines
        .iter()
        .map(|line| (line.sku.as_str(), line.quantity))
        .collect();
    let order = at.shop.sell(&lines, &sale.status)?;
    Ok(Json(json!({ "order": order })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderStatus {
    order: u64,
    status: String,
}

async fn order_status(State(at): State<Services>, Json(to): Json<OrderStatus>) -> Answer {
    at.shop.set_order_status(to.order, &to.status)?;
    Ok(Json(json!({ "order": to.order, "status": to.status })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditLine {
    order: u64,
    line: usize,
    quantity: i64,
}

async fn edit_line(State(at): State<Services>, Json(edit): Json<EditLine>) -> Answer {
    at.shop.edit_line(edit.order, edit.line, edit.quantity)?;
    Ok(Json(json!({ "order": edit.order })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundOf {
    order: u64,
    #[serde(default)]
    lines: Vec<RefundUnits>,
    #[serde(default = "yes")]
    restock: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundUnits {
    line: usize,
    quantity: i64,
}

fn yes() -> bool {
    true
}

async fn refund(State(at): State<Services>, Json(of): Json<RefundOf>) -> Answer {
    let units: Vec<(usize, i64)> = of.lines.iter().map(|l| (l.line, l.quantity)).collect();
    let refund = at.shop.refund(of.order, &units, of.restock)?;
    Ok(Json(json!({ "refund": refund })))
}

async fn set_stock(State(at): State<Services>, Json(to): Json<SkuQuantity>) -> Answer {
    at.shop.set_stock(&to.sku, to.quantity)?;
    Ok(Json(json!({ "sku": to.sku, "quantity": to.quantity })))
}

#[derive(Deserialize)]
struct Sku {
    sku: String,
}

async fn quantity(State(at): State<Services>, Query(of): Query<Sku>) -> Json<Value> {
    Json(json!({ "sku": of.sku, "quantity": at.shop.quantity(&of.sku) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderId {
    order: u64,
}

async fn trash_order(State(at): State<Services>, Json(of): Json<OrderId>) -> Answer {
    at.shop.trash_order(of.order)?;
    Ok(Json(json!({ "order": of.order })))
}

async fn delete_order(State(at): State<Services>, Json(of): Json<OrderId>) -> Answer {
    at.shop.delete_order(of.order)?;
    Ok(Json(json!({ "order": of.order })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductId {
    product: u64,
}

async fn trash_product(State(at): State<Services>, Json(of): Json<ProductId>) -> Answer {
    at.shop.trash_product(of.product)?;
    Ok(Json(json!({ "product": of.product })))
}

async fn delete_product(State(at): State<Services>, Json(of): Json<ProductId>) -> Answer {
    at.shop.delete_product(of.product)?;
    Ok(Json(json!({ "product": of.product })))
}

async fn ups(State(at): State<Services>) -> Json<Value> {
    let counts = at.ups.counts();
    let shipments = at.ups.shipments();
    let labels: Vec<Value> = shipments
        .iter()
        .flat_map(|shipment| shipment.packages.iter().map(move |package| (shipment, package)))
        .map(|(shipment, package)| {
            json!({
                "tracking": package.number,
                "shipment": shipment.id,
                "service": shipment.service,
                "references": package.references.iter().chain(&shipment.references).collect::<Vec<_>>(),
                "to": shipment.to,
                "return": shipment.is_return,
                "voided": package.is_voided(),
                "stage": package.stage(),
                "zpl": package.label,
            })
        })
        .collect();
    Json(json!({
        "bought": counts.bought,
        "voided": counts.voided,
        "calls": counts.by_call,
        "labels": labels,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceParcel {
    #[serde(default)]
    tracking: Option<String>,
    #[serde(default)]
    all: bool,
    stage: Stage,
}

async fn advance_parcel(State(at): State<Services>, Json(to): Json<AdvanceParcel>) -> Answer {
    if to.tracking.is_some() == to.all {
        return Err(Refusal::sandbox("Name one parcel by its tracking number, or all.").into());
    }
    let moved = at.ups.advance(to.tracking.as_deref(), to.stage);
    if moved == 0 {
        return Err(Refusal::sandbox("There is no such parcel.").into());
    }
    Ok(Json(json!({ "moved": moved })))
}
