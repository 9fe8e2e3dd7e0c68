//! One HTTP client for all integrations: timeouts, a size limit, retries, pace, recording.
//!
//! An integration asks [`Http`] for a [`Lane`] of its own, which keeps to the service's
//! requests a second and requests in flight, and hands it [`Request`]s. What an answer
//! means stays with the integration; whether it came, and whether to ask again, is here.
//! A redirect is never followed: the credentials would go along to another address.

mod error;
mod message;
mod record;
mod redact;
mod retry;

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::SecretString;
use tokio::sync::Semaphore;

pub use error::HttpError;
pub use message::{Body, Repeat, Request, Response};
use record::Recorder;
use redact::Redactor;
pub use retry::RetryPlan;
use retry::{Failure, judge};

/// How the client behaves towards every service.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The longest an exchange may take, from the first byte to the last. A lane may differ.
    pub timeout: Duration,
    /// The longest that connecting may take.
    pub connect_timeout: Duration,
    /// The largest answer read, in bytes after decompression.
    pub max_response_bytes: usize,
    /// When to ask again.
    pub retry: RetryPlan,
    /// The file that each exchange is appended to, as a JSON line without secrets.
    pub record: Option<PathBuf>,
    /// The only authority whose certificates are taken, as PEM; else those the machine trusts.
    pub authority: Option<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            max_response_bytes: 64 << 20,
            retry: RetryPlan::default(),
            record: None,
            authority: None,
        }
    }
}

/// The client. Cheap to clone; all clones share connections, the recording and the secrets.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    options: HttpOptions,
    redactor: Arc<Redactor>,
    recorder: Option<Recorder>,
}

/// The way to one service, at the pace that it allows. Cheap to clone; clones share the pace.
#[derive(Clone)]
pub struct Lane {
    http: Http,
    service: Arc<str>,
    timeout: Duration,
    retry: RetryPlan,
    pace: Arc<DefaultDirectRateLimiter>,
    slots: Arc<Semaphore>,
}

impl Http {
    /// Makes the client, and opens the recording.
    ///
    /// # Errors
    /// The recording cannot be opened, or TLS cannot be set up.
    pub fn new(options: HttpOptions) -> Result<Self, HttpError> {
        let recorder = options.record.as_deref().map(Recorder::open).transpose()?;
        let redactor = Redactor::new().map_err(|error| HttpError::Invalid {
            service: "the HTTP client".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self(Arc::new(Inner {
            client: build_client(&options)?,
            options,
            redactor: Arc::new(redactor),
            recorder,
        })))
    }

    /// Keeps a secret's value out of recordings and errors from now on.
    pub fn redact(&self, secret: &SecretString) {
        self.0.redactor.add(secret);
    }

    /// A way to a service: at most this many requests a second, and in flight at once.
    /// Zero counts as one.
    #[must_use]
    pub fn lane(&self, service: &str, requests_per_second: u32, parallel: u32) -> Lane {
        let pace = NonZeroU32::new(requests_per_second).unwrap_or(NonZeroU32::MIN);
        Lane {
            http: self.clone(),
            service: service.into(),
            timeout: self.0.options.timeout,
            retry: self.0.options.retry,
            pace: Arc::new(RateLimiter::direct(Quota::per_second(pace))),
            slots: Arc::new(Semaphore::new(parallel.max(1) as usize)),
        }
    }
}

impl Lane {
    /// The same lane with another limit on how long an exchange may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same lane with another plan of when to ask again.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPlan) -> Self {
        self.retry = retry;
        self
    }

    /// What errors and logs call the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Keeps a secret's value out of recordings and errors from now on.
    pub fn redact(&self, secret: &SecretString) {
        self.http.redact(secret);
    }

