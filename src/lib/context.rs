//! What a workflow is given: the tenant, its store, its services, a clock, and who asks.
//!
//! Only the command line makes one, and the tests; a workflow never reaches around it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::{CarrierConfig, DimensionUnit, Tenant, WeightUnit, WooCommerce};
use crate::domain::time::UtcMs;
use crate::fault::Fault;
use crate::integrations::carrier::Carrier;
use crate::integrations::http::{Http, HttpError, HttpOptions};
use crate::integrations::manual::Manual;
use crate::integrations::{cups, ups, woocommerce};
use crate::progress::Show;
use crate::store::{Stamp, Store};
use crate::vault::Secrets;

/// Where the time comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's.
    System,
    /// A fixed point, for tests.
    Fixed(UtcMs),
    /// UTC milliseconds that somebody else sets: tests in which time passes.
    SetBy(&'static AtomicI64),
}

impl Clock {
    /// The time now.
    pub fn now(self) -> UtcMs {
        match self {
            Self::System => UtcMs(chrono::Utc::now().timestamp_millis()),
            Self::Fixed(at) => at,
            Self::SetBy(hand) => UtcMs(hand.load(Ordering::SeqCst)),
        }
    }
}

/// The outside services of a tenant, each made when it is first asked for.
#[derive(Clone)]
pub struct Services {
    /// What resolves references to secrets.
    pub secrets: Arc<Secrets>,
    http: Arc<Mutex<Option<Http>>>,
    ups: Arc<Mutex<BTreeMap<String, Arc<ups::Client>>>>,
    options: HttpOptions,
}

impl Services {
    /// Services that are spoken to in this way; nothing is made or opened yet.
    pub fn new(secrets: Arc<Secrets>, options: HttpOptions) -> Self {
        Self {
            secrets,
            http: Arc::default(),
            ups: Arc::default(),
            options,
        }
    }

    /// What all exchanges go through, made at its first use, for most commands speak to no
    /// service. It keeps every secret resolved so far out of recordings and errors.
    ///
    /// # Errors
    /// The recording cannot be opened, or TLS cannot be set up.
    pub fn http(&self) -> Result<Http, HttpError> {
        let mut made = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        let http = match made.take() {
            Some(http) => http,
            None => Http::new(self.options.clone())?,
        };
        for secret in self.secrets.known() {
            http.redact(&secret);
        }
        Ok(made.insert(http).clone())
    }

    /// The client of a WooCommerce shop.
    ///
    /// # Errors
    /// A secret cannot be resolved, the address is not one, or the recording cannot be
    /// opened.
    pub fn woocommerce(
        &self,
        tenant: &Tenant,
        name: &str,
        shop: &WooCommerce,
    ) -> anyhow::Result<woocommerce::Client> {
        let resolve = |reference| {
            self.secrets
                .resolve(reference)
                .map_err(|error| error.fault(&tenant.tenant.name))
        };
        let settings = woocommerce::Settings {
            base_url: shop.url.clone(),
            consumer_key: resolve(&shop.consumer_key)?,
            consumer_secret: resolve(&shop.consumer_secret)?,
            weight_unit: match shop.weight_unit {
                WeightUnit::Kg => woocommerce::WeightUnit::Kg,
                WeightUnit::G => woocommerce::WeightUnit::G,
                WeightUnit::Lbs => woocommerce::WeightUnit::Lbs,
                WeightUnit::Oz => woocommerce::WeightUnit::Oz,
            },
            dimension_unit: match shop.dimension_unit {
                DimensionUnit::M => woocommerce::DimensionUnit::M,
                DimensionUnit::Cm => woocommerce::DimensionUnit::Cm,
                DimensionUnit::Mm => woocommerce::DimensionUnit::Mm,
                DimensionUnit::In => woocommerce::DimensionUnit::In,
                DimensionUnit::Yd => woocommerce::DimensionUnit::Yd,
            },
        };
        let lane = self
            .http()?
            .lane(name, shop.requests_per_second, shop.parallel)
            .with_timeout(Duration::from_secs(u64::from(shop.timeout_seconds)));
        Ok(woocommerce::Client::new(lane, &settings)?)
    }

