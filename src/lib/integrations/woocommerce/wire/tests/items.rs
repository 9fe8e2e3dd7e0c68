//! Products, variations, quantities, and the answers to a batch.

use serde_json::{Value, json};

use super::{UNITS, raw, with};
use crate::domain::catalogue::{ItemKind, ShopItem, ShopStock};
use crate::domain::time::UtcMs;
use crate::integrations::woocommerce::wire::{self, item, pushed, variation};

pub fn product() -> Value {
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
        wire::quantity(&raw(&one)).map(|quantity| quantity.stock)
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
