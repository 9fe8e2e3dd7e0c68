//! The outside services, one folder each, all over one `http`.

pub mod carrier;
pub mod cups;
pub mod http;
mod percent;
pub mod woocommerce;
