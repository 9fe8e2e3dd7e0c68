//! The sandbox over a real socket: what a client on the other end sees.

use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::faults::{Fault, Rule};
use super::*;

const NOW: i64 = 1_795_000_000;

async fn sandbox(skus: usize) -> Sandbox {
    started(skus, false).await
}

async fn started(skus: usize, tls: bool) -> Sandbox {
    Sandbox::start(Options {
        content: Content::Generated(Plan {
            skus,
            seed: 1,
            ..Plan::default()
        }),
        clock: Clock::fixed(NOW),
        tls,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// A client; reqwest asks for a TLS provider even where it speaks plain HTTP.
fn client() -> Client {
    // Another test may have installed it first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// A client that trusts the sandbox's certificate and no other.
fn trusting(sandbox: &Sandbox) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = sandbox.certificate().unwrap();
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([certificate])
        .build()
        .unwrap()
}

/// A request over TLS where there is some, else as from behind a proxy that ends it, so that
/// Basic will do.
async fn ask(
    sandbox: &Sandbox,
    method: reqwest::Method,
    path: &str,
    body: Option<Value>,
) -> reqwest::Result<Response> {
    let url = format!("{}/wp-json/wc/v3/{path}", sandbox.shop_url());
    let request = match sandbox.certificate() {
        Some(_) => trusting(sandbox).request(method, url),
        None => client()
            .request(method, url)
            .header("X-Forwarded-Proto", "https"),
    }
    .basic_auth(CONSUMER_KEY, Some(CONSUMER_SECRET));
    match body {
        Some(body) => request.json(&body).send().await,
        None => request.send().await,
    }
}

async fn get(sandbox: &Sandbox, path: &str) -> reqwest::Result<Response> {
    ask(sandbox, reqwest::Method::GET, path, None).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_page_carries_totals_and_the_sandboxs_date() {
    let sandbox = sandbox(30).await;
    let response = get(&sandbox, "products?per_page=10").await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-wp-total"), "30");
    assert_eq!(header(&response, "x-wp-totalpages"), "3");
    assert_eq!(header(&response, "date"), "Wed, 18 Nov 2026 11:06:40 GMT");
    sandbox.clock().advance(20);
    let response = get(&sandbox, "products").await.unwrap();
    assert_eq!(header(&response, "date"), "Wed, 18 Nov 2026 11:07:00 GMT");
    assert_eq!(response.json::<Vec<Value>>().await.unwrap().len(), 10);
    let counts = sandbox.woo().counts();
    assert_eq!((counts.of("GET products"), counts.writes), (2, 0));
    assert_eq!(sandbox.woo().log()[0].query, "per_page=10");
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn basic_on_plain_http_is_refused() {
    let sandbox = sandbox(1).await;
    let response = client()
        .get(format!("{}/wp-json/wc/v3/products", sandbox.shop_url()))
        .basic_auth(CONSUMER_KEY, Some(CONSUMER_SECRET))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["code"], "woocommerce_rest_cannot_view");
}

#[tokio::test]
async fn answers_go_wrong_as_asked() {
    let sandbox = sandbox(3).await;
    let faults = sandbox.faults();
    let cases = [
        ("429:7", 429),
        ("500", 500),
        ("500-bare", 500),
        ("503", 503),
        ("html", 200),
    ];
    for (fault, status) in cases {
        faults.inject(fault.parse().unwrap());
        let response = get(&sandbox, "products").await.unwrap();
        assert_eq!(response.status(), status, "{fault}");
        if fault == "429:7" {
            assert_eq!(header(&response, "retry-after"), "7");
        }
        let body = response.text().await.unwrap();
        match fault {
            "html" => assert!(body.starts_with("<!DOCTYPE html>")),
            "500-bare" => assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"], 500),
            _ => assert!(serde_json::from_str::<Value>(&body).is_ok()),
        }
    }
    faults.inject("truncated-json".parse().unwrap());
    let body = get(&sandbox, "products")
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(serde_json::from_str::<Value>(&body).is_err());
    faults.inject("null-item".parse().unwrap());
    let page: Vec<Value> = get(&sandbox, "products")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((page.len(), &page[0]), (3, &Value::Null));
    let page: Vec<Value> = get(&sandbox, "products")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(page[0].is_object());
    assert_eq!(sandbox.woo().log().last().unwrap().fault, None);
}

#[tokio::test]
async fn a_cut_before_the_work_leaves_nothing_done_and_one_after_it_all() {
    for tls in [false, true] {
        cuts(&started(3, tls).await).await;
    }
}

async fn cuts(sandbox: &Sandbox) {
    let shop = sandbox.woo();
    let sku = shop.managed_skus()[0].clone();
    let had = shop.quantity(&sku).unwrap();
    let id = shop.id_of(&sku).unwrap();
    let cases = [
        (Fault::CutBefore, had),
        (Fault::CutAfter, 500),
        (Fault::CutMidBody, 501),
    ];
    for (fault, expected) in cases {
        let word = fault.word();
        sandbox
            .faults()
            .inject(Rule::new(fault).on("PUT", "/products/"));
        let body = json!({ "stock_quantity": expected });
        let path = format!("products/{id}");
        let answer = ask(sandbox, reqwest::Method::PUT, &path, Some(body)).await;
        match answer {
            Err(error) => {
                assert_ne!(word, "cut-mid-body");
                assert!(error.is_request(), "{word}: {error:?}");
            }
            Ok(response) => {
                assert_eq!((word, response.status().as_u16()), ("cut-mid-body", 200));
                let error = response.bytes().await.unwrap_err();
                assert!(error.is_body() || error.is_decode(), "{error:?}");
            }
        }
        assert_eq!(shop.quantity(&sku), Some(expected), "{word}");
        assert_eq!(shop.log().last().unwrap().status, None);
        // The next connection is whole again.
        assert_eq!(get(sandbox, &path).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_cut_leaves_half_the_body() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let sandbox = sandbox(3).await;
    let read = async || {
        let address = sandbox.url().replace("http://", "");
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = "GET /woocommerce/wp-json/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let whole = read().await;
    let (_, body) = whole.split_once("\r\n\r\n").unwrap();
    sandbox.faults().inject("cut-mid-body".parse().unwrap());
    let cut = read().await;
    let (head, half) = cut.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{head}"
    );
    assert_eq!(half, &body[..body.len() / 2]);
    sandbox.faults().inject("cut-after".parse().unwrap());
    assert_eq!(read().await, "");
}

#[tokio::test]
async fn the_shop_on_tls_takes_basic_and_knows_its_address() {
    let sandbox = started(3, true).await;
    assert!(sandbox.shop_url().starts_with("https://127.0.0.1:"));
    assert_eq!(get(&sandbox, "products").await.unwrap().status(), 200);
    let stranger = client().get(sandbox.shop_url()).send().await.unwrap_err();
    assert!(stranger.is_connect(), "{stranger:?}");
    let by_name = sandbox.shop_url().replace("127.0.0.1", "localhost");
    let request = trusting(&sandbox).get(format!("{by_name}/wp-json/wc/v3/orders"));
    let response = request
        .basic_auth(CONSUMER_KEY, Some("wrong"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_no_other_waiting() {
    let sandbox = started(1, true).await;
    let silent = tokio::net::TcpStream::connect(sandbox.address)
        .await
        .unwrap();
    assert_eq!(get(&sandbox, "products").await.unwrap().status(), 200);
    // Nor does one that speaks no TLS; and neither holds up the end.
    let plain = format!("http://{}", sandbox.address);
    assert!(client().get(plain).send().await.is_err());
    sandbox.stop().await.unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_slow_answer_comes_late_and_stop_waits_for_it() {
    let sandbox = sandbox(1).await;
    sandbox.faults().inject("slow:150".parse().unwrap());
    let started = Instant::now();
    get(&sandbox, "products").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(150));
    let url = sandbox.url();
    sandbox.stop().await.unwrap();
    assert!(client().get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn the_controls_work_over_http() {
    let sandbox = sandbox(20).await;
    let shop = sandbox.woo();
    let sku = shop.managed_skus()[0].clone();
    let client = client();
    let post = async |path: &str, body: Value| -> Value {
        let url = format!("{}/_sandbox/{path}", sandbox.url());
        let response = client.post(url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    };
    post("stock", json!({"sku": sku, "quantity": 50})).await;
    let sold = post("sell", json!({"lines": [{"sku": sku, "quantity": 4}]})).await;
    let order = sold["order"].as_u64().unwrap();
    assert_eq!(shop.quantity(&sku), Some(46));
    post(
        "edit-line",
        json!({"order": order, "line": 0, "quantity": 5}),
    )
    .await;
    post(
        "refund",
        json!({"order": order, "lines": [{"line": 0, "quantity": 1}]}),
    )
    .await;
    assert_eq!(shop.quantity(&sku), Some(46));
    post(
        "order-status",
        json!({"order": order, "status": "cancelled"}),
    )
    .await;
    assert_eq!(shop.quantity(&sku), Some(50));
    assert_eq!(
        post("advance", json!({"seconds": 60})).await["now"],
        NOW + 60
    );
    post(
        "faults",
        json!({"fault": {"kind": "server-error"}, "path": "products"}),
    )
    .await;
    assert_eq!(get(&sandbox, "products").await.unwrap().status(), 500);
    post("trash-order", json!({"order": order})).await;
    let counts: Value = client
        .get(format!("{}/_sandbox/counts", sandbox.url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(counts["by_call"], json!({"GET products": 1}));
    let unknown = client
        .post(format!("{}/_sandbox/sell", sandbox.url()))
        .json(&json!({"lines": [{"sku": "none such", "quantity": 1}]}))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let first = sandbox(0).await;
    let options = Options {
        listen: first.address,
        content: Content::Empty,
        ..Options::default()
    };
    let error = Sandbox::start(options).await.unwrap_err();
    assert!(error.to_string().contains(&first.address.to_string()));
}

#[tokio::test]
async fn fifty_thousand_skus_are_made_and_listed_quickly() {
    let started = Instant::now();
    let sandbox = sandbox(50_000).await;
    let made_in = started.elapsed();
    // Three times what it takes a two-core machine in a dev build.
    assert!(made_in < Duration::from_secs(9), "{made_in:?}");
    let shop = sandbox.woo();
    let sku = shop.managed_skus()[30_000].clone();
    shop.sell(&[(&sku, 1)], "processing").unwrap();
    // One second before the sale.
    let path = "products?per_page=100&modified_after=2026-11-18T11:06:39&dates_are_gmt=true";
    let started = Instant::now();
    let page: Vec<Value> = get(&sandbox, path).await.unwrap().json().await.unwrap();
    let listed_in = started.elapsed();
    assert_eq!(page.len(), 1);
    assert!(listed_in < Duration::from_millis(500), "{listed_in:?}");
}
