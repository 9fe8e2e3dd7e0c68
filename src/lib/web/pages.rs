//! The office's pages: for managers, to look and to hold. What is asked for by GET changes
//! nothing; a form that was sent twice is carried out once.

mod address;
mod discrepancies;
mod events;
mod holds;
mod house;
mod labels;
mod orders;
mod stock;

pub mod filters;

use axum::Router;
use axum::http::StatusCode;

use super::{App, WebError};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(orders::routes())
        .merge(holds::routes())
        .merge(discrepancies::routes())
        .merge(stock::routes())
        .merge(house::routes())
        .merge(labels::routes())
        .merge(events::routes())
}

/// Whether whoever filled a form in can do better.
fn is_theirs(error: &WebError) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::CONFLICT].contains(&error.status)
}
