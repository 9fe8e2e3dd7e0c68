//! An error as the reader sees it: `error:`, `caused by:`, `hint:` on stderr, and its exit code.

use std::io::Write;
use std::process::ExitCode;

use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::integrations::http::HttpError;
use crate::integrations::{cups, woocommerce};
use crate::store::StoreError;

/// A wrong command line, or a request for help.
pub fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() {
        Exit::Usage.code()
    } else {
        Exit::Done.code()
    })
}

/// Prints the error and gives the exit code it asks for.
pub fn render(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::from(Exit::Done.code());
    }
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("caused by: {cause}\n"));
    }
    let (exit, hint) = verdict(error);
    if let Some(hint) = hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(exit.code())
}

/// The exit code and the hint that the first telling error in the chain carries. A fault
/// that was added as context counts first: the chain shows it only as anyhow's own type.
fn verdict(error: &anyhow::Error) -> (Exit, Option<String>) {
    error
        .downcast_ref::<Fault>()
        .and_then(|fault| told_by(fault))
        .or_else(|| error.chain().find_map(told_by))
        .unwrap_or((Exit::Failed, None))
}

/// What an error says of itself, where it is of a kind that does.
fn told_by(cause: &(dyn std::error::Error + 'static)) -> Option<(Exit, Option<String>)> {
    if let Some(fault) = cause.downcast_ref::<Fault>() {
        return Some((fault.exit, fault.hint.clone()));
    }
    if let Some(shop) = cause.downcast_ref::<woocommerce::Error>() {
        return Some((shop.exit(), shop.hint()));
    }
    if let Some(carrier) = cause.downcast_ref::<CarrierError>() {
        return Some((carrier.exit(), carrier.hint()));
    }
    if let Some(printing) = cause.downcast_ref::<cups::Error>() {
        return Some((printing.exit(), printing.hint()));
    }
    if let Some(store) = cause.downcast_ref::<StoreError>() {
        return Some((store.exit(), store.hint().map(ToOwned::to_owned)));
    }
    let http = cause.downcast_ref::<HttpError>()?;
    Some((http.exit(), http.hint()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_first_error_that_knows_decides() {
        let away = || HttpError::Unreachable {
            service: "woo".to_owned(),
            reason: "connection refused".to_owned(),
        };
        let shop = Err::<(), _>(woocommerce::Error::from(away()));
        let (exit, hint) = verdict(&shop.context("reading orders").unwrap_err());
        assert_eq!(exit, Exit::TryAgain);
        assert!(hint.is_some_and(|hint| hint.contains("address")));

        let fault = Err::<(), _>(away()).context(Fault::usage("no such channel"));
        let (exit, hint) = verdict(&fault.unwrap_err());
        assert_eq!((exit, hint), (Exit::Usage, None));

        let other = verdict(&anyhow::anyhow!("something else"));
        assert_eq!(other, (Exit::Failed, None));
    }
}
