//! What a shop sends, as seen on a WooCommerce 10.0.2, and as nobody hopes to see it.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::catalogue::{ItemKind, ShopItem, ShopStock};
use crate::domain::money::Currency;
use crate::domain::order::{Address, Payment, RefundLine, ShopLine, ShopOrder};
use crate::domain::time::UtcMs;

const UNITS: Units = Units {
    grams: Decimal::ONE_THOUSAND,
    millimetres: Decimal::TEN,
};

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

/// A document with one field, by its JSON pointer, set to something else.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    *document.pointer_mut(pointer).unwrap() = value;
    document
}

fn product() -> Value {
    json!({
        "id": 157, "parent_id": 0, "type": "simple", "status": "publish",
        "sku": " SKU-00001 ", "name": "Coffee &amp; tea &#8211; 3&quot; &unknown; & more",
        "global_unique_id": "8712340000016", "manage_stock": true, "stock_quantity": 75,
        "weight": "2.3075",
        "dimensions": {"length": "10", "width": "2.54", "height": "0.04"},
        "brands": [{"id": 3, "name": "Bloom &amp; Co", "slug": "bloom"}],
        "meta_data": [{"id": 1, "key": "_ean", "value": "8712990000039"}],
        "date_created_gmt": "2026-11-24T00:30:16", "date_modified_gmt": "2026-11-24T00:39:07"
    })
}

fn order_json() -> Value {
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

fn refund_json() -> Value {
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
fn a_product_is_read_in_our_units() {
    let item = item(&raw(&product()), UNITS).unwrap();
    assert_eq!(
        item,
        ShopItem {
            external_id: "157".to_owned(),
            parent_external_id: None,
            kind: ItemKind::Simple,
            sku: Some("SKU-00001".to_owned()),
            title: "Coffee & tea – 3\" &unknown; & more".to_owned(),
            brand: Some("Bloom & Co".to_owned()),
            weight_g: Some(2308),
            dimensions_mm: None,
            gtin: Some("8712340000016".to_owned()),
            stock: ShopStock::Managed(75),
            status: "publish".to_owned(),
            modified_at: UtcMs::parse("2026-11-24T00:39:07Z").unwrap(),
        }
    );
}

#[test]
fn measures_are_rounded_half_up_and_never_refuse_a_product() {
    let sized = with(product(), "/dimensions/height", json!("0.05"));
    assert_eq!(
        item(&raw(&sized), UNITS).unwrap().dimensions_mm,
        Some([100, 25, 1])
    );
    for nonsense in [
        json!(""),
        json!("heavy"),
        json!("2,5"),
        json!(null),
        json!([1]),
        json!("-1"),
        json!("0"),
        json!(1e300),
        json!("99999999999999999999999999999"),
    ] {
        let odd = with(product(), "/weight", nonsense);
        assert_eq!(item(&raw(&odd), UNITS).unwrap().weight_g, None);
    }
    let flat = with(product(), "/dimensions", json!(null));
    assert_eq!(item(&raw(&flat), UNITS).unwrap().dimensions_mm, None);
}

#[test]
fn a_barcode_number_is_looked_for_where_plugins_put_it() {
    let bare = with(product(), "/global_unique_id", json!(""));
    assert_eq!(
        item(&raw(&bare), UNITS).unwrap().gtin.as_deref(),
        Some("8712990000039")
    );
    let none = with(
        bare,
        "/meta_data",
        json!([{"key": "_ean", "value": {"a": 1}}]),
    );
    assert_eq!(item(&raw(&none), UNITS).unwrap().gtin, None);
}

#[test]
fn stock_is_unmanaged_managed_or_the_parents() {
    let stock = |manage: Value, quantity: Value| {
        let one = with(product(), "/manage_stock", manage);
        let one = with(one, "/stock_quantity", quantity);
        super::quantity(&raw(&one)).map(|quantity| quantity.stock)
    };
    assert_eq!(stock(json!(false), json!(null)), Ok(ShopStock::Unmanaged));
    assert_eq!(stock(json!("parent"), json!(7)), Ok(ShopStock::ByParent));
    assert_eq!(stock(json!(true), json!(-3)), Ok(ShopStock::Managed(-3)));
    assert_eq!(stock(json!(true), json!("4.0")), Ok(ShopStock::Managed(4)));
    for (quantity, reason) in [
        (json!(2.5), "stock_quantity: 2.5 is not a whole number"),
        (
            json!(1e30),
            "stock_quantity: 1e+30 is not a plausible quantity",
        ),
        (
            json!(9_999_999_999_i64),
            "stock_quantity: 9999999999 is not a plausible quantity",
        ),
        (json!(null), "stock_quantity: null is not a quantity"),
        (json!({}), "stock_quantity: an object is not a quantity"),
    ] {
        assert_eq!(stock(json!(true), quantity), Err(reason.to_owned()));
    }
    assert!(
        stock(json!("yes"), json!(1))
            .unwrap_err()
            .starts_with("manage_stock: ")
    );
}

#[test]
fn a_variation_is_titled_with_its_parent() {
    let variation_json = with(product(), "/name", json!("Navy, L"));
    let one = variation(&raw(&variation_json), "2037", "Oak T-shirt", UNITS).unwrap();
    assert_eq!(one.title, "Oak T-shirt - Navy, L");
    assert_eq!(one.kind, ItemKind::Variation);
    assert_eq!(one.parent_external_id.as_deref(), Some("2037"));
}

#[test]
fn a_broken_element_never_spoils_the_page() {
    let page = format!(
        r#"[{}, {}, {}, {{"id": 12, "manage_stock": true, "stock_quantity": 1e999}}, 7, {}]"#,
        product(),
        with(product(), "/id", json!(null)),
        with(product(), "/sku", json!({"oh": "no"})),
        with(product(), "/date_modified_gmt", json!("yesterday\u{1b}[2J")),
    );
    let elements: Vec<Box<RawValue>> = serde_json::from_str(&page).unwrap();
    let mut listing = Listing::default();
    listing.extend(&elements, |element| item(element, UNITS));
    assert_eq!(listing.items.len(), 1);
    let rejected: Vec<(Option<&str>, &str)> = listing
        .rejected
        .iter()
        .map(|one| (one.external_id.as_deref(), one.reason.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            (None, "id: null is not an id"),
            (Some("157"), "sku: an object is not text"),
            (Some("12"), "stock_quantity: number out of range"),
            (None, "invalid type: integer `7`, expected struct Item"),
            (
                Some("157"),
                r#"date_modified_gmt: "yesterday\u{1b}[2J" is not a time"#
            ),
        ]
    );
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

#[test]
fn a_batch_answers_item_by_item() {
    let read = |value: Value| pushed(&raw(&value)).map(|item| item.outcome);
    let done = json!({"id": 1, "manage_stock": true, "stock_quantity": 4});
    assert_eq!(read(done), Ok(Ok(4)));
    let gone =
        json!({"id": 2, "error": {"code": "x_invalid_id", "message": "Invalid ID.", "data": 500}});
    assert_eq!(read(gone), Ok(Err("Invalid ID. (x_invalid_id)".to_owned())));
    let unmanaged = json!({"id": 3, "manage_stock": false, "stock_quantity": null});
    assert!(read(unmanaged).unwrap().is_err());
}

/// Any JSON, nested a little.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.e&;#x-]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A real document in which up to four values, anywhere, are something else.
fn damaged(document: Value) -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any_json()), 0..4);
    changes.prop_map(move |changes| {
        let mut document = document.clone();
        for (at, value) in changes {
            let pointers = pointers(&document, "");
            let pointer = at.get(&pointers).clone();
            *document.pointer_mut(&pointer).unwrap() = value;
        }
        document
    })
}

