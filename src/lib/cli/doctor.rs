//! `opsctl doctor`: whether a tenant's runs would find all that they need. Changes nothing;
//! asks each channel for a harmless page.

use std::time::Duration;

use super::{Globals, Out, Page, Report, start};
use crate::config::{self, Tenant};
use crate::context::{Clock, Context, Services};
use crate::fault::Exit;
use crate::integrations::http::{HttpOptions, RetryPlan};
use crate::workflows::doctor::{self, State};

/// Whoever asks is waiting: one more try for what passes in a moment, and no more.
const RETRY: RetryPlan = RetryPlan {
    attempts: 2,
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(5),
    total: Duration::from_secs(10),
};

/// Arguments of `opsctl doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Report for doctor::Report {
    fn render(&self, page: &mut Page) {
        let rows = self.checks.iter().map(|check| {
            let detail = match &check.hint {
                Some(hint) => format!("{}\nhint: {hint}", check.detail),
                None => check.detail.clone(),
            };
            vec![check.check.clone(), check.state.to_string(), detail]
        });
        page.table(&["check", "state", "detail"], rows);
        let (failed, warned) = (self.count(State::Fail), self.count(State::Warn));
        page.line(match (failed, warned) {
            (0, 0) => "All is in order.".to_owned(),
            (0, _) => format!("Nothing failed; {warned} to look at."),
            _ => format!("{failed} failed, {warned} to look at."),
        });
    }
}

/// Runs the command: exit 0 where nothing failed, 2 where the file or a secret is not in
/// order, 75 where only what is out of reach failed, else 1.
///
/// # Errors
/// No tenant is named, or stdout is closed or full.
pub async fn run(_: &Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let Some(name) = &globals.tenant else {
        return start::tenant(globals).map(|_| Exit::Done);
    };
    let report = match Tenant::load(&globals.tenants_dir, name) {
        Err(error) => doctor::without_tenant(error),
        Ok(tenant) => {
            let options = HttpOptions {
                retry: RETRY,
                ..start::http_options(globals)
            };
            let services = Services::new(start::secrets(&tenant), options);
            let file = config::file_of(&globals.tenants_dir, name);
            let index = start::files(&tenant).join(Context::SCAN_INDEX);
            doctor::run(&tenant, &file, &index, &services, Clock::System).await
        }
    };
    out.report(&report)?;
    Ok(report.exit())
}
