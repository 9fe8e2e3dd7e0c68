//! A server over a shop's store, in process, and browsers that speak to it.

use std::net::SocketAddr;
use std::sync::Mutex;

use opsctl::context::{Clock, Context};
use opsctl::domain::people::Role;
use opsctl::web;
use opsctl::workflows::users::{self, New, Secrets, Wish};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::harness::Shop;

pub const PASSWORD: &str = "correct horse battery";
pub const PIN: &str = "2580";

/// A client without TLS; reqwest wants a provider of it nevertheless.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder();
    let builder = builder.redirect(reqwest::redirect::Policy::none());
    builder.build().unwrap()
}

/// A server; dropping it stops it.
pub struct Served {
    pub address: SocketAddr,
    pub ctx: Context,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Served {
    /// Over plain http, so that cookies come back without TLS.
    pub async fn new(shop: &Shop) -> Self {
        Self::with(shop, "\n[web]\nhttps = false\n").await
    }

    pub async fn with(shop: &Shop, more: &str) -> Self {
        Self::by(shop, more, Clock::System).await
    }

    /// By a clock of its own.
    pub async fn by(shop: &Shop, more: &str, clock: Clock) -> Self {
        let mut ctx = shop.context_with("served", more).await;
        ctx.clock = clock;
        "serve".clone_into(&mut ctx.actor);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(web::serve(listener, ctx.clone(), async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            ctx,
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// Tells it to stop, and gives what to wait for.
    pub fn stop(&mut self) -> JoinHandle<anyhow::Result<()>> {
        let _ = self.stop.take().unwrap().send(());
        self.serving.take().unwrap()
    }

    pub fn browser(&self) -> Browser {
        Browser {
            client: client(),
            base: format!("http://{}", self.address),
            cookie: Mutex::new(None),
        }
    }

    /// Somebody with [`PASSWORD`] and [`PIN`], named after their role unless told otherwise.
    pub async fn take_on(&self, name: &str, role: Role) -> users::Done {
        let wish = Wish {
            name: name.to_owned(),
            display_name: None,
            role,
            secrets: Secrets {
                password: Some(New::Given(PASSWORD.into())),
                pin: Some(New::Given(PIN.into())),
                badge: true,
            },
            dry_run: false,
        };
        users::add(&self.ctx, &wish).await.unwrap()
    }

    /// A browser in which somebody new is signed in.
    pub async fn signed_in(&self, name: &str, role: Role) -> Browser {
        self.take_on(name, role).await;
        let browser = self.browser();
        assert_eq!(browser.sign_in(name).await.status(), StatusCode::SEE_OTHER);
        browser
    }
}

/// A browser: it keeps its cookie, says where its requests come from, follows no redirect.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub fn set_cookie(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap() = cookie;
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.base);
        let request = self.client.request(method, url);
        match self.cookie() {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let response = request.send().await.unwrap();
        if let Some(set) = response.headers().get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let gone = set.contains("Max-Age=0");
            let pair = set.split(';').next().unwrap().to_owned();
            self.set_cookie((!gone).then_some(pair));
        }
        response
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.request(Method::POST, path);
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect::<Vec<_>>()
            .join("&");
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    /// Sends what a script of the pages sends; the answer must be JSON.
    pub async fn script(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.request(Method::POST, path);
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json");
        let response = self.send(request.body(body)).await;
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/json");
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn sign_in(&self, name: &str) -> Response {
        self.post("/login", &[("name", name), ("password", PASSWORD)])
            .await
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Where an answer leads.
pub fn location(response: &Response) -> &str {
    let location = response.headers().get("location");
    location.map_or("", |location| location.to_str().unwrap())
}
