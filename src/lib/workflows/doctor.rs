//! Goes through all that a tenant's runs lean on, and tells what is in order: its file, its
//! secrets, its database, the scan index, its channels, its carriers and printers. Changes
//! nothing.
//!
//! A step that fails stops only those that cannot be taken without it, so that one look
//! shows everything there is to mend, also with the database and the shop down.

mod report;
mod shipping;

use std::collections::BTreeSet;
use std::path::Path;

pub use report::{Check, Report, State};

use crate::config::{CarrierConfig, Channel, ConfigError, SecretRef, Tenant, WooCommerce};
use crate::context::{Clock, Services};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::integrations::http::HttpError;
use crate::integrations::woocommerce;
use crate::store::connect::Missing;
use crate::store::scan_index::{ScanIndex, ScanIndexError};
use crate::store::{Store, StoreError};

/// A shop's clock may differ from ours by this much before it is worth a word.
const SKEW_SECONDS: i64 = 30;

/// The report on a tenant whose file is not in order: all else hangs on it.
pub fn without_tenant(error: ConfigError) -> Report {
    let mut checks = vec![Check::fail("config", mistakes(error))];
    for check in ["secrets", "store", "migrations", "scan index", "channels"] {
        checks.push(Check::skipped(check, "the tenant file is not in order"));
    }
    Report::new(checks)
}

/// Goes through everything; `file` is where the tenant was read from, `scan_index` where
/// its index lies.
pub async fn run(
    tenant: &Tenant,
    file: &Path,
    scan_index: &Path,
    services: &Services,
    clock: Clock,
) -> Report {
    let mut checks = vec![Check::ok("config", file.display().to_string())];
    let lacking = secrets(tenant, services, &mut checks);
    store(tenant, services, &lacking, &mut checks).await;
    checks.push(index(scan_index, tenant.scan.stale_after_minutes, clock));
    if tenant.channels.is_empty() {
        checks.push(Check::skipped("channels", "the tenant has none"));
    }
    for (name, Channel::WooCommerce(shop)) in &tenant.channels {
        let keys = [&shop.consumer_key, &shop.consumer_secret];
        let check = format!("channel {name}");
        checks.push(if is_lacking(&lacking, keys) {
            Check::skipped(&check, "its secrets cannot be had")
        } else {
            channel(&check, tenant, name, shop, services, clock).await
        });
    }
    shipping::look(tenant, services, &lacking, &mut checks).await;
    Report::new(checks)
}

/// Whether one of these secrets stays without a value.
fn is_lacking(lacking: &BTreeSet<String>, wanted: [&SecretRef; 2]) -> bool {
    wanted.iter().any(|of| lacking.contains(&of.to_string()))
}

/// Each mistake on a line, as `file:line:column: what`, without the lines they are about.
fn mistakes(error: ConfigError) -> Fault {
    let ConfigError::Wrong { path, mistakes } = &error else {
        return error.into();
    };
    let lines: Vec<String> = mistakes
        .iter()
        .map(|m| format!("{}:{}:{}: {m}", path.display(), m.line, m.column))
        .collect();
    let help: Vec<&str> = mistakes.iter().filter_map(|m| m.help.as_deref()).collect();
    let fault = Fault::usage(lines.join("\n"));
    if help.is_empty() {
        fault.hint("`opsctl config check` shows the lines")
    } else {
        fault.hint(help.join("\n"))
    }
}

/// Resolves every reference in the file; gives those that stay without a value.
fn secrets(tenant: &Tenant, services: &Services, checks: &mut Vec<Check>) -> BTreeSet<String> {
    let name = &tenant.tenant.name;
    let references = references(tenant);
    let mut lacking = BTreeSet::new();
    let in_vault = |r: &&SecretRef| matches!(r, SecretRef::Vault { .. });
    let needed = references.iter().any(in_vault);
    let mut shut = false;
    if needed || Path::new(&tenant.vault.file).exists() {
        checks.push(match services.secrets.open_vault() {
            Ok(entries) => Check::ok("vault", format!("{}, {entries} entries", tenant.vault.file)),
            Err(error) => {
                shut = true;
                Check::fail("vault", unset(error.fault(name)))
            }
        });
    } else {
        checks.push(Check::skipped("vault", "no secret is kept in it"));
    }
    for reference in references {
        let check = format!("secret {reference}");
        if shut && in_vault(&reference) {
            lacking.insert(reference.to_string());
            checks.push(Check::skipped(&check, "the vault does not open"));
            continue;
        }
        checks.push(match services.secrets.resolve(reference) {
            Ok(_) => Check::ok(&check, "resolves"),
            Err(error) => {
                lacking.insert(reference.to_string());
                Check::fail(&check, unset(error.fault(name)))
            }
        });
    }
    lacking
}

