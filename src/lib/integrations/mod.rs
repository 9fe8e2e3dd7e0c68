//! The outside services, one folder each, all over one `http`.

pub mod carrier;
pub mod http;
mod percent;
pub mod woocommerce;