    /// Sends the request that `make` makes, waiting for the lane's pace and asking again
    /// where that is allowed. `make` is called for each exchange, so that a signature with
    /// a nonce is always fresh.
    ///
    /// What the service did not act on (no connection, 429, 503) is asked again in any
    /// case; a timeout, a cut connection, 408, 500, 502 and 504 only with [`Repeat::Safe`].
    ///
    /// # Errors
    /// No full answer came, the service refused for now, or the answer is too large or a
    /// redirect. Any other answer is handed back, whatever its status.
    pub async fn send(
        &self,
        repeat: Repeat,
        make: impl Fn() -> Request,
    ) -> Result<Response, HttpError> {
        let plan = self.retry;
        let started = tokio::time::Instant::now();
        let backoff = ExponentialBuilder::default()
            .with_min_delay(plan.first_wait)
            .with_max_times(plan.attempts.saturating_sub(1))
            .with_jitter()
            .with_jitter_seed(rand::random());
        let outcome = (|| self.exchange(make()))
            .retry(backoff)
            .when(|failure| failure.may_repeat(repeat))
            .adjust(|failure, wait| {
                let asked = failure.retry_after().unwrap_or_default();
                let wait = wait?.max(asked);
                let in_time = started.elapsed().saturating_add(wait) <= plan.total;
                (asked <= plan.longest_wait && in_time).then_some(wait)
            })
            .notify(|failure, wait| {
                let wait_ms = wait.as_millis() as u64;
                tracing::debug!(service = %self.service, wait_ms, "asking again: {failure}");
            })
            .await;
        match outcome {
            Ok(response) => Ok(response),
            Err(Failure::Failed(response)) => Ok(*response),
            Err(
                Failure::PerhapsDone(error)
                | Failure::NothingDone(error, _)
                | Failure::Final(error),
            ) => Err(error),
        }
    }

    /// One exchange, in the lane's pace, recorded.
    async fn exchange(&self, request: Request) -> Result<Response, Failure> {
        let slot = self.slots.acquire().await;
        self.pace.until_ready().await;
        let started = Instant::now();
        let outcome = self.answer(&request).await;
        drop(slot);
        let inner = &self.http.0;
        let ms = started.elapsed().as_millis() as u64;
        match &outcome {
            Ok(response) => {
                let (status, bytes) = (response.status(), response.bytes().len());
                tracing::trace!(service = %self.service, method = %request.method, path = request.path(), status, bytes, ms);
            }
            Err(error) => {
                tracing::trace!(service = %self.service, method = %request.method, path = request.path(), ms, "{error}");
            }
        }
        if let Some(recorder) = &inner.recorder {
            recorder.append(&inner.redactor, &request, outcome.as_ref().ok());
        }
        outcome.map_err(Failure::of).and_then(judge)
    }

    /// The whole answer to a request, or why there is none.
    async fn answer(&self, request: &Request) -> Result<Response, HttpError> {
        let limit = self.http.0.options.max_response_bytes;
        let too_large = || HttpError::TooLarge {
            service: self.service.to_string(),
            limit_bytes: limit,
        };
        let built = request.build(&self.http.0.client, self.timeout);
        let mut answer = match built {
            Ok(built) => self.http.0.client.execute(built).await,
            Err(error) => Err(error),
        }
        .map_err(|error| self.lost(&error))?;
        if answer.content_length().is_some_and(|n| n > limit as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.lost(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Response::new(
            self.service.clone(),
            self.http.0.redactor.clone(),
            answer.status(),
            answer.headers().clone(),
            bytes,
        ))
    }

    /// What a failed exchange means for whoever asked.
    fn lost(&self, error: &reqwest::Error) -> HttpError {
        let service = self.service.to_string();
        let reason = if error.is_timeout() && !error.is_connect() {
            format!("no full answer within {} s", self.timeout.as_secs_f32())
        } else {
            let reason = redact::printable(&root_cause(error));
            self.http.0.redactor.text(&reason)
        };
        if error.is_connect() {
            HttpError::Unreachable { service, reason }
        } else if error.is_builder() {
            HttpError::Invalid { service, reason }
        } else {
            HttpError::OutcomeUnknown { service, reason }
        }
    }
}

/// The innermost cause: what the system or TLS said, without the address.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn build_client(options: &HttpOptions) -> Result<reqwest::Client, HttpError> {
    // Fails only where a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .user_agent(concat!("opsctl/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
    };
    let built = match &options.authority {
        Some(pem) => reqwest::Certificate::from_pem(pem.as_bytes())
            .and_then(|authority| builder().tls_certs_only([authority]).build()),
        None => builder().build().or_else(|error| {
            // A bare container has no CA certificates. Plain HTTP, such as the sandbox's,
            // must work there all the same; HTTPS then fails with an unknown issuer.
            tracing::warn!("https will fail: {}", root_cause(&error));
            builder().tls_certs_only([]).build()
        }),
    };
    built.map_err(|error| HttpError::Invalid {
        service: "the HTTP client".to_owned(),
        reason: root_cause(&error),
    })
}
