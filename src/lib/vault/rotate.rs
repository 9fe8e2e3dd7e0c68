//! Replaces the identity that opens a vault, in four steps after each of which the files on
//! disk still fit together:
//!
//! 1. the new identity is written beside the old one,
//! 2. the vault is encrypted for both,
//! 3. the new identity takes the old one's place,
//! 4. the vault is encrypted without the old one.
//!
//! A rotation that was cut short is finished by the next one. Note that whoever has an old
//! copy of the vault and the old identity still reads the old values.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::file::Rotation;
use super::{Identity, Vault, VaultError, check_recipient, disk};
use crate::domain::secret_ref::SecretRef;

/// Who can open the vault after a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The public keys of everyone who can open it now; in a plan without the new one.
    pub recipients: Vec<String>,
    /// The public keys that no longer open it.
    pub retired: Vec<String>,
}

/// Gives a vault a new identity in place of the one that opens it. `others` are the further
/// recipients from now on; `None` keeps those it has.
///
/// # Errors
/// The identity is not a file or does not open the vault, a recipient is none, or the disk
/// fails; what is on the disk then still opens, and a repeat finishes the rotation.
pub fn rotate(
    file: &Path,
    identity: &SecretRef,
    others: Option<&[String]>,
) -> Result<Rotated, VaultError> {
    let steps = Steps::begin(file, identity)?;
    let _lock = disk::lock(file)?;
    let mut plan = steps.plan(others)?;
    let new = steps.write_identity()?;
    steps.encrypt_for_both(&plan, &new)?;
    steps.swap_identity()?;
    plan.recipients.insert(0, new);
    steps.encrypt_for_new(&plan)?;
    Ok(plan)
}

/// Who could open the vault after a rotation, besides a key that is still to be made.
///
/// # Errors
/// As for [`rotate`]; nothing is changed.
pub fn plan_rotation(
    file: &Path,
    identity: &SecretRef,
    others: Option<&[String]>,
) -> Result<Rotated, VaultError> {
    Steps::begin(file, identity)?.plan(others)
}

struct Steps<'a> {
    file: &'a Path,
    identity: &'a SecretRef,
    identity_file: &'a Path,
    /// Where the new identity waits for its place.
    waiting: PathBuf,
}

impl<'a> Steps<'a> {
    fn begin(file: &'a Path, identity: &'a SecretRef) -> Result<Self, VaultError> {
        let SecretRef::File(identity_file) = identity else {
            return Err(VaultError::IdentityFixed(identity.clone()));
        };
        if !file.exists() {
            return Err(VaultError::VaultMissing(file.to_owned()));
        }
        Ok(Self {
            file,
            identity,
            identity_file: Path::new(identity_file),
            waiting: PathBuf::from(format!("{identity_file}.new")),
        })
    }

    /// Who stays and who goes. Keys of a rotation that was cut short go.
    fn plan(&self, others: Option<&[String]>) -> Result<Rotated, VaultError> {
        let vault = Vault::read(self.file, self.identity)?;
        let mut leaving = Identity::resolve(self.identity)?.public_keys();
        if let Some(cut_short) = vault.rotation() {
            leaving.extend(cut_short.from.iter().cloned());
            leaving.push(cut_short.to.clone());
        }
        let mut recipients: Vec<String> = Vec::new();
        for other in others.unwrap_or(vault.recipients()) {
            check_recipient(other)?;
            if !leaving.contains(other) && !recipients.contains(other) {
                recipients.push(other.clone());
            }
        }
        let mut retired = vault.recipients().to_vec();
        retired.retain(|key| !recipients.contains(key));
        Ok(Rotated {
            recipients,
            retired,
        })
    }

    /// Writes the new identity, or takes the one that was left waiting; its public key.
    fn write_identity(&self) -> Result<String, VaultError> {
        if !self.waiting.exists() {
            Identity::generate().write_new(&self.waiting)?;
        }
        let keys = Identity::read(&self.waiting)?.public_keys();
        keys.into_iter()
            .next()
            .ok_or_else(|| VaultError::IdentityMissing(self.waiting.clone()))
    }

    fn encrypt_for_both(&self, plan: &Rotated, new: &str) -> Result<(), VaultError> {
        let mut vault = Vault::read(self.file, self.identity)?;
        let from = Identity::resolve(self.identity)?.public_keys();
        let mut recipients = vec![new.to_owned()];
        recipients.extend(from.iter().chain(&plan.recipients).cloned());
        let to = new.to_owned();
        vault.set_recipients(recipients, Some(Rotation { from, to }));
        vault.save()
    }

    fn swap_identity(&self) -> Result<(), VaultError> {
        disk::rename(&self.waiting, self.identity_file)
    }

