//! A tenant file, read and validated.

use std::path::Path;

use super::Tenant;
use crate::fault::Fault;

impl Tenant {
    /// Reads `NAME.toml` in the folder of tenant files.
    ///
    /// # Errors
    /// There is none, or it is not a valid tenant file.
    pub fn load(tenants_dir: &Path, name: &str) -> Result<Self, Fault> {
        let path = tenants_dir.join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Fault::usage(format!("reading {}: {error}", path.display())))?;
        toml::from_str(&text).map_err(|error| Fault::usage(format!("{}: {error}", path.display())))
    }
}
