//! What a tenant file must hold to beyond its shape: names, addresses, limits.
//!
//! A refusal says what is wrong and what to write instead; it never repeats an address
//! that may carry a password.

use std::net::IpAddr;

use regex::Regex;
use reqwest::Url;

use super::suggest;
use super::tenant::{Channel, Identity, StoreConfig, Tenant, VaultConfig, WooCommerce};
use crate::domain::secret_ref::SecretRef;

pub(super) const TENANT_NAME: &str = "^[a-z0-9][a-z0-9-]*$";
pub(super) const CHANNEL_NAME: &str = "^[a-z][a-z0-9-]*$";
pub(super) const COLOR: &str = "^#[0-9A-Fa-f]{6}$";
pub(super) const MAX_BUFFER: u32 = 1_000_000;
pub(super) const MAX_PARALLEL: u32 = 64;
pub(super) const MAX_REQUESTS_PER_SECOND: u32 = 1000;
pub(super) const MAX_STALE_MINUTES: u32 = 7 * 24 * 60;
pub(super) const MAX_TIMEOUT_SECONDS: u32 = 600;

/// Labels of letters, digits and hyphens, at least two of them, the last not a number.
const DOMAIN: &str = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
const STATUS: &str = "^[a-z0-9][a-z0-9_-]*$";
const MAIL: &str = r"^[^@\s]+@[^@\s]+\.[^@\s]+$";

/// Options of a `mysql://` address.
const MYSQL_OPTIONS: [&str; 5] = ["socket", "ssl-mode", "ssl-ca", "ssl-cert", "ssl-key"];
const SSL_MODES: [&str; 5] = [
    "DISABLED",
    "PREFERRED",
    "REQUIRED",
    "VERIFY_CA",
    "VERIFY_IDENTITY",
];

/// Why a value is refused, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Whether the value must not be shown.
    pub(super) hide: bool,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            hide: false,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The address may carry a password, as a user or as an option.
    fn about(mut self, address: &str) -> Self {
        self.hide = address.contains(['@', '?', '#']);
        self
    }
}

/// A refusal, and where in the file it belongs.
pub(super) struct Complaint {
    /// The keys that lead to the value.
    pub path: Vec<String>,
    /// Whether the key itself is refused.
    pub key: bool,
    /// What is wrong.
    pub refusal: Refusal,
}

/// All that is wrong with a tenant whose shape is right. `stem` is its file's name.
pub(super) fn check(tenant: &Tenant, stem: &str) -> Vec<Complaint> {
    let mut found = Found::default();
    found.identity(&tenant.tenant, stem);
    found.branding(tenant);
    found.store(&tenant.store);
    found.vault(&tenant.vault);
    found.value(
        &["stock", "buffer"],
        within(tenant.stock.buffer, 0, MAX_BUFFER),
    );
    found.value(
        &["scan", "stale_after_minutes"],
        within(tenant.scan.stale_after_minutes, 1, MAX_STALE_MINUTES),
    );
    for (name, channel) in &tenant.channels {
        found.key(&["channels", name], channel_name(name));
        match channel {
            Channel::WooCommerce(shop) => found.woocommerce(name, shop),
        }
    }
    found.complaints
}

#[derive(Default)]
struct Found {
    complaints: Vec<Complaint>,
}

impl Found {
    fn value(&mut self, path: &[&str], verdict: Result<(), Refusal>) {
        self.add(path, false, verdict);
    }

    fn key(&mut self, path: &[&str], verdict: Result<(), Refusal>) {
        self.add(path, true, verdict);
    }

    fn add(&mut self, path: &[&str], key: bool, verdict: Result<(), Refusal>) {
        if let Err(refusal) = verdict {
            let path = path.iter().map(|&part| part.to_owned()).collect();
            self.complaints.push(Complaint { path, key, refusal });
        }
    }

