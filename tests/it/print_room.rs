//! A print room: queues of CUPS that lead to a printer played here, a print server of one's
//! own that may be killed, a wire that loses answers, and sendings with labels to be printed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use opsctl::context::Context;
use opsctl::store::documents::{self, New};

use crate::harness::Shop;

/// The print server that all share.
pub fn shared() -> String {
    std::env::var("OPSCTL_TEST_CUPS").unwrap_or_else(|_| {
        panic!("OPSCTL_TEST_CUPS is not set: start the tests with tests/run.sh, which starts CUPS")
    })
}

/// Waits until something holds, for at most 30 s.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "not {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Plays a thermal printer: takes whatever comes and keeps it, a connection a label.
pub struct Printer {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
    /// While set, what came in is not read to its end.
    pub jammed: Arc<AtomicBool>,
    /// Connections taken.
    pub begun: Arc<AtomicUsize>,
}

impl Printer {
    pub fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    pub fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let printer = Self {
            address: listener.local_addr().unwrap(),
            got: Arc::default(),
            jammed: Arc::default(),
            begun: Arc::default(),
        };
        let (got, jammed) = (printer.got.clone(), printer.jammed.clone());
        let begun = printer.begun.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                begun.fetch_add(1, Ordering::SeqCst);
                while jammed.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(20));
                }
                let mut bytes = Vec::new();
                if connection.read_to_end(&mut bytes).is_ok() && !bytes.is_empty() {
                    got.lock().unwrap().push(bytes);
                }
            }
        });
        printer
    }

    /// What came in, a label each.
    pub fn got(&self) -> Vec<Vec<u8>> {
        self.got.lock().unwrap().clone()
    }

    /// Waits for so many labels, and that no more come.
    pub fn must_get(&self, count: usize) -> Vec<Vec<u8>> {
        until(&format!("{count} labels"), || self.got().len() >= count);
        let got = self.got();
        assert_eq!(got.len(), count);
        got
    }
}

/// Makes a raw queue that leads to an address; gives its name.
pub fn queue(cups: &str, to: SocketAddr) -> String {
    let name = format!("q{}", uuid::Uuid::new_v4().simple());
    let device = format!("socket://{to}/?contimeout=1");
    admin(
        cups,
        "lpadmin",
        &[
            "-p",
            &name,
            "-E",
            "-v",
            &device,
            "-m",
            "raw",
            "-o",
            "printer-error-policy=stop-printer",
        ],
    );
    name
}

/// Runs a command of CUPS's own on a server.
pub fn admin(cups: &str, command: &str, args: &[&str]) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(command)
        .env("PATH", format!("{path}:/usr/sbin"))
        .env("CUPS_SERVER", cups.trim_start_matches("http://"))
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command} {args:?}: {said}");
}

/// The tenant file's lines for stations of these names, each with one queue for all.
pub fn stations(cups: &str, stations: &[(&str, &str)]) -> String {
    let mut text = format!("\n[printing]\ncups = \"{cups}\"\ntimeout_seconds = 5\n");
    for (name, queue) in stations {
        text.push_str(&format!(
            "[printing.stations.{name}]\nlabels = \"{queue}\"\ndocuments = \"{queue}\"\n"
        ));
    }
    text
}

/// A shop with one station, whose queue leads to a printer.
pub async fn with_printer(shop: &Shop, cups: &str, queue: &str) -> Context {
    let more = stations(cups, &[("bench", queue)]);
    shop.write("tenants/shop.toml", &shop.tenant_file(&more));
    shop.context_with("printing", &more).await
}

