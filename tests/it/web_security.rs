//! What keeps the pages shut: every route by every role, headers on every answer, foreign
//! forms, stolen sessions, guessed passwords.

mod attempts;
mod people;
mod routes;

use std::time::Duration;

use opsctl::domain::people::Role;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Kind, Shop, on_all_stores};
use crate::served::{Browser, PASSWORD, PIN, Served, client, location};
use attempts::wrong_attempts_are_limited_for_each_user;
use routes::each_role_goes_as_far_as_it_may;

on_all_stores!(
    each_role_goes_as_far_as_it_may,
    a_stolen_or_dead_session_signs_nobody_in,
    wrong_attempts_are_limited_for_each_user,
    a_badge_or_a_pin_changes_who_is_at_the_station,
    scans_go_on_while_the_store_is_away,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_the_cookie_never_goes_over_anything_else() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::with(&shop, "").await;
    served.take_on("ada", Role::Admin).await;
    let browser = served.browser();
    let response = browser.sign_in("ada").await;
    let set = response.headers().get("set-cookie").unwrap();
    let set = set.to_str().unwrap();
    assert!(set.starts_with("__Host-opsctl="), "{set}");
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let hsts = response.headers().get("strict-transport-security");
    assert!(hsts.is_some());
    assert_eq!(browser.get("/").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_other_sites_are_refused() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    let admin = served.signed_in("ada", Role::Admin).await;
    let host = served.address.to_string();
    let own = format!("http://{host}");
    let other = format!("http://evil.example:{}", served.address.port());
    let cases: [(&[(&str, &str)], u16); 9] = [
        (&[], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", &own)], 403),
        (&[("origin", &other)], 403),
        (&[("origin", "null")], 403),
        (&[("origin", &own)], 422),
        (&[("sec-fetch-site", "same-origin")], 422),
    ];
    for (headers, expected) in cases {
        let mut request = admin.request(Method::POST, "/users");
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = admin.send(request).await;
        assert_eq!(response.status().as_u16(), expected, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_not_a_form_is_refused() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    let browser = served.browser();
    let large = "x".repeat(65 * 1024);
    let response = browser.post("/login", &[("name", &large)]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(response.text().await.unwrap().contains("too large"));
    let request = browser.request(Method::POST, "/login");
    let request = request.header("sec-fetch-site", "same-origin");
    let response = browser.send(request.body("{}")).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_led_to_another_site() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    served.take_on("ada", Role::Admin).await;
    for (next, expected) in [
        ("/users?a=b", "/users?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\t/evil.example", "/"),
    ] {
        let browser = served.browser();
        let form = [("name", "ada"), ("password", PASSWORD), ("next", next)];
        let response = browser.post("/login", &form).await;
        assert_eq!(location(&response), expected, "{next:?}");
    }
    let asked = served.browser().get("/users?q=a%26b").await;
    assert_eq!(location(&asked), "/login?next=/users%3Fq%3Da%2526b");
}

async fn a_stolen_or_dead_session_signs_nobody_in(shop: Shop) {
    let served = Served::new(&shop).await;
    let ada = served.take_on("ada", Role::Admin).await;
    let browser = served.browser();
    browser.set_cookie(Some("opsctl=AAAAAAAAAAAAAAAAAAAAAA".to_owned()));
    browser.sign_in("ada").await;
    let first = browser.cookie().unwrap();
    assert!(!first.contains("AAAAAAAAAAAAAAAAAAAAAA"));
    assert_eq!(browser.get("/").await.status(), StatusCode::OK);

    // What the store holds is a hash, and signs nobody in.
    let id = first.strip_prefix("opsctl=").unwrap();
    let digest = Sha256::digest(id.as_bytes());
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let found = {
        let mut tx = served.ctx.store.read().await.unwrap();
        let now = served.ctx.clock.now();
        let plain = opsctl::store::sessions::find(&mut tx, id, now).await;
        assert!(plain.unwrap().is_none());
        opsctl::store::sessions::find(&mut tx, &hash, now).await
    };
    let found = found.unwrap().unwrap();
    assert_eq!(found.user.unwrap().id, ada.id.unwrap());
    assert!(!found.data.contains(id));
    let thief = served.browser();
    for stolen in [hash.as_str(), &hash[..22]] {
        thief.set_cookie(Some(format!("opsctl={stolen}")));
        assert_eq!(location(&thief.get("/").await), "/login?next=/");
    }

    // Signing in anew makes the id before it dead.
    browser.sign_in("ada").await;
    let second = browser.cookie().unwrap();
    assert_ne!(first, second);
    thief.set_cookie(Some(first));
    assert_eq!(thief.get("/").await.status(), StatusCode::SEE_OTHER);
    thief.set_cookie(Some(second.clone()));
    assert_eq!(thief.get("/").await.status(), StatusCode::OK);

    // Signing out kills it in every browser.
    browser.post("/logout", &[]).await;
    thief.set_cookie(Some(second));
    assert_eq!(thief.get("/").await.status(), StatusCode::SEE_OTHER);

    // So does being disabled: by the page at once, by the command line at the next look.
    let packer = served.signed_in("bob", Role::Packer).await;
    assert_eq!(packer.get("/").await.status(), StatusCode::OK);
    shop.json(&["user", "disable", "bob"]);
    assert_eq!(packer.get("/").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        packer.sign_in("bob").await.status(),
        StatusCode::UNAUTHORIZED
    );
    shop.json(&["user", "enable", "bob"]);
    assert_eq!(packer.sign_in("bob").await.status(), StatusCode::SEE_OTHER);
    shop.json(&["user", "set", "bob", "--role", "manager"]);
    assert_eq!(packer.get("/metrics").await.status(), StatusCode::OK);
    shop.json(&["user", "reset", "bob", "--pin", "--generate"]);
    assert_eq!(packer.get("/").await.status(), StatusCode::SEE_OTHER);

    // One that has expired is gone, and is swept out.
    packer.sign_in("bob").await;
    shop.sql("UPDATE sessions SET expires_at = 1").await;
    assert_eq!(packer.get("/").await.status(), StatusCode::SEE_OTHER);
}

async fn a_badge_or_a_pin_changes_who_is_at_the_station(shop: Shop) {
    let served = Served::new(&shop).await;
    let ada = served.take_on("ada", Role::Packer).await;
    let bob = served.take_on("bob", Role::Packer).await;
    let bob_id = bob.id.unwrap().to_string();
    let pin = [("user", bob_id.as_str()), ("pin", PIN), ("next", "/")];

    // On a device that nobody has signed in on a PIN is worth nothing.
    let station = served.browser();
    let response = station.post("/station/switch", &pin).await;
    assert_eq!(location(&response), "/login");
    assert_eq!(station.get("/").await.status(), StatusCode::SEE_OTHER);

    let badge = ada.shown.badge.unwrap();
    let response = station.post("/station/switch", &[("badge", &badge)]).await;
    assert_eq!(location(&response), "/");
    assert!(home(&station).await.contains("Hello, ada"));
    let ada_cookie = station.cookie();

    // Locked, the device is known and nobody is at it.
    let response = station.post("/station/lock", &[]).await;
    assert_eq!(location(&response), "/station/switch");
    assert_eq!(location(&station.get("/").await), "/station/switch?next=/");
    let page = station.get("/station/switch").await.text().await.unwrap();
    assert!(page.contains("ada") && page.contains("bob"));
    let thief = served.browser();
    thief.set_cookie(ada_cookie);
    assert_eq!(thief.get("/").await.status(), StatusCode::SEE_OTHER);

    let wrong = [("user", bob_id.as_str()), ("pin", "2581")];
    let response = station.post("/station/switch", &wrong).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.text().await.unwrap().contains("not the PIN"));
    let response = station.post("/station/switch", &pin).await;
    assert_eq!(location(&response), "/");
    assert!(home(&station).await.contains("Hello, bob"));

    // A script changes who is there, and stays on its page.
    let request = station.request(Method::POST, "/station/switch");
    let request = request
        .header("sec-fetch-site", "same-origin")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let response = station.send(request.body(format!("badge={badge}"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["me"]["name"], "ada");
    assert!(home(&station).await.contains("Hello, ada"));

    // Five wrong PINs, and the sixth is not looked at though it is right.
    for _ in 0..5 {
        station.post("/station/switch", &wrong).await;
    }
    let response = station.post("/station/switch", &pin).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("too many wrong tries")
    );
}

async fn home(browser: &Browser) -> String {
    browser.get("/").await.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_that_is_not_used_locks_itself() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    let browser = served.signed_in("ada", Role::Packer).await;
    // Sixteen minutes ago, of twelve hours. A second server has not seen the use.
    let ago = served.ctx.clock.now().0 + 12 * 3_600_000 - 16 * 60_000;
    shop.sql(&format!("UPDATE sessions SET expires_at = {ago}"))
        .await;
    let other = Served::new(&shop).await;
    let later = other.browser();
    later.set_cookie(browser.cookie());
    assert_eq!(location(&later.get("/").await), "/station/switch?next=/");
    assert_eq!(later.get("/station/switch").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_for_the_token_and_for_managers() {
    let shop = Shop::new(Kind::Sqlite).await;
    let token = shop.write("token", "the-metrics-token\n");
    let web = format!(
        "\n[web]\nhttps = false\nmetrics_token = \"file://{}\"\n",
        token.display()
    );
    let served = Served::with(&shop, &web).await;
    served.signed_in("ada", Role::Packer).await;
    let browser = served.browser();
    browser
        .post("/login", &[("name", "eve"), ("password", "x")])
        .await;
    let with = async |token: &str| {
        let request = browser.request(Method::GET, "/metrics");
        browser.send(request.header("authorization", token)).await
    };
    for wrong in ["", "Bearer ", "Bearer the-metrics", "the-metrics-token"] {
        assert_eq!(
            with(wrong).await.status(),
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    let text = with("Bearer the-metrics-token").await.text().await.unwrap();
    for line in [
        "opsctl_http_requests_total{method=\"POST\",route=\"/login\",status=\"303\"} 1",
        "opsctl_http_request_duration_seconds_bucket",
        "opsctl_login_failures_total{how=\"password\"} 1",
        "opsctl_store_reachable 1",
        "opsctl_sessions 1",
        "opsctl_open_waves 0",
        "opsctl_build_info{version=",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let memory = text
        .lines()
        .find(|l| l.starts_with("opsctl_resident_memory_bytes "));
    let bytes: u64 = memory.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert!(bytes > 1_000_000, "{bytes}");
}

async fn scans_go_on_while_the_store_is_away(shop: Shop) {
    let served = Served::new(&shop).await;
    let browser = served.signed_in("ada", Role::Admin).await;
    assert_eq!(browser.get("/").await.status(), StatusCode::OK);
    served.ctx.store.close().await;
    let health: serde_json::Value = browser.get("/healthz").await.json().await.unwrap();
    assert_eq!(
        health,
        serde_json::json!({ "status": "ok", "store": "unreachable" })
    );
    let response = browser.get("/").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers().get("retry-after").unwrap(), "5");
    let page = response.text().await.unwrap();
    assert!(page.contains("out of reach") && page.contains("try again"));
    let response = browser.sign_in("ada").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// A request whose last byte comes after the server was told to stop is answered; then the
/// server is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_ends_before_the_server_does() {
    let shop = Shop::new(Kind::Sqlite).await;
    let mut served = Served::new(&shop).await;
    let mut line = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    let body = "name=eve&password=not-the-password";
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 25];
    line.read_exact(&mut said).await.unwrap();
    assert!(
        said.starts_with(b"HTTP/1.1 100"),
        "the handler reads the body"
    );
    let stopped = served.stop();
    while tokio::net::TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    line.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let stopped = tokio::time::timeout(Duration::from_secs(5), stopped).await;
    stopped.unwrap().unwrap().unwrap();
}

/// A process that ends with the story.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The real binary: it says where it listens, answers, and ends when it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_serves_until_it_is_told_to_stop() {
    use std::io::BufRead;
    let shop = Shop::new(Kind::Sqlite).await;
    let mut command = shop.command(&["--json", "serve", "--listen", "127.0.0.1:0"]);
    let command = command.stdout(std::process::Stdio::piped());
    let mut child = Child(command.spawn().unwrap());
    let mut line = String::new();
    let mut said = std::io::BufReader::new(child.0.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = said["url"].as_str().unwrap().to_owned();
    assert!(!url.ends_with(":0"), "{url}");
    let health = client().get(format!("{url}/healthz")).send().await.unwrap();
    let health: serde_json::Value = health.json().await.unwrap();
    assert_eq!(health["store"], "reachable");
    let pid = child.0.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(kill.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || {
        let child = &mut child;
        child.0.wait().unwrap()
    });
    let ended = tokio::time::timeout(Duration::from_secs(15), ended).await;
    assert!(ended.unwrap().unwrap().success());
}
