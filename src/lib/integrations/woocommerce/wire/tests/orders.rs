//! Orders and refunds.

use serde_json::{Value, json};

use super::{eur, raw, with};
use crate::domain::order::{Address, Payment, RefundLine, ShopLine, ShopOrder};
use crate::domain::time::UtcMs;
use crate::integrations::woocommerce::wire::{order, refund};

pub fn order_json() -> Value {
    json!({
        "id": 3057, "number": "WEB-3057", "status": "processing", "currency": "EUR",
        "date_created_gmt": "2026-07-27T10:20:59", "date_modified_gmt": "2026-07-27T11:19:16",
        "date_completed_gmt": null, "date_paid_gmt": "2026-07-27T10:21:00",
        "billing": {"first_name": "Bram", "last_name": "O'Neill", "company": "",
            "address_1": "Straat 49", "address_2": "", "city": "Utrecht", "state": "",
            "postcode": "3511AA", "country": "NL", "email": "buyer0@shop.test",
            "phone": "+31612345678"},
        "shipping": {"first_name": "Céline", "last_name": "", "company": "Bloom",
            "address_1": "Kade 1", "address_2": "", "city": "Antwerpen", "state": "",
            "postcode": "2000", "country": "BE", "phone": ""},
        "customer_note": "Graag bij de buren", "payment_method": "mollie_ideal",
        "payment_method_title": "iDEAL", "transaction_id": "tr_00000",
        "shipping_total": "4.09", "total_tax": "113.68", "total": "655.01",
        "line_items": [
            {"id": 5, "name": "Crème basket", "product_id": 1009, "variation_id": 0,
             "quantity": 1, "total": "201.966942", "total_tax": "42.41", "sku": "SKU-00853",
             "price": 201.966_942,
             "meta_data": [{"id": 92, "key": "_reduced_stock", "value": "1"}]},
            {"id": 8, "name": "Oak T-shirt - Navy, L", "product_id": 2143, "variation_id": 2957,
             "quantity": 2, "total": "44.93", "total_tax": "9.44", "sku": "",
             "meta_data": [{"id": 70, "key": "pa_size", "value": "l"},
                           {"id": 94, "key": "_reduced_stock", "value": 2}]},
            {"id": 9, "name": "Gone", "product_id": 0, "variation_id": 0, "quantity": 1,
             "total": "0.00", "total_tax": "0.00", "sku": null, "meta_data": []}
        ],
        "refunds": [{"id": 3061, "reason": "Retour", "total": "-262.83"}]
    })
}

pub fn refund_json() -> Value {
    json!({
        "id": 3061, "amount": "262.83", "reason": "Eén stuk retour",
        "date_created_gmt": "2026-11-24T00:35:39",
        "line_items": [
            {"id": 25, "quantity": -1, "total": "-217.21", "total_tax": "-45.62",
             "meta_data": [{"id": 194, "key": "_refunded_item_id", "value": "22"}]},
            {"id": 26, "quantity": 0, "total": "-5.00", "total_tax": "0.00",
             "meta_data": [{"id": 195, "key": "_refunded_item_id", "value": "23"}]}
        ]
    })
}

