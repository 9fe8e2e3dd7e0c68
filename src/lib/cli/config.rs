//! `opsctl config check | show | schema`: what the tenant files say. Changes nothing.

use serde::Serialize;

use super::{Globals, Out, Page, Report, start};
use crate::config::{self, ConfigError, Mistake, Tenant};
use crate::fault::{Exit, Fault};

/// Arguments of `opsctl config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Command {
    /// Check the tenant's file, or without --tenant every file in the folder
    Check,
    /// Show the tenant's settings with all defaults filled in; secrets as references
    Show,
    /// Print the JSON Schema of a tenant file, for editors
    Schema,
}

/// Runs the command.
///
/// # Errors
/// There is no such tenant, or for `show` its file is wrong.
pub fn run(args: &Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    match args.command {
        Command::Check => check(globals, out),
        Command::Show => show(globals, out),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema())?;
            out.text(&format!("{schema}\n"))?;
            Ok(Exit::Done)
        }
    }
}

/// What checking the files found.
#[derive(Serialize)]
struct Checked {
    tenants: Vec<Verdict>,
    wrong: usize,
}

#[derive(Serialize)]
struct Verdict {
    tenant: String,
    file: String,
    ok: bool,
    mistakes: Vec<Mistake>,
    /// The error in full, with the lines it is about.
    #[serde(skip)]
    told: String,
}

impl Report for Checked {
    fn render(&self, page: &mut Page) {
        for file in &self.tenants {
            if file.ok {
                page.line(format!("{}: right", file.file));
            } else {
                page.line(&file.told);
                page.line("");
            }
        }
        if self.wrong > 0 {
            page.line(format!(
                "{} of {} files wrong",
                self.wrong,
                self.tenants.len()
            ));
        }
    }
}

fn check(globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let dir = &globals.tenants_dir;
    let names = match &globals.tenant {
        Some(name) => vec![name.clone()],
        None => config::names(dir).map_err(Fault::from)?,
    };
    if names.is_empty() {
        let fault = Fault::usage(format!("there is no tenant file in {}", dir.display()));
        return Err(fault.hint("make one with: opsctl init NAME").into());
    }
    let mut tenants = Vec::new();
    for name in names {
        let result = match Tenant::load(dir, &name) {
            // A single tenant that is not there is no file to report on.
            Err(error @ (ConfigError::Unknown { .. } | ConfigError::Name(_)))
                if globals.tenant.is_some() =>
            {
                return Err(Fault::from(error).into());
            }
            other => other,
        };
        tenants.push(Verdict {
            file: config::file_of(dir, &name).display().to_string(),
            tenant: name,
            ok: result.is_ok(),
            told: result.as_ref().err().map(told).unwrap_or_default(),
            mistakes: match result {
                Err(ConfigError::Wrong { mistakes, .. }) => mistakes,
                _ => Vec::new(),
            },
        });
    }
    let wrong = tenants.iter().filter(|file| !file.ok).count();
    out.report(&Checked { tenants, wrong })?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Usage })
}

fn told(error: &ConfigError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}\n{hint}"),
        None => error.to_string(),
    }
}

/// A tenant's settings, as they work.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown {
    tenant: Tenant,
    #[serde(skip)]
    text: String,
}

impl Report for Shown {
    fn render(&self, page: &mut Page) {
        page.line(self.text.trim_end());
    }
}

fn show(globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let tenant = start::tenant(globals)?.effective();
    let text = toml::to_string(&tenant)?;
    out.report(&Shown { tenant, text })?;
    Ok(Exit::Done)
}
