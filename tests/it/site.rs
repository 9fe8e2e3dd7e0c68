//! The pages of a shop on a port of their own, and people who are signed in to them.

use std::time::Duration;

use opsctl::context::{Clock, Context};
use opsctl::domain::time::UtcMs;
use opsctl::web::{App, router};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tower_sessions::session::Id;

use crate::harness::Shop;

/// Long enough for whatever must come.
const SOON: Duration = Duration::from_secs(20);

/// A running server.
pub struct Site {
    pub address: String,
    pub ctx: Context,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
}

impl Site {
    pub async fn open(shop: &Shop) -> Self {
        let mut ctx = shop.context_with("serve", "[web]\nhttps = false\n").await;
        ctx.clock = Clock::System;
        "serve".clone_into(&mut ctx.actor);
        let (end, mut until) = watch::channel(false);
        let app = App::new(ctx.clone(), until.clone()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let ended = async move {
                let _ = until.wait_for(|stop| *stop).await;
            };
            axum::serve(listener, router(app))
                .with_graceful_shutdown(ended)
                .await
                .unwrap();
        });
        Self {
            address,
            ctx,
            stop: end,
            server,
        }
    }

    /// Somebody of this role, signed in.
    pub async fn as_role(&self, shop: &Shop, role: &str) -> Visitor {
        let now = self.ctx.clock.now();
        let hours = i64::from(self.ctx.tenant.web.session_hours);
        let ends = now.plus_ms(hours * 3_600_000);
        let id = Id::default();
        let hash = Sha256::digest(id.to_string().as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{role}-{}", uuid::Uuid::new_v4().simple());
        shop.sql(&format!(
            "INSERT INTO users (name, display_name, role, password_hash, failed_attempts, \
             created_at, updated_at, actor, run) \
             VALUES ('{name}', 'Kim {role}', '{role}', '', 0, 0, 0, 'test', 'test'); \
             INSERT INTO sessions (id, user_id, data, created_at, expires_at) \
             SELECT '{hash}', id, '{{}}', {}, {} FROM users WHERE name = '{name}'",
            now.0, ends.0
        ))
        .await;
        Visitor {
            client: client(),
            address: self.address.clone(),
            cookie: format!("opsctl={id}"),
        }
    }

    /// Ends the server; it must end soon, whoever is connected.
    pub async fn shut_down(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(SOON, self.server)
            .await
            .unwrap()
            .unwrap();
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// A browser.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    address: String,
    cookie: String,
}

impl Visitor {
    /// The same browser without anybody signed in.
    pub fn nobody(&self) -> Self {
        Self {
            cookie: String::new(),
            ..self.clone()
        }
    }

    pub fn request(&self, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.address));
        request.header("cookie", &self.cookie)
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = self.request(path).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> String {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Sends a form as the site's own page would.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.address));
        let request = request.header("cookie", &self.cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let kind = "application/x-www-form-urlencoded";
        let request = request.header("content-type", kind).body(body.join("&"));
        request.send().await.unwrap()
    }

    /// Opens the live log; behind an id, where one is given.
    pub async fn listen(&self, path: &str, last: Option<&str>) -> Stream {
        let mut request = self.request(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream {
            response,
            text: String::new(),
        }
    }
}

/// A text as part of an address.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// An event as the browser gets it.
#[derive(Debug, Clone)]
pub struct Heard {
    pub id: String,
    pub name: String,
    pub data: serde_json::Value,
}

/// The live log as it comes.
pub struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    /// The next event; none at the end.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                let Some(data) = field("data:") else {
                    continue;
                };
                return Some(Heard {
                    id: field("id:").unwrap_or_default(),
                    name: field("event:").unwrap_or_default(),
                    data: serde_json::from_str(&data).unwrap(),
                });
            }
            let chunk = tokio::time::timeout(SOON, self.response.chunk());
            let chunk = chunk.await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next so many events.
    pub async fn take(&mut self, count: usize) -> Vec<Heard> {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.push(self.next().await.unwrap());
        }
        heard
    }
}

/// A time in the tenant's zone, as pages show it.
pub fn local(at: UtcMs) -> String {
    let zone = chrono_tz::Europe::Amsterdam;
    let local = at.to_utc().with_timezone(&zone);
    local.format("%Y-%m-%d %H:%M").to_string()
}