fn pointers(value: &Value, here: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        _ => Vec::new(),
    };
    let mut all = vec![here.to_owned()];
    for (key, item) in below {
        all.extend(pointers(item, &format!("{here}/{key}")));
    }
    all
}

proptest! {
    #[test]
    fn nothing_a_shop_sends_makes_us_panic(
        any in any_json(),
        product in damaged(product()),
        order_json in damaged(order_json()),
        refund_json in damaged(refund_json()),
    ) {
        for value in [any, product, order_json, refund_json] {
            let raw = raw(&value);
            let _ = (item(&raw, UNITS), variation(&raw, "1", "Parent", UNITS), listed(&raw));
            let _ = (order(&raw), refund(&raw, eur()), pushed(&raw), id_only(&raw));
            let mut listing = Listing::default();
            listing.extend(&[raw], quantity);
            prop_assert_eq!(listing.items.len() + listing.rejected.len(), 1);
        }
    }

    #[test]
    fn a_read_order_keeps_within_bounds(order_json in damaged(order_json())) {
        if let Ok(order) = order(&raw(&order_json)) {
            prop_assert!(!order.external_id.is_empty() && !order.number.is_empty());
            for line in &order.lines {
                prop_assert!((0..=1_000_000_000).contains(&line.quantity));
                prop_assert!(line.total_minor.abs() <= 1_000_000_000_000_000);
            }
        }
    }
}