    fn encrypt_for_new(&self, plan: &Rotated) -> Result<(), VaultError> {
        let mut vault = Vault::read(self.file, self.identity)?;
        vault.set_recipients(plan.recipients.clone(), None);
        vault.save()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::{ExposeSecret, SecretString};

    use super::*;
    use crate::vault::init;

    struct Place {
        _folder: tempfile::TempDir,
        file: PathBuf,
        identity: SecretRef,
        /// The identity before any rotation.
        old: SecretRef,
    }

    /// A vault with one entry, and a copy of the identity that opens it.
    fn place(others: &[String]) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let identity = SecretRef::File(path("identity.txt").display().to_string());
        let old = path("old.txt");
        init(&path("vault.age"), &identity, others, false).unwrap();
        fs::copy(path("identity.txt"), &old).unwrap();
        let file = path("vault.age");
        Vault::update(&file, &identity, |vault| {
            vault.set("woo", "consumer_key", SecretString::from("ck_planted"))
        })
        .unwrap();
        Place {
            _folder: folder,
            file,
            identity,
            old: SecretRef::File(old.display().to_string()),
        }
    }

    fn opens(place: &Place, identity: &SecretRef) -> bool {
        Vault::open(&place.file, identity).is_ok_and(|vault| {
            vault.get("woo", "consumer_key").unwrap().expose_secret() == "ck_planted"
        })
    }

    #[test]
    fn the_new_identity_opens_the_vault_and_the_old_one_no_longer_does() {
        let other = Identity::generate().public_keys();
        let place = place(&other);
        let before = Vault::open(&place.file, &place.identity)
            .unwrap()
            .recipients()
            .to_vec();
        let rotated = rotate(&place.file, &place.identity, None).unwrap();
        assert!(opens(&place, &place.identity));
        assert!(!opens(&place, &place.old));
        assert_eq!(rotated.retired, before[..1]);
        assert_eq!(rotated.recipients[1..], other);
        let after = Vault::open(&place.file, &place.identity).unwrap();
        assert_eq!(after.recipients(), rotated.recipients);
        assert!(after.rotation().is_none());
    }

    #[test]
    fn recipients_that_are_named_take_the_place_of_the_others() {
        let (leaves, comes) = (Identity::generate(), Identity::generate());
        let place = place(&leaves.public_keys());
        let named = comes.public_keys();
        let rotated = rotate(&place.file, &place.identity, Some(&named)).unwrap();
        assert_eq!(rotated.recipients[1..], named);
        assert!(rotated.retired.contains(&leaves.public_keys()[0]));
    }

    #[test]
    fn after_a_crash_between_any_two_steps_the_vault_opens_and_a_repeat_finishes() {
        let other = Identity::generate().public_keys();
        for done in 0..=4 {
            let place = place(&other);
            let steps = Steps::begin(&place.file, &place.identity).unwrap();
            let mut plan = steps.plan(None).unwrap();
            let mut new = String::new();
            if done >= 1 {
                new = steps.write_identity().unwrap();
            }
            if done >= 2 {
                steps.encrypt_for_both(&plan, &new).unwrap();
            }
            if done >= 3 {
                steps.swap_identity().unwrap();
            }
            if done >= 4 {
                plan.recipients.insert(0, new.clone());
                steps.encrypt_for_new(&plan).unwrap();
            }
            assert!(opens(&place, &place.identity), "after {done} steps");

            let rotated = rotate(&place.file, &place.identity, None).unwrap();
            assert!(
                opens(&place, &place.identity),
                "repeated after {done} steps"
            );
            assert!(!opens(&place, &place.old), "repeated after {done} steps");
            assert!(!steps.waiting.exists());
            assert_eq!(rotated.recipients.len(), 2, "after {done} steps");
            assert_eq!(rotated.recipients[1..], other, "after {done} steps");
        }
    }

    #[test]
    fn a_plan_changes_nothing() {
        let place = place(&[]);
        let bytes = fs::read(&place.file).unwrap();
        let plan = plan_rotation(&place.file, &place.identity, None).unwrap();
        assert_eq!((plan.recipients.len(), plan.retired.len()), (0, 1));
        assert_eq!(fs::read(&place.file).unwrap(), bytes);
        assert!(opens(&place, &place.old));
    }

    #[test]
    fn an_identity_from_the_environment_is_not_replaced() {
        let place = place(&[]);
        let refused = rotate(&place.file, &SecretRef::Env("KEY".into()), None);
        assert!(matches!(refused, Err(VaultError::IdentityFixed(_))));
        let refused = rotate(&place.file, &place.identity, Some(&["age1no".to_owned()]));
        assert!(matches!(refused, Err(VaultError::Recipient)));
        assert!(opens(&place, &place.old));
    }
}
