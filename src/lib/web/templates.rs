//! The pages' templates, embedded in the binary, and what they may call.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::assets;
use super::pages::filters;
use crate::domain::time::UtcMs;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../templates/web/", $name)))),*]
    };
}

/// All there are.
const TEMPLATES: &[(&str, &str)] = templates![
    "backorders.html",
    "base.html",
    "calibrate.html",
    "commands.html",
    "discrepancies.html",
    "error.html",
    "events.html",
    "holds.html",
    "home.html",
    "jobs.html",
    "labels.html",
    "login.html",
    "order.html",
    "orders.html",
    "overview.html",
    "parts.html",
    "product.html",
    "stock.html",
    "pack.html",
    "pick.html",
    "scanbar.html",
    "station.html",
    "switch.html",
    "users.html",
];

/// The environment that renders them. Whatever is put into one is escaped, and what a
/// template names but was not given is an error.
///
/// # Errors
/// A template is not one.
pub fn environment(zone: chrono_tz::Tz) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    environment.add_function("once", || uuid::Uuid::new_v4().to_string());
    environment.add_function("asset", |name: &str| {
        let missing = || Error::new(ErrorKind::InvalidOperation, format!("no asset {name}"));
        assets::address(name).ok_or_else(missing)
    });
    environment.add_filter("local", move |at: i64| {
        let local = UtcMs(at).to_utc().with_timezone(&zone);
        local.format("%Y-%m-%d %H:%M").to_string()
    });
    filters::add(&mut environment, zone);
    Ok(environment)
}
