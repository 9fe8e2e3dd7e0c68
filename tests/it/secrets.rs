//! Planted secrets: whatever a run prints, records or stores, however it fails, no value of
//! a secret is in it, in any form that a secret is written in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use opsctl::sandbox::faults::{Fault, Rule};
use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Kind, Shop};

// Characters that are written otherwise in an address, in JSON and in base64.
const KEY: &str = "ck_planted/0123+4567=89";
const SECRET: &str = "cs_planted/89ab+\"cdef\"=01";
const WRONG: &str = "cs_mistyped/2345+6789=ab";
const ENV_KEY: &str = "ck_from_env/cdef+0123=45";
const ENV_SECRET: &str = "cs_from_env/6789+abcd=ef";
const PASSWORD: &str = "pw_planted/0a1b+2c3d=4e'5f";

/// A tenant's folder, all that opsctl has printed in it, and what must be nowhere.
struct Stage {
    folder: PathBuf,
    env: Vec<(&'static str, String)>,
    needles: Vec<(String, Vec<u8>)>,
    said: Vec<(String, Vec<u8>)>,
}

impl Stage {
    fn new(folder: &Path) -> Self {
        let mut stage = Self {
            folder: folder.to_owned(),
            env: Vec::new(),
            needles: Vec::new(),
            said: Vec::new(),
        };
        for value in [KEY, SECRET, WRONG, ENV_KEY, ENV_SECRET, PASSWORD] {
            stage.plant(value);
        }
        for (key, secret) in [(KEY, SECRET), (KEY, WRONG), (ENV_KEY, ENV_SECRET)] {
            stage.plant(&format!("{key}:{secret}"));
        }
        stage
    }

    /// From now on this value must be nowhere, as it is or encoded.
    fn plant(&mut self, value: &str) {
        let percent: String = value.bytes().map(percent).collect();
        for (form, text) in [
            ("itself", value.to_owned()),
            ("in JSON", quoted(value)),
            ("in JSON in JSON", quoted(&quoted(value))),
            ("percent-encoded", percent.clone()),
            ("percent-encoded twice", percent.replace('%', "%25")),
            ("percent-encoded, small", lower_percent(&percent)),
            (
                "in base64",
                STANDARD.encode(value).trim_end_matches('=').to_owned(),
            ),
            ("in base64 for addresses", URL_SAFE_NO_PAD.encode(value)),
        ] {
            self.needles
                .push((format!("{value} {form}"), text.into_bytes()));
        }
    }

