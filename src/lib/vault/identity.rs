//! The private keys that open a vault, in age's own file format, so that `age` and
//! `age-keygen` work on the same files.

use std::fmt;
use std::path::Path;

use age::x25519;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::{VaultError, disk};
use crate::domain::secret_ref::SecretRef;

/// One or more private keys; each of them opens the vaults made for it.
pub struct Identity {
    keys: Vec<x25519::Identity>,
}

impl Identity {
    /// A new private key.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            keys: vec![x25519::Identity::generate()],
        }
    }

    /// Reads the identity that a reference leads to.
    ///
    /// # Errors
    /// It is not there, is no identity, or its file can be read by others.
    pub fn resolve(reference: &SecretRef) -> Result<Self, VaultError> {
        match reference {
            SecretRef::File(path) => Self::read(Path::new(path)),
            SecretRef::Env(name) => {
                let text = std::env::var(name)
                    .map(Zeroizing::new)
                    .map_err(|_| VaultError::EnvMissing(name.clone()))?;
                Self::parse(&text).ok_or_else(|| VaultError::IdentityUnreadable(reference.clone()))
            }
            SecretRef::Vault { .. } => Err(VaultError::IdentityUnreadable(reference.clone())),
        }
    }

    /// Reads an identity file.
    ///
    /// # Errors
    /// It is not there, is no identity, or can be read by others.
    pub fn read(file: &Path) -> Result<Self, VaultError> {
        let bytes = disk::read(file)?
            .map(Zeroizing::new)
            .ok_or_else(|| VaultError::IdentityMissing(file.to_owned()))?;
        if let Some(mode) = disk::open_to_others(file)? {
            return Err(VaultError::IdentityOpen {
                file: file.to_owned(),
                mode,
            });
        }
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(Self::parse)
            .ok_or_else(|| {
                VaultError::IdentityUnreadable(SecretRef::File(file.display().to_string()))
            })
    }

    /// Writes a new identity file (mode 0600); one that is there is never overwritten.
    ///
    /// # Errors
    /// The file is there, or cannot be written.
    pub fn write_new(&self, file: &Path) -> Result<(), VaultError> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.keys {
            let secret: SecretString = key.to_string();
            text.push_str(&format!("# public key: {}\n", key.to_public()));
            text.push_str(secret.expose_secret());
            text.push('\n');
        }
        disk::create(file, text.as_bytes())
    }

    /// The public keys, by which the identity is a recipient.
    #[must_use]
    pub fn public_keys(&self) -> Vec<String> {
        self.keys
            .iter()
            .map(|key| key.to_public().to_string())
            .collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| key as &dyn age::Identity)
    }

    /// The keys of an identity file, among comments and empty lines; `None` where there is
    /// none, or anything else.
    fn parse(text: &str) -> Option<Self> {
        let keys: Vec<x25519::Identity> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.parse().ok())
            .collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self { keys })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity")
            .field(&self.public_keys())
            .finish()
    }
}

/// Whether a text is a public key that a vault can be made for.
///
/// # Errors
/// It is not; the text is not repeated, for it may be a private key.
pub fn check_recipient(text: &str) -> Result<(), VaultError> {
    recipient(text).map(|_| ())
}

pub(super) fn recipient(text: &str) -> Result<x25519::Recipient, VaultError> {
    text.parse().map_err(|_| VaultError::Recipient)
}
