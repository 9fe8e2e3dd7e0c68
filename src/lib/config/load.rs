//! Finds and reads the tenant files of a folder. Never guesses which tenant is meant.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ConfigError, Tenant, read, suggest, values};

/// The file of a tenant.
#[must_use]
pub fn file_of(tenants_dir: &Path, name: &str) -> PathBuf {
    tenants_dir.join(format!("{name}.toml"))
}

/// The names of the tenants in a folder, in order; none where the folder is missing.
///
/// # Errors
/// The folder cannot be read.
pub fn names(tenants_dir: &Path) -> Result<Vec<String>, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: tenants_dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(tenants_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            names.extend(path.file_stem().and_then(|s| s.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

impl Tenant {
    /// Reads `NAME.toml` in the folder of tenant files.
    ///
    /// # Errors
    /// There is no such tenant, or its file is wrong; all that was found is reported at once.
    pub fn load(tenants_dir: &Path, name: &str) -> Result<Self, ConfigError> {
        values::tenant_name(name).map_err(ConfigError::Name)?;
        let path = file_of(tenants_dir, name);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let mut tenant = Self::parse(&text, &path)?;
                // Relative to the tenant's file, wherever opsctl was started.
                let logo = tenant.branding.logo.take();
                tenant.branding.logo =
                    logo.map(|logo| tenants_dir.join(logo).to_string_lossy().into_owned());
                Ok(tenant)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let known = names(tenants_dir)?;
                let near = suggest::closest(name, known.iter().map(String::as_str));
                Err(ConfigError::Unknown {
                    name: name.to_owned(),
                    dir: tenants_dir.to_owned(),
                    near: near.map(str::to_owned),
                    known,
                })
            }
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// Reads the text of a tenant file; `path` is what errors call it, and its stem the
    /// name that the tenant must have.
    ///
    /// # Errors
    /// The text is wrong; all that was found is reported at once.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        read::tenant(text, &stem).map_err(|mistakes| ConfigError::Wrong {
            path: path.to_owned(),
            mistakes,
        })
    }
}
