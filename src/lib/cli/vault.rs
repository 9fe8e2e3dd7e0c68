//! `opsctl vault`: the secrets of a tenant. Values come from a prompt or a pipe, never from
//! the command line, where others see them; they go to stdout with `get` alone. Every
//! command but `rotate` can be repeated without effect; `rotate` makes a new key each time.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{DryRun, Globals, Out, Page, Report, start};
use crate::config::{SecretRef, Tenant};
use crate::fault::{Exit, Fault};
use crate::vault::{self, Change, Vault, VaultError};

/// Arguments of `opsctl vault`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make the vault, and the identity that opens it
    Init {
        /// A further public key (age1...) that opens it; may be repeated
        #[arg(long = "recipient", value_name = "KEY")]
        recipients: Vec<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Keep a secret; its value is asked for, or read from stdin
    Set {
        #[command(flatten)]
        entry: Entry,
        /// Caught here, so that it is not echoed as a wrong argument
        #[arg(hide = true)]
        value: Option<SecretString>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Print the value of a secret
    Get {
        #[command(flatten)]
        entry: Entry,
    },
    /// Forget a secret
    Remove {
        #[command(flatten)]
        entry: Entry,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List the names of the secrets, and who can open the vault
    List,
    /// Give the vault a new identity; the old one no longer opens it
    Rotate {
        /// From now on the further public keys that open it; without any they stay as they are
        #[arg(long = "recipient", value_name = "KEY")]
        recipients: Vec<String>,
        #[command(flatten)]
        dry: DryRun,
    },
}

/// The name of a secret.
#[derive(Debug, Clone, clap::Args)]
struct Entry {
    /// The group, usually the service: `woo` in vault://woo#consumer_key
    path: String,
    /// The entry: `consumer_key` in vault://woo#consumer_key
    key: String,
}

impl Entry {
    /// As a tenant file refers to it.
    fn reference(&self) -> Result<SecretRef, VaultError> {
        format!("vault://{}#{}", self.path, self.key)
            .parse()
            .map_err(|_| VaultError::Name)
    }
}

/// Runs the command.
///
/// # Errors
/// The tenant's file is wrong, or the vault does not do what is asked.
pub fn run(args: Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let tenant = start::tenant(globals)?;
    let named = |error: VaultError| error.fault(&tenant.tenant.name);
    let file = Path::new(&tenant.vault.file);
    let identity = &tenant.vault.identity;
    match args.command {
        Command::Init { recipients, dry } => {
            let made = vault::init(file, identity, &recipients, dry.dry_run).map_err(named)?;
            out.report(&Initiated::new(&tenant, made, dry))?;
        }
        Command::Set { entry, value, dry } => {
            let reference = entry.reference().map_err(named)?;
            if value.is_some() {
                return Err(Fault::usage("a value is never taken from the command line")
                    .hint("leave it out and type it at the prompt, or pipe it in; as it may now be in the shell's history, make a new one")
                    .into());
            }
            let change = if dry.dry_run {
                let vault = Vault::open(file, identity).map_err(named)?;
                match vault.get(&entry.path, &entry.key) {
                    Ok(_) => Change::Replaced,
                    Err(_) => Change::Added,
                }
            } else {
                // Opened first, so that nobody types a value that cannot be kept.
                Vault::open(file, identity).map_err(named)?;
                let value = value_of(&reference)?;
                Vault::update(file, identity, |vault| {
                    vault.set(&entry.path, &entry.key, value)
                })
                .map_err(named)?
            };
            out.report(&Changed::new(&reference, change, dry))?;
        }
        Command::Get { entry } => {
            if out.is_json() {
                return Err(Fault::usage("a secret is never printed as JSON")
                    .hint("leave out --json")
                    .into());
            }
            let vault = Vault::open(file, identity).map_err(named)?;
            let value = vault.get(&entry.path, &entry.key).map_err(named)?;
            out.text(value.expose_secret())?;
            out.text("\n")?;
        }
        Command::Remove { entry, dry } => {
            let reference = entry.reference().map_err(named)?;
            if dry.dry_run {
                let vault = Vault::open(file, identity).map_err(named)?;
                vault.get(&entry.path, &entry.key).map_err(named)?;
            } else {
                Vault::update(file, identity, |vault| {
                    vault.remove(&entry.path, &entry.key)
                })
                .map_err(named)?;
            }
            out.report(&Changed::new(&reference, Change::Removed, dry))?;
        }
        Command::List => {
            let vault = Vault::open(file, identity).map_err(named)?;
            out.report(&List::new(&vault))?;
        }
        Command::Rotate { recipients, dry } => {
            let others = (!recipients.is_empty()).then_some(recipients.as_slice());
            let rotated = if dry.dry_run {
                vault::plan_rotation(file, identity, others)
            } else {
                vault::rotate(file, identity, others)
            }
            .map_err(named)?;
            out.report(&Rotated {
                dry_run: dry.dry_run,
                identity: identity.to_string(),
                keys: rotated,
            })?;
        }
    }
    Ok(Exit::Done)
}

/// The value to keep: typed unseen at a terminal, else all of stdin but its last newline.
fn value_of(reference: &SecretRef) -> anyhow::Result<SecretString> {
    let mut value = Zeroizing::new(String::new());
    if std::io::stdin().is_terminal() {
        *value = rpassword::prompt_password(format!("Value of {reference}: "))
            .context("asking for the value")?;
    } else {
        std::io::stdin()
            .read_to_string(&mut value)
            .context("reading the value from stdin")?;
    }
    let text = value.strip_suffix('\n').unwrap_or(&value);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}

#[derive(Serialize)]
struct Initiated {
    dry_run: bool,
    vault: String,
    identity: String,
    #[serde(rename = "made")]
    outcome: vault::Made,
}

impl Initiated {
    fn new(tenant: &Tenant, made: vault::Made, dry: DryRun) -> Self {
        Self {
            dry_run: dry.dry_run,
            vault: tenant.vault.file.clone(),
            identity: tenant.vault.identity.to_string(),
            outcome: made,
        }
    }
}

impl Report for Initiated {
    fn render(&self, page: &mut Page) {
        let made = if self.dry_run {
            "would be made"
        } else {
            "made"
        };
        let state = |new: bool| if new { made } else { "is there already" };
        page.line(format!(
            "identity {}: {}",
            self.identity,
            state(self.outcome.identity)
        ));
        page.line(format!(
            "vault {}: {}",
            self.vault,
            state(self.outcome.vault)
        ));
        for recipient in &self.outcome.recipients {
            page.line(format!("opens with the identity of {recipient}"));
        }
        if self.outcome.identity && !self.dry_run {
            page.line("Keep a copy of the identity elsewhere: without it the vault stays shut.");
        }
    }
}

#[derive(Serialize)]
struct Changed {
    dry_run: bool,
    reference: String,
    change: Change,
}

impl Changed {
    fn new(reference: &SecretRef, change: Change, dry: DryRun) -> Self {
        Self {
            dry_run: dry.dry_run,
            reference: reference.to_string(),
            change,
        }
    }
}

impl Report for Changed {
    fn render(&self, page: &mut Page) {
        let change = match self.change {
            Change::Added => "added",
            Change::Replaced => "replaced",
            Change::Unchanged => "unchanged",
            Change::Removed => "removed",
        };
        let would = if self.dry_run { "would be " } else { "" };
        page.line(format!("{}: {would}{change}", self.reference));
    }
}

#[derive(Serialize)]
struct List {
    entries: Vec<Listed>,
    recipients: Vec<String>,
}

#[derive(Serialize)]
struct Listed {
    path: String,
    key: String,
    reference: String,
}

impl List {
    fn new(vault: &Vault) -> Self {
        let entries = vault
            .list()
            .map(|(path, key)| Listed {
                path: path.to_owned(),
                key: key.to_owned(),
                reference: format!("vault://{path}#{key}"),
            })
            .collect();
        Self {
            entries,
            recipients: vault.recipients().to_vec(),
        }
    }
}

impl Report for List {
    fn render(&self, page: &mut Page) {
        if self.entries.is_empty() {
            page.line("The vault is empty.");
        } else {
            let rows = self.entries.iter().map(|entry| {
                vec![
                    entry.path.clone(),
                    entry.key.clone(),
                    entry.reference.clone(),
                ]
            });
            page.table(&["path", "key", "reference"], rows);
        }
        for recipient in &self.recipients {
            page.line(format!("opens with the identity of {recipient}"));
        }
    }
}

#[derive(Serialize)]
struct Rotated {
    dry_run: bool,
    identity: String,
    #[serde(flatten)]
    keys: vault::Rotated,
}

impl Report for Rotated {
    fn render(&self, page: &mut Page) {
        if self.dry_run {
            page.line(format!(
                "A new identity would take the place of {}.",
                self.identity
            ));
        } else {
            page.line(format!(
                "A new identity took the place of {}.",
                self.identity
            ));
        }
        let opens = if self.dry_run {
            "would still open with"
        } else {
            "opens with"
        };
        for recipient in &self.keys.recipients {
            page.line(format!("{opens} the identity of {recipient}"));
        }
        for recipient in &self.keys.retired {
            page.line(format!("no longer with that of {recipient}"));
        }
        if !self.dry_run {
            page.line(
                "Whoever had the old identity may have read the values: renew them at their \
                 services too.",
            );
        }
    }
}
