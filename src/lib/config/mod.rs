//! A tenant's file, `tenants/NAME.toml`, as validated types. Secrets are references here.
//!
//! [`Tenant::load`] reads a file and reports what is wrong in it with line and column;
//! `tenant` holds the shape, `check` and `values` what the shape alone does not say.

mod check;
mod error;
mod excerpt;
mod explain;
mod load;
mod read;
mod schema;
mod shipping;
mod suggest;
mod template;
mod tenant;
#[cfg(test)]
mod tests;
mod tree;
mod values;

pub use crate::domain::secret_ref::SecretRef;
pub use error::{ConfigError, Mistake};
pub use load::{file_of, names};
pub use schema::schema;
pub use shipping::{CarrierConfig, Printing, Sender, Shipping, SlipSize, Station, Ups};
pub use template::Template;
pub use tenant::{
    BoxPreset, Branding, Channel, DimensionUnit, Identity, Modules, Pack, Pick, Purchasing, Ready,
    Reserve, ReservePolicy, Scan, Service, Stock, StoreConfig, Tenant, VaultConfig, Web,
    WeightUnit, WooCommerce,
};
pub use values::Refusal;