    fn start(&self, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_opsctl"))
            .args(args)
            .current_dir(&self.folder)
            .env("OPSCTL_TENANT", "shop")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not wait for its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs opsctl, keeps all it prints for the search, and gives it.
    fn run(&mut self, exit: i32, line: &str, input: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let output = self.start(&args, input);
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{line}: {text}");
        assert!(!said.is_empty(), "{line} printed nothing to search");
        self.said.push((line.to_owned(), said));
        text
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.folder.join("tenants/shop.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// All that was printed, and every file but those that are to hold secrets.
    fn haystack(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = self.said.clone();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if !["vault.age", "identity.txt"].contains(&name.as_str()) {
                    all.push((name, std::fs::read(&path).unwrap()));
                }
            }
        }
        all
    }

    /// Where a text is found.
    fn places(&self, needle: &[u8]) -> Vec<String> {
        self.haystack()
            .into_iter()
            .filter(|(_, bytes)| holds(bytes, needle))
            .map(|(place, _)| place)
            .collect()
    }

    fn nothing_leaked(&self) {
        for (place, bytes) in self.haystack() {
            for (what, needle) in &self.needles {
                assert!(
                    !holds(&bytes, needle),
                    "{what} is in {place}:\n{}",
                    String::from_utf8_lossy(&bytes[..bytes.len().min(20_000)])
                );
            }
        }
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// As it stands in JSON, without the quotes around it.
fn quoted(value: &str) -> String {
    let json = serde_json::to_string(value).unwrap();
    json[1..json.len() - 1].to_owned()
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn lower_percent(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        format!("{text}%{}{}", part[..2].to_ascii_lowercase(), &part[2..])
    })
}

/// A shop that answers every request with an error that repeats the request, and the
/// secret it is thought to go with.
async fn echoing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 16 << 10];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let message = format!("{ENV_KEY}:{ENV_SECRET} does not open {head}");
            let body = serde_json::json!({ "code": "no", "message": message }).to_string();
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\n\
                 x-echo: {ENV_SECRET}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

const VERBOSE: &str = "-v -v --log-format json --record-http http.jsonl";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_printed_recorded_or_stored() {
    let folder = TempDir::new().unwrap();
    let mut stage = Stage::new(folder.path());
    stage.env = vec![
        ("SECOND_KEY", ENV_KEY.to_owned()),
        ("SECOND_SECRET", ENV_SECRET.to_owned()),
    ];
    let sandbox = Sandbox::start(Options {
        consumer_key: KEY.to_owned(),
        consumer_secret: SECRET.to_owned(),
        content: Content::Generated(Plan {
            skus: 20,
            seed: 7,
            ..Plan::default()
        }),
        ..Options::default()
    })
    .await
    .unwrap();
    let url = sandbox.shop_url();
    stage.run(0, &format!("init shop --url {url}"), "");
    stage.run(0, "vault set woo consumer_key", KEY);
    stage.run(0, "vault set woo consumer_secret --json", SECRET);
    stage.run(2, &format!("vault set woo consumer_secret {WRONG}"), "");
    stage.run(2, "vault get woo consumer_secret --json", "");
    stage.run(0, "vault list", "");
    stage.run(0, "config check", "");
    stage.run(0, "config show", "");
    stage.run(0, "config show --json", "");
    let identity = std::fs::read_to_string(stage.folder.join("var/shop/identity.txt")).unwrap();
    let identity = identity.lines().find(|line| !line.starts_with('#'));
    stage.plant(identity.unwrap());

    a_shop_that_works(&mut stage);
    a_secret_in_the_tenant_file(&mut stage);
    a_shop_that_refuses(&mut stage, &sandbox);
    let echo = echoing().await;
    let second = format!(
        "\n[channels.second]\nkind = \"woocommerce\"\nurl = \"{echo}\"\n\
         consumer_key = \"env://SECOND_KEY\"\nconsumer_secret = \"env://SECOND_SECRET\"\n"
    );
    stage.edit("[channels.woo]", &format!("{second}\n[channels.woo]"));
    let echoed = stage.run(1, &format!("sync {VERBOSE}"), "");
    assert!(echoed.contains("refuses the credentials"), "{echoed}");
    stage.run(1, &format!("doctor {VERBOSE}"), "");
    stage.edit(&echo, "https://127.0.0.1:1");
    stage.edit(&url, "https://127.0.0.1:1");
    sandbox.stop().await.unwrap();
    let dead = stage.run(75, &format!("doctor {VERBOSE}"), "");
    assert!(dead.contains("cannot be reached"), "{dead}");
    let dead = stage.start(&["sync", "-v", "-v"], "");
    assert!(!dead.status.success());
    stage
        .said
        .push(("sync, dead".to_owned(), [dead.stdout, dead.stderr].concat()));

    let jobs = stage.run(0, "jobs --json", "");
    assert!(jobs.contains("refuses the credentials"), "{jobs}");
    stage.run(0, "jobs", "");
    stage.run(0, "events --json", "");
    stage.run(0, "events", "");
    stage.run(0, "export events", "");
    stage.run(0, "vault rotate", "");
    stage.nothing_leaked();
    the_search_finds_what_is_there(&stage);
}

fn a_shop_that_works(stage: &mut Stage) {
    stage.run(0, "doctor", "");
    stage.run(0, "doctor --json", "");
    let synced = stage.run(0, &format!("sync {VERBOSE}"), "");
    assert!(synced.contains("\"level\":\"TRACE\""), "{synced}");
    stage.run(0, "sync --json", "");
}

fn a_secret_in_the_tenant_file(stage: &mut Stage) {
    let reference = "\"vault://woo#consumer_secret\"";
    let raw = serde_json::to_string(SECRET).unwrap();
    stage.edit(reference, &raw);
    for line in [
        "config check",
        "config check --json",
        "config show",
        "doctor",
        "sync",
    ] {
        let said = stage.run(2, line, "");
        assert!(said.contains("only as a reference"), "{line}: {said}");
    }
    stage.edit(&raw, reference);
}

fn a_shop_that_refuses(stage: &mut Stage, sandbox: &Sandbox) {
    stage.run(0, "vault set woo consumer_secret", WRONG);
    let refused = stage.run(2, &format!("sync {VERBOSE}"), "");
    assert!(refused.contains("refuses the credentials"), "{refused}");
    // Its refusal repeats what it was given.
    let fault = |name: &str, value: &str| Fault::Field {
        name: name.to_owned(),
        value: value.into(),
    };
    let told = format!(
        "{KEY} {WRONG} {}",
        STANDARD.encode(format!("{KEY}:{WRONG}"))
    );
    sandbox.faults().inject(Rule::new(fault("message", &told)));
    stage.run(2, &format!("sync {VERBOSE}"), "");
    stage.run(1, "doctor", "");
    sandbox.faults().clear();
    stage.run(0, "vault set woo consumer_secret", SECRET);
    // What it lists is broken, and repeats a secret where a number should be.
    let told = format!("{KEY} {SECRET}");
    for path in ["products", "orders"] {
        let fault = fault("id", &told);
        sandbox.faults().inject(Rule::new(fault).on("GET", path));
    }
    let sku = sandbox.woo().managed_skus().remove(0);
    sandbox.woo().sell(&[(&sku, 1)], "processing").unwrap();
    let args: Vec<&str> = ["sync"].into_iter().chain(VERBOSE.split(' ')).collect();
    let broken = stage.start(&args, "");
    let broken = [broken.stdout, broken.stderr].concat();
    assert!(holds(&broken, b"is not an id"), "nothing was set aside");
    stage.said.push(("sync, broken".to_owned(), broken));
    sandbox.faults().clear();
}

/// What the search is good for: it finds the secrets where they belong, and in the places
/// searched it finds what should be there.
fn the_search_finds_what_is_there(stage: &Stage) {
    assert!(stage.folder.join("var/shop/vault.age").is_file());
    let get = ["vault", "get", "woo", "consumer_secret"];
    let given = stage.start(&get, "").stdout;
    let mut needles = stage.needles.iter();
    assert!(needles.any(|(_, needle)| holds(&given, needle)));
    let recorded = std::fs::read_to_string(stage.folder.join("http.jsonl")).unwrap();
    assert!(recorded.contains("oauth_consumer_key=REDACTED"));
    assert!(recorded.contains("does not open") && recorded.contains("x-echo"));
    for text in [
        "vault://woo#consumer_key",
        "job_runs",
        "refuses the credentials",
    ] {
        assert!(
            !stage.places(text.as_bytes()).is_empty(),
            "{text} is nowhere"
        );
    }
    let database = stage.places(b"SQLite format 3");
    assert!(database.contains(&"opsctl.db".to_owned()), "{database:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_password_of_a_database_is_printed_or_stored() {
    let shop = Shop::new(Kind::Maria).await;
    let database = shop.url.rsplit('/').next().unwrap();
    let user = format!("u{}", &database[..20]);
    shop.sql(&format!(
        "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{}'; GRANT ALL ON {database}.* TO {user}@'127.0.0.1'",
        PASSWORD.replace('\'', "''")
    ))
    .await;
    let url = shop.url.replace("root@", &format!("{user}@"));
    let file = shop.tenant_file("").replace(
        &format!("\"{}\"", shop.url),
        &format!("\"{url}\"\npassword = \"env://DB_PASSWORD\""),
    );
    shop.write("tenants/shop.toml", &file);
    let mut stage = Stage::new(shop.folder.path());
    stage.env = vec![("DB_PASSWORD", PASSWORD.to_owned())];
    stage.run(0, "config show", "");
    let status = stage.run(0, "db status -v -v", "");
    assert!(status.contains("MariaDB"), "{status}");
    stage.run(0, "doctor -v -v", "");
    stage.run(0, "stock list -v -v --log-format json", "");

    stage.env = vec![("DB_PASSWORD", WRONG.to_owned())];
    let refused = stage.run(75, "doctor -v -v", "");
    assert!(refused.contains("Access denied"), "{refused}");
    stage.run(75, "stock list -v -v", "");
    stage.env = Vec::new();
    stage.run(2, "doctor", "");

    let with_password = url.replace('@', &format!(":{}@", PASSWORD.replace('/', "%2F")));
    stage.plant(&PASSWORD.replace('/', "%2F"));
    stage.edit(&url, &with_password);
    stage.run(2, "config check", "");
    stage.run(2, "doctor", "");
    stage.edit(&with_password, &url);
    stage.nothing_leaked();
    assert!(!stage.places(b"env://DB_PASSWORD").is_empty());
}
