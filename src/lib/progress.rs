//! How long work is shown while it runs: a bar on a terminal, a log line every ten seconds
//! anywhere else, nothing when quiet. Always on stderr.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const LOG_EVERY: Duration = Duration::from_secs(10);

/// What may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// A bar where stderr is a terminal, log lines elsewhere.
    Auto,
    /// Nothing.
    Never,
}

/// One piece of long work.
pub struct Progress {
    label: String,
    bar: Option<ProgressBar>,
    logged: Option<Mutex<(Instant, u64)>>,
    total: u64,
}

impl Progress {
    /// Starts showing work of `total` steps; 0 where the number is not known.
    #[must_use]
    pub fn start(show: Show, label: &str, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (show == Show::Auto && terminal).then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
            bar.set_message(label.to_owned());
            bar
        });
        let logged = (show == Show::Auto && !terminal).then(|| Mutex::new((Instant::now(), 0)));
        Self {
            label: label.to_owned(),
            bar,
            logged,
            total,
        }
    }

    /// Counts `steps` as done.
    pub fn advance(&self, steps: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(steps);
        }
        if let Some(Ok(mut state)) = self.logged.as_ref().map(Mutex::lock) {
            state.1 += steps;
            if state.0.elapsed() >= LOG_EVERY {
                state.0 = Instant::now();
                tracing::info!(work = self.label, done = state.1, total = self.total);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
