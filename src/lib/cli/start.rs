//! What a command needs before it can start: logging, the tenant, a context.

use super::{Globals, LogFormat};

/// Log lines go to stderr: warnings by default, more with `-v`, errors alone with `--quiet`.
pub fn logging(globals: &Globals) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,opsctl=info",
        (false, 1) => "info,opsctl=debug",
        (false, _) => "debug,opsctl=trace",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr);
    let _ = match globals.log_format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
