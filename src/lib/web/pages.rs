//! The office's pages: for managers, to look and to hold. What is asked for by GET changes
//! nothing; a form that was sent twice is carried out once.

mod address;
mod events;
mod holds;
mod house;
mod orders;
mod stock;

pub mod filters;

use axum::Router;

use super::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(orders::routes())
        .merge(holds::routes())
        .merge(stock::routes())
        .merge(house::routes())
        .merge(events::routes())
}
