//! One file per verb: the story of the verb, top to bottom.

pub mod cogs;
pub mod consign;
pub mod count;
pub mod dispatch;
pub mod doctor;
pub mod holds;
pub mod invoice;
pub mod issue_document;
pub mod label;
pub mod landed;
pub mod locations;
pub mod low_stock;
pub mod office;
pub mod open;
pub mod orders;
pub mod pack;
pub mod pick;
pub mod printing;
pub mod products;
pub mod proof;
pub mod propose;
pub mod purchasing;
pub mod rates;
pub mod receive;
pub mod receive_invoice;
pub mod receive_po;
pub mod relocate;
pub mod reserve;
pub mod scan;
pub mod serials;
pub mod ship;
pub mod sign_in;
pub mod stock;
pub mod suppliers;
pub mod sync;
pub mod take_back;
pub mod take_in;
pub mod tell;
mod tell_note;
pub mod tell_shop;
pub mod track;
pub mod users;
pub mod value;

pub(crate) mod rows;
mod the_order;
mod who;
mod withdrawal;

use crate::store::StoreError;

/// How often work that met a conflict starts over.
const ATTEMPTS: u32 = 8;

/// Runs work that may meet another writer, from its first read again after each conflict.
macro_rules! until_no_conflict {
    ($work:expr) => {{
        let mut attempt = 1;
        loop {
            match $work.await {
                Err(error) if $crate::workflows::may_start_over(&error, attempt) => attempt += 1,
                result => break result,
            }
        }
    }};
}
pub(crate) use until_no_conflict;

fn may_start_over(error: &anyhow::Error, attempt: u32) -> bool {
    attempt < ATTEMPTS
        && error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<StoreError>())
            .any(StoreError::is_conflict)
}
