//! The vault's file: armored age around one JSON document.
//!
//! The document names its own recipients, for age files do not tell for whom they were
//! made, and whoever rewrites the file must keep all of them. Changes take a lock, read,
//! change and replace the file in one step, so that two at once do not undo one another.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::identity::recipient;
use super::{Identity, VaultError, disk};
use crate::domain::secret_ref::{SecretRef, is_entry_name};

/// The version of the document that this program writes, and the only one it reads.
const VERSION: u32 = 1;

/// A vault that has been opened.
#[derive(Debug)]
pub struct Vault {
    file: PathBuf,
    recipients: Vec<String>,
    rotation: Option<Rotation>,
    entries: BTreeMap<String, BTreeMap<String, SecretString>>,
    /// Whether the file no longer says what is here.
    changed: bool,
}

/// A rotation that has begun: until it ends, both keys open the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rotation {
    /// The public keys that leave.
    pub from: Vec<String>,
    /// The one that comes.
    pub to: String,
}

/// What setting an entry did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The entry is new.
    Added,
    /// It had another value.
    Replaced,
    /// It had this value.
    Unchanged,
    /// The entry is gone.
    Removed,
}

/// The document inside the encryption.
#[derive(Serialize, Deserialize)]
struct Document<S> {
    version: u32,
    recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotation: Option<Rotation>,
    entries: BTreeMap<String, BTreeMap<String, S>>,
}

impl Vault {
    /// Makes an empty vault for its recipients; one that is there is never overwritten.
    ///
    /// # Errors
    /// A vault is there, a recipient is none, or the file cannot be written.
    pub fn create(file: &Path, recipients: &[String]) -> Result<(), VaultError> {
        let _lock = disk::lock(file)?;
        if file.exists() {
            return Err(VaultError::VaultExists(file.to_owned()));
        }
        let vault = Self {
            file: file.to_owned(),
            recipients: recipients.to_vec(),
            rotation: None,
            entries: BTreeMap::new(),
            changed: true,
        };
        disk::create(file, &vault.encrypted()?)
    }

    /// Opens a vault to read from it.
    ///
    /// # Errors
    /// There is none, it is damaged, or the identity does not open it.
    pub fn open(file: &Path, identity: &SecretRef) -> Result<Self, VaultError> {
        match Self::read(file, identity) {
            // A rotation may have gone by between reading the identity and the vault.
            Err(VaultError::WrongIdentity { .. }) => Self::read(file, identity),
            other => other,
        }
    }

    /// Opens a vault, changes it, and writes it, while nobody else does.
    ///
    /// # Errors
    /// As for [`Vault::open`], what the change says, or the file cannot be written; the
    /// file is then as it was.
    pub fn update<T>(
        file: &Path,
        identity: &SecretRef,
        change: impl FnOnce(&mut Self) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        // A vault that is not there must not leave a lock behind.
        if !file.exists() {
            return Err(VaultError::VaultMissing(file.to_owned()));
        }
        let _lock = disk::lock(file)?;
        let mut vault = Self::read(file, identity)?;
        let changed = change(&mut vault)?;
        vault.save()?;
        Ok(changed)
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, path: &str, key: &str) -> Result<&SecretString, VaultError> {
        self.entries
            .get(path)
            .and_then(|entries| entries.get(key))
            .ok_or_else(|| VaultError::EntryMissing {
                file: self.file.clone(),
                path: path.to_owned(),
                key: key.to_owned(),
            })
    }

