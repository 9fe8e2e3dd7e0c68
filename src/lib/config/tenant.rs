//! The shape of a tenant file. Doc comments here are the descriptions in `tenants/schema.json`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shipping::{CarrierConfig, Printing, Shipping};
use super::values::{
    CHANNEL_NAME, COLOR, MAX_BOX_G, MAX_BOX_MM, MAX_BUFFER, MAX_MINUTES, MAX_OVER_PERCENT,
    MAX_PARALLEL, MAX_PERCENT, MAX_PROMISE_DAYS, MAX_REQUESTS_PER_SECOND, MAX_SESSION_HOURS,
    MAX_STALE_MINUTES, MAX_TIMEOUT_SECONDS, MAX_UNDER_PERCENT, TENANT_NAME,
};
use crate::domain::money::Currency;
use crate::domain::order::StatusRule;
pub use crate::domain::pick::Ready;
use crate::domain::purchase::Tolerance;
use crate::domain::secret_ref::SecretRef;

/// One tenant: a shop, its database, its channels.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Who the tenant is.
    pub tenant: Identity,
    /// How documents and pages look.
    #[serde(default)]
    pub branding: Branding,
    /// Which parts of opsctl this tenant uses.
    #[serde(default)]
    pub modules: Modules,
    /// Where the tenant's data lives.
    pub store: StoreConfig,
    /// Where the tenant's secrets live.
    pub vault: VaultConfig,
    /// What of the stock is offered.
    #[serde(default)]
    pub stock: Stock,
    /// How orders take from stock.
    #[serde(default)]
    pub reserve: Reserve,
    /// How goods are bought.
    #[serde(default)]
    pub purchasing: Purchasing,
    /// How scanned codes are answered.
    #[serde(default)]
    pub scan: Scan,
    /// The pages: the pick station and the office.
    #[serde(default)]
    pub web: Web,
    /// Which orders are picked, and in which order.
    #[serde(default)]
    pub pick: Pick,
    /// What goods are packed in.
    #[serde(default)]
    pub pack: Pack,
    /// Where the tenant sells, by the name that order references start with (`woo:1042`).
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": CHANNEL_NAME }))]
    pub channels: BTreeMap<String, Channel>,
    /// How parcels leave.
    #[serde(default)]
    pub shipping: Shipping,
    /// Who carries them, by name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": CHANNEL_NAME }))]
    pub carriers: BTreeMap<String, CarrierConfig>,
    /// How labels and documents are printed.
    #[serde(default)]
    pub printing: Printing,
}

/// Who the tenant is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The file's own name: lower-case letters, digits and hyphens.
    #[schemars(regex(pattern = TENANT_NAME))]
    pub name: String,
    /// The name customers know.
    pub display_name: String,
    /// The name on invoices, where it differs.
    pub legal_name: Option<String>,
    /// The web domains the shop answers on.
    #[serde(default)]
    pub domains: Vec<String>,
    /// IANA zone in which business dates are told, such as `Europe/Amsterdam`.
    #[schemars(with = "String")]
    pub timezone: chrono_tz::Tz,
    /// ISO 4217 code of the books.
    pub currency: Currency,
}

/// How documents and pages look.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Branding {
    /// A logo file, relative to the tenant file.
    pub logo: Option<String>,
    /// An accent colour as `#rrggbb`.
    #[schemars(regex(pattern = COLOR))]
    pub color: Option<String>,
    /// Where customers write to.
    pub support_email: Option<String>,
}

/// Which parts of opsctl this tenant uses. A part switched off refuses to run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Modules {
    /// `opsctl sync`: orders in, quantities out.
    pub sync: bool,
    /// `opsctl reserve`, also inside a sync.
    pub reserve: bool,
}

impl Default for Modules {
    fn default() -> Self {
        Self {
            sync: true,
            reserve: true,
        }
    }
}

/// Where the tenant's data lives.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite://PATH` (relative to the working folder), or `mysql://USER@HOST[:PORT]/DATABASE`,
    /// with `?socket=PATH` for a unix socket and `?ssl-mode=VERIFY_CA&ssl-ca=PATH` over a network.
    pub url: String,
    /// The database user's password; none for a unix socket or SQLite.
    pub password: Option<SecretRef>,
}

/// Where the tenant's secrets live.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// The age-encrypted file, relative to the working folder.
    pub file: String,
    /// The age identity that opens it: `file://PATH` or `env://NAME`.
    pub identity: SecretRef,
}

