//! Who sends, with which carrier, and by which service.

use crate::config::{CarrierConfig, Ups};
use crate::context::Context;
use crate::domain::order::Address;
use crate::fault::Fault;

/// Who sends.
pub(super) fn sender(ctx: &Context) -> Result<Address, Fault> {
    let sender = ctx.tenant.shipping.sender.as_ref().ok_or_else(|| {
        Fault::usage("the tenant's file does not say who sends")
            .hint("write [shipping.sender] with name, line1, city, postcode and country")
    })?;
    Ok(sender.into())
}

/// The carrier meant, and its settings.
pub(super) fn carrier<'c>(
    ctx: &'c Context,
    named: Option<&str>,
) -> Result<(String, &'c CarrierConfig), Fault> {
    let carriers = &ctx.tenant.carriers;
    let all = || carriers.keys().cloned().collect::<Vec<_>>().join(", ");
    let asked = || carriers.iter().filter(|(_, config)| config.is_asked());
    let named = named.or(ctx.tenant.shipping.carrier.as_deref());
    match named {
        Some(name) => match carriers.get(name) {
            Some(config) => Ok((name.to_owned(), config)),
            None if carriers.is_empty() => Err(none_at_all()),
            None => Err(Fault::usage(format!("there is no carrier {name:?}"))
                .hint(format!("there are: {}", all()))),
        },
        None => match (asked().next(), carriers.len()) {
            (Some((name, config)), _) if asked().count() == 1 => Ok((name.clone(), config)),
            (_, 0) => Err(none_at_all()),
            _ => Err(Fault::usage("it is not clear which carrier is meant")
                .hint(format!("say which with --carrier: {}", all()))),
        },
    }
}

fn none_at_all() -> Fault {
    Fault::usage("the tenant's file names no carrier").hint(
        "write [carriers.ups], or ship by hand with --manual --carrier NAME --tracking NUMBER",
    )
}

/// The carrier's code of the service: as named, else what the order asks for, else the usual.
/// Of a carrier that is not asked, the words that a person says.
pub(super) fn service(
    config: &CarrierConfig,
    named: Option<&str>,
    of_order: &str,
) -> Result<String, Fault> {
    let CarrierConfig::Ups(ups) = config else {
        return Ok(named.unwrap_or_default().to_owned());
    };
    if let Some(named) = named {
        if let Some(code) = by_name(ups, named) {
            return Ok(code);
        }
        if named.len() == 2 && named.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(named.to_owned());
        }
        let known: Vec<&str> = ups.services.keys().map(String::as_str).collect();
        return Err(
            Fault::usage(format!("there is no service {named:?}")).hint(format!(
                "say a code such as 03, or one that the tenant's file names: {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            )),
        );
    }
    Ok(by_name(ups, of_order).unwrap_or_else(|| ups.service.clone()))
}

fn by_name(ups: &Ups, named: &str) -> Option<String> {
    let named = named.trim().to_lowercase();
    let mut services = ups.services.iter();
    let found = services.find(|(title, _)| title.trim().to_lowercase() == named);
    found.map(|(_, code)| code.clone())
}
