//! Resolves references to secrets; keeps the age-encrypted file of a tenant.
//!
//! A vault is one file, readable by every identity whose public key is among its
//! recipients. [`Secrets`] is what commands resolve references with; [`Vault`] is the file,
//! [`Identity`] the private keys that open it. No error here repeats a secret.

mod disk;
mod error;
mod file;
mod identity;
mod init;
mod rotate;
mod secrets;
#[cfg(test)]
mod tests;

pub use error::VaultError;
pub use file::{Change, Vault};
pub use identity::{Identity, check_recipient};
pub use init::{Made, init};
pub use rotate::{Rotated, plan_rotation, rotate};
pub use secrets::Secrets;