/// What of the stock is offered.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stock {
    /// Units of each product that are never offered on a channel. A product's own buffer wins.
    #[schemars(range(max = MAX_BUFFER))]
    pub buffer: u32,
}

/// How orders take from stock.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reserve {
    /// Whether an order that cannot be served whole takes what there is.
    pub policy: ReservePolicy,
    /// Whether orders, too, leave the buffer untouched. By default it only lowers what is
    /// offered, so that it can serve the orders that came in meanwhile.
    pub keep_buffer: bool,
}

/// Whether an order that cannot be served whole takes what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReservePolicy {
    /// Each line takes what it can get.
    #[default]
    Partial,
    /// An order takes everything it needs, or nothing.
    WholeOrder,
}

/// How goods are bought.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Purchasing {
    /// So many per cent more than ordered are taken without `--accept-over`.
    #[schemars(range(max = MAX_OVER_PERCENT))]
    pub over_percent: u32,
    /// With so many per cent missing, a line counts as complete: no more is expected of it.
    #[schemars(range(max = MAX_UNDER_PERCENT))]
    pub under_percent: u32,
    /// By so many per cent an invoice may differ from the agreed price and is accepted all
    /// the same.
    #[schemars(range(max = MAX_PERCENT))]
    pub price_tolerance_percent: u32,
}

impl Purchasing {
    /// How far deliveries may be off, as the rules want it.
    #[must_use]
    pub fn tolerance(&self) -> Tolerance {
        Tolerance {
            over: self.over_percent,
            under: self.under_percent,
        }
    }
}

/// How scanned codes are answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scan {
    /// After how many minutes without a sync an answer counts as stale.
    #[schemars(range(min = 1, max = MAX_STALE_MINUTES))]
    pub stale_after_minutes: u32,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            stale_after_minutes: 60,
        }
    }
}

/// The pages: the pick station and the office.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Where `opsctl serve` listens, behind the tenant's edge.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Whether browsers come over https: cookies then never go over anything else.
    pub https: bool,
    /// The networks whose word on the visitor's address is taken (`X-Forwarded-For`), such as
    /// `10.0.0.0/8`.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// Hours after which a browser that was not used has to sign in again.
    #[schemars(range(min = 1, max = MAX_SESSION_HOURS))]
    pub session_hours: u32,
    /// Minutes after which a station that was not used asks who is there.
    #[schemars(range(min = 1, max = MAX_MINUTES))]
    pub idle_lock_minutes: u32,
    /// The bearer token that reads `/metrics`; none: nobody without a login does.
    pub metrics_token: Option<SecretRef>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            https: true,
            trusted_proxies: Vec::new(),
            session_hours: 12,
            idle_lock_minutes: 15,
            metrics_token: None,
        }
    }
}

/// Which orders are picked, and in which order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pick {
    /// How much of an order must be reserved before it is picked.
    pub ready: Ready,
    /// Minutes without a scan after which a round may be taken over by somebody else.
    #[schemars(range(min = 1, max = MAX_MINUTES))]
    pub claim_minutes: u32,
    /// Working days from the order to the day it is promised to leave, where its service
    /// says nothing else.
    #[schemars(range(max = MAX_PROMISE_DAYS))]
    pub promise_days: u32,
    /// Services by the shop's name of them (the shipping method's title, in any capitals).
    pub services: BTreeMap<String, Service>,
}

/// A service that customers choose.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Of orders promised for the same day, the lowest rank goes first; without a service: 100.
    pub rank: u32,
    /// Working days from the order to the day it is promised to leave.
    #[schemars(range(max = MAX_PROMISE_DAYS))]
    pub promise_days: Option<u32>,
}

impl Default for Pick {
    fn default() -> Self {
        Self {
            ready: Ready::Whole,
            claim_minutes: 30,
            promise_days: 1,
            services: BTreeMap::new(),
        }
    }
}

/// What goods are packed in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pack {
    /// The boxes in use, by name.
    pub boxes: BTreeMap<String, BoxPreset>,
    /// By so many per cent a package may weigh other than its contents and box do, before the
    /// packer is asked to look again.
    #[schemars(range(max = MAX_PERCENT))]
    pub weight_tolerance_percent: u32,
}