    fn identity(&mut self, identity: &Identity, stem: &str) {
        self.value(
            &["tenant", "name"],
            tenant_name(&identity.name).and_then(|()| {
                if identity.name == stem {
                    Ok(())
                } else {
                    Err(Refusal::new(format!(
                        "the tenant is called `{}`, its file `{stem}.toml`",
                        identity.name
                    ))
                    .help(format!("write name = \"{stem}\", or rename the file")))
                }
            }),
        );
        self.value(
            &["tenant", "display_name"],
            not_empty(&identity.display_name),
        );
        for (index, domain) in identity.domains.iter().enumerate() {
            let index = index.to_string();
            self.value(&["tenant", "domains", &index], domain_name(domain));
        }
    }

    fn branding(&mut self, tenant: &Tenant) {
        if let Some(color) = &tenant.branding.color {
            let verdict = if fits(COLOR, color) {
                Ok(())
            } else {
                Err(Refusal::new("a colour reads #rrggbb, such as #1a73e8"))
            };
            self.value(&["branding", "color"], verdict);
        }
        if let Some(mail) = &tenant.branding.support_email {
            let verdict = if fits(MAIL, mail) {
                Ok(())
            } else {
                Err(Refusal::new("this is not a mail address"))
            };
            self.value(&["branding", "support_email"], verdict);
        }
    }

    fn store(&mut self, store: &StoreConfig) {
        self.value(&["store", "url"], store_url(&store.url));
        if store.password.is_some() && store.url.starts_with("sqlite:") {
            let refusal = Refusal::new("a SQLite file has no password").help("leave it out");
            self.key(&["store", "password"], Err(refusal));
        }
    }

    fn vault(&mut self, vault: &VaultConfig) {
        self.value(&["vault", "file"], not_empty(&vault.file));
        if matches!(vault.identity, SecretRef::Vault { .. }) {
            let refusal = Refusal::new("what opens the vault cannot lie in the vault")
                .help("write file://PATH or env://NAME");
            self.value(&["vault", "identity"], Err(refusal));
        }
    }

    fn woocommerce(&mut self, name: &str, shop: &WooCommerce) {
        let mut value = |field: &str, verdict| self.value(&["channels", name, field], verdict);
        value("url", shop_url(&shop.url));
        value("parallel", within(shop.parallel, 1, MAX_PARALLEL));
        value(
            "requests_per_second",
            within(shop.requests_per_second, 1, MAX_REQUESTS_PER_SECOND),
        );
        value(
            "timeout_seconds",
            within(shop.timeout_seconds, 1, MAX_TIMEOUT_SECONDS),
        );
        for status in shop.statuses.keys() {
            self.key(
                &["channels", name, "statuses", status],
                order_status(status),
            );
        }
    }
}

/// Whether a text may name a tenant, and so its file.
///
/// # Errors
/// Anything but lower-case letters, digits and hyphens, the first no hyphen.
pub fn tenant_name(name: &str) -> Result<(), Refusal> {
    if fits(TENANT_NAME, name) {
        Ok(())
    } else {
        Err(
            Refusal::new("a tenant's name is of lower-case letters, digits and hyphens")
                .help("such as `acme` or `acme-eu`"),
        )
    }
}

fn channel_name(name: &str) -> Result<(), Refusal> {
    if fits(CHANNEL_NAME, name) {
        Ok(())
    } else {
        Err(Refusal::new(
            "a channel's name is of lower-case letters, digits and hyphens, a letter first",
        )
        .help("such as `woo`: orders are then called woo:1042"))
    }
}

fn order_status(status: &str) -> Result<(), Refusal> {
    if let Some(bare) = status.strip_prefix("wc-") {
        return Err(Refusal::new("the shop's API tells a status without `wc-`")
            .help(format!("write `{bare}`")));
    }
    if fits(STATUS, status) {
        Ok(())
    } else {
        Err(
            Refusal::new("an order status is the shop's own lower-case slug")
                .help("such as `on-hold`"),
        )
    }
}

fn domain_name(domain: &str) -> Result<(), Refusal> {
    if domain.len() <= 253 && fits(DOMAIN, domain) {
        return Ok(());
    }
    let refusal = Refusal::new("this is not a web domain");
    Err(if domain.contains("://") {
        refusal.help("leave out the scheme and the path: `shop.example`")
    } else {
        refusal.help("a domain reads `shop.example`, in lower case")
    })
}

