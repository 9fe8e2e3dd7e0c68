//! What a command needs before it can start: logging, the tenant, a context.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Globals, LogFormat, Out};
use crate::config::{self, Tenant};
use crate::context::{Clock, Context, Services};
use crate::fault::Fault;
use crate::integrations::http::HttpOptions;
use crate::store::Store;
use crate::store::connect::Missing;
use crate::vault::Secrets;

/// Log lines go to stderr: warnings by default, more with `-v`, errors alone with `--quiet`.
pub fn logging(globals: &Globals) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,sqlx=error,opsctl=info",
        (false, 1) => "info,opsctl=debug",
        (false, _) => "debug,opsctl=trace",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match globals.log_format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// The tenant asked for.
///
/// # Errors
/// None is named, or its file is missing or wrong: exit 2.
pub fn tenant(globals: &Globals) -> anyhow::Result<Tenant> {
    let Some(name) = &globals.tenant else {
        let known = config::names(&globals.tenants_dir).map_err(Fault::from)?;
        let hint = if known.is_empty() {
            "make a tenant with: opsctl init NAME".to_owned()
        } else {
            let known = known.join(", ");
            format!("say --tenant NAME, or set OPSCTL_TENANT; there is: {known}")
        };
        return Err(Fault::usage("no tenant is named").hint(hint).into());
    };
    Ok(Tenant::load(&globals.tenants_dir, name).map_err(Fault::from)?)
}

/// The tenant's store, not yet verified.
///
/// # Errors
/// Its address is wrong, its file cannot be opened, its password cannot be found.
pub async fn store(tenant: &Tenant, secrets: &Secrets, missing: Missing) -> anyhow::Result<Store> {
    let password = match &tenant.store.password {
        Some(reference) => Some(
            secrets
                .resolve(reference)
                .map_err(|error| error.fault(&tenant.tenant.name))?,
        ),
        None => None,
    };
    Ok(Store::open(&tenant.store.url, password.as_ref(), missing).await?)
}

/// All a workflow is given.
///
/// # Errors
/// The tenant's file or store is not in order.
pub async fn context(globals: &Globals, out: &Out) -> anyhow::Result<Context> {
    let tenant = tenant(globals)?;
    let secrets = secrets(&tenant);
    let store = store(&tenant, &secrets, Missing::Refuse).await?;
    store.verify(&tenant.tenant.name).await?;
    Ok(Context {
        services: Services::new(secrets, http_options(globals)),
        files: files(&tenant),
        tenant: Arc::new(tenant),
        store,
        clock: Clock::System,
        actor: actor(),
        run: run_id(),
        show: out.show(),
    })
}

/// What resolves the tenant's references to secrets; nothing is opened yet. A run makes
/// one and shares it: the vault is then opened once, and every value is known to whoever
/// must keep it from being shown.
pub fn secrets(tenant: &Tenant) -> Arc<Secrets> {
    Arc::new(Secrets::new(
        &tenant.vault.file,
        tenant.vault.identity.clone(),
    ))
}

/// How services are spoken to.
pub fn http_options(globals: &Globals) -> HttpOptions {
    HttpOptions {
        record: globals.record_http.clone(),
        ..HttpOptions::default()
    }
}

/// The folder of the tenant's own files.
pub fn files(tenant: &Tenant) -> PathBuf {
    PathBuf::from("var").join(&tenant.tenant.name)
}

/// Who runs the command: `OPSCTL_ACTOR` (crontabs set `cron:JOB`), else the user.
pub fn actor() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("OPSCTL_ACTOR").unwrap_or_else(|| {
        let user = set("USER").or_else(|| set("LOGNAME"));
        format!("cli:{}", user.as_deref().unwrap_or("unknown"))
    })
}

/// A new run's id.
pub fn run_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id[..16].to_owned()
}
