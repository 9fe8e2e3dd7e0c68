//! Makes a tenant's vault, and the identity that opens it. Can be run again: what is there
//! is left as it is, and never overwritten.

use std::path::Path;

use serde::Serialize;

use super::{Identity, Vault, VaultError, check_recipient};
use crate::domain::secret_ref::SecretRef;

/// What was made, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Whether the identity's file is new.
    pub identity: bool,
    /// Whether the vault is new.
    pub vault: bool,
    /// The public keys of everyone who can open it; in a dry run without a key that is
    /// still to be made.
    pub recipients: Vec<String>,
}

/// Makes the identity's file where it is missing, and a vault for it and further recipients.
/// With `dry_run` it only says what it would make.
///
/// # Errors
/// The identity is missing though the vault is there, does not open it, or a recipient is
/// none of an existing vault.
pub fn init(
    file: &Path,
    identity: &SecretRef,
    others: &[String],
    dry_run: bool,
) -> Result<Made, VaultError> {
    others.iter().try_for_each(|other| check_recipient(other))?;
    if file.exists() {
        let vault = Vault::open(file, identity)?;
        if others
            .iter()
            .any(|other| !vault.recipients().contains(other))
        {
            return Err(VaultError::VaultExists(file.to_owned()));
        }
        return Ok(Made {
            identity: false,
            vault: false,
            recipients: vault.recipients().to_vec(),
        });
    }
    let new_identity = match identity {
        SecretRef::File(path) if !Path::new(path).exists() => Some(Path::new(path)),
        _ => None,
    };
    if let (Some(path), false) = (new_identity, dry_run) {
        Identity::generate().write_new(path)?;
    }
    let mut recipients = if new_identity.is_some() && dry_run {
        Vec::new()
    } else {
        Identity::resolve(identity)?.public_keys()
    };
    for other in others {
        if !recipients.contains(other) {
            recipients.push(other.clone());
        }
    }
    if !dry_run {
        Vault::create(file, &recipients)?;
    }
    Ok(Made {
        identity: new_identity.is_some(),
        vault: true,
        recipients,
    })
}
