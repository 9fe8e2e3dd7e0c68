//! A tenant's file, `tenants/NAME.toml`, as validated types. Secrets are references here.

mod load;
mod secret_ref;
mod tenant;

pub use secret_ref::SecretRef;
pub use tenant::{
    Branding, Channel, DimensionUnit, Identity, Modules, Reserve, ReservePolicy, Scan, Stock,
    StoreConfig, Tenant, VaultConfig, WeightUnit, WooCommerce,
};
