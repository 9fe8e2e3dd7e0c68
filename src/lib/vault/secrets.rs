//! From references to values, for the length of one command.
//!
//! The vault is opened once, and only when a reference into it is resolved: a tenant whose
//! secrets all come from the environment needs no vault. Every value given out is
//! remembered, so that recordings and error texts can be cleaned of it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::{Vault, VaultError, disk};
use crate::domain::secret_ref::SecretRef;

/// Resolves the references of one tenant.
#[derive(Debug)]
pub struct Secrets {
    file: PathBuf,
    identity: SecretRef,
    vault: Mutex<Option<Vault>>,
    known: Mutex<Vec<SecretString>>,
}

impl Secrets {
    /// A resolver for a vault and the identity that opens it; neither is touched yet.
    #[must_use]
    pub fn new(vault_file: impl Into<PathBuf>, identity: SecretRef) -> Self {
        Self {
            file: vault_file.into(),
            identity,
            vault: Mutex::new(None),
            known: Mutex::new(Vec::new()),
        }
    }

    /// The value that a reference stands for.
    ///
    /// # Errors
    /// What it refers to is missing or empty, or the vault does not open.
    pub fn resolve(&self, reference: &SecretRef) -> Result<SecretString, VaultError> {
        let value = match reference {
            SecretRef::Vault { path, key } => self.vault_entry(path, key)?,
            SecretRef::Env(name) => std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .map(SecretString::from)
                .ok_or_else(|| VaultError::EnvMissing(name.clone()))?,
            SecretRef::File(path) => from_file(Path::new(path))?,
        };
        let mut known = locked(&self.known);
        if !known
            .iter()
            .any(|k| k.expose_secret() == value.expose_secret())
        {
            known.push(value.clone());
        }
        Ok(value)
    }

    /// Every value given out so far: what must not appear in a recording or an error.
    pub fn known(&self) -> Vec<SecretString> {
        locked(&self.known).clone()
    }

    /// Opens the vault, unless it is open, and tells how many entries it has.
    ///
    /// # Errors
    /// As for [`Vault::open`].
    pub fn open_vault(&self) -> Result<usize, VaultError> {
        self.with_vault(|vault| Ok(vault.list().count()))
    }

    fn vault_entry(&self, path: &str, key: &str) -> Result<SecretString, VaultError> {
        self.with_vault(|vault| vault.get(path, key).cloned())
    }

    fn with_vault<T>(
        &self,
        read: impl FnOnce(&Vault) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut vault = locked(&self.vault);
        let opened = match vault.take() {
            Some(opened) => opened,
            None => Vault::open(&self.file, &self.identity)?,
        };
        read(vault.insert(opened))
    }
}

fn from_file(file: &Path) -> Result<SecretString, VaultError> {
    let bytes = disk::read(file)?
        .map(Zeroizing::new)
        .ok_or_else(|| VaultError::FileMissing(file.to_owned()))?;
    if let Some(mode) = disk::open_to_others(file)? {
        tracing::warn!(
            file = %file.display(),
            mode = format!("{mode:o}"),
            "a secret's file can be read by others; chmod 600 it"
        );
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not text");
        VaultError::io("read", file)(reason)
    })?;
    let value = text.strip_suffix('\n').unwrap_or(text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(VaultError::FileEmpty(file.to_owned()));
    }
    Ok(SecretString::from(value))
}

/// A lock whose holder panicked guards nothing that could be half done here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
