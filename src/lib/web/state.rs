//! What every request is answered with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::Html;
use minijinja::{Environment, Value, context};
use tokio::sync::{Mutex, watch};

use super::error::WebError;
use super::feed::Feed;
use super::forms::Answers;
use super::metrics::Metrics;
use super::scans::ScanCache;
use super::session::{Operator, Sessions};
use super::templates;
use super::visitor::Attempts;
use crate::context::Context;
use crate::domain::people::Role;
use crate::store::StoreError;

/// The running server, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    base: Context,
    templates: Environment<'static>,
    sessions: Sessions,
    feed: Feed,
    scans: ScanCache,
    stopping: watch::Receiver<bool>,
    metrics: Metrics,
    attempts: Attempts,
    answers: Answers,
    store_seen: Mutex<Option<(Instant, bool)>>,
}

/// The store has this long to answer whoever only asks how it is.
const STORE_ANSWERS_IN: Duration = Duration::from_secs(1);

/// An entry of the navigation: name (the page's template without `.html`), address, title,
/// and the least role that sees it.
const NAV: &[(&str, &str, &str, Role)] = &[
    ("home", "/", "Home", Role::Packer),
    ("station", "/station", "Station", Role::Packer),
    ("orders", "/orders", "Orders", Role::Manager),
    ("stock", "/stock", "Stock", Role::Manager),
    ("backorders", "/backorders", "Backorders", Role::Manager),
    (
        "discrepancies",
        "/discrepancies",
        "Discrepancies",
        Role::Manager,
    ),
    ("holds", "/holds", "Holds", Role::Manager),
    ("labels", "/labels", "Labels", Role::Manager),
    ("jobs", "/jobs", "Jobs", Role::Manager),
    ("events", "/events", "Events", Role::Manager),
    ("users", "/users", "People", Role::Admin),
];

impl App {
    /// A server over a tenant's store. `stopping` turns true when it is to end.
    ///
    /// # Errors
    /// A template is broken.
    pub fn new(base: Context, stopping: watch::Receiver<bool>) -> anyhow::Result<Self> {
        let templates = templates::environment(base.tenant.tenant.timezone)?;
        let sessions = Sessions::new(&base);
        let feed = Feed::new(base.clone(), stopping.clone());
        let scans = ScanCache::new(&base);
        Ok(Self(Arc::new(Inner {
            base,
            templates,
            sessions,
            feed,
            scans,
            stopping,
            metrics: Metrics::default(),
            attempts: Attempts::default(),
            answers: Answers::default(),
            store_seen: Mutex::new(None),
        })))
    }

    /// What a workflow is given on somebody's behalf: the actor is `user:ID`, the run new.
    pub fn context(&self, who: &Operator) -> Context {
        self.context_of(&format!("user:{}", who.id))
    }

    /// The same for an actor that is no user.
    pub fn context_of(&self, actor: &str) -> Context {
        let run = uuid::Uuid::new_v4().simple().to_string();
        Context {
            actor: actor.to_owned(),
            run: run[..16].to_owned(),
            ..self.0.base.clone()
        }
    }

    /// What the server itself works with; the actor is `serve`.
    pub fn base(&self) -> &Context {
        &self.0.base
    }

    /// Who is signed in where.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The live log.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// What scanned codes are.
    pub fn scans(&self) -> &ScanCache {
        &self.0.scans
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Wrong attempts by address.
    pub fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Pages that are shown once, kept for a second click.
    pub fn answers(&self) -> &Answers {
        &self.0.answers
    }

    /// Asks the store something that may take a second at most.
    ///
    /// # Errors
    /// It is out of reach or takes longer.
    pub async fn ask_store<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = tokio::time::timeout(STORE_ANSWERS_IN, question).await;
        answer.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", STORE_ANSWERS_IN.as_secs());
            Err(StoreError::Unreachable(text))
        })
    }

    /// Whether the store answers, as of this second.
    pub async fn store_answers(&self) -> bool {
        let mut seen = self.0.store_seen.lock().await;
        if let Some((at, answers)) = *seen
            && at.elapsed() < STORE_ANSWERS_IN
        {
            return answers;
        }
        let answers = self.ask_store(self.0.base.store.version()).await.is_ok();
        *seen = Some((Instant::now(), answers));
        answers
    }

    /// Turns true when the server is to end: streams stop then.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }

    /// A page from a template: with the values, and with `me` (the operator, or none),
    /// `tenant`, `nav` and `here` (the template's name without `.html`).
    ///
    /// # Errors
    /// The template is unknown or names what it was not given.
    pub fn page(
        &self,
        who: Option<&Operator>,
        template: &str,
        values: Value,
    ) -> Result<Html<String>, WebError> {
        let entry = |(name, href, title, least): &(&str, &str, &str, Role)| {
            let seen = who.is_some_and(|who| who.role >= *least);
            seen.then(|| context! { name, href, title })
        };
        let nav: Vec<Value> = NAV.iter().filter_map(entry).collect();
        let tenant = &self.0.base.tenant;
        let here = match template {
            "order.html" => "orders",
            "product.html" => "stock",
            "pick.html" | "pack.html" | "calibrate.html" | "commands.html" => "station",
            page => page.trim_end_matches(".html"),
        };
        let all = context! {
            me => who, tenant => tenant.tenant.name, nav, here,
            idle_minutes => tenant.web.idle_lock_minutes,
            ..values
        };
        Ok(Html(self.0.templates.get_template(template)?.render(all)?))
    }
}