/// A box in use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoxPreset {
    /// Its outer length in millimetres.
    #[schemars(range(min = 1, max = MAX_BOX_MM))]
    pub length_mm: u32,
    /// Its outer width in millimetres.
    #[schemars(range(min = 1, max = MAX_BOX_MM))]
    pub width_mm: u32,
    /// Its outer height in millimetres.
    #[schemars(range(min = 1, max = MAX_BOX_MM))]
    pub height_mm: u32,
    /// What it weighs empty, in grams.
    #[serde(default)]
    #[schemars(range(max = MAX_BOX_G))]
    pub empty_g: u32,
}

impl Default for Pack {
    fn default() -> Self {
        Self {
            boxes: BTreeMap::new(),
            weight_tolerance_percent: 15,
        }
    }
}

/// A place where the tenant sells.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Channel {
    /// A WooCommerce shop (REST API v3).
    WooCommerce(WooCommerce),
}

/// A WooCommerce shop (REST API v3).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WooCommerce {
    /// The shop's address, without `/wp-json`.
    pub url: String,
    /// The REST API consumer key (`ck_...`), as a reference.
    pub consumer_key: SecretRef,
    /// The REST API consumer secret (`cs_...`), as a reference.
    pub consumer_secret: SecretRef,
    /// Whether `opsctl sync` writes quantities to the shop. Only products that have had
    /// stock in opsctl are ever written.
    #[serde(default = "yes")]
    pub push_stock: bool,
    /// Whether the shop is told when an order has left whole.
    #[serde(default = "yes")]
    pub tell_shipped: bool,
    /// The order status that tells it: one whose rule is `shipped`.
    #[serde(default = "completed")]
    pub shipped_status: String,
    /// Whether the notes that tell of parcels go to the customer, by the shop's mail.
    #[serde(default)]
    pub tracking_notes_to_customer: bool,
    /// Requests in flight at once.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = MAX_PARALLEL))]
    pub parallel: u32,
    /// Requests a second, at most.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = MAX_REQUESTS_PER_SECOND))]
    pub requests_per_second: u32,
    /// Seconds to wait for an answer.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = MAX_TIMEOUT_SECONDS))]
    pub timeout_seconds: u32,
    /// The unit of the shop's weights (WooCommerce, Settings, Products).
    #[serde(default)]
    pub weight_unit: WeightUnit,
    /// The unit of the shop's dimensions (WooCommerce, Settings, Products).
    #[serde(default)]
    pub dimension_unit: DimensionUnit,
    /// What the shop's order statuses mean, beside the usual: processing ships, on-hold
    /// reserves, completed has shipped, refunded is closed; pending, failed, cancelled,
    /// draft, checkout-draft and trash want nothing.
    #[serde(default)]
    pub statuses: BTreeMap<String, StatusRule>,
}

/// The unit of a shop's weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the units' own abbreviations")]
pub enum WeightUnit {
    #[default]
    Kg,
    G,
    Lbs,
    Oz,
}

/// The unit of a shop's dimensions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the units' own abbreviations")]
pub enum DimensionUnit {
    M,
    #[default]
    Cm,
    Mm,
    In,
    Yd,
}

/// What the order statuses of an untouched WooCommerce shop mean.
const USUAL_STATUSES: [(&str, StatusRule); 10] = [
    ("processing", StatusRule::Ship),
    ("on-hold", StatusRule::Reserve),
    ("completed", StatusRule::Shipped),
    ("refunded", StatusRule::Closed),
    ("pending", StatusRule::None),
    ("failed", StatusRule::None),
    ("cancelled", StatusRule::None),
    ("draft", StatusRule::None),
    ("checkout-draft", StatusRule::None),
    ("trash", StatusRule::None),
];

impl WooCommerce {
    /// What an order status of the shop means; `None` for one that nobody has mapped.
    #[must_use]
    pub fn status_rule(&self, status: &str) -> Option<StatusRule> {
        let usual = || USUAL_STATUSES.iter().find(|(name, _)| *name == status);
        self.statuses
            .get(status)
            .copied()
            .or_else(|| usual().map(|(_, rule)| *rule))
    }
}

impl Tenant {
    /// The same tenant with what goes without saying said: the usual order statuses.
    /// The fields' own defaults are filled in when the file is read.
    #[must_use]
    pub fn effective(mut self) -> Self {
        for Channel::WooCommerce(shop) in self.channels.values_mut() {
            for (status, rule) in USUAL_STATUSES {
                shop.statuses.entry(status.to_owned()).or_insert(rule);
            }
        }
        self
    }
}

fn yes() -> bool {
    true
}

fn completed() -> String {
    "completed".to_owned()
}

fn four() -> u32 {
    4
}

fn ten() -> u32 {
    10
}

fn sixty() -> u32 {
    60
}