#[test]
fn an_order_is_read_whole() {
    let order: ShopOrder = order(&raw(&order_json())).unwrap();
    let at = |text: &str| UtcMs::parse(text).unwrap();
    assert_eq!(order.external_id, "3057");
    assert_eq!(order.number, "WEB-3057");
    assert_eq!(order.placed_at, at("2026-07-27T10:20:59Z"));
    assert_eq!(order.modified_at, at("2026-07-27T11:19:16Z"));
    assert_eq!(order.completed_at, None);
    assert_eq!(order.customer, "Bram O'Neill");
    assert_eq!(
        order.ship_to,
        Address {
            name: "Céline".to_owned(),
            company: "Bloom".to_owned(),
            line1: "Kade 1".to_owned(),
            city: "Antwerpen".to_owned(),
            postcode: "2000".to_owned(),
            country: "BE".to_owned(),
            phone: "+31612345678".to_owned(),
            ..Address::default()
        }
    );
    assert_eq!(
        (order.shipping_minor, order.tax_minor, order.total_minor),
        (409, 11368, 65501)
    );
    assert_eq!(
        order.payments,
        [Payment {
            external_id: "tr_00000".to_owned(),
            method: "mollie_ideal".to_owned(),
            amount_minor: 65501,
            paid_at: at("2026-07-27T10:21:00Z"),
        }]
    );
    assert_eq!(order.refund_ids, ["3061"]);
    assert_eq!(
        order.lines[0],
        ShopLine {
            external_id: "5".to_owned(),
            item_external_id: Some("1009".to_owned()),
            sku: Some("SKU-00853".to_owned()),
            title: "Crème basket".to_owned(),
            quantity: 1,
            total_minor: 20197,
            tax_minor: 4241,
            reduced_stock: 1,
        }
    );
    let second = &order.lines[1];
    assert_eq!(second.item_external_id.as_deref(), Some("2957"));
    assert_eq!((second.reduced_stock, &second.sku), (2, &None));
    assert_eq!(order.lines[2].item_external_id, None);
}

#[test]
fn an_order_without_a_shipping_address_goes_to_the_billing_address() {
    let bare = with(
        order_json(),
        "/shipping",
        json!({"first_name": "", "country": "NL"}),
    );
    let order = order(&raw(&bare)).unwrap();
    assert_eq!(order.ship_to.line1, "Straat 49");
    assert_eq!(order.ship_to.name, "Bram O'Neill");
}

#[test]
fn an_unpaid_order_has_no_payment_and_a_prefixed_status_loses_its_prefix() {
    let unpaid = with(order_json(), "/date_paid_gmt", json!(null));
    let unpaid = with(unpaid, "/status", json!("wc-picking"));
    let order = order(&raw(&unpaid)).unwrap();
    assert!(order.payments.is_empty());
    assert_eq!(order.status, "picking");
}

#[test]
fn amounts_follow_the_orders_currency() {
    let yen = with(order_json(), "/currency", json!("JPY"));
    assert_eq!(order(&raw(&yen)).unwrap().total_minor, 655);
    let dinar = with(order_json(), "/currency", json!("KWD"));
    assert_eq!(order(&raw(&dinar)).unwrap().lines[0].total_minor, 201_967);
}

#[test]
fn a_broken_order_is_refused_by_the_name_of_its_field() {
    for (pointer, value, reason) in [
        (
            "/total",
            json!("free"),
            "total: \"free\" is not a decimal amount",
        ),
        (
            "/total",
            json!("1e9"),
            "total: \"1e9\" is not a decimal amount",
        ),
        (
            "/total",
            json!("99999999999999.00"),
            "total: 99999999999999.00 is not a plausible amount",
        ),
        (
            "/currency",
            json!("euro"),
            "currency: \"euro\" is not a currency code of three capital letters",
        ),
        (
            "/billing",
            json!(null),
            "billing: invalid type: null, expected struct Party",
        ),
        (
            "/line_items/1/quantity",
            json!(1.5),
            "line_items[1].quantity: 1.5 is not a whole number",
        ),
        (
            "/line_items/1/quantity",
            json!(-1),
            "line_items[1].quantity: -1 is negative",
        ),
        (
            "/line_items/0/meta_data/0/value",
            json!("many"),
            "line_items[0].meta_data._reduced_stock: \"many\" is not a plausible quantity",
        ),
        (
            "/line_items",
            json!(null),
            "line_items: invalid type: null, expected a sequence",
        ),
    ] {
        let broken = with(order_json(), pointer, value);
        assert_eq!(order(&raw(&broken)), Err(reason.to_owned()));
    }
}

#[test]
fn a_refund_names_the_units_it_takes_back() {
    let one = refund(&raw(&refund_json()), eur()).unwrap();
    assert_eq!(
        (one.amount_minor, one.reason.as_str()),
        (26283, "Eén stuk retour")
    );
    assert_eq!(
        one.lines,
        [RefundLine {
            line_external_id: "22".to_owned(),
            quantity: 1,
            amount_minor: 21721,
        }]
    );
}
