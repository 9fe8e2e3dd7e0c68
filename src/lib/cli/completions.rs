//! `opsctl completions SHELL`: a completion script on stdout. Changes nothing.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Out};
use crate::fault::Exit;

/// Arguments of `opsctl completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell to complete in
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// stdout is closed or full.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "opsctl", &mut script);
    out.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
