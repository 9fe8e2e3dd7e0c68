//! Scans at the station of a shop of 50,000 SKUs: 200 a second beside a running sync, and with
//! the database out of reach, as a browser on this machine has them answered.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::STORES;
use crate::harness::{Kind, Shop};
use crate::table::{Aim, Table, Unit};

const SKUS: usize = 50_000;
const A_SECOND: u64 = 200;
const SECONDS: u64 = 10;
const PASSWORD: &str = "a scanner in each hand";

pub async fn measure(table: &mut Table) {
    eprintln!("station: {A_SECOND} scans a second, {SKUS} SKUs");
    for kind in STORES {
        one_store(table, kind).await;
    }
}

async fn one_store(table: &mut Table, kind: Kind) {
    let shop = Shop::new(kind).await;
    let plan = Plan {
        skus: SKUS,
        ..Plan::default()
    };
    let sandbox = Sandbox::start(Options {
        content: Content::Generated(plan),
        ..Options::default()
    })
    .await
    .unwrap();
    let line = Line::to(&shop).await;
    write_tenant(&shop, &sandbox, &line.url);
    shop.json(&["sync"]);
    let codes = sandbox.woo().managed_skus();
    add_user(&shop);
    let server = Server::start(&shop);
    let scanner = Scanner::signed_in(&server).await;
    scanner.scan(&codes[0]).await;

    let syncing = Arc::new(AtomicBool::new(true));
    let beside = run_syncs(&shop, syncing.clone());
    let latencies = scanner.scans(&codes).await;
    syncing.store(false, Ordering::Relaxed);
    let synced = beside.join().unwrap();
    let store = Some(kind);
    let what = "station, scans answered beside a running sync";
    table.note(what, store, latencies.len() as f64, Unit::Count, Aim::None);
    note(table, kind, "  a scan", &latencies);
    table.note(
        "  syncs meanwhile",
        store,
        synced as f64,
        Unit::Count,
        Aim::Above(1.0),
    );
    let memory = server.memory_mb();
    table.note(
        "  memory of `opsctl serve`",
        store,
        memory,
        Unit::Mb,
        Aim::Below(100.0),
    );

    line.cut();
    if kind == Kind::Sqlite {
        std::fs::rename(shop.path("var/shop/opsctl.db"), shop.path("away.db")).unwrap();
    }
    let latencies = scanner.scans(&codes).await;
    note(
        table,
        kind,
        "  a scan, the database out of reach",
        &latencies,
    );
    sandbox.stop().await.unwrap();
}

fn note(table: &mut Table, kind: Kind, what: &str, latencies: &[f64]) {
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    for (name, share, aim) in [
        ("p50", 0.5, Aim::None),
        ("p99", 0.99, Aim::Below(20.0)),
        ("longest", 1.0, Aim::None),
    ] {
        table.note(
            &format!("{what}, {name}"),
            Some(kind),
            at(share),
            Unit::Ms,
            aim,
        );
    }
}

/// The way to the database: to MariaDB through a port of our own, which can be cut.
struct Line {
    url: String,
    carrying: Option<tokio::task::JoinHandle<()>>,
}

impl Line {
    async fn to(shop: &Shop) -> Self {
        let Some(rest) = shop.url.strip_prefix("mysql://root@") else {
            let url = shop.url.clone();
            return Self {
                url,
                carrying: None,
            };
        };
        let (server, database) = rest.split_once('/').unwrap();
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("mysql://root@{}/{database}", listener.local_addr().unwrap());
        let carrying = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let server = server.clone();
                lines.spawn(async move {
                    let mut to = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                });
            }
        });
        Self {
            url,
            carrying: Some(carrying),
        }
    }

    fn cut(&self) {
        if let Some(carrying) = &self.carrying {
            carrying.abort();
        }
    }
}

fn write_tenant(shop: &Shop, sandbox: &Sandbox, url: &str) {
    let (key, secret) = sandbox.woo().credentials();
    std::fs::create_dir_all(shop.path("secrets")).unwrap();
    let key = shop.write("secrets/key", &key);
    let secret = shop.write("secrets/secret", &secret);
    let more = format!(
        "[web]\nhttps = false\n[channels.woo]\nkind = \"woocommerce\"\nurl = \"{}\"\n\
         consumer_key = \"file://{}\"\nconsumer_secret = \"file://{}\"\n\
         requests_per_second = 1000\n",
        sandbox.shop_url(),
        key.display(),
        secret.display()
    );
    let text = shop.tenant_file(&more).replace(&shop.url, url);
    shop.write("tenants/shop.toml", &text);
}

fn add_user(shop: &Shop) {
    let password = shop.write("password", PASSWORD);
    let mut command = shop.command(&["user", "add", "kim", "--role", "packer", "--password-stdin"]);
    command.stdin(std::fs::File::open(password).unwrap());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whole reads of the shop, one after another, until told; gives how many.
fn run_syncs(shop: &Shop, go_on: Arc<AtomicBool>) -> std::thread::JoinHandle<u64> {
    let commands: Vec<Command> = (0..100)
        .map(|_| shop.command(&["sync", "--full"]))
        .collect();
    std::thread::spawn(move || {
        let mut ran = 0;
        for mut command in commands {
            if !go_on.load(Ordering::Relaxed) {
                break;
            }
            let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(ended.unwrap().success());
            ran += 1;
        }
        ran
    })
}

/// `opsctl serve`, ended with this.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(shop: &Shop) -> Self {
        let mut command = shop.command(&["--json", "serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let url = said["url"].as_str().unwrap().to_owned();
        Self { process, url }
    }

    fn memory_mb(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
        let kb: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
        kb / 1000.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Clone)]
struct Scanner {
    client: Client,
    url: String,
    cookie: String,
}

impl Scanner {
    async fn signed_in(server: &Server) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let form = format!("name=kim&password={}", PASSWORD.replace(' ', "+"));
        let login = client.post(format!("{}/login", server.url));
        let login = login
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = login.body(form).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        Self {
            client,
            url: server.url.clone(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    /// Scans a code, which must be known.
    async fn scan(&self, code: &str) {
        let request = self.client.post(format!("{}/api/v1/resolve", self.url));
        let request = request
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .json(&json!({ "code": code }));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["kind"], "item", "{answer}");
    }

    /// Scans at a steady pace, whether earlier ones are answered or not. How long each took
    /// from when it was due, in milliseconds, the quickest first.
    async fn scans(&self, codes: &[String]) -> Vec<f64> {
        let mut under_way = JoinSet::new();
        let mut pace = tokio::time::interval(Duration::from_millis(1000 / A_SECOND));
        for at in 0..A_SECOND * SECONDS {
            let due = pace.tick().await.into_std();
            let code = codes[at as usize * 7919 % codes.len()].clone();
            let scanner = self.clone();
            under_way.spawn(async move {
                scanner.scan(&code).await;
                Instant::now().duration_since(due).as_secs_f64() * 1000.0
            });
        }
        let mut took = under_way.join_all().await;
        took.sort_by(f64::total_cmp);
        took
    }
}
