//! What single values of a tenant file must hold to: names, addresses, places, numbers.
//!
//! A refusal says what is wrong and what to write instead; it never repeats an address,
//! which may carry a password.

use std::net::IpAddr;

use regex::Regex;
use reqwest::Url;

use super::suggest;
use crate::domain::country;
use crate::domain::money::Currency;
use crate::domain::slip::{self, Paper, TemplateName};

pub(super) const TENANT_NAME: &str = "^[a-z0-9][a-z0-9-]*$";
pub(super) const CHANNEL_NAME: &str = "^[a-z][a-z0-9-]*$";
pub(super) const COLOR: &str = "^#[0-9A-Fa-f]{6}$";
pub(super) const SLIP_TEMPLATE: &str = r"^(letter|4x6|letter-html)-[1-9][0-9]*(\.[1-9][0-9]*)?$";

pub(super) const MAX_BOX_G: u32 = 100_000;
pub(super) const MAX_BOX_MM: u32 = 10_000;
pub(super) const MAX_BUFFER: u32 = 1_000_000;
pub(super) const MAX_MINUTES: u32 = 24 * 60;
pub(super) const MAX_OVER_PERCENT: u32 = 100;
pub(super) const MAX_UNDER_PERCENT: u32 = 50;
pub(super) const MAX_PARALLEL: u32 = 64;
pub(super) const MAX_PERCENT: u32 = 100;
pub(super) const MAX_PROMISE_DAYS: u32 = 365;
pub(super) const MAX_REQUESTS_PER_SECOND: u32 = 1000;
pub(super) const MAX_SESSION_HOURS: u32 = 24 * 30;
pub(super) const MAX_STALLED_HOURS: u32 = 24 * 60;
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
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            hide: false,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The address may carry a password, as a user or as an option.
    fn about(mut self, address: &str) -> Self {
        self.hide = address.contains(['@', '?', '#']);
        self
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

pub(super) fn channel_name(name: &str) -> Result<(), Refusal> {
    if fits(CHANNEL_NAME, name) {
        Ok(())
    } else {
        Err(Refusal::new(
            "a channel's name is of lower-case letters, digits and hyphens, a letter first",
        )
        .help("such as `woo`: orders are then called woo:1042"))
    }
}

pub(super) fn order_status(status: &str) -> Result<(), Refusal> {
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

pub(super) fn domain_name(domain: &str) -> Result<(), Refusal> {
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
                "leave it out, write password = \"vault://store#password\" in [store], and keep \
                 the value with: opsctl --tenant NAME vault set store password",
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

/// Whether a text names a time zone.
///
/// # Errors
/// The IANA list has no such name.
pub fn time_zone(text: &str) -> Result<(), Refusal> {
    if text.parse::<chrono_tz::Tz>().is_ok() {
        return Ok(());
    }
    let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let help = match suggest::closest(text, zones) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "such as `Europe/Amsterdam`".to_owned(),
    };
    Err(Refusal::new("this is no time zone of the IANA list").help(help))
}

/// Whether a text is a currency's code.
///
/// # Errors
/// It is not three capital letters.
pub fn currency(text: &str) -> Result<(), Refusal> {
    if text.parse::<Currency>().is_ok() {
        return Ok(());
    }
    let help = match text.to_uppercase().parse::<Currency>() {
        Ok(capitals) => format!("did you mean `{capitals}`?"),
        Err(_) => "such as `EUR`".to_owned(),
    };
    Err(Refusal::new("a currency is its ISO 4217 code, three capital letters").help(help))
}

/// Whether a text looks like an accent colour.
pub(super) fn color(text: &str) -> Result<(), Refusal> {
    if fits(COLOR, text) {
        Ok(())
    } else {
        Err(Refusal::new("a colour reads #rrggbb, such as #1a73e8"))
    }
}

/// Whether there is such a template version of packing slips, for this paper.
pub(super) fn slip_template(text: &str, paper: Paper) -> Result<(), Refusal> {
    let fitting = || {
        let names: Vec<&str> = slip::VERSIONS
            .iter()
            .filter(|(_, of)| *of == paper)
            .map(|(name, _)| *name)
            .collect();
        format!("for this paper there is {}", names.join(" and "))
    };
    match TemplateName::parse(text) {
        Some(name) if name.paper() == paper => Ok(()),
        Some(_) => {
            Err(Refusal::new("this version is for another paper than `slip`").help(fitting()))
        }
        None => Err(Refusal::new("there is no such template version").help(fitting())),
    }
}

/// Whether a text looks like a mail address.
pub(super) fn mail(text: &str) -> Result<(), Refusal> {
    if fits(MAIL, text) {
        Ok(())
    } else {
        Err(Refusal::new("this is not a mail address"))
    }
}

pub(super) fn within(value: u32, least: u32, most: u32) -> Result<(), Refusal> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::new(format!(
            "{value} is not between {least} and {most}"
        )))
    }
}

pub(super) fn not_empty(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        Err(Refusal::new("this may not be empty"))
    } else {
        Ok(())
    }
}

/// Whether a text is the address of a server, without user, password or query.
pub(super) fn server_url(text: &str) -> Result<(), Refusal> {
    const SHAPE: &str = "such as https://host.example";
    let refuse = |why: &str| Err(Refusal::new(why).help(SHAPE).about(text));
    let Ok(url) = Url::parse(text) else {
        return refuse("this is not an address");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("it answers on http or https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("a user or password does not belong in the address");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("the address ends with its path");
    }
    Ok(())
}

/// Whether a text is a country's two letters, in capitals.
pub(super) fn country(text: &str) -> Result<(), Refusal> {
    match country::alpha2(text) {
        Ok(code) if code == text => Ok(()),
        Ok(code) => {
            Err(Refusal::new("a country is two capital letters").help(format!("write {code}")))
        }
        Err(why) => Err(Refusal::new(why)),
    }
}

/// Whether a text may be the name of a CUPS queue.
pub(super) fn queue_name(text: &str) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '#' | '?' | '%');
    if (1..=127).contains(&text.len()) && text.chars().all(plain) {
        Ok(())
    } else {
        Err(Refusal::new("this is no name of a print queue").help("`lpstat -e` lists them"))
    }
}

/// Whether a text looks like a UPS account.
pub(super) fn ups_account(text: &str) -> Result<(), Refusal> {
    if text.len() == 6
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        Ok(())
    } else {
        Err(Refusal::new(
            "a UPS account is six capital letters and digits",
        ))
    }
}

/// Whether a text looks like a UPS service.
pub(super) fn ups_service(text: &str) -> Result<(), Refusal> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(Refusal::new("a UPS service is two digits")
            .help("such as 03 (Ground) or 01 (Next Day Air)"))
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
