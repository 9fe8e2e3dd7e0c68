//! Whether parcels can leave: the carriers take our credentials, the print server has the
//! stations' queues, and packing slips can be drawn with the logo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::report::Check;
use super::{is_lacking, service};
use crate::config::{CarrierConfig, Tenant};
use crate::context::Services;
use crate::documents::pdf::Logo;
use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::integrations::cups::{self, Queue};

/// Looks at all of it; what a tenant does not have is not told.
pub(super) async fn look(
    tenant: &Tenant,
    services: &Services,
    lacking: &BTreeSet<String>,
    checks: &mut Vec<Check>,
) {
    for (name, carrier) in &tenant.carriers {
        let check = format!("carrier {name}");
        checks.push(match carrier {
            CarrierConfig::Manual(_) => Check::ok(&check, "served by hand"),
            CarrierConfig::Ups(ups)
                if is_lacking(lacking, [&ups.client_id, &ups.client_secret]) =>
            {
                Check::skipped(&check, "its secrets cannot be had")
            }
            CarrierConfig::Ups(ups) => match signs_in(tenant, services, name).await {
                Ok(()) => Check::ok(&check, format!("{} takes our credentials", ups.url)),
                Err(fault) => Check::fail(&check, fault),
            },
        });
    }
    if !tenant.carriers.is_empty() && tenant.shipping.sender.is_none() {
        let text = "the tenant's file does not say who sends";
        let hint = "write [shipping.sender] with name, line1, city, postcode and country";
        checks.push(Check::warn("sender", text, hint));
    }
    queues(tenant, services, checks).await;
    if let Some(path) = &tenant.branding.logo {
        checks.push(match Logo::read(Path::new(path)) {
            Ok(_) => Check::ok("logo", path.as_str()),
            Err(error) => {
                let fault = Fault::failed(error.to_string());
                let hint = "packing slips are not drawn until [branding] logo names a PNG or SVG";
                Check::fail("logo", fault.hint(hint))
            }
        });
    }
}

async fn signs_in(tenant: &Tenant, services: &Services, name: &str) -> Result<(), Fault> {
    let client = services.ups(tenant, name);
    let client = client.map_err(|error| Fault::failed(format!("{error:#}")))?;
    client.sign_in().await.map_err(|error: CarrierError| {
        let hint = error.hint();
        service(error.to_string(), hint, error.exit())
    })
}

/// Each queue once, with the stations that print there.
async fn queues(tenant: &Tenant, services: &Services, checks: &mut Vec<Check>) {
    let mut queues: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, station) in &tenant.printing.stations {
        for queue in station.labels.iter().chain(&station.documents) {
            queues.entry(queue).or_default().insert(name);
        }
    }
    if queues.is_empty() {
        return;
    }
    let cups = match services.cups(tenant) {
        Ok(cups) => cups,
        Err(error) => {
            let fault = service(error.to_string(), error.hint(), error.exit());
            checks.push(Check::fail("printing", fault));
            return;
        }
    };
    for (queue, stations) in queues {
        let check = format!("queue {queue}");
        let stations: Vec<&str> = stations.into_iter().collect();
        let of = format!("of {}", stations.join(", "));
        checks.push(match cups.queue(queue).await {
            Ok(said) => told(&check, &of, &said),
            Err(error) => Check::fail(&check, unreached(&error)),
        });
    }
}

fn told(check: &str, of: &str, said: &Queue) -> Check {
    let because = |why: &str| match why {
        "" => String::new(),
        why => format!(": {why}"),
    };
    let (what, hint) = match said {
        Queue::Ready => return Check::ok(check, format!("ready, {of}")),
        Queue::Missing => {
            let fault = Fault::failed(format!("CUPS has no such queue, {of}"));
            return Check::fail(
                check,
                fault.hint("`lpstat -p` lists those there are; name one under [printing.stations]"),
            );
        }
        Queue::Stopped(why) => (format!("stopped{}", because(why)), "cupsenable"),
        Queue::Rejecting(why) => (format!("takes no jobs{}", because(why)), "cupsaccept"),
    };
    let queue = check.trim_start_matches("queue ");
    Check::warn(check, format!("{what}, {of}"), format!("`{hint} {queue}`"))
}

fn unreached(error: &cups::Error) -> Fault {
    let exit = match error.exit() {
        Exit::TryAgain => Exit::TryAgain,
        _ => Exit::Failed,
    };
    service(error.to_string(), error.hint(), exit)
}
