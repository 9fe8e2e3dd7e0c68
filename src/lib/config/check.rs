//! What a tenant file must hold to beyond its shape: each value by its rule, and some of
//! them together.

use super::shipping::{CarrierConfig, Ups};
use super::tenant::{Channel, Identity, StoreConfig, Tenant, VaultConfig, WooCommerce};
use super::values::{
    self, MAX_BOX_G, MAX_BOX_MM, MAX_BUFFER, MAX_MINUTES, MAX_OVER_PERCENT, MAX_PARALLEL,
    MAX_PERCENT, MAX_PROMISE_DAYS, MAX_REQUESTS_PER_SECOND, MAX_SESSION_HOURS, MAX_STALE_MINUTES,
    MAX_STALLED_HOURS, MAX_TIMEOUT_SECONDS, MAX_UNDER_PERCENT, Refusal, channel_name, domain_name,
    not_empty, order_status, shop_url, store_url, tenant_name, within,
};
use crate::domain::order::StatusRule;
use crate::domain::secret_ref::SecretRef;

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
        &["purchasing", "over_percent"],
        within(tenant.purchasing.over_percent, 0, MAX_OVER_PERCENT),
    );
    found.value(
        &["purchasing", "under_percent"],
        within(tenant.purchasing.under_percent, 0, MAX_UNDER_PERCENT),
    );
    found.value(
        &["purchasing", "price_tolerance_percent"],
        within(tenant.purchasing.price_tolerance_percent, 0, MAX_PERCENT),
    );
    found.value(
        &["scan", "stale_after_minutes"],
        within(tenant.scan.stale_after_minutes, 1, MAX_STALE_MINUTES),
    );
    found.station(tenant);
    for (name, channel) in &tenant.channels {
        found.key(&["channels", name], channel_name(name));
        match channel {
            Channel::WooCommerce(shop) => found.woocommerce(name, shop),
        }
    }
    found.shipping(tenant);
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
            self.value(&["branding", "color"], values::color(color));
        }
        if let Some(mail) = &tenant.branding.support_email {
            self.value(&["branding", "support_email"], values::mail(mail));
        }
    }

    fn station(&mut self, tenant: &Tenant) {
        let (web, pick) = (&tenant.web, &tenant.pick);
        let hours = within(web.session_hours, 1, MAX_SESSION_HOURS);
        self.value(&["web", "session_hours"], hours);
        let minutes = |minutes| within(minutes, 1, MAX_MINUTES);
        let idle = minutes(web.idle_lock_minutes);
        self.value(&["web", "idle_lock_minutes"], idle);
        let claim = minutes(pick.claim_minutes);
        self.value(&["pick", "claim_minutes"], claim);
        let days = |days| within(days, 0, MAX_PROMISE_DAYS);
        self.value(&["pick", "promise_days"], days(pick.promise_days));
        for (name, service) in &pick.services {
            let path = ["pick", "services", name, "promise_days"];
            self.value(&path, days(service.promise_days.unwrap_or(0)));
        }
        let percent = within(tenant.pack.weight_tolerance_percent, 0, MAX_PERCENT);
        self.value(&["pack", "weight_tolerance_percent"], percent);
        for (name, size) in &tenant.pack.boxes {
            let sides = [
                ("length_mm", size.length_mm),
                ("width_mm", size.width_mm),
                ("height_mm", size.height_mm),
            ];
            for (side, mm) in sides {
                let path = ["pack", "boxes", name, side];
                self.value(&path, within(mm, 1, MAX_BOX_MM));
            }
            let path = ["pack", "boxes", name, "empty_g"];
            self.value(&path, within(size.empty_g, 0, MAX_BOX_G));
        }
    }

    fn shipping(&mut self, tenant: &Tenant) {
        let shipping = &tenant.shipping;
        let hours = within(shipping.stalled_after_hours, 1, MAX_STALLED_HOURS);
        self.value(&["shipping", "stalled_after_hours"], hours);
        if let Some(name) = &shipping.slip_template {
            let template = values::slip_template(name, shipping.slip.into());
            self.value(&["shipping", "slip_template"], template);
        }
        if let Some(sender) = &shipping.sender {
            let needed = [
                ("name", &sender.name),
                ("line1", &sender.line1),
                ("city", &sender.city),
                ("postcode", &sender.postcode),
            ];
            for (field, text) in needed {
                self.value(&["shipping", "sender", field], not_empty(text));
            }
            let country = values::country(&sender.country);
            self.value(&["shipping", "sender", "country"], country);
        }
        if let Some(name) = &shipping.carrier
            && !tenant.carriers.contains_key(name)
        {
            let refusal = Refusal::new(format!("there is no carrier `{name}`"))
                .help("name one of [carriers], or leave it out");
            self.value(&["shipping", "carrier"], Err(refusal));
        }
        for (name, carrier) in &tenant.carriers {
            self.key(&["carriers", name], channel_name(name));
            match carrier {
                CarrierConfig::Ups(ups) => self.ups(name, ups),
                CarrierConfig::Manual(_) => {}
            }
        }
        let printing = &tenant.printing;
        self.value(&["printing", "cups"], values::server_url(&printing.cups));
        let seconds = within(printing.timeout_seconds, 1, MAX_TIMEOUT_SECONDS);
        self.value(&["printing", "timeout_seconds"], seconds);
        for (name, station) in &printing.stations {
            self.key(&["printing", "stations", name], channel_name(name));
            for (field, queue) in [
                ("labels", &station.labels),
                ("documents", &station.documents),
            ] {
                if let Some(queue) = queue {
                    let path = ["printing", "stations", name, field];
                    self.value(&path, values::queue_name(queue));
                }
            }
        }
    }

    fn ups(&mut self, name: &str, ups: &Ups) {
        let mut value = |field: &str, verdict| self.value(&["carriers", name, field], verdict);
        value("url", values::server_url(&ups.url));
        value("account", values::ups_account(&ups.account));
        value("service", values::ups_service(&ups.service));
        value("parallel", within(ups.parallel, 1, MAX_PARALLEL));
        value(
            "requests_per_second",
            within(ups.requests_per_second, 1, MAX_REQUESTS_PER_SECOND),
        );
        value(
            "timeout_seconds",
            within(ups.timeout_seconds, 1, MAX_TIMEOUT_SECONDS),
        );
        for (title, code) in &ups.services {
            let path = ["carriers", name, "services", title];
            self.value(&path, values::ups_service(code));
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
        value(
            "shipped_status",
            order_status(&shop.shipped_status).and_then(|()| {
                if shop.status_rule(&shop.shipped_status) == Some(StatusRule::Shipped) {
                    return Ok(());
                }
                let text = format!("`{}` does not mean `shipped`", shop.shipped_status);
                Err(Refusal::new(text).help("map it under `statuses` as shipped"))
            }),
        );
        for status in shop.statuses.keys() {
            self.key(
                &["channels", name, "statuses", status],
                order_status(status),
            );
        }
    }
}
