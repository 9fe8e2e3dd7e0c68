//! Who sends, who carries, and which printers a station has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{
    CHANNEL_NAME, MAX_PARALLEL, MAX_REQUESTS_PER_SECOND, MAX_STALLED_HOURS, MAX_TIMEOUT_SECONDS,
    SLIP_TEMPLATE,
};
use crate::domain::order::Address;
use crate::domain::secret_ref::SecretRef;
use crate::domain::slip::Paper;

/// How parcels leave.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shipping {
    /// Who sends: on labels, on packing slips, and where returns go.
    pub sender: Option<Sender>,
    /// The carrier of `[carriers]` that is used where none is named; needed where there are
    /// several.
    pub carrier: Option<String>,
    /// The paper of packing slips.
    pub slip: SlipSize,
    /// The template version of packing slips: `letter-1`, `4x6-1`, or `letter-html-1`, which
    /// needs WeasyPrint; by default the first for the paper. A version never changes its look:
    /// after a change of the logo write `letter-1.2`, then `letter-1.3` and so on.
    #[schemars(regex(pattern = SLIP_TEMPLATE))]
    pub slip_template: Option<String>,
    /// A parcel of which nothing new was heard for so many hours is told as stalled.
    #[schemars(range(min = 1, max = MAX_STALLED_HOURS))]
    pub stalled_after_hours: u32,
}

impl Default for Shipping {
    fn default() -> Self {
        Self {
            sender: None,
            carrier: None,
            slip: SlipSize::Letter,
            slip_template: None,
            stalled_after_hours: 72,
        }
    }
}

/// Who sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// The name on the label.
    pub name: String,
    /// The company, where it differs.
    #[serde(default)]
    pub company: String,
    /// Street and number.
    pub line1: String,
    /// Anything more.
    #[serde(default)]
    pub line2: String,
    /// City.
    pub city: String,
    /// State or province, where the country has them.
    #[serde(default)]
    pub state: String,
    /// Postal code.
    pub postcode: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Telephone.
    #[serde(default)]
    pub phone: String,
}

impl From<&Sender> for Address {
    fn from(sender: &Sender) -> Self {
        let sender = sender.clone();
        Self {
            name: sender.name,
            company: sender.company,
            line1: sender.line1,
            line2: sender.line2,
            city: sender.city,
            state: sender.state,
            postcode: sender.postcode,
            country: sender.country,
            phone: sender.phone,
        }
    }
}

/// The paper of packing slips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SlipSize {
    /// US Letter.
    #[default]
    #[serde(rename = "letter")]
    Letter,
    /// 4 by 6 inches, as labels are.
    #[serde(rename = "4x6")]
    Label,
}

impl From<SlipSize> for Paper {
    fn from(size: SlipSize) -> Self {
        match size {
            SlipSize::Letter => Self::Letter,
            SlipSize::Label => Self::Label4x6,
        }
    }
}

/// A carrier.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CarrierConfig {
    /// UPS (REST API).
    Ups(Box<Ups>),
    /// A carrier that nobody asks over the wire: a person brings the goods, and types the
    /// numbers that it gave.
    Manual(ByHand),
}

impl CarrierConfig {
    /// Whether it is asked over the wire.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        match self {
            Self::Ups(_) => true,
            Self::Manual(_) => false,
        }
    }
}

/// A carrier that nobody asks over the wire.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByHand {}

/// UPS (REST API).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ups {
    /// Its address.
    #[serde(default = "production")]
    pub url: String,
    /// The account (shipper number), six letters and digits.
    pub account: String,
    /// The app's client id, as a reference.
    pub client_id: SecretRef,
    /// The app's client secret, as a reference.
    pub client_secret: SecretRef,
    /// Whether the account's own prices are asked for.
    #[serde(default = "yes")]
    pub negotiated_rates: bool,
    /// The service that is used where the order asks for none: a code such as `03` (Ground).
    #[serde(default = "ground")]
    pub service: String,
    /// Services by the shop's name of them (the shipping method's title, in any capitals).
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// Whether addresses in the US are checked before a label is bought.
    #[serde(default = "yes")]
    pub check_addresses: bool,
    /// Requests in flight at once.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = MAX_PARALLEL))]
    pub parallel: u32,
    /// Requests a second, at most.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = MAX_REQUESTS_PER_SECOND))]
    pub requests_per_second: u32,
    /// Seconds to wait for an answer.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = MAX_TIMEOUT_SECONDS))]
    pub timeout_seconds: u32,
}

/// How things are printed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Printing {
    /// The CUPS server.
    pub cups: String,
    /// The stations by name, each with its printers.
    #[schemars(extend("propertyNames" = { "pattern": CHANNEL_NAME }))]
    pub stations: BTreeMap<String, Station>,
    /// Seconds to wait for the print server.
    #[schemars(range(min = 1, max = MAX_TIMEOUT_SECONDS))]
    pub timeout_seconds: u32,
}

impl Default for Printing {
    fn default() -> Self {
        Self {
            cups: "http://127.0.0.1:631".to_owned(),
            stations: BTreeMap::new(),
            timeout_seconds: 15,
        }
    }
}

/// A place where things are printed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// The CUPS queue of the thermal printer, which takes ZPL as it is (a raw queue).
    pub labels: Option<String>,
    /// The CUPS queue of the printer for packing slips (PDF).
    pub documents: Option<String>,
}

fn production() -> String {
    "https://onlinetools.ups.com".to_owned()
}

fn ground() -> String {
    "03".to_owned()
}

fn yes() -> bool {
    true
}

fn two() -> u32 {
    2
}

fn five() -> u32 {
    5
}

fn sixty() -> u32 {
    60
}
