//! The print server: CUPS, asked by IPP 1.1 (RFC 8010 and 8011) over http or https.
//!
//! No secrets: who may print is the server's matter. A job is named by our reference of it, so
//! that a lost answer is settled by asking for that name. All requests give the same user, for
//! CUPS shows the name of a job only to whose it is. `completed` means handed to the printer,
//! not on paper. One request at a time: the jobs of a run go over one connection.
//!
//! Crate `ipp` writes and reads the messages; its own client would connect anew for each.

mod error;
mod wire;

use std::time::Duration;

use reqwest::Method;

use super::http::{Body, HttpError, Lane, Repeat, Request, RetryPlan};
pub use error::Error;
use wire::{Answer, Asked};

/// What errors and logs call the server.
pub const SERVICE: &str = "CUPS";

/// Whoever prints stands beside the printer: once more for what passes in a moment.
pub const RETRY: RetryPlan = RetryPlan {
    attempts: 2,
    first_wait: Duration::from_millis(300),
    longest_wait: Duration::from_secs(2),
    total: Duration::from_secs(5),
};

/// Requests a second: none that would be felt, for the server is our own.
pub const REQUESTS_PER_SECOND: u32 = 1000;

/// What a queue says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queue {
    /// It takes jobs and prints them.
    Ready,
    /// It takes jobs and keeps them: it is stopped, with the reasons given.
    Stopped(String),
    /// It takes no jobs, with the reasons given.
    Rejecting(String),
    /// There is none of that name.
    Missing,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its turn, or for the queue to go on.
    Pending,
    /// Somebody holds it.
    Held,
    /// It goes to the printer.
    Processing,
    /// It was begun, and the printer does not go on.
    Stopped,
    /// It was handed to the printer.
    Completed,
    /// The server gave it up.
    Aborted,
    /// Somebody took it back.
    Canceled,
    /// A state that is none of these.
    Other(i32),
}

impl JobState {
    /// Its word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "waiting in the queue",
            Self::Held => "held in the queue",
            Self::Processing => "on its way to the printer",
            Self::Stopped => "stopped on its way to the printer",
            Self::Completed => "handed to the printer",
            Self::Aborted => "given up by CUPS",
            Self::Canceled => "canceled in CUPS",
            Self::Other(_) => "in a state that is not known",
        }
    }
}

/// A job as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The server's number of it.
    pub id: i64,
    /// Our name of it.
    pub name: String,
    /// How far it is.
    pub state: JobState,
    /// What the server and the printer say about it; empty where they say nothing. Of a job
    /// that went well in the end it may be what was said on the way.
    pub said: String,
}

/// What is to be printed.
#[derive(Debug, Clone, Copy)]
pub struct Print<'a> {
    /// The queue.
    pub queue: &'a str,
    /// Our name of the job, of at most 255 bytes; no other job ever has it.
    pub name: &'a str,
    /// What people call the document.
    pub title: &'a str,
    /// The type of the bytes, as CUPS names it.
    pub format: &'a str,
    /// The document.
    pub bytes: &'a [u8],
}

/// The print server.
#[derive(Clone)]
pub struct Client {
    lane: Lane,
    server: String,
}

impl Client {
    /// A client of the server at this address, such as `http://127.0.0.1:631`. The lane lets
    /// one request through at a time.
    #[must_use]
    pub fn new(lane: Lane, server: &str) -> Self {
        Self {
            lane,
            server: server.trim_end_matches('/').to_owned(),
        }
    }

    /// What a queue says of itself.
    ///
    /// # Errors
    /// No answer, or not one of IPP.
    pub async fn queue(&self, name: &str) -> Result<Queue, Error> {
        let asked = Asked::queue(&self.server, name)?;
        match self.ask(Repeat::Safe, &asked, &[]).await {
            Ok(answer) => Ok(answer.queue()),
            Err(Error::NotFound) => Ok(Queue::Missing),
            Err(error) => Err(error),
        }
    }

    /// Hands a document over; gives the server's number of the job. Never repeated by itself
    /// once it may have been taken.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAccepting`], [`Error::Busy`], [`Error::Rejected`]:
    /// nothing was taken. [`Error::Http`] says by its kind whether it may have been.
    pub async fn print(&self, print: &Print<'_>) -> Result<i64, Error> {
        let asked = Asked::print(&self.server, print)?;
        let answer = self.ask(Repeat::Never, &asked, print.bytes).await?;
        let job = answer.jobs().into_iter().next();
        job.map(|job| job.id).ok_or_else(|| {
            // It was taken, and we do not know as what: the same as no answer.
            Error::Http(HttpError::OutcomeUnknown {
                service: SERVICE.to_owned(),
                reason: "the answer holds no number of the job".to_owned(),
            })
        })
    }

    /// A job by its number; none where the server does not know it any more.
    ///
    /// # Errors
    /// No answer, or not one of IPP.
    pub async fn job(&self, id: i64) -> Result<Option<Job>, Error> {
        let asked = Asked::job(&self.server, id)?;
        match self.ask(Repeat::Safe, &asked, &[]).await {
            Ok(answer) => Ok(answer.jobs().into_iter().next()),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The job of that name in a queue, ended ones as well.
    ///
    /// # Errors
    /// No answer, or not one of IPP.
    pub async fn find(&self, queue: &str, name: &str) -> Result<Option<Job>, Error> {
        let asked = Asked::jobs(&self.server, queue)?;
        match self.ask(Repeat::Safe, &asked, &[]).await {
            Ok(answer) => Ok(answer.jobs().into_iter().find(|job| job.name == name)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a job back. One that has ended, or that the server does not know, stays as it is.
    ///
    /// # Errors
    /// No answer, or the server refuses.
    pub async fn cancel(&self, id: i64) -> Result<(), Error> {
        let asked = Asked::cancel(&self.server, id)?;
        match self.ask(Repeat::Safe, &asked, &[]).await {
            Ok(_) | Err(Error::NotFound | Error::Ended) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask(&self, repeat: Repeat, asked: &Asked, document: &[u8]) -> Result<Answer, Error> {
        let make = || {
            let mut bytes = asked.bytes.clone();
            bytes.extend_from_slice(document);
            let body = Body::Bytes {
                content_type: "application/ipp",
                bytes,
            };
            Request::new(Method::POST, &asked.url)
                .header("accept", "application/ipp")
                .body(body)
        };
        let response = self.lane.send(repeat, make).await?;
        if !response.is_success() {
            return Err(Error::of_http(response.status()));
        }
        match Answer::read(response.bytes()) {
            Ok(answer) => answer.checked(|words| response.clean(words)),
            // Something was done, and we cannot read what.
            Err(reason) => Err(Error::Http(HttpError::OutcomeUnknown {
                service: SERVICE.to_owned(),
                reason: response.clean(&reason),
            })),
        }
    }
}
