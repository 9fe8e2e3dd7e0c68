//! The token: fetched with the app's id and secret, kept in memory, shared by all callers.
//! There is no refresh token; a new one is fetched a minute before the old one ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::wire::{self, Told};
use super::{CarrierError, Settings};
use crate::integrations::http::{Body, HttpError, Lane, Repeat, Request};

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token is taken to last where UPS does not say.
const USUAL_SECONDS: u64 = 3600;

/// What fetches and keeps the token. Clones share it.
#[derive(Clone)]
pub struct Auth {
    lane: Lane,
    url: String,
    account: String,
    basic: SecretString,
    held: Arc<Mutex<Option<Token>>>,
}

struct Token {
    bearer: SecretString,
    good_until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    #[serde(default, deserialize_with = "wire::text")]
    expires_in: String,
}

impl Auth {
    /// One without a token yet.
    pub fn new(lane: Lane, base: &str, settings: &Settings) -> Self {
        let (id, secret) = (&settings.client_id, &settings.client_secret);
        lane.redact(id);
        lane.redact(secret);
        let pair = format!("{}:{}", id.expose_secret(), secret.expose_secret());
        let pair = STANDARD.encode(pair);
        lane.redact(&SecretString::from(pair.as_str()));
        Self {
            url: format!("{base}/security/v1/oauth/token"),
            account: settings.account.clone(),
            basic: SecretString::from(format!("Basic {pair}")),
            held: Arc::default(),
            lane,
        }
    }

    /// The token. Callers who come while it is being fetched wait for it, so that one call is
    /// made for all of them.
    ///
    /// # Errors
    /// UPS refuses the app, or cannot be asked; nothing else was done.
    pub async fn token(&self) -> Result<SecretString, CarrierError> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref()
            && Instant::now() < token.good_until
        {
            return Ok(token.bearer.clone());
        }
        let token = self.fetch().await?;
        let bearer = token.bearer.clone();
        *held = Some(token);
        Ok(bearer)
    }

    /// Throws a token away that UPS no longer takes, unless another has replaced it already.
    pub async fn discard(&self, spent: &SecretString) {
        let mut held = self.held.lock().await;
        if held
            .as_ref()
            .is_some_and(|token| token.bearer.expose_secret() == spent.expose_secret())
        {
            *held = None;
        }
    }

    async fn fetch(&self) -> Result<Token, CarrierError> {
        let asked = Instant::now();
        let make = || {
            let form = Body::Text {
                content_type: "application/x-www-form-urlencoded",
                text: "grant_type=client_credentials".to_owned(),
            };
            Request::post(&self.url, form)
                .header("authorization", self.basic.expose_secret())
                .header("x-merchant-id", &self.account)
        };
        let carrier = || self.lane.service().to_owned();
        let away = |reason: String, retry_after| CarrierError::Unavailable {
            carrier: carrier(),
            reason: format!("it gives no token: {reason}"),
            retry_after,
        };
        let response = match self.lane.send(Repeat::Safe, make).await {
            Ok(response) => response,
            Err(error @ (HttpError::Invalid { .. } | HttpError::Redirected { .. })) => {
                return Err(error.into());
            }
            Err(error) => {
                let retry_after = match &error {
                    HttpError::RateLimited { retry_after, .. }
                    | HttpError::Unavailable { retry_after, .. } => *retry_after,
                    _ => None,
                };
                return Err(away(error.to_string(), retry_after));
            }
        };
        if !response.is_success() {
            let told = Told::of(&response).map(|told| told.words(&response));
            let status = response.status();
            let message = told.unwrap_or_else(|| format!("it answered {status}"));
            return Err(match status {
                400 | 401 | 403 => CarrierError::Unauthorized {
                    carrier: carrier(),
                    message,
                },
                _ => away(message, None),
            });
        }
        let answer: Answer = response.json()?;
        self.lane.redact(&answer.access_token);
        let lasts = Duration::from_secs(answer.expires_in.parse().unwrap_or(USUAL_SECONDS));
        Ok(Token {
            bearer: answer.access_token,
            good_until: asked + lasts.saturating_sub(MARGIN),
        })
    }
}
