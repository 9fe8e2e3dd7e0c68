//! Every route by every role, and the headers on every answer.

use std::path::Path;

use opsctl::domain::people::Role;
use reqwest::Method;
use serde_json::Value;

use crate::harness::Shop;
use crate::served::{Served, location};

/// Every route, and what it answers nobody, a packer, a manager and an admin. Forms are sent
/// empty: 400 and 422 mean that they were let through to it, 415 that JSON is wanted. `1` in a
/// path is a thing that is not there: 409 says so. Whoever adds a route adds it here.
const ROUTES: &[(&str, &str, [u16; 4])] = &[
    ("GET", "/", [303, 200, 200, 200]),
    ("GET", "/login", [200, 303, 303, 303]),
    ("POST", "/login", [422, 422, 422, 422]),
    ("GET", "/healthz", [200, 200, 200, 200]),
    ("GET", "/metrics", [401, 401, 200, 200]),
    ("GET", "/assets/app.css", [200, 200, 200, 200]),
    ("GET", "/assets/nothing.css", [404, 404, 404, 404]),
    ("GET", "/users", [303, 403, 403, 200]),
    ("POST", "/users", [303, 403, 403, 422]),
    ("POST", "/users/1/disable", [303, 403, 403, 422]),
    ("POST", "/users/1/enable", [303, 403, 403, 422]),
    ("POST", "/users/1/reset", [303, 403, 403, 422]),
    ("POST", "/users/1/role", [303, 403, 403, 422]),
    ("GET", "/station", [303, 200, 200, 200]),
    ("GET", "/station/pick/1", [303, 200, 200, 200]),
    ("GET", "/station/pack/1", [303, 200, 200, 200]),
    ("GET", "/station/calibrate", [303, 200, 200, 200]),
    ("GET", "/station/commands", [303, 200, 200, 200]),
    ("POST", "/api/v1/resolve", [401, 415, 415, 415]),
    ("GET", "/api/v1/me", [401, 200, 200, 200]),
    ("GET", "/api/v1/station", [401, 200, 200, 200]),
    ("POST", "/api/v1/waves", [401, 415, 415, 415]),
    ("GET", "/api/v1/waves/1", [401, 409, 409, 409]),
    ("POST", "/api/v1/waves/1/finish", [401, 415, 415, 415]),
    ("POST", "/api/v1/waves/1/release", [401, 415, 415, 415]),
    ("POST", "/api/v1/scans", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs", [401, 415, 415, 415]),
    ("GET", "/api/v1/packs/1", [401, 409, 409, 409]),
    ("POST", "/api/v1/packs/1/packages", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/items", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/unpack", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/measure", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/swap", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/finish", [401, 415, 415, 415]),
    ("POST", "/api/v1/packs/1/ship", [401, 415, 415, 415]),
    ("GET", "/api/v1/packs/1/rates", [401, 409, 409, 409]),
    ("POST", "/api/v1/packs/1/send", [401, 415, 415, 415]),
    ("GET", "/orders", [303, 403, 200, 200]),
    ("GET", "/orders/1", [303, 403, 409, 409]),
    ("POST", "/orders/1/hold", [303, 403, 409, 409]),
    ("POST", "/orders/1/release", [303, 403, 409, 409]),
    ("GET", "/holds", [303, 403, 200, 200]),
    ("POST", "/holds", [303, 403, 400, 400]),
    ("GET", "/stock", [303, 403, 200, 200]),
    ("GET", "/stock/1", [303, 403, 409, 409]),
    ("GET", "/backorders", [303, 403, 200, 200]),
    ("GET", "/discrepancies", [303, 403, 200, 200]),
    ("POST", "/discrepancies/1/settle", [303, 403, 400, 400]),
    ("GET", "/jobs", [303, 403, 200, 200]),
    ("GET", "/events", [303, 403, 200, 200]),
    ("GET", "/events/stream", [303, 403, 200, 200]),
    ("GET", "/labels", [303, 403, 200, 200]),
    ("GET", "/labels/1.png", [303, 403, 404, 404]),
    ("GET", "/labels/1.zpl", [303, 403, 404, 404]),
    ("GET", "/labels/nothing", [303, 403, 404, 404]),
    // Without a station nothing can be printed: the form is looked at, and refused.
    ("POST", "/labels/1/reprint", [303, 403, 400, 400]),
    ("GET", "/station/switch", [303, 200, 200, 200]),
    ("POST", "/station/switch", [303, 400, 400, 400]),
    ("GET", "/no/such/page", [404, 404, 404, 404]),
    ("DELETE", "/users", [405, 405, 405, 405]),
    // These sign out, so they come last.
    ("POST", "/station/lock", [303, 303, 303, 303]),
    ("POST", "/logout", [303, 303, 303, 303]),
];

pub async fn each_role_goes_as_far_as_it_may(shop: Shop) {
    let served = Served::new(&shop).await;
    let browsers = [
        served.browser(),
        served.signed_in("packer", Role::Packer).await,
        served.signed_in("manager", Role::Manager).await,
        served.signed_in("admin", Role::Admin).await,
    ];
    let who = ["nobody", "packer", "manager", "admin"];
    let mut others = Vec::new();
    for (method, path, expected) in ROUTES {
        for ((browser, who), expected) in browsers.iter().zip(who).zip(expected) {
            let what = format!("{method} {path} by {who}");
            let response = if *method == "GET" {
                browser.get(path).await
            } else {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let request = browser.request(method, path);
                let form = ("content-type", "application/x-www-form-urlencoded");
                let request = request.header(form.0, form.1);
                let sent = request.header("sec-fetch-site", "same-origin");
                browser.send(sent).await
            };
            let status = response.status().as_u16();
            if status != *expected {
                others.push(format!("{what}: {status}, not {expected}"));
                continue;
            }
            if *expected == 303 && who == "nobody" {
                let to = location(&response);
                let fine = to.starts_with("/login") || to.starts_with("/station/switch");
                assert!(fine, "{what}: {to}");
            }
            must_have_headers(&response, &what);
            let streams = response.headers().get("content-type");
            if streams.is_some_and(|kind| kind == "text/event-stream") {
                continue;
            }
            let body = response.text().await.unwrap();
            assert!(
                !body.contains("src/lib") && !body.contains("SELECT"),
                "{what}"
            );
            if path.starts_with("/api/") {
                let answer: Value = serde_json::from_str(&body).unwrap();
                let told = answer["error"].is_string();
                assert_eq!(told, *expected >= 400, "{what}: {answer}");
            } else if *expected == 404 || *expected == 403 {
                assert!(body.contains("<h1>"), "{what} is no page: {body}");
            }
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

fn must_have_headers(response: &reqwest::Response, what: &str) {
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(header(name), value, "{what}");
    }
    assert!(!header("permissions-policy").is_empty(), "{what}");
    let kept = what.contains("/assets/app.css");
    assert_eq!(header("cache-control") == "no-store", !kept, "{what}");
}

/// The paths that the server's source names in `.route(...)`.
fn in_the_source(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(in_the_source(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let routes = text.split(".route(").skip(1);
        found.extend(routes.filter_map(|rest| {
            let path = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            Some(path.to_owned())
        }));
    }
    found
}

#[test]
fn no_route_is_left_out_here() {
    let fits = |route: &str, path: &str| {
        let (route, path): (Vec<&str>, Vec<&str>) =
            (route.split('/').collect(), path.split('/').collect());
        let same = |(a, b): (&&str, &&str)| a.starts_with('{') || a == b;
        route.len() == path.len() && route.iter().zip(&path).all(same)
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib/web");
    let routes = in_the_source(&folder);
    assert!(routes.len() > 40, "{routes:?}");
    for route in routes {
        let tried = ROUTES.iter().any(|(_, path, _)| fits(&route, path));
        assert!(tried, "nobody tries {route}");
    }
}
