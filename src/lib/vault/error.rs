//! Why a secret cannot be had, by name and reference, never by value.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::secret_ref::SecretRef;
use crate::fault::Fault;

/// Why a secret cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The environment variable is not set, or empty.
    #[error("env://{0} is not set, or empty")]
    EnvMissing(String),
    /// The file of a `file://` reference is not there.
    #[error("file://{} is not there", .0.display())]
    FileMissing(PathBuf),
    /// The file of a `file://` reference has nothing in it.
    #[error("file://{} is empty", .0.display())]
    FileEmpty(PathBuf),
    /// The vault has no such entry.
    #[error("the vault {} has no entry vault://{path}#{key}", file.display())]
    EntryMissing {
        /// The vault's file.
        file: PathBuf,
        /// The group of entries.
        path: String,
        /// The entry.
        key: String,
    },
    /// The vault has not been made yet.
    #[error("there is no vault {}", .0.display())]
    VaultMissing(PathBuf),
    /// A vault is there already, for other recipients.
    #[error("the vault {} is there already", .0.display())]
    VaultExists(PathBuf),
    /// The file is no vault, or was damaged.
    #[error("{} is no vault that can be read: {reason}", file.display())]
    Damaged {
        /// The vault's file.
        file: PathBuf,
        /// What the reader of the format said.
        reason: String,
    },
    /// The identity is not among the recipients.
    #[error("the vault {} does not open with {identity}", file.display())]
    WrongIdentity {
        /// The vault's file.
        file: PathBuf,
        /// Where the identity came from.
        identity: SecretRef,
    },
    /// The identity's file is not there.
    #[error("the identity file://{} is not there", .0.display())]
    IdentityMissing(PathBuf),
    /// Others can read the identity's file.
    #[error("the identity file://{} can be read by others (mode {mode:o})", file.display())]
    IdentityOpen {
        /// The identity's file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The identity holds no key, or something else.
    #[error("{0} holds no age identity (a line that starts with AGE-SECRET-KEY-1)")]
    IdentityUnreadable(SecretRef),
    /// An identity from the environment cannot be replaced from here.
    #[error("{0} is not a file, so its identity cannot be replaced from here")]
    IdentityFixed(SecretRef),
    /// A recipient is not a public key.
    #[error("a recipient is an age public key: age1 and 58 more letters and digits")]
    Recipient,
    /// A name of an entry has other characters than allowed.
    #[error("the names of an entry are of letters, digits and _ - / .")]
    Name,
    /// A value is empty.
    #[error("the value is empty")]
    Empty,
    /// The disk did not let us.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl VaultError {
    /// What to do about it. `tenant` is whose vault it is.
    #[must_use]
    pub fn hint(&self, tenant: &str) -> Option<String> {
        let opsctl = format!("opsctl --tenant {tenant} vault");
        let hint = match self {
            Self::EnvMissing(name) => format!("set it in the environment: export {name}=..."),
            Self::FileMissing(file) | Self::FileEmpty(file) => {
                format!("write the secret into {}", file.display())
            }
            Self::EntryMissing { path, key, .. } => {
                format!("keep it with: {opsctl} set {path} {key}")
            }
            Self::VaultMissing(_) => format!("make it with: {opsctl} init"),
            Self::VaultExists(_) => {
                format!("to change who can open it: {opsctl} rotate --recipient age1...")
            }
            Self::Damaged { .. } => "bring back a copy of the file".to_owned(),
            Self::WrongIdentity { .. } => {
                "put back the identity that it was made with, or have another recipient \
                 rotate it with your public key"
                    .to_owned()
            }
            Self::IdentityMissing(file) => format!(
                "put the identity back at {}; without one no vault opens",
                file.display()
            ),
            Self::IdentityOpen { file, .. } => format!("chmod 600 {}", file.display()),
            Self::IdentityUnreadable(_) => {
                "an identity file is what age-keygen or opsctl vault init writes".to_owned()
            }
            Self::IdentityFixed(_) => {
                "in the tenant file, let vault.identity be a file:// reference".to_owned()
            }
            Self::Empty => "pipe the value in, or type it at the prompt".to_owned(),
            Self::Recipient | Self::Name | Self::Io { .. } => return None,
        };
        Some(hint)
    }

    /// The error with its hint and the exit code: what is wrong with the set-up is 2, with
    /// a file or the disk 1.
    #[must_use]
    pub fn fault(self, tenant: &str) -> Fault {
        let message = self.to_string();
        let fault = match self {
            Self::Damaged { .. } | Self::Io { .. } | Self::VaultExists(_) => Fault::failed(message),
            _ => Fault::usage(message),
        };
        match self.hint(tenant) {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }

    /// For `map_err`: an error of the disk, with what was tried.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