/// Whether a text may be the address of a tenant's database.
///
/// # Errors
/// Not `sqlite://PATH` or `mysql://USER@HOST/DATABASE`, a password inside, or a host over
/// the network without `ssl-mode`.
pub fn store_url(text: &str) -> Result<(), Refusal> {
    if let Some(path) = text.strip_prefix("sqlite://") {
        return match path {
            "" => Err(Refusal::new("sqlite:// needs the path of a file").help(SQLITE_SHAPE)),
            _ if path.contains(['?', '#']) => {
                Err(Refusal::new("sqlite:// takes a path and no options").help(SQLITE_SHAPE))
            }
            _ => Ok(()),
        };
    }
    if !text.starts_with("mysql://") {
        return Err(
            Refusal::new("a store is a SQLite file or a MariaDB database")
                .help("write sqlite://PATH, or mysql://USER@HOST[:PORT]/DATABASE")
                .about(text),
        );
    }
    let url = Url::parse(text).map_err(|_| {
        Refusal::new("this is not an address")
            .help(MYSQL_SHAPE)
            .about(text)
    })?;
    if url.password().is_some() {
        return Err(Refusal::new("a password does not belong in the address")
            .help(
                "write password = \"vault://store#password\" below it, and keep the value with: \
                 opsctl --tenant NAME vault set store password",
            )
            .about(text));
    }
    if url.username().is_empty() || url.path().trim_matches('/').is_empty() {
        return Err(Refusal::new("the user or the database is missing")
            .help(MYSQL_SHAPE)
            .about(text));
    }
    mysql_options(text, &url)
}

const SQLITE_SHAPE: &str = "such as sqlite://var/acme/opsctl.db";
const MYSQL_SHAPE: &str = "such as mysql://opsctl@localhost/acme?socket=/run/mysqld/mysqld.sock";

fn mysql_options(text: &str, url: &Url) -> Result<(), Refusal> {
    let (mut socket, mut encrypted) = (false, false);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "socket" => socket = true,
            "ssl-mode" if SSL_MODES.contains(&value.to_uppercase().as_str()) => encrypted = true,
            "ssl-mode" => {
                return Err(
                    Refusal::new("this is no ssl-mode").help(suggest::help(&value, SSL_MODES))
                );
            }
            "password" => {
                return Err(Refusal::new("a password does not belong in the address")
                    .help("write password = \"vault://store#password\" below it")
                    .about(text));
            }
            other if MYSQL_OPTIONS.contains(&other) => {}
            other => {
                return Err(
                    Refusal::new("the address has an option that opsctl does not know")
                        .help(suggest::help(other, MYSQL_OPTIONS))
                        .about(text),
                );
            }
        }
    }
    if socket || encrypted || is_loopback(url) {
        return Ok(());
    }
    Err(
        Refusal::new("the database is across a network, and its address has no ssl-mode")
            .help("add ?ssl-mode=VERIFY_CA&ssl-ca=PATH"),
    )
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a text may be the address of a shop.
///
/// # Errors
/// Not http or https, a user or password inside, `/wp-json` or a query at its end.
pub fn shop_url(text: &str) -> Result<(), Refusal> {
    const SHAPE: &str = "such as https://shop.example";
    let url = Url::parse(text).map_err(|_| {
        Refusal::new("this is not an address")
            .help(SHAPE)
            .about(text)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::new("a shop answers on http or https")
            .help(SHAPE)
            .about(text));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            Refusal::new("a user or password does not belong in the address")
                .help("the API keys go into consumer_key and consumer_secret, as references")
                .about(text),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Refusal::new("a shop's address ends with its path")
            .help(SHAPE)
            .about(text));
    }
    match url.path().find("/wp-json") {
        Some(at) => {
            let mut base = url.clone();
            base.set_path(&url.path()[..at]);
            Err(Refusal::new("the shop's address goes without /wp-json")
                .help(format!("write {}", base.as_str().trim_end_matches('/'))))
        }
        None => Ok(()),
    }
}

fn within(value: u32, least: u32, most: u32) -> Result<(), Refusal> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::new(format!(
            "{value} is not between {least} and {most}"
        )))
    }
}

fn not_empty(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        Err(Refusal::new("this may not be empty"))
    } else {
        Ok(())
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
