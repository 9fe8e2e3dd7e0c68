//! What was scanned, asked over HTTP: whatever it is, it is answered in words; for five
//! minutes also with the store away. And what counts as a use of the station.

use std::sync::atomic::{AtomicI64, Ordering};

use opsctl::context::Clock;
use opsctl::domain::people::Role;
use opsctl::store::sessions;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Kind, NOW, Shop, on_all_stores};
use crate::served::{Browser, Served, location};

on_all_stores!(
    for_five_minutes_a_scan_is_answered_with_the_store_away,
    the_use_of_a_session_is_written_once_a_minute,
    what_a_page_asks_by_itself_is_no_use_of_the_station,
);

const RESOLVE: &str = "/api/v1/resolve";
const MUG: &str = "4006381333931";
const PLAIN: &str = "\n[web]\nhttps = false\n";

fn furnish(shop: &Shop) {
    let products = format!("sku,title,gtin\nMUG,Stoneware mug,{MUG}\n");
    shop.write("products.csv", &products);
    shop.json(&["products", "import", "products.csv"]);
}

async fn resolve(browser: &Browser, code: &str) -> (u16, Value) {
    let body = json!({ "code": code }).to_string();
    browser.script(RESOLVE, body).await
}

/// A clock that a story sets.
struct Hand(&'static AtomicI64);

impl Hand {
    fn new() -> Self {
        Self(Box::leak(Box::new(AtomicI64::new(NOW.0))))
    }

    fn clock(&self) -> Clock {
        Clock::SetBy(self.0)
    }

    fn at(&self, seconds: i64) {
        self.0.store(NOW.0 + seconds * 1000, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_scanned_is_answered_in_words() {
    let shop = Shop::new(Kind::Sqlite).await;
    furnish(&shop);
    let served = Served::new(&shop).await;
    let ann = served.signed_in("ann", Role::Packer).await;
    let (status, mug) = resolve(&ann, MUG).await;
    assert_eq!((status, &mug["kind"]), (200, &json!("item")));
    assert_eq!(mug["items"][0]["title"], "Stoneware mug");

    for (code, why) in [
        ("", "nothing was scanned"),
        (" \t\r\n", "nothing was scanned"),
        ("\0", "control characters"),
        ("40063\081333931", "control characters"),
        ("\u{1b}[2J\u{7}", "control characters"),
        ("MUG\u{7f}", "control characters"),
        ("\u{85}MUG", "control characters"),
        ("4006381333930", "misread"),
        ("^XA^FDhello^FS^XZ", "no product has this code"),
        ("<script>alert(1)</script>", "no product has this code"),
        ("<img src=x onerror=alert(1)>", "no product has this code"),
        ("MUG' OR '1'='1", "no product has this code"),
        ("'; DROP TABLE products; --", "no product has this code"),
        ("../../../etc/passwd", "no product has this code"),
        ("%00%0a{{7*7}}${7*7}", "no product has this code"),
        ("\u{202e}GUM", "no product has this code"),
        ("४००६३८१३३३९३१", "no product has this code"),
        (&"9".repeat(1024), "no product has this code"),
    ] {
        let (status, answer) = resolve(&ann, code).await;
        assert_eq!(status, 200, "{code:?}: {answer}");
        assert_eq!(answer["kind"], "unknown", "{code:?}: {answer}");
        let told = answer["why"].as_str().unwrap();
        assert!(told.contains(why), "{code:?}: {told}");
        assert!(answer["items"].is_null(), "{code:?}: {answer}");
    }
    for code in [
        "\u{1d}",
        "\u{1d}\u{1d}01",
        "(01)",
        "(01)(10)(21)",
        "]d2",
        "OPSDO",
        "OPSDONOTHING",
    ] {
        let (status, answer) = resolve(&ann, code).await;
        assert_eq!(
            (status, &answer["kind"]),
            (200, &json!("unknown")),
            "{code:?}"
        );
        assert!(!answer["why"].as_str().unwrap().is_empty(), "{code:?}");
    }
    // A badge is known as one, and its secret does not come back.
    let badge = served.take_on("max", Role::Manager).await.shown.badge;
    let (_, answer) = resolve(&ann, &badge.unwrap()).await;
    assert_eq!(answer, json!({ "kind": "badge", "stale": false }));
    shop.must_be_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_question_is_refused_as_json() {
    let shop = Shop::new(Kind::Sqlite).await;
    furnish(&shop);
    let served = Served::new(&shop).await;
    let ann = served.signed_in("ann", Role::Packer).await;
    let code = |length: usize| {
        json!({ "code": "9".repeat(length) })
            .to_string()
            .into_bytes()
    };
    let cases: [(&[u8], u16); 12] = [
        (&code(10 * 1024), 413),
        (&code(1025), 413),
        (&code(65 * 1024), 413),
        (b"", 400),
        (b"{\"code\":", 400),
        (b"{\"code\":\"\xff\xfe\"}", 400),
        (b"{\"code\":\"\\ud800\"}", 400),
        (b"{\"code\":\"a\0b\"}", 400),
        (b"\xff", 400),
        (b"{}", 422),
        (b"{\"code\":4006381333931}", 422),
        (b"[\"4006381333931\",1]", 400),
    ];
    for (body, expected) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let (status, answer) = ann.script(RESOLVE, body.to_vec()).await;
        assert_eq!(status, expected, "{shown}: {answer}");
        for part in ["error", "hint"] {
            let words = answer[part].as_str().unwrap_or_default();
            assert!(!words.is_empty() && words.len() < 200, "{shown}: {answer}");
        }
    }
    let untyped = ann.request(Method::POST, RESOLVE);
    let untyped = untyped.header("sec-fetch-site", "same-origin");
    let refused = ann.send(untyped.body("{\"code\":\"MUG\"}")).await;
    assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, answer) = resolve(&served.browser(), MUG).await;
    assert_eq!(
        (status, &answer["error"]),
        (401, &json!("nobody is signed in"))
    );
    // The server is as well as before.
    assert_eq!(resolve(&ann, MUG).await.1["kind"], "item");
}

async fn for_five_minutes_a_scan_is_answered_with_the_store_away(shop: Shop) {
    furnish(&shop);
    let hand = Hand::new();
    let served = Served::by(&shop, PLAIN, hand.clock()).await;
    let ann = served.signed_in("ann", Role::Packer).await;
    assert_eq!(ann.get("/station").await.status(), StatusCode::OK);
    served.ctx.store.close().await;
    for seconds in [0, 60, 299] {
        hand.at(seconds);
        let (status, mug) = resolve(&ann, MUG).await;
        assert_eq!((status, &mug["kind"]), (200, &json!("item")), "{seconds} s");
        // What is written needs the store.
        let (status, answer) = ann.script("/api/v1/packs", "{\"order\":\"1\"}").await;
        assert_eq!(status, 503, "{seconds} s: {answer}");
    }
    hand.at(300);
    let (status, answer) = resolve(&ann, MUG).await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("out of reach"));
    // A clock that was set back makes nobody's session young again.
    hand.at(-1);
    assert_eq!(resolve(&ann, MUG).await.0, 503);
    hand.at(0);
    assert_eq!(resolve(&served.browser(), MUG).await.0, 401);
}

async fn the_use_of_a_session_is_written_once_a_minute(shop: Shop) {
    let hand = Hand::new();
    let served = Served::by(&shop, PLAIN, hand.clock()).await;
    let ann = served.signed_in("ann", Role::Packer).await;
    let cookie = ann.cookie().unwrap();
    let id = cookie.strip_prefix("opsctl=").unwrap();
    let digest = Sha256::digest(id.as_bytes());
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    // The second of the last use that the store knows of.
    let written = async || {
        let mut tx = served.ctx.store.read().await.unwrap();
        let row = sessions::find(&mut tx, &key, NOW).await.unwrap().unwrap();
        let hours = i64::from(served.ctx.tenant.web.session_hours);
        (row.expires_at.0 - hours * 3_600_000 - NOW.0) / 1000
    };
    assert_eq!(written().await, 0);
    for minute in 0..3 {
        for second in [1, 2, 15, 30, 45, 58, 59] {
            hand.at(minute * 60 + second);
            assert_eq!(resolve(&ann, MUG).await.0, 200);
            assert_eq!(ann.get("/api/v1/me").await.status(), StatusCode::OK);
            assert_eq!(written().await, minute * 60);
        }
        let next = (minute + 1) * 60;
        hand.at(next);
        let all = (0..8).map(|_| resolve(&ann, MUG));
        futures_util::future::join_all(all).await;
        let begun = std::time::Instant::now();
        while written().await != next {
            assert!(begun.elapsed().as_secs() < 20, "{next} is never written");
            tokio::task::yield_now().await;
        }
    }
}

async fn what_a_page_asks_by_itself_is_no_use_of_the_station(shop: Shop) {
    let hand = Hand::new();
    let served = Served::by(&shop, PLAIN, hand.clock()).await;
    let ann = served.signed_in("ann", Role::Packer).await;
    let asks = async |by_itself: bool| {
        let mut request = ann.request(Method::GET, "/api/v1/me");
        if by_itself {
            request = request.header("x-unattended", "yes");
        }
        ann.send(request).await
    };
    // By default a station locks after a quarter of an hour.
    for minute in [5, 10, 15] {
        hand.at(minute * 60);
        let answer = asks(true).await;
        assert_eq!(answer.status(), StatusCode::OK, "{minute}");
    }
    assert_eq!(asks(false).await.status(), StatusCode::OK);
    for minute in [20, 25, 30] {
        hand.at(minute * 60);
        let answer: Value = asks(true).await.json().await.unwrap();
        assert_eq!(answer["name"], "ann", "{minute}");
    }
    hand.at(30 * 60 + 1);
    for by_itself in [true, false] {
        let refused = asks(by_itself).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["error"], "the station is locked");
    }
    let page = ann.get("/station/pick/1").await;
    assert_eq!(location(&page), "/station/switch?next=/station/pick/1");
    // Where nobody ever was the lock screen leads on, and the page is not forgotten.
    let stranger = served.browser();
    let locked = stranger.get("/station/switch?next=/station/pick/1").await;
    assert_eq!(location(&locked), "/login?next=/station/pick/1");
}
