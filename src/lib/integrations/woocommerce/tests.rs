//! The client against a small shop that answers by path and keeps what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response as Answer};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::domain::catalogue::ShopStock;
use crate::fault::Exit;
use crate::integrations::http::{Http, HttpOptions, RetryPlan};

const KEY: &str = "ck_test";
const SECRET: &str = "cs_test";
const DATE: &str = "Tue, 24 Nov 2026 08:30:00 GMT";

type Asked = (String, HashMap<String, String>, Value);
type Respond = Box<dyn Fn(&Asked) -> (u16, String) + Send + Sync>;

struct Shop {
    url: String,
    /// Set once the address is known: what OAuth signs.
    respond: Respond,
    asked: Mutex<Vec<Asked>>,
}

impl Shop {
    /// A shop that answers as the function says, with the headers of a list of 201 elements.
    async fn open(respond: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            respond: Box::new(respond),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        shop
    }

    fn client(&self) -> Client {
        self.client_with(SECRET)
    }

    fn client_with(&self, secret: &str) -> Client {
        let http = Http::new(HttpOptions {
            retry: RetryPlan {
                first_wait: Duration::from_millis(1),
                ..RetryPlan::default()
            },
            ..HttpOptions::default()
        });
        let settings = Settings {
            base_url: format!("{}/", self.url),
            consumer_key: SecretString::from(KEY),
            consumer_secret: SecretString::from(secret),
            weight_unit: WeightUnit::Kg,
            dimension_unit: DimensionUnit::Cm,
        };
        Client::new(http.unwrap().lane("woo", 1000, 4), &settings).unwrap()
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let pairs: Vec<(&str, &str)> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let url = format!("{}{}", shop.url, uri.path());
    let is_json = [("content-type", "application/json"), ("date", DATE)];
    if headers.contains_key("authorization") || !is_signed(method.as_str(), &url, &pairs) {
        let told = json!({"code": "woocommerce_rest_authentication_error",
            "message": "Invalid signature - provided signature does not match.",
            "data": {"status": 401}});
        return (StatusCode::UNAUTHORIZED, is_json, told.to_string()).into_response();
    }
    let query = pairs
        .iter()
        .filter(|(name, _)| !name.starts_with("oauth_"))
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let path = uri.path().trim_start_matches("/wp-json/wc/v3/").to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked: Asked = (format!("{method} {path}"), query, body);
    let (status, text) = (shop.respond)(&asked);
    shop.asked.lock().unwrap().push(asked);
    let status = StatusCode::from_u16(status).unwrap();
    let totals = [("x-wp-total", "201"), ("x-wp-totalpages", "3")];
    (status, is_json, totals, text).into_response()
}

/// Verifies the signature from what arrived: the encoded pairs, sorted.
fn is_signed(method: &str, url: &str, pairs: &[(&str, &str)]) -> bool {
    let (given, mut signed): (Vec<_>, Vec<_>) = pairs
        .iter()
        .partition(|(name, _)| *name == "oauth_signature");
    signed.sort_unstable();
    let signed: Vec<String> = signed
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = format!(
        "{method}&{}&{}",
        percent::encode(url),
        percent::encode(&signed.join("&"))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(format!("{SECRET}&").as_bytes()).unwrap();
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    given.len() == 1 && given[0].1 == percent::encode(&signature)
}

fn product(id: u64) -> Value {
    json!({
        "id": id, "type": "simple", "status": "publish", "sku": format!("S-{id}"),
        "name": "Clock", "manage_stock": true, "stock_quantity": id,
        "date_modified_gmt": "2026-11-24T00:30:16"
    })
}

fn refused(code: &str) -> String {
    json!({"code": code, "message": "No.", "data": 500}).to_string()
}

#[tokio::test]
async fn a_page_of_changes_asks_for_naive_gmt_in_the_order_of_ids() {
    let shop = Shop::open(|_| (200, json!([product(1), {"id": null}]).to_string())).await;
    let since = UtcMs::parse("2026-11-24T08:00:00.900Z");
    let page = shop.client().items_page(since, 2).await.unwrap();
    assert_eq!((page.items.len(), page.rejected.len()), (1, 1));
    assert_eq!((page.total, page.pages), (Some(201), Some(3)));
    assert_eq!(page.server_time, UtcMs::parse("2026-11-24T08:30:00Z"));
    let (path, query, _) = &shop.asked()[0];
    assert_eq!(path, "GET products");
    for (name, value) in [
        ("modified_after", "2026-11-24T08%3A00%3A00"),
        ("dates_are_gmt", "true"),
        ("page", "2"),
        ("per_page", "100"),
        ("orderby", "id"),
        ("order", "asc"),
        ("status", "any"),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    assert!(query["_fields"].starts_with("id%2C"));
}

#[tokio::test]
async fn a_whole_list_is_read_page_by_page() {
    let shop = Shop::open(|(_, query, _)| {
        let page: u64 = query["page"].parse().unwrap();
        (200, json!([product(page)]).to_string())
    })
    .await;
    let found = shop.client().variations("7", "Shirt").await.unwrap();
    let ids: Vec<&str> = found
        .items
        .iter()
        .map(|item| item.external_id.as_str())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(found.items[0].title, "Shirt - Clock");
    assert_eq!(shop.asked()[2].0, "GET products/7/variations");
}

#[tokio::test]
async fn quantities_are_asked_for_a_hundred_at_a_time() {
    let shop = Shop::open(|(_, query, _)| {
        let ids = query["include"].split("%2C");
        let all: Vec<Value> = ids.map(|id| product(id.parse().unwrap())).collect();
        (200, json!(all).to_string())
    })
    .await;
    let ids: Vec<String> = (1..=150).map(|id| id.to_string()).collect();
    let found = shop.client().quantities(&ids).await.unwrap();
    assert_eq!(found.items.len(), 150);
    assert_eq!(found.items[149].stock, ShopStock::Managed(150));
    assert_eq!(shop.asked().len(), 2);
    assert!(
        shop.client()
            .quantities(&[])
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(shop.asked().len(), 2);
    let odd = shop.client().quantities(&["1/../2".to_owned()]).await;
    assert!(matches!(odd, Err(Error::Rejected { .. })));
}

#[tokio::test]
async fn a_push_tells_for_each_item_what_became_of_it() {
    let shop = Shop::open(|_| {
        let answer = json!({"update": [
            product(4),
            {"id": 5, "error": {"code": "invalid_id", "message": "Invalid ID.", "data": {"status": 400}}},
            {"id": 6, "manage_stock": true, "stock_quantity": 1e30},
        ]});
        (200, answer.to_string())
    })
    .await;
    let batch = ["4", "5", "6", "7"].map(|id| (id.to_owned(), 9));
    let told = shop.client().push_quantities(&batch).await.unwrap();
    let told: Vec<Result<i64, String>> = told.into_iter().map(|item| item.outcome).collect();
    assert_eq!(told[0], Ok(4));
    assert_eq!(told[1], Err("Invalid ID. (invalid_id)".to_owned()));
    assert!(
        told[2]
            .as_ref()
            .unwrap_err()
            .starts_with("stock_quantity: ")
    );
    assert_eq!(
        told[3],
        Err("the shop's answer does not name it".to_owned())
    );
    let (path, _, body) = &shop.asked()[0];
    assert_eq!(path, "POST products/batch");
    assert_eq!(
        body["update"][0],
        json!({"id": 4, "manage_stock": true, "stock_quantity": 9})
    );
    let many = vec![("1".to_owned(), 1); PAGE + 1];
    assert!(shop.client().push_quantities(&many).await.is_err());
    assert!(shop.client().push_quantities(&[]).await.unwrap().is_empty());
    assert_eq!(shop.asked().len(), 1);
}

#[tokio::test]
async fn a_push_that_fails_half_way_is_not_repeated_and_its_outcome_unknown() {
    for (status, text) in [
        (500, refused("internal")),
        (200, "<!doctype html>".to_owned()),
    ] {
        let shop = Shop::open(move |_| (status, text.clone())).await;
        let batch = [("4".to_owned(), 9)];
        let told = shop.client().push_variation_quantities("3", &batch).await;
        let error = told.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error}");
        assert_eq!((error.exit(), shop.asked().len()), (Exit::TryAgain, 1));
        assert_eq!(shop.asked()[0].0, "POST products/3/variations/batch");
    }
}

#[tokio::test]
async fn a_missing_order_is_none_and_a_missing_api_is_an_error() {
    let gone = "woocommerce_rest_shop_order_invalid_id";
    let shop = Shop::open(move |_| (404, refused(gone))).await;
    assert_eq!(shop.client().order("9").await.unwrap(), None);
    let eur = "EUR".parse().unwrap();
    let refunds = shop.client().order_refunds("9", eur).await;
    assert!(matches!(refunds, Err(Error::NotFound { .. })));

    let elsewhere = Shop::open(|_| (404, refused("rest_no_route"))).await;
    let error = elsewhere.client().order("9").await.unwrap_err();
    assert!(
        matches!(error, Error::Unexpected { status: 404, .. }),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("permalinks"));
}

#[tokio::test]
async fn a_refused_key_comes_with_a_hint() {
    let shop = Shop::open(|_| (401, refused("woocommerce_rest_cannot_view"))).await;
    let error = shop.client().ping().await.unwrap_err();
    assert!(error.hint().unwrap().contains("Read/Write"), "{error}");
    let error = shop.client_with("cs_wrong").ping().await.unwrap_err();
    assert!(error.hint().unwrap().contains("secret is wrong"), "{error}");
    assert_eq!(error.exit(), Exit::Usage);
    assert!(!format!("{error:?}").contains("cs_wrong"));
}

#[tokio::test]
async fn a_shop_that_keeps_failing_is_one_to_try_again_later() {
    let shop = Shop::open(|_| (500, refused("internal"))).await;
    let error = shop.client().orders_page(None, 1).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the shop woo answered 500: No. (internal)"
    );
    assert_eq!((error.exit(), shop.asked().len()), (Exit::TryAgain, 5));
}

#[tokio::test]
async fn what_is_no_list_is_no_empty_list() {
    for text in ["{}", "null", "<html><title>Hello</title>", ""] {
        let shop = Shop::open(move |_| (200, text.to_owned())).await;
        let error = shop.client().items_page(None, 1).await.unwrap_err();
        assert!(
            matches!(error, Error::Http(HttpError::NotJson { .. })),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_ping_counts_products_and_orders() {
    let shop = Shop::open(|_| (200, r#"[{"id": 1}]"#.to_owned())).await;
    let ping = shop.client().ping().await.unwrap();
    assert_eq!((ping.products, ping.orders), (Some(201), Some(201)));
    let paths: Vec<String> = shop.asked().into_iter().map(|asked| asked.0).collect();
    assert_eq!(paths, ["GET products", "GET orders"]);
}

#[test]
fn https_takes_basic_authentication_and_no_signature() {
    let lane = Http::new(HttpOptions::default()).unwrap().lane("woo", 1, 1);
    let settings = |base: &str| Settings {
        base_url: base.to_owned(),
        consumer_key: SecretString::from(KEY),
        consumer_secret: SecretString::from(SECRET),
        weight_unit: WeightUnit::default(),
        dimension_unit: DimensionUnit::default(),
    };
    let client = Client::new(lane.clone(), &settings("https://shop.test/nl/wp-json/")).unwrap();
    assert_eq!(client.api, "https://shop.test/nl/wp-json/wc/v3");
    let Auth::Basic(header) = &client.auth else {
        panic!("no basic authentication over https");
    };
    assert_eq!(header.expose_secret(), "Basic Y2tfdGVzdDpjc190ZXN0");
    for bad in [
        "",
        "shop.test",
        "ftp://shop.test",
        "https://a:b@shop.test",
        "https://s.test/?x=1",
    ] {
        let refused = Client::new(lane.clone(), &settings(bad)).err().unwrap();
        assert_eq!(refused.exit(), Exit::Usage, "{bad}");
    }
}