    /// The carrier of this name in `[carriers]`.
    ///
    /// # Errors
    /// There is none, a secret cannot be resolved, or the recording cannot be opened.
    pub fn carrier(&self, tenant: &Tenant, name: &str) -> anyhow::Result<Arc<dyn Carrier>> {
        match tenant.carriers.get(name) {
            Some(CarrierConfig::Manual(_)) => Ok(Arc::new(Manual)),
            _ => Ok(self.ups(tenant, name)?),
        }
    }

    /// The client of UPS of this name in `[carriers]`. It is made once and kept, for it holds
    /// the token.
    ///
    /// # Errors
    /// As [`Self::carrier`].
    pub fn ups(&self, tenant: &Tenant, name: &str) -> anyhow::Result<Arc<ups::Client>> {
        let mut made = self.ups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(name) {
            return Ok(client.clone());
        }
        let Some(CarrierConfig::Ups(config)) = tenant.carriers.get(name) else {
            let fault = Fault::usage(format!("there is no carrier {name:?}"));
            return Err(fault
                .hint("name one of [carriers] in the tenant file")
                .into());
        };
        let resolve = |reference| {
            self.secrets
                .resolve(reference)
                .map_err(|error| error.fault(&tenant.tenant.name))
        };
        let settings = ups::Settings {
            base_url: config.url.clone(),
            account: config.account.clone(),
            client_id: resolve(&config.client_id)?,
            client_secret: resolve(&config.client_secret)?,
            negotiated_rates: config.negotiated_rates,
        };
        let lane = self
            .http()?
            .lane(name, config.requests_per_second, config.parallel)
            .with_timeout(Duration::from_secs(u64::from(config.timeout_seconds)));
        let client = Arc::new(ups::Client::new(lane, &settings)?);
        made.insert(name.to_owned(), client.clone());
        Ok(client)
    }

    /// The tenant's print server.
    ///
    /// # Errors
    /// The recording cannot be opened, or TLS cannot be set up.
    pub fn cups(&self, tenant: &Tenant) -> Result<cups::Client, HttpError> {
        let printing = &tenant.printing;
        let lane = self
            .http()?
            .lane(cups::SERVICE, cups::REQUESTS_PER_SECOND, 1)
            .with_retry(cups::RETRY)
            .with_timeout(Duration::from_secs(u64::from(printing.timeout_seconds)));
        Ok(cups::Client::new(lane, &printing.cups))
    }
}

/// What a workflow is given.
#[derive(Clone)]
pub struct Context {
    /// The tenant's validated file.
    pub tenant: Arc<Tenant>,
    /// The tenant's database.
    pub store: Store,
    /// The outside services the tenant uses.
    pub services: Services,
    /// Where the time comes from.
    pub clock: Clock,
    /// Who asks: `cli:USER`, `cron:JOB`, `user:ID`, `webhook:CHANNEL`.
    pub actor: String,
    /// This run's id, the same in all it writes.
    pub run: String,
    /// The folder of the tenant's own files, such as the scan index.
    pub files: PathBuf,
    /// How progress is shown.
    pub show: Show,
}

impl Context {
    /// Who does this, in which run, now.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            at: self.clock.now(),
            actor: self.actor.clone(),
            run: self.run.clone(),
            zone: self.tenant.tenant.timezone,
        }
    }

    /// The calendar day of a point in time in the tenant's zone: `YYYY-MM-DD`.
    pub fn business_day(&self, at: UtcMs) -> String {
        at.day_in(self.tenant.tenant.timezone)
    }

    /// The name of the file that answers scans.
    pub const SCAN_INDEX: &str = "scan.idx";

    /// The file that answers scans.
    pub fn scan_index(&self) -> PathBuf {
        self.files.join(Self::SCAN_INDEX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_opened_when_a_service_is_used_and_not_before() {
        let folder = tempfile::TempDir::new().unwrap();
        let identity = format!("file://{}/identity.txt", folder.path().display());
        let secrets = Secrets::new(folder.path().join("vault.age"), identity.parse().unwrap());
        let file = folder.path().join("recordings/http.jsonl");
        let options = HttpOptions {
            record: Some(file.clone()),
            ..HttpOptions::default()
        };
        let services = Services::new(Arc::new(secrets), options);
        let refused = services.http().err();
        assert!(matches!(refused, Some(HttpError::Record { .. })));
        std::fs::create_dir(folder.path().join("recordings")).unwrap();
        assert!(!file.exists());
        assert!(services.http().is_ok());
        assert!(file.exists());
    }
}
