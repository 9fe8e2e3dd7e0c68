//! How people are told of to people: by the name that the house calls them by.

use crate::store::{StoreError, Tx, users};

/// What an actor is called by: a user (`user:7`) by their name, any other (`cli:kim`) as it
/// is, and so a user that there is not.
pub(super) async fn called(tx: &mut Tx, actor: &str) -> Result<String, StoreError> {
    let user = actor.strip_prefix("user:").and_then(|id| id.parse().ok());
    let name = match user {
        Some(id) => users::called(tx, id).await?,
        None => None,
    };
    Ok(name.unwrap_or_else(|| actor.to_owned()))
}
