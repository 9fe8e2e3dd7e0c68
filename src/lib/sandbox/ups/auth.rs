//! The token: given for id and secret, good for some hours of the sandbox's time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{ACCOUNT, CLIENT_ID, CLIENT_SECRET, Refusal, Request, State};
use crate::sandbox::woocommerce::Reply;

/// Gives a token.
pub fn token(state: &mut State, request: Request<'_>) -> Result<Reply, Refusal> {
    let kind = request.content_type.unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    if !is_form || request.body != b"grant_type=client_credentials" {
        return Err(Refusal::new("10400", "Invalid or missing grant_type."));
    }
    let known = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let given = request
        .authorization
        .and_then(|given| given.strip_prefix("Basic "));
    if given != Some(known.as_str()) {
        return Err(Refusal::with_status(401, "10401", "ClientId is Invalid"));
    }
    let token = state.give_token();
    Ok(Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "issued_at": (state.now * 1000).to_string(),
            "client_id": CLIENT_ID,
            "access_token": token,
            "scope": "",
            "expires_in": state.token_life_s.to_string(),
            "refresh_count": "0",
            "status": "approved",
        }),
    ))
}

/// Lets a call pass that carries a good token.
pub fn admit(state: &State, request: Request<'_>) -> Result<(), Refusal> {
    let given = request
        .authorization
        .and_then(|given| given.strip_prefix("Bearer "));
    if given.is_some_and(|token| state.is_good(token)) {
        return Ok(());
    }
    let text = "Invalid Authentication Information.";
    Err(Refusal::with_status(401, "250002", text))
}

/// Refuses any account but the one there is.
pub fn own_account(number: &str) -> Result<(), Refusal> {
    if number == ACCOUNT {
        return Ok(());
    }
    Err(Refusal::new("120100", "Missing or invalid shipper number."))
}
