//! Wrong attempts to sign in: limited for each user and for each address.

use opsctl::domain::people::Role;
use opsctl::store::users::Key;
use reqwest::{Method, StatusCode};

use crate::harness::{Kind, Shop};
use crate::served::Served;

async fn failed_attempts(served: &Served, name: &str) -> (i64, Option<i64>) {
    let mut tx = served.ctx.store.read().await.unwrap();
    let user = opsctl::store::users::proof(&mut tx, Key::Name(name)).await;
    let user = user.unwrap().unwrap();
    (user.failed_attempts, user.locked_until)
}

pub async fn wrong_attempts_are_limited_for_each_user(shop: Shop) {
    let served = Served::new(&shop).await;
    let done = served.take_on("ada", Role::Admin).await;
    let browser = served.browser();
    let wrong = async |name: &str| {
        let form = [("name", name), ("password", "not the password")];
        let response = browser.post("/login", &form).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        response.text().await.unwrap().replace(name, "NAME")
    };
    // An unknown name is answered as a known one is.
    assert_eq!(wrong("ada").await, wrong("eve").await);
    assert_eq!(browser.sign_in("ada").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(failed_attempts(&served, "ada").await, (0, None));

    // Ten at once: five are looked at.
    let tries = (0..10).map(|_| wrong("ada"));
    futures_util::future::join_all(tries).await;
    let (failed, until) = failed_attempts(&served, "ada").await;
    assert_eq!(failed, 5);
    let wait = until.unwrap() - served.ctx.clock.now().0;
    assert!((1..=60_000).contains(&wait), "{wait}");
    let stranger = served.browser();
    let right = stranger.sign_in("ada").await;
    assert_eq!(right.status(), StatusCode::UNAUTHORIZED);

    // A badge cannot be guessed, and lets its owner in nevertheless.
    let badge = done.shown.badge.unwrap();
    let response = stranger.post("/login", &[("name", &badge)]).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);

    // After the wait one more is looked at, and the next wait is longer.
    shop.sql("UPDATE users SET locked_until = 1").await;
    wrong("ada").await;
    let (failed, until) = failed_attempts(&served, "ada").await;
    let wait = until.unwrap() - served.ctx.clock.now().0;
    assert!(
        failed == 6 && (60_001..=120_000).contains(&wait),
        "{failed} {wait}"
    );
    shop.sql("UPDATE users SET locked_until = 1").await;
    assert_eq!(
        stranger.sign_in("ada").await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(failed_attempts(&served, "ada").await, (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_attempts_are_limited_for_each_address() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    served.take_on("ada", Role::Admin).await;
    let browser = served.browser();
    // A stranger's word on where they come from changes nothing.
    let tries = (0..31).map(|n| {
        let request = browser.request(Method::POST, "/login");
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", format!("203.0.113.{n}"))
            .header("content-type", "application/x-www-form-urlencoded");
        browser.send(request.body(format!("name=eve{n}&password=x")))
    });
    let answers = futures_util::future::join_all(tries).await;
    let refused = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.count(), 1);
    let right = browser.sign_in("ada").await;
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_is_believed() {
    let shop = Shop::new(Kind::Sqlite).await;
    let web = "\n[web]\nhttps = false\ntrusted_proxies = [\"127.0.0.0/8\"]\n";
    let served = Served::with(&shop, web).await;
    let browser = served.browser();
    let from = async |address: &str| {
        let request = browser.request(Method::POST, "/login");
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", address)
            .header("content-type", "application/x-www-form-urlencoded");
        browser
            .send(request.body("name=eve&password=x"))
            .await
            .status()
    };
    for _ in 0..30 {
        assert_eq!(from("6.6.6.6, 203.0.113.1").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        from("7.7.7.7, 203.0.113.1").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(from("203.0.113.2").await, StatusCode::UNAUTHORIZED);
}
