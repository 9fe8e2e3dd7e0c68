//! The README's first command, as a newcomer starts it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

fn opsctl(folder: &TempDir, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_opsctl"))
        .current_dir(folder.path())
        .env_remove("OPSCTL_TENANT")
        .args(args)
        .output()
        .unwrap()
}

fn json(folder: &TempDir, args: &[&str]) -> serde_json::Value {
    let output = opsctl(folder, args);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {words}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_demo_ends_by_itself_and_its_shop_can_be_worked_on() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let summary = json(&folder, &["demo", "--skus", "300", "--json"]);
        assert_eq!(summary["schema"], 1);
        assert_eq!(summary["steps"].as_array().unwrap().len(), 18);
        let proof = &summary["proof"];
        assert!(proof["quantities_compared"].as_i64().unwrap() > 100);
        assert_eq!(proof["differ"], serde_json::json!([]));
        assert_eq!(proof["broken"], serde_json::json!([]));
        let order = proof["explained_order"].as_str().unwrap();
        let demo = |args: &[&str]| json(&folder, &[&["--tenant", "demo", "--json"], args].concat());
        let explained = demo(&["cogs", "explain", order]);
        assert_eq!(explained["order"], order);
        let kinds = |kind: &str| {
            let lines = explained["lines"].as_array().unwrap();
            lines.iter().filter(|line| line["kind"] == kind).count()
        };
        assert_eq!((kinds("dispatch"), kinds("late_cost")), (2, 1));
        assert!(demo(&["check"])["sound"].as_bool().unwrap());
        assert!(demo(&["stock", "list"])["rows"].as_array().unwrap().len() > 100);
    }
    let told = opsctl(&folder, &["demo", "--skus", "300"]);
    let told = String::from_utf8(told.stdout).unwrap();
    for words in ["18. The proof", "0 are broken", "0 differ", "Try next:"] {
        assert!(told.contains(words), "{words:?} is not in:\n{told}");
    }
}

#[test]
fn what_the_demo_bought_is_known_where_its_shop_is_opened_again() {
    let folder = TempDir::new().unwrap();
    json(&folder, &["demo", "--skus", "300", "--json"]);
    let listen = "127.0.0.1:0";
    let sandbox = Command::new(env!("CARGO_BIN_EXE_opsctl"))
        .current_dir(folder.path())
        .args(["sandbox", "--load", "var/demo/shop", "--listen", listen])
        .arg("--json")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut sandbox = Beside(sandbox);
    let told = BufReader::new(sandbox.0.stdout.take().unwrap());
    let mut told = serde_json::Deserializer::from_reader(told).into_iter();
    let started: serde_json::Value = told.next().unwrap().unwrap();
    let file = folder.path().join("tenants/demo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let there = started["url"].as_str().unwrap();
    std::fs::write(&file, text.replace("http://127.0.0.1:8765", there)).unwrap();
    let demo = |args: &[&str]| json(&folder, &[&["--tenant", "demo", "--json"], args].concat());
    let list = demo(&["ship", "list"]);
    let sent = &list["consignments"][0];
    let number = sent["parcels"][0]["tracking"].as_str().unwrap();
    let tracked = demo(&["track", number]);
    assert_eq!(
        (&tracked["asked"], &tracked["failed"]),
        (&1.into(), &serde_json::json!([]))
    );
    let open = demo(&["orders", "list", "--status", "processing"]);
    let mut open = open["rows"].as_array().unwrap().iter();
    let whole = open.find(|row| row["wanted"] == row["reserved"]).unwrap();
    let order = whole["order_ref"].as_str().unwrap();
    let ship = ["ship", order, "--package", "1kg:20x20x10cm"];
    assert_eq!(demo(&ship)["consignment"]["state"], "shipped");
}

/// A process that ends with the test.
struct Beside(Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_tenant_that_is_not_the_demos_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let made = opsctl(
        &folder,
        &["init", "demo", "--store", "sqlite://var/mine.db"],
    );
    assert!(made.status.success());
    let output = opsctl(&folder, &["demo"]);
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("is not the demo's tenant"), "{words}");
    assert!(folder.path().join("var/demo/vault.age").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_opens_its_station_and_says_how_to_sign_in() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_opsctl"))
        .current_dir(folder.path())
        .env_remove("OPSCTL_TENANT")
        .args(["demo", "--skus", "300", "--serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let (mut address, mut password) = (None, None);
    for line in lines.map_while(Result::ok) {
        if let Some((_, url)) = line.split_once("the office: ") {
            address = Some(url.trim().to_owned());
        }
        if let Some((_, rest)) = line.split_once("demo (admin): password ") {
            password = rest.split(',').next().map(ToOwned::to_owned);
        }
        if line.contains("Ctrl-C ends it") {
            break;
        }
    }
    let (address, password) = (address.unwrap(), password.unwrap());
    let redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder()
        .redirect(redirects)
        .build()
        .unwrap();
    let login = client.post(format!("{address}/login"));
    let login = login.header("sec-fetch-site", "same-origin");
    let form = "application/x-www-form-urlencoded";
    let login = login.header("content-type", form);
    let answer = login.body(format!("name=demo&password={password}")).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let station = client.get(format!("{address}/api/v1/station"));
    let station = station.header("cookie", cookie).send().await.unwrap();
    assert_eq!(station.status().as_u16(), 200);
    assert!(station.text().await.unwrap().contains("manual:D-2"));
    let stop = Command::new("kill").arg(demo.id().to_string()).status();
    assert!(stop.unwrap().success());
    assert!(demo.wait().unwrap().success());
    assert!(json(&folder, &["--tenant", "demo", "--json", "check"])["sound"] == true);
}