/// The references in the file, each once, in its order.
fn references(tenant: &Tenant) -> Vec<&SecretRef> {
    let channels = tenant.channels.values();
    let keys = channels.flat_map(|Channel::WooCommerce(s)| [&s.consumer_key, &s.consumer_secret]);
    let apps = tenant.carriers.values().flat_map(|carrier| match carrier {
        CarrierConfig::Ups(ups) => vec![&ups.client_id, &ups.client_secret],
        CarrierConfig::Manual(_) => Vec::new(),
    });
    let mut seen = BTreeSet::new();
    tenant
        .store
        .password
        .iter()
        .chain(keys)
        .chain(apps)
        .chain(&tenant.web.metrics_token)
        .filter(|reference| seen.insert(reference.to_string()))
        .collect()
}

/// A secret that cannot be had is a matter of the set-up, whatever the reason.
fn unset(fault: Fault) -> Fault {
    Fault {
        exit: Exit::Usage,
        ..fault
    }
}

/// The database, and whether its tables are those that this opsctl works with.
async fn store(
    tenant: &Tenant,
    services: &Services,
    lacking: &BTreeSet<String>,
    checks: &mut Vec<Check>,
) {
    let reference = tenant.store.password.as_ref();
    if reference.is_some_and(|r| lacking.contains(&r.to_string())) {
        checks.push(Check::skipped("store", "its password cannot be had"));
        checks.push(Check::skipped("migrations", "the database was not asked"));
        return;
    }
    let password = reference.and_then(|r| services.secrets.resolve(r).ok());
    let store = match Store::open(&tenant.store.url, password.as_ref(), Missing::Refuse).await {
        Ok(store) => store,
        Err(error) => {
            checks.push(Check::fail("store", store_fault(&error)));
            checks.push(Check::skipped("migrations", "there is no database to ask"));
            return;
        }
    };
    match seen(&store).await {
        Ok((version, owner)) => {
            checks.push(belongs(tenant, &version, owner.as_deref()));
            checks.push(match migrations(&store, owner.is_some()).await {
                Ok(check) => check,
                Err(error) => Check::fail("migrations", store_fault(&error)),
            });
        }
        Err(error) => {
            checks.push(Check::fail("store", store_fault(&error)));
            checks.push(Check::skipped("migrations", "the database does not answer"));
        }
    }
    store.close().await;
}

async fn seen(store: &Store) -> Result<(String, Option<String>), StoreError> {
    store.reach().await?;
    Ok((store.version().await?, store.owner().await?))
}

fn belongs(tenant: &Tenant, version: &str, owner: Option<&str>) -> Check {
    let name = &tenant.tenant.name;
    match owner {
        Some(owner) if owner == name => Check::ok("store", format!("{version}, of tenant {owner}")),
        None => Check::ok("store", format!("{version}, nobody's yet")),
        Some(other) => Check::fail(
            "store",
            store_fault(&StoreError::WrongInstance {
                wanted: name.clone(),
                found: other.to_owned(),
            }),
        ),
    }
}

async fn migrations(store: &Store, claimed: bool) -> Result<Check, StoreError> {
    let steps = store.migration_steps().await?;
    let unknown = store.unknown_steps().await?;
    let missing: Vec<String> = steps
        .iter()
        .filter(|step| !step.applied)
        .map(|step| format!("{} ({})", step.version, step.name))
        .collect();
    let fault = if !unknown.is_empty() {
        let numbers: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        let text = format!("a newer opsctl took steps {}", numbers.join(", "));
        Fault::failed(text).hint("run the newer opsctl here as well")
    } else if !missing.is_empty() {
        let text = format!("missing: {}", missing.join(", "));
        Fault::failed(text).hint("run `opsctl db migrate`")
    } else if !claimed {
        let text = "all steps are taken, and the database was not made this tenant's";
        Fault::failed(text).hint("run `opsctl db migrate`")
    } else {
        let text = format!("{0} of {0} steps taken", steps.len());
        return Ok(Check::ok("migrations", text));
    };
    Ok(Check::fail("migrations", fault))
}