/// A sending of an order, by our reference, with these documents: (kind, media type, bytes),
/// each label of a piece of its own. Gives their numbers.
pub async fn sending(
    shop: &Shop,
    ctx: &Context,
    reference: &str,
    made: &[(&str, &str, &[u8])],
) -> Vec<i64> {
    let number = uuid::Uuid::new_v4().as_u128() as u32;
    shop.sql(&format!(
        "INSERT INTO channel_accounts (id, name, kind, url) \
           SELECT 7, 'woo', 'woocommerce', '' FROM instance \
           WHERE NOT EXISTS (SELECT 1 FROM channel_accounts c WHERE c.id = 7); \
         INSERT INTO orders (id, account_id, external_id, number, status, rule, currency, \
           placed_at, modified_at, customer, email, ship_to, note, terms, po_number, \
           shipping_minor, tax_minor, total_minor, fingerprint, taken_in_at, search) \
           VALUES ({number}, 7, '{number}', '{number}', 'processing', 'ship', 'EUR', 0, 0, 'A', \
           '', '{{}}', '', '', '', 0, 0, 0, '', 0, 'a'); \
         INSERT INTO consignments (id, order_id, direction, carrier, service, reference, sending, \
           state, said, billing_weight, created_at, updated_at, actor, run) \
           VALUES ({number}, {number}, 'inbound', 'ups', '03', '{reference}', '{{}}', 'shipped', \
           '', '', 0, 0, 'cli:test', 'r')"
    ))
    .await;
    let parcel = |at: usize| i64::from(number) * 1_000 + at as i64;
    for at in (0..made.len()).filter(|at| made[*at].0 == "label") {
        shop.sql(&format!(
            "INSERT INTO parcels (id, consignment_id, number, weight_g, tracking) \
               VALUES ({0}, {number}, {1}, 500, 'T{0}')",
            parcel(at),
            at + 1
        ))
        .await;
    }
    let mut tx = ctx.store.begin().await.unwrap();
    let mut ids = Vec::new();
    for (at, (kind, media_type, bytes)) in made.iter().enumerate() {
        let title = format!("{kind} {} of {}", at + 1, made.len());
        let new = New {
            kind,
            title: &title,
            media_type,
            consignment: Some(number.into()),
            parcel: (*kind == "label").then_some(parcel(at)),
            template: "",
            bundle: "",
            bytes,
        };
        let id = documents::insert(&mut tx, &ctx.stamp(), &new).await;
        ids.push(id.unwrap());
    }
    ctx.store.commit(tx).await.unwrap();
    ids
}

/// A print server of one's own.
pub struct Cups {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Cups {
    pub fn start() -> Self {
        // Its backends run as another user, who must get to it.
        let folder = tempfile::TempDir::new().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Self::spawn(&folder.path().join("cups"), port);
        Self {
            folder,
            port,
            child,
        }
    }

    fn spawn(folder: &PathBuf, port: u16) -> Child {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cups.sh");
        let child = Command::new("bash")
            .arg(script)
            .arg(folder)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("CUPS answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        child
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it without a word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = Self::spawn(&self.folder.path().join("cups"), self.port);
    }
}

impl Drop for Cups {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A wire to a print server that counts connections, and cuts the answer to the next print
/// off when told to.
pub struct Wire {
    pub url: String,
    pub connections: Arc<AtomicUsize>,
    pub lose_next: Arc<AtomicBool>,
}

/// `Print-Job` behind the version of IPP, as a request begins.
const PRINT_JOB: &[u8] = &[1, 1, 0, 2];

impl Wire {
    pub fn to(cups: &str) -> Self {
        let to: SocketAddr = cups.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            connections: Arc::default(),
            lose_next: Arc::default(),
        };
        let (connections, lose) = (wire.connections.clone(), wire.lose_next.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(to).unwrap();
                carry(client.unwrap(), server, &lose);
            }
        });
        wire
    }
}

/// Carries both ways, each on a thread of its own.
fn carry(client: TcpStream, server: TcpStream, lose: &Arc<AtomicBool>) {
    let cut = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (lose, cut_there) = (lose.clone(), cut.clone());
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let prints = buffer[..n].windows(4).any(|part| part == PRINT_JOB);
            if prints && lose.swap(false, Ordering::SeqCst) {
                cut_there.store(true, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (server, client);
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if cut.load(Ordering::SeqCst) {
                break;
            }
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
