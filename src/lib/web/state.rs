//! What every request is answered with.

use std::sync::Arc;

use axum::response::Html;
use minijinja::{Environment, Value, context};
use tokio::sync::watch;

use super::error::WebError;
use super::scans::ScanCache;
use super::session::{Operator, Sessions};
use super::templates;
use crate::context::Context;
use crate::domain::people::Role;

/// The running server, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    base: Context,
    templates: Environment<'static>,
    sessions: Sessions,
    scans: ScanCache,
    stopping: watch::Receiver<bool>,
}

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
    ("jobs", "/jobs", "Jobs", Role::Manager),
    ("live", "/live", "Live", Role::Manager),
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
        let scans = ScanCache::new(&base);
        Ok(Self(Arc::new(Inner {
            base,
            templates,
            sessions,
            scans,
            stopping,
        })))
    }

    /// What a workflow is given on somebody's behalf: the actor is `user:ID`, the run new.
    pub fn context(&self, who: &Operator) -> Context {
        let run = uuid::Uuid::new_v4().simple().to_string();
        Context {
            actor: format!("user:{}", who.id),
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

    /// What scanned codes are.
    pub fn scans(&self) -> &ScanCache {
        &self.0.scans
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
        let here = template.trim_end_matches(".html");
        let all = context! {
            me => who, tenant => tenant.tenant.name, nav, here,
            idle_minutes => tenant.web.idle_lock_minutes,
            ..values
        };
        Ok(Html(self.0.templates.get_template(template)?.render(all)?))
    }
}