/// Whether scans are answered, and from when the answers are.
fn index(path: &Path, stale_after_minutes: u32, clock: Clock) -> Check {
    let rebuild = "`opsctl sync` writes it anew; is it in the crontab?";
    match ScanIndex::open(path) {
        Ok(index) => {
            let minutes = (clock.now().0 - index.built_at().0) / 60_000;
            let text = format!("of {}", index.built_at());
            if minutes.unsigned_abs() > u64::from(stale_after_minutes) {
                let text = format!("stale: {text}, more than {stale_after_minutes} min off");
                Check::warn("scan index", text, rebuild)
            } else {
                Check::ok("scan index", text)
            }
        }
        Err(error @ ScanIndexError::Missing(_)) => {
            Check::warn("scan index", error.to_string(), rebuild)
        }
        Err(error) => Check::fail("scan index", Fault::failed(error.to_string()).hint(rebuild)),
    }
}

/// Asks a shop for what needs the key and changes nothing.
async fn channel(
    check: &str,
    tenant: &Tenant,
    name: &str,
    shop: &WooCommerce,
    services: &Services,
    clock: Clock,
) -> Check {
    let ask = async {
        let client = services.woocommerce(tenant, name, shop)?;
        anyhow::Ok(client.ping().await?)
    };
    let ping = match ask.await {
        Ok(ping) => ping,
        Err(error) => return Check::fail(check, service_fault(&error)),
    };
    let counted = |n: Option<u64>, what| n.map(|n| format!(", {n} {what}")).unwrap_or_default();
    let text = format!(
        "{} answers{}{}",
        shop.url,
        counted(ping.products, "products"),
        counted(ping.orders, "orders")
    );
    match ping
        .server_time
        .and_then(|theirs| skew(theirs, clock.now()))
    {
        None => Check::ok(check, text),
        Some(skew) => Check::warn(
            check,
            format!("{text}; its clock {skew}"),
            "set this machine's clock by the network (NTP); if it is right, tell the shop's host",
        ),
    }
}

/// How far a clock is from ours, in words, where that is more than it may be.
fn skew(theirs: UtcMs, ours: UtcMs) -> Option<String> {
    let seconds = (theirs.0 - ours.0) / 1000;
    let side = if seconds > 0 { "ahead of" } else { "behind" };
    (seconds.abs() > SKEW_SECONDS).then(|| format!("is {} s {side} ours", seconds.abs()))
}

fn store_fault(error: &StoreError) -> Fault {
    service(
        error.to_string(),
        error.hint().map(str::to_owned),
        error.exit(),
    )
}

fn service_fault(error: &anyhow::Error) -> Fault {
    let text = format!("{error:#}");
    if let Some(shop) = error.downcast_ref::<woocommerce::Error>() {
        return service(text, shop.hint(), shop.exit());
    }
    if let Some(http) = error.downcast_ref::<HttpError>() {
        return service(text, http.hint(), http.exit());
    }
    let hint = error.downcast_ref::<Fault>().and_then(|f| f.hint.clone());
    service(text, hint, Exit::Failed)
}

/// What is out of reach may come back by itself; anything else is for somebody to mend.
fn service(message: String, hint: Option<String>, exit: Exit) -> Fault {
    Fault {
        message,
        hint,
        exit: if exit == Exit::TryAgain {
            Exit::TryAgain
        } else {
            Exit::Failed
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_minute_of_skew_is_nothing() {
        let ours = UtcMs(1_000_000_000);
        assert_eq!(skew(ours.plus_ms(30_000), ours), None);
        assert_eq!(
            skew(ours.plus_ms(-31_000), ours).as_deref(),
            Some("is 31 s behind ours")
        );
        let ahead = skew(ours.plus_ms(90_000), ours);
        assert_eq!(ahead.as_deref(), Some("is 90 s ahead of ours"));
    }
}