    /// Sets an entry.
    ///
    /// # Errors
    /// A name with characters that references do not have, or an empty value.
    pub fn set(
        &mut self,
        path: &str,
        key: &str,
        value: SecretString,
    ) -> Result<Change, VaultError> {
        if !is_entry_name(path) || !is_entry_name(key) {
            return Err(VaultError::Name);
        }
        if value.expose_secret().is_empty() {
            return Err(VaultError::Empty);
        }
        let group = self.entries.entry(path.to_owned()).or_default();
        let change = match group.get(key) {
            None => Change::Added,
            Some(old) if old.expose_secret() == value.expose_secret() => Change::Unchanged,
            Some(_) => Change::Replaced,
        };
        if change != Change::Unchanged {
            group.insert(key.to_owned(), value);
            self.changed = true;
        }
        Ok(change)
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// There is none.
    pub fn remove(&mut self, path: &str, key: &str) -> Result<Change, VaultError> {
        self.get(path, key)?;
        if let Some(group) = self.entries.get_mut(path) {
            group.remove(key);
        }
        self.entries.retain(|_, group| !group.is_empty());
        self.changed = true;
        Ok(Change::Removed)
    }

    /// The names of all entries, as path and key, in order.
    pub fn list(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .flat_map(|(path, group)| group.keys().map(move |key| (path.as_str(), key.as_str())))
    }

    /// The public keys of everyone who can open it.
    #[must_use]
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    pub(super) fn rotation(&self) -> Option<&Rotation> {
        self.rotation.as_ref()
    }

    pub(super) fn set_recipients(&mut self, recipients: Vec<String>, rotation: Option<Rotation>) {
        self.recipients = recipients;
        self.rotation = rotation;
        self.changed = true;
    }

    /// Reads and decrypts the file.
    pub(super) fn read(file: &Path, identity: &SecretRef) -> Result<Self, VaultError> {
        let bytes = disk::read(file)?.ok_or_else(|| VaultError::VaultMissing(file.to_owned()))?;
        let keys = Identity::resolve(identity)?;
        let damaged = |reason: String| VaultError::Damaged {
            file: file.to_owned(),
            reason,
        };
        let opened = age::Decryptor::new_buffered(ArmoredReader::new(bytes.as_slice()))
            .and_then(|locked| locked.decrypt(keys.keys()));
        let mut opened = match opened {
            Ok(opened) => opened,
            Err(age::DecryptError::NoMatchingKeys) => {
                return Err(VaultError::WrongIdentity {
                    file: file.to_owned(),
                    identity: identity.clone(),
                });
            }
            Err(error) => return Err(damaged(error.to_string())),
        };
        let mut text = Zeroizing::new(Vec::new());
        opened
            .read_to_end(&mut text)
            .map_err(|error| damaged(error.to_string()))?;
        // The words of a JSON error may quote a value, so they are not passed on.
        let document: Document<String> = serde_json::from_slice(&text)
            .map_err(|_| damaged("its content is not that of a vault".to_owned()))?;
        if document.version != VERSION {
            return Err(damaged("a newer opsctl wrote it".to_owned()));
        }
        let secret = |(key, value)| (key, SecretString::from(value));
        Ok(Self {
            file: file.to_owned(),
            recipients: document.recipients,
            rotation: document.rotation,
            entries: document
                .entries
                .into_iter()
                .map(|(path, group): (_, BTreeMap<String, String>)| {
                    (path, group.into_iter().map(secret).collect())
                })
                .collect(),
            changed: false,
        })
    }

    /// Encrypts and replaces the file, where it would change. Whoever calls holds the lock.
    pub(super) fn save(&self) -> Result<(), VaultError> {
        if self.changed {
            disk::replace(&self.file, &self.encrypted()?)?;
        }
        Ok(())
    }

    fn encrypted(&self) -> Result<Vec<u8>, VaultError> {
        let recipients: Vec<age::x25519::Recipient> = self
            .recipients
            .iter()
            .map(|text| recipient(text))
            .collect::<Result<_, _>>()?;
        let encryptor =
            age::Encryptor::with_recipients(recipients.iter().map(|r| r as &dyn age::Recipient))
                .map_err(|_| VaultError::Recipient)?;
        let text = self.document()?;
        let seal = || -> std::io::Result<Vec<u8>> {
            let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
            let mut sealed = encryptor.wrap_output(armor)?;
            sealed.write_all(&text)?;
            sealed.finish()?.finish()
        };
        seal().map_err(VaultError::io("encrypt", &self.file))
    }

    fn document(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let document = Document {
            version: VERSION,
            recipients: self.recipients.clone(),
            rotation: self.rotation.clone(),
            entries: self
                .entries
                .iter()
                .map(|(path, group)| {
                    let exposed = group
                        .iter()
                        .map(|(key, value)| (key.clone(), value.expose_secret()));
                    (path.clone(), exposed.collect())
                })
                .collect(),
        };
        serde_json::to_vec(&document)
            .map(Zeroizing::new)
            .map_err(|error| VaultError::io("encrypt", &self.file)(error.into()))
    }
}
