//! A shop whose floor is worked on: goods in bins, orders, people, a running `opsctl serve`,
//! and a line to it that can be cut.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::harness::{Kind, Shop};
use crate::shelves;

pub const MUG: &str = "4006381333931";
/// Six mugs.
pub const MUG_CASE: &str = "14006381333938";
pub const CAMERA: &str = "4012345678901";
pub const TEA: &str = "5000159407533";
/// In the house, and in no order here.
pub const VASE: &str = "7610300000018";

const TENANT: &str = r"
[web]
https = false

[pack.boxes.small]
length_mm = 300
width_mm = 200
height_mm = 150
empty_g = 120

[pack.boxes.tall]
length_mm = 300
width_mm = 200
height_mm = 600
";

const PRODUCTS: &str = "sku,title,weight_g,tracking,gtin,units_per_scan
MUG,Stoneware mug,350,none,4006381333931,1
MUG,,,,14006381333938,6
CAM,Pocket camera,420,serial,4012345678901,1
TEA,Green tea,100,lot,5000159407533,1
VASE,Glass vase,900,none,7610300000018,1
";

const LOTS: &str = "sku,lot,received_on,qty,total_cost,location,serials
MUG,M1,2026-01-02,60,60.00,A-01,
CAM,C1,2026-01-02,2,20.00,B-01,SN100 SN101
CAM,C2,2026-01-03,2,30.00,B-01,SN200 SN201
TEA,T1,2026-01-02,20,20.00,A-02,
VASE,V1,2026-01-02,5,20.00,A-02,
";

/// Somebody who works there, and what they prove it with.
pub struct Person {
    pub name: String,
    pub password: String,
    pub pin: String,
    pub badge: String,
}

pub struct Floor {
    pub shop: Shop,
    server: Option<Child>,
    address: SocketAddr,
}

impl Floor {
    /// The goods, and the server; no orders yet.
    pub async fn new() -> Self {
        Self::of(Shop::new(Kind::Sqlite).await)
    }

    /// The same on a MariaDB at the end of a line that can be cut.
    pub async fn with_its_store_at_a_distance() -> (Self, Line) {
        let mut shop = Shop::new(Kind::Maria).await;
        let (_, rest) = shop.url.split_once('@').unwrap();
        let (store, _) = rest.split_once('/').unwrap();
        let line = Line::to(store.parse().unwrap()).await;
        shop.url = shop.url.replace(store, &line.address.to_string());
        (Self::of(shop), line)
    }

    fn of(shop: Shop) -> Self {
        shop.write("tenants/shop.toml", &shop.tenant_file(TENANT));
        shop.write("products.csv", PRODUCTS);
        shop.json(&["products", "import", "products.csv"]);
        shop.json(&["location", "add", "A-01", "A-02", "B-01"]);
        shop.write("lots.csv", LOTS);
        shop.json(&["receive", "lots.csv"]);
        Self::serving(shop)
    }

    /// A shop that is there already, with a server over it.
    pub fn serving(shop: Shop) -> Self {
        let mut floor = Self {
            shop,
            server: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        floor.serve();
        floor
    }

    /// Starts the server; where it ran before, on the same port.
    pub fn serve(&mut self) {
        let listen = self.address.to_string();
        let mut server = self
            .shop
            .command(&["--json", "serve", "--listen", &listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(server.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        self.address = told["listening"].as_str().unwrap().parse().unwrap();
        self.server = Some(server);
    }

    /// Ends the server as a power cut does, where it runs.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub fn home(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn person(&self, name: &str, role: &str) -> Person {
        self.person_called(name, name, role)
    }

    pub fn person_called(&self, name: &str, display_name: &str, role: &str) -> Person {
        let made = [
            "user",
            "add",
            name,
            "--display-name",
            display_name,
            "--role",
            role,
            "--generate",
            "--pin",
            "--badge",
        ];
        let told = self.shop.json(&made);
        let secret = |what: &str| {
            let told = told.get(what).or_else(|| told["shown"].get(what));
            told.unwrap().as_str().unwrap().to_owned()
        };
        Person {
            name: name.to_owned(),
            password: secret("password"),
            pin: secret("pin"),
            badge: secret("badge"),
        }
    }

    /// An order of these units, reserved.
    pub fn order(&self, number: &str, lines: &[(&str, i64)]) {
        let rows: String = lines
            .iter()
            .map(|(sku, units)| format!("{number},2026-02-01,{sku},{units}\n"))
            .collect();
        shelves::order(&self.shop, &rows);
    }

    /// Units of a SKU at a place, by `opsctl stock show`.
    pub fn lies_at(&self, sku: &str, place: &str) -> i64 {
        let lots = shelves::lies(&self.shop, sku);
        lots.iter().filter(|l| l.1 == place).map(|l| l.2).sum()
    }

    /// A line to the server that can be cut.
    pub async fn line(&self) -> Line {
        Line::to(self.address).await
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A relay between browser and server. While it is cut, connections break at once.
pub struct Line {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
    cut: Arc<Notify>,
}

impl Line {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_cut, cut) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (broken, notice) = (is_cut.clone(), cut.clone());
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                if broken.load(Ordering::SeqCst) {
                    drop(browser);
                    continue;
                }
                let notice = notice.clone();
                tokio::spawn(relay(browser, server, notice));
            }
        });
        Self {
            address,
            is_cut,
            cut,
        }
    }

    pub fn home(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.cut.notify_waiters();
    }

    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

async fn relay(mut browser: TcpStream, server: SocketAddr, cut: Arc<Notify>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut browser, &mut server) => {}
        () = cut.notified() => {}
    }
}
