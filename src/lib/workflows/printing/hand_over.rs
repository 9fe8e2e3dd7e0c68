//! A job goes to the print server, once: claimed, handed over, and asked for where the answer
//! was lost.

use super::{Look, Round, in_words};
use crate::documents::zpl;
use crate::integrations::cups::{self, Print, Queue};
use crate::store::print_jobs::{self, Row, To};
use crate::store::{StoreError, documents};

/// How long handing over may take beside the server's own time, before another run asks
/// what became of it.
const CALL_MS: i64 = 60_000;
/// A job that the server does not know so long after the attempt was not taken: what was on
/// its way has arrived by then, or never will.
const ARRIVED_MS: i64 = 30_000;
/// So long after the attempt the server may have forgotten the job: a person decides.
const FORGOTTEN_MS: i64 = 60 * 60_000;

impl Round<'_> {
    /// Brings a job as far as it goes without waiting.
    pub(super) async fn take_on(&mut self, id: i64) -> anyhow::Result<()> {
        loop {
            let mut tx = self.ctx.store.read().await?;
            let row = print_jobs::find(&mut tx, id).await?;
            drop(tx);
            let Some(row) = row else {
                return Ok(());
            };
            let moved = match row.state.as_str() {
                "planned" => self.hand_over(&row).await?,
                "sending" => self.give_up_on(&row).await?,
                "unknown" => self.ask(&row).await?,
                _ => false,
            };
            if !moved {
                return Ok(());
            }
        }
    }

    /// A job whose run ended before it was told: what became of it is unknown. Gives whether
    /// there is more to do.
    async fn give_up_on(&self, row: &Row) -> anyhow::Result<bool> {
        let now = self.ctx.clock.now();
        if row.next_at > now.0 {
            return Ok(false);
        }
        let to = To {
            state: "unknown",
            job: None,
            said: "the run that handed it over ended before it was told what became of it",
            next_at: now,
        };
        Ok(self.shift(row, &to).await?.is_some())
    }

    /// Looks at the queue, claims the job and hands it over. Gives whether there is more to
    /// do.
    async fn hand_over(&mut self, row: &Row) -> anyhow::Result<bool> {
        let queue = row.printer.as_str();
        let hindrance = match self.look(queue).await {
            Look::Said(Queue::Ready) => None,
            Look::Said(Queue::Missing) => Some(in_words(queue, "is not there", "")),
            Look::Said(Queue::Stopped(why)) => Some(in_words(queue, "is stopped", &why)),
            Look::Said(Queue::Rejecting(why)) => Some(in_words(queue, "takes no jobs", &why)),
            Look::Away(why) => return self.not_done(row, "planned", &why).await,
        };
        if let Some(words) = hindrance {
            return self.not_done(row, "failed", &words).await;
        }
        let Some(format) = format_of(&row.media_type) else {
            let words = format!("{} cannot be printed", row.media_type);
            return self.not_done(row, "failed", &words).await;
        };
        let mut tx = self.ctx.store.read().await?;
        if print_jobs::is_void(&mut tx, row.document_id).await? {
            drop(tx);
            return self.not_done(row, "dropped", "it is void").await;
        }
        let bytes = documents::bytes(&mut tx, row.document_id).await;
        drop(tx);
        let bytes = match bytes {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return self
                    .not_done(row, "failed", "its document is not there")
                    .await;
            }
            Err(error @ StoreError::Database(_)) => {
                return self.not_done(row, "failed", &error.to_string()).await;
            }
            Err(error) => return Err(error.into()),
        };
        let allowed = 2_000 * i64::from(self.ctx.tenant.printing.timeout_seconds) + CALL_MS;
        let claim = To {
            state: "sending",
            job: None,
            said: "",
            next_at: self.ctx.clock.now().plus_ms(allowed),
        };
        let Some(claimed) = self.shift(row, &claim).await? else {
            return Ok(true);
        };
        let name = claimed.name();
        let print = Print {
            queue,
            name: &name,
            title: &row.title,
            format,
            bytes: &bytes,
        };
        match self.cups.print(&print).await {
            Ok(job) => self.sent(&claimed, job).await,
            Err(error) => self.not_sent(&claimed, &error).await,
        }
    }

    async fn sent(&self, row: &Row, job: i64) -> anyhow::Result<bool> {
        let said = format!("job {job} of CUPS");
        let to = To {
            state: "sent",
            job: Some(job),
            said: &said,
            next_at: self.ctx.clock.now(),
        };
        self.shift(row, &to).await?;
        Ok(false)
    }

    async fn not_sent(&self, row: &Row, error: &cups::Error) -> anyhow::Result<bool> {
        let said = error.to_string();
        if error.outcome_unknown() {
            let to = To {
                state: "unknown",
                job: None,
                said: &said,
                next_at: self.ctx.clock.now(),
            };
            return Ok(self.shift(row, &to).await?.is_some());
        }
        if error.passes() {
            return self.not_done(row, "planned", &said).await;
        }
        let queue = &row.printer;
        let words = match error {
            cups::Error::NotFound => in_words(queue, "is not there", ""),
            cups::Error::NotAccepting => in_words(queue, "takes no jobs", ""),
            _ => said,
        };
        self.not_done(row, "failed", &words).await
    }

    /// Nothing was done: the job waits for the next run (`planned`), or for a person (`failed`),
    /// or is not to be done (`dropped`).
    async fn not_done(&self, row: &Row, state: &str, why: &str) -> anyhow::Result<bool> {
        let to = To {
            state,
            job: None,
            said: why,
            next_at: self.ctx.clock.now(),
        };
        self.shift(row, &to).await?;
        Ok(false)
    }

    /// Asks for a job whose answer was lost. Gives whether there is more to do.
    async fn ask(&self, row: &Row) -> anyhow::Result<bool> {
        let now = self.ctx.clock.now();
        let stays = |said: &str, next_at| {
            let said = said.to_owned();
            async move {
                let to = To {
                    state: "unknown",
                    job: None,
                    said: &said,
                    next_at,
                };
                self.shift(row, &to).await.map(|_| false)
            }
        };
        let found = match self.cups.find(&row.printer, &row.name()).await {
            Ok(found) => found,
            Err(error) => return stays(&error.to_string(), now).await,
        };
        if let Some(job) = found {
            return self.sent(row, job.id).await;
        }
        let age = now.0 - row.updated_at;
        if row.job.is_some() || age > FORGOTTEN_MS {
            let words = "CUPS does not know it any more: see whether it lies at the printer, and \
                         reprint it if not";
            return stays(words, now.plus_ms(ARRIVED_MS)).await;
        }
        if age < ARRIVED_MS {
            let words = "its answer was lost, and CUPS does not know it yet";
            return stays(words, now.plus_ms(ARRIVED_MS - age)).await;
        }
        let to = To {
            state: "planned",
            job: None,
            said: "CUPS has not taken it",
            next_at: now,
        };
        Ok(self.shift(row, &to).await?.is_some())
    }
}

/// What CUPS calls a document's type: ZPL goes to the printer as it is.
fn format_of(media_type: &str) -> Option<&'static str> {
    match media_type {
        zpl::MEDIA_TYPE => Some("application/vnd.cups-raw"),
        "application/pdf" => Some("application/pdf"),
        _ => None,
    }
}
