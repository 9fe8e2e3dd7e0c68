//! Who may come in, as an admin sets it on the page: once, however often it is sent.

use opsctl::domain::people::Role;
use reqwest::StatusCode;

use crate::harness::{Kind, Shop};
use crate::served::{Served, location};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_adds_one_user_and_shows_the_same_secrets_twice() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    let admin = served.signed_in("ada", Role::Admin).await;
    let once = uuid::Uuid::new_v4().to_string();
    let form = [
        ("once", once.as_str()),
        ("name", "bob"),
        ("display_name", "<script>alert(1)</script>"),
        ("role", "packer"),
        ("password", ""),
        ("pin", "yes"),
        ("badge", "yes"),
    ];
    let (first, second) = tokio::join!(admin.post("/users", &form), admin.post("/users", &form));
    let (first, second) = (first.text().await.unwrap(), second.text().await.unwrap());
    assert!(first.contains("OPSUSER") && first == second);
    assert!(
        first
            .replace("&#x2f;", "/")
            .contains("data:image/svg+xml;base64,")
    );
    assert!(first.contains("&lt;script&gt;alert(1)"));
    assert!(!first.contains("<script>alert"));
    let list = admin.get("/users").await.text().await.unwrap();
    assert!(!list.contains("OPSUSER") && !list.contains("<script>alert"));
    assert_eq!(
        shop.json(&["user", "list"])["users"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    // Another server has no such page any more, and does not add anybody either.
    let other = Served::new(&shop).await;
    let later = other.browser();
    later.set_cookie(admin.cookie());
    let response = later.post("/users", &form).await;
    assert_eq!(location(&response), "/users");

    let again = uuid::Uuid::new_v4().to_string();
    let form = [
        ("once", again.as_str()),
        ("name", "bob"),
        ("role", "packer"),
    ];
    let response = admin.post("/users", &form).await.text().await.unwrap();
    assert!(response.contains("already a user bob"));
    let refused = admin.post(
        "/users",
        &[("once", "x"), ("name", "cy"), ("role", "packer")],
    );
    assert_eq!(refused.await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_lets_people_in_and_out_on_the_page() {
    let shop = Shop::new(Kind::Sqlite).await;
    let served = Served::new(&shop).await;
    let admin = served.signed_in("ada", Role::Admin).await;
    let bob = served.take_on("bob", Role::Packer).await.id.unwrap();
    let station = served.browser();
    station.sign_in("bob").await;
    let change = async |what: &str, more: &[(&str, &str)]| {
        let once = uuid::Uuid::new_v4().to_string();
        let form = [&[("once", once.as_str())], more].concat();
        let response = admin.post(&format!("/users/{bob}/{what}"), &form).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.unwrap()
    };
    assert!(
        change("role", &[("role", "manager")])
            .await
            .contains("bob, manager")
    );
    assert_eq!(station.get("/metrics").await.status(), StatusCode::OK);
    let page = change("disable", &[]).await;
    assert!(page.contains("Signed out of 1 browser."), "{page}");
    assert_eq!(station.get("/").await.status(), StatusCode::SEE_OTHER);
    change("enable", &[]).await;
    let page = change("reset", &[("password", "yes")]).await;
    let made_up = page.split("class=\"secret\">").nth(1).unwrap();
    let made_up = made_up.split('<').next().unwrap();
    let form = [("name", "bob"), ("password", made_up)];
    assert_eq!(location(&station.post("/login", &form).await), "/");
    assert!(
        change("role", &[("role", "root")])
            .await
            .contains("is no role")
    );
}
