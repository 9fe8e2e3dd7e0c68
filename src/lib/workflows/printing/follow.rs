//! Jobs that were handed over are followed to their end.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Round, in_words};
use crate::integrations::cups::{Job, JobState, Queue};
use crate::store::print_jobs::{self, Row, To};

/// The first wait between two looks; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(40);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// CUPS says `completed` of what a filter refused or made nothing of; its words tell. Other
/// words about a completed job are of the way there, such as a printer that was busy at first.
const REFUSED: [&str; 5] = [
    "filter failed",
    "unsupported",
    "not supported",
    "no pages",
    "empty print file",
];

impl Round<'_> {
    /// Follows jobs until each has ended, or nothing has ended for as long as the patience
    /// lasts, or all that are left wait for stopped queues.
    pub(super) async fn follow(&self, jobs: &[i64], patience: Duration) -> anyhow::Result<()> {
        let mut open = Vec::new();
        let mut tx = self.ctx.store.read().await?;
        for job in jobs {
            open.extend(print_jobs::find(&mut tx, *job).await?);
        }
        drop(tx);
        open.retain(|row| row.state == "sent");
        let mut until = Instant::now() + patience;
        let mut wait = FIRST_WAIT;
        while !open.is_empty() {
            let before = open.len();
            let mut left = Vec::new();
            for row in open {
                left.extend(self.look_after(row).await?);
            }
            open = left;
            if open.len() < before {
                until = Instant::now() + patience;
                wait = FIRST_WAIT;
            } else if Instant::now() + wait > until || self.all_stopped(&mut open).await? {
                break;
            }
            if !open.is_empty() {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        Ok(())
    }

    /// Looks how far a job is; gives it back where it has not ended.
    async fn look_after(&self, row: Row) -> anyhow::Result<Option<Row>> {
        let Some(number) = row.job else {
            return Ok(None);
        };
        let found = match self.cups.job(number).await {
            Ok(found) => found,
            Err(error) => return self.note(row, &error.to_string()).await,
        };
        // After a loss of its books the server gives the same number to another job.
        let Some(job) = found.filter(|job| job.name == row.name()) else {
            let words = "CUPS does not know it any more: see whether it lies at the printer, and \
                         reprint it if not";
            self.end(&row, "unknown", words).await?;
            return Ok(None);
        };
        let words = told(&job);
        match job.state {
            JobState::Completed if is_refusal(&job.said) => {
                self.end(&row, "failed", &words).await?;
            }
            // What CUPS still says is of the way there.
            JobState::Completed => self.end(&row, "printed", job.state.word()).await?,
            JobState::Aborted | JobState::Canceled => self.end(&row, "failed", &words).await?,
            _ => return self.note(row, &words).await,
        }
        Ok(None)
    }

    /// Notes how far a job is, where that is new.
    async fn note(&self, row: Row, words: &str) -> anyhow::Result<Option<Row>> {
        if row.said == words {
            return Ok(Some(row));
        }
        let to = To {
            state: "sent",
            job: None,
            said: words,
            next_at: self.ctx.clock.now(),
        };
        self.shift(&row, &to).await
    }

    async fn end(&self, row: &Row, state: &str, words: &str) -> anyhow::Result<()> {
        let to = To {
            state,
            job: None,
            said: words,
            next_at: self.ctx.clock.now(),
        };
        self.shift(row, &to).await?;
        Ok(())
    }

    /// Whether all jobs that are left wait for queues that are stopped, which is then noted.
    async fn all_stopped(&self, open: &mut Vec<Row>) -> anyhow::Result<bool> {
        let queues: HashSet<String> = open.iter().map(|row| row.printer.clone()).collect();
        let mut stopped = Vec::new();
        for queue in &queues {
            if let Ok(Queue::Stopped(why)) = self.cups.queue(queue).await {
                stopped.push((queue.as_str(), in_words(queue, "is stopped", &why)));
            }
        }
        let mut left = Vec::new();
        let all = stopped.len() == queues.len();
        for row in open.drain(..) {
            match stopped.iter().find(|(queue, _)| *queue == row.printer) {
                Some((_, words)) => {
                    let words = format!("{words}; it is printed once the queue goes on");
                    left.extend(self.note(row, &words).await?);
                }
                None => left.push(row),
            }
        }
        *open = left;
        Ok(all)
    }
}

fn told(job: &Job) -> String {
    let word = job.state.word();
    if job.said.is_empty() {
        word.to_owned()
    } else {
        format!("{word}; CUPS says: {}", job.said)
    }
}

fn is_refusal(said: &str) -> bool {
    let said = said.to_lowercase();
    REFUSED.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_filter_refused_is_not_printed() {
        assert!(is_refusal("Filter failed"));
        assert!(is_refusal("Unsupported document-format"));
        assert!(!is_refusal(""));
        assert!(!is_refusal(
            "The printer may not exist or is unavailable at this time."
        ));
    }
}
